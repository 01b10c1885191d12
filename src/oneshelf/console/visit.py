"""One visit: who asks, in which language, with which form; and the wrapper that turns a page function into an endpoint."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from oneshelf.console import charts, draw
from oneshelf.console.session import (
    FORM_COOKIE,
    FORM_FIELD,
    SESSION_COOKIE,
    check_form,
    form_token,
    set_cookie,
)
from oneshelf.console.words import LANGUAGES, Reader, choose_language, mark, translations
from oneshelf.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    OneShelfError,
    Unavailable,
)
from oneshelf.trust.access import Action, Actor

if TYPE_CHECKING:
    from oneshelf.app.keeping.staff import SignedIn
    from oneshelf.app.shelf import Shelf

LANGUAGE_COOKIE: Final = "oneshelf_language"
THEME_COOKIE: Final = "oneshelf_theme"
THEMES: Final = ("auto", "light", "dark")

#: The rail: path, name, what the role must cover, and the letter that follows `g`.
RAIL: Final[tuple[tuple[str, str, Action | None, str], ...]] = (
    ("/", mark("Today"), None, "t"),
    ("/people", mark("People"), "people.read", "p"),
    ("/audiences", mark("Audiences"), None, "a"),
    ("/tiers", mark("Tiers"), None, "i"),
    ("/value", mark("Customer value"), None, "v"),
    ("/plan", mark("Plan"), "plan.read", "l"),
    ("/catalogue", mark("Catalogue"), None, "r"),
    ("/stock", mark("Stock"), "stock.read", "k"),
    ("/trends", mark("Trends"), "plan.read", "n"),
    ("/forecast", mark("Forecast"), "plan.read", "f"),
    ("/offers", mark("Offers"), "offers.read", "o"),
    ("/places", mark("Places"), None, "c"),
    ("/heatmaps", mark("Heat maps"), None, "h"),
    ("/sources", mark("Sources"), "sources.read", "s"),
    ("/system", mark("System"), "system.read", "y"),
)

#: What is of the whole shop only: who works at some places is not led to it.
_OF_THE_WHOLE_SHOP: Final = frozenset(("/trends",))

#: What an error's page is called, and its status. The first match counts.
_ERRORS: Final[tuple[tuple[type[OneShelfError], int, str], ...]] = (
    (NotFound, 404, mark("This is not here")),
    (NotAllowed, 403, mark("This is not yours to open")),
    (Conflict, 409, mark("Somebody else was faster")),
    (InvalidInput, 422, mark("This cannot be used as it is")),
    (Unavailable, 503, mark("A part is missing right now")),
    (OneShelfError, 500, mark("Something went wrong")),
)


def environments(version: str, plotly_style_ids: Callable[[], tuple[str, ...]]) -> dict[str, Environment]:
    """A Jinja environment for each language: they share the templates and differ in what `_` says."""
    made = {}
    for language in LANGUAGES:
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        messages = translations(language)
        environment.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
            messages.gettext, messages.ngettext, newstyle=True
        )
        environment.globals |= {
            "plural": _plural,
            "draw": draw,
            "figure": charts.script,
            "version": version,
            "languages": LANGUAGES,
            "plotly_style_ids": plotly_style_ids,
        }
        made[language] = environment
    return made


@pass_context
def _plural(context: Context, one: str, many: str, n: int, **gaps: object) -> str:
    reader: Reader = context["r"]
    return reader.plural(one, many, n, **gaps)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What a page function gets. `signed` is None only on pages that are open to everybody."""

    shelf: Shelf
    request: Request
    reader: Reader
    environment: Environment
    signed: SignedIn | None
    csrf: str
    form: FormData

    @property
    def actor(self) -> Actor:
        """Who asks, or NotSignedIn."""
        if self.signed is None:
            raise NotSignedIn("Nobody is signed in here.", "Sign in first.")
        return self.signed.actor

    @property
    def now(self) -> datetime:
        """The moment of the request."""
        return self.reader.now

    def query(self, name: str) -> str:
        """A parameter of the address, trimmed; empty when absent."""
        return self.request.query_params.get(name, "").strip()

    def field(self, name: str) -> str:
        """A text field of the form, trimmed; empty when absent."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def render(self, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        """A page in the reader's language, with the frame that fits who asks."""
        theme = self.request.cookies.get(THEME_COOKIE, "auto")
        actor = self.signed.actor if self.signed else None
        rail = [
            {"path": path, "name": self.reader.text(name), "key": key, "here": self._is_here(path)}
            for path, name, action, key in RAIL
            if actor is not None
            and (action is None or actor.may(action))
            and not (actor.places and path in _OF_THE_WHOLE_SHOP)
        ]
        frame = {
            "r": self.reader, "actor": actor, "rail": rail, "csrf": self.csrf, "path": self.address,
            "theme": theme if theme in THEMES else "auto", "charts": False, "searched": "",
        }  # fmt: skip
        page = self.environment.get_template(template).render(frame | context)
        response = HTMLResponse(page, status)
        if self.signed is None and self.request.cookies.get(FORM_COOKIE) != self.csrf:
            set_cookie(response, self.shelf.settings, FORM_COOKIE, self.csrf)
        return response

    def to(self, path: str) -> RedirectResponse:
        """After a form: show another page with GET, so that reloading sends nothing twice."""
        return RedirectResponse(path, 303)

    def error(self, error: OneShelfError) -> Response:
        """The page that says what happened, what it means and what to do."""
        status, title = next((status, title) for kind, status, title in _ERRORS if isinstance(error, kind))
        problems = error.problems if isinstance(error, InvalidInput) else ()
        return self.render(
            "message.html", status, title=self.reader.text(title), cause=self.reader.say(error.cause),
            remedy=self.reader.say(error.remedy), problems=problems,
        )  # fmt: skip

    @property
    def address(self) -> str:
        """The page's own address, to come back to after a form."""
        url = self.request.url
        return f"{url.path}?{url.query}" if url.query and self.request.method == "GET" else url.path

    def _is_here(self, path: str) -> bool:
        here = self.request.url.path
        return here == path if path == "/" else here == path or here.startswith(f"{path}/")


PageFunction = Callable[[Visit], Response]


def visit_of(
    shelf: Shelf, made: Mapping[str, Environment], request: Request, form: FormData | None = None
) -> Visit:
    """Read cookies and headers into a visit. A session that has ended is as good as none."""
    now = datetime.now(UTC)  # the one clock of the console: a request's moment
    language, locale = choose_language(
        request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", "")
    )
    token = request.cookies.get(SESSION_COOKIE)
    signed = shelf.staff.session(token, now) if token else None
    return Visit(
        shelf=shelf,
        request=request,
        reader=Reader(language, locale, time_zone=shelf.settings.time_zone, now=now),
        environment=made[language],
        signed=signed,
        csrf=signed.csrf if signed else form_token(request),
        form=form or FormData(),
    )


def endpoint(
    shelf: Shelf, made: Mapping[str, Environment], page: PageFunction, *, open_to_all: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """Make a page function an endpoint: the form read and checked, the sign-in required, errors turned into pages.

    Page functions block (they read the books), so they run in the thread pool.
    """

    @functools.wraps(page)
    async def answer(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=1_000) if request.method == "POST" else None
        return await run_in_threadpool(_answer, request, form)

    def _answer(request: Request, form: FormData | None) -> Response:
        visit = visit_of(shelf, made, request, form)
        try:
            if form is not None:
                check_form(form.get(FORM_FIELD), _expected(visit))
            if visit.signed is None and not open_to_all:
                return sign_in_first(visit)
            return page(visit)
        except NotSignedIn:
            return sign_in_first(replace(visit, signed=None))
        except OneShelfError as error:
            return visit.error(error)

    return answer


def _expected(visit: Visit) -> str | None:
    return visit.csrf if visit.signed else visit.request.cookies.get(FORM_COOKIE)


def sign_in_first(visit: Visit) -> Response:
    """Send somebody to the sign-in page and, after it, back to where they wanted to go."""
    address = visit.address if visit.request.method == "GET" else "/"
    return visit.to("/sign-in" if address == "/" else f"/sign-in?next={quote(address)}")
