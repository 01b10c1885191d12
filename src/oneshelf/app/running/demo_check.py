"""Checking the demo without eyes: sign in over HTTP and see that the pages show what the wheel says."""

from __future__ import annotations

import re
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin

import uvicorn

from oneshelf.app.running.serve import faces
from oneshelf.app.shelf import Shelf
from oneshelf.errors import OneShelfError

_FORM_FIELD = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')
#: How long the server may take to answer for the first time.
START_SECONDS = 30


def check(shelf: Shelf, name: str, password: str, campaign_id: str, say: Callable[[str], None]) -> None:
    """Serve on a free port, sign in, and look for each page's main figure. Raises OneShelfError when one is missing."""
    known = shelf.people.search(limit=1)
    _, _, lines = shelf.goods.plans.current()
    expected = {
        "/": (f"{known.total:,}",),
        "/people": (known.items[0].person_id,),
        f"/people/{known.items[0].person_id}": (known.items[0].person_id,),
        f"/people/{known.items[0].person_id}/identity": (known.items[0].person_id,),
        f"/people/{known.items[0].person_id}/why/p_active": ("p_active",),
        "/people/candidates": (),
        "/tiers": tuple(rule.title for rule in shelf.tiers.rules()),
        "/audiences": tuple(audience.name for audience in shelf.audiences.list()),
        "/heatmaps": ("Store 367",),
        "/places": ("Store 367",),
        "/plan": (lines[0].product_id,),
        "/forecast": (shelf.goods.forecasts.listing(limit=1).items[0].name,),
        "/trends": (shelf.trends.flags(limit=1).items[0].title,),
        "/offers": ("December favourites",),
        f"/offers/{campaign_id}": ("December favourites",),
        "/sources": ("completejourney", "simulator"),
        "/system": ("order_completed",),
        "/health": ('"status":"ok"',),
    }
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(faces(shelf), log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            _walk(f"http://127.0.0.1:{bound.getsockname()[1]}", name, password, expected)
        finally:
            server.should_exit = True
            thread.join()
    say(f"The console shows what it should on {len(expected)} pages.")


def _walk(base: str, name: str, password: str, expected: dict[str, tuple[str, ...]]) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    _wait(opener, base)
    form = dict(_FORM_FIELD.findall(_get(opener, urljoin(base, "/sign-in"))))
    body = urlencode({**form, "name": name, "password": password}).encode()
    opener.open(urljoin(base, "/sign-in"), body, timeout=START_SECONDS).close()
    for path, wanted in expected.items():
        page = _get(opener, urljoin(base, path))
        for text in wanted:
            if text.replace("&", "&amp;") not in page:
                raise OneShelfError(
                    f"The page {path} does not show {text!r}.", "Look at it with `make demo`."
                )


def _get(opener: urllib.request.OpenerDirector, url: str) -> str:
    with opener.open(url, timeout=START_SECONDS) as answer:
        text: str = answer.read().decode()
        return text


def _wait(opener: urllib.request.OpenerDirector, base: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            _get(opener, urljoin(base, "/health"))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)  # the server's thread has not begun to listen
        else:
            return
