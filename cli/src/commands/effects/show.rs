//! The effects, for people and for programs.

use causeflow_runs::finished::{EffectsShown, Impact, Sum, summed};
use causeflow_runs::words::percent;

use crate::args::EffectsArgs;
use crate::errors::Failure;
use crate::output::{Align, Table, count, print_as, some};

/// Prints what is left of the effects after they were selected.
pub fn show(args: &EffectsArgs, effects: &[Impact]) -> Result<(), Failure> {
    let summary = args.event.is_none() && args.stream.is_none();
    let sums = summed(effects);
    let shown = match summary {
        true => EffectsShown::Causes(sums.iter().take(args.limit).cloned().collect()),
        false => EffectsShown::Effects(effects.iter().take(args.limit).cloned().collect()),
    };
    print_as(args.json, &shown, || match (summary, &args.stream) {
        _ if effects.is_empty() => nothing(args),
        (true, _) => causes(&sums, args.limit),
        (false, stream) => by_size(effects, stream.is_some(), args.limit),
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

fn causes(sums: &[Sum], limit: usize) -> String {
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
            sum.cause.clone(),
            sum.kind.replace('_', " "),
            sum.streams.to_string(),
            count(sum.added),
            count(sum.removed),
            count(sum.changed),
            signed(sum.net),
            count(sum.contention),
            sum.most_changed_stream.clone().unwrap_or_default(),
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
fn by_size(rows: &[Impact], by_stream: bool, limit: usize) -> String {
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
            signed(row.net),
            count(row.contention),
            percent((row.share_of_rows * 1e4).round() / 1e4),
            row.first_after_h
                .map(|hours| format!("{hours:.1} h"))
                .unwrap_or_default(),
            row.expected_direction.clone().unwrap_or_default(),
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
