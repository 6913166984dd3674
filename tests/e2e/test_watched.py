"""What held when, and levels that are crossed, in files: for readers that nobody here wrote, and held by `verify` against what was changed afterwards."""

import json
import shutil

import pandas as pd
import pyarrow as pa
import pytest

import corrupt
import history

MODEL = history.ROOT / "examples/models/price_list"
MACHINES = history.ROOT / "examples/models/machines"
HELD = """CREATE VIEW held_{kind} AS SELECT {kind}_id, {value}, state, valid_from, valid_to, began_id, cause_id FROM "{kind}.history"
    UNION ALL BY NAME SELECT {kind}_id, {value}, state, valid_from, began_id FROM {kind}"""
SCENARIO = """
id: dearer
name: Dearer
description: Prices are looked at more often and rise, and customers are paused.
duration: 5d
modifiers:
  - {on: price.changed/price_eur, multiply: 1.1}
  - {on: price.reviewed/rate, multiply: 2}
  - {on: customer.paused/rate, multiply: 3}
"""


def opened(run):
    database = run.database()
    for kind, value in [("product", "price_eur"), ("customer", "plan")]:
        database.execute(HELD.format(kind=kind, value=value))
    return database


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return history.run(tmp_path_factory.mktemp("watched"), "--days", 21, model=MODEL)


@pytest.fixture(scope="module")
def database(run):
    return opened(run)


def ask(database, query):
    return database.sql(query).fetchall()


def check_spans(database, kind, value):
    """The spans of each entity follow one another, each with something else, one of them without an end; how many there are."""
    [(rows, gaps, same, open_ends, entities)] = ask(database, f"""SELECT count(*), count(*) FILTER (valid_to IS DISTINCT FROM next_from), count(*) FILTER (next_value = {value} AND next_state = state),
        count(*) FILTER (valid_to IS NULL), count(DISTINCT {kind}_id)
        FROM (SELECT *, lead(valid_from) OVER w AS next_from, lead({value}) OVER w AS next_value, lead(state) OVER w AS next_state FROM held_{kind}
            WINDOW w AS (PARTITION BY {kind}_id ORDER BY valid_from, valid_to NULLS LAST))""")
    assert (gaps, same, open_ends) == (0, 0, entities)
    return rows, entities


def test_spans_have_neither_gaps_nor_overlaps(database):
    rows, products = check_spans(database, "product", "price_eur")
    assert products == 60 and rows > 8 * products
    rows, customers = check_spans(database, "customer", "plan")
    assert customers > 550 and rows > customers + 500


def test_any_row_finds_the_price_of_its_time(database):
    [(orders, found, right, offered)] = ask(database, """SELECT count(*), count(p.product_id), count(*) FILTER (p.price_eur = o.price_eur AND (p.state = 'offered') = o.is_offered), count(*) FILTER (o.is_offered)
        FROM "order.priced" o LEFT JOIN held_product p ON p.product_id = o.product_id AND p.valid_from <= o.time AND (o.time < p.valid_to OR p.valid_to IS NULL)""")
    assert orders > 9000 and (found, right) == (orders, orders) and 0 < offered < orders
    [(asof,)] = ask(database, """SELECT count(*) FROM "order.priced" o ASOF JOIN held_product p ON p.product_id = o.product_id AND o.time >= p.valid_from WHERE p.price_eur = o.price_eur""")
    assert asof == orders


def test_pandas_finds_it_too(database):
    orders = database.sql('SELECT order_id, product_id, time, price_eur::DOUBLE AS price FROM "order.priced" ORDER BY time').df()
    held = database.sql("SELECT product_id, valid_from, price_eur::DOUBLE AS held FROM held_product ORDER BY valid_from").df()
    found = pd.merge_asof(orders, held, left_on="time", right_on="valid_from", by="product_id")
    assert len(found) == len(orders) > 9000 and (found.price == found.held).all()


def test_each_span_names_the_events_that_began_and_ended_it(database):
    # The next one began with the event that ended this; a price that was set is that of the event.
    [(pairs, handed, priced)] = ask(database, """SELECT count(*), count(*) FILTER (b.began_id = a.cause_id), count(*) FILTER (c.price_eur IS NULL OR c.price_eur = b.price_eur)
        FROM held_product a JOIN held_product b ON a.product_id = b.product_id AND a.valid_to = b.valid_from LEFT JOIN "price.changed" c ON c.event_id = b.began_id""")
    assert pairs > 400 and (handed, priced) == (pairs, pairs)
    # Each change has its row, and what leaves it as it was has none.
    [(changes, told, kept)] = ask(database, """WITH set AS (SELECT c.event_id, h.event_id IS NOT NULL AS is_told, p.price_eur = c.price_eur AS is_same FROM "price.changed" c LEFT JOIN "product.history" h ON h.cause_id = c.event_id
            JOIN held_product p ON p.product_id = c.product_id AND p.valid_from < c.time AND (c.time <= p.valid_to OR p.valid_to IS NULL))
        SELECT count(*), count(*) FILTER (is_told AND NOT is_same), count(*) FILTER (NOT is_told AND is_same) FROM set""")
    assert told > 300 and kept > 100 and told + kept == changes
    # Who joins is as the event left it that brought it.
    [(joined, right)] = ask(database, """SELECT count(*), count(*) FILTER (h.began_id = j.event_id AND (NOT j.is_invited OR h.plan = 'plus')) FROM "customer.joined" j JOIN held_customer h ON h.customer_id = j.customer_id AND h.valid_from = j.time""")
    [(all_joined,)] = ask(database, 'SELECT count(*) FROM "customer.joined"')
    assert joined == right == all_joined > 150


def told_of(run, folder, name, row, change):
    """What `verify` tells of a history of which one value has been changed."""
    copy = corrupt.Corrupted(run.path, folder)
    table = copy.read("product.history")
    place = table.column_names.index(name)
    column, field = table.column(place).to_pylist(), table.field(place)
    column[row] = change(column[row])
    copy.write("product.history", table.set_column(place, field, pa.array(column, field.type)))
    told = json.loads(history.call("verify", copy.path, "--model", MODEL, "--json", folder=folder.parent, expect=1))
    [found] = [group for group in told["findings"] if group["check"] == "history"]
    assert all(one["table"] == "product.history" for one in found["first"])
    return found


def test_verify_holds_histories_against_themselves(run, tmp_path):
    history.call("verify", run.path, "--model", MODEL, folder=tmp_path)
    second = pd.Timedelta(seconds=1)
    rows = corrupt.Corrupted(run.path, tmp_path / "look").read("product.history").to_pylist()
    ended = {(row["product_id"], row["valid_to"]): row for row in rows}
    follows = [(at, ended.get((row["product_id"], row["valid_from"]))) for at, row in enumerate(rows)]
    # One that follows another with the same state: with the price of that one, too, nothing has changed.
    at, before = next((at, before) for at, before in follows if before and before["state"] == rows[at]["state"])
    gap = told_of(run, tmp_path / "gap", "valid_from", at, lambda time: time + second)
    assert gap["number"] == 1 and gap["first"][0]["expected"].endswith("until when the one before held")
    assert told_of(run, tmp_path / "end", "valid_to", at, lambda time: time - second)["number"] >= 1
    same = told_of(run, tmp_path / "same", "price_eur", at, lambda _: before["price_eur"])
    assert same["first"][0]["expected"] == "a change"


def test_a_scenario_moves_it_and_its_twin_agrees(tmp_path):
    run, version = history.bent(tmp_path, MODEL, SCENARIO)
    database = opened(run)
    check_spans(database, "product", "price_eur")
    check_spans(database, "customer", "plan")
    [(rows, attributed)] = ask(database, 'SELECT count(*), count(attribution) FROM "product.history"')
    assert 100 < attributed < rows
    # Put into the past of a run without it, from a snapshot, it is the same.
    version = version.database()
    for stream in ["product.history", "customer.history"]:
        window = f"""SELECT * FROM "{stream}" WHERE time >= TIMESTAMPTZ '2026-02-04' AND time < TIMESTAMPTZ '2026-02-09' ORDER BY event_id"""
        assert len(ask(version, window)) > 50 and ask(version, window) == ask(database, window)


def test_scenarios_do_not_aim_at_a_history(tmp_path):
    model = shutil.copytree(MODEL, tmp_path / "model")
    (model / "scenarios").mkdir()
    (model / "scenarios/dearer.yaml").write_text(SCENARIO.replace("price.changed/price_eur", "product.history/probability"))
    history.call("check", MODEL, folder=tmp_path)
    refused = history.subprocess.run([history.BINARY, "check", model], capture_output=True, text=True, cwd=tmp_path)
    assert refused.returncode == 2 and "`product.history` is a history" in refused.stderr
    assert "aim at what makes the changes: price.changed, product.returned, product.withdrawn" in refused.stderr


def test_a_level_is_crossed_once_until_it_has_been_below(tmp_path):
    run = history.run(tmp_path, "--days", 28, model=MACHINES)
    history.call("verify", run.path, "--model", MACHINES, folder=tmp_path)
    database = run.database()
    # Between two crossings of a machine its wear has been below 60, and it comes with the first use above 80.
    [(crossings, again)] = ask(database, """SELECT count(*), count(*) FILTER (before IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "machine.used" u WHERE u.machine_id = w.machine_id AND u.time > before AND u.time < w.time AND u.wear < 65)) FROM
        (SELECT machine_id, time, lag(time) OVER (PARTITION BY machine_id ORDER BY time) AS before FROM "machine.worn") w""")
    assert crossings > 150 and again == 0
    [(crossings, above, of_use)] = ask(database, """SELECT count(*), count(*) FILTER (w.wear > 80), count(u.event_id) FROM "machine.worn" w LEFT JOIN "machine.used" u ON u.event_id = w.cause_id AND u.time = w.time""")
    assert crossings == above == of_use
    # Failures are as likely as the logistic says.
    [(expected, failed)] = ask(database, """SELECT sum(1 / (1 + exp(-(wear - 110) / 6))), (SELECT count(*) FROM "machine.failed") FROM "machine.used" """)
    assert failed > 100 and abs(failed - expected) < 4 * expected**0.5
    # The business is told of once each way, in turn.
    turns = ask(database, """SELECT stream FROM (SELECT time, 'busy' AS stream FROM "workshop.busy" UNION ALL SELECT time, 'calm' FROM "workshop.calm") ORDER BY time""")
    turns = [turn for (turn,) in turns]
    assert len(turns) > 3 and all(turn == ["busy", "calm"][i % 2] for i, turn in enumerate(turns))


def test_it_is_told():
    told = history.call("explain", MODEL, "product.history", folder=history.ROOT)
    assert "At once after each event that changes what is tracked of a product, if it does: price.changed, product.returned, product.withdrawn" in told
    told = history.call("explain", MACHINES, "machine.worn", folder=history.ROOT)
    assert "At once when `wear > 80` comes to hold of a machine, and not again until `wear < 60` has held" in told
    assert '|"changes"|' in history.call("graph", MODEL, folder=history.ROOT)
    shown = history.call_json("explain", MACHINES, "machine.worn", folder=history.ROOT)
    assert shown["crossing"]["when"] == "wear > 80" and len(shown["causes"]) == 3
    assert history.call_json("explain", MODEL, "product.history", folder=history.ROOT)["tracks"] == "product"
