"""Importing a catalogue: products, prices and terms of a file, judged whole before anything is written.

A product is found again by its reference in the source, so that one which is renamed there stays the same here, else by its id.
What a row leaves out stays as it is. Importing a file again writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from oneshelf.app.core import Core, utc_now
from oneshelf.app.goods.merging import Merger
from oneshelf.app.goods.prices import Prices
from oneshelf.books import goods, product_references, supply
from oneshelf.books.database import Connection
from oneshelf.connect.catalogues.form import FIELDS, check_plain
from oneshelf.connect.catalogues.judging import Given, Judge
from oneshelf.connect.catalogues.rows import CatalogueFile, Row
from oneshelf.connect.catalogues.waiting import Waiting
from oneshelf.errors import Conflict, InvalidInput, NotAllowed, Problem, brief
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.ids import ID_LENGTH_MAX, Id
from oneshelf.words.money import check_currency

#: Rows that are written in one transaction. A till waits for a transaction, so it is short.
CHUNK_ROWS: Final = 10_000

#: An error carries this many problems; it says how many there are.
PROBLEMS_MAX: Final = 1_000

Progress = Callable[[int, int | None], None]


class Tally(msgspec.Struct, kw_only=True):
    """How many are new, changed, and as they were."""

    new: int = 0
    changed: int = 0
    same: int = 0


class CatalogueReport(msgspec.Struct, frozen=True, kw_only=True):
    """What importing did, or would do. A price that changes is a new one; `left_out` rows say nothing, such as further pictures."""

    rows: int
    left_out: int
    products: Tally
    prices: Tally
    terms: Tally
    suppliers: int
    #: costs of products without a supplier: nobody's terms
    costs_left_out: int
    dry_run: bool


class Imports:
    """Judges a whole file, then writes it, in transactions of some thousand rows."""

    def __init__(self, core: Core, prices: Prices) -> None:
        self._core = core
        self._prices = prices

    def file(
        self,
        path: Path | str,
        *,
        form: str = "plain",
        source: str | None = None,
        currency: str | None = None,
        dry_run: bool = False,
        actor: Actor = OPERATOR,
        today: date | None = None,
        progress: Progress | None = None,
    ) -> CatalogueReport:
        """Import a CSV or Parquet file: `form` is shopify, odoo, plain, or the path of one's own (TOML).

        `source` names the system whose references the file holds (default: the form's name); `currency` is that of amounts that name none
        (default: the form's, then the shop's). A price without a day starts `today`. Raises InvalidInput with every problem at
        once, and then writes nothing.
        """
        read = CatalogueFile(Path(path), form)
        judge = Judge(
            currency=check_currency(currency or read.form.default_currency or self._core.settings.currency),
            today=today or self._prices.today(),
            decimal_mark=read.form.file.decimal_mark,
            path_separator=read.form.path_separator,
        )
        return self._run(
            read.rows(), judge, source or Path(form).stem, dry_run=dry_run, actor=actor, progress=progress
        )

    def rows(
        self,
        rows: Sequence[Mapping[str, object]],
        *,
        source: str = "plain",
        dry_run: bool = False,
        actor: Actor = OPERATOR,
        today: date | None = None,
    ) -> CatalogueReport:
        """Import records that name the plain form's fields; problems tell a record's place, counted from 0. Otherwise as a file."""
        check_plain(sorted({name for row in rows for name in row} - set(FIELDS)))
        judge = Judge(currency=self._core.settings.currency, today=today or self._prices.today())
        texts = [Row(at, _texts(row)) for at, row in enumerate(rows)]
        return self._run(iter(texts), judge, source, dry_run=dry_run, actor=actor)

    def _run(
        self,
        rows: Iterable[Row | Problem | None],
        judge: Judge,
        source: str,
        *,
        dry_run: bool,
        actor: Actor,
        progress: Progress | None = None,
    ) -> CatalogueReport:
        actor.require("catalogue.edit")
        if actor.places:
            raise NotAllowed("A catalogue is every place's.", "Ask somebody of head office to import it.")
        _check_source(source)
        with Waiting() as waiting:
            report = self._judged(rows, judge, source, waiting, dry_run=dry_run)
            if dry_run:
                return report
            merger, done = Merger(), 0
            for chunk in waiting:
                self._core.database.writer.write(
                    lambda connection, chunk=chunk: self._write(connection, merger, source, chunk, actor.name)  # type: ignore[misc]
                )
                done += len(chunk)
                if progress is not None:
                    progress(done, report.rows)
        return report

    def _judged(
        self,
        rows: Iterable[Row | Problem | None],
        judge: Judge,
        source: str,
        waiting: Waiting,
        *,
        dry_run: bool,
    ) -> CatalogueReport:
        """Go through everything, once, without writing to the books; what is good waits. Raises InvalidInput with every problem."""
        problems: list[Problem] = []
        total = left_out = 0
        merger = Merger()

        def good() -> Iterator[Given]:
            nonlocal total, left_out
            for row in rows:
                total += 1
                if row is None:
                    left_out += 1
                elif isinstance(row, Problem):
                    problems.append(row)
                else:
                    given, found = judge.judge(row.line, row.told)
                    problems.extend(found)
                    if not found:
                        yield given

        products, prices, terms = Tally(), Tally(), Tally()
        with self._core.database.read() as connection:
            for chunk in _chunks(good()):
                changes = merger.merge(connection, source, chunk)
                problems += changes.problems
                _count(products, changes.products, changes.same_products)
                _count(terms, changes.terms, changes.same_terms)
                new = len(self._prices.news(connection, changes.prices))
                prices.new, prices.same = prices.new + new, prices.same + len(changes.prices) - new
                if not problems and not dry_run:
                    waiting.put(chunk)
        if problems:
            raise _refused(problems)
        return CatalogueReport(
            rows=total,
            left_out=left_out,
            products=products,
            prices=prices,
            terms=terms,
            suppliers=len(merger.new_suppliers),
            costs_left_out=merger.costs_left_out,
            dry_run=dry_run,
        )

    def _write(
        self, connection: Connection, merger: Merger, source: str, chunk: Sequence[Given], by: str
    ) -> None:
        changes = merger.merge(connection, source, chunk)
        if changes.problems:  # the books were changed since: a place is no more, or a GTIN has another bearer
            raise Conflict(
                f"The books were changed meanwhile: {changes.problems[0]}.",
                "Import the file again; what was taken stays as it is.",
            )
        if changes.products:
            goods.upsert_products(connection, [after for _, after in changes.products], whole=True)
        product_references.link(connection, source, changes.references)
        supply.put_suppliers(connection, changes.suppliers)
        supply.put_terms(connection, [after for _, after in changes.terms])
        self._prices.record_in(connection, changes.prices, by=by, at=utc_now())


def _check_source(source: str) -> str:
    """Return the name of a system if it can be one, else raise InvalidInput."""
    try:
        return msgspec.convert(source, Id)
    except msgspec.ValidationError:
        raise InvalidInput.of(
            "source",
            brief(source),
            "cannot be a system's name.",
            f"Write 1 to {ID_LENGTH_MAX} printable characters.",
        ) from None


def _chunks(given: Iterator[Given]) -> Iterator[list[Given]]:
    while chunk := list(islice(given, CHUNK_ROWS)):
        yield chunk


def _count(tally: Tally, changed: Sequence[tuple[object | None, object]], same: int) -> None:
    new = sum(before is None for before, _ in changed)
    tally.new += new
    tally.changed += len(changed) - new
    tally.same += same


def _refused(problems: Sequence[Problem]) -> InvalidInput:
    ordered = sorted(problems, key=lambda problem: (problem.at, problem.field))
    return InvalidInput(
        f"The catalogue has {len(problems):,} problems, and nothing of it was taken.",
        "Correct the file and import it again.",
        problems=ordered[:PROBLEMS_MAX],
    )


def _texts(row: Mapping[str, object]) -> dict[str, str]:
    """What a record fills in, as a file would write it."""
    written = ((name, _text(value).strip()) for name, value in row.items() if value is not None)
    return {name: text for name, text in written if text}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return " > ".join(map(str, value))
    return str(value)
