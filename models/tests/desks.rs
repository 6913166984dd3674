//! Desks: who comes waits for an agent, by priority and in order, or holds one until it is released; whoever needs none of it is not
//! delayed.

use std::collections::BTreeMap;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::{
    Envelope, Modifier, Operation, Parameter, Program, Settling, StreamId,
};

use crate::support::{Played, Row, START, play, program, settings};
use crate::twins::{agree, bend};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// A help line: questions, some of them urgent; one agent by night, two by day, none over lunch.
const HELP_LINE: &str = "
model: {name: help, cells: 3, window: 6h, reference: {start: 2026-02-02, days: 28}}
desks:
  agents:
    shifts:
      - {from: 18h, to: 8h, agents: 1}
      - {from: 8h, to: 12h, agents: 2}
      - {from: 13h, to: 18h, agents: 2}
entities:
  customer: {count: 50}
streams:
  asked:
    source: {rate: 130, actor: customer}
    fields:
      question_id: {value: new_id(question)}
      minutes: {value: 'uniform(2, 25)'}
      urgency: {value: 'integer(0, 2)', type: int}
  answered:
    causes: [{on: asked, delay: 1m}]
    desk: {name: agents, work: minutes * 1m, priority: urgency}
    fields:
      question_id: {}
      agent: {value: agent, type: int}
  thanked: {causes: [{on: answered, probability: 0.5, delay: 5m}], fields: {question_id: {}, helped_by: {value: agent, type: int}}}
  counted: {timer: {every: 1h, at: 0m}, fields: {waiting: {value: waiting(agents), type: int}}}
";

fn help_line() -> Program {
    program(&[("help.yaml".to_owned(), HELP_LINE.to_owned())])
}

fn agents_at(time: i64) -> usize {
    match (time - START.0).div_euclid(HOUR).rem_euclid(24) {
        8..12 | 13..18 => 2,
        12 => 0,
        _ => 1,
    }
}

/// How long an agent works on a question, in microseconds.
fn work_of(asked: &Row) -> i64 {
    (asked.fields["minutes"].number() * MINUTE as f64) as i64
}

/// When each question is answered, and by whom, worked out the simple way.
fn by_hand(
    asked: &[Row],
    (from, to): (i64, i64),
    agents_at: &dyn Fn(i64) -> usize,
) -> BTreeMap<u64, (i64, i64)> {
    let mut arrivals: Vec<(i64, u64, i64, i64)> = asked
        .iter()
        .map(|row| {
            let number = |field: &str| row.fields[field].number() as i64;
            (row.time + MINUTE, row.id, number("urgency"), work_of(row))
        })
        .collect();
    arrivals.sort_unstable();
    let mut arrivals = arrivals.into_iter().peekable();
    let mut waiting: Vec<(i64, usize, u64, i64)> = Vec::new();
    let mut busy: BTreeMap<usize, (i64, u64)> = BTreeMap::new();
    let mut answered = BTreeMap::new();
    let mut arrived = 0;
    let mut now = from;
    while now < to {
        let done: Vec<usize> = busy
            .iter()
            .filter(|(_, job)| job.0 == now)
            .map(|(agent, _)| *agent)
            .collect();
        for agent in done {
            if let Some((time, id)) = busy.remove(&agent) {
                answered.insert(id, (time, agent as i64 + 1));
            }
        }
        while let Some((_, id, urgency, work)) = arrivals.next_if(|arrival| arrival.0 == now) {
            waiting.push((urgency, arrived, id, work));
            arrived += 1;
        }
        waiting.sort_unstable();
        while busy.len() < agents_at(now) && !waiting.is_empty() {
            let (_, _, id, work) = waiting.remove(0);
            let free = (0..)
                .find(|agent| !busy.contains_key(agent))
                .expect("there are endless numbers");
            busy.insert(free, (now + work, id));
        }
        let next = [
            busy.values().map(|job| job.0).min(),
            arrivals.peek().map(|arrival| arrival.0),
            Some((now / MINUTE + 1) * MINUTE),
        ];
        now = next.into_iter().flatten().min().unwrap_or(to);
    }
    answered
}

#[test]
fn answers_come_when_and_from_whom_a_simulation_by_hand_has_them() {
    let program = help_line();
    let settings = settings(7, 96);
    let played = play(&program, &settings);
    let waits = compare_with_hand(&played, settings.end.0, &agents_at);
    assert!(waits > 50, "hardly anybody had to wait: {waits}");
}

/// Compares who is answered when and by whom with what comes of it by hand; tells how many have to wait.
fn compare_with_hand(played: &Played, end: i64, agents_at: &dyn Fn(i64) -> usize) -> usize {
    let answers = by_hand(&played.rows["asked"], (START.0, end), agents_at);
    let rows: BTreeMap<u64, &Row> = played.rows["answered"]
        .iter()
        .filter_map(|row| Some((row.cause?, row)))
        .collect();
    let all = &played.rows["asked"];
    assert!(all.len() > 400, "{}", all.len());
    let mut waits = 0;
    for asked in all {
        let found = rows
            .get(&asked.id)
            .map(|row| (row.time, row.fields["agent"].number() as i64));
        assert_eq!(found, answers.get(&asked.id).copied(), "{asked:?}");
        let work = work_of(asked);
        waits += usize::from(found.is_some_and(|(time, _)| time > asked.time + MINUTE + work));
    }
    waits
}

#[test]
fn agents_come_and_go_as_a_scenario_says_and_all_that_comes_of_it_is_its_doing() {
    let base = help_line();
    // From twenty past ten on the second day for six hours and twenty minutes, then falling for three hours.
    let start = START.0 + 34 * HOUR + 20 * MINUTE;
    let end = start + 6 * HOUR + 20 * MINUTE;
    let settled = end + 171 * MINUTE;
    let strength = |time: i64| match time {
        _ if time < start || time >= settled => 0.0,
        _ if time < end => 1.0,
        _ => {
            let looked = (time / (5 * MINUTE) * 5 * MINUTE).max(end);
            1.0 - (looked - end) as f64 / (3 * HOUR) as f64
        }
    };
    type Made = fn(f64, f64) -> f64;
    let all: [(Operation, Made); 4] = [
        (Operation::Multiply(0.0), |x, e| x * (1.0 - e)),
        (Operation::Multiply(2.5), |x, e| x * (1.0 + 1.5 * e)),
        (Operation::Add(-1.0), |x, e| (x - e).max(0.0)),
        (Operation::Override(3.0), |x, e| x + (3.0 - x) * e),
    ];
    let settings = settings(7, 96);
    let twin = play(&base, &settings);
    let answered = |played: &Played| {
        let rows = played.rows["answered"].iter();
        rows.filter(|row| row.time < settled).count()
    };
    for (operation, made) in all {
        let mut bent = base.clone();
        let by = bent.intervene("staffing").expect("there is room");
        let envelope = Envelope {
            start: Time(start),
            onset: Span(0),
            end: Time(end),
            settling: Settling::Linear(Span(3 * HOUR)),
            until: None,
        };
        let modifier = Modifier {
            by,
            operation,
            envelope,
            precedence: 0,
        };
        bent.modify(StreamId(0), &Parameter::Staff(0), modifier)
            .expect("there is a desk");
        let played = play(&bent, &settings);
        let agents = |time: i64| {
            let usual = agents_at(time) as f64;
            (made(usual, strength(time)) - 1e-9).ceil() as usize
        };
        compare_with_hand(&played, settings.end.0, &agents);
        let fewer = matches!(operation, Operation::Multiply(0.0) | Operation::Add(-1.0));
        let (with, without) = (answered(&played), answered(&twin));
        assert!(
            if fewer {
                with < without
            } else {
                with > without
            },
            "{operation:?}: {with} and {without}"
        );
        agree(&bent, &played, &twin);
        for stream in &played.result.streams {
            let mut differences = stream.impact.differences();
            assert!(differences.all(|((account, _), _)| !account.is_scarcity()));
        }
        let differ = |stream: &str| {
            let rows = played.rows[stream].iter();
            rows.filter(|row| row.attribution.is_some()).count()
        };
        assert!(differ("answered") > 10 && differ("counted") > 2 && differ("asked") == 0);
    }
}

#[test]
fn what_follows_knows_the_agent_and_takes_place_where_the_desks_are() {
    let played = play(&help_line(), &settings(7, 48));
    let answers: BTreeMap<u64, &Row> = played.rows["answered"]
        .iter()
        .map(|row| (row.id, row))
        .collect();
    assert!(!played.rows["thanked"].is_empty());
    for row in &played.rows["thanked"] {
        assert_eq!(row.cell, 4, "the cells, the platform, the desks");
        let Some(answer) = row.cause.and_then(|cause| answers.get(&cause)) else {
            continue;
        };
        assert_eq!(row.fields["helped_by"], answer.fields["agent"]);
    }
}

#[test]
fn the_platform_sees_who_waits() {
    let played = play(&help_line(), &settings(7, 72));
    let started: BTreeMap<u64, i64> = played.rows["answered"]
        .iter()
        .filter_map(|row| Some((row.cause?, row.time)))
        .collect();
    for row in &played.rows["counted"] {
        let waits = |asked: &&Row| {
            let work = work_of(asked);
            let begun = started.get(&asked.id).map(|done| done - work);
            asked.time + MINUTE < row.time && begun.is_none_or(|begun| begun >= row.time)
        };
        let expected = played.rows["asked"].iter().filter(waits).count();
        let counted = row.fields["waiting"].number() as usize;
        // Whether somebody has been answered who waits at the end, no row tells.
        if row.time < START.0 + 60 * HOUR {
            assert_eq!(counted, expected, "at {}", row.time);
        }
    }
    let most = played.rows["counted"]
        .iter()
        .map(|row| row.fields["waiting"].number() as i64)
        .max();
    assert!(most > Some(3), "{most:?}");
}

#[test]
fn more_questions_make_others_wait_which_is_contention() {
    let base = help_line();
    let mut bent = base.clone();
    bend(
        &mut bent,
        "rush",
        "asked",
        Parameter::Rate,
        Operation::Multiply(2.0),
        (10, 30),
    );
    let settings = settings(11, 60);
    let (played, twin) = (play(&bent, &settings), play(&base, &settings));
    agree(&bent, &played, &twin);
    let by = |stream: &str| -> (u64, u64) {
        let result = played
            .result
            .streams
            .iter()
            .find(|s| s.name == stream)
            .expect("it is played");
        let counts = result.impact.differences();
        counts.fold(
            (0, 0),
            |(contention, named), ((account, _), difference)| match account.is_scarcity() {
                true => (contention + difference.added, named),
                false => (contention, named + difference.added),
            },
        )
    };
    let (contention, named) = by("answered");
    assert!(contention > 20 && named > 20, "{contention} and {named}");
    assert_eq!(by("asked").0, 0, "who asks waits for nobody");
}

#[test]
fn longer_work_is_named_and_the_waits_behind_it_are_not() {
    let base = help_line();
    let mut bent = base.clone();
    bend(
        &mut bent,
        "illness",
        "answered",
        Parameter::Work,
        Operation::Multiply(3.0),
        (10, 30),
    );
    let settings = settings(11, 60);
    let (played, twin): (Played, Played) = (play(&bent, &settings), play(&base, &settings));
    agree(&bent, &played, &twin);
    assert!(
        played.rows["answered"]
            .iter()
            .any(|row| row.attribution.is_some())
    );
    assert!(
        played.rows["asked"]
            .iter()
            .all(|row| row.attribution.is_none())
    );
}

#[test]
fn a_small_business_has_few_agents_but_somebody() {
    let program = help_line();
    let small = causeflow_engine::streams::world::Settings {
        scale: 0.1,
        ..settings(3, 72)
    };
    let played = play(&program, &small);
    let agents = played.rows["answered"]
        .iter()
        .map(|row| row.fields["agent"].number() as i64);
    assert_eq!(agents.max(), Some(1));
    assert!(small.end - START == Span(72 * HOUR));
}

#[test]
fn shifts_begin_at_full_hours_of_the_model_s_time_zone() {
    let text = "
model: {name: line, cells: 2, window: 6h, warmup: 1d, time_zone: Asia/Kolkata, reference: {start: 2026-02-02, days: 28}}
desks: {agents: {shifts: [{from: 9h, to: 17h, agents: 500}]}}
streams:
  asked: {source: {rate: 3000}}
  answered: {causes: [{on: asked}], desk: {name: agents, work: 1s}}
";
    let program = program(&[("line.yaml".to_owned(), text.to_owned())]);
    let played = play(&program, &settings(7, 96));
    let ahead = 5 * HOUR + 30 * MINUTE;
    let of_day = |row: &Row| (row.time + ahead).rem_euclid(24 * HOUR);
    let times: Vec<i64> = played.rows["answered"].iter().map(of_day).collect();
    assert_eq!(times.iter().min(), Some(&(9 * HOUR + 1_000_000)));
    let last = times.iter().max().copied().unwrap_or(0);
    assert!(
        (17 * HOUR - 10 * MINUTE..17 * HOUR + 1_000_000).contains(&last),
        "{last}"
    );
}

/// A ward: who comes waits for a bed, gives up, or finds too many before it; some die meanwhile, wherever they are.
const WARD: &str = "
model: {name: ward, cells: 3, window: 6h, reference: {start: 2026-02-02, days: 28}}
desks: {beds: {capacity: 4}}
streams:
  came:
    source: {rate: 30}
    fields:
      stay_id: {value: new_id(stay)}
      urgency: {value: 'integer(0, 2)', type: int}
      patience: {value: 'uniform(20, 300)'}
  answered:
    causes: [{on: came, delay: 1m}]
    desk: {name: beds, hold: stay_id, priority: urgency, give_up: patience * 1m, room: 5}
    fields: {stay_id: {}, bed: {value: agent, type: int}, waited_s: {value: waited / 1s}}
  left:
    causes: [{on: answered, when: bed > 0, delay: 'uniform(1, 8) * 1h'}]
    desk: {name: beds, release: stay_id}
    fields: {stay_id: {}}
  died:
    causes: [{on: came, probability: 0.1, delay: 30m..2h}]
    desk: {name: beds, release: stay_id}
    fields: {stay_id: {}}
";

/// When each stay is answered and with which bed (0 for none), by hand: beds that are free, and those who wait.
fn ward_by_hand(played: &Played, capacity: usize) -> BTreeMap<u64, (i64, i64)> {
    let stay = |row: &Row| row.fields["stay_id"].id();
    // (time, what, stay): those who go first; then those who give up.
    let mut due: std::collections::BTreeSet<(i64, u8, u64)> = Default::default();
    let mut came: BTreeMap<u64, &Row> = BTreeMap::new();
    for row in &played.rows["came"] {
        due.insert((row.time + MINUTE, 2, stay(row)));
        came.insert(stay(row), row);
    }
    for row in played.rows["left"].iter().chain(&played.rows["died"]) {
        due.insert((row.time, 0, stay(row)));
    }
    let (mut beds, mut line) = (BTreeMap::<i64, u64>::new(), Vec::<(i64, i64, u64)>::new());
    let mut answered = BTreeMap::new();
    while let Some((time, what, stay)) = due.pop_first() {
        match what {
            0 => {
                line.retain(|(.., other)| *other != stay);
                beds.retain(|_, other| *other != stay);
            }
            1 => {
                if line.iter().any(|(.., other)| *other == stay) {
                    line.retain(|(.., other)| *other != stay);
                    answered.insert(stay, (time, 0));
                }
            }
            _ if beds.len() >= capacity && line.len() >= 5 => {
                answered.insert(stay, (time, 0));
            }
            _ => {
                let row = came[&stay];
                line.push((row.fields["urgency"].number() as i64, time, stay));
                let patience = (row.fields["patience"].number() * MINUTE as f64) as i64;
                due.insert((time + patience, 1, stay));
            }
        }
        line.sort_unstable();
        while beds.len() < capacity && !line.is_empty() {
            let (.., next) = line.remove(0);
            let mut numbers = 1..;
            let free = numbers.find(|bed| !beds.contains_key(bed));
            let free = free.expect("there are endless numbers");
            beds.insert(free, next);
            answered.insert(next, (time, free));
        }
    }
    answered
}

fn is_as_by_hand(played: &Played, capacity: usize) {
    let end = settings(7, 240).end.0;
    let mut expected = ward_by_hand(played, capacity);
    expected.retain(|_, (time, _)| *time < end);
    let came = played.rows["came"].iter();
    let came: BTreeMap<u64, i64> = came
        .map(|row| (row.fields["stay_id"].id(), row.time + MINUTE))
        .collect();
    let mut found = BTreeMap::new();
    for row in &played.rows["answered"] {
        let stay = row.fields["stay_id"].id();
        let waited = (row.fields["waited_s"].number() * 1e6).round() as i64;
        assert_eq!(waited, row.time - came[&stay], "{row:?}");
        let bed = row.fields["bed"].number() as i64;
        assert_eq!(found.insert(stay, (row.time, bed)), None, "{row:?}");
    }
    assert_eq!(found, expected);
}

fn ward() -> Program {
    program(&[("ward.yaml".to_owned(), WARD.to_owned())])
}

#[test]
fn beds_are_held_given_back_and_given_up_as_by_hand() {
    let played = play(&ward(), &settings(7, 240));
    is_as_by_hand(&played, 4);
    let answered = &played.rows["answered"];
    let number = |test: &dyn Fn(&Row) -> bool| answered.iter().filter(|row| test(row)).count();
    let without = |row: &Row| row.fields["bed"].number() == 0.0;
    let at_once = |row: &Row| row.fields["waited_s"].number() == 0.0;
    assert!(number(&|row| !without(row) && !at_once(row)) > 20);
    assert!(number(&|row| without(row) && !at_once(row)) > 20);
    assert!(number(&|row| without(row) && at_once(row)) > 2);
    assert!(number(&|row| !without(row)) > 50);
}

#[test]
fn each_side_has_beds_of_its_own_and_differences_have_a_name() {
    let base = ward();
    let settings = settings(7, 240);
    let twin = play(&base, &settings);
    for (parameter, operation) in [
        (Parameter::Staff(0), Operation::Add(-2.0)),
        (Parameter::Staff(0), Operation::Multiply(2.0)),
    ] {
        let mut bent = base.clone();
        bend(&mut bent, "closed", "came", parameter, operation, (30, 60));
        let played = play(&bent, &settings);
        agree(&bent, &played, &twin);
        let rows = played.rows["answered"].iter();
        assert!(rows.filter(|row| row.attribution.is_some()).count() > 10);
    }
    let mut bent = base.clone();
    let twice = Operation::Multiply(2.0);
    bend(&mut bent, "rush", "came", Parameter::Rate, twice, (30, 60));
    let played = play(&bent, &settings);
    agree(&bent, &played, &twin);
    is_as_by_hand(&played, 4);
    let mut bent = base.clone();
    bend(
        &mut bent,
        "longer",
        "left",
        Parameter::Delay(None),
        twice,
        (30, 60),
    );
    let played = play(&bent, &settings);
    agree(&bent, &played, &twin);
    is_as_by_hand(&played, 4);
}
