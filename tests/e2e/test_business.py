"""The history makes sense as that of a business."""

import datetime


def count(database, query):
    return database.execute(query).fetchone()[0]


def test_no_tutor_opens_a_calendar_before_approval_and_training(database, finished):
    early = count(
        database,
        'SELECT count(*) FROM "tutor.availability.updated" AS calendar'
        ' JOIN "tutor.application.approved" AS approval USING (tutor_id) WHERE calendar.time < approval.time',
    )
    assert early == 0
    early = count(
        database,
        'SELECT count(*) FROM "tutor.availability.updated" AS calendar'
        ' JOIN "tutor.training.completed" AS training USING (tutor_id) WHERE calendar.time < training.time',
    )
    assert early == 0
    # Who applied within the files must have been approved and trained within them.
    unapproved = count(
        database,
        'SELECT count(*) FROM "tutor.availability.updated" AS calendar SEMI JOIN "tutor.application.submitted" AS applied USING (tutor_id)'
        ' WHERE tutor_id NOT IN (SELECT tutor_id FROM "tutor.application.approved")'
        ' OR tutor_id NOT IN (SELECT tutor_id FROM "tutor.training.completed")',
    )
    assert unapproved == 0
    newcomers = count(database, 'SELECT count(*) FROM "tutor.availability.updated" SEMI JOIN "tutor.application.approved" USING (tutor_id)')
    assert newcomers > 0, "somebody joins and starts working"


def test_a_payout_sums_the_sessions_completed_since_the_last_one(database):
    """Payouts of a tutor after the first one in the files, since all of their sessions are in the files, too."""
    compared = database.execute("""
        WITH payout AS (
            SELECT tutor_id, time, sessions, amount_usd, lag(time) OVER (PARTITION BY tutor_id ORDER BY time) AS since
            FROM "tutor.payout.processed"
        )
        SELECT payout.sessions, payout.amount_usd, count(session.event_id), coalesce(sum(0.8 * session.amount_usd), 0)
        FROM payout LEFT JOIN "session.completed" AS session
            ON session.tutor_id = payout.tutor_id AND session.time >= payout.since AND session.time < payout.time
        WHERE payout.since IS NOT NULL
        GROUP BY payout.tutor_id, payout.time, payout.sessions, payout.amount_usd
    """).fetchall()
    assert len(compared) > 100
    for sessions, amount_usd, completed, earned_usd in compared:
        assert sessions == completed
        assert abs(amount_usd - earned_usd) < 0.011, "rounded to the cent"
    gaps = database.execute("""
        SELECT DISTINCT date_diff('microsecond', lag(time) OVER (PARTITION BY tutor_id ORDER BY time), time)
        FROM "tutor.payout.processed"
    """).fetchall()
    week_us = 7 * 24 * 3600 * 1_000_000
    assert all(gap % week_us == 0 for (gap,) in gaps if gap is not None)


def test_the_category_of_a_ticket_follows_from_its_cause(database):
    categories = {
        "payment.failure": "payment",
        "session.noshow.tutor": "no_show",
        "session.technical.issue": "technical",
        "rating.submitted": "session_quality",
    }
    found = database.execute(
        'SELECT cause.stream, ticket.category, count(*) FROM "support.ticket.created" AS ticket'
        " JOIN link AS cause ON ticket.cause_id = cause.event_id GROUP BY ALL"
    ).fetchall()
    assert {cause for cause, _, _ in found} == {*categories, "support.chat.started"}
    for cause, category, _ in found:
        if cause in categories:
            assert category == categories[cause]
    wrong = count(
        database,
        'SELECT count(*) FROM "support.ticket.created" AS ticket JOIN "support.chat.started" AS chat ON ticket.cause_id = chat.event_id'
        " WHERE ticket.category != chat.topic",
    )
    assert wrong == 0
    assert count(
        database,
        'SELECT count(*) FROM "support.ticket.created" AS ticket JOIN "rating.submitted" AS rating ON ticket.cause_id = rating.event_id'
        " WHERE rating.stars > 2",
    ) == 0


def test_an_error_of_the_api_is_its_failed_request(database):
    errors, wrong = database.execute("""
        SELECT count(*), count(*) FILTER (
            error.status != request.status OR error.endpoint != request.endpoint OR error.time != request.time)
        FROM "system.api.error" AS error JOIN "system.api.request" AS request ON error.cause_id = request.event_id
    """).fetchone()
    assert errors == count(database, 'SELECT count(*) FROM "system.api.error"') > 1000
    assert wrong == 0
    assert count(database, 'SELECT count(*) FROM "system.api.request" WHERE status >= 500') == errors


def test_amounts_follow_from_the_booking(database):
    wrong = count(
        database,
        'SELECT count(*) FROM "session.completed" AS session JOIN "session.started" AS started ON session.cause_id = started.event_id'
        ' JOIN "payment.success" AS payment ON payment.cause_id = started.cause_id WHERE session.amount_usd != payment.amount_usd',
    )
    assert wrong == 0
    shares = database.execute("""
        SELECT DISTINCT round(refund.amount_usd / payment.amount_usd, 2) FROM "payment.refund.issued" AS refund
        JOIN "payment.success" AS payment USING (booking_id)
    """).fetchall()
    assert {share for (share,) in shares} == {0.5, 1.0}


def test_sessions_last_as_long_as_they_say(database):
    wrong = count(
        database,
        'SELECT count(*) FROM "session.completed" AS session JOIN "session.started" AS started ON session.cause_id = started.event_id'
        " WHERE abs(date_diff('microsecond', started.time, session.time) / 60e6 - session.duration_min) > 0.051",
    )
    assert wrong == 0
    # Quality is measured while a session lasts.
    wrong = count(
        database,
        'SELECT count(*) FROM "session.media.quality" AS measured JOIN "session.completed" AS session USING (cause_id)'
        " WHERE measured.time > session.time",
    )
    assert wrong == 0


def test_snapshots_count_what_is_there(database, finished):
    hours = count(database, 'SELECT count(*) FROM "system.platform.snapshot"')
    assert hours == 24 * 18
    # The turnover of an hour is what was charged in it.
    compared = database.execute("""
        SELECT snapshot.time, snapshot.gmv_usd, (
            SELECT coalesce(sum(amount_usd), 0) FROM "payment.success" AS payment
            WHERE payment.time >= snapshot.time - INTERVAL 1 HOUR AND payment.time < snapshot.time)
        FROM "system.platform.snapshot" AS snapshot ORDER BY 1
    """).fetchall()
    for time, gmv_usd, charged_usd in compared[1:]:
        assert abs(gmv_usd - charged_usd) < 0.01, time
    tickets = count(database, "SELECT count(*) FROM \"system.platform.snapshot\" WHERE open_tickets < 0")
    assert tickets == 0
    first, last = database.execute(
        'SELECT arg_min(active_students, time), arg_max(active_students, time) FROM "system.platform.snapshot"'
    ).fetchone()
    assert 0.9 < last / first < 1.1


def test_weekends_have_more_sessions_and_nights_are_quiet(database):
    weekend, weekday = database.execute("""
        SELECT count(*) FILTER (isodow(time) >= 6) / count(DISTINCT date_trunc('day', time)) FILTER (isodow(time) >= 6),
            count(*) FILTER (isodow(time) < 6) / count(DISTINCT date_trunc('day', time)) FILTER (isodow(time) < 6)
        FROM "session.started"
    """).fetchone()
    assert 1.2 < weekend / weekday < 1.6
    night = count(database, 'SELECT count(*) FILTER (hour(time) >= 23 OR hour(time) < 7) / count(*) FROM "session.started"')
    assert night < 0.05


def test_start_and_end_are_midnights_without_gaps(database, finished):
    """Every day has its share of searches: neither the warm-up nor the end of a run shows."""
    days = database.execute("SELECT date_trunc('day', time) AS day, count(*) FROM \"customer.tutor.search\" GROUP BY day ORDER BY day").fetchall()
    counts = [rows for _, rows in days]
    assert len(days) == 18 and days[0][0].date() == datetime.date(2026, 2, 2)
    assert min(counts) > 0.75 * max(counts)
    for stream in ("session.started", "support.ticket.resolved", "rating.submitted"):
        first, rest = database.execute(
            f"SELECT count(*) FILTER (time < TIMESTAMPTZ '2026-02-04 00:00:00Z') / 2, count(*) / 18 FROM \"{stream}\""
        ).fetchone()
        assert first > 0.75 * rest, f"{stream} begins from nothing"
