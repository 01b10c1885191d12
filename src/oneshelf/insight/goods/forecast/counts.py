"""Whole numbers around a mean: the negative binomial distribution by its mean and its excess, Poisson where there is none.

With mean m and excess x the variance is m + x m^2; demand of a steady rate has no excess, demand whose rate itself moves has.
"""

from __future__ import annotations

import numpy as np
import scipy

from oneshelf.insight.goods.forecast.arrays import Floats

#: Means above this are taken as gamma distributed: whole numbers no longer show.
SMOOTH_MEAN = 40.0
#: Excesses below this are none.
EXCESS_MIN = 1e-6
#: No quantile is looked for beyond this many standard deviations above the mean.
_DEVIATIONS_MAX = 40.0


def at_most(count: Floats, mean: Floats, excess: Floats) -> Floats:
    """The chance of at most `count` (below 0: none), elementwise."""
    known = np.maximum(np.floor(count), 0.0) + 1.0
    mean, excess = np.maximum(mean, 1e-12), np.maximum(excess, EXCESS_MIN)
    size = 1.0 / excess
    wide = scipy.special.betainc(size, known, 1.0 / (1.0 + excess * mean))
    return np.where(count < 0, 0.0, np.where(excess > EXCESS_MIN, wide, scipy.special.gammaincc(known, mean)))


def at_least(count: Floats, mean: Floats, excess: Floats) -> Floats:
    """The chance of at least `count`, elementwise; exact where it is tiny."""
    known = np.maximum(np.ceil(count), 1.0)
    mean, excess = np.maximum(mean, 1e-12), np.maximum(excess, EXCESS_MIN)
    size = 1.0 / excess
    wide = scipy.special.betainc(known, size, excess * mean / (1.0 + excess * mean))
    tail = np.where(excess > EXCESS_MIN, wide, scipy.special.gammainc(known, mean))
    return np.where(count <= 0, 1.0, tail)


def mean_from(count: Floats, mean: Floats, excess: Floats) -> Floats:
    """The mean of what is at least `count`, elementwise: mean x P'(at least count - 1) / P(at least count).

    P' is the size-biased distribution: k f(k) = mean f'(k - 1), negative binomial with its size one higher. Where a count
    is beyond all expectation, it is the count itself.
    """
    found = _moment_from(count, mean, excess, 1) * mean
    return np.maximum(np.where(np.isfinite(found), found, count), np.maximum(count, 0.0))


def pairs_from(count: Floats, mean: Floats, excess: Floats) -> Floats:
    """The mean of k (k - 1) over what is at least `count`, elementwise, as `mean_from`: the size-biased distribution twice."""
    excess = np.maximum(excess, EXCESS_MIN)
    found = (
        _moment_from(count, mean, excess, 2) * mean**2 * (1.0 + np.where(excess > EXCESS_MIN, excess, 0.0))
    )
    least = np.maximum(count, 0.0)
    return np.maximum(np.where(np.isfinite(found), found, least * (least - 1.0)), least * (least - 1.0))


def _moment_from(count: Floats, mean: Floats, excess: Floats, times: int) -> Floats:
    """P'(at least count - times) / P(at least count), P' biased by size so many times; not a number beyond all expectation."""
    excess = np.maximum(excess, EXCESS_MIN)
    # the same chance of success with a higher size
    size = 1.0 / excess + times
    biased = np.where(excess > EXCESS_MIN, mean * size * excess, mean)
    above = at_least(count - times, biased, np.where(excess > EXCESS_MIN, 1.0 / size, 0.0))
    below = at_least(count, mean, excess)
    return np.where(below > 1e-9, above / np.maximum(below, 1e-12), np.nan)


def quantiles(mean: Floats, excess: Floats, levels: Floats) -> Floats:
    """For every mean and excess (of one shape), the smallest numbers that demand stays at or below with these chances.

    Adds an axis for the levels, which ascend. Whole numbers up to `SMOOTH_MEAN`, where gamma quantiles take over. 0 where
    the mean is not above 0.
    """
    shape = mean.shape
    flat, extra = mean.ravel(), np.broadcast_to(np.maximum(excess, 0.0), shape).ravel()
    out = np.zeros((flat.size, levels.size))
    large = flat > SMOOTH_MEAN
    if large.any():
        spread = 1.0 + extra[large] * flat[large]
        out[large] = (
            scipy.special.gammaincinv((flat[large] / spread)[:, None], levels[None, :]) * spread[:, None]
        )
    small = np.flatnonzero((flat > 0) & ~large)
    out[small] = _climb(flat[small], extra[small], levels)
    return out.reshape(*shape, levels.size)


def _climb(mean: Floats, excess: Floats, levels: Floats) -> Floats:
    """Add up probabilities from 0 on until every level is reached, those that are done leaving early."""
    out = np.zeros((mean.size, levels.size))
    chance = 1.0 / (1.0 + excess * mean)
    size = 1.0 / np.maximum(excess, EXCESS_MIN)
    plain = excess <= EXCESS_MIN
    point = np.where(plain, np.exp(-mean), np.exp(-size * np.log1p(excess * mean)))
    total, alive, count = point.copy(), np.arange(mean.size), 0
    end = mean + _DEVIATIONS_MAX * np.sqrt(mean + excess * mean * mean) + _DEVIATIONS_MAX
    top = levels[-1]
    while alive.size:
        out[alive] += total[:, None] < levels[None, :]
        count += 1
        on = (total < top) & (count < end[alive])
        alive, point, total = alive[on], point[on], total[on]
        step = np.where(plain[alive], mean[alive], (size[alive] + count - 1.0) * (1.0 - chance[alive]))
        point = point * step / count
        total = total + point
    return out
