"""The codec `segment/1`: batches of the Segment tracking spec, as Segment's and RudderStack's SDKs send them.

In the journal a batch is the JSON of its messages exactly as they were received, in an envelope of ours (`intake`).
Decoding turns each message into an event of the catalogue; what a message lacks or gets wrong is a `Problem` with its index.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

import msgspec

from oneshelf.errors import InvalidInput, Problem, brief
from oneshelf.events import codecs
from oneshelf.events.body import Body
from oneshelf.events.catalogue import (
    PageViewed,
    PersonAliased,
    PersonGrouped,
    PersonIdentified,
    PlaceVisited,
    ScreenViewed,
)
from oneshelf.events.envelope import NOWHERE, Event
from oneshelf.events.segment.bodies import Track, hints_of, track_body
from oneshelf.events.segment.channels import Evidence, channel_of
from oneshelf.events.segment.identifiers import who_of
from oneshelf.events.segment.values import Hints, Scalar, conforms, identifier, mapping, text_of
from oneshelf.words.ids import derived_id
from oneshelf.words.people import check_user_id
from oneshelf.words.time import check_aware, check_plausible

#: The codec's name in the journal.
SEGMENT: Final = "segment/1"

#: The calls of the tracking spec.
Call = Literal["track", "identify", "page", "screen", "group", "alias"]
CALLS: Final[tuple[Call, ...]] = get_args(Call)

#: The spec: an amount without a currency is in US dollars. The intake writes the shop's own currency into the envelope.
SPEC_CURRENCY: Final = "USD"

#: What a hostile or broken message can make the decoders raise.
UNREADABLE: Final = (msgspec.MsgspecError, InvalidInput, UnicodeDecodeError, RecursionError, ArithmeticError)


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """The part of a message that the spec requires, whatever was tracked."""

    type: str | None = None
    event: str | None = None
    user_id: Scalar = None
    anonymous_id: Scalar = None
    previous_id: Scalar = None
    group_id: Scalar = None


class Context(msgspec.Struct, frozen=True):
    """What we read of a message's context: how it came, and where. Its other fields stay in the journal."""

    library: Any = None
    app: Any = None
    device: Any = None
    channel: Any = None
    place_id: Any = None
    store_id: Any = None
    simulated: Any = None
    page: msgspec.Raw = msgspec.Raw(b"null")
    traits: msgspec.Raw = msgspec.Raw(b"null")
    external_ids: msgspec.Raw = msgspec.field(default=msgspec.Raw(b"null"), name="externalIds")


class Message(Envelope, frozen=True, rename="camel"):
    """One call, as far as it is read."""

    message_id: Scalar = None
    timestamp: str | None = None
    original_timestamp: str | None = None
    sent_at: str | None = None
    name: Any = None
    category: Any = None
    channel: Any = None
    context: Context | None = None
    properties: msgspec.Raw = msgspec.Raw(b"null")
    traits: msgspec.Raw = msgspec.Raw(b"null")


class _Batch(msgspec.Struct, frozen=True, rename="camel"):
    """The envelope in the journal. `type` is there for a single call, whose path named it."""

    batch: msgspec.Raw
    type: str | None = None
    sent_at: str | None = None
    context: Context | None = None
    currency: str = SPEC_CURRENCY


_batch = msgspec.json.Decoder(_Batch)
_messages = msgspec.json.Decoder(list[Message])
_message = msgspec.json.Decoder(Message)
_raws = msgspec.json.Decoder(list[msgspec.Raw])

_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])

_EMPTY = Context()


def decode(data: bytes, source: str, recorded_at: datetime) -> codecs.Decoded:
    """Turn a batch into events and problems, one for each message, in order. Never raises."""
    try:
        batch = _batch.decode(data)
        raws = _raws.decode(batch.batch)
    except UNREADABLE as error:
        problem = codecs.problem_of(error, 0)
        return [
            Problem(
                at=0,
                field="batch",
                value=brief(data[:80]),
                cause=problem.cause,
                remedy="Send a JSON array of messages.",
            )
        ]
    reader = _Reader(batch, source, recorded_at)
    messages: list[Message] | None
    try:
        messages = _messages.decode(batch.batch)
    except UNREADABLE:
        messages = None  # one of them is wrong: judge each alone
    out: codecs.Decoded = []
    for index, raw in enumerate(raws):
        try:
            message = _message.decode(raw) if messages is None else messages[index]
            out.append(reader.event(message, raw, index))
        except UNREADABLE as error:
            out.append(codecs.problem_of(error, index))
    return out


def split(data: bytes) -> list[bytes]:
    """Take a batch apart into batches of one message, each with all that the envelope says of it."""
    try:
        parts = _parts.decode(data)
        messages = _raws.decode(parts.pop("batch"))
    except (*UNREADABLE, KeyError):
        return [data]
    rest = b"".join(b',"%b":%b' % (name.encode(), bytes(raw)) for name, raw in parts.items())
    return [b'{"batch":[%b]%b}' % (bytes(message), rest) for message in messages]


def check_envelope(call: str | None, message: Envelope) -> None:
    """Raise InvalidInput when a message lacks what the spec requires of its call."""
    if call not in CALLS:
        raise InvalidInput.of(
            "type", call, "is not a call of the tracking spec.", f"Use one of {', '.join(CALLS)}."
        )
    if call == "alias":
        if _missing(message.user_id) or _missing(message.previous_id):
            raise InvalidInput.of(
                "previousId",
                message.previous_id,
                "an alias joins two ids.",
                "Send both userId and previousId.",
            )
    elif _missing(message.user_id) and _missing(message.anonymous_id):
        raise InvalidInput.of("userId", None, "nobody is named.", "Send a userId, an anonymousId, or both.")
    if isinstance(message.user_id, str):
        check_user_id(message.user_id)
    if call == "track" and _missing(message.event):
        raise InvalidInput.of(
            "event", message.event, "is missing.", "Name what happened, such as Order Completed."
        )
    if call == "group" and _missing(message.group_id):
        raise InvalidInput.of(
            "groupId", message.group_id, "is missing.", "Send the group that the person belongs to."
        )


def _missing(value: Scalar) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


class _Reader:
    """Makes events of one batch's messages."""

    def __init__(self, batch: _Batch, source: str, recorded_at: datetime) -> None:
        self._batch = batch
        self._context = batch.context or _EMPTY
        self._source = source
        self._recorded_at = recorded_at

    def event(self, message: Message, raw: msgspec.Raw, index: int) -> Event:
        call = self._batch.type or message.type
        check_envelope(call, message)
        context = message.context or self._context
        event_id = self._event_id(message, raw, index)
        body, hints = self._body(str(call), message, context, event_id)
        return Event(
            id=event_id,
            source=self._source,
            happened_at=self._happened_at(message),
            body=body,  # type: ignore[arg-type]  # every body of the catalogue is a Kind
            who=who_of(
                message.user_id,
                message.anonymous_id,
                traits=(message.traits, context.traits),
                external_ids=context.external_ids,
                device=context.device,
                hints=hints,
            ),
            place_id=self._place_id(hints, context),
            channel=channel_of(
                (hints.channel, context.channel, self._context.channel, message.channel),
                Evidence(
                    call=str(call),
                    library=context.library or self._context.library,
                    app=context.app or self._context.app,
                    device=context.device or self._context.device,
                    page=bytes(context.page) != b"null",
                    visit=isinstance(body, PlaceVisited),
                ),
            ),
            simulated=context.simulated is True or self._context.simulated is True,
        )

    def _event_id(self, message: Message, raw: msgspec.Raw, index: int) -> str:
        text = text_of(message.message_id)
        if text is not None:
            return text if conforms(text) else derived_id(SEGMENT, text)
        if message.timestamp or message.original_timestamp:
            return derived_id(SEGMENT, str(bytes(raw), "latin-1"))
        # Without an id and a time of its own, only the moment of receipt tells two equal messages apart.
        return derived_id(SEGMENT, str(bytes(raw), "latin-1"), self._recorded_at.isoformat(), str(index))

    def _happened_at(self, message: Message) -> datetime:
        """The spec: `timestamp`, else `originalTimestamp` corrected by how wrong the sender's clock was when it sent."""
        if message.timestamp:
            return check_plausible(_moment(message.timestamp, "timestamp"), self._recorded_at, "timestamp")
        if not message.original_timestamp:
            return self._recorded_at
        happened_at = _moment(message.original_timestamp, "originalTimestamp")
        sent_at = message.sent_at or self._batch.sent_at
        if sent_at:
            try:
                happened_at = self._recorded_at - (_moment(sent_at, "sentAt") - happened_at)
            except OverflowError:
                raise InvalidInput.of(
                    "sentAt", sent_at, "is far from originalTimestamp.", "Check the sender's clock."
                ) from None
        return check_plausible(happened_at, self._recorded_at, "originalTimestamp")

    def _place_id(self, hints: Hints, context: Context) -> str:
        for given in (hints.place_id, hints.store_id, context.place_id, context.store_id):
            if given is not None and (place_id := identifier(given, "store_id")) is not None:
                return place_id
        own = self._context
        return identifier(own.place_id, "place_id") or identifier(own.store_id, "store_id") or NOWHERE

    def _body(self, call: str, message: Message, context: Context, event_id: str) -> tuple[Body, Hints]:
        match call:
            case "track":
                return track_body(
                    Track(message.event or "", message.properties, event_id, self._batch.currency)
                )
            case "page" | "screen":
                return self._viewed(call, message), hints_of(message.properties)
            case "identify":
                return PersonIdentified(traits=_traits(message, context)), hints_of(message.properties)
            case "group":
                group_id = identifier(message.group_id, "groupId") or ""
                return PersonGrouped(group_id=group_id, traits=_traits(message, context)), hints_of(
                    message.properties
                )
            case _:
                previous_id = identifier(message.previous_id, "previousId") or ""
                return PersonAliased(previous_id=previous_id), hints_of(message.properties)

    @staticmethod
    def _viewed(call: str, message: Message) -> PageViewed | ScreenViewed:
        properties = mapping(message.properties, "properties")
        category = text_of(message.category)
        if category is not None:
            properties.setdefault("category", category)
        viewed = PageViewed if call == "page" else ScreenViewed
        return viewed(name=text_of(message.name) or category, properties=properties)


def _traits(message: Message, context: Context) -> dict[str, Any]:
    """Segment sends traits beside the context, RudderStack inside it."""
    return mapping(message.traits, "traits") or mapping(context.traits, "context.traits")


def _moment(text: str, field: str) -> datetime:
    """Read an ISO 8601 moment as UTC, or raise InvalidInput."""
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo is UTC else check_aware(moment, field).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput.of(
            field, text, "is not a moment.", "Write ISO 8601 with an offset, such as 2026-11-24T08:30:00Z."
        ) from None


codecs.register(SEGMENT, codecs.Codec(decode, split))
