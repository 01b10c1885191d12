"""The spool: judged rows on disk, so that a file larger than memory can be grouped into receipts and put into time order.

A private SQLite file in a temporary folder, gone when the spool is closed. It is a tool of this source, not a place for data:
no durability, no sharing.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import msgspec

from oneshelf.connect.ports import LineProblem
from oneshelf.errors import Problem
from oneshelf.events.envelope import Event
from oneshelf.words.goods import Product

#: (line, ordinal within the line, receipt or row key, kind, microseconds since 1970, person, place, event)
SpooledRow = tuple[int, int, bytes, str, int, str | None, str, bytes]

_SCHEMA = """
create table row(line integer, item integer, key blob, kind text, at integer, person text, place text, data blob);
create table refused(line integer, key blob);
create table problem(line integer, field text, value text, cause text, remedy text, refused integer);
create table product(id text primary key, data blob) without rowid;
create table place(id text primary key) without rowid;
"""

_SETTLE = """
create index row_key on row(key, kind);
create table bad_key as select distinct key from refused where key is not null;
create index bad_key_key on bad_key(key);
create table happened as
    select key, kind, min(at) as at, min(line) as line from row
    where key not in (select key from bad_key) group by key, kind;
"""

_encode = msgspec.msgpack.Encoder().encode
_event = msgspec.msgpack.Decoder(Event)
_product = msgspec.msgpack.Decoder(Product)


class Spool:
    """Rows in, groups of rows out in the order of their earliest time."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="oneshelf-")
        self._connection = sqlite3.connect(
            Path(self._folder.name) / "spool.db", isolation_level=None, check_same_thread=False
        )
        for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-65536", "temp_store=file"):
            self._connection.execute(f"pragma {pragma}")
        self._connection.executescript(_SCHEMA)
        self._connection.execute("begin")

    def add(self, rows: Iterable[SpooledRow]) -> None:
        """Keep judged rows."""
        self._connection.executemany("insert into row values (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def refuse(self, problems: Iterable[tuple[LineProblem, bytes | None]]) -> None:
        """Keep problems, each with the key of its receipt where that could be read."""
        for told, key in problems:
            problem = told.problem
            self._connection.execute(
                "insert into problem values (?, ?, ?, ?, ?, ?)",
                (problem.at, problem.field, problem.value, problem.cause, problem.remedy, told.refused),
            )
            if told.refused:
                self._connection.execute("insert into refused values (?, ?)", (problem.at, key))

    def name_products(self, products: Iterable[Product]) -> None:
        """Keep products; a later name replaces an earlier one."""
        rows = ((product.id, _encode(product)) for product in products)
        self._connection.executemany("insert or replace into product values (?, ?)", rows)

    def name_places(self, places: Iterable[str]) -> None:
        """Keep the ids of places."""
        self._connection.executemany("insert or ignore into place values (?)", ((place,) for place in places))

    def settle(self, receipts: Iterable[str]) -> None:
        """All rows are in: find receipts that name two people or places, then what happened when."""
        self._connection.execute("create index row_early on row(key)")
        marks = ", ".join("?" for _ in receipts)
        contradictions = self._connection.execute(
            f"""select key, max(line), count(distinct person) > 1 from row where kind in ({marks})
            group by key having count(distinct person) > 1 or count(distinct place) > 1""",  # noqa: S608  # only question marks
            tuple(receipts),
        ).fetchall()
        self.refuse((_contradiction(line, bool(people)), key) for key, line, people in contradictions)
        self._connection.execute("drop index row_early")
        for statement in filter(str.strip, _SETTLE.split(";")):
            self._connection.execute(statement)

    def groups(self) -> Iterator[tuple[bytes, str, list[Event]]]:
        """The rows that happened: those of one receipt or of identical rows together, by earliest time, then by line."""
        cursor = self._connection.execute(
            """select h.key, h.kind, row.data from happened h join row on row.key = h.key and row.kind = h.kind
            order by h.at, h.line, h.kind, h.key, row.line, row.item"""
        )
        for (key, kind), rows in groupby(cursor, key=lambda row: (row[0], row[1])):
            yield key, kind, [_event.decode(data) for _, _, data in rows]

    def rows_by_kind(self) -> dict[str, tuple[int, int]]:
        """Kind -> how many groups happened, of how many rows."""
        counted = self._connection.execute(
            """select h.kind, count(distinct h.key), count(*) from happened h
            join row on row.key = h.key and row.kind = h.kind group by h.kind order by h.kind"""
        )
        return {kind: (groups, rows) for kind, groups, rows in counted}

    def problems(self) -> Iterator[LineProblem]:
        """Every problem by line."""
        for *told, refused in self._connection.execute("select * from problem order by line, rowid"):
            line, field, value, cause, remedy = told
            problem = Problem(at=line, field=field, value=value, cause=cause, remedy=remedy)
            yield LineProblem(problem=problem, refused=bool(refused))

    def problem_count(self) -> int:
        """How many problems there are."""
        return int(self._connection.execute("select count(*) from problem").fetchone()[0])

    def refused_lines(self) -> Iterator[tuple[int, str]]:
        """Every line that is not loaded, with the reason: its own, or the line that spoils its receipt."""
        yield from self._connection.execute(
            """with own as (select line, group_concat(field || ' ' || cause, ' ') as why from problem where refused group by line),
            spoilt as (select row.line, min(refused.line) as by_line from row join refused on refused.key = row.key group by row.line)
            select line, why from own
            union all select line, 'Its receipt was refused for line ' || by_line || '.' from spoilt
                where line not in (select line from own)
            order by 1"""
        )

    def products(self) -> Iterator[Product]:
        """The products by id."""
        for (data,) in self._connection.execute("select data from product order by id"):
            yield _product.decode(data)

    def places(self) -> list[str]:
        """The ids of places in order."""
        return [place for (place,) in self._connection.execute("select id from place order by id")]

    def close(self) -> None:
        """Remove the file."""
        self._connection.close()
        self._folder.cleanup()


def _contradiction(line: int, people: bool) -> LineProblem:
    field, what = ("person", "people") if people else ("place", "places")
    cause = f"differs within one receipt: its lines name two {what}."
    remedy = "Where order numbers are used again, let order read more columns, such as the day or the till."
    return LineProblem(problem=Problem(at=line, field=field, value="", cause=cause, remedy=remedy))
