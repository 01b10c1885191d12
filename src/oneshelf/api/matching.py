"""Same person? Pairs of people who may be one, with their evidence, and the decisions about them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import After, AnActor, AShelf, Limit, Purpose
from oneshelf.app.pages import Page
from oneshelf.app.people.matching import Candidate, Pair
from oneshelf.books.matching import Status

router = APIRouter(prefix="/v1/people/candidates", tags=["identity"])

CandidateId = Annotated[str, Path(description="The id of a pair in the list.", pattern="^[0-9a-f]{32}$")]
AStatus = Annotated[
    Status,
    Query(
        description="open: waits for a decision; closed: went away undecided, as somebody joined them or they changed."
    ),
]


@router.get("", **answers(Page[Candidate]))
def candidates(
    shelf: AShelf, actor: AnActor, status: AStatus = "open", limit: Limit = 50, after: After = None
) -> Answer:
    """Pairs of people who may be one, the most probable first; the evidence names fields and holds no value of them."""
    return Answer(shelf.matching.list(status=status, actor=actor, limit=limit, after=after))


@router.get("/{candidate_id}", **answers(Pair, 404))
def pair(shelf: AShelf, actor: AnActor, candidate_id: CandidateId, purpose: Purpose = "service") -> Answer:
    """One pair with both people side by side, as their own traits tell them."""
    return Answer(shelf.matching.show(candidate_id, actor=actor, purpose=purpose))


@router.post("/{candidate_id}/accept", **answers(Candidate, 404, 409))
def accept(shelf: AShelf, actor: AnActor, candidate_id: CandidateId) -> Answer:
    """Say that both are one person: they are joined, and it can be undone like any other join."""
    return Answer(shelf.matching.accept(candidate_id, actor=actor))


@router.post("/{candidate_id}/refuse", **answers(Candidate, 404, 409))
def refuse(shelf: AShelf, actor: AnActor, candidate_id: CandidateId) -> Answer:
    """Say that both are two people: they are kept apart and never proposed again."""
    return Answer(shelf.matching.refuse(candidate_id, actor=actor))
