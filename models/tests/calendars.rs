//! Calendars: slots are offered by whoever opens them, reserved once, and free again when they are released.

use std::collections::{BTreeMap, BTreeSet};

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::{Operation, Parameter, Program};

use crate::support::{Played, Row, START, Value, play, program, settings};
use crate::twins::{agree, bend};

const SLOT: i64 = 30 * 60_000_000;
const DAY: i64 = 48 * SLOT;

/// A surgery: doctors open the mornings of the days ahead, patients ask for a visit as near as possible to the
/// time that suits them, and some of them call it off.
const SURGERY: &str = "
model: {name: surgery, cells: 2, window: 6h, warmup: 2d, reference: {start: 2026-02-02, days: 28}}
entities:
  doctor: {count: 12, calendar: {step: 30m, days: 14}}
  patient: {count: 300, calendar: {step: 30m, days: 10, open: always}}
streams:
  opened:
    timer: {every: 1d, per: doctor}
    fields:
      doctor_id: {value: doctor.id}
      begin: {value: 'day_start(time) + 8h'}
      free: {value: 'free_slots(doctor, time, 7d)', type: int}
      unreserved: {value: 'unreserved_slots(doctor, begin, 4h, 1d, 5)', type: int}
    changes: [{entity: doctor, open: {from: begin, for: 4h, every: 1d, times: 5}}]
  asked:
    source: {rate: 150, actor: patient}
    let:
      doctor: {value: pick(doctor)}
      length: {value: 'if(bernoulli(0.3), 1h, 20m)'}
    fields:
      visit_id: {value: new_id(visit)}
      doctor_id: {value: doctor.id}
      patient_id: {value: patient.id}
      wanted: {value: 'time + uniform(1h, 96h)'}
      begin: {value: 'slot(doctor, patient, wanted, length, time, time + 5d)'}
      hours: {value: 'length / 1h'}
      found: {value: 'free(doctor, patient, begin, length)'}
    changes:
      - {entity: doctor, reserve: {from: begin, for: length}, when: found}
      - {entity: patient, reserve: {from: begin, for: length}, when: found}
  refused: {causes: [{on: asked, when: not found, delay: 1m}], fields: {visit_id: {}}}
  called_off:
    causes: [{on: asked, when: found, probability: 0.3, delay: 'uniform(0s, begin - time)'}]
    fields: {visit_id: {}}
    changes:
      - {entity: doctor, release: {from: begin, for: length}}
      - {entity: patient, release: {from: begin, for: length}}
  visited: {causes: [{on: asked, when: 'found and not happens(called_off)', at: begin}], fields: {visit_id: {}}}
  counted: {timer: {every: 1h, at: 0m}, fields: {used: {value: utilisation(doctor)}, patients: {value: utilisation(patient)}}}
";

fn surgery() -> Program {
    program(&[("surgery.yaml".to_owned(), SURGERY.to_owned())])
}

fn time(row: &Row, field: &str) -> i64 {
    match row.fields[field] {
        Value::Time(time) => time,
        ref other => panic!("{field} is {other:?}"),
    }
}

/// The slots that a request reserves, if it has found some.
fn reserved(row: &Row) -> std::ops::Range<i64> {
    let begin = time(row, "begin");
    assert_eq!(begin % SLOT, 0, "slots begin with their step");
    let length = (row.fields["hours"].number() * 120.0).round() as i64 * (SLOT / 60);
    begin / SLOT..(begin + length + SLOT - 1) / SLOT
}

fn found(row: &Row) -> bool {
    row.fields["found"] == Value::Bool(true)
}

/// What happens to calendars, in order: (time, entity, slots, what).
fn changes<'a>(played: &'a Played, who: &str) -> Vec<(i64, u64, std::ops::Range<i64>, &'a str)> {
    let mut all = Vec::new();
    let asked: BTreeMap<u64, &Row> = played.rows["asked"]
        .iter()
        .map(|row| (row.fields["visit_id"].id(), row))
        .collect();
    for row in asked.values().filter(|row| found(row)) {
        all.push((row.time, row.fields[who].id(), reserved(row), "reserve"));
    }
    for off in &played.rows["called_off"] {
        // What was asked for before the first row is not known here.
        if let Some(row) = asked.get(&off.fields["visit_id"].id()) {
            all.push((off.time, row.fields[who].id(), reserved(row), "release"));
        }
    }
    all.sort_by_key(|(time, ..)| *time);
    all
}

#[test]
fn nobody_has_two_visits_at_once_and_all_are_within_what_is_open() {
    let played = play(&surgery(), &settings(3, 24 * 20));
    assert_eq!((played.result.refused, played.result.ties), (0, 0));
    for who in ["doctor_id", "patient_id"] {
        let mut taken: BTreeSet<(u64, i64)> = BTreeSet::new();
        for (at, entity, slots, what) in changes(&played, who) {
            for slot in slots {
                let place = (entity, slot);
                match what {
                    "reserve" => assert!(taken.insert(place), "{who} {entity} at {slot}, {at}"),
                    _ => assert!(taken.remove(&place), "{who} {entity} at {slot}, {at}"),
                }
                let hour = slot.rem_euclid(48) / 2;
                assert!((8..12).contains(&hour), "nobody opens {hour} o'clock");
            }
        }
        assert!(taken.len() > 500, "{}", taken.len());
    }
    let asked = &played.rows["asked"];
    let without = asked.iter().filter(|row| !found(row)).count();
    assert!(
        without > asked.len() / 20 && without < asked.len() / 2,
        "{without} of {}",
        asked.len()
    );
    assert_eq!(played.rows["refused"].len(), without);
    // Who finds nothing is told the time that was wanted.
    let unmoved = |row: &&Row| !found(row) && time(row, "begin") != time(row, "wanted");
    assert_eq!(asked.iter().filter(unmoved).count(), 0);
}

#[test]
fn the_nearest_slot_is_taken_and_counts_say_what_is_left() {
    let played = play(&surgery(), &settings(4, 24 * 12));
    // Replays one doctor's calendar slot by slot.
    let doctor = played.rows["opened"][0].fields["doctor_id"].id();
    let mut open: BTreeSet<i64> = BTreeSet::new();
    let mut taken: BTreeSet<i64> = BTreeSet::new();
    let mut steps: Vec<(i64, Option<&Row>, std::ops::Range<i64>, &str)> = Vec::new();
    for (at, entity, slots, what) in changes(&played, "doctor_id") {
        if entity == doctor {
            steps.push((at, None, slots, what));
        }
    }
    for row in played.rows["opened"]
        .iter()
        .filter(|row| row.fields["doctor_id"].id() == doctor)
    {
        steps.push((row.time, Some(row), 0..0, "open"));
    }
    steps.sort_by_key(|(at, ..)| *at);
    let mut compared = 0;
    for (at, row, slots, what) in steps {
        match (what, row) {
            ("reserve", _) => taken.extend(slots),
            ("release", _) => taken.retain(|slot| !slots.contains(slot)),
            (_, Some(row)) => {
                // What has been asked for before the first row is known after the five days that it reaches.
                if at > START.0 + 6 * DAY {
                    let from = (at + SLOT - 1) / SLOT;
                    let week = open.range(from..(at + 7 * DAY) / SLOT + 1);
                    let free = week.filter(|slot| !taken.contains(slot)).count();
                    assert_eq!(row.fields["free"].number(), free as f64);
                    let begin = time(row, "begin") / SLOT;
                    let offered = (0..5).flat_map(|day| begin + 48 * day..begin + 48 * day + 8);
                    let left = offered.filter(|slot| *slot >= from && !taken.contains(slot));
                    assert_eq!(row.fields["unreserved"].number(), left.count() as f64);
                    compared += 1;
                }
                let begin = time(row, "begin") / SLOT;
                open.extend((0..5).flat_map(|day| begin + 48 * day..begin + 48 * day + 8));
            }
            _ => unreachable!("only openings have a row"),
        }
    }
    assert!(compared >= 5, "{compared}");
}

#[test]
fn a_reservation_of_what_is_not_free_is_refused_and_counted() {
    let careless = SURGERY.replace(", when: found}", "}");
    let played = play(
        &program(&[("a.yaml".into(), careless)]),
        &settings(3, 24 * 8),
    );
    let without = played.rows["asked"]
        .iter()
        .filter(|row| !found(row))
        .count() as u64;
    // Once for the doctor at least; those of the warm-up count, too.
    assert!(
        without > 50 && played.result.refused >= without,
        "{}",
        played.result.refused
    );
}

#[test]
fn the_platform_sees_how_much_of_the_day_is_reserved() {
    let played = play(&surgery(), &settings(5, 24 * 10));
    let used: Vec<f64> = played.rows["counted"]
        .iter()
        .map(|row| row.fields["used"].number())
        .collect();
    let mean = used.iter().sum::<f64>() / used.len() as f64;
    assert!(
        used.iter().all(|share| (0.0..=1.0).contains(share)) && mean > 0.2,
        "{mean}"
    );
    let of = |row: &Row| (row.fields["used"].number(), row.fields["patients"].number());
    // A doctor offers 8 slots a day, a patient all 48: 12 doctors have 96, 300 patients 14,400.
    for (used, patients) in played.rows["counted"].iter().map(of) {
        assert!(
            (used * 96.0 - patients * 14_400.0).abs() < 1e-6,
            "{used} {patients}"
        );
    }
}

#[test]
fn a_slot_that_someone_else_took_is_contention() {
    let base = surgery();
    let mut bent = surgery();
    let surge = Operation::Multiply(1.6);
    bend(
        &mut bent,
        "surge",
        "asked",
        Parameter::Rate,
        surge,
        (24, 60),
    );
    let settings = settings(7, 24 * 9);
    let (played, twin) = (play(&bent, &settings), play(&base, &settings));
    agree(&bent, &played, &twin);
    assert_eq!(played.result.refused, 0);
    let by = |stream: &str, contention: bool| -> u64 {
        let of = |r: &&causeflow_engine::streams::play::StreamResult| r.name == stream;
        let effects = &played
            .result
            .streams
            .iter()
            .find(of)
            .expect("it is played")
            .impact;
        let differences = effects.differences();
        let chosen = differences.filter(|((account, _), _)| account.is_scarcity() == contention);
        chosen.map(|(_, d)| d.added + d.removed + d.changed).sum()
    };
    for stream in ["asked", "refused", "visited"] {
        assert!(by(stream, true) > 0, "{stream}: nobody lost a slot");
    }
    assert!(by("asked", false) > 30);
    // How much is reserved is state, which carries what the surge has reserved.
    assert_eq!(by("counted", true), 0);
    assert!(by("counted", false) > 0);
    // Only who came because of the surge is attributed to it; the doctors' rows tell what is left to offer.
    assert_eq!(by("opened", false), 0);
    assert!(by("opened", true) > 0);
    let first = START + Span(24 * Span::HOUR.0);
    let early = |row: &&Row| row.time < first.0 && row.attribution.is_some();
    assert_eq!(played.rows["asked"].iter().filter(early).count(), 0);
}

/// What the intervention leaves behind has no other way to `counted` than how many offer something: those who join on one
/// side and not yet, or not at all, on the other reserve nothing themselves.
#[test]
fn who_is_there_on_one_side_only_is_named_for_how_much_is_offered() {
    let text = "
model: {name: club, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 28}}
entities:
  member: {count: 20, states: [new, active], starts: active, joins: new, calendar: {step: 30m, days: 3, open: always}}
streams:
  joined: {source: {rate: 60}, creates: member, fields: {member_id: {value: member.id}}}
  met:
    source: {rate: 200, actor: member, states: [active]}
    fields: {begin: {value: 'time + 1h'}}
    changes: [{entity: member, reserve: {from: begin, for: 30m}, when: 'free(member, begin, 30m)'}]
  counted: {timer: {every: 1h, at: 0m}, fields: {used: {value: utilisation(member)}}}
";
    let base = program(&[("club.yaml".to_owned(), text.to_owned())]);
    let mut bent = base.clone();
    let drive = Operation::Multiply(3.0);
    bend(
        &mut bent,
        "drive",
        "joined",
        Parameter::Rate,
        drive,
        (6, 12),
    );
    let settings = settings(2, 30);
    let (played, twin) = (play(&bent, &settings), play(&base, &settings));
    agree(&bent, &played, &twin);
    let named = |row: &&Row| row.attribution.as_deref() == Some("drive");
    let since = |row: &&Row| row.time > START.0 + 8 * 3_600_000_000;
    let counted = || played.rows["counted"].iter();
    assert!(counted().filter(since).count() > 10 && counted().filter(since).all(|row| named(&row)));
    assert_eq!(played.rows["met"].iter().filter(named).count(), 0);
}

/// The untouched side offers nothing at first and refuses what all sides ask for; then all offer the same, and only what has
/// been reserved differs.
#[test]
fn who_offers_more_is_named_for_what_could_be_reserved_there() {
    let text = "
model: {name: practice, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 28}}
entities:
  doctor: {count: 12, calendar: {step: 30m, days: 4}}
streams:
  begun: {timer: {every: 1d, per: doctor}, fields: {doctor_id: {value: doctor.id}, begin: {value: time + 20h}}}
  opened:
    causes: [{on: begun, probability: 0, delay: 1m}]
    fields: {begin: {}}
    changes: [{entity: doctor, open: {from: begin, for: 2h}}]
  reserved:
    causes: [{on: begun, delay: 2m}]
    fields: {begin: {}}
    changes: [{entity: doctor, reserve: {from: begin, for: 1h}}]
  evened:
    causes: [{on: begun, delay: 3m}]
    fields: {begin: {}}
    changes: [{entity: doctor, open: {from: begin, for: 4h}}]
  asked:
    causes: [{on: begun, delay: 4m}]
    fields: {is_free: {value: 'free(doctor, begin, 1h)'}}
";
    let base = program(&[("practice.yaml".to_owned(), text.to_owned())]);
    let mut bent = base.clone();
    let all = Operation::Override(1.0);
    let probability = Parameter::Probability(None);
    bend(&mut bent, "keen", "opened", probability, all, (0, 24));
    let settings = settings(2, 24);
    let (played, twin) = (play(&bent, &settings), play(&base, &settings));
    agree(&bent, &played, &twin);
    let asked = &played.rows["asked"];
    assert!(asked.len() > 10);
    for row in asked {
        assert_eq!(row.fields["is_free"], Value::Bool(false));
        assert_eq!(row.attribution.as_deref(), Some("keen (contention)"));
    }
}
