"""Folding SQLite's write-ahead log back into its file, beside the writing and not within it.

SQLite does this inside the commit that fills the log, and whoever waits for that commit waits for the copying of megabytes too. Here
a thread of its own does it: first all that can be copied while others write, then, writers held for a moment, the little that is
left, so that the log begins anew and cannot grow for ever.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Final

#: Size of the log at which it is folded back: 16 MB. A page that many groups touched, as the index of what was seen
#: is, is then written once. Measured: from 4 to 64 MB the throughput is the same.
LOG_BYTES: Final = 16 * 2**20

#: The shortest time between two foldings, for when somebody reads for long and the log cannot begin anew.
PAUSE_SECONDS: Final = 1.0

#: Pages at which a commit does it after all, where the thread could not keep up: bounds the log at 256 MB.
BACKSTOP_PAGES: Final = 65_536

log = logging.getLogger("oneshelf.books")


class Checkpoints:
    """One thread a process, woken by the writer when the log has grown enough."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._log = file.with_name(file.name + "-wal")
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="oneshelf-checkpoints", daemon=True)
        self._thread.start()

    def consider(self) -> None:
        """Called after a commit: wake the thread if there is enough to do."""
        try:
            if self._log.stat().st_size >= LOG_BYTES:
                self._wake.set()
        except FileNotFoundError:
            pass  # just folded back and removed by the last one to close

    def close(self) -> None:
        """Finish what is under way and stop."""
        self._closing.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while self._wake.wait() and not self._closing.is_set():
            self._wake.clear()
            try:
                self._fold_back()
            except (
                sqlite3.Error
            ) as error:  # the next commit asks again, and beyond the backstop does it itself
                log.warning("The write-ahead log could not be folded back now: %s", error)
            self._closing.wait(PAUSE_SECONDS)

    def _fold_back(self) -> None:
        # Without a timeout: the second step waits for readers with the writers' lock in its hand, so it must not wait.
        connection = sqlite3.connect(self._file, timeout=0, isolation_level=None)
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
