//! The effects, for people and for programs.

use causeflow_engine::time::Time;
use serde_json::{Value, json};

use super::Row;
use crate::args::EffectsArgs;
use crate::errors::Failure;
use crate::output::{Align, Table, count, instant, print, print_json, some};
use crate::words::percent;

/// Prints what is left of the rows after they were selected.
pub fn show(args: &EffectsArgs, rows: &[Row]) -> Result<(), Failure> {
    let summary = args.event.is_none() && args.stream.is_none();
    if args.json {
        return print_json(&match summary {
            true => {
                json!({"causes": summed(rows).iter().take(args.limit).map(Sum::as_json).collect::<Vec<_>>()})
            }
            false => {
                json!({"effects": rows.iter().take(args.limit).map(as_json).collect::<Vec<_>>()})
            }
        });
    }
    print(&match (summary, &args.stream) {
        _ if rows.is_empty() => nothing(args),
        (true, _) => causes(&summed(rows), args.limit),
        (false, stream) => effects(rows, stream.is_some(), args.limit),
    })
}

fn nothing(args: &EffectsArgs) -> String {
    let what = match &args.stream {
        Some(stream) => format!(
            "nothing intervened in {stream}, and nothing was expected to: its rows are what they would be anyway"
        ),
        None => "nothing intervened in this run".to_owned(),
    };
    format!("{what}\n")
}

/// What one cause did to all streams.
struct Sum<'a> {
    cause: &'a str,
    kind: &'a str,
    start_us: i64,
    /// Streams that it changed.
    streams: usize,
    added: u64,
    removed: u64,
    changed: u64,
    /// Those of all three that contention alone has made.
    contention: u64,
    /// The stream that it changed the most.
    most: Option<&'a str>,
}

impl Sum<'_> {
    fn as_json(&self) -> Value {
        json!({
            "cause": self.cause,
            "kind": self.kind,
            "start": instant(Time(self.start_us)),
            "streams": self.streams,
            "added": self.added,
            "removed": self.removed,
            "changed": self.changed,
            "contention": self.contention,
            "net": self.added as i64 - self.removed as i64,
            "most_changed_stream": self.most,
        })
    }
}

/// The rows by cause, those with the largest effect first; rows with the largest come first.
fn summed(rows: &[Row]) -> Vec<Sum<'_>> {
    let mut sums: Vec<Sum<'_>> = Vec::new();
    for row in rows {
        let place = sums.iter().position(|sum| sum.cause == row.cause);
        let place = place.unwrap_or_else(|| {
            sums.push(Sum {
                cause: &row.cause,
                kind: &row.kind,
                start_us: row.start_us,
                streams: 0,
                added: 0,
                removed: 0,
                changed: 0,
                contention: 0,
                most: (row.touched() > 0).then_some(row.stream.as_str()),
            });
            sums.len() - 1
        });
        let sum = &mut sums[place];
        sum.streams += usize::from(row.touched() > 0);
        sum.added += row.added;
        sum.removed += row.removed;
        sum.changed += row.changed;
        sum.contention += row.contention;
    }
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.added + sum.removed + sum.changed));
    sums
}

fn causes(sums: &[Sum<'_>], limit: usize) -> String {
    let (moved, herrings): (Vec<_>, Vec<_>) = sums.iter().partition(|sum| sum.streams > 0);
    let mut table = Table::new(&[
        ("cause", Align::Left),
        ("kind", Align::Left),
        ("streams", Align::Right),
        ("added", Align::Right),
        ("removed", Align::Right),
        ("changed", Align::Right),
        ("net", Align::Right),
        ("by contention", Align::Right),
        ("most of it in", Align::Left),
    ]);
    for sum in moved.iter().take(limit) {
        table.row([
            sum.cause.to_owned(),
            sum.kind.replace('_', " "),
            sum.streams.to_string(),
            count(sum.added),
            count(sum.removed),
            count(sum.changed),
            signed(sum.added as i64 - sum.removed as i64),
            count(sum.contention),
            sum.most.unwrap_or_default().to_owned(),
        ]);
    }
    let mut text = format!("{}{}", table.render(0), more(moved.len(), limit));
    if !herrings.is_empty() {
        let events = some(herrings.len(), "external event");
        text += &format!(
            "\n{events} changed nothing of their own: red herrings, or news of a scenario\n"
        );
    }
    text
}

/// The streams that a cause changed, or the causes that changed a stream.
fn effects(rows: &[Row], by_stream: bool, limit: usize) -> String {
    // An id may stand for several causes; otherwise the title says which one it is.
    let several = !by_stream && rows.iter().any(|row| row.cause != rows[0].cause);
    let first = if by_stream { "cause" } else { "stream" };
    let mut columns = vec![
        (first, Align::Left),
        ("added", Align::Right),
        ("removed", Align::Right),
        ("changed", Align::Right),
        ("net", Align::Right),
        ("by contention", Align::Right),
        ("share of rows", Align::Right),
        ("first after", Align::Right),
        ("expected", Align::Left),
        ("observed", Align::Right),
    ];
    columns.extend(several.then_some(("cause", Align::Left)));
    let mut table = Table::new(&columns);
    for row in rows.iter().take(limit) {
        let first = if by_stream { &row.cause } else { &row.stream };
        let mut cells = vec![
            first.clone(),
            count(row.added),
            count(row.removed),
            count(row.changed),
            signed(row.net()),
            count(row.contention),
            percent((row.share() * 1e4).round() / 1e4),
            row.first_after_h
                .map(|hours| format!("{hours:.1} h"))
                .unwrap_or_default(),
            row.expected.clone().unwrap_or_default(),
            row.observed_lift
                .map(|lift| format!("{:+.1} %", lift * 100.0))
                .unwrap_or_default(),
        ];
        cells.extend(several.then(|| row.cause.clone()));
        table.row(cells);
    }
    let title = match (by_stream, several) {
        (true, _) => format!("what changed {}\n\n", rows[0].stream),
        (false, true) => String::new(),
        (false, false) => format!("{} ({})\n\n", rows[0].cause, rows[0].kind.replace('_', " ")),
    };
    format!(
        "{title}{}{}\nobserved: the level in its window against the same hours outside it, which is all that counts can tell\n",
        table.render(0),
        more(rows.len(), limit)
    )
}

fn more(all: usize, limit: usize) -> String {
    match all.saturating_sub(limit) {
        0 => String::new(),
        more => format!("and {more} more; --limit shows more\n"),
    }
}

fn signed(number: i64) -> String {
    let sign = match number {
        0 => "",
        1.. => "+",
        _ => "-",
    };
    format!("{sign}{}", count(number.unsigned_abs()))
}

fn as_json(row: &Row) -> Value {
    json!({
        "cause": row.cause,
        "kind": row.kind,
        "start": instant(Time(row.start_us)),
        "stream": row.stream,
        "expected_direction": row.expected,
        "added": row.added,
        "removed": row.removed,
        "changed": row.changed,
        "contention": row.contention,
        "attributed": row.attributed,
        "basis": row.basis,
        "net": row.net(),
        "share_of_rows": row.share(),
        "first_after_h": row.first_after_h,
        "last_after_h": row.last_after_h,
        "observed_lift": row.observed_lift,
        "observed_correlation": row.observed_correlation,
    })
}
