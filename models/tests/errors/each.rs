//! Causes that reach each of several entities, and cannot.

use super::{Case, of_text};

/// A model with two of them, with some places of it replaced.
fn found(edits: &[(&str, &str)]) -> Vec<String> {
    let text = r"
model: {name: m, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 7}}
entities:
  region: {count: 4, shared: true}
  database: {count: 6, belongs_to: {region: {min: 1, max: 4}}}
  service: {count: 20, states: [up, down], starts: up, belongs_to: {database: {min: 1, max: 9}}}
desks:
  staff: {shifts: [{from: 0h, to: 24h, agents: 2}]}
streams:
  fault.started:
    source: {rate: 100, actor: database}
    let: {region: {value: database.region}}
    fields: {size: {value: 'uniform(0, 1)'}}
  service.degraded:
    causes:
      - {on: fault.started, each: service.database, when: service.state == 'up'}
    fields: {size: {}, service_id: {value: service.id}}
  service.told:
    causes:
      - {on: service.degraded, each: service, probability: size}
    fields: {service_id: {value: service.id}}
  fault.repaired:
    causes:
      - {on: fault.started, delay: 2h}
    desk: {name: staff, work: 10m}
  every.hour:
    timer: {every: 1h}
    fields: {y: {value: '1'}}
";
    of_text(text, edits)
}

#[test]
fn what_is_right_is_right() {
    assert_eq!(found(&[]), Vec::<String>::new());
}

#[test]
fn each_mistake_is_told_once_where_it_stands() {
    let cases: &[Case] = &[
        (
            &[("each: service.database", "each: servce.database")],
            "16:",
            "there is no kind of entity `servce`",
        ),
        (
            &[("each: service.database", "each: service.databas")],
            "16:",
            "a service does not belong to a `databas`",
        ),
        (
            &[("each: service.database", "each: region")],
            "16:",
            "a region is shared, and lives in one cell",
        ),
        (
            &[(
                "each: service.database, when: service.state == 'up'",
                "each: database.region",
            )],
            "16:",
            "a region is shared, and each database lives in a cell of its own",
        ),
        (
            &[(
                "each: service.database,",
                "each: service.database, count: 2,",
            )],
            "16:",
            "`each` and `count` exclude each other",
        ),
        (
            &[(
                "each: service.database, when: service.state == 'up'",
                "each: service.database, outcome: fate",
            )],
            "16:",
            "`each` and `outcome` exclude each other",
        ),
        (
            &[("service.state == 'up'", "service.stat == 'up'")],
            "16:",
            "a service has no `stat`",
        ),
        (
            &[("service.state == 'up'", "servic.state == 'up'")],
            "16:",
            "`servic` is not known here",
        ),
        (
            &[(
                "on: service.degraded, each: service, probability: size",
                "on: fault.repaired, each: service.database",
            )],
            "20:",
            "the cause knows `database` as a reference to a database in another cell",
        ),
        (
            &[(
                "on: service.degraded, each: service, probability: size",
                "on: every.hour, each: service",
            )],
            "20:",
            "`each` reaches nobody:",
        ),
        (
            &[(
                "fields: {size: {value: 'uniform(0, 1)'}}",
                "fields: {size: {value: 'uniform(0, 1)'}, told: {value: happens(service.degraded)}}",
            )],
            "13:",
            "`service.degraded` follows for each of several",
        ),
    ];
    super::all_are_told(cases, found);
}
