"""The wheel: today's figure at each station, and what needs a decision."""

from __future__ import annotations

from fastapi import APIRouter

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import AnActor, AShelf
from oneshelf.app.offers.wheel import Wheel

router = APIRouter(prefix="/v1", tags=["wheel"])


@router.get("/wheel", **answers(Wheel))
def wheel(shelf: AShelf, actor: AnActor) -> Answer:
    """Events, insight, decisions, messages, effect: one turn, as far as the actor's role reaches."""
    return Answer(shelf.wheel.today(actor=actor))
