#!/usr/bin/env python3
"""Measures whole processes in turn, so that their ratios hold on a noisy machine.

    cargo build --release && scripts/bench.py [--rounds N] [--tpchgen PATH] [--days 30 300]

For one thread each: rows per second of `causeflow run tutoring` (Parquet, zstd 1) and, with --tpchgen, of
`tpchgen-cli parquet -s 1 -T lineitem` (version 4.0: `cargo install tpchgen-cli --version 4.0.0 --locked`), and their
ratio, round by round. Then two threads against one, what scenarios and their counterfactual twin cost, how long a history takes to
read, what verifying a run takes, what a version of a day takes against a run of a day, and the peak memory of runs of different lengths.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CAUSEFLOW = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "causeflow"
LINEITEM_ROWS = 6_001_215  # at scale factor 1, by the TPC-H specification's generator


def measure(command: list[str]) -> tuple[float, int]:
    """Elapsed seconds and peak memory in KiB of a process that must succeed."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    if status != 0:
        raise SystemExit(f"failed with {status}: {' '.join(command)}\n{output.decode()}")
    measure.output = output
    return seconds, usage.ru_maxrss


def run(folder: str, *flags: str) -> tuple[float, float, int]:
    """Rows per second, seconds and peak KiB of one run of the built-in model."""
    out = os.path.join(folder, "run")
    seconds, peak = measure([str(CAUSEFLOW), "run", "tutoring", "--out", out, "--force", "--quiet", "--json", *flags])
    rows = sum(stream["rows"] for stream in json.loads(measure.output)["streams"])
    return rows / seconds, seconds, peak


def lineitem(folder: str, tpchgen: str) -> float:
    """Rows per second of the peer; its earlier file is removed, since it would keep it."""
    path = pathlib.Path(folder) / "lineitem.parquet"
    path.unlink(missing_ok=True)
    command = [tpchgen, "parquet", "-s", "1", "-T", "lineitem", "--num-threads", "1", "--output-dir", folder]
    seconds, _ = measure(command)
    return LINEITEM_ROWS / seconds


def show(what: str, values: list[float], unit: str = "") -> None:
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"{what:<52} {middle:8.2f}{unit}  ({low:.2f} to {high:.2f})", flush=True)


def scenarios(folder: str, rounds: int) -> None:
    """What a scenario costs an event, and what the twin beside it costs."""
    surge = ["--scenario", "exam-season-surge@day5T00:00", "--scenario", "payment-outage@day13T10:00"]
    bare, with_scenarios, with_twin = [], [], []
    for _ in range(rounds):
        bare.append(run(folder))
        with_scenarios.append(run(folder, *surge))
        with_twin.append(run(folder, *surge, "--counterfactual"))
    show("an event with scenarios / without", [a[0] / b[0] for a, b in zip(bare, with_scenarios)])
    show("with --counterfactual / without it", [a[1] / b[1] for a, b in zip(with_twin, with_scenarios)])


def histories(folder: str, rounds: int) -> None:
    """What reading a history takes, and scoring thirty days against a baseline and not."""
    base = os.path.join(folder, "base")
    few = ["--scale", "0.01", "--threads", "1", "--quiet"]
    measure([str(CAUSEFLOW), "baseline", "tutoring", "--seeds", "2", "--out", base, *few])
    run(folder, *few)
    out = os.path.join(folder, "run")
    query = [str(CAUSEFLOW), "history", out, "--stream", "payment.failure", "--hourly"]
    show("a query of thirty days of hours", [measure(query)[0] for _ in range(rounds)], " s")
    show("the statistics of a run", [measure([str(CAUSEFLOW), "stats", out])[0] for _ in range(rounds)], " s")
    with_baseline = [run(folder, *few, "--baseline", base)[1] / run(folder, *few)[1] for _ in range(rounds)]
    show("a small run with --baseline / without", with_baseline)


def versions(folder: str, rounds: int) -> None:
    """A day played again, from a snapshot, against a run of one day with its warm-up, and against the thirty days."""
    out = os.path.join(folder, "kept")
    month = [str(CAUSEFLOW), "run", "tutoring", "--quiet", "--out", out, "--force"]
    plain = [measure(month)[0] for _ in range(rounds)]
    kept = [measure([*month, "--snapshot-every", "1d"])[0] for _ in range(rounds)]
    show("a run with --snapshot-every 1d / without", [a / b for a, b in zip(kept, plain)])
    snapshots = sum(path.stat().st_size for path in pathlib.Path(out, "snapshots").iterdir())
    print(f"its snapshots: {snapshots / 2**20:.0f} MiB", flush=True)
    day = [str(CAUSEFLOW), "regenerate", out, "--from", "day20", "--to", "day21", "--name", "bench", "--quiet", "--force"]
    day += ["--scenario", "payment-outage@day20T10:00"]
    again = [measure(day)[0] for _ in range(rounds)]
    alone = [run(folder, "--days", "1")[1] for _ in range(rounds)]
    show("a day regenerated, seconds", again)
    show("a day regenerated / a run of one day", [a / b for a, b in zip(again, alone)])
    show("a day regenerated / the run of thirty", [a / b for a, b in zip(again, plain)])


def verification(folder: str, rounds: int) -> None:
    """Rows that verifying reads in a second of processor time: all of it in memory, and all of it in a temporary file."""
    run(folder)
    for what, flags in [("in memory", ["--memory", "8192"]), ("spilled", ["--memory", "0"])]:
        rates = []
        for _ in range(rounds):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            measure([str(CAUSEFLOW), "verify", os.path.join(folder, "run"), "--threads", "1", "--json", *flags])
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            rates.append(json.loads(measure.output)["rows"] / seconds / 1e6)
        show(f"verify, million rows per second of processor time, {what}", rates)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tpchgen", help="path of tpchgen-cli 4.0")
    parser.add_argument("--days", type=int, nargs="*", default=[30, 300], help="lengths whose memory is measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="causeflow-bench-") as folder:
        one, two, peer = [], [], []
        for _ in range(arguments.rounds):
            one.append(run(folder, "--threads", "1")[0])
            two.append(run(folder, "--threads", "2")[0])
            if arguments.tpchgen:
                peer.append(lineitem(folder, arguments.tpchgen))
        show("causeflow, 1 thread, million rows/s", [rate / 1e6 for rate in one])
        show("causeflow, 2 threads, million rows/s", [rate / 1e6 for rate in two])
        show("2 threads / 1 thread", [b / a for a, b in zip(one, two)])
        if peer:
            show("tpchgen-cli lineitem, 1 thread, million rows/s", [rate / 1e6 for rate in peer])
            show("causeflow / tpchgen-cli, 1 thread each", [a / b for a, b in zip(one, peer)])
        scenarios(folder, arguments.rounds)
        histories(folder, arguments.rounds)
        verification(folder, arguments.rounds)
        versions(folder, arguments.rounds)
        for days in arguments.days:
            _, seconds, peak = run(folder, "--days", str(days))
            print(f"peak memory of {days} days at scale 1: {peak / 1024:.0f} MiB ({seconds:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
