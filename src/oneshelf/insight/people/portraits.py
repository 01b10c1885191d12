"""The portraits of everybody at once, from the lake: the batch twin of `drawing.portrait_of`, with the same formulas.

Every field of `fields.FIELDS` that needs no model is a column here. Lines are unnested where they are needed and reduced at once: to one
row an order, to one row a person and category, to one row a product, day and price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir

from oneshelf.events.catalogue import KINDS
from oneshelf.insight.clock import Span
from oneshelf.insight.people.fields import CHANNELS, FIELDS, ORDER, REFUND
from oneshelf.insight.people.portraits_interest import interest, traits
from oneshelf.insight.people.portraits_orders import clocked, figures, receipts_by_day
from oneshelf.insight.people.portraits_seen import presence, seen_events
from oneshelf.insight.people.portraits_taste import price_index, taste
from oneshelf.insight.people.state import SEEN_KINDS
from oneshelf.insight.receipts import resolved
from oneshelf.words.time import check_aware

IDENTIFIED = "person.identified"

#: The kinds whose tables `portraits` reads.
KINDS_READ: tuple[str, ...] = (
    *(kind for kind, body in KINDS.items() if body in SEEN_KINDS),
    REFUND,
    IDENTIFIED,
)

#: Columns that the steps after this pipeline add: what models expect, and the tiers.
ADDED_LATER = (
    "expected_orders_90_days",
    "expected_spend_90_days_minor",
    "p_active",
    "tier",
    "tier_reason",
    "tier_since",
)

#: The columns of `portraits`, in order.
COLUMNS: tuple[str, ...] = tuple(name for name in FIELDS if name not in ADDED_LATER)

_UTC = {"UTC": (Span(None, 0),)}

#: Sums and counts that are nothing, not unknown, for whoever never did it.
_COUNTS = (
    "frequency",
    "order_days",
    "refunds",
    "monetary_minor",
    "refunded_minor",
    "coupon_orders",
    "coupon_minor",
    "coupons_redeemed",
    "favourited_not_bought_count",
    "searched_count",
    "viewed_count",
    "spend_last_91_days_minor",
    "orders_last_91_days",
    "orders_last_28_days",
    "spend_last_364_days_minor",
    *(f"{what}_{channel}" for channel in CHANNELS for what in ("orders", "visits")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """What time it was where: `places` is (place_id, time_zone), `zones` the spans of every zone among them and of `own`.

    `own` is that of places that are not known.
    """

    places: ir.Table | None = None
    zones: Mapping[str, Sequence[Span]]
    own: str


UTC_EVERYWHERE = Clocks(zones=_UTC, own="UTC")


def portraits(
    events: Mapping[str, ir.Table],
    *,
    links: ir.Table,
    products: ir.Table,
    now: datetime,
    clocks: Clocks = UTC_EVERYWHERE,
) -> ir.Table:
    """One row a person, as of `now`; the columns are `COLUMNS`, each as `fields.FIELDS` says.

    `events` holds the lake's table of every kind of `KINDS_READ`, by its name; `links` is (identifier, person_id); `products`
    is the catalogue (id, category, brand).
    """
    check_aware(now, "now")
    known = {kind: _known(events[kind], links) for kind in KINDS_READ}
    orders, refunds = known[ORDER], known[REFUND]
    seen = seen_events(known)
    days = receipts_by_day(orders, refunds)
    money = figures(days, now)
    told = known[IDENTIFIED]
    parts = (
        presence(seen),
        money,
        clocked(orders, clocks.places, clocks.zones, clocks.own),
        taste(orders, products),
        price_index(events[ORDER], orders, money.select("person_id", "currency")),
        interest(known, now),
        traits(told),
    )
    table = _everybody(seen, refunds, told)
    for part in parts:
        table = table.left_join(part, "person_id").drop("person_id_right")
    table = table.mutate(**{name: table[name].fill_null(0) for name in _COUNTS})
    return table.select(*COLUMNS)


def _known(events: ir.Table, links: ir.Table) -> ir.Table:
    """The events of people whom an identifier names."""
    return resolved(events.filter(events.person_id.notnull()), links)


def _everybody(seen: ir.Table, refunds: ir.Table, told: ir.Table) -> ir.Table:
    """Who was seen or given money back, and whether simulated events entered."""
    columns = ("person_id", "simulated")
    parts = (
        seen.select(*columns, counts=True),
        refunds.select(*columns, counts=True),
        told.select(*columns, counts=False),
    )
    rows = ibis.union(*parts, distinct=False)
    people = rows.group_by("person_id").aggregate(simulated=rows.simulated.any(), counts=rows.counts.any())
    return people.filter(people.counts).drop("counts")
