"""Staff, their sessions and keys, and the access log."""

import threading
from contextlib import closing
from datetime import timedelta

import pytest

from oneshelf.books import access_log, staff
from oneshelf.books.access_log import AccessRow
from oneshelf.books.database import Database
from oneshelf.books.staff import ApiTokenRow, SessionRow, StaffRow, WriteKeyRow
from oneshelf.errors import Conflict, NotFound


@pytest.fixture
def mei(database, now):
    row = StaffRow(
        name="mei", role="store", places=("store-1", "店2"), password_hash="$argon2id$...", created_at=now
    )
    database.writer.write(lambda connection: staff.add(connection, row))
    return row


def session(now, token: bytes, hours: int = 1) -> SessionRow:
    return SessionRow(
        token_hash=token,
        staff_name="mei",
        created_at=now,
        last_at=now,
        expires_at=now + timedelta(hours=hours),
        csrf="c",
    )


def test_staff_come_back_and_names_are_taken(database, mei, now):
    with pytest.raises(Conflict):
        database.writer.write(lambda connection: staff.add(connection, mei))
    single_sign_on = StaffRow(name="ada", role="admin", created_at=now)
    database.writer.write(lambda connection: staff.add(connection, single_sign_on))
    with database.read() as connection:
        assert staff.listing(connection) == [single_sign_on, mei]
        assert staff.get(connection, "nobody") is None


def test_staff_change_and_unknown_staff_cannot(database, mei, now):
    database.writer.write(
        lambda connection: staff.change(connection, "mei", role="planner", places=[], disabled_at=now)
    )
    with database.read() as connection:
        found = staff.get(connection, "mei")
    assert (found.role, found.places, found.disabled_at, found.password_hash) == (
        "planner",
        (),
        now,
        mei.password_hash,
    )
    with pytest.raises(NotFound):
        database.writer.write(lambda connection: staff.change(connection, "nobody", role="admin"))


def test_a_session_lives_until_it_is_ended_or_over(database, mei, now):
    def found(token: bytes):
        with database.read() as connection:
            return staff.get_session(connection, token)

    for token, hours in ((b"1", 1), (b"2", 5), (b"3", 1)):
        database.writer.write(
            lambda connection, t=token, h=hours: staff.add_session(connection, session(now, t, h))
        )
    assert found(b"1") == (session(now, b"1"), mei)
    click = now + timedelta(minutes=50)
    database.writer.write(
        lambda connection: staff.extend_session(
            connection, b"1", last_at=click, expires_at=click + timedelta(hours=1)
        )
    )
    database.writer.write(lambda connection: staff.end_expired(connection, now + timedelta(hours=1)))
    assert [found(token) is not None for token in (b"1", b"2", b"3")] == [True, True, False]
    assert found(b"1")[0].last_at == click
    database.writer.write(lambda connection: staff.end_session(connection, b"1"))
    assert [found(token) is not None for token in (b"1", b"2")] == [False, True]
    database.writer.write(lambda connection: staff.end_sessions_of(connection, "mei"))
    assert found(b"2") is None


def test_a_revoked_write_key_writes_for_nobody(database, now):
    keys = [
        WriteKeyRow(key_hash=bytes([number]) * 32, source=f"web-{number}", created_at=now)
        for number in (1, 2)
    ]
    for key in keys:
        database.writer.write(lambda connection, key=key: staff.add_write_key(connection, key))
    for at in (now, now + timedelta(days=1)):
        database.writer.write(
            lambda connection, at=at: staff.revoke_write_key(connection, keys[0].key_hash, at)
        )
    with database.read() as connection:
        assert [staff.source_of(connection, key.key_hash) for key in keys] == [None, "web-2"]
        assert staff.source_of(connection, b"unknown") is None
        assert [key.revoked_at for key in staff.write_keys(connection)] == [now, None]


def test_a_token_acts_for_its_owner_until_it_is_revoked(database, mei, now):
    token = ApiTokenRow(token_hash=b"t" * 32, staff_name="mei", label="report", created_at=now)
    database.writer.write(lambda connection: staff.add_api_token(connection, token))
    with database.read() as connection:
        assert staff.owner_of(connection, token.token_hash) == mei
        assert staff.api_tokens(connection, "mei") == [token]
    database.writer.write(lambda connection: staff.revoke_api_token(connection, token.token_hash, now))
    with database.read() as connection:
        assert staff.owner_of(connection, token.token_hash) is None


def test_the_access_log_lists_every_look_newest_first_page_by_page(database, now):
    looks = [
        AccessRow(
            at=now,
            actor="mei",
            role="store",
            purpose="service",
            action="people.read",
            person_id=f"p-{number % 2}",
            allowed=number != 3,
        )
        for number in range(5)
    ]
    for look in looks:
        database.looks.write(lambda connection, look=look: access_log.add(connection, look))
    with database.read_looks() as connection:
        first = access_log.listing(connection, limit=2)
        rest = access_log.listing(connection, after=first[-1].id)
        assert [(row.person_id, row.allowed) for row in first + rest] == [
            (look.person_id, look.allowed) for look in reversed(looks)
        ]
        assert len(access_log.listing(connection, person_id="p-1")) == 2


def test_a_look_does_not_wait_for_the_turn_of_those_who_write_to_the_books(database, now):
    look = AccessRow(at=now, actor="mei", role="store", purpose="service", action="people.read", allowed=True)
    noted = threading.Event()

    def hold(connection):
        staff.end_sessions_of(connection, "mei")  # the books are being written to
        return noted.wait(20)

    held = database.writer.submit(hold)
    database.looks.write(lambda connection: access_log.add(connection, look))
    noted.set()
    assert held.result()


def test_looks_that_stand_in_sqlite_books_move_to_their_own_file_once(tmp_path, now):
    url = f"sqlite:///{tmp_path}/books.db"
    look = AccessRow(at=now, actor="mei", role="store", purpose="service", action="people.read", allowed=True)
    with closing(Database.open(url)) as database:
        for _ in range(3):
            database.writer.write(lambda connection: access_log.add(connection, look))
    for _ in range(2):
        with closing(Database.open(url)) as database:
            with database.read_looks() as connection:
                assert [row.id for row in access_log.listing(connection)] == [3, 2, 1]
            with database.read() as connection:
                assert access_log.listing(connection) == []
