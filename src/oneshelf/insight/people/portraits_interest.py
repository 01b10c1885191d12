"""Portraits of everybody: what people looked for and did not buy, their coupons, and who they say they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir

from oneshelf.insight.people.drawing import WANTED_DAYS
from oneshelf.insight.people.fields import ORDER
from oneshelf.insight.people.portraits_words import best
from oneshelf.insight.people.state import SEARCHES_MAX, VIEWS_MAX
from oneshelf.insight.people.told import TRAITS


def interest(known: Mapping[str, ir.Table], now: datetime) -> ir.Table:
    """One row a person with any: searched_count, viewed_count, favourited_not_bought_count, coupons_redeemed."""
    earliest = ibis.literal(now - timedelta(days=WANTED_DAYS))
    searched = known["products.searched"]
    searched = searched.filter(searched.happened_at >= earliest)
    viewed = known["product.viewed"]
    viewed = viewed.filter(viewed.happened_at >= earliest)
    redeemed = known["coupon.redeemed"]
    rows = ibis.union(
        searched.filter(searched.query_key.notnull())
        .select("person_id", what=ibis.literal("searched"), key="query_key")
        .distinct(),
        viewed.select("person_id", what=ibis.literal("viewed"), key=viewed.product_id).distinct(),
        _waiting(known["product.favourited"], known[ORDER]),
        redeemed.select("person_id", what=ibis.literal("redeemed"), key=redeemed.coupon_id),
        distinct=False,
    )

    def count(what: str) -> ir.Value:
        return (rows.what == what).cast("int64").sum().cast("int64")

    people = rows.group_by("person_id").aggregate(
        searched=count("searched"),
        viewed=count("viewed"),
        waiting=count("waiting"),
        redeemed=count("redeemed"),
    )
    return people.select(
        "person_id",
        # as many as the live state keeps
        searched_count=(people.searched > SEARCHES_MAX).ifelse(SEARCHES_MAX, people.searched).cast("int64"),
        viewed_count=(people.viewed > VIEWS_MAX).ifelse(VIEWS_MAX, people.viewed).cast("int64"),
        favourited_not_bought_count=people.waiting,
        coupons_redeemed=people.redeemed,
    )


def _waiting(favourited: ir.Table, orders: ir.Table) -> ir.Table:
    """Favourites that were not bought since they were marked last."""
    marked = favourited.group_by("person_id", "product_id").aggregate(marked_at=favourited.happened_at.max())
    lines = orders.select("person_id", "happened_at", line=orders.lines.unnest())
    lines = lines.select(buyer_id="person_id", happened_at="happened_at", bought_id=lines.line.product_id)
    since = marked.join(
        lines,
        [
            marked.person_id == lines.buyer_id,
            marked.product_id == lines.bought_id,
            lines.happened_at > marked.marked_at,
        ],
    )
    bought = since.select(buyer_id="person_id", bought_id="product_id").distinct()
    waiting = marked.anti_join(
        bought, [marked.person_id == bought.buyer_id, marked.product_id == bought.bought_id]
    )
    return waiting.select("person_id", what=ibis.literal("waiting"), key=waiting.product_id)


def traits(told: ir.Table) -> ir.Table:
    """One row a person of whom one of `TRAITS` was told; of two of one moment the greater counts, as `told.trait_kept` writes them."""
    rows = ibis.union(*(_latest(told, name) for name in TRAITS), distinct=False)
    return rows.group_by("person_id").aggregate(
        **{name: rows.value.max(where=rows.name == name) for name in TRAITS}
    )


def _latest(told: ir.Table, name: str) -> ir.Table:
    """The latest word of each person under a name; null where it has no text."""
    rows = told.select("person_id", "happened_at", kept=told[f"{name}_told"], value=told[name])
    rows = rows.filter(rows.kept.notnull())
    latest = best(rows, "person_id", rows.happened_at.desc(), rows.kept.desc())
    return latest.select("person_id", name=ibis.literal(name), value=latest.value)
