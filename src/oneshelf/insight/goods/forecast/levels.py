"""Levels: what each series sells on an average step, known before every step, with the season evened out.

An exponential average, which begins at what other new series of the same group sold (`beginnings`): so a new product has its
category's level and season until its own sales speak.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from oneshelf.insight.goods.forecast import beginnings, season
from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.beginnings import Beginnings
from oneshelf.insight.goods.forecast.rhythm import Rhythm

#: A step that is expected to sell less than this share of the average says nothing about levels.
INDEX_MIN = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What series lend each other: measured once, on a sample, it serves any number of others."""

    #: by block of `Rhythm.refresh` steps: groups x season
    profiles: tuple[Floats, ...]
    begin: Beginnings


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Levels and seasons as they were known before every step, up to the step after the last."""

    rhythm: Rhythm
    #: series x (steps + 1)
    level: Floats
    #: by block of steps: series x season
    index: tuple[Floats, ...]
    shared: Shared

    def seasonal(self, origin: int, horizon: int) -> Floats:
        """Series x horizon: the season's index from step `origin` on, as it was known before that step."""
        phase = (origin + np.arange(horizon)) % self.rhythm.season
        return np.asarray(self.index[origin // self.rhythm.refresh][:, phase])

    def take(self, at: Ints) -> Levels:
        """Those of some of the series."""
        return replace(self, level=self.level[at], index=tuple(block[at] for block in self.index))

    def put(self, at: Ints, other: Levels) -> Levels:
        """With those of some of the series in the place of their own."""
        level, index = self.level.copy(), tuple(block.copy() for block in self.index)
        level[at] = other.level
        for mine, theirs in zip(index, other.index, strict=True):
            mine[at] = theirs
        return replace(self, level=level, index=index)

    def base(self, origin: int, horizon: int) -> Floats:
        """Series x horizon: the level times the season's index."""
        return self.level[:, origin, None] * self.seasonal(origin, horizon)


def levels(
    demand: Floats,
    counted: Bools,
    starts: Ints,
    *,
    group: Ints,
    rhythm: Rhythm,
    shared: Shared | int,
) -> Levels:
    """Follow every series through its steps.

    `counted` says where demand is known, `group` the number of each series' group, and `shared` what was measured before, or how
    many groups there are.
    """
    steps = demand.shape[1]
    begin = (
        beginnings.measure(demand, counted, starts, group=group, rhythm=rhythm, groups=shared)
        if isinstance(shared, int)
        else shared.begin
    )
    out = np.empty((len(demand), steps + 1))
    level, index, groups = begin.level[group], [], []
    weight = 1.0 - (1.0 - rhythm.level_share) ** begin.steps[group]
    for step in range(steps + 1):
        if step % rhythm.refresh == 0:
            block = step // rhythm.refresh
            window = slice(max(0, step - rhythm.season_window), step)
            phase = np.arange(window.start, step) % rhythm.season
            lent = (
                shared if isinstance(shared, int) else shared.profiles[min(block, len(shared.profiles) - 1)]
            )
            profile = season.measure(
                demand[:, window], counted[:, window], phase, group=group, rhythm=rhythm, groups=lent
            )
            index.append(profile.series)
            groups.append(profile.groups)
        out[:, step] = level
        if step < steps:
            expected = profile.series[:, step % rhythm.season]
            speaks = counted[:, step] & (expected >= INDEX_MIN)
            weight = np.where(speaks, (1.0 - rhythm.level_share) * weight + rhythm.level_share, weight)
            surprise = demand[:, step] / np.maximum(expected, INDEX_MIN) - level
            level = level + np.where(speaks, surprise * rhythm.level_share / weight, 0.0)
    return Levels(
        rhythm=rhythm, level=out, index=tuple(index), shared=Shared(profiles=tuple(groups), begin=begin)
    )
