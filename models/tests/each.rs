//! Events that reach each of several entities, held against who belonged to whom at the time.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::random::aim;
use crate::support::{Played, Row, Value, played, property};
use crate::twins::agrees_when_bent;

const HOURS: i64 = 48;

/// Services of databases: some join later, some move to another database, and some are retired.
fn model(cells: u16, when: &str, extra: &str) -> String {
    format!(
        "model: {{name: m, cells: {cells}, window: 1h, warmup: 6h, reference: {{start: 2026-02-02, days: 28}}}}\n\
         entities:\n  database: {{count: 6}}\n  service:\n    count: 24\n    states: [up, gone]\n    starts: up\n    joins: up\n    \
           belongs_to: {{database: {{min: 1, max: 9}}}}\n    attributes: {{weight: 'uniform(0, 1)'}}\n    variables: {{hits: {{value: '0', type: int}}}}\n\
         streams:\n  \
           service.added:\n    source: {{rate: 20}}\n    creates: service\n    let: {{to: {{value: pick(database)}}}}\n    \
             fields: {{service_id: {{value: service.id}}, database_id: {{value: to.id}}}}\n    \
             changes: [{{entity: service, set: {{database: to}}}}]\n  \
           service.moved:\n    source: {{rate: 20, actor: service, states: [up]}}\n    let: {{to: {{value: pick(database)}}}}\n    \
             fields: {{service_id: {{value: service.id}}, database_id: {{value: to.id}}}}\n    \
             changes: [{{entity: service, set: {{database: to}}}}]\n  \
           service.retired:\n    source: {{rate: 10, actor: service, states: [up]}}\n    fields: {{service_id: {{value: service.id}}}}\n    \
             changes: [{{entity: service, state: gone}}]\n  \
           fault.started:\n    source: {{rate: 60, actor: database}}\n    fields: {{database_id: {{value: database.id}}}}\n  \
           service.degraded:\n    causes: [{{on: fault.started, each: service.database, {when}delay: 0s}}]\n    \
             fields: {{service_id: {{value: service.id}}, database_id: {{}}, draw: {{value: 'uniform(0, 1)'}}}}\n    \
             changes: [{{entity: service, add: {{hits: 1}}}}]\n{extra}"
    )
}

fn id(row: &Row, field: &str) -> u64 {
    match row.fields.get(field) {
        Some(Value::Id(id)) => *id,
        other => panic!("{field} is {other:?}"),
    }
}

/// Whom each event of a stream has reached.
fn followers(rows: &[Row]) -> BTreeMap<u64, BTreeMap<u64, &Row>> {
    let mut all: BTreeMap<u64, BTreeMap<u64, &Row>> = BTreeMap::new();
    for row in rows {
        let of = all.entry(row.cause.expect("it has one")).or_default();
        assert!(
            of.insert(id(row, "service_id"), row).is_none(),
            "reached twice"
        );
    }
    all
}

proptest! {
    #![proptest_config(property(24))]

    /// Exactly those are reached who belong to it and fit, with whoever joined and without whoever went: of those whose history
    /// lies within the run, as the rows tell it.
    #[test]
    fn those_are_reached_who_belong_to_it_at_the_time(cells in 1..4u16, seed in any::<u64>()) {
        let text = model(cells, "when: service.state == 'up', ", "");
        let played = played(&text, seed, HOURS);
        let rows = &played.rows;
        let mut events: Vec<(i64, &str, &Row)> = Vec::new();
        for stream in ["service.added", "service.moved", "service.retired", "fault.started"] {
            events.extend(rows[stream].iter().map(|row| (row.time, stream, row)));
        }
        events.sort_by_key(|(time, ..)| *time);
        let reached = followers(&rows["service.degraded"]);
        // Of whom it is known to whom they belong, since they have joined or moved within the run.
        let mut owner: BTreeMap<u64, Option<u64>> = BTreeMap::new();
        let mut told = 0;
        for (_, stream, row) in events {
            match stream {
                "service.retired" => { owner.insert(id(row, "service_id"), None); }
                "fault.started" => {
                    let database = id(row, "database_id");
                    let none = BTreeMap::new();
                    let found = reached.get(&row.id).unwrap_or(&none);
                    for (service, owner) in &owner {
                        told += 1;
                        prop_assert_eq!(found.contains_key(service), *owner == Some(database));
                    }
                    prop_assert!(found.values().all(|row| id(row, "database_id") == database));
                }
                _ => {
                    let gone = owner.get(&id(row, "service_id")) == Some(&None);
                    let to = Some(id(row, "database_id")).filter(|_| !gone);
                    owner.insert(id(row, "service_id"), to);
                }
            }
        }
        prop_assert!(told > 100 && reached.len() > 20);
    }

    /// Who else there is moves nothing: with fewer services reached, the others have the same events, to the draw.
    #[test]
    fn each_has_draws_of_its_own(seed in any::<u64>(), least in 0.1..0.9f64) {
        let all = played(&model(2, "probability: 0.5 + 0.4 * service.weight, ", ""), seed, HOURS);
        let when = format!("when: service.weight > {least}, probability: 0.5 + 0.4 * service.weight, ");
        let some = played(&model(2, &when, ""), seed, HOURS);
        let rows = |played: &Played| -> BTreeSet<String> {
            played.rows["service.degraded"].iter().map(|row| format!("{row:?}")).collect()
        };
        let (all, some) = (rows(&all), rows(&some));
        prop_assert!(some.is_subset(&all));
        prop_assert!(!some.is_empty() && some.len() < all.len());
    }

    /// What interventions bend, also so that several follow for each, is what the run without them tells.
    #[test]
    fn sides_agree_with_twins(seed in any::<u64>(), aims in prop::collection::vec(aim(), 1..4)) {
        let extra = "  service.restored:\n    causes: [{on: service.degraded, probability: 0.8, delay: 10m..3h}]\n    fields: {service_id: {value: service.id}, hits: {value: service.hits}}\n    \
                     changes: [{entity: service, add: {hits: 1}}]\n";
        let text = model(2, "when: service.hits < 30 and service.state == 'up', probability: 0.3 + 0.5 * service.weight, ", extra);
        agrees_when_bent(text, seed, HOURS, &aims);
    }
}

#[test]
fn more_than_ten_thousand_are_not_reached_at_a_time() {
    let text = "model: {name: m, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 28}}\n\
                entities: {service: {count: 10500}}\n\
                streams:\n  fault: {source: {rate: 12}, fields: {x: {value: '1'}}}\n  \
                degraded: {causes: [{on: fault, each: service}], fields: {service_id: {value: service.id}}}\n";
    let played = played(text, 7, HOURS);
    let reached = followers(&played.rows["degraded"]);
    assert!(!reached.is_empty());
    assert!(reached.values().all(|of| of.len() == 10_000));
    assert!(!played.result.kept.is_empty(), "the bound is told of");
}

/// Each waits for an agent by itself, and what comes back finds it where it lives.
#[test]
fn each_goes_to_a_desk_and_back() {
    let extra = "  service.repaired:\n    causes: [{on: fault.started, each: service.database, delay: 1m..2m}]\n    desk: {name: staff, work: 3m}\n    \
                 fields: {agent: {value: agent, type: int}}\n  \
                 service.tested:\n    causes: [{on: service.repaired, cell: service, delay: 1h..2h}]\n    fields: {service_id: {value: service.id}, hits: {value: service.hits}}\n    \
                 changes: [{entity: service, add: {hits: 100}}]\n\
                 desks:\n  staff: {shifts: [{from: 0h, to: 24h, agents: 8}]}\n";
    let played = played(&model(3, "", extra), 5, HOURS);
    let (degraded, repaired) = (
        &played.rows["service.degraded"],
        &played.rows["service.repaired"],
    );
    let reached = followers(degraded);
    let back: BTreeMap<u64, &Row> = (played.rows["service.tested"].iter())
        .map(|row| (row.cause.expect("it has one"), row))
        .collect();
    let mut found: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for row in repaired {
        assert_eq!(row.cell, 4, "at the desks");
        if let Some(tested) = back.get(&row.id) {
            let fault = found.entry(row.cause.expect("it has one")).or_default();
            assert!(fault.insert(id(tested, "service_id")), "one each");
        }
    }
    let mut told = 0;
    for (fault, services) in &found {
        // What comes back after the end is not there.
        if let Some(all) = reached.get(fault) {
            assert!(services.iter().all(|service| all.contains_key(service)));
            told += usize::from(services.len() == all.len());
        }
    }
    assert!(told > 50, "{told}");
    assert!(back.values().any(|row| row.fields["hits"].number() > 100.0));
}
