"""The heap of a process that lives long: what it loaded at its start is not walked again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def settled_heap() -> Iterator[None]:
    """Keep the collector away from all that is loaded by now.

    A full collection walks every module's objects: measured, a tenth of a second, in the midst of a live turn or a request.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()  # so that libraries may tidy up at exit
