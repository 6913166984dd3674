"""The four formats hold the same rows."""

import json
import shutil

import blake3
import polars
import pyarrow as pa
import pyarrow.ipc
import pyarrow.json
import pyarrow.parquet as pq
import pytest

import history
from corrupt import mend_digest, text_of

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
        assert (rows.pop("columns", None) is not None) == (name in ("csv", "jsonl"))
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


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A scenario with its twin, in every format."""
    folder = tmp_path_factory.mktemp("played")
    args = ["--scale", 0.005, "--days", 4, "--scenario", "payment-outage@day2T10:00", "--counterfactual"]
    runs = {name: history.run(folder, *args, "--format", name, out=name) for name in FORMATS}
    for name in FORMATS:
        window = ["--from", "day3", "--to", "day4", "--scenario", "payment-outage@day3T10:00", "--name", "v", "--quiet"]
        history.call("regenerate", name, *window, folder=folder)
    return folder, runs


COMMANDS = [
    ("effects",),
    ("effects", "--stream", "payment.failure"),
    ("history", "--stream", "payment.failure"),
    ("history", "--stream", "payment.failure", "--hourly"),
    ("stats",),
    ("stats", "--stream", "booking.confirmed"),
    ("versions",),
    ("verify",),
    ("replay",),
]


def said(name, folder, command, *args):
    """What a command says about a run, without what names the run or the time that it took."""
    codes = {"diff": 1}
    text = history.call(command, name, *args, "--json", folder=folder, expect=codes.get(command, 0))
    value = json.loads(text)
    if isinstance(value, dict):
        for key in ("out", "bytes", "files", "manifest", "run", "a", "b"):
            value.pop(key, None)
    return json.loads(json.dumps(value).replace(name, "FORMAT"))


@pytest.mark.parametrize("name", FORMATS[1:])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_reads_every_format(played, name, command):
    folder, _ = played
    assert said(name, folder, *command) == said("parquet", folder, *command)


@pytest.mark.parametrize("name", FORMATS[1:])
def test_versions_and_differences_are_the_same_in_every_format(played, name):
    folder, _ = played
    assert said(name, folder, "diff", "--version", "v") == said("parquet", folder, "diff", "--version", "v")
    # Of the same rows in two formats, nothing differs.
    history.call("diff", name, "parquet", folder=folder)
    for command in ("verify", "replay"):
        assert said(f"{name}/versions/v", folder, command) == said("parquet/versions/v", folder, command)


@pytest.mark.parametrize("name", FORMATS[1:])
def test_tables_are_the_same_in_every_format(played, name):
    _, runs = played
    for file in runs["parquet"].manifest["files"]:
        if file["path"].startswith(("events/", "entities/")) or not file["path"].endswith(".parquet"):
            continue
        path = runs[name].path / file["path"].replace(".parquet", f".{name}")
        expected = frame(runs["parquet"].path / file["path"])
        assert typed(frame(path), expected).rows() == expected.rows(), path


def test_the_report_is_the_same_in_every_format(played, tmp_path):
    folder, _ = played
    pages = set()
    for name in FORMATS:
        history.call("report", name, "--output", tmp_path / f"{name}.html", folder=folder)
        pages.add((tmp_path / f"{name}.html").read_text())
    assert len(pages) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_a_row_that_was_edited_is_found_in_every_format(played, tmp_path, name):
    _, runs = played
    shutil.copytree(runs[name].path, tmp_path / "out", ignore=shutil.ignore_patterns("versions"))
    [part] = history.Run(tmp_path / "out").parts("payment.failure")
    content = part.read_bytes()
    part.write_bytes(content.replace(b"e", b"f", 1))
    history.call("verify", "out", folder=tmp_path, expect=1)
    if name in ("csv", "jsonl"):
        # What is no row any more is said with its place.
        before, after = (b"\n", b"\nx") if name == "csv" else (b'{"', b'["')
        part.write_bytes(content.replace(before, after, 1))
        manifest = runs[name].manifest
        path = str(part.relative_to(tmp_path / "out"))
        [entry] = [file for file in manifest["files"] if file["path"] == path]
        changed = part.read_bytes()
        entry.update(bytes=len(changed), digest="blake3:" + blake3.blake3(changed).hexdigest())
        mend_digest(manifest)
        (tmp_path / "out/manifest.json").write_text(text_of(manifest))
        verdict = json.loads(history.call("verify", "out", "--json", folder=tmp_path, expect=1))
        [finding] = [group for group in verdict["findings"] if group["check"] == "unreadable"]
        assert "row 0" in finding["first"][0]["found"]
