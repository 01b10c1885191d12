"""Stock: the places that keep it, a place's stock by age, and the moves of a product."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from oneshelf.console.visit import Visit
from oneshelf.console.words import mark

if TYPE_CHECKING:
    from oneshelf.books.stock.reading import LotLevel
    from oneshelf.words.places import Place

#: Products on one page of a place, and moves on one page of a product.
SHOWN: Final = 50

#: Ages by the days that are left to sell, the day itself included: name and the most days; the last two have no such day.
AGES: Final = (
    (mark("Expired"), 0),
    (mark("1 day left"), 1),
    (mark("2 to 3 days"), 3),
    (mark("4 to 7 days"), 7),
    (mark("Longer"), None),
)

#: What a move is called.
KINDS: Final = {
    "received": mark("Received"),
    "sold": mark("Sold"),
    "returned": mark("Returned"),
    "wasted": mark("Wasted"),
    "counted": mark("Counted"),
    "transferred": mark("Transferred"),
    "reserved": mark("Promised"),
    "released": mark("Released"),
}


def stock(visit: Visit) -> Response:
    """Every place whose stock is kept."""
    found = visit.shelf.goods.stock.places(actor=visit.actor)
    return visit.render("stock.html", found=found, names=_names(visit))


def place(visit: Visit) -> Response:
    """A place's stock by age, what is held for orders, and what is due."""
    place_id = visit.request.path_params["place_id"]
    asked = visit.shelf.goods.stock
    page = asked.on_hand([place_id], after=visit.query("after") or None, limit=SHOWN, actor=visit.actor)
    shown = [level.product_id for level in page.items]
    lots = asked.lots([place_id], shown, actor=visit.actor) if shown else ()
    due = asked.due(place_id, actor=visit.actor)
    held = asked.reservations(place_id, actor=visit.actor)
    totals = next((one for one in asked.places(actor=visit.actor) if one.place_id == place_id), None)
    return visit.render(
        "stock_place.html",
        place_id=place_id,
        name=_name(visit, place_id),
        page=page,
        totals=totals,
        ages=[visit.reader.text(name) for name, _ in AGES],
        by_age=_by_age(lots, asked.today(place_id)),
        due=due[:SHOWN],
        held=held[:SHOWN],
        products=visit.shelf.core.products({*shown, *(one.product_id for one in due[:SHOWN])}),
    )


def moves(visit: Visit) -> Response:
    """What moved of a product at a place, the newest first, with the lots that are left."""
    place_id, product_id = visit.query("place"), visit.query("product")
    asked = visit.shelf.goods.stock
    page = asked.moves(
        place_id, product_id, after=visit.query("after") or None, limit=SHOWN, actor=visit.actor
    )
    product = visit.shelf.core.products({product_id}).get(product_id)
    return visit.render(
        "stock_moves.html",
        place_id=place_id,
        product_id=product_id,
        name=_name(visit, place_id),
        product=product.name if product else product_id,
        page=page,
        available=asked.available(product_id, place_id, actor=visit.actor),
        lots=asked.lots([place_id], [product_id], actor=visit.actor),
        kinds={kind: visit.reader.text(name) for kind, name in KINDS.items()},
    )


def _by_age(lots: Iterable[LotLevel], today: date) -> dict[str, list[int]]:
    """Pieces by product in each class of `AGES`."""
    found: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for lot in lots:
        found[lot.product_id][_age(lot.expires_on, today)] += lot.pieces
    return {product_id: [ages[at] for at in range(len(AGES))] for product_id, ages in found.items()}


def _age(expires_on: date | None, today: date) -> int:
    """The class of `AGES` of what may be sold until a day."""
    if expires_on is None:
        return len(AGES) - 1
    left = (expires_on - today).days + 1
    return next((at for at, (_, most) in enumerate(AGES) if most is None or left <= most), len(AGES) - 1)


def _names(visit: Visit) -> dict[str, str]:
    known: tuple[Place, ...] = visit.shelf.places.known(actor=visit.actor)
    return {one.id: one.name for one in known}


def _name(visit: Visit, place_id: str) -> str:
    return _names(visit).get(place_id, place_id)
