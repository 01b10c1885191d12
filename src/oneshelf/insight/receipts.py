"""Receipts: orders and refunds of the lake in the forms on which every figure stands.

`orders` and `refunds` are the lake's tables of `order.completed` and `order.refunded`. An event is known by its place in the
journal (`offset`, `index`), never by its id alone, which is unique only within its source.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

#: What every row keeps of its event.
_HEAD = ("offset", "index", "person_id", "day", "place_id", "channel", "currency")


def sold_lines(orders: ir.Table, refunds: ir.Table) -> ir.Table:
    """One row a line of an order (positive) or a refund (negative).

    Columns: offset, index, person_id, day, place_id, channel, currency, simulated, is_order, product_id, pieces,
    amount_minor. Goods that are weighed or poured are one piece a line, however heavy.
    """
    return _lines(orders, is_order=True).union(_lines(refunds, is_order=False), distinct=False)


def receipts(orders: ir.Table, refunds: ir.Table) -> ir.Table:
    """One row an order or refund, those without lines included.

    Columns: offset, index, person_id, day, place_id, channel, currency, simulated, is_order, pieces, amount_minor; both
    sums are positive for orders and negative for refunds.
    """
    heads = _heads(orders, is_order=True).union(_heads(refunds, is_order=False), distinct=False)
    rows = heads.union(sold_lines(orders, refunds).drop("product_id"), distinct=False)
    return rows.group_by(*_HEAD, "simulated", "is_order").aggregate(
        pieces=rows.pieces.sum(), amount_minor=rows.amount_minor.sum()
    )


def resolved(events: ir.Table, links: ir.Table) -> ir.Table:
    """The same events with `person_id` as the links (identifier, person_id) resolve it."""
    found = links.select(linked_identifier="identifier", linked_person_id="person_id")
    joined = events.left_join(found, events.person_id == found.linked_identifier)
    person_id = ibis.coalesce(joined.linked_person_id, joined.person_id)
    return joined.mutate(person_id=person_id).select(*events.columns)


def _lines(events: ir.Table, *, is_order: bool) -> ir.Table:
    rows = events.select(*_HEAD, "simulated", line=events.lines.unnest())
    sign = 1 if is_order else -1
    pieces = ibis.ifelse(rows.line.unit == "each", rows.line.quantity, 1)
    return rows.select(
        *_HEAD,
        "simulated",
        is_order=ibis.literal(is_order),
        product_id=rows.line.product_id,
        pieces=pieces.cast("int64") * sign,
        amount_minor=rows.line.amount_minor.cast("int64") * sign,
    )


def _heads(events: ir.Table, *, is_order: bool) -> ir.Table:
    nothing = ibis.literal(0, "int64")
    return events.select(
        *_HEAD, "simulated", is_order=ibis.literal(is_order), pieces=nothing, amount_minor=nothing
    )
