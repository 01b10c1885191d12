"""Audiences: sizes, saved conditions and their versions, overlaps, samples and exports."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import PRINTABLE, ABody, AnActor, AShelf, Purpose, read_body, takes
from oneshelf.app.people.audiences import (
    NAME_LENGTH_MAX,
    OVERLAP_MAX,
    SAMPLE_MAX,
    AudienceSample,
    AudienceSize,
    Format,
    Overlap,
)
from oneshelf.books.audiences import AudienceRow
from oneshelf.insight.people.conditions import VOCABULARY, AskedField
from oneshelf.insight.people.conditions.checking import LENGTH_MAX

router = APIRouter(prefix="/v1/audiences", tags=["audiences"])

Name = Annotated[
    str,
    Path(description="An audience's name.", min_length=1, max_length=NAME_LENGTH_MAX, pattern=PRINTABLE),
]
ConditionText = Annotated[
    str,
    Query(
        description="A condition over the portrait, such as `recency_days <= 30 and monetary_minor >= 10000`.",
        min_length=1,
        max_length=LENGTH_MAX,
        pattern=PRINTABLE,
    ),
]
Version = Annotated[int | None, Query(description="Default: the newest.", ge=1, le=2**31 - 1)]
Names = Annotated[
    list[Annotated[str, Query(max_length=NAME_LENGTH_MAX, pattern=PRINTABLE)]],
    Query(alias="name", description="A saved audience; give it again for each.", max_length=OVERLAP_MAX),
]
SampleLimit = Annotated[int, Query(description="How many at most.", ge=1, le=SAMPLE_MAX)]
Seed = Annotated[int, Query(description="Draws the same people again.", ge=0, le=2**31 - 1)]


class SaveAudience(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition to keep under a name."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
    condition: Annotated[str, msgspec.Meta(min_length=1, max_length=LENGTH_MAX)]


def _as_file(told: dict[str, Any]) -> dict[str, Any]:
    told["responses"][200]["content"] = {
        "text/csv": {"schema": {"type": "string"}},
        "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
    }
    return told


@router.get("", **answers(tuple[AudienceRow, ...]))
def audiences(shelf: AShelf, actor: AnActor) -> Answer:
    """Every saved audience in its newest version."""
    return Answer(shelf.audiences.list(actor=actor))


@router.post("", **answers(AudienceRow), openapi_extra=takes(SaveAudience))
def save(shelf: AShelf, actor: AnActor, body: ABody) -> Answer:
    """Keep a condition: version 1, or the next one where it says something else than the newest. A repeat changes nothing."""
    wanted = read_body(body, SaveAudience)
    return Answer(shelf.audiences.save(wanted.name, wanted.condition, actor=actor))


@router.get("/fields", **answers(tuple[AskedField, ...]))
def fields(actor: AnActor) -> Answer:
    """What a condition can ask: every field of the portrait with its type, its range and its values where they are known."""
    del actor  # for everybody on the staff
    return Answer(tuple(VOCABULARY.values()))


@router.get("/size", **answers(AudienceSize, 404))
def size(shelf: AShelf, actor: AnActor, condition: ConditionText) -> Answer:
    """How many people a condition holds for, as of last night."""
    return Answer(shelf.audiences.size(condition, actor=actor))


@router.get("/overlap", **answers(Overlap, 404))
def overlap(shelf: AShelf, actor: AnActor, names: Names) -> Answer:
    """How many people each two of some saved audiences share."""
    return Answer(shelf.audiences.overlap(*names, actor=actor))


@router.get("/sample", **answers(AudienceSample, 404))
def sample(
    shelf: AShelf,
    actor: AnActor,
    condition: ConditionText,
    *,
    limit: SampleLimit = 20,
    seed: Seed = 1,
    purpose: Purpose = "analysis",
) -> Answer:
    """Some of the people for whom a condition holds; the look is logged."""
    return Answer(shelf.audiences.sample(condition, limit=limit, seed=seed, purpose=purpose, actor=actor))


@router.get("/saved/{name:path}/versions", **answers(tuple[AudienceRow, ...], 404))
def versions(shelf: AShelf, actor: AnActor, name: Name) -> Answer:
    """Every version of an audience, the newest first."""
    return Answer(shelf.audiences.versions(name, actor=actor))


@router.get("/saved/{name:path}/size", **answers(AudienceSize, 404))
def size_of(shelf: AShelf, actor: AnActor, name: Name, version: Version = None) -> Answer:
    """How many people a saved audience has; protected for whoever may not see people."""
    return Answer(shelf.audiences.size_of(name, version, actor=actor))


@router.get("/saved/{name:path}/export", **_as_file(answers(str, 404)))
def export(
    shelf: AShelf,
    actor: AnActor,
    name: Name,
    purpose: Purpose,
    *,
    format: Annotated[Format, Query(description="The form of the file.")] = "csv",
    version: Version = None,
) -> Response:
    """Everybody in a saved audience with the fields that its condition names, as a file; the look is logged."""
    made = shelf.audiences.export(name, format=format, purpose=purpose, version=version, actor=actor)
    return Response(
        made.data,
        media_type=made.media_type,
        headers={"content-disposition": f'attachment; filename="{made.name}"'},
    )


@router.get("/saved/{name:path}", **answers(AudienceRow, 404))
def audience(shelf: AShelf, actor: AnActor, name: Name, version: Version = None) -> Answer:
    """One audience, in its newest version or the one asked for."""
    return Answer(shelf.audiences.get(name, version, actor=actor))
