"""How wrong forecasts were: errors of the mean, of the quantiles, and of levels of the hierarchy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints


def wape(mean: Floats, sold: Floats) -> float | None:
    """Sum of |forecast - sold| over the sum sold; None where nothing sold."""
    total = float(sold.sum())
    return float(np.abs(mean - sold).sum()) / total if total > 0 else None


def bias(mean: Floats, sold: Floats) -> float | None:
    """Sum of (forecast - sold) over the sum sold: above 0 forecasts too much."""
    total = float(sold.sum())
    return float((mean - sold).sum()) / total if total > 0 else None


def scale(demand: Floats, counted: Bools) -> Floats:
    """By series: the mean squared step from one day to the next since it began, which RMSSE divides by (as in the M5
    competition); not a number when there is none, or it never moved."""
    both = counted[:, 1:] & counted[:, :-1]
    squares = np.where(both, np.diff(demand, axis=1) ** 2, 0.0).sum(axis=1)
    found = squares / np.maximum(both.sum(axis=1), 1)
    return np.where(found > 0, found, np.nan)


def rmsse(mean: Floats, sold: Floats, known: Bools, scale: Floats) -> Floats:
    """By series: root mean squared error over the known steps, scaled; not a number where either is not known."""
    squares = np.where(known, (mean - sold) ** 2, 0.0).sum(axis=1)
    steps = known.sum(axis=1)
    return np.where(steps > 0, np.sqrt(squares / np.maximum(steps, 1) / scale), np.nan)


def pinball(quantiles: Floats, sold: Floats, levels: Iterable[float]) -> Floats:
    """By level: the mean of level x (sold - quantile) where it was passed, (1 - level) x (quantile - sold) where not.

    `quantiles` is cells x levels, `sold` one value a cell.
    """
    chance = np.asarray(tuple(levels))
    short = sold[:, None] - quantiles
    return np.asarray(np.maximum(chance * short, (chance - 1.0) * short).mean(axis=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A forecast of some steps beside what came, and the steps before it; all series x steps."""

    mean: Floats
    sold: Floats
    #: whether a step's demand is known
    known: Bools
    before: Floats
    #: whether a step before tells demand
    counted: Bools


def wrmsse(told: Told, worth: Floats, members: Iterable[Ints]) -> float | None:
    """The weighted RMSSE of the M5 competition: every level of the hierarchy alike, in it each group by its worth.

    `members` holds for each level the number of every series' group; `worth` is by series, such as its recent revenue.
    """
    by_level = [_level(told, worth, group) for group in members if len(group)]
    found = [each for each in by_level if each is not None]
    return float(np.mean(found)) if found else None


def _level(told: Told, worth: Floats, group: Ints) -> float | None:
    groups = int(group.max()) + 1

    def total(values: Floats, where: Bools) -> Floats:
        out = np.zeros((groups, values.shape[1]))
        np.add.at(out, group, np.where(where, values, 0.0))
        return out

    before = total(told.before, told.counted)
    begun = np.cumsum(before > 0, axis=1) > 0
    known = total(told.known.astype(np.float64), told.known) > 0
    error = rmsse(total(told.mean, told.known), total(told.sold, told.known), known, scale(before, begun))
    weight = np.bincount(group, weights=worth, minlength=groups)
    usable = np.isfinite(error) & (weight > 0)
    return float(np.average(error[usable], weights=weight[usable])) if usable.any() else None
