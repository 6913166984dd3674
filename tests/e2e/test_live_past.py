"""Another past of a live session, and what it differs in: versions, the difference from the twin and the baseline, and modifiers that end."""

import datetime
import json
import signal
import subprocess
import time

import httpx
import jsonschema
import pytest

import history
from live import PATIENCE_S, SMALL, Server, assert_problem, eventually, instant, session_of, told

COUNTS = ("added", "removed", "moved", "changed")


@pytest.fixture
def server(tmp_path):
    """A session that stands still after a day and a half."""
    with Server(tmp_path, *SMALL, "--speed", "stepped") as server:
        server.step(36)
        yield server


def version_of(server, name):
    shown = server.get(f"/api/v1/versions/{name}")
    return shown if shown["state"] == "made" else None


def events_of(server, name, limit=700, streams="*"):
    """All events of a version, page by page, without what they are attributed to."""
    after, found = None, {}
    while True:
        query = {} if after is None else {"after": after}
        page = server.get(f"/api/v1/versions/{name}/events", limit=limit, streams=streams, **query)
        assert after is None or page["after"] == after
        for event in page["events"]:
            assert page["after"] < event["seq"] <= page["next"]
            event["data"].pop("attribution", None)
            found[event["seq"]] = told(event)
        after = page["next"]
        if not page["more"]:
            return found


def plain(row):
    """A row that was given out, likewise."""
    stream, timestamp, data = row
    data = json.loads(data)
    data.pop("attribution", None)
    return stream, timestamp, json.dumps(data, sort_keys=True)


def compared(version, given_out):
    """How two lists of rows differ, by their ids."""
    by_id = lambda rows: {(row[0], json.loads(row[2])["event_id"]): row for row in rows}
    a, b = by_id(version), by_id(given_out)
    both = [(a[key], b[key]) for key in a.keys() & b.keys()]
    return {
        "added": len(a.keys() - b.keys()), "removed": len(b.keys() - a.keys()),
        "moved": sum(x[1] != y[1] for x, y in both),
        "changed": sum(x[1] == y[1] and x != y for x, y in both),
    }


def test_what_is_put_into_the_past_makes_a_version_and_is_told(server):
    epoch, end = server.position()
    before = server.rows(0, end)
    now = server.clock_time()
    with server.watch("versions", "*") as client:
        answer = server.command_of("scenario", scenario="payment-outage", at="day1T10:00", duration="8h")
        asked = answer["version"]
        assert asked["name"] == "v1" and asked["from"] == "2026-02-02T10:00:00.000000Z" and asked["to"] == now
        assert answer["state"]["interventions"] == [] and answer["entry"]["version"] == {"name": "v1", "to": now}
        assert client.until("version")["version"]["state"] == "playing"
        message = client.until("version")
        assert message["epoch"] == epoch and message["version"]["state"] == "made"
        outcome = message["version"]["outcome"]
        assert message["version"] == version_of(server, "v1") == server.get("/api/v1/versions")[0]
        # What was given out is what it was, and so is what comes.
        assert server.position() == (epoch, end) and server.rows(0, end) == before
        server.step(2)
        client.until("events")
    inside = [plain(row) for row in before.values() if row[1] >= asked["from"]]
    rows = events_of(server, "v1")
    assert sorted(rows) == list(range(min(rows), max(rows) + 1)) and len(rows) == outcome["events"]
    assert {seq: plain(row) for seq, row in before.items() if seq < min(rows)} == {
        seq: plain(row) for seq, row in before.items() if row[1] < asked["from"]}
    assert all(asked["from"] <= row[1] < now for row in rows.values()) and len(inside) == outcome["given_out"]
    counts = {name: outcome[name] for name in COUNTS}
    assert counts == compared(rows.values(), inside) and counts["added"] > 0
    failures = events_of(server, "v1", streams="payment.failure")
    assert failures == {seq: row for seq, row in rows.items() if row[0] == "payment.failure"} and failures
    difference = server.get("/api/v1/versions/v1/diff")
    assert {name: sum(one[name] for one in difference["streams"]) for name in COUNTS} == counts
    assert len(difference["events"]) == min(1000, sum(counts.values()))
    of = server.get("/api/v1/versions/v1/diff", streams="payment.*")
    assert {one["name"].split(".")[0] for one in of["streams"]} == {"payment"}
    server.end()
    assert session_of(server)["versions"] == 1


def test_a_version_comes_back_with_a_server_that_was_killed(server):
    server.command_of("inject", template="blog-viral", at="day1T08:00")
    # However far it had got.
    server.end(signal.SIGKILL)
    server.start()
    was = eventually(lambda: version_of(server, "v1"))
    rows = events_of(server, "v1")
    server.command_of("scenario", scenario="quality-crisis", at="day2", duration="3h")
    eventually(lambda: version_of(server, "v2"))
    server.end(signal.SIGKILL)
    server.start()
    assert eventually(lambda: version_of(server, "v1")) == was and events_of(server, "v1", limit=10_000) == rows
    with server.watch("versions") as client:
        dropped = server.http.delete("/api/v1/versions/v1")
        assert dropped.status_code == 200 and dropped.json()["entry"]["command"] == "drop"
        assert client.until("version")["version"] == {"name": "v1", "state": "dropped"}
    for path in ("", "/events", "/diff"):
        assert_problem(server.http.get(f"/api/v1/versions/v1{path}"), 404)
    assert_problem(server.http.delete("/api/v1/versions/v1"), 404)
    server.end()
    server.start()
    assert [one["name"] for one in server.get("/api/v1/versions")] == ["v2"]
    printed = history.call("steer", server.url, "versions", folder=server.folder.parent)
    assert printed.startswith("version v2 is made, from 2026-02-03T00:00:00")
    assert session_of_ended(server)["versions"] == 1
    server.start()
    server.command_of("reset")
    assert server.get("/api/v1/versions") == []


def session_of_ended(server):
    server.end()
    return session_of(server)


def test_a_version_waits_for_nobody_and_nobody_for_it(server):
    """The session goes on while a version is played, and a version that is dropped meanwhile is not told."""
    server.clock(speed=3600, paused=False)
    with server.watch("versions", "*") as client:
        for number in range(3):
            server.command_of("inject", template="blog-viral", at=f"day1T0{number}:00")
        server.post("/api/v1/commands", {"command": "drop", "name": "v2"})
        client.until(lambda message: message["type"] == "version" and message["version"]["name"] == "v3"
                     and message["version"]["state"] == "made")
    made = [message["version"]["name"] for message in client.messages
            if message["type"] == "version" and message["version"]["state"] == "made"]
    assert made in (["v1", "v3"], ["v1", "v2", "v3"]) and "events" in client.record.kinds
    again = server.post("/api/v1/commands", {"command": "inject", "template": "blog-viral", "at": "day1T05:00"},
                        headers={"Idempotency-Key": "once"})
    same = server.post("/api/v1/commands", {"command": "inject", "template": "blog-viral", "at": "day1T05:00"},
                       headers={"Idempotency-Key": "once"})
    assert same["again"] and same["version"]["name"] == again["version"]["name"] == "v4"
    assert_problem(server.http.post("/api/v1/commands", json={
        "command": "scenario", "scenario": "payment-outage", "at": "2026-02-01T10:00:00Z"}), 422)


def test_a_preview_of_the_past_leaves_nothing(server):
    body = {"command": "scenario", "scenario": "payment-outage", "at": "day1T10:00", "duration": "2h"}
    [one] = server.post("/api/v1/commands/preview", body)
    assert one["start"] == "2026-02-02T10:00:00.000000Z" and one["modifiers"]
    assert server.get("/api/v1/versions") == [] and server.get("/api/v1/state")["commands"] == 0


# The difference from what is usual


def test_the_difference_from_the_twin_and_the_baseline(tmp_path):
    usual = history.run(tmp_path, "--days", 3, "--scale", 0.005).path
    with Server(tmp_path, *SMALL, "--speed", "stepped", "--baseline", usual) as server:
        server.step(24)
        everything = server.get("/api/v1/diff")
        assert all(one["added"] == one["removed"] == 0 and one["events"] == one["twin_events"]
                   for one in server.get("/api/v1/diff", against="commands")["streams"])
        assert len(everything["streams"]) == len(server.get("/api/v1/streams"))
        server.command_of("scenario", scenario="payment-outage", duration="12h")
        server.step(24.5)
        asked = {"from": "day2", "to": "now", "resolution": "1h", "streams": "payment.*"}
        difference = server.get("/api/v1/diff", **asked)
        assert (difference["from"], difference["to"]) == ("2026-02-03T00:00:00.000000Z", "2026-02-04T00:00:00.000000Z")
        failures = next(one for one in difference["streams"] if one["stream"] == "payment.failure")
        points = server.get("/api/v1/history", **asked)
        points = next(one for one in points if one["stream"] == "payment.failure")["points"][:24]
        assert failures["events"] == sum(point["count"] for point in points)
        assert failures["twin_events"] == sum(point["untouched"] or 0 for point in points)
        assert failures["added"] - failures["removed"] == failures["events"] - failures["twin_events"] > 0
        figures = failures["statistics"]
        assert figures["session"]["mean"] == pytest.approx(failures["events"] / 24)
        assert figures["untouched"]["mean"] == pytest.approx(failures["twin_events"] / 24)
        assert figures["session"]["intervals"] == 24 and figures["baseline"]["intervals"] == 72
        stats = history.call_json("stats", usual, "--stream", "payment.failure", "--hourly", folder=tmp_path)["statistics"]
        whole = next(row for row in stats if row["class"] == "all" and row["resolution"] == "1h")
        assert figures["baseline"]["mean"] == whole["mean"] and figures["baseline"]["p95"] == whole["p95"]
        assert failures["expected"]["events"] == pytest.approx(sum(point["baseline_mean"] for point in points))
        for wrong in ({"resolution": "2h"}, {"from": "x"}, {"from": "day2", "to": "day1"}, {"against": "x"}, {"streams": "x"}):
            assert_problem(server.http.get("/api/v1/diff", params=wrong), 400)


def test_both_histories_read_their_ranges_alike(server):
    for path, start in (("/api/v1/history", "from"), ("/api/simulation/history", "start")):
        for resolution in ("12h", "1h"):
            server.get(path, resolution=resolution)
        for wrong, field in (({"resolution": "2h"}, "resolution"), ({"resolution": ""}, "resolution"), ({start: "soon"}, start)):
            problem = assert_problem(server.http.get(path, params=wrong), 400)
            assert problem["field"] == field, problem
        problem = assert_problem(server.http.get(path, params={"resolution": "1d"}), 400)
        assert "12h or 1h" in problem["help"]


# Modifiers that end


def test_a_change_by_hand_can_be_ended_and_settles(tmp_path):
    with Server(tmp_path, "--scale", 0.02, "--speed", "stepped", "--no-timeline") as server:
        server.step(10)
        settling = {"linear": "2h"}
        made = server.post("/api/v1/modifiers", {"on": "customer.tutor.search/rate", "multiply": 10, "duration": "12h",
                                                 "settling": settling})
        [one] = made["state"]["interventions"]
        server.step(2)
        stopped = server.clock_time()
        state = server.command_of("stop", intervention=one["name"])["state"]
        [settles] = state["interventions"]
        assert settles["state"] == "settling" and settles["end"] == stopped and state["status"] == "settling"
        # It has settled when a twentieth is left.
        assert instant(settles["settled"]) - instant(stopped) == datetime.timedelta(hours=1.9)
        problem = server.command_of("stop", expect=409, intervention=one["name"])
        assert one["name"] in problem["detail"]
        server.command_of("stop", expect=409)
        server.step(6)
        assert server.get("/api/v1/state")["status"] == "baseline"
        points = server.get("/api/v1/history", resolution="1h", streams="customer.tutor.search")[0]["points"]
        ratio = [point["count"] / max(point["untouched"] or 0, 1) for point in points]
        assert all(low == 1 for low in ratio[:10]) and min(ratio[10:12]) > 5 and 1 < ratio[12] < max(ratio[10:12])
        assert ratio[14:17] == [1, 1, 1], ratio
        told = history.call("steer", server.url, "inject", "blog-viral", folder=tmp_path)
        [event] = [event for event in server.get("/api/v1/external-events", **{"from": "now", "to": "day9"}) if event["injected"]]
        name = event["attribution"]
        assert event["template"] == "blog-viral"
        # It ends before its impact begins, and so has none.
        history.call("steer", server.url, "stop", name, folder=tmp_path)
        assert server.get("/api/v1/state")["interventions"] == [] and told
        server.step(6)
        causes = {effect["cause"] for effect in server.get("/api/v1/effects")}
        assert one["name"] in causes and not any(cause.startswith("blog-viral") for cause in causes), causes
        server.end()
        session_of(server)


# Looking on for some time


@pytest.mark.parametrize("more", [(), ("--raw",), ("--check",), ("--topics", "tutor.payout.processed")])
def test_who_looks_on_for_some_seconds_ends_in_that_time(server, more):
    """Whether events come or not."""
    for paused in (True, False):
        server.clock(speed=3600, paused=paused)
        begin = time.monotonic()
        done = subprocess.run([history.BINARY, "watch", server.url, "--seconds", "3", *more], cwd=server.folder.parent,
                              capture_output=True, text=True, timeout=PATIENCE_S)
        took = time.monotonic() - begin
        assert done.returncode == 0 and took >= 3, (took, done.stderr)
        # What is checked is played again.
        assert took < (40 if "--check" in more else 6), took


def test_the_journal_of_a_session_with_versions_fits_its_schema(server):
    server.command_of("inject", template="blog-viral", at="day1T08:00")
    server.command_of("stop", expect=409)
    server.post("/api/v1/commands", {"command": "drop", "name": "v1"})
    schema = json.loads(history.call("schema", "journal-entry", folder=server.folder.parent))
    lines = httpx.get(f"{server.url}/api/v1/journal").text.splitlines()[1:]
    assert len(lines) == 2
    for line in lines:
        jsonschema.validate(json.loads(line), schema)


def test_effects_are_those_of_the_run_with_the_same_scenarios(tmp_path):
    """Both ways: what a cause has done to streams, and what has moved a stream."""
    with Server(tmp_path, *SMALL, "--speed", "stepped") as server:
        server.step(26)
        asked = []
        scenario = server.command_of("scenario", scenario="payment-outage", duration="6h")["entry"]
        asked += ["--scenario", f"payment-outage@{scenario['at']}+6h"]
        server.step(3)
        event = server.command_of("inject", template="internet-outage")["entry"]
        asked += ["--event", f"internet-outage@{event['at']}"]
        server.step(8)
        # A second one, which a `stop` ends, while what the first one did goes on.
        scenario = server.command_of("scenario", scenario="support-overload")["entry"]
        server.step(5)
        server.command_of("stop")
        asked += ["--scenario", f"support-overload@{scenario['at']}+5h"]
        server.step(30)
        assert server.clock_time().startswith("2026-02-05T00:00:00")
        of_session = server.get("/api/v1/effects")
        assert server.get("/api/v1/effects", to="now") == of_session
        fingerprint = server.get("/api/v1/fingerprint")
        by_stream = {name: server.get("/api/v1/effects", streams=name) for name in ("payment.failure", "support.ticket.created")}
    run = history.run(tmp_path, "--scale", "0.005", "--days", 3, "--format", "jsonl", *asked)
    [table] = run.path.glob("effects.*")
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    contended = ("contention_added", "contention_removed", "contention_changed")
    of_run = [
        {"cause": row["cause"], "kind": row["kind"], "stream": row["stream"],
         **{name: row[name] for name in ("added", "removed", "changed")}, "contention": sum(row[name] for name in contended),
         "first_after_h": row["first_after_h"], "last_after_h": row["last_after_h"]}
        for row in rows if row["added"] + row["removed"] + row["changed"]]
    in_order = lambda effects: sorted(effects, key=lambda one: (one["cause"], one["stream"]))
    assert in_order(of_session) == in_order(of_run)
    causes = {one["cause"].split("@")[0] for one in of_session}
    assert causes >= {"payment-outage", "internet-outage", "support-overload"} and fingerprint["events"] > 0
    for name, effects in by_stream.items():
        assert in_order(effects) == in_order(one for one in of_run if one["stream"] == name) and effects


def test_a_written_journal_is_checked_without_being_played(tmp_path):
    first = {"journal_version": 1, "spec": {"spec_version": 1, "model": "tutoring", "scale": 0.005}}
    outage = {"at": "day3T10:00", "command": "scenario", "scenario": "payment-outage", "duration": "4h"}
    for lines, place, words in (
        ([first, outage, {"at": "day3T11:00", "command": "scenario", "scenario": "quality-crisis"}], 3, "one scenario is active at a time"),
        ([first, {"at": "2020-01-01T00:00:00Z", "command": "inject", "template": "blog-viral"}], 2, "before the session begins"),
        ([first, {"at": "day1", "command": "dance"}], 2, "unknown variant `dance`"),
        ([outage], 1, "unknown field `at`"),
        ([first, {"at": "day4T18:00", "command": "inject", "template": "blog-viral"}, outage], None, "is right, and no session has been played by it"),
    ):
        (tmp_path / "hand.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        asked = [["replay", "hand.jsonl"]]
        if place:
            asked.append(["serve", "tutoring", "--journal", "hand.jsonl", "--dir", "session", "--listen", "127.0.0.1:0"])
        for args in asked:
            said = subprocess.run([history.BINARY, *args], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S)
            assert said.returncode == 2 and words in said.stderr and "help: " in said.stderr, (args, said.stderr)
            assert place is None or f"line {place} of hand.jsonl: " in said.stderr, said.stderr
    assert not (tmp_path / "session").exists()
