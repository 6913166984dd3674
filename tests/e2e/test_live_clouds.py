"""A live session as CloudEvents and as server-sent events, read by libraries for these and by curl."""

import json
import random
import re
import subprocess
import time

import cloudevents.core.formats.json
import cloudevents.core.v1.event
import httpx
import jsonschema

from live import PATIENCE_S, SEED, assert_problem, listen, told


class Clouds:
    """Somebody who looks on as CloudEvents, read by the SDK; everything up to `covered` has been told."""

    def __init__(self, server, **more):
        self.socket = server.socket(subprotocols=["cloudevents.json"], **more).__enter__()
        self.rows, self.ids, self.told, self.covered, self.epoch = {}, set(), [], None, None
        self.raw, self.is_snapshot = {}, False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, kind, identity="x", **data):
        event = {"specversion": "1.0", "id": identity, "source": "/test", "type": f"causeflow.{kind}", "data": data}
        self.socket.send(json.dumps(event))

    def receive(self):
        text = self.socket.recv(PATIENCE_S)
        assert isinstance(text, str)
        event = cloudevents.core.formats.json.JSONFormat().read(cloudevents.core.v1.event.CloudEvent, text.encode())
        attributes, data = event.get_attributes(), event.get_data()
        identity = (event.get_source(), event.get_id())
        assert identity not in self.ids
        self.ids.add(identity)
        kind = event.get_type()
        if not kind.startswith("causeflow."):
            seq = int(attributes["sequence"])
            if "coversfrom" in attributes:
                assert int(attributes["coversfrom"]) == self.covered + 1 <= seq
                self.covered = seq
            assert (attributes["epoch"], event.get_source()) == (self.epoch, f"/tutoring/{self.epoch}")
            assert data["event_id"] == event.get_id() and data.get("cause_id") == attributes.get("causationid")
            assert data["root_id"] == attributes["correlationid"]
            if (subject := event.get_subject()) is not None:
                name, of = subject.split("/")
                assert data[f"{name}_id"] == of
            self.raw[seq] = json.loads(text)
            self.rows[seq] = (kind, json.loads(text)["time"], json.dumps(data, sort_keys=True))
            return kind, event
        self.told.append(kind)
        if kind in ("causeflow.hello", "causeflow.reset"):
            self.epoch = data["epoch"]
            self.covered = data["seq"]
        elif kind in ("causeflow.heartbeat", "causeflow.pong"):
            assert data["seq"] >= self.covered
            self.covered = data["seq"]
        elif kind in ("causeflow.subscribed", "causeflow.unsubscribed"):
            self.covered = int(data["position"].split(":")[1])
        return kind, event

    def until(self, wanted):
        while True:
            kind, event = self.receive()
            if kind == wanted:
                return event

    def until_covered(self, seq):
        while self.covered < seq:
            self.say("ping")
            self.until("causeflow.pong")
            time.sleep(0.05)
        return self.rows


def test_cloudevents_tell_the_same_under_any_filter(server):
    server.clock(speed=20_000)
    document = server.get("/api/v1/asyncapi.json")
    messages = document["components"]["messages"]
    for topics in (["*"], ["customer.*", "state", "anomalies"], ["tutor.payout.processed", "twin:diff"]):
        server.clock(paused=False)
        with Clouds(server) as clouds:
            assert clouds.socket.subprotocol == "cloudevents.json"
            hello = clouds.until("causeflow.hello")
            assert hello.get_data()["protocol"] == "cloudevents.json" and hello.get_time() is not None
            clouds.say("subscribe", "mine", topics=topics)
            answer = clouds.until("causeflow.subscribed")
            assert answer.get_extension("causationid") == "mine" and "id" not in answer.get_data()
            start = clouds.covered
            time.sleep(1)
            server.clock(paused=True)
            _, end = server.position()
            patterns = ",".join(topic for topic in topics if "." in topic or topic == "*")
            assert clouds.until_covered(end) == server.rows(start, end, patterns) and end > start
            assert clouds.told.count("causeflow.state") >= topics.count("state")
            for event in list(clouds.raw.values())[:50]:
                jsonschema.validate(event, messages["cloud_event"]["payload"])
    about = document["channels"]["cloud"]
    assert "cloudevents.json" in about["description"] and len(about["messages"]) == 3


def test_cloudevents_go_on_after_a_position_and_begin_with_the_last(standing):
    epoch, end = standing.position()
    everything = standing.rows(0, end)
    after = random.Random(SEED).randrange(end)
    with Clouds(standing) as clouds:
        clouds.until("causeflow.hello")
        clouds.say("subscribe", topics=["customer.*"], after=f"{epoch}:{after:020}")
        clouds.until("causeflow.subscribed")
        rows = clouds.until_covered(end)
        assert rows == {seq: row for seq, row in everything.items() if seq > after and row[0].startswith("customer.")}
    with Clouds(standing) as clouds:
        clouds.until("causeflow.hello")
        clouds.say("subscribe", topics=["*"], last=2)
        snapshot = clouds.until("causeflow.snapshot").get_data()
        assert snapshot["to"] == end and snapshot["count"] == len(clouds.rows)
        assert list(clouds.rows) == sorted(clouds.rows) and all(everything[seq] == row for seq, row in clouds.rows.items())
    with Clouds(standing) as clouds:
        clouds.until("causeflow.hello")
        clouds.say("subscribe", topics=["*"], after="0123456789ab:5")
        assert clouds.until("causeflow.reset").get_data()["reason"]


def test_what_is_no_cloudevent_is_answered_with_help(server):
    good = {"specversion": "1.0", "id": "g", "source": "/test", "type": "causeflow.ping"}
    wrong = ["", "[]", '{"type": "ping"}', json.dumps({**good, "specversion": "0.3"}), json.dumps({**good, "type": "ping"}),
             json.dumps({**good, "data": []}), json.dumps({**good, "data": {"id": "x"}}),
             json.dumps({**good, "type": "causeflow.shout"}), json.dumps({**good, "source": ""}),
             json.dumps({**good, "type": "causeflow.subscribe", "data": {"topics": ["no.such"]}})]
    with Clouds(server) as clouds:
        clouds.until("causeflow.hello")
        for text in wrong:
            clouds.socket.send(text)
            answer = clouds.until("causeflow.error").get_data()
            assert answer["detail"] and "help" in answer, text
            time.sleep(0.05)
        clouds.socket.send(json.dumps(good))
        assert clouds.until("causeflow.pong").get_extension("causationid") == "g"
    # Who offers both speaks as before; who offers none, too.
    for offered in (["cloudevents.json", "causeflow.v1.json"], None):
        with server.socket(subprotocols=offered) as one:
            assert json.loads(one.recv(PATIENCE_S))["type"] == "hello"


# Server-sent events


def test_a_listener_resumes_exactly_where_it_was(server):
    rows, last = {}, None
    for _ in range(5):
        headers = {"Last-Event-ID": last} if last else None
        for number, (identity, message) in enumerate(listen(server, headers=headers, topics="session.*,support.*")):
            if number == 0:
                assert message["type"] == "hello" and message["resumed"] == (last is not None)
                start = int(identity.split(":")[1]) if last is None else start
            if message["type"] == "events":
                assert identity == f"{message['epoch']}:{message['to']}"
                assert not rows.keys() & {event["seq"] for event in message["events"]}
                rows |= {event["seq"]: told(event) for event in message["events"]}
            last = identity or last
            if number == 4:
                break
    assert rows == server.rows(start, int(last.split(":")[1]), "session.*,support.*")
    _, reset = list(zip(range(2), listen(server, headers={"Last-Event-ID": "0123456789ab:5"})))
    assert reset[1][1]["type"] == "reset"


def test_curl_hears_it_too(server):
    url = f"{server.url}/api/v1/events/stream?topics=*&last=2"
    done = subprocess.run(["curl", "-sN", "--max-time", "2", "-i", url], capture_output=True, text=True)
    assert done.returncode == 28, done
    assert "content-type: text/event-stream" in done.stdout
    assert done.stdout.count("event: events\n") > 3 and "event: snapshot\n" in done.stdout
    ids = [int(seq) for seq in re.findall(r"^id: [0-9a-f]{12}:(\d+)$", done.stdout, re.M)]
    assert ids == sorted(ids) and len(ids) > 3
    for query in ("topics=nothing", "after=x", "more=1", "last=-1", "policy=x", "since=x"):
        answer = httpx.get(f"{server.url}/api/v1/events/stream?{query}")
        assert_problem(answer, 400)
