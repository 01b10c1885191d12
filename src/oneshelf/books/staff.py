"""Staff: who may use the house. Hashes are made elsewhere; nothing here could be used to sign in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, update

from oneshelf.books.schema.staff import api_token, session, staff, write_key
from oneshelf.errors import NotFound
from oneshelf.trust.access import Role


class StaffRow(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the console. Without a password hash only single sign-on lets them in. No places means every place."""

    name: str
    role: Role
    places: tuple[str, ...] = ()
    password_hash: str | None = None
    created_at: datetime
    disabled_at: datetime | None = None


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A session of the console, known by the hash of its token."""

    token_hash: bytes
    staff_name: str
    created_at: datetime
    last_at: datetime
    expires_at: datetime
    csrf: str


class WriteKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A key with which a tracker writes events of one source."""

    key_hash: bytes
    source: str
    created_at: datetime
    revoked_at: datetime | None = None


class ApiTokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A token with which a program acts for a member of staff."""

    token_hash: bytes
    staff_name: str
    label: str
    created_at: datetime
    revoked_at: datetime | None = None


def add(connection: Connection, row: StaffRow) -> None:
    """Keep a new member of staff. Raises Conflict when the name is taken."""
    connection.execute(staff.insert(), msgspec.structs.asdict(row))


def change(connection: Connection, name: str, **fields: object) -> None:
    """Change `password_hash`, `role`, `places` or `disabled_at`. Raises NotFound."""
    if connection.execute(update(staff).where(staff.c.name == name).values(**fields)).rowcount != 1:
        raise NotFound("There is no such member of staff.", "List them with `oneshelf staff list`.")


def get(connection: Connection, name: str) -> StaffRow | None:
    """One member of staff, if known."""
    row = connection.execute(select(staff).where(staff.c.name == name)).one_or_none()
    return None if row is None else _staff(row._mapping)


def listing(connection: Connection) -> list[StaffRow]:
    """Everybody, in order of name."""
    return [_staff(row._mapping) for row in connection.execute(select(staff).order_by(staff.c.name))]


def add_session(connection: Connection, row: SessionRow) -> None:
    """Keep a session that begins."""
    connection.execute(session.insert(), msgspec.structs.asdict(row))


def get_session(connection: Connection, token_hash: bytes) -> tuple[SessionRow, StaffRow] | None:
    """A session and whose it is, expired or not."""
    query = select(session).where(session.c.token_hash == token_hash)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    owner = get(connection, row.staff_name)
    return None if owner is None else (SessionRow(**row._mapping), owner)


def extend_session(
    connection: Connection, token_hash: bytes, *, last_at: datetime, expires_at: datetime
) -> None:
    """Note a click, which puts off the end of the session."""
    mine = update(session).where(session.c.token_hash == token_hash)
    connection.execute(mine.values(last_at=last_at, expires_at=expires_at))


def end_session(connection: Connection, token_hash: bytes) -> None:
    """Forget a session."""
    connection.execute(delete(session).where(session.c.token_hash == token_hash))


def end_sessions_of(connection: Connection, staff_name: str) -> None:
    """Forget every session of somebody, such as when the password changed."""
    connection.execute(delete(session).where(session.c.staff_name == staff_name))


def end_expired(connection: Connection, now: datetime) -> None:
    """Forget the sessions that are over."""
    connection.execute(delete(session).where(session.c.expires_at <= now))


def add_write_key(connection: Connection, row: WriteKeyRow) -> None:
    """Keep a new write key."""
    connection.execute(write_key.insert(), msgspec.structs.asdict(row))


def source_of(connection: Connection, key_hash: bytes) -> str | None:
    """The source that a write key writes for; None when it is unknown or revoked."""
    query = select(write_key.c.source).where(
        write_key.c.key_hash == key_hash, write_key.c.revoked_at.is_(None)
    )
    return connection.execute(query).scalar_one_or_none()


def write_keys(connection: Connection) -> list[WriteKeyRow]:
    """Every write key, revoked ones too, in order of source."""
    query = select(write_key).order_by(write_key.c.source, write_key.c.created_at)
    return [WriteKeyRow(**row._mapping) for row in connection.execute(query)]


def revoke_write_key(connection: Connection, key_hash: bytes, now: datetime) -> None:
    """Refuse a write key from now on."""
    mine = update(write_key).where(write_key.c.key_hash == key_hash, write_key.c.revoked_at.is_(None))
    connection.execute(mine.values(revoked_at=now))


def add_api_token(connection: Connection, row: ApiTokenRow) -> None:
    """Keep a new token."""
    connection.execute(api_token.insert(), msgspec.structs.asdict(row))


def owner_of(connection: Connection, token_hash: bytes) -> StaffRow | None:
    """For whom a token acts; None when it is unknown or revoked."""
    query = select(api_token.c.staff_name).where(
        api_token.c.token_hash == token_hash, api_token.c.revoked_at.is_(None)
    )
    name = connection.execute(query).scalar_one_or_none()
    return None if name is None else get(connection, name)


def api_tokens(connection: Connection, staff_name: str) -> list[ApiTokenRow]:
    """Somebody's tokens, revoked ones too, the newest first."""
    query = (
        select(api_token).where(api_token.c.staff_name == staff_name).order_by(api_token.c.created_at.desc())
    )
    return [ApiTokenRow(**row._mapping) for row in connection.execute(query)]


def revoke_api_token(connection: Connection, token_hash: bytes, now: datetime) -> None:
    """Refuse a token from now on."""
    mine = update(api_token).where(api_token.c.token_hash == token_hash, api_token.c.revoked_at.is_(None))
    connection.execute(mine.values(revoked_at=now))


def _staff(fields: Mapping[Any, Any]) -> StaffRow:
    return StaffRow(**{**fields, "places": tuple(fields["places"])})
