//! `causeflow history`: a stream of a finished run, interval by interval.

use std::collections::BTreeSet;

use causeflow_baselines::{Ongoing, Resolution};
use causeflow_engine::base::time::Span;
use causeflow_runs::Finished;
use causeflow_runs::finished::{Point, PointsShown, id};

use crate::args::HistoryArgs;
use crate::chart;
use crate::control::Front;
use crate::errors::Failure;
use crate::output::{Align, Table, count, instant, print_as, rough};

/// Width of the bars, in characters.
const BAR: usize = 20;

/// Runs the command.
pub fn run(args: &HistoryArgs) -> Result<(), Failure> {
    let run = Finished::open(&args.out)?;
    let front = Front { quiet: false };
    let time = |name: &str, text: &Option<String>| {
        let read = |text: &String| run.time(name, text, &front);
        text.as_ref().map(read).transpose()
    };
    let (from, to) = (time("from", &args.from)?, time("to", &args.to)?);
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        return Err(Failure::input(
            format!("nothing lies between --from, {from}, and --to, {to}"),
            "give --to a later time than --from",
        ));
    }
    let resolution = match args.hourly {
        true => Resolution::Hour,
        false => Resolution::HalfDay,
    };
    let points = run.history_of(&args.stream, resolution, (from, to))?;
    let stream = args.stream.clone();
    let shown = PointsShown { stream, points };
    let ongoing = run.ongoing()?;
    print_as(args.json, &shown, || as_text(args, &shown.points, &ongoing))
}

fn as_text(args: &HistoryArgs, points: &[Point], ongoing: &[Ongoing]) -> String {
    if points.is_empty() {
        return "no interval of the run lies there\n".to_owned();
    }
    let with_value = points.iter().any(|point| point.value_sum.is_some());
    let with_bars = chart::wanted();
    let mut columns = vec![("from", Align::Left), ("events", Align::Right)];
    columns.extend(with_value.then_some(("value mean", Align::Right)));
    columns.extend([
        ("usual", Align::Right),
        ("score", Align::Right),
        ("flag", Align::Left),
        ("alarm", Align::Left),
    ]);
    columns.extend(with_bars.then_some(("", Align::Left)));
    columns.push(("what goes on", Align::Left));
    let most = points.iter().map(|point| point.count).max().unwrap_or(0) as f64;
    let mut table = Table::new(&columns);
    let mut told = BTreeSet::new();
    for point in points {
        let mut cells = vec![instant(point.interval_start), count(point.count)];
        cells.extend(with_value.then(|| decimals(point.value_mean, 2)));
        cells.extend([
            decimals(point.baseline_mean, 0),
            decimals(point.score, 1),
            point.flag.clone().unwrap_or_default(),
            point
                .alarm
                .clone()
                .filter(|alarm| alarm != "none")
                .unwrap_or_default(),
        ]);
        cells.extend(with_bars.then(|| chart::bar(point.count as f64, most, BAR)));
        let names = [&point.scenarios, &point.external_events].into_iter();
        let names = names.flatten().flat_map(|names| names.split(", "));
        let new = names.filter(|name| told.insert(*name));
        let new: Vec<String> = new.map(|name| for_how_long(name, ongoing)).collect();
        cells.push(new.join(", "));
        table.row(cells);
    }
    let length = if args.hourly { "hours" } else { "half days" };
    format!("{}, by {length}\n\n{}", args.stream, table.render(0))
}

/// What goes on, and for how long. Its name is without the time that makes it unique: `--json` and the table have it in full.
fn for_how_long(name: &str, ongoing: &[Ongoing]) -> String {
    let known = ongoing.iter().find(|one| one.name == name);
    let length = known.map(|one| (one.end - one.start).0 as f64 / Span::HOUR.0 as f64);
    match length {
        Some(hours) if hours < 48.0 => format!("{} ({} h)", id(name), rough(hours)),
        Some(hours) => format!("{} ({} d)", id(name), rough(hours / 24.0)),
        None => id(name).to_owned(),
    }
}

fn decimals(number: Option<f64>, digits: usize) -> String {
    number
        .map(|number| format!("{number:.digits$}"))
        .unwrap_or_default()
}
