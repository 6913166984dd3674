"""Exact numbers in files: readers that nobody here wrote find the same digits in every format, and the books of the example balance."""

import json
from decimal import Decimal

import duckdb
import fastparquet
import pandas
import polars
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import history

MODEL = history.ROOT / "examples/models/invoices"
FORMATS = ["parquet", "arrow", "csv", "jsonl"]
MONEY = ["net_eur", "tax_eur", "gross_eur"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exact")
    return {name: history.run(folder, "--days", 20, "--format", name, model=MODEL, out=name) for name in FORMATS}


def decimals(path):
    """The money of the invoices in a file, row by row, as decimals."""
    return [tuple(Decimal(row[name]) for name in MONEY) for row in history.rows(path)]


def test_all_formats_have_the_same_digits(runs):
    assert len({run.manifest["fingerprint"] for run in runs.values()}) == 1
    found = {name: decimals(run.parts("invoice.issued")[0]) for name, run in runs.items()}
    assert len(found["csv"]) > 10_000
    for name in FORMATS:
        assert found[name] == found["csv"]
        # All decimals are written, also where they are 0.
        assert all(value.as_tuple().exponent == -2 for row in found[name] for value in row)
    for net, tax, gross in found["csv"]:
        assert gross == net + tax
        assert tax == (net * Decimal("0.19")).quantize(Decimal("0.01"), rounding="ROUND_HALF_EVEN")


@pytest.mark.parametrize("name", FORMATS)
def test_verify_finds_nothing_wrong(runs, name):
    history.call("verify", runs[name].path, "--model", MODEL, folder=runs[name].path.parent)


def test_types_are_those_of_the_formats(runs):
    part = runs["parquet"].parts("invoice.issued")[0]
    assert pq.read_schema(part).field("net_eur").type == pa.decimal128(12, 2)
    physical = {column.name: column.physical_type for column in pq.ParquetFile(part).schema}
    assert physical["net_eur"] == "INT64"
    customers = pq.read_schema(runs["parquet"].table("customer"))
    assert customers.field("discount").type == pa.decimal128(4, 3)
    assert customers.field("bought_mg").type == pa.int64()
    # What floats would change is a string in JSON.
    [customer, *_] = (json.loads(line) for line in runs["jsonl"].table("customer").read_text().splitlines())
    assert isinstance(customer["bought_mg"], str) and isinstance(customer["owes_eur"], float)
    [day, *_] = (json.loads(line) for line in runs["jsonl"].parts("day.closed")[0].read_text().splitlines())
    assert isinstance(day["billed_eur"], float)


def test_books_balance_in_sql(runs):
    database = runs["parquet"].database()
    ask = lambda query: database.sql(query).fetchall()
    [(invoices,)] = ask('SELECT sum(gross_eur) FROM "invoice.issued"')
    [(paid,)] = ask('SELECT sum(amount_eur) FROM "instalment.paid"')
    assert isinstance(invoices, Decimal) and paid < invoices
    # Who has paid all of an invoice has paid it to the cent.
    unequal = """SELECT count(*), sum(paid != gross_eur) FROM (
        SELECT invoice_id, any_value(gross_eur) gross_eur, any_value(instalments) wanted, count(*) n, sum(amount_eur) paid
        FROM "invoice.issued" JOIN "instalment.paid" USING (invoice_id) GROUP BY invoice_id) WHERE n = wanted"""
    [(whole, wrong)] = ask(unequal)
    assert whole > 1000 and wrong == 0
    # What customers owe at the end is what was billed less what was paid, on each account. The warm-up is not written: only differences are known.
    owed = """WITH moved AS (SELECT customer_id, gross_eur AS eur, time FROM "invoice.issued"
        UNION ALL SELECT customer_id, -amount_eur, time FROM "instalment.paid"),
        seen AS (SELECT customer_id, arg_max(left_eur, (time, event_id)) last, max(time) latest FROM "instalment.paid" GROUP BY ALL)
        SELECT count(*), sum(owes_eur != last + coalesce((SELECT sum(eur) FROM moved m WHERE m.customer_id = s.customer_id AND m.time > s.latest), 0))
        FROM seen s JOIN customer c USING (customer_id)"""
    [(accounts, wrong)] = ask(owed)
    assert accounts > 250 and wrong == 0


def test_other_readers_agree(runs):
    part = runs["parquet"].parts("invoice.issued")[0]
    expected = [row[2] for row in decimals(runs["csv"].parts("invoice.issued")[0])]
    assert polars.read_parquet(part)["gross_eur"].to_list() == expected
    assert pandas.read_parquet(part)["gross_eur"].tolist() == expected
    # The older reader has no decimals: it makes floats of them, not always the nearest.
    floats = fastparquet.ParquetFile(str(part)).to_pandas()["gross_eur"].tolist()
    assert [Decimal(value).quantize(Decimal("0.01")) for value in floats] == expected
    assert [row[0] for row in duckdb.sql(f"SELECT gross_eur FROM read_parquet('{part}')").fetchall()] == expected
    arrow = runs["arrow"].parts("invoice.issued")[0]
    assert polars.from_arrow(pa.ipc.open_file(arrow).read_all())["gross_eur"].to_list() == expected


def test_what_does_not_fit_ends_the_run_with_the_event(tmp_path):
    text = (MODEL / "model.yaml").read_text().replace("        value: net_eur + tax_eur\n        type: decimal(12, 2)", "        value: net_eur + tax_eur\n        type: decimal(5, 2)")
    (tmp_path / "small").mkdir()
    (tmp_path / "small/model.yaml").write_text(text)
    said = []
    for threads in (1, 2):
        done = history.subprocess.run(
            [history.BINARY, "run", "small", "--days", "3", "--out", f"out{threads}", "--threads", str(threads), "--quiet"],
            cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 2, done.stderr
        said.append(done.stderr)
        assert not (tmp_path / f"out{threads}/manifest.json").exists()
    assert said[0] == said[1].replace("out2", "out1")
    assert "invoice.issued/gross_eur of the event" in said[0] and "more digits" in said[0]
