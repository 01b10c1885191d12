"""What each day left of a product at a place: read by forecasts, which must know where an empty shelf cut demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from oneshelf.books.bulk import among, chunks
from oneshelf.books.schema.stock import stock_move, stock_place


class DayChange(NamedTuple):
    """By how many pieces what lies there changed on a day."""

    place_id: str
    product_id: str
    day: date
    pieces: int


def day_changes(connection: Connection, place_ids: Sequence[str], until: date) -> Iterator[DayChange]:
    """The changes of every day with a move up to `until`, from the first on, by pair and day.

    Places whose stock is only simulated are left out: what was made up cuts nobody's demand.
    """
    kept = select(stock_place.c.place_id).where(~stock_place.c.simulated)
    for chunk in chunks(sorted(set(place_ids))):
        query = (
            select(
                stock_move.c.place_id,
                stock_move.c.product_id,
                stock_move.c.day,
                func.sum(stock_move.c.effect),
            )
            .where(
                among(connection, stock_move.c.place_id, chunk),
                stock_move.c.place_id.in_(kept),
                stock_move.c.day <= until,
            )
            .group_by(stock_move.c.place_id, stock_move.c.product_id, stock_move.c.day)
            .order_by(stock_move.c.place_id, stock_move.c.product_id, stock_move.c.day)
        )
        for row in connection.execution_options(yield_per=10_000).execute(query):
            yield DayChange(row[0], row[1], row[2], int(row[3]))
