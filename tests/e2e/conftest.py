"""What the tests share: a run of the built-in model that is large enough for every stream to have rows."""

import os

import pytest

import browsers
import history
from live import SMALL, Server, eventually

# Eighteen days hold two weekly payouts of each tutor, and the whole story of most bookings.
DAYS = 18
SCALE = 0.05


# The files that take longest, in the order in which they begin.
LONGEST = ("test_readme", "test_live", "test_notebooks", "test_resumed", "test_live_rest", "test_live_network", "test_history", "test_guard", "test_truth")


def pytest_xdist_auto_num_workers():
    """Two more than there are cores: sessions that are live are waited for, as are browsers and deadlines."""
    return os.cpu_count() + 2


def pytest_collection_modifyitems(items):
    """What takes longest comes first, so that nobody is left with it when all others are done."""
    place = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONGEST)))


def pytest_sessionstart(session):
    if not history.BINARY.is_file():
        pytest.exit(f"{history.BINARY} is missing: run `cargo build --release -p causeflow` first", 3)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished run in Parquet."""
    return history.run(tmp_path_factory.mktemp("finished"), "--days", DAYS, "--scale", SCALE)


@pytest.fixture(scope="session")
def database(finished):
    """Its streams and entities in DuckDB."""
    return finished.database()


@pytest.fixture(scope="session")
def told(tmp_path_factory):
    """What `causeflow streams` says about each stream of the built-in model, by name."""
    folder = tmp_path_factory.mktemp("told")
    return {stream["name"]: stream for stream in history.call_json("streams", "tutoring", folder=folder)}


@pytest.fixture(scope="session")
def causes(told):
    """The streams that cause each stream."""
    return {name: {origin for origin in stream["origins"] if origin in told} for name, stream in told.items()}


@pytest.fixture(scope="module")
def browser():
    with browsers.started() as browser:
        yield browser


@pytest.fixture
def server(tmp_path):
    """A session an hour a second."""
    with Server(tmp_path, *SMALL, "--speed", 3600) as server:
        yield server


@pytest.fixture(scope="session")
def standing(tmp_path_factory):
    """A session that has gone on for two days and stands still, with something in it; tests leave it as it is."""
    with Server(tmp_path_factory.mktemp("standing"), *SMALL, "--speed", "stepped") as server:
        server.step(30)
        server.command_of("scenario", scenario="payment-outage", duration="5h")
        server.command_of("inject", template=server.get("/api/v1/external-events/templates")[0]["id"])
        server.step(18)
        version = server.command_of("inject", template="blog-viral", at="day1T12:00")["version"]["name"]
        eventually(lambda: server.get(f"/api/v1/versions/{version}")["state"] == "made")
        yield server
