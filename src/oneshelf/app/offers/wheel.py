"""The wheel: today's figure at each of its five stations, and what needs a decision now."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Literal

import msgspec

from oneshelf.app.arriving.projections import LAKE
from oneshelf.app.core import Core
from oneshelf.app.goods.planning import Goods
from oneshelf.app.offers.campaigns import Campaign, Offers
from oneshelf.books import cursors, outbox, people, rejects
from oneshelf.effect.estimate import Effect
from oneshelf.events.catalogue import KINDS
from oneshelf.insight.activity import events_by_day
from oneshelf.lake.schema import table_name
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.money import Money

StationName = Literal["events", "insight", "decisions", "messages", "effect"]

#: How many days a sparkline shows.
DAYS = 28


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """One station: `figure` of `unit` on the wheel's day, the 28 days up to it, and what needs a person."""

    name: StationName
    figure: str
    unit: str
    spark: tuple[float, ...] = ()
    attention: str | None = None
    simulated: bool = False


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """One decision that waits, with one button. `link` is a path of the console."""

    title: str
    detail: str
    link: str
    button: str


class Wheel(msgspec.Struct, frozen=True, kw_only=True):
    """The wheel on `as_of`: the newest day with sales, or today before there is one."""

    as_of: date
    stations: tuple[Station, ...]
    decisions: tuple[Todo, ...]


class Wheels:
    """Use cases about the whole."""

    def __init__(self, core: Core, goods: Goods, offers: Offers) -> None:
        self._core = core
        self._goods = goods
        self._offers = offers
        #: counting the lake's days costs a second; it is done once a turn of the lake
        self._counted: tuple[tuple[int, date], _Counts] | None = None

    def today(self, *, actor: Actor = OPERATOR) -> Wheel:
        """Today's wheel, as far as the actor's role reaches: aggregates only, nobody's data."""
        last = self._goods.last_day()
        as_of = last or self._core.now().date()
        counts = self._count(as_of)
        with self._core.database.read() as connection:
            known = people.count(connection)
            waiting, failing = outbox.waiting(connection)
            refused = sum(rejects.counts(connection).values())
        campaigns = self._offers.campaigns() if actor.may("offers.read") else ()
        decided = (
            self._decisions(last)
            if actor.may("plan.read")
            else Station(name="decisions", figure="–", unit="plan lines")
        )
        stations = (
            Station(
                name="events",
                figure=f"{counts.events[as_of]:,}",
                unit="events on the day",
                spark=_series(counts.events, as_of),
                attention=f"{refused:,} refused" if refused else None,
                simulated=counts.simulated[as_of] > 0,
            ),
            Station(
                name="insight",
                figure=f"{known:,}",
                unit="live portraits",
                spark=_series(counts.orders, as_of),
                simulated=bool(counts.simulated.total()),
            ),
            decided,
            Station(
                name="messages",
                figure=f"{sum(c.offered for c in campaigns):,}",
                unit="offers sent",
                spark=_series(counts.messages, as_of),
                attention=f"{failing:,} cannot be delivered"
                if failing
                else f"{waiting:,} waiting"
                if waiting
                else None,
            ),
            self._effect(campaigns),
        )
        return Wheel(
            as_of=as_of, stations=stations, decisions=tuple(self._todos(actor, last, campaigns, refused))
        )

    def _decisions(self, last: date | None) -> Station:
        if last is None:
            return Station(name="decisions", figure="0", unit="plan lines")
        _, plan, lines = self._goods.plans.current()
        exceptions = sum(line.attention is not None for line in lines)
        return Station(
            name="decisions",
            figure=f"{sum(line.quantity > 0 for line in lines):,}",
            unit="lines to order",
            spark=self._goods.units_by_day(until=last, days=DAYS),
            attention=f"{exceptions:,} lines need a look" if exceptions else None,
            simulated=plan.simulated,
        )

    def _effect(self, campaigns: tuple[Campaign, ...]) -> Station:
        if not campaigns:
            return Station(name="effect", figure="–", unit="nothing sent yet")
        effect = self._offers.effect(campaigns[0].id)
        if effect.sales.adjusted is None:
            return Station(name="effect", figure="–", unit="not known yet", simulated=effect.simulated)
        return Station(
            name="effect",
            figure=_signed(effect.sales.adjusted.difference, effect.currency),
            unit=_interval(effect),
            attention=None if effect.claimed else "nothing can be claimed",
            simulated=effect.simulated,
        )

    def _todos(
        self, actor: Actor, last: date | None, campaigns: tuple[Campaign, ...], refused: int
    ) -> list[Todo]:
        todos = []
        if last is not None and actor.may("plan.read"):
            todos.append(
                Todo(
                    title="Look over tomorrow's plan",
                    detail="The lines that differ most from last week come first.",
                    link="/plan",
                    button="Open the plan",
                )
            )
        if last is not None and not campaigns and actor.may("offers.send"):
            todos.append(
                Todo(
                    title="Send the first offers",
                    detail="A fifth of the people is left alone, so that the effect can be measured.",
                    link="/offers/new",
                    button="Prepare offers",
                )
            )
        if refused and actor.may("sources.replay"):
            todos.append(
                Todo(
                    title="Events were refused",
                    detail="They are kept. See why, mend the cause, and replay them.",
                    link="/sources",
                    button="See the rejects",
                )
            )
        return todos

    def _count(self, as_of: date) -> _Counts:
        with self._core.database.read() as connection:
            key = (cursors.position(connection, LAKE), as_of)
        if self._counted is None or self._counted[0] != key:
            self._counted = (key, self._count_lake(as_of))
        return self._counted[1]

    def _count_lake(self, as_of: date) -> _Counts:
        counts = _Counts()
        span = (as_of - timedelta(days=DAYS - 1), as_of)
        present = {table.name for table in self._core.lake.tables()}
        with self._core.analysis:
            for kind in KINDS:
                if table_name(kind) not in present:
                    continue
                events = self._core.engine.events(kind, days=span)
                for row in self._core.engine.run(events_by_day(events)).to_pylist():
                    counts.see(kind, row["day"], row["events"], row["simulated"])
        return counts


class _Counts:
    """What happened on each day."""

    def __init__(self) -> None:
        self.events: Counter[date] = Counter()
        self.simulated: Counter[date] = Counter()
        self.orders: Counter[date] = Counter()
        self.messages: Counter[date] = Counter()

    def see(self, kind: str, day: date, events: int, simulated: int) -> None:
        self.events[day] += events
        self.simulated[day] += simulated
        if kind == "order.completed":
            self.orders[day] += events
        if kind == "offer.sent":
            self.messages[day] += events


def _series(counts: Counter[date], as_of: date) -> tuple[float, ...]:
    return tuple(float(counts[as_of - timedelta(days=back)]) for back in range(DAYS - 1, -1, -1))


def _signed(minor: float, currency: str) -> str:
    amount = Money(round(minor), currency)
    return f"+{amount}" if minor > 0 else str(amount)


def _interval(effect: Effect) -> str:
    low, high = effect.sales.always_low, effect.sales.always_high
    if low is None or high is None:
        return "a person, interval not known"
    return f"a person, {_signed(low, effect.currency)} to {_signed(high, effect.currency)}"
