"""Many rows by one statement, on both databases. The only place that knows how they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Connection, Table, any_, bindparam, func, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

V = TypeVar("V")

#: Values in one `among`; SQLite takes at most 32,766 parameters a statement.
CHUNK_MAX: Final = 10_000

#: Rows in one statement of `put`, and the blobs and text in it: PostgreSQL closes the connection beyond 1 GB.
ROWS_MAX: Final = 20_000
BYTES_MAX: Final = 32 * 2**20

#: From the refused row's columns, what to set in the row that is there.
Update = Callable[[Any], Mapping[str, Any]]


def chunks(values: Sequence[V], size: int = CHUNK_MAX) -> Iterator[Sequence[V]]:
    """Cut a sequence into runs of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def among(connection: Connection, column: ColumnElement[V], values: Sequence[V]) -> ColumnElement[bool]:
    """`column` is one of `values`; at most CHUNK_MAX of them."""
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.type)))
    return column.in_(values)


def among_pairs(
    connection: Connection,
    first: ColumnElement[str],
    second: ColumnElement[str],
    pairs: Sequence[tuple[str, str]],
) -> ColumnElement[bool]:
    """(`first`, `second`) is one of `pairs`, found by an index that begins with the two; at most CHUNK_MAX of them."""
    both = tuple_(first, second)
    if connection.dialect.name != "postgresql":
        return both.in_(pairs)
    columns = zip(*pairs, strict=True)
    arrays = [
        literal(list(values), ARRAY(column.type))
        for values, column in zip(columns, (first, second), strict=True)
    ]
    return both.in_(select(*func.unnest(*arrays).table_valued("a", "b").render_derived().c))


def put(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    update: Update | None = None,
    where: Callable[[Any], ColumnElement[bool]] | None = None,
) -> None:
    """Insert rows; where the primary key is there already, `update` the row (if `where` holds) or leave it.

    Rows must have the same fields and different keys.
    """
    if not rows:
        return
    names = tuple(rows[0])
    _execute(connection, _upsert(connection.dialect.name, table, names, update, where), names, rows)


def add(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows with the same fields, none of which is there already: a key that is taken is an error."""
    if not rows:
        return
    names = tuple(rows[0])
    _execute(connection, _insert(connection.dialect.name, table, names), names, rows)


def _execute(
    connection: Connection, insert: Any, names: tuple[str, ...], rows: Sequence[Mapping[str, Any]]
) -> None:
    on_postgres = connection.dialect.name == "postgresql"
    for chunk in _statements(rows):
        connection.execute(
            insert, {name: [row[name] for row in chunk] for name in names} if on_postgres else list(chunk)
        )


@lru_cache(maxsize=256)
def _insert(dialect: str, table: Table, names: tuple[str, ...]) -> Any:
    """The statement that inserts rows. Building one takes longer than running it with few rows, so it is kept."""
    if dialect != "postgresql":
        return sqlite.insert(table)
    # One array a column instead of one parameter a value: one statement, planned once, whatever the number of rows.
    arrays = [bindparam(name, type_=ARRAY(table.c[name].type, dimensions=1)) for name in names]
    source = func.unnest(*arrays).table_valued(*names).render_derived()
    return postgresql.insert(table).from_select(names, select(*(source.c[name] for name in names)))


@lru_cache(maxsize=256)
def _upsert(
    dialect: str,
    table: Table,
    names: tuple[str, ...],
    update: Update | None,
    where: Callable[[Any], ColumnElement[bool]] | None,
) -> Any:
    """The statement of `put`. It is kept: hand in functions of a module, or it is built each time."""
    insert = _insert(dialect, table, names)
    key = [column.name for column in table.primary_key]
    if update is None:
        return insert.on_conflict_do_nothing(index_elements=key)
    condition = None if where is None else where(insert.excluded)
    return insert.on_conflict_do_update(
        index_elements=key, set_=dict(update(insert.excluded)), where=condition
    )


def _statements(rows: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Cut rows into runs that one statement holds; a row larger than that has one of its own."""
    start = size = 0
    for place, row in enumerate(rows):
        added = sum(len(value) for value in row.values() if isinstance(value, bytes | str))
        if place > start and (place - start == ROWS_MAX or size + added > BYTES_MAX):
            yield rows[start:place]
            start, size = place, 0
        size += added
    yield rows[start:]


@cache
def replace(table: Table) -> Update:
    """Set every field but the key from the refused row: the last one wins."""
    names = [column.name for column in table.columns if not column.primary_key]
    return lambda given: {name: given[name] for name in names}
