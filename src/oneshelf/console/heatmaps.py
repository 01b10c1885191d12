"""Heat maps: where and when. A measure by two dimensions, a filter and a range of days, as picture, table and CSV."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from oneshelf.app.goods.measures_csv import as_csv
from oneshelf.app.people.membership import AUDIENCE, SIDES
from oneshelf.console import charts
from oneshelf.console.figures import ORDERED, named, shown, size_of
from oneshelf.console.visit import Visit
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.insight.cube import IN
from oneshelf.insight.measures import DIMENSIONS, MEASURES

if TYPE_CHECKING:
    from oneshelf.app.goods.measures import MeasureTable
    from oneshelf.insight.cells import Cell, Key

ROWS_MAX: Final = 40
COLUMNS_MAX: Final = 62
_FIRST: Final = {"measure": "net_sales_minor", "rows": "place", "columns": "hour"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The form as it was sent."""

    measure: str
    rows: str
    columns: str
    filter: str
    value: str
    audience: str
    since: str
    until: str


@dataclass(frozen=True, kw_only=True)
class Grid:
    """What is shown of a table: the first rows and columns, and the cells by their place."""

    rows: tuple[Key, ...]
    columns: tuple[Key, ...]
    cells: dict[tuple[Key, Key], Cell]
    rows_found: int
    columns_found: int


def heatmaps(visit: Visit) -> Response:
    """The form, and what it was asked for."""
    asked = _asked(visit)
    names = _places(visit)
    saved = [row.name for row in visit.shelf.audiences.list(actor=visit.actor)]
    table, wrong = None, None
    try:
        table = _ask(visit, asked)
    except (InvalidInput, NotFound, NotAllowed) as error:
        wrong = error
    currencies = sorted({cell.currency or "" for cell in (table.cells if table else ())})
    wanted = visit.query("currency") or visit.shelf.settings.currency
    currency = wanted if wanted in currencies else (currencies[0] if currencies else "")
    grid = _grid(table, currency or None) if table else None
    return visit.render(
        "heatmaps.html",
        200 if wrong is None else 422,
        asked=asked,
        wrong=None if wrong is None else _said(visit, wrong),
        table=table,
        grid=grid,
        currency=currency or None,
        currencies=[each for each in currencies if each],
        names=names,
        saved=saved,
        measures=[(m.name, visit.reader.say(m.title)) for m in MEASURES.values()],
        dimensions=[(name, visit.reader.say(title)) for name, title in DIMENSIONS.items()],
        formula=visit.reader.say(table.measure.formula) if table else "",
        title=visit.reader.say(table.measure.title) if table else "",
        heads=[visit.reader.say(DIMENSIONS[name]) for name in (table.by if table else ())],
        label=lambda dimension, key: named(visit.reader, dimension, key, names),
        sides=[(side, named(visit.reader, AUDIENCE, side, names)) for side in SIDES],
        value=lambda cell: (
            shown(visit.reader, cell.value, table.measure.unit, cell.currency) if table else ""
        ),
        chart=_chart(visit, table, grid, names) if table and grid else None,
        extremes=_extremes(visit, table, grid, names) if table and grid else "",
        charts=grid is not None and bool(grid.cells),
        query=visit.request.url.query,
    )


def export(visit: Visit) -> Response:
    """The same table as CSV, whole."""
    table = _ask(visit, _asked(visit))
    return Response(
        as_csv(table),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{table.measure.name}.csv"'},
    )


def _asked(visit: Visit) -> Asked:
    sent = {
        name: visit.query(name)
        for name in ("measure", "rows", "columns", "filter", "value", "audience", "since", "until")
    }
    return Asked(**(sent if sent["measure"] else sent | _FIRST))


def _ask(visit: Visit, asked: Asked) -> MeasureTable:
    by = tuple(name for name in (asked.rows, asked.columns) if name)
    # an audience that is filtered by, and chosen beside it, needs no value: it is its people then
    value = asked.value or (IN if asked.filter == AUDIENCE and asked.audience else "")
    where = {asked.filter: value} if asked.filter and value else {}
    since, until = _day("since", asked.since), _day("until", asked.until)
    return visit.shelf.measures.ask(
        asked.measure, by, where, since, until, audience=asked.audience or None, actor=visit.actor
    )


def _day(field: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput.of(field, text, "is not a day.", "Write it as 2017-11-30.") from None


def _places(visit: Visit) -> dict[str, str]:
    return {place.id: place.name for place in visit.shelf.places.known(actor=visit.actor)}


def _said(visit: Visit, error: InvalidInput | NotFound | NotAllowed) -> tuple[str, str]:
    return visit.reader.say(error.cause), visit.reader.say(error.remedy)


def _grid(table: MeasureTable, currency: str | None) -> Grid:
    """The table of one currency; with one dimension it is one column, with none one cell."""
    cells: dict[tuple[Key, Key], Cell] = {}
    for cell in table.cells:
        if cell.currency == currency:
            first, second = (*cell.keys, None, None)[:2]
            cells[first, second] = cell
    names = (*table.by, "", "")[:2]
    rows = _order(names[0], [key for key, _ in cells], cells, 0)
    columns = _order(names[1], [key for _, key in cells], cells, 1)
    return Grid(
        rows=rows[:ROWS_MAX],
        columns=columns[:COLUMNS_MAX],
        cells=cells,
        rows_found=len(rows),
        columns_found=len(columns),
    )


def _order(
    dimension: str, keys: Sequence[Key], cells: dict[tuple[Key, Key], Cell], side: int
) -> tuple[Key, ...]:
    if dimension in ORDERED:
        return tuple(dict.fromkeys(sorted(keys, key=lambda key: (key is None, str(key).zfill(10)))))
    sizes: dict[Key, float] = defaultdict(float)
    for place, cell in cells.items():
        sizes[place[side]] += size_of(cell)
    return tuple(sorted(sizes, key=lambda key: (-sizes[key], str(key))))


def _chart(visit: Visit, table: MeasureTable, grid: Grid, names: dict[str, str]) -> charts.Figure | None:
    if not grid.cells or not table.by:
        return None
    unit = table.measure.unit

    def text(row: Key, column: Key) -> str:
        cell = grid.cells.get((row, column))
        if cell is None:
            return ""
        where = [named(visit.reader, d, k, names) for d, k in zip(table.by, (row, column), strict=False)]
        mark = f" ({visit.reader.text('simulated')})" if cell.simulated else ""
        return f"{' · '.join(where)}: {shown(visit.reader, cell.value, unit, cell.currency)}{mark}"

    rows = [named(visit.reader, table.by[0], key, names) for key in grid.rows]
    if len(table.by) == 1:
        found = [grid.cells[key, None] for key in grid.rows]
        values = [cell.value or 0.0 for cell in found]
        return charts.bars(rows, values, [shown(visit.reader, c.value, unit, c.currency) for c in found])
    picked = [[grid.cells.get((row, column)) for column in grid.columns] for row in grid.rows]
    return charts.heat(
        rows,
        [named(visit.reader, table.by[1], key, names) for key in grid.columns],
        [[cell.value if cell else None for cell in line] for line in picked],
        [[text(row, column) for column in grid.columns] for row in grid.rows],
    )


def _extremes(visit: Visit, table: MeasureTable, grid: Grid, names: dict[str, str]) -> str:
    """The picture in words: where most and where least is."""
    known = [cell for cell in grid.cells.values() if cell.value is not None]
    if not known or not table.by:
        return ""

    def told(cell: Cell) -> str:
        where = (named(visit.reader, d, k, names) for d, k in zip(table.by, cell.keys, strict=True))
        return f"{', '.join(where)} ({shown(visit.reader, cell.value, table.measure.unit, cell.currency)})"

    most, least = max(known, key=lambda c: c.value or 0), min(known, key=lambda c: c.value or 0)
    return visit.reader.text("Most: %(most)s. Least: %(least)s.", most=told(most), least=told(least))
