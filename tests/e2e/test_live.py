"""A live session through clients of its WebSocket that know nothing of it: whatever breaks, topics, positions, and the messages as they are described."""

import json
import os
import random
import re
import signal
import subprocess
import time

import httpx
import jsonschema
import pytest
from websockets.exceptions import ConnectionClosed

import history
from live import PATIENCE_S, SCENARIOS, SEED, SMALL, Client, Proxy, Record, Restless, Server, eventually, session_of, told

# More of the random tests: `CAUSEFLOW_ROUNDS=20 pytest tests/e2e/test_live.py`.
ROUNDS = int(os.environ.get("CAUSEFLOW_ROUNDS", 1))
# How often a server is killed in a round.
KILLS = 200


# Any order of deeds, breaks and ends; they take longest and so come first


def deed(server, draws):
    """Does something at random; whether it goes depends on how things stand."""
    scenario = {"scenario": draws.choice(SCENARIOS), "duration": draws.choice(["10m", "1h", "6h", "2d"])}
    on = draws.choice(["customer.tutor.search/rate", "support.chat.started/rate", "customer.account.registered/rate"])
    path, body = draws.choice([
        ("/api/v1/commands", {"command": "scenario", **scenario}),
        ("/api/v1/commands", {"command": "scenario", **scenario}),
        ("/api/simulation/stop", None),
        ("/api/v1/commands", {"command": "stop"}),
        ("/api/v1/commands", {"command": "reset"}) if draws.random() < 0.4 else ("/api/simulation/stop", None),
        ("/api/v1/commands", {"command": "inject", "template": draws.choice(server.templates)}),
        ("/api/v1/commands", {"command": "inject", "template": draws.choice(server.templates), "at": "day1T12:00"}),
        ("/api/v1/commands", {"command": "drop", "name": "v1"}),
        ("/api/v1/modifiers", {"on": on, "multiply": draws.choice([0.2, 3, 10]), "duration": "3h"}),
        ("/api/v1/clock", {"speed": draws.choice([60, 3600, 20_000, 100_000])}),
        ("/api/v1/clock", {"paused": draws.random() < 0.3}),
        ("/api/v1/clock", {"step": draws.choice(["1m", "1h", "9h"])}),
    ])
    try:
        status = server.http.post(path, json=body).status_code
    except httpx.TransportError:
        return
    assert status in (200, 409, 422, 503), (path, body, status)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_every_client_ends_with_the_rows_of_the_journal_each_once(tmp_path, number):
    seed = SEED + number
    print(f"CAUSEFLOW_SEED={seed}")
    draws = random.Random(seed)
    filters = [("*",), ("customer.*",), ("cadence:high",), ("session.started",), ("tutor.payout.processed",),
               ("cadence:low", "anomalies"), ("*", "state", "twin:diff"), ("support.*", "payment.*")]
    kills = 0
    with Server(tmp_path, *SMALL, "--speed", 20_000) as server:
        network = Proxy(server.port)
        server.templates = [template["id"] for template in server.get("/api/v1/external-events/templates")]
        watch = [history.BINARY, "watch", server.url, "--check", "--seconds", 45, "--topics", "customer.*"]
        with open(tmp_path / "watched", "w") as watched:
            watch = subprocess.Popen(list(map(str, watch)), cwd=tmp_path, stdout=watched, stderr=watched)
        watch_ends = time.monotonic() + 45
        clients = [Restless(server, topics, seed * 100 + at, draws.choice([0.1, 0.2, 0.5, 2]), draws.choice([None, network.port]))
                   for at, topics in enumerate(filters)]
        for client in clients:
            client.start()
        while kills < KILLS:
            if time.monotonic() > watch_ends - 5 and watch.poll() is None:
                # At its end it asks for the journal: then somebody has to be there.
                eventually(server.ready)
                watch.wait(PATIENCE_S)
            time.sleep(draws.uniform(0, 0.15))
            network.delay_s = draws.choice([0, 0, 0.01, 0.1])
            network.dribble = draws.choice([None, None, 700])
            network.stalled = draws.random() < 0.1
            if draws.random() < 0.1:
                network.cut()
            if draws.random() < 0.3:
                deed(server, draws)
                continue
            server.end(draws.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
            # It may also be killed before it is there.
            server.start(waits=draws.random() < 0.9)
            kills += 1
            assert not any(client.failed for client in clients), [client.failed for client in clients]
        network.stalled, network.delay_s, network.dribble = False, 0, None
        eventually(server.ready)
        server.clock(speed=20_000, paused=False)
        time.sleep(1)
        server.clock(paused=True)
        epoch, last = server.position()
        for client in clients:
            record = client.catch_up(last)
            assert record.epoch == epoch
            patterns = ",".join(topic for topic in client.topics if "." in topic or "*" in topic or "cadence" in topic)
            assert record.rows == server.rows(record.start, last, patterns), client.topics
        assert watch.wait(PATIENCE_S) == 0, (tmp_path / "watched").read_text()[-2000:]
        connects = sum(client.connects for client in clients)
        print(f"{kills} ends, {connects} connections, {last} events, epoch {epoch}")
        assert connects >= 5 * KILLS
        assert server.end() == 0
        verdict = session_of(server)
        assert verdict["compared"] > 0


# WebSocket


def test_a_client_is_told_where_it_is_and_gets_what_it_asks_for(server):
    with Client(server, topics=()) as client:
        assert client.socket.subprotocol == "causeflow.v1.json"
        assert re.fullmatch("[0-9a-f]{12}", client.hello["epoch"])
        assert {"seq", "time", "speed", "limits"} <= client.hello.keys()
        client.send(type="subscribe", id="a", topics=["session.started"])
        ack = client.until("subscribed")
        assert (ack["id"], ack["topics"]) == ("a", {"streams": ["session.started"], "notices": []})
        client.send(type="subscribe", id="b", topics=["customer.*", "state"])
        ack = client.until("subscribed")
        assert ack["id"] == "b" and len(ack["topics"]["streams"]) > 8 and ack["topics"]["notices"] == ["state"]
        assert client.until("state")["state"]["epoch"] == client.hello["epoch"]
        client.until(lambda _: len({row[0] for row in client.record.rows.values()}) > 4)
        assert all(re.match("session.started$|customer[.]", row[0]) for row in client.record.rows.values())
        client.send(type="unsubscribe", id="c", topics=["customer.*"])
        ack = client.until("unsubscribed")
        assert (ack["id"], ack["topics"]["streams"]) == ("c", ["session.started"])
        before = client.record.covered
        client.until(lambda _: client.record.covered > before + 500)
        assert {row[0] for seq, row in client.record.rows.items() if seq > before} == {"session.started"}
        client.send(type="unsubscribe", topics=["*", "state"])
        assert client.until("unsubscribed")["topics"] == {"streams": [], "notices": []}


@pytest.mark.parametrize("topics", [
    ["*"], ["customer.*"], ["cadence:high"], ["high-frequency"], ["tutor.payout.processed"],
    ["low-frequency", "anomalies", "state", "twin:diff"],
])
def test_what_is_told_is_all_there_is_under_any_filter(server, topics):
    server.clock(speed=20_000)
    with server.watch(*topics) as client:
        time.sleep(1)
        server.clock(paused=True)
        _, end = server.position()
        record = client.until_covered(end)
        patterns = ",".join(topic for topic in topics if topic not in ("anomalies", "state", "twin:diff"))
        assert record.rows == server.rows(record.start, end, patterns)
        assert record.gaps == [] and end > record.start


def test_topics_and_filters_change_on_the_way_without_a_hole(server):
    """Each stretch between two answers holds all that was wanted there."""
    server.clock(speed=20_000)
    wanted, draws = [], random.Random(SEED)
    topics = ["customer.*", "cadence:high", "cadence:low", "payment.success", "support.*"]
    with server.watch("tutor.*") as client:
        ack = client.until("subscribed")
        wanted.append((client.record.covered, ack["topics"]["streams"]))
        for _ in range(12):
            time.sleep(0.06)
            client.send(type=draws.choice(["subscribe", "unsubscribe"]), topics=[draws.choice(topics)])
            ack = client.until(lambda message: message["type"] in ("subscribed", "unsubscribed"))
            wanted.append((client.record.covered, ack["topics"]["streams"]))
        server.clock(paused=True)
        _, end = server.position()
        rows = client.until_covered(end).rows
    everything = server.rows(client.record.start, end)
    should = {}
    for (after, streams), (until, _) in zip(wanted, wanted[1:] + [(end, None)]):
        should |= {seq: row for seq, row in everything.items() if after < seq <= until and row[0] in streams}
    assert rows == should


def test_wrong_messages_are_answered_with_help_and_cost_nothing(server):
    many = ["*"] * 300
    with server.watch("session.*") as client:
        for number, wrong in enumerate([
            "", "no JSON", "[]", "{}", "null", "1e999", '{"type": "shout"}', '{"type": "subscribe"}',
            '{"type": "subscribe", "topics": "*"}', '{"type": "subscribe", "topics": ["customer.logn"]}',
            '{"type": "subscribe", "topics": ["*"], "after": "x"}',
            '{"type": "subscribe", "topics": ["*"], "more": 1}', '{"type": "unsubscribe", "topics": ["nothing"]}',
            json.dumps({"type": "subscribe", "topics": many}), '{"type": "subscribe", "topics": ["*"], "policy": "x"}',
            "[" * 10_000, b"bytes",
        ]):
            client.socket.send(wrong)
            answer = client.until("error")
            assert answer["detail"] and answer["help"], (wrong, answer)
            time.sleep(0.03)
        client.send(type="ping", id="still there")
        assert client.until("pong")["id"] == "still there"
        assert client.socket.ping().wait(PATIENCE_S)
        before = len(client.record.rows)
        client.until(lambda _: len(client.record.rows) > before)
    with Client(server, topics=()) as client:
        for fields in ({"after": "x"}, {"since": "yesterday"}, {"after": "a:1", "since": "2026-02-02"},
                       {"after": "a:1", "last": 3}, {"after": f"{client.hello['epoch']}:-1"}):
            client.send(type="subscribe", topics=["*"], **fields)
            answer = client.until("error")
            assert answer["detail"] and answer["help"], (fields, answer)


def test_who_says_too_much_at_once_is_told_why_it_is_cut_off(server):
    with server.watch("session.*") as client, pytest.raises(ConnectionClosed) as closed:
        for _ in range(200):
            client.send(type="ping")
        while True:
            client.receive()
    assert closed.value.rcvd.code == 1008 and closed.value.rcvd.reason
    with server.watch("session.*") as client, pytest.raises(ConnectionClosed):
        client.socket.send("x" * 100_000)
        while True:
            client.receive()
    with server.watch("session.*") as client:
        client.until("events")


def test_the_last_events_of_each_stream_come_first(standing):
    epoch, end = standing.position()
    everything = standing.rows(0, end)
    with standing.watch("*", last=10) as client:
        snapshot = client.until("snapshot")
    assert snapshot["to"] == end and snapshot["epoch"] == epoch
    seqs = [event["seq"] for event in snapshot["events"]]
    assert seqs == sorted(seqs)
    came = {}
    for event in snapshot["events"]:
        assert everything[event["seq"]] == told(event)
        came.setdefault(event["stream"], []).append(event["seq"])
    for stream in {row[0] for row in everything.values()}:
        last = [seq for seq, row in sorted(everything.items()) if row[0] == stream][-10:]
        got = came.get(stream, [])
        # It is looked back for a day, so rare streams may have less.
        assert got == last[len(last) - len(got):], stream
        day_ago = everything[last[-len(got) - 1]][1] if len(got) < len(last) else ""
        assert day_ago < "2026-02-03T00:00", (stream, day_ago)
    with standing.watch("tutor.payout.processed", last=10) as client:
        assert client.until("snapshot")["to"] == end


def test_events_come_from_a_time_or_a_position_on_wherever_they_are(standing):
    epoch, end = standing.position()
    everything = standing.rows(0, end)
    assert len(everything) == end
    draws = random.Random(SEED)
    for topics in (["*"], ["customer.*"], ["tutor.payout.processed"]):
        after = draws.randrange(end)
        with standing.watch(*topics, after=f"{epoch}:{after}") as client:
            rows = client.until_covered(end).rows
        streams = client.messages[1]["topics"]["streams"]
        assert client.record.start == after
        assert rows == {seq: row for seq, row in everything.items() if seq > after and row[0] in streams}
        since = everything[draws.randrange(1, end)][1]
        with standing.watch(*topics, since=since) as client:
            rows = client.until_covered(end).rows
        assert rows == {seq: row for seq, row in everything.items() if row[1] >= since and row[0] in streams}
    for since in ("2026-02-01T00:00:00Z", "2030-01-01T00:00:00Z"):
        with standing.watch("*", since=since) as client:
            rows = client.until_covered(end).rows
        assert rows == {seq: row for seq, row in everything.items() if row[1] >= since}


def test_a_client_that_comes_from_elsewhere_is_told_so(standing):
    epoch, end = standing.position()
    for after in ("0123456789ab:5", f"{epoch}:{end + 1}"):
        with standing.watch("*", after=after) as client:
            reset = client.until("reset")
        assert (reset["epoch"], reset["seq"]) == (epoch, end) and reset["reason"]


def test_positions_hold_across_a_restart_however_it_ended(tmp_path):
    with Server(tmp_path, *SMALL, "--speed", 20_000) as server:
        record = Record()
        for sig in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            with Client(server, ("session.*", "cadence:low"), record=record) as client:
                client.until("events")
                client.until("events")
                code = server.end(sig)
                assert code == (0 if sig == signal.SIGTERM else -sig)
                with pytest.raises((ConnectionClosed, TimeoutError)):
                    while True:
                        client.receive(5)
                assert ("closing" in record.kinds) == (sig == signal.SIGTERM) or sig == signal.SIGKILL
            server.start()
        server.clock(paused=True)
        epoch, end = server.position()
        with Client(server, ("session.*", "cadence:low"), record=record) as client:
            client.until_covered(end)
        assert record.kinds.count("reset") == 0 and record.epoch == epoch
        assert record.rows == server.rows(record.start, end, "session.*,cadence:low")
        server.end()
        session_of(server)


def test_a_reset_begins_another_epoch_and_is_told(server):
    with server.watch("*", "state") as client:
        server.command_of("scenario", scenario="payment-outage")
        client.until(lambda message: message["type"] == "state" and message["state"]["status"] != "baseline")
        before = client.record.epoch
        server.post("/api/simulation/reset")
        reset = client.until("reset")
        assert reset["epoch"] != before
        client.until(lambda message: message["type"] == "state" and message["state"]["status"] == "baseline")
        client.until("events")
        old = f"{before}:5"
        server.get("/api/v1/events", expect=409, after=old)


# The description of the messages


def test_the_description_of_the_messages_is_valid_and_holds(server):
    schemas = history.ROOT / "tests/e2e/node/node_modules/@asyncapi/specs/schemas"
    if not schemas.exists():
        pytest.skip("npm is not installed")
    document = server.get("/api/v1/asyncapi.json")
    schema = json.loads((schemas / f"{document['asyncapi']}.json").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(document)
    server.clock(speed=20_000)
    with server.watch("*", "state", "twin:diff", "anomalies", last=3) as client:
        client.until("subscribed")
        server.command_of("scenario", scenario="exam-season-surge", duration="2d")
        client.until("twin:diff")
        client.until("anomaly")
        client.send(type="unsubscribe", id="less", topics=["anomalies"])
        client.until("unsubscribed")
        client.send(type="nonsense")
        client.until("error")
        client.send(type="ping")
        client.until("pong")
        server.clock(paused=True)
        client.until("heartbeat")
        server.command_of("reset")
        client.until("reset")
        server.end()
        client.until("closing")
    spoken = document["channels"]["live"]["messages"]
    payloads = [document["components"]["messages"][name]["payload"] for name in spoken if name != "request"]
    told = {payload["properties"]["type"]["const"]: payload for payload in payloads}
    for message in client.messages:
        payload = {**told[message["type"]], "components": document["components"]}
        jsonschema.Draft202012Validator(payload).validate(message)
    listened = document["channels"]["listen"]["messages"]
    assert set(listened) < set(spoken) and "events" in listened and "subscribed" not in listened
    [wanted] = [document["components"]["schemas"]["EventTold"]]
    assert {"seq", "stream", "timestamp", "data"} == set(wanted["required"])
    heard = {message["type"] for message in client.messages}
    # What a consumer that cannot keep up is told has tests of its own; so has what has become of windows that are past.
    assert heard >= {"hello", "subscribed", "unsubscribed", "events", "snapshot", "heartbeat", "state", "anomaly", "twin:diff", "reset",
                     "pong", "error", "closing"}, heard
