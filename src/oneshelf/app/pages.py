"""Pages: a part of a long list, and the cursor at which the next part begins."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import msgspec

from oneshelf.errors import InvalidInput

T = TypeVar("T")
C = TypeVar("C")

#: The largest number that a database keeps.
_INT_MAX: Final = 2**63 - 1


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """`items` in order; `next` is the cursor to ask for what follows, None at the end; `total` where counting is cheap."""

    items: tuple[T, ...]
    next: str | None = None
    total: int | None = None


def write_cursor(position: Any) -> str:
    """Make the opaque cursor for a position: the sort key of the last item shown."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def read_cursor(cursor: str | None, form: type[C]) -> C | None:
    """The position in a cursor, or None without one. Raises InvalidInput for what we never wrote."""
    if cursor is None:
        return None
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        position = msgspec.json.decode(data, type=form)
        _check(position)
        return position
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise InvalidInput.of(
            "after", cursor, "is not a cursor of this list.", "Use the `next` of the page before."
        ) from None


def _check(position: Any) -> None:
    """Raise ValueError for what we never write and a database may not compare with: huge numbers, NUL, times without a zone."""
    for value in position if isinstance(position, tuple) else (position,):
        match value:
            case int() if abs(value) > _INT_MAX:
                raise ValueError("too large")
            case str() if "\0" in value:
                raise ValueError("not printable")
            case datetime() if value.tzinfo is None:
                raise ValueError("no zone")
