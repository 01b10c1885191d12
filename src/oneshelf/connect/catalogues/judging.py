"""Judging what a row says: texts become checked values, and all that is wrong with a row is found at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any, Final, TypeVar, get_args

import msgspec

from oneshelf.connect.sources.cells import Flaw, check_id, minor_of, number_parser
from oneshelf.errors import InvalidInput, Problem, brief
from oneshelf.words.goods import Temperature
from oneshelf.words.gtin import gtin14
from oneshelf.words.money import AMOUNT_MINOR_MAX, check_currency
from oneshelf.words.places import Channel
from oneshelf.words.prices import PriceKind
from oneshelf.words.quantity import QUANTITY_MAX

T = TypeVar("T")

#: What systems call the units that we know. A price of weighed goods is that of a kilogram or a litre.
_UNITS: Final = {
    **dict.fromkeys(
        ("each", "unit", "units", "unit(s)", "piece", "pieces", "pcs", "pc", "ea", "件", "个"), "each"
    ),
    **dict.fromkeys(("g", "kg", "gram", "grams", "kilogram", "kilograms", "公斤", "克"), "g"),
    **dict.fromkeys(("ml", "l", "litre", "litres", "liter", "liters", "升", "毫升"), "ml"),
}
_YES: Final = frozenset(("true", "yes", "1", "active", "y", "是"))
_NO: Final = frozenset(("false", "no", "0", "archived", "draft", "unlisted", "inactive", "n", "否"))

#: No name on a shelf label is longer.
_LENGTH_MAX: Final = 500

#: Fields of the product that stand as they are written.
_TEXTS: Final = ("name", "department", "category", "type", "brand", "size")
_TERMS: Final = ("lead_time_days", "minimum_order_pieces", "capacity_pieces")


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What one row says, checked value by value: of the product, of a price and of a term what it tells, by their own names."""

    line: int
    id: str | None
    reference: str | None
    product: dict[str, Any]
    price: dict[str, Any] | None
    term: dict[str, Any] | None


class Judge:
    """Judges rows. `currency` is that of amounts that name none; `today` is when a price starts that names no day."""

    def __init__(
        self, *, currency: str, today: date, decimal_mark: str = ".", path_separator: str = ">"
    ) -> None:
        self._currency = currency
        self._today = today
        self._number = number_parser(decimal_mark)
        self._separator = path_separator
        self._product: dict[str, Callable[[str], Any]] = {
            **dict.fromkeys(_TEXTS, _line),
            "gtin": gtin14,
            "unit": _unit,
            "case_pack": self._whole,
            "shelf_life_days": self._whole,
            "temperature": _one_of(get_args(Temperature)),
            "supplier": _id,
            "category_path": self._path,
            "active": _flag,
        }

    def judge(self, line: int, told: Mapping[str, str]) -> tuple[Given, list[Problem]]:
        """What a row says, and all that is wrong with it. With problems, only its id may be relied on."""
        row = _Row(line, told)
        product = {name: row.read(name, parse, None) for name, parse in self._product.items() if name in told}
        if "supplier" in product:
            product["supplier_id"] = product.pop("supplier")
        given = Given(
            line=line,
            id=row.read("id", _id, None),
            reference=row.read("reference", _id, None),
            product=product,
            price=self._price(row) if "price" in told else None,
            term=self._term(row) if not told.keys().isdisjoint(("cost", "order_by", *_TERMS)) else None,
        )
        if given.id is None and given.reference is None:
            row.note("id", "", "is missing.", "Say which product the row is of.")
        return given, row.problems

    def _price(self, row: _Row) -> dict[str, Any]:
        currency = row.read("currency", check_currency, self._currency)
        return {
            "amount_minor": row.read("price", lambda text: self._minor(text, currency), 0),
            "currency": currency,
            "place_id": row.read("place", _id, None),
            "zone": row.read("zone", _id, None),
            "channel": row.read("channel", _one_of(get_args(Channel)), None),
            "kind": row.read("kind", _one_of(get_args(PriceKind)), "regular"),
            "starts_on": row.read("starts_on", _day, self._today),
            "ends_on": row.read("ends_on", _day, None),
        }

    def _term(self, row: _Row) -> dict[str, Any]:
        currency = row.read("currency", check_currency, self._currency)
        told: dict[str, Any] = {"place_id": row.read("place", _id, None)}
        if "cost" in row.told:
            told["cost_minor"] = row.read("cost", lambda text: self._minor(text, currency), 0)
            told["currency"] = currency
        told |= {name: row.read(name, self._whole, 0) for name in _TERMS if name in row.told}
        if "order_by" in row.told:
            told["order_by"] = row.read("order_by", _time, None)
        return told

    def _minor(self, text: str, currency: str) -> int:
        value = self._number(text)
        if abs(value) > AMOUNT_MINOR_MAX:
            raise Flaw("is more than any shop sells.", "Check its decimal mark.")
        return minor_of(value, currency)

    def _whole(self, text: str) -> int:
        value = self._number(text)
        if abs(value) > QUANTITY_MAX:
            raise Flaw("is too much.", f"Expected at most {QUANTITY_MAX}.")
        if value != value.to_integral_value():
            raise Flaw("is not whole.", "Write a whole number.")
        return int(value)

    def _path(self, text: str) -> tuple[str, ...]:
        return tuple(level for part in text.split(self._separator) if (level := _line(part)))


class _Row:
    """One row while it is judged; reading goes on behind a flaw, so that all of them are found."""

    def __init__(self, line: int, told: Mapping[str, str]) -> None:
        self.line = line
        self.told = told
        self.problems: list[Problem] = []

    def read(self, name: str, parse: Callable[[str], T], instead: T) -> T:
        text = self.told.get(name)
        if text is None:
            return instead
        try:
            return parse(text)
        except (Flaw, InvalidInput) as flaw:
            cause = flaw.problems[0].cause if isinstance(flaw, InvalidInput) else flaw.cause
            self.note(name, text, cause, flaw.remedy)
            return instead

    def note(self, field: str, text: str, cause: str, remedy: str) -> None:
        self.problems.append(
            Problem(at=self.line, field=field, value=brief(text), cause=cause, remedy=remedy)
        )


def _line(text: str) -> str:
    """A text on one line, with single blanks."""
    plain = " ".join(text.split())
    if not plain.isprintable() or len(plain) > _LENGTH_MAX:
        raise Flaw("cannot be shown.", f"Write at most {_LENGTH_MAX} printable characters.")
    return plain


def _id(text: str) -> str:
    return check_id(_line(text))


def _unit(text: str) -> str:
    try:
        return _UNITS[text.casefold()]
    except KeyError:
        raise Flaw("is no unit that we know.", "Write each, g or ml.") from None


def _flag(text: str) -> bool:
    plain = text.casefold()
    if plain not in _YES | _NO:
        raise Flaw("is neither yes nor no.", "Write true or false.")
    return plain in _YES


def _one_of(known: tuple[str, ...]) -> Callable[[str], Any]:
    def parse(text: str) -> str:
        plain = text.casefold()
        if plain not in known:
            raise Flaw("is not known.", f"Write one of {', '.join(known)}.")
        return plain

    return parse


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Flaw("is not a day.", "Write such as 2026-03-01.") from None


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise Flaw("is not a time of day.", "Write such as 14:30.") from None
