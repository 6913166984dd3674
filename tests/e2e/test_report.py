"""`causeflow report` in a real browser, without a network: its numbers are those of the files, it can be used by
everybody, on a phone too, and the same run gives the same page."""

import re
import shutil
import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe

import history
from browsers import DESKTOP, PHONE

RUN = ("--seed", 7, "--days", 9, "--scale", 0.02, "--scenario", "payment-outage@2026-02-04T10:00", "--counterfactual")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return history.run(tmp_path_factory.mktemp("reported"), *RUN)


@pytest.fixture(scope="module")
def report(run, tmp_path_factory):
    """The page's file."""
    folder = tmp_path_factory.mktemp("report")
    assert history.call("report", run.path, folder=folder) == ""
    return folder / "report.html"


@pytest.fixture(scope="module")
def opened(browser, report):
    """The page on a desktop, with what it asked the network for and said to the console."""
    context = browser.new_context(viewport=DESKTOP, offline=True)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(report.as_uri())
    yield page, asked, said
    context.close()


@pytest.fixture(scope="module")
def page(opened):
    return opened[0]


@pytest.fixture(scope="module")
def database(run):
    database = run.database()
    for name in ("history", "history_hourly", "effects", "effects_hourly", "external_events"):
        database.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{run.path / name}.parquet')")
    return database


def rows(page, caption):
    """The cells of the body of the table with this id of its caption, as texts, also where it is folded."""
    script = """id => [...document.getElementById(id).closest('table').tBodies[0].rows]
        .map(row => [...row.cells].map(cell => (cell.querySelector('a') || cell).textContent.trim()))"""
    return page.evaluate(script, caption)


def number(text):
    return float(text.replace(",", "").replace("\u2212", "-").replace("%", ""))


def test_it_is_one_small_file_and_asks_for_nothing_else(opened, report):
    page, asked, said = opened
    assert asked == [report.as_uri()]
    assert said == []
    assert page.evaluate("document.scripts.length") == 0
    assert report.stat().st_size < 3_000_000


def test_its_parts_are_there_in_order(page, run):
    assert page.title() == "tutoring, seed 7 · causeflow"
    headings = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert headings[0] == 1 and headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(headings, headings[1:]))
    assert page.locator("#streams article").count() == len(run.streams) == 50
    assert page.locator("svg[role=img]").count() >= 51
    links = page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
    assert all(link.startswith("#") and page.locator(f"[id='{link[1:]}']").count() == 1 for link in set(links))


def test_the_summary_counts_all_intervals(page, database):
    for name, row in zip(("history", "history_hourly"), rows(page, "tallies")):
        expected = database.execute(
            f"""SELECT count(*) FILTER (flag = 'normal'), count(*) FILTER (flag = 'warning'),
                count(*) FILTER (flag = 'critical'), count(*) FILTER (flag IS NULL) FROM {name}"""
        ).fetchone()
        assert [number(cell) for cell in row[1:]] == list(expected)
    critical = database.execute(
        """SELECT stream, count(*) FILTER (flag = 'critical') AS blocks FROM history GROUP BY stream"""
    ).fetchall()
    shown = rows(page, "unusual")
    assert dict(critical)["payment.failure"] == max(blocks for _, blocks in critical) > 0
    assert "payment.failure" in [row[0] for row in shown]
    assert all(number(row[1]) == dict(critical)[row[0]] for row in shown)


def test_each_stream_has_its_half_days(page, run, database):
    for place, stream in enumerate(run.streams):
        expected = database.execute(
            """SELECT count, baseline_mean, baseline_sigma, score, flag FROM history
               WHERE stream = ? AND interval_start < '2026-02-09' ORDER BY interval_start""",
            [stream],
        ).fetchall()
        shown = rows(page, f"s{place}-table")
        assert len(shown) == len(expected) == 14
        for (_, *numbers, flag), (*wanted, wanted_flag) in zip(shown, expected):
            # Shown with one decimal.
            assert [number(cell) for cell in numbers] == pytest.approx(wanted, abs=0.0501)
            assert flag == wanted_flag


def test_charts_have_a_point_for_each_hour_at_its_height(page, run, database):
    """The line of counts is linear in the counts: the drawing's rounding leaves half a place of the grid."""
    place = run.streams.index("payment.failure")
    points = page.evaluate(
        """id => document.querySelector(`#${id} polyline[stroke="#0B5CAD"]`).getAttribute('points')""", f"s{place}"
    )
    heights = [float(point.split(",")[1]) for point in points.split()]
    counts = database.execute(
        """SELECT count FROM history_hourly WHERE stream = 'payment.failure' AND interval_start < '2026-02-09'
           ORDER BY interval_start"""
    ).fetchnumpy()["count"]
    assert len(heights) == len(counts) == 7 * 24
    low, high = counts.argmin(), counts.argmax()
    scale = (heights[high] - heights[low]) / (counts[high] - counts[low])
    assert scale < 0
    for count, height in zip(counts, heights):
        assert height == pytest.approx(heights[low] + scale * (count - counts[low]), abs=1.5)


def test_the_graph_measures_what_a_join_finds(page, database):
    shown = rows(page, "graph-table")
    joined = {}
    for cause, effect, number_of in database.execute(
        """SELECT c.stream, e.stream, count(*) FROM link e JOIN link c ON e.cause_id = c.event_id GROUP BY ALL"""
    ).fetchall():
        joined[cause, effect] = number_of
    causes = dict(database.execute("SELECT stream, count(*) FROM link GROUP BY stream").fetchall())
    for cause, effect, _, _, of, number_of, _ in shown:
        assert number(of) == causes[cause]
        assert number(number_of) == joined.get((cause, effect), 0), (cause, effect)
    # The retries after the outage are a backlog of the scenario, which the model's graph does not have.
    assert set(joined) - {(row[0], row[1]) for row in shown} == {("payment.failure", "payment.success")}
    assert len(joined) > 40


def test_every_arrow_is_drawn_with_its_rate(page):
    shown = rows(page, "graph-table")
    drawn = page.evaluate("[...document.querySelectorAll('.graph .rate')].map(text => text.textContent)")
    assert sorted(drawn) == sorted(row[6] for row in shown)
    assert page.locator(".graph path.arrow").count() == len(shown)


def test_effects_are_those_of_the_files(page, database):
    expected = database.execute(
        """SELECT split_part(cause, '@', 1), stream, added, removed, changed, net FROM effects
           WHERE added + removed + changed > 0 AND kind NOT IN ('joint', 'together')"""
    ).fetchall()
    shown = [
        (row[0].split(" ", 1)[1], row[1], *map(number, row[2:])) for row in rows(page, "effects-table")
    ]
    assert sorted(shown) == sorted(expected)
    largest = sorted((row[2] + row[3] + row[4] for row in expected), reverse=True)[:8]
    assert [number(row[2]) for row in rows(page, "largest")] == largest
    interventions = rows(page, "interventions-table")
    events = database.execute("SELECT count(*) FROM external_events").fetchone()[0]
    assert len(interventions) == events + 1
    assert sum(number(row[4]) for row in interventions) == sum(row[2] for row in expected)


def test_both_sides_of_the_streams_moved_most(page, run, database):
    """What a chart says a stream would have had is what a run without any intervention has, but for the few events
    that contention alone has brought or kept away: they are nobody's effect."""
    figures = page.evaluate(
        "[...document.querySelectorAll('#twin article')].map(a => [a.querySelector('h3').textContent, a.querySelector('.facts').textContent])"
    )
    assert "payment.failure" in [stream for stream, _ in figures]
    untouched = history.run(run.path.parent, "--seed", 7, "--days", 9, "--scale", 0.02, "--no-events", out="untouched")
    plain = untouched.database()
    until = "time < '2026-02-09'"
    for stream, facts in figures:
        words = facts.replace(":", "").split()
        assert number(words[0]) == database.execute(f'SELECT count(*) FROM "{stream}" WHERE {until}').fetchone()[0]
        alone = plain.execute(f'SELECT count(*) FROM "{stream}" WHERE {until}').fetchone()[0]
        assert abs(number(words[2]) - alone) <= max(5, 0.02 * alone), stream


@pytest.fixture(scope="module")
def short_report(tmp_path_factory):
    """A page with all of its parts and few streams: the check looks at every pair of element and rule."""
    folder = tmp_path_factory.mktemp("short")
    some = history.run(folder, *RUN, "--streams", "payment.*,booking.con*,booking.req*,support.ticket.cr*")
    history.call("report", some.path, folder=folder)
    return folder / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_it_passes_the_accessibility_check(browser, short_report, scheme, viewport):
    context = browser.new_context(viewport=viewport, color_scheme=scheme, offline=True)
    page = context.new_page()
    page.goto(short_report.as_uri())
    # What is folded counts, too.
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    results = Axe().run(page, options={"resultTypes": ["violations"]})
    context.close()
    assert len(results.response["passes"]) > 30
    assert results.violations_count == 0, results.generate_report()


def luminance(colour):
    """Relative luminance of `#rrggbb`, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_have_enough_contrast(browser, short_report, scheme):
    """The accessibility check does not look into drawings: text needs 4.5 to 1, lines and marks 3 to 1."""
    page = browser.new_page(color_scheme=scheme)
    page.goto(short_report.as_uri())

    def colour(name):
        return page.evaluate("name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()", f"--{name}")

    for ground in ("page", "card", "lane"):
        for name in ("text", "muted", "link"):
            assert contrast(colour(name), colour(ground)) >= 4.5, (name, ground)
    for name in ("count", "warning", "critical", "usual", "scenario", "event"):
        assert contrast(colour(name), colour("card")) >= 3, name
    # Each colour of a drawing is one that the scheme sets.
    drawn = page.evaluate(
        """() => [...new Set([...document.querySelectorAll('.chart *')]
            .flatMap(e => ['fill', 'stroke'].filter(a => (e.getAttribute(a) || 'none') !== 'none')
                .map(a => getComputedStyle(e)[a])))]"""
    )
    names = ("count", "warning", "critical", "usual", "scenario", "event", "muted", "rule")
    known = {tuple(int(colour(name)[place : place + 2], 16) for place in (1, 3, 5)) for name in names}
    assert {tuple(map(int, re.findall(r"\d+", value)[:3])) for value in drawn} <= known
    page.close()


@pytest.mark.parametrize("width", [320, 360])
def test_nothing_but_tables_and_the_graph_scrolls_sideways_on_a_phone(browser, report, width):
    context = browser.new_context(viewport={"width": width, "height": 780}, offline=True)
    page = context.new_page()
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = page.evaluate(
        """() => [...document.querySelectorAll('main *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5 && !e.closest('.scroll'))
            .map(e => e.outerHTML.slice(0, 80))"""
    )
    assert wide == []
    assert page.evaluate("[...document.querySelectorAll('.scroll')].every(e => e.tabIndex === 0)")
    context.close()


def test_the_same_run_gives_the_same_page(run, report, tmp_path):
    expected = report.read_bytes()
    assert history.call("report", run.path, "-o", "-", folder=tmp_path).encode() == expected
    for threads in (1, 2):
        again = history.run(tmp_path, *RUN, "--threads", threads, out=f"run{threads}")
        history.call("report", again.path, "-o", f"{threads}.html", folder=tmp_path)
        assert (tmp_path / f"{threads}.html").read_bytes() == expected


def test_a_window_can_be_chosen(run, browser, tmp_path):
    history.call("report", run.path, "--from", "2026-02-06T06:00:00Z", "--days", 2, folder=tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    assert [row[0] for row in rows(page, "s0-table")] == [
        "Fri 6 Feb 12:00", "Sat 7 Feb 00:00", "Sat 7 Feb 12:00", "Sun 8 Feb 00:00",
    ]
    page.close()
    for wrong in (("--from", "2026-03-01"), ("--days", 31), ("--days", 0), ("--from", "soon")):
        assert history.call("report", run.path, *wrong, "-o", "other.html", folder=tmp_path, expect=2) == ""
    assert not (tmp_path / "other.html").exists()


def test_a_model_of_ones_own_needs_its_folder_for_the_graph(browser, tmp_path):
    model = shutil.copytree(history.ROOT / "models/template", tmp_path / "shop")
    own = history.run(tmp_path, "--days", 3, model=model)
    history.call("report", own.path, "-o", "without.html", folder=tmp_path)
    history.call("report", own.path, "-o", "with.html", "--model", model, folder=tmp_path)
    without, complete = ((tmp_path / name).read_text() for name in ("without.html", "with.html"))
    assert "The graph is left out, because it needs the model" in without and "graph-table" not in without
    assert "graph-table" in complete
    history.call("report", own.path, "-o", "-", "--model", "tutoring", folder=tmp_path, expect=2)


def failing(*args, folder):
    done = subprocess.run([history.BINARY, "report", *map(str, args)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == "" and "panicked" not in done.stderr, done
    return done.stderr


def test_nothing_else_is_overwritten(run, tmp_path):
    page = tmp_path / "report.html"
    page.write_text("my own words")
    assert "--force" in failing(run.path, folder=tmp_path)
    assert page.read_text() == "my own words"
    history.call("report", run.path, "--force", folder=tmp_path)
    # An earlier report may be replaced.
    history.call("report", run.path, "--days", 1, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert "folder of the run" in failing(run.path, "-o", run.path / "report.html", folder=tmp_path)
    assert "no folder" in failing(run.path, "-o", "missing/report.html", folder=tmp_path)
    (tmp_path / "folder").mkdir()
    assert "is a folder" in failing(run.path, "-o", "folder", folder=tmp_path)


def test_runs_that_cannot_be_told_about_are_named(run, tmp_path):
    assert "no such folder" in failing("nowhere", folder=tmp_path)
    (tmp_path / "empty").mkdir()
    assert "manifest.json" in failing("empty", folder=tmp_path)
    damaged = shutil.copytree(run.path, tmp_path / "damaged")
    (damaged / "history.parquet").write_bytes(b"PAR1")
    assert "history.parquet" in failing("damaged", folder=tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_texts_are_shown_as_they_are(browser, tmp_path):
    """A title with markup in it stays a title."""
    title = 'Fish & <b>chips</b> "now" <script>document.title = 1</script>'
    (tmp_path / "own.yaml").write_text(f"events:\n  - {{template: blog-viral, at: day1T06:00, title: '{title}'}}\n")
    own = history.run(tmp_path, "--days", 1, "--scale", 0.01, "--no-events", "--events", "own.yaml")
    history.call("report", own.path, folder=tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    assert title in page.locator("#interventions-table").locator("xpath=..").inner_text()
    assert page.title().startswith("tutoring")
    page.close()
