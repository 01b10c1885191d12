"""The next day's plan: how much of each series to order, from what it sold, and why."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import msgspec
import numpy as np

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.forecast.history import History
from oneshelf.insight.goods.forecast.next_day import METHODS, SHIPPED, WEEK_DAYS, WEEKS, quantiles, spreads
from oneshelf.insight.goods.forecast.next_day_backtest import Backtest, backtest, wape_by_series

LOW, HIGH = 0.1, 0.9

#: From this forecast on, an interval wider than twice the forecast is worth a look; smaller series are never sure.
UNCERTAIN_MEAN_MIN = 5.0

METHOD = (
    "Each series' level (exponential average, a fortnight's memory) times the weekday's index over all series; "
    "negative binomial around it; newsvendor quantity for goods of one day."
)

Attention = Literal["change", "uncertain"] | None


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
    attention: Attention
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


DEFAULT_POLICY = PlanPolicy()


def plan_next_day(history: History, *, policy: PlanPolicy = DEFAULT_POLICY) -> Plan:
    """Plan the day after the history's last, for every series in it, in whole pieces.

    Each quantity is the smallest that meets demand with the policy's critical ratio, so it may be nothing. Lines that
    need a look come first: last week far from the forecast, by the size of the change; then wide intervals; then the rest
    by quantity, ties by name.
    """
    forecasts = METHODS[SHIPPED](history.quantities)
    means, variances = forecasts[-1], spreads(history.quantities, forecasts)[-1]
    order, low, high = (quantiles(means, variances, level) for level in (policy.margin_share, LOW, HIGH))
    recent = _same_weekdays(history.quantities)
    wapes = wape_by_series(history, forecasts)
    for_day = history.last_day + timedelta(days=1)
    lines = []
    for at, series in enumerate(history.series):
        weeks = tuple(int(quantity) for quantity in recent[:, at])
        line = PlanLine(
            series=series,
            quantity=int(order[at]),
            mean=float(means[at]),
            low=int(low[at]),
            high=int(high[at]),
            quantile=policy.margin_share,
            last_week=weeks[0] if weeks else 0,
            recent=weeks,
            wape=wapes[at],
            attention=None,
            reason=_reason(int(order[at]), weeks, for_day, policy),
            simulated=bool(history.simulated[at]),
        )
        lines.append(msgspec.structs.replace(line, attention=_attention(line)))
    return Plan(
        as_of=history.last_day,
        for_day=for_day,
        lines=tuple(sorted(lines, key=_urgency)),
        backtest=backtest(history),
        method=METHOD,
        policy=policy,
        simulated=bool(history.simulated.any()),
        notes=_notes(history, lines),
    )


def _same_weekdays(quantities: Floats) -> Floats:
    """What the latest weekdays like the coming day sold, newest first: up to `WEEKS` rows."""
    return quantities[-WEEK_DAYS : -WEEK_DAYS * WEEKS - 1 : -WEEK_DAYS]


def _attention(line: PlanLine) -> Attention:
    if line.recent and not line.low <= line.last_week <= line.high:
        return "change"
    if line.mean >= UNCERTAIN_MEAN_MIN and line.high - line.low > 2 * line.mean:
        return "uncertain"
    return None


def _urgency(line: PlanLine) -> tuple[int, float, str]:
    if line.attention == "change":
        return 0, -abs(line.mean - line.last_week), line.series
    if line.attention == "uncertain":
        return 1, -float(line.high - line.low), line.series
    return 2, -float(line.quantity), line.series


def _reason(quantity: int, weeks: tuple[int, ...], for_day: date, policy: PlanPolicy) -> str:
    covered = f"{policy.margin_share:.0%}"
    if weeks:
        sold = f"{for_day:%A}s sold {', '.join(f'{week:,}' for week in weeks[:4])} lately"
    else:
        sold = f"No {for_day:%A} is on record yet"
    if quantity == 0:
        return f"{sold}; order nothing: at least {covered} of such days sell none, and leftovers are lost."
    return (
        f"{sold}; {quantity:,} is enough on at least {covered} of such days, as a margin of {covered} asks."
    )


def _notes(history: History, lines: list[PlanLine]) -> tuple[str, ...]:
    notes = ["Holidays, promotions and empty shelves are not known to this forecast."]
    if history.days < WEEK_DAYS * WEEKS:
        notes.append(
            f"Only {history.days} days of sales are known; forecasts are rough before {WEEK_DAYS * WEEKS}."
        )
    if history.days and not np.any(history.quantities[-1]):
        notes.append(f"Nothing was sold on {history.last_day}: was it closed, or is its data still missing?")
    nothing = sum(line.quantity == 0 for line in lines)
    if nothing:
        notes.append(f"{nothing:,} of {len(lines):,} series sell too seldom to order for a single day.")
    if history.simulated.any():
        notes.append("Simulated events are among the sales.")
    return tuple(notes)
