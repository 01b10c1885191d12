"""Outcomes: everybody assigned counts, within the days that are watched."""

from datetime import UTC, datetime, timedelta

import ibis
import msgspec
import pyarrow as pa
import pytest

from oneshelf.effect.comoments import Comoments
from oneshelf.effect.outcome import comoments_by_cell, comoments_of, outcome_per_person
from oneshelf.errors import InvalidInput
from oneshelf.events import catalogue as c
from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake.schema import arrow_schema, rows_of
from oneshelf.words.people import Who

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=28)


def bought(who, amount_minor, *, days=1.0, currency="CNY", refund=False, cost=None, **given) -> Event:
    lines = (c.Line(product_id="p", amount_minor=amount_minor, cost_minor=cost),)
    body = (
        c.OrderRefunded(refund_id="r", currency=currency, lines=lines)
        if refund
        else c.OrderCompleted(order_id="o", currency=currency, lines=lines)
    )
    at = START + timedelta(days=days)
    return Event(id="e", source="test", happened_at=at, body=body, who=Who(user_id=who), **given)


def table_of(rows, *names):
    schema = pa.schema([(name, pa.string()) for name in names])
    return ibis.memtable(
        pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=schema)
    )


def events_table(kind, events):
    recorded = [
        Recorded(offset=at, index=0, recorded_at=END, event=event)
        for at, event in enumerate(events, start=1)
        if event.kind == kind
    ]
    days = [each.event.happened_at.date() for each in recorded]
    return ibis.memtable(rows_of(kind, recorded, days) if recorded else arrow_schema(kind).empty_table())


@pytest.fixture
def outcomes_of():
    connection = ibis.duckdb.connect()

    def outcomes(events, assigned, links=(), then=lambda table: table, **given):
        table = outcome_per_person(
            events_table("order.completed", events),
            events_table("order.refunded", events),
            table_of(assigned, "person_id", "arm"),
            table_of(links, "identifier", "person_id"),
            **{"start": START, "end": END, "currency": "CNY", **given},
        )
        return connection.to_pyarrow(then(table)).to_pylist()

    return outcomes


def spends(rows):
    return {row["person_id"]: (row["arm"], row["sales_after"], row["orders_after"]) for row in rows}


def test_everybody_assigned_counts_also_those_who_bought_nothing(outcomes_of):
    rows = outcomes_of([bought("ann", 500), bought("eve", 900)], [("ann", "offer"), ("ben", "holdout")])
    assert spends(rows) == {"ann": ("offer", 500, 1), "ben": ("holdout", 0, 0)}


def test_refunds_are_taken_off_and_are_no_orders(outcomes_of):
    rows = outcomes_of([bought("ann", 500), bought("ann", 200, refund=True, days=3)], [("ann", "offer")])
    assert spends(rows) == {"ann": ("offer", 300, 1)}


def test_only_the_days_that_are_watched_and_the_one_currency_count(outcomes_of):
    events = [
        bought("ann", 1, days=-0.01),
        bought("ann", 2, days=0),
        bought("ann", 4, days=27.99),
        bought("ann", 8, days=28),
        bought("ann", 16, currency="EUR"),
    ]
    assert spends(outcomes_of(events, [("ann", "offer")])) == {"ann": ("offer", 6, 2)}


def test_what_a_browser_bought_counts_for_the_member_behind_it(outcomes_of):
    rows = outcomes_of([bought("b1", 70), bought("ann", 5)], [("ann", "offer")], links=[("b1", "ann")])
    assert spends(rows) == {"ann": ("offer", 75, 2)}


def test_one_person_under_two_ids_is_one_row_and_in_both_arms_none(outcomes_of):
    assigned = [("ann", "offer"), ("b1", "offer"), ("ben", "offer"), ("b2", "holdout")]
    rows = outcomes_of([bought("b1", 70)], assigned, links=[("b1", "ann"), ("b2", "ben")])
    assert spends(rows) == {"ann": ("offer", 70, 1)}


def test_simulated_orders_mark_the_outcome(outcomes_of):
    rows = outcomes_of([bought("ann", 5, simulated=True)], [("ann", "offer"), ("ben", "offer")])
    assert {row["person_id"]: row["simulated"] for row in rows} == {"ann": True, "ben": False}


def test_the_days_before_say_what_kind_of_buyer_a_person_is_and_where(outcomes_of):
    events = [
        bought("ann", 500, days=-1, place_id="east"),
        bought("ann", 100, days=-55.9, place_id="west"),
        bought("ann", 100, days=-3, place_id="west"),
        bought("ann", 900, days=-56.1, place_id="north"),
        bought("ben", 100, days=-3, place_id="west"),
        bought("ben", 40, days=-2, refund=True),
        bought("eve", 7, place_id="east"),
    ]
    rows = outcomes_of(events, [("ann", "offer"), ("ben", "offer"), ("eve", "holdout")])
    found = {row["person_id"]: row for row in rows}
    assert {who: (row["sales_before"], row["orders_before"]) for who, row in found.items()} == {
        "ann": (700, 3),
        "ben": (60, 1),
        "eve": (0, 0),
    }
    assert {who: (row["bought_before"], row["place_before"]) for who, row in found.items()} == {
        "ann": ("the mean or more", "west"),
        "ben": ("less than the mean", "west"),
        "eve": ("nothing", None),
    }


def test_margin_is_over_the_lines_whose_cost_is_known_and_says_over_how_much_that_is(outcomes_of):
    events = [
        bought("ann", 500, cost=300),
        bought("ann", 100),
        bought("ann", 50, cost=30, refund=True),
        bought("ann", 60, cost=10, days=-5),
    ]
    (row,) = outcomes_of(events, [("ann", "offer")])
    assert (row["margin_after"], row["costed"], row["sales_after"], row["margin_before"]) == (
        180,
        450,
        550,
        50,
    )


def test_comoments_by_cell_join_to_those_of_the_people(outcomes_of):
    spends = {"a": (10**9, 3), "b": (10**9 + 1, 0), "c": (10**9 + 5, 9), "d": (7, 1), "e": (0, 4)}
    events = [bought(who, after) for who, (after, _) in spends.items()]
    events += [bought(who, before, days=-2, place_id="east") for who, (_, before) in spends.items()]
    assigned = [(who, "holdout" if who == "d" else "offer") for who in spends]
    rows = outcomes_of(events, assigned, then=comoments_by_cell)
    for arm in ("offer", "holdout"):
        found = sum((comoments_of(row, "sales") for row in rows if row["arm"] == arm), Comoments())
        expected = Comoments.of(
            (before, after) for who, (after, before) in spends.items() if (who, arm) in assigned
        )
        assert msgspec.structs.astuple(found) == pytest.approx(msgspec.structs.astuple(expected))
        assert sum(row["sold"] for row in rows if row["arm"] == arm) == found.count * found.mean_after


def test_a_time_without_a_zone_is_refused(outcomes_of):
    with pytest.raises(InvalidInput, match="start"):
        outcomes_of([], [], start=datetime(2026, 3, 1))  # noqa: DTZ001
