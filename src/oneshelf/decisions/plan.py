"""The next day's plan: how much of each series to order, from what it sold, and why."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.backtest import Backtest


class PlanPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan assumes. Goods are for one day: what is left over is worth nothing."""

    #: margin over price; a unit short loses the margin, a unit over loses its cost, so this is the critical ratio (newsvendor)
    margin_share: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 < self.margin_share < 1.0:
            raise InvalidInput.of(
                "margin_share",
                self.margin_share,
                "cannot be a margin.",
                "Expected more than 0 and less than 1, such as 0.3.",
            )


class PlanLine(msgspec.Struct, frozen=True, kw_only=True):
    """What to order of one series, in pieces."""

    series: str
    #: 0 says: order nothing
    quantity: int
    #: the day's forecast
    mean: float
    #: the 10% and 90% quantiles of the day's demand
    low: int
    high: int
    #: the quantile that `quantity` is: the critical ratio
    quantile: float
    #: what the same weekday sold a week before
    last_week: int
    #: what the latest same weekdays sold, newest first, at most 8
    recent: tuple[int, ...]
    #: error of this series in the backtest; None when it sold nothing then
    wape: float | None
    #: why a planner should look: "change" (last week was outside low to high), "uncertain" (the interval is wide); else None
    attention: Literal["change", "uncertain"] | None
    #: in words and numbers
    reason: str
    #: whether simulated events are among what it sold
    simulated: bool


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan for `for_day`, made after the close of `as_of`. Lines that need a look come first."""

    as_of: date
    for_day: date
    lines: tuple[PlanLine, ...]
    backtest: Backtest
    #: what made the forecasts, in words
    method: str
    policy: PlanPolicy
    simulated: bool
    #: what the reader should know before using it
    notes: tuple[str, ...]
