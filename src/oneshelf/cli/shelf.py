"""Opening the shelf that a command works on."""

from __future__ import annotations

import typer

import oneshelf
from oneshelf.app.settings import Settings, read_settings
from oneshelf.app.shelf import Shelf


def settings_of(context: typer.Context) -> Settings:
    """The settings in force for this command."""
    return read_settings(**context.obj)


def open_shelf(context: typer.Context) -> Shelf:
    """Open the data folder named by `--data`, the environment or the default."""
    return oneshelf.open(settings_of(context))
