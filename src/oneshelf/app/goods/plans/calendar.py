"""Which places are closed on the days ahead, and which have sent nothing of the last one: read off what they sold on like weekdays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from oneshelf.decisions.plan.arrays import Bools, Floats

WEEKS = 8
#: On so many of the last like weekdays a place must have sold, for a day without sales to be late data.
SOLD_WEEKS_MIN = 7


def closed_ahead(quantities: Floats, places: Sequence[str | None], days: int) -> Bools:
    """Lines x days: closed when the place sold something lately, and nothing on any like weekday of the last eight weeks."""
    totals, place_of = _by_place(quantities, places)
    closed = np.zeros((totals.shape[1], days), dtype=np.bool_)
    if len(totals) >= 7 * WEEKS:
        lately = totals[-7 * WEEKS :].reshape(WEEKS, 7, -1)
        # the first row of a week is the weekday of tomorrow
        sold = np.asarray((lately > 0).any(axis=0))
        empty = ~sold & sold.any(axis=0)
        closed = empty[np.arange(days) % 7].T
    return np.asarray(closed[place_of])


def late(quantities: Floats, places: Sequence[str | None]) -> Bools:
    """By line: whether its place sold nothing on the last day, though it does on such weekdays."""
    totals, place_of = _by_place(quantities, places)
    before = totals[-8 : -7 * WEEKS - 2 : -7]
    missing = (totals[-1] <= 0) & ((before > 0).sum(axis=0) >= SOLD_WEEKS_MIN)
    return np.asarray(missing[place_of])


def _by_place(quantities: Floats, places: Sequence[str | None]) -> tuple[Floats, np.ndarray]:
    names = {name: at for at, name in enumerate(dict.fromkeys(places))}
    place_of = np.array([names[name] for name in places], dtype=np.intp)
    totals = np.zeros((len(quantities), len(names)))
    np.add.at(totals.T, place_of, quantities.T)
    return totals, place_of
