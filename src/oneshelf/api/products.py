"""Products: finding them, all that is known of one, and upserts by reference."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import (
    PRINTABLE,
    ABody,
    After,
    AnActor,
    AShelf,
    Limit,
    OptionalText,
    Text,
    read_body,
    takes,
)
from oneshelf.app.goods.importing import CatalogueReport
from oneshelf.app.goods.products import ProductDetails
from oneshelf.app.pages import Page
from oneshelf.words.goods import Product
from oneshelf.words.ids import Id

router = APIRouter(prefix="/v1/products", tags=["goods"])

ProductId = Annotated[
    str, Path(description="A product's id.", min_length=1, max_length=200, pattern=PRINTABLE)
]
Sought = Annotated[
    Text, Query(description="Begins the id, is the GTIN, or stands in the name, type or brand.")
]
Group = Annotated[OptionalText, Query(description="A department, category or type.")]
SupplierId = Annotated[OptionalText, Query(description="From whom it is ordered.")]
Active = Annotated[bool | None, Query(description="Only those that are sold, or only delisted ones.")]

_Amount = float | str | None


class CatalogueRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of one product, its price and its terms; what is left out stays as it is. Amounts are in major units: 2.49.

    A product is found by its `reference` in the source, else by its `id`; a new one needs a name. The price and the terms hold at
    `place`, or everywhere.
    """

    reference: str | None = None
    id: str | None = None
    name: str | None = None
    department: str | None = None
    category: str | None = None
    type: str | None = None
    brand: str | None = None
    size: str | None = None
    gtin: str | None = None
    unit: str | None = None
    case_pack: int | None = None
    shelf_life_days: int | None = None
    temperature: str | None = None
    supplier: str | None = None
    category_path: tuple[str, ...] | None = None
    active: bool | None = None
    place: str | None = None
    zone: str | None = None
    channel: str | None = None
    price: _Amount = None
    currency: str | None = None
    kind: str | None = None
    starts_on: str | None = None
    ends_on: str | None = None
    cost: _Amount = None
    lead_time_days: int | None = None
    minimum_order_pieces: int | None = None
    order_by: str | None = None
    capacity_pieces: int | None = None


class PutProducts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of a catalogue, judged whole; `source` names the system whose references they hold."""

    rows: Annotated[tuple[CatalogueRow, ...], msgspec.Meta(max_length=10_000)]
    source: Id = "plain"
    dry_run: bool = False


@router.get("", **answers(Page[Product]))
def listing(
    shelf: AShelf,
    actor: AnActor,
    *,
    text: Sought = "",
    group: Group = None,
    supplier: SupplierId = None,
    active: Active = None,
    limit: Limit = 50,
    after: After = None,
) -> Answer:
    """Products in order of name."""
    return Answer(
        shelf.goods.catalogue.listing(
            text, group=group, supplier_id=supplier, active=active, limit=limit, after=after, actor=actor
        )
    )


@router.post("", **answers(CatalogueReport), openapi_extra=takes(PutProducts))
def put(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Insert or change products, their prices and terms: every problem is told at once, and then nothing is taken."""
    wanted = read_body(body, PutProducts)
    rows = [msgspec.structs.asdict(row) for row in wanted.rows]
    return Answer(shelf.goods.imports.rows(rows, source=wanted.source, dry_run=wanted.dry_run, actor=actor))


@router.get("/{product_id:path}", **answers(ProductDetails, 404))
def product(shelf: AShelf, actor: AnActor, product_id: ProductId) -> Answer:
    """One product, its names in other systems, and (for planners) on what terms it is bought."""
    return Answer(shelf.goods.catalogue.product(product_id, actor=actor))
