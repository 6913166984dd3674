//! What a run came to, for people and for programs.

use std::collections::BTreeMap;

use causeflow_engine::STREAM_STABILITY_VERSION;
use causeflow_engine::kept::Kept;
use causeflow_engine::run::{Progress, RunResult};
use causeflow_outputs::FileEntry;
use serde_json::{Value, json};

use super::Job;
use super::attributed::Attributed;
use super::counterfactual::{Difference, StreamDifference};
use super::peopled;
use super::write::Written;
use crate::errors::Failure;
use crate::model::digest;
use crate::output::{Align, Table, bytes, count, instant, print, print_json, rough, short, some};
use crate::progress::Clock;

/// How many of the streams that differ from the twin are shown.
const DIFFERING_STREAMS: usize = 10;

/// A finished run.
pub struct Outcome<'a> {
    pub job: &'a Job<'a>,
    pub result: &'a RunResult,
    pub clock: Clock,
    pub threads: usize,
    /// What it has left, if it was written.
    pub written: Option<&'a Written>,
}

impl Outcome<'_> {
    fn rows(&self) -> u64 {
        self.result.streams.iter().map(|stream| stream.rows).sum()
    }

    fn bytes(&self) -> u64 {
        self.files().iter().map(|file| file.bytes).sum()
    }

    fn files(&self) -> &[FileEntry] {
        self.written.map_or(&[], |written| &written.manifest.files)
    }

    /// How far the run was when this process went on with it.
    fn resumed_from(&self) -> Option<Progress> {
        self.written?.resumed_from
    }

    /// Rows a second of this process's own.
    fn rate(&self) -> f64 {
        let before = self.resumed_from().map_or(0, |from| from.rows);
        self.clock.rate(self.rows().saturating_sub(before))
    }

    fn difference(&self) -> Option<&Difference> {
        self.written?.difference.as_ref()
    }

    fn attributed(&self) -> Attributed {
        Attributed::of(&self.job.interventions.plan, self.result)
    }

    fn domain(&self, stream: &str) -> &str {
        let program = &self.job.program;
        program
            .stream(stream)
            .map_or("", |index| &program.streams[usize::from(index)].domain)
    }

    /// Streams and rows by domain, the largest first.
    fn domains(&self) -> Vec<(&str, usize, u64)> {
        let mut domains: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
        for stream in &self.result.streams {
            let (streams, rows) = domains.entry(self.domain(&stream.name)).or_default();
            *streams += 1;
            *rows += stream.rows;
        }
        let mut sorted: Vec<_> = domains
            .into_iter()
            .map(|(name, (streams, rows))| (name, streams, rows))
            .collect();
        sorted.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(b.0)));
        sorted
    }

    /// Prints a short table and the fingerprint.
    pub fn print(&self) -> Result<(), Failure> {
        let days = (self.job.settings.end - self.job.settings.start).days();
        let mut table = Table::new(&[
            ("domain", Align::Left),
            ("streams", Align::Right),
            ("rows", Align::Right),
            ("rows/day", Align::Right),
        ]);
        for (name, streams, rows) in self.domains() {
            table.row([
                name.to_owned(),
                streams.to_string(),
                count(rows),
                rough(rows as f64 / days),
            ]);
        }
        let (rows, streams) = (self.rows(), self.result.streams.len());
        table.row([
            "total".into(),
            streams.to_string(),
            count(rows),
            rough(rows as f64 / days),
        ]);
        let resumed = self.resumed_from().map_or_else(String::new, |from| {
            format!(" from {} on", instant(from.time))
        });
        let took = format!(
            "{:.1} s{resumed}, {} rows/s",
            self.clock.seconds(),
            short(self.rate())
        );
        let size = match self.written {
            Some(_) => format!(
                "{} in {} in {}",
                bytes(self.bytes() as f64),
                some(self.files().len(), "file"),
                self.job.out.display()
            ),
            None => "nothing written".to_owned(),
        };
        let fingerprint = self.result.fingerprint;
        let attributed = self.attributed().text(rows);
        let difference = self.difference().map(difference).unwrap_or_default();
        print(&format!(
            "{}\n{difference}{attributed}{took}; {size}\nfingerprint {fingerprint}\n",
            table.render(0)
        ))
    }

    /// A warning of values that were kept within bounds, with the first of them.
    fn kept(&self, kept: &Kept) -> String {
        let (what, how) = kept.described(self.job.program);
        let (time, id) = kept.counted.first;
        let values = match kept.counted.number {
            1 => "1 value".to_owned(),
            many => format!("{} values", count(many)),
        };
        let first = kept
            .value()
            .map_or_else(String::new, |value| format!(", {value},"));
        let whose = if kept.is_of_event() {
            "event"
        } else {
            "entity"
        };
        format!(
            "warning: {what}: {values} {how}; the first{first} in the {whose} {id} at {}",
            instant(time)
        )
    }

    /// What was found that should not be, a line each.
    pub fn warnings(&self) -> Vec<String> {
        let ties = match self.result.ties {
            0 => None,
            ties => Some(format!(
                "warning: {} pairs of rows stand at the same place of the total order; please report this",
                count(ties)
            )),
        };
        let refused = match self.result.refused {
            0 => None,
            refused => Some(format!(
                "warning: {} refused, since the slots were not free\n  help: let a change `reserve` only `when` `free(...)` holds",
                match refused {
                    1 => "1 reservation was".to_owned(),
                    many => format!("{} reservations were", count(many)),
                }
            )),
        };
        let kept = self.result.kept.iter().map(|kept| self.kept(kept));
        let uneven = peopled::uneven(self.job.program, self.job.settings.scale);
        let uneven = uneven.into_iter().map(|line| format!("warning: {line}"));
        let warnings = ties.into_iter().chain(refused);
        warnings.chain(kept).chain(uneven).collect()
    }

    fn kept_json(&self, kept: &Kept) -> Value {
        let (what, how) = kept.described(self.job.program);
        let (time, id) = kept.counted.first;
        json!({
            "what": what,
            "how": how,
            "number": kept.counted.number,
            "first": {
                (if kept.is_of_event() { "event_id" } else { "entity_id" }): id.to_string(),
                "time": instant(time),
                "value": kept.value(),
            },
        })
    }

    /// Prints all of it as one JSON object.
    pub fn print_json(&self) -> Result<(), Failure> {
        let program = &self.job.program;
        let interventions = self.job.interventions;
        let scenarios = interventions.activations.iter();
        let stream = |stream: &causeflow_engine::run::StreamResult| {
            json!({
                "name": stream.name,
                "domain": self.domain(&stream.name),
                "rows": stream.rows,
                "fingerprint": stream.fingerprint.to_string(),
            })
        };
        print_json(&json!({
            "model": program.name,
            "model_digest": digest(&self.job.model.files),
            "version": env!("CARGO_PKG_VERSION"),
            "stream_stability_version": STREAM_STABILITY_VERSION,
            "seed": self.job.settings.seed.to_string(),
            "start": instant(self.job.settings.start),
            "end": instant(self.job.settings.end),
            "scale": self.job.settings.scale,
            "threads": self.threads,
            "rows": self.rows(),
            "events_played": self.result.played,
            "ties": self.result.ties,
            "refused_reservations": self.result.refused,
            "kept_within_bounds": self.result.kept.iter().map(|kept| self.kept_json(kept)).collect::<Vec<_>>(),
            "elapsed_seconds": self.clock.seconds(),
            "rows_per_second": self.rate().round(),
            "resumed_from": self.resumed_from().map(|from| instant(from.time)),
            "scenarios": scenarios.map(ToString::to_string).collect::<Vec<_>>(),
            "external_events": interventions.plan.external_events().len(),
            "attributed": self.attributed().as_json(),
            "counterfactual": self.difference().map(difference_as_json),
            "out": self.written.map(|_| self.job.out.display().to_string()),
            "files": self.files().len(),
            "bytes": self.bytes(),
            "fingerprint": self.result.fingerprint.to_string(),
            "streams": self.result.streams.iter().map(stream).collect::<Vec<_>>(),
        }))
    }
}

/// What differs from the twin, by stream.
fn difference(difference: &Difference) -> String {
    let identical = match difference.identical {
        1 => "1 stream is".to_owned(),
        equal => format!("{equal} streams are"),
    };
    if difference.streams.is_empty() {
        return format!(
            "without what was asked for, the run would be the same: {identical} identical\n\n"
        );
    }
    let mut table = Table::new(&[
        ("differs from its twin", Align::Left),
        ("rows", Align::Right),
        ("in the twin", Align::Right),
        ("added", Align::Right),
        ("removed", Align::Right),
        ("moved", Align::Right),
        ("changed", Align::Right),
    ]);
    for stream in difference.streams.iter().take(DIFFERING_STREAMS) {
        let counts = &stream.counts;
        table.row([
            stream.name.clone(),
            count(stream.rows),
            count(stream.twin_rows),
            count(counts.added),
            count(counts.removed),
            count(counts.moved),
            count(counts.changed),
        ]);
    }
    let more = match difference.streams.len().saturating_sub(DIFFERING_STREAMS) {
        0 => String::new(),
        more => format!("and {} more; ", some(more, "stream")),
    };
    format!(
        "{}{more}{identical} identical; counterfactual/ has every event that differs\n\n",
        table.render(0)
    )
}

fn difference_as_json(difference: &Difference) -> Value {
    let stream = |stream: &StreamDifference| {
        json!({
            "name": stream.name,
            "rows": stream.rows,
            "twin_rows": stream.twin_rows,
            "added": stream.counts.added,
            "removed": stream.counts.removed,
            "moved": stream.counts.moved,
            "changed": stream.counts.changed,
        })
    };
    json!({
        "streams": difference.streams.iter().map(stream).collect::<Vec<_>>(),
        "identical_streams": difference.identical,
    })
}
