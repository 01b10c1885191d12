"""Outcomes: everybody assigned counts, within the days that are watched."""

from datetime import UTC, datetime, timedelta

import ibis
import pyarrow as pa
import pytest

from oneshelf.effect.moments import Moments
from oneshelf.effect.outcome import moments_by_arm, outcome_per_person
from oneshelf.errors import InvalidInput
from oneshelf.events import catalogue as c
from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake.schema import arrow_schema, rows_of
from oneshelf.words.people import Who

START = datetime(2026, 3, 1, tzinfo=UTC)
END = START + timedelta(days=28)


def bought(who, amount_minor, *, days=1.0, currency="CNY", refund=False, **given) -> Event:
    lines = (c.Line(product_id="p", amount_minor=amount_minor),)
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
    return {row["person_id"]: (row["arm"], row["spend_minor"], row["orders"]) for row in rows}


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


def test_moments_by_arm_are_those_of_the_people(outcomes_of):
    amounts = {"a": 10**9, "b": 10**9 + 1, "c": 10**9 + 5, "d": 7}
    assigned = [("a", "offer"), ("b", "offer"), ("c", "offer"), ("d", "holdout")]
    rows = outcomes_of([bought(*item) for item in amounts.items()], assigned, then=moments_by_arm)
    found = {row["arm"]: Moments(row["people"], row["mean"], row["squares"]) for row in rows}
    expected = Moments.of([10**9, 10**9 + 1, 10**9 + 5])
    assert found["offer"].count == 3
    assert found["offer"].mean == pytest.approx(expected.mean)
    assert found["offer"].squares == pytest.approx(expected.squares)
    assert found["holdout"] == Moments(1, 7.0, 0.0)


def test_a_time_without_a_zone_is_refused(outcomes_of):
    with pytest.raises(InvalidInput, match="start"):
        outcomes_of([], [], start=datetime(2026, 3, 1))  # noqa: DTZ001
