"""A run that keeps snapshots, killed at any moment and as often as one likes, ends with the bytes of one never stopped."""

import json
import random
import resource
import signal
import subprocess
import time

import pytest

import history

PATIENCE_S = 300
# Long enough for several kills and snapshots, short enough to be played many times.
BASE = ("--scale", 0.05, "--days", 8, "--snapshot-every", "12h")
SCENARIOS = ("--scenario", "payment-outage@day3T10:00", "--event", "blog-viral@day5T18:00")
CASES = {
    "plain": (),
    "scenarios": SCENARIOS,
    "counterfactual": (*SCENARIOS, "--counterfactual"),
    "arrow": ("--format", "arrow", "--compression", "lz4"),
    "csv": ("--format", "csv", "--streams", "booking.*,payment.*"),
}


def contents(folder):
    """All files below a folder with their bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def assert_same(a, b):
    a, b = contents(a), contents(b)
    assert a.keys() == b.keys()
    assert [name for name in a if a[name] != b[name]] == []


def start(folder, *args, **options):
    command = [history.BINARY, "run", *map(str, args), "--out", "out", "--quiet"]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, text=True, **streams, **options)


def at_any_moment(process, folder, chance, seconds):
    """Waits for a moment drawn from the time that a whole run took; it may come before the first snapshot."""
    process.wait(chance.uniform(0, seconds))


def after_a_snapshot(process, folder, chance, seconds):
    """Waits until the run has got further by a snapshot, and then for a moment that is short beside the time that this
    took: there is something to resume, however fast or slow the machine is just now."""
    began = time.monotonic()
    before = last_snapshot(folder)
    while last_snapshot(folder) == before and process.poll() is None:
        assert time.monotonic() - began < PATIENCE_S, "no snapshot comes"
        time.sleep(0.001)
    process.wait(chance.uniform(0, 0.3) * (time.monotonic() - began))


def last_snapshot(folder, run="out.partial"):
    """Tells apart the states from which a run can be resumed; nothing if there is none."""
    try:
        state = (folder / run / "resume.state").stat()
    except FileNotFoundError:
        return None
    return (state.st_ino, state.st_mtime_ns)


def play_with_kills(folder, args, chance, seconds, kills):
    """Plays until the run is there, killing it at one of the `kills` after the other; returns how often it was
    resumed."""
    resumed = 0
    kills = list(kills)
    while not (folder / "out").exists():
        can_go_on = last_snapshot(folder) is not None
        resumed += can_go_on
        process = start(folder, *(("--resume",) if can_go_on else ("tutoring", *args)))
        try:
            if kills:
                kills[0](process, folder, chance, seconds)
            else:
                process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE_S)
            assert kills, "it does not end"
            del kills[0]
        # It may have ended in the moment before it was killed.
        assert process.returncode in (0, -signal.SIGKILL), process.stderr.read()
    assert sorted(path.name for path in folder.iterdir()) == ["out"]
    if last_snapshot(folder, "out") is not None:
        # Killed in the very moment in which the folder got its name; the next to ask removes what is left.
        history.call("run", "--resume", "--out", "out", folder=folder, expect=2)
    return resumed


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_killed_again_and_again_it_ends_the_same(tmp_path, case, threads):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    began = time.monotonic()
    history.run(whole, *BASE, *CASES[case], "--threads", 3 - threads)
    seconds = time.monotonic() - began
    chance = random.Random(f"{case} {threads}")
    kills = [after_a_snapshot, at_any_moment] * 3
    # The first has something to resume for sure; the others may be killed before their first snapshot, too.
    for attempt, kills in enumerate([kills, kills[1:], kills[1:]]):
        folder = killed / str(attempt)
        folder.mkdir(parents=True)
        args = (*BASE, *CASES[case], "--threads", threads)
        resumed = play_with_kills(folder, args, chance, seconds, kills)
        assert_same(folder / "out", whole / "out")
        assert resumed > 0 or attempt > 0, "it was killed between a snapshot and its end, and not resumed"


def test_snapshots_are_listed_and_change_nothing_else(tmp_path):
    with_snapshots = history.run(tmp_path, *BASE)
    length = BASE.index("--snapshot-every")
    without = history.run(tmp_path, *BASE[:length], out="without")
    files = with_snapshots.digests()
    snapshots = {path for path in files if path.startswith("snapshots/")}
    assert len(snapshots) == 16
    assert {path: files[path] for path in files.keys() - snapshots} == without.digests()
    found = {f"snapshots/{path.name}" for path in (tmp_path / "out/snapshots").iterdir()}
    assert found == snapshots


def test_a_run_that_met_a_limit_goes_on_when_there_is_room(tmp_path):
    """A limit on the size of files stands for a disk that is full: both fail in the middle of a write."""
    whole = history.run(tmp_path, *BASE, "--format", "csv", out="whole")
    largest = max(part.stat().st_size for part in (tmp_path / "whole/events").rglob("part-*"))

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest // 2, largest // 2))

    process = start(tmp_path, "tutoring", *BASE, "--format", "csv", preexec_fn=limit)
    said = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 3, said
    assert "ulimit -f" in said and "causeflow run --resume --out out" in said
    assert not (tmp_path / "out").exists()
    # With the same limit it gets no further, and loses nothing.
    process = start(tmp_path, "--resume", preexec_fn=limit)
    said = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 3, said
    outcome = history.call_json("run", "--resume", "--out", "out", folder=tmp_path)
    assert outcome["resumed_from"] > whole.manifest["start"]
    assert_same(tmp_path / "out", tmp_path / "whole")


def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting needs root")
    try:
        process = start(disk, "tutoring", *BASE)
        said = process.communicate(timeout=PATIENCE_S)[1]
        assert process.returncode == 3, said
        assert "The disk is full" in said and "--resume" in said
        assert not (disk / "out").exists()
        subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
        outcome = history.call_json("run", "--resume", "--out", "out", folder=disk)
        assert outcome["resumed_from"] is not None
        whole = history.run(tmp_path, *BASE, out="whole")
        assert_same(disk / "out", whole.path)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_its_streams_read_like_those_of_any_run(tmp_path):
    """What was appended to after a kill is a good Parquet file for another reader."""
    chance = random.Random(7)
    assert play_with_kills(tmp_path, BASE, chance, seconds=3, kills=[after_a_snapshot, at_any_moment] * 4) > 0
    run = history.Run(tmp_path / "out")
    database = run.database()
    rows = {stream["name"]: stream["rows"] for stream in run.manifest["streams"]}
    for stream, expected in rows.items():
        [(found, distinct)] = database.execute(
            f'SELECT count(*), count(DISTINCT event_id) FROM "{stream}"'
        ).fetchall()
        assert (found, distinct) == (expected, expected), stream


def test_what_a_resumed_run_says(tmp_path):
    process = start(tmp_path, "tutoring", *BASE)
    state = tmp_path / "out.partial/resume.state"
    deadline = time.monotonic() + PATIENCE_S
    while not state.is_file():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 130
    assert said == "interrupted\n  help: go on with `causeflow run --resume --out out`\n"
    history.call("run", "tutoring", "--out", "out", *BASE, folder=tmp_path, expect=2)
    history.call("run", "--resume", "--out", "out", "--seed", 7, folder=tmp_path, expect=2)
    told = json.loads(history.call("run", "--resume", "--out", "out", "--json", folder=tmp_path))
    assert told["seed"] == "42" and told["resumed_from"].startswith("2026-02-")
