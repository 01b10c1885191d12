"""Portraits of everybody: money, rhythm, windows and the time of day, from orders and refunds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import floor

import ibis
import ibis.expr.types as ir

from oneshelf.insight.clock import Span, local_seconds
from oneshelf.insight.people.fields import DAYPARTS
from oneshelf.insight.people.portraits_words import best, first_of, total, utc_day, whole_seconds
from oneshelf.insight.people.state import DAY_SECONDS

_SUMS = (
    "amount_minor",
    "promoted_minor",
    "coupon_minor",
    "costed_lines",
    "costed_minor",
    "cost_minor",
    "pieces",
)
_ADDED = ("orders", *_SUMS, "coupon_orders", "refunds", "refunded_minor")
_SATURDAY = 5


def receipts_by_day(orders: ir.Table, refunds: ir.Table) -> ir.Table:
    """One row a person, day (UTC) and currency: what their orders and refunds came to, and their first and last order.

    Columns: person_id, day, currency, orders, amount_minor, promoted_minor, coupon_minor, costed_lines, costed_minor,
    cost_minor, pieces, coupon_orders, refunds, refunded_minor, first_at, last_at.
    """
    heads = orders.select("offset", "index", "person_id", "happened_at", "currency")
    joined = heads.left_join(_sums(orders), ["offset", "index"])
    bought = joined.select(
        "person_id",
        "currency",
        "happened_at",
        day=utc_day(joined.happened_at),
        orders=ibis.literal(1, "int64"),
        **{name: joined[name].fill_null(0) for name in _SUMS},
        coupon_orders=(joined.coupon_minor.fill_null(0) != 0).cast("int64"),
        refunds=ibis.literal(0, "int64"),
        refunded_minor=ibis.literal(0, "int64"),
    )
    rows = bought.union(_refunded(refunds).select(*bought.columns), distinct=False)
    is_order = rows.orders == 1
    return rows.group_by("person_id", "day", "currency").aggregate(
        **{name: total(rows[name]) for name in _ADDED},
        first_at=rows.happened_at.min(where=is_order),
        last_at=rows.happened_at.max(where=is_order),
    )


def _sums(orders: ir.Table) -> ir.Table:
    """One row an order with lines: what they come to."""
    rows = orders.select("offset", "index", line=orders.lines.unnest())
    line = rows.line
    costed = line.cost_minor.notnull()
    return rows.group_by("offset", "index").aggregate(
        amount_minor=total(line.amount_minor),
        promoted_minor=total((line.discount_minor > 0).ifelse(line.amount_minor, 0)),
        coupon_minor=total(line.coupon_minor),
        costed_lines=total(costed.cast("int64")),
        costed_minor=total(costed.ifelse(line.amount_minor, 0)),
        cost_minor=total(line.cost_minor.fill_null(0)),
        pieces=total((line.unit == "each").ifelse(line.quantity, 1)),
    )


def _refunded(refunds: ir.Table) -> ir.Table:
    rows = refunds.select("offset", "index", line=refunds.lines.unnest())
    amounts = rows.group_by("offset", "index").aggregate(amount_minor=total(rows.line.amount_minor))
    heads = refunds.select("offset", "index", "person_id", "happened_at", "currency")
    joined = heads.left_join(amounts, ["offset", "index"])
    nothing = ibis.literal(0, "int64")
    return joined.select(
        "person_id",
        "currency",
        "happened_at",
        day=utc_day(joined.happened_at),
        orders=nothing,
        **dict.fromkeys(_SUMS, nothing),
        coupon_orders=nothing,
        refunds=ibis.literal(1, "int64"),
        refunded_minor=joined.amount_minor.fill_null(0),
    )


def figures(days: ir.Table, now: datetime) -> ir.Table:
    """One row a person who ordered or was given money back, from `receipts_by_day`."""
    money = _money(days)
    return (
        money.left_join(_rhythm(days), "person_id")
        .drop("person_id_right")
        .left_join(_windows(days, money, now), "person_id")
        .drop("person_id_right")
        .pipe(_ages, now)
    )


def _money(days: ir.Table) -> ir.Table:
    """What was spent, in the currency in which the person spent most, and what is counted in whatever currency."""
    spent = days.group_by("person_id", "currency").aggregate(
        **{name: total(days[name]) for name in _ADDED},
        first_at=days.first_at.min(),
        last_at=days.last_at.max(),
    )
    everything = spent.group_by("person_id").aggregate(
        frequency=total(spent.orders),
        refunds=total(spent.refunds),
        coupon_orders=total(spent.coupon_orders),
        all_pieces=total(spent.pieces),
        first_order_at=spent.first_at.min(),
        last_order_at=spent.last_at.max(),
    )
    main = best(spent, "person_id", spent.amount_minor.desc(), spent.currency)
    monetary_minor = main.amount_minor - main.refunded_minor
    main = main.select(
        "person_id",
        "currency",
        "refunded_minor",
        "coupon_minor",
        monetary_minor=monetary_minor,
        average_order_minor=(monetary_minor / main.orders.nullif(0)).round().cast("int64"),
        margin_minor=(main.costed_lines > 0).ifelse(main.costed_minor - main.cost_minor, ibis.null("int64")),
        promoted_share=(main.amount_minor > 0).ifelse(
            main.promoted_minor / main.amount_minor.nullif(0), ibis.null("float64")
        ),
    )
    both = everything.join(main, "person_id")
    orders = both.frequency.nullif(0)
    return both.mutate(
        units_per_order=both.all_pieces / orders, coupon_share=both.coupon_orders / orders
    ).drop("all_pieces")


def _rhythm(days: ir.Table) -> ir.Table:
    """Days with an order, and the median gap between them."""
    ordered = days.filter(days.orders > 0).select("person_id", "day").distinct()
    in_order = ibis.window(group_by="person_id", order_by="day")
    gaps = ordered.mutate(gap=ordered.day - ordered.day.lag().over(in_order))
    ranked = gaps.mutate(
        # the first day of each has no gap and comes last
        turn=ibis.row_number().over(
            ibis.window(group_by="person_id", order_by=[gaps.gap.isnull(), gaps.gap])
        ),
        days=gaps.count().over(ibis.window(group_by="person_id")),
    )
    # of n - 1 gaps, counted from 0, the one in the middle or the two
    middle = (ranked.turn == (ranked.days - 2) // 2) | (ranked.turn == (ranked.days - 1) // 2)
    people = ranked.group_by("person_id").aggregate(
        order_days=ranked.count().cast("int64"), middle=ranked.gap.mean(where=middle & ranked.gap.notnull())
    )
    return people.select("person_id", "order_days", repurchase_interval_days=people.middle.cast("float64"))


def _windows(days: ir.Table, money: ir.Table, now: datetime) -> ir.Table:
    """Orders in whatever currency and spend in the main one, of the days that end with today."""
    today = floor(now.timestamp()) // DAY_SECONDS
    recent = days.filter((days.day > today - 364) & (days.day <= today))
    main = money.select(main_id="person_id", main_currency="currency")
    joined = recent.left_join(main, [recent.person_id == main.main_id, recent.currency == main.main_currency])
    net_minor = joined.main_currency.notnull().ifelse(joined.amount_minor - joined.refunded_minor, 0)
    within_91 = joined.day > today - 91
    return joined.group_by("person_id").aggregate(
        spend_last_364_days_minor=total(net_minor),
        spend_last_91_days_minor=total(within_91.ifelse(net_minor, 0)),
        orders_last_91_days=total(within_91.ifelse(joined.orders, 0)),
        orders_last_28_days=total((joined.day > today - 28).ifelse(joined.orders, 0)),
    )


def _ages(people: ir.Table, now: datetime) -> ir.Table:
    now_seconds = floor(now.timestamp())

    def whole_days(at: ir.Value) -> ir.Value:
        days = (now_seconds - whole_seconds(at)) // DAY_SECONDS
        # a comparison and not greatest(), which skips nulls on some engines and not on others
        return (days < 0).ifelse(0, days)

    return people.mutate(
        recency_days=whole_days(people.last_order_at), customer_age_days=whole_days(people.first_order_at)
    )


def clocked(
    orders: ir.Table, places: ir.Table | None, zones: Mapping[str, Sequence[Span]], own: str
) -> ir.Table:
    """One row a person who ordered: favourite_daypart, weekend_share, main_place_id."""
    rows = orders.select("person_id", "place_id", "happened_at")
    time_zone = None
    if places is not None and len(zones) > 1:
        there = places.select(known_id="place_id", time_zone="time_zone")
        rows = rows.left_join(there, rows.place_id == there.known_id)
        time_zone = rows.time_zone.fill_null(own)
    local = local_seconds(rows.happened_at, time_zone, zones)
    hour = (local // 3600) % 24
    part: ir.Value = ibis.literal(list(DAYPARTS)[-1])
    for name, begins in DAYPARTS.items():
        part = (hour >= begins).ifelse(ibis.literal(name), part)
    rows = rows.select(
        "person_id",
        "place_id",
        daypart=part,
        # the first day of 1970 was a Thursday
        is_weekend=(local // DAY_SECONDS + 3) % 7 >= _SATURDAY,
    )
    counts = rows.group_by("person_id", "place_id", "daypart", "is_weekend").aggregate(orders=rows.count())
    people = counts.group_by("person_id").aggregate(
        all_orders=total(counts.orders),
        weekend_orders=total(counts.is_weekend.ifelse(counts.orders, 0)),
        **{part: total((counts.daypart == part).ifelse(counts.orders, 0)) for part in DAYPARTS},
    )
    by_place = counts.group_by("person_id", "place_id").aggregate(orders=total(counts.orders))
    main = best(by_place, "person_id", by_place.orders.desc(), by_place.place_id)
    return people.select(
        "person_id",
        favourite_daypart=first_of({part: people[part] for part in DAYPARTS}),
        weekend_share=people.weekend_orders / people.all_orders,
    ).join(main.select("person_id", main_place_id="place_id"), "person_id")
