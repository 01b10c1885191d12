"""Supply: who sends the goods, and on what terms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from oneshelf.app.core import Core
from oneshelf.books import goods, places, supply
from oneshelf.books.database import Connection
from oneshelf.errors import InvalidInput, Problem
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.supply import Supplier, SupplyTerm


class SupplySet(msgspec.Struct, frozen=True, kw_only=True):
    """What setting suppliers or terms came to."""

    new: int
    changed: int
    same: int
    dry_run: bool = False


class Supply:
    """Use cases about suppliers and their terms. What goods cost the shop is for planners."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def suppliers(self, *, actor: Actor = OPERATOR) -> tuple[Supplier, ...]:
        """Every supplier, in order of id."""
        actor.require("plan.read")
        with self._core.database.read() as connection:
            return tuple(supply.suppliers(connection).values())

    def terms(
        self, product_ids: Collection[str] | None = None, *, actor: Actor = OPERATOR
    ) -> tuple[SupplyTerm, ...]:
        """The terms of these products, or of all, in order of product, supplier and place; every place comes first."""
        actor.require("plan.read")
        with self._core.database.read() as connection:
            found = supply.terms(connection, product_ids)
        return tuple(term for term in found if term.place_id is None or actor.may_at(term.place_id))

    def set_suppliers(
        self, given: Sequence[Supplier], *, actor: Actor = OPERATOR, dry_run: bool = False
    ) -> SupplySet:
        """Insert or replace suppliers by their ids. They are every place's, and so not for staff of some places."""
        actor.require_everywhere("catalogue.edit")
        with self._core.database.read() as connection:
            before = supply.suppliers(connection)
        if not dry_run:
            self._core.database.writer.write(lambda connection: supply.put_suppliers(connection, given))
        return _counted([(before.get(one.id), one) for one in given], dry_run)

    def set_terms(
        self, given: Sequence[SupplyTerm], *, actor: Actor = OPERATOR, dry_run: bool = False
    ) -> SupplySet:
        """Insert or replace terms by product, supplier and place. Raises InvalidInput with every problem at once, and then sets none."""
        actor.require("catalogue.edit")
        with self._core.database.read() as connection:
            problems = list(_unknown(connection, given))
            before = {_key(term): term for term in supply.terms(connection, {t.product_id for t in given})}
        if problems:
            raise InvalidInput(
                "The terms cannot be set.", "Correct them and send all again.", problems=problems
            )
        for one in given:
            actor.require_reach(one.place_id)
        if not dry_run:
            self._core.database.writer.write(lambda connection: supply.put_terms(connection, given))
        return _counted([(before.get(_key(one)), one) for one in given], dry_run)


def _key(term: SupplyTerm) -> tuple[str, str, str | None]:
    return term.product_id, term.supplier_id, term.place_id


def _unknown(connection: Connection, given: Sequence[SupplyTerm]) -> Iterable[Problem]:
    kinds = (
        ("product_id", goods.products(connection, {term.product_id for term in given}), "product"),
        ("supplier_id", supply.suppliers(connection), "supplier"),
        ("place_id", places.places(connection), "place"),
    )
    for at, term in enumerate(given):
        for field, known, what in kinds:
            value = getattr(term, field)
            if value is not None and value not in known:
                yield Problem(
                    at=at,
                    field=field,
                    value=repr(value),
                    cause=f"is no {what} here.",
                    remedy=f"Set the {what} first.",
                )


def _counted(pairs: Sequence[tuple[object, object]], dry_run: bool) -> SupplySet:
    new = sum(before is None for before, _ in pairs)
    same = sum(before == after for before, after in pairs)
    return SupplySet(new=new, changed=len(pairs) - new - same, same=same, dry_run=dry_run)
