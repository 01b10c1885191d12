"""Errors as RFC 9457 problem details: what happened, what to do now, and every field that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from oneshelf.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotEnough,
    NotFound,
    NotSignedIn,
    OneShelfError,
    Problem,
    SettingsError,
    Unavailable,
)

MEDIA_TYPE: Final = "application/problem+json"

#: How long a caller should wait for a part of us that is down.
RETRY_SECONDS: Final = 5

_ENCODER = msgspec.json.Encoder()

_STATUS: Final[Mapping[type[OneShelfError], int]] = {
    NotEnough: 409,  # before what it is a kind of
    InvalidInput: 422,
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Unavailable: 503,
    SettingsError: 500,
}


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong with one field of one record. `at` is the record's index in the request, from 0."""

    at: int
    field: str
    value: str
    cause: str
    remedy: str


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The one shape of every error. `code` is for programs; `message` repeats `detail` for trackers that look for it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str = ""
    message: str = ""
    problems: tuple[FieldProblem, ...] = ()


def details(
    status: int,
    detail: str,
    remedy: str = "",
    *,
    problems: Sequence[Problem] = (),
    code: str = "",
    message: str = "",
) -> bytes:
    """Encode the body of a problem response."""
    title = HTTPStatus(status).phrase
    code = code or title.lower().replace(" ", "_")
    return _ENCODER.encode(
        ProblemDetails(
            type=f"urn:oneshelf:problem:{code}",
            title=title,
            status=status,
            detail=detail,
            code=code,
            remedy=remedy,
            message=message,
            problems=tuple(
                FieldProblem(at=p.at, field=p.field, value=p.value, cause=p.cause, remedy=p.remedy)
                for p in problems
            ),
        )
    )


def response(
    status: int,
    detail: str,
    remedy: str = "",
    *,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem response for the query API."""
    body = details(status, detail, remedy, problems=problems)
    return Response(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let the app answer every error of ours, of FastAPI and of Starlette in this one shape."""
    app.add_exception_handler(OneShelfError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(500, _broken)


def _ours(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, OneShelfError)  # noqa: S101  # registered for nothing else
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    headers = {}
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="oneshelf"'
    if status == 503:
        headers["retry-after"] = str(RETRY_SECONDS)
    problems = error.problems if isinstance(error, InvalidInput) else ()
    return response(status, error.cause, error.remedy, problems=problems, headers=headers)


def _invalid(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for nothing else
    problems = [
        Problem(
            at=0,
            field=".".join(str(part) for part in one["loc"][1:]) or str(one["loc"][0]),
            value=repr(one.get("input"))[:80],
            cause=f"{one['msg']}.",
            remedy="See /docs for the form of each parameter.",
        )
        for one in error.errors()
    ]
    return response(
        422, "The request has parameters that cannot be used.", "Correct each of them.", problems=problems
    )


def _http(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for nothing else
    return response(
        error.status_code, f"{error.detail}.", "See /docs for what is here.", headers=error.headers
    )


def _broken(request: Request, error: Exception) -> Response:
    del request, error
    return response(500, "Something here is broken.", "Retry; if it stays, look into the server's log.")
