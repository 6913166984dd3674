"""The four formats hold the same rows."""

import json

import polars
import pyarrow as pa
import pyarrow.ipc
import pyarrow.json
import pyarrow.parquet as pq
import pytest

import history

FORMATS = ["parquet", "arrow", "csv", "jsonl"]
STREAMS = ["booking.requested", "payment.refund.issued", "system.api.request", "session.rescheduled", "customer.account.registered"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    return {name: history.run(folder, "--scale", 0.01, "--days", 2, "--format", name, out=name) for name in FORMATS}


def frame(path):
    """A file of any format with the types that Parquet gives it."""
    match path.suffix:
        case ".parquet":
            return polars.read_parquet(path)
        case ".arrow":
            return polars.from_arrow(pa.ipc.open_file(path).read_all())
        case ".csv":
            return polars.read_csv(path, infer_schema=False)
        case ".jsonl":
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            return polars.DataFrame(lines, infer_schema_length=None)


def typed(text, like):
    """Columns of text, or of JSON's few types, as those of `like`."""
    columns = []
    for name, kind in like.schema.items():
        if name not in text.columns:  # JSON leaves missing values out, here in every row
            columns.append(polars.lit(None, kind).alias(name))
        elif text.schema[name] == kind:
            columns.append(polars.col(name))
        elif isinstance(kind, polars.Datetime):
            columns.append(polars.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.6fZ", time_unit="us", time_zone="UTC"))
        elif kind == polars.Boolean:
            columns.append(polars.col(name) == "true")
        else:
            columns.append(polars.col(name).cast(kind))
    return text.select(columns)


def test_all_formats_have_the_same_fingerprint_and_number_of_rows(runs):
    manifests = {name: run.manifest for name, run in runs.items()}
    for name, manifest in manifests.items():
        assert manifest["format"] == name
        for key in ("fingerprint", "streams", "entities"):
            assert manifest[key] == manifests["parquet"][key]
        rows = {file["path"].rsplit(".", 1)[0]: file["rows"] for file in manifest["files"]}
        assert rows == {file["path"].rsplit(".", 1)[0]: file["rows"] for file in manifests["parquet"]["files"]}


@pytest.mark.parametrize("name", FORMATS[1:])
@pytest.mark.parametrize("stream", STREAMS)
def test_every_value_is_the_same(runs, name, stream):
    [parquet], [other] = runs["parquet"].parts(stream), runs[name].parts(stream)
    expected = frame(parquet)
    assert typed(frame(other), expected).rows() == expected.rows()


@pytest.mark.parametrize("name", FORMATS[1:])
def test_entities_are_the_same(runs, name):
    for kind in runs["parquet"].kinds:
        expected = frame(runs["parquet"].table(kind))
        assert typed(frame(runs[name].table(kind)), expected).rows() == expected.rows()


def test_ids_are_strings_in_json(runs):
    [path] = runs["jsonl"].parts("booking.requested")
    line = json.loads(path.read_text().splitlines()[0])
    assert isinstance(line["event_id"], str) and isinstance(line["booking_id"], str)
    assert line["time"].endswith("Z")


@pytest.mark.parametrize("compression", ["zstd", "lz4", "snappy", "none"])
def test_compression_changes_bytes_only(runs, tmp_path, compression):
    run = history.run(tmp_path, "--scale", 0.01, "--days", 2, "--compression", compression, "--streams", "booking.*")
    names = [name for name in runs["parquet"].streams if name.startswith("booking.")]
    assert run.streams == names
    for name in names:
        [part], [same] = run.parts(name), runs["parquet"].parts(name)
        assert pq.read_table(part, partitioning=None) == pq.read_table(same, partitioning=None)
    wanted = {stream["name"]: stream["fingerprint"] for stream in runs["parquet"].manifest["streams"] if stream["name"] in names}
    assert {stream["name"]: stream["fingerprint"] for stream in run.manifest["streams"]} == wanted
