"""`oneshelf audiences`: conditions over the portrait, their size, and who is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from oneshelf.app.people.audiences import Format
from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf

commands = typer.Typer(
    help="Audiences: people for whom a condition over the portrait holds.", invoke_without_command=True
)

Name = Annotated[str, typer.Argument(help="The audience's name.")]
Condition = Annotated[
    str, typer.Argument(help="A condition, such as 'recency_days <= 30 and monetary_minor >= 10000'.")
]
Version = Annotated[int | None, typer.Option(min=1, help="Default: the newest.")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.add_typer(commands, name="audiences")


@commands.callback()
def listing(context: typer.Context, json: Json = False) -> None:
    """List the saved audiences."""
    if context.invoked_subcommand is not None:
        return
    with open_shelf(context) as shelf:
        found = shelf.audiences.list()
    if json:
        print_json(found)
        return
    print_table(
        f"{len(found):,} audiences",
        ("name", "version", "condition", "by", "since"),
        ((a.name, a.version, a.condition, a.created_by, a.created_at) for a in found),
    )


@commands.command()
def size(context: typer.Context, condition: Condition, json: Json = False) -> None:
    """Count the people for whom a condition holds, as of last night."""
    with open_shelf(context) as shelf:
        found = shelf.audiences.size(condition)
    if json:
        print_json(found)
        return
    out.print(f"{found.people:,} of {found.everybody:,} people, as of {found.as_of}", markup=False)
    out.print(found.condition, markup=False)


@commands.command()
def save(context: typer.Context, name: Name, condition: Condition, json: Json = False) -> None:
    """Keep a condition under a name; another condition under the same name is a new version."""
    with open_shelf(context) as shelf:
        saved = shelf.audiences.save(name, condition)
    if json:
        print_json(saved)
        return
    out.print(f"{saved.name}, version {saved.version}: {saved.condition}", markup=False)


@commands.command()
def versions(context: typer.Context, name: Name, json: Json = False) -> None:
    """List every version of an audience, the newest first."""
    with open_shelf(context) as shelf:
        found = shelf.audiences.versions(name)
    if json:
        print_json(found)
        return
    print_table(
        name,
        ("version", "condition", "by", "since"),
        ((a.version, a.condition, a.created_by, a.created_at) for a in found),
    )


@commands.command()
def overlap(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(help="Two to eight audiences.")],
    json: Json = False,
) -> None:
    """Count the people whom audiences share."""
    with open_shelf(context) as shelf:
        found = shelf.audiences.overlap(*names)
    if json:
        print_json(found)
        return
    print_table(
        f"People in both, as of {found.as_of}",
        ("audience", *found.names),
        ((name, *row) for name, row in zip(found.names, found.people, strict=True)),
    )


@commands.command()
def sample(
    context: typer.Context,
    condition: Condition,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Draws the same people again.")] = 1,
    purpose: Annotated[
        str, typer.Option(help="What the look is for; it stands in the access log.")
    ] = "analysis",
    json: Json = False,
) -> None:
    """Show some of the people for whom a condition holds."""
    with open_shelf(context) as shelf:
        found = shelf.audiences.sample(condition, limit=limit, seed=seed, purpose=purpose)
    if json:
        print_json(found)
        return
    print_table(f"As of {found.as_of}", found.columns, found.rows)


@commands.command()
def export(
    context: typer.Context,
    name: Name,
    target: Annotated[Path, typer.Argument(help="The file to write: .csv or .parquet; it must be new.")],
    purpose: Annotated[str, typer.Option(help="What the list is for; it stands in the access log.")],
    version: Version = None,
    json: Json = False,
) -> None:
    """Write everybody in an audience to a file, with the fields that its condition names."""
    format = cast(Format, target.suffix.removeprefix("."))
    with open_shelf(context) as shelf:
        made = shelf.audiences.export(name, target, format=format, purpose=purpose, version=version)
    if json:
        print_json({"file": str(target), "people": made.people, "as_of": made.as_of})
        return
    out.print(f"{made.people:,} people, as of {made.as_of}, in {target}", markup=False)
