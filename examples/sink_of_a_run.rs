//! This example demonstrates a sink of one's own for all that leaves a run, as one for a database would be: it takes the
//! streams, the other tables and what the run says about itself, here as lines of JSON, together with a folder of files.
//!
//! Run it with `cargo run -p causeflow-examples --example sink_of_a_run`.

use std::error::Error;

use causeflow_engine::base::table::{Chunk, RowSink, SinkError};
use causeflow_outputs::sink::{Document, Files, Heading, Opening, Sink, TableSink, Tee};
use causeflow_outputs::{Format, Manifest, Options, RowEncoder, RunFolder, TextFormat};
use causeflow_runs::{Job, RunSpec};

/// Writes lines of JSON, and shows them once the run is whole.
#[derive(Default)]
struct Lines {
    encoders: Vec<RowEncoder>,
    written: Vec<u8>,
    shown: Option<Vec<u8>>,
}

impl RowSink for Lines {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        for chunk in &chunks {
            let encoder = &mut self.encoders[chunk.table];
            for row in 0..chunk.rows {
                encoder.encode(chunk, row, &mut self.written)?;
            }
        }
        Ok(())
    }
}

impl Sink for Lines {
    fn begin(&mut self, run: &Opening<'_>) -> Result<(), SinkError> {
        let of = |schema| RowEncoder::new(schema, run.dictionary, TextFormat::Jsonl);
        self.encoders = run.streams.iter().map(of).collect();
        Ok(())
    }

    fn resume(&mut self, run: &Opening<'_>, checkpoint: &[u8]) -> Result<(), SinkError> {
        self.begin(run)?;
        // Whatever came after the checkpoint comes again.
        let kept: usize = std::str::from_utf8(checkpoint)?.parse()?;
        self.written.truncate(kept);
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<Vec<u8>, SinkError> {
        Ok(self.written.len().to_string().into_bytes())
    }

    fn close(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    fn table<'s>(&'s mut self, table: &Heading<'_>) -> Result<Box<dyn TableSink + 's>, SinkError> {
        let encoder = RowEncoder::new(table.schema, table.dictionary, TextFormat::Jsonl);
        Ok(Box::new(Table(encoder, &mut self.written)))
    }

    fn document(&mut self, document: &Document<'_>) -> Result<(), SinkError> {
        self.written.extend_from_slice(document.text.as_bytes());
        Ok(())
    }

    fn prepare(&mut self, _: &Manifest) -> Result<(), SinkError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.shown = Some(std::mem::take(&mut self.written));
        Ok(())
    }

    fn abort(&mut self) {
        self.written.clear();
    }
}

struct Table<'s>(RowEncoder, &'s mut Vec<u8>);

impl TableSink for Table<'_> {
    fn write(&mut self, chunk: &Chunk) -> Result<(), SinkError> {
        let Table(encoder, written) = self;
        Ok((0..chunk.rows).try_for_each(|row| encoder.encode(chunk, row, written))?)
    }

    fn finish(self: Box<Self>) -> Result<(), SinkError> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("run");
    let spec = RunSpec {
        days: 2.0,
        scale: 0.01,
        ..RunSpec::of("tutoring")
    };
    let job = Job::of(spec, Some(out.clone()), &())?;
    let mut lines = Lines::default();
    let options = Options::new(Format::Parquet, None)?;
    let mut files = Files::staged(RunFolder::create(&out, false)?, options);
    let (result, _) = job.write_to(&mut Tee::new(vec![&mut lines, &mut files]), &())?;

    let rows: u64 = result.streams.iter().map(|stream| stream.rows).sum();
    let shown = lines.shown.ok_or("the run is whole")?;
    let lines = shown.iter().filter(|&&byte| byte == b'\n').count();
    println!("{rows} events, {lines} lines with those of the other tables");
    assert!(
        lines as u64 > rows && Manifest::read(&out)?.fingerprint == result.fingerprint.to_string()
    );
    Ok(())
}
