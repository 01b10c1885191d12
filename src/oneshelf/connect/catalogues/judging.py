"""Judging what a row says: texts become checked values, and all that is wrong with a row is found at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, Final, Required, TypedDict, TypeVar, cast, get_args

import msgspec

from oneshelf.connect.sources.cells import Flaw, check_id, minor_of, number_parser
from oneshelf.errors import InvalidInput, Problem, brief
from oneshelf.words.goods import Temperature
from oneshelf.words.gtin import gtin14
from oneshelf.words.money import AMOUNT_MINOR_MAX, check_currency
from oneshelf.words.places import Channel
from oneshelf.words.prices import PriceKind
from oneshelf.words.quantity import QUANTITY_MAX, Unit

T = TypeVar("T")

#: What systems call the units that we know. A price of weighed goods is that of a kilogram or a litre.
_UNITS: Final = {
    **dict.fromkeys(
        (
            "each",
            "unit",
            "units",
            "unit(s)",
            "piece",
            "pieces",
            "pcs",
            "pc",
            "ea",
            "件",
            "个",
            "单位",
            "pce",
            "einheit",
            "einheiten",
            "einheit(en)",
            "stück",
            "stk",
            "st",
            "unité",
            "unités",
            "unité(s)",
            "pièce",
            "pièces",
            "unidad",
            "unidades",
            "unidad(es)",
            "unidade(s)",
            "unità",
            "pezzo",
            "pezzi",
            "eenheid",
            "eenheden",
            "stuk",
            "stuks",
        ),
        "each",
    ),
    **dict.fromkeys(
        ("g", "kg", "gram", "grams", "kilogram", "kilograms", "gramm", "kilogramm", "公斤", "克"), "g"
    ),
    **dict.fromkeys(
        ("ml", "l", "litre", "litres", "liter", "liters", "litro", "litri", "litros", "升", "毫升"), "ml"
    ),
}
_YES: Final = frozenset(("true", "yes", "1", "active", "y", "是"))
_NO: Final = frozenset(("false", "no", "0", "archived", "draft", "unlisted", "inactive", "n", "否"))

#: No name on a shelf label is longer.
_LENGTH_MAX: Final = 500

#: What a text on one line cannot hold: control characters, what is drawn as nothing or turns the line around, halves of characters.
#: Joiners and marks of direction are letters' own in Persian, Hindi, Hebrew and emoji.
_UNSHOWN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

#: Fields of the product that stand as they are written.
_TEXTS: Final = ("name", "department", "category", "type", "brand", "size")
_TERMS: Final = ("lead_time_days", "minimum_order_pieces", "capacity_pieces")


class ToldProduct(TypedDict, total=False):
    """What a row tells of a product, by the names of its fields."""

    name: str
    department: str
    category: str
    type: str
    brand: str
    size: str
    gtin: str
    unit: Unit
    case_pack: int
    shelf_life_days: int
    temperature: Temperature
    supplier_id: str
    category_path: tuple[str, ...]
    active: bool


class ToldPrice(TypedDict):
    """A price but for its product."""

    amount_minor: int
    currency: str
    place_id: str | None
    zone: str | None
    channel: Channel | None
    kind: PriceKind
    starts_on: date
    ends_on: date | None


class ToldTerm(TypedDict, total=False):
    """What a row tells of a term, by the names of its fields."""

    place_id: Required[str | None]
    cost_minor: int
    currency: str
    lead_time_days: int
    minimum_order_pieces: int
    capacity_pieces: int
    order_by: time | None


class Given(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one row says, checked value by value: of the product, of a price and of a term what it tells."""

    line: int
    id: str | None = None
    reference: str | None = None
    product: ToldProduct = msgspec.field(default_factory=ToldProduct)
    price: ToldPrice | None = None
    term: ToldTerm | None = None


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
            "gtin": _gtin,
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
        product = {name: row.read(name, self._product[name], None) for name in told if name in self._product}
        if "supplier" in product:
            product["supplier_id"] = product.pop("supplier")
        given = Given(
            line=line,
            id=row.read("id", _id, None),
            reference=row.read("reference", _id, None),
            product=cast(ToldProduct, product),
            price=self._price(row) if "price" in told else None,
            term=self._term(row) if not told.keys().isdisjoint(("cost", "order_by", *_TERMS)) else None,
        )
        if given.id is None and given.reference is None:
            row.note("id", "", "is missing.", "Say which product the row is of.")
        return given, row.problems

    def _price(self, row: _Row) -> ToldPrice:
        currency = row.read("currency", check_currency, self._currency)
        return {
            "amount_minor": row.read("price", lambda text: self._minor(text, currency), 0),
            "currency": currency,
            "place_id": row.read("place", _id, None),
            "zone": row.read("zone", _id, None),
            "channel": row.read("channel", _CHANNEL, None),
            "kind": row.read("kind", _KIND, "regular"),
            "starts_on": row.read("starts_on", _day, self._today),
            "ends_on": row.read("ends_on", _day, None),
        }

    def _term(self, row: _Row) -> ToldTerm:
        currency = row.read("currency", check_currency, self._currency)
        told: dict[str, Any] = {"place_id": row.read("place", _id, None)}
        if "cost" in row.told:
            told["cost_minor"] = row.read("cost", lambda text: self._minor(text, currency), 0)
            told["currency"] = currency
        told |= {name: row.read(name, self._whole, 0) for name in _TERMS if name in row.told}
        if "order_by" in row.told:
            told["order_by"] = row.read("order_by", _time, None)
        return cast(ToldTerm, told)

    def _minor(self, text: str, currency: str) -> int:
        value = self._number(text)
        if value < 0:
            raise Flaw("is below 0.", "Give what one piece costs.")
        if value > AMOUNT_MINOR_MAX:
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
    if _UNSHOWN.search(plain) or len(plain) > _LENGTH_MAX:
        raise Flaw("cannot be shown.", f"Write at most {_LENGTH_MAX} printable characters.")
    return plain


def _id(text: str) -> str:
    """Stricter than a name: two ids that look alike but for a joiner between their letters would be two products."""
    plain = _line(text)
    if not plain.isprintable():
        raise Flaw("cannot be an id.", "Write printable characters only.")
    return check_id(plain)


def _gtin(text: str) -> str:
    """Shopify writes an apostrophe before a barcode, so that a spreadsheet leaves its zeros."""
    return gtin14(text.removeprefix("'"))


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


_CHANNEL: Final = _one_of(get_args(Channel))
_KIND: Final = _one_of(get_args(PriceKind))


def _day(text: str) -> date:
    """A day, also where a table has made a moment of it: midnight without a zone. Prices turn with the day."""
    try:
        at = datetime.fromisoformat(text)
        if at.time() == time() and at.tzinfo is None:
            return at.date()
    except ValueError:
        pass
    raise Flaw("is not a day.", "Write such as 2026-03-01.")


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise Flaw("is not a time of day.", "Write such as 14:30.") from None
