"""The reject file: refused rows as they were, ready to be corrected and loaded by the same mapping, with the reasons beside."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from oneshelf.connect.sources.mapping import FileForm
from oneshelf.connect.sources.records import csv_rows, format_of, parquet_columns, parquet_rows


def reasons_beside(target: Path) -> Path:
    """The file that says why: row in the reject file, line in the original, reason."""
    return target.with_name(f"{target.name}.reasons.csv")


def write_rejects(path: Path, form: FileForm, refused: Iterator[tuple[int, str]], target: Path) -> int:
    """Copy the refused lines (given by line, with reasons) of `path` to `target`; returns how many.

    CSV and JSON lines are copied as they stand, bytes that are no text included; Parquet becomes CSV. The lines come from a
    second reading of the file, so that judging need not put every row aside.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    kind = format_of(path, form)
    encoding = "utf-8" if kind != "csv" else form.encoding
    with (
        target.open("w", encoding=encoding, errors="surrogateescape", newline="") as copy,
        reasons_beside(target).open("w", encoding="utf-8", newline="") as why,
    ):
        reasons = csv.writer(why)
        reasons.writerow(("row", "line", "reason"))
        head, rows = _raw(path, form, kind)
        copy.write(head)
        count = 0
        for count, (line, text, reason) in enumerate(_both(rows, refused), start=1):
            copy.write(text if text.endswith("\n") else f"{text}\n")
            reasons.writerow((count, line, reason))
    return count


def _both(
    rows: Iterator[tuple[int, str]], refused: Iterator[tuple[int, str]]
) -> Iterator[tuple[int, str, str]]:
    """Walk both by line; each holds its lines in order."""
    wanted = next(refused, None)
    for line, text in rows:
        if wanted is None:
            return
        if line == wanted[0]:
            yield line, text, wanted[1]
            wanted = next(refused, None)


def _raw(path: Path, form: FileForm, kind: str) -> tuple[str, Iterator[tuple[int, str]]]:
    """What stands above the rows, and each row's line and text."""
    if kind == "jsonl":
        return "", _json_lines(path)
    if kind == "parquet":
        columns = parquet_columns(path)
        return _csv_text(columns), ((line, _csv_text(values)) for line, values in parquet_rows(path, columns))
    rows = ((line, text) for line, _, text in csv_rows(path, form))
    _, header = next(rows)
    return header, rows


def _json_lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        yield from enumerate(file, start=1)


def _csv_text(values: Sequence[str | None]) -> str:
    return ",".join('"{}"'.format((value or "").replace('"', '""')) for value in values) + "\n"
