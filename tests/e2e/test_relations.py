"""Relations of several with several, in files: who is linked at any time is added up from what began and what ended, by readers that know nothing of it."""


import pandas as pd
import pytest

import history

MODEL = history.ROOT / "examples/models/tutors"
SCENARIO = """
id: scarce
name: Few find a tutor
description: Half of those who look for a tutor do not stay with whom they find, and tutors leave more often.
duration: 5d
modifiers:
  - {on: tutors.linked/probability, multiply: 0.5}
  - {on: tutor.left/rate, multiply: 3}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return history.run(tmp_path_factory.mktemp("relations"), "--days", 20, model=MODEL)


@pytest.fixture(scope="module")
def database(run):
    return run.database()


def ask(database, query):
    return database.sql(query).fetchall()


def replayed(database):
    """Each question to the relation in the order of time, with the links of that moment: those of the start, and what began and ended."""
    links = set(ask(database, "SELECT student_id, tutor_id FROM tutors WHERE joined IS NULL"))
    assert len(links) > 150 and links == set(ask(database, """SELECT student_id, tutor_id FROM "tutors.history" WHERE began_id IS NULL
        UNION ALL SELECT student_id, tutor_id FROM tutors WHERE began_id IS NULL AND state = 'linked'"""))
    names = ["stream", "event_id", "time", "student_id", "tutor_id", "told"]
    # What links or ends follows at the same instant from what asks.
    streams = {"tutor.wanted": "student_id, tutor_id, tutors_before", "lesson.given": "student_id, tutor_id, NULL", "tutor.left": "NULL, tutor_id, students",
        "tutors.linked": "student_id, tutor_id, is_new", "tutors.unlinked": "student_id, tutor_id, NULL"}
    events = [(stream, *row) for stream, columns in streams.items() for row in ask(database, f'SELECT event_id, time, {columns} FROM "{stream}"')]
    # As objects, since floats would not hold ids.
    events = pd.DataFrame(events, columns=names, dtype=object)
    for event in events.sort_values("time", kind="stable").to_dict("records"):
        pair = (event["student_id"], event["tutor_id"])
        match event["stream"]:
            case "tutors.linked":
                assert event["told"] and pair not in links
                links.add(pair)
            case "tutors.unlinked":
                links.remove(pair)
            case _:
                yield event, links
    now = set(ask(database, "SELECT student_id, tutor_id FROM tutors WHERE state = 'linked'"))
    assert links == now and len(now) > 50


def test_what_is_asked_is_what_was_added_and_not_removed(database):
    told = {}
    for tutor, student in ask(database, 'SELECT cause_id, student_id FROM "student.told"'):
        told.setdefault(tutor, set()).add(student)
    asked = {"tutor.wanted": 0, "lesson.given": 0, "tutor.left": 0}
    [(last,)] = ask(database, 'SELECT max(time) - INTERVAL 1 HOUR FROM "lesson.given"')
    for event, links in replayed(database):
        student, tutor = event["student_id"], event["tutor_id"]
        match event["stream"]:
            case "tutor.wanted":
                assert event["told"] == sum(of == student for of, _ in links)
                assert (student, tutor) not in links
            case "lesson.given":
                assert (student, tutor) in links
            case "tutor.left":
                students = {of for of, other in links if other == tutor}
                assert event["told"] == len(students)
                if event["time"] < last:
                    assert told.get(event["event_id"], set()) == students
        asked[event["stream"]] += 1
    assert asked["tutor.wanted"] > 500 and asked["lesson.given"] > 3000 and asked["tutor.left"] > 25


def test_the_history_is_what_began_and_ended(database):
    [(rows, ended, began)] = ask(database, """SELECT count(*), count(u.event_id), count(l.event_id) FROM "tutors.history" h
        JOIN "tutors.unlinked" u ON u.event_id = h.cause_id AND u.tutors_id = h.tutors_id AND u.student_id = h.student_id AND u.time = h.valid_to
        LEFT JOIN "tutors.linked" l ON l.event_id = h.began_id AND l.tutors_id = h.tutors_id AND l.tutor_id = h.tutor_id AND l.time = h.valid_from""")
    [(all_ended, with_beginning)] = ask(database, 'SELECT count(*), count(began_id) FROM "tutors.history"')
    assert (rows, ended, began) == (all_ended, all_ended, with_beginning) and all_ended > 300 and with_beginning > 200
    # Who was linked with whom at a time, the way databases with system versioning ask.
    [(at, told)] = ask(database, """WITH held AS (SELECT student_id, valid_from, valid_to FROM "tutors.history"
            UNION ALL BY NAME SELECT student_id, valid_from FROM tutors WHERE state = 'linked')
        SELECT count(*), any_value(tutors_before) FROM held, (SELECT * FROM "tutor.wanted" WHERE tutors_before > 0 ORDER BY time DESC LIMIT 1) w
        WHERE held.student_id = w.student_id AND valid_from <= w.time AND (w.time < valid_to OR valid_to IS NULL)
            AND NOT EXISTS (FROM "tutors.linked" l WHERE l.cause_id = w.event_id AND held.valid_from = l.time)""")
    assert at == told


def test_a_scenario_bends_it_and_its_twin_agrees(tmp_path):
    run, version = history.bent(tmp_path, MODEL, SCENARIO)
    database = run.database()
    [(wanted, linked)] = ask(database, """SELECT count(*), count(l.event_id) FROM "tutor.wanted" w LEFT JOIN "tutors.linked" l ON l.cause_id = w.event_id
        WHERE w.tutor_id IS NOT NULL AND w.time >= TIMESTAMPTZ '2026-02-04' AND w.time < TIMESTAMPTZ '2026-02-09'""")
    assert wanted > 100 and 0.35 < linked / wanted < 0.65
    # Put into the past of a run without it, from a snapshot, it is the same: the links are part of what a snapshot keeps.
    version = version.database()
    window = "SELECT event_id, time, cause_id, root_id, attribution FROM link WHERE time >= TIMESTAMPTZ '2026-02-04' AND time < TIMESTAMPTZ '2026-02-09' ORDER BY ALL"
    assert len(ask(version, window)) > 800 and ask(version, window) == ask(database, window)


def test_a_graph_of_a_table_is_followed(tmp_path):
    model = history.ROOT / "examples/models/dependencies"
    run = history.run(tmp_path, "--days", 40, model=model)
    history.call("verify", run.path, "--model", model, folder=tmp_path)
    database = run.database()
    needs = pd.read_csv(model / "dependencies.csv")
    database.register("needs", needs)
    # What failed reaches whoever needs it and is up, and from there along the table alone.
    [(failed, of_table, all_of_them)] = ask(database, """SELECT count(*), sum((n.service IS NOT NULL)::INT), sum((p.app IS NOT NULL)::INT) FROM "service.impaired" i
        LEFT JOIN (SELECT event_id, app FROM "service.failed" UNION ALL SELECT event_id, app FROM "service.impaired") p ON p.event_id = i.cause_id
        LEFT JOIN needs n ON n.service = i.app AND n.depends_on = p.app""")
    assert failed > 300 and (of_table, all_of_them) == (failed, failed)
    [(asked, rightly)] = ask(database, 'SELECT count(*), sum((n.service IS NOT NULL)::INT) FROM "request.sent" r LEFT JOIN needs n ON n.service = r.app AND n.depends_on = r.other')
    assert asked > 10_000 and rightly == asked
    [(counted, wrong)] = ask(database, """SELECT count(*), sum((f.needed != coalesce(many, 0))::INT) FROM "service.failed" f
        LEFT JOIN (SELECT depends_on, count(*) AS many FROM needs GROUP BY ALL) ON depends_on = app""")
    assert counted > 200 and wrong == 0
    # Nothing links or ends, so it is the table to the end.
    [(links,)] = ask(database, """SELECT count(*) FROM depends_on l JOIN service s USING (service_id) JOIN service o ON o.service_id = l.to_service_id
        JOIN needs n ON n.service = s.app AND n.depends_on = o.app""")
    assert links == len(needs) and ask(database, "SELECT count(*) FROM depends_on") == [(links,)]


def test_it_is_told():
    told = history.call("explain", MODEL, "tutor.left", folder=history.ROOT)
    assert "the tutor is linked no more, by students, with anybody" in told
    told = history.call("explain", MODEL, "student.told", folder=history.ROOT)
    assert "for each of `tutor.students`" in told
    assert "each tutor.students, 1m..30m" in history.call("graph", MODEL, folder=history.ROOT)
