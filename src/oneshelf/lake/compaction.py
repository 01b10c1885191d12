"""Compaction: the many small files of a day become one, and what was replaced long ago is deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from oneshelf.errors import Conflict
from oneshelf.lake.delta import Table
from oneshelf.lake.files import write_file
from oneshelf.lake.schema import DAY

#: A file of this size is left as it is; smaller ones of the same day are merged.
SMALL_BYTES = 32 * 2**20

#: How long a replaced file stays, for queries and copies that hold a list of files.
RETENTION_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What compaction did to one table: files merged away, files made, files deleted."""

    table: str
    merged: int
    made: int
    deleted: int


def compact_table(path: Path, *, merge: bool, retention_hours: int = RETENTION_HOURS) -> Compacted | None:
    """Merge and clean one table; None when there was nothing to do or somebody else rewrote it meanwhile."""
    table = Table(path)
    small = _small_by_day(table) if merge else {}
    old = [file for files in small.values() for file in files]
    if old:
        schema = table.schema
        columns = pa.schema([field for field in schema if field.name != DAY])
        made = [
            write_file(path, f"{DAY}={day}", {DAY: day}, columns, _batches(path, files, columns))
            for day, files in small.items()
        ]
        try:
            table.rewrite(made, old, schema, changes=False)
        except Conflict:
            return None
    deleted = table.vacuum(retention_hours)
    if not old and not deleted:
        return None
    return Compacted(table=path.name, merged=len(old), made=len(small), deleted=len(deleted))


def _small_by_day(table: Table) -> dict[str, list[dict[str, Any]]]:
    days: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for file in table.files():
        if file["size_bytes"] < SMALL_BYTES:
            days[file["partition"]].append(file)
    return {day: files for day, files in days.items() if len(files) > 1}


def _batches(path: Path, files: list[dict[str, Any]], columns: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of the files, one row group in memory, under the columns that the table has now."""
    for file in files:
        with pq.ParquetFile(path / file["path"]) as source:
            for group in range(source.num_row_groups):
                yield from conform(source.read_row_group(group), columns).to_batches()


def conform(rows: pa.Table, columns: pa.Schema) -> pa.Table:
    """The same rows under newer columns: what they lack, at any depth, is null."""
    arrays = [
        _conform(rows[field.name].combine_chunks(), field.type)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in columns
    ]
    return pa.Table.from_arrays(arrays, schema=columns)


def _conform(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    if array.type.equals(wanted):
        return array
    if pa.types.is_struct(wanted):
        have = {field.name for field in array.type}
        parts = [
            _conform(array.field(field.name), field.type)
            if field.name in have
            else pa.nulls(len(array), field.type)
            for field in wanted
        ]
        return pa.StructArray.from_arrays(parts, fields=list(wanted), mask=array.is_null())
    if pa.types.is_list(wanted):
        items = _conform(array.values, wanted.value_type)
        return pa.ListArray.from_arrays(array.offsets, items, type=wanted, mask=array.is_null())
    return array.cast(wanted)
