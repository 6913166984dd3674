//! Statistics, for people and for programs.

use serde_json::{Map, Value, json};

use super::rows::{FIGURES, Row};
use crate::args::StatsArgs;
use crate::chart;
use crate::errors::Failure;
use crate::output::{Align, Table, print, print_json, rough};

/// Prints the rows of the streams that are asked for.
pub fn show(args: &StatsArgs, rows: &[Row]) -> Result<(), Failure> {
    if args.json {
        return print_json(&json!({"statistics": rows.iter().map(as_json).collect::<Vec<_>>()}));
    }
    let resolution = if args.hourly { "1h" } else { "12h" };
    let of_resolution: Vec<&Row> = rows.iter().filter(|r| r.resolution == resolution).collect();
    let flat: Vec<&Row> = of_resolution
        .iter()
        .copied()
        .filter(|r| r.is_flat())
        .collect();
    let title = match args.hourly {
        true => "events an hour",
        false => "events in half a day",
    };
    if flat.is_empty() {
        return print("no interval lies in the range as a whole, so there are no statistics\n");
    }
    let mut text = format!("{title}\n\n{}", streams(&flat));
    if let [only] = &flat[..] {
        let classes = of_resolution.iter().copied().filter(|row| !row.is_flat());
        text += &format!("\n{}", by_class(classes));
        if chart::wanted() {
            text += &day(rows, &only.stream);
        }
    }
    text += "\ntrend: growth of the daily totals within 30 days, less the pattern of the week; day, week: strength of the season, 0 to 1\n";
    print(&text)
}

fn streams(rows: &[&Row]) -> String {
    let mut table = Table::new(&[
        ("stream", Align::Left),
        ("mean", Align::Right),
        ("median", Align::Right),
        ("std dev", Align::Right),
        ("min", Align::Right),
        ("max", Align::Right),
        ("p95", Align::Right),
        ("weekday", Align::Right),
        ("weekend", Align::Right),
        ("trend", Align::Right),
        ("day", Align::Right),
        ("week", Align::Right),
    ]);
    for row in rows {
        let number = |name: &str| row.figure(name).map(rough).unwrap_or_default();
        let strength = |name: &str| {
            row.figure(name)
                .map(|x| format!("{x:.2}"))
                .unwrap_or_default()
        };
        table.row([
            row.stream.clone(),
            number("mean"),
            number("median"),
            number("std_dev"),
            number("min"),
            number("max"),
            number("p95"),
            number("weekday_mean"),
            number("weekend_mean"),
            trend(row),
            strength("daily_strength"),
            strength("weekly_strength"),
        ]);
    }
    table.render(0)
}

/// The trend in percent, with its standard error.
fn trend(row: &Row) -> String {
    let (Some(share), Some(trend)) = (
        row.figure("trend_share_per_month"),
        row.figure("trend_per_month"),
    ) else {
        return String::new();
    };
    let error = row.figure("trend_std_error").filter(|_| trend != 0.0);
    let error = error.map(|error| format!(" ± {:.1}", (error / trend * share).abs() * 100.0));
    format!("{:+.1}{} %", share * 100.0, error.unwrap_or_default())
}

fn by_class<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut table = Table::new(&[
        ("class", Align::Left),
        ("intervals", Align::Right),
        ("mean", Align::Right),
        ("std dev", Align::Right),
        ("sigma", Align::Right),
        ("min", Align::Right),
        ("p25", Align::Right),
        ("median", Align::Right),
        ("p75", Align::Right),
        ("p95", Align::Right),
        ("max", Align::Right),
    ]);
    for row in rows {
        let number = |name: &str| row.figure(name).map(rough).unwrap_or_default();
        table.row([
            row.class.clone(),
            number("intervals"),
            number("mean"),
            number("std_dev"),
            number("sigma"),
            number("min"),
            number("p25"),
            number("median"),
            number("p75"),
            number("p95"),
            number("max"),
        ]);
    }
    table.render(0)
}

/// The mean day of a stream, hour by hour.
fn day(rows: &[Row], stream: &str) -> String {
    let hours = |day: &str| -> Vec<f64> {
        let rows = rows
            .iter()
            .filter(|r| r.stream == stream && r.resolution == "1h");
        let rows = rows.filter(|r| r.class.starts_with(day));
        rows.filter_map(|row| row.figure("mean")).collect()
    };
    let (weekday, weekend) = (hours("weekday"), hours("weekend"));
    // Both in one scale.
    let both = chart::columns(&[&weekday[..], &weekend[..]].concat());
    let drawn: Vec<char> = both.chars().collect();
    let (first, second) = drawn.split_at(weekday.len());
    let line = |what: &str, drawn: &[char]| match drawn.is_empty() {
        true => String::new(),
        false => format!("{what}  {}\n", drawn.iter().collect::<String>()),
    };
    format!(
        "\n{}{}",
        line("weekday, by the hour", first),
        line("weekend, by the hour", second)
    )
}

fn as_json(row: &Row) -> Value {
    let mut map = Map::new();
    map.insert("stream".into(), row.stream.clone().into());
    map.insert("resolution".into(), row.resolution.clone().into());
    map.insert("class".into(), row.class.clone().into());
    for figure in FIGURES {
        map.insert(figure.into(), row.figure(figure).into());
    }
    Value::Object(map)
}
