//! A run that is stopped, stored and goes on is the run that was never stopped; and one that goes on with
//! more interventions is the run that had them from the start.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::snapshot::{Snapshot, SnapshotError};
use causeflow_engine::streams::play::{Player, RunResult};
use causeflow_engine::streams::program::{Backlog, Operation, Parameter, Program};
use causeflow_engine::streams::sides::Label;
use causeflow_engine::streams::world::Settings;
use proptest::prelude::*;

use crate::random::{Aim, Plan, aim, files, intervene, intervene_if, spec};
use crate::support::{Collect, Row, START, play, program, property, rows_by_stream, settings};
use crate::twins::bend;

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
        player = Player::resume(program.clone(), settings, &snapshot).expect("it is the same run");
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
        branch in branch(),
    ) {
        let base = program(&files(&Plan::new(&spec), Default::default()));
        branch.is_as_if_all_along(&base)?;
    }

}

proptest! {
    #![proptest_config(property(200))]

    /// Where people come all the time, and take part in several things, ever again; how many do is moved before, and what
    /// they do afterwards.
    #[test]
    fn who_has_joined_today_follows_what_begins_or_ends_today(
        mut branch in branch(),
        who in (0..4usize, 1..16i8),
        what in (0..4usize, 0..6i8),
    ) {
        let base = busy();
        let stream = |name: &str| base.stream(name).expect("the model has the stream").0 as u8;
        let hour = (branch.at / 60) as i8;
        if let Some((aim, ..)) = branch.earlier.first_mut() {
            aim.stream = stream(["joined", "activated", "went", "came"][who.0]);
            (aim.parameter, aim.start) = (5, hour - who.1);
        }
        if let Some((aim, _)) = branch.later.first_mut() {
            aim.stream = stream(["searched", "ordered", "went", "wrote"][what.0]);
            (aim.parameter, aim.start) = (0, what.1);
        }
        branch.is_as_if_all_along(&base)?;
    }
}

/// A run that goes on from a barrier otherwise: with interventions that end earlier, and with more of them.
#[derive(Clone, Debug)]
struct Branch {
    seed: u64,
    /// In minutes after the start.
    at: i64,
    /// Those that it has had, whether they were asked for, and how they end.
    earlier: Vec<(Aim, bool, u8)>,
    later: Vec<(Aim, bool)>,
    /// Whether it leaves out what lies before.
    write_from: bool,
}

fn branch() -> impl Strategy<Value = Branch> {
    (
        any::<u64>(),
        // Some as the day begins.
        prop_oneof![4 => -10 * 60..HOURS * 60, 1 => Just(0), 1 => Just(24 * 60)],
        prop::collection::vec((aim(), any::<bool>(), 0..12u8), 0..4),
        prop::collection::vec((aim(), any::<bool>()), 0..3),
        any::<bool>(),
    )
        .prop_map(|(seed, at, earlier, later, write_from)| Branch {
            seed,
            at,
            earlier,
            later,
            write_from,
        })
}

/// What becomes of an intervention that ends earlier, at this hour at the earliest; none if it does not come at all.
fn stopped(aim: &Aim, how: u8, hour: i8) -> Option<Aim> {
    let end = aim.start + aim.hours as i8;
    let hours = match how {
        0..5 => aim.hours,
        5..8 if aim.start >= hour && aim.parameter < 7 => return None,
        _ if aim.start >= hour => how % (aim.hours + 1),
        _ if end > hour => (hour - aim.start) as u8 + how % (end - hour) as u8,
        _ => aim.hours,
    };
    Some(Aim {
        hours,
        ..aim.clone()
    })
}

impl Branch {
    fn is_as_if_all_along(&self, base: &Program) -> Result<(), TestCaseError> {
        let settings = settings(self.seed, HOURS);
        let mut original = base.clone();
        for (number, (aim, asked_for, _)) in self.earlier.iter().enumerate() {
            intervene_if(&mut original, number, aim, *asked_for);
        }
        let mut sink = Collect::default();
        let mut player = Player::new(original.clone(), &settings);
        play_to(
            &mut player,
            START + Span(self.at * Span::MINUTE.0),
            &mut sink,
        );
        let snapshot = stored(&player.snapshot());
        let (time, mut bent) = (snapshot.time, base.clone());
        // Some begin and end with the barrier.
        let hour = -((START - time).0.div_euclid(Span::HOUR.0) as i8);
        for (number, (aim, asked_for, how)) in self.earlier.iter().enumerate() {
            match stopped(aim, *how, hour) {
                Some(aim) => intervene_if(&mut bent, number, &aim, *asked_for),
                None => {
                    let name = format!("intervention {number}");
                    let added = bent.add_interventions(&[(&name, *asked_for)]);
                    added.expect("there are few");
                }
            }
        }
        for (number, (aim, asked_for)) in self.later.iter().enumerate() {
            let start = hour + aim.start.clamp(0, 12);
            let aim = Aim {
                start,
                ..aim.clone()
            };
            intervene_if(&mut bent, self.earlier.len() + number, &aim, *asked_for);
        }
        let mut branch = match Player::resume(bent.clone(), &settings, &snapshot) {
            // Other delays may make matter what has been left out of the warm-up.
            Err(SnapshotError::Differs { .. }) if time < START => return Ok(()),
            branch => branch.expect("what is otherwise begins later"),
        };
        let from = match self.write_from {
            true => time,
            false => Time(i64::MIN),
        };
        if self.write_from {
            branch.write_from(from).expect("it is not past that");
            sink = Collect::default();
        }
        play_to(&mut branch, settings.end, &mut sink);
        let result = branch.finish();
        let whole = play(&bent, &settings);
        let rows = rows_by_stream(&bent, &sink.0);
        prop_assert_eq!(
            between(&rows, Time(i64::MIN), settings.end),
            between(&whole.rows, from, settings.end)
        );
        if self.write_from {
            for stream in &result.streams {
                prop_assert_eq!(stream.rows, rows[&stream.name].len() as u64);
            }
            return Ok(());
        }
        prop_assert_eq!(result.fingerprint, whole.result.fingerprint);
        for (a, b) in result.streams.iter().zip(&whole.result.streams) {
            prop_assert_eq!(&a.impact, &b.impact);
            prop_assert_eq!(&a.series, &b.series);
        }
        Ok(())
    }
}

const TILL: &str = "
model: {name: till, cells: 2, window: 1h, warmup: 2h, reference: {start: 2026-02-02, days: 28}}
desks:
  help: {shifts: [{from: 0h, to: 24h, agents: 3}]}
streams:
  ordered: {source: {rate: 1000}, fields: {amount: {value: 'uniform(1, 9)'}}}
  paid:
    causes: [{on: ordered, probability: 0.9, outcome: pay, delay: 0s..40m}]
    fields: {amount: {}}
  refused:
    causes: [{on: ordered, probability: 0.1, outcome: pay, delay: 0s..3h}]
    fields: {amount: {}}
  answered:
    causes: [{on: paid, probability: 0.3, delay: 1m}]
    desk: {name: help, work: 5m..9m}
    fields: {amount: {}}
";

/// A till that fails from the second hour to one, and is told from another intervention that does the same later; what it
/// has not taken is paid, or asked about, afterwards.
fn failing(until: i64, released: &str) -> Program {
    let mut program = program(&[("till.yaml".to_owned(), TILL.to_owned())]);
    let stream = |name| program.stream(name).expect("the model has the stream");
    let (held, released) = (stream("refused"), stream(released));
    let probability = Parameter::Probability(None);
    let fails = Operation::Override(0.9);
    for (by, &(name, hours)) in Label::each(&[("first", (2, until)), ("second", (20, 22))]) {
        bend(
            &mut program,
            name,
            "refused",
            probability.clone(),
            fails,
            hours,
        );
        let backlog = Backlog {
            by,
            held,
            released,
            share: 0.7,
            from: hour(hours.1),
            within: Span(8 * Span::HOUR.0),
        };
        program.release(&backlog).expect("both carry the amount");
    }
    program
}

#[test]
fn what_is_held_back_is_released_after_an_earlier_end() {
    let settings = settings(11, HOURS);
    for released in ["paid", "answered"] {
        let known = failing(12, released);
        for (at, until) in [(1, 2), (1, 6), (4, 4), (4, 9), (6, 7), (12, 12)] {
            let mut sink = Collect::default();
            let mut player = Player::new(known.clone(), &settings);
            play_to(&mut player, hour(at), &mut sink);
            let program = failing(until, released);
            let mut player = Player::resume(program.clone(), &settings, &player.snapshot())
                .expect("it ends later");
            play_to(&mut player, settings.end, &mut sink);
            let whole = play(&program, &settings);
            assert_eq!(rows_by_stream(&program, &sink.0), whole.rows);
        }
        let mut player = Player::new(known, &settings);
        play_to(&mut player, hour(13), &mut Collect::default());
        let late = Player::resume(failing(14, released), &settings, &player.snapshot());
        assert_eq!(late.err(), Some(SnapshotError::TooLate(hour(13))));
    }
}

/// What it has done, no intervention can undo.
#[test]
fn another_past_is_refused() {
    let settings = settings(1, HOURS);
    let known = failing(12, "paid");
    let mut player = Player::new(known, &settings);
    play_to(&mut player, hour(5), &mut Collect::default());
    let late = |program: Program| {
        let resumed = Player::resume(program, &settings, &player.snapshot());
        assert_eq!(resumed.err(), Some(SnapshotError::TooLate(hour(5))));
    };
    // It ends before the barrier, is released otherwise, or not at all.
    late(failing(4, "paid"));
    late(failing(12, "answered"));
    let mut less = failing(12, "paid");
    less.backlogs.clear();
    late(less);
    // Something else is bent.
    let mut more = failing(12, "paid");
    bend(
        &mut more,
        "first",
        "ordered",
        Parameter::Rate,
        Operation::Multiply(2.0),
        (3, 12),
    );
    late(more);
    let mut later = failing(12, "paid");
    bend(
        &mut later,
        "first",
        "ordered",
        Parameter::Rate,
        Operation::Multiply(2.0),
        (5, 12),
    );
    assert!(Player::resume(later, &settings, &player.snapshot()).is_ok());
}

/// People join all the time, leave and come back; they search, order and write, which some of it changes, keeps an agent
/// busy or takes time in their calendars.
fn busy() -> Program {
    let text = "
model: {name: busy, cells: 2, window: 1h, warmup: 6h, reference: {start: 2026-02-02, days: 28}}
entities:
  person:
    count: 40
    states: [new, active, away]
    starts: active
    joins: new
    activity: 'lognormal(1, 0.5)'
    variables: {orders: 0}
    calendar: {step: 1h, days: 3, open: always}
desks:
  help: {shifts: [{from: 0h, to: 24h, agents: 2}]}
streams:
  joined: {source: {rate: 240}, creates: person}
  activated:
    causes: [{on: joined, probability: 0.7, delay: 0s..8h}]
    changes: [{entity: person, state: active}]
  searched: {source: {rate: 500, actor: person, states: {new: 0.2, active: 1}}}
  ordered:
    source: {rate: 200, actor: person, states: [active]}
    causes: [{on: searched, probability: 0.2, delay: 1m..3h}]
    let: {has_time: {value: 'free(person, time, 1h)'}}
    changes: [{entity: person, add: {orders: 1}}, {entity: person, reserve: {from: time, for: 2h}, when: has_time}]
    fields: {orders: {value: person.orders}, had_time: {value: has_time}}
  wrote: {source: {rate: 120, actor: person, states: {active: 1, away: 0.5}}}
  answered: {causes: [{on: wrote, delay: 1m}], desk: {name: help, work: 5m..20m}}
  went:
    source: {rate: 150, actor: person, states: [active]}
    changes: [{entity: person, state: away}]
  came:
    causes: [{on: went, delay: 10m..6h}]
    changes: [{entity: person, state: active}]
  reminded: {timer: {every: 5h, per: person, states: [away]}}
";
    program(&[("busy.yaml".to_owned(), text.to_owned())])
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
        let resumed = Player::resume(program.clone(), settings, &snapshot);
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
        start: 29,
        ..Default::default()
    };
    intervene(&mut bent, 0, &aim);
    assert_eq!(refused(&bent, &settings), SnapshotError::TooLate(hour(30)));
    let mut late = Player::resume(base, &settings, &snapshot).expect("it is the same run");
    assert_eq!(
        late.write_from(hour(29)),
        Err(SnapshotError::TooLate(hour(30)))
    );
}
