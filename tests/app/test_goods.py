"""The plan knows what is known on its day, and nothing later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from oneshelf.app.shelf import Shelf
from oneshelf.errors import NotAllowed, NotFound
from oneshelf.testing.shop import LAST_DAY, Shop
from oneshelf.trust.access import Actor


def test_the_plan_is_for_the_day_after_the_newest_sales(shelf: Shelf) -> None:
    plan = shelf.goods.plan_next_day()
    assert (plan.as_of, plan.for_day) == (LAST_DAY, LAST_DAY + timedelta(days=1))
    assert {line.series for line in plan.lines} <= {
        p.type for p in shelf.goods.catalogue.listing(limit=100).items
    }
    assert shelf.goods.plan_next_day() is plan  # the same sales make the same plan


def test_a_plan_for_an_earlier_day_does_not_know_what_came_later(shelf: Shelf, shop: Shop) -> None:
    as_of = LAST_DAY - timedelta(days=20)
    plan = shelf.goods.plan_next_day(as_of)
    kind = {p.id: p.type for p in shop.products}
    sold = sum(
        s.quantity
        for (day, _, product), s in shop.truth.sales.items()
        if day == as_of - timedelta(days=6) and kind[product] == plan.lines[0].series
    )
    assert plan.for_day == as_of + timedelta(days=1)
    assert abs(plan.lines[0].last_week - sold) <= 3  # refunds are taken off on their own day


def test_the_history_is_what_the_shop_sold(shelf: Shelf, shop: Shop) -> None:
    kind = {p.id: p.type for p in shop.products}
    history = shelf.goods.history("green tea", days=60)
    sold = sum(s.quantity for (_, _, product), s in shop.truth.sales.items() if kind[product] == "green tea")
    assert len(history) == 60
    assert sold * 0.8 <= sum(day.quantity for day in history) <= sold


def test_without_sales_there_is_no_plan_and_roles_count(empty: Shelf, shelf: Shelf) -> None:
    with pytest.raises(NotFound, match="Load receipts"):
        empty.goods.plan_next_day()
    with pytest.raises(NotAllowed):
        shelf.goods.plan_next_day(actor=Actor(name="m", role="marketer"))
    with pytest.raises(NotFound):
        shelf.goods.history("unicorn")


def test_the_wheel_shows_each_role_what_is_theirs(shelf: Shelf, empty: Shelf) -> None:
    wheel = shelf.wheel.today()
    assert [station.name for station in wheel.stations] == [
        "events",
        "insight",
        "decisions",
        "messages",
        "effect",
    ]
    assert wheel.as_of == LAST_DAY
    assert wheel.stations[1].figure == f"{shelf.people.search().total}"
    assert {todo.link for todo in wheel.decisions} == {"/plan", "/offers/new"}
    assert shelf.wheel.today(actor=Actor(name="s", role="store")).decisions == ()
    assert empty.wheel.today().stations[0].figure == "0"
