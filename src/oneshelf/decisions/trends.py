"""What to do about a series that rises, with the reason in figures."""

from __future__ import annotations

from typing import Literal

import msgspec

from oneshelf.insight.goods.trends.flag import Flag

Action = Literal["order_more", "offer", "ask_factory", "let_it_end", "keep_to_season", "watch"]

#: Below this chance of going on, ordering for a rise costs more often than it pays; three in ten is about what rising series do.
LIKELY: float = 0.3


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do. `share` is by how much, where that is known: 0.4 is 40% more than before."""

    action: Action
    share: float | None
    reason: str


def advise(flag: Flag, *, sold_here: bool = True) -> tuple[Advice, ...]:
    """What a rise asks for, the most pressing first. `sold_here`: whether the catalogue has goods of that name."""
    if flag.signal == "searches" and not sold_here:
        return (
            Advice(
                action="ask_factory",
                share=None,
                reason=f"{flag.recent_people:.0f} people a week search for it, and the catalogue has nothing of that name.",
            ),
        )
    if flag.cause == "promotion":
        return (
            Advice(
                action="let_it_end",
                share=None,
                reason=f"Promoted in {flag.promoted_recent} of {flag.recent_weeks} recent weeks; without these it does not rise beyond chance.",
            ),
        )
    if flag.cause == "season":
        return (
            Advice(
                action="keep_to_season",
                share=None if flag.season is None else flag.season - 1,
                reason="Last year's season explains it.",
            ),
        )
    if flag.signal != "purchases" and flag.certain:
        return (
            Advice(
                action="offer",
                share=None,
                reason=f"Interest is {_times(flag.growth)}, which is not a sale yet: show it to people who look for it.",
            ),
        )
    return _of_sales(flag)


def _of_sales(flag: Flag) -> tuple[Advice, ...]:
    if not flag.certain and (flag.chance is None or flag.chance < LIKELY):
        return (Advice(action="watch", share=None, reason="It may be chance: wait for another week."),)
    share = flag.low - 1
    reason = f"{flag.recent_people:.0f} people a week bought it after {flag.base_people:.0f}: {_times(flag.growth)}, at least {_times(flag.low)}."
    if flag.cause == "promotion or demand":
        reason += " Every recent week was promoted, so part of it may end with the promotion."
    found = [Advice(action="order_more", share=share, reason=reason)]
    if flag.certain and flag.cause == "demand":
        found.append(
            Advice(
                action="ask_factory",
                share=share,
                reason="It rises beyond chance and beside any promotion: tell who makes it early.",
            )
        )
    return tuple(found)


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times as much"
