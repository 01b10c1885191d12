"""The past as methods look at it: demand, where it is known, and the sums and levels that were known before every step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.levels import Levels, Shared, levels
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.rhythm import Rhythm


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Demand of series (rows) by step (columns), and what follows from it. Every answer for a step looks only before it."""

    rhythm: Rhythm
    #: never below 0: who brings something back did want it
    demand: Floats
    #: whether the step tells demand: the series had begun, its place was open, and it sold no spike
    counted: Bools
    #: by series: the step of its first sale
    starts: Ints
    levels: Levels
    _demand_until: Floats
    _counted_until: Floats

    @classmethod
    def of(
        cls, panel: Panel, demand: Floats, group: Ints, shared: Shared | int, spiked: Bools | None = None
    ) -> Self:
        """Look at a panel whose demand was restored. `group` and `shared` are those of `levels`; what `spiked` marks tells nothing."""
        steps, starts = panel.steps, panel.starts
        begun = np.arange(steps)[None, :] >= np.where(starts < panel.rhythm.recent, 0, starts)[:, None]
        begun &= (starts < steps)[:, None]
        counted = begun & panel.open(0, steps)
        if spiked is not None:
            counted &= ~spiked
        return cls(
            rhythm=panel.rhythm,
            demand=demand,
            counted=counted,
            starts=starts,
            levels=levels(demand, counted, starts, group=group, rhythm=panel.rhythm, shared=shared),
            _demand_until=_until(np.where(counted, demand, 0.0)),
            _counted_until=_until(counted),
        )

    def take(self, at: Ints) -> Past:
        """Some of the series."""
        return replace(
            self,
            demand=self.demand[at],
            counted=self.counted[at],
            starts=self.starts[at],
            levels=self.levels.take(at),
            _demand_until=self._demand_until[at],
            _counted_until=self._counted_until[at],
        )

    def put(self, at: Ints, other: Past) -> Past:
        """With the past of some of the series in the place of their own."""

        def placed(mine: Any, theirs: Any) -> Any:
            out = mine.copy()
            out[at] = theirs
            return out

        return replace(
            self,
            demand=placed(self.demand, other.demand),
            levels=self.levels.put(at, other.levels),
            _demand_until=placed(self._demand_until, other._demand_until),
        )

    def mean(self, origin: int, steps: int) -> Floats:
        """By series: mean demand of the counted ones of the last `steps` steps before `origin`; 0 where there is none.

        Of a series that was closed all that time, the last `steps` before it closed: it comes back as it went.
        """
        rows = np.arange(len(self.demand))
        last = np.full(len(rows), origin)
        closed = (self._counted_until[:, origin] == self._counted_until[:, max(0, origin - steps)]) & (
            self._counted_until[:, origin] > 0
        )
        if closed.any():
            until = self._counted_until[closed]
            last[closed] = (until >= until[:, origin, None]).argmax(axis=1)
        first = np.maximum(0, last - steps)
        demand = self._demand_until[rows, last] - self._demand_until[rows, first]
        counted = self._counted_until[rows, last] - self._counted_until[rows, first]
        return np.asarray(demand / np.maximum(counted, 1.0))

    def age(self, origin: int) -> Floats:
        """By series: counted steps before `origin`."""
        return np.asarray(self._counted_until[:, origin])


def _until(values: Floats | Bools) -> Floats:
    """Column t is the sum of the columns before t."""
    out = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=out[:, 1:])
    return out
