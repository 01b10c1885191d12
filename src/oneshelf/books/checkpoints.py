"""Folding SQLite's write-ahead log back into its file, beside the writing and not within it.

SQLite does this inside the commit that fills the log, and whoever waits for that commit waits for the copying of megabytes too. Here
a thread of its own does it: first all that can be copied while others write, then, writers held for a moment, the little that is
left, so that the log begins anew.

The second step needs a moment in which nobody writes and nobody reads what stands in the log alone. Ordinarily such moments
are many, and the thread takes one or tries again later. Where it found none until the log is large, it makes one: this process's
writer stands back after its commit, and readers have WAIT_MS to end. Nothing can be done against a reader that stays
longer, in whatever process: the log grows until it leaves, and a warning says so, once.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Final

#: Size of the log at which it is folded back: 16 MB. A page that many groups touched, as the index of what was seen
#: is, is then written once. Measured: from 4 to 64 MB the throughput is the same.
LOG_BYTES: Final = 16 * 2**20

#: Size of the log from which on writers and readers are waited for.
LARGE_BYTES: Final = 64 * 2**20

#: How long they are waited for, writers held: what the largest delay of a write grows by.
WAIT_MS: Final = 100

#: How long after a folding that somebody was in the way of the next one is tried.
PAUSE_SECONDS: Final = 1.0

#: Pages at which a commit copies too (256 MB), for when the thread is slower than the writing.
BACKSTOP_PAGES: Final = 65_536

log = logging.getLogger("oneshelf.books")


class Checkpoints:
    """One thread a process, woken by the writer when the log has grown enough."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._log = file.with_name(file.name + "-wal")
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._turn = threading.Lock()
        self._told = False
        self._thread = threading.Thread(target=self._run, name="oneshelf-checkpoints", daemon=True)
        self._thread.start()

    def consider(self) -> None:
        """Called by the writer after a commit: wake the thread if there is enough to do, and stand back if it asks for that."""
        if self._size() >= LOG_BYTES:
            self._wake.set()
        with self._turn:
            pass

    def close(self) -> None:
        """Finish what is under way and stop."""
        self._closing.set()
        self._wake.set()
        self._thread.join()

    def _size(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:  # such as: just folded back and removed by the last one to close
            return 0

    def _run(self) -> None:
        while self._wake.wait():
            self._wake.clear()  # before looking at what it may mean
            if self._closing.is_set():
                return
            large = self._size() >= LARGE_BYTES
            try:
                hindrance = None if self._fold_back(large=large) else "others read or write without a pause"
            except sqlite3.Error as error:
                hindrance = str(error)
            if hindrance is not None:
                self._tell(hindrance, large=large)
                self._closing.wait(PAUSE_SECONDS)
            elif not large:
                self._told = False

    def _fold_back(self, *, large: bool) -> bool:
        """Copy the log and begin it anew; False where somebody was in the way of that."""
        with closing(sqlite3.connect(self._file, timeout=0, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            if large:
                connection.execute(f"PRAGMA busy_timeout={WAIT_MS}")
            with self._turn if large else nullcontext():
                busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def _tell(self, hindrance: str, *, large: bool) -> None:
        """Say that the log stays large, once until it is small again."""
        if large and not self._told:
            self._told = True
            log.warning(
                "The write-ahead log, %d MB now, cannot be folded back: %s.", self._size() // 2**20, hindrance
            )
