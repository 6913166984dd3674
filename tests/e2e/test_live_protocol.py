"""The WebSocket of a live session below its messages: frames, as RFC 6455 has them, and ends."""

import json
import os
import random
import shutil
import socket
import subprocess
import time

import pytest
from websockets.exceptions import ConnectionClosed

from live import PATIENCE_S, SEED, SMALL, SUBPROTOCOL, Restless, Server, session_of

# How long a fuzzer is at it.
FUZZED_S = int(os.environ.get("CAUSEFLOW_FUZZED_S", 60)) / 3


def frame(opcode, payload=b"", first=0x80):
    """A frame of a client (RFC 6455, section 5.2), masked with zeros; `first` has the other bits of its first byte."""
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2)
    return bytes([first | opcode]) + length + bytes(4) + payload


TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9


@pytest.mark.parametrize("said, code", [
    (frame(CLOSE), 1005),
    (frame(CLOSE, (1000).to_bytes(2)), 1000),
    (frame(CLOSE, (3000).to_bytes(2) + b"bye"), 3000),
    (frame(PING, b"x" * 125) + frame(CLOSE, (1001).to_bytes(2)), 1001),
    (frame(TEXT, b'{"type":', first=0) + frame(0, b'"ping"}') + frame(CLOSE), 1005),
    (frame(CLOSE, b"x"), 1002),
    (frame(CLOSE, (1000).to_bytes(2) + b"\xff"), 1007),
    (frame(PING, b"x" * 126), 1002),
    (frame(PING, b"x", first=0), 1002),
    (frame(TEXT, b"x", first=0xc0), 1002),
    (frame(3), 1002),
    (frame(11), 1002),
    (frame(0, b"x"), 1002),
    (frame(TEXT, b"x", first=0) + frame(TEXT, b"y"), 1002),
    (frame(TEXT, b"\xce\xba\xf4\x90\x80\x80"), 1007),
    (frame(TEXT, b"x" * 60_000, first=0) + frame(0, b"x" * 60_000), 1009),
])
def test_whoever_ends_it_or_breaks_the_protocol_is_answered(standing, said, code):
    with standing.socket() as client:
        client.socket.sendall(said)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                client.recv(PATIENCE_S)
        told = closed.value.rcvd
        assert told is not None, "the connection was dropped without a word"
        assert told.code == code


def test_autobahn_s_client_leaves_it_standing(standing, tmp_path):
    """Its cases hold a server against what echoes; of one that speaks first they say whether it answers pings and ends as it should."""
    tool = shutil.which("wstest")
    if tool is None:
        pytest.skip("Autobahn's test suite is not installed")
    url = f"ws://127.0.0.1:{standing.port}/api/v1/ws"
    cases = ["2.*", "3.*", "4.*", "5.*", "6.*", "7.*"]
    (tmp_path / "cases.json").write_text(json.dumps({"outdir": "reports", "servers": [{"agent": "it", "url": url}], "cases": cases}))
    subprocess.run([tool, "-m", "fuzzingclient", "-s", "cases.json"], cwd=tmp_path, check=True, capture_output=True, timeout=600)
    verdicts = json.loads((tmp_path / "reports/index.json").read_text())["it"]
    assert len(verdicts) > 200
    # Where it waits for an echo in vain it ends the connection by a code of its own, which comes back: a "wrong code" to it.
    assert {verdict["behaviorClose"] for verdict in verdicts.values()} <= {"OK", "INFORMATIONAL", "WRONG CODE"}
    assert standing.get("/api/v1/clock")


SAID = [
    {"type": "subscribe", "id": "a", "topics": ["*"]},
    {"type": "subscribe", "id": "a", "topics": ["customer.*", "state", "cadence:high", "low-frequency"], "policy": "skip"},
    {"type": "subscribe", "topics": ["session.started", "anomalies", "twin:diff", "versions"], "after": "EPOCH:5", "policy": "conflate"},
    {"type": "subscribe", "topics": ["payment.*"], "since": "day1T00:30"},
    {"type": "subscribe", "topics": ["tutor.*"], "lastTimestamp": "2026-02-02T00:10:00Z"},
    {"type": "subscribe", "topics": ["*"], "last": 10},
    {"type": "unsubscribe", "id": "b", "topics": ["*", "state"]},
    {"type": "ping", "id": "c"},
]
ODD = [
    None, True, False, -1, 0, 1.5, 1e308, 2**64, -(2**63), "", "\0", "x" * 20_000, "\ud800", "\u202e", [], {}, [[[]]], [None] * 500,
    ["customer.*"] * 201, "*", ",", "EPOCH:0", "EPOCH:18446744073709551615", "EPOCH:-1", ":", "0:0", "9999-12-31T23:59:59Z", "0000-01-01",
    "day1", "-1d", "now", 4294967295, 1000, 1001, "close", "skip", "conflate", "subscribe",
]


def mutated(draws, epoch, is_cloud):
    """A message with some of it changed: its fields, then its bytes."""
    said = dict(draws.choice(SAID))
    for _ in range(draws.randrange(3)):
        field = draws.choice([*said, "topics", "after", "since", "last", "policy", "id", "type", "more"])
        said[field] = draws.choice(ODD)
    if draws.random() < 0.1:
        said.pop(draws.choice(list(said)))
    if is_cloud:
        kind = said.pop("type", None)
        kind = f"causeflow.{kind}" if draws.random() < 0.95 else kind
        said = {"specversion": "1.0", "type": kind, "source": "/me", "id": said.pop("id", "x"), "data": said}
        if draws.random() < 0.2:
            said[draws.choice([*said, "datacontenttype", "data_base64"])] = draws.choice(ODD)
    text = json.dumps(said, ensure_ascii=draws.random() < 0.5 or "\ud800" in str(said)).replace("EPOCH", epoch).encode("utf-8", "surrogatepass")
    for _ in range(draws.choice([0, 0, 0, 1, 3])):
        at, byte = draws.randrange(len(text) + 1), bytes([draws.randrange(256)])
        text = text[:at] + draws.choice([b"", byte, b"[" * 5_000, b"\\u", text[:at]])[:30_000] + text[at + draws.choice([0, 1, 7]):]
    return text


def whole_or_broken(draws, text):
    """A frame with it, whose head is broken now and then; and whether it is."""
    opcode, first = TEXT, 0x80
    is_broken = draws.random() < 0.02
    if is_broken:
        opcode, first = draws.randrange(16), draws.choice([0, 0x80, 0xc0, 0xa0, 0x90])
    if len(text) > 65_535:
        sent = bytes([first | opcode, 0xff]) + len(text).to_bytes(8) + bytes(4) + text
    else:
        sent = frame(opcode, text, first)
    if draws.random() < 0.02:
        at, is_broken = draws.randrange(min(len(sent), 12)), True
        sent = sent[:at] + bytes([draws.randrange(256)]) + sent[at + 1:]
    return sent, is_broken


def test_whatever_a_client_says_nobody_else_is_hurt(tmp_path):
    """Messages are mutated, in their fields, their bytes and their frames. Each is answered or ends its own connection in due form."""
    draws = random.Random(SEED)
    print(f"CAUSEFLOW_SEED={SEED}")
    answers, ends, messages = {}, {}, 0
    with Server(tmp_path, *SMALL, "--speed", 3600, "--limit-messages", 0) as server:
        others = [Restless(server, topics, SEED, 3600) for topics in (("*",), ("customer.*", "payment.*"))]
        for other in others:
            other.start()
        epoch, _ = server.position()
        end = time.monotonic() + FUZZED_S
        while time.monotonic() < end:
            is_cloud = draws.random() < 0.3
            spoken = "cloudevents.json" if is_cloud else SUBPROTOCOL
            with server.socket(subprotocols=[spoken]) as client:
                is_broken = False
                try:
                    for _ in range(draws.randrange(1, 20)):
                        sent, broken = whole_or_broken(draws, mutated(draws, epoch, is_cloud))
                        client.socket.sendall(sent)
                        messages, is_broken = messages + 1, is_broken or broken
                    if is_broken:
                        # The rest of a frame may be waited for in vain: it goes without a word.
                        client.socket.shutdown(socket.SHUT_RDWR)
                        continue
                    # Whoever has kept to the frames is still served.
                    last = {"type": "ping", "id": "the last"}
                    if is_cloud:
                        last = {"specversion": "1.0", "type": "causeflow.ping", "source": "/me", "id": "the last", "data": {}}
                    client.send(json.dumps(last))
                    while True:
                        answer = json.loads(client.recv(PATIENCE_S))
                        kind = answer["type"].removeprefix("causeflow.") if is_cloud and answer["type"].startswith("causeflow.") else answer["type"]
                        answers[kind] = answers.get(kind, 0) + 1
                        if kind == "pong" and answer.get("causationid" if is_cloud else "id") == "the last":
                            break
                except (ConnectionClosed, OSError) as closed:
                    assert not isinstance(closed, TimeoutError), "a ping has no answer"
                    told = getattr(closed, "rcvd", None)
                    code = told.code if told else None
                    ends[code] = ends.get(code, 0) + 1
                    # Never that the server has failed.
                    assert code != 1011, closed
        server.clock(paused=True)
        _, last = server.position()
        records = [other.catch_up(last) for other in others]
        rows = server.rows(records[0].start, last)
        assert records[0].rows == rows and not records[0].gaps
        some = ("customer.", "payment.")
        assert records[1].rows == {seq: row for seq, row in rows.items() if seq > records[1].start and row[0].startswith(some)}
        print(messages, answers, ends)
        assert messages > 100 and answers["pong"] > 5 and answers["error"] > 20 and answers["subscribed"] > 5
        server.end()
        session_of(server)
