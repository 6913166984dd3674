"""A live session as somebody sees it who looks after it: metrics, clients, logs, limits, and an orderly end."""

import json
import os
import re
import signal
import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed

import history
from live import PATIENCE_S, SMALL, Client, Proxy, Server, assert_problem, eventually, instant, listen


def test_it_can_be_looked_after(server):
    assert server.http.get("/livez").status_code == server.http.get("/readyz").status_code == 200
    with server.watch("*") as client:
        client.until("events")
        families = {family.name: family for family in text_string_to_metric_families(server.http.get("/metrics").text)}
        value = lambda name: families[name].samples[0].value
        assert value("causeflow_websockets") == 1 and value("causeflow_healthy") == 1
        assert value("causeflow_events") > 0 and value("causeflow_messages_sent") > 0
        assert all(family.documentation and family.type != "unknown" for family in families.values())
        # Nothing is said about a single client.
        labels = {label for family in families.values() for sample in family.samples for label in sample.labels}
        assert labels == {"le"}
        for unit in ("events", "seconds"):
            assert value(f"causeflow_client_lag_{unit}_max") >= 0
            buckets = [sample.value for sample in families[f"causeflow_clients_by_lag_{unit}"].samples]
            assert buckets == sorted(buckets) and buckets[-1] == 1


def test_who_looks_on_is_listed_with_how_far_behind(server):
    listed = lambda **query: server.get("/api/v1/clients", **query)
    assert listed()["clients"] == []
    stream = listen(server, topics="session.*,state", policy="conflate")
    next(stream)
    with server.watch("*", "anomalies", policy="skip") as client:
        client.until("subscribed")
        page = server.get("/api/v1/events", streams="customer.*", limit=50)
        page = server.get("/api/v1/events", streams="customer.*", limit=50, after=page["next"])
        found = listed()
        assert [found[kind] for kind in ("websocket", "server_sent_events", "rest")] == [1, 1, 1]
        by_kind = {one["kind"]: one for one in found["clients"]}
        lags = [one["lag_events"] for one in found["clients"]]
        assert lags == sorted(lags, reverse=True) and len(by_kind) == 3
        socket, sse, rest = (by_kind[kind] for kind in ("web-socket", "server-sent-events", "rest"))
        assert socket["topics"] == ["*", "anomalies"] and socket["policy"] == "skip" and socket["gaps"] == 0
        assert socket["address"] == "127.0.0.1:%d" % client.socket.local_address[1] and 0 <= socket["connected_s"] < 60
        assert sse["topics"][-1] == "state" and all(one.startswith("session.") for one in sse["topics"][:-1])
        assert sse["policy"] == "conflate" and rest["policy"] is None
        assert rest["position"] == page["next"] and rest["address"] == "127.0.0.1"
        assert len({one["number"] for one in found["clients"]}) == 3
        # What has been told lies behind what is known of it by less than a moment.
        client.until("events")
        assert eventually(lambda: (one := listed(kind="web-socket")["clients"][0]) and one["lag_events"] < 100 and one["lag_s"] < 1)
        few = listed(limit=1)
        assert len(few["clients"]) == 1 and few["server_sent_events"] == 1
        assert_problem(server.http.get("/api/v1/clients", params={"kind": "carrier-pigeon"}), 400)
    stream.close()
    eventually(lambda: listed()["websocket"] + listed()["server_sent_events"] == 0)


def test_who_does_not_take_what_is_sent_is_seen_to_fall_behind(tmp_path):
    with Server(tmp_path, "--scale", 0.02, "--speed", 100_000) as server:
        proxy = Proxy(server.port)
        metric = lambda name: float(re.search(f"^{name} (.*)$", server.http.get("/metrics").text, re.M)[1])
        with server.watch("*", port=proxy.port, policy="skip"), server.watch("state"):
            proxy.stalled = True
            late = lambda one: one["lag_events"] > 20_000 and one["lag_s"] > 0.5
            clients = lambda: server.get("/api/v1/clients", kind="web-socket")["clients"]
            first, second = eventually(lambda: late((both := clients())[0]) and both)
            assert first["topics"] == ["*"] and second["topics"] == ["state"]
            assert second["lag_events"] == second["lag_s"] == 0
            assert metric("causeflow_client_lag_events_max") > 20_000 and metric("causeflow_client_lag_seconds_max") > 0.5
            assert metric('causeflow_clients_by_lag_events{le="10000"}') == 1
            proxy.stalled = False
            server.clock(paused=True)


def logged(server):
    return [json.loads(line) for line in server.said.read_text().splitlines() if line.startswith("{")]


def test_what_it_does_is_logged_and_no_secret(tmp_path):
    environment = {**os.environ, "CAUSEFLOW_READ_TOKEN": "may-look", "CAUSEFLOW_STEER_TOKEN": "may-steer"}
    with Server(tmp_path, *SMALL, "--speed", 3600, "--log", "json", "--log-level", "debug", environment=environment) as server:
        server.http.headers["Authorization"] = "Bearer may-steer"
        state = server.http.get("/api/v1/state?from=secret-query", headers={"Cookie": "secret-cookie"})
        server.http.get("/secret-path")
        text = "id: secret-id\nname: a\ndescription: b\nduration: 1h\n"
        command = server.http.post("/api/v1/commands", json={"command": "define", "text": text},
                                   headers={"Idempotency-Key": "secret-key"})
        assert command.status_code == 200, command.text
        server.command_of("stop", expect=409)
        server.http.get("/api/v1/state", headers={"Authorization": "Bearer secret-wrong-token"})
        with server.socket(additional_headers={"Authorization": "Bearer may-look"}) as one:
            one.recv(PATIENCE_S)
            peer = "127.0.0.1:%d" % one.local_address[1]
        eventually(lambda: any(line["message"] == "client left" for line in logged(server)))
        assert server.end() == 0
        lines, everything = logged(server), server.said.read_text()
        # Every line is one of them, but for what the program says by itself.
        assert len(lines) >= len(everything.splitlines()) - 2
    assert not any(word in everything for word in ("secret", "may-look", "may-steer"))
    for line in lines:
        assert instant(line["timestamp"]).year >= 2024 and line["level"] in ("ERROR", "WARN", "INFO", "DEBUG") and line["message"]
    of = lambda message: [line for line in lines if line["message"] == message]
    by_id = {line["request"]: line for line in of("answered")}
    assert len(by_id) == len(of("answered"))
    line = by_id[command.headers["x-request-id"]]
    assert (line["method"], line["route"], line["status"], line["level"]) == ("POST", "/api/v1/commands", 200, "INFO")
    assert 0 < line["ms"] < 60_000
    line = by_id[state.headers["x-request-id"]]
    assert (line["method"], line["route"], line["status"], line["level"]) == ("GET", "/api/v1/state", state.status_code, "DEBUG")
    statuses = {(line["route"], line["status"]) for line in by_id.values()}
    assert {("none", 404), ("/api/v1/state", 401), ("/api/v1/ws", 101)} <= statuses
    [done], [refused] = of("command done"), of("command refused")
    assert (done["command"], done["again"], refused["command"], refused["level"]) == ("define", False, "stop", "WARN")
    assert [line["peer"] for line in of("client came")] == [peer] == [line["peer"] for line in of("client left")]
    assert of("window played") and of("serving") and of("going down")


def test_the_log_says_little_unless_more_is_asked_for(tmp_path):
    with Server(tmp_path, *SMALL, "--speed", 3600) as server:
        server.get("/api/v1/state")
        server.command_of("scenario", scenario="payment-outage")
        said = server.said.read_text()
        assert "command done" in said and "{" not in said and "answered" not in [line.split("  ")[-1] for line in said.splitlines()]
        assert "GET" not in said and "POST" in said
    (tmp_path / "quiet").mkdir()
    with Server(tmp_path / "quiet", *SMALL, "--speed", 3600, "--quiet") as server:
        server.command_of("scenario", scenario="payment-outage")
        assert server.said.read_text() == ""


def test_who_asks_for_too_much_is_told_when_to_ask_again(tmp_path):
    limits = ("--limit-requests", 20, "--limit-commands", 2, "--limit-messages", 5)
    with Server(tmp_path, *SMALL, *limits) as server:
        begin = time.monotonic()
        answers = [server.http.get("/api/v1/clock") for _ in range(200)]
        refused = [answer for answer in answers if answer.status_code != 200]
        # Twice as many at once as in a second, and then those of the time that it took.
        allowed = 40 + 20 * (time.monotonic() - begin)
        assert allowed - 42 <= len(answers) - len(refused) <= allowed + 1 and refused
        assert_problem(refused[0], 429)
        wait = int(refused[0].headers["retry-after"])
        assert 1 <= wait <= 2
        # Whether it lives is for everybody.
        assert all(server.http.get("/livez").status_code == 200 for _ in range(100))
        other = httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), base_url=server.url)
        assert other.get("/api/v1/clock").status_code == 200
        time.sleep(wait)
        assert server.http.get("/api/v1/clock").status_code == 200
        set_to = [other.post("/api/v1/clock", json={"paused": True}) for _ in range(8)]
        assert [answer.status_code for answer in set_to].count(429) >= 1 and set_to[0].status_code == 200
        assert other.get("/api/v1/clock").status_code == 200
        with server.socket() as one, pytest.raises(ConnectionClosed) as closed:
            assert json.loads(one.recv(PATIENCE_S))["limits"]["messages_per_s"] == 5
            for _ in range(30):
                one.send('{"type": "ping"}')
            while True:
                one.recv(PATIENCE_S)
        assert closed.value.rcvd.code == 1008
        metrics = other.get("/metrics").text
        assert int(re.search(r"^causeflow_too_many_total (\d+)$", metrics, re.M)[1]) >= len(refused) + 2
    (tmp_path / "free").mkdir()
    with Server(tmp_path / "free", *SMALL, "--limit-requests", 0) as server:
        assert all(server.http.get("/api/v1/clock").status_code == 200 for _ in range(500))


def test_an_end_is_told_with_where_to_go_on(server):
    stream = listen(server, topics="session.*")
    next(stream)
    with server.watch("customer.*") as client, server.watch("*") as other:
        client.until("events")
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        for one in (client, other):
            closing = one.until("closing")
            assert closing["resume"] == one.record.position and closing["reason"]
            with pytest.raises(ConnectionClosed) as closed:
                one.receive()
            assert closed.value.rcvd.code == 1001
        assert list(stream)[-1][1]["type"] == "closing"
        assert server.process.wait(PATIENCE_S) == 0 and time.monotonic() - begin < 8
    server.start()
    with Client(server, ("customer.*",), record=client.record) as client:
        client.until("events")
    told = history.call("steer", server.url, "state", "--raw", folder=server.folder.parent)
    session_of_running = json.loads(told)
    assert session_of_running["epoch"] == client.record.epoch
