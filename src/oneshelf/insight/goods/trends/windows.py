"""Windows: which weeks are recent, which they are compared with, and which series can be judged at all.

Everything is chosen on the past only: a series enters by what it sold up to the last known week, never by what it sold later.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oneshelf.insight.goods.forecast.arrays import Floats

Flags = NDArray[np.bool_]


class Windows(NamedTuple):
    """The last `recent` weeks are compared with the `base` weeks before them; `ahead` weeks show whether growth lasted."""

    recent: int
    base: int
    ahead: int = 4

    @property
    def weeks(self) -> int:
        """How many known weeks the comparison takes."""
        return self.recent + self.base


#: Goods that sold all through the base weeks.
ESTABLISHED: Final = Windows(recent=4, base=8)
#: Goods that are too new for that, from their sixth week on.
LAUNCHED: Final = Windows(recent=2, base=4)

#: An established series sold in at least this share of its base weeks.
SOLD_SHARE_MIN: Final = 0.75
#: Fewer people than this a week, over recent and base weeks, are no series to judge.
PEOPLE_A_WEEK_MIN: Final = 2.0

#: Growth counts as such from here: this many times the base weeks' mean.
GROWN: Final = 1.5
#: and as sustained when the mean of the weeks ahead and this many of them singly are as high.
WEEKS_GROWN_MIN: Final = 3


def established(counts: Floats) -> Flags:
    """Which series (rows of series x weeks, up to the last known week) sold steadily enough to be compared."""
    base = counts[:, -ESTABLISHED.weeks : -ESTABLISHED.recent]
    often = (base > 0).mean(axis=1) >= SOLD_SHARE_MIN
    chosen: Flags = often & (counts[:, -ESTABLISHED.weeks :].mean(axis=1) >= PEOPLE_A_WEEK_MIN)
    return chosen


def launched(counts: Floats) -> Flags:
    """Which series are new: first sold 6 to 11 weeks ago, as far as the known weeks tell, and in every week since but two."""
    if counts.shape[1] <= ESTABLISHED.weeks:
        return np.zeros(len(counts), dtype=np.bool_)
    window = counts[:, -LAUNCHED.weeks :]
    new = ~(counts[:, : -ESTABLISHED.weeks + 1] > 0).any(axis=1)
    begun = (counts[:, : -LAUNCHED.weeks + 1] > 0).any(axis=1)
    steady = (window > 0).sum(axis=1) >= LAUNCHED.weeks - 2
    chosen: Flags = new & begun & steady & (window.mean(axis=1) >= PEOPLE_A_WEEK_MIN)
    return chosen


def sustained(known: Floats, ahead: Floats, windows: Windows) -> Flags:
    """Which series (rows) went on after their known weeks."""
    return went_on(known[:, -windows.weeks : -windows.recent].mean(axis=1), ahead, windows)


def went_on(base: Floats, ahead: Floats, windows: Windows) -> Flags:
    """Whether the weeks ahead are at least `GROWN` times the base weeks' mean, on average and in most weeks singly."""
    enough = GROWN * np.maximum(base, 1 / windows.base)
    weeks = (ahead[:, : windows.ahead] >= enough[:, None]).sum(axis=1)
    lasted: Flags = (ahead[:, : windows.ahead].mean(axis=1) >= enough) & (weeks >= WEEKS_GROWN_MIN)
    return lasted
