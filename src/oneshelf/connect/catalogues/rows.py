"""The rows of a catalogue file, as what each says of its product: texts by the names of the form's fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from oneshelf.connect.catalogues.form import PLAIN, FilledDown, check_plain, fitted, read_form
from oneshelf.connect.sources.cells import Reader, reader
from oneshelf.connect.sources.records import check_columns, columns_of, read
from oneshelf.errors import Problem

#: Between the columns that make one name, `Tea - 250 g`; those of a reference have a mark that no handle holds, so that
#: `tea-green` and `100` are not `tea` and `green-100`.
_JOINT = " - "
_JOINTS = {"id": "-", "reference": ":"}


class Row(msgspec.Struct, frozen=True, gc=False):
    """What one row says. `told` holds what it fills in."""

    line: int
    told: dict[str, str]


class CatalogueFile:
    """A CSV or Parquet file in one form: `shopify`, `odoo`, `plain`, or the path of a form of one's own.

    Raises InvalidInput where its columns do not name products, and for columns that a plain file cannot have.
    """

    def __init__(self, path: Path, form: str) -> None:
        self.path = path
        self.form = read_form(form)
        has = columns_of(path, self.form.file)
        if form == PLAIN:
            check_plain(has)
        fields = fitted(self.form, has, path.name)
        down = self.form.filled_down
        filled = [column for column in (*down.by, *down.columns) if column in has] if down else []
        looked = [column for places in fields.values() for one in places for column in one.columns]
        self._columns = list(dict.fromkeys([*looked, *filled]))
        check_columns(path, self.form.file, self._columns)
        index = {column: at for at, column in enumerate(self._columns)}
        self._readers: list[tuple[str, list[Reader]]] = [
            (name, [reader(one, index, _JOINTS.get(name, _JOINT)) for one in places])
            for name, places in fields.items()
        ]
        self._down = _Down(down, index) if down else None

    def rows(self) -> Iterator[Row | Problem | None]:
        """What each row says, what is wrong with a row that cannot be read, or None for one that the form leaves out."""
        needs = self.form.row_needs
        for line, values in read(self.path, self.form.file, self._columns):
            if isinstance(values, Problem):
                yield values
                continue
            full = self._down.filled(values) if self._down else values
            told = {
                name: text for name, places in self._readers if (text := _first(places, full)) is not None
            }
            yield None if needs and told.keys().isdisjoint(needs) else Row(line, told)


class _Down:
    """Gives a row what the first one of its group said."""

    def __init__(self, down: FilledDown, index: dict[str, int]) -> None:
        self._by = [index[column] for column in down.by if column in index]
        self._columns = [index[column] for column in down.columns if column in index]
        self._group: list[str | None] = []
        self._first: Sequence[str | None] = ()

    def filled(self, values: Sequence[str | None]) -> Sequence[str | None]:
        group = [values[at] for at in self._by]
        if group != self._group:
            self._group, self._first = group, values
            return values
        full = list(values)
        for at in self._columns:
            full[at] = full[at] or self._first[at]
        return full


def _first(places: Sequence[Reader], values: Sequence[str | None]) -> str | None:
    return next((text for place in places if (text := place(values)) is not None), None)
