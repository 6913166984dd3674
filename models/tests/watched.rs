//! What is tracked of entities, and levels that are crossed, held against a list of what has happened to each entity.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::random::aim;
use crate::support::{Played, Row, START, Value, play, program, property, settings};
use crate::twins::agrees_when_bent;

const HOURS: i64 = 60;

/// Items that events change, one or two at a time, often to what they are; each event tells how it leaves them.
fn model(cells: u16, shared: bool) -> String {
    // Of a shared kind, what changes it goes where it lives.
    let (kind, actor, joins) = match shared {
        true => ("shared: true", "let: {item: {value: pick(item)}}", ""),
        false => (
            "shared: false",
            "",
            "  b.joined:\n    source: {rate: 30}\n    creates: item\n    fields: {item_id: {value: item.id}, v: {value: '1'}, level: {value: item.level}, state: {value: \"'on'\"}}\n    \
             changes: [{entity: item, set: {v: v}, state: 'on'}]\n",
        ),
    };
    let source = |rate: u32| match shared {
        true => {
            format!("causes: [{{on: d.asked, probability: 0.{rate}, cell: item, delay: 1h..2h}}]")
        }
        false => format!("source: {{rate: {rate}00, actor: item}}"),
    };
    let (set, add, turn) = (source(6), source(4), source(3));
    let asked = match shared {
        true => format!("  d.asked:\n    source: {{rate: 900}}\n    {actor}\n    fields: {{x: {{value: '1'}}}}\n"),
        false => "  d.swapped:\n    source: {rate: 60, actor: item}\n    let: {other: {value: pick(item)}}\n    \
                   fields: {item_id: {value: item.id}, v: {value: other.v}, level: {value: item.level}, state: {value: item.state}, \
                   other_id: {value: other.id}, other_v: {value: item.v}, other_level: {value: other.level}, other_state: {value: other.state}}\n    \
                   changes: [{entity: item, set: {v: v}}, {entity: other, set: {v: other_v}}]\n"
            .to_owned(),
    };
    format!(
        "model: {{name: m, cells: {cells}, window: 1h, warmup: 6h, reference: {{start: 2026-02-02, days: 28}}}}\n\
         entities:\n  item:\n    count: 30\n    {kind}\n    states: ['on', 'off']\n    starts: {{'on': 2, 'off': 1}}\n    joins: 'off'\n    track: [v, state]\n    \
           variables: {{v: {{value: 'integer(0, 2)', type: int}}, level: {{value: 'uniform(0, 20)', decimals: 2}}}}\n\
         streams:\n{joins}{asked}  \
           a.set:\n    {set}\n    fields: {{item_id: {{value: item.id}}, v: {{value: 'integer(0, 2)', type: int}}, level: {{value: item.level}}, state: {{value: item.state}}}}\n    \
             changes: [{{entity: item, set: {{v: v}}}}]\n  \
           c.added:\n    {add}\n    fields: {{item_id: {{value: item.id}}, v: {{value: item.v}}, level: {{value: 'if(item.level > 30, 0, item.level + uniform(-4, 9))', decimals: 2}}, state: {{value: item.state}}}}\n    \
             changes: [{{entity: item, set: {{level: level}}}}]\n  \
           a.turned:\n    {turn}\n    fields: {{item_id: {{value: item.id}}, v: {{value: item.v}}, level: {{value: item.level}}, off: {{value: bernoulli(0.5)}}, state: {{value: \"if(off, 'off', 'on')\"}}}}\n    \
             changes: [{{entity: item, state: 'off', when: off}}, {{entity: item, state: 'on', when: not off}}]\n  \
           item.high:\n    crossing: {{of: item, when: level > 20, until: level < 10}}\n    fields: {{item_id: {{value: item.id}}, level: {{value: item.level}}}}\n  \
           item.later:\n    causes: [{{on: item.history, probability: 0.5, delay: 1m..5h}}]\n    fields: {{item_id: {{}}, since: {{value: valid_from}}}}\n"
    )
}

/// How an event leaves an item.
#[derive(Clone, Debug)]
struct After {
    time: i64,
    id: u64,
    v: f64,
    state: String,
    level: f64,
}

fn text(row: &Row, field: &str) -> String {
    match row.fields.get(field) {
        Some(Value::Text(text)) => text.clone(),
        other => panic!("{field} is {other:?}"),
    }
}

/// What has happened to each item, in order.
fn happened(played: &Played) -> BTreeMap<u64, Vec<After>> {
    let mut all: BTreeMap<u64, Vec<After>> = BTreeMap::new();
    for stream in ["b.joined", "d.swapped", "a.set", "c.added", "a.turned"] {
        for row in played.rows.get(stream).into_iter().flatten() {
            for prefix in ["", "other_"] {
                let name = |field| format!("{prefix}{field}");
                if let Some(id) = row
                    .fields
                    .get(&name("item_id"))
                    .or(row.fields.get(&name("id")))
                {
                    all.entry(id.id()).or_default().push(After {
                        time: row.time,
                        id: row.id,
                        v: row.fields[&name("v")].number(),
                        state: text(row, &name("state")),
                        level: row.fields[&name("level")].number(),
                    });
                }
            }
        }
    }
    all.values_mut()
        .for_each(|list| list.sort_by_key(|after| after.time));
    all
}

proptest! {
    #![proptest_config(property(24))]

    /// There is a row for each change of what is tracked, and for none that leaves it as it was: with what held before, since when,
    /// until when, and by which event.
    #[test]
    fn each_change_has_a_row_and_nothing_else_has(cells in 1..4u16, seed in any::<u64>(), shared in any::<bool>()) {
        let played = play(&program(&[("a.yaml".into(), model(cells, shared))]), &settings(seed, HOURS));
        let mut rows: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
        for row in &played.rows["item.history"] {
            rows.entry(row.fields["item_id"].id()).or_default().push(row);
        }
        let (mut told, mut from_start) = (0, 0);
        for (item, list) in happened(&played) {
            let mut rows = rows.remove(&item).unwrap_or_default().into_iter();
            let mut before: Option<After> = None;
            for (at, after) in list.iter().enumerate() {
                // Of whom it swaps with itself, the last change counts.
                if list.get(at + 1).is_some_and(|next| next.id == after.id) {
                    continue;
                }
                let same = before.as_ref().is_some_and(|before| (before.v, &before.state) == (after.v, &after.state));
                // How it stood before the first event is what the first row says, if that is about it.
                let first = before.is_none() && rows.as_slice().first().is_none_or(|row| row.time != after.time);
                let joined = before.is_none() && played.rows.get("b.joined").is_some_and(|rows| rows.iter().any(|row| row.id == after.id));
                if same || first || joined {
                    if first || joined {
                        before = Some(After { time: if joined { after.time } else { i64::MIN }, ..after.clone() });
                    }
                    continue;
                }
                let row = rows.next().expect("a row for the change");
                prop_assert_eq!((row.time, row.cause), (after.time, Some(after.id)));
                prop_assert_eq!(&row.fields["valid_to"], &Value::Time(after.time));
                prop_assert!(row.fields["v"].number() != after.v || text(row, "state") != after.state);
                match &before {
                    Some(before) => {
                        prop_assert_eq!((row.fields["v"].number(), text(row, "state")), (before.v, before.state.clone()));
                        if before.time > i64::MIN {
                            prop_assert_eq!(&row.fields["valid_from"], &Value::Time(before.time));
                            prop_assert_eq!(row.fields["began_id"].id(), before.id);
                            told += 1;
                        }
                    }
                    None => from_start += 1,
                }
                before = Some(after.clone());
            }
            prop_assert!(rows.next().is_none(), "a row without a change");
        }
        prop_assert!(rows.is_empty());
        prop_assert!(told > 20 && from_start > 5, "{} {}", told, from_start);
        let later = &played.rows["item.later"];
        prop_assert!(!later.is_empty());
    }

    /// An event comes when the level is crossed, and not again until it has been below.
    #[test]
    fn a_level_is_crossed_once(cells in 1..4u16, seed in any::<u64>(), shared in any::<bool>()) {
        let played = play(&program(&[("a.yaml".into(), model(cells, shared))]), &settings(seed, HOURS));
        let mut crossed: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
        for row in &played.rows["item.high"] {
            crossed.entry(row.fields["item_id"].id()).or_default().push(row);
        }
        let mut told = 0;
        for row in &played.rows["item.high"] {
            prop_assert!(row.fields["level"].number() > 20.0);
        }
        for (item, list) in happened(&played) {
            let crossed = crossed.remove(&item).unwrap_or_default();
            // What happened in the warm-up is not known: from when it was low.
            let mut high = None;
            for after in list.iter().filter(|after| after.id != 0) {
                let found = crossed.iter().any(|row| row.cause == Some(after.id));
                if after.level < 10.0 {
                    high = Some(false);
                } else if after.level > 20.0 && high == Some(false) {
                    prop_assert!(found);
                    told += 1;
                    high = Some(true);
                } else if let Some(high) = high {
                    prop_assert!(!found, "again, though {high}");
                } else if found {
                    high = Some(true);
                }
            }
        }
        prop_assert!(crossed.is_empty() && told > 5, "{}", told);
    }

    /// What interventions bend is what the run without them tells.
    #[test]
    fn sides_agree_with_twins(seed in any::<u64>(), shared in any::<bool>(), aims in prop::collection::vec(aim(), 1..4)) {
        agrees_when_bent(model(2, shared), seed, HOURS, &aims);
    }
}

/// Those from the start have been as they are since the warm-up began, those who join since then.
#[test]
fn what_holds_from_the_start_began_with_the_run() {
    let played = play(
        &program(&[("a.yaml".into(), model(2, false))]),
        &settings(3, HOURS),
    );
    let begin = START.0 - 6 * 3_600_000_000;
    let joined: BTreeMap<u64, &Row> = (played.rows["b.joined"].iter())
        .map(|row| (row.fields["item_id"].id(), row))
        .collect();
    let (mut early, mut late) = (0, 0);
    for row in &played.rows["item.history"] {
        let Value::Time(since) = row.fields["valid_from"] else {
            panic!("{row:?}");
        };
        assert!(since >= begin && since < row.time, "{row:?}");
        assert_eq!(row.fields.contains_key("began_id"), since > begin);
        early += usize::from(since == begin);
        if let Some(joined) = joined.get(&row.fields["item_id"].id()) {
            late += usize::from(since == joined.time && row.fields["began_id"].id() == joined.id);
        }
    }
    assert!(early > 0 && late > 10, "{early} {late}");
}
