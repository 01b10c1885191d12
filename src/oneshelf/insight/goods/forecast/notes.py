"""What a reader should know of a series' forecast, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oneshelf.insight.goods.forecast.arrays import Bools, Ints
from oneshelf.insight.goods.forecast.guards import Guarded
from oneshelf.insight.goods.forecast.promotions import Promoted

NEW = "new: it leans on what its group's new products sold"
GONE = "it has stopped selling: nothing is expected"
HELD = "held at twice its best day of the last year"
REPLACED = "the method gave no number: the moving average stands in"
NOTHING_LEARNT = "promoted ahead, and past promotions show no effect to count on"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of series, each by series."""

    segment: NDArray[np.str_]
    #: steps that were restored, and that sold beyond all proportion
    restored: Ints
    spiked: Ints
    #: whether the method takes promotions as `promotions` does
    by_factor: Bools


def notes_of(known: Known, guarded: Guarded, promoted: Promoted, horizon: int) -> tuple[tuple[str, ...], ...]:
    """By series: its notes, most of them none."""
    said: list[list[str]] = [[] for _ in range(known.segment.size)]
    coming = promoted.told_ahead(horizon) & (known.segment != "gone") & known.by_factor
    told = [
        (known.segment == "new", NEW),
        (known.segment == "gone", GONE),
        (guarded.held, HELD),
        (guarded.replaced, REPLACED),
        (coming & (promoted.factor <= 1.0), NOTHING_LEARNT),
    ]
    for which, words in told:
        for row in np.flatnonzero(which):
            said[row].append(words)
    for row in np.flatnonzero(coming & (promoted.factor > 1.0)):
        said[row].append(f"promoted ahead: promotions sell {promoted.factor[row]:.1f} times as much")
    for row in np.flatnonzero(known.restored):
        said[row].append(f"{known.restored[row]} days restored on which stock ran out")
    for row in np.flatnonzero(known.spiked):
        said[row].append(f"{known.spiked[row]} days sold beyond all proportion and do not count")
    return tuple(tuple(each) for each in said)
