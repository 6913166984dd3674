//! What a run came to, for people and for programs.

use std::collections::BTreeMap;
use std::path::Path;

use causeflow_engine::STREAM_STABILITY_VERSION;
use causeflow_engine::run::RunResult;
use causeflow_engine::world::Settings;
use causeflow_models::Model;
use causeflow_outputs::FileEntry;
use serde_json::json;

use crate::errors::Failure;
use crate::model::digest;
use crate::output::{Align, Table, bytes, count, instant, print, print_json, rough, short, some};
use crate::progress::Clock;

/// A finished run.
pub struct Outcome<'a> {
    pub model: &'a Model,
    pub settings: &'a Settings,
    pub result: &'a RunResult,
    pub clock: Clock,
    pub threads: usize,
    /// Where it was written to, if it was.
    pub out: Option<&'a Path>,
    pub files: &'a [FileEntry],
}

impl Outcome<'_> {
    fn rows(&self) -> u64 {
        self.result.streams.iter().map(|stream| stream.rows).sum()
    }

    fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    fn domain(&self, stream: &str) -> &str {
        let program = &self.model.compiled.program;
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
        let days = (self.settings.end - self.settings.start).days();
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
        let took = format!(
            "{:.1} s, {} rows/s",
            self.clock.seconds(),
            short(self.clock.rate(rows))
        );
        let size = match self.out {
            Some(out) => format!(
                "{} in {} in {}",
                bytes(self.bytes() as f64),
                some(self.files.len(), "file"),
                out.display()
            ),
            None => "nothing written".to_owned(),
        };
        let ties = match self.result.ties {
            0 => String::new(),
            ties => format!(
                "warning: {ties} pairs of rows stand at the same place of the total order; please report this\n"
            ),
        };
        let fingerprint = self.result.fingerprint;
        print(&format!(
            "{}\n{took}; {size}\n{ties}fingerprint {fingerprint}\n",
            table.render(0)
        ))
    }

    /// Prints all of it as one JSON object.
    pub fn print_json(&self) -> Result<(), Failure> {
        let program = &self.model.compiled.program;
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
            "model_digest": digest(&self.model.files),
            "version": env!("CARGO_PKG_VERSION"),
            "stream_stability_version": STREAM_STABILITY_VERSION,
            "seed": self.settings.seed.to_string(),
            "start": instant(self.settings.start),
            "end": instant(self.settings.end),
            "scale": self.settings.scale,
            "threads": self.threads,
            "rows": self.rows(),
            "events_played": self.result.played,
            "ties": self.result.ties,
            "elapsed_seconds": self.clock.seconds(),
            "rows_per_second": self.clock.rate(self.rows()).round(),
            "out": self.out.map(|out| out.display().to_string()),
            "files": self.files.len(),
            "bytes": self.bytes(),
            "fingerprint": self.result.fingerprint.to_string(),
            "streams": self.result.streams.iter().map(stream).collect::<Vec<_>>(),
        }))
    }
}
