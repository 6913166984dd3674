//! This example demonstrates a sink of one's own, as one for a database would be: it takes the events of a run and shows them
//! once the run is whole, here as a file of JSON lines. What else leaves a run, it may take as well: see [`Sink`].
//!
//! Run it with `cargo run -p causeflow-examples --example sink_of_a_run`.

use std::error::Error;

use causeflow_engine::base::table::{Chunk, RowSink, SinkError};
use causeflow_outputs::sink::{Opening, Sink};
use causeflow_outputs::{RowEncoder, TextFormat};
use causeflow_runs::{Job, RunSpec};

/// An encoder for each stream, the lines so far, and where they go.
struct Lines(Vec<RowEncoder>, Vec<u8>, std::path::PathBuf);

impl RowSink for Lines {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        let mut chunks = chunks.iter();
        Ok(chunks.try_for_each(|chunk| self.0[chunk.table].encode_all(chunk, &mut self.1))?)
    }
}

impl Sink for Lines {
    fn begin(&mut self, run: &Opening<'_>) -> Result<(), SinkError> {
        let of = |stream| RowEncoder::new(stream, run.dictionary, TextFormat::Jsonl);
        self.0 = run.streams.iter().map(of).collect();
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        Ok(std::fs::write(&self.2, &self.1)?)
    }

    /// Nothing has been shown that would have to be taken back.
    fn abort(&mut self) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut lines = Lines(Vec::new(), Vec::new(), folder.path().join("events.jsonl"));
    let mut spec = RunSpec::of("tutoring");
    spec.scale = 0.001;
    let (result, _) = Job::of(spec, None, &())?.write_to(&mut lines, &())?;
    let rows: u64 = result.streams.iter().map(|stream| stream.rows).sum();
    let shown = std::fs::read_to_string(&lines.2)?;
    assert_eq!(shown.lines().count() as u64, rows);
    Ok(())
}
