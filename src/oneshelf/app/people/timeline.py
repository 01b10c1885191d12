"""A person's timeline: what happened with them, read from the lake, said in few words."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from oneshelf.app.core import Core
from oneshelf.events.catalogue import KINDS
from oneshelf.lake.schema import table_name
from oneshelf.words.goods import Product
from oneshelf.words.time import EARLIEST

#: The first span of days to look into, and by how much each further one is longer.
FIRST_SPAN_DAYS = 120
SPAN_GROWS = 4

#: Kinds that happen to a person.
_OF_THINGS = ("goods.", "stock.", "reference.")
_OF_PEOPLE = tuple(kind for kind in KINDS if not kind.startswith(_OF_THINGS))


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a person's timeline. `what` names products, a query or a campaign; amounts of refunds are negative."""

    at: datetime
    kind: str
    what: str
    place_id: str
    channel: str
    amount_minor: int | None
    currency: str | None
    simulated: bool


def timeline(
    core: Core,
    person_ids: tuple[str, ...],
    *,
    newest: date,
    limit: int,
    kinds: Collection[str] | None = None,
) -> tuple[Happening, ...]:
    """The newest `limit` events of a person under any of their ids, none of them after the day `newest`; of some kinds, or of all.

    The past is read in spans that grow, so that the common question (what happened lately?) opens few files.
    """
    wanted = [kind for kind in _OF_PEOPLE if kinds is None or kind in kinds]
    rows: list[tuple[str, dict[str, Any]]] = []
    last, days = newest, FIRST_SPAN_DAYS
    while len(rows) < limit and last > EARLIEST.date():
        first = max(EARLIEST.date(), last - timedelta(days=days - 1))
        rows += _events_of(core, person_ids, (first, last), limit - len(rows), wanted)
        last, days = first - timedelta(days=1), days * SPAN_GROWS
    products = core.products({product_id for _, row in rows for product_id in _product_ids(row)})
    return tuple(_happening(kind, row, products) for kind, row in rows)


def _events_of(
    core: Core, person_ids: tuple[str, ...], span: tuple[date, date], limit: int, kinds: Collection[str]
) -> list[tuple[str, dict[str, Any]]]:
    """The newest events of a person within a span of days, newest first."""
    present = {table.name for table in core.lake.tables()}
    rows: list[tuple[str, dict[str, Any]]] = []
    with core.analysis:
        for kind in kinds:
            if table_name(kind) in present:
                events = core.engine.events(kind, days=span)
                own = events.filter(events.person_id.isin(person_ids))
                newest = own.order_by(own.happened_at.desc(), own.event_id).limit(limit)
                rows += [(kind, row) for row in core.engine.run(newest).to_pylist()]
    return heapq.nlargest(limit, rows, key=lambda row: row[1]["happened_at"])


def _product_ids(row: Mapping[str, Any]) -> list[str]:
    if row.get("product_id"):
        return [row["product_id"]]
    return [line["product_id"] for line in row.get("lines") or ()] + list(row.get("product_ids") or ())


def _happening(kind: str, row: Mapping[str, Any], products: Mapping[str, Product]) -> Happening:
    lines = row.get("lines") or ()
    amount = sum(line["amount_minor"] for line in lines) if row.get("currency") else None
    return Happening(
        at=row["happened_at"],
        kind=kind,
        what=_what(row, products),
        place_id=row["place_id"],
        channel=row["channel"],
        amount_minor=-amount if amount is not None and kind == "order.refunded" else amount,
        currency=row.get("currency"),
        simulated=row["simulated"],
    )


def _what(row: Mapping[str, Any], products: Mapping[str, Product]) -> str:
    names = [products[i].name if i in products else i for i in _product_ids(row)]
    if names:
        more = f" +{len(names) - 3}" if len(names) > 3 else ""
        return ", ".join(names[:3]) + more
    for field in ("query", "campaign_id", "coupon_id", "name", "group_id"):
        if row.get(field):
            return str(row[field])
    return ""
