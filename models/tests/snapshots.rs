//! A run that is stopped, stored and goes on is the run that was never stopped; and one that goes on with
//! more interventions is the run that had them from the start.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::snapshot::{Snapshot, SnapshotError, open_from};
use causeflow_engine::streams::play::{Player, RunResult};
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use proptest::prelude::*;

use crate::random::{Plan, aim, files, intervene, spec};
use crate::support::{Collect, Row, START, play, program, property, rows_by_stream, settings};

/// Hours that are written: part of a second day.
const HOURS: i64 = 36;

fn hour(hour: i64) -> Time {
    START + Span(hour * Span::HOUR.0)
}

fn play_to(player: &mut Player, until: Time, sink: &mut Collect) {
    let played = player.play(until, Some(sink), &mut |_| ControlFlow::Continue(()));
    played.expect("nothing interrupts the run, and the sink takes everything");
}

/// As it comes back from a file.
fn stored(snapshot: &Snapshot) -> Snapshot {
    let bytes = postcard::to_stdvec(snapshot).expect("snapshots can be stored");
    let read: Snapshot = postcard::from_bytes(&bytes).expect("what was stored can be read");
    assert_eq!(&read, snapshot);
    read
}

/// Plays with stops at these times, at each of which the run is stored and read again.
fn play_with_stops(program: &Program, settings: &Settings, stops: &[Time]) -> (Collect, RunResult) {
    let mut sink = Collect::default();
    let mut player = Player::new(program.clone(), settings);
    for &stop in stops {
        play_to(&mut player, stop, &mut sink);
        let snapshot = stored(&player.snapshot());
        player = Player::resume(program.clone(), settings, snapshot).expect("it is the same run");
    }
    play_to(&mut player, settings.end, &mut sink);
    (sink, player.finish())
}

fn between(rows: &BTreeMap<String, Vec<Row>>, from: Time, to: Time) -> BTreeMap<String, Vec<&Row>> {
    let inside = |rows| -> Vec<&Row> {
        let rows: &Vec<Row> = rows;
        rows.iter()
            .filter(|row| (from.0..to.0).contains(&row.time))
            .collect()
    };
    rows.iter()
        .map(|(name, rows)| (name.clone(), inside(rows)))
        .collect()
}

proptest! {
    #![proptest_config(property(60))]

    #[test]
    fn stops_do_not_show(
        spec in spec(true),
        aims in prop::collection::vec(aim(), 0..4),
        stops in prop::collection::btree_set(-10..HOURS, 1..4),
    ) {
        let mut bent = program(&files(&Plan::new(&spec), Default::default()));
        for (number, aim) in aims.iter().enumerate() {
            intervene(&mut bent, number, aim);
        }
        let settings = settings(spec.seed, HOURS);
        let whole = play(&bent, &settings);
        let stops: Vec<Time> = stops.into_iter().map(hour).collect();
        let (sink, result) = play_with_stops(&bent, &settings, &stops);
        prop_assert_eq!(&rows_by_stream(&bent, &sink.0), &whole.rows);
        prop_assert_eq!(result.fingerprint, whole.result.fingerprint);
        prop_assert_eq!((result.played, result.ties), (whole.result.played, whole.result.ties));
        for (a, b) in result.streams.iter().zip(&whole.result.streams) {
            prop_assert_eq!(&a.fingerprint, &b.fingerprint);
            prop_assert_eq!(&a.impact, &b.impact);
            prop_assert_eq!(&a.series, &b.series);
        }
    }

    #[test]
    fn interventions_added_at_a_snapshot_are_as_if_they_had_been_there_all_along(
        spec in spec(true),
        mut earlier in prop::collection::vec(aim(), 0..3),
        mut later in prop::collection::vec(aim(), 1..3),
        at in 1..=24i64,
    ) {
        let base = program(&files(&Plan::new(&spec), Default::default()));
        let settings = settings(spec.seed, HOURS);
        let mut original = base.clone();
        for (number, aim) in earlier.iter_mut().enumerate() {
            intervene(&mut original, number, aim);
        }
        let mut bent = original.clone();
        for (number, aim) in later.iter_mut().enumerate() {
            aim.start = 24 + aim.start.rem_euclid(10);
            intervene(&mut bent, earlier.len() + number, aim);
        }
        let mut player = Player::new(original.clone(), &settings);
        play_to(&mut player, hour(at), &mut Collect::default());
        let snapshot = stored(&player.snapshot());
        prop_assert!(snapshot.time <= hour(24) && open_from(snapshot.time) == hour(24));
        let mut branch = Player::resume(bent.clone(), &settings, snapshot).expect("what is new begins later");
        branch.write_from(hour(24)).expect("it is not past that");
        let mut sink = Collect::default();
        play_to(&mut branch, settings.end, &mut sink);
        let result = branch.finish();
        let whole = play(&bent, &settings);
        let rows = rows_by_stream(&bent, &sink.0);
        prop_assert_eq!(between(&rows, START, settings.end), between(&whole.rows, hour(24), settings.end));
        for stream in &result.streams {
            prop_assert_eq!(stream.rows, rows[&stream.name].len() as u64);
        }
        // What lies before is as it was.
        let before = play(&original, &settings);
        prop_assert_eq!(between(&before.rows, START, hour(24)), between(&whole.rows, START, hour(24)));
    }
}

fn small() -> Program {
    let text = "
model: {name: small, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 28}}
entities:
  person: {count: 20, states: [active]}
streams:
  visited: {source: {rate: 200, actor: person}, fields: {person_id: {value: person.id}}}
";
    program(&[("small.yaml".to_owned(), text.to_owned())])
}

#[test]
fn a_snapshot_of_another_run_is_refused() {
    let (base, settings) = (small(), settings(1, HOURS));
    let mut player = Player::new(base.clone(), &settings);
    play_to(&mut player, hour(30), &mut Collect::default());
    let snapshot = player.snapshot();
    let refused = |program: &Program, settings: &Settings| {
        let resumed = Player::resume(program.clone(), settings, snapshot.clone());
        resumed.err().expect("it is another run")
    };
    let differs = |what| SnapshotError::Differs { what };
    let other = Settings {
        seed: 2,
        ..settings.clone()
    };
    assert_eq!(refused(&base, &other), differs("seed"));
    let other = Settings {
        scale: 0.5,
        ..settings.clone()
    };
    assert_eq!(refused(&base, &other), differs("scale"));
    let other = Settings {
        end: hour(HOURS + 1),
        ..settings.clone()
    };
    assert_eq!(refused(&base, &other), differs("end, which was earlier"));
    let other = Settings {
        streams: Some(vec![]),
        ..settings.clone()
    };
    assert_eq!(refused(&base, &other), differs("selection of streams"));
    let mut renamed = base.clone();
    renamed.streams[0].name = "called".to_owned();
    assert_eq!(refused(&renamed, &settings), differs("model"));
    let mut bent = base.clone();
    let aim = crate::random::Aim {
        stream: 0,
        parameter: 0,
        operation: 0,
        size: 2.0,
        start: 47,
        ..Default::default()
    };
    intervene(&mut bent, 0, &aim);
    assert_eq!(refused(&bent, &settings), SnapshotError::TooLate(hour(48)));
    let mut late = Player::resume(base, &settings, snapshot).expect("it is the same run");
    assert_eq!(
        late.write_from(hour(29)),
        Err(SnapshotError::TooLate(hour(30)))
    );
}
