"""`causeflow replay` plays a run again from its manifest, and finds what differs."""

import json
import shutil
import subprocess

import pytest

import history
from corrupt import Corrupted

SMALL = ["--scale", "0.02", "--days", "1.7"]

EVENTS = """
templates:
  launch:
    type: marketing
    title: A launch
    description: People hear of it.
    severity: info
    icon: rocket
    expects: {streams: [customer.tutor.search], direction: increase, magnitude: high}
    duration: 3h
    modifiers:
      - on: customer.tutor.search/rate
        multiply: 3
events:
  - {template: launch, at: day1T12:00, title: Our launch}
"""

SCENARIO = """
id: short-outage
extends: payment-outage
duration: 1h
"""


def replay(place, *args, folder, expect=0):
    return json.loads(history.call("replay", place, "--json", "--quiet", *args, folder=folder, expect=expect))


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--scenario", "payment-outage@day1T10:00+90m", "--event", "blog-viral@day1T18:00"],
        ["--no-events"],
        ["--streams", "booking.*,payment.failure"],
        ["--seed", "7", "--start", "2026-03-28T11:22:33.5+01:00"],
        ["--format", "csv"],
    ],
)
def test_a_run_comes_out_the_same(tmp_path, args):
    run = history.run(tmp_path, *SMALL, *args)
    for place in [run.path / "manifest.json", run.path]:
        outcome = replay(place, folder=tmp_path)
        assert outcome["identical"] and outcome["differing"] == [] and outcome["event"] is None
        assert outcome["replayed_fingerprint"] == run.manifest["fingerprint"]
        assert outcome["rows"] == sum(stream["rows"] for stream in run.manifest["streams"])
    # The manifest is enough, and nothing is written.
    alone = tmp_path / "alone" / "manifest.json"
    alone.parent.mkdir()
    shutil.copy(run.path / "manifest.json", alone)
    assert replay(alone, "--threads", "1", folder=tmp_path)["identical"]
    assert [entry.name for entry in alone.parent.iterdir()] == ["manifest.json"]
    assert history.call("replay", run.path, "--quiet", folder=tmp_path).startswith("identical: ")


def test_files_of_ones_own_are_given_again(tmp_path):
    (tmp_path / "launch.yaml").write_text(EVENTS)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "short.yaml").write_text(SCENARIO)
    given = ["--events", "launch.yaml", "--scenarios", "own"]
    run = history.run(tmp_path, *SMALL, *given, "--scenario", "short-outage@day1T10:00")
    assert [event["title"] for event in run.manifest["events"]] == ["Our launch"]
    assert replay(run.path, *given, folder=tmp_path)["identical"]
    history.call("replay", run.path, "--quiet", folder=tmp_path, expect=2)
    history.call("replay", run.path, "--quiet", "--scenarios", "own", folder=tmp_path, expect=2)
    # Files that were changed are not those of the run.
    (tmp_path / "own" / "short.yaml").write_text(SCENARIO.replace("1h", "2h"))
    history.call("replay", run.path, "--quiet", *given, folder=tmp_path, expect=2)


def test_a_model_of_ones_own_is_given_again(tmp_path):
    history.call("init", "shop", folder=tmp_path)
    run = history.run(tmp_path, "--days", "2", model="./shop")
    history.call("replay", run.path, "--quiet", folder=tmp_path, expect=2)
    assert replay(run.path, "--model", "shop", folder=tmp_path)["identical"]
    text = (tmp_path / "shop" / "shop.yaml").read_text()
    (tmp_path / "shop" / "shop.yaml").write_text(text + "# changed\n")
    history.call("replay", run.path, "--quiet", "--model", "shop", folder=tmp_path, expect=2)


def test_the_first_event_that_differs_is_shown_with_its_causes(tmp_path):
    run = history.run(tmp_path, *SMALL, "--scenario", "payment-outage@day1T10:00")
    copy = Corrupted(run.path, tmp_path / "copy")
    table = copy.read("payment.failure")
    names = table.column("attribution").to_pylist()
    attributed = [row for row in copy.rows_within("payment.failure") if names[row]]
    for row in attributed[3:5]:
        event = copy.put("payment.failure", row, failure_code="barter")
    event = table.column("event_id")[attributed[3]].as_py()

    def change(manifest):
        [entry] = [one for one in manifest["streams"] if one["name"] == "payment.failure"]
        entry["fingerprint"] = "0" * 32

    copy.edit(change)
    outcome = replay(copy.path, folder=tmp_path, expect=1)
    assert not outcome["identical"]
    assert [one["name"] for one in outcome["differing"]] == ["payment.failure"]
    found = outcome["event"]
    assert (found["stream"], found["event_id"], found["differing_events"]) == ("payment.failure", str(event), 2)
    assert found["row"] == attributed[3] and found["file"] == copy.file("payment.failure")
    assert found["in_files"]["failure_code"] == "barter" != found["replayed"]["failure_code"]
    assert found["replayed"]["attribution"] == "payment-outage@2026-02-02T10:00:00Z"
    # Its causes, up to the first of the chain, as the files have them.
    assert found["missing_cause"] is None
    streams = [cause["stream"] for cause in found["causes"]]
    assert streams[0] == "booking.confirmed" and "booking.requested" in streams
    expected = found["in_files"]["cause_id"]
    for cause in found["causes"]:
        assert cause["event_id"] == expected
        rows = copy.read(cause["stream"])
        row = rows.column("event_id").to_pylist().index(int(expected))
        expected = rows.column("cause_id")[row].as_py()
        expected = expected and str(expected)
    assert expected is None
    assert found["causes"][-1]["event_id"] == found["in_files"]["root_id"]
    text = history.call("replay", copy.path, "--quiet", folder=tmp_path, expect=1)
    assert f"event {event} of payment.failure" in text and "barter" in text and "caused by" in text


def test_a_manifest_that_was_changed_is_told_from_files_that_were(tmp_path):
    run = history.run(tmp_path, *SMALL, "--no-events")
    copy = Corrupted(run.path, tmp_path / "copy")

    def fingerprint(manifest):
        manifest["streams"][0]["fingerprint"] = "0" * 32

    copy.edit(fingerprint)
    outcome = replay(copy.path, folder=tmp_path, expect=1)
    assert len(outcome["differing"]) == 1 and outcome["event"] is None
    assert "the manifest was changed" in outcome["note"]
    copy.edit(lambda manifest: manifest.update(seed="43"))
    outcome = replay(copy.path, folder=tmp_path, expect=1)
    assert len(outcome["differing"]) > 40 and outcome["event"]["event_id"]
    # Without files, only the streams can be named.
    shutil.rmtree(copy.path / "events")
    outcome = replay(copy.path, folder=tmp_path, expect=1)
    assert outcome["event"] is None and "missing" in outcome["note"]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"stream_stability_version": 77}, "the run needs stream-stability version 77, and this program has version 6"),
        ({"manifest_version": 99}, "has version 99 of the manifest"),
        ({"model": {"name": "tutoring", "digest": "blake3:0"}}, "the built-in model `tutoring` is not the one"),
        ({"model": {"name": "none", "digest": "blake3:0"}}, "--model DIR"),
        ({"start": "soon"}, "its start `soon` is not an instant"),
        ({"end": "2026-01-01T00:00:00Z"}, "no run has the range"),
        ({"scale": 1e9}, "no run has the range"),
        ({"seed": "43"}, "external events, and what it asks for brings"),
        ({"cells": 3}, "it says 3 cells"),
        ({"generator": {"name": "other", "version": "1"}}, "is not from causeflow"),
    ],
)
def test_a_manifest_that_cannot_be_played_says_why(tmp_path, change, message):
    run = history.run(tmp_path, "--scale", "0.001", "--days", "3")
    copy = Corrupted(run.path, tmp_path / "copy")
    copy.edit(lambda manifest: manifest.update(change))
    done = subprocess.run([history.BINARY, "replay", copy.path], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2, done
    assert message in " ".join(done.stderr.split())
    assert "panicked" not in done.stderr
