"""What a forecast says: expected demand by series and day, and its quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from oneshelf.errors import InvalidInput, NotFound
from oneshelf.insight.goods.forecast.arrays import Floats

#: The quantiles that a forecast gives unless asked for others.
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


class Series(NamedTuple):
    """What is forecast together: a product, or a group of products by its name, at a place or over the whole chain."""

    #: None for the whole chain
    place_id: str | None
    product_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Demand of `series` on the days from `first_day` on, in pieces. Forecasts are not whole numbers, quantiles may be."""

    series: tuple[Series, ...]
    first_day: date
    #: series x days; never below 0
    mean: Floats
    #: chances that demand stays at or below the quantile, ascending
    levels: tuple[float, ...]
    #: series x days x levels; never falling along levels, never below 0
    quantiles: Floats
    #: by series: what made it, such as "weekday_level"
    method: tuple[str, ...]
    #: by series: how wrong such forecasts were of the days before, sum of errors over sum of demand; NaN where none was wanted
    wape: Floats
    #: by series: what a reader should know, such as "new: the profile of its category"
    notes: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        series, days = self.mean.shape
        if (
            self.quantiles.shape != (series, days, len(self.levels))
            or not len(self.series) == len(self.method) == len(self.notes) == series
        ):
            raise InvalidInput.of(
                "quantiles",
                str(self.quantiles.shape),
                f"do not fit {series} series, {days} days and {len(self.levels)} levels.",
                "Give every series, day and level one value.",
            )

    @property
    def days(self) -> int:
        """How many days ahead."""
        return int(self.mean.shape[1])

    @property
    def last_day(self) -> date:
        """The last day that is forecast."""
        return self.first_day + timedelta(days=self.days - 1)

    def at(self, level: float) -> Floats:
        """The quantile at one level, series x days; between the levels given it is on the straight line.

        Raises NotFound for a level outside those given.
        """
        if not self.levels or not self.levels[0] <= level <= self.levels[-1]:
            raise NotFound(
                f"There is no quantile at {level}.", f"Levels: {', '.join(map(str, self.levels)) or 'none'}."
            )
        above = int(np.searchsorted(self.levels, level))
        if self.levels[above] == level:
            return np.asarray(self.quantiles[:, :, above])
        low, high = self.levels[above - 1], self.levels[above]
        share = (level - low) / (high - low)
        lower, upper = self.quantiles[:, :, above - 1], self.quantiles[:, :, above]
        return np.asarray(lower + (upper - lower) * share)
