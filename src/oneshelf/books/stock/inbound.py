"""What is due: orders to suppliers that have not arrived, for what can be promised on a later day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

import msgspec
from sqlalchemy import Connection, select

from oneshelf.books.bulk import put
from oneshelf.books.schema.stock import inbound
from oneshelf.insight.goods.stock.posting import NEVER


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one product that an order brings to a place; `received` of them have come."""

    place_id: str
    product_id: str
    order_id: str
    supplier_id: str | None
    due_on: date
    ordered: int
    received: int = 0
    ordered_at: datetime


def order(connection: Connection, dues: Iterable[Due]) -> None:
    """Keep what was ordered; of one order's line the newest holds, and what has come of it stays."""
    latest: dict[tuple[str, str, str], Due] = {}
    for due in dues:
        key = (due.place_id, due.product_id, due.order_id)
        if key not in latest or due.ordered_at >= latest[key].ordered_at:
            latest[key] = due
    names = ("supplier_id", "due_on", "ordered", "ordered_at")
    put(
        connection,
        inbound,
        [msgspec.structs.asdict(due) for due in latest.values()],
        update=lambda given: {name: given[name] for name in names},
        where=lambda given: given.ordered_at >= inbound.c.ordered_at,
    )


def receive(connection: Connection, came: Mapping[tuple[str, str, str], int], on: date) -> None:
    """Note pieces that came by (place, product, order), also of an order that is told of only later."""
    rows = [
        msgspec.structs.asdict(
            Due(
                place_id=place_id,
                product_id=product_id,
                order_id=order_id,
                supplier_id=None,
                due_on=on,
                ordered=0,
                received=pieces,
                ordered_at=NEVER,
            )
        )
        for (place_id, product_id, order_id), pieces in came.items()
    ]
    put(
        connection,
        inbound,
        rows,
        update=lambda given: {"received": inbound.c.received + given.received},
    )


def due(connection: Connection, *, place_id: str, product_ids: Iterable[str] | None = None) -> list[Due]:
    """What is still to come to a place, the next first."""
    table = inbound.c
    query = select(inbound).where(table.place_id == place_id, table.received < table.ordered)
    if product_ids is not None:
        query = query.where(table.product_id.in_(list(product_ids)))
    return [Due(**row._mapping) for row in connection.execute(query.order_by(table.due_on, table.product_id))]


def find(connection: Connection, place_id: str, order_id: str, product_ids: Iterable[str]) -> list[Due]:
    """Lines of one order to a place, whether or not they have come."""
    table = inbound.c
    query = select(inbound).where(
        table.place_id == place_id, table.order_id == order_id, table.product_id.in_(list(product_ids))
    )
    return [Due(**row._mapping) for row in connection.execute(query.order_by(table.product_id))]
