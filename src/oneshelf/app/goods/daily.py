"""Daily sales: the derived table that plans and measures read. Days that events touched are recomputed, and only those."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.books import cursors
from oneshelf.books import days as touched_days
from oneshelf.books.database import Connection
from oneshelf.insight.goods.demand import daily_sales
from oneshelf.lake.schema import table_name

TABLE: Final = "daily_sales"

#: Counts the refreshes that changed something, so that whoever keeps a result knows when it is old.
CURSOR: Final = "daily"

SCHEMA: Final = pa.schema(
    [
        ("place_id", pa.string()),
        ("product_id", pa.string()),
        ("currency", pa.string()),
        ("quantity", pa.int64()),
        ("amount_minor", pa.int64()),
        ("orders", pa.int64()),
        ("simulated", pa.bool_()),
        ("day", pa.date32()),
    ]
)

#: Kinds that enter a day's sales.
ENTER_SALES: Final = ("order.completed", "order.refunded")


def refresh(core: Core) -> int:
    """Recompute the days that orders and refunds touched since the last refresh; return how many."""
    with core.analysis:
        # before the touched days are read: who recomputes later knows no less, and wins
        expected = core.lake.rewrites(TABLE)
        with core.database.read() as connection:
            touched = {
                table: touched_days.touched(connection, table) for table in map(table_name, ENTER_SALES)
            }
            turn = cursors.position(connection, CURSOR)
        days = sorted({day for by_day in touched.values() for day in by_day})
        if not days:
            return 0
        core.lake.replace_days(TABLE, _sales_of(core, days), days, expected=expected)

        def clear(connection: Connection) -> None:
            for table, by_day in touched.items():
                # a day touched again meanwhile stays, as its offset has changed
                touched_days.clear(connection, table, by_day)
            cursors.advance(connection, CURSOR, expected=turn, to=turn + 1)

        core.database.writer.write(clear)
        return len(days)


def sales(core: Core) -> Any:
    """The derived table, as an Ibis table of SCHEMA."""
    return core.engine.derived(TABLE, SCHEMA)


def _sales_of(core: Core, days: list[date]) -> pa.Table:
    span = (days[0], days[-1])
    orders = core.engine.events("order.completed", days=span)
    refunds = core.engine.events("order.refunded", days=span)
    if len(days) <= (span[1] - span[0]).days:
        orders, refunds = orders.filter(orders.day.isin(days)), refunds.filter(refunds.day.isin(days))
    return core.engine.run(daily_sales(orders, refunds)).select(SCHEMA.names).cast(SCHEMA)
