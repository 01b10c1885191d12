"""Codecs: how a batch lies in the journal, exactly as it was received, and how it becomes events.

A codec's name is stored with each batch, so that old batches stay readable for ever. Decoding judges each event alone: what
cannot be read comes back as a `Problem` with its index, never as an exception, and the bytes stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from oneshelf.errors import InvalidInput, Problem, brief
from oneshelf.events.envelope import Event
from oneshelf.words.time import check_plausible

#: What a codec makes of one batch: per index either the event or the reason why not.
Decoded = list[Event | Problem]

#: bytes of the batch, the journal's source for it, when it was recorded -> events
Decode = Callable[[bytes, str, datetime], Decoded]

#: bytes of the batch -> batches of one event each, in order, from which the same codec reads the same events
Split = Callable[[bytes], list[bytes]]


class Codec(NamedTuple):
    """How batches of one form are read, and how they are taken apart so that a refused event can be kept and read again."""

    decode: Decode
    split: Split


_CODECS: dict[str, Codec] = {}

_encoder = msgspec.json.Encoder()
_events = msgspec.json.Decoder(list[Event])
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_event = msgspec.json.Decoder(Event)


def register(name: str, codec: Codec) -> None:
    """Add a codec under the name that the journal will store."""
    _CODECS[name] = codec


def decode(codec: str, data: bytes, source: str, recorded_at: datetime) -> Decoded:
    """Decode one batch of the journal. Raises InvalidInput when the codec is unknown here."""
    return _known(codec).decode(data, source, recorded_at)


def split(codec: str, data: bytes) -> list[bytes]:
    """Take a batch apart into batches of one event each, in order; bytes that are no batch stay whole.

    Raises InvalidInput when the codec is unknown here.
    """
    return _known(codec).split(data)


def _known(codec: str) -> Codec:
    try:
        return _CODECS[codec]
    except KeyError:
        raise InvalidInput.of(
            "codec",
            codec,
            "is not known here.",
            f"Known: {', '.join(sorted(_CODECS))}; install the plug-in that wrote it.",
        ) from None


ONESHELF = "oneshelf/1"


def encode(events: Sequence[Event]) -> bytes:
    """Write events as a batch of the `oneshelf/1` codec: a JSON array."""
    return _encoder.encode(events)


def problem_of(error: Exception, at: int) -> Problem:
    """Turn msgspec's or our own refusal of one record into a Problem."""
    if isinstance(error, InvalidInput) and error.problems:
        first = error.problems[0]
        return Problem(at=at, field=first.field, value=first.value, cause=first.cause, remedy=first.remedy)
    message, _, path = str(error).partition(" - at `")
    return Problem(
        at=at,
        field=path.rstrip("`").removeprefix("$.") or "event",
        value="",
        cause=f"{message}.",
        remedy="Send the field in the form that the catalogue of kinds gives.",
    )


def _decode_oneshelf(data: bytes, source: str, recorded_at: datetime) -> Decoded:
    del source  # our own events say theirs
    try:
        events = _events.decode(data)
        for event in events:
            check_plausible(event.happened_at, recorded_at)
        return list(events)
    except (msgspec.MsgspecError, InvalidInput):
        return _one_by_one(data, recorded_at)


def _one_by_one(data: bytes, recorded_at: datetime) -> Decoded:
    try:
        raws = _raws.decode(data)
    except msgspec.MsgspecError as error:
        return [
            Problem(
                at=0,
                field="batch",
                value=brief(data[:80]),
                cause=f"{error}.",
                remedy="Send a JSON array of events.",
            )
        ]
    out: Decoded = []
    for index, raw in enumerate(raws):
        try:
            event = _event.decode(raw)
            check_plausible(event.happened_at, recorded_at)
            out.append(event)
        except (msgspec.MsgspecError, InvalidInput) as error:
            out.append(problem_of(error, index))
    return out


def _split_oneshelf(data: bytes) -> list[bytes]:
    try:
        return [b"[%b]" % bytes(raw) for raw in _raws.decode(data)]
    except msgspec.MsgspecError:
        return [data]


register(ONESHELF, Codec(_decode_oneshelf, _split_oneshelf))
