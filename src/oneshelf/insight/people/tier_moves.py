"""Moves between tiers: who stood where on two days, from the events that told each move."""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir

from oneshelf.insight.receipts import resolved


def standing(moves: ir.Table, links: ir.Table, day: date) -> ir.Table:
    """Everybody's tier at the end of a day: person_id, tier, simulated.

    `moves` is the lake's table of `tier.changed`, `links` is (identifier, person_id): what was told of an id that turned out
    to be somebody else's counts for that person. People whose last move was out of every tier are left out.
    """
    past = resolved(moves.filter((moves.day <= day) & moves.person_id.notnull()), links)
    newest = ibis.window(
        group_by="person_id",
        order_by=[past.happened_at.desc(), past["offset"].desc(), past["index"].desc()],
    )
    ranked = past.mutate(rank=ibis.row_number().over(newest))
    last = ranked.filter((ranked["rank"] == 0) & ranked.to_tier.notnull())
    return last.select("person_id", "simulated", tier=last.to_tier)


def between(moves: ir.Table, links: ir.Table, first: date, last: date) -> ir.Table:
    """Everybody with a tier on one of two days: person_id, from_tier, to_tier (null where they had none), simulated."""
    before = standing(moves, links, first)
    after = standing(moves, links, last).select(
        after_id="person_id", to_tier="tier", after_simulated="simulated"
    )
    joined = before.outer_join(after, before.person_id == after.after_id)
    return joined.select(
        person_id=ibis.coalesce(joined.person_id, joined.after_id),
        from_tier=joined.tier,
        to_tier=joined.to_tier,
        simulated=ibis.coalesce(joined.simulated, False) | ibis.coalesce(joined.after_simulated, False),
    )


def flows(people: ir.Table) -> ir.Table:
    """How many people went from where to where, of `between`: from_tier, to_tier, people, simulated."""
    return people.group_by("from_tier", "to_tier").aggregate(
        people=people.count(), simulated=people.simulated.any()
    )
