//! What a comparison came to, for people.

use causeflow_outputs::diff::Counts;
use causeflow_runs::diff::Compared;

use crate::output::{Align, Table, bytes, count, some};

/// The headings of the four kinds, and a row's cells under them.
const KINDS: [(&str, Align); 4] = [
    ("added", Align::Right),
    ("removed", Align::Right),
    ("moved", Align::Right),
    ("changed", Align::Right),
];

fn cells(counts: &Counts) -> [String; 4] {
    [counts.added, counts.removed, counts.moved, counts.changed].map(count)
}

/// Whether the runs are the same, then what differs; `size` is that of the files that were written.
pub fn text(outcome: &Compared, size: u64) -> String {
    let mut text = verdict(outcome);
    text += "\n";
    for note in &outcome.notes {
        text += &format!("note: {note}\n");
    }
    let left_out = &outcome.left_out_streams;
    if !left_out.is_empty() {
        text += &format!(
            "note: only one of the runs has files of {}, so they are not compared: {}\n",
            some(left_out.len(), "stream"),
            left_out.join(", ")
        );
    }
    if !outcome.identical {
        text += &format!("\n{}", streams(outcome));
        if outcome.hours.is_some() {
            text += &format!("\n{}", hours(outcome));
        }
        if !outcome.events.is_empty() {
            text += &format!("\n{}", events(outcome));
        }
    }
    if let Some(out) = &outcome.out {
        let (size, files) = (bytes(size as f64), some(outcome.files, "file"));
        text += &format!("\n{size} in {files} in {out}\n");
    }
    text
}

fn verdict(outcome: &Compared) -> String {
    let equal = outcome.identical_streams.len();
    if outcome.identical {
        return format!("identical: no event differs in {}", some(equal, "stream"));
    }
    format!(
        "different: {} events differ in {}; {} identical",
        count(outcome.counts.total()),
        some(outcome.streams.len(), "stream"),
        match equal {
            1 => "1 stream is".to_owned(),
            equal => format!("{equal} streams are"),
        }
    )
}

fn streams(outcome: &Compared) -> String {
    let heading = [
        ("stream", Align::Left),
        ("rows in A", Align::Right),
        ("rows in B", Align::Right),
    ];
    let mut table = Table::new(&[&heading[..], &KINDS].concat());
    let mut row = |name: &str, rows: u64, twin_rows: u64, counts: &Counts| {
        let first = [name.to_owned(), count(rows), count(twin_rows)];
        table.row([&first[..], &cells(counts)].concat());
    };
    let streams = &outcome.streams;
    for stream in streams {
        row(&stream.name, stream.rows, stream.twin_rows, &stream.counts);
    }
    if streams.len() > 1 {
        let rows = streams.iter().map(|stream| stream.rows).sum();
        let twin_rows = streams.iter().map(|stream| stream.twin_rows).sum();
        row("total", rows, twin_rows, &outcome.counts);
    }
    table.render(0)
}

fn hours(outcome: &Compared) -> String {
    let heading = [("stream", Align::Left), ("hour", Align::Left)];
    let mut table = Table::new(&[&heading[..], &KINDS].concat());
    for hour in outcome.hours.iter().flatten() {
        let first = [hour.stream.clone(), hour.hour.clone()];
        table.row([&first[..], &cells(&hour.counts)].concat());
    }
    table.render(0)
}

fn events(outcome: &Compared) -> String {
    let mut table = Table::new(&[
        ("time", Align::Left),
        ("stream", Align::Left),
        ("event_id", Align::Right),
        ("change", Align::Left),
        ("differs in", Align::Left),
        ("why", Align::Left),
        ("via", Align::Left),
    ]);
    for event in &outcome.events {
        let time = event.time.as_ref().or(event.twin_time.as_ref());
        table.row([
            time.cloned().unwrap_or_default(),
            event.stream.clone(),
            event.event_id.clone(),
            event.change.clone(),
            event.differs_in.join(", "),
            event.why.clone().unwrap_or_default(),
            event.via.clone().unwrap_or_default(),
        ]);
    }
    let more = match outcome.counts.total() - outcome.events.len() as u64 {
        0 => String::new(),
        more => format!(
            "and {} more; --limit shows more, --out writes all\n",
            count(more)
        ),
    };
    format!("{}{more}", table.render(0))
}
