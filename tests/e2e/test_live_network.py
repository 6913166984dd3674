"""A live session on a bad network, with clients that cannot keep up, and with connections that say nothing."""

import re
import socket
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed

from live import PATIENCE_S, SEED, Client, Proxy, Record, Restless, Server, eventually


@pytest.mark.parametrize("policy", ["close", "skip", "conflate"])
def test_who_cannot_keep_up_is_told_what_it_misses(tmp_path, policy):
    with Server(tmp_path, "--scale", 0.02, "--speed", "max") as server:
        proxy = Proxy(server.port)
        with server.watch("*", port=proxy.port, policy=policy) as client:
            client.until("events")
            proxy.stalled = True
            # The ring holds 256 MiB of events, which are taken for 400 bytes each.
            end_of_ring = server.position()[1] + 1_000_000
            held = eventually(lambda: (now := server.position()[1]) > end_of_ring and now, 120)
            proxy.stalled = False
            server.clock(paused=True)
            try:
                gap = client.until("gap", 60)
            except ConnectionClosed:
                gap = None
            record = client.record
            if gap is None:
                # It took nothing for so long that the connection was given up: all that it lacks can be asked for.
                assert record.gaps == []
                return
            assert gap["to"] > gap["from"] and held
            epoch, end = server.position()
            if policy == "close":
                with pytest.raises(ConnectionClosed) as closed:
                    client.receive()
                assert closed.value.rcvd.code == 1013 and gap["resume"] == f"{epoch}:{gap['from'] - 1}"
                return
            if policy == "conflate":
                snapshot = client.until("snapshot")
                assert all(event["seq"] <= gap["to"] for event in snapshot["events"]) and snapshot["to"] == gap["to"]
                assert len(snapshot["events"]) > 20
            client.until_covered(end, 120)
            assert record.rows.keys() == set(range(record.start + 1, end + 1)) - {
                seq for first, last in record.gaps for seq in range(first, last + 1)
            }


def test_as_fast_as_possible_is_as_fast_as_those_who_look_on(tmp_path):
    with Server(tmp_path, "--scale", 0.02, "--speed", "max", "--paused") as server:
        with server.watch("*") as client:
            server.clock(paused=False)
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                client.receive()
            server.clock(paused=True)
            _, end = server.position()
            record = client.until_covered(end, 60)
            assert record.gaps == [] and end > record.start + 10_000
            assert record.rows.keys() == set(range(record.start + 1, end + 1))


def test_nobody_suffers_from_the_connections_of_others(server):
    proxy = Proxy(server.port)
    slow = [Restless(server, topics, SEED + at, 1) for at, topics in enumerate([("*",), ("customer.*",)])]
    stuck = [server.watch("*", port=proxy.port) for _ in range(20)]
    proxy.stalled = True
    through = Record()
    server.clock(speed=20_000)
    try:
        for one in slow:
            one.start()
        with server.watch("*") as client:
            for _ in range(40):
                before = time.monotonic()
                client.until("events")
                assert time.monotonic() - before < 2
    finally:
        proxy.stalled = False
    proxy.dribble = 700
    for delay in (0, 0.001, 0.01):
        proxy.delay_s = delay
        try:
            with Client(server, ("session.*",), record=through, port=proxy.port) as client:
                client.until("events")
                proxy.cut()
                while True:
                    client.receive()
        except (ConnectionClosed, OSError, EOFError):
            pass
    server.clock(paused=True)
    _, end = server.position()
    for one in slow:
        record = one.catch_up(end)
        assert record.rows == server.rows(record.start, end, ",".join(one.topics))
    with Client(server, ("session.*",), record=through) as client:
        client.until_covered(end)
    assert through.rows == server.rows(through.start, end, "session.*")
    for one in stuck:
        one.socket.socket.close()


def test_half_requests_and_silent_sockets_are_dropped(server):
    def dropped(*parts, every_s=None):
        """How long it takes until a connection is ended on which this was sent."""
        with socket.create_connection(("127.0.0.1", server.port)) as one:
            begin, one_more = time.monotonic(), None
            for part in parts:
                one.sendall(part)
            one.settimeout(every_s or PATIENCE_S)
            while time.monotonic() < begin + PATIENCE_S:
                try:
                    if one.recv(4096) == b"":
                        return time.monotonic() - begin
                except TimeoutError:
                    try:
                        one.sendall(b"x")
                    except OSError:
                        return time.monotonic() - begin
                except ConnectionError:
                    return time.monotonic() - begin
            raise AssertionError((parts, one_more))

    head = b"POST /api/v1/clock HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    found = {}
    cases = {
        "silent": ((), None),
        "half a head": ((b"GET /livez HTTP/1.1\r\nHost: ",), None),
        "a head in dribbles": ((b"GET /livez HTTP/1.1\r\nX: ",), 0.5),
        "half a body": ((head + b"Content-Length: 20\r\n\r\n{",), None),
        "a body in dribbles": ((head + b"Content-Length: 2000\r\n\r\n{",), 0.5),
        "after an answer": ((b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",), None),
    }
    def one(name, parts, every_s):
        found[name] = dropped(*parts, every_s=every_s)
    threads = [threading.Thread(target=one, args=(name, *case)) for name, case in cases.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S + 5)
    assert found.keys() == cases.keys() and max(found.values()) < 30, found
    # One that asks for much and takes nothing.
    with socket.create_connection(("127.0.0.1", server.port)) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.clock(speed="max")
        one.sendall(b"GET /api/v1/events/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        listeners = re.compile(r"^causeflow_event_streams (\d+)$", re.M)
        count = lambda: int(listeners.search(server.http.get("/metrics").text)[1])
        assert eventually(lambda: count() == 1)
        eventually(lambda: count() == 0, 45)
