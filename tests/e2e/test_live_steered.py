"""Scenarios and modifiers of a live session from their beginning until they have settled, and the examples of clients."""

import datetime
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import history
from live import PATIENCE_S, SCENARIOS, SEED, SMALL, Server, eventually, instant, session_of


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_begins_settles_and_is_over(tmp_path, scenario):
    with Server(tmp_path, *SMALL, "--speed", "stepped", "--no-timeline") as server, server.watch("state") as client:
        assert client.until("state")["state"]["status"] == "baseline"
        begun = server.post("/api/simulation/scenario", {"scenarioId": scenario})
        assert begun["success"] and begun["scenario"]["status"] == "active"
        problem = server.command_of("scenario", expect=409, scenario="payment-outage")
        assert begun["scenario"]["id"] in problem["detail"]
        server.step(3)
        assert server.get("/api/v1/state")["status"] == "running"
        stopped, settling = server.clock_time(), server.post("/api/simulation/stop")["settlingUntil"]
        server.command_of("stop", expect=409)
        server.clock(speed="max", paused=False)
        over = client.until(lambda message: message["type"] == "state" and message["state"]["status"] == "baseline"
                            and message["state"]["commands"] == 2, 120)
        server.clock(paused=True)
        states = [message["state"] for message in client.messages if message["type"] == "state"]
        words = [state["status"] for state in states]
        order = [word for at, word in enumerate(words) if at == 0 or words[at - 1] != word]
        assert order in (["baseline", "running", "settling", "baseline"], ["baseline", "running", "baseline"])
        is_slow = instant(settling) - instant(stopped) > datetime.timedelta(hours=1)
        assert "settling" in order or not is_slow
        assert over["state"]["time"] >= settling and over["state"]["interventions"] == []
        server.end()
        session_of(server)


def test_a_scenario_of_days_goes_through_all_its_states(server):
    with server.watch("state", "anomalies", "twin:diff") as client:
        server.command_of("scenario", scenario="exam-season-surge", duration="2d")
        server.clock(speed="max")
        client.until(lambda message: message["type"] == "state" and message["state"]["interventions"])
        client.until(lambda message: message["type"] == "state" and not message["state"]["interventions"], 120)
        server.clock(paused=True)
    shown = [one for message in client.messages if message["type"] == "state"
             for one in message["state"]["interventions"]]
    strengths = [modifier["strength"] for one in shown for modifier in one["modifiers"]]
    assert {one["state"] for one in shown} == {"active", "settling"} and max(strengths) == 1
    modifiers = [modifier["state"] for one in shown for modifier in one["modifiers"]]
    assert {"active", "settling"} <= set(modifiers) <= {"waiting", "active", "settling", "settled"}
    assert "twin:diff" in client.record.kinds
    left = [one["remaining_s"] for one in shown]
    assert left == sorted(left, reverse=True)


def test_a_scenario_a_minute_and_a_reset_leave_a_session_that_can_be_replayed(server):
    draws = random.Random(SEED)
    server.clock(speed="stepped", paused=False)
    with server.watch("*") as client:
        for number in range(20):
            server.command_of("scenario", scenario=draws.choice(SCENARIOS), duration="12h")
            server.step(1 / 60)
            server.command_of("stop")
            if number % 7 == 6:
                server.command_of("inject", template=server.get("/api/v1/external-events/templates")[number]["id"])
        server.step(13)
        _, end = server.position()
        rows = client.until_covered(end).rows
        assert rows == server.rows(client.record.start, end)
    server.end()
    session_of(server)


def test_a_modifier_of_ten_does_what_it_says(tmp_path):
    with Server(tmp_path, "--scale", 0.02, "--speed", "stepped", "--no-timeline") as server:
        server.step(30)
        _, before = server.position()
        given = server.post("/api/v1/modifiers",
                            {"on": "customer.tutor.search/rate", "multiply": 10, "duration": "12h"})
        assert [one["state"] for one in given["state"]["interventions"]] == ["active"]
        server.step(12)
        _, end = server.position()
        rows = server.rows(before, end, "customer.tutor.search")
        asked = {"streams": "customer.tutor.search", "from": "-12h", "resolution": "1h"}
        [history_of] = server.get("/api/v1/history", **asked)
        print({key: value for key, value in history_of.items() if key != "points"}, history_of["points"][:2])
        without = sum(point["untouched"] or 0 for point in history_of["points"])
        assert len(rows) > 6 * without > 0, (len(rows), without)
        server.end()
        session_of(server)


# Examples of clients


def command_of(client):
    """How an example of a client is run."""
    examples = history.ROOT / "examples"
    if client == "rs":
        # Built by the tests; `cargo run` would build its dependencies again with other features.
        target = os.environ.get("CARGO_TARGET_DIR", history.ROOT / "target")
        return [Path(target) / "debug/examples/live_client"]
    if client == "py":
        return [sys.executable, examples / "live_client.py"]
    node = shutil.which("node")
    if client == "ws":
        return [node, "--require", history.ROOT / "tests/e2e/node/ws.cjs", examples / "live_client.js"]
    version = int(subprocess.run([node, "--version"], capture_output=True, text=True).stdout[1:].split(".")[0])
    return [node, *(["--experimental-websocket"] if version < 22 else []), examples / "live_client.js"]


@pytest.mark.parametrize("client", ["py", "js", "ws", "rs"])
def test_an_example_of_a_client_comes_back_to_where_it_was(server, tmp_path, client):
    if client in ("js", "ws") and shutil.which("node") is None:
        pytest.skip("node is not installed")
    epoch, _ = server.position()
    with open(tmp_path / "out", "w") as out:
        command = [*command_of(client), server.url, "session.*,customer.*", "1500"]
        looking = subprocess.Popen(list(map(str, command)), stdout=out, stderr=subprocess.STDOUT)
    printed = lambda: re.findall(r"^(\d+) ", (tmp_path / "out").read_text(), re.M)
    try:
        eventually(lambda: len(printed()) > 100)
        server.end(signal.SIGKILL)
        server.start()
        server.clock(speed=20_000)
        assert looking.wait(PATIENCE_S) == 0, (tmp_path / "out").read_text()
    finally:
        looking.kill()
    seqs = list(map(int, printed()))
    rows = server.rows(seqs[0] - 1, seqs[-1], "session.*,customer.*")
    assert seqs == sorted(rows) and len(seqs) >= 1500 and "reset" not in (tmp_path / "out").read_text()
    assert server.position()[0] == epoch
