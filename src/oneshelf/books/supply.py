"""Suppliers, and the terms on which they send goods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from oneshelf.books.bulk import among, chunks, put, replace
from oneshelf.books.schema.supply import supplier, supply_term
from oneshelf.words.supply import Supplier, SupplyTerm


def put_suppliers(connection: Connection, given: Iterable[Supplier]) -> None:
    """Insert or replace suppliers; of two with one id the last wins."""
    rows = {one.id: msgspec.structs.asdict(one) for one in given}
    put(connection, supplier, list(rows.values()), update=replace(supplier))


def suppliers(connection: Connection) -> dict[str, Supplier]:
    """Every supplier, by id."""
    return {
        row.id: Supplier(**row._mapping)
        for row in connection.execute(select(supplier).order_by(supplier.c.id))
    }


def put_terms(connection: Connection, given: Iterable[SupplyTerm]) -> None:
    """Insert or replace terms; of two for one product, supplier and place the last wins."""
    rows = {(one.product_id, one.supplier_id, one.place_id): _row(one) for one in given}
    put(connection, supply_term, list(rows.values()), update=replace(supply_term))


def terms(connection: Connection, product_ids: Iterable[str] | None = None) -> list[SupplyTerm]:
    """The terms of these products, or of all, in order of product, supplier and place (every place first)."""
    query = select(supply_term).order_by(
        supply_term.c.product_id, supply_term.c.supplier_id, supply_term.c.place_id
    )
    if product_ids is None:
        return [_term(row._mapping) for row in connection.execute(query)]
    return [
        _term(row._mapping)
        for chunk in chunks(sorted(set(product_ids)))
        for row in connection.execute(query.where(among(connection, supply_term.c.product_id, chunk)))
    ]


def _row(term: SupplyTerm) -> dict[str, Any]:
    latest = None if term.order_by is None else term.order_by.isoformat()
    return {**msgspec.structs.asdict(term), "place_id": term.place_id or "", "order_by": latest}


def _term(row: Mapping[Any, Any]) -> SupplyTerm:
    latest = None if row["order_by"] is None else time.fromisoformat(row["order_by"])
    return SupplyTerm(**{**row, "place_id": row["place_id"] or None, "order_by": latest})
