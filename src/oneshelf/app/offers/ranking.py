"""Ranking against the shelves: what can be offered where, read from the books once however many people ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from oneshelf.books import goods, places
from oneshelf.books.database import Connection
from oneshelf.books.stock import reading
from oneshelf.books.stock.reading import Level
from oneshelf.decisions.offers import Offer, rank
from oneshelf.events.envelope import NOWHERE
from oneshelf.insight.goods.finder import Finder
from oneshelf.insight.people.state import PersonState
from oneshelf.words.goods import Product
from oneshelf.words.time import zone


class Shelves:
    """Stock and catalogue of each place. Hand in the whole `catalogue` when many people are ranked."""

    def __init__(
        self, connection: Connection, time_zone: str, catalogue: Mapping[str, Product] | None = None
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._zones = {place.id: place.time_zone for place in places.places(connection).values()}
        self._time_zone = time_zone
        self._read: dict[str, tuple[dict[str, Level], dict[str, Product], Finder]] = {}

    def rank(
        self, state: PersonState, place_id: str | None, *, now: datetime, limit: int
    ) -> tuple[Offer, ...]:
        """The best offers for one person at a place, or where they buy most when none is named."""
        at = place_id or max(state.places, key=lambda place: (state.places[place], place), default=NOWHERE)
        stock, stocked, finder = self._place(at)
        own = self._products({*state.products, *state.favourites})
        local_now = now.astimezone(zone(self._zones.get(at, self._time_zone)))
        return rank(state, {**stocked, **own}, stock, place_id=at, now=local_now, limit=limit, finder=finder)

    def _place(self, place_id: str) -> tuple[dict[str, Level], dict[str, Product], Finder]:
        if place_id not in self._read:
            stock = {
                row.product_id: row
                for row in reading.levels(self._connection, place_ids=[place_id])
                if row.available  # what is promised to an order is offered to nobody
            }
            stocked = self._products(stock)
            self._read[place_id] = (stock, stocked, Finder(stocked.values()))
        return self._read[place_id]

    def _products(self, ids: Iterable[str]) -> dict[str, Product]:
        if self._catalogue is None:
            return goods.products(self._connection, ids)
        return {i: self._catalogue[i] for i in ids if i in self._catalogue}
