"""Demand: what was sold, by day, place and product, and by day and series."""

from __future__ import annotations

from typing import Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from oneshelf.insight.receipts import sold_lines

Level = Literal["department", "category", "type", "id"]

#: The series of goods that the catalogue does not place.
UNPLACED = "unknown"

#: The columns of `daily_sales`: net of refunds, which are taken off on the day of the refund.
DAILY_SALES_SCHEMA = pa.schema(
    [
        pa.field("day", pa.date32()),
        pa.field("place_id", pa.string()),
        pa.field("product_id", pa.string()),
        pa.field("currency", pa.string()),
        #: pieces
        pa.field("quantity", pa.int64()),
        pa.field("amount_minor", pa.int64()),
        #: orders that held the product
        pa.field("orders", pa.int64()),
        pa.field("simulated", pa.bool_()),
    ]
)


def daily_sales(orders: ir.Table, refunds: ir.Table) -> ir.Table:
    """Net sales a day, place, product and currency, in the columns of `DAILY_SALES_SCHEMA`."""
    lines = sold_lines(orders, refunds)
    # one row an event and product first, so that a product on two lines of one receipt is one order
    event = lines.group_by(
        "offset", "index", "day", "place_id", "product_id", "currency", "is_order"
    ).aggregate(
        pieces=lines.pieces.sum(), amount_minor=lines.amount_minor.sum(), simulated=lines.simulated.any()
    )
    daily = event.group_by("day", "place_id", "product_id", "currency").aggregate(
        # sums widen on some engines
        quantity=event.pieces.sum().cast("int64"),
        amount_minor=event.amount_minor.sum().cast("int64"),
        orders=event.is_order.cast("int64").sum().cast("int64"),
        simulated=event.simulated.any(),
    )
    return daily.select(*DAILY_SALES_SCHEMA.names)


def daily_by(daily: ir.Table, products: ir.Table, level: Level, *, place_id: str | None = None) -> ir.Table:
    """Net sales a series and day: product types, say, over the whole chain or at one place.

    Takes `daily_sales` and the catalogue (id, department, category, type). Columns: series, day, quantity, simulated.
    Products that the catalogue does not place at that level are together in `UNPLACED`.
    """
    if place_id is not None:
        daily = daily.filter(daily.place_id == place_id)
    placed = products.select(catalogued_id=products.id, series=products[level])
    joined = daily.left_join(placed, daily.product_id == placed.catalogued_id)
    named = joined.mutate(series=joined.series.fill_null(UNPLACED))
    return named.group_by("series", "day").aggregate(
        quantity=named.quantity.sum().cast("int64"), simulated=named.simulated.any()
    )


def daily_series(daily: ir.Table, products: ir.Table, level: Level, *, by_place: bool) -> ir.Table:
    """Net sales a place, series and day; `place_id` is null for the whole chain.

    Takes `daily_sales` and the catalogue, as `daily_by` does. Columns: place_id, series, day, quantity, simulated.
    """
    named = _named(daily, products, level, by_place=by_place)
    return named.group_by(place_id=named.place, series=named.series, day=named.day).aggregate(
        quantity=named.quantity.sum().cast("int64"), simulated=named.simulated.any()
    )


def earned_series(daily: ir.Table, products: ir.Table, level: Level, *, by_place: bool) -> ir.Table:
    """What each series brought, by currency: place_id, series, currency, pieces, amount_minor. Takes what `daily_series` does."""
    named = _named(daily, products, level, by_place=by_place)
    return named.group_by(place_id=named.place, series=named.series, currency=named.currency).aggregate(
        pieces=named.quantity.sum().cast("int64"), amount_minor=named.amount_minor.sum().cast("int64")
    )


def _named(daily: ir.Table, products: ir.Table, level: Level, *, by_place: bool) -> ir.Table:
    """Sales with the series that each is of, and its place where series are by place."""
    placed_sales = daily.mutate(place=daily.place_id if by_place else ibis.null("string"))
    if level == "id":
        return placed_sales.mutate(series=placed_sales.product_id)
    placed = products.select(catalogued_id=products.id, series=products[level])
    joined = placed_sales.left_join(placed, placed_sales.product_id == placed.catalogued_id)
    return joined.mutate(series=joined.series.fill_null(UNPLACED))
