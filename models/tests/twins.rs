//! A run under interventions and its twin without them: every event knows whether the twin has it, the
//! same, and what interventions did is counted as the twins show it. This holds for every model,
//! also where state carries what has changed to events that no modifier aims at.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use causeflow_engine::base::head::{BY_CONTENTION, JOINTLY};
use causeflow_engine::base::time::Span;
use causeflow_engine::streams::attribution::Difference;
use causeflow_engine::streams::play::run;
use causeflow_engine::streams::program::{
    Backlog, Envelope, Modifier, Operation, Parameter, Program, Settling, Without,
};
use causeflow_engine::streams::series::{Series, Tally, hour_of};
use causeflow_engine::streams::sides::{Label, Side};
use proptest::prelude::*;

use crate::names::agree_on_names;
use crate::random::{Aim, Plan, aim, files, intervene, intervene_if, spec};
use crate::support::{Played, Row, START, play, program, property, settings};

/// Hours that are written.
const HOURS: i64 = 30;

/// Where an event is, in its stream: what both runs have there is compared.
pub fn places(rows: &[Row]) -> BTreeMap<(u64, i64), &Row> {
    rows.iter().map(|row| ((row.id, row.time), row)).collect()
}

/// One side of a series; hours without events on it have no entry.
fn on(series: &Series, side: Side) -> BTreeMap<i64, Tally> {
    let hours = series.hours().map(|(at, hour)| (at, hour.on(side)));
    hours
        .filter(|(_, tally)| *tally != Tally::default())
        .collect()
}

/// The series of some rows, as their values say.
fn summed_up(program: &Program, stream: &str, rows: &[Row]) -> BTreeMap<i64, Tally> {
    let stream = &program.streams[program.stream(stream).expect("it is played")];
    let mut hours: BTreeMap<i64, Tally> = BTreeMap::new();
    for row in rows {
        let value = stream.value.map_or(0.0, |at| {
            row.fields[&stream.fields[usize::from(at)].0.name].number()
        });
        *hours.entry(hour_of(row.time)).or_default() += Tally {
            count: 1,
            value_millionths: (value * 1e6).round_ties_even() as i128,
        };
    }
    hours
}

pub fn without_attribution(row: &Row) -> Row {
    Row {
        attribution: None,
        ..row.clone()
    }
}

/// Rows say what the twin that nothing touches says, and the counts are those of the two runs.
pub fn agree(program: &Program, played: &Played, twin: &Played) {
    agree_on(program, played, Side::UNTOUCHED, twin);
    for result in &played.result.streams {
        let there = places(&twin.rows[&result.name]);
        let mut named: BTreeMap<(String, i64), u64> = BTreeMap::new();
        for row in &played.rows[&result.name] {
            let other = there.get(&(row.id, row.time)).copied();
            let same = other.is_some_and(|other| without_attribution(row) == *other);
            // Every difference has a name, and nothing else has.
            assert_eq!(
                row.attribution.is_none(),
                same,
                "{}: {row:?}\nin the twin: {other:?}\n{:?}",
                result.name,
                program.modified
            );
            if let Some(name) = &row.attribution {
                *named.entry((name.clone(), hour_of(row.time))).or_default() += 1;
            }
        }
        let mut counted: BTreeMap<(String, i64), u64> = BTreeMap::new();
        for ((account, hour), difference) in result.impact.differences() {
            let Some(label) = account.label() else {
                continue;
            };
            assert!(
                !label.is_none(),
                "{}: a difference is nobody's",
                result.name
            );
            let name = label
                .intervention()
                .map(|at| &*program.interventions[at].name);
            let name = name.unwrap_or(JOINTLY);
            let via = if account.is_scarcity() {
                BY_CONTENTION
            } else {
                ""
            };
            let there = difference.added + difference.changed;
            if there > 0 {
                *counted.entry((format!("{name}{via}"), hour)).or_default() += there;
            }
        }
        assert_eq!(counted, named, "{}", result.name);
        let other = twin.result.streams.iter().find(|s| s.name == result.name);
        let other = &other.expect("both have the same streams").series;
        assert_eq!(
            on(&result.series, Side::FACTUAL),
            summed_up(program, &result.name, &played.rows[&result.name])
        );
        assert_eq!(
            on(&result.series, Side::UNTOUCHED),
            on(other, Side::FACTUAL)
        );
        assert_eq!(on(other, Side::FACTUAL), on(other, Side::UNTOUCHED));
    }
}

/// A model of one file under interventions that bend it here and there agrees with its twin without them.
pub fn agrees_when_bent(text: String, seed: u64, hours: i64, aims: &[Aim]) {
    let untouched = program(&[("a.yaml".to_owned(), text)]);
    let mut bent = untouched.clone();
    for (number, aim) in aims.iter().enumerate() {
        intervene(&mut bent, number, aim);
    }
    let settings = settings(seed, hours);
    agree(&bent, &play(&bent, &settings), &play(&untouched, &settings));
}

/// What is counted as the difference from a side is how the run differs from the twin that is played like it.
pub fn agree_on(program: &Program, played: &Played, side: Side, twin: &Played) {
    let scarce =
        program.desk_process().is_some() || program.kinds.iter().any(|k| k.diary.is_some());
    for result in &played.result.streams {
        let (rows, others) = (&played.rows[&result.name], &twin.rows[&result.name]);
        let (here, there) = (places(rows), places(others));
        let mut expected: BTreeMap<i64, Difference> = BTreeMap::new();
        for (place, row) in &here {
            let hour = expected.entry(hour_of(row.time)).or_default();
            match there.get(place) {
                None => hour.added += 1,
                Some(other) => {
                    let same = without_attribution(row) == without_attribution(other);
                    hour.changed += u64::from(!same);
                }
            }
        }
        for ((_, time), _) in there.iter().filter(|(place, _)| !here.contains_key(*place)) {
            expected.entry(hour_of(*time)).or_default().removed += 1;
        }
        expected.retain(|_, difference| *difference != Difference::default());
        let mut counted: BTreeMap<i64, Difference> = BTreeMap::new();
        let of_side = result.impact.differences();
        for ((account, hour), difference) in of_side.filter(|((a, _), _)| a.side() == side) {
            assert!(scarce || !account.is_scarcity(), "nothing is scarce");
            counted.entry(hour).or_default().merge(&difference);
        }
        assert_eq!(counted, expected, "{} {side:?}", result.name);
    }
}

/// Whether an intervention acts on a side that lacks something.
fn acts(without: Without, label: Label, asked_for: bool) -> bool {
    match without {
        Without::Nothing => true,
        Without::All => false,
        Without::AskedFor => !asked_for,
        Without::One(one) => label != one,
    }
}

proptest! {
    #![proptest_config(property(200))]

    #[test]
    fn every_side_is_a_run_of_its_own(
        spec in spec(true),
        aims in prop::collection::vec((aim(), any::<bool>()), 1..5),
    ) {
        let base = program(&files(&Plan::new(&spec), Default::default()));
        let bent = |acts: &dyn Fn(Label, bool) -> bool| {
            let mut bent = base.clone();
            for (number, (aim, asked_for)) in aims.iter().enumerate() {
                if acts(Label::of(number), *asked_for) {
                    intervene_if(&mut bent, number, aim, *asked_for);
                }
            }
            bent
        };
        let factual = bent(&|_, _| true);
        let settings = settings(spec.seed, HOURS);
        let played = play(&factual, &settings);
        prop_assert_eq!(played.result.ties, 0);
        let mut twins = Vec::new();
        for (side, without) in (0..).map(Side).zip(factual.sides()).skip(1) {
            let twin = play(&bent(&|label, asked_for| acts(without, label, asked_for)), &settings);
            match side {
                Side::UNTOUCHED => agree(&factual, &played, &twin),
                _ => agree_on(&factual, &played, side, &twin),
            }
            twins.push((side, twin));
        }
        agree_on_names(&factual, &played, &twins);
    }
}

/// The events of a run, wherever they are.
fn identities(played: &Played, stream: &str) -> BTreeSet<(u64, i64)> {
    played.rows[stream]
        .iter()
        .map(|row| (row.id, row.time))
        .collect()
}

proptest! {
    #![proptest_config(property(60))]

    /// Where no state carries anything on and nothing shares what there is, a multiplier above 1 only
    /// adds events, one below 1 only removes some.
    #[test]
    fn multipliers_above_one_only_add_and_below_one_only_remove(
        spec in spec(false),
        mut aims in prop::collection::vec(aim(), 1..5),
        upwards in any::<bool>(),
    ) {
        let plan = Plan::new(&spec);
        let base = program(&files(&plan, Default::default()));
        let mut bent = base.clone();
        for (number, aim) in aims.iter_mut().enumerate() {
            aim.parameter %= 3;
            aim.operation = 0;
            aim.size = if upwards { 1.0 + aim.size } else { aim.size / 3.0 };
            let stream = usize::from(aim.stream) % base.streams.len();
            let name = &base.streams[stream].name;
            let planned = plan.streams.iter().find(|planned| planned.name == *name);
            // An outcome made likelier takes events from the others of its group.
            if planned.is_some_and(|p| p.causes.iter().all(|cause| cause.outcome.is_none())) {
                intervene(&mut bent, number, aim);
            }
        }
        let settings = settings(spec.seed, HOURS);
        let (played, twin) = (play(&bent, &settings), play(&base, &settings));
        for stream in &base.streams {
            let (with, without) = (identities(&played, &stream.name), identities(&twin, &stream.name));
            let (larger, smaller) = if upwards { (with, without) } else { (without, with) };
            prop_assert!(larger.is_superset(&smaller), "{}", stream.name);
        }
    }

    #[test]
    fn neither_threads_nor_a_sink_show(
        spec in spec(true),
        aims in prop::collection::vec(aim(), 1..5),
    ) {
        let mut bent = program(&files(&Plan::new(&spec), Default::default()));
        for (number, aim) in aims.iter().enumerate() {
            intervene(&mut bent, number, aim);
        }
        let settings = settings(spec.seed, HOURS);
        let with_sink = play(&bent, &settings).result;
        for threads in [1, 2, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.expect("threads can be started");
            let result = pool.install(|| run(bent.clone(), &settings, None, &mut |_| ControlFlow::Continue(())));
            let result = result.expect("nothing interrupts the run");
            for (a, b) in result.streams.iter().zip(&with_sink.streams) {
                prop_assert_eq!(&a.fingerprint, &b.fingerprint);
                prop_assert_eq!(&a.impact, &b.impact);
                prop_assert_eq!(&a.series, &b.series);
            }
        }
    }
}

/// A model in which all that can carry a difference does: outcomes, delays, fields that decide, who
/// joins, states, variables, counters and the platform's view of them.
const CARRIES: &str = "
model: {name: carries, cells: 3, window: 1h, reference: {start: 2026-02-02, days: 28}}
counters: [open, paid]
entities:
  person: {count: 60, states: [new, active, paused, gone], starts: active, joins: new, variables: {seen: '0', owes: '0'}}
streams:
  joined: {source: {rate: 40}, creates: person, fields: {person_id: {value: person.id}}}
  welcomed: {causes: [{on: joined, probability: 0.8, delay: 1h..3h}], changes: [{entity: person, state: active}], fields: {person_id: {value: person.id}}}
  visited:
    source: {rate: 900, actor: person, states: [active]}
    fields:
      times: {value: person.seen}
      mood: {value: 'round(3 + normal(0, 1))', type: int}
      thanks: {value: happens(thanked)}
    changes: [{entity: person, add: {seen: 1}}]
  ordered: {causes: [{on: visited, probability: 0.5, delay: 1m..20m}], fields: {order_id: {value: new_id(order)}}, changes: [{counter: open, add: 1}, {entity: person, add: {owes: 10}}]}
  paid: {causes: [{on: ordered, outcome: payment, probability: 0.9, delay: 0s..5m}], fields: {order_id: {}, amount: {value: person.owes}}, changes: [{counter: paid, add: 10}, {counter: open, add: -1}, {entity: person, set: {owes: 0}}]}
  refused: {causes: [{on: ordered, outcome: payment, probability: 0.1, delay: 0s..5m}], fields: {order_id: {}, person_id: {value: person.id}}}
  thanked: {causes: [{on: visited, when: happens(ordered), probability: 0.4, delay: 5m}], fields: {times: {}}}
  paused: {causes: [{on: visited, probability: 0.2, delay: 10m}], changes: [{entity: person, state: paused}], fields: {person_id: {value: person.id}}}
  resumed: {causes: [{on: paused, probability: 1, delay: 30m..3h}], changes: [{entity: person, state: active}], fields: {person_id: {value: person.id}}}
  complained: {causes: [{on: visited, when: 'mood <= 1', probability: 0.7, delay: 10m..2h}], fields: {mood: {}}}
  left: {causes: [{on: complained, probability: 0.3, delay: 1h}], changes: [{entity: person, state: gone}], fields: {person_id: {value: person.id}}}
  reminded: {timer: {every: 6h, per: person, states: [active], when: 'person.owes > 0'}, fields: {owes: {value: person.owes}}}
  counted: {timer: {every: 1h, at: 0m}, fields: {active: {value: \"count(person, 'active')\"}, open: {value: total(open)}, earned: {value: change(paid)}}}
";

fn carries() -> Program {
    program(&[("carries.yaml".to_owned(), CARRIES.to_owned())])
}

pub fn bend(
    program: &mut Program,
    by: &str,
    stream: &str,
    parameter: Parameter,
    operation: Operation,
    hours: (i64, i64),
) {
    let at = |hour: i64| START + Span(hour * Span::HOUR.0);
    let envelope = Envelope {
        start: at(hours.0),
        onset: Span(0),
        end: at(hours.1),
        settling: Settling::Immediate,
        until: None,
    };
    let known = program
        .interventions
        .iter()
        .position(|known| known.name == by);
    let by = match known {
        Some(at) => Label::of(at),
        None => program.intervene(by).expect("there are few"),
    };
    let stream = program.stream(stream).expect("the model has the stream");
    let modifier = Modifier {
        by,
        operation,
        envelope,
        precedence: 0,
    };
    program
        .modify(stream, &parameter, modifier)
        .expect("the stream has the parameter");
}

#[test]
fn several_overlapping_scenarios_agree_with_the_twin_event_by_event() {
    let base = carries();
    let mut bent = carries();
    bend(
        &mut bent,
        "surge",
        "visited",
        Parameter::Rate,
        Operation::Multiply(1.5),
        (6, 30),
    );
    bend(
        &mut bent,
        "slump",
        "visited",
        Parameter::Rate,
        Operation::Multiply(0.6),
        (24, 60),
    );
    bend(
        &mut bent,
        "gloom",
        "visited",
        Parameter::Field("mood".into()),
        Operation::Add(-1.5),
        (12, 40),
    );
    bend(
        &mut bent,
        "outage",
        "refused",
        Parameter::Probability(None),
        Operation::Override(0.95),
        (20, 26),
    );
    bend(
        &mut bent,
        "outage",
        "complained",
        Parameter::Delay(None),
        Operation::Multiply(3.0),
        (20, 26),
    );
    bend(
        &mut bent,
        "drive",
        "joined",
        Parameter::Volume,
        Operation::Multiply(3.0),
        (30, 50),
    );
    let settings = settings(1, 96);
    let (played, twin) = (play(&bent, &settings), play(&base, &settings));
    assert_eq!((played.result.ties, twin.result.ties), (0, 0));
    agree(&bent, &played, &twin);
    // The test is not empty: every stream has rows of every kind, and state carries what no modifier aims at.
    for (stream, rows) in &played.rows {
        let touched = rows.iter().filter(|row| row.attribution.is_some()).count();
        assert!(touched > 0, "{stream} is not touched");
        let differs = identities(&played, stream) != identities(&twin, stream);
        assert!(
            differs || stream == "counted",
            "{stream} has the events of its twin"
        );
    }
    let by = |stream: &str| -> BTreeSet<String> {
        played.rows[stream]
            .iter()
            .filter_map(|row| row.attribution.clone())
            .collect()
    };
    assert_eq!(by("joined"), BTreeSet::from(["drive".to_owned()]));
    assert!(by("refused").contains("outage") && by("left").contains("gloom"));
    // Before the first of them begins, nothing has happened.
    let first = START.0 + 6 * Span::HOUR.0;
    let early = played
        .rows
        .values()
        .flatten()
        .filter(|row| row.time < first);
    assert!(early.clone().count() > 100 && early.clone().all(|row| row.attribution.is_none()));
}

#[test]
fn a_backlog_releases_its_share_of_what_was_held_back() {
    let base = carries();
    let mut bent = carries();
    bend(
        &mut bent,
        "outage",
        "refused",
        Parameter::Probability(None),
        Operation::Override(0.95),
        (20, 32),
    );
    let stream = |name| base.stream(name).expect("the model has the stream");
    let from = START + Span(32 * Span::HOUR.0);
    let within = Span(2 * Span::HOUR.0);
    let backlog = Backlog {
        by: Label(1),
        held: stream("refused"),
        released: stream("paid"),
        share: 0.8,
        from,
        within,
    };
    bent.release(&backlog)
        .expect("a refused order has what a paid one needs");
    let settings = settings(5, 72);
    let (played, twin) = (play(&bent, &settings), play(&base, &settings));
    agree(&bent, &played, &twin);
    let refused: BTreeMap<u64, &Row> = played.rows["refused"]
        .iter()
        .map(|row| (row.id, row))
        .collect();
    let held: BTreeSet<u64> = refused
        .values()
        .filter(|row| row.attribution.is_some())
        .map(|row| row.id)
        .collect();
    let released: Vec<&Row> = played.rows["paid"]
        .iter()
        .filter(|row| row.cause.is_some_and(|cause| refused.contains_key(&cause)))
        .collect();
    for row in &released {
        let cause = row.cause.expect("it has one");
        assert!(held.contains(&cause), "only what was held back is released");
        assert_eq!(row.fields["order_id"], refused[&cause].fields["order_id"]);
        assert!((from.0..(from + within).0 + 1).contains(&row.time));
        assert_eq!(row.attribution.as_deref(), Some("outage"));
    }
    // Binomial: five standard deviations, exceeded once in 1.7 million.
    let (n, got) = (held.len() as f64, released.len() as f64);
    assert!(
        n > 100.0 && (got - 0.8 * n).abs() < 5.0 * (0.16 * n).sqrt(),
        "{got} of {n}"
    );
}

/// Patients who remember when they were last seen: after a surge the two sides remember different days, until they
/// have been seen again on both.
const MEMORY: &str = "
model: {name: memory, cells: 2, window: 6h, warmup: 1d, reference: {start: 2026-02-02, days: 28}}
entities:
  patient: {count: 60, variables: {seen: '0'}}
streams:
  seen:
    source: {rate: 300, actor: patient}
    fields: {patient_id: {value: patient.id}, before: {value: patient.seen}}
    changes: [{entity: patient, set: {seen: patient.age / 1d}}]
";

#[test]
fn entities_that_are_alike_again_are_worked_out_once_again() {
    let base = program(&[("memory.yaml".to_owned(), MEMORY.to_owned())]);
    let mut bent = base.clone();
    let surge = Operation::Multiply(3.0);
    bend(&mut bent, "surge", "seen", Parameter::Rate, surge, (24, 30));
    let twins = |hours: i64| {
        let settings = settings(3, hours);
        let (played, twin) = (play(&bent, &settings), play(&base, &settings));
        agree(&bent, &played, &twin);
        let groups = played
            .result
            .cells
            .iter()
            .flat_map(|cell| &cell.population.groups);
        let apart = groups.map(|group| {
            (0..60)
                .filter(|&entity| !group.twins(entity).is_empty())
                .count()
        });
        apart.sum::<usize>()
    };
    assert!(twins(30) > 10);
    assert_eq!(twins(24 * 20), 0);
}

/// A volume is the probability of a cause that says no number, and stays so where another intervention bends the number.
#[test]
fn what_a_volume_bends_is_the_same_whoever_else_bends_the_number() {
    let (mut both, mut half) = (carries(), carries());
    let twice = Operation::Multiply(2.0);
    bend(
        &mut both,
        "twice",
        "thanked",
        Parameter::Count(None),
        twice,
        (6, 12),
    );
    for program in [&mut both, &mut half] {
        let less = Operation::Multiply(0.5);
        bend(
            program,
            "half",
            "thanked",
            Parameter::Volume,
            less,
            (10, 30),
        );
    }
    let settings = settings(4, 36);
    let (played, twin) = (play(&both, &settings), play(&half, &settings));
    let side = both
        .side_without(Without::One(Label(1)))
        .expect("it is played");
    agree_on(&both, &played, side, &twin);
}
