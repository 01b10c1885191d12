"""`oneshelf measure`: any figure by up to two dimensions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from oneshelf.app.goods.measures_csv import as_csv
from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.errors import InvalidInput
from oneshelf.words.money import major

if TYPE_CHECKING:
    from oneshelf.app.goods.measures import MeasureTable
    from oneshelf.insight.cells import Cell

_Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day. Default: the first with events.")
]
_LastDay = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day. Default: the last with events.")
]


def add_to(app: typer.Typer) -> None:
    """Hang the command under the root."""
    app.command()(measure)


def measure(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="The measure. Leave out to list all, with their formulas.")
    ] = None,
    by: Annotated[
        str, typer.Option(help="Up to two dimensions with a comma between, such as place,hour.")
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(help="What to keep, as DIMENSION=VALUE, such as channel=web; may be given again."),
    ] = None,
    audience: Annotated[
        str | None,
        typer.Option(help="The saved audience whose people the dimension audience tells from the rest."),
    ] = None,
    since: _Day = None,
    until: _LastDay = None,
    limit: Annotated[int, typer.Option(min=1, help="How many cells to print, except as JSON or CSV.")] = 50,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Ask for a figure: in every cell of up to two dimensions, over a range of days."""
    if name is None:
        _list(context, json)
        return
    dimensions = tuple(part.strip() for part in by.split(",") if part.strip())
    days = [None if day is None else day.date() for day in (since, until)]
    with open_shelf(context) as shelf:
        table = shelf.measures.ask(name, dimensions, _filters(where or []), *days, audience=audience)
    if json:
        print_json(table)
    elif csv:
        typer.echo(as_csv(table), nl=False)
    else:
        _print(table, limit)


def _list(context: typer.Context, json: bool) -> None:
    with open_shelf(context) as shelf:
        known = shelf.measures.definitions()
    if json:
        print_json(known)
        return
    print_table("", ("measure", "unit", "formula"), ((m.name, m.unit, m.formula) for m in known))


def _print(table: MeasureTable, limit: int) -> None:
    days = f", {table.since} to {table.until}" if table.since else ""
    if table.audience is not None:
        days += f"; {table.audience.name} as of {table.audience.as_of}"
    mark = " (simulated events entered)" if table.simulated else ""
    print_table(
        f"{table.measure.title}{days}{mark}",
        (
            *table.by,
            "currency",
            table.measure.unit if table.measure.unit != "minor" else "amount",
            "simulated",
        ),
        ((*cell.keys, cell.currency, _value(table, cell), cell.simulated) for cell in table.cells[:limit]),
    )
    if table.by:
        for cell in table.total:
            out.print(f"In all: {_value(table, cell)} {cell.currency or ''}".rstrip(), markup=False)
    if len(table.cells) > limit:
        out.print(f"{len(table.cells) - limit:,} cells more: use --limit, --json or --csv.", markup=False)
    out.print(table.measure.formula, markup=False)


def _value(table: MeasureTable, cell: Cell) -> object:
    if cell.value is None or table.measure.unit != "minor" or cell.currency is None:
        return cell.value
    return f"{major(round(cell.value), cell.currency):,}"


def _filters(given: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise InvalidInput.of("--where", one, "has no =.", "Write DIMENSION=VALUE, such as channel=web.")
        found.setdefault(name.strip(), []).append(value)
    return found
