"""The engine switch: analysis is written once, as Ibis expressions, and runs here on DuckDB, there on Spark."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Hashable
from datetime import date
from itertools import count
from threading import RLock
from typing import Protocol

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.common.exceptions import IbisError

from oneshelf.errors import NotFound, Unavailable
from oneshelf.lake.schema import MOMENT, arrow_schema, table_name
from oneshelf.lake.tables import Group, Lake, Snapshot

#: How many scans an engine remembers. A scan is one version of one table; expressions built on a forgotten one must be built again.
SCANS_MAX = 256


class Engine(Protocol):
    """Where analysis runs. Tables are Ibis tables; `run` turns an expression of them into Arrow rows.

    Every engine answers the same expression with the same rows and the same column types. Calls from several threads wait for one another.
    """

    name: str

    def events(self, kind: str, *, days: tuple[date, date] | None = None) -> ir.Table:
        """The events of a kind, of all days or from the first to the last given; empty when there are none."""
        ...

    def reference(self, name: str, schema: pa.Schema | None = None) -> ir.Table:
        """A reference table in its newest version. When there is none: empty with `schema`, else NotFound."""
        ...

    def derived(self, name: str, schema: pa.Schema, *, days: tuple[date, date] | None = None) -> ir.Table:
        """A derived table under these columns, of all days or from the first to the last given; empty when there is none."""
        ...

    def memory(self, table: pa.Table) -> ir.Table:
        """Rows that are in memory, for use in one expression with the others."""
        ...

    def run(self, expression: ir.Expr) -> pa.Table:
        """Run an expression. Raises Unavailable when the engine cannot; a scalar comes back as one row."""
        ...

    def close(self) -> None:
        """Let go of what the engine holds."""
        ...


class LakeEngine(ABC):
    """What the engines share: finding the files of a table and giving them the columns of today."""

    name: str

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._lock = RLock()
        self._number = count(1)
        self._scans: OrderedDict[Hashable, ir.Table] = OrderedDict()

    def events(self, kind: str, *, days: tuple[date, date] | None = None) -> ir.Table:
        """The events of a kind; see Engine."""
        return self._table("events", table_name(kind), arrow_schema(kind), days)

    def reference(self, name: str, schema: pa.Schema | None = None) -> ir.Table:
        """A reference table in its newest version; see Engine."""
        return self._table("reference", name, schema)

    def derived(self, name: str, schema: pa.Schema, *, days: tuple[date, date] | None = None) -> ir.Table:
        """A derived table; see Engine."""
        return self._table("derived", name, schema, days)

    def memory(self, table: pa.Table) -> ir.Table:
        """Rows that are in memory; see Engine."""
        return ibis.memtable(table)

    def run(self, expression: ir.Expr) -> pa.Table:
        """Run an expression; see Engine."""
        with self._lock:
            try:
                return normal(self._run(expression))
            except IbisError as error:
                raise Unavailable(
                    f"A part of this analysis cannot run on {self.name}.",
                    "Run it on another engine, or write it differently.",
                ) from error
            except pa.ArrowException as error:
                raise Unavailable(
                    f"{self.name} gave values that do not fit the declared types.",
                    "Cast the column to a wider type.",
                ) from error

    def _table(
        self, group: Group, name: str, schema: pa.Schema | None, days: tuple[date, date] | None = None
    ) -> ir.Table:
        snapshot = self._lake.snapshot(group, name, days)
        if schema is None:
            if snapshot is None:
                raise NotFound(f"There is no {group} table {name} in the lake.", "Load it first.")
            schema = snapshot.schema
        with self._lock:
            if snapshot is None or not snapshot.files:
                return self.memory(schema.empty_table())
            return conformed(self._scan_of((group, name, snapshot.version, days), snapshot), schema)

    def _scan_of(self, key: tuple[str, str, int, tuple[date, date] | None], snapshot: Snapshot) -> ir.Table:
        if key not in self._scans:
            self._scans[key] = self._scan(f"{key[0]}_{key[1]}_{next(self._number)}", snapshot)
            while len(self._scans) > SCANS_MAX:
                self._forget(self._scans.popitem(last=False)[1])
        self._scans.move_to_end(key)
        return self._scans[key]

    @abstractmethod
    def close(self) -> None:
        """Let go of what the engine holds."""

    @abstractmethod
    def _scan(self, name: str, snapshot: Snapshot) -> ir.Table:
        """The files of a snapshot as a table under a name of its own."""

    @abstractmethod
    def _forget(self, scan: ir.Table) -> None:
        """Drop what `_scan` made."""

    @abstractmethod
    def _run(self, expression: ir.Expr) -> pa.Table:
        """The rows as the engine gives them. Raises Unavailable."""


def conformed(table: ir.Table, schema: pa.Schema) -> ir.Table:
    """The table under exactly these columns. Files may be older than a field, or all of them: then it is null."""
    wanted = ibis.schema(schema)
    return table.select(
        **{
            name: table[name].cast(type_) if name in table.columns else ibis.null().cast(type_)
            for name, type_ in wanted.items()
        }
    )


def normal(rows: pa.Table) -> pa.Table:
    """The same rows under the types that every engine shares: moments in microseconds UTC, plain strings and lists."""
    schema = pa.schema([pa.field(field.name, _normal(field.type)) for field in rows.schema])
    return rows.cast(schema)


def _normal(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(type_):
        return MOMENT if type_.tz else pa.timestamp("us")
    if pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return pa.string()
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return pa.list_(pa.field("element", _normal(type_.value_type)))
    if pa.types.is_struct(type_):
        return pa.struct([pa.field(field.name, _normal(field.type)) for field in type_])
    return type_
