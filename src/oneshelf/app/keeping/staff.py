"""Staff: who may sign in, their sessions, the keys of trackers and programs, and the log of every look at a person."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from datetime import datetime, timedelta
from typing import get_args

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION

from oneshelf.app.core import Core, utc_now
from oneshelf.app.pages import Page, read_cursor, write_cursor
from oneshelf.books import access_log
from oneshelf.books import staff as books
from oneshelf.books.database import Connection
from oneshelf.errors import InvalidInput, NotFound, NotSignedIn
from oneshelf.events.envelope import OWN_SOURCE, check_source
from oneshelf.trust.access import OPERATOR, Actor, Role

#: NIST SP 800-63B: length is what counts; no rules about the mixture.
PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 256
NAME_LENGTH_MAX = 100
#: How long a token that was found good is taken for good: a till asks for many portraits a second. Revoked elsewhere, it works no longer.
KNOWN_SECONDS = 2.0
KNOWN_MAX = 10_000


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of staff. `places` empty: every place."""

    name: str
    role: Role
    places: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A session of the console. Only the hash of `token` is kept; `csrf` belongs into every form."""

    token: str
    csrf: str
    actor: Actor
    expires_at: datetime


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One look at personal data, or a refused one."""

    at: datetime
    actor: str
    role: str
    purpose: str
    action: str
    person_id: str | None
    place_id: str | None
    allowed: bool


class Staff:
    """Use cases about those who use OneShelf."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._hasher = PasswordHasher()
        self._known: dict[bytes, tuple[float, Actor]] = {}
        #: verified when the name is unknown, so that the answer takes as long
        self._nobody = _hash_of_nothing(self._hasher)

    def create(
        self, name: str, password: str, role: str, *, places: tuple[str, ...] = (), actor: Actor = OPERATOR
    ) -> None:
        """Add somebody who signs in with a password. Raises InvalidInput, and Conflict when the name is taken."""
        actor.require("staff.manage")
        _check_name(name)
        self._add(name, self._hashed(password), read_role(role), places)

    def set_password(self, name: str, password: str, *, actor: Actor = OPERATOR) -> None:
        """Give somebody a new password and end their sessions. Raises NotFound, InvalidInput."""
        actor.require("staff.manage")
        hashed = self._hashed(password)

        def change(connection: Connection) -> None:
            books.change(connection, name, password_hash=hashed)
            books.end_sessions_of(connection, name)

        self._core.database.writer.write(change)

    def disable(self, name: str, *, actor: Actor = OPERATOR) -> None:
        """Shut somebody out: no sign-in, no session, no token. Raises NotFound."""
        actor.require("staff.manage")
        now = utc_now()

        def change(connection: Connection) -> None:
            books.change(connection, name, disabled_at=now)
            books.end_sessions_of(connection, name)
            for token in books.api_tokens(connection, name):
                books.revoke_api_token(connection, token.token_hash, now)

        self._core.database.writer.write(change)
        self._known.clear()

    def revoke(self, secret: str, *, actor: Actor = OPERATOR) -> None:
        """Refuse a write key or a token from now on (other processes within seconds). Unknown ones change nothing."""
        actor.require("staff.manage")
        digest, now = _digest(secret), utc_now()

        def change(connection: Connection) -> None:
            books.revoke_write_key(connection, digest, now)
            books.revoke_api_token(connection, digest, now)

        self._core.database.writer.write(change)
        self._known.clear()

    def sign_in(self, name: str, password: str, *, now: datetime | None = None) -> SignedIn:
        """Open a session. Raises NotSignedIn alike for a wrong name and a wrong password."""
        with self._core.database.read() as connection:
            row = books.get(connection, name)
        known = row is not None and row.disabled_at is None and row.password_hash is not None
        hashed = row.password_hash if known and row is not None and row.password_hash else self._nobody
        if not (_matches(self._hasher, hashed, password) and known and row is not None):
            raise NotSignedIn(
                "The name or the password is wrong.", "Try again, or ask an admin for a new password."
            )
        return self._open_session(_actor(row), now or utc_now())

    def sign_in_oidc(
        self, name: str, role_claim: str, places: tuple[str, ...] = (), *, now: datetime | None = None
    ) -> SignedIn:
        """Open a session for somebody whom the OpenID Connect provider has vouched for; role and places follow its claims."""
        _check_name(name)
        role = read_role(role_claim)
        with self._core.database.read() as connection:
            row = books.get(connection, name)
        if row is None:
            self._add(name, None, role, places)
        elif row.disabled_at is not None or row.password_hash is not None:
            raise NotSignedIn("This account cannot sign in through the provider.", "Ask an admin.")
        else:
            self._core.database.writer.write(lambda c: books.change(c, name, role=role, places=places))
        return self._open_session(Actor(name=name, role=role, places=places), now or utc_now())

    def session(self, token: str, now: datetime | None = None) -> SignedIn | None:
        """The session behind a token, prolonged by this click; None when there is none or it has run out."""
        at = now or utc_now()
        digest = _digest(token)
        with self._core.database.read() as connection:
            found = books.get_session(connection, digest)
        if found is None:
            return None
        row, member = found
        if row.expires_at <= at or member.disabled_at is not None:
            return None
        expires_at = row.expires_at
        if at - row.last_at > timedelta(minutes=1):  # not a write on every click
            expires_at = at + timedelta(hours=self._core.settings.session_hours)
            self._core.database.writer.write(
                lambda c: books.extend_session(c, digest, last_at=at, expires_at=expires_at)
            )
        return SignedIn(token=token, csrf=row.csrf, actor=_actor(member), expires_at=expires_at)

    def sign_out(self, token: str) -> None:
        """End a session."""
        self._core.database.writer.write(lambda c: books.end_session(c, _digest(token)))

    def list(self, *, actor: Actor = OPERATOR) -> tuple[Member, ...]:
        """Who may sign in, by name."""
        actor.require("staff.manage")
        with self._core.database.read() as connection:
            return tuple(
                Member(
                    name=row.name,
                    role=row.role,
                    places=row.places,
                    created_at=row.created_at,
                    disabled_at=row.disabled_at,
                )
                for row in books.listing(connection)
            )

    def write_key(self, source: str, *, actor: Actor = OPERATOR) -> str:
        """Make the key with which a tracker or till writes events of `source`. It is shown once; its hash is kept."""
        actor.require("staff.manage")
        _check_name(source, "source")
        check_source(source)
        key = secrets.token_urlsafe(24)
        row = books.WriteKeyRow(key_hash=_digest(key), source=source, created_at=utc_now())
        self._core.database.writer.write(lambda c: books.add_write_key(c, row))
        return key

    def source_of(self, write_key: str) -> str | None:
        """The source that a write key writes, or None for a key that is not ours or was revoked."""
        with self._core.database.read() as connection:
            source = books.source_of(connection, _digest(write_key))
        return None if source == OWN_SOURCE else source  # keys from before that name was kept

    def api_token(self, name: str, label: str, *, actor: Actor = OPERATOR) -> str:
        """Make a bearer token for a program that acts as a member of staff. It is shown once; its hash is kept."""
        actor.require("staff.manage")
        with self._core.database.read() as connection:
            if books.get(connection, name) is None:
                raise NotFound(
                    f"Nobody on the staff is called {name!r}.", "Add them with `oneshelf staff add`."
                )
        token = secrets.token_urlsafe(32)
        row = books.ApiTokenRow(token_hash=_digest(token), staff_name=name, label=label, created_at=utc_now())
        self._core.database.writer.write(lambda c: books.add_api_token(c, row))
        return token

    def actor_of(self, token: str) -> Actor | None:
        """Whom a bearer token stands for, or None."""
        with self._core.database.read() as connection:
            row = books.owner_of(connection, _digest(token))
        actor = _actor(row) if row and row.disabled_at is None else None
        if actor is not None:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            self._known[_digest(token)] = (time.monotonic() + KNOWN_SECONDS, actor)
        return actor

    def remembered(self, token: str) -> Actor | None:
        """Whom a token stood for a moment ago, without asking the books; None when they have to be asked."""
        known = self._known.get(_digest(token))
        return known[1] if known is not None and time.monotonic() < known[0] else None

    def access_log(
        self, *, actor: Actor = OPERATOR, limit: int = 50, after: str | None = None
    ) -> Page[Access]:
        """Who looked at whom, for what, newest first."""
        actor.require("staff.manage")
        with self._core.database.read_looks() as connection:
            rows = access_log.listing(connection, limit=limit + 1, after=read_cursor(after, int))
        items = tuple(
            Access(
                at=row.at,
                actor=row.actor,
                role=row.role,
                purpose=row.purpose,
                action=row.action,
                person_id=row.person_id,
                place_id=row.place_id,
                allowed=row.allowed,
            )
            for row in rows[:limit]
        )
        return Page(items=items, next=write_cursor(rows[limit - 1].id) if len(rows) > limit else None)

    def _hashed(self, password: str) -> str:
        if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
            raise InvalidInput.of(
                "password",
                "…",
                "is too short or too long.",
                f"Use {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters.",
            )
        return self._hasher.hash(password)

    def _add(self, name: str, password_hash: str | None, role: Role, places: tuple[str, ...]) -> None:
        row = books.StaffRow(
            name=name, password_hash=password_hash, role=role, places=places, created_at=utc_now()
        )
        self._core.database.writer.write(lambda c: books.add(c, row))

    def _open_session(self, actor: Actor, now: datetime) -> SignedIn:
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        expires_at = now + timedelta(hours=self._core.settings.session_hours)
        row = books.SessionRow(
            token_hash=_digest(token),
            staff_name=actor.name,
            created_at=now,
            last_at=now,
            expires_at=expires_at,
            csrf=csrf,
        )
        self._core.database.writer.write(lambda c: books.add_session(c, row))
        return SignedIn(token=token, csrf=csrf, actor=actor, expires_at=expires_at)


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    """What looks like a hash of this hasher and costs as much to verify, but is random: opening a shelf must not wait for a hash."""

    def random(size: int) -> str:
        return base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")

    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${random(hasher.salt_len)}${random(hasher.hash_len)}"


def _matches(hasher: PasswordHasher, hashed: str, password: str) -> bool:
    try:
        return hasher.verify(hashed, password[: PASSWORD_LENGTH_MAX + 1])
    except (VerifyMismatchError, InvalidHashError):
        return False


def _digest(secret: str) -> bytes:
    """Tokens are long and random, so that a plain hash keeps them."""
    return hashlib.sha256(secret.encode()).digest()


def _actor(row: books.StaffRow) -> Actor:
    return Actor(name=row.name, role=row.role, places=row.places)


def read_role(role: str) -> Role:
    """The role of that name, or InvalidInput that lists them."""
    known: tuple[Role, ...] = get_args(Role)
    for one in known:
        if role == one:
            return one
    raise InvalidInput.of("role", role, "is not a role.", f"Use one of {', '.join(known)}.")


def _check_name(name: str, field: str = "name") -> None:
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable() or name != name.strip():
        raise InvalidInput.of(
            field,
            name,
            "cannot be a name.",
            f"Use 1 to {NAME_LENGTH_MAX} printable characters without spaces around.",
        )
