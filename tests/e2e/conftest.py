"""What the tests share: a run of the built-in model that is large enough for every stream to have rows."""

import pytest

import browsers
import history

# Eighteen days hold two weekly payouts of each tutor, and the whole story of most bookings.
DAYS = 18
SCALE = 0.05


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
