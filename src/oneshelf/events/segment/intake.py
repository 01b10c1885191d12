"""The border: a received body judged whole, and wrapped for the journal without re-encoding what the sender wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

import msgspec

from oneshelf.errors import InvalidInput, Problem, brief
from oneshelf.events.codecs import problem_of
from oneshelf.events.segment.codec import UNREADABLE, Call, Context, Envelope, check_envelope


class Refused(NamedTuple):
    """One message of a refused body: why, and its bytes in an envelope that the codec can read again."""

    problem: Problem
    data: bytes


class Received(NamedTuple):
    """A body as it goes into the journal, or every reason why it may not."""

    data: bytes
    messages: int
    refused: tuple[Refused, ...] = ()


class Limits(NamedTuple):
    """Sizes in bytes, after decompression."""

    batch_bytes_max: int
    event_bytes_max: int


class _Body(msgspec.Struct, frozen=True):
    """What a batch's envelope may hold; write keys and the rest are left behind."""

    batch: list[msgspec.Raw]
    sentAt: msgspec.Raw = msgspec.Raw(b"null")  # noqa: N815  # the spec's name
    context: msgspec.Raw = msgspec.Raw(b"null")


class _Key(msgspec.Struct, frozen=True):
    """The key that browser SDKs put into the body."""

    writeKey: str | None = None  # noqa: N815  # the spec's name


_body = msgspec.json.Decoder(_Body)
_envelope = msgspec.json.Decoder(Envelope)
_key = msgspec.json.Decoder(_Key)
_sent_at = msgspec.json.Decoder(str | None)
_context = msgspec.json.Decoder(Context | None)

#: Why a good message was not taken: its batch is judged whole. Replaying it is safe, a repeat is counted once.
COMPANY_CAUSE: Final = "was refused with its batch."
COMPANY_REMEDY: Final = "Replay it; if the sender sends it again, it still counts once."


def write_key_of(body: bytes) -> str | None:
    """The write key inside a body, None when there is none or the body cannot be read."""
    try:
        return _key.decode(body).writeKey
    except UNREADABLE:
        return None


def without_key(body: bytes, write_key: str) -> bytes:
    """Blank a write key, so that no secret lies in the journal."""
    return body.replace(b'"%b"' % write_key.encode(), b'""')


def receive(body: bytes, call: Call | None, *, currency: str, limits: Limits) -> Received:
    """Judge the body of one call, or of a batch when `call` is None."""
    tail = b',"currency":"%b"}' % currency.encode()
    if call is not None:
        return _judge([msgspec.Raw(body)], call, b',"type":"%b"' % call.encode() + tail, limits)
    try:
        parts = _body.decode(body)
        _sent_at.decode(parts.sentAt)
        _context.decode(parts.context)
    except UNREADABLE as error:
        found = problem_of(error, 0)
        problem = Problem(
            at=0,
            field="batch",
            value=brief(body[:80]),
            cause=found.cause,
            remedy='Send {"batch": [message, ...]}.',
        )
        return Received(b"", 0, (Refused(problem, body),))
    tail = b',"sentAt":%b,"context":%b%b' % (bytes(parts.sentAt), bytes(parts.context), tail)
    return _judge(parts.batch, None, tail, limits)


def _judge(raws: list[msgspec.Raw], call: Call | None, tail: bytes, limits: Limits) -> Received:
    problems: dict[int, Problem] = {}
    for at, raw in enumerate(raws):
        try:
            if (size := len(memoryview(raw))) > limits.event_bytes_max:
                raise InvalidInput.of(
                    "event",
                    f"{size} bytes",
                    "is too large.",
                    f"Send at most {limits.event_bytes_max} bytes an event.",
                )
            envelope = _envelope.decode(raw)
            check_envelope(call or envelope.type, envelope)
        except UNREADABLE as error:
            problems[at] = problem_of(error, at)
    if not problems:
        return Received(_wrap(b",".join(raws), tail), len(raws))
    company = Problem(at=0, field="batch", value="", cause=COMPANY_CAUSE, remedy=COMPANY_REMEDY)
    return Received(
        b"",
        len(raws),
        tuple(
            Refused(problems.get(at) or replace(company, at=at), _wrap(bytes(raw), tail))
            for at, raw in enumerate(raws)
        ),
    )


def _wrap(messages: bytes, tail: bytes) -> bytes:
    return b'{"batch":[%b]%b' % (messages, tail)
