"""The day after: what a plan came to, beside what perfect foresight and other ways of ordering would have come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import msgspec
import numpy as np

from oneshelf.decisions.plan.arrays import Bools, Floats


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One way of ordering for one day, over all lines."""

    #: "plan" (as it was approved), "proposed" (before edits), "yesterday" (yesterday's quantities again), "last_week", "foresight"
    method: str
    ordered: int
    sold: int
    #: pieces of demand that found none
    lost: int
    #: pieces thrown away at the end of the day
    wasted: int
    #: margin of what was sold less the cost of what was thrown away, in minor units, or in prices of 1 where none is known
    profit_minor: float
    #: of what perfect foresight would have earned; None where that is nothing
    share: float | None


class PlanScore(msgspec.Struct, frozen=True, kw_only=True):
    """A plan after its day. Demand is what was sold, so that demand that found empty shelves is missing from all figures alike."""

    for_day: date
    lines: int
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...] = ()

    def outcome(self, method: str) -> Outcome | None:
        """What one way of ordering came to, if it is among them."""
        return next((one for one in self.outcomes if one.method == method), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What happened on the day, by line."""

    #: pieces that were wanted, as far as sales tell
    demand: Floats
    #: pieces that were there in the morning, without the order
    at_hand: Floats
    #: whether what is left in the evening is thrown away; what keeps is worth what it cost
    ages: Bools
    #: a piece's margin and cost
    margin: Floats
    cost: Floats

    @property
    def foresight(self) -> Floats:
        """The order of somebody who knew: what was wanted and not there, where it earns something."""
        return np.asarray(np.where(self.margin > 0, np.maximum(self.demand - self.at_hand, 0), 0))

    def outcome(self, method: str, ordered: Floats, best: float | None = None) -> Outcome:
        """What one way of ordering came to; its share is of `best`."""
        there = self.at_hand + ordered
        sold = np.minimum(self.demand, there)
        wasted = np.where(self.ages, there - sold, 0)
        profit = float((self.margin * sold - self.cost * wasted).sum())
        return Outcome(
            method=method,
            ordered=round(float(ordered.sum())),
            sold=round(float(sold.sum())),
            lost=round(float((self.demand - sold).sum())),
            wasted=round(float(wasted.sum())),
            profit_minor=round(profit, 2),
            share=round(profit / best, 4) if best is not None and best > 0 else None,
        )


def score_day(
    for_day: date, day: Day, orders: Mapping[str, Floats], *, notes: tuple[str, ...] = ()
) -> PlanScore:
    """Score quantities by way of ordering, and perfect foresight, against what was wanted on the day."""
    best = day.outcome("foresight", day.foresight).profit_minor
    ways = {**orders, "foresight": day.foresight}
    outcomes = tuple(day.outcome(name, ordered, best) for name, ordered in ways.items())
    return PlanScore(for_day=for_day, lines=len(day.demand), outcomes=outcomes, notes=notes)
