"""Stock: what lies where and can be promised, serving buyers, and the documents that move goods."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import PRINTABLE, ABody, After, AnActor, AShelf, Limit, read_body, takes
from oneshelf.app.goods.stock.answers import Available, Consigned, MoveLine, Recorded
from oneshelf.app.goods.stock.recording import Document
from oneshelf.app.goods.stock.serving import HOLD_MINUTES
from oneshelf.app.pages import Page
from oneshelf.books.stock.inbound import Due
from oneshelf.books.stock.reading import Level, LotLevel, PlaceStock
from oneshelf.books.stock.reservations import Reservation
from oneshelf.books.stock.serving import Served
from oneshelf.events.catalogue import Line, OrderCompleted
from oneshelf.words.ids import Id
from oneshelf.words.people import Who
from oneshelf.words.places import Channel

router = APIRouter(prefix="/v1/stock", tags=["stock"])

_ID = {"min_length": 1, "max_length": 200, "pattern": PRINTABLE}
PlaceId = Annotated[str, Query(description="A place's id.", **_ID)]
ProductId = Annotated[str, Query(description="A product's id.", **_ID)]
SomePlace = Annotated[str | None, Query(description="Only at this place.", **_ID)]
SomeProduct = Annotated[str | None, Query(description="Only this product.", **_ID)]
On = Annotated[date | None, Query(description="The place's business day; default: today.")]
AsOf = Annotated[date | None, Query(description="At the end of this business day; default: now.")]


class ReserveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pieces by product to hold for an order at a place."""

    order_id: Id
    place_id: Id
    lines: dict[Id, int]
    minutes: int = HOLD_MINUTES


class ReleaseBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order that needs what is held for it no more."""

    order_id: Id
    place_id: Id


class SaleBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order that is paid."""

    order_id: Id
    place_id: Id
    currency: str
    lines: tuple[Line, ...]
    user_id: Id | None = None
    channel: Channel = "web"


class DocumentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document of a place: its `kind` is goods.ordered, goods.received, goods.wasted, stock.transferred or stock.counted."""

    place_id: Id
    document: Document
    id: Id | None = None
    happened_at: datetime | None = None


@router.get("", **answers(Page[Level]))
def on_hand(
    shelf: AShelf,
    actor: AnActor,
    *,
    place_id: SomePlace = None,
    product_id: SomeProduct = None,
    after: After = None,
    limit: Limit = 100,
) -> Answer:
    """What lies where of each product, and how much of it is promised."""
    return Answer(
        shelf.goods.stock.on_hand(
            None if place_id is None else [place_id],
            None if product_id is None else [product_id],
            after=after,
            limit=limit,
            actor=actor,
        )
    )


@router.get("/places", **answers(tuple[PlaceStock, ...]))
def places(shelf: AShelf, actor: AnActor) -> Answer:
    """Every place whose stock is kept, in one line."""
    return Answer(shelf.goods.stock.places(actor=actor))


@router.get("/lots", **answers(tuple[LotLevel, ...]))
def lots(
    shelf: AShelf, actor: AnActor, place_id: PlaceId, product_id: SomeProduct = None, as_of: AsOf = None
) -> Answer:
    """What is left of each lot at a place, what expires first in front."""
    products = None if product_id is None else [product_id]
    return Answer(shelf.goods.stock.lots([place_id], products, as_of=as_of, actor=actor))


@router.get("/available", **answers(Available))
def available(
    shelf: AShelf, actor: AnActor, place_id: PlaceId, product_id: ProductId, on: On = None
) -> Answer:
    """What of a product can be promised at a place for a day, with what is due by then."""
    return Answer(shelf.goods.stock.available(product_id, place_id, on, actor=actor))


@router.get("/moves", **answers(Page[MoveLine]))
def moves(
    shelf: AShelf,
    actor: AnActor,
    *,
    place_id: PlaceId,
    product_id: ProductId,
    after: After = None,
    limit: Limit = 100,
) -> Answer:
    """The moves of a product at a place, the newest first."""
    return Answer(shelf.goods.stock.moves(place_id, product_id, after=after, limit=limit, actor=actor))


@router.get("/due", **answers(tuple[Due, ...]))
def due(shelf: AShelf, actor: AnActor, place_id: PlaceId) -> Answer:
    """What was ordered for a place and has not come."""
    return Answer(shelf.goods.stock.due(place_id, actor=actor))


@router.get("/reservations", **answers(tuple[Reservation, ...]))
def reservations(shelf: AShelf, actor: AnActor, place_id: SomePlace = None) -> Answer:
    """What is held for orders, the next to expire first."""
    return Answer(shelf.goods.stock.reservations(place_id, actor=actor))


@router.get("/consigned", **answers(tuple[Consigned, ...]))
def consigned(shelf: AShelf, actor: AnActor, since: date, until: date) -> Answer:
    """What became of other owners' goods, from one business day to another."""
    return Answer(shelf.goods.stock.consigned(since, until, actor=actor))


@router.post("/reservations", **answers(Reservation, 409), openapi_extra=takes(ReserveBody))
async def reserve(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Hold goods for an order for some minutes. The same order with the same lines again changes nothing."""
    wanted = read_body(body, ReserveBody)
    made = await shelf.goods.stock.reserve_async(
        wanted.order_id, wanted.place_id, wanted.lines, minutes=wanted.minutes, actor=actor
    )
    return Answer(made)


@router.post("/releases", **answers(Reservation, 404), openapi_extra=takes(ReleaseBody))
def release(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Give up what is held for an order."""
    wanted = read_body(body, ReleaseBody)
    return Answer(shelf.goods.stock.release(wanted.order_id, wanted.place_id, actor=actor))


@router.post("/sales", **answers(Served, 409), openapi_extra=takes(SaleBody))
async def sell(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Sell to an order, or refuse it with every product that is short. Its event is recorded with it: track it nowhere else."""
    wanted = read_body(body, SaleBody)
    order = OrderCompleted(order_id=wanted.order_id, currency=wanted.currency, lines=wanted.lines)
    who = Who(user_id=wanted.user_id)
    sold = await shelf.goods.stock.sell_async(
        order, wanted.place_id, who=who, channel=wanted.channel, actor=actor
    )
    return Answer(sold)


@router.post("/documents", **answers(Recorded), openapi_extra=takes(DocumentBody))
def record(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Record what moved goods, however late. The same id again is the same document."""
    wanted = read_body(body, DocumentBody)
    return Answer(
        shelf.goods.stock.record(
            wanted.document, wanted.place_id, id=wanted.id, happened_at=wanted.happened_at, actor=actor
        )
    )
