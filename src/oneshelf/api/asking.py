"""What an operation is asked with: who asks, for which purpose, and the forms of its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

import msgspec
from fastapi import Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from oneshelf.api.answers import json_content, schema_of
from oneshelf.errors import InvalidInput, NotSignedIn
from oneshelf.events.codecs import problem_of
from oneshelf.trust.access import Actor

if TYPE_CHECKING:
    from oneshelf.app.shelf import Shelf

T = TypeVar("T")

#: Bodies of the query API are small: at most this many bytes.
BODY_BYTES_MAX: Final = 1_000_000

#: Ids and names hold no control characters, which no database of ours takes either.
PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*$"

PersonId = Annotated[
    str, Path(description="A member's id, or a browser's.", min_length=1, max_length=250, pattern=PRINTABLE)
]
CampaignId = Annotated[
    str,
    Path(
        description="The id that the campaign was sent under.",
        min_length=1,
        max_length=100,
        pattern=PRINTABLE,
    ),
]
Limit = Annotated[int, Query(description="How many at most.", ge=1, le=200)]
After = Annotated[
    str | None,
    Query(description="The `next` of the page before; leave out for the first page.", max_length=500),
]
Text = Annotated[str, Query(max_length=200, pattern=PRINTABLE)]
OptionalText = Annotated[str | None, Query(max_length=200, pattern=PRINTABLE)]

Purpose = Annotated[
    Literal["service", "marketing", "analysis", "support"],
    Query(description="Why personal data is looked at; it stands in the access log."),
]

_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="A token of `oneshelf keys token`.")


async def _shelf(request: Request) -> Shelf:
    """Async, as FastAPI would give a plain function a thread, and that costs more than the function."""
    return _open_shelf(request)


def _open_shelf(request: Request) -> Shelf:
    shelf: Shelf = request.app.state.shelf
    return shelf


async def _actor(
    request: Request, token: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Actor:
    """Async for the same reason; the books are asked on a thread."""
    staff, actor = _open_shelf(request).staff, None
    if token is not None:
        actor = staff.remembered(token.credentials) or await run_in_threadpool(
            staff.actor_of, token.credentials
        )
    if actor is None:
        raise NotSignedIn(
            "The bearer token is missing or not known here.",
            "Make one with `oneshelf keys token` and send it as Authorization: Bearer.",
        )
    return actor


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise InvalidInput.of(
                "body", f"{len(body)} bytes", "is too large.", f"Send at most {BODY_BYTES_MAX} bytes."
            )
    return bytes(body)


#: The shelf that this app serves. Typed as Any for FastAPI, which would take a class for a body.
AShelf = Annotated[Any, Depends(_shelf)]
AnActor = Annotated[Actor, Depends(_actor)]
ABody = Annotated[bytes, Depends(_body)]


def read_body(body: bytes, kind: type[T]) -> T:
    """Decode a request's body, or raise InvalidInput that names the field."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        problem = problem_of(error, 0)
        raise InvalidInput.of(
            "body"
            if problem.field == "event"
            else problem.field,  # an error without a path is about the whole
            body[:40].decode(errors="replace"),
            problem.cause,
            "Send JSON in the form that /docs gives.",
        ) from None


def takes(kind: Any) -> dict[str, Any]:  # a type expression
    """The OpenAPI request body of an operation that reads `kind`."""
    return {"requestBody": {"required": True, **json_content(schema_of(kind))}}
