"""Pages: a part of a long list, and the cursor at which the next part begins."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Generic, TypeVar

import msgspec

from oneshelf.errors import InvalidInput

T = TypeVar("T")
C = TypeVar("C")


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
        return msgspec.json.decode(data, type=form)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise InvalidInput.of(
            "after", cursor, "is not a cursor of this list.", "Use the `next` of the page before."
        ) from None
