"""Ids: strings made by whoever knows the thing first; never parsed for meaning."""

from __future__ import annotations

import hashlib
from typing import Annotated, Final

import msgspec

ID_LENGTH_MAX: Final = 200

#: The form of every id at the border: printable characters, not too many.
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX, pattern=r"^[^\x00-\x1f\x7f]+\Z")]


def digest(*parts: str) -> bytes:
    """Sixteen bytes that stand for a tuple of strings; equal tuples, equal bytes, and no two tuples run together."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode()
        state.update(len(data).to_bytes(4, "big") + data)
    return state.digest()


def derived_id(*parts: str) -> str:
    """A stable id for a fact whose sender gave none: the same parts give the same id, so a repeat is a repeat."""
    return digest(*parts).hex()
