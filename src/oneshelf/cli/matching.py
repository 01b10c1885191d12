"""`oneshelf people candidates`: pairs of people who may be one, and what a person decides about them."""

from __future__ import annotations

from typing import Annotated

import typer

from oneshelf.app.people.matching import Candidate, described
from oneshelf.cli import people
from oneshelf.cli.output import DryRun, Json, print_json, print_table
from oneshelf.cli.shelf import open_shelf

commands = typer.Typer(help="Same person? Pairs of people who may be one.", no_args_is_help=True)

PairId = Annotated[str, typer.Argument(help="The id of a pair, from `oneshelf people candidates list`.")]


def add_to(_app: typer.Typer) -> None:
    """Hang these commands under those of `people`."""
    people.commands.add_typer(commands, name="candidates")


@commands.command("list")
def list_pairs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    json: Json = False,
) -> None:
    """List the pairs that wait for a decision, the most probable first."""
    with open_shelf(context) as shelf:
        page = shelf.matching.list(limit=limit)
    if json:
        print_json(page)
        return
    _table(f"{page.total or 0:,} pairs wait for a decision", page.items)


@commands.command()
def find(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--everything", help="Learn anew and compare everybody with everybody.")
    ] = False,
    json: Json = False,
) -> None:
    """Compare who is new or changed with all others, and put what may be one person into the list."""
    with open_shelf(context) as shelf:
        report = shelf.matching.run(everything=everything)
    if json:
        print_json(report)
        return
    typer.echo(
        f"{report.compared:,} of {report.records:,} records compared: {report.proposed:,} pairs proposed, "
        f"{report.closed:,} closed, {report.open:,} wait for a decision."
    )
    if report.expected_precision is not None:
        typer.echo(f"Of those that wait, {report.expected_precision:.1%} are expected to be one person.")
    if report.crowded:
        typer.echo(
            f"{report.crowded:,} people are in too many pairs, as test accounts are, and in none of these."
        )


@commands.command()
def show(context: typer.Context, pair_id: PairId, json: Json = False) -> None:
    """Show both people of a pair side by side, with the evidence field by field."""
    with open_shelf(context) as shelf:
        pair = shelf.matching.show(pair_id)
    if json:
        print_json(pair)
        return
    print_table(
        f"{pair.candidate.probability:.1%} one person, {pair.candidate.household:.1%} two of one household",
        ("field", pair.a.person_id, pair.b.person_id, "compares as", "weight in bits"),
        (
            (
                each.field,
                pair.a.written.get(each.field),
                pair.b.written.get(each.field),
                each.verdict,
                each.bits,
            )
            for each in pair.candidate.evidence
        ),
    )


@commands.command()
def accept(context: typer.Context, pair_id: PairId, dry_run: DryRun = False, json: Json = False) -> None:
    """Say that both are one person. It can be undone with `oneshelf people undo`."""
    _decide(context, pair_id, "accept", dry_run=dry_run, json=json)


@commands.command()
def refuse(context: typer.Context, pair_id: PairId, dry_run: DryRun = False, json: Json = False) -> None:
    """Say that both are two people, for good."""
    _decide(context, pair_id, "refuse", dry_run=dry_run, json=json)


def _decide(context: typer.Context, pair_id: str, what: str, *, dry_run: bool, json: bool) -> None:
    with open_shelf(context) as shelf:
        if dry_run:
            found = shelf.matching.show(pair_id).candidate
        else:
            found = (shelf.matching.accept if what == "accept" else shelf.matching.refuse)(pair_id)
    if json:
        print_json(found)
        return
    _table(f"would {what}" if dry_run else found.status, (found,))


def _table(title: str, found: tuple[Candidate, ...]) -> None:
    print_table(
        title,
        ("pair", "person", "other", "one person", "evidence"),
        (
            (each.id, each.person_a, each.person_b, f"{each.probability:.1%}", described(each.evidence))
            for each in found
        ),
    )
