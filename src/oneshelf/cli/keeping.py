"""`oneshelf doctor`, `backup`, `restore`, `migrate`: keep the house in order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from oneshelf.app.keeping.backup import restore as restore_folder
from oneshelf.app.keeping.doctor import examine
from oneshelf.cli.output import Json, out, print_json, print_table
from oneshelf.cli.shelf import open_shelf, settings_of


def add_to(app: typer.Typer) -> None:
    """Hang these commands under the root."""
    app.command()(doctor)
    app.command()(backup)
    app.command()(restore)
    app.command()(migrate)


def doctor(context: typer.Context, json: Json = False) -> None:
    """Print what is in force and what is missing. Ends with 1 when something is missing."""
    checks = examine(settings_of(context))
    if json:
        print_json(checks)
    else:
        print_table(
            "",
            ("", "what", "how it is", "what to do"),
            ((c.status, c.name, c.detail, c.remedy) for c in checks),
        )
    if any(check.status == "missing" for check in checks):
        raise typer.Exit(1)


def backup(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    json: Json = False,
) -> None:
    """Copy the data folder while it is being written to."""
    with open_shelf(context) as shelf:
        manifest = shelf.backup(target)
    if json:
        print_json(manifest)
        return
    out.print(f"Copied up to journal offset {manifest.journal_head:,} into {target}.", markup=False)


def restore(
    context: typer.Context,
    copy: Annotated[Path, typer.Argument(help="A folder that `backup` made.")],
) -> None:
    """Put a copy back as a new data folder, which must not exist yet."""
    settings = settings_of(context)
    manifest = restore_folder(copy, settings)
    out.print(f"Restored up to journal offset {manifest.journal_head:,} into {settings.data}.", markup=False)


def migrate(context: typer.Context) -> None:
    """Finish the schema's change after an upgrade, once no process runs the version before."""
    with open_shelf(context) as shelf:
        shelf.finish_migration()
    out.print("The books are in this version's form.")
