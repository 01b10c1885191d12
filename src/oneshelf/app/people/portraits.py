"""The night's run over everybody: the table `portraits` in the lake, and in the books what only such a run can tell of a person.

The table is a pipeline over the events as they are tonight, so that late ones correct whatever they touch. Steps that follow it
(what models expect, tiers) take the table and give it back with their columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec
import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.app.goods.products_table import products_table
from oneshelf.app.people import tiering
from oneshelf.app.people.links import links_of
from oneshelf.app.people.nightly import TABLE, nights, put_note
from oneshelf.app.people.value import CHOICES, expected_of_everybody
from oneshelf.books import nights as books
from oneshelf.books import places as books_places
from oneshelf.books.nights import ModelledRow, Subject
from oneshelf.insight.clock import spans
from oneshelf.insight.people.fields import FIELDS, ORDER, Type
from oneshelf.insight.people.portraits import KINDS_READ, Clocks, portraits
from oneshelf.insight.people.portraits_taste import everybodys_baskets, everybodys_shares
from oneshelf.words.time import EARLIEST, business_day

#: A step after the pipeline: the table as of a moment, with more columns.
Enrich = Callable[[Core, pa.Table, datetime], pa.Table]

#: How many nights the lake keeps, so that two dates can be compared.
NIGHTS_KEPT: Final = 35

#: Rows of the books in one turn of the writer, which others wait for.
ROWS_A_TURN: Final = 5_000

_ARROW: Final[Mapping[Type, pa.DataType]] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "moment": pa.timestamp("us", "UTC"),
    "flag": pa.bool_(),
}

#: The columns of the derived table, one a field of the portrait.
SCHEMA: Final = pa.schema(
    [
        *((name, _ARROW[field.type]) for name, field in FIELDS.items()),
        ("modelled_at", pa.timestamp("us", "UTC")),
        ("day", pa.date32()),
    ]
)

_PLACES: Final = pa.schema([("place_id", pa.string()), ("time_zone", pa.string())])


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    people: int
    day: date


def compute(core: Core, now: datetime) -> pa.Table:
    """Everybody's portrait as of `now`, from the lake, without what later steps add."""
    with core.analysis:
        return core.engine.run(_expression(core, now))


def _expression(core: Core, now: datetime) -> Any:
    with core.database.read() as connection:
        links = links_of(connection)
    return portraits(
        {kind: core.engine.events(kind) for kind in KINDS_READ},
        links=core.engine.memory(links),
        products=products_table(core, ["category", "brand"]),
        now=now,
        clocks=_clocks(core, now),
    )


def _clocks(core: Core, now: datetime) -> Clocks:
    """The zones of all places, for the days on which somebody ordered."""
    own = core.settings.time_zone
    with core.database.read() as connection:
        known = {place.id: place.time_zone for place in books_places.places(connection).values()}
    ordered = core.lake.days("order.completed")
    days = (max(min(ordered, default=now.date()), EARLIEST.date()), max(ordered, default=now.date()))
    columns = [list(known), list(known.values())]
    places = pa.Table.from_arrays([pa.array(each, pa.string()) for each in columns], schema=_PLACES)
    return Clocks(
        places=core.engine.memory(places),
        zones={name: spans(name, days) for name in sorted({own, *known.values()})},
        own=own,
    )


def _expectations(core: Core, rows: pa.Table, now: datetime) -> pa.Table:
    """What the best model expects of each; unknown for whoever never ordered."""
    day = business_day(now, core.settings.time_zone)
    expected, choice = expected_of_everybody(core, as_of=day)
    put_note(core, CHOICES, day, msgspec.json.encode(choice).decode())
    numbered = rows.append_column("place", pa.array(range(rows.num_rows)))
    return numbered.join(expected, "person_id").sort_by("place").drop_columns(["place"])


#: The steps after the pipeline, in order: tiers may be judged by what models expect.
ENRICH: tuple[Enrich, ...] = (_expectations, tiering.enrich)


def run(core: Core, now: datetime) -> Night:
    """Compute everybody's portrait as of `now`, and put it where analysts, tills and the app find it. Running it again changes nothing."""
    rows = compute(core, now)
    for enrich in ENRICH if rows.num_rows else ():
        rows = enrich(core, rows, now)
    day = business_day(now, core.settings.time_zone)
    known = nights(core)
    # a night of a later day was run under another clock; the newest one is what everybody reads
    gone = {each for each in known if each > day or each <= day - timedelta(days=NIGHTS_KEPT)}
    core.lake.replace_days(TABLE, _complete(rows, now, day), {day, *gone})
    shares = _shares(core)
    core.database.writer.write(lambda connection: books.put_shares(connection, shares))
    for chunk in _modelled(rows, now):
        core.database.writer.write(partial(books.put_modelled, rows=chunk))
    core.database.writer.write(lambda connection: books.forget_older(connection, now))
    return Night(people=rows.num_rows, day=day)


def _complete(rows: pa.Table, now: datetime, day: date) -> pa.Table:
    """The rows under `SCHEMA`; what no step gave is unknown."""
    known = {
        "modelled_at": pa.array([now] * rows.num_rows, SCHEMA.field("modelled_at").type),
        "day": pa.array([day] * rows.num_rows, pa.date32()),
    }
    columns = [
        known[field.name]
        if field.name in known
        else rows[field.name].cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _shares(core: Core) -> dict[Subject, dict[str, float]]:
    """Everybody's share of baskets, by category and by brand."""
    with core.analysis:
        orders = core.engine.events(ORDER)
        baskets = core.engine.memory(
            core.engine.run(everybodys_baskets(orders, products_table(core, ["category", "brand"])))
        )
        found: dict[Subject, dict[str, float]] = {}
        subjects: tuple[Subject, ...] = ("category", "brand")
        for subject in subjects:
            shares = core.engine.run(everybodys_shares(baskets, subject))
            found[subject] = dict(zip(shares["name"].to_pylist(), shares["share"].to_pylist(), strict=True))
        return found


def _modelled(rows: pa.Table, now: datetime) -> Iterator[list[dict[str, Any]]]:
    names = [name for name in ModelledRow.__struct_fields__ if name != "modelled_at"]
    kept = rows.select([name for name in names if name in rows.column_names])
    nothing = dict.fromkeys(names)
    for start in range(0, rows.num_rows, ROWS_A_TURN):
        yield [nothing | row | {"modelled_at": now} for row in kept.slice(start, ROWS_A_TURN).to_pylist()]
