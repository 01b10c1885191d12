"""Audiences: saved conditions with their sizes and overlaps, a builder that writes the text, a sample, an export."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from oneshelf.app.people.audiences import NAME_LENGTH_MAX, OVERLAP_MAX, guarded
from oneshelf.console.visit import Visit
from oneshelf.errors import InvalidInput, NotFound
from oneshelf.insight.people.conditions import VOCABULARY, All, AnyOf, parse, tests_of
from oneshelf.insight.people.fields import FIELDS

if TYPE_CHECKING:
    from oneshelf.app.people.audiences import AudienceSample, AudienceSize, Format
    from oneshelf.books.audiences import AudienceRow
    from oneshelf.insight.people.conditions import AskedField, Condition

_SAMPLE: Final = 12
#: What a new audience begins with, so that the first look shows how a condition is written.
_EXAMPLE: Final = "recency_days <= 30 and frequency >= 3"


def audiences(visit: Visit) -> Response:
    """Every audience with its size, and how much the first ones overlap."""
    rows = visit.shelf.audiences.list(actor=visit.actor)
    try:
        sizes = [(row, visit.shelf.audiences.size_of(row.name, actor=visit.actor)) for row in rows]
        names = [row.name for row in rows[:OVERLAP_MAX]]
        overlap = visit.shelf.audiences.overlap(*names, actor=visit.actor) if len(names) > 1 else None
        missing = False
        if not rows:
            visit.shelf.audiences.ready()
    except NotFound:
        sizes, overlap, missing = [], None, True
    return visit.render(
        "audiences.html", rows=rows, sizes=sizes, overlap=overlap, missing=missing, may_save=_may_save(visit)
    )


def compose(visit: Visit) -> Response:
    """The builder: a condition as rows and as text, with its size at once."""
    visit.actor.require("audiences.save")
    asked = visit.query("condition") or _EXAMPLE
    return _page(visit, name=visit.query("name"), text=asked, sampled=bool(visit.query("sample")))


def save(visit: Visit) -> Response:
    """Keep the condition under its name."""
    name, text = visit.field("name"), visit.field("condition")
    try:
        saved = visit.shelf.audiences.save(name, text, actor=visit.actor)
    except InvalidInput as error:
        return _page(visit, name=name, text=text, error=error, status=422)
    return visit.to(f"/audiences/saved/{quote(saved.name, safe='')}")


def audience(visit: Visit) -> Response:
    """One audience: its size, its versions, a sample and an export for whoever may see people."""
    name = visit.request.path_params["name"]
    saved = visit.shelf.audiences.get(name, actor=visit.actor)
    return _page(
        visit, name=saved.name, text=saved.condition, saved=saved, sampled=bool(visit.query("sample"))
    )


def export(visit: Visit) -> Response:
    """The audience as a file, for a stated purpose."""
    format: Format = "parquet" if visit.field("format") == "parquet" else "csv"
    made = visit.shelf.audiences.export(
        visit.field("name"), format=format, purpose=visit.field("purpose"), actor=visit.actor
    )
    return Response(
        made.data,
        media_type=made.media_type,
        headers={"content-disposition": f'attachment; filename="{made.name}"'},
    )


def _page(
    visit: Visit, *, name: str, text: str, saved: AudienceRow | None = None, sampled: bool = False,
    error: InvalidInput | None = None, status: int = 200,
) -> Response:  # fmt: skip
    size: AudienceSize | None = None
    sample: AudienceSample | None = None
    missing = False
    closed = guarded(visit.actor)
    condition: Condition | None = None
    try:
        condition = parse(text)
        if closed:
            size = visit.shelf.audiences.size_of(name, actor=visit.actor)
        else:
            size = visit.shelf.audiences.size(text, actor=visit.actor)
        if sampled and not closed:
            sample = visit.shelf.audiences.sample(text, limit=_SAMPLE, actor=visit.actor)
    except NotFound:
        missing = True
    except InvalidInput as wrong:
        error, status = error or wrong, 422
    problem = error.problems[0] if error is not None and error.problems else None
    said = (visit.reader.say(error.cause), visit.reader.say(error.remedy)) if error else None
    return visit.render(
        "audience.html", status, name=name, text=text, saved=saved, size=size, sample=sample, missing=missing, error=said,
        at=problem.at if problem else 0, closed=closed, may_save=_may_save(visit), name_max=NAME_LENGTH_MAX,
        versions=visit.shelf.audiences.versions(saved.name, actor=visit.actor) if saved else (),
        fields=[(field, visit.reader.say(FIELDS[name].title)) for name, field in VOCABULARY.items()],
        builder=_builder(visit, condition),
    )  # fmt: skip


def _may_save(visit: Visit) -> bool:
    return visit.actor.may("audiences.save") and not guarded(visit.actor)


def _builder(visit: Visit, condition: Condition | None) -> Markup:
    """What the script makes rows from: the fields, the words, and the condition where rows can say it."""
    fields = [_field(field, visit.reader.say(field.title)) for field in VOCABULARY.values()]
    text = visit.reader.text
    words = {
        "between": text("between"), "and": text("and"), "in": text("is one of"), "known": text("is known"),
        "unknown": text("is unknown"), "remove": text("Take away"), "true": text("yes"), "false": text("no"),
        "field": text("Field"), "operator": text("Comparison"), "value": text("Value"),
        "list": text("separated by commas"),
    }  # fmt: skip
    data = json.dumps(
        {"fields": fields, "words": words, "join": "or" if isinstance(condition, AnyOf) else "and",
         "rows": None if condition is None else _rows(condition)},
        ensure_ascii=False, default=msgspec.to_builtins,
    )  # fmt: skip
    safe = data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup('<script type="application/json">{}</script>').format(Markup(safe))  # noqa: S704  # escaped above


def _field(field: AskedField, title: str) -> dict[str, Any]:
    return {"name": field.name, "title": title, "type": field.type, "choices": list(field.choices)}


def _rows(condition: Condition) -> list[Any] | None:
    """The comparisons of a condition that is one list of them; None where only the text can say it."""
    parts = condition.parts if isinstance(condition, All | AnyOf) else (condition,)
    tests = [test for part in parts for test in tests_of(part)]
    simple = len(tests) == len(parts) and all(one is other for one, other in zip(tests, parts, strict=True))
    return [msgspec.to_builtins(test) for test in tests] if simple else None
