"""Signals: what people do about goods, as rows that are counted by week or day, for products, groups of them, and topics.

A person counts once a series and week, however much they buy, so that one party does not pass for a trend; a receipt of nobody
known is a person of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, Literal, get_args

import ibis
import ibis.expr.types as ir
import pyarrow as pa

Signal = Literal["purchases", "searches", "mentions", "favourites", "views"]
SIGNALS: Final[tuple[Signal, ...]] = get_args(Signal)

#: What a series is of. A topic is a query as people typed it, known to the catalogue or not.
Level = Literal["product", "type", "category", "brand", "department", "topic"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)

#: The kind of event that each signal is made of.
KINDS: Final[dict[Signal, str]] = {
    "purchases": "order.completed",
    "searches": "products.searched",
    "mentions": "product.reviewed",
    "favourites": "product.favourited",
    "views": "product.viewed",
}

WEEK_DAYS: Final = 7

#: The columns of `names`: what an act is about (a product's id or a topic), and a series that it counts for.
NAMES_SCHEMA: Final = pa.schema([("about", pa.string()), ("name", pa.string())])

_HEAD: Final = ("day", "place_id", "channel", "simulated", "who")


def acts(signal: Signal, events: ir.Table) -> ir.Table:
    """One row an act: day, place_id, channel, who, about, full_minor, off_minor, simulated.

    `events` is the lake's table of the signal's kind, its people resolved. `about` is the product's id, or for searches the topic;
    the amounts are 0 but for purchases: what the line would have cost at full price, and what promotions and coupons took off.
    """
    if signal == "purchases":
        rows = _known(events).mutate(line=events.lines.unnest())
        off = rows.line.discount_minor.cast("int64") + rows.line.coupon_minor.cast("int64")
        return rows.select(
            *_HEAD,
            about=rows.line.product_id,
            full_minor=rows.line.amount_minor.cast("int64") + off,
            off_minor=off,
        )
    nothing = ibis.literal(0, "int64")
    about = topic(events["query"]) if signal == "searches" else events.product_id
    return _known(events).select(*_HEAD, about=about, full_minor=nothing, off_minor=nothing)


def whole(events: ir.Table) -> ir.Table:
    """The same columns, an act for each event, as if all were about one thing: what the chain as a whole does."""
    nothing = ibis.literal(0, "int64")
    return _known(events).select(*_HEAD, about=ibis.literal(""), full_minor=nothing, off_minor=nothing)


def _known(events: ir.Table) -> ir.Table:
    """Events with the person as a number: people are only counted, and numbers are counted faster than names."""
    nobody = events.offset.cast("string") + "/" + events.index.cast("string")
    return events.mutate(who=ibis.coalesce(events.person_id, nobody).hash())


def topic(query: ir.StringValue) -> ir.StringValue:
    """A query as a topic: small letters, single spaces."""
    return query.lower().re_replace(r"\s+", " ").strip()


def weekly(
    acts: ir.Table,
    names: ir.Table | None,
    *,
    last_day: date,
    weeks: int,
    new_places: Sequence[str] = (),
) -> ir.Table:
    """People by series and week: name, week, people, settled, full_minor, off_minor, simulated.

    Weeks are of seven days, counted from 0 on, the last one ending with `last_day`. `names` has the columns of `NAMES_SCHEMA`; without, what an
    act is about is its name. `settled` leaves out the new places.
    """
    first_day = last_day - timedelta(days=WEEK_DAYS * weeks - 1)
    inside = acts.filter(acts.day.between(first_day, last_day))
    named = _named(inside, names)
    named = named.mutate(
        week=(named.day.delta(ibis.literal(first_day), unit="day") // WEEK_DAYS).cast("int64")
    )
    settled = named.place_id.isnull() | named.place_id.notin(list(new_places)) if new_places else None
    return named.group_by("name", "week").aggregate(
        people=named.who.nunique(),
        settled=named.who.nunique(where=settled),
        full_minor=named.full_minor.sum().cast("int64"),
        off_minor=named.off_minor.sum().cast("int64"),
        simulated=named.simulated.any(),
    )


def daily(
    acts: ir.Table,
    names: ir.Table | None,
    *,
    days: tuple[date, date],
    only: Iterable[str] | None = None,
) -> ir.Table:
    """People by series, day and channel: name, day, channel, people. `only` picks series."""
    named = _named(acts.filter(acts.day.between(*days)), names)
    if only is not None:
        named = named.filter(named.name.isin(sorted(only)))
    return named.group_by("name", "day", "channel").aggregate(people=named.who.nunique())


def _named(acts: ir.Table, names: ir.Table | None) -> ir.Table:
    if names is None:
        return acts.mutate(name=acts.about)
    known = names.select(named_about="about", name="name")
    return acts.inner_join(known, acts.about == known.named_about)
