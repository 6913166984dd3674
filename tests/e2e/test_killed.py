"""A run that is killed leaves nothing that looks whole, and costs nobody an earlier run."""

import signal
import subprocess
import time

import pytest

import history

# Long enough to be killed half-way on any machine.
LONG = ("--scale", 1, "--days", 30)
SMALL = ("--scale", 0.01, "--days", 1)
PATIENCE_S = 120


def kill_half_way(folder, *args, sig=signal.SIGKILL):
    """Starts a long run, sends it a signal once it has written something, and returns its exit code."""
    command = [history.BINARY, "run", "tutoring", "--out", "out", *map(str, (*LONG, *args))]
    with open(folder / "said", "w") as said:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not any(path.stat().st_size for path in (folder / "out.partial").rglob("*.parquet")):
                assert process.poll() is None and time.monotonic() < deadline, (folder / "said").read_text()
                time.sleep(0.02)
            process.send_signal(sig)
            return process.wait(PATIENCE_S)
        finally:
            process.kill()
            process.wait()


def whole(folder):
    """The folders with a manifest."""
    return [path.parent.name for path in folder.rglob("manifest.json")]


def test_a_killed_run_leaves_nothing_that_looks_whole_and_a_later_one_works(tmp_path):
    assert kill_half_way(tmp_path) == -signal.SIGKILL
    assert whole(tmp_path) == []
    assert not (tmp_path / "out").exists()
    run = history.run(tmp_path, *SMALL)
    assert run.digests() == history.run(tmp_path, *SMALL, out="other").digests()
    assert not (tmp_path / "out.partial").exists()


def test_an_earlier_run_survives_one_that_is_killed_while_it_replaces_it(tmp_path):
    before = history.run(tmp_path, *SMALL)
    assert kill_half_way(tmp_path, "--force") == -signal.SIGKILL
    assert whole(tmp_path) == ["out"]
    after = history.Run(tmp_path / "out")
    assert after.manifest == before.manifest
    for stream in after.streams:
        assert all(part.stat().st_size for part in after.parts(stream))
    replaced = history.run(tmp_path, *SMALL, "--seed", 7, "--force")
    assert replaced.manifest["seed"] == "7"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "said"]


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_leaves_nothing(tmp_path, sig):
    assert kill_half_way(tmp_path, sig=sig) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["said"]
    assert "interrupted" in (tmp_path / "said").read_text()


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path):
    first = history.run(tmp_path, *SMALL)
    history.call("run", "tutoring", "--out", "out", *SMALL, folder=tmp_path, expect=2)
    assert history.Run(tmp_path / "out").manifest == first.manifest
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("not a run")
    history.call("run", "tutoring", "--out", "mine", *SMALL, "--force", folder=tmp_path, expect=2)
    assert (tmp_path / "mine/notes.txt").read_text() == "not a run"
