"""The tracking calls in the OpenAPI document. Their routes are plain, so that it is written here, beside them."""

from __future__ import annotations

from typing import Any, Final

from oneshelf.api.answers import json_content, problem_answer
from oneshelf.events.segment import CALLS, Call

SECURITY_SCHEMES: Final[dict[str, Any]] = {
    "writeKey": {
        "type": "http",
        "scheme": "basic",
        "description": "A write key of `oneshelf keys write-key` as the user name, with an empty password.",
    }
}

_ID: Final[dict[str, Any]] = {"type": ["string", "number", "null"]}
_TIME: Final[dict[str, Any]] = {"type": ["string", "null"], "description": "ISO 8601 with an offset."}
_OBJECT: Final[dict[str, Any]] = {"type": ["object", "null"]}

#: What each call must bring besides somebody's id.
_REQUIRED: Final[dict[Call, tuple[str, ...]]] = {
    "track": ("event",),
    "identify": (),
    "page": (),
    "screen": (),
    "group": ("groupId",),
    "alias": ("previousId", "userId"),
}

_FIELDS: Final[dict[str, Any]] = {
    "messageId": {**_ID, "description": "Made by the sender; a repeat is the same event, for ever."},
    "userId": _ID,
    "anonymousId": _ID,
    "timestamp": _TIME,
    "originalTimestamp": {
        **_TIME,
        "description": "When it happened by the sender's clock; corrected by sentAt.",
    },
    "sentAt": _TIME,
    "context": _OBJECT,
    "properties": _OBJECT,
    "traits": _OBJECT,
    "event": {"type": ["string", "null"], "description": "What happened, such as Order Completed."},
    "name": {},
    "groupId": _ID,
    "previousId": _ID,
}

SCHEMAS: Final[dict[str, Any]] = {
    "TrackingCall": {
        "title": "TrackingCall",
        "type": "object",
        "description": "A call of the Segment tracking spec. Needs a userId, an anonymousId, or both.",
        "properties": _FIELDS,
    },
    "TrackingBatch": {
        "title": "TrackingBatch",
        "type": "object",
        "required": ["batch"],
        "properties": {
            "batch": {
                "type": "array",
                "items": {
                    "allOf": [{"$ref": "#/components/schemas/TrackingCall"}],
                    "properties": {"type": {"enum": list(CALLS)}},
                    "required": ["type"],
                },
            },
            "sentAt": _TIME,
            "context": _OBJECT,
        },
    },
    "Taken": {
        "title": "Taken",
        "type": "object",
        "required": ["success"],
        "properties": {"success": {"const": True}},
    },
}


def paths(batch_bytes_max: int, event_bytes_max: int) -> dict[str, Any]:
    """The tracking part of the document's paths. Sizes in bytes, after decompression."""
    batch = "Send many calls at once, of any kind."
    return {
        **{
            f"/v1/{call}": {"post": _operation(call, f"Send one {call} call.", event_bytes_max)}
            for call in CALLS
        },
        "/v1/batch": {"post": _operation(None, batch, batch_bytes_max)},
        "/v1/import": {
            "post": {
                **_operation(None, f"{batch} As /v1/batch.", batch_bytes_max),
                "operationId": "track_import",
            }
        },
    }


def _operation(call: Call | None, summary: str, bytes_max: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"$ref": f"#/components/schemas/Tracking{'Call' if call else 'Batch'}"}
    if call and _REQUIRED[call]:
        schema = {"allOf": [schema], "required": list(_REQUIRED[call])}
    return {
        "tags": ["tracking"],
        "operationId": f"track_{call or 'batch'}",
        "summary": summary,
        "description": f"At most {bytes_max} bytes, gzip or plain. Answered when it is durable. Judged whole: every error at once.",
        "security": [{"writeKey": []}],
        "requestBody": {"required": True, **json_content(schema)},
        "responses": {
            "200": {
                "description": "It is in the journal.",
                "headers": {
                    name: {
                        "schema": {"type": "string"},
                        "description": "draft-ietf-httpapi-ratelimit-headers",
                    }
                    for name in ("RateLimit", "RateLimit-Policy")
                },
                **json_content({"$ref": "#/components/schemas/Taken"}),
            },
            "400": problem_answer(400, "It cannot be read, or is too large; every reason with its index."),
            "401": problem_answer(401, "The write key is missing or unknown."),
            "415": problem_answer(415, "The content encoding is not understood."),
            "429": problem_answer(
                429, "The write key has used up its requests; Retry-After says when to come back."
            ),
            "503": problem_answer(503),
        },
    }
