"""Futures to plan against: days of demand drawn evenly from a forecast's quantiles."""

from __future__ import annotations

import numpy as np

from oneshelf.decisions.plan.arrays import Draws, Floats
from oneshelf.errors import InvalidInput

#: Futures of one plan. Each day alone is cut into this many equally likely slices, so that a quantile is exact to one of them.
SCENARIOS = 128

#: How much of a day's surprise the other days of the same line share.
DAYS_TOGETHER = 0.3


def chances(days: int, *, count: int = SCENARIOS, together: float = DAYS_TOGETHER, seed: int = 1) -> Floats:
    """How lucky each day is in each future, scenarios x days, between 0 and 1; the same for every line of a plan.

    Every column holds the middles of `count` equal slices in another order (a Latin hypercube), ordered so that two days agree with
    rank correlation `together` (Iman and Conover, 1982).
    """
    if not 0 <= together < 1:
        raise InvalidInput.of("together", together, "cannot be a correlation.", "Expected 0 to below 1.")
    random = np.random.default_rng(seed)
    shared = random.standard_normal((count, 1))
    scores = np.sqrt(together) * shared + np.sqrt(1 - together) * random.standard_normal((count, days))
    return np.asarray((scores.argsort(axis=0).argsort(axis=0) + 0.5) / count)


def draw(levels: tuple[float, ...], quantiles: Floats, lucky: Floats) -> Draws:
    """Demand in whole pieces, lines x scenarios x days, from quantiles of lines x days x levels.

    Between two levels demand is read off the straight line between their quantiles; beyond the outermost ones that line goes on, down
    to 0 at least.
    """
    at, values = _to_the_ends(np.asarray(levels), quantiles)
    upper = np.clip(np.searchsorted(at, lucky), 1, len(at) - 1)
    weight = (lucky - at[upper - 1]) / (at[upper] - at[upper - 1])
    days = np.arange(lucky.shape[1])
    low, high = values[:, days, upper - 1], values[:, days, upper]
    return np.rint(low + (high - low) * weight).astype(np.float32)


def _to_the_ends(levels: Floats, quantiles: Floats) -> tuple[Floats, Floats]:
    if len(levels) < 2 or not (np.diff(levels) > 0).all() or levels[0] <= 0 or levels[-1] >= 1:
        raise InvalidInput.of(
            "levels",
            levels.tolist(),
            "cannot be read.",
            "Give two levels or more, ascending, between 0 and 1.",
        )
    first, second, before, last = (quantiles[..., at] for at in (0, 1, -2, -1))
    low = np.maximum(first - (second - first) * levels[0] / (levels[1] - levels[0]), 0)
    high = last + (last - before) * (1 - levels[-1]) / (levels[-1] - levels[-2])
    return np.array([0.0, *levels, 1.0]), np.concatenate(
        [low[..., None], quantiles, high[..., None]], axis=-1
    )
