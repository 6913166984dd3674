"""Files are what manifest and schemas say, for each of the readers that people use."""

import datetime
import json

import blake3
import duckdb
import jsonschema
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import history

COMMON = [
    ("event_id", pa.int64(), False),
    ("time", pa.timestamp("us", tz="UTC"), False),
    ("cause_id", pa.int64(), True),
    ("root_id", pa.int64(), False),
    ("cell", pa.uint16(), False),
    ("attribution", pa.dictionary(pa.uint16(), pa.string()), True),
]
TYPES = {
    "id": pa.int64(),
    "time": pa.timestamp("us", tz="UTC"),
    "float": pa.float64(),
    "int": pa.int32(),
    "bool": pa.bool_(),
    "text": pa.dictionary(pa.uint16(), pa.string()),
}


def test_the_manifest_has_the_shape_that_its_schema_says(finished, tmp_path):
    schema = json.loads(history.call("schema", "manifest", folder=tmp_path))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(finished.manifest, schema)
    manifest = finished.manifest
    assert manifest["model"]["name"] == "tutoring"
    assert manifest["seed"] == "42"
    assert manifest["start"].startswith("2026-02-02T00:00:00")
    assert manifest["end"].startswith("2026-02-20T00:00:00")
    assert manifest["scenarios"] == manifest["events"] == []
    assert manifest["external_events"]["timeline"] and 36 <= manifest["external_events"]["number"] <= 90
    assert len(manifest["streams"]) == 50


def test_the_manifest_lists_exactly_the_files_there_are_with_rows_bytes_and_digests(finished):
    there = {str(path.relative_to(finished.path)) for path in finished.path.rglob("*") if path.is_file()}
    assert there == {file["path"] for file in finished.manifest["files"]} | {"manifest.json"}
    for file in finished.manifest["files"]:
        content = (finished.path / file["path"]).read_bytes()
        assert len(content) == file["bytes"], file
        assert "blake3:" + blake3.blake3(content).hexdigest() == file["digest"], file
        if file["path"].endswith(".parquet"):
            assert pq.read_metadata(finished.path / file["path"]).num_rows == file["rows"], file
        else:
            assert file["path"] == "statistics.json" and len(json.loads(content)["streams"]) == file["rows"]
    rows = {name: 0 for name in finished.streams}
    for file in finished.manifest["files"]:
        if file["path"].startswith("events/"):
            rows[file["path"].split("/")[1].removeprefix("stream=")] += file["rows"]
    assert rows == {stream["name"]: stream["rows"] for stream in finished.manifest["streams"]}
    assert min(rows.values()) > 0
    for entity in finished.manifest["entities"]:
        assert pq.read_metadata(finished.table(entity["kind"])).num_rows == entity["rows"] > 0


def test_every_stream_has_the_common_columns_and_then_its_fields(finished, told):
    assert set(finished.streams) == set(told)
    for stream in finished.streams:
        schema = pq.read_schema(finished.parts(stream)[0])
        common = [(field.name, field.type, field.nullable) for field in schema][: len(COMMON)]
        assert common == COMMON, stream
        assert schema.names[len(COMMON) :] == told[stream]["fields"], stream
        assert {column.type for column in schema} <= set(TYPES.values()) | {pa.uint16()}, stream


EXPLAINED = ["session.media.quality", "customer.churn.detected", "session.rescheduled", "system.notification.sent"]


@pytest.mark.parametrize("stream", EXPLAINED)
def test_columns_have_the_types_units_and_meanings_that_the_command_tells(finished, stream, tmp_path):
    schema = pq.read_schema(finished.parts(stream)[0])
    fields = history.call_json("explain", "tutoring", stream, folder=tmp_path)["fields"]
    assert fields
    for field in fields:
        column = schema.field(field["name"])
        assert column.type == TYPES[field["type"]], field
        metadata = {key.decode(): value.decode() for key, value in (column.metadata or {}).items()}
        assert metadata.get("unit") == field["unit"], field
        assert metadata.get("description") == field["description"], field


def test_amounts_and_durations_carry_a_unit(finished):
    endings = {"_usd": "usd", "_ms": "ms", "_kbps": "kbps"}
    for stream in finished.streams:
        for field in pq.read_schema(finished.parts(stream)[0]):
            for ending, unit in endings.items():
                if field.name.endswith(ending):
                    assert field.metadata[b"unit"].decode() == unit, (stream, field.name)


def test_entities_have_an_id_a_cell_a_state_and_their_attributes(finished):
    for kind in finished.kinds:
        schema = pq.read_schema(finished.table(kind))
        assert schema.names[:4] == [f"{kind}_id", "cell", "joined", "state"]
        assert schema.field(0).type == pa.int64()
    tutors = pq.read_table(finished.table("tutor"))
    assert {"country", "subjects", "quality", "rate_usd"} <= set(tutors.column_names)
    assert set(tutors["state"].to_pylist()) <= {"applicant", "approved", "trained", "active", "deactivated", "rejected"}


@pytest.mark.parametrize("stream", ["booking.requested", "payment.success", "system.platform.snapshot"])
def test_duckdb_polars_and_pyarrow_read_the_same(finished, stream):
    parts = finished.parts(stream)
    arrow = pa.concat_tables([pq.read_table(part, partitioning=None) for part in parts])
    frame = polars.concat([polars.read_parquet(part) for part in parts])
    files = [str(part) for part in parts]
    duck = duckdb.sql(f"SELECT * FROM read_parquet({files}, hive_partitioning = false)")
    assert frame.schema["time"] == polars.Datetime("us", "UTC")
    assert frame.schema["event_id"] == polars.Int64
    assert frame.schema["cell"] == polars.UInt16
    assert str(duck.types[duck.columns.index("event_id")]) == "BIGINT"
    assert str(duck.types[duck.columns.index("time")]) == "TIMESTAMP WITH TIME ZONE"
    assert frame.columns == arrow.column_names == duck.columns
    rows = arrow.to_pylist()
    assert frame.rows(named=True) == rows
    utc = datetime.timezone.utc
    told = [tuple(v.astimezone(utc) if isinstance(v, datetime.datetime) else v for v in row) for row in duck.fetchall()]
    assert told == [tuple(row.values()) for row in rows]


def test_rows_stand_in_the_order_of_time_within_the_range(finished):
    start = datetime.datetime.fromisoformat(finished.manifest["start"])
    end = datetime.datetime.fromisoformat(finished.manifest["end"])
    for stream in finished.streams:
        times = pa.concat_tables([pq.read_table(part, columns=["time"], partitioning=None) for part in finished.parts(stream)])["time"]
        frame = polars.from_arrow(times)
        assert frame.is_sorted(), stream
        assert start <= frame[0] and frame[-1] < end, stream
