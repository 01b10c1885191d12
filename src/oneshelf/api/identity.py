"""Who is who: a person's identifiers with the reasons, and the decisions of those who may make them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import ABody, AnActor, AShelf, PersonId, Purpose, read_body, takes
from oneshelf.app.people.identity import REASON_LENGTH_MAX, Identified
from oneshelf.words.ids import Id

router = APIRouter(prefix="/v1/people", tags=["identity"])

Why = Annotated[str, msgspec.Meta(min_length=1, max_length=REASON_LENGTH_MAX)]
ReasonId = Annotated[str, Path(description="The id of a join in the reason log.", pattern="^[0-9a-f]{32}$")]


class Join(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two people who are one."""

    person: Id
    other: Id
    reason: Why


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two identifiers of one person that are not one person's."""

    identifier: Id
    other: Id
    reason: Why


class Undo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a join is taken back."""

    reason: Why


@router.post("/joins", **answers(Identified, 404), openapi_extra=takes(Join))
def join(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Say that two people are one, whatever the rules say; answers with the one person."""
    wanted = read_body(body, Join)
    known_as = shelf.identity.join(wanted.person, wanted.other, reason=wanted.reason, actor=actor)
    return Answer(shelf.identity.of(known_as, actor=actor))


@router.post("/partings", **answers(Identified, 404), openapi_extra=takes(Part))
def part(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Say that two identifiers are not one person's; answers with the person who keeps the first one."""
    wanted = read_body(body, Part)
    shelf.identity.split(wanted.identifier, wanted.other, reason=wanted.reason, actor=actor)
    return Answer(shelf.identity.of(wanted.identifier, actor=actor))


@router.post("/joins/{reason_id}/undo", **answers(Identified, 404), openapi_extra=takes(Undo))
def undo(shelf: AShelf, actor: AnActor, reason_id: ReasonId, body: ABody) -> Answer:
    """Undo a join of the reason log, for good; answers with the person who goes on under the first identifier."""
    kept = shelf.identity.undo(reason_id, reason=read_body(body, Undo).reason, actor=actor)
    return Answer(shelf.identity.of(kept, actor=actor))


@router.get("/{person_id:path}/identity", **answers(Identified, 404))
def identity(shelf: AShelf, actor: AnActor, person_id: PersonId, purpose: Purpose = "service") -> Answer:
    """Every identifier of a person, and why each is theirs."""
    return Answer(shelf.identity.of(person_id, actor=actor, purpose=purpose))
