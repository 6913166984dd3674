"""The same bytes on any number of threads, and for all streams that an edit of the model does not concern."""

import shutil

import pytest

import history

SMALL = ("--scale", 0.02, "--days", 3)
# The tables that have rows about every stream.
EFFECTS = {"effects.parquet", "effects_hourly.parquet"}
# These have rows of every stream; the last one names the digest of the model, too.
SERIES = {"history.parquet", "history_hourly.parquet", "statistics.parquet", "statistics.json"}
EXTRA = """
streams:
  aaa.survey.answered:        # sorts before all others
    description: A student answers a survey about a booking.
    causes:
      - {on: booking.confirmed, probability: 0.2, delay: 1h..3d}
    fields:
      booking_id: {}
      answer: {choice: {never seen elsewhere: 1, yes: 2, no: 3}}
  zzz.heartbeat:
    description: A probe of the platform.
    source: {rate: 5000}
    fields:
      latency_ms: {value: 'lognormal(20, 0.5)', unit: ms}
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The files of the built-in model."""
    return shutil.copytree(history.ROOT / "models/tutoring", tmp_path_factory.mktemp("source") / "tutoring")


@pytest.fixture(scope="module")
def base(source, tmp_path_factory):
    return history.run(tmp_path_factory.mktemp("base"), *SMALL, "--threads", 1, model=source)


@pytest.fixture
def model(source, tmp_path):
    """A copy of the model, to be edited."""
    return shutil.copytree(source, tmp_path / "tutoring")


@pytest.mark.parametrize("threads", [2, 7])
def test_the_number_of_threads_does_not_show(base, source, tmp_path, threads):
    run = history.run(tmp_path, *SMALL, "--threads", threads, model=source)
    assert run.digests() == base.digests()
    assert run.manifest == base.manifest


def test_a_second_run_and_one_without_output_give_the_same(base, source, tmp_path):
    assert history.run(tmp_path, *SMALL, model=source).digests() == base.digests()
    told = history.call_json("run", source, *SMALL, "--no-output", "--quiet", folder=tmp_path)
    assert told["fingerprint"] == base.manifest["fingerprint"]
    assert told["ties"] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_another_seed_gives_other_rows(base, source, tmp_path):
    run = history.run(tmp_path, *SMALL, "--seed", 43, model=source)
    assert run.manifest["fingerprint"] != base.manifest["fingerprint"]
    for file in run.manifest["files"]:
        assert file["rows"] == 0 or file["digest"] != base.digests()[file["path"]], file["path"]


def test_a_folder_gives_what_the_built_in_model_gives(base, tmp_path):
    assert history.run(tmp_path, *SMALL).manifest == base.manifest


def test_another_stream_leaves_the_files_of_all_others_as_they_were(base, model, tmp_path):
    (model / "aaa.yaml").write_text(EXTRA)
    run = history.run(tmp_path, *SMALL, model=model)
    assert {"aaa.survey.answered", "zzz.heartbeat"} == set(run.streams) - set(base.streams)
    more = run.digests()
    assert min(stream["rows"] for stream in run.manifest["streams"] if stream["name"] not in base.streams) > 100
    changed = {path for path, digest in base.digests().items() if more[path] != digest}
    # External events move the new streams, too.
    assert changed <= EFFECTS | SERIES


def test_a_removed_stream_leaves_the_files_of_all_others_as_they_were(base, model, tmp_path):
    """A leaf of the model: nothing follows from support.csat.submitted."""
    text = (model / "support.yaml").read_text()
    head, _, rest = text.partition("  support.csat.submitted:\n")
    assert "\n  support." not in rest, "it is the last stream of its file"
    (model / "support.yaml").write_text(head)
    run = history.run(tmp_path, *SMALL, model=model)
    assert set(base.streams) - set(run.streams) == {"support.csat.submitted"}
    changed = {path for path, digest in run.digests().items() if base.digests()[path] != digest}
    assert changed <= EFFECTS | SERIES


def test_the_files_of_a_model_may_be_renamed_split_and_reordered(base, model, tmp_path):
    # The streams of one file go to the end of another.
    _, _, rating = (model / "rating.yaml").read_text().partition("streams:\n")
    (model / "rating.yaml").unlink()
    with open(model / "booking.yaml", "a") as booking:
        booking.write(rating)
    # The blocks of one file stand in the opposite order, half of them in a file of their own.
    head, _, body = (model / "system.yaml").read_text().partition("streams:\n")
    blocks = [f"  system.{text.rstrip()}\n" for text in ("\n" + body).split("\n  system.")[1:]]
    assert len(blocks) == 5
    blocks.reverse()
    (model / "system.yaml").write_text(head + "streams:\n" + "".join(blocks[:2]))
    (model / "more.yaml").write_text("streams:\n" + "".join(blocks[2:]))
    for number, path in enumerate(sorted(model.iterdir(), reverse=True)):
        path.rename(model / f"{number:02}.yml")
    run = history.run(tmp_path, *SMALL, model=model)
    assert run.manifest["fingerprint"] == base.manifest["fingerprint"]
    changed = {path for path, digest in run.digests().items() if base.digests()[path] != digest}
    assert changed == {"statistics.json"} and run.digests().keys() == base.digests().keys()
    assert run.manifest["model"]["digest"] != base.manifest["model"]["digest"]


def test_a_longer_run_begins_with_the_shorter_one(base, source, tmp_path):
    longer = history.run(tmp_path, "--scale", 0.02, "--days", 4, model=source)
    short, long = base.database(), longer.database()
    end = base.manifest["end"]
    for stream in ("booking.requested", "session.completed", "tutor.payout.processed", "system.notification.sent"):
        rows = long.execute(f"SELECT * FROM \"{stream}\" WHERE time < TIMESTAMPTZ '{end}'").fetchall()
        assert rows == short.execute(f'SELECT * FROM "{stream}"').fetchall(), stream
