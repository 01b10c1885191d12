"""The judge: one row of a file in, either what happened or everything that is wrong with the row.

It follows a mapping and knows no file. A receipt's lines come out one by one, each as an order with one line; whoever holds
all of them joins them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, cast, get_args

import msgspec

from oneshelf.connect.ports import LineProblem
from oneshelf.connect.sources.cells import (
    Flaw,
    Reader,
    check_id,
    minor_of,
    number_parser,
    quantity_of,
    reader,
    time_parser,
)
from oneshelf.connect.sources.mapping import RECEIPTS, Mapping, ProductFields, QuantityField
from oneshelf.connect.sources.rules import Ruling, compiled
from oneshelf.errors import Problem, brief
from oneshelf.events.catalogue import (
    CustomTracked,
    Kind,
    Line,
    OrderCompleted,
    OrderRefunded,
    PageViewed,
    PersonIdentified,
    PlaceVisited,
    ProductAdded,
    ProductFavourited,
    ProductReviewed,
    ProductsSearched,
    ProductViewed,
)
from oneshelf.events.envelope import NOWHERE, Event
from oneshelf.words.goods import Product
from oneshelf.words.ids import digest
from oneshelf.words.people import IdentifierKind, Who, identifier
from oneshelf.words.places import Channel

Values = Sequence[str | None]
T = TypeVar("T")

_encode = msgspec.json.Encoder().encode

#: Identifiers besides a member's own id and a browser's.
_FURTHER: tuple[IdentifierKind, ...] = ("card", "email", "phone", "payment", "device")

#: Their values are about people: problems do not show them.
_PERSONAL = ("person", "anonymous", *_FURTHER, "text", "query", "traits.")
_CHANNELS = get_args(Channel)
#: Rows of these kinds name products well; what comes back or is written off is described by its damage.
_NAMING = frozenset(
    ("order.completed", "product.viewed", "product.added", "product.favourited", "product.reviewed")
)
_PLACEHOLDER = "-"  # stands where a needed value is missing, in a body that is never used


class Verdict(msgspec.Struct, kw_only=True):
    """What the judge makes of a row: an event, or problems that refuse it, or neither because a rule leaves it out."""

    event: Event | None = None
    #: equal for the lines of one receipt, and for other rows that say the same
    key: bytes | None = None
    product: Product | None = None
    problems: list[LineProblem] = []


class Judge:
    """Judges rows whose values are those of `columns`. With `lenient`, bad optional fields are dropped and only told."""

    def __init__(self, mapping: Mapping, columns: Sequence[str], *, now: datetime, lenient: bool) -> None:
        index = {column: place for place, column in enumerate(columns)}
        self.lenient = lenient
        self.currency = mapping.currency or ""
        self.number = number_parser(mapping.file.decimal_mark)
        self.rules = compiled(mapping.rules, index, self.number)
        self.cells: dict[str, Reader] = {
            name: reader(field, index, " " if name == "time" else "-") for name, field in mapping.fields()
        }
        self.quantity = mapping.quantity or QuantityField()
        self.traits = tuple(mapping.traits)
        self.properties = [(column, index[column]) for column in mapping.properties]
        zones = {place.id: place.time_zone for place in mapping.places}
        parsers = {
            name: time_parser(mapping.time.format, name, now) for name in {*zones.values(), mapping.time_zone}
        }
        self._times = {place: parsers[name] for place, name in zones.items()}
        self._time = parsers[mapping.time_zone]
        described = [
            name
            for name in ProductFields.__struct_fields__
            if name != "id" and f"product.{name}" in self.cells
        ]
        self._described = [(name, self.cells[f"product.{name}"]) for name in described]

    def judge(self, line: int, values: Values) -> Verdict:
        """Judge one row, and find all that is wrong with it at once."""
        row = _Row(self, line, values)
        receipt = self._receipt(values)
        try:
            ruling = self.rules(values)
        except Flaw as flaw:
            row.note("rules", "", flaw)
            return Verdict(key=receipt, problems=row.problems)
        if ruling.kind == "ignore":
            return Verdict()
        event = row.event(ruling)
        receipt = receipt if ruling.kind in RECEIPTS else None
        if event is None or row.refused:
            return Verdict(key=receipt, problems=row.problems)
        product = self._product(values) if ruling.kind in _NAMING else None
        return Verdict(event=event, key=receipt or _content(event), product=product, problems=row.problems)

    def time_at(self, place_id: str) -> Callable[[str], datetime]:
        """The parser of times at a place: its own zone if the mapping declares it, else the mapping's."""
        return self._times.get(place_id, self._time)

    def _receipt(self, values: Values) -> bytes | None:
        """The key that ties the lines of one order, and its refunds, together."""
        order = self.cells.get("order")
        order_id = order(values) if order else None
        return None if order_id is None else digest("order", order_id)

    def _product(self, values: Values) -> Product | None:
        """What the row says about its product; None when it does not name one."""
        product_id = self.cells["product.id"](values) if "product.id" in self.cells else None
        told: dict[str, Any] = {
            name: value for name, cell in self._described if (value := cell(values)) is not None
        }
        return Product(id=product_id, **told) if product_id and "name" in told else None


class _Row:
    """One row while it is judged. Reading goes on behind a flaw, so that all of them are found."""

    __slots__ = ("judge", "line", "problems", "refused", "values")

    def __init__(self, judge: Judge, line: int, values: Values) -> None:
        self.judge, self.line, self.values = judge, line, values
        self.problems: list[LineProblem] = []
        self.refused = False

    def note(self, field: str, text: str, flaw: Flaw, *, optional: bool = False) -> None:
        """Remember a flaw. It refuses the row, unless the field is optional and the judge lenient."""
        shown = "(not shown)" if field.startswith(_PERSONAL) else brief(text)
        problem = Problem(at=self.line, field=field, value=shown, cause=flaw.cause, remedy=flaw.remedy)
        refused = not (optional and self.judge.lenient)
        self.problems.append(LineProblem(problem=problem, refused=refused))
        self.refused = self.refused or refused

    def text(self, name: str) -> str | None:
        """A field's value as it was written, or None when it is not mapped or missing."""
        cell = self.judge.cells.get(name)
        return cell(self.values) if cell else None

    def need(self, name: str, parse: Callable[[str], T], instead: T) -> T:
        """A field that the row cannot do without."""
        text = self.text(name)
        try:
            if text is None:
                raise Flaw("is missing.", "Fill it in, or let a rule leave such rows out.")
            return parse(text)
        except Flaw as flaw:
            self.note(name, text or "", flaw)
            return instead

    def may(self, name: str, parse: Callable[[str], T], instead: T, *, optional: bool = True) -> T:
        """A field that may be missing; where a wrong value cannot be dropped, `optional` is False."""
        cell = self.judge.cells.get(name)
        text = cell(self.values) if cell else None
        if text is None:
            return instead
        try:
            return parse(text)
        except Flaw as flaw:
            self.note(name, text, flaw, optional=optional)
            return instead

    def _who(self) -> Who:
        """Who a row is about; what stands where nobody is known (`NULL`, `test`, `0000000`) is no identifier."""
        person, anonymous = (self.may(name, check_id, None) for name in ("person", "anonymous"))
        further = ((kind, self.may(kind, check_id, None)) for kind in _FURTHER if kind in self.judge.cells)
        named = {identifier(kind, value) for kind, value in further if value is not None}
        return Who(
            user_id=None if person is None else identifier("user", person),
            anonymous_id=None
            if anonymous is None or identifier("anonymous", anonymous) is None
            else anonymous,
            identifiers=tuple(sorted(one for one in named if one is not None)),
        )

    def event(self, ruling: Ruling) -> Event | None:
        """What happened, or None when the row is refused. The id is made where all rows are known."""
        place_id = self.may("place", check_id, NOWHERE)
        at = self.need("time", self.judge.time_at(place_id), None)
        who = self._who()
        channel: Channel = self.may("channel", _channel, "unknown")
        body = _BODIES[ruling.kind](self, ruling)
        if self.refused or at is None:
            return None
        return Event(
            id=_PLACEHOLDER,
            source=_PLACEHOLDER,
            happened_at=at,
            body=body,
            who=who,
            place_id=place_id,
            channel=channel,
        )

    def receipt_line(self, *, refund: bool) -> Line:
        """One line of a receipt. In a refund, what is negative in the file is positive in the line."""
        product_id = self.need("product.id", check_id, _PLACEHOLDER)
        judge = self.judge
        count = self.may("quantity", judge.number, Decimal(1), optional=False)
        quantity = self._checked("quantity", lambda: quantity_of(count, judge.quantity), 1)
        price = self.may("unit_price", judge.number, None, optional=False)
        amount = self.may("amount", judge.number, None, optional=False)
        total = price * count if price is not None else amount or Decimal(0)
        if refund:
            turned = count < 0 if price is not None else total < 0
            quantity, total = abs(quantity), -total if turned else total
        elif quantity < 0:
            flaw = Flaw(
                "is negative in a sale.", 'Add a rule with kind = "order.refunded" for quantities below 0.'
            )
            self.note("quantity", str(count), flaw)
            quantity = 0
        return Line(
            product_id=product_id,
            quantity=quantity,
            unit=judge.quantity.unit,
            amount_minor=self._checked("amount", lambda: minor_of(total, judge.currency), 0),
            discount_minor=self.may("discount", self._taken_off, 0),
            coupon_minor=self.may("coupon", self._taken_off, 0),
            cost_minor=self.may("cost", self._taken_off, None),
        )

    def order_id(self) -> str:
        """The order that the row belongs to."""
        return self.need("order", check_id, _PLACEHOLDER)

    def product_id(self) -> str:
        """The product that the row is about."""
        return self.need("product.id", check_id, _PLACEHOLDER)

    def quantity(self) -> int:
        """A quantity of whole pieces that were put somewhere."""
        count = self.may("quantity", self.judge.number, Decimal(1), optional=False)
        return abs(self._checked("quantity", lambda: quantity_of(count, self.judge.quantity), 1))

    def kept(self) -> dict[str, str]:
        """The columns that the mapping keeps as properties."""
        return {column: value for column, place in self.judge.properties if (value := self.values[place])}

    def traits(self) -> dict[str, str]:
        """Who somebody is."""
        return {
            name: value for name in self.judge.traits if (value := self.text(f"traits.{name}")) is not None
        }

    def _taken_off(self, text: str) -> int:
        return abs(minor_of(self.judge.number(text), self.judge.currency))

    def _checked(self, field: str, make: Callable[[], T], instead: T) -> T:
        try:
            return make()
        except Flaw as flaw:
            self.note(field, self.text(field) or "", flaw)
            return instead


def _content(event: Event) -> bytes:
    """A key for what a row says, not for how its file writes it. Ids are made from it, so its form may never change."""
    return digest("row", _encode(event).decode())


def _completed(row: _Row, ruling: Ruling) -> Kind:
    del ruling
    return OrderCompleted(
        order_id=row.order_id(), currency=row.judge.currency, lines=(row.receipt_line(refund=False),)
    )


def _refunded(row: _Row, ruling: Ruling) -> Kind:
    """The file's order number is the refund's own; which order it takes back, such files rarely say."""
    del ruling
    return OrderRefunded(
        refund_id=row.order_id(), currency=row.judge.currency, lines=(row.receipt_line(refund=True),)
    )


def _identified(row: _Row, ruling: Ruling) -> Kind:
    del ruling
    row.need("person", check_id, _PLACEHOLDER)
    return PersonIdentified(traits=row.traits())


def _visited(row: _Row, ruling: Ruling) -> Kind:
    del ruling
    row.need("place", check_id, _PLACEHOLDER)
    return PlaceVisited()


def _channel(text: str) -> Channel:
    if text in _CHANNELS:
        return cast(Channel, text)
    raise Flaw("is not a channel.", f"Known: {', '.join(_CHANNELS)}.")


def _rating(text: str) -> int:
    if text.isdecimal() and int(text) <= 10:
        return int(text)
    raise Flaw("is not a rating.", "Expected a whole number, such as 1 to 5.")


def _as_written(text: str) -> str:
    return text


_BODIES: dict[str, Callable[[_Row, Ruling], Kind]] = {
    "order.completed": _completed,
    "order.refunded": _refunded,
    "products.searched": lambda row, ruling: ProductsSearched(query=row.need("query", _as_written, "")),
    "product.viewed": lambda row, ruling: ProductViewed(product_id=row.product_id()),
    "product.added": lambda row, ruling: ProductAdded(product_id=row.product_id(), quantity=row.quantity()),
    "product.favourited": lambda row, ruling: ProductFavourited(product_id=row.product_id()),
    "product.reviewed": lambda row, ruling: ProductReviewed(
        product_id=row.product_id(), rating=row.may("rating", _rating, None), text=row.text("text")
    ),
    "place.visited": _visited,
    "page.viewed": lambda row, ruling: PageViewed(name=row.text("page"), properties=row.kept()),
    "person.identified": _identified,
    "custom.tracked": lambda row, ruling: CustomTracked(name=ruling.name, properties=row.kept()),
}
