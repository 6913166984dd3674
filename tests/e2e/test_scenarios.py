"""What a run says about scenarios and external events is what separately made runs show."""

import json

import duckdb
import jsonschema
import pytest

import history

SMALL = ("--scale", 0.05, "--days", 6)
SCENARIO = "payment-outage@day3T10:00"
NAME = "payment-outage@2026-02-04T10:00:00Z"
KINDS = ("added", "removed", "moved", "changed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scenarios")


@pytest.fixture(scope="module")
def played(folder):
    """A run with a scenario and its counterfactual."""
    return history.run(folder, *SMALL, "--scenario", SCENARIO, "--counterfactual", out="played")


@pytest.fixture(scope="module")
def plain(folder):
    """The same without the scenario."""
    return history.run(folder, *SMALL, out="plain")


@pytest.fixture(scope="module")
def alone(folder):
    """The same without anything that intervenes."""
    return history.run(folder, *SMALL, "--no-events", out="alone")


@pytest.fixture(scope="module")
def database(played, plain, alone):
    """The streams of all three, as "played.<stream>" and so on, and the tables of the first."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    for name, run in (("played", played), ("plain", plain), ("alone", alone)):
        for stream in run.streams:
            files = [str(part) for part in run.parts(stream)]
            database.execute(f'CREATE VIEW "{name}.{stream}" AS SELECT * FROM read_parquet({files}, hive_partitioning = false)')
    for table in ("external_events", "modifiers", "modifier_states", "effects", "effects_hourly"):
        database.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{played.path / table}.parquet')")
    return database


def count(database, query):
    return database.execute(query).fetchone()[0]


def values(database, stream):
    """All columns of a stream but the attribution."""
    columns = [row[0] for row in database.execute(f'DESCRIBE "played.{stream}"').fetchall()]
    return ", ".join(column for column in columns if column != "attribution")


def test_attributions_name_what_happened(database, played):
    known = {name for (name,) in database.execute("SELECT attribution FROM external_events WHERE attribution IS NOT NULL").fetchall()}
    named = set()
    for stream in played.streams:
        named |= {name for (name,) in database.execute(f'SELECT DISTINCT attribution FROM "played.{stream}" WHERE attribution IS NOT NULL').fetchall()}
    assert NAME in named and len(named) > 5
    assert {name.removesuffix(" (contention)") for name in named} <= known | {NAME, "joint"}


def test_the_counterfactual_is_what_a_separate_run_differs_by(database, folder, played, plain):
    history.call("diff", "played", "plain", "--out", "apart", folder=folder, expect=1)
    own, apart = played.path / "counterfactual", folder / "apart"
    files = {path.relative_to(own) for path in own.rglob("*.parquet")}
    assert files == {path.relative_to(apart) for path in apart.rglob("*.parquet")}
    # Why they differ is known from the run alone, and not from two finished ones.
    told = "SELECT * FROM read_parquet('{}', hive_partitioning = false)"
    for file in files:
        mine, theirs = (told.format(folder / file) for folder in (own, apart))
        if "changes" in file.parts:
            mine, theirs = (query.replace("*", "* EXCLUDE (why, via)", 1) for query in (mine, theirs))
        assert database.execute(mine).fetchall() == database.execute(theirs).fetchall(), file
    assert {f"counterfactual/{file}" for file in files} == {path for path in played.digests() if path.startswith("counterfactual/")}
    summary = database.execute(f"SELECT * FROM read_parquet('{own / 'summary.parquet'}')").fetchall()
    assert len(summary) == len(played.streams)
    for stream, rows, twin_rows, *counts in summary:
        columns = values(database, stream)
        differs = " OR ".join(f"a.{name} IS DISTINCT FROM b.{name}" for name in columns.split(", "))
        kind = "CASE WHEN b.event_id IS NULL THEN 'added' WHEN a.event_id IS NULL THEN 'removed' WHEN a.time <> b.time THEN 'moved' ELSE 'changed' END"
        found = dict(database.execute(
            f'SELECT {kind} AS kind, count(*) FROM "played.{stream}" a FULL JOIN "plain.{stream}" b USING (event_id)'
            f" WHERE {differs} GROUP BY kind"
        ).fetchall())
        assert counts == [found.get(kind, 0) for kind in KINDS], stream
        assert rows == count(database, f'SELECT count(*) FROM "played.{stream}"')
        assert twin_rows == count(database, f'SELECT count(*) FROM "plain.{stream}"')
    assert {stream for stream, _, _, *counts in summary if any(counts)} >= {"payment.failure", "payment.success", "support.ticket.created"}
    assert not any(path.name.startswith(".") for path in played.path.iterdir())


def test_what_is_missing_because_of_the_scenario_says_so(database, played):
    changes = f"read_parquet('{played.path}/counterfactual/changes/*/*.parquet', union_by_name = true)"
    why = dict(database.execute(f"SELECT why, count(*) FROM {changes} WHERE change = 'removed' GROUP BY why").fetchall())
    assert why.get(NAME, 0) > 0.95 * sum(why.values()) > 0, why


def test_the_summary_counts_the_rows_that_are_attributed(database, played):
    counted = dict()
    for stream in played.streams:
        for name, rows in database.execute(
            f'SELECT attribution, count(*) FROM "played.{stream}" WHERE attribution IS NOT NULL GROUP BY attribution'
        ).fetchall():
            counted[name] = counted.get(name, 0) + rows
    told = history.call_json("run", "tutoring", *SMALL, "--scenario", SCENARIO, "--no-output", "--quiet", folder=played.path.parent)["attributed"]
    contention = sum(rows for name, rows in counted.items() if name.endswith(" (contention)"))
    assert told["contention"]["rows"] == contention > 0
    assert told["joint"]["rows"] == counted["joint"] > 0
    assert told["scenarios"] == {"interventions": 1, "rows": counted[NAME]}
    timeline = sum(counted.values()) - contention - counted["joint"] - counted[NAME]
    assert told["timeline"]["rows"] == timeline > 0


def test_the_command_tells_what_the_table_of_effects_has(database, folder):
    said = history.call_json("effects", "played", "--event", "payment-outage", "--limit", 100, folder=folder)["effects"]
    rows = database.execute(f"SELECT stream, added, removed, changed, net FROM effects WHERE cause = '{NAME}'").fetchall()
    assert {tuple(row[key] for key in ("stream", "added", "removed", "changed", "net")) for row in said} == set(rows)
    said = history.call_json("effects", "played", "--stream", "payment.failure", folder=folder)["effects"]
    assert said[0]["cause"] == "all interventions" and said[1]["cause"] == NAME and said[1]["first_after_h"] == 0


def test_modifiers_and_their_states_are_those_of_the_scenario(database):
    modifiers = database.execute(f'SELECT address, kind, operation, value, start, "end" FROM modifiers WHERE intervention = \'{NAME}\' ORDER BY start').fetchall()
    assert [row[:4] for row in modifiers] == [
        ("payment.failure/probability", "direct", "override", 0.95),
        ("support.ticket.created/probability/payment.failure", "cascade", "multiply", 1.5),
    ]
    assert [str(row[4])[:16] for row in modifiers] == ["2026-02-04 10:00", "2026-02-04 10:10"]
    states = database.execute(f"SELECT state, count(*) FROM modifier_states WHERE intervention = '{NAME}' GROUP BY state").fetchall()
    # 10, 11, 12 and 13 o'clock for both, 10:10 for the second instead of 10; and 14 o'clock.
    assert dict(states) == {"active": 8, "settled": 2}
    causal = {name for (name,) in database.execute("SELECT attribution FROM external_events WHERE is_causal AND injected_by IS NULL").fetchall()}
    others = {name for (name,) in database.execute(f"SELECT DISTINCT intervention FROM modifiers WHERE intervention <> '{NAME}'").fetchall()}
    assert others == causal


@pytest.mark.parametrize("seed", [42, 7])
def test_a_month_has_two_to_five_events_a_day_two_thirds_of_which_do_something(tmp_path, seed):
    args = ("--scale", 0.01, "--days", 30, "--seed", seed, "--streams", "tutor.payout.processed")
    run = history.run(tmp_path, *args)
    events = f"read_parquet('{run.path}/external_events.parquet')"
    days = [number for (number,) in duckdb.sql(f"SELECT count(*) FROM {events} GROUP BY CAST(time AT TIME ZONE 'UTC' AS DATE)").fetchall()]
    assert len(days) == 30 and 2 <= min(days) and max(days) <= 5
    [(share,)] = duckdb.sql(f"SELECT avg(CAST(is_causal AS INTEGER)) FROM {events}").fetchall()
    assert 0.6 <= share <= 0.7
    assert run.manifest["external_events"]["number"] == sum(days)


def test_the_manifest_says_what_to_ask_for_to_play_it_again(played, folder, tmp_path):
    schema = json.loads(history.call("schema", "manifest", folder=folder))
    jsonschema.validate(played.manifest, schema)
    [scenario] = played.manifest["scenarios"]
    assert scenario["attribution"] == NAME
    again = history.run(tmp_path, *SMALL, "--scenario", f"{scenario['id']}@{scenario['start']}")
    digests = {path: digest for path, digest in played.digests().items() if not path.startswith("counterfactual/")}
    assert again.digests() == digests
    assert again.manifest["fingerprint"] == played.manifest["fingerprint"]
