//! What a comparison came to, for people and for programs.

use causeflow_outputs::diff::{Counts, Diff, Event, FinishedRun, StreamDiff, Via};
use causeflow_outputs::{FileEntry, rfc3339};
use serde_json::{Value, json};

use crate::args::DiffArgs;
use crate::errors::Failure;
use crate::output::{Align, Table, bytes, count, print, print_json, some};

/// A finished comparison.
pub struct Report<'a> {
    pub args: &'a DiffArgs,
    pub runs: [&'a FinishedRun; 2],
    pub diff: &'a Diff,
    pub files: &'a [FileEntry],
}

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

fn time(time_us: i64) -> String {
    rfc3339(time_us).unwrap_or_else(|| format!("{time_us} µs"))
}

impl Report<'_> {
    /// Prints whether the runs are the same, then what differs.
    pub fn print(&self) -> Result<(), Failure> {
        let mut text = self.verdict();
        text += "\n";
        for note in &self.diff.notes {
            text += &format!("note: {note}\n");
        }
        if !self.diff.left_out.is_empty() {
            text += &format!(
                "note: only one of the runs has files of {}, so they are not compared: {}\n",
                some(self.diff.left_out.len(), "stream"),
                self.diff.left_out.join(", ")
            );
        }
        if !self.diff.is_empty() {
            text += &format!("\n{}", self.streams());
            if self.args.hours {
                text += &format!("\n{}", self.hours());
            }
            if self.args.limit > 0 {
                text += &format!("\n{}", self.events());
            }
        }
        if let Some(out) = &self.args.out {
            let size: u64 = self.files.iter().map(|file| file.bytes).sum();
            text += &format!(
                "\n{} in {} in {}\n",
                bytes(size as f64),
                some(self.files.len(), "file"),
                out.display()
            );
        }
        print(&text)
    }

    fn verdict(&self) -> String {
        let equal = self.diff.identical.len();
        if self.diff.is_empty() {
            return format!("identical: no event differs in {}", some(equal, "stream"));
        }
        format!(
            "different: {} events differ in {}; {} identical",
            count(self.diff.counts().total()),
            some(self.diff.streams.len(), "stream"),
            match equal {
                1 => "1 stream is".to_owned(),
                equal => format!("{equal} streams are"),
            }
        )
    }

    fn streams(&self) -> String {
        let heading = [
            ("stream", Align::Left),
            ("rows in A", Align::Right),
            ("rows in B", Align::Right),
        ];
        let mut table = Table::new(&[&heading[..], &KINDS].concat());
        let mut row = |name: &str, rows: u64, twin_rows: u64, counts: &Counts| {
            let [added, removed, moved, changed] = cells(counts);
            let name = name.to_owned();
            table.row([
                name,
                count(rows),
                count(twin_rows),
                added,
                removed,
                moved,
                changed,
            ]);
        };
        let streams = &self.diff.streams;
        for stream in streams {
            row(
                stream.name(),
                stream.rows(),
                stream.twin_rows(),
                &stream.counts(),
            );
        }
        if streams.len() > 1 {
            let rows = streams.iter().map(StreamDiff::rows).sum();
            let twin_rows = streams.iter().map(StreamDiff::twin_rows).sum();
            row("total", rows, twin_rows, &self.diff.counts());
        }
        table.render(0)
    }

    fn hours(&self) -> String {
        let heading = [("stream", Align::Left), ("hour", Align::Left)];
        let mut table = Table::new(&[&heading[..], &KINDS].concat());
        for stream in &self.diff.streams {
            for (hour, counts) in stream.by_hour() {
                let [added, removed, moved, changed] = cells(&counts);
                let name = stream.name().to_owned();
                table.row([name, time(hour), added, removed, moved, changed]);
            }
        }
        table.render(0)
    }

    fn events(&self) -> String {
        let mut table = Table::new(&[
            ("time", Align::Left),
            ("stream", Align::Left),
            ("event_id", Align::Right),
            ("change", Align::Left),
            ("differs in", Align::Left),
            ("why", Align::Left),
            ("via", Align::Left),
        ]);
        let events = self.diff.first(self.args.limit);
        let shown = events.len() as u64;
        for event in &events {
            table.row([
                event
                    .time_us
                    .or(event.twin_time_us)
                    .map(time)
                    .unwrap_or_default(),
                event.stream.to_owned(),
                event.event_id.to_string(),
                event.change.name().to_owned(),
                event.columns.join(", "),
                event.why.unwrap_or_default().to_owned(),
                event.via.map(Via::name).unwrap_or_default().to_owned(),
            ]);
        }
        let more = self.diff.counts().total() - shown;
        let more = match more {
            0 => String::new(),
            more => format!(
                "and {} more; --limit shows more, --out writes all\n",
                count(more)
            ),
        };
        format!("{}{more}", table.render(0))
    }

    /// Prints all of it as one JSON object.
    pub fn print_json(&self) -> Result<(), Failure> {
        let diff = self.diff;
        let [a, b] = self.runs.map(|run| {
            let manifest = run.manifest();
            json!({
                "path": run.folder().display().to_string(),
                "seed": manifest.seed.to_string(),
                "start": manifest.start,
                "end": manifest.end,
                "scale": manifest.scale,
                "model_digest": manifest.model.digest,
                "fingerprint": manifest.fingerprint,
            })
        });
        let identical: Vec<&String> = diff.identical.iter().map(|(name, _)| name).collect();
        let mut outcome = json!({
            "identical": diff.is_empty(),
            "model": self.runs[0].manifest().model.name,
            "a": a,
            "b": b,
            "notes": diff.notes,
            "streams": diff.streams.iter().map(stream).collect::<Vec<_>>(),
            "identical_streams": identical,
            "left_out_streams": diff.left_out,
            "events": diff.first(self.args.limit).iter().map(event).collect::<Vec<_>>(),
            "out": self.args.out.as_ref().map(|out| out.display().to_string()),
            "files": self.files.len(),
        });
        merge(&mut outcome, &diff.counts());
        if self.args.hours {
            let hours = diff.streams.iter().flat_map(hours);
            outcome["hours"] = hours.collect();
        }
        print_json(&outcome)
    }
}

/// Adds counts to an object.
fn merge(object: &mut Value, counts: &Counts) {
    object["added"] = counts.added.into();
    object["removed"] = counts.removed.into();
    object["moved"] = counts.moved.into();
    object["changed"] = counts.changed.into();
}

fn stream(stream: &StreamDiff) -> Value {
    let mut object = json!({
        "name": stream.name(),
        "rows": stream.rows(),
        "twin_rows": stream.twin_rows(),
    });
    merge(&mut object, &stream.counts());
    object
}

fn hours(stream: &StreamDiff) -> Vec<Value> {
    let hour = |(hour, counts): (i64, Counts)| {
        let mut object = json!({ "stream": stream.name(), "hour": time(hour) });
        merge(&mut object, &counts);
        object
    };
    stream.by_hour().into_iter().map(hour).collect()
}

fn event(event: &Event<'_>) -> Value {
    json!({
        "stream": event.stream,
        "event_id": event.event_id.to_string(),
        "change": event.change.name(),
        "time": event.time_us.map(time),
        "twin_time": event.twin_time_us.map(time),
        "differs_in": event.columns,
        "why": event.why,
        "via": event.via.map(Via::name),
    })
}
