"""Filling a shelf in a test: the small shop's catalogue and events, journaled and projected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa

from oneshelf.app.arriving.loading import append_events
from oneshelf.app.people import nightly, tiering
from oneshelf.app.shelf import Shelf
from oneshelf.books import goods, places
from oneshelf.events.envelope import Event
from oneshelf.insight.people.fields import FIELDS
from oneshelf.lake.schema import MOMENT
from oneshelf.testing.shop import Shop


def put_catalogue(shelf: Shelf, shop: Shop) -> None:
    """Put the shop's products and places into the books."""
    shelf.core.database.writer.write(lambda connection: goods.upsert_products(connection, shop.products))
    shelf.core.database.writer.write(lambda connection: places.upsert_places(connection, shop.places))


def put_events(shelf: Shelf, events: Sequence[Event], *, now: datetime, batch: int = 50) -> None:
    """Journal events in batches, as recorded at `now`, and run the projections to the head."""
    for start in range(0, len(events), batch):
        append_events(shelf.core, "test", events[start : start + batch], now)
    shelf.catch_up()


_TYPES: Final = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "moment": MOMENT,
    "flag": pa.bool_(),
}


def put_nightly(
    shelf: Shelf, rows: Sequence[Mapping[str, Any]], *, day: date, now: datetime | None = None
) -> None:
    """Write portraits as a night does, with only the fields that are given; with `now`, into tiers too."""
    names = [name for name in FIELDS if any(name in row for row in rows)]
    schema = pa.schema([(name, _TYPES[FIELDS[name].type]) for name in names])
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    if now is not None:
        table = tiering.enrich(shelf.core, table, now)
    dated = table.append_column("day", pa.array([day] * table.num_rows, pa.date32()))
    shelf.core.lake.replace_days(nightly.TABLE, dated, {day})
