"""What every part of the stock use cases stands on: the books, and whose day it is where."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from oneshelf.app.core import Core
from oneshelf.books import places
from oneshelf.events.catalogue import Kind
from oneshelf.events.stock import GoodsOrdered, GoodsReceived
from oneshelf.words.ids import derived_id
from oneshelf.words.time import business_day

#: The longest id of an event.
ID_LENGTH_MAX: Final = 200


class StockBase:
    """The rooms below. `step` takes a turn of the live projection."""

    def __init__(self, core: Core, step: Callable[[], int]) -> None:
        self._core = core
        self._step = step
        self._zones: dict[str, str] = {}

    def _day(self, at: datetime, place_id: str) -> date:
        """The business day of a moment at a place."""
        if (
            place_id not in self._zones
        ):  # a place's zone does not change; one that is unknown may become known
            with self._core.database.read() as connection:
                self._zones |= places.zones(connection, [place_id])
        return business_day(at, self._zones.get(place_id, self._core.settings.time_zone))


def document_id(kind: str, place_id: str, *names: str) -> str:
    """The id of a document's event: of one kind and place, its names (whose it is, and its number) are one document.

    Where one of them has a slash, it is a digest: `a/b` and `c` must not be taken for `a` and `b/c`.
    """
    told = "/".join((kind, place_id, *names))
    plain = len(told) <= ID_LENGTH_MAX and not any("/" in name for name in (place_id, *names))
    return told if plain else derived_id(kind, place_id, *names)


def names_of(body: Kind, at: datetime, number: str) -> tuple[str, ...]:
    """The names of a document: its number, and whose numbers those are. Of an order each version is one: the newest is in force."""
    match body:
        case GoodsOrdered():
            return number, derived_id(at.astimezone(UTC).isoformat(), msgspec.json.encode(body).decode())
        case GoodsReceived(supplier_id=str(supplier_id)):
            return supplier_id, number
    return (number,)
