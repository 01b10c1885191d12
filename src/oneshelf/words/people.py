"""People: who a record is about, as the sender knows them.

An identifier is a string that says of what kind it is: `card:77`, `email:9f2c...`, `anonymous:device-1`; a member's own id (the
`user_id`) stands bare. What would itself be personal data in a list, a URL or a log (addresses, phone numbers, payment tokens, devices) is
an identifier only as a digest. A digest is no secret: whoever can guess a phone number can find it.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.words.ids import ID_LENGTH_MAX, Id, derived_id

IdentifierKind = Literal["user", "card", "email", "phone", "payment", "anonymous", "device"]

#: The kinds, strongest first: the strongest identifier of an event says whose it is.
IDENTIFIER_KINDS: Final[tuple[IdentifierKind, ...]] = get_args(IdentifierKind)

STRENGTH: Final = {kind: place for place, kind in enumerate(IDENTIFIER_KINDS)}

#: Person ids that begin so stand for a browser, a device or a till slip that no member has claimed.
ANONYMOUS = "anonymous:"

#: Beginnings that a member's own id cannot have.
RESERVED: Final = tuple(f"{kind}:" for kind in IDENTIFIER_KINDS if kind != "user")

#: Kinds whose plain value would give a person away.
_DIGESTED: Final = frozenset(("email", "phone", "payment", "device"))

#: What broken trackers, forms and test accounts send in place of an id. Joining by these would chain strangers together.
_PLACEHOLDERS: Final = frozenset(
    (
        "null", "(null)", "nil", "none", "undefined", "nan", "n/a", "na", "unknown", "anonymous", "guest", "test", "tester",
        "true", "false", "0", "-1", "[object object]", "00000000-0000-0000-0000-000000000000",
    )
)  # fmt: skip

_MAILBOXES_OF_NOBODY: Final = _PLACEHOLDERS | {"noreply", "no-reply", "donotreply", "example", "nobody"}
_DOMAINS_OF_NOBODY: Final = frozenset(
    ("example.com", "example.org", "example.net", "test.com", "invalid", "localhost")
)

#: Fewer digits name an extension, not a person.
_PHONE_DIGITS: Final = range(7, 16)


class Who(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The identifiers that an event carries.

    A member has a `user_id`; a browser or a till slip has an `anonymous_id`; `identifiers` are all others, as `identifier` makes them.
    """

    user_id: Id | None = None
    anonymous_id: Id | None = None
    identifiers: tuple[Id, ...] = ()

    def __post_init__(self) -> None:
        if self.user_id is not None and ":" in self.user_id:
            check_user_id(self.user_id)
        for given in self.identifiers:
            if not given.startswith(RESERVED):
                raise InvalidInput.of(
                    "identifiers", given, "has no kind.", f"Begin it with one of {', '.join(RESERVED)}"
                )

    @classmethod
    def of(cls, person_id: str) -> Who:
        """The identifiers of a person id: `person_id` undone."""
        if person_id.startswith(ANONYMOUS):
            return cls(anonymous_id=person_id.removeprefix(ANONYMOUS))
        if person_id.startswith(RESERVED):
            return cls(identifiers=(person_id,))
        return cls(user_id=person_id)

    @property
    def person_id(self) -> str | None:
        """The person as this event alone knows them, by its strongest identifier; links may say more.

        An anonymous id lives in a namespace of its own, so that a browser cannot pass for a member by taking their id.
        """
        if self.user_id is not None:
            return self.user_id
        if self.identifiers:
            return self.every[0]
        return self.anonymous_person_id

    @property
    def anonymous_person_id(self) -> str | None:
        """The person behind the anonymous id, as far as no link names a member."""
        return None if self.anonymous_id is None else identifier_of("anonymous", self.anonymous_id)

    @property
    def every(self) -> tuple[str, ...]:
        """All identifiers of the event, strongest first, each once."""
        found = [one for one in (self.user_id, self.anonymous_person_id) if one is not None]
        if not self.identifiers:
            return tuple(found)
        return tuple(sorted({*found, *self.identifiers}, key=lambda one: (STRENGTH[kind_of(one)], one)))


def kind_of(identifier: str) -> IdentifierKind:
    """The kind of an identifier."""
    head, colon, _ = identifier.partition(":")
    return head if colon and head in STRENGTH and head != "user" else "user"


def is_nameless(person_id: str) -> bool:
    """Whether all that is known of a person is a browser, a device or a means of payment: nobody who could be addressed."""
    return kind_of(person_id) in ("anonymous", "device", "payment")


def identifier(kind: IdentifierKind, value: str) -> str | None:
    """The identifier of a plain value, None where the value names nobody (`null`, `test@example.com`, `0000000`)."""
    plain = _NORMAL.get(kind, _plain)(value)
    if plain is None:
        return None
    if kind == "user":
        return plain
    return identifier_of(kind, derived_id(kind, plain) if kind in _DIGESTED else plain)


def identifier_of(kind: IdentifierKind, plain: str) -> str:
    """A value with its kind before it."""
    return fitting(f"{kind}:{plain}")


def fitting(identifier: str) -> str:
    """An identifier as it is kept: one that its kind makes longer than an id may be stands there by its digest."""
    if len(identifier) <= ID_LENGTH_MAX:
        return identifier
    kind, _, plain = identifier.partition(":")
    return f"{kind}:{derived_id(kind, plain)}"


def check_user_id(user_id: str) -> str:
    """Raise InvalidInput when a member's id looks like an identifier of another kind."""
    if user_id.startswith(RESERVED):
        raise InvalidInput.of(
            "userId",
            user_id,
            f"begins with {user_id.partition(':')[0]}:, which is ours.",
            "Send it as the identifier of that kind.",
        )
    return user_id


def _plain(value: str) -> str | None:
    plain = value.strip()
    return None if not plain or plain.casefold() in _PLACEHOLDERS else plain


def _email(value: str) -> str | None:
    plain = value.strip().casefold()
    mailbox, at, domain = plain.rpartition("@")
    if not at or not mailbox or "." not in domain:
        return None
    return None if mailbox in _MAILBOXES_OF_NOBODY or domain in _DOMAINS_OF_NOBODY else plain


def _phone(value: str) -> str | None:
    digits = "".join(each for each in value if each.isdecimal() and each.isascii())
    abroad = value.strip().startswith("+")
    if digits.startswith("00"):
        abroad, digits = True, digits[2:]
    if len(digits) not in _PHONE_DIGITS or len(set(digits)) < 3 or digits in "12345678901234567890":
        return None
    return f"+{digits}" if abroad else digits


_NORMAL: Final = {"email": _email, "phone": _phone}
