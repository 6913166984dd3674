"""Events that change entities of other cells: readers that nobody here wrote hold each balance and each stock against what moved it,
with and without a scenario, and with any number of threads."""

import shutil

import pytest

import history
from test_truth import Truth

SCENARIO = """id: rush
name: Rush
description: More than usual for two days
duration: 2d
settling: immediate
modifiers:
"""


def twins(folder, name, days, modifiers):
    """A model with a scenario of its own, played with it and without; what differs is what two runs differ in, on any number of threads."""
    model = folder / name
    shutil.copytree(history.ROOT / "examples/models" / name, model)
    (model / "scenarios").mkdir()
    lines = (f"  - {{on: {parameter}, multiply: {by}}}\n" for parameter, by in modifiers.items())
    (model / "scenarios/rush.yaml").write_text(SCENARIO + "".join(lines))
    truth = Truth(folder, ("--days", days), model=model)
    rush = truth.play("rush", "--scenario", "rush@day3T09:00", "--counterfactual", "--threads", 1)
    plain = truth.play("plain")
    again = history.run(folder, "--days", days, "--scenario", "rush@day3T09:00", "--threads", 2, model=model, out="again")
    assert again.manifest["fingerprint"] == rush.manifest["fingerprint"]
    history.call("verify", rush.path, "--model", model, folder=folder)
    [cause] = truth.causes("rush")
    assert truth.effects("rush", cause) == truth.hours("rush", "plain")
    truth.check_attribution("rush", "plain")
    ways = truth.check_counterfactual("rush", "plain")
    return rush, plain, ways


@pytest.fixture(scope="module")
def transfers(tmp_path_factory):
    # What would come sooner than the next window comes with it.
    modifiers = {"transfer.ordered/rate": 3, "transfer.decided/delay": 0.01}
    return twins(tmp_path_factory.mktemp("transfers"), "transfers", 8, modifiers)


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    return twins(tmp_path_factory.mktemp("stock"), "stock", 12, {"order.placed/rate": 4})


def test_money_is_where_it_went(transfers):
    run, _, ways = transfers
    database = run.database()
    ask = lambda query: database.sql(query).fetchall()
    assert ways
    # From one of an account's balances that are told to the next, it moves by what it ordered, got, and got back.
    wrong = """WITH moves AS (
        SELECT payer_id AS account, time, -amount_eur AS eur FROM "transfer.ordered" WHERE covered
        UNION ALL SELECT payer_id, time, amount_eur FROM "transfer.decided" WHERE NOT granted
        UNION ALL SELECT payee_id, time, amount_eur FROM "transfer.received" WHERE accepted
        UNION ALL SELECT payer_id, time, amount_eur FROM "transfer.returned"),
      told AS (SELECT payer_id AS account, time, balance_eur FROM "transfer.returned"),
      steps AS (SELECT account, time, balance_eur, lag(time) OVER w AS before, lag(balance_eur) OVER w AS had
        FROM told WINDOW w AS (PARTITION BY account ORDER BY time))
      SELECT count(*), count(*) FILTER (WHERE balance_eur - had !=
        (SELECT sum(eur) FROM moves WHERE moves.account = steps.account AND moves.time > before AND moves.time <= steps.time))
      FROM steps WHERE had IS NOT NULL"""
    [(steps, unequal)] = ask(wrong)
    assert steps > 100 and unequal == 0
    [(balances, negative)] = ask("SELECT count(*), count(*) FILTER (WHERE balance_eur < 0) FROM account")
    assert balances == 400 and negative == 0
    # Nothing comes back from another cell within the window in which it was sent, a quarter of an hour.
    [(soon,)] = ask("""SELECT count(*) FROM "transfer.returned" back JOIN "transfer.received" sent ON back.cause_id = sent.event_id
        WHERE time_bucket(INTERVAL 15 MINUTE, back.time) = time_bucket(INTERVAL 15 MINUTE, sent.time)""")
    assert soon == 0
    [(far, there)] = ask("""SELECT count(*) FILTER (WHERE sent.cell != got.cell), count(*)
        FROM "transfer.received" got JOIN "transfer.ordered" sent USING (transfer_id)""")
    assert 0.7 < far / there < 0.8


def test_stock_is_never_negative_and_adds_up(stock):
    run, plain, _ = stock
    for one in (run, plain):
        database = one.database()
        ask = lambda query: database.sql(query).fetchall()
        [(least, cells, homes)] = ask('SELECT min("left"), count(DISTINCT cell), count(DISTINCT (product_id, cell)) FROM "stock.asked"')
        assert (least >= 0, cells, homes) == (True, 4, 10)
        [(products, listed)] = ask("SELECT count(*), count(DISTINCT product_id) FROM product")
        assert (products, listed) == (10, 10)
        wrong = """WITH last AS (SELECT product_id, max_by("left", time) AS had, max(time) AS seen FROM "stock.asked" GROUP BY product_id),
            came AS (SELECT product_id, time, pieces FROM "stock.refilled" UNION ALL SELECT product_id, time, pieces FROM "order.returned")
            SELECT count(*) FROM last JOIN product USING (product_id) WHERE on_hand != had + (SELECT coalesce(sum(pieces), 0)
              FROM came WHERE came.product_id = last.product_id AND came.time > seen)"""
        assert ask(wrong) == [(0,)]
    short = lambda one: one.database().sql('SELECT count(*) FROM "stock.asked" WHERE NOT is_taken').fetchall()[0][0]
    assert short(run) > 2 * short(plain), "a rush leaves less for everybody"
