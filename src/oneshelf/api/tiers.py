"""Tiers: the rules in force, how many people are in each tier, and who moved."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import AnActor, AShelf, Limit
from oneshelf.app.people.tiers import Leaver, TierFlows, TierReport

router = APIRouter(prefix="/v1/tiers", tags=["tiers"])

First = Annotated[date, Query(alias="from", description="A day; who was where at its end.")]
Last = Annotated[date, Query(alias="to", description="A later day.")]


@router.get("", **answers(TierReport))
def tiers(shelf: AShelf, actor: AnActor) -> Answer:
    """Every tier with its rule, what entering it should trigger, and how many people are in it."""
    return Answer(shelf.tiers.report(actor=actor))


@router.get("/moves", **answers(TierFlows))
def moves(shelf: AShelf, actor: AnActor, first: First, last: Last) -> Answer:
    """How many people went from which tier to which between the ends of two days."""
    return Answer(shelf.tiers.moves(first, last, actor=actor))


@router.get("/watched", **answers(tuple[Leaver, ...]))
def watched(
    shelf: AShelf,
    actor: AnActor,
    since: Annotated[date, Query(description="The first day of leaving.")],
    limit: Limit = 50,
) -> Answer:
    """Who left a watched tier or came into one since a day, and what each move should trigger; the look is logged."""
    return Answer(shelf.tiers.watched(since, limit=limit, actor=actor))
