"""Working days by place: due dates, payments and hours of work are those that numpy counts with the holidays of a table of its own."""

import datetime
import shutil

import numpy as np
import pytest

import history

MODEL = history.ROOT / "examples/models/due_dates"
DAY = datetime.timedelta(days=1)


def days(*spans):
    """Each day from the first one of a span to its last one."""
    spans = [(np.datetime64(first), np.datetime64(last) + 1) for first, last in spans]
    return np.concatenate([np.arange(first, last) for first, last in spans])


# Holidays of 2026 as they were announced, not read from the model's files.
EGYPT = np.busdaycalendar(
    weekmask="1111001",
    holidays=days(
        ("2026-01-07", "2026-01-07"), ("2026-01-25", "2026-01-25"), ("2026-03-19", "2026-03-23"), ("2026-04-13", "2026-04-13"),
        ("2026-04-25", "2026-04-25"), ("2026-05-01", "2026-05-01"), ("2026-05-26", "2026-05-30"), ("2026-06-17", "2026-06-17"),
        ("2026-06-30", "2026-06-30"), ("2026-07-23", "2026-07-23"),
    ),
)
GERMANY = np.busdaycalendar(
    weekmask="1111100",
    holidays=days(
        ("2026-01-01", "2026-01-01"), ("2026-04-03", "2026-04-03"), ("2026-04-06", "2026-04-06"), ("2026-05-01", "2026-05-01"),
        ("2026-05-14", "2026-05-14"), ("2026-05-25", "2026-05-25"),
    ),
)
PLACES = {"egypt": EGYPT, "germany": GERMANY}
RAMADAN = days(("2026-02-18", "2026-03-18"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("due_dates")
    return history.run(folder, "--start", "2026-02-20", "--days", 110, model=MODEL)


def columns(run, query):
    """The columns of a query as numpy has them, by name."""
    return run.database().sql(query).fetchnumpy()


def in_days(times):
    return times.astype("datetime64[D]")


@pytest.mark.parametrize("place", PLACES)
def test_due_dates_are_those_of_numpy(run, place):
    found = columns(run, f"""SELECT time::TIMESTAMP AS at, due::TIMESTAMP AS due, terms FROM "invoice.issued" WHERE country = '{place}'""")
    issued, due = in_days(found["at"]), found["due"].astype("datetime64[us]")
    assert len(due) > 5000
    # The n-th working day after a day: a day on which nobody works is as good as the working day before it.
    expected = np.busday_offset(issued, found["terms"], roll="backward", busdaycal=PLACES[place])
    assert (due == expected.astype("datetime64[us]")).all()
    # Holidays and the weekend were there to be passed, and issued on, too.
    assert (~np.is_busday(issued, busdaycal=PLACES[place])).sum() > 100
    plain = np.busday_offset(issued, found["terms"], roll="backward", weekmask=PLACES[place].weekmask)
    assert (plain != expected).mean() > 0.1


@pytest.mark.parametrize("place", PLACES)
def test_payment_runs_are_on_working_days(run, place):
    found = columns(run, f"""SELECT time::TIMESTAMP AS at, due::TIMESTAMP AS due, days_late FROM "invoice.paid" WHERE country = '{place}'""")
    paid, due = found["at"].astype("datetime64[us]"), in_days(found["due"])
    assert len(paid) > 4000 and np.is_busday(due, busdaycal=PLACES[place]).all()
    expected = np.busday_offset(due, found["days_late"], busdaycal=PLACES[place])
    assert (paid == expected.astype("datetime64[us]") + np.timedelta64(10, "h")).all()


def hours(place, day):
    """The hours of work of a day."""
    if not np.is_busday(day, busdaycal=PLACES[place]):
        return []
    if place == "egypt":
        return [(10, 15)] if day in RAMADAN else [(9, 17)]
    weekday = (day.astype(int) + 3) % 7
    return {3: [(8, 12), (13, 18)], 4: [(8, 13.5)]}.get(weekday, [(8, 12), (13, 17)])


@pytest.mark.parametrize("place", PLACES)
def test_approvals_take_hours_of_work(run, place):
    opened = {day: hours(place, day) for day in days(("2026-02-01", "2026-07-30"))}
    query = f"""SELECT issued, time, work_h FROM "invoice.approved" WHERE country = '{place}' ORDER BY event_id LIMIT 1500"""
    rows = run.database().sql(query).fetchall()
    assert len(rows) == 1500
    for issued, approved, work_h in rows:
        issued, approved = issued.replace(tzinfo=None), approved.replace(tzinfo=None)
        day, worked = datetime.datetime.combine(issued.date(), datetime.time()), 0
        while day <= approved:
            for begin, end in opened[np.datetime64(day.date())]:
                begin, end = day + begin * DAY / 24, day + end * DAY / 24
                worked += max((min(end, approved) - max(begin, issued)).total_seconds(), 0)
                last = end if begin < approved <= end else None
                if last:
                    break
            day += DAY
        assert abs(worked - work_h * 3600) < 0.01
        # It happens in hours of work, at the end of them at the latest.
        assert last


def test_orders_follow_the_hours_of_ramadan(run):
    night = columns(run, """SELECT time::DATE AS day, sum((hour(time) < 2 OR hour(time) >= 20)::INT) AS night, count(*) AS orders
        FROM "order.placed.egypt" GROUP BY day ORDER BY day""")
    fasting = np.isin(in_days(night["day"]), RAMADAN[2:])
    share = lambda days: night["night"][days].sum() / night["orders"][days].sum()
    assert share(fasting) > 0.45
    # All others are by day, but for the two hours around the end of the month.
    ordinary = ~np.isin(in_days(night["day"]), days(("2026-02-20", "2026-03-19")))
    assert share(ordinary) < 0.02
    # Holidays have fewer orders than the same days of the week, here from Sunday to Wednesday.
    work = np.is_busday(in_days(night["day"]), weekmask="1110001")
    feast = np.isin(in_days(night["day"]), days(("2026-03-19", "2026-03-23"), ("2026-05-26", "2026-05-30")))
    mean = lambda days: night["orders"][days].mean()
    assert 0.3 < mean(work & feast) / mean(work & ordinary & ~feast) < 0.5


def test_what_was_observed_in_tables_is_drawn(run):
    found = columns(run, 'SELECT work_h, days_late FROM "invoice.issued"')
    # Five standard errors of a share, which are at most 0.5 / sqrt(n).
    slack = 2.5 / np.sqrt(len(found["work_h"]))
    for share, hours in [(0, 0.49), (0.25, 2), (0.5, 4), (0.7, 6.5), (0.9, 9), (1, 14)]:
        assert abs((found["work_h"] <= hours).mean() - share) < slack
    for days, invoices in [((0,), 812), ((1, 2, 3), 97), ((2,), 48.5), (range(4, 11), 41)]:
        assert abs(np.isin(found["days_late"], days).mean() - invoices / 950) < slack


def test_verify_and_replay_have_the_lists(run):
    history.call("verify", run.path, "--model", MODEL, folder=run.path.parent)


def test_a_list_that_ends_before_the_run_is_told(tmp_path):
    told = history.call_json("run", MODEL, "--out", "out", "--start", "2028-01-10", "--days", 2, "--dry-run", folder=tmp_path)
    assert [line.split("`")[1] for line in told["beyond_dates"]] == ["egypt.csv", "ramadan.csv", "germany.csv"]
    assert "dates of 2025 to 2027 alone, and with its warm-up the run is of 2027 to 2028" in told["beyond_dates"][0]


def test_the_lists_are_part_of_the_model(run, tmp_path):
    shutil.copytree(MODEL, tmp_path / "due_dates")
    dates = tmp_path / "due_dates" / "egypt.csv"
    dates.write_text(dates.read_text().replace("2026-04-13", "2026-04-14"))
    history.call("verify", run.path, "--model", tmp_path / "due_dates", folder=tmp_path, expect=2)
