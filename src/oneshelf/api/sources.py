"""Sources: what arrives, what was refused, and trying it again."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import ABody, After, AnActor, AShelf, Limit, OptionalText, read_body, takes
from oneshelf.app.arriving.sources import Reject, ReplayReport, SourceSummary
from oneshelf.app.pages import Page
from oneshelf.words.ids import Id

router = APIRouter(prefix="/v1", tags=["sources"])


class Replay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rejects to read again."""

    ids: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=1_000)]
    dry_run: bool = False


@router.get("/sources", **answers(tuple[SourceSummary, ...]))
def sources(shelf: AShelf, actor: AnActor) -> Answer:
    """Every source that ever sent something, the last heard first."""
    return Answer(shelf.sources.summary(actor=actor))


@router.get("/rejects", **answers(Page[Reject]))
def rejects(
    shelf: AShelf, actor: AnActor, source: OptionalText = None, limit: Limit = 50, after: After = None
) -> Answer:
    """What was refused, with the field, the value and the remedy, newest first."""
    return Answer(shelf.sources.rejects(actor=actor, source=source, limit=limit, after=after))


@router.post("/rejects/replay", **answers(ReplayReport, 404), openapi_extra=takes(Replay))
def replay(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Read refused events again; those that can be read now go into the journal. A repeat stays one event."""
    wanted = read_body(body, Replay)
    return Answer(shelf.sources.replay(wanted.ids, actor=actor, dry_run=wanted.dry_run))
