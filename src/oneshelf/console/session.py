"""Sessions: the cookie, the token in every form, and patience with wrong passwords. Hashing and storage are the shelf's."""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from oneshelf.app.settings import Settings
from oneshelf.errors import NotAllowed

SESSION_COOKIE: Final = "oneshelf_session"
#: Before sign-in there is no session to hold a form's token; this cookie does (the double-submit pattern).
FORM_COOKIE: Final = "oneshelf_form"
FORM_FIELD: Final = "csrf"

_FAILURES_MAX: Final = 5
_FAILURES_OF_ADDRESS_MAX: Final = 25
_WINDOW: Final = timedelta(minutes=15)
_REMEMBERED_MAX: Final = 10_000


def secure(settings: Settings) -> bool:
    """Whether cookies are to travel over https only."""
    return (settings.public_url or "").startswith("https://")


def set_cookie(
    response: Response, settings: Settings, name: str, value: str, *, seconds: int | None = None
) -> None:
    """Set a cookie that scripts cannot read and that other sites cannot send along with their forms.

    Without `seconds` it lasts as long as the browser runs; how long a session lasts is the shelf's to say.
    """
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure(settings))


def form_token(request: Request) -> str:
    """The token of forms that are shown before sign-in: the cookie's, else a new one."""
    return request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)


def check_form(given: object, expected: str | None) -> None:
    """Raise NotAllowed unless the form came from a page of ours."""
    if not (isinstance(given, str) and expected and hmac.compare_digest(given.encode(), expected.encode())):
        raise NotAllowed(
            "This form did not come from a page of this console, or its session has ended.",
            "Go back, load the page again and send the form once more.",
        )


def local_path(path: object) -> str:
    """A path of this console to return to; anything that leads elsewhere becomes the home page."""
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//") or "\\" in path:
        return "/"
    parts = urlsplit(path)
    return "/" if parts.scheme or parts.netloc or any(ord(c) < 32 for c in path) else path


class Patience:
    """Counts wrong passwords per name and address, and per address over all names. Forgets after 15 minutes."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], list[datetime]] = OrderedDict()
        self._lock = Lock()

    def wait(self, name: str, address: str, now: datetime) -> timedelta | None:
        """How long this name must wait at this address, or None when it may try now."""
        with self._lock:
            for key, limit in (((name, address), _FAILURES_MAX), (("", address), _FAILURES_OF_ADDRESS_MAX)):
                recent = [at for at in self._failures.get(key, ()) if now - at < _WINDOW]
                if len(recent) >= limit:
                    return _WINDOW - (now - recent[-limit])
        return None

    def failed(self, name: str, address: str, now: datetime) -> None:
        """Remember a wrong password."""
        with self._lock:
            for key in ((name, address), ("", address)):
                recent = [at for at in self._failures.pop(key, ()) if now - at < _WINDOW]
                self._failures[key] = [*recent, now][-_FAILURES_OF_ADDRESS_MAX:]
            while len(self._failures) > _REMEMBERED_MAX:
                self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forget a name's wrong passwords at this address."""
        with self._lock:
            self._failures.pop((name, address), None)
