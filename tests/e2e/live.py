"""A live session as the tests use it: the server's process, a client that takes down what it was told, and a bad network."""

import asyncio
import datetime
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time

import httpx
import httpx_sse
import jsonschema
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import history

PATIENCE_S = 60
SUBPROTOCOL = "causeflow.v1.json"
SMALL = ("--scale", 0.005)
SEED = int(os.environ.get("CAUSEFLOW_SEED", 1))
SCENARIOS = (
    "churn-pattern", "competitor-disruption", "exam-season-surge", "normal-operations", "payment-outage",
    "quality-crisis", "recruiting-crisis", "supply-crisis", "support-overload",
)



def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


# Below those that the system gives to clients, so that nobody else gets the port of a server that is down for a moment; each process
# that runs tests has its own.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORTS = itertools.cycle(range(10_000 + WORKER % 16 * 1_000, 11_000 + WORKER % 16 * 1_000))


def free_port():
    for port in itertools.islice(PORTS, 1_000):
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    raise AssertionError("no port is free")


def eventually(what, patience_s=PATIENCE_S):
    """Waits until something is true, and returns it."""
    deadline = time.monotonic() + patience_s
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {patience_s} s"
        time.sleep(0.02)
    return found


class Server:
    """`causeflow serve` on a folder and a port, which stay the same when it is started again."""

    def __init__(self, folder, *args, model="tutoring", environment=None, binary=history.BINARY):
        self.folder, self.port = folder / "session", free_port()
        self.command = [binary, "serve", model, "--dir", self.folder, "--listen", f"127.0.0.1:{self.port}"]
        self.command = list(map(str, (*self.command, *args)))
        self.said, self.environment = folder / "said", environment
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE_S)
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        said = self.said.read_text()
        assert "panicked" not in said, said

    def start(self, waits=True):
        with open(self.said, "a") as said:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=self.environment
            )
        if waits:
            eventually(self.ready)

    def ready(self):
        assert self.process.poll() is None, self.said.read_text()
        try:
            return httpx.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def end(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        return self.process.wait(PATIENCE_S)

    def get(self, path, expect=200, **query):
        answer = self.http.get(path, params=query)
        assert answer.status_code == expect, (path, answer.status_code, answer.text)
        return answer.json()

    def post(self, path, body=None, expect=200, headers=None):
        answer = self.http.post(path, json=body, headers=headers)
        assert answer.status_code == expect, (path, body, answer.status_code, answer.text)
        return answer.json()

    def command_of(self, name, expect=200, **fields):
        return self.post("/api/v1/commands", {"command": name, **fields}, expect)

    def clock(self, **change):
        return self.post("/api/v1/clock", change)

    def step(self, hours):
        """Goes on by so many hours, and waits until that has been given out."""
        to = instant(self.clock(paused=True)["time"]) + datetime.timedelta(hours=hours)
        self.clock(step=f"{round(hours * 3600)}s")
        eventually(lambda: instant(self.clock_time()) >= to)

    def clock_time(self):
        return self.get("/api/v1/clock")["time"]

    def position(self):
        """The epoch, and how many events have been given out."""
        page = self.get("/api/v1/events", limit=1)
        with self.socket() as client:
            hello = json.loads(client.recv(PATIENCE_S))
        assert hello["epoch"] == page["epoch"]
        return hello["epoch"], hello["seq"]

    def rows(self, after, until, streams="*"):
        """The events between two numbers, by number, from REST."""
        epoch, _ = self.position()
        found = {}
        while after < until:
            limit = min(until - after, 10_000)
            page = self.get("/api/v1/events", after=f"{epoch}:{after}", limit=limit, streams=streams)
            found |= {event["seq"]: told(event) for event in page["events"]}
            after = int(page["next"].split(":")[1])
        return found

    def socket(self, port=None, **more):
        more = {"subprotocols": [SUBPROTOCOL], "max_size": 64 << 20, "compression": None, "open_timeout": PATIENCE_S, "max_queue": 4, "close_timeout": 1, **more}
        return connect(f"ws://127.0.0.1:{port or self.port}/api/v1/ws", **more)

    def watch(self, *topics, **more):
        return Client(self, topics or ("*",), **more)


def told(event):
    """What an event is, without the score of its stream when it came."""
    return event["stream"], event["timestamp"], json.dumps(event["data"], sort_keys=True)


class Record:
    """What a client was told, and that it makes sense: everything from `start` to `covered` is in `rows`, or in `gaps`."""

    def __init__(self):
        self.epoch = self.covered = self.start = None
        self.rows, self.gaps, self.kinds, self.policy = {}, [], [], "close"

    @property
    def position(self):
        return None if self.epoch is None else f"{self.epoch}:{self.covered}"

    def begin(self, epoch, seq):
        self.epoch, self.covered, self.start = epoch, seq, seq
        self.rows, self.gaps = {}, []

    def up_to(self, epoch, seq):
        if self.epoch is None:
            self.begin(epoch, seq)
        elif self.epoch == epoch:
            assert seq >= self.covered, (seq, self.covered)
            self.covered = seq

    def take(self, message):
        kind = message["type"]
        self.kinds.append(kind)
        if kind == "events":
            assert message["epoch"] == self.epoch, (message["epoch"], self.epoch)
            assert message["from"] == self.covered + 1, (message["from"], message["to"], self.covered)
            numbers = [event["seq"] for event in message["events"]]
            assert numbers == sorted(set(numbers)) and numbers
            assert message["from"] <= numbers[0] and numbers[-1] <= message["to"]
            assert not self.rows.keys() & set(numbers)
            self.rows |= {event["seq"]: told(event) for event in message["events"]}
            self.covered = message["to"]
        elif kind in ("heartbeat", "pong"):
            self.up_to(message["epoch"], message["seq"])
        elif kind in ("subscribed", "unsubscribed", "closing"):
            epoch, seq = message["position" if kind != "closing" else "resume"].split(":")
            self.up_to(epoch, int(seq))
        elif kind == "reset":
            self.begin(message["epoch"], message["seq"])
        elif kind == "gap" and "from" in message:
            assert message["from"] == self.covered + 1 and message["from"] <= message["to"]
            self.gaps.append((message["from"], message["to"]))
            if self.policy != "close":
                self.covered = message["to"]


class Client:
    """Somebody who looks on by WebSocket."""

    def __init__(self, server, topics=("*",), record=None, port=None, **subscribe):
        self.record = record or Record()
        self.record.policy = subscribe.get("policy", "close")
        self.server = server
        self.socket = server.socket(port).__enter__()
        self.messages = []
        self.hello = self.receive()
        assert self.hello["type"] == "hello"
        after = {"after": self.record.position} if self.record.position else {}
        if topics:
            self.send(type="subscribe", id="first", topics=list(topics), **{**after, **subscribe})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def receive(self, patience_s=PATIENCE_S):
        message = json.loads(self.socket.recv(patience_s))
        self.messages.append(message)
        self.record.take(message)
        return message

    def until(self, is_it, patience_s=PATIENCE_S):
        """Receives until a message is such a one, or of this type, and returns it."""
        deadline = time.monotonic() + patience_s
        while True:
            message = self.receive(max(deadline - time.monotonic(), 0.01))
            if message["type"] == is_it if isinstance(is_it, str) else is_it(message):
                return message

    def until_covered(self, seq, patience_s=PATIENCE_S):
        """Receives until everything up to a number has been told; pings make the server say how far it is."""
        deadline = time.monotonic() + patience_s
        while self.record.covered is None or self.record.covered < seq:
            assert time.monotonic() < deadline, (self.record.covered, seq)
            self.send(type="ping")
            self.until("pong")
            time.sleep(0.1)
        return self.record

    def break_off(self):
        """Goes without a word."""
        self.socket.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Restless(threading.Thread):
    """Looks on, goes at random moments, and comes back to where it was."""

    def __init__(self, server, topics, seed, longest_s, port=None):
        super().__init__(daemon=True)
        self.server, self.topics, self.port = server, topics, port
        self.random, self.longest_s = random.Random(seed), longest_s
        self.record, self.stop = Record(), threading.Event()
        self.connects, self.failed = 0, None

    def run(self):
        try:
            while not self.stop.is_set():
                self.visit()
        except BaseException as failed:
            self.failed = failed

    def visit(self):
        try:
            client = Client(self.server, self.topics, record=self.record, port=self.port)
        except (OSError, EOFError, TimeoutError, ConnectionClosed, httpx.TransportError) as _:
            time.sleep(0.05)
            return
        except Exception as failed:  # The handshake was cut off.
            if type(failed).__module__.startswith("websockets"):
                time.sleep(0.05)
                return
            raise
        self.connects += 1
        leaves = time.monotonic() + self.random.uniform(0, self.longest_s)
        try:
            while not self.stop.is_set() and time.monotonic() < leaves:
                try:
                    client.receive(0.05)
                except TimeoutError:
                    pass
            client.break_off() if self.random.random() < 0.5 else client.socket.close()
        except (ConnectionClosed, OSError):
            pass

    def catch_up(self, seq):
        """Stops, and comes back once more for the rest."""
        self.stop.set()
        self.join(PATIENCE_S)
        if self.failed:
            raise self.failed
        with Client(self.server, self.topics, record=self.record) as client:
            client.until_covered(seq)
        return self.record


class Proxy(threading.Thread):
    """A bad network before a server: what comes from the server may be held up, cut, late, or come in dribbles."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to, self.port = port, free_port()
        self.stalled, self.delay_s, self.dribble, self.connections = False, 0, None, set()
        self.loop, self.is_up = asyncio.new_event_loop(), threading.Event()
        self.start()
        self.is_up.wait()

    def run(self):
        self.loop.run_until_complete(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.serve_one, "127.0.0.1", self.port, limit=4096)
        self.is_up.set()
        async with server:
            await server.serve_forever()

    async def serve_one(self, reader, writer):
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.to, limit=4096)
        except OSError:
            return writer.close()
        ends = (writer, back)
        self.connections.add(ends)
        await asyncio.gather(self.pump(reader, back, False), self.pump(there, writer, True), return_exceptions=True)
        self.connections.discard(ends)
        for end in ends:
            end.close()

    async def pump(self, reader, writer, is_bad):
        while True:
            while is_bad and self.stalled:
                await asyncio.sleep(0.02)
            data = await reader.read(self.dribble if is_bad and self.dribble else 4096)
            if not data:
                writer.close()
                return
            if is_bad and self.delay_s:
                await asyncio.sleep(self.delay_s)
            writer.write(data)
            await writer.drain()

    def cut(self):
        """Cuts all connections."""
        def now():
            for ends in list(self.connections):
                for end in ends:
                    end.transport.abort()
        self.loop.call_soon_threadsafe(now)


def session_of(server):
    """Whether the journal alone gives the same session."""
    verdict = history.call_json("replay", server.folder, folder=server.folder.parent)
    schema = json.loads(history.call("schema", "session-replay-output", folder=server.folder.parent))
    jsonschema.validate(verdict, schema)
    assert verdict["identical"], verdict
    return verdict


def assert_problem(answer, status=None):
    assert answer.headers["content-type"] == "application/problem+json", (answer.status_code, answer.text)
    problem = answer.json()
    assert problem["status"] == answer.status_code and (status is None or answer.status_code == status), problem
    assert problem["detail"] and problem["help"] and problem["title"] and problem["type"], problem
    return problem


def listen(server, seconds=PATIENCE_S, headers=None, **query):
    """What comes, until the caller has enough."""
    with httpx.Client(timeout=seconds) as http:
        with httpx_sse.connect_sse(http, "GET", f"{server.url}/api/v1/events/stream", params=query,
                                   headers=headers or {}) as source:
            for event in source.iter_sse():
                message = json.loads(event.data)
                assert event.event == message["type"]
                yield event.id, message
