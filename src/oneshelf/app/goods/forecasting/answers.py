"""What is answered about forecasts."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

#: A level of the hierarchy: the whole, a group of products, or products.
AnyLevel = Literal["all", "department", "category", "type", "id"]


class ForecastLine(msgspec.Struct, frozen=True, kw_only=True):
    """One series' coming days in a line: what is expected on each, and how sure the first one is."""

    level: str
    place_id: str | None
    series: str
    #: a product's name; else the series' own
    name: str
    #: expected pieces by day, from the first on
    means: tuple[float, ...]
    #: of the first day: demand stays at or below these on one day of ten, and on nine
    low: float
    high: float
    method: str
    notes: tuple[str, ...]
    simulated: bool


class ForecastPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of forecasts, the largest first, as made after the close of `as_of`."""

    as_of: date
    first_day: date
    items: tuple[ForecastLine, ...]
    next: str | None
    total: int


class DayAhead(msgspec.Struct, frozen=True, kw_only=True):
    """One day to come: the mean of demand, and its quantiles by level, such as "0.9"."""

    day: date
    mean: float
    quantiles: dict[str, float]


class DaySold(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the past, in pieces; `expected` is what was forecast for it on the day before, where that was."""

    day: date
    sold: float
    expected: float | None


class SeriesForecast(msgspec.Struct, frozen=True, kw_only=True):
    """One series: its past, and each of the days to come."""

    as_of: date
    level: str
    place_id: str | None
    series: str
    name: str
    method: str
    notes: tuple[str, ...]
    simulated: bool
    past: tuple[DaySold, ...]
    days: tuple[DayAhead, ...]


class NightDone(msgspec.Struct, frozen=True, kw_only=True):
    """What a night forecast: how many series of each level, from the sales up to and with `as_of`."""

    as_of: date
    series: dict[str, int]
