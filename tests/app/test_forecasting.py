"""Forecasts of the small shop: made in the night, looked at, and tested on its own past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest

from oneshelf.app.goods.plans.ahead import look_ahead
from oneshelf.app.goods.plans.past import BY_PLACE, past_of, told
from oneshelf.app.shelf import Shelf
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.testing.shop import LAST_DAY, Shop
from oneshelf.trust.access import Actor


@pytest.fixture(scope="module")
def night(prepared, tmp_path_factory) -> Iterator[Shelf]:
    """The small shop after two nights; nothing here changes it."""
    import shutil

    import oneshelf

    from .conftest import settings_for

    folder = tmp_path_factory.mktemp("night") / "data"
    shutil.copytree(prepared, folder)
    with oneshelf.open(settings_for(folder)) as shelf:
        shelf.goods.forecasts.run(LAST_DAY - timedelta(days=1), products=False, boost=False)
        shelf.goods.forecasts.run(boost=False)
        yield shelf


def test_a_night_forecasts_groups_and_products_and_runs_again_to_the_same(night: Shelf) -> None:
    before = night.goods.forecasts.listing(limit=100)
    done = night.goods.forecasts.run(boost=False)
    assert done.as_of == LAST_DAY
    assert (done.series["all"], done.series["category"], done.series["type"]) == (1, 5, 10)
    assert done.series["id"] > 0
    assert night.goods.forecasts.listing(limit=100) == before


def test_levels_add_up_on_every_day(night: Shelf) -> None:
    def total(level):
        items = night.goods.forecasts.listing(level=level, limit=100).items
        return np.sum([item.means for item in items], axis=0)

    whole = total("all")
    assert len(whole) == 28
    assert total("type") == pytest.approx(whole)
    assert total("category") == pytest.approx(whole)


def test_a_list_goes_on_where_its_page_ended_and_finds_by_name(night: Shelf) -> None:
    whole = night.goods.forecasts.listing(limit=100)
    first = night.goods.forecasts.listing(limit=4)
    rest = night.goods.forecasts.listing(limit=100, after=first.next)
    assert first.items + rest.items == whole.items
    assert [sum(item.means[:7]) for item in whole.items] == sorted(
        (sum(item.means[:7]) for item in whole.items), reverse=True
    )
    assert [item.series for item in night.goods.forecasts.listing(text="MILK").items] == ["fresh milk"]


def test_a_series_shows_what_it_sold_what_was_expected_and_what_comes(night: Shelf, shop: Shop) -> None:
    found = night.goods.forecasts.series("green tea")
    kind = {p.id: p.type for p in shop.products}
    sold = sum(
        s.quantity
        for (day, _, product), s in shop.truth.sales.items()
        if kind[product] == "green tea" and day > LAST_DAY - timedelta(days=56)
    )
    assert 0.8 * sold <= sum(day.sold for day in found.past) <= sold  # refunds are taken off on their own day
    assert [day.day for day in found.past if day.expected is not None] == [LAST_DAY]
    assert [day.day for day in found.days] == [LAST_DAY + timedelta(days=1 + at) for at in range(28)]
    ahead = found.days[0]
    assert list(ahead.quantiles.values()) == sorted(ahead.quantiles.values())
    assert set(night.goods.forecasts.series("all", level="all").days[0].quantiles) == set(ahead.quantiles)


def test_a_plan_can_ask_for_products_at_places(night: Shelf) -> None:
    made = night.goods.forecasts.make(level="type", by_place=True, days=7, boost=False)
    assert {series.place_id for series in made.series} >= {"store-1", "store-2"}
    assert made.quantiles.shape == (len(made.series), 7, 12)
    with pytest.raises(InvalidInput, match="days"):
        night.goods.forecasts.make(days=99)


def test_a_plan_takes_what_the_night_expected_and_forecasts_the_rest_itself(night: Shelf) -> None:
    lines = {line.product_id: line for line in night.goods.plan_next_day().lines}
    for item in night.goods.forecasts.listing(limit=100).items:
        assert lines[item.series].mean == pytest.approx(item.means[0], abs=0.001)
    places = night.goods.forecasts.listing(level="id", place_id="store-1", limit=100)
    past = past_of(night.core, BY_PLACE, LAST_DAY, told(night.core))
    ahead = look_ahead(night.core, past, "id")
    assert len(past.lines) > places.total > 0
    for item in places.items:
        row = past.lines.index(("store-1", item.series))
        assert ahead.mean[row] == pytest.approx(item.means)
    assert (ahead.mean.sum(axis=1) > 0).sum() > places.total


def test_what_an_earlier_day_forecasts_knows_nothing_later(night: Shelf) -> None:
    as_of = LAST_DAY - timedelta(days=10)
    made = night.goods.forecasts.make(as_of, level="category", by_place=False, days=3, boost=False)
    assert made.first_day == as_of + timedelta(days=1)
    assert len(made.series) == 5


def test_the_shops_own_past_is_forecast_and_scored(night: Shelf) -> None:
    report = night.goods.forecasts.backtest(level="category", horizon=2, origins=2)
    assert report.origins[-1] == LAST_DAY - timedelta(days=1)
    assert report.score("chosen").wape is not None
    with pytest.raises(InvalidInput, match="origins"):
        night.goods.forecasts.backtest(horizon=28, origins=4)


def test_who_may_see_forecasts_and_of_where(night: Shelf, empty: Shelf) -> None:
    mine = Actor(name="p", role="planner", places=("store-1",))
    assert night.goods.forecasts.listing(level="id", place_id="store-1", actor=mine).as_of == LAST_DAY
    with pytest.raises(NotAllowed, match="whole chain"):
        night.goods.forecasts.listing(actor=mine)
    with pytest.raises(NotAllowed, match="not among yours"):
        night.goods.forecasts.series("milk", place_id="store-2", actor=mine)
    with pytest.raises(NotAllowed):
        night.goods.forecasts.backtest(actor=Actor(name="m", role="marketer"))
    with pytest.raises(NotFound, match="run forecast"):
        empty.goods.forecasts.listing()
    with pytest.raises(NotFound, match="Load receipts"):
        empty.goods.forecasts.run()
    with pytest.raises(NotFound, match="unicorn"):
        night.goods.forecasts.series("unicorn")
