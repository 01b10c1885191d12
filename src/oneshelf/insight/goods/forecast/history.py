"""A history of sales as a dense matrix: every series on every day, with 0 where nothing was sold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.forecast.arrays import Floats

#: Days times series of one matrix; beyond it, plan for fewer series or a shorter past at a time (400 MB of floats).
CELLS_MAX = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Net sales of `series` (columns) on the days from `first_day` on (rows), in pieces. Returns may make a day negative."""

    series: tuple[str, ...]
    first_day: date
    #: days x series
    quantities: Floats
    #: by series: whether simulated events are among its sales
    simulated: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, date, float, bool]], *, first_day: date, last_day: date) -> History:
        """Spread rows of (series, day, quantity, simulated) over every day; other days are left out, repeats add up.

        Raises InvalidInput when the days run backwards or the matrix would be too large.
        """
        days = (last_day - first_day).days + 1
        if days < 1:
            raise InvalidInput.of(
                "last_day", last_day.isoformat(), f"is before {first_day}.", "Hand in days in their order."
            )
        inside = [row for row in rows if first_day <= row[1] <= last_day]
        series = tuple(sorted({row[0] for row in inside}))
        if days * len(series) > CELLS_MAX:
            raise InvalidInput.of(
                "series",
                len(series),
                f"are too many for {days} days.",
                f"Hand in at most {CELLS_MAX // days}.",
            )
        column = {name: at for at, name in enumerate(series)}
        quantities = np.zeros((days, len(series)))
        simulated = np.zeros(len(series), dtype=np.bool_)
        for name, day, quantity, is_simulated in inside:
            quantities[(day - first_day).days, column[name]] += quantity
            simulated[column[name]] |= is_simulated
        return cls(series=series, first_day=first_day, quantities=quantities, simulated=simulated)

    @property
    def days(self) -> int:
        """How many days there are."""
        return int(self.quantities.shape[0])

    @property
    def last_day(self) -> date:
        """The last day of the matrix."""
        return self.first_day + timedelta(days=self.days - 1)
