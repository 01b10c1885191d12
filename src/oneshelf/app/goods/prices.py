"""Prices: what holds where and when, setting new ones, and all that was ever said about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta

import msgspec
import pyarrow as pa

from oneshelf.app.core import Core, utc_now
from oneshelf.books import goods, places, prices
from oneshelf.books.database import Connection
from oneshelf.errors import Conflict, InvalidInput, NotFound, Problem
from oneshelf.insight.goods.prices import Shopper, Span, holding, is_news, standing, timeline
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.places import Channel
from oneshelf.words.prices import Price, PriceRecord

_TABLE = pa.schema(
    [
        ("place_id", pa.string()),
        ("product_id", pa.string()),
        ("amount_minor", pa.int64()),
        ("currency", pa.string()),
        ("kind", pa.string()),
    ]
)


class PricesSet(msgspec.Struct, frozen=True, kw_only=True):
    """What setting prices came to: each new one is one row more; the others say nothing new."""

    new: int
    same: int
    dry_run: bool = False


class Prices:
    """Use cases about prices."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def today(self) -> date:
        """The business day on which a price is asked for when no other day is named."""
        return self._core.today()

    def at(
        self,
        product_id: str,
        *,
        place_id: str | None = None,
        on: date | None = None,
        channel: Channel | None = None,
        member: bool = False,
        actor: Actor = OPERATOR,
    ) -> Price | None:
        """What a shopper pays for a product on a day (default: today); None where it has no price."""
        del actor  # prices stand on the shelf
        day = on or self.today()
        with self._core.database.read() as connection:
            known = list(prices.covering(connection, day, [product_id], places={None, place_id}))
            shopper = _shopper(connection, place_id, channel, member)
        return holding(known, day, shopper)

    def everywhere(
        self, product_ids: Collection[str], *, on: date | None = None, actor: Actor = OPERATOR
    ) -> dict[str, Price]:
        """What some products cost where no place has a price of its own, on a day (default: today)."""
        del actor
        day, shopper = on or self.today(), Shopper()
        by_product: defaultdict[str, list[Price]] = defaultdict(list)
        with self._core.database.read() as connection:
            for price in prices.covering(connection, day, product_ids, places=[None]):
                by_product[price.product_id].append(price)
        return {
            one: held
            for one, known in by_product.items()
            if (held := holding(known, day, shopper)) is not None
        }

    def table(
        self,
        place_ids: Collection[str],
        *,
        on: date | None = None,
        product_ids: Collection[str] | None = None,
        channel: Channel | None = None,
        member: bool = False,
    ) -> pa.Table:
        """What holds at many places for many products (default: all) on a day: place_id, product_id, amount_minor, currency, kind.

        A product without a price at a place has no row.
        """
        day = on or self.today()
        by_product: defaultdict[str, list[Price]] = defaultdict(list)
        with self._core.database.read() as connection:
            for price in prices.covering(connection, day, product_ids):
                by_product[price.product_id].append(price)
            zones = prices.zones(connection)
        shoppers = [
            Shopper(place_id=one, zone=zones.get(one), channel=channel, member=member) for one in place_ids
        ]
        found = [
            (shopper.place_id, held.product_id, held.amount_minor, held.currency, held.kind)
            for known in by_product.values()
            for shopper in shoppers
            if (held := holding(known, day, shopper)) is not None
        ]
        columns = zip(*found, strict=True) if found else ((),) * len(_TABLE)
        return pa.table([list(column) for column in columns], schema=_TABLE)

    def history(self, product_id: str, *, actor: Actor = OPERATOR) -> tuple[PriceRecord, ...]:
        """All that was ever said about a product's prices, the newest start first. Raises NotFound for an unknown product."""
        del actor
        return tuple(
            sorted(
                self._records(product_id),
                key=lambda record: (record.price.starts_on, record.recorded_at),
                reverse=True,
            )
        )

    def standing(self, product_id: str, scope: tuple[object, ...], starts_on: date) -> Price:
        """The price of this scope (as in `Price.scope`) that starts on a day. Raises NotFound when none stands."""
        for price in standing(self._records(product_id)):
            if price.scope == scope and price.starts_on == starts_on:
                return price
        raise NotFound("No such price stands.", "See `oneshelf prices history PRODUCT` for those that do.")

    def timeline(
        self,
        product_id: str,
        first: date,
        last: date,
        *,
        place_id: str | None = None,
        channel: Channel | None = None,
        member: bool = False,
        actor: Actor = OPERATOR,
    ) -> tuple[Span, ...]:
        """What a shopper paid, or will pay, from `first` to `last`. Raises NotFound for an unknown product."""
        del actor
        if last < first:
            raise InvalidInput.of(
                "last", last.isoformat(), f"is before {first}.", "Name the earlier day first."
            )
        records = self._records(product_id)
        with self._core.database.read() as connection:
            shopper = _shopper(connection, place_id, channel, member)
        return timeline(standing(records), first, last, shopper)

    def set(
        self,
        given: Sequence[Price],
        *,
        actor: Actor = OPERATOR,
        dry_run: bool = False,
        now: datetime | None = None,
    ) -> PricesSet:
        """Set prices: each becomes one row more, and no row is changed. A price that says nothing new is left out.

        Raises InvalidInput with every problem at once, and then sets none; NotAllowed for what is not the actor's to price.
        """
        actor.require("catalogue.edit")
        problems = [*_twice(given), *self._unknown(given)]
        if problems:
            raise InvalidInput(
                "The prices cannot be set.", "Correct them and send all again.", problems=problems
            )
        for price in given:
            actor.require_reach(price.place_id)
        if dry_run:
            with self._core.database.read() as connection:
                new = len(self.news(connection, given))
        else:
            at = now or utc_now()
            new = self._core.database.writer.write(
                lambda connection: self.record_in(connection, given, by=actor.name, at=at)
            )
        return PricesSet(new=new, same=len(given) - new, dry_run=dry_run)

    def record_in(self, connection: Connection, given: Sequence[Price], *, by: str, at: datetime) -> int:
        """Add prices that were checked, but for those that say nothing new; returns how many were added.

        What is new is judged in the transaction that adds it, so that two writers of one price do not both find it new.
        """
        said = _said(connection, given)
        fresh = _news(given, said)
        records = [PriceRecord(price=one, recorded_at=_after(at, one, said), recorded_by=by) for one in fresh]
        prices.add(connection, records)
        return len(fresh)

    def news(self, connection: Connection, given: Sequence[Price]) -> list[Price]:
        """Those of the prices by which anybody would pay another amount on any day."""
        return _news(given, _said(connection, given))

    def withdraw(
        self, price: Price, *, actor: Actor = OPERATOR, dry_run: bool = False, now: datetime | None = None
    ) -> None:
        """Call a price off as if it had never been set: what held before it holds again. The history keeps both.

        Raises NotFound when no such price stands, Conflict when it is another one by now.
        """
        actor.require("catalogue.edit")
        actor.require_reach(price.place_id)
        at = now or utc_now()

        def call_off(connection: Connection) -> None:
            said = _said(connection, [price])
            _require_standing(price, said)
            if not dry_run:
                when = _after(at, price, said)
                prices.add(
                    connection,
                    [PriceRecord(price=price, recorded_at=when, recorded_by=actor.name, withdrawn=True)],
                )

        # judged in the transaction that writes: of two who call one price off, one finds none
        if dry_run:
            with self._core.database.read() as connection:
                call_off(connection)
        else:
            self._core.database.writer.write(call_off)

    def zones(self, *, actor: Actor = OPERATOR) -> dict[str, str]:
        """The price zone of every place that lies in one."""
        del actor
        with self._core.database.read() as connection:
            return prices.zones(connection)

    def set_zone(
        self, zone: str, place_ids: Collection[str], *, actor: Actor = OPERATOR, dry_run: bool = False
    ) -> None:
        """Put places into a price zone, out of any other; an empty zone puts them into none. Raises InvalidInput for unknown places."""
        actor.require("catalogue.edit")
        with self._core.database.read() as connection:
            known = places.places(connection)
        problems = [
            _problem(at, "place_id", one, "is no place here.", "See `oneshelf places list`.")
            for at, one in enumerate(place_ids)
            if one not in known
        ]
        if problems:
            raise InvalidInput("The places are not all known.", problems[0].remedy, problems=problems)
        for one in place_ids:
            actor.require_place(one)
        if not dry_run:
            self._core.database.writer.write(lambda c: prices.set_zone(c, zone, place_ids))

    def _records(self, product_id: str) -> list[PriceRecord]:
        with self._core.database.read() as connection:
            found = list(prices.records(connection, [product_id]))
            if not found and product_id not in goods.products(connection, [product_id]):
                raise NotFound("There is no such product.", "Find it with `oneshelf catalogue list TEXT`.")
        return found

    def _unknown(self, given: Sequence[Price]) -> Iterable[Problem]:
        with self._core.database.read() as connection:
            known = goods.products(connection, {price.product_id for price in given})
            shops = places.places(connection)
            named = set(prices.zones(connection).values())
        for at, price in enumerate(given):
            if price.product_id not in known:
                yield _problem(
                    at, "product_id", price.product_id, "is no product here.", "Import the product first."
                )
            if price.place_id is not None and price.place_id not in shops:
                yield _problem(
                    at, "place_id", price.place_id, "is no place here.", "See `oneshelf places list`."
                )
            if price.zone is not None and price.zone not in named:
                yield _problem(
                    at,
                    "zone",
                    price.zone,
                    "has no places.",
                    "Make it with `oneshelf prices zone NAME PLACE...`.",
                )


#: What was ever said, by scope.
_Said = dict[tuple[object, ...], list[PriceRecord]]


def _said(connection: Connection, given: Sequence[Price]) -> _Said:
    by_scope: defaultdict[tuple[object, ...], list[PriceRecord]] = defaultdict(list)
    for record in prices.beside(connection, given):
        by_scope[record.price.scope].append(record)
    return by_scope


def _news(given: Sequence[Price], said: _Said) -> list[Price]:
    return [price for price in given if is_news(price, standing(said.get(price.scope, ())))]


def _after(at: datetime, price: Price, said: _Said) -> datetime:
    """`at`, or behind all that was said of this price, so that a clock put back loses nothing."""
    before = [one.recorded_at for one in said.get(price.scope, ()) if one.price.starts_on == price.starts_on]
    return max([at, *(when + timedelta(microseconds=1) for when in before)])


def _require_standing(price: Price, said: _Said) -> None:
    """Raise NotFound when no price of this scope and start stands, Conflict when it is another one."""
    found = [one for one in standing(said.get(price.scope, ())) if one.starts_on == price.starts_on]
    if not found:
        raise NotFound("No such price stands.", "See `oneshelf prices history PRODUCT` for those that do.")
    if found != [price]:
        raise Conflict("The price is another one by now.", "Read the history again.")


def _shopper(connection: Connection, place_id: str | None, channel: Channel | None, member: bool) -> Shopper:
    zone = None if place_id is None else prices.zones(connection).get(place_id)
    return Shopper(place_id=place_id, zone=zone, channel=channel, member=member)


def _twice(given: Sequence[Price]) -> Iterable[Problem]:
    seen: dict[tuple[object, ...], int] = {}
    for at, price in enumerate(given):
        key = (*price.scope, price.starts_on)
        if (first := seen.setdefault(key, at)) != at:
            yield _problem(
                at,
                "starts_on",
                price.starts_on,
                f"starts with another one, at {first}.",
                "Keep one of the two.",
            )


def _problem(at: int, field: str, value: object, cause: str, remedy: str) -> Problem:
    return Problem(at=at, field=field, value=repr(str(value)), cause=cause, remedy=remedy)
