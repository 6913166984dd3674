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
    let spec = RunSpec {
        days: 3.0,
        scale: 0.01,
        ..RunSpec::of("tutoring")
    };
    let run = Run::of(&spec, &())?;
    let mut session = Session::begin(&run, &());
    let mut days = Vec::new();
    while session.time() < session.end() {
        let mut sink = Counted::default();
        let next = session.time().max(run.settings.start) + Span::DAY;
        session.step(next, Some(&mut sink))?;
        println!("{} rows up to {}", sink.0, session.time());
        days.push((session.snapshot(), sink.0));
    }
    // The last day once more, from the snapshot before it.
    let (first, last) = (days.swap_remove(days.len() - 2), days.pop());
    let mut again = Session::resume(&run, first.0, &())?;
    let mut sink = Counted::default();
    again.step(again.end(), Some(&mut sink))?;
    assert_eq!(Some(sink.0), last.map(|(_, rows)| rows));
    assert_eq!(again.finish().fingerprint, session.finish().fingerprint);
    Ok(())
}
