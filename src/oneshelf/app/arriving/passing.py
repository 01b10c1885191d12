"""Passing: append events of our own and wait until the live projection has passed them, so that what they say is in force."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from oneshelf.app.arriving.projections import LIVE
from oneshelf.app.core import Core
from oneshelf.books import cursors
from oneshelf.books.journal import Batch
from oneshelf.errors import Conflict
from oneshelf.events import codecs
from oneshelf.events.envelope import Event


def append_and_pass(
    core: Core, step: Callable[[], int], source: str, events: Sequence[Event], now: datetime
) -> None:
    """Append events; `step` takes a turn of the live projection, beside a worker that may do the same."""
    batch = Batch(codecs.ONESHELF, source, len(events), codecs.encode(events), now)
    offset = core.journal.append(batch).result()
    while _passed(core) < offset:
        try:
            step()
        except Conflict:
            time.sleep(0.005)  # the worker is at it


def _passed(core: Core) -> int:
    with core.database.read() as connection:
        return cursors.position(connection, LIVE)
