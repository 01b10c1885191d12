"""What is at hand and on its way when a plan is made, by the day until which it can be sold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from oneshelf.decisions.plan.arrays import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Pieces of one product at a place: there already, or to arrive on a day."""

    place_id: str
    product_id: str
    pieces: int
    #: the last day on which they can be sold; None: they keep
    expires_on: date | None = None
    #: None: they are there
    arrives_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """Pieces of a plan's lines; both lines x days, from the day after the last known one."""

    arriving: Floats
    expiring: Floats


def laid_out(
    lots: Iterable[Lot], lines: Sequence[tuple[str | None, str]], lives: Sequence[int], as_of: date, days: int
) -> AtHand:
    """Spread lots over the days ahead. What is on its way ages from its arrival by its line's life (0: it keeps)."""
    row_of: Mapping[tuple[str | None, str], int] = {line: row for row, line in enumerate(lines)}
    arriving, expiring = np.zeros((len(lines), days)), np.zeros((len(lines), days))
    for lot in lots:
        row = row_of.get((lot.place_id, lot.product_id))
        if row is None or lot.pieces <= 0:
            continue
        first = 0 if lot.arrives_on is None else max((lot.arrives_on - as_of).days - 1, 0)
        if lot.expires_on is not None:
            last = (lot.expires_on - as_of).days - 1
        else:
            last = first + lives[row] - 1 if lives[row] and lot.arrives_on is not None else days
        if first >= days or last < first:
            continue  # beyond what is looked at, or past its day already
        arriving[row, first] += lot.pieces
        if last < days:
            expiring[row, last] += lot.pieces
    return AtHand(arriving=arriving, expiring=expiring)
