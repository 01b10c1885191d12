"""The journal: every batch of events as it was received, in one order, for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any, Final

import msgspec
import zstandard
from sqlalchemy import Connection, Row, func, select

from oneshelf.books.bulk import add
from oneshelf.books.database import Database
from oneshelf.books.schema.journal import journal
from oneshelf.errors import InvalidInput
from oneshelf.words.time import check_aware

#: Bytes of data, unpacked, after which a read stops early: decoded, hostile events are some twenty times as large.
READ_BYTES_MAX: Final = 32 * 2**20

#: Below this packing saves less than it costs.
_PACK_BYTES_MIN: Final = 512


class Batch(msgspec.Struct, frozen=True):
    """Events as they were received: `count` of them in `data`, written by `codec`."""

    codec: str
    source: str
    count: int
    data: bytes
    recorded_at: datetime

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InvalidInput.of("count", self.count, "is no number of events.", "Expected at least 1.")
        # A group of batches is one statement: what the database would refuse must not get that far.
        for field, value in (("codec", self.codec), ("source", self.source)):
            if not value or not value.isprintable():
                raise InvalidInput.of(field, value, "is no name.", "Use printable characters.")
        check_aware(self.recorded_at, "recorded_at")


class JournalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A batch with its place in the journal."""

    offset: int
    codec: str
    source: str
    count: int
    data: bytes
    recorded_at: datetime


class Journal:
    """Append and read. Offsets are dense, start at 1, and become visible in their order, whoever writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._packer = zstandard.ZstdCompressor(level=1)  # only ever used by the writer's thread

    def append(self, batch: Batch) -> Future[int]:
        """Queue a batch; the future answers with its offset once it is durable."""
        return self._database.writer.gather(self._insert, batch, len(batch.data))

    def append_async(self, batch: Batch) -> asyncio.Future[int]:
        """`append` for callers on an event loop."""
        return self._database.writer.gather_async(self._insert, batch, len(batch.data))

    def append_in(self, connection: Connection, batch: Batch) -> int:
        """Append within a work of the writer, so that the batch commits together with what it tells of."""
        return self._insert(connection, [batch])[0]

    def open_in(self, connection: Connection) -> Callable[[Sequence[Batch]], list[int]]:
        """`append_in` for several batches by one statement, with nothing read any more; to be called once."""
        first = newest(connection) + 1
        return lambda batches: self._insert_from(first, connection, batches)

    def read(self, after: int, *, events_max: int = 5_000, until: int | None = None) -> list[JournalRow]:
        """The batches that follow offset `after` (up to `until`), in order and without gaps, in whole batches.

        Stops before the batch that would exceed `events_max`, but never before the first.
        """
        rows: list[JournalRow] = []
        events = size = 0
        query = select(journal).order_by(journal.c.offset)
        if until is not None:
            query = query.where(journal.c.offset <= until)
        chunk = 64
        with self._database.read() as connection:
            while True:
                found = connection.execute(query.where(journal.c.offset > after).limit(chunk)).all()
                for row in found:
                    events += row.events
                    if rows and events > events_max:
                        return rows
                    unpacked = _unpacked(row)
                    size += len(unpacked.data)
                    if rows and size > READ_BYTES_MAX:
                        return rows
                    rows.append(unpacked)
                if len(found) < chunk:
                    return rows
                after = rows[-1].offset
                chunk *= 2

    def head(self) -> int:
        """The newest offset; 0 when the journal is empty."""
        with self._database.read() as connection:
            return newest(connection)

    def _insert(self, connection: Connection, batches: Sequence[Batch]) -> list[int]:
        """Write batches by one statement and answer their offsets. Safe because writers take turns."""
        return self._insert_from(newest(connection) + 1, connection, batches)

    def _insert_from(self, first: int, connection: Connection, batches: Sequence[Batch]) -> list[int]:
        rows = [self._row(first + place, batch) for place, batch in enumerate(batches)]
        add(connection, journal, rows)
        return [row["offset"] for row in rows]

    def _row(self, offset: int, batch: Batch) -> dict[str, Any]:
        packed = self._packer.compress(batch.data) if len(batch.data) >= _PACK_BYTES_MIN else batch.data
        smaller = len(packed) < len(batch.data)
        return {
            "offset": offset,
            "codec": batch.codec,
            "source": batch.source,
            "events": batch.count,
            "packed": smaller,
            "recorded_at": batch.recorded_at,
            "data": packed if smaller else batch.data,
        }


def newest(connection: Connection) -> int:
    """The newest offset that this transaction sees; 0 when there is none."""
    return connection.execute(select(func.max(journal.c.offset))).scalar() or 0


def _unpacked(row: Row[Any]) -> JournalRow:
    return JournalRow(
        offset=row.offset,
        codec=row.codec,
        source=row.source,
        count=row.events,
        data=zstandard.decompress(row.data) if row.packed else row.data,
        recorded_at=row.recorded_at,
    )
