"""Demand: what was sold, by day, place and product. The columns of every table are those of the lake's events."""

from __future__ import annotations

from typing import Any, Literal

import ibis

Level = Literal["department", "category", "type", "id"]

#: The series of goods that the catalogue does not place.
UNPLACED = "unknown"


def sold_lines(orders: ibis.Table, refunds: ibis.Table) -> ibis.Table:
    """One row a line of every order (positive) and refund (negative).

    Columns: offset, index, person_id, day, place_id, channel, currency, product_id, pieces, amount_minor, is_order, simulated.
    Goods that are weighed or poured are one piece a line. Pass tables of `order_completed` and `order_refunded`.
    """
    return _lines(orders, sign=1).union(_lines(refunds, sign=-1), distinct=False)


def _lines(events: ibis.Table, *, sign: int) -> ibis.Table:
    line = events.select(
        "offset",
        "index",
        "person_id",
        "day",
        "place_id",
        "channel",
        "currency",
        "simulated",
        line=events.lines.unnest(),
    )
    pieces = (line.line.unit == "each").ifelse(line.line.quantity, 1)
    return line.select(
        "offset",
        "index",
        "person_id",
        "day",
        "place_id",
        "channel",
        "currency",
        product_id=line.line.product_id,
        pieces=pieces.cast("int64") * sign,
        amount_minor=line.line.amount_minor.cast("int64") * sign,
        is_order=ibis.literal(sign > 0),
        simulated=line.simulated,
    )


def daily_sales(orders: ibis.Table, refunds: ibis.Table) -> ibis.Table:
    """Net sales a day, place and product, refunds taken off on the day of the refund.

    Columns: day, place_id, product_id, quantity (pieces), amount_minor, currency, orders (that held the product), simulated.
    """
    lines = sold_lines(orders, refunds)
    # one row an event and product first, so that a product on two lines of one receipt is one order
    by_event = lines.group_by(
        "offset", "index", "day", "place_id", "currency", "product_id", "is_order"
    ).aggregate(
        quantity=lines.pieces.sum(), amount_minor=lines.amount_minor.sum(), simulated=lines.simulated.any()
    )
    return by_event.group_by("day", "place_id", "product_id", "currency").aggregate(
        quantity=by_event.quantity.sum(),
        amount_minor=by_event.amount_minor.sum(),
        orders=by_event.is_order.cast("int64").sum(),
        simulated=by_event.simulated.any(),
    )


def daily_by(
    daily: ibis.Table, products: ibis.Table, level: Level, *, place_id: str | None = None
) -> ibis.Table:
    """Net sales a day and series: product types, say, over the whole chain or at one place.

    Takes `daily_sales` and the catalogue (id, department, category, type). Columns: series, day, quantity, amount_minor,
    simulated. Products that the catalogue does not place at that level are together in `UNPLACED`.
    """
    if place_id is not None:
        daily = daily.filter(daily.place_id == place_id)
    placed: Any = products.select(catalogued_id=products.id, series=products[level])
    joined = daily.left_join(placed, daily.product_id == placed.catalogued_id)
    named = joined.mutate(series=joined.series.fill_null(UNPLACED))
    return named.group_by("series", "day").aggregate(
        quantity=named.quantity.sum(),
        amount_minor=named.amount_minor.sum(),
        simulated=named.simulated.any(),
    )
