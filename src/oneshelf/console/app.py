"""The application: routes, security headers, static files and the pages for errors."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oneshelf.console import (
    audiences,
    catalogue,
    entry,
    forecasts,
    heatmaps,
    identity,
    matching,
    offers,
    oidc,
    people,
    places,
    plans,
    portrait,
    sources,
    stock,
    system,
    tiers,
    today,
    trends,
    value,
)
from oneshelf.console.session import Patience
from oneshelf.console.visit import PageFunction, endpoint, environments, visit_of
from oneshelf.errors import NotFound, OneShelfError, Unavailable

if TYPE_CHECKING:
    from oneshelf.app.shelf import Shelf

#: Nothing may run or be fetched but our own files; nobody may frame us; forms go home only.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
)

_STATIC: Final = {
    "oneshelf.css": "text/css; charset=utf-8",
    "oneshelf.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "plotly.min.js": "text/javascript; charset=utf-8",
}


def create(shelf: Shelf) -> ASGIApp:
    """Make the console over an open shelf."""
    made = environments(_fingerprint(), plotly_style_ids)
    patience = Patience()

    def page(path: str, function: PageFunction, method: str = "GET", *, open_to_all: bool = False) -> Route:
        return Route(path, endpoint(shelf, made, function, open_to_all=open_to_all), methods=[method])

    routes = [
        Route("/static/{name}", static, methods=["GET"]),
        page("/sign-in", entry.show_sign_in, open_to_all=True),
        page("/sign-in", entry.sign_in(patience), "POST", open_to_all=True),
        page("/sign-out", entry.sign_out, "POST"),
        page("/preferences", entry.prefer, "POST", open_to_all=True),
        page("/", today.today),
        page("/search", people.search),
        page("/people", people.people),
        page("/people/candidates", matching.candidates),
        page("/people/candidates/{candidate_id}", matching.decide, "POST"),
        page("/people/{person_id:path}/identity", identity.identity),
        page("/people/{person_id:path}/identity", identity.undo, "POST"),
        page("/people/{person_id:path}/why/{field}", portrait.why),
        page("/people/{person_id:path}", people.person),
        page("/audiences", audiences.audiences),
        page("/audiences/new", audiences.compose),
        page("/audiences/new", audiences.save, "POST"),
        page("/audiences/export", audiences.export, "POST"),
        page("/audiences/saved/{name:path}", audiences.audience),
        page("/tiers", tiers.tiers),
        page("/value", value.value),
        page("/plan", plans.plan),
        page("/plan.csv", plans.export),
        page("/plan/{series:path}", plans.series),
        page("/catalogue", catalogue.catalogue),
        page("/catalogue/{product_id:path}", catalogue.product),
        page("/catalogue/{product_id:path}", catalogue.set_price, "POST"),
        page("/stock", stock.stock),
        page("/stock/moves", stock.moves),
        page("/stock/{place_id:path}", stock.place),
        page("/trends", trends.trends),
        page("/trends/{level}/{name:path}", trends.trend),
        page("/plans/make", plans.keep, "POST"),
        page("/plans/try", plans.suppose, "POST"),
        page("/plans/edit", plans.edit, "POST"),
        page("/plans/approve", plans.approve, "POST"),
        page("/plans/orders", plans.orders),
        page("/plans/orders.csv", plans.orders_file),
        page("/forecast", forecasts.forecasts),
        page("/forecast/{series:path}", forecasts.series),
        page("/offers", offers.campaigns),
        page("/offers/new", offers.compose),
        page("/offers/new", offers.send, "POST"),
        page("/offers/{campaign_id:path}", offers.campaign),
        page("/places", places.places),
        page("/places/{place_id:path}", places.place),
        page("/heatmaps", heatmaps.heatmaps),
        page("/heatmaps.csv", heatmaps.export),
        page("/sources", sources.sources),
        page("/sources/replay", sources.replay, "POST"),
        page("/system", system.system),
    ]
    if shelf.settings.oidc_issuer:
        provider = oidc.Provider(shelf.settings)
        routes += [
            page("/sign-in/oidc", oidc.start(provider), open_to_all=True),
            page("/sign-in/oidc/callback", oidc.finish(provider), open_to_all=True),
        ]

    async def not_found(request: Request, error: Exception) -> Response:
        return await run_in_threadpool(_page_for, request, _http_error(error))

    async def broken(request: Request, error: Exception) -> Response:
        # What broke may name people, so that nothing of it reaches the page.
        return await run_in_threadpool(
            _page_for,
            request,
            OneShelfError(
                "The page could not be made.", "Try again; if it stays, tell the people who run this console."
            ),
        )

    def _page_for(request: Request, error: OneShelfError) -> Response:
        return visit_of(shelf, made, request).error(error)

    app = Starlette(routes=routes, exception_handlers={HTTPException: not_found, Exception: broken})
    return headers(app)


def _http_error(error: Exception) -> OneShelfError:
    if isinstance(error, HTTPException) and error.status_code != 404:
        return Unavailable(
            "This address does not take what was sent to it.", "Go back and use the page's own buttons."
        )
    return NotFound("There is no such page.", "Check the address, or start from Today.")


def headers(app: ASGIApp) -> ASGIApp:
    """Wrap an application so that every answer carries the security headers."""
    policy = _POLICY.format(form_action="'self'")

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                found["content-security-policy"] = policy
                found["x-content-type-options"] = "nosniff"
                found["referrer-policy"] = "same-origin"
                found["x-frame-options"] = "DENY"
                found["cross-origin-opener-policy"] = "same-origin"
                found["permissions-policy"] = "camera=(), geolocation=(), microphone=()"
                found.setdefault("cache-control", "no-store")
            await send(message)

        await app(scope, receive, with_headers if scope["type"] == "http" else send)

    return answer


async def static(request: Request) -> Response:
    """Our few files and Plotly's, packed once, kept by browsers for a year under a version in their address."""
    name = request.path_params["name"]
    if name not in _STATIC:
        raise HTTPException(404)
    plain, packed = await run_in_threadpool(_file, name)
    known = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=_STATIC[name], headers=known | {"content-encoding": "gzip"})
    return Response(plain, media_type=_STATIC[name], headers=known)


@lru_cache
def _file(name: str) -> tuple[bytes, bytes]:
    path = _plotly() if name == "plotly.min.js" else Path(__file__).parent / "static" / name
    data = path.read_bytes()
    return data, gzip.compress(data, 6, mtime=0)


@lru_cache
def plotly_style_ids() -> tuple[str, ...]:
    """The ids that Plotly's map part looks for before it inserts a style sheet of its own, which our policy forbids.

    A chart page holds empty elements of these ids, so that it inserts none.
    """
    return tuple(
        sorted(
            {
                found.decode()
                for found in re.findall(rb'getElementById\("([0-9a-f]{64})"\)', _file("plotly.min.js")[0])
            }
        )
    )


def _plotly() -> Path:
    spec = find_spec("plotly")  # found, not imported: the package itself takes a second to load
    if spec is None or spec.origin is None:
        raise Unavailable("The package plotly is not installed.", "Install it: pip install plotly.")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


@lru_cache
def _fingerprint() -> str:
    """A short name for this version of the static files; a new one makes browsers fetch them anew."""
    folder = Path(__file__).parent / "static"
    state = hashlib.blake2b(version("plotly").encode(), digest_size=6)
    for path in sorted(folder.iterdir()):
        state.update(path.read_bytes())
    return state.hexdigest()


Handler = Callable[[Request], Awaitable[Response]]
