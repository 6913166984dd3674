"""The manifest guards itself, and the tables that follow from it: whatever is edited in them is found by `verify` or by
`replay`, also with all digests mended, and what nobody has edited is well, in every format and in every version."""

import copy
import datetime
import json
import subprocess

import blake3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import history
from corrupt import Corrupted, text_of

OUTAGE = "payment-outage@day2T10:00"
SMALL = ["--scale", "0.002", "--days", "4", "--scenario", OUTAGE, "--event", "blog-viral@day2T18:00", "--snapshot-every", "2d"]
NOT_EVENTS = ("events/", "snapshots/")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return history.run(tmp_path_factory.mktemp("guarded"), *SMALL, "--counterfactual")


def code(*args):
    command = [history.BINARY, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "panicked" not in done.stderr, done.stderr
    assert done.returncode in (0, 1, 2), done.stderr
    return done.returncode


def is_found(path):
    return code("verify", path, "--json") != 0 or code("replay", path, "--quiet", "--json") != 0


def leaves(value, place=()):
    """The places of all single values, and of all lists that are not empty."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield place
        return
    if isinstance(value, list) and value:
        yield place
    for key, inner in items:
        yield from leaves(inner, (*place, key))


def edited(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return value * 1.5
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return value[:-1]
    if value is None:
        return "x"
    # Times, digests and fingerprints stay what they look like.
    return value.replace(value[-3], chr(ord(value[-3]) ^ 1)) if len(value) > 20 else value + "0"


def edit(manifest, place):
    *way, last = place
    at = manifest
    for key in way:
        at = at[key]
    at[last] = edited(at[last])


def same_kind(place):
    """Entries of one list are edited alike: the first of them will do."""
    return all(not isinstance(key, int) or key == 0 for key in place)


def test_what_nobody_has_edited_is_well(run):
    assert code("verify", run.path) == 0
    assert "identical" in history.call("replay", run.path, "--quiet", folder=run.path)
    assert "identical" in history.call("replay", run.path / "manifest.json", "--quiet", folder=run.path)


def test_every_edit_of_the_manifest_is_found_by_verify(run, tmp_path):
    victim = Corrupted(run.path, tmp_path / "out")
    places = [place for place in leaves(run.manifest) if place != ("digest",)]
    assert len(places) > 300
    for place in [place for place in places if same_kind(place)] + places[:: len(places) // 40]:
        manifest = copy.deepcopy(run.manifest)
        edit(manifest, place)
        (victim.path / "manifest.json").write_text(text_of(manifest))
        assert code("verify", victim.path, "--quick") != 0, place
    (victim.path / "manifest.json").write_text(text_of(run.manifest))
    assert code("verify", victim.path) == 0


def test_every_edit_of_the_manifest_with_its_digest_mended_is_found(run, tmp_path):
    victim = Corrupted(run.path, tmp_path / "out")
    places = [place for place in leaves(run.manifest) if same_kind(place) and place != ("digest",)]
    # Of each file that is not of events, its entry.
    for at, entry in enumerate(run.manifest["files"]):
        if not entry["path"].startswith(NOT_EVENTS):
            places.append(("files", at, "digest"))
    assert len(places) > 50
    others = [{"compression": "snappy"}, {"format": "csv"}, {"seed": "43"}, {"baseline": {"seeds": ["1"], "digest": "blake3:0"}}]
    for place in [*others, *places]:
        victim.edit(lambda manifest: manifest.update(place) if isinstance(place, dict) else edit(manifest, place))
        assert is_found(victim.path), place
        (victim.path / "manifest.json").write_text(text_of(run.manifest))


def other(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    return value.replace(microsecond=(value.microsecond + 1) % 1_000_000)


def edit_table(path, column):
    """Changes one value of a column; false where it has none."""
    table = pq.read_table(path)
    field = table.schema.field(column)
    plain = pa.string() if pa.types.is_dictionary(field.type) else field.type
    values = table.column(column).cast(plain).to_pylist()
    present = [row for row, value in enumerate(values) if value is not None]
    if not present:
        return False
    row = present[len(present) // 2]
    values[row] = other(values[row])
    array = pa.array(values, type=plain).cast(field.type)
    place = table.schema.get_field_index(column)
    pq.write_table(table.set_column(place, field, array), path)
    return True


def mend(victim, path):
    """The manifest then has the file's size and digest, and its own."""
    content = (victim.path / path).read_bytes()

    def change(manifest):
        [entry] = [file for file in manifest["files"] if file["path"] == path]
        entry.update(bytes=len(content), digest="blake3:" + blake3.blake3(content).hexdigest())

    victim.edit(change)


def test_an_edit_of_any_column_of_any_table_is_found(run, tmp_path):
    victim = Corrupted(run.path, tmp_path / "out")
    tables = [file["path"] for file in run.manifest["files"] if not file["path"].startswith(NOT_EVENTS)]
    edits = 0
    for path in tables:
        original = (victim.path / path).read_bytes()
        columns = pq.read_schema(victim.path / path).names if path.endswith(".parquet") else [None]
        # Of the many alike in `counterfactual/`, some.
        for column in columns[:3] if path.startswith("counterfactual/stream") else columns:
            if column is None:
                (victim.path / path).write_bytes(original.replace(b"1", b"2", 1))
            elif not edit_table(victim.path / path, column):
                continue
            mend(victim, path)
            assert is_found(victim.path), (path, column)
            edits += 1
            (victim.path / path).write_bytes(original)
    assert edits > 100


@pytest.mark.parametrize("what", ["is_causal", "score"])
def test_replay_says_where_a_table_was_edited(run, tmp_path, what):
    victim = Corrupted(run.path, tmp_path / "out")
    path = {"is_causal": "external_events.parquet", "score": "history.parquet"}[what]
    assert edit_table(victim.path / path, what)
    mend(victim, path)
    outcome = json.loads(history.call("replay", victim.path, "--json", "--quiet", folder=tmp_path, expect=1))
    assert outcome["differing"] == []
    [finding] = outcome["findings"]
    assert (finding["check"], finding["file"], finding["column"]) == ("table", path, what)
    assert finding["row"] is not None and finding["found"] != finding["expected"]
    text = history.call("replay", victim.path, "--quiet", folder=tmp_path, expect=1)
    assert f"{path}, row {finding['row']}, column {what}" in text


def test_a_snapshot_that_was_edited_is_found(run, tmp_path):
    victim = Corrupted(run.path, tmp_path / "out")
    path, *_ = [file["path"] for file in run.manifest["files"] if file["path"].startswith("snapshots/")]
    content = bytearray((victim.path / path).read_bytes())
    content[len(content) // 2] ^= 1
    (victim.path / path).write_bytes(content)
    mend(victim, path)
    assert is_found(victim.path)


@pytest.mark.parametrize("args", [[], ["--until", "day4"]])
def test_versions_verify_and_are_played_again(tmp_path, args):
    run = history.run(tmp_path, "--scale", "0.02", "--days", "5")
    window = ["--from", "day2", "--to", "day3", *args, "--quiet"]
    history.call("regenerate", run.path, *window, "--event", "blog-viral@day2T02:00", "--name", "x", folder=tmp_path)
    history.call("regenerate", run.path, *window, "--scenario", "payment-outage@day2T10:00", "--name", "y", folder=tmp_path)
    for name in "xy":
        version = run.path / "versions" / name
        assert json.loads(history.call("verify", version, "--json", folder=tmp_path))["findings"] == []
        assert "identical" in history.call("replay", version, "--quiet", folder=tmp_path)
    victim = Corrupted(run.path, tmp_path / "copy")
    victim.path = victim.path / "versions" / "x"
    manifest = victim.manifest
    for key in [key for key in manifest["version"] if key != "scenarios"]:
        victim.edit(lambda manifest: edit(manifest, ("version", key)))
        assert is_found(victim.path), key
        (victim.path / "manifest.json").write_text(text_of(manifest))


def hours_later(time, hours):
    moved = datetime.datetime.fromisoformat(time) + datetime.timedelta(hours=hours)
    return moved.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.parametrize("args", [[], ["--until", "day4"]])
def test_a_window_that_was_narrowed_or_widened_is_found_by_verify(tmp_path, args):
    run = history.run(tmp_path, "--scale", "0.005", "--days", "5")
    window = ["--from", "day2", "--to", "day3", *args, "--quiet"]
    history.call("regenerate", run.path, *window, "--event", "blog-viral@day2T08:00", "--name", "x", folder=tmp_path)
    victim = Corrupted(run.path, tmp_path / "copy")
    victim.path = victim.path / "versions" / "x"
    text = (victim.path / "manifest.json").read_text()
    assert code("verify", victim.path) == 0
    for moves in [{"from": 1}, {"to": -1}, {"from": 1, "start": 1}, {"to": -1, "end": -1}, {"from": -1}, {"to": 1}, {"start": 1}, {"end": -1}]:
        def move(manifest):
            for name, hours in moves.items():
                part = manifest if name in manifest else manifest["version"]
                part[name] = hours_later(part[name], hours)

        victim.edit(move)
        verdict = json.loads(history.call("verify", victim.path, "--json", folder=tmp_path, expect=1))
        found = {finding["column"] for group in verdict["findings"] if group["check"] == "manifest" for finding in group["first"]}
        assert found == {name if name in ("start", "end") else f"version.{name}" for name in moves}, moves
        (victim.path / "manifest.json").write_text(text)


def test_who_wrote_a_run_is_held_against_its_files(run, tmp_path):
    victim = Corrupted(run.path, tmp_path / "out")
    victim.edit(lambda manifest: manifest["generator"].update(version="0.0.1"))
    verdict = json.loads(history.call("verify", victim.path, "--json", folder=tmp_path, expect=1))
    [group] = verdict["findings"]
    [finding] = group["first"]
    assert finding["column"] == "generator.version" and finding["found"] == '"0.0.1"'
    assert "as statistics.json says" in finding["expected"]


def test_a_run_that_was_scored_against_a_baseline_wants_it_again(tmp_path):
    history.call("baseline", "tutoring", "--scale", "0.002", "--days", "7", "--seeds", "2", "--out", "base", folder=tmp_path)
    run = history.run(tmp_path, "--scale", "0.002", "--days", "3", "--baseline", "base")
    assert code("verify", run.path) == 0
    text = history.call("replay", run.path, "--quiet", folder=tmp_path, expect=1)
    assert "--baseline DIR" in text
    history.call("replay", run.path, "--quiet", "--baseline", "base", folder=tmp_path)
