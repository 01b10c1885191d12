"""Lists of people as files: CSV that no spreadsheet takes for formulas, or Parquet."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from oneshelf.errors import InvalidInput


def packed(rows: pa.Table, format: str) -> tuple[bytes, str]:
    """The rows as a file's bytes, and its media type. Raises InvalidInput for another format than csv and parquet."""
    if format == "csv":
        return _csv(rows), "text/csv; charset=utf-8"
    if format == "parquet":
        out = io.BytesIO()
        pq.write_table(rows, out)
        return out.getvalue(), "application/vnd.apache.parquet"
    raise InvalidInput.of("format", format, "is not written here.", "Use csv or parquet.")


def write_new(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read. Raises InvalidInput when it is there already."""
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise InvalidInput.of("target", str(path), "is there already.", "Choose another name.") from None
    except OSError as error:
        raise InvalidInput.of(
            "target", str(path), f"cannot be written: {error.strerror}.", "Choose another folder."
        ) from error
    path.write_bytes(data)


def _csv(rows: pa.Table) -> bytes:
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(rows.column_names)
    for batch in rows.to_batches(max_chunksize=50_000):
        columns = [column.to_pylist() for column in batch.columns]
        lines.writerows([_cell(value) for value in row] for row in zip(*columns, strict=True))
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    match value:
        case str():
            return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
        case datetime():
            return value.isoformat()
        case _:
            return value
