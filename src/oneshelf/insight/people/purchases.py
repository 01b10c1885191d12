"""Purchases: who bought what, where, on which day."""

from __future__ import annotations

import ibis.expr.types as ir


def purchases(orders: ir.Table) -> ir.Table:
    """One row a product of a receipt of a known person: person_id, product_id, place_id, day.

    `orders` is the lake's table of `order.completed`.
    """
    lines = orders.filter(orders.person_id.notnull()).unnest("lines")
    return lines.select("person_id", "place_id", "day", product_id=lines.lines.product_id)
