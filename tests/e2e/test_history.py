"""History and statistics are what the events say, worked out anew with DuckDB, NumPy and SciPy."""

import json
import math
import statistics as exact
from pathlib import Path

import duckdb
import numpy
import pyarrow.parquet as pq
import pytest
import scipy.stats

import history

HOUR = 3600
START = 1769990400  # 2026-02-02T00:00:00Z, a Monday


def table(run, name):
    """The rows of a table beside the manifest."""
    return pq.read_table(run.path / f"{name}.parquet").to_pylist()


def parts(row, hours):
    """Class of an interval: (weekend, part of the day), worked out by hand."""
    seconds = int(row["interval_start"].timestamp())
    day = seconds // 86400
    return ((day + 3) % 7 >= 5, seconds % 86400 // HOUR // hours)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A run in which nothing intervenes: what is usual is what there is."""
    folder = tmp_path_factory.mktemp("alone")
    return history.run(folder, "--days", 30, "--scale", 0.02, "--no-events", "--seed", 7)


@pytest.fixture(scope="module", params=["history", "history_hourly"])
def resolution(request):
    return (request.param, 12 if request.param == "history" else 1)


@pytest.fixture(scope="module")
def values(finished, tmp_path_factory):
    """The field that is the value of each stream, or nothing."""
    folder = tmp_path_factory.mktemp("explained")
    return {stream: history.call_json("explain", "tutoring", stream, folder=folder)["value"] for stream in finished.streams}


def test_history_counts_and_sums_what_the_events_are(finished, resolution, values):
    name, hours = resolution
    rows = table(finished, name)
    database = finished.database()
    found = {(row["stream"], int(row["interval_start"].timestamp())): row for row in rows}
    assert len(found) == len(rows) == 50 * 18 * 24 // hours
    assert [row["stream"] for row in rows[:: 18 * 24 // hours]] == finished.streams
    for stream, value in values.items():
        field = f'CAST(round("{value}" * 1e6) AS HUGEINT)' if value else "0"
        events = database.execute(
            f"SELECT epoch_us(time) // ({hours} * 3600000000) * {hours} * 3600, count(*), sum({field}) "
            f'FROM "{stream}" GROUP BY 1'
        ).fetchall()
        expected = {start: (count, float(total) / 1e6) for start, count, total in events}
        for start in range(START, START + 18 * 86400, hours * HOUR):
            row = found[(stream, start)]
            count, total = expected.get(start, (0, 0.0))
            assert row["hours"] == hours
            assert row["count"] == count, (stream, row)
            if value is None:
                assert row["value_sum"] is None and row["value_mean"] is None
                continue
            assert math.isclose(row["value_sum"], total, rel_tol=1e-9, abs_tol=1e-6 * max(count, 1)), (stream, row)
            assert (row["value_mean"] is None) == (count == 0)
            if count:
                assert math.isclose(row["value_mean"], row["value_sum"] / count, rel_tol=1e-12)
    assert sum(value is not None for value in values.values()) >= 30


def alarm(count, mean, sigma):
    """Raised where a Poisson count in groups, by its approximation, is as unlikely as one in 2,000."""
    group = max(sigma**2 / max(mean, 1), 1)

    def deviate(count):
        count, usual = count / group, mean / group
        return 3 * math.sqrt(count) * (1 - 1 / (9 * count) - (usual / count) ** (1 / 3)) if count else -math.inf

    limit = scipy.stats.norm.isf(0.0005)
    return "high" if deviate(count) > limit else "low" if deviate(count + 1) < -limit else "none"


def test_scores_follow_from_count_mean_and_sigma(finished, resolution):
    name, _ = resolution
    flags = set()
    for row in table(finished, name):
        z = (row["count"] - row["baseline_mean"]) / row["baseline_sigma"]
        away = min(abs(z), 3)
        expected = 50 + math.copysign(20 * away if away <= 1 else 20 + 15 * (away - 1), z)
        assert math.isclose(row["score"], expected, abs_tol=1e-9), row
        flag = "normal" if 30 <= row["score"] <= 70 else "critical" if row["score"] in (0, 100) else "warning"
        assert row["flag"] == flag, row
        flags.add(flag)
        assert row["alarm"] == alarm(row["count"], row["baseline_mean"], row["baseline_sigma"]), row
    assert flags >= {"normal", "warning"}


def test_the_baseline_is_that_of_the_class(alone, resolution):
    """Without interventions a run is its own untouched side, so mean and sigma follow from its own counts."""
    name, hours = resolution
    classes = {}
    rows = table(alone, name)
    for row in rows:
        classes.setdefault((row["stream"], *parts(row, hours)), []).append(row["count"])
    for row in rows:
        counts = numpy.array(classes[(row["stream"], *parts(row, hours))], dtype=float)
        mean = counts.mean()
        away = numpy.abs(counts - mean)
        one, three = scipy.stats.norm.cdf([1, 3]) * 2 - 1
        sigma = max(
            counts.std(ddof=1),
            numpy.quantile(away, one, method="inverted_cdf"),
            numpy.quantile(away, three, method="inverted_cdf") / 3,
            math.sqrt(mean),
            1,
        )
        assert math.isclose(row["baseline_mean"], mean, rel_tol=1e-9)
        assert math.isclose(row["baseline_sigma"], sigma, rel_tol=1e-8), row


def series(run, name):
    """Counts by stream, in order of time."""
    counts = {}
    for row in table(run, name):
        counts.setdefault(row["stream"], []).append(row["count"])
    return {stream: numpy.array(values, dtype=float) for stream, values in counts.items()}


def decomposition(values, period):
    """Classical additive decomposition: the seasonal figure, and its strength."""
    weights = numpy.ones(period) if period % 2 else numpy.r_[0.5, numpy.ones(period - 1), 0.5]
    trend = numpy.convolve(values, weights / period, mode="valid")
    half = period // 2
    detrended = values[half : len(values) - half] - trend
    part = (numpy.arange(len(values)) % period)[half : len(values) - half]
    seasonal = numpy.array([detrended[part == p].mean() for p in range(period)])
    seasonal -= seasonal.mean()
    rest = detrended - seasonal[part]
    return seasonal, max(0, 1 - rest.var() / detrended.var()) if detrended.var() else 0


def shape(values, period):
    """What each part has over what the trend has there, 1 on average."""
    half = period // 2
    weights = numpy.ones(period) if period % 2 else numpy.r_[0.5, numpy.ones(period - 1), 0.5]
    trend = numpy.convolve(values, weights / period, mode="valid")
    inner = values[half : len(values) - half]
    part = (numpy.arange(len(values)) % period)[half : len(values) - half]
    sums = [(inner[part == p].sum(), trend[part == p].sum()) for p in range(period)]
    shares = numpy.array([count / level if level else 0 for count, level in sums])
    return shares / shares.mean()


def close(found, expected):
    return math.isclose(found, expected, rel_tol=1e-8, abs_tol=1e-9)


def test_statistics_agree_with_numpy_and_scipy(alone):
    rows = {(row["stream"], row["resolution"], row["class"]): row for row in table(alone, "statistics")}
    assert len(rows) == 50 * (1 + 4 + 1 + 48)
    names = {"12h": "history", "1h": "history_hourly"}
    daily = {stream: values.reshape(-1, 24).sum(1) for stream, values in series(alone, "history_hourly").items()}
    weekdays = numpy.arange(30) % 7
    for resolution, name in names.items():
        a_day = 24 // int(resolution[:-1])
        for stream, values in series(alone, name).items():
            row = rows[(stream, resolution, "all")]
            weekend = numpy.repeat(weekdays >= 5, a_day)
            part = numpy.arange(len(values)) % a_day
            check_figures(row, values)
            assert close(row["weekday_mean"], values[~weekend].mean())
            assert close(row["weekend_mean"], values[weekend].mean())
            check_trend(row, daily[stream], weekdays)
            if values.sum() == 0:
                assert row["daily_strength"] is row["weekly_strength"] is row["trend_share_per_month"] is None
                continue
            assert close(row["daily_strength"], decomposition(values, a_day)[1]), stream
            assert close(row["weekly_strength"], decomposition(daily[stream], 7)[1]), stream
            for (day, chosen) in [("weekday", ~weekend), ("weekend", weekend)]:
                for p in range(a_day):
                    hours = 24 // a_day
                    of_class = rows[(stream, resolution, f"{day} {p * hours:02}-{(p + 1) * hours:02}")]
                    check_figures(of_class, values[chosen & (part == p)])
                    assert of_class["weekday_mean"] is None and of_class["trend_per_month"] is None


def check_figures(row, values):
    assert row["intervals"] == len(values)
    assert close(row["mean"], values.mean())
    assert close(row["std_dev"], values.std(ddof=1)), row
    assert row["min"] == values.min() and row["max"] == values.max()
    assert row["median"] == row["p50"] == exact.median(values)
    for percent in (25, 50, 75, 90, 95):
        assert close(row[f"p{percent}"], numpy.percentile(values, percent)), row


def check_trend(row, totals, weekdays):
    """Least squares with a level for each weekday, written out as one regression."""
    levels = (weekdays[:, None] == numpy.arange(7)).astype(float)
    design = numpy.column_stack([numpy.arange(len(totals), dtype=float), levels])
    solution, _, rank, _ = numpy.linalg.lstsq(design, totals, rcond=None)
    assert rank == 8
    errors = totals - design @ solution
    variance = errors @ errors / (len(totals) - rank) * numpy.linalg.inv(design.T @ design)[0, 0]
    scale = 1e-7 * (1 + abs(totals).max())
    assert math.isclose(row["trend_per_month"], 30 * solution[0], rel_tol=1e-6, abs_tol=scale)
    assert math.isclose(row["trend_std_error"], 30 * math.sqrt(variance), rel_tol=1e-6, abs_tol=scale)
    if totals.sum():
        share = row["trend_per_month"] / totals.mean()
        assert close(row["trend_share_per_month"], share)
    # The weekdays taken out of both, what is left is a simple regression.
    taken_out = lambda x: x - levels @ (levels.T @ x / levels.sum(0))
    simple = scipy.stats.linregress(taken_out(design[:, 0]), taken_out(totals))
    assert math.isclose(row["trend_per_month"], 30 * simple.slope, rel_tol=1e-6, abs_tol=scale)


def test_the_json_says_the_same_with_the_shapes(alone):
    told = json.loads((alone.path / "statistics.json").read_text())
    rows = {(row["stream"], row["resolution"], row["class"]): row for row in table(alone, "statistics")}
    assert list(told["streams"]) == alone.streams
    hourly = series(alone, "history_hourly")
    for stream, one in told["streams"].items():
        for resolution in ("12h", "1h"):
            figures = {"all": one[resolution]["all"], **one[resolution]["classes"]}
            for name, of_class in figures.items():
                row = rows[(stream, resolution, name)]
                assert {key: row[key] for key in of_class} == of_class
        row = rows[(stream, "1h", "all")]
        assert one["trend_per_month"] == row["trend_per_month"]
        assert one["daily_strength"] == row["daily_strength"]
        values = hourly[stream]
        if values.sum() == 0:
            assert one["shape_of_day"] is None
            continue
        assert numpy.allclose(one["shape_of_day"], shape(values, 24), atol=1e-9)
        assert numpy.allclose(one["shape_of_week"], shape(values.reshape(-1, 24).sum(1), 7), atol=1e-9)
        assert min(one["shape_of_day"]) >= 0 and min(one["shape_of_week"]) >= 0


def test_history_is_scored_against_the_run_without_interventions(tmp_path):
    """The untouched side of a run with an outage is the run without: mean and sigma are the same in both."""
    common = ("--days", 10, "--scale", 0.05, "--no-events")
    plain = history.run(tmp_path, *common, out="plain")
    outage = history.run(tmp_path, *common, "--scenario", "payment-outage@day5T10:00+6h", out="outage")
    differ = 0
    for name in ("history", "history_hourly"):
        for ours, theirs in zip(table(outage, name), table(plain, name), strict=True):
            for column in ("stream", "interval_start", "baseline_mean", "baseline_sigma"):
                assert ours[column] == theirs[column]
            differ += ours["count"] != theirs["count"]
            assert theirs["scenarios"] is None
            start = int(ours["interval_start"].timestamp()) - START
            length = (12 if name == "history" else 1) * HOUR
            # It lasts six hours, and its backlog is released within two more.
            overlaps = start < (4 * 24 + 18) * HOUR and (4 * 24 + 10) * HOUR < start + length
            assert (ours["scenarios"] is not None) == overlaps, ours
            if overlaps:
                assert ours["scenarios"] == "payment-outage@2026-02-06T10:00:00Z"
    assert differ > 10
    assert table(outage, "statistics") == table(plain, "statistics")
    failures = [row for row in table(outage, "history_hourly") if row["stream"] == "payment.failure"]
    assert {row["flag"] for row in failures[4 * 24 + 10 : 4 * 24 + 16]} == {"critical"}


def test_external_events_are_named_where_their_window_lies(finished):
    events = pq.read_table(finished.path / "external_events.parquet").to_pylist()
    windows = []
    for event in events:
        begins = event["time"].timestamp() + event["expected_delay_h"] * HOUR
        windows.append((event["template"], begins, begins + event["expected_duration_h"] * HOUR))
    seen = 0
    for row in table(finished, "history")[: 2 * 18]:
        start = row["interval_start"].timestamp()
        expected = sorted(name for name, begins, ends in windows if begins < start + 12 * HOUR and start < ends)
        named = sorted(name.split("@")[0] for name in (row["external_events"] or "").split(", ") if name)
        assert named == expected, row
        seen += len(named)
    assert seen > 10


def test_a_range_that_cuts_intervals_scores_the_whole_ones_only(tmp_path):
    run = history.run(tmp_path, "--start", "2026-02-02T06:30:00Z", "--days", 2, "--scale", 0.01)
    rows = [row for row in table(run, "history") if row["stream"] == "system.api.request"]
    assert [row["hours"] for row in rows] == [5.5, 12, 12, 12, 6.5]
    assert [row["score"] is not None for row in rows] == [False, True, True, True, False]
    hourly = [row for row in table(run, "history_hourly") if row["stream"] == "system.api.request"]
    assert (hourly[0]["hours"], hourly[0]["score"], len(hourly)) == (0.5, None, 49)


def test_a_baseline_pools_the_runs_of_its_seeds(tmp_path):
    common = ("--days", 14, "--scale", 0.01, "--no-events", "--streams", "*")
    history.call("baseline", "tutoring", "--seeds", 3, "--seed", 5, "--days", 14, "--scale", 0.01, "--out", "base", "-q", folder=tmp_path)
    runs = [history.run(tmp_path, *common, "--seed", seed, out=f"run-{seed}") for seed in (5, 6, 7)]
    pooled = {}
    for run in runs:
        for stream, values in series(run, "history").items():
            pooled.setdefault(stream, []).append(values)
    told = history.call_json("stats", "base", folder=tmp_path)["statistics"]
    flat = {row["stream"]: row for row in told if row["resolution"] == "12h" and row["class"] == "all"}
    for stream, values in pooled.items():
        values = numpy.concatenate(values)
        assert flat[stream]["intervals"] == len(values) == 84
        assert close(flat[stream]["mean"], values.mean())
        assert close(flat[stream]["std_dev"], values.std(ddof=1))
        assert close(flat[stream]["p90"], numpy.percentile(values, 90))
    scored = history.run(tmp_path, "--days", 14, "--scale", 0.01, "--baseline", "base", out="scored")
    classes = {(row["stream"], row["class"]): row for row in told if row["resolution"] == "12h"}
    for row in table(scored, "history"):
        weekend, part = parts(row, 12)
        of_class = classes[(row["stream"], f"{'weekend' if weekend else 'weekday'} {'12-24' if part else '00-12'}")]
        assert row["baseline_mean"] == of_class["mean"] and row["baseline_sigma"] == of_class["sigma"]


@pytest.mark.parametrize("form", ["arrow", "csv", "jsonl"])
def test_history_is_written_in_the_format_of_the_run(form, tmp_path):
    run = history.run(tmp_path, "--days", 1, "--scale", 0.01, "--format", form)
    names = {Path(file["path"]).name for file in run.manifest["files"]}
    assert {f"history.{form}", f"history_hourly.{form}", f"statistics.{form}", "statistics.json"} <= names
    if form == "csv":
        rows = duckdb.sql(f"SELECT count(*), count(score) FROM '{run.path}/history.csv'").fetchall()
        assert rows == [(100, 100)]
