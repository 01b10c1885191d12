"""The root of the command line: global options, and the groups of commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import oneshelf
from oneshelf.cli import (
    audiences,
    backtest,
    catalogue,
    evaluate,
    forecast,
    identity,
    keeping,
    loading,
    matching,
    measures,
    offers,
    people,
    places,
    plan,
    prices,
    running,
    sources,
    staff,
    stock,
    supply,
    tiers,
    trends,
    worth,
)
from oneshelf.cli.output import print_error
from oneshelf.errors import OneShelfError

app = typer.Typer(
    name="oneshelf",
    help="OneShelf: one set of books over every channel, and the wheel that runs on it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

for group in (
    loading,
    people,
    worth,
    identity,
    audiences,
    tiers,
    matching,
    plan,
    trends,
    forecast,
    backtest,
    evaluate,
    measures,
    places,
    stock,
    catalogue,
    prices,
    supply,
    offers,
    sources,
    staff,
    keeping,
    running,
):
    group.add_to(app)


@app.callback()
def options(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option(envvar="ONESHELF_DATA", help="The data folder. Default: shop-data.")
    ] = None,
) -> None:
    """Remember the data folder for whichever command follows."""
    context.obj = {} if data is None else {"data": data}


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(oneshelf.__version__)


def main() -> None:
    """Run the command line; an error of ours ends it with its remedy and exit code 1."""
    try:
        app()
    except OneShelfError as error:
        print_error(error)
        sys.exit(1)
