"""How far demand strays from a forecast: measured on forecasts that were made before, by the method that makes them now.

Demand is taken as negative binomial around the mean. Its excess is that of the series' own past errors, leaning on its segment's as
far as these are few, and grows with the steps ahead as the segment's did. What the shape then still gets wrong is put right by
calibration: when in the past a tenth of all days fell above the quantile of 0.95, that quantile is the one of 0.9 (Kuleshov, Fenner
and Ermon 2018, Accurate uncertainties for deep learning using calibrated regression). Only how wide quantiles lie is calibrated, not
to which side: on the few past days that there are, all series err to the same side together, and the next days need not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oneshelf.insight.goods.forecast import counts
from oneshelf.insight.goods.forecast.arrays import Bools, Floats
from oneshelf.insight.goods.forecast.segments import SEGMENTS

#: As many steps as weigh as much in a series' excess as that of its segment.
STEPS = 30.0
#: The steps ahead within which the excess is taken as one: up to 1, 7, 14, and the rest.
EDGES = (1, 7, 14)
GROWTH = (0.5, 3.0)
EXCESS_MAX = 20.0
#: The fewest past steps of a segment from which quantiles are calibrated.
CALIBRATED_MIN = 1_000
_ENDS = (0.0005, 0.9995)


@dataclass(frozen=True, slots=True)
class Errors:
    """Past forecasts and what came: series x steps, one row of steps after another origin behind the other."""

    mean: Floats
    demand: Floats
    known: Bools
    #: by column: how many steps ahead it was, from 1
    ahead: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Law:
    """What the series of one segment have in common."""

    excess: float
    #: mean squared forecast of a step, which a series' own is weighed against
    weight: float
    #: by span between EDGES: how much more or less the excess is
    growth: Floats
    #: chances that past steps had, or more, each beside that of the other side, ascending; empty where there were too few
    chances: Floats


def measure(errors: Errors, segment: NDArray[np.str_], seed: int) -> dict[str, Law]:
    """By segment: what past errors say. Segments without any have that of all together."""
    everything = _law(errors, np.ones(segment.size, dtype=np.bool_), seed)
    out: dict[str, Law] = {}
    for name in SEGMENTS:
        members = segment == name
        enough = errors.known[members].sum() >= CALIBRATED_MIN
        out[name] = _law(errors, members, seed) if enough else everything
    return out


def excesses(errors: Errors, segment: NDArray[np.str_], laws: dict[str, Law]) -> Floats:
    """By series: the excess of its own errors, leaning on its segment's."""
    over, squares = _moments(errors)
    law = np.array([(laws[name].excess, laws[name].weight) for name in segment]).reshape(-1, 2)
    leaning = STEPS * law[:, 1]
    found = (over + leaning * law[:, 0]) / np.maximum(squares + leaning, 1e-12)
    return np.asarray(np.clip(found, 0.0, EXCESS_MAX))


def quantiles(
    mean: Floats, excess: Floats, segment: NDArray[np.str_], laws: dict[str, Law], levels: tuple[float, ...]
) -> Floats:
    """Series x steps x levels around the means of the steps ahead."""
    out = np.zeros((*mean.shape, len(levels)))
    ahead = np.arange(1, mean.shape[1] + 1)
    for name in np.unique(segment):
        members, law = segment == name, laws[str(name)]
        wide = excess[members, None] * law.growth[_span(ahead)][None, :]
        out[members] = counts.quantiles(mean[members], wide, _calibrated(law, np.array(levels)))
    return out


def _law(errors: Errors, members: Bools, seed: int) -> Law:
    some = Errors(errors.mean[members], errors.demand[members], errors.known[members], errors.ahead)
    over, squares = _moments(some)
    steps = max(int(some.known.sum()), 1)
    excess = _ratio(over.sum(), squares.sum())
    growth = np.ones(len(EDGES) + 1)
    for span in range(len(EDGES) + 1):
        part = some.known & (_span(some.ahead) == span)[None, :]
        above, below = _moments(Errors(some.mean, some.demand, part, some.ahead))
        if excess > 0 and part.any():
            growth[span] = np.clip(_ratio(above.sum(), below.sum()) / excess, *GROWTH)
    shared = Law(excess, float(squares.sum()) / steps, growth, np.empty(0))
    if some.known.sum() < CALIBRATED_MIN:
        return shared
    own = excesses(some, np.full(len(some.mean), "all"), {"all": shared})
    return Law(excess, shared.weight, growth, _chances(some, own, growth, seed))


def _moments(errors: Errors) -> tuple[Floats, Floats]:
    """By series: by how much squared errors pass the mean in sum, and the sum of squared means."""
    over = np.where(errors.known, (errors.demand - errors.mean) ** 2 - errors.mean, 0.0).sum(axis=1)
    return over, np.where(errors.known, errors.mean**2, 0.0).sum(axis=1)


def _ratio(over: float, squares: float) -> float:
    return float(min(max(over / squares, 0.0), EXCESS_MAX)) if squares > 0 else 0.0


def _span(ahead: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.searchsorted(EDGES, ahead).astype(np.intp)


def _chances(errors: Errors, excess: Floats, growth: Floats, seed: int) -> Floats:
    """The chance of what came, or less, sorted; a whole number has a span of chances, of which one is drawn."""
    wide = np.broadcast_to(excess[:, None] * growth[_span(errors.ahead)][None, :], errors.mean.shape)
    told = errors.known & (errors.mean > 0)
    came, mean, wide = errors.demand[told], errors.mean[told], wide[told]
    upper, lower = counts.at_most(came, mean, wide), counts.at_most(came - 1.0, mean, wide)
    drawn = lower + (upper - lower) * np.random.default_rng(seed).random(came.size)
    return np.sort(np.concatenate([drawn, 1.0 - drawn]))


def _calibrated(law: Law, levels: Floats) -> Floats:
    if not law.chances.size:
        return levels
    return np.clip(np.quantile(law.chances, levels), *_ENDS)
