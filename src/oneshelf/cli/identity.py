"""`oneshelf people identity|join|part|undo`: who is who, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from oneshelf.app.people.identity import Identified
from oneshelf.app.shelf import Shelf
from oneshelf.cli import people
from oneshelf.cli.output import Json, print_json, print_table
from oneshelf.cli.shelf import open_shelf

Why = Annotated[str, typer.Option("--reason", help="Why you say so; it stands in the reason log.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show whom it concerns.")]


def add_to(_app: typer.Typer) -> None:
    """Hang these commands beside those of `people`."""
    for command in (identity, join, part, undo):
        people.commands.command()(command)


def identity(
    context: typer.Context,
    person_id: Annotated[str, typer.Argument(help="Any identifier of the person.")],
    json: Json = False,
) -> None:
    """Show every identifier of a person, and why each is theirs."""
    with open_shelf(context) as shelf:
        found = shelf.identity.of(person_id)
    _show(found, json)


def join(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Any identifier of the one.")],
    other: Annotated[str, typer.Argument(help="Any identifier of the other.")],
    reason: Why,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Say that two people are one, whatever the rules say. It can be undone."""
    with open_shelf(context) as shelf:
        if dry_run:
            _show_both(shelf, person, other, json)
            return
        found = shelf.identity.of(shelf.identity.join(person, other, reason=reason))
    _show(found, json)


def part(
    context: typer.Context,
    identifier: Annotated[str, typer.Argument(help="One identifier of the person.")],
    other: Annotated[str, typer.Argument(help="The one that is not theirs.")],
    reason: Why,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Say that two identifiers are not one person's: what joined them is undone, for good."""
    with open_shelf(context) as shelf:
        if not dry_run:
            shelf.identity.split(identifier, other, reason=reason)
        _show_both(shelf, identifier, other, json)


def undo(
    context: typer.Context,
    join_id: Annotated[str, typer.Argument(help="The id of a join, from `oneshelf people identity`.")],
    reason: Why,
    json: Json = False,
) -> None:
    """Undo one join of the reason log, for good."""
    with open_shelf(context) as shelf:
        found = shelf.identity.of(shelf.identity.undo(join_id, reason=reason))
    _show(found, json)


def _show_both(shelf: Shelf, one: str, other: str, json: bool) -> None:
    both = [shelf.identity.of(each) for each in (one, other)]
    if json:
        print_json(both)
        return
    print_table(
        "Concerned", ("person", "identifiers"), ((e.person_id, ", ".join(e.identifiers)) for e in both)
    )


def _show(found: Identified, json: bool) -> None:
    if json:
        print_json(found)
        return
    print_table(found.person_id, ("identifier",), ((one,) for one in found.identifiers))
    print_table(
        "Why",
        ("when", "what", "identifier", "other", "reason", "decided by", "id of a join that holds"),
        (
            (r.at, r.action, r.identifier, r.other, r.reason, r.decided_by, r.id if r.undoable else "")
            for r in found.reasons
        ),
    )
