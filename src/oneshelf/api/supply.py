"""Supply: who sends the goods, and on what terms."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import ABody, AnActor, AShelf, read_body, takes
from oneshelf.app.goods.supply import SupplySet
from oneshelf.words.supply import Supplier, SupplyTerm

router = APIRouter(prefix="/v1", tags=["goods"])

ProductIds = Annotated[
    list[str],
    Query(alias="product", description="Of which products; repeat it.", min_length=1, max_length=200),
]


class SetSuppliers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Suppliers to insert or replace by their ids."""

    suppliers: Annotated[tuple[Supplier, ...], msgspec.Meta(max_length=10_000)]
    dry_run: bool = False


class SetTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Terms to insert or replace by product, supplier and place."""

    terms: Annotated[tuple[SupplyTerm, ...], msgspec.Meta(max_length=10_000)]
    dry_run: bool = False


@router.get("/suppliers", **answers(tuple[Supplier, ...]))
def suppliers(shelf: AShelf, actor: AnActor) -> Answer:
    """Every supplier."""
    return Answer(shelf.goods.supply.suppliers(actor=actor))


@router.post("/suppliers", **answers(SupplySet), openapi_extra=takes(SetSuppliers))
def set_suppliers(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Insert or replace suppliers."""
    wanted = read_body(body, SetSuppliers)
    return Answer(shelf.goods.supply.set_suppliers(wanted.suppliers, dry_run=wanted.dry_run, actor=actor))


@router.get("/supply-terms", **answers(tuple[SupplyTerm, ...]))
def terms(shelf: AShelf, actor: AnActor, product: ProductIds) -> Answer:
    """On what terms some products are bought: for every place first, then for single ones."""
    return Answer(shelf.goods.supply.terms(product, actor=actor))


@router.post("/supply-terms", **answers(SupplySet), openapi_extra=takes(SetTerms))
def set_terms(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Insert or replace terms. Every problem is told at once, and then none is set."""
    wanted = read_body(body, SetTerms)
    return Answer(shelf.goods.supply.set_terms(wanted.terms, dry_run=wanted.dry_run, actor=actor))
