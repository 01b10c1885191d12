"""Portraits of everybody: when, where and by which channel people were seen."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from oneshelf.events.catalogue import KINDS
from oneshelf.insight.people.fields import CHANNELS, ORDER
from oneshelf.insight.people.portraits_words import first_of, total, utc_day
from oneshelf.insight.people.state import SEEN_KINDS

_SEEN = tuple(kind for kind, body in KINDS.items() if body in SEEN_KINDS)


def seen_events(known: Mapping[str, ir.Table]) -> ir.Table:
    """Every event by which a person showed that they were there: person_id, happened_at, place_id, channel, simulated, is_order."""
    parts = [
        known[kind].select(
            "person_id",
            "happened_at",
            "place_id",
            "channel",
            "simulated",
            is_order=ibis.literal(kind == ORDER),
        )
        for kind in _SEEN
    ]
    return ibis.union(*parts, distinct=False)


def presence(seen: ir.Table) -> ir.Table:
    """One row a person: first_seen_at, last_seen_at, last_place_id, last_channel, orders and visits by channel, main_channel."""
    days = seen.group_by("person_id", "channel", day=utc_day(seen.happened_at)).aggregate(
        orders=total(seen.is_order.cast("int64")),
        first_at=seen.happened_at.min(),
        last_at=seen.happened_at.max(),
    )
    figures: dict[str, ir.Value] = {"first_seen_at": days.first_at.min(), "last_seen_at": days.last_at.max()}
    for channel in CHANNELS:
        here = days.channel == channel
        figures[f"orders_{channel}"] = total(here.ifelse(days.orders, 0))
        figures[f"visits_{channel}"] = total(here.cast("int64"))
    people = days.group_by("person_id").aggregate(**figures)
    visits = {channel: people[f"visits_{channel}"] for channel in sorted(CHANNELS)}
    people = people.mutate(main_channel=first_of(visits))
    # ties in the latest moment fall as they do in the live state
    last = people.select(latest_id="person_id", latest_at="last_seen_at")
    latest = seen.join(last, [seen.person_id == last.latest_id, seen.happened_at == last.latest_at])
    newest_first = ibis.window(group_by="person_id", order_by=[latest.place_id.desc(), latest.channel.desc()])
    ranked = latest.mutate(turn=ibis.row_number().over(newest_first))
    where = ranked.filter(ranked.turn == 0).select(
        "person_id", last_place_id=ranked.place_id, last_channel=ranked.channel
    )
    return people.left_join(where, "person_id").drop("person_id_right")
