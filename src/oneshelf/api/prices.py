"""Prices: what holds, what was ever said, and setting new ones."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import ABody, AnActor, AShelf, OptionalText, read_body, takes
from oneshelf.api.products import ProductId
from oneshelf.app.goods.prices import PricesSet
from oneshelf.insight.goods.prices import Span
from oneshelf.words.ids import Id
from oneshelf.words.places import Channel
from oneshelf.words.prices import Price, PriceRecord

router = APIRouter(prefix="/v1/prices", tags=["goods"])

PlaceId = Annotated[OptionalText, Query(description="At which place; without one, what holds everywhere.")]
InChannel = Annotated[Channel | None, Query(description="In which channel; without one, in all of them.")]
Member = Annotated[bool, Query(description="What a member pays.")]


class PriceHeld(msgspec.Struct, frozen=True, kw_only=True):
    """The price that holds on a day; empty where there is none."""

    on: date
    price: Price | None


class PriceHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What a shopper paid from day to day, and all that was ever said about the product's prices, the newest start first."""

    spans: tuple[Span, ...]
    records: tuple[PriceRecord, ...]


class SetPrices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New prices; of one that says nothing new no row is made."""

    prices: Annotated[tuple[Price, ...], msgspec.Meta(max_length=10_000)]
    dry_run: bool = False


class SetZone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Places to put into a price zone, out of any other; an empty zone puts them into none."""

    zone: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
    place_ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=10_000)]
    dry_run: bool = False


@router.get("/zones", **answers(dict[str, str]))
def zones(shelf: AShelf, actor: AnActor) -> Answer:
    """The price zone of every place that lies in one."""
    return Answer(shelf.goods.prices.zones(actor=actor))


@router.post("/zones", **answers(dict[str, str]), openapi_extra=takes(SetZone))
def set_zone(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Put places into a price zone; answers the zones of all places."""
    wanted = read_body(body, SetZone)
    shelf.goods.prices.set_zone(wanted.zone, wanted.place_ids, dry_run=wanted.dry_run, actor=actor)
    return Answer(shelf.goods.prices.zones(actor=actor))


@router.post("", **answers(PricesSet), openapi_extra=takes(SetPrices))
def set_prices(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Set prices: each is one record more, and none is changed. Every problem is told at once, and then none is set."""
    wanted = read_body(body, SetPrices)
    return Answer(shelf.goods.prices.set(wanted.prices, dry_run=wanted.dry_run, actor=actor))


@router.post("/withdrawals", **answers(Price, 404, 409), openapi_extra=takes(Price))
def withdraw(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Call a price off: what held before it holds again. The history keeps both."""
    price = read_body(body, Price)
    shelf.goods.prices.withdraw(price, actor=actor)
    return Answer(price)


@router.get("/{product_id:path}/history", **answers(PriceHistory, 404))
def history(
    shelf: AShelf,
    actor: AnActor,
    product_id: ProductId,
    *,
    first: Annotated[date, Query(alias="from", description="The first day.")],
    last: Annotated[date, Query(alias="to", description="The last day.")],
    place: PlaceId = None,
    channel: InChannel = None,
    member: Member = False,
) -> Answer:
    """What a product cost from day to day, and everything that was ever said about its prices, by whom and when."""
    spans = shelf.goods.prices.timeline(
        product_id, first, last, place_id=place, channel=channel, member=member, actor=actor
    )
    return Answer(PriceHistory(spans=spans, records=shelf.goods.prices.history(product_id, actor=actor)))


@router.get("/{product_id:path}", **answers(PriceHeld))
def price(
    shelf: AShelf,
    actor: AnActor,
    product_id: ProductId,
    *,
    on: Annotated[date | None, Query(description="On which day; default: today.")] = None,
    place: PlaceId = None,
    channel: InChannel = None,
    member: Member = False,
) -> Answer:
    """What a shopper pays for a product."""
    day = on or shelf.goods.prices.today()
    held = shelf.goods.prices.at(
        product_id, on=day, place_id=place, channel=channel, member=member, actor=actor
    )
    return Answer(PriceHeld(on=day, price=held))
