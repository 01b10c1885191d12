"""What the stock ledger says a plan can count on: lots at each place, and orders that have not come yet."""

from __future__ import annotations

from datetime import date

from oneshelf.app.core import Core
from oneshelf.app.goods.plans.at_hand import Lot
from oneshelf.books import places
from oneshelf.books.stock import inbound, reading


def lots_known(core: Core, as_of: date) -> list[Lot]:
    """Lots at the end of a day, and what is due after it; what was due before and never came is not counted on."""
    with core.database.read() as connection:
        there = reading.lots_as_of(connection, as_of)
        due = [one for place in places.places(connection) for one in inbound.due(connection, place_id=place)]
    return [
        *(
            Lot(
                place_id=lot.place_id, product_id=lot.product_id, pieces=lot.pieces, expires_on=lot.expires_on
            )
            for lot in there
        ),
        *(
            Lot(
                place_id=one.place_id,
                product_id=one.product_id,
                pieces=one.ordered - one.received,
                arrives_on=one.due_on,
            )
            for one in due
            if one.due_on > as_of
        ),
    ]
