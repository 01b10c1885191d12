"""The mapping: a TOML file that says which columns of somebody's file mean what. `docs/examples/` has whole ones.

    source = "online-retail"                              # the source id that the events carry
    time_zone = "Europe/London"                           # of times without an offset, where the place has no zone of its own
    currency = "GBP"
    time = { column = "InvoiceDate", format = "iso" }     # or "unix", "unix_ms", or a strptime pattern
    order = { column = "InvoiceNo" }                      # lines with the same order are one receipt
    person = { column = "CustomerID", prefix = "customer-" }
    quantity = { column = "Quantity" }
    unit_price = { column = "UnitPrice" }                 # or amount, the line's total
    place = { constant = "web" }

    [product]
    id = { column = "StockCode" }
    name = { column = "Description" }

    [[rules]]                                             # the first rule that fits a row says what happened
    kind = "order.refunded"
    when = [{ column = "InvoiceNo", starts_with = "C" }]

    [[rules]]
    kind = "order.completed"

A field reads one column, or several joined, or is a constant. The kind `ignore` leaves rows out; the report counts them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import msgspec

from oneshelf.connect.toml import read_toml
from oneshelf.errors import InvalidInput
from oneshelf.events.envelope import check_source
from oneshelf.words.ids import Id
from oneshelf.words.money import check_currency
from oneshelf.words.places import Place
from oneshelf.words.quantity import Unit
from oneshelf.words.time import zone

RowKind = Literal[
    "order.completed",
    "order.refunded",
    "products.searched",
    "product.viewed",
    "product.added",
    "product.favourited",
    "product.reviewed",
    "place.visited",
    "page.viewed",
    "person.identified",
    "custom.tracked",
    "ignore",
]

#: Rows of these kinds are lines: those with the same order become one event.
RECEIPTS = frozenset(("order.completed", "order.refunded"))

#: What a rule's kind cannot do without.
NEEDS: dict[str, tuple[str, ...]] = {
    "order.completed": ("order", "product.id", "currency"),
    "order.refunded": ("order", "product.id", "currency"),
    "products.searched": ("query",),
    "product.viewed": ("product.id",),
    "product.added": ("product.id",),
    "product.favourited": ("product.id",),
    "product.reviewed": ("product.id",),
    "place.visited": ("place",),
    "person.identified": ("person",),
}


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the mapping; a key that it does not know is refused."""


class Field(Part, frozen=True, kw_only=True):
    """Where a value comes from. Several columns are joined with `-`, those of a time with a blank."""

    column: str | tuple[str, ...] | None = None
    constant: str | None = None
    #: put in front of the value, so that ids of different files do not collide
    prefix: str = ""
    #: values that mean "not known", besides the empty one
    missing: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return (self.column,) if isinstance(self.column, str) else self.column or ()


class TimeField(Field, frozen=True, kw_only=True):
    """When it happened."""

    format: str = "iso"


class QuantityField(Field, frozen=True, kw_only=True):
    """How many. Weighed goods: `scale = 1000` and `unit = "g"` make 1.25 (kg) 1250 g."""

    scale: int = 1
    unit: Unit = "each"


class ProductFields(Part, frozen=True, kw_only=True):
    """What the file says about products; id and name at least make a catalogue."""

    id: Field | None = None
    name: Field | None = None
    department: Field | None = None
    category: Field | None = None
    type: Field | None = None
    brand: Field | None = None
    size: Field | None = None


class When(Part, frozen=True, kw_only=True):
    """A condition on one column; all that it names must hold. `below` and `above` compare numbers."""

    column: str
    equals: str | None = None
    one_of: tuple[str, ...] | None = None
    starts_with: str | None = None
    below: float | None = None
    above: float | None = None
    empty: bool | None = None


class Rule(Part, frozen=True, kw_only=True):
    """What a row means when all of `when` hold. `name` is the name of a `custom.tracked` event."""

    kind: RowKind
    when: tuple[When, ...] = ()
    name: str | None = None


class FileForm(Part, frozen=True, kw_only=True):
    """How the file is written. Without `format` its ending tells."""

    format: Literal["csv", "parquet", "jsonl"] | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    #: the mark before decimals in numbers; with a comma, points between thousands are skipped
    decimal_mark: Literal[".", ","] = "."
    #: JSON lines only: a list of objects in each record, such as the items of an order; each becomes a row (`items.sku`)
    unnest: str | None = None


class Mapping(Part, frozen=True, kw_only=True):
    """The whole mapping; see the module for an example."""

    source: Id
    time: TimeField
    rules: tuple[Rule, ...]
    time_zone: str = "UTC"
    currency: str | None = None
    file: FileForm = FileForm()
    order: Field | None = None
    person: Field | None = None
    anonymous: Field | None = None
    card: Field | None = None
    email: Field | None = None
    phone: Field | None = None
    payment: Field | None = None
    device: Field | None = None
    place: Field | None = None
    channel: Field | None = None
    quantity: QuantityField | None = None
    unit_price: Field | None = None
    amount: Field | None = None
    discount: Field | None = None
    coupon: Field | None = None
    #: what the goods of the line cost the shop
    cost: Field | None = None
    query: Field | None = None
    page: Field | None = None
    rating: Field | None = None
    text: Field | None = None
    product: ProductFields = ProductFields()
    #: trait -> where it comes from, for person.identified
    traits: dict[str, Field] = {}
    #: columns kept as they are with custom.tracked and page.viewed
    properties: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        check_source(self.source)

    def fields(self) -> Iterator[tuple[str, Field]]:
        """Every field that is mapped, by its name in the file."""
        for part, prefix in ((self, ""), (self.product, "product.")):
            for name in part.__struct_fields__:
                value = getattr(part, name)
                if isinstance(value, Field):
                    yield prefix + name, value
        yield from ((f"traits.{name}", field) for name, field in self.traits.items())

    def columns(self) -> tuple[str, ...]:
        """Every column that is read, in a stable order."""
        read = [column for _, field in self.fields() for column in field.columns]
        tested = [when.column for rule in self.rules for when in rule.when]
        return tuple(dict.fromkeys([*read, *tested, *self.properties]))


#: The parts that know the keys of a mapping.
_PARTS = (Mapping, TimeField, QuantityField, ProductFields, When, Rule, FileForm, Place)


def read_mapping(path: Path) -> Mapping:
    """Read and check a mapping, or raise InvalidInput that names the key and the nearest known one."""
    try:
        mapping = read_toml(path, Mapping, _PARTS)
    except InvalidInput as refusal:
        raise _with_kinds(refusal) from None
    _check(mapping)
    return mapping


def _with_kinds(refusal: InvalidInput) -> InvalidInput:
    """A rule's kind is one of a list, so the list is the remedy."""
    problem = refusal.problems[0]
    if "enum value" not in problem.cause or "kind" not in problem.field:
        return refusal
    known = f"Known kinds: {', '.join(get_args(RowKind))}."
    return InvalidInput(refusal.cause, known, problems=[replace(problem, remedy=known)])


def _check(mapping: Mapping) -> None:
    """Raise InvalidInput where parts do not fit together."""
    zone(mapping.time_zone)
    if mapping.currency is not None:
        check_currency(mapping.currency)
    mapped = dict(mapping.fields())
    for name, field in mapped.items():
        if (field.column is None) == (field.constant is None):
            raise InvalidInput.of(
                name, "", "needs a column or a constant, not both.", f"Write {name} = {{ column = ... }}."
            )
    if not mapping.rules:
        raise InvalidInput.of("rules", "[]", "say nothing about what happened.", "Add [[rules]] with a kind.")
    known = mapped.keys() | ({"currency"} if mapping.currency else set())
    for rule in mapping.rules:
        for need in NEEDS.get(rule.kind, ()):
            if need not in known:
                raise InvalidInput.of("rules", rule.kind, f"needs {need}.", f"Add {need} to the mapping.")
        if rule.kind == "custom.tracked" and not rule.name:
            raise InvalidInput.of(
                "rules", rule.kind, "has no name.", 'Add name = "What Happened" to the rule.'
            )
    if mapping.unit_price and mapping.amount:
        raise InvalidInput.of(
            "amount", "", "cannot stand beside unit_price.", "Keep the one that the file holds."
        )
    check_encoding(mapping.file)


def check_encoding(file: FileForm) -> None:
    """Raise InvalidInput where a file of this form cannot be read line by line."""
    if "\n".encode(_codec(file.encoding)) != b"\n":
        raise InvalidInput.of(
            "file.encoding", file.encoding, "cannot be read by lines.", "Convert the file to UTF-8."
        )


def _codec(encoding: str) -> str:
    try:
        "".encode(encoding)
    except LookupError:
        raise InvalidInput.of(
            "file.encoding", encoding, "is not an encoding.", "Use utf-8, gb18030, cp1252 or alike."
        ) from None
    return encoding
