"""What an approved plan asks others for: purchase orders, production and transfer requests, and next week's outlook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, Literal

import msgspec

from oneshelf.decisions.plan.inputs import Action
from oneshelf.decisions.plan.outlook import Outlook
from oneshelf.decisions.plan.result import Move, PlanLine
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.events.stock import GoodsOrdered, StockLine
from oneshelf.words.ids import derived_id

DocumentKind = Literal["purchase_order", "production_request", "transfer_request", "outlook"]

_KINDS: Final[dict[Action, DocumentKind]] = {
    "order": "purchase_order",
    "make": "production_request",
    "transfer": "transfer_request",
}


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one product for one place, on sale there from a morning on."""

    place_id: str | None
    product_id: str
    name: str
    pieces: int
    packs: int
    arrives_on: date
    #: what all of them cost, in minor units; None: not known
    cost_minor: int | None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What one supplier (or one place of ours) is asked for, or told to expect."""

    id: str
    kind: DocumentKind
    plan_id: str
    for_day: date
    #: None: whoever sends the goods is not known here
    supplier_id: str | None
    supplier_name: str | None
    raised_at: datetime
    raised_by: str
    currency: str | None
    pieces: int
    cost_minor: int | None
    lines: tuple[OrderLine, ...] = ()
    outlook: tuple[Outlook, ...] = ()


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """On whose word a plan is sent, and under which name."""

    plan_id: str
    for_day: date
    currency: str | None
    #: what moving one piece between places costs
    move_minor: int | None = None
    by: str
    at: datetime
    #: by supplier, and by product
    suppliers: Mapping[str, str]
    products: Mapping[str, str]


def documents(
    approval: Approval, lines: Iterable[PlanLine], moves: Iterable[Move], outlooks: Sequence[Outlook]
) -> tuple[Document, ...]:
    """One document for each action and supplier that the plan has something to order from, then an outlook for each known supplier.

    Goods that change places are asked of the place that has them, beside what it sends as a supplier.
    """
    groups: defaultdict[tuple[Action, str], list[OrderLine]] = defaultdict(list)
    for line in lines:
        if line.quantity:
            groups[line.action, line.supplier_id or ""].append(_ordered(approval, line))
    for move in moves:
        groups["transfer", move.from_place].append(_moved(approval, move))
    ahead: defaultdict[str, list[Outlook]] = defaultdict(list)
    for one in outlooks:
        if one.supplier_id is not None:
            ahead[one.supplier_id].append(one)
    orders = [
        _order(approval, action, supplier, wanted) for (action, supplier), wanted in sorted(groups.items())
    ]
    return (*orders, *(_told(approval, supplier, found) for supplier, found in sorted(ahead.items())))


def _ordered(approval: Approval, line: PlanLine) -> OrderLine:
    return OrderLine(
        place_id=line.place_id,
        product_id=line.product_id,
        name=approval.products.get(line.product_id, line.product_id),
        pieces=line.quantity,
        packs=line.quantity // line.pack,
        arrives_on=line.arrives_on,
        cost_minor=None if line.cost_minor is None else round(line.cost_minor * line.quantity),
    )


def _moved(approval: Approval, move: Move) -> OrderLine:
    return OrderLine(
        place_id=move.to_place,
        product_id=move.product_id,
        name=approval.products.get(move.product_id, move.product_id),
        pieces=move.pieces,
        packs=move.pieces,
        arrives_on=approval.for_day,
        cost_minor=0 if approval.move_minor is None else approval.move_minor * move.pieces,
    )


def _order(approval: Approval, action: Action, supplier: str, lines: list[OrderLine]) -> Document:
    wanted = tuple(sorted(lines, key=lambda line: (line.place_id or "", line.product_id, line.arrives_on)))
    costs = [line.cost_minor for line in wanted]
    return _document(
        approval, _KINDS[action], supplier, lines=wanted, pieces=sum(line.pieces for line in wanted),
        cost_minor=None if None in costs else sum(cost for cost in costs if cost is not None),
    )  # fmt: skip


def _told(approval: Approval, supplier: str, found: list[Outlook]) -> Document:
    return _document(
        approval, "outlook", supplier, outlook=tuple(found), pieces=round(sum(one.mean for one in found))
    )


def _document(
    approval: Approval,
    kind: DocumentKind,
    supplier: str,
    *,
    pieces: int,
    lines: tuple[OrderLine, ...] = (),
    outlook: tuple[Outlook, ...] = (),
    cost_minor: int | None = None,
) -> Document:
    return Document(
        # one plan raises one of a kind for a supplier, so a receiver knows a repeat by its id
        id=f"{approval.plan_id}/{kind}/{supplier or 'unnamed'}",
        kind=kind,
        plan_id=approval.plan_id,
        for_day=approval.for_day,
        supplier_id=supplier or None,
        supplier_name=approval.suppliers.get(supplier),
        raised_at=approval.at,
        raised_by=approval.by,
        currency=approval.currency,
        pieces=pieces,
        cost_minor=cost_minor,
        lines=lines,
        outlook=outlook,
    )


def only_at(document: Document, places: Collection[str]) -> Document | None:
    """The part of a document that is of these places; None when nothing is, as of an outlook, which is of all."""
    lines = tuple(line for line in document.lines if line.place_id in places)
    costs = [line.cost_minor for line in lines]
    return msgspec.structs.replace(
        document, lines=lines, outlook=(), pieces=sum(line.pieces for line in lines),
        cost_minor=None if document.cost_minor is None else sum(cost or 0 for cost in costs),
    ) if lines else None  # fmt: skip


def ordered_events(raised: Iterable[Document], at: datetime) -> list[Event]:
    """That goods were ordered for places, so that the stock ledger knows what is due: one event a document, place and day."""
    groups: defaultdict[tuple[str, str, date, str | None], list[StockLine]] = defaultdict(list)
    for document in raised:
        for line in document.lines:
            if line.place_id is not None:
                key = (document.id, line.place_id, line.arrives_on, document.supplier_id)
                groups[key].append(StockLine(product_id=line.product_id, quantity=line.pieces))
    return [
        Event(
            id=derived_id("ordered", document_id, place_id, due_on.isoformat()),
            source=OWN_SOURCE,
            happened_at=at,
            place_id=place_id,
            body=GoodsOrdered(
                order_id=document_id, due_on=due_on, lines=tuple(lines), supplier_id=supplier_id
            ),
        )
        for (document_id, place_id, due_on, supplier_id), lines in groups.items()
    ]
