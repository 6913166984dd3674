"""Compares the kernel with its peers: builds the programs of this folder, runs them in turn, and prints ratios.

    python3 benches/peers/compare.py [--rounds 5] [part of a comparison's title]

A program plays one model and prints a line of JSON: events, the seconds that playing them took, and a checksum where
the model gives the same in both programs. Rounds alternate between the programs, so that a busy
machine slows both; the ratio is the median of the rounds' ratios.
"""

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SIMPY_PYTHON = HERE / "simpy/.venv/bin/python"


@dataclass
class Comparison:
    """One row of the table: how many times as fast `ours` is as `other`, and how many it has to be, if that is asked for."""

    title: str
    ours: list[str]
    other: list[str]
    bar: float | None
    # Whether both play the very same events, which their checksums then show.
    same_events: bool = True


def rust(package, *arguments):
    """The command that runs a Rust program of this folder."""
    return [str(HERE / package / "target/release" / f"peer-{package}"), *arguments]


def mm1(kind, bar):
    what = "with the same monitors" if kind == [] else "which keeps a mean only"
    return Comparison(
        f"M/M/1, 10,000,000 customers, against SimPy 4 {what}",
        rust("causeflow", "mm1", "10000000"),
        [str(SIMPY_PYTHON), str(HERE / "simpy/mm1.py"), "200000", *kind],
        bar,
        same_events=False,
    )


def hold(processes, horizon_s):
    arguments = ["hold", str(processes), str(horizon_s * 1_000_000)]
    return Comparison(
        f"hold model, {processes:,} processes, against nexosim 1.0, 1 thread",
        rust("causeflow", *arguments),
        rust("nexosim", *arguments),
        bar=10,
    )


COMPARISONS = [
    hold(1_000, 3_000),
    hold(100_000, 30),
    mm1([], bar=100),
    mm1(["bare"], bar=None),
    Comparison(
        "PHOLD, 1,000,000 processes, 2 threads against 1",
        rust("causeflow", "phold", "1000000", "5000000", "2"),
        rust("causeflow", "phold", "1000000", "5000000", "1"),
        bar=1.8,
    ),
]


def build():
    # The lock file of ours follows what the engine depends on; that of a peer stays as it is.
    for package, locked in [("causeflow", []), ("nexosim", ["--locked"])]:
        subprocess.run(["cargo", "build", "--release", "--quiet", *locked], cwd=HERE / package, check=True)
    if not SIMPY_PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", HERE / "simpy/.venv"], check=True)
    requirements = ["--require-hashes", "--quiet", "--requirement", HERE / "simpy/requirements.txt"]
    subprocess.run([SIMPY_PYTHON, "-m", "pip", "install", *requirements], check=True)


def play(command):
    """Events a second of one run, and what it came to."""
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return result["events"] / result["seconds"], (result["events"], result.get("checksum"))


def compare(comparison, rounds):
    """Plays both in turn and prints a row. Returns whether the bar is reached."""
    ours, other, ratios = [], [], []
    for _ in range(rounds):
        (our_rate, our_events), (other_rate, other_events) = play(comparison.ours), play(comparison.other)
        if comparison.same_events and our_events != other_events:
            sys.exit(f"{comparison.title}: the programs played different events, {our_events} and {other_events}")
        ours.append(our_rate)
        other.append(other_rate)
        ratios.append(our_rate / other_rate)
    ratio = statistics.median(ratios)
    print(
        f"{comparison.title:<66} {statistics.median(ours) / 1e6:>9.2f} {statistics.median(other) / 1e6:>9.3f} "
        f"{ratio:>7.2f} {comparison.bar or '-':>6} {min(ratios):>8.2f} to {max(ratios):.2f}",
        flush=True,
    )
    return comparison.bar is None or ratio >= comparison.bar


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program (default: 5)")
    parser.add_argument("title", nargs="?", default="", help="only comparisons whose title contains this")
    arguments = parser.parse_args()
    build()
    print(f"{'':<66} {'ours':>9} {'other':>9}\n{'':<66} {'M ev/s':>9} {'M ev/s':>9} {'ratio':>7} {'bar':>6} {'spread':>13}")
    chosen = [comparison for comparison in COMPARISONS if arguments.title in comparison.title]
    reached = [compare(comparison, arguments.rounds) for comparison in chosen]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
