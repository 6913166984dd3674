//! Relations of several with several, held against the links that begin and end in the rows.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::random::aim;
use crate::support::{Row, Value, play, played, program, property, settings};
use crate::twins::agrees_when_bent;

const HOURS: i64 = 60;

/// Students and tutors who are linked from the first event on; some tutors leave, and what happens to a student reaches all tutors.
fn model(cells: u16, extra: &str) -> String {
    format!(
        "model: {{name: m, cells: {cells}, window: 1h, reference: {{start: 2026-02-02, days: 28}}}}\n\
         entities:\n  student: {{count: 24, variables: {{hits: {{value: '0', type: int}}}}}}\n  \
           tutor: {{count: 12, states: [here, gone], activity: 'uniform(0.5, 2)', variables: {{hits: {{value: '0', type: int}}}}}}\n\
         relations:\n  tutors: {{of: student, to: tutor, back: students}}\n\
         streams:\n  \
           met:\n    source: {{rate: 60, actor: student}}\n    let: {{tutor: {{value: pick(tutor)}}}}\n    \
             fields: {{student_id: {{value: student.id}}, tutor_id: {{value: tutor.id}}}}\n    \
             changes: [{{entity: student, link: {{tutors: tutor}}}}]\n  \
           met.twice:\n    causes: [{{on: met, probability: 0.3, count: 3, delay: 5m, spacing: 0s}}]\n    \
             fields: {{student_id: {{}}, tutor_id: {{}}}}\n    changes: [{{entity: tutor, link: {{students: student}}}}]\n  \
           parted:\n    source: {{rate: 40, actor: student}}\n    let: {{tutor: {{value: pick(student.tutors)}}}}\n    \
             fields: {{student_id: {{value: student.id}}, tutor_id: {{value: tutor.id}}}}\n    \
             changes: [{{entity: student, unlink: {{tutors: tutor}}, when: tutor != none}}]\n  \
           left:\n    source: {{rate: 6, actor: tutor}}\n    fields: {{tutor_id: {{value: tutor.id}}}}\n    \
             changes: [{{entity: tutor, unlink: {{students: all}}}}, {{entity: tutor, state: gone}}]\n  \
           asked:\n    source: {{rate: 200, actor: student}}\n    let: {{tutor: {{value: pick(tutor)}}, one: {{value: 'pick(student.tutors, here)'}}, other: {{value: 'pick(tutor, where: not linked(student.tutors, it))'}}}}\n    \
             fields:\n      student_id: {{value: student.id}}\n      tutor_id: {{value: tutor.id}}\n      one_id: {{value: one.id}}\n      \
               many: {{value: count(student.tutors), type: int}}\n      here: {{value: 'count(student.tutors, here)', type: int}}\n      \
               hits: {{value: 'sum(student.tutors, hits)'}}\n      back: {{value: count(tutor.students), type: int}}\n      \
               is_linked: {{value: 'linked(student.tutors, tutor)'}}\n      is_back: {{value: 'linked(tutor.students, student)'}}\n      \
               other_id: {{value: other.id}}\n  \
           told:\n    causes: [{{on: asked, each: student.tutors}}]\n    \
             fields: {{student_id: {{}}, tutor_id: {{value: tutor.id}}, draw: {{value: 'uniform(0, 1)'}}}}\n    \
             changes: [{{entity: tutor, add: {{hits: 1}}}}]\n{extra}"
    )
}

/// An id; 0 for nobody.
fn id(row: &Row, field: &str) -> u64 {
    row.fields.get(field).map_or(0, Value::id)
}

proptest! {
    #![proptest_config(property(24))]

    /// What is counted, picked, asked and reached is whom the links that have begun and not ended say, and nobody is linked twice.
    #[test]
    fn what_is_asked_is_what_began_and_has_not_ended(cells in 1..4u16, seed in any::<u64>()) {
        let played = played(&model(cells, ""), seed, HOURS);
        let rows = &played.rows;
        let mut events: Vec<(i64, u8, &str, &Row)> = Vec::new();
        for (order, stream) in (0..).zip(["tutors.linked", "tutors.unlinked", "left", "asked"]) {
            events.extend(rows[stream].iter().map(|row| (row.time, order, stream, row)));
        }
        events.sort_by_key(|(time, order, ..)| (*time, *order));
        let mut reached: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for row in &rows["told"] {
            let of = reached.entry(row.cause.expect("it has one")).or_default();
            prop_assert!(of.insert(id(row, "tutor_id")), "reached twice");
        }
        let (mut links, mut gone): (BTreeSet<(u64, u64)>, BTreeSet<u64>) = Default::default();
        let (mut asked, mut linked) = (0, 0);
        for (_, _, stream, row) in events {
            let (student, tutor) = (id(row, "student_id"), id(row, "tutor_id"));
            match stream {
                "tutors.linked" => {
                    let is_new = links.insert((student, tutor));
                    prop_assert_eq!(row.fields["is_new"].number() == 1.0, is_new);
                }
                "tutors.unlinked" => prop_assert!(links.remove(&(student, tutor)), "it held"),
                "left" => { gone.insert(tutor); }
                _ => {
                    let mine: BTreeSet<u64> = links.iter().filter(|of| of.0 == student).map(|of| of.1).collect();
                    let here: BTreeSet<u64> = mine.difference(&gone).copied().collect();
                    let number = |field: &str| row.fields[field].number();
                    prop_assert_eq!(number("many"), mine.len() as f64);
                    prop_assert_eq!(number("here"), here.len() as f64);
                    prop_assert_eq!(number("back"), links.iter().filter(|of| of.1 == tutor).count() as f64);
                    let is_linked = f64::from(u8::from(mine.contains(&tutor)));
                    prop_assert_eq!([number("is_linked"), number("is_back")], [is_linked; 2]);
                    let one = id(row, "one_id");
                    prop_assert!(here.contains(&one) || here.is_empty() && one == 0);
                    prop_assert!(!mine.contains(&id(row, "other_id")));
                    prop_assert_eq!(reached.remove(&row.id).unwrap_or_default(), mine.clone());
                    asked += 1;
                    linked += mine.len();
                }
            }
        }
        prop_assert!(asked > 200 && linked > 50, "{asked} {linked}");
        prop_assert!(rows["tutors.unlinked"].len() > 5);
        prop_assert_eq!(rows["tutors.history"].len(), rows["tutors.unlinked"].len());
    }

    /// What interventions bend, links among it, is what the run without them tells.
    #[test]
    fn sides_agree_with_twins(seed in any::<u64>(), aims in prop::collection::vec(aim(), 1..4)) {
        let extra = "  moved:\n    causes: [{on: told, probability: 0.2, delay: 10m..3h}]\n    let: {other: {value: pick(tutor)}}\n    fields: {hits: {value: tutor.hits}}\n    \
                     changes: [{entity: other, link: {students: student}, when: hits > 1}, {entity: tutor, unlink: {students: student}}]\n";
        let text = model(2, extra).replace("back: students", "back: students, starts: {min: 0, max: 2}");
        agrees_when_bent(text, seed, HOURS, &aims);
    }

    /// Each starts with as many others as it says, different ones, and never with itself.
    #[test]
    fn each_starts_with_different_ones(cells in 1..4u16, seed in any::<u64>(), min in 0..3u32, more in 0..4u32, same in any::<bool>()) {
        let (to, max) = (if same { "student" } else { "tutor" }, min + more.max(1));
        let text = format!(
            "model: {{name: m, cells: {cells}, window: 1h, reference: {{start: 2026-02-02, days: 28}}}}\n\
             entities: {{student: {{count: 24}}, tutor: {{count: 9, activity: 'uniform(0.1, 9)'}}}}\n\
             relations: {{others: {{of: student, to: {to}, starts: {{min: {min}, max: {max}}}}}}}\n\
             streams:\n  asked:\n    source: {{rate: 100, actor: student}}\n    fields: {{student_id: {{value: student.id}}, many: {{value: count(student.others), type: int}}}}\n  \
               told:\n    causes: [{{on: asked, each: student.others}}]\n    fields: {{other_id: {{value: {to}.id}}}}\n"
        );
        let played = played(&text, seed, HOURS);
        let mut reached: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for row in &played.rows["told"] {
            let known = reached.entry(row.cause.expect("it has one")).or_default();
            prop_assert!(known.insert(id(row, "other_id")));
        }
        // In cells with few of them there may be less than are wanted.
        let there = match same { true => 24 / cells - 1, false => 9 / cells };
        for row in &played.rows["asked"] {
            let many = row.fields["many"].number();
            prop_assert!(many >= f64::from(min.min(there.into())) && many <= f64::from(max), "{many}");
            let found = reached.get(&row.id).map_or(0, BTreeSet::len);
            prop_assert_eq!(found as f64, many);
            if same {
                prop_assert!(!reached.get(&row.id).is_some_and(|all| all.contains(&id(row, "student_id"))));
            }
        }
    }
}

/// At any scale those are linked who are made of the rows of the table, copies with copies.
#[test]
fn a_table_says_who_is_linked() {
    let text = "model: {name: m, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 7}}\n\
                tables: {app: apps.csv}\n\
                entities: {service: {rows: app}}\n\
                relations:\n  needs: {of: service, to: service, back: needed_by, rows: needs.csv}\n\
                streams:\n  failed: {source: {rate: 90, actor: service}, fields: {failed: {value: service.app}, needs: {value: count(service.needs), type: int}}}\n  \
                reached: {causes: [{on: failed, each: service.needed_by}], fields: {failed: {}, app: {value: service.app}, copy: {value: service.id}}}\n";
    let table = "service,needs\na,b\na,c\nc,b\nd,d\n";
    let files = [
        ("m.yaml".to_owned(), text.to_owned()),
        ("apps.csv".into(), "name\na\nb\nc\nd\ne\n".into()),
        ("needs.csv".into(), table.to_owned()),
    ];
    let program = program(&files);
    for scale in [1.0, 3.0, 0.8] {
        let mut settings = settings(3, 24 * 14);
        settings.scale = scale;
        let rows = play(&program, &settings).rows;
        let word = |row: &Row, field: &str| match &row.fields[field] {
            Value::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        let mut found: BTreeMap<(String, String), BTreeSet<u64>> = BTreeMap::new();
        for row in &rows["reached"] {
            let pair = (word(row, "app"), word(row, "failed"));
            found.entry(pair).or_default().insert(id(row, "copy"));
        }
        let there: BTreeSet<String> = rows["failed"]
            .iter()
            .map(|row| word(row, "failed"))
            .collect();
        let pairs = table
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(','));
        let wanted: BTreeSet<(String, String)> = pairs
            .filter(|(a, b)| there.contains(*a) && there.contains(*b))
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .collect();
        assert!(wanted.len() >= 2, "{there:?}");
        assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), wanted);
        let copies = if scale == 3.0 { 3 } else { 1 };
        assert!(found.values().all(|all| all.len() == copies), "{found:?}");
    }
}
