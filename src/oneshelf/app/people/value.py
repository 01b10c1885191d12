"""What people are worth: the next 90 days of each, and how far such expectations can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import msgspec
import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.app.people.links import links_of
from oneshelf.app.people.membership import members_of
from oneshelf.app.people.nightly import nightly, put_note
from oneshelf.books import identity
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.insight.people.acquisition import acquisition
from oneshelf.insight.people.conditions import fields_of, parse
from oneshelf.insight.people.lookalike import Lookalikes, kin_of, lookalikes
from oneshelf.insight.people.value.backtest import HORIZON_DAYS, ValueBacktest, backtest, expected
from oneshelf.insight.people.value.rule import Choice
from oneshelf.insight.people.value.summaries import order_days
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.time import check_day

#: Derived tables: the methods that the newest night decided for, and the newest backtest of the job `value`.
CHOICES: Final = "value_choices"
BACKTESTS: Final = "value_backtests"


def expected_of_everybody(core: Core, *, as_of: date) -> tuple[pa.Table, Choice]:
    """What each person who ordered by `as_of` is expected to do in the 90 days after it, for the nightly portraits, and by which methods.

    Columns: person_id, expected_orders_90_days (days with an order), expected_spend_90_days_minor, p_active. Whoever never
    ordered has no row.
    """
    with core.analysis:
        return expected(core.engine.run, _order_days(core), as_of=as_of)


class ChannelCost(msgspec.Struct, frozen=True, kw_only=True):
    """One channel: the people whose first order came by it, what was spent on it, and what these people were worth since."""

    channel: str
    people: int
    #: None where no spend was recorded, which is not the same as nothing
    spent_minor: int | None
    cost_per_person_minor: int | None
    campaigns: int
    #: orders less refunds of these people, from their first order until now
    value_minor: int
    value_per_person_minor: int | None
    orders: int
    simulated: bool


class Acquisition(msgspec.Struct, frozen=True, kw_only=True):
    """Cost and worth of the people won from `first` to `last`, the channel that won most people first; in one currency."""

    first: date
    last: date
    currency: str
    channels: tuple[ChannelCost, ...]


class Worth:
    """Use cases about what people are worth; part of `shelf.people`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def backtest_value(
        self, cut: date | None = None, *, horizon: int = HORIZON_DAYS, actor: Actor = OPERATOR
    ) -> ValueBacktest:
        """Calibrate on the orders up to `cut`, score the `horizon` days after it, by every method.

        Without a cut, the last one that leaves a whole horizon of known days. Raises NotFound when nobody ordered before or
        after it, InvalidInput for a day outside the calendar, NotAllowed when the role does not cover people.
        """
        actor.require_everywhere("people.read")
        if cut is not None:
            check_day(cut, "cut")
        with self._core.analysis:
            days = _order_days(self._core)
            if cut is None:
                newest = self._core.engine.run(days.aggregate(day=days.day.max()))["day"][0].as_py()
                if newest is None:
                    raise NotFound("Nobody has ordered yet.", "Load orders first.")
                cut = newest - timedelta(days=horizon)
            return backtest(
                self._core.engine.run,
                days,
                cut=cut,
                horizon=horizon,
                currency=self._core.settings.currency,
            )

    def keep_backtest(self, *, horizon: int = HORIZON_DAYS) -> ValueBacktest:
        """Do `backtest_value` on the newest whole horizon, and keep it for whoever looks at expectations. Raises NotFound."""
        tested = self.backtest_value(horizon=horizon)
        put_note(self._core, BACKTESTS, self._core.today(), msgspec.json.encode(tested).decode())
        return tested

    def lookalikes(
        self,
        seed: Sequence[str] = (),
        *,
        audience: str | None = None,
        without: Sequence[str] = (),
        limit: int = 100,
        purpose: str = "marketing",
        actor: Actor = OPERATOR,
    ) -> Lookalikes:
        """Rank everybody else by how much they are like the seed, by the newest nightly portraits, with the lift measured.

        `seed` holds person ids or other identifiers of people; `without` names the fields by which they were chosen. With `audience` the
        seed is everybody in a saved audience, and the fields of its condition and their kin are left out by themselves. Raises NotFound before the first night
        and for no such audience, InvalidInput for too small a seed, an unknown field, or a seed and an audience, NotAllowed when the role does
        not cover people or only those of some places.
        """
        self._core.look(actor, "people.read", purpose=purpose)
        if actor.places:
            raise NotAllowed(
                "Look-alikes are searched among everybody.", "Ask somebody who may see people of every place."
            )
        if bool(seed) == (audience is not None):
            raise InvalidInput.of(
                "seed", f"{len(seed)} people", "is not one seed.", "Give either people or a saved audience."
            )
        with self._core.database.read() as connection:
            resolved = identity.resolve(connection, seed)
        people = {resolved.get(one, one) for one in seed}
        with self._core.analysis:
            members = None if audience is None else members_of(self._core, audience)
            if members is not None:
                people = set(self._core.engine.run(members.people)["person_id"].to_pylist())
            portraits = self._core.engine.run(nightly(self._core).table)
        if members is not None:
            kin = kin_of(fields_of(parse(members.asked.condition)))
            without = (*without, *sorted(kin & set(portraits.column_names)))
        return lookalikes(portraits, people, without=without, limit=limit)

    def acquisition(
        self, first: date | None = None, last: date | None = None, *, actor: Actor = OPERATOR
    ) -> Acquisition:
        """What was spent for each person won from `first` to `last`, by the channel of their first order, and their worth since.

        Without days: the year up to now. Raises InvalidInput for days outside the calendar or out of order, NotAllowed when the role
        does not cover people.
        """
        actor.require_everywhere("people.read")
        last = check_day(last or self._core.today(), "last")
        first = check_day(first or last - timedelta(days=364), "first")
        if first > last:
            raise InvalidInput.of(
                "first", first.isoformat(), f"is after {last}.", "Give the earlier day first."
            )
        engine, currency = self._core.engine, self._core.settings.currency
        with self._core.analysis:
            rows = engine.run(
                acquisition(
                    engine.events("order.completed"),
                    engine.events("order.refunded"),
                    engine.events("campaign.spent"),
                    links=_links(self._core),
                    currency=currency,
                    first=first,
                    last=last,
                )
            ).to_pylist()
        channels = sorted((_channel_cost(row) for row in rows), key=lambda each: (-each.people, each.channel))
        return Acquisition(first=first, last=last, currency=currency, channels=tuple(channels))


def _order_days(core: Core) -> Any:
    return order_days(
        core.engine.events("order.completed"),
        core.engine.events("order.refunded"),
        links=_links(core),
        currency=core.settings.currency,
    )


def _links(core: Core) -> Any:
    with core.database.read() as connection:
        return core.engine.memory(links_of(connection))


def _channel_cost(row: dict[str, Any]) -> ChannelCost:
    people, spent = row["people"], row["spent_minor"]
    return ChannelCost(
        **row,
        cost_per_person_minor=round(spent / people) if people and spent is not None else None,
        value_per_person_minor=round(row["value_minor"] / people) if people else None,
    )
