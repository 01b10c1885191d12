"""The command line: one face of the use cases, for people at a terminal and for cron."""

from oneshelf.cli.root import main

__all__ = ["main"]
