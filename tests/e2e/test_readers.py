"""What docs/readers.md says about each reader: with the argument that it names, every id is the one that was written, also where
some are missing, and causes are found by joining."""

import csv
import json
import sqlite3

import duckdb
import fastparquet
import pandas
import polars
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import history

# Some of its events have a cause and others have none; the second is the commonest cause.
STREAM, CAUSE = "support.ticket.created", "payment.failure"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readers")
    args = ["--scale", 0.02, "--days", 4, "--scenario", "payment-outage@day2T10:00"]
    return {name: history.run(folder, *args, "--format", name, out=name) for name in ("parquet", "csv", "jsonl")}


def lines(path):
    """The rows of a CSV file, each value as its text."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def columns(runs, stream):
    """The ids of a stream's events and causes, letter by letter."""
    rows = lines(runs["csv"].parts(stream)[0])
    return [int(row["event_id"]) for row in rows], [int(row["cause_id"]) if row["cause_id"] else None for row in rows]


def of_pandas(frame):
    assert {str(frame[name].dtype) for name in ("event_id", "cause_id")} <= {"int64", "Int64"}
    return frame["event_id"].tolist(), [None if value is pandas.NA else value for value in frame["cause_id"]]


def of_lists(event_ids, cause_ids):
    return list(event_ids), list(cause_ids)


def by_pandas(path):
    return of_pandas(pandas.read_parquet(path))


def by_fastparquet(path):
    """The older reader: it knows neither newer encodings nor Arrow's schema."""
    return of_pandas(fastparquet.ParquetFile(str(path)).to_pandas())


def by_pandas_csv(path):
    return of_pandas(pandas.read_csv(path, dtype_backend="numpy_nullable"))


def by_pyarrow_csv(path):
    table = pyarrow.csv.read_csv(path)
    return of_lists(table["event_id"].to_pylist(), table["cause_id"].to_pylist())


def by_polars(path):
    frame = polars.read_parquet(path)
    return of_lists(frame["event_id"], frame["cause_id"])


def by_polars_csv(path):
    frame = polars.read_csv(path, infer_schema_length=None)
    return of_lists(frame["event_id"], frame["cause_id"])


def by_duckdb(path):
    rows = duckdb.sql(f"SELECT event_id, cause_id FROM '{path}'").fetchall()
    return of_lists(*zip(*rows))


def by_sqlite(path):
    """As `.import --csv` does into a table whose ids are declared as INTEGER."""
    rows = lines(path)
    database = sqlite3.connect(":memory:")
    database.execute(f"CREATE TABLE t ({', '.join(f'{name} INTEGER' if name.endswith('_id') else name for name in rows[0])})")
    marks = ", ".join("?" * len(rows[0]))
    database.executemany(f"INSERT INTO t VALUES ({marks})", [list(row.values()) for row in rows])
    found = database.execute("SELECT event_id, NULLIF(cause_id, ''), typeof(event_id) FROM t").fetchall()
    assert {row[2] for row in found} == {"integer"}
    return of_lists([row[0] for row in found], [row[1] for row in found])


def by_json(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [int(row["event_id"]) for row in rows], [int(row["cause_id"]) if "cause_id" in row else None for row in rows]


READERS = {
    "pandas": ("parquet", by_pandas),
    "fastparquet": ("parquet", by_fastparquet),
    "pandas csv": ("csv", by_pandas_csv),
    "pyarrow csv": ("csv", by_pyarrow_csv),
    "polars": ("parquet", by_polars),
    "polars csv": ("csv", by_polars_csv),
    "duckdb": ("parquet", by_duckdb),
    "duckdb csv": ("csv", by_duckdb),
    "sqlite": ("csv", by_sqlite),
    "json": ("jsonl", by_json),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("stream", [STREAM, CAUSE])
def test_every_id_is_the_one_that_was_written(runs, reader, stream):
    format, read = READERS[reader]
    [part] = runs[format].parts(stream)
    event_ids, cause_ids = read(part)
    assert (event_ids, cause_ids) == columns(runs, stream)
    assert all(0 < value < 2**63 for value in event_ids)


@pytest.mark.parametrize("reader", READERS)
def test_causes_are_found_by_joining(runs, reader):
    format, read = READERS[reader]
    (_, causes), (events, _) = (read(runs[format].parts(stream)[0]) for stream in (STREAM, CAUSE))
    expected = set(columns(runs, STREAM)[1]) & set(columns(runs, CAUSE)[0])
    assert len(expected) > 50 and None in columns(runs, STREAM)[1]
    assert set(events) & set(causes) == expected


def test_the_page_names_the_argument_of_each_reader():
    page = (history.ROOT / "docs/readers.md").read_text()
    for argument in ('dtype_backend="numpy_nullable"', "infer_schema_length=None", "INTEGER", "bigint"):
        assert argument in page


def test_pandas_keeps_nullable_whole_numbers_and_truth_values_in_every_table(runs):
    for entry in runs["parquet"].manifest["files"]:
        if not entry["path"].endswith(".parquet"):
            continue
        path = runs["parquet"].path / entry["path"]
        schema = pq.read_schema(path)
        frame = pandas.read_parquet(path)
        assert list(frame.columns) == schema.names and len(frame) == entry["rows"]
        for field in schema:
            kind = str(frame[field.name].dtype)
            if str(field.type) in ("int64", "int32", "uint16", "bool"):
                assert kind.lower() == {"bool": "boolean"}.get(str(field.type), str(field.type)) if field.nullable else kind == str(field.type), (path, field)


def test_an_older_reader_knows_every_encoding(runs):
    """In all files, and whatever compresses them."""
    known = {"PLAIN", "RLE", "RLE_DICTIONARY", "PLAIN_DICTIONARY", "BIT_PACKED", "DELTA_BINARY_PACKED"}
    for entry in runs["parquet"].manifest["files"]:
        if entry["path"].endswith(".parquet"):
            path = runs["parquet"].path / entry["path"]
            assert len(fastparquet.ParquetFile(str(path)).to_pandas()) == entry["rows"]
            metadata = pq.read_metadata(path)
            for group in range(metadata.num_row_groups):
                for column in range(metadata.num_columns):
                    assert set(metadata.row_group(group).column(column).encodings) <= known, path


@pytest.mark.parametrize("compression", ["lz4", "snappy", "none"])
def test_an_older_reader_knows_every_compression(tmp_path, compression):
    run = history.run(tmp_path, "--scale", 0.005, "--days", 2, "--compression", compression)
    for entry in run.manifest["files"]:
        if entry["path"].endswith(".parquet"):
            assert len(fastparquet.ParquetFile(str(run.path / entry["path"])).to_pandas()) == entry["rows"]
