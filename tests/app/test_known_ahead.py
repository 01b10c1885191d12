"""What a forecast is told of days to come: promotions, prices and holidays; and which products have one at all."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

import oneshelf
from oneshelf.app.goods.calendar import calendar_in_force
from oneshelf.app.goods.forecasting.known_ahead import on_calendar, promotions_and_prices
from oneshelf.app.goods.forecasting.panels import sold_enough
from oneshelf.app.settings import read_settings
from oneshelf.app.shelf import Shelf
from oneshelf.books import goods, prices
from oneshelf.errors import SettingsError
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.result import Series
from oneshelf.testing.shop import NOW
from oneshelf.words.goods import Product
from oneshelf.words.prices import Price, PriceRecord

FIRST, DAYS, AHEAD = date(2026, 3, 2), 20, 5
SERIES = (Series("city", "tea"), Series("village", "tea"), Series("city", "pen"), Series(None, "tea"))
PANEL = Panel(series=SERIES, first_day=FIRST, sold=np.ones((4, DAYS)))


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def price(product: str, amount: int, first: int, last: int | None = None, **given) -> PriceRecord:
    said = Price(
        product_id=product, starts_on=day(first), ends_on=None if last is None else day(last), amount_minor=amount, currency="EUR", **given,
    )  # fmt: skip
    return PriceRecord(price=said, recorded_at=NOW, recorded_by="test")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    given = read_settings(
        data=tmp_path_factory.mktemp("ahead") / "data", holidays=[day(3), day(DAYS + 1), day(400)]
    )
    with oneshelf.open(given) as shelf:
        yield shelf


def test_prices_and_promotions_hold_where_and_while_they_were_said_to(shelf: Shelf) -> None:
    said = [
        price("tea", 200, -9),
        price("tea", 220, 4, 6, place_id="city"),
        price("tea", 100, 18, 21, kind="promotion"),
        price("tea", 50, 0, 25, kind="member"),
        price("pen", 10, 3, channel="web"),
    ]
    assert promotions_and_prices(shelf.core, PANEL, AHEAD).regressors == {}
    products = [Product(id=one, name=one) for one in ("tea", "pen")]
    shelf.core.database.writer.write(lambda c: (goods.upsert_products(c, products), prices.add(c, said)))
    found = promotions_and_prices(shelf.core, PANEL, AHEAD).regressors
    promoted = (np.arange(DAYS + AHEAD) >= 18) & (np.arange(DAYS + AHEAD) <= 21)
    assert np.array_equal(found["promotion"], np.where([[1], [1], [0], [1]], promoted, 0.0))
    city = np.where(promoted, 0.5, np.where((np.arange(25) >= 4) & (np.arange(25) <= 6), 1.1, 1.0))
    elsewhere = np.where(promoted, 0.5, 1.0)
    assert found["price"] == pytest.approx(
        np.stack([city, elsewhere, np.full(25, np.nan), elsewhere]), nan_ok=True
    )


def test_holidays_of_the_settings_are_one_row_for_all(shelf: Shelf, tmp_path: Path) -> None:
    days = calendar_in_force(shelf.settings)
    row = on_calendar(shelf.core, PANEL, days, AHEAD).regressors["holiday"]
    assert np.flatnonzero(row).tolist() == [3, DAYS + 1]
    assert row.shape == (1, DAYS + AHEAD)
    assert on_calendar(shelf.core, PANEL.until(2), days, 1).regressors == {}, (
        "one to come, and none to learn from"
    )
    with pytest.raises(SettingsError, match="holidays"):
        read_settings(data=tmp_path, holidays=["some day"])


def test_a_rare_product_has_no_forecast_of_its_own_and_a_new_one_has() -> None:
    sold = np.zeros((5, 300))
    sold[0, 210::30] = 1  # three times in three months
    sold[1, 210::10] = 1
    sold[2, -3:] = 2  # new: three days of three
    sold[3, -1] = 9  # once
    sold[4, :100] = 5  # gone
    assert sold_enough(sold).tolist() == [False, True, True, False, False]
