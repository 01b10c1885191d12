"""The API as one ASGI application: tracking first, then the query API, then what describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oneshelf import __version__
from oneshelf.api import (
    audiences,
    campaigns,
    docs_page,
    forecasts,
    identity,
    matching,
    measures,
    people,
    places,
    plans,
    prices,
    problems,
    products,
    sources,
    stock,
    supply,
    system,
    tiers,
    tracking_docs,
    trends,
    value,
    wheel,
)
from oneshelf.api.answers import components
from oneshelf.api.idempotency import Answers
from oneshelf.api.tracking import Sink, Tracking

if TYPE_CHECKING:
    from oneshelf.app.shelf import Shelf

#: What every answer says about itself. The page under /docs has a style of its own, and nothing has a script.
_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
]


def create(shelf: Shelf, *, sink: Sink | None = None) -> ASGIApp:
    """Build the API of a shelf. `sink` takes accepted tracking batches instead of the journal: for benchmarks."""
    app = FastAPI(
        title="OneShelf",
        version=__version__,
        description="Tracking for unmodified Segment and RudderStack SDKs, and everything that OneShelf knows and decides.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.shelf = shelf
    app.state.answers = Answers()
    tracking = Tracking(shelf, sink=sink)
    app.router.routes[:0] = tracking.routes()  # the hot path is looked up first
    for module in (
        matching,
        identity,
        value,
        people,
        audiences,
        tiers,
        trends,
        plans,
        forecasts,
        measures,
        places,
        stock,
        products,
        prices,
        supply,
        campaigns,
        sources,
        wheel,
        system,
    ):
        app.include_router(module.router)
    problems.install(app)
    _describe(app, shelf)
    app.add_middleware(_Secure)
    return app


def _describe(app: FastAPI, shelf: Shelf) -> None:
    """Complete FastAPI's document with what it cannot know: the tracking calls and the schemas of our structs."""
    settings = shelf.settings
    of_fastapi = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = of_fastapi()
            found["paths"] = {
                **tracking_docs.paths(settings.batch_bytes_max, settings.event_bytes_max),
                **found["paths"],
            }
            parts = found.setdefault("components", {})
            parts["schemas"] = {**components(), **tracking_docs.SCHEMAS}
            parts["securitySchemes"] = {**parts.get("securitySchemes", {}), **tracking_docs.SECURITY_SCHEMES}
        return app.openapi_schema or {}

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to extend the document

    def docs(request: Request) -> Response:
        del request
        return HTMLResponse(docs_page.page(document()))

    app.add_route("/docs", docs, include_in_schema=False)


class _Secure:
    """Adds the headers that keep browsers careful."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self._app(scope, receive, secured)
