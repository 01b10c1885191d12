"""Codecs: how a batch lies in the journal, exactly as it was received, and how it becomes events.

A codec's name is stored with each batch, so that old batches stay readable for ever. Decoding judges each event alone: what
cannot be read comes back as a `Problem` with its index, never as an exception, and the bytes stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from oneshelf.errors import InvalidInput, Problem, brief
from oneshelf.events.envelope import Event
from oneshelf.words.time import check_plausible

#: What a codec makes of one batch: per index either the event or the reason why not.
Decoded = list[Event | Problem]

#: bytes of the batch, the journal's source for it, when it was recorded -> events
Decode = Callable[[bytes, str, datetime], Decoded]

_CODECS: dict[str, Decode] = {}

_encoder = msgspec.json.Encoder()
_events = msgspec.json.Decoder(list[Event])
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_event = msgspec.json.Decoder(Event)


class _RawBatch(msgspec.Struct):
    batch: list[msgspec.Raw]


_raw_batch = msgspec.json.Decoder(_RawBatch)


def register(name: str, decode: Decode) -> None:
    """Add a codec under the name that the journal will store."""
    _CODECS[name] = decode


def decode(codec: str, data: bytes, source: str, recorded_at: datetime) -> Decoded:
    """Decode one batch of the journal. Raises InvalidInput when the codec is unknown here."""
    try:
        codec_decode = _CODECS[codec]
    except KeyError:
        raise InvalidInput.of(
            "codec", codec, "is not known here.", f"Known: {', '.join(sorted(_CODECS))}; install the plug-in that wrote it."
        ) from None
    return codec_decode(data, source, recorded_at)


def raw_events(data: bytes) -> list[msgspec.Raw]:
    """The events of a batch as they were received, in order. A batch is a JSON array, or an object that holds one as `batch`.

    Bytes that are neither are one event of their own.
    """
    try:
        return _raws.decode(data)
    except msgspec.MsgspecError:
        pass
    try:
        return _raw_batch.decode(data).batch
    except msgspec.MsgspecError:
        return [msgspec.Raw(data)]


def join(codec: str, raw: bytes) -> bytes:
    """Make a batch of one event as it was received, in the form of its codec: `raw_events` undone."""
    return b"[" + raw + b"]" if codec == ONESHELF else b'{"batch":[' + raw + b"]}"


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
        return [Problem(at=0, field="batch", value=brief(data[:80]), cause=f"{error}.", remedy="Send a JSON array of events.")]
    out: Decoded = []
    for index, raw in enumerate(raws):
        try:
            event = _event.decode(raw)
            check_plausible(event.happened_at, recorded_at)
            out.append(event)
        except (msgspec.MsgspecError, InvalidInput) as error:
            out.append(problem_of(error, index))
    return out


register(ONESHELF, _decode_oneshelf)
