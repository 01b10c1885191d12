"""Which events are known: the sixteen bytes of `words.ids.digest(source, id)` of each, for ever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from oneshelf.books.bulk import among, chunks, put
from oneshelf.books.schema.journal import seen


def unseen(connection: Connection, keys: Sequence[bytes]) -> set[bytes]:
    """Those of the keys that are new."""
    new = set(keys)
    for chunk in chunks(list(new)):
        new.difference_update(
            connection.scalars(select(seen.c.digest).where(among(connection, seen.c.digest, chunk)))
        )
    return new


def mark(connection: Connection, keys: Iterable[bytes]) -> None:
    """Remember keys; those known already stay."""
    # In order of the index: neighbours land on the same page.
    put(connection, seen, [{"digest": key} for key in sorted(set(keys))])
