"""What a reader should know of a series' forecast, in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oneshelf.insight.goods.forecast.arrays import Ints
from oneshelf.insight.goods.forecast.guards import Guarded

NEW = "new: it leans on what its group's new products sold"
GONE = "it has stopped selling: nothing is expected"
HELD = "held at twice its best day of the last year"
REPLACED = "the method gave no number: the moving average stands in"


def notes_of(
    segment: NDArray[np.str_], restored: Ints, spiked: Ints, guarded: Guarded
) -> tuple[tuple[str, ...], ...]:
    """By series: its notes, most of them none."""
    said: list[list[str]] = [[] for _ in range(segment.size)]
    told = [
        (segment == "new", NEW),
        (segment == "gone", GONE),
        (guarded.held, HELD),
        (guarded.replaced, REPLACED),
    ]
    for which, words in told:
        for row in np.flatnonzero(which):
            said[row].append(words)
    for row in np.flatnonzero(restored):
        said[row].append(f"{restored[row]} days restored on which stock ran out")
    for row in np.flatnonzero(spiked):
        said[row].append(f"{spiked[row]} days sold beyond all proportion and do not count")
    return tuple(tuple(each) for each in said)
