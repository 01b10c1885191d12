"""How an event lies in the lake: one table a kind, its columns derived from the kind's own type.

Nothing is written twice: a field that a kind gains is a column of its table, null in older files. Beside them lies what is worked out here once because
engines would work it out differently.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from operator import attrgetter
from typing import Any, cast

import msgspec
import msgspec.inspect as mi
import pyarrow as pa

from oneshelf.errors import InvalidInput
from oneshelf.events.catalogue import KINDS
from oneshelf.events.envelope import Recorded
from oneshelf.insight.people.told import TRAITS, query_key, trait_columns

#: Every moment in the lake: microseconds, UTC.
MOMENT = pa.timestamp("us", "UTC")

#: The partition column of every event table: the business day of the event's place.
DAY = "day"

#: Values of one field over many events -> that field's Arrow array.
Build = Callable[[Sequence[Any]], pa.Array]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its Arrow type, and how to build it from the field's values."""

    name: str
    type: pa.DataType
    build: Build


#: What every event table begins with: the envelope and the place in the journal, by where they lie in a `Recorded`.
_ENVELOPE: tuple[tuple[str, pa.DataType, str], ...] = (
    ("event_id", pa.string(), "event.id"),
    ("source", pa.string(), "event.source"),
    ("happened_at", MOMENT, "event.happened_at"),
    ("recorded_at", MOMENT, "recorded_at"),
    ("offset", pa.int64(), "offset"),
    ("index", pa.int32(), "index"),
    ("user_id", pa.string(), "event.who.user_id"),
    ("anonymous_id", pa.string(), "event.who.anonymous_id"),
    ("identifiers", pa.list_(pa.field("element", pa.string())), "event.who.identifiers"),
    ("person_id", pa.string(), "event.who.person_id"),
    ("place_id", pa.string(), "event.place_id"),
    ("channel", pa.string(), "event.channel"),
    ("simulated", pa.bool_(), "event.simulated"),
)

_SCALARS: dict[type[mi.Type], pa.DataType] = {
    mi.StrType: pa.string(),
    mi.IntType: pa.int64(),
    mi.FloatType: pa.float64(),
    mi.BoolType: pa.bool_(),
    mi.DateTimeType: MOMENT,
    mi.DateType: pa.date32(),
}

#: What is worked out of a kind's body, by the names of its columns, all of text.
_WORKED_OUT: dict[str, tuple[tuple[str, ...], Callable[[Any], Sequence[str | None]]]] = {
    "products.searched": (("query_key",), lambda body: (query_key(body.query),)),
    "person.identified": (
        tuple(column for name in TRAITS for column in (f"{name}_told", name)),
        lambda body: tuple(trait_columns(body.traits).values()),
    ),
}

_LITERALS: dict[type, pa.DataType] = {str: pa.string(), int: pa.int64()}


def table_name(kind: str) -> str:
    """The lake's table of a kind: `order.completed` lies in `order_completed`."""
    return kind.replace(".", "_")


def arrow_schema(kind: str) -> pa.Schema:
    """The columns of a kind's table, the partition column `day` last. Raises InvalidInput for an unknown kind."""
    fields = [pa.field(name, type_) for name, type_, _ in _ENVELOPE]
    fields += [pa.field(column.name, column.type) for column in body_columns(kind)]
    names, _ = _WORKED_OUT.get(kind, ((), None))
    fields += [pa.field(name, pa.string()) for name in names]
    return pa.schema([*fields, pa.field(DAY, pa.date32())])


def rows_of(kind: str, recorded: Sequence[Recorded], days: Sequence[date]) -> pa.Table:
    """Turn events of one kind and their business days into the rows of its table, column by column."""
    arrays = [pa.array(list(map(attrgetter(path), recorded)), type_) for _, type_, path in _ENVELOPE]
    bodies = [each.event.body for each in recorded]
    arrays += [column.build(list(map(attrgetter(column.name), bodies))) for column in body_columns(kind)]
    if kind in _WORKED_OUT:
        names, work_out = _WORKED_OUT[kind]
        values = list(map(work_out, bodies))
        arrays += [pa.array([each[at] for each in values], pa.string()) for at in range(len(names))]
    return pa.Table.from_arrays([*arrays, pa.array(days, pa.date32())], schema=arrow_schema(kind))


@cache
def body_columns(kind: str) -> tuple[Column, ...]:
    """The columns that a kind's own fields make."""
    try:
        body = KINDS[kind]
    except KeyError:
        raise InvalidInput.of(
            "kind", kind, "is not in the catalogue.", f"Known: {', '.join(sorted(KINDS))}."
        ) from None
    return columns_of(body)


def columns_of(body: type[msgspec.Struct]) -> tuple[Column, ...]:
    """Derive the columns of any body type. Raises InvalidInput for a field that has no column type."""
    info = cast(mi.StructType, mi.type_info(body))
    taken = {name for name, _, _ in _ENVELOPE} | {DAY}
    columns = []
    for field in info.fields:
        if field.name in taken:
            raise InvalidInput.of(
                field.name, body.__name__, "is a column of every event already.", "Choose another field name."
            )
        type_, build = _storage(field.type, f"{body.__name__}.{field.name}")
        columns.append(Column(field.name, type_, build))
    return tuple(columns)


def _storage(info: mi.Type, where: str) -> tuple[pa.DataType, Build]:
    """The Arrow type of a msgspec type, and how its values become an array."""
    match info:
        case mi.Metadata(type=inner):
            found = _storage(inner, where)
        case mi.UnionType(types=types) if (
            len(members := [one for one in types if not isinstance(one, mi.NoneType)]) == 1
        ):
            found = _storage(members[0], where)
        case mi.LiteralType(values=values) if (
            len(kinds := {type(value) for value in values} & _LITERALS.keys()) == 1
        ):
            found = _scalar(_LITERALS[kinds.pop()])
        case mi.VarTupleType(item_type=item) | mi.ListType(item_type=item):
            found = _list(item, where)
        case mi.StructType():
            found = _struct(info, where)
        case mi.DictType() | mi.AnyType():
            # What a sender puts here has no fixed form; as JSON text every engine can open it.
            found = pa.string(), _json
        case _ if type(info) in _SCALARS:
            found = _scalar(_SCALARS[type(info)])
        case _:
            raise InvalidInput.of(
                where,
                type(info).__name__,
                "has no column type.",
                "Use str, int, float, bool, datetime, date, structs, lists or dicts.",
            )
    return found


def _scalar(type_: pa.DataType) -> tuple[pa.DataType, Build]:
    return type_, lambda values: pa.array(values, type_)


def _json(values: Sequence[Any]) -> pa.Array:
    encode = msgspec.json.encode
    return pa.array([None if value is None else encode(value).decode() for value in values], pa.string())


def _list(item: mi.Type, where: str) -> tuple[pa.DataType, Build]:
    item_type, item_build = _storage(item, f"{where}[]")
    list_type = pa.list_(pa.field("element", item_type))

    def build(values: Sequence[Any]) -> pa.Array:
        ends = [0]
        for value in values:
            ends.append(ends[-1] + (len(value) if value is not None else 0))
        items = item_build([each for value in values if value is not None for each in value])
        missing = pa.array([value is None for value in values], pa.bool_())
        return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), items, type=list_type, mask=missing)

    return list_type, build


def _struct(info: mi.StructType, where: str) -> tuple[pa.DataType, Build]:
    storages = [_storage(field.type, f"{where}.{field.name}") for field in info.fields]
    fields = [pa.field(field.name, type_) for field, (type_, _) in zip(info.fields, storages, strict=True)]

    def build(values: Sequence[Any]) -> pa.Array:
        arrays = [
            part([None if value is None else getattr(value, field.name) for value in values])
            for field, (_, part) in zip(fields, storages, strict=True)
        ]
        missing = pa.array([value is None for value in values], pa.bool_())
        return pa.StructArray.from_arrays(arrays, fields=fields, mask=missing)

    return pa.struct(fields), build
