"""What promotions do to demand, measured on past ones, so that every method knows of one to come.

On promoted steps a series sells some factor of what the unpromoted steps around them would have sold there. A single series was seldom
promoted often enough to tell that factor from chance; its product, type, category and department were. So each leans on the level above as far
as its own pieces do not speak: with `s` pieces sold where `e` would have been sold without promotion the factor is (s + k f) / (e + k), f being
that above (the mean of a gamma posterior, as in `season`); above all stands 1, which is no effect. Where something is promoted in part (a type
some of whose products are), the factor holds for that part. A method sees demand with the factor taken out of promoted steps, and what it expects is
multiplied by it on those to come. Trees see promotions themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.past import Past
from oneshelf.insight.goods.forecast.season import HEAVY_PIECES
from oneshelf.insight.goods.forecast.windows import around

#: The regressor that says which share of a series is promoted on a step.
NAME = "promotion"
#: How many pieces (of a series, of a group) weigh as much as what the level above says.
SERIES_PIECES, GROUP_PIECES = 10.0, 50.0
#: Nor do few promoted steps say much, however much they sold: as many of a series weigh as much as the level above.
SERIES_STEPS = 2.0
#: No promotion is taken to sell less than nothing more, or beyond so many times what is usual.
FACTORS = (1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Effects:
    """By level, the widest first, and by group: the factor of promotions. What is in no group has that of all."""

    overall: float
    levels: Mapping[str, Mapping[str, float]]

    def above(self, panel: Panel) -> Floats:
        """By series: the factor of the narrowest group that is known."""
        found = np.full(len(panel), self.overall)
        for level, factors in self.levels.items():
            names = _names(panel)[level]
            found = np.array([factors.get(name, one) for name, one in zip(names, found, strict=True)])
        return found


@dataclass(frozen=True, slots=True)
class Promoted:
    """A past without what promotions did to it, and the factors that these have."""

    panel: Panel
    past: Past
    #: by series; 1 for those that no promotion concerns
    factor: Floats

    @classmethod
    def of(
        cls, panel: Panel, past: Past, group: Ints, effects: Effects | None, *, until: int, which: Bools
    ) -> Promoted:
        """Learn the own factor of each series of `which` from the steps before `until`, and take it out of all steps.

        `group` is that of `levels`. Without `effects` nothing is known of promotions, and nothing changes.
        """
        factor, rows = np.ones(len(panel)), np.flatnonzero(which & concerned(panel))
        if effects is None or not rows.size:
            return cls(panel, past, factor)
        some, seen = panel.take(rows), past.take(rows)
        sold, usual = _beside(some, seen, until)
        leaning = SERIES_PIECES + SERIES_STEPS * seen.mean(until, until)
        factor[rows] = _lean(sold, usual, effects.above(some), leaning)
        told = np.nan_to_num(some.regressor(NAME, 0, some.steps))
        demand = seen.demand / (1.0 + (factor[rows, None] - 1.0) * told)
        spiked = some.open(0, some.steps) & ~seen.counted
        plain = Past.of(some, demand, group[rows], past.levels.shared, spiked)
        return cls(panel, past.put(rows, plain), factor)

    def ahead(self, origin: int, horizon: int) -> Floats:
        """Series x horizon: what promotions told before step `origin` multiply demand by."""
        if not (self.factor > 1.0).any():
            return np.ones((len(self.factor), horizon))
        told = np.nan_to_num(self.panel.regressor(NAME, origin, origin + horizon, known=origin))
        return np.asarray(1.0 + (self.factor[:, None] - 1.0) * told)

    def told_ahead(self, horizon: int) -> Bools:
        """By series: whether anything of it is promoted on the steps after the last."""
        if NAME not in self.panel.regressors:
            return np.zeros(len(self.panel), dtype=np.bool_)
        steps = self.panel.steps
        told = np.nan_to_num(self.panel.regressor(NAME, steps, steps + horizon, known=steps))
        return np.asarray(np.broadcast_to((told > 0).any(axis=1), len(self.panel)))

    def take(self, at: Ints) -> Promoted:
        """Some of the series."""
        return Promoted(self.panel.take(at), self.past.take(at), self.factor[at])


def concerned(panel: Panel) -> Bools:
    """By series: whether anything of it was or will be promoted."""
    if NAME not in panel.regressors:
        return np.zeros(len(panel), dtype=np.bool_)
    some = (np.nan_to_num(panel.regressors[NAME]) > 0).any(axis=1)
    return np.asarray(np.broadcast_to(some, len(panel)))


def measure(panel: Panel, past: Past, until: int) -> Effects | None:
    """What promotions before step `until` did; None when there were none, so that nothing is known of those to come."""
    if NAME not in panel.regressors:
        return None
    sold, usual = _beside(panel, past, until)
    if not usual.any():
        return None
    # fuel does not speak for a supermarket
    weight = 1.0 / (1.0 + past.demand[:, :until].mean(axis=1) / HEAVY_PIECES)
    sold, usual = sold * weight, usual * weight
    overall = float(_lean(sold.sum(), usual.sum(), 1.0, GROUP_PIECES))
    found = Effects(overall, {})
    for level, names in _names(panel).items():
        above = found.above(panel)
        groups, first, member = np.unique(np.array(names), return_index=True, return_inverse=True)
        tops, bottoms = np.zeros(len(groups)), np.zeros(len(groups))
        np.add.at(tops, member, sold)
        np.add.at(bottoms, member, usual)
        factors = _lean(tops, bottoms, above[first], GROUP_PIECES)
        known = dict(zip(groups.tolist(), factors.tolist(), strict=True))
        found = Effects(overall, {**found.levels, level: known})
    return found


def _names(panel: Panel) -> dict[str, tuple[str, ...]]:
    """The groups of the panel, the widest first, and its products where places share them."""
    products = tuple(one.product_id for one in panel.series)
    shared = {"product": products} if len(set(products)) < len(products) else {}
    return {**dict(reversed(list(panel.groups.items()))), **shared}


def _beside(panel: Panel, past: Past, until: int) -> tuple[Floats, Floats]:
    """By series: what promoted steps before `until` sold, and what unpromoted ones around them would have."""
    told = np.nan_to_num(panel.regressor(NAME, 0, until))
    counted, demand = past.counted[:, :until], past.demand[:, :until]
    index = past.levels.seasonal(until, past.rhythm.season)[
        :, (np.arange(until) - until) % past.rhythm.season
    ]
    plain = np.where(counted, 1.0 - told, 0.0)
    near = around(plain * index, past.rhythm.recent)
    base = index * np.where(
        near > 0, around(plain * demand, past.rhythm.recent) / np.maximum(near, 1e-9), 0.0
    )
    share = np.where(counted & (near > 0), told, 0.0)
    usual = (share**2 * base).sum(axis=1)
    return usual + (share * (demand - base)).sum(axis=1), usual


def _lean(sold: Floats, usual: Floats, above: Floats | float, pieces: Floats | float) -> Floats:
    return np.asarray(np.clip((sold + pieces * above) / (usual + pieces), *FACTORS))
