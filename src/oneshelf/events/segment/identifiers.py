"""Who a message is about: its two ids, and every further identifier that its context, traits or properties name."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.events.segment.values import Hints, Scalar, conforms, text_of
from oneshelf.events.segment.values import identifier as id_of
from oneshelf.words.people import IdentifierKind, Who, identifier


class Named(msgspec.Struct, frozen=True):
    """The traits that name a person as well as an id does; anything else that stands in their place is no identifier."""

    email: Any = None
    phone: Any = None


class ExternalId(msgspec.Struct, frozen=True):
    """One entry of `context.externalIds`, as Segment writes them."""

    id: Any = None
    type: Any = None


#: What senders call the kinds, in `externalIds`.
_TYPES: Final[dict[str, IdentifierKind]] = {
    "email": "email",
    "phone": "phone",
    "card": "card",
    "member_card": "card",
    "loyalty_id": "card",
    "payment_token": "payment",
    "device_id": "device",
    "ios.idfa": "device",
    "ios.id": "device",
    "android.idfa": "device",
    "android.id": "device",
    "cross_domain_id": "anonymous",
}

_named = msgspec.json.Decoder(Named)
_external = msgspec.json.Decoder(list[ExternalId])
_NULL: Final = b"null"
_DEVICE_KEYS: Final = ("id", "advertisingId")


def who_of(
    user_id: Scalar,
    anonymous_id: Scalar,
    *,
    traits: tuple[msgspec.Raw, ...],
    external_ids: msgspec.Raw,
    device: Any,
    hints: Hints,
) -> Who:
    """The identifiers of one message. Raises InvalidInput for an id that cannot be one; what names nobody is left out."""
    user = id_of(user_id, "userId")
    anonymous = id_of(anonymous_id, "anonymousId")
    further = _further(traits, external_ids, device, hints)
    return Who(
        user_id=None if user is None else identifier("user", user),
        anonymous_id=None if anonymous is None or identifier("anonymous", anonymous) is None else anonymous,
        identifiers=further,
    )


def _further(
    traits: tuple[msgspec.Raw, ...], external_ids: msgspec.Raw, device: Any, hints: Hints
) -> tuple[str, ...]:
    found: list[tuple[IdentifierKind, object]] = []
    for raw in traits:
        if b"email" in (data := bytes(raw)) or b"phone" in data:
            named = _read_named(data)
            found += [("email", named.email), ("phone", named.phone)]
    if bytes(external_ids) != _NULL:
        found += [(_TYPES[one.type], one.id) for one in _read_external(external_ids) if one.type in _TYPES]
    if isinstance(device, dict):
        found += [("device", device.get(key)) for key in _DEVICE_KEYS]
    card = hints.member_card if hints.member_card is not None else hints.loyalty_id
    found += [
        ("card", card),
        ("payment", hints.payment_token),
        ("email", hints.email),
        ("phone", hints.phone),
    ]
    if all(value is None for _, value in found):
        return ()
    identifiers = (
        identifier(kind, text)
        for kind, value in found
        if (text := text_of(value)) is not None and conforms(text)
    )
    return tuple(sorted({one for one in identifiers if one is not None}))


def _read_named(data: bytes) -> Named:
    try:
        return _named.decode(data)
    except msgspec.MsgspecError:
        return Named()  # traits of another form are judged where they are kept


def _read_external(raw: msgspec.Raw) -> list[ExternalId]:
    try:
        return [one for one in _external.decode(raw) if isinstance(one.type, str)]
    except msgspec.MsgspecError:
        raise InvalidInput.of(
            "context.externalIds",
            bytes(raw)[:40],
            "is not a list of ids.",
            'Send [{"id": "...", "type": "email"}], as the Segment spec says.',
        ) from None
