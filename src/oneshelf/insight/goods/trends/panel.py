"""A panel: one signal of many series, week by week, as far as it is known on one day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.trends.signals import WEEK_DAYS, Level, Signal
from oneshelf.insight.goods.trends.windows import Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Series (rows) by weeks (columns); the last week ends with `last_day`."""

    signal: Signal
    level: Level
    last_day: date
    names: tuple[str, ...]
    #: people at settled places, and at all of them: series x weeks
    people: Floats
    everywhere: Floats
    #: share of the full price that was taken off, NaN where nothing was sold: series x weeks
    discount: Floats
    #: people with any such act at settled places, by week: what the chain as a whole did
    total: Floats
    #: the category of each series as a number, and -1 where it has none
    group: NDArray[np.intp]
    simulated: Flags

    @property
    def weeks(self) -> int:
        """How many weeks are known."""
        return int(self.people.shape[1])

    @property
    def exposure(self) -> Floats:
        """How much each series is expected to move with the chain, 0 before it was first sold: series x weeks, about 1."""
        usual = self.total.mean() or 1.0
        begun = np.logical_or.accumulate(self.people > 0, axis=1)
        return np.where(begun, self.total / usual, 0.0)

    def until(self, weeks: int) -> Panel:
        """What was known after so many weeks."""
        return replace(
            self,
            last_day=self.last_day - timedelta(days=WEEK_DAYS * (self.weeks - weeks)),
            people=self.people[:, :weeks],
            everywhere=self.everywhere[:, :weeks],
            discount=self.discount[:, :weeks],
            total=self.total[:weeks],
        )

    def only(self, chosen: Flags) -> Panel:
        """Those series alone."""
        return replace(
            self,
            names=tuple(np.asarray(self.names, dtype=object)[chosen]),
            people=self.people[chosen],
            everywhere=self.everywhere[chosen],
            discount=self.discount[chosen],
            group=self.group[chosen],
            simulated=self.simulated[chosen],
        )


def panel_of(
    rows: pa.Table,
    total: pa.Table,
    *,
    signal: Signal,
    level: Level,
    last_day: date,
    weeks: int,
    category: Mapping[str, str | None] | None = None,
) -> Panel:
    """Spread the rows of `signals.weekly` over every week.

    `total` has the same columns for a single series: everything. `category` gives each name its group.
    """
    # in order of name, as engines give rows in any: the same panel makes the same night
    rows = rows.sort_by("name")
    encoded = rows["name"].combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    at = (encoded.indices.to_numpy(), rows["week"].to_numpy())

    def spread(column: str) -> Floats:
        cells = np.zeros((len(names), weeks))
        cells[at] = rows[column].to_numpy()
        return cells

    full = spread("full_minor")
    simulated = np.zeros(len(names), dtype=np.bool_)
    np.logical_or.at(simulated, at[0], rows["simulated"].to_numpy(zero_copy_only=False))
    whole = np.zeros(weeks)
    whole[total["week"].to_numpy()] = total["settled"].to_numpy()
    return Panel(
        signal=signal,
        level=level,
        last_day=last_day,
        names=tuple(names),
        people=spread("settled"),
        everywhere=spread("people"),
        discount=np.divide(spread("off_minor"), full, out=np.full(full.shape, np.nan), where=full > 0),
        total=whole,
        group=_groups(names, category or {}),
        simulated=simulated,
    )


def _groups(names: Sequence[str], category: Mapping[str, str | None]) -> NDArray[np.intp]:
    numbers: dict[str, int] = {}
    found = [category.get(name) for name in names]
    return np.array(
        [-1 if group is None else numbers.setdefault(group, len(numbers)) for group in found], dtype=np.intp
    )
