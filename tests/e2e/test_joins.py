"""Events that follow from several others together, in files: each has all that it waited for, in every format; what was changed afterwards is found."""

import json
import shutil

import pyarrow as pa
import pytest

import corrupt
import history

MODEL = history.ROOT / "examples/models/triage"
FORMATS = ["parquet", "arrow", "csv", "jsonl"]
SCENARIO = """
id: bent
name: Another laboratory
description: The laboratory is faster or slower, and reminders come earlier.
duration: 3d
modifiers:
  - {on: lab.result/delay, multiply: FACTOR}
  - {on: payment.reminded/delay, multiply: 0.5}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("joins")
    return {name: history.run(folder, "--days", 9, "--format", name, model=MODEL, out=name) for name in FORMATS}


def by_visit(run, stream):
    rows = history.rows(run.parts(stream)[0])
    return {str(row["visit_id"]): row for row in rows}, len(rows)


@pytest.mark.parametrize("name", FORMATS)
def test_each_has_all_that_it_waited_for(runs, name):
    assert runs[name].manifest["fingerprint"] == runs["parquet"].manifest["fingerprint"]
    (lab, _), (imaging, _), (home, many) = (by_visit(runs[name], stream) for stream in ["lab.result", "imaging.done", "patient.discharged"])
    assert many == len(home) > 2000
    causes = {"lab.result": lab, "imaging.done": imaging}
    for visit, row in home.items():
        last = max(causes, key=lambda stream: causes[stream][visit]["time"])
        assert row["last"] == last and str(row["cause_id"]) == str(causes[last][visit]["event_id"])


@pytest.mark.parametrize("name", FORMATS)
def test_verify_finds_nothing_wrong(runs, name):
    history.call("verify", runs[name].path, "--model", MODEL, folder=runs[name].path.parent)


def test_nobody_is_reminded_who_has_paid_in_sql(runs):
    ask = lambda query: runs["parquet"].database().sql(query).fetchall()
    [(bills, wrong, reminded)] = ask("""SELECT count(*), sum((r.time IS NULL) = (b.time + INTERVAL 48 HOUR < TIMESTAMPTZ '2026-02-11' AND
        (p.time IS NULL OR p.time > b.time + INTERVAL 48 HOUR))), count(r.time) FROM "bill.sent" b LEFT JOIN "payment.received" p USING (visit_id)
        LEFT JOIN "payment.reminded" r USING (visit_id)""")
    assert bills > 2000 and wrong == 0 and reminded > 100


def found(copy):
    """What verify finds, by check."""
    command = ["verify", copy.path, "--model", MODEL, "--json"]
    told = json.loads(history.call(*command, folder=copy.path.parent, expect=1))
    return {group["check"]: group for group in told["findings"]}


@pytest.mark.parametrize("stream, follows", [
    ("lab.result", "patient.discharged"),
    ("imaging.done", "patient.discharged"),
    ("tests.ordered", "patient.discharged"),
    ("internist.answered", "therapy.agreed"),
])
def test_what_was_waited_for_and_taken_away_is_found(runs, tmp_path, stream, follows):
    copy = corrupt.Corrupted(runs["parquet"].path, tmp_path / "copy")
    table, other = copy.read(stream), copy.read(follows)
    causes = set(other.column("cause_id").to_pylist())
    visits = set(other.column("visit_id").to_pylist())
    rows = zip(table.column("event_id").to_pylist(), table.column("visit_id").to_pylist())
    row = next(at for at, (event, visit) in enumerate(rows) if event not in causes and visit in visits)
    copy.write(stream, table.take([at for at in range(table.num_rows) if at != row]))
    findings = found(copy)
    assert findings["join"]["number"] >= 1
    assert follows in {one["table"] for one in findings["join"]["first"]}


def test_a_payment_before_the_reminder_is_found(runs, tmp_path):
    copy = corrupt.Corrupted(runs["parquet"].path, tmp_path / "copy")
    reminded, paid, bills = (copy.read(stream) for stream in ["payment.reminded", "payment.received", "bill.sent"])
    # Another visit's payment now counts for one that was reminded before it.
    times = dict(zip(reminded.column("visit_id").to_pylist(), reminded.column("time").to_pylist()))
    begun = dict(zip(bills.column("visit_id").to_pylist(), bills.column("time").to_pylist()))
    for at, time in enumerate(paid.column("time").to_pylist()):
        visit = next((visit for visit, end in times.items() if begun.get(visit) and begun[visit] < time < end), None)
        if visit:
            break
    column = paid.column("visit_id").to_pylist()
    column[at] = visit
    place = paid.column_names.index("visit_id")
    copy.write("payment.received", paid.set_column(place, paid.field(place), pa.array(column, paid.field(place).type)))
    findings = found(copy)
    assert {one["table"] for one in findings["join"]["first"]} == {"payment.reminded"}


def test_joins_are_told(runs):
    told = history.call("explain", MODEL, "patient.discharged", folder=history.ROOT)
    assert "Once each of lab.result, imaging.done has happened to a visit within 4h of tests.ordered" in told
    told = history.call("explain", MODEL, "payment.reminded", folder=history.ROOT)
    assert "If none of payment.received has happened to a visit within 48h of bill.sent" in told
    drawn = history.call("graph", MODEL, folder=history.ROOT)
    assert '==>|"if all of 2 within 4h, 10m..40m"|' in drawn and '==>|"if no payment.received, 48h"|' in drawn and " -.-x " in drawn
    drawn = history.call("graph", MODEL, "--format", "dot", folder=history.ROOT)
    assert "style=bold" in drawn and "arrowhead=tee" in drawn
    shown = json.loads(history.call("explain", MODEL, "therapy.agreed", "--json", folder=history.ROOT))
    assert shown["after"]["at_least"] == 2 and len(shown["causes"]) == 3
    schema = json.loads(history.call("schema", "model", folder=history.ROOT))
    assert "after" in schema["$defs"]["StreamDef"]["properties"] and "joined" not in schema["$defs"]["CauseDef"]["properties"]


@pytest.mark.parametrize("factor", [0.5, 2])
def test_each_side_waits_for_its_own(tmp_path, factor):
    model = shutil.copytree(MODEL, tmp_path / "triage")
    (model / "scenarios").mkdir()
    (model / "scenarios/bent.yaml").write_text(SCENARIO.replace("FACTOR", str(factor)))
    bent = history.run(tmp_path, "--days", 9, "--scenario", "bent@2026-02-04T00:00:00Z", "--counterfactual", model=model, out="bent")
    history.call("verify", bent.path, "--model", model, folder=tmp_path)
    plain = history.run(tmp_path, "--days", 9, model=model, out="plain")
    ask = lambda query: bent.database().sql(query).fetchall()
    [(differ, fewer)] = ask(f"""SELECT count(*) FILTER (b.attribution IS NOT NULL), count(*) FILTER (b.event_id IS NULL)
        FROM "patient.discharged" b FULL JOIN read_parquet({[str(part) for part in plain.parts("patient.discharged")]}) p
        ON b.event_id = p.event_id AND b.time = p.time""")
    assert differ > 100 and fewer > 100
    [(same, all)] = ask(f"""SELECT count(*), (SELECT count(*) FROM "patient.discharged" WHERE attribution IS NULL) FROM
        (SELECT event_id, time, last FROM "patient.discharged" WHERE attribution IS NULL
        INTERSECT SELECT event_id, time, last FROM read_parquet({[str(part) for part in plain.parts("patient.discharged")]}))""")
    assert same == all > 500


TIED = """
model: {name: tied, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 7}}
entities:
  person: {count: 20}
streams:
  r: {source: {rate: 2000, actor: person}}
  s: {causes: [{on: r}], fields: {person_id: {value: person.id}}}
  m: {causes: [{on: r}], fields: {person_id: {value: person.id}}}
  n: {source: {rate: 2000, actor: person}, fields: {person_id: {value: person.id}}}
  all.of.it:
    after: {all: [m, n], of: person, since: s}
    fields: {person_id: {}}
  within.it:
    after: {all: [m, n], of: person, within: 20m}
    fields: {person_id: {}}
  none.of.it:
    after: {none: [m, n], of: person, since: s, within: 10m}
    fields: {person_id: {value: person.id}}
"""


@pytest.mark.parametrize("warmup", ["0d", "1d"])
def test_events_at_the_same_time_are_in_some_order(tmp_path, warmup):
    """What begins it and what is waited for come at the same time, in either order: verify takes both for possible."""
    (tmp_path / "tied").mkdir()
    (tmp_path / "tied/model.yaml").write_text(TIED.replace("window: 1h", f"window: 1h, warmup: {warmup}"))
    run = history.run(tmp_path, "--days", 4, model=tmp_path / "tied", out="out")
    history.call("verify", run.path, "--model", tmp_path / "tied", folder=tmp_path)
    rows = {stream: sum(len(history.rows(part)) for part in run.parts(stream)) for stream in ["all.of.it", "within.it", "none.of.it"]}
    assert all(number > 100 for number in rows.values()), rows
