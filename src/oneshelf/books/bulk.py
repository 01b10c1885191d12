"""Many rows by one statement, on both databases. The only place that knows how they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Float,
    LargeBinary,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    column,
    exc,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from oneshelf.books.columns import Moment
from oneshelf.words.time import check_aware

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


def are_keys(connection: Connection, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    """The columns together are one of the keys given by `keys_given`, found by an index that begins with them.

    SQLite gets them as one JSON text: for `IN (VALUES ...)` of several columns 3.40 reads the whole table.
    """
    together = tuple_(*columns)
    if connection.dialect.name != "postgresql":
        given = func.json_each(bindparam("keys", type_=Text)).table_valued("value").c.value
        return together.in_(select(*(func.json_extract(given, f"$[{at}]") for at in range(len(columns)))))
    names = [f"keys_{at}" for at in range(len(columns))]
    arrays = [bindparam(name, type_=ARRAY(one.type)) for name, one in zip(names, columns, strict=True)]
    return together.in_(select(*func.unnest(*arrays).table_valued(*names).render_derived().c))


def keys_given(connection: Connection, keys: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """What a statement with `are_keys` is executed with; at least one key, and at most CHUNK_MAX of them."""
    if connection.dialect.name != "postgresql":
        return {"keys": msgspec.json.encode(keys).decode()}
    return {f"keys_{at}": list(values) for at, values in enumerate(zip(*keys, strict=True))}


def present(connection: Connection, key: ColumnElement[V], values: Sequence[V]) -> set[V]:
    """Those of `values` that the indexed column `key` has; at most CHUNK_MAX of them.

    One look into the index a value: asked to join, PostgreSQL reads a table that was small a while ago from end to end.
    """
    if connection.dialect.name != "postgresql":
        return set(connection.scalars(select(key).where(key.in_(values)).distinct()))
    asked = func.unnest(literal(list(values), ARRAY(key.type))).table_valued("value").render_derived()
    there = select(true()).where(key == asked.c.value).limit(1).scalar_subquery()
    return set(connection.scalars(select(asked.c.value).where(there)))


@contextmanager
def unanswered(connection: Connection) -> Iterator[None]:
    """Send what this block writes without waiting for each answer; all of them are awaited at its end.

    Nothing may be read in it: what is asked is not answered either.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.dbapi_connection
    base: Any = connection.dialect.loaded_dbapi.Error
    try:
        with driver.pipeline():
            yield
    except base as error:  # of the last answers, which SQLAlchemy does not await
        raise exc.DBAPIError.instance(None, None, error, base, dialect=connection.dialect) from error


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
    _execute(connection, _upsert(connection.dialect.name, table, names, update, where), table, names, rows)


def add(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows with the same fields, none of which is there already: a key that is taken is an error."""
    if not rows:
        return
    names = tuple(rows[0])
    _execute(connection, _insert(connection.dialect.name, table, names), table, names, rows)


def change(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Change rows that are there: of each the primary key and what is to be set, the same fields for all, none of them a blob."""
    if not rows:
        return
    names = tuple(rows[0])
    if connection.dialect.name == "postgresql":
        statement = _change(table, names)
        for document in _documents(table, names, rows):
            connection.execute(statement, {"rows": document})
        return
    statement = table.update().where(
        *(column == bindparam(f"of_{column.name}") for column in table.primary_key)
    )
    keys = {column.name: f"of_{column.name}" for column in table.primary_key}
    for chunk in _statements(rows):
        told = [{keys.get(name, name): value for name, value in row.items()} for row in chunk]
        connection.execute(statement, told)


@lru_cache(maxsize=256)
def _change(table: Table, names: tuple[str, ...]) -> Any:
    told = _told_in_json(table, names)
    keys = [column.name for column in table.primary_key]
    return (
        table.update()
        .where(*(table.c[name] == told.c[name] for name in keys))
        .values({name: told.c[name] for name in names if name not in keys})
    )


def _execute(
    connection: Connection,
    insert: Any,
    table: Table,
    names: tuple[str, ...],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    if connection.dialect.name != "postgresql":
        for chunk in _statements(rows):
            connection.execute(insert, list(chunk))
    elif _is_told_in_json(table, names):
        for document in _documents(table, names, rows):
            connection.execute(insert, {"rows": document})
    else:
        for chunk in _statements(rows):
            connection.execute(insert, {name: [row[name] for row in chunk] for name in names})


@lru_cache(maxsize=256)
def _insert(dialect: str, table: Table, names: tuple[str, ...]) -> Any:
    """The statement that inserts rows. Building one takes longer than running it with few rows, so it is kept."""
    if dialect != "postgresql":
        return sqlite.insert(table)
    # One parameter, or one a column, instead of one a value: one statement, planned once, whatever the number of rows.
    source = _told_in_json(table, names) if _is_told_in_json(table, names) else _told_in_arrays(table, names)
    return postgresql.insert(table).from_select(names, select(*(source.c[name] for name in names)))


def _told_in_arrays(table: Table, names: tuple[str, ...]) -> Any:
    arrays = [bindparam(name, type_=ARRAY(table.c[name].type, dimensions=1)) for name in names]
    return func.unnest(*arrays).table_valued(*names).render_derived()


def _told_in_json(table: Table, names: tuple[str, ...]) -> Any:
    document = cast(bindparam("rows", type_=Text), postgresql.JSONB)
    columns = [column(name, table.c[name].type) for name in names]
    return func.jsonb_to_recordset(document).table_valued(*columns).render_derived(with_types=True)


@lru_cache(maxsize=256)
def _is_told_in_json(table: Table, names: tuple[str, ...]) -> bool:
    """Whether JSON holds a table's rows exactly. It costs a third of arrays, of which the driver packs each value in Python."""
    return not any(isinstance(table.c[name].type, LargeBinary | Float) for name in names)


def _documents(table: Table, names: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Rows as JSON lists, each as long as one statement holds."""
    moments = [name for name in names if isinstance(table.c[name].type, Moment)]
    told: list[bytes] = []
    size = 0
    for row in rows:
        for name in moments:
            if row[name] is not None:
                check_aware(row[name], name)
        one = msgspec.json.encode(row)
        if told and (len(told) == ROWS_MAX or size + len(one) > BYTES_MAX):
            yield (b"[%b]" % b",".join(told)).decode()
            told, size = [], 0
        told.append(one)
        size += len(one)
    yield (b"[%b]" % b",".join(told)).decode()


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
