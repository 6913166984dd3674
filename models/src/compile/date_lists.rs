//! Lists of dates: CSV files of a model's folder with days that differ from year to year, such as holidays that move.

use std::sync::Arc;

use causeflow_engine::streams::profile::Reference;
use causeflow_engine::streams::program::DatesKnown;
use jiff::civil::Date;

use super::Compiler;
use super::report::At;
use crate::definition::FilesDef;
use crate::diagnostic::suggestion;
use crate::table::is_plain;
use crate::units;

/// The columns of such a file, of which the first has to be there.
const COLUMNS: [&str; 4] = ["date", "name", "until", "days"];

/// The years in which days of every year come: more than anybody simulates.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// The longest stretch of days that a number of them says.
const MOST_DAYS: u32 = 366;

/// From which day to which, both included.
type Stretch = (Date, Date);

/// The dates of one file.
#[derive(Clone, Debug)]
pub struct DateList {
    stretches: Vec<Stretch>,
}

/// A day as a file has it.
#[derive(Clone, Copy)]
enum Day {
    One(Date),
    EveryYear(i8, i8),
}

impl Day {
    fn read(cell: &str) -> Option<Day> {
        match cell.len() {
            0..=5 => units::day_of_year(cell)
                .ok()
                .map(|(month, day)| Day::EveryYear(month, day)),
            _ => cell.parse().ok().map(Day::One),
        }
    }
}

/// Days since 1970 of some stretches, one by one.
pub(super) fn days_of(stretches: &[Stretch]) -> impl Iterator<Item = i64> {
    let number = |date: Date| i64::from((date - Date::constant(1970, 1, 1)).get_days());
    stretches
        .iter()
        .flat_map(move |(from, to)| number(*from)..=number(*to))
}

impl Compiler {
    /// The dates of one file or several, in order, none twice; what is wrong with a file is told once.
    pub(super) fn dates(&mut self, given: &FilesDef, at: &At) -> Arc<[Stretch]> {
        let paths: Vec<(&String, At)> = match given {
            FilesDef::One(path) => vec![(path, at.clone())],
            FilesDef::Several(paths) => {
                let paths = paths.iter().enumerate();
                paths.map(|(i, path)| (path, at.key(i))).collect()
            }
        };
        let mut all = Vec::new();
        for (path, at) in paths {
            if !self.date_lists.contains_key(path) {
                let list = self.date_list(path, &at);
                self.date_lists.insert(path.clone(), list);
            }
            all.extend(&self.date_lists[path].stretches);
        }
        all.sort_unstable();
        let mut merged: Vec<Stretch> = Vec::new();
        for (from, to) in all {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        merged.into()
    }

    /// Warns of lists that have no dates of the reference days, or of some of their years.
    pub(super) fn check_dates_known(&mut self, reference: &Reference) {
        let last = jiff::Span::new().try_days(i64::from(reference.days.max(1)) - 1);
        let last = last.and_then(|days| reference.start.checked_add(days));
        let last = last.map_or(reference.start.year(), Date::year);
        for (known, at) in &self.dates_known {
            if known.years.0 <= reference.start.year() && last <= known.years.1 {
                continue;
            }
            let message = format!("{}, and the reference days lie beyond", known.in_words());
            let help =
                "add the dates of the other years: without them these days are as all others";
            self.report.warning(at, message, Some(help.into()));
        }
    }

    fn date_list(&mut self, path: &str, at: &At) -> DateList {
        let nothing = DateList {
            stretches: Vec::new(),
        };
        if !is_plain(path) {
            let message = format!("`{path}` is not the name of a file with dates");
            let help = "dates stand in a CSV file in the model's folder itself, such as eid.csv";
            self.report.certain_error(at, message, Some(help.into()));
            return nothing;
        }
        let Some((file, text, table)) = self.table_file(path, at) else {
            return nothing;
        };
        self.check_header((file, &text), &table);
        let column = |name: &str| table.header.iter().position(|column| column == name);
        for (i, name) in table.header.iter().enumerate() {
            if !COLUMNS.contains(&&name[..]) {
                let message = format!("a file with dates has no column `{name}`");
                let help = suggestion(name, COLUMNS);
                self.report
                    .error_at(file, table.span(&text, None, i), message, help);
            }
        }
        let Some(date) = column("date") else {
            let message = "this file has no column `date`";
            let help = "its columns are `date`, and if wanted `name`, and `until` or `days`";
            let span = table.span(&text, None, 0);
            self.report
                .error_at(file, span, message, Some(help.to_owned()));
            return nothing;
        };
        let place = |name: &str| column(name).map(|at| (name == "until", at));
        let ends: Vec<(bool, usize)> = ["until", "days"].into_iter().filter_map(place).collect();
        let mut stretches = Vec::new();
        let mut years: Option<(i16, i16)> = None;
        for (row, cells) in table.rows.iter().enumerate() {
            let read = stretch(cells, date, &ends);
            match read {
                Ok((Day::One(from), Day::One(to))) => {
                    let (first, last) = years.unwrap_or((from.year(), to.year()));
                    years = Some((first.min(from.year()), last.max(to.year())));
                    stretches.push((from, to));
                }
                Ok((Day::EveryYear(m, d), Day::EveryYear(to_m, to_d))) => {
                    stretches.extend(YEARS.filter_map(|year| {
                        let passes = (to_m, to_d) < (m, d);
                        let last = Date::new(year + i16::from(passes), to_m, to_d);
                        Some((Date::new(year, m, d).ok()?, last.ok()?))
                    }));
                }
                Ok(_) => {
                    let message = "one of these days has a year, the other one has none".to_owned();
                    let span = table.span(&text, Some(row), date);
                    let help = "write both as 2026-03-20, or both as 12-24, which is every year";
                    self.report.error_at(file, span, message, Some(help.into()));
                }
                Err((column, message, help)) => {
                    let span = table.span(&text, Some(row), column);
                    self.report
                        .error_at(file, span, message, help.map(str::to_owned));
                }
            }
        }
        if let Some(years) = years {
            let file = path.to_owned();
            self.dates_known
                .push((DatesKnown { file, years }, at.clone()));
        }
        DateList { stretches }
    }
}

/// What is wrong with a cell: its column, what was found, what to do.
type Wrong = (usize, String, Option<&'static str>);

/// The first day and the last one that a row says.
fn stretch(cells: &[String], date: usize, ends: &[(bool, usize)]) -> Result<(Day, Day), Wrong> {
    let read = |column: usize| {
        let cell = &cells[column];
        let help = "write year-month-day, such as 2026-03-20, or month-day for a day of every year";
        Day::read(cell).ok_or_else(|| (column, format!("`{cell}` is not a date"), Some(help)))
    };
    let from = read(date)?;
    let mut said = ends.iter().filter(|(_, column)| !cells[*column].is_empty());
    let (end, more) = (said.next(), said.next());
    if let Some((_, column)) = more {
        let message = "this row says both `until` and `days`".to_owned();
        return Err((*column, message, Some("one of the two is enough")));
    }
    match end {
        None => Ok((from, from)),
        Some(&(true, column)) => {
            let to = read(column)?;
            if matches!((from, to), (Day::One(from), Day::One(to)) if to < from) {
                let message = format!("`{}` lies before `{}`", cells[column], cells[date]);
                return Err((column, message, Some("`until` is the last day, included")));
            }
            Ok((from, to))
        }
        Some(&(false, column)) => {
            let number = cells[column].parse().ok();
            let number = number.filter(|number| (1..=MOST_DAYS).contains(number));
            let Some(number) = number else {
                let found = &cells[column];
                let message =
                    format!("found `{found}`, expected a number of days from 1 to {MOST_DAYS}");
                return Err((column, message, None));
            };
            let later = |date: Date| {
                let days = jiff::Span::new().try_days(i64::from(number) - 1);
                days.and_then(|days| date.checked_add(days))
            };
            let beyond = |_| {
                (
                    column,
                    "this lies beyond what calendars can show".to_owned(),
                    None,
                )
            };
            match from {
                Day::One(date) => Ok((from, Day::One(later(date).map_err(beyond)?))),
                Day::EveryYear(month, day) => {
                    // As in a year without a 29th of February.
                    let first = Date::new(2023, month, day).map_err(beyond)?;
                    let last = later(first).map_err(beyond)?;
                    Ok((from, Day::EveryYear(last.month(), last.day())))
                }
            }
        }
    }
}
