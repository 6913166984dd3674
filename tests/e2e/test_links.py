"""Every event stands where its cause has put it: no orphans, no child before its parent, ids that refer to rows."""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

# How long after a cause its last effect may come, in days, from docs and the model's files. An event whose cause is
# not in the files must have been caused before the start, so it cannot lie later than that.
LONGEST_DAYS = {"marketing.referral.sent": 14, "rating.submitted": 21, "support.ticket.created": 14}
DEFAULT_DAYS = 9


def count(database, query):
    return database.execute(query).fetchone()[0]


def test_event_ids_are_unique_over_all_streams(database):
    assert count(database, "SELECT count(*) - count(DISTINCT event_id) FROM link") == 0


def test_no_event_precedes_its_cause_and_all_of_a_chain_have_its_root(database):
    pairs = "link AS child JOIN link AS cause ON child.cause_id = cause.event_id"
    assert count(database, f"SELECT count(*) FROM {pairs}") > 100_000
    assert count(database, f"SELECT count(*) FROM {pairs} WHERE child.time < cause.time") == 0
    assert count(database, f"SELECT count(*) FROM {pairs} WHERE child.root_id != cause.root_id") == 0
    assert count(database, "SELECT count(*) FROM link WHERE cause_id IS NULL AND root_id != event_id") == 0
    assert count(database, "SELECT count(*) FROM link WHERE cause_id IS NOT NULL AND root_id = event_id") == 0


def test_causes_are_events_of_the_streams_that_the_model_names(database, told, causes):
    """With that, an id that exists by chance in some other stream cannot pass for a cause."""
    found = database.execute(
        "SELECT DISTINCT child.stream, cause.stream FROM link AS child JOIN link AS cause ON child.cause_id = cause.event_id"
    ).fetchall()
    declared = {(stream, cause) for stream, named in causes.items() for cause in named}
    assert set(found) <= declared
    # Sixteen days at a twentieth of the size show all but the rarest.
    assert len(declared) - len(set(found)) <= 5, declared - set(found)
    sources = {name for (name,) in database.execute("SELECT DISTINCT stream FROM link WHERE cause_id IS NULL").fetchall()}
    assert sources == {name for name, stream in told.items() if set(stream["origins"]) - causes[name]}


def test_there_are_no_orphans(database, finished, causes):
    start = datetime.datetime.fromisoformat(finished.manifest["start"])
    orphans = database.execute(
        "SELECT child.stream, max(child.time) FROM link AS child ANTI JOIN link AS cause ON child.cause_id = cause.event_id"
        " WHERE child.cause_id IS NOT NULL GROUP BY child.stream"
    ).fetchall()
    assert orphans, "the warm-up has left something under way"
    for stream, last in orphans:
        days = max(LONGEST_DAYS.get(cause, DEFAULT_DAYS) for cause in causes[stream])
        assert last < start + datetime.timedelta(days=days), f"{stream} at {last} has a cause that does not exist"
    # Where an effect follows at once there is no way to have been caused before the start.
    for stream in ("system.api.error", "customer.first_session.completed"):
        assert stream not in dict(orphans), stream


OUTCOMES = [
    ("booking.requested", 24, ["booking.confirmed", "booking.declined", "booking.expired"]),
    ("booking.confirmed", 1, ["payment.success", "payment.failure"]),
    ("booking.confirmed", 8 * 24, ["session.cancelled", "session.noshow.student", "session.noshow.tutor", "session.started"]),
    ("tutor.application.submitted", 7 * 24, ["tutor.application.approved", "tutor.application.rejected"]),
]


@pytest.mark.parametrize("cause, hours, members", OUTCOMES, ids=lambda value: value if isinstance(value, str) else "")
def test_exactly_one_outcome_of_a_group_happens(database, finished, cause, hours, members):
    end = datetime.datetime.fromisoformat(finished.manifest["end"]) - datetime.timedelta(hours=hours)
    results = " UNION ALL ".join(f'SELECT cause_id FROM "{member}"' for member in members)
    counted = database.execute(
        f'SELECT happened, count(*) FROM (SELECT cause.event_id, count(result.cause_id) AS happened FROM "{cause}" AS cause'
        f" LEFT JOIN ({results}) AS result ON result.cause_id = cause.event_id"
        " WHERE cause.time < $end GROUP BY cause.event_id) GROUP BY happened",
        {"end": end},
    ).fetchall()
    assert [happened for happened, _ in counted] == [1], counted


# A referral is sent by one student and brings another.
OTHERS = {("customer.account.registered", "marketing.referral.sent", "student_id")}


def ids(finished, stream):
    """The fields of a stream that are identifiers."""
    schema = pq.read_schema(finished.parts(stream)[0])
    return [field.name for field in schema if field.type == pa.int64() and field.name not in ("event_id", "cause_id", "root_id")]


def test_ids_are_those_of_the_cause(database, finished, causes):
    """The booking of a payment is the booking that was confirmed, and so on for every id that both sides have."""
    checked = 0
    for child, named in causes.items():
        for cause in sorted(named):
            for name in set(ids(finished, child)) & set(ids(finished, cause)):
                if (child, cause, name) in OTHERS:
                    continue
                rows, wrong = database.execute(
                    f'SELECT count(*), count(*) FILTER (child.{name} != cause.{name}) FROM "{child}" AS child'
                    f' JOIN "{cause}" AS cause ON child.cause_id = cause.event_id'
                ).fetchone()
                assert wrong == 0, (child, cause, name, rows)
                checked += rows > 0
    assert checked >= 20


# Where each kind of id is made known: in exactly one event.
ORIGINS = {
    "booking_id": ["booking.requested"],
    "payment_id": ["payment.success", "payment.failure"],
    "ticket_id": ["support.ticket.created"],
    "chat_id": ["support.chat.started"],
}


def test_ids_refer_to_rows_that_exist(database, finished):
    """Through a whole chain: what has its root in the files has all of its ids in the files."""
    for name, origins in ORIGINS.items():
        known = " UNION ALL ".join(f'SELECT {name} FROM "{origin}"' for origin in origins)
        assert count(database, f"SELECT count(*) - count(DISTINCT {name}) FROM ({known})") == 0, name
        for stream in finished.streams:
            if name in ids(finished, stream) and stream not in origins:
                missing = count(
                    database,
                    f'SELECT count(*) FROM "{stream}" AS row SEMI JOIN link AS root ON row.root_id = root.event_id'
                    f" WHERE row.{name} NOT IN ({known})",
                )
                assert missing == 0, (stream, name)


def test_payments_and_sessions_belong_to_one_confirmed_booking(database):
    for stream in ("payment.success", "payment.failure"):
        assert count(
            database,
            f'SELECT count(*) FROM "{stream}" AS payment JOIN "booking.confirmed" AS booking ON payment.cause_id = booking.event_id'
            " WHERE payment.booking_id != booking.booking_id",
        ) == 0
    assert count(
        database,
        'SELECT count(*) FROM "session.started" AS session JOIN "booking.confirmed" AS booking ON session.cause_id = booking.event_id'
        " WHERE session.tutor_id != booking.tutor_id",
    ) == 0
    # A refund is for the booking whose session did not take place.
    refunds, wrong = database.execute(
        'SELECT count(*), count(*) FILTER (refund.booking_id != booking.booking_id) FROM "payment.refund.issued" AS refund'
        ' JOIN (SELECT event_id, cause_id FROM "session.cancelled" UNION ALL SELECT event_id, cause_id FROM "session.noshow.tutor")'
        " AS session ON refund.cause_id = session.event_id"
        ' JOIN "booking.confirmed" AS booking ON session.cause_id = booking.event_id'
    ).fetchone()
    assert refunds > 100 and wrong == 0


def test_students_and_tutors_exist(database, finished):
    people = {"student_id": "SELECT student_id FROM student", "tutor_id": "SELECT tutor_id FROM tutor"}
    people["user_id"] = f"{people['student_id']} UNION ALL {people['tutor_id']}"
    checked = 0
    for stream in finished.streams:
        for name in people.keys() & set(ids(finished, stream)):
            query = f'SELECT count(*) FROM "{stream}" WHERE {name} NOT IN ({people[name]})'
            assert count(database, query) == 0, (stream, name)
            checked += 1
    assert checked >= 25
    for kind in finished.kinds:
        assert count(database, f"SELECT count(*) - count(DISTINCT {kind}_id) FROM {kind}") == 0
    owned = count(database, "SELECT count(*) FROM student WHERE tutor_id IS NOT NULL AND tutor_id NOT IN (SELECT tutor.tutor_id FROM tutor)")
    assert owned == 0


def test_events_take_place_in_the_cell_of_their_people(database, finished):
    for stream in finished.streams:
        for kind in ("student", "tutor"):
            if f"{kind}_id" in ids(finished, stream):
                query = f'SELECT count(*) FROM "{stream}" AS row JOIN {kind} USING ({kind}_id) WHERE row.cell != {kind}.cell'
                assert count(database, query) == 0, (stream, kind)


def test_few_rows_are_attributed_without_scenarios_and_only_to_external_events(database, finished):
    events = f"read_parquet('{finished.path}/external_events.parquet')"
    known = {name for (name,) in database.execute(f"SELECT attribution FROM {events} WHERE is_causal").fetchall()}
    found = dict(database.execute("SELECT attribution, count(*) FROM link WHERE attribution IS NOT NULL GROUP BY attribution").fetchall())
    assert found and {name.removesuffix(" (contention)") for name in found} <= known | {"joint"}
    assert sum(found.values()) < 0.05 * count(database, "SELECT count(*) FROM link")
