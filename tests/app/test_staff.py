"""Who may sign in, and for how long."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from oneshelf.app.shelf import Shelf
from oneshelf.books.staff import WriteKeyRow, add_write_key
from oneshelf.errors import Conflict, InvalidInput, NotAllowed, NotSignedIn
from oneshelf.testing.shop import NOW
from oneshelf.trust.access import Actor

PASSWORD = "correct horse battery"


def test_the_right_password_opens_a_session_and_signing_out_ends_it(empty: Shelf) -> None:
    empty.staff.create("ann", PASSWORD, "planner", places=("store-1",))
    signed = empty.staff.sign_in("ann", PASSWORD, now=NOW)
    again = empty.staff.session(signed.token, NOW)
    assert again is not None
    assert again.actor == Actor(name="ann", role="planner", places=("store-1",))
    assert again.csrf == signed.csrf
    empty.staff.sign_out(signed.token)
    assert empty.staff.session(signed.token, NOW) is None


@pytest.mark.parametrize(("name", "password"), [("ann", "wrong horse battery"), ("bob", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(empty: Shelf, name: str, password: str) -> None:
    empty.staff.create("ann", PASSWORD, "planner")
    with pytest.raises(NotSignedIn, match="The name or the password is wrong"):
        empty.staff.sign_in(name, password)


def test_an_unknown_name_is_compared_with_something_as_dear_as_a_password(empty: Shelf) -> None:
    nothing = empty.staff._nobody
    assert extract_parameters(nothing) == extract_parameters(PasswordHasher().hash(PASSWORD))
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(nothing, PASSWORD)


def test_a_session_runs_out_unless_it_is_used(empty: Shelf) -> None:
    empty.staff.create("ann", PASSWORD, "planner")
    signed = empty.staff.sign_in("ann", PASSWORD, now=NOW)
    hours = empty.settings.session_hours
    assert empty.staff.session(signed.token, NOW + timedelta(hours=hours - 1)) is not None
    assert empty.staff.session(signed.token, NOW + timedelta(hours=2 * hours - 2)) is not None
    assert empty.staff.session(signed.token, NOW + timedelta(hours=4 * hours)) is None


def test_a_new_password_ends_the_old_sessions(empty: Shelf) -> None:
    empty.staff.create("ann", PASSWORD, "planner")
    signed = empty.staff.sign_in("ann", PASSWORD, now=NOW)
    empty.staff.set_password("ann", "another horse battery")
    assert empty.staff.session(signed.token, NOW) is None
    with pytest.raises(NotSignedIn):
        empty.staff.sign_in("ann", PASSWORD)


def test_an_account_of_the_provider_has_no_password_and_the_other_way_round(empty: Shelf) -> None:
    signed = empty.staff.sign_in_oidc("eve@example.org", "analyst", now=NOW)
    assert signed.actor.role == "analyst"
    with pytest.raises(NotSignedIn):
        empty.staff.sign_in("eve@example.org", "")
    empty.staff.create("ann", PASSWORD, "planner")
    with pytest.raises(NotSignedIn):
        empty.staff.sign_in_oidc("ann", "admin")
    assert empty.staff.sign_in_oidc("eve@example.org", "planner").actor.role == "planner"


@pytest.mark.parametrize(
    ("name", "password", "role", "field"),
    [
        ("ann", "Kurz-1", "planner", "password"),
        ("", PASSWORD, "planner", "name"),
        ("ann", PASSWORD, "king", "role"),
    ],
)
def test_nonsense_is_refused_by_name(empty: Shelf, name: str, password: str, role: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        empty.staff.create(name, password, role)
    assert caught.value.problems[0].field == field
    assert password not in str(caught.value)


def test_a_name_is_taken_once(empty: Shelf) -> None:
    empty.staff.create("ann", PASSWORD, "planner")
    with pytest.raises(Conflict):
        empty.staff.create("ann", PASSWORD, "admin")


def test_only_an_admin_manages_the_staff(empty: Shelf) -> None:
    with pytest.raises(NotAllowed):
        empty.staff.create("ann", PASSWORD, "admin", actor=Actor(name="x", role="marketer"))


def test_keys_and_tokens_are_known_by_their_hash_alone(empty: Shelf) -> None:
    key = empty.staff.write_key("web-shop")
    empty.staff.create("ann", PASSWORD, "analyst")
    token = empty.staff.api_token("ann", "a program")
    assert empty.staff.source_of(key) == "web-shop"
    assert empty.staff.source_of(key + "x") is None
    assert empty.staff.actor_of(token) == Actor(name="ann", role="analyst")
    assert empty.staff.actor_of(key) is None
    stored = (empty.settings.data / "books.db").read_bytes() + (
        empty.settings.data / "books.db-wal"
    ).read_bytes()
    assert key.encode() not in stored
    assert token.encode() not in stored
    assert PASSWORD.encode() not in stored


def test_nobody_gets_a_key_to_write_under_our_own_name(empty: Shelf) -> None:
    with pytest.raises(InvalidInput, match="source = 'oneshelf'"):
        empty.staff.write_key("oneshelf")
    old = WriteKeyRow(key_hash=hashlib.sha256(b"old").digest(), source="oneshelf", created_at=NOW)
    empty.core.database.writer.write(lambda connection: add_write_key(connection, old))
    assert empty.staff.source_of("old") is None


def test_who_leaves_is_shut_out_with_their_sessions_and_tokens(empty: Shelf) -> None:
    empty.staff.create("ann", PASSWORD, "analyst")
    signed = empty.staff.sign_in("ann", PASSWORD, now=NOW)
    token = empty.staff.api_token("ann", "a program")
    empty.staff.disable("ann")
    assert empty.staff.session(signed.token, NOW) is None
    assert empty.staff.actor_of(token) is None
    with pytest.raises(NotSignedIn):
        empty.staff.sign_in("ann", PASSWORD)


def test_a_revoked_key_writes_no_more_and_a_revoked_token_reads_no_more(empty: Shelf) -> None:
    empty.staff.create("ann", PASSWORD, "analyst")
    key, token = empty.staff.write_key("web"), empty.staff.api_token("ann", "a program")
    empty.staff.revoke(key)
    empty.staff.revoke(token)
    assert empty.staff.source_of(key) is None
    assert empty.staff.actor_of(token) is None
