"""Answers: our own structs, encoded by msgspec and described by msgspec, so that no second model can drift from the first."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import JSONResponse

from oneshelf.api import problems
from oneshelf.api.problems import ProblemDetails

REF_TEMPLATE: Final = "#/components/schemas/{name}"

_encoder = msgspec.json.Encoder()

#: Every type that an operation mentions; the document's components are made from it.
_MENTIONED: list[Any] = [ProblemDetails]

_WHY: Final = {
    400: "The body cannot be read.",
    401: "Nobody that we know is asking.",
    403: "The role does not cover this, or not here.",
    404: "It is not here.",
    409: "Somebody was first.",
    422: "Parameters or fields cannot be used; every one is named.",
    503: "A part that this needs is down; retry later.",
}


class Answer(JSONResponse):
    """A struct as JSON."""

    def render(self, content: object) -> bytes:
        """Encode the struct."""
        return _encoder.encode(content)


def schema_of(kind: Any) -> dict[str, Any]:  # a type expression, such as tuple[Offer, ...]
    """The JSON schema of a type, and keep the type for the document's components."""
    _MENTIONED.append(kind)
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=REF_TEMPLATE)
    return schema


def components() -> dict[str, Any]:
    """The schemas of every type that was mentioned."""
    _, found = msgspec.json.schema_components(_MENTIONED, ref_template=REF_TEMPLATE)
    return found


def answers(kind: Any, *errors: int, description: str = "As asked.") -> dict[str, Any]:
    """Arguments for a route that answers `kind`, or one of these problems (besides 401, 403, 422 and 503)."""
    told: dict[int | str, dict[str, Any]] = {
        200: {"description": description, **json_content(schema_of(kind))}
    }
    for status in sorted({401, 403, 422, 503, *errors}):
        told[status] = problem_answer(status)
    return {"response_model": None, "response_class": Answer, "responses": told}


def json_content(schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    """The content part of an OpenAPI response or request body."""
    return {"content": {media_type: {"schema": schema}}}


def problem_answer(status: int, description: str = "") -> dict[str, Any]:
    """The OpenAPI response of a problem."""
    schema = {"$ref": REF_TEMPLATE.format(name="ProblemDetails")}
    return {"description": description or _WHY[status], **json_content(schema, problems.MEDIA_TYPE)}
