"""Backtest: how wrong the forecasts would have been, told beside every plan."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import numpy as np
from numpy.typing import NDArray

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.forecast.history import History
from oneshelf.insight.goods.forecast.next_day import METHODS, WEEK_DAYS, quantiles, spreads

TEST_DAYS = 28
COVERAGE_LEVEL = 0.9


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How one method did on one class of series over all test days. None where nothing was sold to compare with."""

    #: "weekday_level" (what plans use), "weekday_mean", "moving_average" or "seasonal_naive"
    method: str
    #: "all", or the third of the volume that the series belongs to: "high", "middle", "low"
    volume: str
    series: int
    #: sum of |forecast - sold| over sum of |sold|
    wape: float | None
    #: mean over series of the root mean squared error, over that of last week's value in the days before the test
    rmsse: float | None
    #: sum of (forecast - sold) over sum of |sold|: above 0 forecasts too much
    bias: float | None
    #: share of series and days at or below the 90% quantile; 0.9 is honest
    coverage: float | None


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """Every day from `first_day` to `last_day` forecast from the days before it, and only those."""

    first_day: date
    last_day: date
    series: int
    scores: tuple[Score, ...]

    def score(self, method: str, volume: str = "all") -> Score | None:
        """The score of one method and class, if it was measured."""
        return next((s for s in self.scores if s.method == method and s.volume == volume), None)


def backtest(history: History, *, test_days: int = TEST_DAYS) -> Backtest:
    """Score every method on the last `test_days` days, each forecast from the days before it and nothing else.

    A history of fewer days is tested on all but its first; with a single day there is nothing to test and no score has a
    figure. Series are classed by what they sold before the test.
    """
    quantities, start = history.quantities, _test_start(history, test_days)
    sold, before = quantities[start:], quantities[:start]
    classes, scale = _classes(before), _scale(before)
    scores = []
    for method, forecast in METHODS.items():
        forecasts = forecast(quantities)
        errors = forecasts[start:-1] - sold
        inside = sold <= quantiles(
            forecasts[start:-1], spreads(quantities, forecasts)[start:-1], COVERAGE_LEVEL
        )
        scores += [
            _score(
                method,
                volume,
                sold=sold[:, chosen],
                errors=errors[:, chosen],
                inside=inside[:, chosen],
                scale=scale[chosen],
            )
            for volume, chosen in classes.items()
        ]
    return Backtest(
        first_day=history.first_day + timedelta(days=min(start, history.days - 1)),
        last_day=history.last_day,
        series=len(history.series),
        scores=tuple(scores),
    )


def wape_by_series(history: History, forecasts: Floats, *, test_days: int = TEST_DAYS) -> list[float | None]:
    """The error of one method's forecasts for each series over the last `test_days` days; None where nothing was sold."""
    start = _test_start(history, test_days)
    sold = history.quantities[start:]
    total = np.abs(sold).sum(axis=0)
    missed = np.abs(forecasts[start:-1] - sold).sum(axis=0)
    return [float(m / t) if t > 0 else None for m, t in zip(missed, total, strict=True)]


def _test_start(history: History, test_days: int) -> int:
    if test_days < 1:
        raise InvalidInput.of("test_days", test_days, "leaves nothing to test.", "Expected 1 or more.")
    return max(1, history.days - test_days)


def _classes(before: Floats) -> dict[str, NDArray[np.intp]]:
    """Columns of all series, and of each third of them by what they sold before, ties by column."""
    order = np.argsort(-before.sum(axis=0), kind="stable")
    high, middle, low = np.array_split(order, 3)
    return {"all": np.sort(order), "high": high, "middle": middle, "low": low}


def _scale(before: Floats) -> Floats:
    """By series: mean squared step from one week to the next; NaN when there is none to measure, or it never moved."""
    if len(before) <= WEEK_DAYS:
        return np.full(before.shape[1], np.nan)
    scale = ((before[WEEK_DAYS:] - before[:-WEEK_DAYS]) ** 2).mean(axis=0)
    return np.where(scale > 0, scale, np.nan)


def _score(
    method: str, volume: str, *, sold: Floats, errors: Floats, inside: NDArray[np.bool_], scale: Floats
) -> Score:
    total = float(np.abs(sold).sum())
    moved = np.isfinite(scale)
    rmsse = np.sqrt((errors[:, moved] ** 2).mean(axis=0) / scale[moved]) if len(sold) else scale[:0]
    return Score(
        method=method,
        volume=volume,
        series=sold.shape[1],
        wape=float(np.abs(errors).sum()) / total if total else None,
        rmsse=float(rmsse.mean()) if rmsse.size else None,
        bias=float(errors.sum()) / total if total else None,
        coverage=float(inside.mean()) if inside.size else None,
    )
