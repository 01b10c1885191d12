"""`oneshelf sources` and `oneshelf rejects`: what arrives, and what could not be taken."""

from __future__ import annotations

from typing import Annotated

import typer

from oneshelf.cli.output import DryRun, Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf

rejects = typer.Typer(
    help="Events and rows that were refused: kept, listed, replayable.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.command()(sources)
    app.add_typer(rejects, name="rejects")


def sources(context: typer.Context, json: Json = False) -> None:
    """List what arrives: events, repeats, rejects and when each source was last heard."""
    with open_shelf(context) as shelf:
        found = shelf.sources.summary()
    if json:
        print_json(found)
        return
    print_table(
        "Sources",
        ("source", "events", "repeats", "rejected", "simulated", "last heard"),
        ((s.source, s.events, s.repeats, s.rejected, s.simulated, s.last_recorded_at) for s in found),
    )


@rejects.command("list")
def list_rejects(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="Of this source only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    json: Json = False,
) -> None:
    """List refused events and rows, newest first."""
    with open_shelf(context) as shelf:
        page = shelf.sources.rejects(source=source, limit=limit)
    if json:
        print_json(page)
        return
    print_table(
        "Rejects",
        ("id", "source", "at", "field", "value", "cause", "remedy", "replayed"),
        ((r.id, r.source, r.at, r.field, r.value, r.cause, r.remedy, r.replayed_at) for r in page.items),
    )


@rejects.command()
def replay(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(help="Ids of rejects, as `list` shows them.")],
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Try refused events again, after what refused them was mended. Doubles nothing."""
    with open_shelf(context) as shelf:
        report = shelf.sources.replay(ids, dry_run=dry_run)
        if not dry_run:
            shelf.catch_up()
    if json:
        print_json(report)
        return
    out.print(f"{report.replayed:,} replayed, {report.still_bad:,} still cannot be read.")
