"""A panel: what many series sold on every day, with what is known about these days and about the days to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from oneshelf.errors import InvalidInput, Problem
from oneshelf.insight.goods.forecast.arrays import Bools, Floats, Ints
from oneshelf.insight.goods.forecast.result import Series
from oneshelf.insight.goods.forecast.rhythm import DAILY, Rhythm

#: The step after which something is known that always was.
ALWAYS: Final = -(2**31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Net sales of `series` (rows) on the steps from `first_day` on (columns), in pieces.

    What is known of the days to come (`closed`, `regressors`) has more columns than `sold`; what is given for all series
    alike may be one row. A series begins with its first sale: what lies before says nothing about it. Raises InvalidInput,
    with every part that does not fit.
    """

    series: tuple[Series, ...]
    first_day: date
    #: series x steps; returns may make a day negative
    sold: Floats
    rhythm: Rhythm = DAILY
    #: series x steps: the shelf was empty before the day was over, so that `sold` is what demand was at least
    ran_out: Bools | None = None
    #: series (or 1) x at least steps: nothing can be sold
    closed: Bools | None = None
    #: by name, series (or 1) x at least steps: promotions, prices, holidays, known before the day
    regressors: Mapping[str, Floats] = field(default_factory=dict)
    #: by name of a regressor, of its shape: the step after which its value was known; of those not named, always
    known_after: Mapping[str, Ints] = field(default_factory=dict)
    #: by level of the hierarchy, the group that each series belongs to: {"category": ("dairy", "dairy", "fruit")}
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        remedy = "Give each series a row and each step a column."
        problems = [
            Problem(at=0, field=name, value=str(shape), cause=cause, remedy=remedy)
            for name, shape, cause in self._misfits()
        ]
        if problems:
            raise InvalidInput("Parts of the panel do not fit together.", remedy, problems=problems)

    def _misfits(self) -> list[tuple[str, object, str]]:
        count, steps = len(self.series), self.steps
        found: list[tuple[str, object, str]] = []
        if self.sold.ndim != 2 or self.sold.shape[0] != count:
            found.append(("sold", self.sold.shape, f"does not have {count} rows."))
        elif not np.isfinite(self.sold).all():
            found.append(("sold", "not a number", "cannot be sold."))
        if self.ran_out is not None and self.ran_out.shape != self.sold.shape:
            found.append(("ran_out", self.ran_out.shape, f"is not {self.sold.shape}."))
        ahead: dict[str, Any] = {
            "closed": self.closed,
            **{f"regressors.{n}": v for n, v in self.regressors.items()},
        }
        ahead |= {f"known_after.{name}": values for name, values in self.known_after.items()}
        for name, values in ahead.items():
            if values is not None and (
                values.ndim != 2 or values.shape[0] not in (1, count) or values.shape[1] < steps
            ):
                found.append((name, values.shape, f"does not cover {count} series and {steps} steps."))
        found += [
            (f"groups.{level}", len(names), f"does not name a group for each of {count} series.")
            for level, names in self.groups.items()
            if len(names) != count
        ]
        return found

    def __len__(self) -> int:
        return len(self.series)

    @property
    def steps(self) -> int:
        """How many steps of the past there are."""
        return int(self.sold.shape[1])

    def day(self, step: int) -> date:
        """The (first) day of a step."""
        return self.first_day + timedelta(days=step * self.rhythm.step_days)

    @property
    def starts(self) -> Ints:
        """By series: the step of its first sale; the number of steps when it has none."""
        some = self.sold > 0
        return np.where(some.any(axis=1), some.argmax(axis=1), self.steps).astype(np.intp)

    def open(self, first: int, last: int) -> Bools:
        """Series x steps from `first` up to but without `last`: whether goods can be sold; beyond what is given, yes."""
        out = np.ones((len(self), last - first), dtype=np.bool_)
        if self.closed is not None:
            known = self.closed[:, first:last]
            out[:, : known.shape[1]] = ~known
        return out

    def regressor(self, name: str, first: int, last: int, *, known: int | None = None) -> Floats:
        """Series (or 1) x steps from `first` up to but without `last`; beyond what is given, not a number.

        Nor is, with `known`, from that step on, what nobody had said before it.
        """
        found = self.regressors[name][:, first:last]
        if known is not None and name in self.known_after:
            late = (self.known_after[name][:, first:last] >= known) & (
                np.arange(first, first + found.shape[1]) >= known
            )
            found = np.where(late, np.nan, found)
        missing = last - first - found.shape[1]
        return found if missing <= 0 else np.pad(found, ((0, 0), (0, missing)), constant_values=np.nan)

    def levels(self) -> dict[str, Ints]:
        """The hierarchy: by level, the number of every series' group; from the whole down to the series themselves.

        As in the M5 competition groups are also taken at each place.
        """
        places = tuple(series.place_id or "" for series in self.series)
        named = {
            **self.groups,
            "place": places,
            **{
                f"{level} at places": tuple(map("\t".join, zip(names, places, strict=True)))
                for level, names in (self.groups.items() if len(set(places)) > 1 else ())
            },
            "product": tuple(series.product_id for series in self.series),
        }
        found = {"all": np.zeros(len(self), dtype=np.intp)}
        for level, names in named.items():
            numbers = np.unique(np.array(names), return_inverse=True)[1].astype(np.intp)
            if 0 < numbers.max(initial=0) < len(self) - 1:
                found[level] = numbers
        return {**found, "series": np.arange(len(self), dtype=np.intp)}

    def until(self, steps: int) -> Panel:
        """The panel as it was known after its first `steps` steps; what is known ahead stays."""
        return replace(
            self,
            sold=self.sold[:, :steps],
            ran_out=None if self.ran_out is None else self.ran_out[:, :steps],
        )

    def take(self, at: Ints | Bools) -> Panel:
        """Some of the series."""
        chosen: Ints = np.arange(len(self), dtype=np.intp)[at]

        return replace(
            self,
            series=tuple(self.series[one] for one in chosen),
            sold=self.sold[chosen],
            ran_out=None if self.ran_out is None else self.ran_out[chosen],
            closed=None if self.closed is None else _rows(self.closed, chosen),
            regressors={name: _rows(values, chosen) for name, values in self.regressors.items()},
            known_after={name: _rows(values, chosen) for name, values in self.known_after.items()},
            groups={level: tuple(names[one] for one in chosen) for level, names in self.groups.items()},
        )


def _rows(values: Any, at: Ints) -> Any:
    """Some rows; one row that speaks for all stays."""
    return values if values.shape[0] == 1 else values[at]
