"""`oneshelf evaluate`: published protocols on the shop's own data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.decisions.recommend.evaluate import Protocol, RecommendReport
from oneshelf.decisions.recommend.scores import ListScore

commands = typer.Typer(help="Evaluations: published protocols on the shop's own data.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(commands, name="evaluate")


@commands.callback()
def evaluations() -> None:
    """Evaluations: published protocols on the shop's own data."""


@commands.command()
def recommend(
    context: typer.Context,
    protocol: Annotated[
        Protocol,
        typer.Option(
            help="by-date: each person's first basket from a day. last-basket: the last basket of people with 3 to 50."
        ),
    ] = "by-date",
    cut: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="By date, the first day that is not known. Default: 28 days before the newest order.",
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Also write the report to a new file: .json, .md or .html.")
    ] = None,
    json: Json = False,
) -> None:
    """Score every method of recommending on the shop's own past, beside popularity and personal frequency."""
    with open_shelf(context) as shelf:
        found = shelf.recommendations.evaluate(
            protocol=protocol, cut=None if cut is None else cut.date(), report=report
        )
    if json:
        print_json(found)
        return
    print_report(found)
    if report is not None:
        out.print(f"Written to {report}.", markup=False)


def print_report(found: RecommendReport) -> None:
    """Both lists as tables."""
    after = f"their first basket from {found.cut} on" if found.cut else "their last basket"
    whole = [each for each in found.next if each.part == "all"]
    print_table(
        f"The next basket of {found.people:,} people: {after}; {found.bought_before:.0%} of it bought before",
        _COLUMNS,
        _rows(whole, found.chosen.next),
    )
    print_table(
        "A list of its own of what is new to a person, against what was new in that basket",
        _COLUMNS,
        _rows(found.new, found.chosen.new),
    )
    out.print("Shipped is what was chosen on other people or earlier days than these.")


_COLUMNS = ("method", "first", "recall", "± se", "NDCG", "NDCG cut", "hit rate", "shipped")


def _rows(scores: Sequence[ListScore], shipped: str) -> list[tuple[object, ...]]:
    return [
        (
            each.method,
            each.k,
            f"{each.recall:.4f}",
            f"{each.recall_error:.4f}",
            f"{each.ndcg:.4f}",
            f"{each.ndcg_cut:.4f}",
            f"{each.hit_rate:.4f}",
            "*" if each.method == shipped else "",
        )
        for each in scores
    ]
