"""Rows that were judged and wait on disk until the last of their file was: so that a file is read and judged once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from types import TracebackType

import msgspec

from oneshelf.connect.catalogues.judging import Given

_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(list[Given]).decode

#: Bytes that say how long a part is.
_LENGTH = 8


class Waiting:
    """Parts of some thousand rows, in order, in a file without a name that goes with it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `__exit__`

    def __enter__(self) -> Waiting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def put(self, rows: Sequence[Given]) -> None:
        """Put a part behind those that wait."""
        data = _ENCODE(rows)
        self._file.write(len(data).to_bytes(_LENGTH, "big"))
        self._file.write(data)

    def __iter__(self) -> Iterator[list[Given]]:
        """Every part as it was put, from the first."""
        self._file.seek(0)
        while head := self._file.read(_LENGTH):
            yield _DECODE(self._file.read(int.from_bytes(head, "big")))
