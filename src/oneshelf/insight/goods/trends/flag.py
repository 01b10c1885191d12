"""A flag: one series that rises, with the evidence beside it."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from oneshelf.insight.goods.trends.causes import Cause
from oneshelf.insight.goods.trends.signals import Level, Signal

#: Established goods are compared with their last quarter, launches with their own first weeks.
Kind = Literal["established", "launch"]


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """A series that rises as of `day`, its last known one. Figures are people a week, after what the chain as a whole did."""

    day: date
    signal: Signal
    level: Level
    name: str
    kind: Kind
    #: whether it is beyond chance at the promised rate; else it is only among those that rise most
    certain: bool
    #: the place in its night, from 1 on
    rank: int
    #: recent weeks over base weeks, and the ends of its 80% interval
    growth: float
    low: float
    high: float
    #: share of shuffled series that grew as unlikely
    p_value: float
    #: how likely it is to go on, learnt from earlier weeks; None where nothing was learnt
    chance: float | None
    recent_people: float
    base_people: float
    cause: Cause
    #: promoted weeks among the recent and the base ones, and how many there are of each
    promoted_recent: int
    promoted_base: int
    recent_weeks: int
    base_weeks: int
    #: what last year's season would do alone; None in the first year
    season: float | None
    #: how it would seem to have grown with new places counted in
    growth_everywhere: float
    #: how its category grew; None where it has none
    category_growth: float | None
    #: people by week, oldest first
    weeks: tuple[int, ...]
    promoted: tuple[bool, ...]
    #: the same weeks of the other signals of this name
    beside: dict[Signal, tuple[int, ...]] = {}
    #: whether simulated events entered this series, and which of the signals beside it they entered
    simulated: bool = False
    simulated_beside: tuple[Signal, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a flag in the weeks after it."""

    measured_on: date
    went_on: bool
    #: those weeks over the base weeks
    growth: float
    weeks: tuple[int, ...]
