"""What products are called in other systems: their reference to our id, so that the same product is found again when it is renamed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from oneshelf.books.bulk import among, chunks, put, replace
from oneshelf.books.schema.goods import product_reference


def link(connection: Connection, source: str, ids: Mapping[str, str]) -> None:
    """Say which product each reference of a source means now."""
    rows = [{"source": source, "reference": one, "product_id": product_id} for one, product_id in ids.items()]
    put(connection, product_reference, rows, update=replace(product_reference))


def product_ids(connection: Connection, source: str, references: Iterable[str]) -> dict[str, str]:
    """The products that a source's references mean, as far as they are known."""
    found: dict[str, str] = {}
    for chunk in chunks(sorted(set(references))):
        query = select(product_reference.c.reference, product_reference.c.product_id).where(
            product_reference.c.source == source, among(connection, product_reference.c.reference, chunk)
        )
        found.update((row.reference, row.product_id) for row in connection.execute(query))
    return found


def by_product(connection: Connection, product_ids: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """(source, reference) of some products, in order; those without any are left out."""
    found: dict[str, list[tuple[str, str]]] = {}
    for chunk in chunks(sorted(set(product_ids))):
        query = select(product_reference).where(among(connection, product_reference.c.product_id, chunk))
        for row in connection.execute(
            query.order_by(product_reference.c.source, product_reference.c.reference)
        ):
            found.setdefault(row.product_id, []).append((row.source, row.reference))
    return found


def references(connection: Connection, product_id: str) -> list[tuple[str, str]]:
    """(source, reference) of one product, in order."""
    query = select(product_reference.c.source, product_reference.c.reference)
    query = query.where(product_reference.c.product_id == product_id)
    return sorted((row.source, row.reference) for row in connection.execute(query))
