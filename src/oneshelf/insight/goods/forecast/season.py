"""The profile of the season: what each weekday (or week of the year) sells against the average.

A single series seldom sells enough to tell its own weekdays from chance; its group does, and the whole panel does. So each
profile leans on that of the level above as far as its own pieces do not speak: with `s` pieces sold on a weekday where `e` would
have been sold without one, the index is (s + k p) / (e + k), where p is the index above (the mean of a gamma posterior).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.rhythm import Rhythm

#: How many pieces (of a series, of a group) weigh as much as what the level above says.
SERIES_PIECES, GROUP_PIECES = 100.0, 2_000.0
#: Nor do few steps say much, however much they sold: as many of a weekday weigh as much as the level above.
SERIES_STEPS = 4.0
#: How many pieces a series counts at most a step, about, in the profile of its group: fuel does not speak for a supermarket.
HEAVY_PIECES = 20.0


@dataclass(frozen=True, slots=True)
class Profile:
    """The season as it was known before one step, indexes of mean about 1."""

    #: groups x season; the last row is that of a group that nobody knows
    groups: Floats
    #: series x season
    series: Floats


def measure(
    demand: Floats, counted: Bools, phase: Ints, *, group: Ints, rhythm: Rhythm, groups: Floats | int
) -> Profile:
    """Measure the profile on some steps: what was demanded, where that counts, and where in the season each step lies.

    `groups` is how many groups there are, or their profiles when they were measured before, on more series. Everything is 1
    before `Rhythm.season_min` steps are known.
    """
    count = len(demand)
    steps = phase.size
    if steps < rhythm.season_min:
        known = np.ones((groups + 1, rhythm.season)) if isinstance(groups, int) else groups
        return Profile(known, np.ones((count, rhythm.season)))
    lies = np.eye(rhythm.season)[phase]
    sold = np.where(counted, demand, 0.0) @ lies
    seen = counted.astype(np.float64) @ lies
    mean = sold.sum(axis=1) / np.maximum(seen.sum(axis=1), 1.0)
    flat = mean[:, None] * seen
    known = _of_groups(sold, flat, mean, group, groups) if isinstance(groups, int) else groups
    return Profile(known, _lean(sold, flat, known[group], SERIES_PIECES + SERIES_STEPS * mean[:, None]))


def _of_groups(sold: Floats, flat: Floats, mean: Floats, group: Ints, groups: int) -> Floats:
    weight = 1.0 / (1.0 + mean / HEAVY_PIECES)
    total = _lean(
        (weight @ sold)[None, :], (weight @ flat)[None, :], np.ones((1, sold.shape[1])), SERIES_PIECES
    )
    tops, bottoms = np.zeros((groups, sold.shape[1])), np.zeros((groups, sold.shape[1]))
    np.add.at(tops, group, weight[:, None] * sold)
    np.add.at(bottoms, group, weight[:, None] * flat)
    return np.vstack((_lean(tops, bottoms, total, GROUP_PIECES), total))


def _lean(sold: Floats, flat: Floats, above: Floats, pieces: Floats | float) -> Floats:
    return np.asarray((sold + pieces * above) / (flat + pieces))
