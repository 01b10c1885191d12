"""The system: health for whoever watches, the rest for the staff."""

from __future__ import annotations

from fastapi import APIRouter

from oneshelf.api.answers import Answer, answers, json_content, problem_answer, schema_of
from oneshelf.api.asking import After, AnActor, AShelf, Limit
from oneshelf.app.keeping.doctor import Check
from oneshelf.app.keeping.staff import Access
from oneshelf.app.keeping.system import Health
from oneshelf.app.pages import Page
from oneshelf.books.jobs import JobRow
from oneshelf.lake.tables import TableInfo

router = APIRouter(tags=["system"])


@router.get(
    "/health",
    response_model=None,
    response_class=Answer,
    responses={
        200: {
            "description": "It answers; `status` says whether events flow.",
            **json_content(schema_of(Health)),
        },
        503: problem_answer(503),
    },
)
def health(shelf: AShelf) -> Answer:
    """Whether events flow: how far each projection is behind the journal, in batches and seconds."""
    return Answer(shelf.system.health())


@router.get("/v1/system/checks", **answers(tuple[Check, ...]))
def checks(shelf: AShelf, actor: AnActor) -> Answer:
    """What is in force and what is missing, with what to do about it."""
    return Answer(shelf.system.doctor(actor=actor))


@router.get("/v1/system/tables", **answers(tuple[TableInfo, ...]))
def tables(shelf: AShelf, actor: AnActor) -> Answer:
    """The tables of the lake."""
    return Answer(shelf.system.tables(actor=actor))


@router.get("/v1/system/jobs", **answers(tuple[JobRow, ...]))
def jobs(shelf: AShelf, actor: AnActor, limit: Limit = 30) -> Answer:
    """Jobs that ran or wait, newest first."""
    return Answer(shelf.system.jobs(actor=actor, limit=limit))


@router.get("/v1/access-log", **answers(Page[Access]))
def access_log(shelf: AShelf, actor: AnActor, limit: Limit = 50, after: After = None) -> Answer:
    """Who looked at whom, for what, newest first."""
    return Answer(shelf.staff.access_log(actor=actor, limit=limit, after=after))
