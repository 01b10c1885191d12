"""Approving a plan: its orders are kept, leave through the outbox, and are told to the stock ledger, in one transaction."""

from __future__ import annotations

from datetime import datetime

import msgspec

from oneshelf.app.goods.plans import kept
from oneshelf.app.goods.plans.raising import Approval, Document, documents, ordered_events
from oneshelf.books import goods, outbox, supply
from oneshelf.books import plans as books
from oneshelf.books.database import Connection
from oneshelf.books.journal import Batch, Journal
from oneshelf.books.plans import OrderRow
from oneshelf.errors import Conflict
from oneshelf.events import codecs
from oneshelf.events.envelope import OWN_SOURCE


def raised(connection: Connection, plan_id: str, *, by: str, at: datetime) -> tuple[Document, ...]:
    """What the approval of a plan would raise. Raises NotFound, and Conflict for a scenario or an approved plan."""
    row = kept.read(connection, plan_id)
    if row.scenario is not None:
        raise Conflict("A scenario is a trial and cannot be approved.", "Approve the plan itself.")
    if row.approved_at is not None:
        raise Conflict(f"This plan was approved already, by {row.approved_by}.", "See its orders.")
    lines = kept.lines(connection, plan_id)
    products = goods.products(connection, {line.product_id for line in lines})
    summary = kept.head(row).summary
    products |= goods.products(connection, {move.product_id for move in summary.moves})
    approval = Approval(
        plan_id=plan_id,
        for_day=row.for_day,
        currency=summary.currency,
        move_minor=summary.policy.move_minor,
        by=by,
        at=at,
        suppliers={one.id: one.name for one in supply.suppliers(connection).values()},
        products={product_id: product.name for product_id, product in products.items()},
    )
    return documents(approval, lines, summary.moves, kept.outlook(row))


def approve(
    connection: Connection, *, journal: Journal, plan_id: str, channel: str, by: str, at: datetime
) -> tuple[Document, ...]:
    """Approve within a work of the writer. Raises as `raised`, and Conflict when another plan for the day was approved."""
    found = raised(connection, plan_id, by=by, at=at)
    if not books.approve(connection, plan_id, by=by, at=at):
        raise Conflict("Another plan for this day was approved.", "See the list of plans.")
    rows = [
        OrderRow(
            id=one.id,
            plan_id=plan_id,
            kind=one.kind,
            supplier_id=one.supplier_id,
            pieces=one.pieces,
            raised_at=at,
            document=msgspec.json.encode(one),
        )
        for one in found
    ]
    books.add_orders(connection, rows)
    parcels = [outbox.Parcel(id=row.id, channel=channel, payload=row.document, created_at=at) for row in rows]
    outbox.put(connection, parcels)
    if events := ordered_events(found, at):
        batch = Batch(codecs.ONESHELF, OWN_SOURCE, len(events), codecs.encode(events), at)
        journal.append_in(connection, batch)
    return found
