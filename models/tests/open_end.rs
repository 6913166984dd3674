//! A run whose end is open goes on as if its end had been a later one from the start.

use std::ops::ControlFlow;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::Player;
use causeflow_engine::streams::play::snapshot::SnapshotError;
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use proptest::prelude::*;

use crate::random::{Aim, Plan, aim, files, intervene_if, spec};
use crate::support::{Collect, START, play, program, property, rows_by_stream, settings};

fn minute(minute: i64) -> Time {
    START + Span(minute * Span::MINUTE.0)
}

fn play_to(player: &mut Player, until: Time, sink: &mut Collect) {
    let played = player.play(until, Some(sink), &mut |_| ControlFlow::Continue(()));
    played.expect("nothing interrupts the run, and the sink takes everything");
}

fn bent(base: &Program, aims: &[(Aim, bool)]) -> Program {
    let mut bent = base.clone();
    for (number, (aim, asked_for)) in aims.iter().enumerate() {
        intervene_if(&mut bent, number, aim, *asked_for);
    }
    bent
}

proptest! {
    #![proptest_config(property(60))]

    #[test]
    fn an_open_end_does_not_show(
        spec in spec(true),
        aims in prop::collection::vec((aim(), any::<bool>()), 0..3),
        mut later in prop::collection::vec((aim(), any::<bool>()), 0..2),
        ends in prop::collection::btree_set(60..40 * 60i64, 2..4),
        open in any::<bool>(),
        few in any::<bool>(),
    ) {
        let base = program(&files(&Plan::new(&spec), Default::default()));
        let first = ends.first().copied().unwrap_or_default();
        let last = ends.last().copied().unwrap_or_default();
        for (aim, _) in &mut later {
            // After the first end and its barrier, which not even the first program knew of.
            aim.start = (first / 60) as i8 + 3 + aim.start.rem_euclid(8);
        }
        let program = bent(&base, &aims);
        let all = bent(&base, &[aims, later].concat());
        let some = base.stream_ids().filter(|stream| stream.0 % 2 == 1);
        let whole = Settings {
            end: minute(last),
            streams: few.then(|| some.collect()),
            ..settings(spec.seed, 0)
        };
        let settings = |end: i64, open_end| Settings { end: minute(end), open_end, ..whole.clone() };
        let mut sink = Collect::default();
        let mut player = Player::new(program.clone(), &settings(first, true));
        play_to(&mut player, whole.end, &mut sink);
        prop_assert!(player.time() >= minute(first) && player.time() < minute(first) + base.window);
        // What is played is what a run that ends there has.
        let short = Settings { end: player.time(), ..whole.clone() };
        let short = play(&program, &short);
        prop_assert_eq!(&rows_by_stream(&program, &sink.0), &short.rows);
        let mut barrier = player.time();
        for &end in ends.iter().skip(1) {
            // The last of them need not be open any more.
            let open = open || end < last || minute(end) < player.time();
            let settings = settings(end, open);
            let snapshot = player.snapshot();
            player = Player::resume(all.clone(), &settings, &snapshot).expect("its end was open");
            play_to(&mut player, whole.end, &mut sink);
            barrier = if open { player.time() } else { barrier };
        }
        let whole = Settings { end: player.world().end.max(barrier), ..whole };
        let result = player.finish();
        let whole = play(&all, &whole);
        prop_assert_eq!(&rows_by_stream(&all, &sink.0), &whole.rows);
        prop_assert_eq!(result.fingerprint, whole.result.fingerprint);
        for (a, b) in result.streams.iter().zip(&whole.result.streams) {
            prop_assert_eq!(&a.impact, &b.impact);
            prop_assert_eq!(&a.series, &b.series);
        }
    }
}

const PATIENT: &str = "
model: {name: patient, cells: 2, window: 15m, reference: {start: 2026-02-02, days: 28}}
streams:
  sown: {source: {rate: 20}, fields: {patience: {value: 'uniform(1, 1000000000)'}}}
  grown: {causes: [{on: sown, delay: 60d}]}
  forgotten: {causes: [{on: sown, delay: '1000d * patience'}]}
";

/// More windows ahead than have a place of their own, and as far as time goes.
#[test]
fn what_is_far_ahead_waits_for_its_time() {
    let program = program(&[("patient.yaml".to_owned(), PATIENT.to_owned())]);
    let whole = settings(1, 150 * 24);
    let first = Settings {
        end: minute(50 * 24 * 60),
        open_end: true,
        ..whole.clone()
    };
    let mut sink = Collect::default();
    let mut player = Player::new(program.clone(), &first);
    play_to(&mut player, first.end, &mut sink);
    let mut player =
        Player::resume(program.clone(), &whole, &player.snapshot()).expect("its end was open");
    play_to(&mut player, whole.end, &mut sink);
    let rows = rows_by_stream(&program, &sink.0);
    let later = |time: i64| time + 60 * Span::DAY.0;
    let times = |stream: &str| rows[stream].iter().map(|row| row.time);
    let expected: Vec<i64> = times("sown")
        .map(later)
        .filter(|&t| t < whole.end.0)
        .collect();
    assert!(expected.len() > 1000);
    assert_eq!(times("grown").collect::<Vec<i64>>(), expected);
    assert!(rows["forgotten"].is_empty());
    let at_once = play(&program, &whole);
    assert_eq!(rows, at_once.rows);
}

#[test]
fn an_end_that_was_not_open_stays() {
    let program = program(&[("patient.yaml".to_owned(), PATIENT.to_owned())]);
    let fixed = settings(1, 24);
    let mut player = Player::new(program.clone(), &fixed);
    play_to(&mut player, minute(60), &mut Collect::default());
    let open = Settings {
        open_end: true,
        ..fixed.clone()
    };
    let resumed = Player::resume(program.clone(), &open, &player.snapshot());
    let what = "end, which was earlier";
    assert_eq!(resumed.err(), Some(SnapshotError::Differs { what }));
    let mut player = Player::new(program.clone(), &open);
    play_to(&mut player, minute(60), &mut Collect::default());
    assert!(Player::resume(program, &fixed, &player.snapshot()).is_ok());
}
