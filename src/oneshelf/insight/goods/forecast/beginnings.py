"""Beginnings: what a new series is taken to sell before its own sales say it.

The level is what the group's launches sold in their first steps, leaning on the median of the group when there were few. How
long it counts follows from the group as well: a mean of `within / between` steps of a series' own weighs as much as the group's
level, where `within` is the variance of a series from step to step and `between` that of the series' means (empirical Bayes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.rhythm import Rhythm

#: As many launches weigh as much as the median of the group.
LAUNCHES = 10.0
#: The bounds of how many steps a group's level weighs.
STEPS = (0.1, 14.0)


@dataclass(frozen=True, slots=True)
class Beginnings:
    """By group, the last for a group that nobody knows."""

    level: Floats
    steps: Floats


def measure(
    demand: Floats, counted: Bools, starts: Ints, *, group: Ints, rhythm: Rhythm, groups: int
) -> Beginnings:
    """Measure what new series of each group sell, and for how many steps that should count."""
    seen = counted.sum(axis=1)
    known = np.where(counted, demand, 0.0)
    mean = known.sum(axis=1) / np.maximum(seen, 1)
    within = (known**2).sum(axis=1) / np.maximum(seen, 1) - mean**2
    usual, steps = np.empty(groups + 1), np.empty(groups + 1)
    for one in range(groups + 1):
        members = (group == one) & (seen > 1)
        members = members if members.sum() > 1 else seen > 1
        usual[one] = np.median(mean[members]) if members.any() else 0.0
        between = float(mean[members].var()) if members.any() else 0.0
        steps[one] = float(within[members].mean()) / between if between > 0 else STEPS[1]
    return Beginnings(
        _launches(demand, counted, starts, group=group, rhythm=rhythm, usual=usual), np.clip(steps, *STEPS)
    )


def _launches(
    demand: Floats, counted: Bools, starts: Ints, *, group: Ints, rhythm: Rhythm, usual: Floats
) -> Floats:
    steps = demand.shape[1]
    launched = (starts >= rhythm.recent) & (starts < steps)
    age = np.arange(steps)[None, :] - starts[:, None]
    # the first step of a series is known only because it sold, so it says too much
    young = launched[:, None] & counted & (age >= 1) & (age <= rhythm.recent)
    pieces, seen, series = np.zeros(usual.size), np.zeros(usual.size), np.zeros(usual.size)
    np.add.at(pieces, group, np.where(young, demand, 0.0).sum(axis=1))
    np.add.at(seen, group, young.sum(axis=1))
    np.add.at(series, group, young.any(axis=1))
    rate = pieces / np.maximum(seen, 1)
    return np.asarray((rate * series + usual * LAUNCHES) / (series + LAUNCHES))
