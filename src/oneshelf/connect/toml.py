"""TOML documents that people write: read, checked, and refused with the key and the nearest known one."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

import msgspec

from oneshelf.errors import InvalidInput, NotFound

T = TypeVar("T")


def read_toml(path: Path, kind: type[T], parts: Collection[type[msgspec.Struct]]) -> T:
    """Read a `kind`, whose `parts` know all keys there are.

    Raises NotFound without the file, InvalidInput for what is no TOML, for an unknown key and for a value that cannot be.
    """
    noun = kind.__name__.lower()
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), kind)
    except FileNotFoundError:
        raise NotFound(f"There is no {noun} {path}.", "Start from one of docs/examples/.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput.of(noun, path.name, f"is not TOML: {error}.", "Correct it there.") from None
    except msgspec.ValidationError as error:
        keys = sorted({name for part in parts for name in part.__struct_fields__})
        raise _refusal(str(error), path.name, noun, keys) from None


def _refusal(message: str, name: str, noun: str, keys: list[str]) -> InvalidInput:
    """msgspec's refusal in our words."""
    what, _, path = message.partition(" - at `")
    where = path.rstrip("`").removeprefix("$").lstrip(".") or "the top level"
    unknown = re.search(r"unknown field `(.*)`", what)
    if unknown:
        near = difflib.get_close_matches(unknown[1], keys, n=1)
        remedy = f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(keys)}."
        return InvalidInput.of(unknown[1], name, f"is not a key of a {noun} (at {where}).", remedy)
    return InvalidInput.of(
        where, name, f"cannot be: {what[:1].lower()}{what[1:]}.", f"Correct it in the {noun}."
    )
