"""Which method serves which segment: the rule, stated before anything is measured, and decided on the past only.

Every candidate forecasts the last `ORIGINS` horizons before today, each from the steps before it. The error of a series is its
RMSSE over these steps. In each segment the standing method is the better of the two plain ones (seasonal naive, moving average);
another is admitted when its error is lower, series by series, with the whole 95% interval of the mean difference below zero, and of
the admitted the one with the lowest mean error is shipped. An error beyond `WILD` times the median of the standing method counts as that: a
handful of series that went wild have errors a hundred times those of the others, and would decide alone. With none, the standing one is. A segment of fewer than `SERIES_MIN`
series takes what is shipped for all together. A series that is gone is expected to sell nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from oneshelf.insight.goods.forecast.arrays import Bools, Floats
from oneshelf.insight.goods.forecast.methods import PLAIN
from oneshelf.insight.goods.forecast.segments import SEGMENTS

#: Horizons before today on which methods are compared.
ORIGINS = 3
SERIES_MIN = 20
#: How many times the median an error counts at most.
WILD = 5.0
#: The method of series that are gone.
NOTHING = "nothing"
_Z = 1.96


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided for one segment, and on what."""

    segment: str
    series: int
    method: str
    #: by method: mean RMSSE of the segment's series before today; None where none could be measured
    error: dict[str, float | None]


def undecided() -> tuple[Choice, ...]:
    """With too little past to compare anything: the moving average for all."""
    return tuple(
        Choice(segment=segment, series=0, method=NOTHING if segment == "gone" else "moving_average", error={})
        for segment in SEGMENTS
    )


def choose(errors: Mapping[str, Floats], segment: NDArray[np.str_]) -> tuple[Choice, ...]:
    """Apply the rule to the errors of each method by series (not a number where none is known)."""
    everything = np.ones(segment.size, dtype=np.bool_)
    overall = _method(errors, everything)
    out = []
    for name in SEGMENTS:
        members = segment == name
        method = NOTHING if name == "gone" else overall
        if name != "gone" and members.sum() >= SERIES_MIN:
            method = _method(errors, members)
        means = {each: _mean(found[members]) for each, found in errors.items()}
        out.append(Choice(segment=name, series=int(members.sum()), method=method, error=means))
    return tuple(out)


def _method(errors: Mapping[str, Floats], members: Bools) -> str:
    """What the rule ships for some series."""
    known = members.copy()
    for found in errors.values():
        known &= np.isfinite(found)
    if not known.any():
        return "moving_average"
    means = {name: float(found[known].mean()) for name, found in errors.items()}
    standing = min(PLAIN, key=lambda name: means[name])
    most = WILD * float(np.median(errors[standing][known]))
    held = {
        name: np.minimum(found[known], most) if most > 0 else found[known] for name, found in errors.items()
    }
    means = {name: float(found.mean()) for name, found in held.items()}
    admitted = [name for name in errors if name not in PLAIN and _below(held[name] - held[standing])]
    return min(admitted, key=lambda name: means[name], default=standing)


def _below(difference: Floats) -> bool:
    if difference.size < 2:
        return False
    error = float(difference.std(ddof=1)) / np.sqrt(difference.size)
    return bool(difference.mean() + _Z * error < 0)


def _mean(found: Floats) -> float | None:
    known = found[np.isfinite(found)]
    return float(known.mean()) if known.size else None
