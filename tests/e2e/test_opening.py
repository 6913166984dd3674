"""How everybody stood when a run's window began: with what the events of the window changed that is how they stand at its end, exactly, for readers
that nobody here wrote."""

import json
import shutil
import signal
import subprocess
import time

import blake3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import corrupt
import history
from test_elsewhere import SCENARIO
from test_resumed import assert_same

MODEL = history.ROOT / "examples/models/stock"
ARGUMENTS = ("--set", "warm_up=9d", "--days", 8)
# Opening, what was taken, refilled and returned, and closing, of each product.
SUMS = """SELECT s.on_hand - coalesce((SELECT sum(pieces) FROM "stock.asked" a WHERE a.product_id = s.product_id AND is_taken), 0)
    + coalesce((SELECT sum(pieces) FROM "stock.refilled" r WHERE r.product_id = s.product_id), 0)
    + coalesce((SELECT sum(pieces) FROM "order.returned" b WHERE b.product_id = s.product_id), 0) = e.on_hand, s.on_hand <> 2 * s.lot, s.on_hand <> e.on_hand
    FROM product_start s JOIN product e USING (product_id)"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The model with a scenario of its own."""
    folder = tmp_path_factory.mktemp("stock") / "stock"
    shutil.copytree(MODEL, folder)
    (folder / "scenarios").mkdir()
    (folder / "scenarios/rush.yaml").write_text(SCENARIO + "  - {on: order.placed/rate, multiply: 4}\n")
    return folder


@pytest.fixture(scope="module")
def run(model):
    return history.run(model.parent, *ARGUMENTS, "--threads", 1, model=model)


def start(run):
    [file] = (run.path / "entities_start").glob("product.*")
    return file


def check_sums(run):
    database = run.database()
    database.execute(f"CREATE VIEW product_start AS SELECT * FROM read_parquet('{start(run)}')")
    rows = database.sql(SUMS).fetchall()
    entries = {entry["kind"]: entry["rows"] for entry in run.manifest["entities_start"]}
    assert entries == {"product": len(rows)} and len(rows) > 5
    assert all(adds_up for adds_up, _, _ in rows)
    # The warm-up has moved stock, and so has the window.
    assert sum(moved for _, moved, _ in rows) > 3 and sum(moved for _, _, moved in rows) > 3


def test_opening_and_events_are_the_closing(run, model):
    check_sums(run)
    assert not (run.path / "entities_start/customer.parquet").exists()
    history.call("verify", run.path, "--model", model, folder=model.parent)
    history.call("replay", run.path, "--model", model, folder=model.parent)


def test_with_a_scenario_and_its_twin(run, model):
    rush = history.run(model.parent, *ARGUMENTS, "--scenario", "rush@day3T09:00", "--counterfactual", "--threads", 2, model=model, out="rush")
    check_sums(rush)
    # It begins later.
    assert pq.read_table(start(rush)).equals(pq.read_table(start(run)))
    assert not pq.read_table(rush.table("product")).equals(pq.read_table(run.table("product")))
    history.call("verify", rush.path, "--model", model, folder=model.parent)
    history.call("replay", rush.path, "--model", model, folder=model.parent)


@pytest.mark.parametrize("format", ["arrow", "csv", "jsonl"])
def test_in_every_format(run, model, format):
    other = history.run(model.parent, *ARGUMENTS, "--format", format, model=model, out=format)
    stock = lambda rows: {str(row["product_id"]): int(row["on_hand"]) for row in rows}
    assert stock(history.rows(start(other))) == stock(history.rows(start(run)))
    history.call("verify", other.path, "--model", model, folder=model.parent)


def test_a_version_opens_where_the_events_before_it_have_led(run, model):
    kept = history.run(model.parent, *ARGUMENTS, "--snapshot-every", "3d", model=model, out="kept")
    assert kept.digests().items() >= run.digests().items()
    history.call("regenerate", "kept", "--model", model, "--from", "day3", "--to", "day6", "--scenario", "rush@day3T09:00", folder=model.parent)
    [folder] = (kept.path / "versions").iterdir()
    version = history.Run(folder)
    check_sums(version)
    history.call("verify", folder, "--model", model, folder=model.parent)
    history.call("replay", folder, "--model", model, folder=model.parent)
    told = subprocess.run([history.BINARY, "regenerate", "kept", "--model", model, "--from", "day3T00:07", "--to", "day6", "--scenario", "rush@day3T09:00"],
                          cwd=model.parent, capture_output=True, text=True)
    assert told.returncode == 2 and "how each product stands at the start" in told.stderr and "windows of 15m" in told.stderr


def test_a_run_that_was_killed_has_the_same_opening(model, tmp_path):
    arguments = (*ARGUMENTS, "--snapshot-every", "6h", "--scale", 3)
    whole = history.run(tmp_path, *arguments, model=model, out="whole")
    check_sums(whole)
    command = [history.BINARY, "run", model, *map(str, arguments), "--out", "out", "--quiet", "--threads", "1"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (tmp_path / "out.partial/resume.state").exists():
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (tmp_path / "out.partial").exists(), "it was killed on its way"
    history.call("run", "--resume", "--out", "out", "--quiet", folder=tmp_path)
    assert_same(tmp_path / "whole", tmp_path / "out")


def put(copy, change):
    """Changes the opening, with digests to match."""
    path = copy.path / "entities_start/product.parquet"
    table = change(pq.read_table(path))
    pq.write_table(table, path)
    def patch(manifest):
        [entry] = (file for file in manifest["files"] if file["path"] == "entities_start/product.parquet")
        entry |= {"rows": table.num_rows, "bytes": path.stat().st_size, "digest": "blake3:" + blake3.blake3(path.read_bytes()).hexdigest()}
        manifest["entities_start"] = [{"kind": "product", "rows": table.num_rows}]

    copy.edit(patch)


def cheaper(table):
    place = table.column_names.index("price_eur")
    values = table.column(place).to_pylist()
    return table.set_column(place, table.field(place), pa.array([values[0] + 1, *values[1:]], table.field(place).type))


@pytest.mark.parametrize("change, says", [
    (lambda table: table.slice(1), "was not there at it"),
    (cheaper, "otherwise than at the start"),
])
def test_an_opening_that_does_not_go_with_the_end_is_found(run, model, tmp_path, change, says):
    copy = corrupt.Corrupted(run.path, tmp_path / "copy")
    put(copy, change)
    told = json.loads(history.call("verify", copy.path, "--model", model, "--json", folder=tmp_path, expect=1))
    [found] = [group for group in told["findings"] if group["check"] == "entity"]
    assert found["number"] == 1 and says in found["first"][0]["found"]


def test_a_start_within_a_window_is_refused(model):
    command = [history.BINARY, "run", model, "--start", "2026-02-02T00:05", "--days", "1", "--out", "never"]
    told = subprocess.run(command, cwd=model.parent, capture_output=True, text=True)
    assert told.returncode == 2 and "how each product stands at the start" in told.stderr
