"""Files of stock documents: CSV with a heading, a row a product (or lot) of a document.

Every form has `place_id`, `product_id`, `pieces`, and may have `at` (with or without offset; then in the place's zone), `lot_id`,
`expires_on` and `document` (rows of one are one document; without it those of one place and time). Further columns: `owner_id`,
`order_id` and `supplier_id` of receipts and orders, `due_on` of orders, `reason` of waste, `to_place_id` of transfers.
"""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from oneshelf.app.goods.stock.base import document_id, names_of
from oneshelf.books import goods, places
from oneshelf.books.database import Connection
from oneshelf.errors import InvalidInput, NotFound, Problem, brief
from oneshelf.events.catalogue import Kind, kind_of
from oneshelf.events.codecs import problem_of
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.events.stock import (
    CountedLine,
    GoodsOrdered,
    GoodsReceived,
    GoodsWasted,
    StockCounted,
    StockLine,
    StockTransferred,
)
from oneshelf.words.ids import Id, derived_id
from oneshelf.words.quantity import QUANTITY_MAX
from oneshelf.words.text import Written
from oneshelf.words.time import check_plausible, zone

Form = Literal["counted", "received", "wasted", "transferred", "ordered"]

#: What each form must have, besides a place, a product and pieces; and what it may have, besides when, lot and document.
_NEEDS: Final[Mapping[Form, tuple[str, ...]]] = {
    "counted": (),
    "received": (),
    "wasted": (),
    "transferred": ("to_place_id",),
    "ordered": ("order_id", "due_on"),
}
_MAY: Final[Mapping[Form, tuple[str, ...]]] = {
    "counted": (),
    "received": ("owner_id", "order_id", "supplier_id"),
    "wasted": ("owner_id", "reason"),
    "transferred": ("owner_id",),
    "ordered": ("supplier_id",),
}
_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
#: Under what the cells stand that no heading names.
_SURPLUS: Final = "more columns than the heading"
_ALWAYS: Final = ("place_id", "product_id", "pieces")
_COMMON: Final = ("at", "lot_id", "expires_on", "document")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row that was found good."""

    place_id: Id
    product_id: Id
    pieces: int
    at: datetime
    lot_id: Id | None = None
    expires_on: date | None = None
    document: Id | None = None
    owner_id: Id | None = None
    order_id: Id | None = None
    supplier_id: Id | None = None
    due_on: date | None = None
    reason: Written | None = None
    to_place_id: Id | None = None


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a file brought, or would bring."""

    form: Form
    documents: int
    rows: int
    places: int
    pieces: int
    dry_run: bool


def read_rows(path: Path, form: Form, connection: Connection, now: datetime, time_zone: str) -> list[Row]:
    """The rows of a file, all of them good. Raises InvalidInput with every problem of the file at once, NotFound without a file."""
    raw = list(_raw_rows(path, form))
    zones = places.zones(
        connection, {row.get(name, "") for _, row in raw for name in ("place_id", "to_place_id")}
    )
    known = goods.products(connection, {row.get("product_id", "") for _, row in raw}).keys()
    problems: list[Problem] = []
    rows: list[Row] = []
    seen: dict[tuple[Any, ...], int] = {}
    times: dict[tuple[str, str | None], datetime] = {}
    ordered: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for line, told in raw:
        found = list(_unknown(line, told, zones, known))
        try:
            row = _row(told, form, now, zones.get(told.get("place_id", ""), time_zone))
        except (msgspec.ValidationError, InvalidInput) as error:
            found += _cell_problems(line, told) or [problem_of(error, line)]
        else:
            key = (row.place_id, row.product_id, row.lot_id, row.expires_on, row.document, row.at)
            if form == "counted" and (first := seen.setdefault(key, line)) != line:
                found.append(
                    _problem(line, "product_id", row.product_id, f"was counted in line {first} already.", "Keep one of the lines.")
                )  # fmt: skip
            name = (row.place_id, row.document)
            if row.document is not None and times.setdefault(name, row.at) != row.at:
                found.append(
                    _problem(line, "at", told.get("at", ""), f"is not the time of the document {row.document} above.", "Give it one time.")
                )  # fmt: skip
            if row.order_id is not None and row.due_on is not None:
                order = (row.place_id, row.product_id, row.order_id, row.at)
                if ordered.setdefault(order, (row.due_on, row.supplier_id, row.document)) != (
                    row.due_on,
                    row.supplier_id,
                    row.document,
                ):
                    found.append(
                        _problem(line, "order_id", row.order_id, f"brings {row.product_id} by another line above, and the newer would replace it.", "Give each delivery an order of its own.")
                    )  # fmt: skip
            rows.append(row)
        problems += found
    if problems:
        raise InvalidInput(
            f"{path.name}: {len(problems)} problems in {len(raw)} rows; nothing was recorded.",
            "Correct the rows and give the file again.",
            problems=problems,
        )
    return rows


def documents(rows: Iterable[Row], form: Form) -> Iterator[Event]:
    """The documents of a file: rows of one place and document, or else of one place and time, are one. Ids follow from them."""
    groups: defaultdict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        when = row.at if row.document is None else None
        of = (row.to_place_id, row.order_id, row.supplier_id, row.due_on, row.reason)
        groups[row.place_id, row.document, when, *of].append(row)
    parts: Counter[tuple[str, ...]] = Counter()
    for (place_id, document, *_), mine in groups.items():
        body = _BODIES[form](mine)
        at = mine[0].at
        name = document or derived_id(at.isoformat(), msgspec.json.encode(body).decode())
        *whose, name = names_of(body, at, name)
        part = parts[place_id, *whose, name]
        parts[place_id, *whose, name] += 1
        yield Event(
            id=document_id(
                kind_of(body), place_id, *whose, derived_id(name, str(part + 1)) if part else name
            ),
            source=OWN_SOURCE,
            happened_at=at,
            body=body,
            place_id=place_id,
        )


def _raw_rows(path: Path, form: Form) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with their line in the file; empty cells are left out. Raises InvalidInput when the heading is wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True, restkey=_SURPLUS)
            _check_heading(path, form, reader.fieldnames or ())
            for row in reader:
                told = {n: v.strip() for n, v in row.items() if isinstance(v, str) and v.strip()}
                if _SURPLUS in row or None in row.values():
                    told[_SURPLUS] = ",".join(told.values())
                yield reader.line_num, told
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.", "Check its path.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput.of(
            "file", path.name, f"cannot be read as CSV ({error}).", "Save it as CSV in UTF-8."
        ) from None


def _check_heading(path: Path, form: Form, columns: Iterable[str]) -> None:
    counted = Counter(columns)
    given = set(counted)
    needed = {*_ALWAYS, *_NEEDS[form]}
    known = {*needed, *_COMMON, *_MAY[form]}
    problems = (
        [
            _problem(1, name, "", "is missing in the heading.", f"A file of {form} goods needs it.")
            for name in sorted(needed - given)
        ]
        + [
            _problem(1, name, name, "is not a column of it.", f"Known: {', '.join(sorted(known))}.")
            for name in sorted(given - known)
        ]
        + [
            _problem(1, name, name, "stands twice in the heading.", "Keep one of the columns.")
            for name in sorted(given & known)
            if counted[name] > 1
        ]
    )
    if problems:
        raise InvalidInput(f"{path.name} cannot be read.", problems[0].remedy, problems=problems)


def _row(told: Mapping[str, str], form: Form, now: datetime, time_zone: str) -> Row:
    """A row from its cells. Raises what `problem_of` understands."""
    cells: dict[str, Any] = {**told, "at": _moment(told.get("at"), now, time_zone)}
    for name in (*_ALWAYS, *_NEEDS[form]):
        if name not in cells:
            raise InvalidInput.of(name, "", "is empty.", "Fill it in.")
    row = msgspec.convert(cells, Row, strict=False)
    if not (0 if form in ("counted", "ordered") else 1) <= row.pieces <= QUANTITY_MAX:
        raise InvalidInput.of("pieces", row.pieces, "is no number of pieces.", f"Give up to {QUANTITY_MAX}.")
    check_plausible(row.at, now, "at")
    if form in ("received", "wasted", "transferred") and not told.keys() & {"at", "document"}:
        raise InvalidInput.of(
            "document", "", "is empty, and so is its time: the same file again would be taken twice.", "Fill in one of them."
        )  # fmt: skip
    return row


def _cell_problems(line: int, told: Mapping[str, str]) -> list[Problem]:
    """What is wrong with each cell by itself."""
    problems = []
    for one in msgspec.structs.fields(Row):
        text = told.get(one.name)
        if text is None:
            continue
        try:
            if one.name == "at":
                _moment(text, _ANY_TIME, "UTC")
            else:
                msgspec.convert(text, one.type, strict=False)
        except (msgspec.ValidationError, InvalidInput) as error:
            problem = problem_of(error, line)
            problems.append(dataclasses.replace(problem, field=one.name, value=brief(text)))
    return problems


def _moment(text: str | None, now: datetime, time_zone: str) -> datetime:
    if text is None:
        return now
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput.of("at", text, "is no time.", "Write it as 2026-03-01T21:30.") from None
    return at if at.tzinfo else at.replace(tzinfo=zone(time_zone))


def _unknown(
    line: int, told: Mapping[str, str], zones: Mapping[str, str], known: Iterable[str]
) -> Iterator[Problem]:
    for name in ("place_id", "to_place_id"):
        if name in told and told[name] not in zones:
            yield _problem(
                line, name, told[name], "is no place that is known.", "Import it: oneshelf places import."
            )
    if "product_id" in told and told["product_id"] not in known:
        yield _problem(line, "product_id", told["product_id"], "is no product that is known.", "Load the catalogue first.")  # fmt: skip
    if _SURPLUS in told:
        yield _problem(
            line,
            "row",
            told[_SURPLUS],
            "has not as many cells as the heading.",
            "Write a thousand as 1000, and put text with commas in quotes.",
        )


def _problem(at: int, field: str, value: str, cause: str, remedy: str) -> Problem:
    return Problem(at=at, field=field, value=brief(value), cause=cause, remedy=remedy)


def _lines(rows: Iterable[Row]) -> tuple[StockLine, ...]:
    return tuple(
        StockLine(
            product_id=row.product_id,
            quantity=row.pieces,
            lot_id=row.lot_id,
            expires_on=row.expires_on,
            owner_id=row.owner_id,
        )
        for row in rows
    )


def _counted(rows: list[Row]) -> Kind:
    return StockCounted(
        lines=tuple(
            CountedLine(
                product_id=row.product_id, on_hand=row.pieces, lot_id=row.lot_id, expires_on=row.expires_on
            )
            for row in rows
        )
    )


def _received(rows: list[Row]) -> Kind:
    return GoodsReceived(lines=_lines(rows), order_id=rows[0].order_id, supplier_id=rows[0].supplier_id)


def _wasted(rows: list[Row]) -> Kind:
    return GoodsWasted(lines=_lines(rows), reason=rows[0].reason)


def _transferred(rows: list[Row]) -> Kind:
    return StockTransferred(to_place_id=str(rows[0].to_place_id), lines=_lines(rows))


def _ordered(rows: list[Row]) -> Kind:
    first = rows[0]
    return GoodsOrdered(
        order_id=str(first.order_id),
        due_on=first.due_on or first.at.date(),
        lines=_lines(rows),
        supplier_id=first.supplier_id,
    )


_BODIES: Final[Mapping[Form, Callable[[list[Row]], Kind]]] = {
    "counted": _counted,
    "received": _received,
    "wasted": _wasted,
    "transferred": _transferred,
    "ordered": _ordered,
}
