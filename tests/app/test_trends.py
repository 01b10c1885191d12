"""Trends over a shop whose one true rise is planted: found on its night, explained, and looked at again four weeks later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import oneshelf
from oneshelf.app.running.jobs import run_job
from oneshelf.app.settings import Settings
from oneshelf.app.shelf import Shelf
from oneshelf.books import goods
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.events.catalogue import Line, OrderCompleted, ProductFavourited, ProductsSearched
from oneshelf.events.envelope import Event
from oneshelf.testing.shelves import put_events
from oneshelf.trust.access import Actor
from oneshelf.words.goods import Product
from oneshelf.words.people import Who

FIRST_DAY, WEEKS, FOUND_WEEK = date(2026, 1, 5), 28, 24
LAST_DAY = FIRST_DAY + timedelta(days=7 * WEEKS - 1)
FOUND = FIRST_DAY + timedelta(days=7 * FOUND_WEEK - 1)
NOW = datetime.combine(LAST_DAY + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=6)
RISING, OPENED = "p7", "p9"
PRODUCTS = [
    Product(id=f"p{n}", name=f"Tea no. {n}", type=f"type {n % 4}", category="tea", brand="Own")
    for n in range(16)
]


def events() -> list[Event]:
    """Five people a week and product; p7 is bought and searched by five times as many from four weeks before `FOUND` on.

    What p9 sells more comes from a place that opened then.
    """
    random = np.random.default_rng(1)
    found: list[Event] = []

    def add(day: date, body: object, who: str, place: str = "web") -> None:
        at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=9, seconds=len(found) % 3600)
        found.append(
            Event(
                id=f"e{len(found)}",
                source="test",
                happened_at=at,
                body=body,
                who=Who(user_id=who),
                place_id=place,
                channel="web" if place == "web" else "store",
            )
        )

    for week in range(WEEKS):
        grown = week >= FOUND_WEEK - 4
        for product in PRODUCTS:
            mean = 25 if grown and product.id == RISING else 5
            for place, people in (("old", mean), ("new", 20 if grown and product.id == OPENED else 0)):
                for person in range(random.poisson(people)):
                    day = FIRST_DAY + timedelta(days=7 * week + int(random.integers(7)))
                    line = Line(product_id=product.id, amount_minor=100)
                    order = OrderCompleted(order_id=f"o{len(found)}", currency="USD", lines=(line,))
                    add(day, order, f"{place}-{product.id}-{person}", place)
        for person in range(40):
            add(
                FIRST_DAY + timedelta(days=7 * week + person % 7), ProductsSearched(query="tea"), f"t{person}"
            )
        for person in range(random.poisson(30 if grown else 4)):
            add(
                FIRST_DAY + timedelta(days=7 * week + person % 7),
                ProductsSearched(query="Cold  Brew"),
                f"s{person}",
            )
            add(
                FIRST_DAY + timedelta(days=7 * week + person % 7),
                ProductFavourited(product_id="p1"),
                f"s{person % 3}",
            )
    return found


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """The shop after the night of the rise and the one four weeks later."""
    folder: Path = tmp_path_factory.mktemp("trends") / "data"
    with oneshelf.open(Settings(data=folder, clock=NOW)) as shelf:
        shelf.core.database.writer.write(lambda connection: goods.upsert_products(connection, PRODUCTS))
        put_events(shelf, events(), now=NOW, batch=1_000)
        shelf.trends.run(FOUND)
        assert "beyond chance" in run_job(shelf, "trends").detail
        yield shelf


def test_the_rise_is_found_on_its_night_with_its_cause_and_what_to_do(searched: Shelf) -> None:
    found = searched.trends.flags(FOUND, signal="purchases", level="product", certain=True)
    assert [trend.flag.name for trend in found.items] == [RISING]
    (trend,) = found.items
    assert (trend.title, trend.since, trend.flag.cause) == ("Tea no. 7", FOUND, "demand")
    assert 3 < trend.flag.growth < 8
    assert [each.action for each in trend.advice] == ["order_more", "ask_factory"]
    assert sum(trend.flag.weeks[-4:]) / 4 == trend.flag.recent_people


def test_what_a_new_place_sells_is_no_growth_of_the_product(searched: Shelf) -> None:
    names = {trend.flag.name for trend in searched.trends.flags(FOUND, level="product").items}
    assert OPENED not in names


def test_people_who_search_for_what_is_not_sold_are_told_to_the_factory(searched: Shelf) -> None:
    (trend,) = searched.trends.flags(FOUND, level="topic").items
    assert (trend.flag.name, trend.flag.signal, trend.flag.certain) == ("cold brew", "searches", True)
    assert [each.action for each in trend.advice] == ["ask_factory"]


def test_after_four_weeks_it_is_known_that_the_rise_went_on(searched: Shelf) -> None:
    by_name = {trend.flag.name: trend for trend in searched.trends.outcomes().items}
    outcome = by_name[RISING].outcome
    assert outcome is not None
    assert (outcome.went_on, outcome.measured_on) == (True, LAST_DAY)
    assert outcome.growth > 3
    certain, *_ = searched.trends.records()
    assert certain.certain
    assert certain.went_on >= 2
    assert searched.trends.night(LAST_DAY).measured == sum(
        each.measured for each in searched.trends.records()
    )
    assert searched.trends.night(FOUND).measured == 0


def test_a_night_again_changes_nothing_and_forgets_no_outcome(searched: Shelf) -> None:
    before = searched.trends.outcomes(), searched.trends.flags(FOUND)
    searched.trends.run(FOUND)
    assert (searched.trends.outcomes(), searched.trends.flags(FOUND)) == before
    assert searched.trends.night().day == LAST_DAY


@pytest.mark.parametrize("day", [date.min, date.max, LAST_DAY + timedelta(days=1)])
def test_a_search_of_no_day_that_is_over_is_refused_and_forgets_nothing(searched: Shelf, day: date) -> None:
    with pytest.raises(InvalidInput, match="as_of"):
        searched.trends.run(day)
    assert searched.trends.night().day == LAST_DAY


def test_a_series_tells_its_signals_by_day_and_channel(searched: Shelf) -> None:
    found = searched.trends.series("product", RISING, days=14)
    assert {day.signal for day in found.days} == {"purchases"}
    assert {day.channel for day in found.days} == {"store"}
    assert all(found.first_day <= day.day <= found.last_day for day in found.days)
    topic = searched.trends.series("topic", "cold brew")
    assert {(day.signal, day.channel) for day in topic.days} == {("searches", "web")}
    with pytest.raises(NotFound, match="never flagged"):
        searched.trends.series("product", "p0")


def test_pages_of_flags_follow_one_another(searched: Shelf) -> None:
    everything = searched.trends.flags(FOUND)
    first = searched.trends.flags(FOUND, limit=2)
    rest = searched.trends.flags(FOUND, after=first.next)
    assert first.items + rest.items == everything.items
    assert first.total == len(everything.items)
    done = searched.trends.outcomes(limit=1)
    assert done.items + searched.trends.outcomes(after=done.next).items == searched.trends.outcomes().items


def test_a_backtest_of_the_shops_own_past_scores_the_types(searched: Shelf) -> None:
    found = searched.trends.backtest("type")
    assert found.score("naive growth") is not None
    with pytest.raises(InvalidInput, match="no level of searches"):
        searched.trends.backtest("product", signal="searches")


def test_trends_are_of_whoever_plans_for_the_whole_shop_and_before_the_first_night_there_are_none(
    empty: Shelf,
) -> None:
    for ask in (empty.trends.night, empty.trends.outcomes, empty.trends.records, empty.trends.backtest):
        with pytest.raises(NotAllowed):
            ask(actor=Actor(name="m", role="marketer"))
        with pytest.raises(NotAllowed, match="whole shop"):
            ask(actor=Actor(name="p", role="planner", places=("web",)))
    with pytest.raises(NotFound, match="Nobody has searched"):
        empty.trends.night()
    with pytest.raises(NotFound, match="Nothing was sold"):
        empty.trends.run()
    assert empty.trends.outcomes().items == ()
