"""Daily sales, against plain Python over the same events."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest

from oneshelf.events import catalogue as c
from oneshelf.events.envelope import Event
from oneshelf.insight.goods.demand import DAILY_SALES_SCHEMA, UNPLACED, daily_by, daily_sales
from oneshelf.insight.people.purchases import purchases
from oneshelf.insight.receipts import receipts, resolved
from oneshelf.testing.shop import small_shop
from oneshelf.words.goods import Product
from oneshelf.words.people import Who

DAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def order(*lines, at=DAY, who=None, currency="CNY", **given) -> Event:
    body = c.OrderCompleted(order_id="o", currency=currency, lines=tuple(c.Line(**line) for line in lines))
    return Event(id="e", source="test", happened_at=at, body=body, who=Who(user_id=who), **given)


def refund(*lines, at=DAY, who=None, **given) -> Event:
    body = c.OrderRefunded(refund_id="r", currency="CNY", lines=tuple(c.Line(**line) for line in lines))
    return Event(id="e", source="test", happened_at=at, body=body, who=Who(user_id=who), **given)


def milk(quantity=1, amount_minor=100, **given):
    return {"product_id": "milk", "quantity": quantity, "amount_minor": amount_minor, **given}


@pytest.fixture
def run(connection, tables_of):
    def rows(function, events, **given):
        tables = tables_of(events)
        table = function(tables["order.completed"], tables["order.refunded"], **given)
        return connection.to_pyarrow(table)

    return rows


def test_daily_sales_of_the_small_shop_are_what_was_planned(run):
    shop = small_shop()
    rows = run(daily_sales, shop.events)
    assert rows.schema.equals(DAILY_SALES_SCHEMA)
    # the tables of these tests have days in UTC, the plan in the zones of the places: compare what both know
    found, planned = defaultdict(int), defaultdict(int)
    for row in rows.to_pylist():
        found[row["place_id"], row["product_id"]] += row["orders"]
    for (_, place_id, product_id), sold in shop.truth.sales.items():
        planned[place_id, product_id] += sold.orders
    assert found == planned
    assert sum(rows["amount_minor"].to_pylist()) == shop.truth.amount_minor - shop.truth.refunded_minor


def test_a_product_on_two_lines_of_a_receipt_is_one_order(run):
    (row,) = run(daily_sales, [order(milk(2), milk(1, 50)), order(milk())]).to_pylist()
    assert (row["quantity"], row["amount_minor"], row["orders"]) == (4, 250, 2)


def test_a_refund_is_taken_off_on_its_own_day_even_without_an_order(run):
    (row,) = run(daily_sales, [refund(milk(3, 300), at=DAY + timedelta(days=1))]).to_pylist()
    assert (row["day"], row["quantity"], row["amount_minor"], row["orders"]) == (
        date(2026, 3, 3),
        -3,
        -300,
        0,
    )


def test_goods_by_weight_are_one_piece_a_line(run):
    (row,) = run(daily_sales, [order(milk(1250, 400, unit="g"))]).to_pylist()
    assert row["quantity"] == 1


def test_one_simulated_order_marks_the_days_sales_of_its_product(run):
    rows = run(daily_sales, [order(milk()), order(milk(), simulated=True), order(milk(product_id="tea"))])
    assert {row["product_id"]: row["simulated"] for row in rows.to_pylist()} == {"milk": True, "tea": False}


def test_series_gather_the_chain_or_one_place_and_keep_what_nobody_placed(
    connection, tables_of, catalogue_of
):
    tables = tables_of(
        [
            order(milk(2), milk(product_id="odd"), place_id="a"),
            order(milk(3), milk(product_id="new"), place_id="b"),
        ]
    )
    daily = daily_sales(tables["order.completed"], tables["order.refunded"])
    catalogue = catalogue_of([Product(id="milk", name="Milk", type="dairy"), Product(id="odd", name="Odd")])

    def sold(**given):
        rows = connection.to_pyarrow(daily_by(daily, catalogue, "type", **given)).to_pylist()
        return {row["series"]: row["quantity"] for row in rows}

    assert sold() == {"dairy": 5, UNPLACED: 2}
    assert sold(place_id="a") == {"dairy": 2, UNPLACED: 1}


def test_receipts_without_lines_and_without_a_person_count(run):
    rows = run(receipts, [order(), order(milk(2), who="ann"), refund(milk(), who="ann")]).to_pylist()
    found = {(row["is_order"], row["person_id"], row["pieces"], row["amount_minor"]) for row in rows}
    assert len(rows) == 3
    assert found == {(False, "ann", -1, -100), (True, None, 0, 0), (True, "ann", 2, 100)}


def test_links_resolve_events_and_leave_the_others_alone(connection, tables_of, links_of):
    events = [order(milk(), who="old"), order(milk(), who="ann"), order(milk())]
    table = resolved(tables_of(events)["order.completed"], links_of({"old": "ann"}))
    assert sorted(connection.to_pyarrow(table)["person_id"].to_pylist(), key=str) == [None, "ann", "ann"]


def test_purchases_are_products_of_known_people(connection, tables_of):
    events = [order(milk(), milk(product_id="tea"), who="ann", place_id="a"), order(milk())]
    rows = connection.to_pyarrow(purchases(tables_of(events)["order.completed"])).to_pylist()
    assert sorted(row["product_id"] for row in rows) == ["milk", "tea"]
    assert {row["person_id"] for row in rows} == {"ann"}
