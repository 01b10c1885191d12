"""Demand restored where the shelf ran out: sales are demand cut by stock, and a forecast of sales would order the cut again.

On a step on which stock ran out, demand was what was sold or more. What it was on average follows from the distribution of
demand on such steps (negative binomial around the series' local level times its season and what promotions do), cut below at what
was sold; and the level follows from demand. The two are found in turn (expectation and maximisation, Dempster et al. 1977; for demand seen through
sales Conrad 1976 and Nahmias 1994). A shelf that was empty the whole day sold nothing and says nothing: its demand is the level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oneshelf.insight.goods.forecast import counts, season
from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.windows import around

#: Turns of the two steps; the mean moves by less than a hundredth after these.
TURNS = 25
#: The most that demand is taken to have been, as a multiple of what sold that day or of what usually sells. A shelf that always runs
#: out tells only that demand is higher: without a bound, the turns would go on upwards for ever.
RESTORED_MAX = 3.0
EXCESS_MAX = 2.0


@dataclass(frozen=True, slots=True)
class Restored:
    """Demand by series and step, never below 0, and by series how many steps were restored."""

    demand: Floats
    steps: Ints


def restore(panel: Panel, group: Ints, groups: Floats | int) -> Restored:
    """Take what was sold for demand, and restore it where stock ran out on an open step.

    `group` and `groups` are those of `season.measure`.
    """
    demand = np.maximum(panel.sold, 0.0)
    if panel.ran_out is None or not panel.ran_out.any():
        return Restored(demand, np.zeros(len(panel), dtype=np.intp))
    seen = panel.open(0, panel.steps)
    cut = panel.ran_out & seen
    rows, steps = np.nonzero(cut)
    least = demand[rows, steps]
    demand = demand.copy()
    driven = _driven(panel)
    factor = np.ones_like(demand)
    usual = _usual(demand, seen, cut)[rows]
    excess = 0.0
    for _ in range(TURNS):
        level = _local_mean(panel, demand / factor, seen, group, groups)
        factor = _factor(demand, level, seen, driven, factor)
        mean = level * factor
        around = mean[rows, steps]
        wide = np.full_like(around, excess)
        most = RESTORED_MAX * np.maximum(least, usual * factor[rows, steps])
        demand[rows, steps] = np.minimum(counts.mean_from(least, around, wide), most)
        pairs = demand * (demand - 1.0)
        pairs[rows, steps] = counts.pairs_from(least, around, wide)
        excess = _excess(pairs, demand, mean, seen)
    return Restored(demand, cut.sum(axis=1).astype(np.intp))


def _usual(sold: Floats, seen: Bools, cut: Bools) -> Floats:
    """By series: what sold on an average step on which the shelf lasted, or on which it ran out after some sales if that is more."""
    lasted, after = seen & ~cut, cut & (sold > 0)
    means = [(sold * steps).sum(axis=1) / np.maximum(steps.sum(axis=1), 1) for steps in (lasted, after)]
    return np.asarray(np.maximum(*means))


def _driven(panel: Panel) -> list[Bools]:
    """By regressor: the steps on which it is well above its average for the series, such as promotions."""
    out = []
    for name in panel.regressors:
        value = np.nan_to_num(panel.regressor(name, 0, panel.steps))
        above = value > value.mean(axis=1, keepdims=True) + np.ptp(value, axis=1)[:, None] / 4
        out.append(np.broadcast_to(above, panel.sold.shape))
    return out


def _factor(demand: Floats, level: Floats, seen: Bools, driven: list[Bools], before: Floats) -> Floats:
    """What the regressors multiply demand by, the same for all series: one turn of each, given the others."""
    factor = before
    for on in driven:
        there = seen & on
        others = np.where(there, factor, 0.0)
        expected = float((level * others).sum())
        uplift = float(demand[there].sum()) / expected if expected > 0 else 1.0
        factor = np.where(on, factor * uplift, factor)
    return factor


def _local_mean(panel: Panel, demand: Floats, seen: Bools, group: Ints, groups: Floats | int) -> Floats:
    """The mean of the steps around each one, with the season evened out and put back."""
    rhythm = panel.rhythm
    phase = np.arange(panel.steps) % rhythm.season
    index = season.measure(demand, seen, phase, group=group, rhythm=rhythm, groups=groups).series[:, phase]
    even = np.where(seen, demand, 0.0)
    reach = rhythm.recent
    total = around(even, reach)
    expected = around(np.where(seen, index, 0.0), reach)
    overall = even.sum(axis=1, keepdims=True) / np.maximum(
        np.where(seen, index, 0.0).sum(axis=1, keepdims=True), 1e-9
    )
    return np.where(expected > 0, total / np.maximum(expected, 1e-9), overall) * index


def _excess(pairs: Floats, demand: Floats, level: Floats, seen: Bools) -> float:
    """By how much demand spreads more than Poisson: its mean square beyond that, over the square of its mean.

    `pairs` is k (k - 1), on average where k is not known: days that ran out are among the best, so without them demand would
    seem to spread wrongly.
    """
    mean = level[seen]
    squares = float((mean * mean).sum())
    over = float((pairs[seen] - 2.0 * demand[seen] * mean + mean * mean + (demand[seen] - mean)).sum())
    return min(max(over / squares, 0.0), EXCESS_MAX) if squares > 0 else 0.0
