"""Cells: from a row's strings to checked values. What is wrong with one is a `Flaw`, raised here and collected by the judge."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import TypeVar

from oneshelf.connect.sources.mapping import Field, QuantityField
from oneshelf.errors import InvalidInput
from oneshelf.words.money import check_amount, exponent
from oneshelf.words.quantity import QUANTITY_MAX
from oneshelf.words.time import check_plausible, zone

#: What a field makes of a row: a text that is not empty, or None.
Reader = Callable[[Sequence[str | None]], str | None]

T = TypeVar("T")

_CACHE_MAX = 100_000
#: With a decimal comma, points stand between thousands and nowhere else: 4.50 would be 450.
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)?(,\d*)?")
#: Beyond so many digits before or behind the mark nothing is a number of a shop, and arithmetic would overflow.
_DIGITS_MAX = 30
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ID_LENGTH_MAX = 180  # leaves room for what we put in front of it


class Flaw(Exception):  # never leaves the judge
    """What is wrong with one cell, and what to do about it."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy


def reader(field: Field, index: Mapping[str, int], joint: str = "-") -> Reader:
    """Compile a field: cut outer blanks, take what counts as missing for None, join several columns, put the prefix in front."""
    if field.constant is not None:
        constant = field.prefix + field.constant
        return lambda values: constant
    where = [index[column] for column in field.columns]
    missing, prefix, only = frozenset(field.missing), field.prefix, where[0]

    def one(values: Sequence[str | None]) -> str | None:
        value = values[only]
        if value is None:
            return None
        value = value.strip()
        return prefix + value if value and value not in missing else None

    def several(values: Sequence[str | None]) -> str | None:
        parts = [(values[place] or "").strip() for place in where]
        return prefix + joint.join(parts) if all(part and part not in missing for part in parts) else None

    return one if len(where) == 1 else several


def remembered(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Parse each distinct text once; files repeat themselves. Forgets everything when it holds too much."""
    known: dict[str, T] = {}

    def lookup(text: str) -> T:
        try:
            return known[text]
        except KeyError:
            if len(known) >= _CACHE_MAX:
                known.clear()
            value = known[text] = parse(text)
            return value

    return lookup


def check_id(text: str) -> str:
    """Return the text if it can be an id, else raise Flaw."""
    if len(text) <= _ID_LENGTH_MAX and not _CONTROL.search(text):
        return text
    raise Flaw("cannot be an id.", f"Expected at most {_ID_LENGTH_MAX} printable characters.")


def number_parser(decimal_mark: str) -> Callable[[str], Decimal]:
    """Make the parser of numbers; with a decimal comma, points between thousands are skipped."""

    def parse(text: str) -> Decimal:
        plain = text
        if decimal_mark == ",":
            plain = text.replace(".", "").replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else ""
        try:
            value = Decimal("" if "_" in plain else plain)
        except InvalidOperation:
            value = Decimal("nan")
        if value.is_finite() and abs(value.adjusted()) <= _DIGITS_MAX:
            return value
        example = "12,50" if decimal_mark == "," else "12.50"
        raise Flaw(
            "is not a number.", f"Write digits, such as {example}; set file.decimal_mark for the other mark."
        )

    return remembered(parse)


def quantity_of(value: Decimal, field: QuantityField) -> int:
    """A quantity, which may be negative here, in whole units, or Flaw."""
    scaled = value * field.scale
    if scaled != scaled.to_integral_value():
        raise Flaw("is not whole.", 'Weighed goods: set scale = 1000 and unit = "g" on quantity.')
    if abs(scaled) > QUANTITY_MAX:
        raise Flaw("cannot be sold.", f"Expected at most {QUANTITY_MAX}.")
    return int(scaled)


def minor_of(value: Decimal, currency: str) -> int:
    """An amount in minor units, half to even, or Flaw."""
    scaled = int(value.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    try:
        return check_amount(scaled)
    except InvalidInput as refusal:
        raise Flaw(refusal.cause, refusal.remedy) from None


def time_parser(form: str, time_zone: str, now: datetime) -> Callable[[str], datetime]:
    """Make the parser of times in one zone: aware, in UTC, between 1990 and a day from now."""
    local = zone(time_zone)

    def parse(text: str) -> datetime:
        try:
            at = _parsed(text, form)
        except (ValueError, OverflowError, OSError, InvalidOperation):
            raise Flaw(
                f"is not a time in the form {form}.",
                "Set time.format to iso, unix, unix_ms or a strptime pattern.",
            ) from None
        try:
            aware = at if at.tzinfo else at.replace(tzinfo=local)
            return check_plausible(aware.astimezone(UTC), now)
        except (OverflowError, InvalidInput):
            raise Flaw("cannot have happened.", "Expected a time from 1990 to a day from now.") from None

    return remembered(parse)


def _parsed(text: str, form: str) -> datetime:
    if form == "iso":
        return datetime.fromisoformat(text)
    if form in ("unix", "unix_ms"):
        seconds = Decimal(text) / (1000 if form == "unix_ms" else 1)
        return datetime.fromtimestamp(float(seconds), UTC)
    return datetime.strptime(text, form)  # noqa: DTZ007  # the zone is added by the caller
