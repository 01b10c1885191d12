"""Forecasts of the next day, from the days before it: plain methods, and the spread of demand around them.

The shipped one is each series' level, an exponential average of its sales, times the weekday's share of what all series sell.
A single series sells too little to tell its own weekdays from chance; the chain does not. On Complete Journey it is
better than the mean of the last eight same weekdays, a moving average and last week's value, all kept for comparison, and Croston's family
and exponential smoothing by state space are behind those (see docs/benchmarks.md). Demand around the mean is taken as negative binomial
with the variance of the method's own past errors, or Poisson where they spread no wider than that.

Every method takes quantities of days x series and returns (days + 1) x series: row d is the forecast of day d from the rows before
it and only those, and the last row that of the day after. Before a method has seen enough it takes the mean of what there
is; on the first day it is 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from oneshelf.insight.goods.forecast.arrays import Floats

WEEK_DAYS = 7
#: Same weekdays that the weekday mean looks back on.
WEEKS = 8
MOVING_AVERAGE_DAYS = 28
#: What a new day weighs in a level: chosen on Complete Journey before its last four weeks, a fortnight's memory.
LEVEL_SHARE = 0.07
#: Days from which the weekday index is measured: half a year, each weekday 26 times.
INDEX_DAYS = 182
#: How many pieces a series counts at most, about, in the totals of that index.
INDEX_PIECES = 20.0
#: A weekday that sells less than this share of the average is a closed one and says nothing about levels.
INDEX_MIN = 0.1
#: With this many pieces expected, a day without any is no accident (Poisson: 2 in 10^9).
CLOSED_EXPECTED_MIN = 20.0
#: Past days from whose errors the spread is measured.
SPREAD_DAYS = 56


def weekday_levels(quantities: Floats) -> Floats:
    """The exponential average of each series with its weekdays evened out, times the weekday's index over all series.

    The index is the mean total of that weekday over the mean total of all days, in the last `INDEX_DAYS`; in a total a series
    counts about `INDEX_PIECES` pieces at most, so that no single one (fuel, in a supermarket) speaks for all. A day on which
    nothing at all was sold, against all expectation, was a closed one and does not lower the levels. Never below 0.
    """
    days, series = quantities.shape
    forecasts = np.zeros((days + 1, series))
    levels, weight, totals, index = np.zeros(series), 0.0, np.zeros(days), 1.0
    for day, sold in enumerate(quantities):
        closed = not sold.any() and forecasts[day].sum() >= CLOSED_EXPECTED_MIN
        if not closed and index >= INDEX_MIN:
            # the first days weigh more, so that the average is a plain one at first
            weight = (1 - LEVEL_SHARE) * weight + LEVEL_SHARE
            levels += (sold / index - levels) * (LEVEL_SHARE / weight)
        totals[day] = (sold / (1 + np.maximum(levels, 0) / INDEX_PIECES)).sum()
        index = _weekday_index(totals[: day + 1])
        forecasts[day + 1] = np.maximum(levels * index, 0)
    return forecasts


def _weekday_index(totals: Floats) -> float:
    """How the weekday after these days sells against all days; 1 until two weeks are known, or when returns prevail."""
    past = totals[-INDEX_DAYS:]
    mean = past.mean()
    if len(past) < 2 * WEEK_DAYS or mean <= 0:
        return 1.0
    return max(0.0, float(past[-WEEK_DAYS::-WEEK_DAYS].mean() / mean))


def weekday_means(quantities: Floats) -> Floats:
    """The mean of the last `WEEKS` same weekdays, or of as many as there are."""
    days, series = quantities.shape
    total = np.zeros((days + 1, series))
    weeks = np.zeros((days + 1, 1))
    for back in range(WEEK_DAYS, WEEK_DAYS * WEEKS + 1, WEEK_DAYS):
        if back <= days:
            total[back:] += quantities[: days + 1 - back]
            weeks[back:] += 1
    return np.where(weeks > 0, total / np.maximum(weeks, 1), _trailing_means(quantities, WEEK_DAYS))


def seasonal_naive(quantities: Floats) -> Floats:
    """What the same weekday sold a week before."""
    forecasts = _trailing_means(quantities, WEEK_DAYS)
    if len(quantities) >= WEEK_DAYS:
        forecasts[WEEK_DAYS:] = quantities[: len(quantities) + 1 - WEEK_DAYS]
    return forecasts


def moving_averages(quantities: Floats) -> Floats:
    """The mean of the last `MOVING_AVERAGE_DAYS` days."""
    return _trailing_means(quantities, MOVING_AVERAGE_DAYS)


#: What plans use.
SHIPPED = "weekday_level"

#: Every method by the name under which a backtest reports it.
METHODS: dict[str, Callable[[Floats], Floats]] = {
    SHIPPED: weekday_levels,
    "weekday_mean": weekday_means,
    "moving_average": moving_averages,
    "seasonal_naive": seasonal_naive,
}


def spreads(quantities: Floats, forecasts: Floats) -> Floats:
    """Variances of demand around the forecasts: the mean squared error of the last `SPREAD_DAYS` days, known before the day.

    Shapes as those of the methods. Where no error is known yet the variance is the mean, as Poisson has it.
    """
    errors = quantities - forecasts[:-1]
    variances = _trailing_means(errors * errors, SPREAD_DAYS)
    variances[:2] = np.maximum(
        forecasts[:2], 0
    )  # the forecast of the first day knew nothing, so its error says nothing
    return variances


def quantiles(means: Floats, variances: Floats, level: float) -> Floats:
    """The smallest whole number that demand stays at or below with probability `level`, for every mean and variance.

    Negative binomial by its moments; Poisson where the variance is not above the mean; 0 where the mean is not above 0.
    """
    out = np.zeros(means.shape)
    sells = means > 0
    wide = sells & (variances > means * (1 + 1e-9))
    plain = sells & ~wide
    out[plain] = np.ceil(special.pdtrik(level, means[plain]))
    mean, variance = means[wide], variances[wide]
    successes, chance = mean * mean / (variance - mean), mean / variance
    guess = np.ceil(special.nbdtrik(level, successes, chance))
    # the inverse is exact up to rounding, which may end one too high; NaN stands for a quantile at 0
    below = np.maximum(np.nan_to_num(guess) - 1, 0)
    out[wide] = np.where(special.betainc(successes, below + 1, chance) >= level, below, np.nan_to_num(guess))
    return np.maximum(out, 0)


def _trailing_means(values: Floats, days: int) -> Floats:
    """Row d is the mean of the up to `days` rows before it, 0 for the first; one row more than `values`."""
    sums = np.vstack((np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)))
    ends = np.arange(len(sums))
    starts = np.maximum(ends - days, 0)
    return np.asarray((sums[ends] - sums[starts]) / np.maximum(ends - starts, 1)[:, None])
