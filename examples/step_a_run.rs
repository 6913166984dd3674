//! This example demonstrates a run that is played step by step into a sink of one's own, from a snapshot of it too: rows
//! are counted day by day, and nothing is written.
//!
//! Run it with `cargo run -p causeflow-examples --example step_a_run`.

use std::error::Error;

use causeflow_engine::base::table::{Chunk, RowSink, SinkError};
use causeflow_engine::base::time::Span;
use causeflow_runs::{Run, RunSpec, Session};

/// Counts rows.
#[derive(Default)]
struct Counted(usize);

impl RowSink for Counted {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        self.0 += chunks.iter().map(|chunk| chunk.rows).sum::<usize>();
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut spec = RunSpec::of("tutoring");
    spec.days = 3.0;
    spec.scale = 0.01;
    let run = Run::of(&spec, &())?;
    let mut session = Session::begin(&run, &());
    let (mut before, mut rows) = (session.snapshot(), Counted::default());
    while session.time() < session.end() {
        before = session.snapshot();
        rows = Counted::default();
        let next = session.time().max(run.settings.start) + Span::DAY;
        session.step(next, Some(&mut rows))?;
        println!("{} rows up to {}", rows.0, session.time());
    }
    // The last day once more, from the snapshot before it.
    let mut again = Session::resume(&run, before, &())?;
    let mut last = Counted::default();
    again.step(again.end(), Some(&mut last))?;
    assert_eq!(last.0, rows.0);
    assert_eq!(again.finish().fingerprint, session.finish().fingerprint);
    Ok(())
}
