"""What a plan is made from: plain arrays, a row a line, so that whoever has a forecast and a stock list can ask for one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np

from oneshelf.decisions.plan.arrays import Bools, Floats, Ints
from oneshelf.decisions.plan.curve import Worth
from oneshelf.decisions.plan.limits import Limit
from oneshelf.errors import InvalidInput, Problem, brief

#: Where a line's goods come from: another party, the place itself, or another place of ours.
Action = Literal["order", "make", "transfer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How each line can be had and what it earns. Amounts in minor units a piece; NaN says: not known."""

    price_minor: Floats
    cost_minor: Floats
    #: what a piece brings that outlived its days
    salvage_minor: Floats
    #: what a piece costs for each night that it lies; NaN: the policy's share of its cost
    holding_minor: Floats
    #: days on which a new piece can be sold; 0: it does not age
    life_days: Ints
    #: 1: ordered this afternoon, on sale tomorrow morning
    lead_days: Ints
    #: days from this delivery to the next one that can be ordered
    review_days: Ints
    pack_pieces: Ints
    #: 0 or 1: any number of packs
    minimum_pieces: Ints
    supplier: tuple[str | None, ...]
    action: tuple[Action, ...]

    @classmethod
    def plain(cls, lines: int) -> Terms:
        """Terms of goods of one day, delivered every morning by the piece, at prices that nobody knows."""
        bought: Action = "order"
        unknown, none, one = np.full(lines, np.nan), np.zeros(lines), np.ones(lines, dtype=np.int64)
        return cls(
            price_minor=unknown, cost_minor=unknown, salvage_minor=none, holding_minor=unknown, life_days=one, lead_days=one,
            review_days=one, pack_pieces=one, minimum_pieces=one, supplier=(None,) * lines, action=(bought,) * lines,
        )  # fmt: skip

    def priced(self, margin_share: float, holding_share: float) -> Worth:
        """What pieces are worth: where price or cost is not known, the other one at this margin; where neither is, a price of 1."""
        price, cost = self.price_minor, self.cost_minor
        price = np.where(np.isnan(price), cost / (1 - margin_share), price)
        price = np.where(np.isnan(price), 1.0, price)
        cost = np.where(np.isnan(cost), price * (1 - margin_share), cost)
        holding = np.where(np.isnan(self.holding_minor), cost * holding_share, self.holding_minor)
        return Worth(price=price, cost=cost, salvage=np.minimum(self.salvage_minor, cost), holding=holding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that a plan may know. Lines are (place or None for the whole chain, product)."""

    #: the last day that is known
    as_of: date
    lines: tuple[tuple[str | None, str], ...]
    #: expected demand, lines x days, from the day after `as_of`
    mean: Floats
    levels: tuple[float, ...]
    #: lines x days x levels
    quantiles: Floats
    terms: Terms
    #: lines x days: pieces on sale from that morning on; those at hand tonight on the first
    arriving: Floats
    #: lines x days: pieces of those whose last day it is
    expiring: Floats
    #: lines x days: whether the place is open
    open: Bools
    #: by line: whether its supplier sends anything; None: all do
    sends: Bools | None = None
    #: by line: whether it never sold; None: all did
    new: Bools | None = None
    limits: tuple[Limit, ...] = ()
    currency: str | None = None
    #: by line: what the same weekday sold a week before
    last_week: Floats
    #: lines whose place sent nothing of `as_of` yet
    late: Bools
    #: lines among whose sales are simulated ones
    simulated: Bools
    #: what the method of forecasting has to say, by line
    remarks: tuple[tuple[str, ...], ...] = ()
    #: error of the forecasts of each line in a backtest; NaN: none
    wape: Floats | None = None
    #: what yesterday's plan ordered; NaN: it had no such line
    before: Floats | None = None
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        problems = [*_shapes(self), *_terms(self.terms)]
        if problems:
            raise InvalidInput(problems[0].cause, problems[0].remedy, problems=problems)

    @property
    def days(self) -> int:
        """How many days ahead are looked at."""
        return int(self.mean.shape[1])

    def day(self, ahead: int) -> date:
        """The day so many columns on: 0 is tomorrow."""
        return self.as_of + timedelta(days=ahead + 1)


def _shapes(inputs: Inputs) -> list[Problem]:
    lines, days = len(inputs.lines), inputs.mean.shape[-1]
    wide = ("mean", "arriving", "expiring", "open")
    narrow = ("last_week", "late", "simulated", "wape", "before", "sends", "new")
    expected: dict[str, tuple[int, ...]] = dict.fromkeys(narrow, (lines,))
    expected |= dict.fromkeys(wide, (lines, days)) | {"quantiles": (lines, days, len(inputs.levels))}
    found = {name: getattr(inputs, name) for name in expected}
    problems = [
        Problem(
            at=0, field=name, value=str(values.shape), cause=f"{name} has another shape than the lines.",
            remedy=f"Expected {expected[name]}.",
        )
        for name, values in found.items()
        if values is not None and values.shape != expected[name]
    ]  # fmt: skip
    longest = max(1, int(inputs.terms.lead_days.max(initial=1)))
    if days < longest:
        problems.append(
            Problem(
                at=0, field="mean", value=f"{days} days", cause="The forecast ends before what is ordered now arrives.",
                remedy=f"Forecast {longest} days or more.",
            )
        )  # fmt: skip
    return problems


def _terms(terms: Terms) -> list[Problem]:
    """Every term that no shop has, each with its line."""
    least = {"life_days": 0, "lead_days": 1, "review_days": 1, "pack_pieces": 1, "minimum_pieces": 0}
    amounts = dict.fromkeys(("price_minor", "cost_minor", "salvage_minor", "holding_minor"), 0.0)
    return [
        Problem(
            at=int(line), field=name, value=brief(getattr(terms, name)[line].item()), cause=f"{name} is too small.",
            remedy=f"Expected {low:g} or more.",
        )
        for name, low in (least | amounts).items()
        for line in np.flatnonzero(getattr(terms, name) < low)
    ]  # fmt: skip
