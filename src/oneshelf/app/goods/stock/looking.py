"""Looking at stock: what lies where, how old it is, what can be promised, and what moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import pyarrow as pa

from oneshelf.app.goods.stock.answers import Available, Consigned, MoveLine, by_age_table, move_line
from oneshelf.app.goods.stock.base import StockBase
from oneshelf.app.pages import Page, read_cursor, write_cursor
from oneshelf.books import goods
from oneshelf.books.stock import inbound, owners, proof, reading, reservations
from oneshelf.books.stock.inbound import Due
from oneshelf.books.stock.proof import Difference
from oneshelf.books.stock.reading import Level, LotLevel, PlaceStock
from oneshelf.books.stock.reservations import Reservation
from oneshelf.insight.goods.stock.documents import expiry
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.time import check_day

#: How many a page shows where nobody says otherwise.
SHOWN: Final = 100


class Looking(StockBase):
    """Questions about stock."""

    def today(self, place_id: str) -> date:
        """The business day of a place."""
        return self._day(self._core.now(), place_id)

    def places(self, *, actor: Actor = OPERATOR) -> tuple[PlaceStock, ...]:
        """The actor's places whose stock is kept, each in one line, in order of id."""
        actor.require("stock.read")
        with self._core.database.read() as connection:
            return tuple(one for one in reading.places(connection) if actor.may_at(one.place_id))

    def on_hand(
        self,
        place_ids: Sequence[str] | None = None,
        product_ids: Sequence[str] | None = None,
        *,
        after: str | None = None,
        limit: int = SHOWN,
        actor: Actor = OPERATOR,
    ) -> Page[Level]:
        """What lies at the actor's places (or at these) of each product, in order of place and product."""
        mine = self._mine(place_ids, actor)
        with self._core.database.read() as connection:
            found = reading.levels(
                connection,
                place_ids=mine,
                product_ids=product_ids,
                after=read_cursor(after, tuple[str, str]),
                limit=limit + 1,
            )
        last = found[limit - 1] if len(found) > limit else None
        return Page(
            items=tuple(found[:limit]),
            next=None if last is None else write_cursor((last.place_id, last.product_id)),
        )

    def lots(
        self,
        place_ids: Sequence[str] | None = None,
        product_ids: Sequence[str] | None = None,
        *,
        as_of: date | None = None,
        actor: Actor = OPERATOR,
    ) -> tuple[LotLevel, ...]:
        """What is left of each lot, the first to expire first; at the end of the business day `as_of`, or now."""
        mine = self._mine(place_ids, actor)
        with self._core.database.read() as connection:
            return tuple(
                reading.lots(connection, place_ids=mine, product_ids=product_ids)
                if as_of is None
                else reading.lots_as_of(connection, as_of, place_ids=mine, product_ids=product_ids)
            )

    def by_age(
        self,
        place_ids: Sequence[str] | None = None,
        as_of: date | None = None,
        *,
        actor: Actor = OPERATOR,
    ) -> pa.Table:
        """`lots` as a table: place_id, product_id, lot_id, expires_on, owner_id, pieces."""
        return by_age_table(self.lots(place_ids, as_of=as_of, actor=actor))

    def available(
        self,
        product_id: str,
        place_id: str,
        on: date | None = None,
        *,
        now: datetime | None = None,
        actor: Actor = OPERATOR,
    ) -> Available:
        """What of a product can be promised at a place for a day, today where none is named."""
        actor.require("stock.read", place_id)
        at = now or self._core.now()
        today = self._day(at, place_id)
        day = today if on is None else check_day(on, "on")
        with self._core.database.read() as connection:
            level = next(
                iter(reading.levels(connection, place_ids=[place_id], product_ids=[product_id])), None
            )
            lots = reading.lots(connection, place_ids=[place_id], product_ids=[product_id])
            dues = inbound.due(connection, place_id=place_id, product_ids=[product_id])
            known = goods.products(connection, [product_id]).get(product_id)
            lapsed = sum(
                held.lines.get(product_id, 0)
                for held in reservations.expired(connection, at)
                if held.place_id == place_id
            )
        on_hand = sum(lot.pieces for lot in lots)
        expiring = sum(lot.pieces for lot in lots if lot.expires_on is not None and lot.expires_on < day)
        life = None if known is None else known.shelf_life_days
        due = sum(one.ordered - one.received for one in dues if _helps(one, today, day, life))
        reserved = (level.reserved if level else 0) - lapsed
        return Available(
            place_id=place_id,
            product_id=product_id,
            on=day,
            pieces=max(0, on_hand - expiring - reserved + due),
            on_hand=on_hand,
            reserved=reserved,
            expiring=expiring,
            due=due,
        )

    def moves(
        self,
        place_id: str,
        product_id: str,
        *,
        after: str | None = None,
        limit: int = SHOWN,
        actor: Actor = OPERATOR,
    ) -> Page[MoveLine]:
        """The moves of a product at a place, the newest first."""
        actor.require("stock.read", place_id)
        before = read_cursor(after, tuple[datetime, int])
        with self._core.database.read() as connection:
            found = reading.moves(connection, (place_id, product_id), before=before, limit=limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        return Page(
            items=tuple(map(move_line, found[:limit])),
            next=None if last is None else write_cursor((last.move.happened_at, last.id)),
        )

    def due(self, place_id: str, *, actor: Actor = OPERATOR) -> tuple[inbound.Due, ...]:
        """What was ordered for a place and has not come, the next first."""
        actor.require("stock.read", place_id)
        with self._core.database.read() as connection:
            return tuple(inbound.due(connection, place_id=place_id))

    def reservations(
        self, place_id: str | None = None, *, actor: Actor = OPERATOR
    ) -> tuple[Reservation, ...]:
        """What is held for orders at the actor's places, or at one of them, the next to expire first."""
        actor.require("stock.read", place_id)
        with self._core.database.read() as connection:
            found = reservations.open_at(connection, place_id)
        return tuple(held for held in found if actor.may_at(held.place_id))

    def consigned(self, since: date, until: date, *, actor: Actor = OPERATOR) -> tuple[Consigned, ...]:
        """What became of other owners' goods from one business day to another, by owner, place and product."""
        actor.require("stock.read")
        sums: defaultdict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        with self._core.database.read() as connection:
            for owner_id, posted, pieces in owners.moves(connection, since, until):
                key = (owner_id, posted.move.place_id, posted.move.product_id)
                sums[key][posted.move.kind == "wasted"] -= pieces
        return tuple(
            Consigned(owner_id=owner, place_id=place, product_id=product, sold=sold, wasted=wasted)
            for (owner, place, product), (sold, wasted) in sorted(sums.items())
            if actor.may_at(place) and (sold or wasted)
        )

    def differences(self, *, actor: Actor = OPERATOR) -> tuple[Difference, ...]:
        """Where the ledger does not add up; empty, unless somebody has changed the books by hand."""
        actor.require("stock.read")
        with self._core.database.read() as connection:
            return tuple(proof.differences(connection))

    def _mine(self, place_ids: Sequence[str] | None, actor: Actor) -> list[str] | None:
        """The places to look at: those asked for, each of which must be the actor's, or all of the actor's."""
        actor.require("stock.read")
        for place_id in place_ids or ():
            actor.require_place(place_id)
        if place_ids is not None:
            return list(place_ids)
        return list(actor.places) or None


def _helps(due: Due, today: date, day: date, shelf_life_days: int | None) -> bool:
    """Whether goods that are due can be promised for a day: what is due today comes too late for today, and what then has gone bad helps nobody."""
    if not (today <= due.due_on <= day and day > today):
        return False
    last = expiry(due.due_on, shelf_life_days)
    return last is None or last >= day
