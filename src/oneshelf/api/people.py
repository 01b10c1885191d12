"""People: find them, look at one. Every look is logged with its purpose."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import After, AnActor, AShelf, Limit, OptionalText, PersonId, Purpose, Text
from oneshelf.app.pages import Page
from oneshelf.app.people.looking import Explained, PersonSummary
from oneshelf.app.people.timeline import Happening
from oneshelf.decisions.offers import Offer
from oneshelf.insight.people.portrait import Portrait

FieldName = Annotated[
    str, Path(description="A field of the portrait, such as recency_days.", pattern="^[a-z0-9_]{1,60}$")
]

router = APIRouter(prefix="/v1/people", tags=["people"])


@router.get("", **answers(Page[PersonSummary]))
def search_people(
    shelf: AShelf, actor: AnActor, q: Text = "", limit: Limit = 50, after: After = None
) -> Answer:
    """People whose id begins with `q`, those who spent most first."""
    return Answer(shelf.people.search(q, actor=actor, limit=limit, after=after))


@router.get("/{person_id:path}/portrait", **answers(Portrait, 404))
def portrait(shelf: AShelf, actor: AnActor, person_id: PersonId, purpose: Purpose = "service") -> Answer:
    """The live portrait of one person."""
    return Answer(shelf.people.portrait(person_id, actor=actor, purpose=purpose))


@router.get("/{person_id:path}/why/{field}", **answers(Explained, 404))
def why(
    shelf: AShelf,
    actor: AnActor,
    person_id: PersonId,
    field: FieldName,
    *,
    limit: Limit = 50,
    purpose: Purpose = "service",
) -> Answer:
    """One field of the portrait: how it is computed, and the newest events that entered it."""
    return Answer(shelf.people.why(person_id, field, actor=actor, purpose=purpose, limit=limit))


@router.get("/{person_id:path}/timeline", **answers(tuple[Happening, ...], 404))
def timeline(
    shelf: AShelf, actor: AnActor, person_id: PersonId, limit: Limit = 50, purpose: Purpose = "service"
) -> Answer:
    """What happened with one person, newest first."""
    return Answer(shelf.people.timeline(person_id, actor=actor, purpose=purpose, limit=limit))


@router.get("/{person_id:path}/offers", **answers(tuple[Offer, ...], 404))
def offers(
    shelf: AShelf,
    actor: AnActor,
    person_id: PersonId,
    *,
    place: OptionalText = None,
    limit: Limit = 10,
    purpose: Purpose = "service",
) -> Answer:
    """The best offers for one person out of what lies in stock at a place, each with its reason."""
    return Answer(shelf.offers.for_person(person_id, place, limit=limit, actor=actor, purpose=purpose))
