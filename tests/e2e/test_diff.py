"""`causeflow diff` agrees with the same comparison written in SQL, event by event and value by value."""

import json
import os
import shutil
import subprocess

import duckdb
import pytest

import history

# What intervenes is named in the attribution, which is not compared.
SMALL = ("--scale", 0.05, "--days", 4, "--no-events")
COMMON = ["event_id", "time", "cause_id", "root_id", "cell", "attribution"]

# What is edited in booking.yaml: the first adds and removes events, the second moves them.
EDITS = {
    "probability": [("probability: 0.75, delay", "probability: 0.76, delay"), ("probability: 0.13, delay", "probability: 0.12, delay")],
    "delay": [("probability: 0.75, delay: 2h..24h", "probability: 0.75, delay: 2h..23h")],
}


def difference(*args, folder, expect=1, threads=None):
    environment = os.environ | ({"RAYON_NUM_THREADS": str(threads)} if threads else {})
    command = [history.BINARY, "diff", *map(str, args), "--json"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == expect, f"{done.stdout}\n{done.stderr}"
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    return history.run(tmp_path_factory.mktemp("twin"), *SMALL)


@pytest.fixture(scope="module", params=EDITS)
def compared(request, twin, tmp_path_factory):
    """A run of an edited model, what the command says about it, and the folder of the tables."""
    folder = tmp_path_factory.mktemp(request.param)
    model = shutil.copytree(history.ROOT / "models/tutoring", folder / "tutoring")
    text = (model / "booking.yaml").read_text()
    for old, new in EDITS[request.param]:
        assert old in text
        text = text.replace(old, new)
    (model / "booking.yaml").write_text(text)
    run = history.run(folder, *SMALL, model=model)
    said = difference(run.path, twin.path, "--out", "effect", "--hours", "--limit", 20, folder=folder)
    return run, said, folder / "effect"


@pytest.fixture(scope="module")
def database(compared, twin):
    """A connection with the streams of both runs, as "a.<stream>" and "b.<stream>"."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    for name, run in (("a", compared[0]), ("b", twin)):
        for stream in run.streams:
            files = [str(part) for part in run.parts(stream)]
            database.execute(
                f'CREATE VIEW "{name}.{stream}" AS SELECT * FROM read_parquet({files}, hive_partitioning = false)'
            )
    return database


def read(path):
    return f"read_parquet('{path}', hive_partitioning = false)"


def fields(database, stream):
    columns = [row[0] for row in database.execute(f'DESCRIBE "a.{stream}"').fetchall()]
    assert columns[: len(COMMON)] == COMMON
    return columns[len(COMMON) :]


def expected(database, stream):
    """The difference of a stream as a query."""
    names = fields(database, stream)
    differs = " OR ".join(f"a.{name} IS DISTINCT FROM b.{name}" for name in COMMON[:-1] + names)
    either = ", ".join(f"CASE WHEN a.event_id IS NULL THEN b.{name} ELSE a.{name} END AS {name}" for name in COMMON[2:5])
    both = "".join(f", a.{name} AS {name}, b.{name} AS twin_{name}" for name in names)
    return f"""
        SELECT coalesce(a.event_id, b.event_id) AS event_id,
            CASE WHEN b.event_id IS NULL THEN 'added' WHEN a.event_id IS NULL THEN 'removed'
                WHEN a.time <> b.time THEN 'moved' ELSE 'changed' END AS change,
            a.time AS time, b.time AS twin_time, {either}, a.attribution AS attribution, NULL::VARCHAR AS why,
            NULL::VARCHAR AS via{both}
        FROM "a.{stream}" a FULL JOIN "b.{stream}" b USING (event_id)
        WHERE {differs}
        ORDER BY coalesce(a.time, b.time), event_id"""


def test_every_row_of_every_table_is_the_one_that_sql_finds(compared, database, twin):
    run, said, effect = compared
    kinds = set()
    for stream in run.streams:
        path = effect / f"changes/stream={stream}/part-0000.parquet"
        wanted = database.execute(expected(database, stream))
        names = [column[0] for column in wanted.description]
        rows = wanted.fetchall()
        assert path.is_file() == bool(rows), stream
        if rows:
            found = database.execute(f"SELECT * FROM {read(path)}")
            assert [column[0] for column in found.description] == names
            assert found.fetchall() == rows, stream
            kinds |= {row[1] for row in rows}
    assert "changed" in kinds and kinds & {"added", "moved"}
    assert {stream["name"] for stream in said["streams"]} == {path.name[7:] for path in (effect / "changes").iterdir()}
    assert len(said["streams"]) + len(said["identical_streams"]) == len(twin.streams)
    assert said["identical"] is False and said["left_out_streams"] == []


def test_the_twin_with_its_difference_applied_is_the_run(compared, database):
    run, said, effect = compared
    for stream in (stream["name"] for stream in said["streams"]):
        changes = read(effect / f"changes/stream={stream}/part-0000.parquet")
        columns = ", ".join(COMMON + fields(database, stream))
        applied = f"""
            SELECT {columns} FROM "b.{stream}" WHERE event_id NOT IN (SELECT event_id FROM {changes})
            UNION ALL SELECT {columns} FROM {changes} WHERE change <> 'removed'"""
        for one, other in ((applied, f'SELECT {columns} FROM "a.{stream}"'), (f'SELECT {columns} FROM "a.{stream}"', applied)):
            assert database.execute(f"({one}) EXCEPT ALL ({other})").fetchall() == [], stream


def test_the_summaries_count_the_tables(compared, database, twin):
    run, said, effect = compared
    kinds = ", ".join(f"count(*) FILTER (change = '{kind}')" for kind in ("added", "removed", "moved", "changed"))
    changes = f"read_parquet('{effect}/changes/*/*.parquet', hive_partitioning = true, union_by_name = true)"
    by_stream = {row[0]: row[1:] for row in database.execute(f"SELECT stream, {kinds} FROM {changes} GROUP BY stream").fetchall()}
    summary = database.execute(f"SELECT * FROM {read(effect / 'summary.parquet')}").fetchall()
    rows = [{stream["name"]: stream["rows"] for stream in one.manifest["streams"]} for one in (run, twin)]
    assert summary == [(name, rows[0][name], rows[1][name], *by_stream.get(name, (0, 0, 0, 0))) for name in sorted(run.streams)]
    assert [tuple(stream.values()) for stream in said["streams"]] == [row for row in summary if sum(row[3:]) > 0]
    hours = database.execute(f"""
        SELECT stream, date_trunc('hour', coalesce(twin_time, time)) AS hour, {kinds} FROM {changes}
        GROUP BY ALL ORDER BY stream, hour""").fetchall()
    assert database.execute(f"SELECT * FROM {read(effect / 'hours.parquet')}").fetchall() == hours
    assert [(hour["stream"], *list(hour.values())[2:]) for hour in said["hours"]] == [(row[0], *row[2:]) for row in hours]


def test_the_first_events_are_those_that_happen_first(compared, database):
    _, said, effect = compared
    changes = f"read_parquet('{effect}/changes/*/*.parquet', hive_partitioning = true, union_by_name = true)"
    first = database.execute(f"""
        SELECT stream, event_id::VARCHAR, change FROM {changes} ORDER BY coalesce(time, twin_time), event_id LIMIT 20""").fetchall()
    assert [(event["stream"], event["event_id"], event["change"]) for event in said["events"]] == first


def test_the_tables_do_not_depend_on_threads(compared, twin, tmp_path):
    run, _, effect = compared
    for threads in (1, 5):
        difference(run.path, twin.path, "--out", f"effect-{threads}", folder=tmp_path, threads=threads)
    names = {path.relative_to(effect) for path in effect.rglob("*.parquet")}
    for other in (tmp_path / "effect-1", tmp_path / "effect-5"):
        assert {path.relative_to(other) for path in other.rglob("*.parquet")} == names
        for name in names:
            assert (other / name).read_bytes() == (effect / name).read_bytes(), name


def test_a_run_does_not_differ_from_itself(twin, tmp_path):
    again = history.run(tmp_path, *SMALL)
    said = difference(again.path, twin.path, "--out", "effect", folder=tmp_path, expect=0)
    assert said["identical"] is True and said["streams"] == [] and said["notes"] == []
    assert sorted(path.name for path in (tmp_path / "effect").iterdir()) == ["hours.parquet", "summary.parquet"]
