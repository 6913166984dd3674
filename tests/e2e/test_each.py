"""Events that reach each who depends on them, in files: whom the table of the model says, all of them, and what was changed afterwards is found."""

import json

import pyarrow as pa
import pytest

import corrupt
import history

MODEL = history.ROOT / "examples/models/services"
SCENARIO = """
id: worse
name: Tighter dependencies
description: More of those that depend on somebody are slow, faults reach them later, and instances restart twice.
duration: 5d
modifiers:
  - {on: service.slowed/probability, multiply: 1.5}
  - {on: service.degraded/delay, multiply: 4}
  - {on: instance.restarted/count, multiply: 2}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return history.run(tmp_path_factory.mktemp("each"), "--days", 30, model=MODEL)


@pytest.fixture(scope="module")
def database(run):
    database = run.database()
    for table in ["systems", "stores"]:
        database.execute(f"CREATE TABLE {table} AS SELECT * FROM read_csv('{MODEL / table}.csv', header = true)")
    return database


def ask(database, query):
    return database.sql(query).fetchall()


def test_every_fault_reaches_each_service_of_its_database_once(database):
    # Chains of before the first day, and those that the last one cuts off, are left out.
    [(pairs, missing, twice)] = ask(database, """WITH wanted AS (SELECT f.event_id, s.name FROM "database.failed" f JOIN systems s ON s.database = f.store
            WHERE f.time < TIMESTAMPTZ '2026-03-03' AND f.cause_id IS NULL),
        found AS (SELECT cause_id, system, count(*) AS many FROM "service.degraded" GROUP BY ALL)
        SELECT count(*), sum((many IS NULL)::INT), sum((many > 1)::INT) FROM wanted LEFT JOIN found ON cause_id = event_id AND system = name""")
    assert pairs > 900 and (missing, twice) == (0, 0)


def test_whoever_is_reached_stands_in_the_table_two_levels_down(database):
    [(slow, of_table, of_root, all_of_chain)] = ask(database, """SELECT count(*), sum((s.upstream = d.system AND s.name = w.system)::INT), sum((w.root_id = f.event_id AND d.root_id = f.event_id)::INT),
        sum((d.time <= w.time AND f.time <= d.time AND b.database = f.store)::INT)
        FROM "service.slowed" w JOIN "service.degraded" d ON d.event_id = w.cause_id JOIN "database.failed" f ON f.event_id = d.cause_id
        JOIN systems s ON s.name = w.system JOIN systems b ON b.name = d.system""")
    assert slow > 150 and (of_table, of_root, all_of_chain) == (slow, slow, slow)
    [(without,)] = ask(database, """SELECT count(*) FROM "service.slowed" w LEFT JOIN "service.degraded" d ON d.event_id = w.cause_id
        WHERE d.event_id IS NULL AND w.root_id IN (SELECT event_id FROM "database.failed")""")
    assert without == 0


def test_it_is_as_likely_as_the_row_says(database):
    rows = ask(database, """SELECT s.name, s.exposure, count(*), count(w.event_id) FROM "service.degraded" d JOIN systems s ON s.upstream = d.system
        LEFT JOIN "service.slowed" w ON w.cause_id = d.event_id AND w.system = s.name
        JOIN systems u ON u.name = d.system WHERE s.database != u.database AND d.time < TIMESTAMPTZ '2026-03-03' GROUP BY ALL""")
    assert {name for name, *_ in rows} == {"checkout", "mobile_app", "support_desk", "shop_front"}
    # One that is degraded itself at that time is not slow besides, so there are a bit fewer.
    expected, slow = sum(exposure * asked for _, exposure, asked, _ in rows), sum(slow for *_, slow in rows)
    assert expected > 200 and 0.8 * expected < slow < 1.05 * expected


def test_recoveries_go_on_to_each_instance(database):
    [(pairs, missing, other)] = ask(database, """WITH wanted AS (SELECT r.event_id, i.instance_id FROM "service.recovered" r JOIN instance i USING (service_id) WHERE r.time < TIMESTAMPTZ '2026-03-03'),
        found AS (SELECT cause_id, instance_id FROM "instance.restarted" WHERE cause_id IN (SELECT event_id FROM "service.recovered"))
        SELECT count(*), sum((found.cause_id IS NULL)::INT), sum((event_id IS NULL)::INT) FROM wanted FULL JOIN found ON cause_id = event_id AND wanted.instance_id = found.instance_id
        WHERE cause_id IS NULL OR cause_id IN (SELECT event_id FROM wanted)""")
    assert pairs > 5000 and (missing, other) == (0, 0)
    [(restarts, counted)] = ask(database, 'SELECT (SELECT count(*) FROM "instance.restarted"), (SELECT sum(restarts)::BIGINT FROM instance)')
    assert restarts == counted
    [(cleared, rightly)] = ask(database, """SELECT count(*), sum((c.upstream = r.system)::INT) FROM "service.cleared" c JOIN "service.recovered" r ON r.event_id = c.cause_id""")
    assert cleared > 100 and rightly == cleared


def test_verify_holds_each_against_whom_it_names(run, tmp_path):
    history.call("verify", run.path, "--model", MODEL, folder=tmp_path)
    copy = corrupt.Corrupted(run.path, tmp_path / "copy")
    table = copy.read("service.degraded")
    [row, *_] = copy.rows_within("service.degraded")
    column = table.column("service_id").to_pylist()
    column[row] = next(other for other in column if other != column[row])
    place = table.column_names.index("service_id")
    field = table.field(place)
    copy.write("service.degraded", table.set_column(place, field, pa.array(column, field.type)))
    told = json.loads(history.call("verify", copy.path, "--model", MODEL, "--json", folder=tmp_path, expect=1))
    [cause] = [group for group in told["findings"] if group["check"] == "cause"]
    assert cause["number"] == 1 and cause["first"][0]["table"] == "service.degraded"


def test_a_scenario_bends_it_and_its_twin_agrees(tmp_path):
    run, version = history.bent(tmp_path, MODEL, SCENARIO)
    database = run.database()
    [(pairs, most)] = ask(database, """SELECT count(*), max(many) FROM (SELECT count(*) AS many FROM "instance.restarted" GROUP BY cause_id, instance_id HAVING count(*) > 1)""")
    assert pairs > 200 and most == 2
    [(changed,)] = ask(database, "SELECT count(*) FROM link WHERE attribution IS NOT NULL")
    assert changed > 500
    version = version.database()
    window = "SELECT event_id, time, cause_id, root_id, attribution FROM link WHERE time >= TIMESTAMPTZ '2026-02-04' AND time < TIMESTAMPTZ '2026-02-09' ORDER BY ALL"
    assert len(ask(version, window)) > 1000 and ask(version, window) == ask(database, window)


def test_what_names_nobody_is_verified_as_far_as_it_can_be(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.yaml").write_text("""
model: {name: two, cells: 3, window: 1h, reference: {start: 2026-02-02, days: 28}}
entities:
  database: {count: 6}
  service: {count: 30, belongs_to: {database: {min: 2, max: 9}}}
streams:
  fault.one: {source: {rate: 40, actor: database}, fields: {size: {value: 'uniform(0, 1)'}}}
  fault.two: {source: {rate: 40, actor: database}, fields: {size: {value: 'uniform(0, 1)'}}}
  service.degraded:
    causes: [{on: fault.one, each: service.database, delay: 1m}, {on: fault.two, each: service.database, probability: 0.5, delay: 3m..5m}]
    fields: {size: {}}
  service.repaired:
    causes: [{on: service.degraded, delay: 1h}]
    fields: {size: {}, database_id: {value: service.database.id}}
""")
    run = history.run(tmp_path, "--days", 5, model=model)
    told = json.loads(history.call("verify", run.path, "--model", model, "--json", folder=tmp_path))
    assert told["findings"] == []
    [(many, whole)] = ask(run.database(), """SELECT count(*), count(*) FILTER (l.stream IN ('fault.one', 'fault.two')) FROM "service.degraded" d JOIN link l ON l.event_id = d.cause_id""")
    assert many > 1000 and whole == many


def test_it_is_told():
    told = history.call("explain", MODEL, "service.degraded", folder=history.ROOT)
    assert "for each service, where `service.system.database == store`" in told
    told = history.call("explain", MODEL, "instance.restarted", folder=history.ROOT)
    assert "for each instance that belongs to the service" in told
    assert "each instance.service, 5s..3m" in history.call("graph", MODEL, folder=history.ROOT)
