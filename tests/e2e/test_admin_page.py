"""The page of `causeflow serve` in a real browser: it shows what goes on, it steers, and it comes back by itself. And the files
in the binary are those that their sources make."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import history
from browsers import DESKTOP, PHONE

PAGE = history.ROOT / "server/page"
BUILT = ("index.html", "app.js", "app.css")
STREAM = "support.ticket.created"
# A day and a half is there already, and the clock stands still: what is to be seen is stepped to.
JOURNAL = {
    "journal_version": 1,
    "spec": {"spec_version": 1, "model": "tutoring", "scale": 0.01},
    "live_from": "day2T12:00",
}

# Of the built-in ones, none is seen well in a hundredth of the traffic.
FLOOD = """
id: flood
name: Flood
description: Everybody writes to support.
duration: 1d
settling: {linear: 12h}
modifiers:
  - {on: support.ticket.created/rate, add: 3000/h}
events:
  - {template: support-hours-change, at: 0h, title: It rains}
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Served:
    """A server, which can be ended and started again at the same place."""

    def __init__(self, folder, *args, **tokens):
        self.folder, self.args, self.tokens = folder, args, tokens
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "journal.jsonl").write_text(json.dumps(JOURNAL) + "\n")
        self.start()

    def start(self):
        command = [
            history.BINARY, "serve", "tutoring", "--scale", "0.01", "--dir", "session", "--journal", "journal.jsonl",
            "--listen", f"127.0.0.1:{self.port}", "--quiet", *self.args,
        ]
        self.process = subprocess.Popen(command, cwd=self.folder, env={**os.environ, **self.tokens})
        for _ in range(400):
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                    return
            except OSError:
                assert self.process.poll() is None, "the server has ended"
                time.sleep(0.05)
        raise AssertionError("the server does not answer")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=10) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = Served(tmp_path_factory.mktemp("served"), "--paused", "--speed", "3600")
    yield server
    server.kill()


def is_wrong(message):
    """Whether a message of the console is about the page, and not about what a server refused or a line that is down."""
    network = "Failed to load resource" in message.text or "WebSocket connection" in message.text
    return message.type in ("error", "warning") and not network


def opened(browser, url, said, hash="", **context):
    context = browser.new_context(**{"viewport": DESKTOP, **context})
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda message: said.append(message.text) if is_wrong(message) else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{url}/admin{hash}")
    return page


@pytest.fixture
def page(browser, served):
    """The page, which must not have said anything wrong to the console."""
    said = []
    page = opened(browser, served.url, said)
    expect(page.locator("[data-status]")).to_be_visible()
    yield page
    page.context.close()
    assert said == []


def number(text):
    return float(text.replace(",", ""))


def status(page, word, timeout=10_000):
    expect(page.locator("[data-status]")).to_have_attribute("data-status", word, timeout=timeout)


def step(page, words):
    before = page.locator(".time time").get_attribute("datetime")
    page.get_by_role("button", name=f"+ {words}", exact=True).click()
    expect(page.locator(".time time")).not_to_have_attribute("datetime", before)


def test_a_scenario_rises_is_stopped_settles_and_is_taken_back(page, served, tmp_path):
    status(page, "baseline")
    epoch = served.get("state")["epoch"]
    (tmp_path / "flood.yaml").write_text(FLOOD)
    page.locator("input[type=file]").set_input_files(tmp_path / "flood.yaml")
    card = page.locator("[data-scenario=flood]")
    card.get_by_role("button", name="What Flood does").click()
    expect(card.get_by_role("table")).to_contain_text("support.ticket.created/rate")
    # With the keyboard alone.
    card.get_by_role("button", name="Activate Flood").focus()
    page.keyboard.press("Enter")
    status(page, "running")
    expect(page.get_by_role("status").first).to_contain_text("Flood")
    acting = page.locator("[data-intervention]")
    expect(acting).to_contain_text("1 d left")
    for name in ("flood", "payment-outage"):
        expect(page.locator(f"[data-scenario={name}]").get_by_role("button", name="Activate")).to_be_disabled()

    # What it changes has a chart of its own accord, which rises.
    for _ in range(2):
        step(page, "6 hours")
    expect(acting).to_contain_text("12 h left")
    chart = page.locator(f"[data-stream='{STREAM}']")
    expect(chart.locator(".canvas canvas")).to_be_visible()
    chart.get_by_text(f"Table of {STREAM}").click()
    expect(chart.locator("tbody tr").first).to_contain_text("Tue 3 Feb 23:00")
    expect(chart.locator("tbody tr").nth(1)).to_contain_text("critical")
    shown = [number(cell) for cell in chart.locator("tbody tr td:nth-child(2)").all_inner_texts()[1:9]]
    [points] = served.get(f"history?resolution=1h&from=-12h&streams={STREAM}")
    assert shown == [point["count"] for point in points["points"][-2::-1]][:8]
    count, untouched = (sum(point[side] or 0 for point in points["points"]) for side in ("count", "untouched"))
    assert count > 200 > 5 * untouched
    expect(page.locator("#anomalies-table")).to_contain_text(STREAM)
    expect(page.locator("#outside-table")).to_contain_text("It rains")
    expect(page.locator("#events-table")).to_contain_text(STREAM)

    # Stopped, it settles.
    page.get_by_role("button", name="Stop the scenario").click()
    status(page, "settling")
    step(page, "6 hours")
    expect(page.locator("[data-intervention] .strength").first).to_contain_text("50 %")
    step(page, "6 hours")
    status(page, "baseline")

    # It is taken back only by somebody who knows what is cleared.
    page.get_by_role("button", name="Reset to baseline…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 commands since the beginning")
    expect(dialog).to_contain_text("scenario: flood")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert served.get("state")["epoch"] == epoch
    page.get_by_role("button", name="Reset to baseline…").click()
    dialog.get_by_role("button", name="Reset to the baseline").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("header .bar")).not_to_contain_text(epoch)
    assert served.get("state")["resets"] == 1
    page.reload()
    status(page, "baseline")
    expect(page.locator("header .bar")).to_contain_text(served.get("state")["epoch"])


def test_the_clock_goes_and_stands_and_events_come_live(page, served):
    page.get_by_label("Events of which streams").select_option("*")
    shown = page.locator(".time time")
    before = shown.get_attribute("datetime")
    page.get_by_role("button", name="Resume").click()
    expect(shown).not_to_have_attribute("datetime", before)
    expect(page.locator("#events-table tbody tr").nth(20)).to_be_visible()
    page.get_by_role("button", name="600×", exact=True).click()
    expect(page.get_by_role("button", name="600×", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert served.get("clock")["paused"] and served.get("clock")["speed"] == "600"


def test_the_chain_of_an_event_leads_up_and_down(page, served):
    page.get_by_label("Events of which streams").select_option("customer.tutor.viewed")
    viewed = page.get_by_role("button", name=re.compile("^Chain of customer.tutor.viewed")).first
    # The world may step before the server has taken what is to be shown: then the next hours have some.
    for _ in range(4):
        step(page, "6 hours")
        with contextlib.suppress(AssertionError):
            expect(viewed).to_be_visible(timeout=5_000)
            break
    viewed.click()
    dialog = page.get_by_role("dialog")
    here = dialog.locator(".node.here")
    expect(here).to_contain_text("customer.tutor.viewed")
    expect(dialog.locator(".row-data")).to_contain_text("event_id")
    # Its cause is a search, whose chain has the view below it.
    dialog.get_by_role("button", name="customer.tutor.search").first.click()
    expect(here).to_contain_text("customer.tutor.search")
    expect(dialog.get_by_role("button", name="customer.tutor.viewed").first).to_be_visible()


def test_an_event_is_put_in_and_a_parameter_changed_after_a_preview(browser, served):
    said = []
    page = opened(browser, served.url, said, "#change")
    inject = page.locator("section", has=page.get_by_role("heading", name="Put an external event in"))
    inject.get_by_label("Template", exact=True).select_option("blog-viral")
    inject.get_by_role("button", name="Preview").click()
    expect(inject.get_by_role("table")).to_contain_text("customer.account.registered/volume")
    inject.get_by_role("button", name="Put it in").click()
    expect(page.get_by_role("status").first).to_contain_text("put in")

    modify = page.locator("section", has=page.get_by_role("heading", name="Change a parameter"))
    modify.get_by_label("Parameter", exact=True).fill("customer.tutor.serch/rate")
    modify.get_by_role("button", name="Preview").click()
    expect(modify.get_by_role("alert")).to_contain_text("customer.tutor.search")
    modify.get_by_label("Parameter", exact=True).fill("customer.tutor.search/rate")
    modify.get_by_label("Amount", exact=True).fill("3")
    modify.get_by_role("button", name="Preview").click()
    expect(modify.get_by_role("table")).to_contain_text("× 3")
    modify.get_by_role("button", name="Apply").click()
    changed = page.locator("[data-intervention]").filter(has_text="customer.tutor.search/rate")
    expect(changed).to_be_visible()
    changed.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status").first).to_contain_text("Stopped")
    expect(changed.get_by_role("button", name="Stop")).to_have_count(0)

    inject.get_by_label("of my own").check()
    inject.get_by_label("Title", exact=True).fill("Fire in the server room")
    inject.get_by_label("Streams that people").fill("customer.tutor.search")
    inject.get_by_label("What it changes").fill("customer.tutor.search/rate multiply 0.1")
    inject.get_by_role("button", name="Put it in").click()
    page.goto(f"{served.url}/admin#live")
    expect(page.locator("#outside-table")).to_contain_text("Fire in the server room")
    assert said == []
    page.context.close()


def test_scenarios_are_saved_and_loaded_as_files(page, served, tmp_path):
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the file of Payment gateway outage").click()
    file = tmp_path / "own.yaml"
    download.value.save_as(file)
    assert file.read_bytes() == (history.ROOT / "scenarios/tutoring/payment-outage.yaml").read_bytes()
    file.write_text(file.read_text().replace("id: payment-outage", "id: my-outage").replace("Payment gateway outage", "My outage"))
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator("[data-scenario=my-outage]")).to_contain_text("My outage")
    file.write_text("id: broken\n")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("alert")).to_be_visible()


def test_what_acts_is_saved_as_a_scenario(page, served, tmp_path):
    def post(path, **body):
        asked = urllib.request.Request(f"{served.url}/api/v1/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)

    save = page.get_by_role("button", name="Save what acts…")
    try:
        # Others have left something behind.
        post("commands", command="reset")
        post("commands", command="scenario", scenario="supply-crisis")
        post("modifiers", on="customer.tutor.search/rate", multiply=3, duration="2h", settling={"linear": "1h"})
        post("commands", command="inject", template="internet-outage")
        expect(page.locator("[data-intervention]")).to_have_count(3)
        # What is in force, also what comes by itself.
        titles = [event["title"] for event in served.get("state")["external_events"]]
        expect(page.locator("#in-force-table tbody tr")).to_have_count(len(titles))
        for title in titles:
            expect(page.locator("#in-force-table")).to_contain_text(title)
        # A change that the scenario overrides is warned of before and after.
        page.goto(f"{served.url}/admin#change")
        modify = page.locator("section", has=page.get_by_role("heading", name="Change a parameter"))
        modify.get_by_label("Parameter", exact=True).fill("tutor.availability.updated/closes")
        modify.get_by_label("How", exact=True).select_option("override")
        modify.get_by_label("Amount", exact=True).fill("0.2")
        modify.get_by_role("button", name="Preview").click()
        expect(modify.locator(".conflict")).to_contain_text("both override `tutor.availability.updated/closes`")
        check(page)
        modify.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("status").first).to_contain_text("Conflict: ")
        expect(page.locator("[data-intervention] .conflict")).to_have_count(2)
        page.goto(f"{served.url}/admin#live")
        with page.expect_download() as download:
            save.click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Its name").fill("Busy day, 2")
            dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        card = page.locator("[data-scenario=busy-day-2]")
        expect(card).to_contain_text("Busy day, 2")
        file = tmp_path / "busy.json"
        download.value.save_as(file)
        saved = json.loads(file.read_text())
        assert saved["extends"] == "supply-crisis" and [one["on"] for one in saved["modifiers"]] == [
            "customer.tutor.search/rate", "tutor.availability.updated/closes"]
        assert saved["modifiers"][0]["multiply"] == 3 and saved["modifiers"][0]["settling"] == {"linear": "1h"}
        assert saved["events"] == [{"template": "internet-outage", "at": "0h", "impact": "own"}]
        file.write_text(file.read_text().replace("busy-day-2", "loaded").replace("Busy day, 2", "Loaded"))
        page.locator("input[type=file]").set_input_files(file)
        card = page.locator("[data-scenario=loaded]")
        # One is active at a time.
        post("commands", command="reset")
        card.get_by_role("button", name="What Loaded does").click()
        expect(card.get_by_role("table").first).to_contain_text("customer.tutor.search/rate")
    finally:
        post("commands", command="reset")
    expect(save).to_be_disabled()


def test_the_choice_of_streams_is_kept(page):
    stream = "tutor.payout.processed"
    page.get_by_text(re.compile(r"^Choose streams")).click()
    page.get_by_label(stream, exact=True).check()
    expect(page.locator(f"[data-stream='{stream}']")).to_be_visible()
    page.reload()
    expect(page.locator(f"[data-stream='{stream}']")).to_be_visible()
    expect(page.locator(".legend")).to_contain_text("1σ")
    reset = page.get_by_role("button", name="Reset to baseline…")
    assert reset.evaluate("of => getComputedStyle(of).backgroundColor") == page.evaluate(
        "() => { const of = document.createElement('i'); of.style.color = 'var(--danger)'; document.body.append(of);"
        " return getComputedStyle(of).color; }")


def test_the_inspector_shows_what_is_there(browser, served):
    said = []
    page = opened(browser, served.url, said, "#inspect")
    page.get_by_role("button", name=STREAM, exact=True).click()
    section = page.locator("section", has=page.get_by_role("heading", name=STREAM)).first
    expect(section.locator(".canvas canvas")).to_be_visible()
    section.get_by_label("From", exact=True).fill("day2")
    section.get_by_label("To", exact=True).fill("day2T06:00")
    section.get_by_role("button", name="Show").click()
    section.get_by_text(f"Table of {STREAM}").click()
    expect(section.locator("tbody tr")).to_have_count(6)
    section.get_by_role("button", name="Columns").click()
    expect(section.get_by_role("table")).to_contain_text("ticket_id")
    section.get_by_role("button", name="Rows").click()
    expect(section.get_by_role("table")).to_contain_text("cause_id")
    section.get_by_role("button", name="Statistics").click()
    expect(section.get_by_role("table")).to_contain_text("weekday")
    assert said == []
    page.context.close()


def test_entities_and_relations_are_looked_through_with_the_keyboard(browser, served):
    said = []
    page = opened(browser, served.url, said, "#inspect")
    entities = page.locator("section", has=page.get_by_role("heading", name="Entities"))
    tutors = entities.get_by_role("button", name=re.compile("^tutor "))
    tutors.focus()
    page.keyboard.press("Enter")
    expect(tutors).to_have_attribute("aria-pressed", "true")
    rows = entities.locator("tbody tr")
    first = rows.first.inner_text()
    entities.get_by_role("button", name="Next").press("Enter")
    expect(rows.first).not_to_have_text(first)
    entities.get_by_role("button", name="The first").press("Enter")
    entities.get_by_label("State of tutor").select_option("active")
    active = served.get("entities/tutor?state=active&limit=50")
    expect(entities.get_by_role("table")).to_contain_text(f"{active['count']:,} rows")
    ids = [row["tutor_id"] for row in active["rows"]]
    busy = next(id for id in ids if served.get(f"entities/tutor/{id}?within=7d")["count"])
    opener = entities.get_by_role("button", name=busy)
    opener.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("active")
    dialog.get_by_label("How far back its events").select_option("7d")
    expect(dialog.get_by_role("table")).to_contain_text(".")
    check(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    opener.press("Enter")
    dialog.get_by_label("How far back its events").select_option("7d")
    dialog.get_by_role("button", name=re.compile("^Chain of ")).first.press("Enter")
    expect(dialog.locator(".node.here")).to_be_visible(timeout=20_000)
    page.keyboard.press("Escape")

    relations = page.locator("section", has=page.get_by_role("heading", name="Relations"))
    relations.get_by_role("button", name="Measure").press("Enter")
    row = relations.get_by_role("row").filter(has_text="customer.tutor.search").first
    expect(row).to_contain_text("%")
    page.get_by_role("button", name="payment.success", exact=True).click()
    section = page.locator("section", has=page.get_by_role("heading", name="payment.success")).first
    section.get_by_role("button", name="Relations").click()
    expect(section.get_by_role("table")).to_contain_text("booking.confirmed")
    check(page)
    assert said == []
    page.context.close()


def test_a_version_of_the_past_is_listed_opened_and_given_up(browser, served):
    said = []
    page = opened(browser, served.url, said, "#inspect")
    panel = page.locator("section", has=page.get_by_role("heading", name="Versions", exact=True))
    expect(panel).to_contain_text("None.")
    body = json.dumps({"command": "scenario", "scenario": "payment-outage", "at": "day1T06:00", "duration": "2h"}).encode()
    asked = urllib.request.Request(f"{served.url}/api/v1/commands", body, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        name = json.load(answer)["version"]["name"]
    # Nobody has asked the page to look again.
    row = panel.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("payment-outage", timeout=20_000)
    expect(row).to_contain_text("made", timeout=30_000)
    outcome = served.get(f"versions/{name}")["outcome"]
    assert outcome["removed"] + outcome["added"] + outcome["moved"] + outcome["changed"] > 0
    row.get_by_role("button", name=name, exact=True).press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("table")).to_contain_text("payment.")
    check(page)
    page.keyboard.press("Escape")
    row.get_by_role("button", name=f"Give up the version {name}").press("Enter")
    expect(panel).to_contain_text("None.")
    assert served.get("versions") == [] and said == []
    page.context.close()


def test_who_looks_on_is_shown(page, served):
    table = page.locator("#clients-table")
    expect(table.locator("tbody tr").filter(has_text="WebSocket").first).to_contain_text("booking.confirmed")
    listening = urllib.request.urlopen(f"{served.url}/api/v1/events/stream?topics=payment.*&policy=skip", timeout=10)
    expect(table).to_contain_text("server-sent events", timeout=10_000)
    expect(table).to_contain_text("payment.failure")
    expect(page.locator("header .bar")).to_contain_text(re.compile(r"\d \+ 1"))
    listening.close()
    expect(table).not_to_contain_text("server-sent events", timeout=20_000)


def test_a_lost_connection_is_told_and_comes_back_where_it_was(page, served):
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    before = served.get("state")
    served.kill()
    expect(page.get_by_text("Connection lost")).to_be_visible()
    expect(page.get_by_role("status").first).to_contain_text("lost")
    served.start()
    expect(page.get_by_text("Connected", exact=True)).to_be_visible(timeout=20_000)
    expect(page.get_by_role("status").first).to_contain_text("nothing was missed")
    after = served.get("state")
    assert (after["epoch"], after["time"]) == (before["epoch"], before["time"])
    step(page, "1 hour")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_it_passes_the_accessibility_check(browser, served, scheme, viewport):
    said = []
    page = opened(browser, served.url, said, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    # The check looks at every pair of element and rule: half a day has all that there can be.
    page.get_by_label("How far back").select_option("12")
    expect(page.locator(".canvas canvas").first).to_be_visible()
    for hash in ("#live", "#change", "#inspect"):
        page.goto(f"{served.url}/admin{hash}")
        expect(page.locator("main section").first).to_be_visible()
        page.wait_for_timeout(300)
        page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        page.wait_for_timeout(100)
        check(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], hash
    page.goto(f"{served.url}/admin#live")
    page.get_by_role("button", name="Reset to baseline…").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check(page)
    assert said == []
    page.context.close()


def check(page):
    results = Axe().run(page, options={"resultTypes": ["violations"]})
    assert len(results.response["passes"]) > 15
    assert results.violations_count == 0, results.generate_report()


def test_a_token_is_asked_for_and_never_in_an_address(browser, tmp_path):
    server = Served(tmp_path, "--paused", CAUSEFLOW_READ_TOKEN="look", CAUSEFLOW_STEER_TOKEN="steer-it")
    try:
        said = []
        page = opened(browser, server.url, said)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Token").fill("look")
        dialog.get_by_role("button", name="Use it").click()
        status(page, "baseline")
        expect(page.get_by_text("Connected", exact=True)).to_be_visible()
        # It may look and not steer.
        page.get_by_role("button", name="+ 1 hour", exact=True).click()
        expect(dialog).to_contain_text("does not allow that")
        dialog.get_by_label("Token").fill("steer-it")
        dialog.get_by_role("button", name="Use it").click()
        expect(page.get_by_role("status").first).to_contain_text("1 hour")
        page.reload()
        status(page, "baseline")
        assert asked and not any("look" in url or "steer-it" in url for url in asked)
        page.context.close()
    finally:
        server.kill()


def test_it_is_small_and_needs_nothing_from_elsewhere(served):
    total = 0
    for name, path in zip(BUILT, ("/admin", "/admin/app.js", "/admin/app.css")):
        with urllib.request.urlopen(served.url + path, timeout=10) as answer:
            body = answer.read()
            assert "'unsafe" not in answer.headers["content-security-policy"]
        assert body == (PAGE / name).read_bytes()
        addresses = set(re.findall(rb"https?://[^\s\"'`)]+", body))
        assert all(b"www.w3.org" in address for address in addresses), addresses
        total += len(body)
    assert total < 150_000


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_the_files_are_what_their_sources_make(tmp_path):
    copy = shutil.copytree(PAGE, tmp_path / "page", ignore=shutil.ignore_patterns("node_modules"))
    for command in (["npm", "ci", "--no-audit", "--no-fund"], ["npm", "run", "build"]):
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    for name in BUILT:
        digests = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for folder in (PAGE, copy)]
        assert digests[0] == digests[1], f"{name} is not what its sources make: run `npm ci && npm run build` in server/page"
