"""`causeflow regenerate` puts something into the past: a window and nothing before it, the same with and without
snapshots, and after the window only what reaches across its end. The run itself stays as it is."""

import datetime
import json
import subprocess

import duckdb
import pytest

import history

SCALE, DAYS = 0.05, 6
# Day 4 is 2026-02-05; the outage begins at 10:00, and lasts to the end of the window.
FROM, TO, UNTIL = "2026-02-05 00:00:00", "2026-02-06 00:00:00", "2026-02-07 00:00:00"
OUTAGE = "payment-outage@2026-02-05T10:00:00Z"


def instant(text):
    return datetime.datetime.fromisoformat(text)

WINDOW = ("--from", "day4", "--to", "day5", "--until", "day6", "--scenario", "payment-outage@day4T10:00+14h")
SOURCE_OF_ALL = ["event_id", "time", "cause_id", "root_id", "cell"]


def digests(folder):
    """The bytes of every file of a folder."""
    files = (path for path in folder.rglob("*") if path.is_file() and "versions" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run without snapshots, how it was, and a version of its fourth day."""
    run = history.run(tmp_path_factory.mktemp("versions"), "--scale", SCALE, "--days", DAYS)
    before = digests(run.path)
    said = history.call_json("regenerate", "out", *WINDOW, "--quiet", folder=run.path.parent)
    return run, before, said


@pytest.fixture(scope="module")
def version(run):
    return history.Run(run[0].path / "versions" / "v1")


@pytest.fixture(scope="module")
def database(run, version):
    """The streams of the run as "<stream>", those of the version as "v.<stream>"."""
    database = run[0].database()
    for stream in version.streams:
        files = [str(part) for part in version.parts(stream)]
        database.execute(f'CREATE VIEW "v.{stream}" AS SELECT * FROM read_parquet({files}, hive_partitioning = false)')
    common = ", ".join(SOURCE_OF_ALL + ["attribution"])
    every = (f"SELECT '{stream}' AS stream, {common} FROM \"v.{stream}\"" for stream in version.streams)
    database.execute("CREATE TABLE v AS " + " UNION ALL ".join(every))
    # What is in the one and not, the same, in the other.
    common = ", ".join(["stream"] + SOURCE_OF_ALL)
    part = f"time >= '{FROM}' AND time < '{UNTIL}'"
    database.execute(f"CREATE TABLE added AS (SELECT {common} FROM v EXCEPT SELECT {common} FROM link WHERE {part})")
    database.execute(f"CREATE TABLE removed AS (SELECT {common} FROM link WHERE {part} EXCEPT SELECT {common} FROM v)")
    return database


def test_the_run_itself_stays_as_it_is(run):
    assert digests(run[0].path) == run[1]


def test_a_version_has_the_window_and_what_comes_after_it_up_to_where_it_was_asked_for(version, database, run):
    bounds = [instant(version.manifest[name]) for name in ("start", "end")]
    assert bounds == [instant("2026-02-05T00:00:00Z"), instant("2026-02-07T00:00:00Z")]
    assert run[2]["fingerprint"] == version.manifest["fingerprint"]
    first, last, rows = database.execute("SELECT min(time)::VARCHAR, max(time)::VARCHAR, count(*) FROM v").fetchone()
    assert FROM <= first < "2026-02-05 00:01" and "2026-02-06 23:59" < last < UNTIL
    assert rows == sum(stream["rows"] for stream in version.manifest["streams"]) == run[2]["rows"]


def test_before_the_scenario_begins_every_row_is_the_same_in_every_field(version, database):
    for stream in version.streams:
        early = f"time >= '{FROM}' AND time < '2026-02-05 10:00:00'"
        [differing] = database.execute(
            f"""SELECT count(*) FROM (
                (SELECT * FROM "{stream}" WHERE {early} EXCEPT SELECT * FROM "v.{stream}" WHERE {early}) UNION ALL
                (SELECT * FROM "v.{stream}" WHERE {early} EXCEPT SELECT * FROM "{stream}" WHERE {early}))"""
        ).fetchone()
        assert differing == 0, stream


def test_the_scenario_does_its_work_in_the_window_and_is_named_for_it(database):
    failed = "SELECT count(*) FROM {} WHERE time >= '2026-02-05 10:00' AND time < '2026-02-06'"
    [before] = database.execute(failed.format('"payment.failure"')).fetchone()
    [after] = database.execute(failed.format('"v.payment.failure"')).fetchone()
    assert after > 5 * before > 0
    names = dict(
        database.execute(
            "SELECT attribution, count(*) FROM v SEMI JOIN added USING (stream, event_id, time) GROUP BY attribution"
        ).fetchall()
    )
    # Others only wait longer at the support desk, for the tickets that the outage brings: they keep what they had.
    assert names[OUTAGE] > 0.5 * sum(names.values()), names


def test_after_the_window_only_what_reaches_across_differs(database):
    late = f"time >= '{TO}'"
    [reaching] = database.execute(f"SELECT count(*) FROM added WHERE {late}").fetchone()
    assert reaching > 0
    # Nothing is bent any more: whatever has come or gone has a cause before the end of the window, up its chain, that
    # has come or gone, too, unless it only waited for an agent who was busy with others, and then nobody is named. A root
    # that nobody caused is never among it.
    for changed in ("added", "removed"):
        [roots] = database.execute(f"SELECT count(*) FROM {changed} WHERE {late} AND cause_id IS NULL").fetchone()
        assert roots == 0
    orphans = database.execute(
        f"""SELECT count(*) FROM added a WHERE {late} AND NOT EXISTS (
            SELECT 1 FROM added c WHERE c.event_id = a.cause_id UNION ALL SELECT 1 FROM removed c WHERE c.event_id = a.cause_id)
            AND a.stream NOT IN ('tutor.payout', 'platform.snapshot') AND EXISTS (SELECT 1 FROM v WHERE v.event_id = a.cause_id)
            AND (SELECT time FROM v WHERE v.event_id = a.cause_id) >= '{TO}'
            AND EXISTS (SELECT 1 FROM v WHERE v.event_id = a.event_id AND v.time = a.time AND v.attribution = '{OUTAGE}')"""
    ).fetchone()
    assert orphans == (0,)


def test_diff_counts_what_sql_counts(run, database):
    command = [history.BINARY, "diff", "out", "--version", "v1", "--json"]
    done = subprocess.run(command, cwd=run[0].path.parent, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    said = {stream["name"]: stream for stream in json.loads(done.stdout)["streams"]}
    for stream, part in said.items():
        rows = database.execute(
            f"SELECT count(*) FROM link WHERE stream = '{stream}' AND time >= '{FROM}' AND time < '{UNTIL}'"
        ).fetchone()
        assert part["twin_rows"] == rows[0], stream
        ids = database.execute(
            f"""SELECT count(*) FROM (SELECT event_id FROM v WHERE stream = '{stream}' EXCEPT
                SELECT event_id FROM link WHERE stream = '{stream}' AND time >= '{FROM}' AND time < '{UNTIL}')"""
        ).fetchone()
        assert part["added"] == ids[0], stream
    differing = {row[0] for row in database.execute("SELECT stream FROM added UNION SELECT stream FROM removed").fetchall()}
    assert differing <= set(said)


def test_from_a_snapshot_a_version_has_the_same_bytes(run, version, tmp_path):
    again = history.run(tmp_path, "--scale", SCALE, "--days", DAYS, "--snapshot-every", "1d")
    said = history.call_json("regenerate", "out", *WINDOW, "--quiet", folder=tmp_path)
    assert instant(said["snapshot"]) == instant("2026-02-05T00:00:00Z") and run[2]["snapshot"] is None
    assert digests(again.path / "versions" / "v1") == digests(version.path)


def test_a_version_is_played_again_from_its_manifest(run):
    said = history.call("replay", "out/versions/v1", "--quiet", folder=run[0].path.parent)
    assert "identical" in said
    assert "all is well" in history.call("verify", "out/versions/v1", folder=run[0].path.parent)


def test_versions_are_listed_and_dropped(run):
    folder = run[0].path.parent
    history.call("regenerate", "out", "--from", "day2", "--to", "day3", "--event", "blog-viral@day2T01:00",
                 "--name", "viral", "--quiet", folder=folder)
    listed = {version["name"]: version for version in history.call_json("versions", "out", folder=folder)["versions"]}
    assert list(listed) == ["v1", "viral"] and listed["v1"]["put_in"] == [OUTAGE]
    for command in (("verify",), ("replay", "--quiet")):
        history.call(*command, "out/versions/viral", folder=folder)
    [event] = listed["viral"]["put_in"]
    template, time = event.split("@")
    assert template == "blog-viral" and instant(time) == instant("2026-02-03T01:00:00Z")
    assert "viral" in history.call("versions", "out", folder=folder)
    assert history.call_json("reset", "out", "viral", folder=folder) == {"dropped": ["viral"]}
    assert not (folder / "out/versions/viral").exists() and (folder / "out/versions/v1").exists()
    history.call("reset", "out", "viral", folder=folder, expect=2)


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("--from", "day4", "--to", "day5"), "nothing is put into the window"),
        (("--from", "day4", "--to", "day9", "--event", "blog-viral@day4T01:00"), "the run goes from"),
        (("--from", "day5", "--to", "day4", "--event", "blog-viral@day4T01:00"), "begins only at"),
        (("--from", "day4", "--to", "day5", "--until", "day4T12:00", "--event", "blog-viral@day4T01:00"), "before the end of the window"),
        (("--from", "day4", "--to", "day5", "--event", "blog-viral@day3"), "does not begin in the window"),
        (("--from", "day4", "--to", "day5", "--scenario", "payment-outag@day4"), "payment-outage"),
        ((*WINDOW, "--name", "../v"), "cannot be the name of a version"),
        ((*WINDOW, "--name", "v1"), "holds a finished run"),
    ],
)
def test_what_cannot_be_put_in_is_told(run, arguments, says):
    command = [history.BINARY, "regenerate", "out", *arguments]
    done = subprocess.run(command, cwd=run[0].path.parent, capture_output=True, text=True)
    assert done.returncode == 2 and says in done.stderr, done.stderr
    assert sorted(path.name for path in (run[0].path / "versions").iterdir()) == ["v1"]


def test_a_cascade_that_begins_after_the_window_is_cut_off_or_played_on(run):
    """A supply crisis has cascades a day later and two: a window of its first day is welcome."""
    crisis = ("regenerate", "out", "--from", "day4", "--to", "day5", "--scenario", "supply-crisis@day4T08:00", "--quiet")
    folder = run[0].path.parent
    for name, more, later in (("cut", (), False), ("on", ("--until", "end"), True)):
        history.call_json(*crisis, "--name", name, *more, folder=folder)
        file = run[0].path / "versions" / name / "modifiers.parquet"
        starts = duckdb.execute(
            f"SELECT start >= '{TO}' FROM '{file}' WHERE intervention LIKE 'supply-crisis%'"
        ).fetchall()
        assert starts and any(start for start, in starts) == later, name
        history.call("replay", f"out/versions/{name}/manifest.json", folder=folder)
        history.call("reset", "out", name, folder=folder)
