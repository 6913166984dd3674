//! A run comes out the same wherever it was stopped, and from a snapshot.

use causeflow_engine::base::table::{Chunk, RowSink, SinkError};
use causeflow_engine::base::time::Span;
use causeflow_runs::{Error, Kind, Run, Session};
use proptest::prelude::*;

use crate::support::small;

/// Counts rows, and fails where it has no room for more.
struct Counted {
    rows: usize,
    room: usize,
}

impl RowSink for Counted {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        self.rows += chunks.iter().map(|chunk| chunk.rows).sum::<usize>();
        match self.rows > self.room {
            true => Err(Box::new(Error::input("no room", "choose a larger sink"))),
            false => Ok(()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn steps_and_snapshots_change_nothing(
        mut stops in prop::collection::vec(0_i64..48 * 60, 1..5),
        resumed in any::<prop::sample::Index>(),
    ) {
        let run = Run::of(&small(), &()).expect("it can be played");
        let mut whole = Session::begin(&run, &());
        whole.step(whole.end(), None).expect("it plays");
        let (rows, whole) = (whole.player().world().end, whole.finish());
        prop_assert_eq!(rows, run.settings.end);
        stops.sort_unstable();
        let at = resumed.index(stops.len());
        let mut sink = Counted { rows: 0, room: usize::MAX };
        let mut session = Session::begin(&run, &());
        for (place, minutes) in stops.into_iter().enumerate() {
            let until = run.settings.start + Span(minutes * Span::MINUTE.0);
            session.step(until, Some(&mut sink)).expect("it plays");
            prop_assert!(session.time() >= until);
            if place == at {
                let snapshot = session.snapshot();
                session = Session::resume(&run, snapshot, &()).expect("of this run");
            }
        }
        session.step(session.end(), Some(&mut sink)).expect("it plays");
        let stepped = session.finish();
        prop_assert_eq!(stepped.fingerprint, whole.fingerprint);
        let all: u64 = whole.streams.iter().map(|stream| stream.rows).sum();
        prop_assert_eq!(sink.rows as u64, all);
    }
}

#[test]
fn what_a_sink_fails_with_is_what_the_step_fails_with() {
    let run = Run::of(&small(), &()).expect("it can be played");
    let mut sink = Counted { rows: 0, room: 100 };
    let mut session = Session::begin(&run, &());
    let end = session.end();
    let error = session.step(end, Some(&mut sink)).expect_err("no room");
    assert_eq!(error.kind(), Kind::Input);
    assert_eq!(error.help().as_deref(), Some("choose a larger sink"));
}

#[test]
fn a_snapshot_of_another_run_is_refused() {
    let run = Run::of(&small(), &()).expect("it can be played");
    let other = causeflow_runs::RunSpec { seed: 7, ..small() };
    let other = Run::of(&other, &()).expect("it can be played");
    let mut session = Session::begin(&run, &());
    session.step(run.settings.start, None).expect("it plays");
    let error = Session::resume(&other, session.snapshot(), &()).err();
    assert_eq!(error.expect("of another run").kind(), Kind::Input);
}
