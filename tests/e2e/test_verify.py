"""`causeflow verify` finds whatever is changed in a finished run, and names it."""

import json
import shutil

import blake3
import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import history
from corrupt import Corrupted

SMALL = ["--scale", "0.02", "--days", "3", "--scenario", "payment-outage@day2T10:00"]
NAME = "payment-outage@2026-02-03T10:00:00Z"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return history.run(tmp_path_factory.mktemp("verified"), *SMALL)


@pytest.fixture
def copy(run, tmp_path):
    return Corrupted(run.path, tmp_path / "out")


def verify(copy, *args, expect=1):
    return json.loads(history.call("verify", copy.path, "--json", *args, folder=copy.path.parent, expect=expect))


def found(copy, *args):
    """The findings by check."""
    verdict = verify(copy, *args)
    assert not verdict["ok"]
    return {group["check"]: group for group in verdict["findings"]}


def named(group):
    return {int(finding["id"]) for finding in group["first"] if finding["id"]}


def test_a_run_that_nobody_touched_is_well(run):
    verdict = verify(run, expect=0)
    assert verdict["ok"] and verdict["findings"] == [] and verdict["not_checked"] == []
    files = f"read_parquet('{run.path}/events/*/*.parquet', hive_partitioning=false, union_by_name=true)"
    [(rows, caused)] = duckdb.sql(f"SELECT count(*), count(cause_id) FROM {files}").fetchall()
    assert verdict["rows"] == rows == sum(stream["rows"] for stream in run.manifest["streams"])
    # Each cause is followed, and ids in fields besides.
    assert verdict["links"] > caused
    text = history.call("verify", run.path, folder=run.path)
    assert text.startswith("all is well\n")


def test_one_value_of_one_row_is_found(copy):
    copy.put("booking.confirmed", 700, response_minutes=1e6)
    findings = found(copy)
    assert list(findings) == ["fingerprint"]
    [finding] = findings["fingerprint"]["first"]
    assert finding["table"] == "booking.confirmed"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_no_finite_number_is_found(copy, value):
    event = copy.put("booking.confirmed", 700, response_minutes=value)
    findings = found(copy)
    assert set(findings) == {"number", "fingerprint"}
    assert named(findings["number"]) == {event}


def test_one_byte_of_a_file_is_found(copy):
    path = copy.path / copy.file("rating.submitted")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    findings = found(copy)
    assert list(findings) == ["digest"]
    assert findings["digest"]["first"][0]["file"] == copy.file("rating.submitted")
    # Without digests only what the file says about itself is compared.
    verify(copy, "--quick", expect=0)


@pytest.mark.parametrize("what", ["streams", "files"])
def test_one_row_count_is_found(copy, what):
    def change(manifest):
        manifest[what][3]["rows"] += 1

    copy.edit(change)
    findings = found(copy)
    assert list(findings) == ["rows"]


@pytest.mark.parametrize("which", ["a bit", "another event"])
def test_one_parent_is_found(copy, which):
    causes = copy.read("booking.confirmed").column("cause_id")
    other = causes[701].as_py() if which == "another event" else causes[700].as_py() ^ 1 << 40
    event = copy.put("booking.confirmed", 700, cause_id=other)
    findings = found(copy)
    assert named(findings["cause"]) == {event}
    [finding] = findings["cause"]["first"]
    assert (finding["file"], finding["row"]) == (copy.file("booking.confirmed"), 700)
    # The event that caused it has lost its outcome.
    assert findings["outcome"]["number"] == 1
    assert set(findings) <= {"cause", "outcome", "fingerprint", "order", "reference"}


def test_an_outcome_that_is_removed_is_found(copy):
    table = copy.read("booking.confirmed")
    cause = table.column("cause_id")[700].as_py()
    copy.take("booking.confirmed", [row for row in range(table.num_rows) if row != 700])
    findings = found(copy)
    assert named(findings["outcome"]) == {cause}
    assert "nothing follows" in findings["outcome"]["first"][0]["found"]
    assert findings["outcome"]["first"][0]["table"] == "booking.requested"


def test_an_outcome_that_happens_twice_is_found(copy):
    table = copy.read("booking.confirmed")
    cause, event = (table.column(name)[700].as_py() for name in ("cause_id", "event_id"))
    copy.take("booking.confirmed", [*range(701), 700, *range(701, table.num_rows)])
    findings = found(copy)
    assert named(findings["outcome"]) == {cause}
    assert "2 events follow" in findings["outcome"]["first"][0]["found"]
    assert named(findings["duplicate_id"]) == {event}


def test_two_rows_that_changed_places_are_found(copy):
    rows = list(range(copy.read("booking.confirmed").num_rows))
    rows[70], rows[71] = 71, 70
    copy.take("booking.confirmed", rows)
    findings = found(copy)
    # The fingerprint does not depend on the order.
    assert list(findings) == ["order"]
    assert findings["order"]["first"][0]["row"] == 71


def test_a_missing_cause_is_found_by_what_follows_from_it(copy):
    bookings = copy.read("booking.requested")
    event = bookings.column("event_id")[5].as_py()
    assert bookings.column("cause_id")[5].as_py() is not None
    copy.take("booking.requested", [row for row in range(bookings.num_rows) if row != 5])
    findings = found(copy)
    assert findings["missing_cause"]["number"] >= 1
    assert all(str(event) in finding["found"] for finding in findings["missing_cause"]["first"])


@pytest.mark.parametrize(
    "name, row, expected",
    [("payment-outage@2026-02-04T10:00:00Z", -1, "a scenario of the manifest"), (NAME, 0, "had begun by")],
)
def test_an_attribution_to_what_did_not_happen_is_found(copy, name, row, expected):
    row = row % copy.read("payment.success").num_rows
    event = copy.put("payment.success", row, attribution=name)
    findings = found(copy)
    assert set(findings) == {"attribution", "fingerprint"}
    assert named(findings["attribution"]) == {event}
    [finding] = findings["attribution"]["first"]
    assert name in finding["found"] and expected in finding["expected"]


@pytest.mark.parametrize(
    "stream, column",
    [
        ("booking.requested", "student_id"),  # an entity
        ("booking.requested", "booking_id"),  # made by the event itself
        ("booking.confirmed", "booking_id"),  # made by its cause
        ("payment.success", "payment_id"),
        ("payment.success", "booking_id"),  # made by an event further back
        ("session.completed", "session_id"),
    ],
)
def test_an_id_that_refers_to_nothing_is_found(copy, stream, column):
    row = copy.rows_within(stream)[-1]
    value = copy.read(stream).column(column)[row].as_py()
    event = copy.put(stream, row, **{column: value ^ 1 << 20})
    findings = found(copy)
    assert set(findings) == {"reference", "fingerprint"}
    assert named(findings["reference"]) == {event}
    [finding] = findings["reference"]["first"]
    assert (finding["column"], finding["row"]) == (column, row)


def test_another_chain_is_found(copy):
    root = copy.read("booking.confirmed").column("root_id")[700].as_py()
    event = copy.put("booking.confirmed", 700, root_id=root ^ 1)
    findings = found(copy)
    assert event in named(findings["lineage"])


def test_another_cell_is_found(copy):
    cell = copy.read("booking.confirmed").column("cell")[700].as_py()
    event = copy.put("booking.confirmed", 700, cell=cell ^ 1)
    findings = found(copy)
    assert event in named(findings["cell"])


def test_a_delay_out_of_bounds_is_found(copy):
    # The last confirmation comes before its request.
    table = copy.read("booking.confirmed")
    row = table.num_rows - 1
    time = table.column("time")[row].as_py()
    event = copy.put("booking.confirmed", row, time=time.replace(day=2, hour=0, minute=1))
    findings = found(copy)
    assert event in named(findings["delay"])
    assert named(findings["order"]) == {event}


def test_a_time_out_of_the_range_is_found(copy):
    row = copy.read("booking.confirmed").num_rows - 1
    time = copy.read("booking.confirmed").column("time")[row].as_py()
    event = copy.put("booking.confirmed", row, time=time.replace(year=2027))
    assert named(found(copy)["range"]) == {event}


def test_a_cause_taken_away_is_found(copy):
    event = copy.put("booking.confirmed", 700, cause_id=None)
    findings = found(copy)
    assert event in named(findings["root"])


def test_other_columns_are_found(copy):
    table = copy.read("booking.confirmed")
    copy.write("booking.confirmed", table.drop_columns(["response_minutes"]))
    findings = found(copy)
    assert list(findings) == ["schema"]
    assert "response_minutes" in findings["schema"]["first"][0]["expected"]


def test_files_that_are_truncated_missing_or_foreign_are_found(copy):
    for stream, change in [("rating.submitted", lambda p: p.write_bytes(p.read_bytes()[:-100])), ("booking.confirmed", lambda p: p.unlink())]:
        change(copy.path / copy.file(stream))
    (copy.path / "events" / "notes.txt").write_text("mine")
    for args in ([], ["--quick"]):
        findings = found(copy, *args)
        assert {check: group["first"][0]["file"] for check, group in findings.items()} == {
            "size": copy.file("rating.submitted"),
            "missing_file": copy.file("booking.confirmed"),
            "foreign_file": "events/notes.txt",
        }
        assert all(group["help"] for group in findings.values())


def test_an_entity_that_is_gone_or_changed_is_found(copy):
    path = "entities/student.parquet"
    table = pq.read_table(copy.path / path)
    states = table.column("state").cast(pa.string()).to_pylist()
    states[0] = "asleep"
    place = table.schema.get_field_index("state")
    field = table.schema.field(place)
    changed = table.set_column(place, field, pa.array(states).cast(field.type))
    pq.write_table(changed, copy.path / path)

    def patch(manifest):
        content = (copy.path / path).read_bytes()
        [entry] = [file for file in manifest["files"] if file["path"] == path]
        entry.update(bytes=len(content), digest="blake3:" + blake3.blake3(content).hexdigest())

    copy.edit(patch)
    findings = found(copy)
    assert list(findings) == ["entity"]
    assert "asleep" in findings["entity"]["first"][0]["found"]


def test_a_fingerprint_of_the_manifest_is_found(copy):
    def change(manifest):
        manifest["fingerprint"] = "0" * 32

    copy.edit(change)
    assert list(found(copy)) == ["run_fingerprint"]


def test_neither_memory_nor_threads_show(copy):
    table = copy.read("booking.confirmed")
    copy.take("booking.confirmed", [row for row in range(table.num_rows) if row % 7])
    causes = copy.read("session.started").column("cause_id").to_pylist()
    for row in range(10, 20):
        copy.put("session.started", row, cause_id=causes[row] ^ 4)
    first = verify(copy)
    assert {group["check"] for group in first["findings"]} >= {"cause", "outcome", "missing_cause"}
    assert max(group["number"] for group in first["findings"]) > 20
    assert all(len(group["first"]) <= 5 for group in first["findings"])
    for args in (["--memory", "0"], ["--threads", "1"], ["--threads", "7", "--memory", "1"]):
        assert verify(copy, *args) == first


def test_a_run_without_its_model_says_what_is_left_out(tmp_path):
    history.call("init", "shop", folder=tmp_path)
    run = history.run(tmp_path, "--days", "3", model="./shop")
    # What was not checked is no "all is well".
    verdict = verify(run, expect=1)
    assert not verdict["ok"] and verdict["findings"] == []
    [left_out] = verdict["not_checked"]
    assert "--model DIR" in left_out["why"]
    assert verify(run, "--quick", expect=0)["ok"]
    with_model = verify(run, "--model", tmp_path / "shop", expect=0)
    assert with_model["not_checked"] == [] and with_model["links"] > verdict["links"]
    # Also without the model, a chain must hold together.
    copy = Corrupted(run.path, tmp_path / "copy")
    caused = [s for s in run.streams if pc.sum(pc.is_valid(copy.read(s).column("cause_id"))).as_py()]
    row = copy.read(caused[0]).num_rows - 1
    event = copy.put(caused[0], row, root_id=1)
    assert event in named(found(copy)["lineage"])


@pytest.mark.parametrize("format", ["csv", "jsonl", "arrow"])
def test_other_formats_are_checked_alike(tmp_path, format):
    run = history.run(tmp_path, "--scale", "0.01", "--days", "0.5", "--format", format)
    verdict = verify(run, expect=0)
    assert verdict["not_checked"] == [] and verdict["rows"] == sum(stream["rows"] for stream in run.manifest["streams"])
    assert verdict["links"] > 0 and verdict["entities"] > 0
    [part] = run.parts("booking.requested")
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    assert list(found(run)) == ["digest"]


def test_what_is_no_run_is_refused(run, tmp_path):
    history.call("verify", tmp_path, folder=tmp_path, expect=2)
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    (copy / "manifest.json").write_text("{}")
    history.call("verify", copy, folder=tmp_path, expect=2)
