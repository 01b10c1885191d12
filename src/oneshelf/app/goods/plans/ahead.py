"""The days ahead of a plan: demand with its quantiles, by the method whose backtest stands beside the plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oneshelf.decisions.plan.arrays import Floats
from oneshelf.insight.goods.forecast.history import History
from oneshelf.insight.goods.forecast.next_day import METHODS, SHIPPED, quantiles, spreads
from oneshelf.insight.goods.forecast.next_day_backtest import wape_by_series
from oneshelf.insight.goods.forecast.result import LEVELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Demand after the last day of a history."""

    #: lines x days
    mean: Floats
    levels: tuple[float, ...]
    #: lines x days x levels
    quantiles: Floats
    #: by line; NaN: nothing was sold in the backtest's days
    wape: Floats


def look_ahead(history: History, days: int) -> Ahead:
    """Demand of each line on each of the next days.

    A day further ahead is forecast as if the days before it had sold what was forecast; its spread is that of the next day's errors.
    """
    method = METHODS[SHIPPED]
    first = method(history.quantities)
    known = history.quantities
    means = [first[-1]]
    while len(means) < days:
        known = np.vstack([known, means[-1]])
        means.append(method(known)[-1])
    variance = spreads(history.quantities, first)[-1]
    by_level = [[quantiles(mean, variance, level) for level in LEVELS] for mean in means]
    wape = np.array([np.nan if one is None else one for one in wape_by_series(history, first)], dtype=float)
    return Ahead(
        mean=np.column_stack(means), levels=LEVELS, quantiles=np.array(by_level).transpose(2, 0, 1), wape=wape
    )
