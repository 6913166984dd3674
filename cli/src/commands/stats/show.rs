//! Statistics, for people and for programs.

use causeflow_runs::finished::{Statistic, StatisticsShown};

use crate::args::StatsArgs;
use crate::chart;
use crate::errors::Failure;
use crate::output::{Align, Table, print, print_json, rough};

/// Prints the rows of the streams that are asked for.
pub fn show(args: &StatsArgs, rows: Vec<Statistic>) -> Result<(), Failure> {
    if args.json {
        return print_json(&StatisticsShown { statistics: rows });
    }
    let resolution = if args.hourly { "1h" } else { "12h" };
    let of_resolution: Vec<&Statistic> =
        rows.iter().filter(|r| r.resolution == resolution).collect();
    let flat: Vec<&Statistic> = of_resolution
        .iter()
        .copied()
        .filter(|r| r.is_whole())
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
        let classes = of_resolution.iter().copied().filter(|row| !row.is_whole());
        text += &format!("\n{}", by_class(classes));
        if chart::wanted() {
            text += &day(&rows, &only.stream);
        }
    }
    text += "\ntrend: growth of the daily totals within 30 days, less the pattern of the week; day, week: strength of the season, 0 to 1\n";
    print(&text)
}

fn streams(rows: &[&Statistic]) -> String {
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
        let number = |figure: Option<f64>| figure.map(rough).unwrap_or_default();
        let strength = |figure: Option<f64>| figure.map(|x| format!("{x:.2}")).unwrap_or_default();
        table.row([
            row.stream.clone(),
            number(row.mean),
            number(row.median),
            number(row.std_dev),
            number(row.min),
            number(row.max),
            number(row.p95),
            number(row.weekday_mean),
            number(row.weekend_mean),
            trend(row),
            strength(row.daily_strength),
            strength(row.weekly_strength),
        ]);
    }
    table.render(0)
}

/// The trend in percent, with its standard error.
fn trend(row: &Statistic) -> String {
    let (Some(share), Some(trend)) = (row.trend_share_per_month, row.trend_per_month) else {
        return String::new();
    };
    let error = row.trend_std_error.filter(|_| trend != 0.0);
    let error = error.map(|error| format!(" ± {:.1}", (error / trend * share).abs() * 100.0));
    format!("{:+.1}{} %", share * 100.0, error.unwrap_or_default())
}

fn by_class<'a>(rows: impl Iterator<Item = &'a Statistic>) -> String {
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
        let number = |figure: Option<f64>| figure.map(rough).unwrap_or_default();
        table.row([
            row.class.clone(),
            number(row.intervals),
            number(row.mean),
            number(row.std_dev),
            number(row.sigma),
            number(row.min),
            number(row.p25),
            number(row.median),
            number(row.p75),
            number(row.p95),
            number(row.max),
        ]);
    }
    table.render(0)
}

/// The mean day of a stream, hour by hour.
fn day(rows: &[Statistic], stream: &str) -> String {
    let hours = |day: &str| -> Vec<f64> {
        let rows = rows
            .iter()
            .filter(|r| r.stream == stream && r.resolution == "1h");
        let rows = rows.filter(|r| r.class.starts_with(day));
        rows.filter_map(|row| row.mean).collect()
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
