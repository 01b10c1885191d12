"""Output: tables for people, JSON for machines, errors on stderr with their remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from oneshelf.errors import InvalidInput, OneShelfError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

#: How many problems of one input a terminal shows before it says how many more there are.
PROBLEMS_SHOWN = 40

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen and change nothing.")]


def print_json(value: Any) -> None:
    """Print a result of a use case as JSON on one line."""
    typer.echo(msgspec.json.encode(value).decode())


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their columns; numbers are aligned to the right."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    kept = [list(row) for row in rows]
    for index, column in enumerate(columns):
        numeric = bool(kept) and all(
            isinstance(row[index], int | float) or row[index] is None for row in kept
        )
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in kept:
        table.add_row(*(_cell(value) for value in row))
    out.print(table)


def print_error(error: OneShelfError) -> None:
    """Print what happened, every problem with its place, and what to do."""
    err.print(error.cause, style="bold red", markup=False)
    problems = error.problems if isinstance(error, InvalidInput) else ()
    for problem in problems[:PROBLEMS_SHOWN]:
        err.print(f"  {problem}", markup=False)
    if len(problems) > PROBLEMS_SHOWN:
        err.print(f"  and {len(problems) - PROBLEMS_SHOWN} more")
    if error.remedy:
        err.print(error.remedy, markup=False)


def _cell(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else ""
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.2f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case _:
            # square brackets of other people's text are not our markup
            return str(value).replace("[", r"\[")


@contextmanager
def progress(what: str, *, shown: bool) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on stderr, or nothing for machines."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not shown, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def advance(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield advance
