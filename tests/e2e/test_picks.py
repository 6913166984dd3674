"""Who is picked, and what those come to who belong to somebody: readers that nobody here wrote find each pick right, each that found
nobody without anybody to find, and each sum what it adds up to."""

import pytest

from test_elsewhere import twins


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    return twins(tmp_path_factory.mktemp("lessons"), "lessons", 14, {"lesson.asked/rate": 3})


@pytest.fixture(scope="module")
def baskets(tmp_path_factory):
    return twins(tmp_path_factory.mktemp("baskets"), "baskets", 9, {"basket.paid/rate": 2, "product.praised/probability": 5})


def test_no_product_is_in_a_basket_twice(baskets):
    for one in baskets[:2]:
        ask = lambda query: one.database().sql(query).fetchall()
        [(lines, twice, none)] = ask("""SELECT count(*), count(*) - count(DISTINCT (cause_id, product_id)), count(*) FILTER (WHERE product_id IS NULL)
            FROM "basket.line" """)
        assert (twice, none) == (0, 0) and lines > 4000
        [(letters, twice)] = ask("""SELECT count(*), count(*) - count(DISTINCT (cause_id, product_id)) FROM "product.praised" """)
        assert twice == 0 and letters > 100
        [(wrong,)] = ask("""SELECT count(*) FROM "basket.line" line JOIN product USING (product_id) JOIN "basket.paid" basket
            ON basket.event_id = line.cause_id WHERE category = avoids OR line.amount_eur != price_eur""")
        [(cheap,)] = ask("""SELECT count(*) FROM "product.praised" JOIN product USING (product_id) WHERE category = avoids OR price_eur < 2""")
        [(uneven,)] = ask("""SELECT count(*) FROM "basket.paid" WHERE total_eur !=
            (SELECT sum(amount_eur) FROM "basket.line" line WHERE line.cause_id = "basket.paid".event_id)""")
        assert (wrong, cheap, uneven) == (0, 0, 0)
        # The k-th product is asked for k ** -1.1 times as often as the first, as far as lines picked first tell.
        firsts = ask("""SELECT number, count(*) FROM "basket.line" line JOIN product USING (product_id) JOIN "basket.paid" basket
            ON basket.event_id = line.cause_id WHERE line.line = 1 GROUP BY number ORDER BY number""")
        total = sum(times for _, times in firsts)
        law = [k**-1.1 for k in range(1, 251)]
        assert sum(times for number, times in firsts if number <= 10) / total == pytest.approx(sum(law[:10]) / sum(law), rel=0.15)


def test_a_tutor_fits_and_nobody_is_missed(lessons):
    run, plain, ways = lessons
    assert ways
    # Who would have fitted each request: those of the cell whose attributes do, with fewer than four pupils at that moment.
    fitting = """WITH moves AS (SELECT tutor_id, time, 1 AS pupils FROM "lesson.asked" WHERE is_found
            UNION ALL SELECT tutor_id, time, -1 FROM "lesson.ended"),
          able AS (SELECT asked.event_id, asked.time, asked.tutor_id AS found, tutor.tutor_id
            FROM "lesson.asked" asked JOIN student USING (student_id)
            JOIN tutor ON tutor.cell = asked.cell AND tutor.subject = student.subject
              AND grade_from <= grade AND rate_eur <= budget_eur),
          fitting AS (SELECT * FROM able WHERE (SELECT coalesce(sum(moves.pupils), 0) FROM moves
            WHERE moves.tutor_id = able.tutor_id AND moves.time < able.time) < 4)"""
    nobody = {}
    for name, one in {"rush": run, "plain": plain}.items():
        ask = lambda query: one.database().sql(fitting + query).fetchall()
        [(found, wrong, nobody[name], missed)] = ask("""SELECT count(*) FILTER (WHERE is_found),
            count(*) FILTER (WHERE is_found AND NOT EXISTS (FROM fitting f WHERE f.event_id = a.event_id AND f.tutor_id = a.tutor_id)),
            count(*) FILTER (WHERE NOT is_found),
            count(*) FILTER (WHERE NOT is_found AND EXISTS (FROM fitting f WHERE f.event_id = a.event_id)) FROM "lesson.asked" a""")
        assert (wrong, missed) == (0, 0) and found > 300
        [(most,)] = ask("SELECT max(pupils) FROM tutor")
        assert most <= 4
    assert nobody["rush"] > nobody["plain"] + 50 > 50, "a rush leaves fewer for everybody"


@pytest.fixture(scope="module")
def companies(tmp_path_factory):
    return twins(tmp_path_factory.mktemp("companies"), "companies", 15, {"branch.closed/rate": 6})


def test_a_company_knows_its_branches(companies):
    closed = {}
    for name, one in zip(("rush", "plain"), companies):
        ask = lambda query: one.database().sql(query).fetchall()
        theirs = """FROM branch WHERE branch.company_id = report.company_id"""
        sold = """(SELECT coalesce(sum(amount_eur), 0) FROM "sale.made" sale WHERE sale.branch_id = branch.branch_id AND sale.time < report.time)"""
        shut = """EXISTS (FROM "branch.closed" c WHERE c.branch_id = branch.branch_id AND c.is_closed AND c.time < report.time)"""
        [(reports, wrong)] = ask(f"""SELECT count(*), count(*) FILTER (WHERE branches != (SELECT count(*) {theirs})
            OR open_branches != (SELECT count(*) {theirs} AND NOT {shut})
            OR open_sqm != (SELECT coalesce(sum(area_sqm), 0) {theirs} AND NOT {shut})
            OR total_eur != (SELECT sum({sold}) {theirs})
            OR weak_branches != (SELECT count(*) {theirs} AND {sold}::DOUBLE * branches * 2 < total_eur::DOUBLE)) FROM "company.reported" report""")
        assert reports >= 60 and wrong == 0
        [(closed[name], least)] = ask("""SELECT count(*) FILTER (WHERE is_closed), min(others) FILTER (WHERE is_closed) FROM "branch.closed" """)
        assert least >= 2
    assert closed["rush"] > closed["plain"] + 20
