"""`oneshelf plan`: tomorrow's order plan."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf


def add_to(app: typer.Typer) -> None:
    """Hang the command under the root."""
    app.command()(plan)


def plan(
    context: typer.Context,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day that is known. Default: the last with sales."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many lines to print, exceptions first.")] = 20,
    json: Json = False,
) -> None:
    """Plan the next day: quantities with their uncertainty, the reason, and the error of the method in backtests."""
    day: date | None = None if as_of is None else as_of.date()
    with open_shelf(context) as shelf:
        made = shelf.goods.plan_next_day(day)
    if json:
        print_json(made)
        return
    print_table(
        f"Plan for {made.for_day}, known to {made.as_of}{' (simulated events entered)' if made.simulated else ''}",
        ("product type", "order", "expect", "low", "high", "why"),
        (
            (line.series, line.quantity, line.mean, line.low, line.high, line.reason)
            for line in made.lines[:limit]
        ),
    )
    tested = made.backtest
    out.print(f"{len(made.lines):,} lines. {made.method}", markup=False)
    print_table(
        f"Every day from {tested.first_day} to {tested.last_day}, forecast from the days before it",
        ("method", "WAPE", "RMSSE", "bias", "coverage of the 90% quantile"),
        ((s.method, s.wape, s.rmsse, s.bias, s.coverage) for s in tested.scores if s.volume == "all"),
    )
