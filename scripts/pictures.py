#!/usr/bin/env python3
"""Draws the pictures of README.md and docs/ from real output.

    pip install matplotlib==3.11.2 duckdb==2.0.0 pytz
    scripts/pictures.py target/release/causeflow

Runs are deterministic, and so are the pictures: they change when what is drawn changes.
"""

import datetime
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.hashsalt": "causeflow",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
})
import matplotlib.dates as dates  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
# Readable on light and dark pages, and for those who do not tell red from green.
WITH, WITHOUT, SHADE = "#d1495b", "#30638e", "#edae49"


def play(binary, out, *arguments):
    """Plays the tutoring model into a folder."""
    subprocess.run([binary, "run", "tutoring", "--quiet", "--out", str(out), *arguments], check=True, stdout=subprocess.DEVNULL)


def save(figure, name):
    """Writes a picture without the date on which it was drawn."""
    figure.savefig(PICTURES / name, metadata={"Date": None}, bbox_inches="tight", facecolor="white")
    print(PICTURES / name)


def counts(folder, stream, minutes):
    """Events of a stream in steps of some minutes: (times, counts)."""
    rows = duckdb.sql(f"""
        SELECT time_bucket(INTERVAL {minutes} MINUTE, time) AS step, count(*)
        FROM '{folder}/events/stream={stream}/*.parquet' GROUP BY step ORDER BY step""").fetchall()
    return [row[0] for row in rows], [row[1] for row in rows]


def outage(binary, folder):
    """Payments through an outage of four hours, and in the twin without it."""
    common = ["--days", "2", "--start", "2026-02-14", "--streams", "payment.failure,payment.success", "--no-events"]
    play(binary, folder / "with", *common, "--scenario", "payment-outage@2026-02-14T10:00")
    play(binary, folder / "without", *common)
    figure, panels = plt.subplots(2, 1, figsize=(8, 4.6), sharex=True)
    begin = datetime.datetime(2026, 2, 14, 10, tzinfo=datetime.timezone.utc)
    hours = datetime.timedelta(hours=1)
    for axes, stream in zip(panels, ["payment.failure", "payment.success"]):
        axes.axvspan(begin, begin + 4 * hours, color=SHADE, alpha=0.35, linewidth=0, label="payment-outage is active")
        for name, colour, label in [("without", WITHOUT, "without it: the twin, same seed"), ("with", WITH, "with it")]:
            times, events = counts(folder / name, stream, 10)
            style = {"linestyle": (0, (4, 2))} if name == "without" else {}
            axes.plot(times, events, drawstyle="steps-post", color=colour, linewidth=1.4, label=label, **style)
        axes.set_ylabel("events in 10 min")
        axes.set_title(stream, loc="left", fontsize=10, family="monospace")
        axes.set_ylim(bottom=0)
        axes.set_xlim(begin - 4 * hours, begin + 10 * hours)
    panels[1].xaxis.set_major_formatter(dates.DateFormatter("%H:%M", tz=datetime.timezone.utc))
    panels[1].set_xlabel("14 February 2026, UTC")
    panels[0].legend(frameon=False, fontsize=9, loc="upper right")
    figure.tight_layout()
    save(figure, "payment-outage.svg")


SCENARIO = """
id: {id}
name: {id}
description: A curve to be drawn.
duration: 24h
onset: 6h
settling: {settling}
modifiers:
  - {{on: customer.tutor.search/rate, multiply: 2}}
"""


def settling(binary, folder):
    """The curves, from the strengths that runs write down."""
    scenarios = folder / "scenarios"
    scenarios.mkdir()
    curves = {
        "immediate": "immediate",
        "linear: 24h": "{linear: 24h}",
        "half_life: 12h": "{half_life: 12h}",
    }
    figure, axes = plt.subplots(figsize=(8, 2.8))
    axes.axvspan(6, 30, color=SHADE, alpha=0.35, linewidth=0, label="active for 24 h, onset 6 h")
    for (label, text), colour, style in zip(curves.items(), [WITH, WITHOUT, "#00798c"], ["-", "--", ":"]):
        name = text.strip("{}").split(":")[0]
        (scenarios / f"{name}.yaml").write_text(SCENARIO.format(id=name, settling=text))
        play(binary, folder / name, "--days", "4", "--scale", "0.001", "--no-events", "--scenarios", str(scenarios),
             "--scenario", f"{name}@day1T06:00")
        rows = duckdb.sql(f"""
            SELECT epoch(time - TIMESTAMPTZ '2026-02-02T00:00:00Z') / 3600, strength
            FROM '{folder / name}/modifier_states.parquet' ORDER BY time, strength DESC""").fetchall()
        hours, strengths = [0, 6] + [row[0] for row in rows], [0, 0] + [row[1] for row in rows]
        if label == "immediate":
            hours, strengths = hours[:-1] + [30, 30], strengths[:-1] + [1, 0]
        axes.plot(hours + [96], strengths + [0], color=colour, linestyle=style, linewidth=1.8, label=f"settling: {label}")
    axes.axhline(0.05, color="grey", linewidth=0.8)
    axes.text(95, 0.07, "settled from 0.05 on", ha="right", fontsize=8, color="grey")
    axes.set(xlim=(0, 96), ylim=(0, 1.05), xlabel="hours", ylabel="strength e(t)", xticks=range(0, 97, 12))
    axes.legend(frameon=False, fontsize=9, loc="upper right")
    figure.tight_layout()
    save(figure, "settling.svg")


def main():
    """Draws all pictures with the binary given."""
    binary = str(Path(sys.argv[1] if len(sys.argv) > 1 else "target/release/causeflow").resolve())
    PICTURES.mkdir(parents=True, exist_ok=True)
    duckdb.sql("SET TimeZone = 'UTC'")
    with tempfile.TemporaryDirectory() as folder:
        settling(binary, Path(folder))
        outage(binary, Path(folder))


if __name__ == "__main__":
    main()
