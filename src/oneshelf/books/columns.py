"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

from oneshelf.words.time import check_aware

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Microseconds since 1970: how SQLite, which has no type for moments, keeps one."""
    return (check_aware(at, "at") - _EPOCH) // _MICROSECOND


def moment(epoch_microseconds: int) -> datetime:
    """The aware moment of `microseconds`."""
    return _EPOCH + timedelta(microseconds=epoch_microseconds)


class Moment(TypeDecorator[datetime]):
    """An aware moment in UTC: TIMESTAMPTZ on PostgreSQL, integer microseconds since 1970 on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of one database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | int | None:
        """Refuse naive moments; both databases would take them for something else."""
        if value is None:
            return None
        return check_aware(value, "at") if dialect.name == "postgresql" else microseconds(value)

    def process_result_value(self, value: datetime | int | None, dialect: Dialect) -> datetime | None:
        """Always in UTC, whatever the session's zone."""
        if value is None:
            return None
        return moment(value) if isinstance(value, int) else value.astimezone(UTC)


#: An id. Compared byte by byte on both databases, so that order and prefixes mean the same.
Key = Text().with_variant(Text(collation="C"), "postgresql")

#: A whole number that SQLite may use as its row id.
Number = BigInteger().with_variant(Integer, "sqlite")

#: A short list or mapping without a schema of its own.
Json = JSON().with_variant(postgresql.JSONB(), "postgresql")

Blob = LargeBinary
