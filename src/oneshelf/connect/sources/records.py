"""Records of CSV, Parquet and JSON lines files: streamed, as strings, each with its line, so that the judge sees what was written.

A record that cannot be read at all (wrong number of columns, an encoding error, a quote that never closes) comes as a Problem
with its line. Lines are counted from 1 as an editor counts them, the header among them; rows of Parquet from 1.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from oneshelf.connect.sources.mapping import FileForm
from oneshelf.errors import InvalidInput, NotFound, Problem

#: The line, and either the values of the wanted columns or what is wrong with the whole record.
Record = tuple[int, "Values | Problem"]
Values = tuple[str | None, ...]

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_PARQUET_ROWS = 16_384
#: bytes that were not text in the file's encoding, as `surrogateescape` shows them
_ESCAPED = re.compile("[\udc80-\udcff]")


def format_of(path: Path, form: FileForm) -> str:
    """How a file is written: as the mapping says, else by its ending."""
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", "Check the path.")
    try:
        return form.format or _SUFFIXES[path.suffix.lower()]
    except KeyError:
        raise InvalidInput.of(
            "file.format", path.suffix, "does not say how the file is written.", "Add [file] format = 'csv'."
        ) from None


def check_columns(path: Path, form: FileForm, columns: Sequence[str]) -> None:
    """Raise InvalidInput for every wanted column that the file does not have exactly once. JSON lines are checked while read."""
    if format_of(path, form) == "jsonl":
        return
    has = columns_of(path, form)
    problems = [_missing(column, has) for column in columns if has.count(column) != 1]
    if problems:
        raise InvalidInput(
            f"{path.name} has not the columns that the mapping reads: {', '.join(problem.field for problem in problems)}.",
            problems[0].remedy,
            problems=problems,
        )


def columns_of(path: Path, form: FileForm) -> list[str]:
    """The columns of a CSV or Parquet file, as its head names them."""
    return parquet_columns(path) if format_of(path, form) == "parquet" else _header(path, form)


def _missing(column: str, has: list[str]) -> Problem:
    if column in has:
        cause, remedy = "stands more than once in the header.", "Give each column a name of its own."
    else:
        near = difflib.get_close_matches(column, has, n=1)
        cause = "is not in the header."
        remedy = f"Did you mean {near[0]}?" if near else f"The file has: {', '.join(has)}."
    return Problem(at=1, field=column, value="", cause=cause, remedy=remedy)


def read(path: Path, form: FileForm, columns: Sequence[str]) -> Iterator[Record]:
    """The records of a file, as the values of these columns, which `check_columns` has found."""
    kind = format_of(path, form)
    if kind == "parquet":
        return parquet_rows(path, columns)
    return _read_csv(path, form, columns) if kind == "csv" else _read_jsonl(path, form, columns)


def _header(path: Path, form: FileForm) -> list[str]:
    first = next(csv_rows(path, form), None)
    if first is None or isinstance(first[1], Problem):
        raise InvalidInput.of(
            "file", path.name, "has no header that can be read.", "The first line must name the columns."
        )
    return first[1]


def _read_csv(path: Path, form: FileForm, columns: Sequence[str]) -> Iterator[Record]:
    header = _header(path, form)
    where = [header.index(column) for column in columns]
    width = len(header)
    for line, row, _ in islice(csv_rows(path, form), 1, None):
        if isinstance(row, Problem):
            yield line, row
        elif len(row) == width:
            yield line, tuple([row[index] for index in where])
        elif row:  # an empty line is no record
            cause = f"has {len(row)} columns where the header has {width}."
            yield line, _broken(line, cause, "Quote values that hold the delimiter; fill up short lines.")


def csv_rows(path: Path, form: FileForm) -> Iterator[tuple[int, list[str] | Problem, str]]:
    """The rows of a CSV file: the line on which each begins, its values, and its text as it stands."""
    tabs = path.suffix.lower() == ".tsv" and form.delimiter == ","
    with path.open("rb") as file:
        lines = _Lines(file, form.encoding)
        reader = csv.reader(lines, delimiter="\t" if tabs else form.delimiter, strict=True)
        while True:
            lines.begin()
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                # what an open quote swallowed is given back, so that one damaged line is one problem
                text = lines.back_to_second()
                remedy = "Close the quote; write a quote within a value twice."
                yield lines.first, _broken(lines.first, f"is not CSV: {error}.", remedy), text
                continue
            if lines.undecodable:
                remedy = "Set file.encoding in the mapping, or repair the line."
                yield lines.first, _broken(lines.first, f"is not {form.encoding}.", remedy), lines.text()
            else:
                yield lines.first, row, lines.text()


class _Lines:
    """A binary file's lines as text, numbered, remembering those of the current record."""

    def __init__(self, file: Iterable[bytes], encoding: str) -> None:
        self._file = iter(file)
        self._encoding = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
        self._waiting: deque[str] = deque()
        self._current: list[str] = []
        self._next = 1
        self.first = 1
        self.undecodable = False

    def begin(self) -> None:
        """A new record begins."""
        self.first, self._current, self.undecodable = self._next, [], False

    def text(self) -> str:
        """The record as it stands in the file."""
        return "".join(self._current)

    def back_to_second(self) -> str:
        """Give back all lines of the record but its first, and return that one."""
        self._waiting.extendleft(reversed(self._current[1:]))
        self._next = self.first + 1
        return self._current[0]

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        text = self._waiting.popleft() if self._waiting else self._decode(next(self._file))
        if not text.isascii() and _ESCAPED.search(text):
            self.undecodable = True
        self._current.append(text)
        self._next += 1
        return text

    def _decode(self, line: bytes) -> str:
        if self._encoding == "utf-8-sig" and self._next > 1:
            return line.decode("utf-8", "surrogateescape")
        return line.decode(self._encoding, "surrogateescape")


def _read_jsonl(path: Path, form: FileForm, columns: Sequence[str]) -> Iterator[Record]:
    decoder = msgspec.json.Decoder(dict[str, Any], float_hook=str)
    never_seen = set(columns)
    with path.open("rb") as file:
        for line, data in enumerate(file, start=1):
            if not data.strip():
                continue
            try:
                record = decoder.decode(data.removeprefix(b"\xef\xbb\xbf") if line == 1 else data)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                yield (
                    line,
                    _broken(line, f"is not a JSON object: {error}.", "Write one JSON object a line."),
                )
                continue
            for flat in _flat_rows(record, form.unnest):
                never_seen.difference_update(flat)
                yield line, tuple([_text(flat.get(column)) for column in columns])
    if never_seen:
        missing = min(never_seen)
        raise InvalidInput.of(
            "column",
            missing,
            f"is in no record of {path.name}.",
            "Correct the mapping; nested names join with a dot.",
        )


def _flat_rows(record: dict[str, Any], unnest: str | None) -> Iterator[dict[str, Any]]:
    """A record with nested names joined by dots; one for each item of the list to unnest."""
    flat = dict(_flat(record, ""))
    items = flat.pop(unnest, None) if unnest else None
    if not isinstance(items, list):
        yield flat
        return
    for item in items:
        yield {**flat, **dict(_flat(item if isinstance(item, dict) else {"": item}, f"{unnest}."))}


def _flat(record: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Values]]:
    """The rows of a Parquet file, a few thousand at a time, counted from 1."""
    line = 1
    for batch in _parquet(path).iter_batches(_PARQUET_ROWS, columns=list(columns)):
        texts = [_texts(batch[column]) for column in columns]
        for values in zip(*texts, strict=True):
            yield line, values
            line += 1


def parquet_columns(path: Path) -> list[str]:
    """The columns of a Parquet file."""
    return list(_parquet(path).schema_arrow.names)


def _parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise InvalidInput.of(
            "file", path.name, f"is not Parquet: {str(error)[:120]}.", "Check its ending, or set file.format."
        ) from None


def _texts(values: pa.Array) -> list[str | None]:
    return [_text(value) for value in values.to_pylist()]


def _text(value: object) -> str | None:
    """A typed value as it would be written in a CSV file."""
    if value is None or isinstance(value, str):
        return value
    writer = _WRITERS.get(type(value))
    return writer(value) if writer else str(value)


def _float(value: float) -> str | None:
    """Whole floats as integers (ids with gaps arrive as floats), not-a-number as nothing."""
    if value != value:  # noqa: PLR0124  # NaN alone differs from itself
        return None
    return str(int(value)) if value.is_integer() else repr(value)


_WRITERS: dict[type, Callable[[Any], str | None]] = {
    float: _float,
    int: str,
    bool: lambda value: "true" if value else "false",
    datetime: datetime.isoformat,
    date: date.isoformat,
    Decimal: str,
    bytes: lambda value: value.decode("utf-8", "backslashreplace"),
}


def _broken(line: int, cause: str, remedy: str) -> Problem:
    """A record that cannot be read. Its text may be about people, so it is not shown; the line finds it."""
    return Problem(at=line, field="line", value="(not shown)", cause=cause, remedy=remedy)
