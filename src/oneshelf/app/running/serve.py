"""Serving: the faces on one address. Each face is found through the plug-in door and sees the full path."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import uvicorn

from oneshelf.app.running.heap import settled_heap
from oneshelf.errors import Unavailable

if TYPE_CHECKING:
    from oneshelf.app.shelf import Shelf

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]

#: How long a worker may take to finish the turn in hand.
WORKER_STOPS_SECONDS = 60
#: How long after a worker died the next one is started.
WORKER_RESTARTS_SECONDS = 2.0

#: What the API answers; everything else is the console's.
_API_PATHS = ("/v1/", "/health", "/openapi.json", "/docs")


def faces(shelf: Shelf) -> Asgi:
    """Build the one ASGI application: the API under its paths, the console everywhere else."""
    api, console = _face("api", shelf), _face("console", shelf)

    async def dispatch(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _no_lifespan(receive, send)
        elif scope["path"].startswith(_API_PATHS):
            await api(scope, receive, send)
        else:
            await console(scope, receive, send)

    return dispatch


def serve(shelf: Shelf, *, host: str, port: int, worker: bool) -> None:
    """Serve until interrupted, with worker processes beside it unless they run elsewhere.

    Paths may hold ids of people, so that there is no access log.
    """
    # uvicorn sends itself the signal again when it is done; as an exception it lets the workers be stopped first
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as beside:
        for part in ("live", "lake") if worker else ():
            beside.enter_context(_worker(shelf, part))
        application = faces(shelf)
        beside.enter_context(settled_heap())
        uvicorn.run(
            application, host=host, port=port, access_log=False, log_level="warning", server_header=False
        )


@contextmanager
def _worker(shelf: Shelf, part: str) -> Iterator[None]:
    """A process of its own, so that folding and answering do not share one interpreter; started again if it dies."""
    data = str(shelf.settings.data.absolute())
    command = [sys.executable, "-m", "oneshelf.cli", "--data", data, "work", "--part", part, "--with-parent"]
    stopping, starting = threading.Event(), threading.Lock()
    running: list[subprocess.Popen[bytes]] = []

    def keep_running() -> None:
        while True:
            with starting:
                if stopping.is_set():
                    return
                running[:] = [subprocess.Popen(command, stdin=subprocess.PIPE)]  # noqa: S603  # our own command
            running[0].wait()
            stopping.wait(WORKER_RESTARTS_SECONDS)

    keeper = threading.Thread(target=keep_running, name=f"oneshelf-{part}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        with starting:  # one that is being started now is in `running` then, and none follows it
            stopping.set()
        for process in running:
            process.terminate()
            try:
                process.wait(timeout=WORKER_STOPS_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()  # nothing is lost: cursors move with what they count
        keeper.join()


def _face(name: str, shelf: Shelf) -> Asgi:
    found = entry_points(group="oneshelf.faces", name=name)
    if not found:
        raise Unavailable(
            f"The face {name} is not installed.", "Install the package again: pip install oneshelf."
        )
    create: Callable[[Shelf], Asgi] = next(iter(found)).load()
    return create(shelf)


async def _no_lifespan(receive: Any, send: Any) -> None:
    """The shelf is opened and closed by whoever serves it; the faces have nothing to start."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
