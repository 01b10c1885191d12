"""Lists of people as files: CSV that no spreadsheet takes for formulas, or Parquet."""

from __future__ import annotations

import io
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from oneshelf.app.spreadsheets import csv_text
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
    batches = rows.to_batches(max_chunksize=50_000)
    cells = (zip(*(column.to_pylist() for column in batch.columns), strict=True) for batch in batches)
    return csv_text(rows.column_names, chain.from_iterable(cells)).encode()
