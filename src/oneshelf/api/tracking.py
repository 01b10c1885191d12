"""The hot path: Segment's and RudderStack's calls, judged whole, answered once they are durable.

Plain ASGI endpoints over raw bytes: no model an event, nothing re-encoded, no thread a request.
"""

from __future__ import annotations

import base64
import binascii
import time
import zlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from oneshelf.api import problems
from oneshelf.api.rates import Bucket, Verdict, policy_field
from oneshelf.app.core import utc_now
from oneshelf.errors import Problem, Unavailable
from oneshelf.events.segment import CALLS, SEGMENT, Call, receive
from oneshelf.events.segment.intake import COMPANY_CAUSE, Limits, without_key, write_key_of

if TYPE_CHECKING:
    from oneshelf.app.shelf import Shelf

#: source, codec, data, count, now -> the batch's offset, once it is durable
Sink = Callable[[str, str, bytes, int, datetime], Awaitable[int]]

#: How long a write key stays good after it was revoked.
KEY_SECONDS: Final = 10.0

_OK: Final = b'{"success":true}'
_CORS: Final = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ratelimit, ratelimit-policy, retry-after"),
]
_PREFLIGHT: Final = [
    *_CORS,
    (b"access-control-allow-methods", b"POST"),
    (
        b"access-control-allow-headers",
        b"authorization, content-type, content-encoding, anonymousid, x-retry-count",
    ),
    (b"access-control-max-age", b"86400"),
]

#: Segment's browser SDK calls by the first letter.
_PATHS: Final[dict[str, Call | None]] = {
    **{f"/v1/{call}": call for call in CALLS},
    **{f"/v1/{call[0]}": call for call in CALLS},
    **dict.fromkeys(("/v1/batch", "/v1/b", "/v1/import")),
}


class RefusalError(Exception):
    """A request that gets a problem for an answer. Stays within this module."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        remedy: str,
        *,
        found: tuple[Problem, ...] = (),
        fields: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.fields = fields or []
        self.body = problems.details(status, detail, remedy, problems=found, code=code, message=detail)


class Client:
    """Who holds a write key: the source that it writes, and what it may still send."""

    def __init__(self, source: str, bucket: Bucket, checked_at: float) -> None:
        self.source = source
        self.bucket = bucket
        self.checked_at = checked_at


class Tracking:
    """The tracking endpoints of one shelf. `sink` is where accepted batches go: the journal, unless a benchmark says otherwise."""

    def __init__(
        self, shelf: Shelf, *, sink: Sink | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        settings = shelf.settings
        self._shelf = shelf
        self._sink: Sink = sink or shelf.track
        self._clock = clock
        self._currency = settings.currency
        self._limits = Limits(settings.batch_bytes_max, settings.event_bytes_max)
        self._per_minute = settings.rate_per_minute
        self._policy = policy_field(settings.rate_per_minute)
        self._clients: dict[str, Client] = {}

    def routes(self) -> list[Route]:
        """One route a path; `/v1/import` is the batch of older SDKs."""
        return [
            Route(path, self._endpoint(call), methods=["POST", "OPTIONS"]) for path, call in _PATHS.items()
        ]

    def _endpoint(self, call: Call | None) -> _Endpoint:
        return _Endpoint(self, call)

    async def answer(self, call: Call | None, scope: Scope, receive_: Receive) -> list[tuple[bytes, bytes]]:
        """Take one request in; returns the header fields of its answer, or raises RefusalError."""
        headers = dict(scope["headers"])
        limit = self._limits.event_bytes_max if call else self._limits.batch_bytes_max
        body = await _read(receive_, headers, limit)
        key = _basic_key(headers.get(b"authorization"))
        encoding = headers.get(b"content-encoding", b"identity").lower()
        if key is not None:
            client = await self._client(key)
            body = _decompressed(body, encoding, limit)
        else:
            body = _decompressed(body, encoding, limit)
            key = write_key_of(body) or ""
            client = await self._client(key)
        verdict = client.bucket.take(self._clock())
        if not verdict.allowed:
            raise self._too_many(verdict)
        await self._take(client.source, call, without_key(body, key), [self._policy, *verdict.fields])
        return [self._policy, *verdict.fields]

    async def _take(
        self, source: str, call: Call | None, body: bytes, fields: list[tuple[bytes, bytes]]
    ) -> None:
        received = receive(body, call, currency=self._currency, limits=self._limits)
        now = utc_now()
        if received.refused:
            await run_in_threadpool(self._shelf.reject, source, SEGMENT, received.refused, now)
            raise RefusalError(
                400,
                "invalid_input",
                "The body was refused as a whole, and kept.",
                "Correct each of these and send it again; what was good counts once.",
                found=tuple(problem for problem, _ in received.refused if problem.cause != COMPANY_CAUSE),
                fields=fields,
            )
        if received.messages:
            await self._sink(source, SEGMENT, received.data, received.messages, now)

    async def _client(self, key: str) -> Client:
        now = self._clock()
        client = self._clients.get(key)
        if client is not None and now - client.checked_at < KEY_SECONDS:
            return client
        source = await run_in_threadpool(self._shelf.staff.source_of, key) if key else None
        if source is None:
            self._clients.pop(key, None)
            raise RefusalError(
                401,
                "unknown_write_key",
                "The write key is missing or not known here.",
                "Make one with `oneshelf keys write-key`, and send it as the user name of Basic authentication.",
                fields=[(b"www-authenticate", b'Basic realm="oneshelf"')],
            )
        bucket = client.bucket if client is not None else Bucket(self._per_minute, now)
        self._clients[key] = found = Client(source, bucket, now)
        return found

    def _too_many(self, verdict: Verdict) -> RefusalError:
        return RefusalError(
            429,
            "too_many_requests",
            "The write key has used up its requests.",
            f"Send again in {verdict.retry_in_seconds} seconds, or send larger batches.",
            fields=[self._policy, *verdict.fields],
        )


class _Endpoint:
    """One path as an ASGI application."""

    def __init__(self, tracking: Tracking, call: Call | None) -> None:
        self._tracking = tracking
        self._call = call

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await _send(send, 204, b"", _PREFLIGHT)
            return
        try:
            fields = await self._tracking.answer(self._call, scope, receive)
            await _send(send, 200, _OK, [*_CORS, (b"content-type", b"application/json"), *fields])
        except RefusalError as refusal:
            await _refuse(send, refusal)
        except Unavailable as error:
            retry = [(b"retry-after", b"%d" % problems.RETRY_SECONDS)]
            await _refuse(send, RefusalError(503, "unavailable", error.cause, error.remedy, fields=retry))


async def _refuse(send: Send, refusal: RefusalError) -> None:
    fields = [*_CORS, (b"content-type", problems.MEDIA_TYPE.encode()), *refusal.fields]
    await _send(send, refusal.status, refusal.body, fields)


async def _send(send: Send, status: int, body: bytes, fields: list[tuple[bytes, bytes]]) -> None:
    length = [] if status == 204 else [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*fields, *length]})
    await send({"type": "http.response.body", "body": body})


async def _read(receive: Receive, headers: dict[bytes, bytes], limit: int) -> bytes:
    """Read a body of at most `limit` bytes. Compressed or not, more than that on the wire is too much."""
    told = headers.get(b"content-length", b"0")
    if not told.isdigit() or int(told) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusalError(400, "disconnected", "The sender left before the end.", "Send it again.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _decompressed(body: bytes, encoding: bytes, limit: int) -> bytes:
    """Undo gzip, never beyond `limit` bytes, whatever the body claims."""
    if encoding in (b"identity", b""):
        return body
    if encoding not in (b"gzip", b"x-gzip"):
        raise RefusalError(
            415, "unsupported_encoding", "The body's encoding is not understood.", "Send gzip, or nothing."
        )
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error:
        raise RefusalError(
            400, "malformed_gzip", "The body is not gzip.", "Send it again, or without gzip."
        ) from None
    if len(plain) > limit or stream.unconsumed_tail:
        raise _too_large(limit)
    if not stream.eof or stream.unused_data:
        raise RefusalError(
            400, "malformed_gzip", "The gzip body has no proper end.", "Send it again, or without gzip."
        )
    return plain


def _basic_key(authorization: bytes | None) -> str | None:
    """The write key as the user name of Basic authentication; None without one."""
    if authorization is None or authorization[:6].lower() != b"basic ":
        return None
    try:
        return base64.b64decode(authorization[6:], validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _too_large(limit: int) -> RefusalError:
    return RefusalError(
        400,
        "too_large",
        f"The body is larger than {limit} bytes.",
        "Send fewer events in one batch, or smaller ones.",
    )
