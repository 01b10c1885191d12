"""What boosted trees see of a series on a step ahead: how it sold before the origin, and what is known of the step itself.

Everything about amounts is a ratio to the series' own level, so that one set of trees serves series of every size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oneshelf.insight.goods.forecast import promotions
from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.past import Past

#: Added to a level before something is divided by it, in pieces.
SOME = 0.05
#: Levels of the hierarchy with more groups than this are not shown to the trees, which would learn them by heart.
GROUPS_MAX = 200
#: Recent spans after which a series is as old as any: the age of those that were always there is but a date.
AGE_MAX = 4
#: Steps of the shortest mean.
LATELY = 3
#: How many pieces draw what a regressor did towards nothing, how near values count as alike, and how many steps draw these towards 1.
UPLIFT_PIECES, ALIKE, ALIKE_STEPS = 5.0, 0.1, 2.0


@dataclass(frozen=True, slots=True)
class Coding:
    """The number of every group by level of the hierarchy, as the trees learnt them."""

    codes: dict[str, dict[str, int]]

    @classmethod
    def of(cls, panel: Panel) -> Coding:
        """Number the groups of a panel."""
        found = {level: sorted(set(names)) for level, names in panel.groups.items()}
        return cls(
            {
                level: {name: at for at, name in enumerate(names)}
                for level, names in found.items()
                if 1 < len(names) <= GROUPS_MAX
            }
        )

    def columns(self, panel: Panel) -> Floats:
        """Series x levels: the numbers; not a number for a group that was not there."""
        rows = [
            [codes.get(name, np.nan) for name in panel.groups[level]] for level, codes in self.codes.items()
        ]
        return np.array(rows, dtype=np.float64).reshape(len(self.codes), len(panel)).T


@dataclass(frozen=True, slots=True)
class View:
    """A panel and its past, as the trees see them."""

    panel: Panel
    past: Past
    coding: Coding

    def names(self) -> list[str]:
        """The features in their order."""
        known = [
            f"{name}_{what}"
            for name in self.panel.regressors
            for what in ("then", "step_before", "recently", "uplift", "alike")
        ]
        return [
            *("level", "lately", "last_season", "recent", "quarter", "last_step"),
            *("same_step", "zeros", "since_sale", "age", "index"),
            *("ahead", "phase", "month_day", "year_step", "last_year", "open_before", "open_after"),
            *known,
            *self.coding.codes,
        ]

    def base(self, origin: int, at: Ints, ahead: Ints) -> Floats:
        """By row: the seasonal level, from which the trees start."""
        return self.past.levels.base(origin, int(ahead.max()) + 1)[at, ahead] + SOME

    def matrix(self, origin: int, at: Ints, ahead: Ints) -> Floats:
        """A row for each pair of a series (`at`) and how many steps after `origin` it is looked at (`ahead`, from 0)."""
        past, horizon = self.past, int(ahead.max()) + 1
        index = past.levels.seasonal(origin, horizon)
        parts = [
            self._amounts(origin)[at],
            self._same_step(origin, horizon, index)[at, ahead][:, None],
            self._habits(origin)[at],
            index[at, ahead][:, None],
            self._calendar(origin, horizon)[ahead],
            self._last_year(origin, horizon)[at, ahead][:, None],
            *self._open_around(origin, horizon, at, ahead),
            *(self._regressor(name, origin, at, ahead) for name in self.panel.regressors),
            self.coding.columns(self.panel)[at],
        ]
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def _level(self, origin: int) -> Floats:
        return self.past.levels.level[:, origin] + SOME

    def _amounts(self, origin: int) -> Floats:
        """The level, and what sold lately against it."""
        past, rhythm, level = self.past, self.past.rhythm, self._level(origin)
        spans = (LATELY, min(rhythm.season, rhythm.recent // 2), rhythm.recent, 3 * rhythm.recent)
        recent = [past.mean(origin, span) / level for span in spans]
        return np.column_stack([np.log(level), *recent, past.demand[:, origin - 1] / level])

    def _habits(self, origin: int) -> Floats:
        """The recent share of steps without a sale, steps since the last one, and the age."""
        past = self.past
        recent = slice(max(0, origin - past.rhythm.recent), origin)
        sold = past.demand[:, :origin] > 0
        since = np.where(sold.any(axis=1), sold[:, ::-1].argmax(axis=1), origin)
        zeros = (past.counted[:, recent] & ~sold[:, recent]).mean(axis=1)
        return np.column_stack(
            [zeros, since.astype(np.float64), np.minimum(past.age(origin), AGE_MAX * past.rhythm.recent)]
        )

    def _calendar(self, origin: int, horizon: int) -> Floats:
        """By step ahead: how far it is, and where in the season, the month and the year it lies.

        The last only once a whole year is known: before, it is but a date, and trees would take the latest days for a season.
        """
        rhythm = self.past.rhythm
        again = self.panel.steps >= rhythm.year + rhythm.recent
        rows = []
        for step in range(horizon):
            day = self.panel.day(origin + step)
            year_step = day.timetuple().tm_yday if again else np.nan
            rows.append((step, (origin + step) % rhythm.season, day.day, year_step))
        return np.array(rows, dtype=np.float64)

    def _same_step(self, origin: int, horizon: int, index: Floats) -> Floats:
        """What the same step of the last two seasons sold, against the seasonal level; not a number before there were two."""
        demand, season = self.past.demand, self.past.rhythm.season
        at = origin - season + np.arange(horizon) % season
        if at[0] < season:
            return np.full(index.shape, np.nan)
        same = (demand[:, at] + demand[:, at - season]) / 2
        return np.asarray(same / (self._level(origin)[:, None] * np.maximum(index, SOME)))

    def _last_year(self, origin: int, horizon: int) -> Floats:
        """What last year's same days sold against the weeks before them; not a number where that is not known."""
        past, first = self.past, origin - self.past.rhythm.year
        if first < past.rhythm.recent:
            return np.full((len(past.demand), horizon), np.nan)
        before = past.mean(first, past.rhythm.recent) + SOME
        return np.asarray(past.demand[:, first : first + horizon] / before[:, None])

    def _open_around(self, origin: int, horizon: int, at: Ints, ahead: Ints) -> list[Floats]:
        """Whether the place is open on the steps before and after."""
        around = self.panel.open(origin - 1, origin + horizon + 1).astype(np.float64)
        return [around[at, ahead][:, None], around[at, ahead + 2][:, None]]

    def _regressor(self, name: str, origin: int, at: Ints, ahead: Ints) -> Floats:
        """Its value on the step, on the step before it, on average lately, and what it did to the series before."""
        recent, horizon = self.past.rhythm.recent, int(ahead.max()) + 1
        then = self.panel.regressor(name, origin - 1, origin + horizon, known=origin)
        # what nobody had said was no promotion then
        then = np.nan_to_num(then) if name == promotions.NAME else then
        lately = self.panel.regressor(name, max(0, origin - recent), origin).mean(axis=1)
        row = at if then.shape[0] > 1 else np.zeros_like(at)
        value, before = then[row, ahead + 1], then[row, ahead]
        past = _Driven.of(self, name, origin)
        return np.column_stack([value, before, lately[row], past.uplift()[at], past.alike(at, value)])


@dataclass(frozen=True, slots=True)
class _Driven:
    """Half a year of a series beside a regressor: promotions move some products more than others."""

    #: series x steps, a missing value taken as 0
    value: Floats
    counted: Bools
    #: 0 where not counted
    demand: Floats
    #: by series
    level: Floats
    recent: int

    @classmethod
    def of(cls, view: View, name: str, origin: int) -> _Driven:
        """As known before step `origin`."""
        past = view.past
        steps = slice(max(0, origin - past.rhythm.year // 2), origin)
        counted = past.counted[:, steps]
        value = np.nan_to_num(view.panel.regressor(name, steps.start, origin))
        level = past.levels.level[:, origin] + SOME
        demand = np.where(counted, past.demand[:, steps], 0.0)
        return cls(np.broadcast_to(value, counted.shape), counted, demand, level, past.rhythm.recent)

    def uplift(self) -> Floats:
        """By series: what steps with more than half its greatest value sold against the others, drawn towards 1 by some pieces."""
        high = self.value.max(axis=1, keepdims=True, initial=0.0)
        on = self.counted & (self.value > high / 2) & (high > 0)
        off = self.counted & ~on
        usual = (self.demand * off).sum(axis=1) / np.maximum(off.sum(axis=1), 1)
        sold = (self.demand * on).sum(axis=1)
        return np.asarray((sold + UPLIFT_PIECES) / (usual * on.sum(axis=1) + UPLIFT_PIECES))

    def alike(self, at: Ints, then: Floats) -> Floats:
        """By row: what recent steps with about the value of then sold against the level, drawn towards 1 by some steps."""
        recent = slice(-self.recent, None)
        value, counted, demand = (
            self.value[at, recent],
            self.counted[at, recent],
            self.demand[at, recent],
        )
        near = counted & (np.abs(value - then[:, None]) < ALIKE)
        sold = (demand * near).sum(axis=1) / self.level[at]
        return np.asarray((sold + ALIKE_STEPS) / (near.sum(axis=1) + ALIKE_STEPS))
