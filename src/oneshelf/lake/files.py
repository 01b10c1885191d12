"""Data files, written and made durable before any log entry names them.

delta-rs flushes nothing to the disk. If a log entry were durable before its data (a power cut between the two), the table
would say that it has rows that are gone. So we write and flush the Parquet files ourselves, and only then commit.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from oneshelf.lake.schema import DAY

#: Rows of one reference or derived file: large enough to read in parallel, small enough to hold.
FILE_ROWS_MAX = 4_000_000

#: Columns whose smallest and largest value go into the log, so that engines that read it can skip files.
_RANGED = ("happened_at", "offset")


def write_by_day(root: Path, rows: pa.Table) -> list[AddAction]:
    """Write one durable file a day; the day is in the folder's name and not in the file. Returns what to commit."""
    order = [(name, "ascending") for name in (DAY, "offset", "index") if name in rows.column_names]
    ordered = rows.take(pc.sort_indices(rows, order)).combine_chunks()
    added = []
    for day, start, length in _runs(ordered[DAY]):
        folder = f"{DAY}={day.isoformat()}"
        part = ordered.slice(start, length).drop_columns([DAY])
        added.append(write_file(root, folder, {DAY: day.isoformat()}, part.schema, part.to_batches()))
    return added


def write_stream(root: Path, folder: str, rows: pa.RecordBatchReader) -> tuple[list[AddAction], int]:
    """Write a stream as durable files of about `FILE_ROWS_MAX` rows, one batch in memory; no rows make one empty file.

    Returns what to commit and how many rows it has.
    """
    added: list[AddAction] = []
    total = 0
    rest = iter(rows)
    first = next(rest, None)
    while first is not None or not added:
        taken = _Counted(first, rest)
        added.append(write_file(root, folder, {}, rows.schema, taken))
        total += taken.rows
        first = next(rest, None)
    return added, total


class _Counted:
    """A file's worth of batches off a stream, counted as they pass."""

    def __init__(self, first: pa.RecordBatch | None, rest: Iterator[pa.RecordBatch]) -> None:
        self._first, self._rest, self.rows = first, rest, 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        batch = self._first
        while batch is not None:
            self.rows += batch.num_rows
            yield batch
            batch = next(self._rest, None) if self.rows < FILE_ROWS_MAX else None


def write_file(
    root: Path,
    folder: str,
    partition: dict[str, str | None],
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
) -> AddAction:
    """Write one zstd Parquet file under `root/folder` and flush it with its folder. Nothing is left behind on failure."""
    make_folder(root / folder)
    name = f"{folder}/{uuid.uuid4().hex}.parquet".lstrip("/")
    path = root / name
    ranges = _Ranges(schema)
    try:
        with path.open("wb") as file:
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for batch in batches:
                    ranges.see(batch)
                    writer.write_batch(batch)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return AddAction(name, size, partition, time.time_ns() // 1_000_000, True, ranges.stats())


def discard(root: Path, added: Iterable[AddAction]) -> None:
    """Delete files whose commit was refused."""
    for action in added:
        (root / action.path).unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each durable in its own parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_file(path: Path) -> None:
    """Flush a file that somebody else wrote; one that is gone needs no flushing."""
    with suppress(FileNotFoundError):
        _fsync(path, os.O_RDONLY)


def sync_folder(folder: Path) -> None:
    """Flush a folder, so that the names in it survive."""
    _fsync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _fsync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Ranges:
    """The statistics of one file, in the form of the Delta log."""

    def __init__(self, schema: pa.Schema) -> None:
        self._names = [name for name in _RANGED if name in schema.names]
        self._low: dict[str, pa.Scalar] = {}
        self._high: dict[str, pa.Scalar] = {}
        self._nulls = dict.fromkeys(self._names, 0)
        self._rows = 0

    def see(self, batch: pa.RecordBatch) -> None:
        self._rows += batch.num_rows
        for name in self._names:
            column = batch[name]
            self._nulls[name] += column.null_count
            low, high = pc.min(column), pc.max(column)
            if low.is_valid:
                self._low[name] = min((low, self._low.get(name, low)), key=_plain)
                self._high[name] = max((high, self._high.get(name, high)), key=_plain)

    def stats(self) -> str:
        shown = {
            "numRecords": self._rows,
            "minValues": {name: _told(value) for name, value in self._low.items()},
            "maxValues": {name: _told(value) for name, value in self._high.items()},
            "nullCount": self._nulls,
        }
        return json.dumps(shown)


def _plain(scalar: pa.Scalar) -> int:
    return int(scalar.value) if pa.types.is_timestamp(scalar.type) else int(scalar.as_py())


def _told(scalar: pa.Scalar) -> int | str:
    """A statistic as JSON: moments as ISO 8601 with microseconds and Z."""
    if pa.types.is_timestamp(scalar.type):
        return str(scalar.as_py().isoformat(timespec="microseconds")).replace("+00:00", "Z")
    return int(scalar.as_py())


def _runs(days: pa.ChunkedArray) -> Iterator[tuple[date, int, int]]:
    """Runs of equal days in a sorted column: (day, start, length)."""
    encoded = pc.run_end_encode(days.combine_chunks())
    start = 0
    for day, end in zip(encoded.values.to_pylist(), encoded.run_ends.to_pylist(), strict=True):
        yield day, start, end - start
        start = end
