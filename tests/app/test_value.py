"""What people are worth, asked of the shop."""

from __future__ import annotations

from datetime import timedelta

import pytest

from oneshelf.app.shelf import Shelf
from oneshelf.app.value import expected_of_everybody
from oneshelf.errors import NotAllowed, NotFound
from oneshelf.testing.shop import LAST_DAY, NOW, Shop
from oneshelf.trust.access import Actor


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
