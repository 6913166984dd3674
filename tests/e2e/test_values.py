"""Nobody is missing in every format, and what had to be kept within bounds is told."""

import csv
import json
import subprocess

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import history
from corrupt import Corrupted

MODEL = """
model: {name: ward, cells: 8, window: 1h, reference: {start: 2026-02-02, days: 28}}
entities:
  bed: {count: 5, states: [free, taken]}
  patient: {count: 800}
profiles:
  office: {weekdays: [1, 1, 1, 1, 1, 0, 0]}
streams:
  bed.requested:
    source: {rate: 400, actor: patient}
    let: {bed: {value: 'pick(bed, free)'}}
    fields:
      patient_id: {value: 'patient.id'}
      bed_id: {value: 'bed.id'}
      visit: {value: 'appointment(office, time, time + 1d, 30m)'}
      cost: {value: 'exponential(1e9)', type: int}
    changes:
      - {entity: bed, state: taken, when: bed != none}
  bed.left:
    causes: [{on: bed.requested, when: bed != none, delay: 5m..30m}]
    fields: {bed_id: {}}
    changes:
      - {entity: bed, state: free}
"""


def causeflow(folder, *arguments):
    command = [str(history.BINARY), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("values")
    (folder / "ward").mkdir()
    (folder / "ward" / "model.yaml").write_text(MODEL)
    for form in ("parquet", "arrow", "csv", "jsonl"):
        done = causeflow(folder, "run", "ward", "--days", 7, "--seed", 3, "--format", form, "--out", form)
        assert done.returncode == 0, done.stderr
    return folder


def rows(folder, form):
    """Ids of beds, times of visits and costs of a format's rows, None where they are missing."""
    path = folder / form / "events" / "stream=bed.requested" / f"part-0000.{form}"
    match form:
        case "parquet" | "arrow":
            table = pq.read_table(path) if form == "parquet" else pa.ipc.open_file(path).read_all()
            visits = table["visit"].cast(pa.int64()).to_pylist()
            return list(zip(table["bed_id"].to_pylist(), [visit is not None for visit in visits], table["cost"].to_pylist()))
        case "csv":
            with open(path, newline="") as file:
                found = list(csv.DictReader(file))
            return [(int(row["bed_id"]) if row["bed_id"] else None, row["visit"] != "", int(row["cost"])) for row in found]
        case "jsonl":
            found = [json.loads(line) for line in path.read_text().splitlines()]
            return [(row.get("bed_id") and int(row["bed_id"]), "visit" in row, row["cost"]) for row in found]


def test_nobody_is_missing_in_every_format(folder):
    expected = rows(folder, "parquet")
    nobody = sum(bed is None for bed, _, _ in expected)
    assert 50 < nobody < len(expected) - 50
    assert sum(not visit for _, visit, _ in expected) > 50
    assert all(bed != 0 for bed, _, _ in expected)
    for form in ("arrow", "csv", "jsonl"):
        assert rows(folder, form) == expected, form


def test_verify_counts_nobody_and_finds_an_id_of_0(folder):
    expected = rows(folder, "parquet")
    done = causeflow(folder, "verify", "parquet", "--model", "ward", "--json")
    verdict = json.loads(done.stdout)
    assert verdict["ok"] and done.returncode == 0
    assert verdict["links_to_nobody"] == sum(bed is None for bed, _, _ in expected)
    assert verdict["whole_numbers_at_bounds"] == sum(cost == 2**31 - 1 for _, _, cost in expected) > 0
    corrupted = Corrupted(folder / "parquet", folder / "zero")
    row = [bed for bed, _, _ in expected].index(None)
    corrupted.put("bed.requested", row, bed_id=0)
    done = causeflow(folder, "verify", "zero", "--model", "ward", "--json")
    assert done.returncode == 1
    findings = {one["check"]: one["first"] for one in json.loads(done.stdout)["findings"]}
    assert [(one["column"], one["found"]) for one in findings["reference"]] == [("bed_id", "0")]


def test_a_run_tells_what_was_kept_within_bounds(folder):
    expected = rows(folder, "parquet")
    most = [cost for _, _, cost in expected].count(2**31 - 1)
    done = causeflow(folder, "run", "ward", "--days", 7, "--seed", 3, "--no-output")
    assert f"warning: bed.requested/cost: {most} values brought to the nearest whole number of 32 bits" in done.stderr
    told = json.loads(causeflow(folder, "run", "ward", "--days", 7, "--seed", 3, "--no-output", "--json").stdout)
    assert [(one["what"], one["number"]) for one in told["kept_within_bounds"]] == [("bed.requested/cost", most)]


def test_entities_of_the_start_without_a_value_are_told(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "model.yaml").write_text(
        "model: {name: shop, cells: 2, window: 6h, warmup: 1d, reference: {start: 2026-02-02, days: 7}}\n"
        "entities: {customer: {count: 100, attributes: {"
        "die: {value: 'integer(0, 3)', type: int}, share: {value: '1 / die'}}}}\n"
        "streams: {visit: {source: {rate: 50, actor: customer}}}\n"
    )
    told = json.loads(causeflow(tmp_path, "run", "shop", "--days", 1, "--out", "out", "--json").stdout)
    dice = pq.read_table(tmp_path / "out" / "entities" / "customer.parquet")["die"].to_pylist()
    assert dice.count(0) > 10
    assert [one["number"] for one in told["kept_within_bounds"]] == [dice.count(0)]
    assert "entity_id" in told["kept_within_bounds"][0]["first"]


def test_small_kinds_are_told(folder):
    done = causeflow(folder, "check", "ward")
    assert done.returncode == 0
    assert "5 of these 8 cells are peopled" in done.stderr
    line = "at scale 0.01 there is no share of `bed`: 1 instead of 0.05"
    assert line in causeflow(folder, "run", "ward", "--days", 1, "--scale", 0.01, "--dry-run").stdout
    assert line in causeflow(folder, "run", "ward", "--days", 1, "--scale", 0.01, "--no-output").stderr
    manifest = json.loads((folder / "parquet" / "manifest.json").read_text())
    assert {one["kind"]: one["rows"] for one in manifest["entities"]} == {"bed": 5, "patient": 800}


def test_owners_who_cannot_have_what_is_stated_are_told(tmp_path):
    (tmp_path / "homes").mkdir()
    (tmp_path / "homes" / "model.yaml").write_text(
        "model: {name: homes, cells: 4, window: 1h, reference: {start: 2026-02-02, days: 28}}\n"
        "entities: {home: {count: 6}, guest: {count: 18, belongs_to: {home: {min: 3, max: 3}}}}\n"
        "streams: {came: {source: {rate: 50, actor: guest}, fields: {home_id: {value: guest.home.id}}}}\n"
    )
    line = "those of `guest` are not 3 for each `home` in 4 of 4 cells, such as 4 for 1"
    assert line in causeflow(tmp_path, "check", "homes").stderr
    assert f"at scale 1 {line}" in causeflow(tmp_path, "run", "homes", "--days", 1, "--dry-run").stdout
    done = causeflow(tmp_path, "run", "homes", "--days", 1, "--out", "out")
    assert f"warning: at scale 1 {line}" in done.stderr
    guests = pq.read_table(tmp_path / "out" / "entities" / "guest.parquet").to_pylist()
    shares = {}
    for guest in guests:
        shares.setdefault(guest["cell"], {}).setdefault(guest["home_id"], []).append(guest)
    of_cells = sorted([len(of_home) for of_home in of_cell.values()] for of_cell in shares.values())
    assert sorted(map(sorted, of_cells)) == [[2, 3], [2, 3], [4], [4]]
