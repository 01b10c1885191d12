"""Secrets: made once, kept, and never replaced."""

from oneshelf.books import secrets


def test_a_secret_is_made_once_and_the_first_one_stays(database, now):
    first = database.writer.write(lambda connection: secrets.keep(connection, "salt", b"a" * 32, now))
    second = database.writer.write(lambda connection: secrets.keep(connection, "salt", b"b" * 32, now))
    assert first == second == b"a" * 32
    with database.read() as connection:
        assert secrets.get(connection, "salt") == b"a" * 32
        assert secrets.get(connection, "other") is None
