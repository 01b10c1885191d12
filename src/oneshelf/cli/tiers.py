"""`oneshelf tiers`: the rules in force, how many people are in each tier, who moved, and a file tried before it is used."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from oneshelf.app.people.tiers import TierReport
from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf

commands = typer.Typer(help="Tiers: named rules over the portrait.", invoke_without_command=True)

_DAY = ["%Y-%m-%d"]


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(commands, name="tiers")


@commands.callback()
def report(context: typer.Context, json: Json = False) -> None:
    """Show every tier with its rule and how many people are in it."""
    if context.invoked_subcommand is not None:
        return
    with open_shelf(context) as shelf:
        found = shelf.tiers.report()
    if json:
        print_json(found)
        return
    _print("Tiers; the first rule that holds counts", found)


@commands.command()
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A TOML file of rules; the shipped tiers.toml is an example.")],
    json: Json = False,
) -> None:
    """Try a file of rules: every error, and how many people each rule would hold as of last night. Changes nothing."""
    with open_shelf(context) as shelf:
        found = shelf.tiers.check(file)
    if json:
        print_json(found)
        return
    _print("As the file would have it; the first rule that holds counts", found)


@commands.command()
def moves(
    context: typer.Context,
    first: Annotated[datetime, typer.Option("--from", formats=_DAY, help="A day.")],
    last: Annotated[datetime, typer.Option("--to", formats=_DAY, help="A later day.")],
    json: Json = False,
) -> None:
    """Count who moved from which tier to which between the ends of two days."""
    with open_shelf(context) as shelf:
        found = shelf.tiers.moves(first.date(), last.date())
    if json:
        print_json(found)
        return
    print_table(
        f"From {found.first} to {found.last}",
        ("from", "to", "people", "simulated"),
        ((flow.from_tier, flow.to_tier, flow.people, flow.simulated) for flow in found.flows),
    )


@commands.command()
def watched(
    context: typer.Context,
    since: Annotated[datetime, typer.Option(formats=_DAY, help="A day.")],
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    json: Json = False,
) -> None:
    """List who left a watched tier or came into one, why, and what that should trigger."""
    with open_shelf(context) as shelf:
        found = shelf.tiers.watched(since.date(), limit=limit)
    if json:
        print_json(found)
        return
    print_table(
        f"Who left a watched tier or came into one since {since.date()}",
        ("person", "from", "to", "why", "what it should trigger", "simulated"),
        (
            (one.person_id, one.from_tier, one.to_tier, one.reason, one.response, one.simulated)
            for one in found
        ),
    )


def _print(title: str, found: TierReport) -> None:
    print_table(
        title,
        ("tier", "people", "rule", "what entering it should trigger"),
        ((tier.name, tier.people, tier.rule, tier.response) for tier in found.tiers),
    )
    for cut in found.cutpoints:
        out.print(f"{cut.field} top({cut.share:g}) begins at {cut.value:,.10g}", markup=False)
