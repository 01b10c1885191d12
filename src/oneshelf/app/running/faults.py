"""Faults in a log: the way to them and never their message, which may quote a person."""

from __future__ import annotations

import traceback

from oneshelf.errors import OneShelfError


def way_to(error: Exception) -> str:
    """The stack of a fault, without its message; nothing for an error of ours, which tells all that it has to."""
    return "" if isinstance(error, OneShelfError) else "".join(traceback.format_tb(error.__traceback__))
