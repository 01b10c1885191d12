"""`oneshelf people lookalikes` and `acquisition`: who else is like a seed, and what it cost to win people."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from oneshelf.cli import people
from oneshelf.cli.output import Json, print_json, print_table
from oneshelf.cli.shelf import open_shelf
from oneshelf.words.money import Money


def add_to(app: typer.Typer) -> None:
    """Hang these commands under those about people."""
    del app
    people.commands.command()(lookalikes)
    people.commands.command()(acquisition)


def lookalikes(
    context: typer.Context,
    seed: Annotated[Path, typer.Argument(help="A file with a person's id on each line.", exists=True)],
    without: Annotated[
        list[str] | None, typer.Option(help="A field by which the seed was chosen; may be given again.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000)] = 20,
    json: Json = False,
) -> None:
    """Rank everybody else by how much they are like the people of a file, and measure what the ranking is worth."""
    ids = [line.strip() for line in seed.read_text(encoding="utf-8").splitlines() if line.strip()]
    with open_shelf(context) as shelf:
        found = shelf.people.lookalikes(ids, without=tuple(without or ()), limit=limit)
    if json:
        print_json(found)
        return
    lift = found.lift
    print_table(
        f"{found.others:,} others than the {found.seed:,} of the seed; the best tenth holds {lift.value:.1f} times "
        f"({lift.low:.1f} to {lift.high:.1f}) what a random one would",
        ("person", "score"),
        ((each.person_id, each.score) for each in found.people),
    )


def acquisition(
    context: typer.Context,
    first: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: a year before.")
    ] = None,
    last: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: today.")] = None,
    json: Json = False,
) -> None:
    """Show by channel what was spent for each person won, and what these people were worth since."""
    with open_shelf(context) as shelf:
        found = shelf.people.acquisition(first and first.date(), last and last.date())
    if json:
        print_json(found)
        return

    def amount(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, found.currency)

    print_table(
        f"People whose first order fell from {found.first} to {found.last}, by its channel",
        ("channel", "people", "spent", "a person cost", "worth since", "a person", "simulated"),
        (
            (
                each.channel,
                each.people,
                amount(each.spent_minor),
                amount(each.cost_per_person_minor),
                amount(each.value_minor),
                amount(each.value_per_person_minor),
                each.simulated,
            )
            for each in found.channels
        ),
    )
