"""The console: server-rendered pages for staff. `create(shelf)` makes the ASGI application."""

from __future__ import annotations

from oneshelf.console.app import create

__all__ = ["create"]
