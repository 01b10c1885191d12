"""The group-committing writer: one thread a process, many callers, one transaction and one fsync for all who wait."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, NestedTransaction, RootTransaction, exc

from oneshelf.books.faults import translate, translated
from oneshelf.errors import OneShelfError, Unavailable

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741  # an item of a bulk

#: A piece of work inside the group's transaction.
Work = Callable[[Connection], T]

#: Many items written by one statement; answers one result an item, in order.
Bulk = Callable[[Connection, Sequence[I]], Sequence[T]]

#: What one transaction may hold: enough to share the fsync, little enough to keep everybody's wait short.
GROUP_BYTES_MAX: Final = 16 * 2**20
GROUP_COUNT_MAX: Final = 1_000

#: What may wait at all. Beyond it callers are refused, rather than that the process runs out of memory.
WAITING_BYTES_MAX: Final = 256 * 2**20

#: How much of the group's bounds a work of unknown size counts for.
_WORK_BYTES: Final = 64 * 2**10

#: After a transaction as long as this one, others that want the turn have so long to take it: on SQLite they stand in no
#: queue but look every millisecond, and a writer that goes on at once would leave them no moment to look.
LONG_SECONDS: Final = 0.05
YIELD_SECONDS: Final = 0.003

log = logging.getLogger("oneshelf.books")


@dataclass(slots=True, kw_only=True, eq=False)
class _Entry:
    """One caller: what it wants done, and how to answer it."""

    future: Future[Any] | asyncio.Future[Any]
    size: int
    work: Work[Any] | None = None
    bulk: Bulk[Any, Any] | None = None
    item: object = None
    result: object = None
    error: BaseException | None = None

    def answer(self) -> None:
        """Tell the caller, unless it gave up waiting: what it asked for is done all the same."""
        if isinstance(self.future, Future):
            if not self.future.set_running_or_notify_cancel():
                return
        elif self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Writer:
    """All writing to the books goes through here; every caller is answered after its transaction is durable.

    Works run one after the other, each in a savepoint: what one raises is its caller's alone. Bulk items of a group
    are written first, by one statement. If the transaction itself fails, everybody in it gets the error.
    """

    def __init__(self, engine: Engine, after_commit: Callable[[], None] | None = None) -> None:
        self._engine = engine
        self._after_commit = after_commit
        self._connection: Connection | None = None
        self._waiting: list[_Entry] = []
        self._waiting_bytes = 0
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="oneshelf-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T]) -> Future[T]:
        """Queue a work; the future answers with its result after the commit, or with its exception."""
        future: Future[T] = Future()
        self._put(_Entry(future=future, size=_WORK_BYTES, work=work))
        return future

    def write(self, work: Work[T]) -> T:
        """Queue a work and wait for the commit. Must not be called from within a work: it would wait for itself."""
        if threading.current_thread() is self._thread:
            raise OneShelfError(
                "A work of the writer waits for the writer.", "Use the connection that the work was given."
            )
        return self.submit(work).result()

    def submit_async(self, work: Work[T]) -> asyncio.Future[T]:
        """`submit` for callers on an event loop."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Entry(future=future, size=_WORK_BYTES, work=work))
        return future

    def gather(self, bulk: Bulk[I, T], item: I, size: int) -> Future[T]:
        """Queue an item of `size` bytes, to be written by one call of `bulk` together with all others of its group."""
        future: Future[T] = Future()
        self._put(_Entry(future=future, size=size, bulk=bulk, item=item))
        return future

    def gather_async(self, bulk: Bulk[I, T], item: I, size: int) -> asyncio.Future[T]:
        """`gather` for callers on an event loop, which is woken once a group however many of them wait."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Entry(future=future, size=size, bulk=bulk, item=item))
        return future

    def close(self) -> None:
        """Write all that waits, answer it, and stop. Later callers are refused."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _put(self, entry: _Entry) -> None:
        with self._wake:
            if self._closing:
                raise Unavailable("The books are closed.", "Open them again.")
            if self._waiting_bytes > WAITING_BYTES_MAX:
                raise Unavailable(
                    "More waits to be written than the books can take.", "Retry in a few seconds."
                )
            self._waiting.append(entry)
            self._waiting_bytes += entry.size
            if len(self._waiting) == 1:
                self._wake.notify()

    def _run(self) -> None:
        free_at = 0.0
        while group := self._take():
            began = time.monotonic()
            if began < free_at:
                time.sleep(free_at - began)
            try:
                self._commit(group)
            except BaseException as error:  # noqa: BLE001  # every caller of the group gets it; the thread must live on
                self._drop_connection()
                for entry in group:
                    entry.error = _ours(error)
            ended = time.monotonic()
            free_at = ended + YIELD_SECONDS if ended - began > LONG_SECONDS else ended
            _answer(group)
            if self._after_commit is not None:
                try:
                    self._after_commit()
                except Exception:  # housekeeping, which must not end the only thread that writes
                    log.exception("What follows a commit failed.")
        self._drop_connection()

    def _take(self) -> list[_Entry]:
        """Wait for callers and take as many as fit one transaction; empty when closed and all is written."""
        with self._wake:
            while not self._waiting and not self._closing:
                self._wake.wait()
            count = size = 0
            for entry in self._waiting[:GROUP_COUNT_MAX]:
                if count and size + entry.size > GROUP_BYTES_MAX:
                    break
                count += 1
                size += entry.size
            group, self._waiting = self._waiting[:count], self._waiting[count:]
            self._waiting_bytes -= size
        return group

    def _commit(self, group: list[_Entry]) -> None:
        """Run a group in one transaction. Whatever it raises has rolled everything back."""
        with self._begin() as transaction:
            connection = transaction.connection
            bulks: dict[Bulk[Any, Any], list[_Entry]] = {}
            for entry in group:
                if entry.bulk is not None:
                    bulks.setdefault(entry.bulk, []).append(entry)
            for bulk, entries in bulks.items():
                results = bulk(connection, [entry.item for entry in entries])
                for entry, result in zip(entries, results, strict=True):
                    entry.result = result
            for entry in group:
                if entry.work is not None:
                    _run_alone(connection, entry, entry.work)

    def _begin(self) -> RootTransaction:
        """Begin on the connection kept, or on a new one when the server has dropped it: nothing is done yet, so it is safe."""
        if self._connection is not None:
            try:
                return self._connection.begin()
            except exc.DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                self._drop_connection()
        self._connection = self._engine.connect()
        return self._connection.begin()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _run_alone(connection: Connection, entry: _Entry, work: Work[Any]) -> None:
    """Run one work in a savepoint; undo it, and it alone, if it raises.

    Where it cannot be undone, the whole transaction is gone with its connection: raises Unavailable with the reason.
    """
    savepoint = connection.begin_nested()
    try:
        with translated():
            entry.result = work(connection)
    except BaseException as error:  # it is the caller's, who gets it through the future
        if not _undone(connection, savepoint):
            if isinstance(error, Unavailable):
                raise
            raise Unavailable("The transaction was lost.", "Retry in a few seconds.") from error
        entry.error = error
    else:
        savepoint.commit()


def _undone(connection: Connection, savepoint: NestedTransaction) -> bool:
    try:
        savepoint.rollback()
    except exc.SQLAlchemyError:
        return False
    return not connection.invalidated


def _ours(error: BaseException) -> BaseException:
    """The error of a failed transaction, as one of our family where it comes from the driver."""
    ours = translate(error) if isinstance(error, exc.SQLAlchemyError) else None
    if ours is None:
        return error
    ours.__cause__ = error
    return ours


def _answer(group: Sequence[_Entry]) -> None:
    """Answer a whole group, waking each event loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[_Entry]] = {}
    for entry in group:
        if isinstance(entry.future, Future):
            entry.answer()
        else:
            loops.setdefault(entry.future.get_loop(), []).append(entry)
    for loop, entries in loops.items():
        with suppress(RuntimeError):  # the loop was closed, and nobody waits any more
            loop.call_soon_threadsafe(_answer_all, entries)


def _answer_all(entries: Sequence[_Entry]) -> None:
    for entry in entries:
        entry.answer()
