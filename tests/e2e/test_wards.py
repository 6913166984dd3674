"""Beds that are waited for and held until released, in files: never more than there are, by priority, given up in time, on both sides."""

import shutil

import pytest

import history

MODEL = history.ROOT / "examples/models/wards"
END = "TIMESTAMPTZ '2026-03-04'"
SCENARIO = """
id: closed
name: A ward is closed
description: There are fewer beds for some days.
duration: 5d
modifiers:
  - {on: beds/staff, add: -10}
"""


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return history.run(tmp_path_factory.mktemp("wards"), "--days", 30, model=MODEL)


@pytest.fixture(scope="module")
def bent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bent")
    model = shutil.copytree(MODEL, folder / "wards")
    (model / "scenarios").mkdir()
    (model / "scenarios/closed.yaml").write_text(SCENARIO)
    options = ["--days", 30, "--scenario", "closed@2026-02-10T00:00:00Z", "--counterfactual", "--snapshot-every", "5d"]
    return history.run(folder, *options, model=model)


def ask(run, query):
    return run.database().sql(query).fetchall()


@pytest.fixture(params=["plain", "bent"])
def run(request):
    return request.getfixturevalue(request.param)


def test_no_bed_is_held_by_two_and_none_lies_beyond_the_capacity(run):
    """Who holds a bed does so from the answer to the discharge; the next may have it at the moment of the one before's discharge."""
    [(stays, least, most, overlaps)] = ask(run, f"""SELECT count(*), min(bed), max(bed), sum((until > next)::int) FROM (
        SELECT a.bed, a.time AS since, coalesce(d.time, {END}) AS until, lead(a.time) OVER (PARTITION BY a.bed ORDER BY a.time) AS next
        FROM "bed.answered" a LEFT JOIN "patient.discharged" d USING (stay_id) WHERE a.bed > 0)""")
    assert stays > 500 and (least, most) == (1, 40) and overlaps == 0


def test_each_release_has_its_bed_and_no_stay_two_answers(run):
    [(wrong, same)] = ask(run, """SELECT count(*) FILTER (a.bed IS NULL OR a.bed <> d.bed OR a.bed = 0 OR a.time >= d.time),
        count(*) - count(DISTINCT d.stay_id) FROM "patient.discharged" d LEFT JOIN "bed.answered" a USING (stay_id)
        WHERE d.root_id IN (SELECT event_id FROM "patient.arrived")""")
    assert (wrong, same) == (0, 0)
    [(answers, stays)] = ask(run, 'SELECT count(*), count(DISTINCT stay_id) FROM "bed.answered"')
    assert answers == stays


def test_nobody_less_urgent_gets_a_bed_before_somebody_who_waits(run):
    """While one waits, nobody who came later or is less urgent is given a bed."""
    [(jumped, waits)] = ask(run, f"""WITH stays AS (SELECT stay_id, r.acuity, r.time AS came, coalesce(a.time, {END}) AS answered, a.bed
            FROM "patient.arrived" r LEFT JOIN "bed.answered" a USING (stay_id))
        SELECT (SELECT count(*) FROM stays w JOIN stays o ON o.bed > 0 AND o.answered > w.came AND o.answered < w.answered
            AND (o.acuity > w.acuity OR o.acuity = w.acuity AND o.came > w.came)),
        (SELECT count(*) FROM stays WHERE bed > 0 AND answered > came)""")
    assert jumped == 0 and waits > 100


def test_a_bed_is_taken_the_moment_it_is_given_back(run):
    """Who has waited got a bed when somebody went, or beds were opened."""
    [(waited, at_once)] = ask(run, """SELECT count(*), count(*) FILTER (a.time IN (SELECT time FROM "patient.discharged"))
        FROM "bed.answered" a WHERE bed > 0 AND waited_minutes > 0""")
    assert waited > 100 and waited - at_once <= 10


def test_who_waits_gives_up_in_time_and_who_finds_no_room_at_once(run):
    [(gave_up, late, sent)] = ask(run, """SELECT count(*) FILTER (bed = 0), count(*) FILTER (waited_minutes > if(acuity = 1, 720, 240) + 1e-6
        OR bed = 0 AND waited_minutes > 0 AND abs(waited_minutes - if(acuity = 1, 720, 240)) > 1e-6), (SELECT count(*) FROM "patient.sent_on")
        FROM "bed.answered" """)
    assert gave_up == sent > 20 and late == 0
    [(wrong,)] = ask(run, """SELECT count(*) FROM "bed.answered" a JOIN "patient.arrived" r ON a.cause_id = r.event_id
        WHERE abs(epoch_us(a.time) - epoch_us(r.time) - a.waited_minutes * 6e7) > 1""")
    assert wrong == 0


def test_the_line_is_as_long_as_it_is_counted(plain):
    [(hours, differ, most)] = ask(plain, f"""WITH stays AS (SELECT r.time AS came, coalesce(a.time, {END}) AS answered
            FROM "patient.arrived" r LEFT JOIN "bed.answered" a USING (stay_id))
        SELECT count(*), count(*) FILTER (waiting <> (SELECT count(*) FROM stays WHERE came < c.time AND answered >= c.time)), max(waiting)
        FROM "beds.counted" c WHERE c.time > TIMESTAMPTZ '2026-02-03'""")
    assert hours > 600 and differ == 0 and 3 < most <= 15


def test_both_sides_hold_their_own(plain, bent):
    folder = bent.path.parent
    history.call("verify", bent.path, "--model", folder / "wards", folder=folder)
    history.call("replay", bent.path, "--model", folder / "wards", folder=folder)
    compare = f"""SELECT count(*) FILTER (b.attribution IS NOT NULL), count(*) FILTER (b.attribution IS NULL AND p.event_id IS NULL),
        count(*) FILTER (b.attribution IS NOT NULL AND p.event_id IS NOT NULL) FROM "bed.answered" b
        LEFT JOIN read_parquet({[str(part) for part in plain.parts("bed.answered")]}) p
        ON b.event_id = p.event_id AND b.time = p.time AND b.bed = p.bed"""
    [(differ, unnamed, same)] = ask(bent, compare)
    assert differ > 50 and (unnamed, same) == (0, 0)


def test_what_is_held_is_told():
    told = history.call("explain", MODEL, "bed.answered", folder=history.ROOT)
    assert "whom it holds in the name of `stay_id`" in told and "it takes place with agent 0" in told
    told = history.call("explain", MODEL, "patient.discharged", folder=history.ROOT)
    assert "It releases all agents of the desk `beds` that are held in the name of `stay_id`" in told
