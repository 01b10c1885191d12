"""Filling a shelf in a test: the small shop's catalogue and events, journaled and projected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from oneshelf.app.loading import append_events
from oneshelf.app.shelf import Shelf
from oneshelf.books import goods, places
from oneshelf.events.envelope import Event
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
