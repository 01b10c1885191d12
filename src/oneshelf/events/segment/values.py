"""Single values of a message as senders write them: null and empty mean missing, numbers may come as strings and back."""

from __future__ import annotations

import re
from decimal import Decimal, DecimalException
from typing import Any, Final, TypeVar

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.words.text import WRITTEN_LENGTH_MAX, Written

T = TypeVar("T")

#: What an id may be on the wire. A number stands for its digits.
Scalar = str | int | float | None

ID_LENGTH_MAX: Final = 200

#: No amount or quantity of a shop has more digits before the point; beyond it, arithmetic would only burn time.
_DIGITS_MAX: Final = 15

#: Untyped properties are carried into the books and the lake, whose encoders recurse; deeper ones would stop them all.
DEPTH_MAX: Final = 32

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Hints(msgspec.Struct, frozen=True):
    """Where, how and who, as any call's properties may say it."""

    place_id: Any = None
    store_id: Any = None
    channel: Any = None
    member_card: Any = None
    loyalty_id: Any = None
    payment_token: Any = None
    email: Any = None
    phone: Any = None


_plain = msgspec.json.Decoder(dict[str, Any])

_NULL: Final = b"null"


def text_of(value: object) -> str | None:
    """A scalar as text, None when it is missing, empty or no scalar."""
    if type(value) is str:
        return value if value and not value.isspace() else None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    return None


def conforms(text: str) -> bool:
    """Whether a text has the form of an id: 1 to 200 characters, none of them a control character."""
    return 0 < len(text) <= ID_LENGTH_MAX and (text.isprintable() or _CONTROL.search(text) is None)


def identifier(value: object, field: str) -> str | None:
    """An id as text, None when it is missing. Raises InvalidInput when it cannot be one."""
    text = text_of(value)
    if text is None:
        if value is None or isinstance(value, str):
            return None
        raise InvalidInput.of(field, value, "is not an id.", "Send a string or a number.")
    if conforms(text):
        return text
    raise InvalidInput.of(
        field, text, "is not an id.", f"Use 1 to {ID_LENGTH_MAX} characters without control characters."
    )


def written(value: object, field: str) -> str | None:
    """Free text, None when it is missing. Raises InvalidInput where no database of ours would keep it."""
    text = text_of(value)
    try:
        return None if text is None else msgspec.convert(text, Written)
    except msgspec.ValidationError:
        raise InvalidInput.of(
            field, text, "cannot be kept.", f"Send up to {WRITTEN_LENGTH_MAX} characters of plain text."
        ) from None


def number(value: object, field: str) -> Decimal | None:
    """A number exactly as it was written, None when it is missing. Raises InvalidInput when it is none."""
    if value is None:
        return None
    if isinstance(value, str):
        if not value.strip():
            return None
        try:
            value = Decimal(value.strip())
        except DecimalException:
            value = None
    elif isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        if not value:
            return Decimal(0)
        if abs(value.adjusted()) <= _DIGITS_MAX:
            return value
    raise InvalidInput.of(
        field, value, "is not a number.", "Write digits with a decimal point, such as 12.50."
    )


def read(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw, field: str) -> T:
    """Decode a part of a message; a missing part is an empty object. Raises InvalidInput that names the field in it."""
    try:
        return decoder.decode(b"{}" if bytes(raw) == _NULL else raw)
    except msgspec.ValidationError as error:
        cause, _, path = str(error).partition(" - at `$")
        raise InvalidInput.of(
            field + path.rstrip("`"),
            bytes(raw)[:40],
            f"cannot be read: {cause}.",
            "Send it in the form of the Segment spec.",
        ) from None


def mapping(raw: msgspec.Raw, field: str) -> dict[str, Any]:
    """An object as a dictionary, empty when it is missing. Raises InvalidInput when it is something else, or too deep."""
    data = bytes(raw)
    if data == _NULL:
        return {}
    found = read(_plain, raw, field)
    # Only a text with many brackets can nest deeply, so that most need no walk.
    if data.count(b"{") + data.count(b"[") > DEPTH_MAX and _deeper(found, DEPTH_MAX):
        raise InvalidInput.of(
            field, data[:40], f"nests deeper than {DEPTH_MAX}.", "Flatten it, or send the inner part as text."
        )
    return found


def _deeper(value: object, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(_deeper(one, depth - 1) for one in inner)
