"""Measures: the definitions of all figures, and any of them by up to two dimensions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import PRINTABLE, AnActor, AShelf
from oneshelf.app.goods.measures import MeasureDefinition, MeasureTable
from oneshelf.app.goods.measures_csv import as_csv
from oneshelf.errors import InvalidInput
from oneshelf.insight.measures import DIMENSIONS

router = APIRouter(prefix="/v1/measures", tags=["measures"])

_CSV: Final = "text/csv"

Name = Annotated[
    str,
    Path(
        description="A measure's name, such as net_sales_minor.",
        min_length=1,
        max_length=60,
        pattern=PRINTABLE,
    ),
]
By = Annotated[
    str,
    Query(
        description=f"Up to two dimensions with a comma between, such as place,hour. There are: {', '.join(DIMENSIONS)}.",
        max_length=60,
        pattern=PRINTABLE,
    ),
]
Filters = Annotated[
    list[Annotated[str, Query(max_length=200, pattern=PRINTABLE)]] | None,
    Query(
        alias="where",
        description="What to keep, as DIMENSION:VALUE, such as channel:web; give it again for another value or dimension. "
        "Hours are 0 to 23, weekdays 1 (Monday) to 7, weeks their Mondays.",
        max_length=50,
    ),
]
Audience = Annotated[
    str | None,
    Query(
        description="The saved audience whose people the dimension audience tells from the rest, as `in` and `rest`. "
        "Not needed where a filter names it, such as where=audience:loyal.",
        min_length=1,
        max_length=100,
        pattern=PRINTABLE,
    ),
]
Since = Annotated[date | None, Query(description="The first day; default: the first with events.")]
Until = Annotated[date | None, Query(description="The last day; default: the last with events.")]


def _also_csv(told: dict[str, Any]) -> dict[str, Any]:
    told["responses"][200]["content"][_CSV] = {"schema": {"type": "string"}}
    return told


@router.get("", **answers(tuple[MeasureDefinition, ...]))
def definitions(shelf: AShelf, actor: AnActor) -> Answer:
    """The one definition of every figure, and what it can be asked by."""
    return Answer(shelf.measures.definitions(actor=actor))


@router.get("/{name}", **_also_csv(answers(MeasureTable, 404)))
def values(
    shelf: AShelf,
    actor: AnActor,
    name: Name,
    *,
    by: By = "",
    filters: Filters = None,
    audience: Audience = None,
    since: Since = None,
    until: Until = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """A measure in every cell of up to two dimensions; as CSV for `Accept: text/csv`.

    Whoever may not see people gets protected figures: with noise, stated in `give_or_take`, and without cells about few people.
    """
    dimensions = tuple(part.strip() for part in by.split(",") if part.strip())
    table = shelf.measures.ask(
        name, dimensions, read_filters(filters or ()), since, until, audience=audience, actor=actor
    )
    if accept.split(",")[0].split(";")[0].strip().lower() == _CSV:
        return Response(
            as_csv(table),
            media_type=_CSV,
            headers={"content-disposition": f'attachment; filename="{table.measure.name}.csv"'},
        )
    return Answer(table)


def read_filters(given: list[str] | tuple[str, ...]) -> dict[str, list[str]]:
    """`DIMENSION:VALUE`, each as often as it likes. Raises InvalidInput where the colon is missing."""
    found: dict[str, list[str]] = {}
    for one in given:
        name, colon, value = one.partition(":")
        if not colon:
            raise InvalidInput.of(
                "where", one, "has no colon.", "Write DIMENSION:VALUE, such as channel:web."
            )
        found.setdefault(name.strip(), []).append(value)
    return found
