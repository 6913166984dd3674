//! The model block, profiles and their calendars.

use std::collections::BTreeMap;

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::profile::{Dated, Profile, Reference, Season, Weekend};
use causeflow_engine::streams::program::{Source, Spikes, Stream};

use super::report::At;
use super::workdays::weekend_of;
use super::{Compiler, Merged};
use crate::definition::{Expression, ModelBlock, ProfileDef, SeasonDef};
use crate::diagnostic::{nearest, number, suggestion};
use crate::units;

/// The greatest weight and factor: their products are to stay numbers.
const MOST_WEIGHT: f64 = 1e12;

/// What to write instead of a time zone that there is none of.
pub(super) fn zone_like(wrong: &str) -> String {
    let zones = jiff::tz::db().available();
    let zones: Vec<String> = zones.map(|zone| zone.as_str().to_owned()).collect();
    match nearest(wrong, zones.iter().map(String::as_str)) {
        Some(zone) => format!("did you mean `{zone}`?"),
        None => "write an IANA name such as UTC or Europe/Berlin".into(),
    }
}

/// Which days are a weekend: those that the model says, or else those that the profiles of its sources set apart.
pub(super) fn weekend(block: &ModelBlock, profiles: &[Profile], streams: &[Stream]) -> Weekend {
    stated_weekend(block).unwrap_or_else(|| {
        let weights = streams.iter().filter_map(|stream| match &stream.source {
            Some(Source::Arrivals { profile, .. }) => {
                Some(profiles[usize::from(*profile)].weekdays)
            }
            Some(Source::Each { .. } | Source::Platform { .. }) | None => None,
        });
        Weekend::of(&weights.collect::<Vec<_>>())
    })
}

/// The days that the model says are a weekend.
pub(super) fn stated_weekend(block: &ModelBlock) -> Option<Weekend> {
    block.weekend.as_deref().map(weekend_of)
}

/// What a calendar says of days of every year, and of dates.
#[derive(Default)]
pub(super) struct Calendar {
    seasons: Vec<Season>,
    dated: Vec<Dated>,
}

impl Compiler {
    pub(super) fn reference(&mut self, at: &At, block: &ModelBlock) -> Option<Reference> {
        let at = at.key("reference");
        let growth = match &block.reference.growth_per_month {
            Some(Expression(text)) => self.share(text, &at.key("growth_per_month"), -0.9..=9.0),
            None => 0.0,
        };
        match block.reference.start.parse() {
            Ok(start) => Some(Reference {
                start,
                days: block.reference.days,
                growth_per_month: growth,
            }),
            Err(_) => {
                let message = format!("`{}` is not a date", block.reference.start);
                self.report.error(
                    &at.key("start"),
                    message,
                    Some("write year-month-day, such as 2026-02-02".into()),
                );
                None
            }
        }
    }

    pub(super) fn spikes(&mut self, at: &At, block: &ModelBlock) -> Spikes {
        let none = Spikes {
            share: 0.0,
            size: 0.0,
            every: Span::DAY,
        };
        let Some(spikes) = &block.spikes else {
            return none;
        };
        let at = at.key("spikes");
        let every = self
            .duration(&spikes.every.0, &at.key("every"))
            .unwrap_or(Span::DAY);
        if every.0 <= 0 || every.0 % self.window.0 != 0 {
            let message = format!(
                "the interval {every} is not a multiple of the window, {}",
                self.window
            );
            self.report.error(&at.key("every"), message, None);
            return none;
        }
        Spikes {
            share: self.share(&spikes.share.0, &at.key("share"), 0.0..=1.0),
            size: self.share(&spikes.size.0, &at.key("size"), 0.0..=1.0),
            every,
        }
    }

    /// All calendars, also those that no profile uses.
    pub(super) fn calendars(&mut self, merged: &Merged) -> BTreeMap<String, Calendar> {
        let mut calendars = BTreeMap::new();
        for (name, (file, seasons)) in &merged.calendars {
            let at = At::new(*file, &["calendars", name]);
            let mut calendar = Calendar::default();
            for (i, season) in seasons.iter().enumerate() {
                self.season(season, &at.key(i), &mut calendar);
            }
            calendars.insert(name.clone(), calendar);
        }
        calendars
    }

    fn season(&mut self, season: &SeasonDef, at: &At, calendar: &mut Calendar) {
        if !(0.0..=MOST_WEIGHT).contains(&season.factor) {
            let (found, most) = (number(season.factor), number(MOST_WEIGHT));
            let message = format!("found the factor {found}, expected 0 to {most}");
            self.report.error(&at.key("factor"), message, None);
        }
        let name = season.name.clone();
        match (&season.from, &season.to, &season.dates) {
            (None, None, Some(dates)) => calendar.dated.push(Dated {
                name,
                dates: self.dates(dates, &at.key("dates")),
                factor: season.factor,
                hours: None,
            }),
            (Some(from), Some(to), None) => {
                let mut day = |text: &str, key: &str| {
                    units::day_of_year(text).unwrap_or_else(|message| {
                        self.report.error(&at.key(key), message, None);
                        (1, 1)
                    })
                };
                calendar.seasons.push(Season {
                    name,
                    from: day(from, "from"),
                    to: day(to, "to"),
                    factor: season.factor,
                });
            }
            _ => {
                let message = "these are neither days of every year nor dates";
                let help = "write `from` and `to`, such as `from: 12-21, to: 01-03`, or a file with `dates`";
                self.report.error(at, message, Some(help.into()));
            }
        }
    }

    /// Whether these are so many weights; if not, that is told.
    fn are_weights(&mut self, weights: &[f64], wanted: usize, at: &At) -> bool {
        if weights.len() != wanted {
            let message = format!("found {} weights, expected {wanted}", weights.len());
            self.report.error_at_key(at, message, None);
        } else if weights.iter().any(|w| !(0.0..=MOST_WEIGHT).contains(w))
            || weights.iter().sum::<f64>() <= 0.0
        {
            let most = number(MOST_WEIGHT);
            let message = format!("weights are 0 or more, up to {most}, and not all of them 0");
            self.report.error_at_key(at, message, None);
        } else {
            return true;
        }
        false
    }

    pub(super) fn profile(
        &mut self,
        name: &str,
        at: &At,
        definition: &ProfileDef,
        calendars: &BTreeMap<String, Calendar>,
    ) -> Profile {
        let mut profile = Profile {
            name: name.to_owned(),
            growth: definition.growth,
            steps: definition.steps,
            ..Profile::flat()
        };
        for (key, weights) in [
            ("hours", &definition.hours),
            ("weekdays", &definition.weekdays),
        ] {
            let Some(weights) = weights else {
                continue;
            };
            let wanted = if key == "hours" { 24 } else { 7 };
            if !self.are_weights(weights, wanted, &at.key(key)) {
                continue;
            }
            match key {
                "hours" => profile.hours.copy_from_slice(weights),
                _ => profile.weekdays.copy_from_slice(weights),
            }
        }
        if let Some(calendar) = &definition.calendar {
            match calendars.get(calendar) {
                Some(calendar) => {
                    profile.seasons = calendar.seasons.clone();
                    profile.dated = calendar.dated.clone();
                }
                None if self.report.is_spoilt("calendars", calendar) => {}
                None => {
                    let help = suggestion(calendar, calendars.keys().map(String::as_str));
                    self.report.error(
                        &at.key("calendar"),
                        format!("there is no calendar `{calendar}`"),
                        help,
                    );
                }
            }
        }
        for (i, dated) in definition.dated.iter().enumerate() {
            let at = at.key("dated").key(i);
            let dates = self.dates(&dated.dates, &at.key("dates"));
            let mut hours = [1.0; 24];
            if self.are_weights(&dated.hours, 24, &at.key("hours")) {
                hours.copy_from_slice(&dated.hours);
            }
            profile.dated.push(Dated {
                name: dated.dates.names().join(", "),
                dates,
                factor: 1.0,
                hours: Some(hours),
            });
        }
        profile
    }

    /// How often the platform must see the business: at each time of a timer that looks.
    pub(super) fn tick(&self, streams: &[Stream]) -> Span {
        let looks = streams.iter().filter_map(|s| s.look(self.window));
        looks.fold(self.window, |tick, look| look.tick(&self.zone, tick))
    }

    pub(super) fn duration(&mut self, text: &str, at: &At) -> Option<Span> {
        match units::duration(&self.with_parameter(text)) {
            Ok(span) => Some(span),
            Err(_) if self.is_spoilt_parameter(text) => None,
            Err(message) => {
                let help = match units::duration_like(text) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "write a number and a unit: 10s, 5m, 2h, 1d, 1w".into(),
                };
                self.report.certain_error(at, message, Some(help));
                None
            }
        }
    }

    pub(super) fn share(
        &mut self,
        text: &str,
        at: &At,
        range: std::ops::RangeInclusive<f64>,
    ) -> f64 {
        let share = units::share(&self.with_parameter(text));
        match share {
            Ok(share) if range.contains(&share) => share,
            Ok(share) => {
                let message = format!(
                    "found {}, expected {} to {}",
                    number(share),
                    range.start(),
                    range.end()
                );
                self.report.certain_error(at, message, None);
                0.0
            }
            Err(_) if self.is_spoilt_parameter(text) => 0.0,
            Err(message) => {
                self.report.certain_error(at, message, None);
                0.0
            }
        }
    }
}
