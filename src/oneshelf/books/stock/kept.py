"""Whose stock is kept: places that counted or received something. Sales anywhere else are history, not moves."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from oneshelf.books.bulk import put, replace
from oneshelf.books.schema.stock import stock_place


def kept(connection: Connection) -> dict[str, bool]:
    """The places whose stock is kept; True where it was only ever simulated."""
    return {row.place_id: row.simulated for row in connection.execute(select(stock_place))}


def keep(connection: Connection, places: Mapping[str, bool]) -> None:
    """Keep the stock of these places from now on."""
    rows = [{"place_id": place_id, "simulated": simulated} for place_id, simulated in places.items()]
    put(connection, stock_place, rows, update=replace(stock_place))
