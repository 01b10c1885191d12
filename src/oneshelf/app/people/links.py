"""Whose identifiers are, as a table for the engine."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from oneshelf.books import identity
from oneshelf.books.database import Connection

_SCHEMA: Final = pa.schema([("identifier", pa.string()), ("person_id", pa.string())])


def links_of(connection: Connection) -> pa.Table:
    """Every linked identifier with its person: identifier, person_id."""
    pairs = identity.links(connection)
    columns = ([one for one, _ in pairs], [person_id for _, person_id in pairs])
    return pa.Table.from_arrays([pa.array(column, pa.string()) for column in columns], schema=_SCHEMA)
