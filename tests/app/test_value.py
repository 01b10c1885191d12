"""What people are worth, asked of the shop."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from oneshelf.app.people.value import expected_of_everybody
from oneshelf.app.shelf import Shelf
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.events.catalogue import CampaignSpent
from oneshelf.events.envelope import Event
from oneshelf.testing.shelves import put_events, put_nightly
from oneshelf.testing.shop import CURRENCY, LAST_DAY, NOW, Shop
from oneshelf.trust.access import Actor
from oneshelf.words.people import Who


def test_everybody_who_ordered_is_scored_under_their_own_id(shelf: Shelf) -> None:
    found = expected_of_everybody(shelf.core, as_of=NOW.date()).to_pylist()
    buyers = {p.person_id for p in shelf.people.search(limit=1000).items if p.orders}
    assert {row["person_id"] for row in found} == buyers
    assert all(0 <= row["p_active"] <= 1 and row["expected_orders_90_days"] >= 0 for row in found)


def test_a_backtest_scores_the_days_after_the_cut(shelf: Shelf, shop: Shop) -> None:
    found = shelf.people.backtest_value(LAST_DAY - timedelta(days=30), horizon=30)
    assert found.people > 0
    assert found.score("naive") is not None
    assert shelf.people.backtest_value(horizon=30).cut == LAST_DAY - timedelta(days=30)


def test_a_backtest_needs_orders_on_both_sides(empty: Shelf, shelf: Shelf) -> None:
    with pytest.raises(NotFound, match="Nobody"):
        empty.people.backtest_value()
    with pytest.raises(NotFound, match="after it"):
        shelf.people.backtest_value(LAST_DAY)


def test_a_planner_may_not_see_what_people_are_worth(shelf: Shelf) -> None:
    with pytest.raises(NotAllowed, match=r"people\.read"):
        shelf.people.backtest_value(actor=Actor(name="p", role="planner"))


def test_look_alikes_are_found_in_the_newest_night_and_the_look_is_logged(shelf: Shelf) -> None:
    with pytest.raises(NotFound, match="nightly"):
        shelf.people.lookalikes(["person-1"])
    rows = [{"person_id": f"person-{n}", "frequency": n, "recency_days": n % 7} for n in range(1, 101)]
    put_nightly(shelf, rows, day=LAST_DAY)
    found = shelf.people.lookalikes([f"person-{n}" for n in range(60, 101, 2)], limit=5)
    assert {each.person_id for each in found.people} <= {f"person-{n}" for n in range(50, 101)}
    assert found.lift.value > 1
    assert found.by[0] == "frequency"
    assert any(look.purpose == "marketing" for look in shelf.staff.access_log().items)
    with pytest.raises(NotAllowed):
        shelf.people.lookalikes(["person-1"], actor=Actor(name="p", role="planner"))
    with pytest.raises(NotAllowed, match="everybody"):
        shelf.people.lookalikes(["person-1"], actor=Actor(name="s", role="store", places=("store-1",)))


def test_the_cost_of_a_person_is_what_was_spent_for_each_first_order_of_the_channel(shelf: Shelf) -> None:
    before = {each.channel: each for each in shelf.people.acquisition().channels}
    assert sum(each.people for each in before.values()) == sum(
        1 for p in shelf.people.search(limit=1000).items if p.orders
    )
    assert all(each.cost_per_person_minor is None for each in before.values())
    body = CampaignSpent(campaign_id="spring", amount_minor=90_000, currency=CURRENCY)
    event = Event(id="s", source="books", happened_at=NOW, who=Who(), channel="store", body=body)
    put_events(shelf, [event], now=NOW)
    after = {each.channel: each for each in shelf.people.acquisition().channels}
    store = after["store"]
    assert store.spent_minor == 90_000
    assert store.cost_per_person_minor == round(90_000 / store.people)
    assert store.value_per_person_minor == round(store.value_minor / store.people)
    with pytest.raises(InvalidInput, match="first"):
        shelf.people.acquisition(date(2026, 5, 2), date(2026, 5, 1))
    with pytest.raises(NotAllowed):
        shelf.people.acquisition(actor=Actor(name="p", role="planner"))
