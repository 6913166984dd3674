"""Documents with lines in files: in every format the lines of an order are there, numbered, and come to what the order says, to the cent."""

import csv
import json
import shutil
from collections import defaultdict
from decimal import Decimal

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

import corrupt
import history

MODEL = history.ROOT / "examples/models/orders"
FORMATS = ["parquet", "arrow", "csv", "jsonl"]
SCENARIO = """
id: sale
name: Sale
description: All prices are halved, and orders have more lines.
duration: 2d
modifiers:
  - {on: order.line/price_eur, multiply: 0.5}
  - {on: order.line/count, add: 1}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    return {name: history.run(folder, "--days", 12, "--format", name, model=MODEL, out=name) for name in FORMATS}


def rows(path):
    match path.suffix:
        case ".parquet":
            return pq.read_table(path, partitioning=None).to_pylist()
        case ".arrow":
            return pa.ipc.open_file(path).read_all().to_pylist()
        case ".csv":
            with open(path, newline="") as file:
                return list(csv.DictReader(file))
        case ".jsonl":
            return [json.loads(line, parse_float=Decimal) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("name", FORMATS)
def test_an_order_is_what_its_lines_come_to(runs, name):
    assert runs[name].manifest["fingerprint"] == runs["parquet"].manifest["fingerprint"]
    lines = defaultdict(list)
    for line in rows(runs[name].parts("order.line")[0]):
        lines[str(line["cause_id"])].append(line)
    orders = rows(runs[name].parts("order.placed")[0])
    assert len(orders) > 3000
    for order in orders:
        own = lines.pop(str(order["event_id"]))
        assert sorted(int(line["line"]) for line in own) == list(range(1, int(order["lines"]) + 1))
        assert sum(Decimal(str(line["amount_eur"])) for line in own) == Decimal(str(order["net_eur"]))
        assert max(Decimal(str(line["amount_eur"])) for line in own) == Decimal(str(order["dearest_eur"]))
        assert sum(int(line["quantity"]) for line in own) == int(order["pieces"])
        assert {line["time"] for line in own} == {order["time"]}
        assert {str(line["root_id"]) for line in own} == {str(order["root_id"])}
        assert {str(line["order_id"]) for line in own} == {str(order["order_id"])}
    assert not lines


@pytest.mark.parametrize("name", FORMATS)
def test_verify_finds_nothing_wrong(runs, name):
    history.call("verify", runs[name].path, "--model", MODEL, folder=runs[name].path.parent)


def test_what_happens_to_lines_adds_up_in_sql(runs):
    ask = lambda query: runs["parquet"].database().sql(query).fetchall()
    [(returned, wrong)] = ask("""SELECT count(*), sum(r.order_id != l.order_id OR r.line != l.line OR r.quantity > l.quantity
        OR r.refund_eur > l.amount_eur OR (r.quantity = l.quantity AND r.refund_eur != l.amount_eur)) FROM "line.returned" r
        JOIN "line.shipped" s ON r.cause_id = s.event_id JOIN "order.line" l ON s.cause_id = l.event_id""")
    assert returned > 100 and wrong == 0
    # What is there comes in one parcel, at one time for all lines of the order.
    [(parcels,)] = ask('SELECT max(n) FROM (SELECT count(DISTINCT time) n FROM "line.shipped" WHERE is_first GROUP BY order_id)')
    assert parcels == 1


def test_lines_are_told_as_lines():
    told = history.call("explain", MODEL, "order.line", folder=history.ROOT)
    assert "The lines of order.placed (about 299 a day): `items` of them, with it" in told
    assert "|\"lines, items x, 0s\"|" in history.call("graph", MODEL, folder=history.ROOT)
    schema = json.loads(history.call("schema", "model", folder=history.ROOT))
    assert "lines" in schema["$defs"]["StreamDef"]["properties"] and "document" not in schema["$defs"]["StreamDef"]["properties"]


def found(copy):
    """What verify finds, by check."""
    command = ["verify", copy.path, "--model", MODEL, "--json"]
    told = json.loads(history.call(*command, folder=copy.path.parent, expect=1))
    return {group["check"]: group for group in told["findings"]}


def changed(table, row, **values):
    for name, value in values.items():
        at = table.column_names.index(name)
        column = table.column(at).to_pylist()
        column[row] = value(column[row])
        table = table.set_column(at, table.field(at), pa.array(column, table.field(at).type))
    return table


@pytest.mark.parametrize("stream, column, value", [
    ("order.line", "amount_eur", lambda eur: eur + Decimal("0.01")),
    ("order.line", "quantity", lambda pieces: pieces + 1),
    ("order.placed", "net_eur", lambda eur: eur - Decimal("0.01")),
    ("order.placed", "lines", lambda lines: lines + 1),
    ("order.line", "line", lambda line: line + 1),
])
def test_a_line_or_a_sum_that_was_changed_is_found(runs, tmp_path, stream, column, value):
    copy = corrupt.Corrupted(runs["parquet"].path, tmp_path / "copy")
    copy.write(stream, changed(copy.read(stream), 700, **{column: value}))
    findings = found(copy)
    assert set(findings) == {"lines", "fingerprint"}
    assert findings["lines"]["number"] >= 1


def test_a_line_that_was_taken_away_is_found(runs, tmp_path):
    copy = corrupt.Corrupted(runs["parquet"].path, tmp_path / "copy")
    table = copy.read("order.line")
    ids = set(pq.read_table(copy.path / copy.file("line.shipped")).column("cause_id").to_pylist())
    row = next(row for row, event in enumerate(table.column("event_id").to_pylist()) if event not in ids)
    copy.write("order.line", table.take([at for at in range(table.num_rows) if at != row]))
    assert "lines" in found(copy)


def test_a_scenario_that_bends_lines_bends_what_they_come_to(tmp_path):
    model = shutil.copytree(MODEL, tmp_path / "orders")
    (model / "scenarios").mkdir()
    (model / "scenarios/sale.yaml").write_text(SCENARIO)
    args = ["--days", 6, "--scenario", "sale@2026-02-03T00:00:00Z", "--counterfactual"]
    bent = history.run(tmp_path, *args, model=model, out="bent")
    history.call("verify", bent.path, "--model", model, folder=tmp_path)
    ask = lambda query: bent.database().sql(query).fetchall()
    [(orders, lines, more, wrong)] = ask("""WITH l AS (SELECT cause_id, count(*) n, sum(amount_eur) eur FROM "order.line" GROUP BY 1)
        SELECT count(*), sum(n), sum(n - 1) FILTER (o.attribution IS NOT NULL), sum(o.lines != n OR o.net_eur != eur)
        FROM "order.placed" o JOIN l ON l.cause_id = o.event_id""")
    assert orders > 1500 and wrong == 0 and more > 0
    # The lines that were there have their draws as before: only prices are halved, and one line is more.
    plain = history.run(tmp_path, "--days", 6, model=model, out="plain").parts("order.line")
    [(both, prices, rest)] = ask(f"""SELECT count(*), sum(abs(b.price_eur - p.price_eur / 2) > 0.01),
        sum(b.quantity != p.quantity OR b.line != p.line OR b.product_id != p.product_id)
        FROM "order.line" b JOIN read_parquet({list(map(str, plain))}) p USING (event_id) WHERE b.attribution IS NOT NULL""")
    assert both > 1000 and prices == 0 and rest == 0
