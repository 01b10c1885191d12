"""The form of a catalogue file: which of its columns say what. Those that OneShelf comes with lie in `forms/`.

currency = "EUR"
reference = { column = ["Handle", "Option1 Value"] }           # several columns are joined
id = [{ column = "Variant SKU" }, { column = "Handle" }]       # the first that the file has and the row fills in
name = { column = "Title" }
price = { column = "Variant Price" }
row_needs = ["price"]                                          # rows without are left out: pictures of the product above

[filled_down]                                                  # a product's variants stand below it, and repeat only its handle
by = ["Handle"]
columns = ["Title"]
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from oneshelf.connect.sources.mapping import Field, FileForm, Part, check_encoding
from oneshelf.connect.toml import read_toml
from oneshelf.errors import InvalidInput, Problem
from oneshelf.words.money import check_currency

#: One place to look, or several in order.
Places = Field | tuple[Field, ...]

_FOLDER: Final = Path(__file__).with_name("forms")

#: The form whose columns bear the names of the fields themselves.
PLAIN: Final = "plain"


class FilledDown(Part, frozen=True, kw_only=True):
    """Columns that only the first row of a group fills in; `by` names the columns that say which rows are one group."""

    by: tuple[str, ...]
    columns: tuple[str, ...]


class Form(Part, frozen=True, kw_only=True):
    """What a catalogue file can say of a product, its price and its terms. See the module for an example.

    `place` is where the row's price and terms hold, `zone` and `channel` where its price does; without them: everywhere.
    """

    title: str = ""
    #: of amounts that name none
    default_currency: str | None = None
    file: FileForm = FileForm()
    #: between the levels of a category path
    path_separator: str = ">"
    row_needs: tuple[str, ...] = ()
    filled_down: FilledDown | None = None

    reference: Places | None = None
    id: Places | None = None
    name: Places | None = None
    department: Places | None = None
    category: Places | None = None
    type: Places | None = None
    brand: Places | None = None
    size: Places | None = None
    gtin: Places | None = None
    unit: Places | None = None
    case_pack: Places | None = None
    shelf_life_days: Places | None = None
    temperature: Places | None = None
    supplier: Places | None = None
    category_path: Places | None = None
    active: Places | None = None

    place: Places | None = None
    zone: Places | None = None
    channel: Places | None = None
    price: Places | None = None
    currency: Places | None = None
    kind: Places | None = None
    starts_on: Places | None = None
    ends_on: Places | None = None

    cost: Places | None = None
    lead_time_days: Places | None = None
    minimum_order_pieces: Places | None = None
    order_by: Places | None = None
    capacity_pieces: Places | None = None

    def fields(self) -> Iterator[tuple[str, tuple[Field, ...]]]:
        """Every field that is looked for, and where."""
        for name in FIELDS:
            places = getattr(self, name)
            if places is not None:
                yield name, places if isinstance(places, tuple) else (places,)


_SETTINGS: Final = frozenset(
    ("title", "default_currency", "file", "path_separator", "row_needs", "filled_down")
)

#: What a row can say, in the order in which the guide tells it.
FIELDS: Final = tuple(name for name in Form.__struct_fields__ if name not in _SETTINGS)


def form_names() -> list[str]:
    """The forms that OneShelf comes with."""
    return sorted([PLAIN, *(path.stem for path in _FOLDER.glob("*.toml"))])


def read_form(name: str) -> Form:
    """A form that OneShelf comes with, by name, or one's own, by path. Raises NotFound or InvalidInput."""
    if name == PLAIN:
        return msgspec.convert({field: {"column": field} for field in FIELDS}, Form)
    path = _FOLDER / f"{name}.toml" if name in form_names() else Path(name)
    if not path.suffix:
        known = f"Use {', '.join(form_names())}, or the path of a TOML file of yours."
        raise InvalidInput.of("form", name, "is no form of a catalogue file.", known)
    form = read_toml(path, Form, (Form, FilledDown, Field, FileForm))
    _check(form, path)
    return form


def _check(form: Form, path: Path) -> None:
    problems = [
        Problem(
            at=0,
            field=name,
            value="",
            cause="needs a column or a constant, not both.",
            remedy=f"Write {name} = {{ column = ... }}.",
        )
        for name, places in form.fields()
        for place in places
        if (place.column is None) == (place.constant is None)
    ]
    problems += [
        Problem(
            at=0,
            field="row_needs",
            value=repr(name),
            cause="is not read by this form.",
            remedy="Name its fields.",
        )
        for name in form.row_needs
        if name not in dict(form.fields())
    ]
    if problems:
        raise InvalidInput(f"The form {path.name} cannot be used.", problems[0].remedy, problems=problems)
    check_encoding(form.file)
    if form.default_currency is not None:
        check_currency(form.default_currency)


def fitted(form: Form, has: Sequence[str], name: str) -> dict[str, tuple[Field, ...]]:
    """Of the places where a form looks those that a file has; raises InvalidInput where nothing says which product a row is of."""
    known = set(has)
    found = {
        field: fitting
        for field, places in form.fields()
        if (fitting := tuple(one for one in places if known.issuperset(one.columns)))
    }
    if found.keys().isdisjoint(("id", "reference")):
        looked = sorted(
            {
                c
                for f, places in form.fields()
                if f in ("id", "reference")
                for one in places
                for c in one.columns
            }
        )
        raise InvalidInput.of(
            "columns",
            ", ".join(has),
            f"of {name} name no product.",
            f"Give it one of the columns {', '.join(looked)}, or choose another form.",
        )
    return found


def check_plain(columns: Sequence[str]) -> None:
    """Raise InvalidInput for every column that a plain file cannot have: a misspelt one would be passed over in silence."""
    problems = []
    for column in columns:
        if column not in FIELDS:
            near = difflib.get_close_matches(column, FIELDS, n=1)
            remedy = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(FIELDS)}."
            problems.append(
                Problem(
                    at=1, field=column, value="", cause="is not a column of a plain catalogue.", remedy=remedy
                )
            )
    if problems:
        raise InvalidInput(
            "The file has columns that say nothing here.", problems[0].remedy, problems=problems
        )
