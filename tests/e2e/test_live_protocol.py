"""The WebSocket of a live session below its messages: frames, as RFC 6455 has them, and ends."""

import json
import shutil
import subprocess

import pytest
from websockets.exceptions import ConnectionClosed

from live import PATIENCE_S


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
