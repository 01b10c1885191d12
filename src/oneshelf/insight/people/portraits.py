"""The portraits of everybody at once, from the lake: the batch twin of `drawing.portrait_of`, with the same formulas.

What a list of people can be sorted, counted and modelled by is here. Searches and favourites that wait for a purchase, and
the long tails of places and categories, are asked of the live state, one person at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import get_args

import ibis
import ibis.expr.types as ir

from oneshelf.events.catalogue import KINDS
from oneshelf.insight.people.state import DAY_SECONDS, SEEN_KINDS
from oneshelf.insight.receipts import receipts, resolved, sold_lines
from oneshelf.words.places import Channel
from oneshelf.words.time import check_aware

ORDERS, REFUNDS = "order.completed", "order.refunded"

#: The kinds whose tables `portraits` reads.
KINDS_READ: tuple[str, ...] = (
    *(kind for kind, body in KINDS.items() if body in SEEN_KINDS),
    REFUNDS,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

CHANNELS: tuple[str, ...] = get_args(Channel)


def portraits(
    events: Mapping[str, ir.Table], *, links: ir.Table, products: ir.Table, now: datetime
) -> ir.Table:
    """One row a person, as of `now`.

    `events` holds the lake's table of every kind of `KINDS_READ`, by its name; `links` is (identifier, person_id); `products`
    is the catalogue (id, category). Columns: person_id, first_seen_at, last_seen_at, last_place_id, last_channel,
    recency_days, frequency, currency, monetary_minor, refunds, refunded_minor, average_order_minor, favourite_category,
    favourite_category_share, orders_CHANNEL and visits_CHANNEL for every channel, simulated.
    """
    known = {kind: _known(events[kind], links) for kind in KINDS_READ}
    orders, refunds = known[ORDERS], known[REFUNDS]
    seen = _seen(known)
    everybody = seen.select("person_id", "simulated").union(refunds.select("person_id", "simulated"))
    parts = (
        _presence(seen),
        _latest(seen),
        _habits(orders, refunds, now),
        _money(orders, refunds),
        _favourites(orders, refunds, products),
    )
    table = everybody.group_by("person_id").aggregate(simulated=everybody.simulated.any())
    for part in parts:
        table = table.left_join(part, "person_id").drop("person_id_right")
    counts = ("frequency", "refunds", "monetary_minor", "refunded_minor", *_channel_columns())
    table = table.mutate(**{name: table[name].fill_null(0) for name in counts})
    return table.select(
        "person_id",
        "first_seen_at",
        "last_seen_at",
        "last_place_id",
        "last_channel",
        "recency_days",
        "frequency",
        "currency",
        "monetary_minor",
        "refunds",
        "refunded_minor",
        "average_order_minor",
        "favourite_category",
        "favourite_category_share",
        *_channel_columns(),
        "simulated",
    )


def _known(events: ir.Table, links: ir.Table) -> ir.Table:
    """The events of people whom an identifier names."""
    return resolved(events.filter(events.person_id.notnull()), links)


def _seen(known: Mapping[str, ir.Table]) -> ir.Table:
    """Every event by which a person showed that they were there."""
    parts = [
        table.select(
            "person_id",
            "happened_at",
            "place_id",
            "channel",
            "simulated",
            is_order=ibis.literal(kind == ORDERS),
        )
        for kind, table in known.items()
        if kind != REFUNDS
    ]
    return ibis.union(*parts, distinct=False)


def _channel_columns() -> list[str]:
    return [f"{what}_{channel}" for channel in CHANNELS for what in ("orders", "visits")]


def _whole_seconds(at: ir.Value) -> ir.Value:
    """Seconds since 1970, rounded down.

    Counted as a difference of two moments, because epoch_seconds() goes through the session's own time zone on some engines.
    """
    return at.delta(ibis.literal(_EPOCH), unit="second").cast("int64")


def _presence(seen: ir.Table) -> ir.Table:
    day = _whole_seconds(seen.happened_at) // DAY_SECONDS
    figures: dict[str, ir.Value] = {
        "first_seen_at": seen.happened_at.min(),
        "last_seen_at": seen.happened_at.max(),
    }
    for channel in CHANNELS:
        here = seen.channel == channel
        figures[f"orders_{channel}"] = (here & seen.is_order).cast("int64").sum().cast("int64")
        figures[f"visits_{channel}"] = day.nunique(where=here)
    return seen.group_by("person_id").aggregate(**figures)


def _latest(seen: ir.Table) -> ir.Table:
    """Place and channel of the latest event; ties fall as they do in the live state."""
    newest_first = ibis.window(
        group_by="person_id",
        order_by=[
            seen.happened_at.desc(),
            seen.place_id.desc(),
            seen.channel.desc(),
        ],
    )
    ranked = seen.mutate(turn=ibis.row_number().over(newest_first))
    return ranked.filter(ranked.turn == 0).select(
        "person_id", last_place_id=ranked.place_id, last_channel=ranked.channel
    )


def _habits(orders: ir.Table, refunds: ir.Table, now: datetime) -> ir.Table:
    """Recency, frequency and refunds, in whatever currency."""
    columns = ("person_id", "happened_at")
    both = orders.select(*columns, is_order=ibis.literal(True)).union(
        refunds.select(*columns, is_order=ibis.literal(False)), distinct=False
    )
    figures = both.group_by("person_id").aggregate(
        last_order_at=both.happened_at.max(where=both.is_order),
        frequency=both.is_order.cast("int64").sum().cast("int64"),
        refunds=(~both.is_order).cast("int64").sum().cast("int64"),
    )
    now_seconds = int(check_aware(now, "now").timestamp() // 1)
    days = (now_seconds - _whole_seconds(figures.last_order_at)) // DAY_SECONDS
    # a comparison and not greatest(), which skips nulls on some engines and not on others
    recency_days = ibis.ifelse(days < 0, 0, days)
    return figures.select("person_id", "frequency", "refunds", recency_days=recency_days)


def _money(orders: ir.Table, refunds: ir.Table) -> ir.Table:
    """Spend in the currency in which the person spent most."""
    all_receipts = receipts(orders, refunds)
    bought = all_receipts.is_order
    spent = all_receipts.group_by("person_id", "currency").aggregate(
        orders=bought.cast("int64").sum().cast("int64"),
        spent_minor=bought.ifelse(all_receipts.amount_minor, 0).sum().cast("int64"),
        refunded_minor=bought.ifelse(0, -all_receipts.amount_minor).sum().cast("int64"),
    )
    most_first = ibis.window(group_by="person_id", order_by=[spent.spent_minor.desc(), spent.currency])
    ranked = spent.mutate(turn=ibis.row_number().over(most_first))
    main = ranked.filter(ranked.turn == 0)
    monetary_minor = main.spent_minor - main.refunded_minor
    return main.select(
        "person_id",
        "currency",
        "refunded_minor",
        monetary_minor=monetary_minor,
        average_order_minor=(monetary_minor / main.orders.nullif(0)).round().cast("int64"),
    )


def _favourites(orders: ir.Table, refunds: ir.Table, products: ir.Table) -> ir.Table:
    """The category that was in most baskets, and its share of all products in baskets, known or not."""
    lines = sold_lines(orders, refunds)
    in_basket = lines.filter(lines.is_order).select("person_id", "offset", "index", "product_id").distinct()
    catalogue = products.select(catalogued_id=products.id, category=products.category)
    joined = in_basket.left_join(catalogue, in_basket.product_id == catalogue.catalogued_id)
    baskets = joined.group_by("person_id", "category").aggregate(baskets=joined.count())
    ranked = baskets.mutate(
        total=baskets.baskets.sum().over(ibis.window(group_by="person_id")),
        turn=ibis.row_number().over(
            ibis.window(
                group_by="person_id",
                # products without a category count in the whole but are no favourite
                order_by=[baskets.category.isnull(), baskets.baskets.desc(), baskets.category],
            )
        ),
    )
    top = ranked.filter((ranked.turn == 0) & ranked.category.notnull())
    return top.select(
        "person_id",
        favourite_category=top.category,
        favourite_category_share=top.baskets / top.total,
    )
