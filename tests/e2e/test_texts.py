"""Texts that are put together in files: readers that nobody here wrote find the same ones in every format, with quotes, ends of lines and letters
of any script; what is unique is, and `verify` finds what is not."""

import json
import re

import duckdb
import fastparquet
import pandas
import polars
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import history

MODEL = history.ROOT / "examples/models/customers"
FORMATS = ["parquet", "arrow", "csv", "jsonl"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    return {name: history.run(folder, "--days", 10, "--format", name, model=MODEL, out=name) for name in FORMATS}


def texts(path, column):
    return [row.get(column) for row in history.rows(path)]


def test_all_formats_have_the_same_texts(runs):
    assert len({run.manifest["fingerprint"] for run in runs.values()}) == 1
    for stream, column in [("invoice.sent", "subject"), ("invoice.sent", "invoice_no"), ("note.taken", "note"), ("note.taken", "passed_on_to")]:
        found = {name: texts(run.parts(stream)[0], column) for name, run in runs.items()}
        assert len(found["parquet"]) > 5_000
        # Python's reader of CSV does not tell what is missing from what is empty; no text is empty here.
        found["csv"] = [text or None for text in found["csv"]]
        for name in FORMATS:
            assert found[name] == found["parquet"], (name, column)
    notes = "".join(texts(runs["parquet"].parts("note.taken")[0], "note"))
    for part in ['"call me back"', "first line\nsecond line", "אין בעיה", "🙂", "さくら", "Zoë", '""'[:1] + "Ebeling", ", "]:
        assert part in notes


def test_tables_of_entities_say_what_events_say(runs):
    for run in runs.values():
        customers = {row["customer_id"]: row for row in history.rows(run.table("customer"))}
        assert len(customers) == 2000
        assert len({row["account"] for row in customers.values()}) == 2000
        assert {int(row["number"]) for row in customers.values()} == set(range(10_001, 12_001))
        for row in customers.values():
            assert row["name"] == f"{row['first']} {row['last']}"
            assert re.fullmatch(r"DE\d\d 3704 0044 \d{6}", row["account"])
            assert re.fullmatch(r"\+49 15\d \d{7}|\+49 30 \d{8}", row["phone"])
        # Whose invoices were counted in the warm-up; here there is none.
        sent = {}
        for row in history.rows(run.parts("invoice.sent")[0]):
            customer = customers[row["customer_id"]]
            nth = sent[row["customer_id"]] = sent.get(row["customer_id"], 0) + 1
            assert row["invoice_no"] == f"INV-2026-{int(customer['number']):06}-{nth:03}"
            assert (row["billed_to"], row["account"]) == (customer["name"], customer["account"])
            assert row["subject"].startswith("{%s} %s: " % (row["invoice_no"], customer["name"]))
            assert re.fullmatch(r".* EUR, due \d\d\.\d\d\.2026", row["subject"])


def test_a_text_of_nobody_is_missing(runs):
    for name in ["parquet", "arrow"]:
        path = runs[name].parts("note.taken")[0]
        table = pq.read_table(path, partitioning=None) if name == "parquet" else pa.ipc.open_file(path).read_all()
        assert table.schema.field("passed_on_to").type == pa.string()
        assert 0 < table["passed_on_to"].null_count < table.num_rows
        assert table["note"].null_count == 0
    assert any("passed_on_to" not in row for row in history.rows(runs["jsonl"].parts("note.taken")[0]))


def test_a_choice_with_null_is_missing_in_so_many(runs):
    """In two of ten, within three standard deviations of 2,000 customers; events know it, and every format and reader has the same."""
    known = {}
    for name, run in runs.items():
        customers = history.rows(run.table("customer"))
        heard = {str(row["customer_id"]): row.get("heard_by") or None for row in customers}
        assert heard == known.setdefault("customer", heard), name
        missing = sum(one is None for one in heard.values())
        assert abs(missing / len(heard) - 0.2) < 0.027
        assert set(heard.values()) == {"friend", "search", "advert", None}
        for row in history.rows(run.parts("note.taken")[0]):
            assert (row.get("heard_by") or None) == heard[str(row["customer_id"])], name
            assert str(row["asks"]).lower() == str(heard[str(row["customer_id"])] is None).lower()
    part = runs["parquet"].parts("note.taken")[0]
    expected = texts(part, "heard_by")
    assert polars.read_parquet(part)["heard_by"].to_list() == expected
    assert [row[0] for row in duckdb.sql(f"SELECT heard_by FROM read_parquet('{part}')").fetchall()] == expected
    assert duckdb.sql(f"SELECT count(*) FROM read_parquet('{part}') WHERE (heard_by IS NULL) <> asks").fetchall() == [(0,)]
    assert pandas.read_parquet(part)["heard_by"].isna().sum() == expected.count(None)
    assert sum(one is None or one != one for one in fastparquet.ParquetFile(str(part)).to_pandas()["heard_by"]) == expected.count(None)


def test_other_readers_agree(runs):
    part = runs["parquet"].parts("note.taken")[0]
    expected = texts(part, "note")
    missing = texts(part, "passed_on_to")
    assert polars.read_parquet(part)["note"].to_list() == expected
    assert pandas.read_parquet(part)["note"].tolist() == expected
    assert fastparquet.ParquetFile(str(part)).to_pandas()["note"].tolist() == expected
    assert [tuple(row) for row in duckdb.sql(f"SELECT note, passed_on_to FROM read_parquet('{part}')").fetchall()] == list(zip(expected, missing))
    arrow = runs["arrow"].parts("note.taken")[0]
    assert polars.from_arrow(pa.ipc.open_file(arrow).read_all())["passed_on_to"].to_list() == missing
    table = runs["csv"].parts("note.taken")[0]
    assert polars.read_csv(table)["note"].to_list() == expected
    assert pandas.read_csv(table)["note"].tolist() == expected
    assert [row[0] for row in duckdb.sql(f"SELECT note FROM read_csv('{table}', header = true, quote = '\"', escape = '\"')").fetchall()] == expected
    lines = runs["jsonl"].parts("note.taken")[0]
    assert pandas.read_json(lines, lines=True, dtype=False)["note"].tolist() == expected
    assert [row[0] for row in duckdb.sql(f"SELECT note FROM read_json('{lines}')").fetchall()] == expected


@pytest.mark.parametrize("name", FORMATS)
def test_verify_finds_nothing_wrong(runs, name):
    history.call("verify", runs[name].path, "--model", MODEL, folder=runs[name].path.parent)


def test_verify_finds_what_stands_twice(tmp_path):
    text = (MODEL / "model.yaml").read_text(encoding="utf-8")
    # Nobody can tell beforehand that these are not unique.
    text = text.replace("digits('DE## 3704 0044 ######', number)", "digits('DE##', number * 7)")
    folder = tmp_path / "customers"
    folder.mkdir()
    (folder / "model.yaml").write_text(text, encoding="utf-8")
    for table in ["first_names.csv", "last_names.csv"]:
        (folder / table).write_bytes((MODEL / table).read_bytes())
    history.call("run", "customers", "--days", 1, "--out", "out", "--quiet", folder=tmp_path)
    found = json.loads(history.call("verify", "out", "--model", "customers", "--json", folder=tmp_path, expect=1))
    [unique] = found["findings"]
    assert (unique["check"], unique["number"]) == ("unique", 1900)
    assert {first["column"] for first in unique["first"]} == {"account"}


def test_a_run_compared_with_another_tells_which_texts_differ(tmp_path, runs):
    text = (MODEL / "model.yaml").read_text(encoding="utf-8").replace("14d:%d.%m.%Y", "21d:%d.%m.%Y")
    folder = tmp_path / "customers"
    folder.mkdir()
    (folder / "model.yaml").write_text(text, encoding="utf-8")
    for table in ["first_names.csv", "last_names.csv"]:
        (folder / table).write_bytes((MODEL / table).read_bytes())
    other = history.run(tmp_path, "--days", 10, model="customers", out="other")
    history.call("diff", runs["parquet"].path, other.path, "--out", "differences", folder=tmp_path, expect=1)
    sent = len(history.rows(other.parts("invoice.sent")[0]))
    [file] = [path for path in (tmp_path / "differences").rglob("*.parquet") if "invoice.sent" in str(path)]
    table = pq.read_table(file, partitioning=None)
    assert table.num_rows == sent and set(table["change"].to_pylist()) == {"changed"}
    names = table.schema.names
    assert [name for name in names if "subject" in name] and table["subject"].to_pylist() == texts(runs["parquet"].parts("invoice.sent")[0], "subject")


def test_explain_shows_the_text(tmp_path):
    said = history.call("explain", MODEL, "invoice.sent", folder=tmp_path)
    assert 'the text "INV-{year(time)}-' in said and "taken over" not in said
