//! `causeflow history`: a stream of a finished run, interval by interval.

use causeflow_engine::calendar::Zone;
use causeflow_engine::time::{Span, Time};
use causeflow_models::suggestion;
use causeflow_outputs::SmallTable;
use causeflow_outputs::diff::FinishedRun;
use serde_json::{Value, json};

use crate::args::HistoryArgs;
use crate::chart;
use crate::errors::Failure;
use crate::output::{Align, Table, count, instant, print, print_json};
use crate::settings::instant_of;

/// Width of the bars, in characters.
const BAR: usize = 20;

/// A point of the history.
struct Point {
    start: Time,
    hours: f64,
    count: u64,
    value_sum: Option<f64>,
    value_mean: Option<f64>,
    baseline_mean: Option<f64>,
    baseline_sigma: Option<f64>,
    score: Option<f64>,
    flag: Option<String>,
    alarm: Option<String>,
    scenarios: Option<String>,
    external_events: Option<String>,
}

/// Runs the command.
pub fn run(args: &HistoryArgs) -> Result<(), Failure> {
    let time = |name: &str, text: &Option<String>| {
        let read = |text: &String| instant_of(name, text, &Zone::utc());
        text.as_ref().map(read).transpose()
    };
    let (from, to) = (time("--from", &args.from)?, time("--to", &args.to)?);
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        return Err(Failure::input(
            format!("nothing lies between --from, {from}, and --to, {to}"),
            "give --to a later time than --from",
        ));
    }
    let run = FinishedRun::open(&args.out)?;
    let names = run
        .manifest()
        .streams
        .iter()
        .map(|stream| stream.name.as_str());
    if !names.clone().any(|name| name == args.stream) {
        let message = format!("this run has no stream `{}`", args.stream);
        return Err(Failure::Input(message, suggestion(&args.stream, names)));
    }
    let (name, length) = match args.hourly {
        true => ("history_hourly", Span::HOUR),
        false => ("history", Span(12 * Span::HOUR.0)),
    };
    let table = run.table(name)?.ok_or_else(|| {
        let message = format!(
            "{} has no history: an earlier version played it",
            args.out.display()
        );
        Failure::input(message, "play it again")
    })?;
    let mut points = read(&table, &args.stream)?;
    points.retain(|point| {
        from.is_none_or(|from| point.start + length > from) && to.is_none_or(|to| point.start < to)
    });
    if args.json {
        let points: Vec<Value> = points.iter().map(as_json).collect();
        return print_json(&json!({"stream": args.stream, "points": points}));
    }
    print(&as_text(args, &points))
}

fn read(table: &SmallTable, stream: &str) -> Result<Vec<Point>, Failure> {
    let (streams, starts) = (table.texts("stream")?, table.times("interval_start")?);
    let (hours, counts) = (table.numbers("hours")?, table.numbers("count")?);
    let (sums, means) = (table.numbers("value_sum")?, table.numbers("value_mean")?);
    let (usual, sigmas) = (
        table.numbers("baseline_mean")?,
        table.numbers("baseline_sigma")?,
    );
    let (scores, flags) = (table.numbers("score")?, table.texts("flag")?);
    // Runs of earlier versions have none.
    let alarms = table
        .texts("alarm")
        .unwrap_or_else(|_| vec![None; table.rows()]);
    let (scenarios, events) = (table.texts("scenarios")?, table.texts("external_events")?);
    let rows = (0..table.rows()).filter(|&row| streams[row].as_deref() == Some(stream));
    let points = rows.map(|row| Point {
        start: Time(starts[row].unwrap_or_default()),
        hours: hours[row].unwrap_or_default(),
        count: counts[row].unwrap_or_default() as u64,
        value_sum: sums[row],
        value_mean: means[row],
        baseline_mean: usual[row],
        baseline_sigma: sigmas[row],
        score: scores[row],
        flag: flags[row].clone(),
        alarm: alarms[row].clone(),
        scenarios: scenarios[row].clone(),
        external_events: events[row].clone(),
    });
    Ok(points.collect())
}

fn as_text(args: &HistoryArgs, points: &[Point]) -> String {
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
    for point in points {
        let mut cells = vec![instant(point.start), count(point.count)];
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
        let ongoing = [&point.scenarios, &point.external_events]
            .into_iter()
            .flatten();
        cells.push(
            ongoing
                .map(|names| ids(names))
                .collect::<Vec<_>>()
                .join(", "),
        );
        table.row(cells);
    }
    let length = if args.hourly { "hours" } else { "half days" };
    format!("{}, by {length}\n\n{}", args.stream, table.render(0))
}

/// Names without the times that make them unique: `--json` and the table have them in full.
fn ids(names: &str) -> String {
    let ids = names
        .split(", ")
        .map(|name| name.split_once('@').map_or(name, |(id, _)| id));
    ids.collect::<Vec<_>>().join(", ")
}

fn decimals(number: Option<f64>, digits: usize) -> String {
    number
        .map(|number| format!("{number:.digits$}"))
        .unwrap_or_default()
}

fn as_json(point: &Point) -> Value {
    json!({
        "interval_start": instant(point.start),
        "hours": point.hours,
        "count": point.count,
        "value_sum": point.value_sum,
        "value_mean": point.value_mean,
        "baseline_mean": point.baseline_mean,
        "baseline_sigma": point.baseline_sigma,
        "score": point.score,
        "flag": point.flag,
        "alarm": point.alarm,
        "scenarios": point.scenarios,
        "external_events": point.external_events,
    })
}
