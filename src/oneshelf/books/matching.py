"""People-matching: the queue of pairs to decide, which records were compared, and the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update

from oneshelf.books.bulk import among, chunks, put, replace
from oneshelf.books.schema.matching import candidate, crowded_person, matched_record, matching_model
from oneshelf.books.schema.people import kept_apart, person

Status = Literal["open", "accepted", "refused", "closed"]

_MODEL = "people"
_PAGE = 2_000


class CandidateRow(msgspec.Struct, frozen=True, kw_only=True):
    """One pair, `person_a` the smaller id. A closed one went away undecided: somebody joined them, or they changed."""

    id: str
    person_a: str
    person_b: str
    probability: float
    household: float
    #: by field: verdict, bits, swapped
    evidence: list[dict[str, Any]]
    status: Status = "open"
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None


def walk(connection: Connection) -> Iterator[tuple[str, bytes]]:
    """Every person of their own with their state, in order of id."""
    after = ""
    while True:
        query = select(person.c.person_id, person.c.state)
        query = query.where(person.c.joined_to.is_(None), person.c.person_id > after)
        page = connection.execute(query.order_by(person.c.person_id).limit(_PAGE)).all()
        yield from ((row.person_id, row.state) for row in page)
        if len(page) < _PAGE:
            return
        after = page[-1].person_id


def get(connection: Connection, candidate_id: str) -> CandidateRow | None:
    """One pair."""
    row = connection.execute(select(candidate).where(candidate.c.id == candidate_id)).one_or_none()
    return None if row is None else _row(row)


def queue(
    connection: Connection, status: Status, *, limit: int, after: tuple[float, str] | None = None
) -> list[CandidateRow]:
    """Pairs of one status, the most probable first; `after` is the (probability, id) of the last one of the page before."""
    query = select(candidate).where(candidate.c.status == status)
    query = query.order_by(candidate.c.probability.desc(), candidate.c.id).limit(limit)
    if after is not None:
        probability, last = after
        same = and_(candidate.c.probability == probability, candidate.c.id > last)
        query = query.where(or_(candidate.c.probability < probability, same))
    return [_row(row) for row in connection.execute(query)]


def counts(connection: Connection) -> dict[str, int]:
    """How many pairs there are of each status."""
    query = select(candidate.c.status, func.count().label("pairs")).group_by(candidate.c.status)
    return {row.status: row.pairs for row in connection.execute(query)}


def by_status(connection: Connection, status: Status) -> list[CandidateRow]:
    """Every pair of one status."""
    query = select(candidate).where(candidate.c.status == status).order_by(candidate.c.id)
    return [_row(row) for row in connection.execute(query)]


def stale(connection: Connection) -> list[str]:
    """Open pairs of whom one is no longer a person of their own."""
    left, right = person.alias("left_person"), person.alias("right_person")
    query = (
        select(candidate.c.id)
        .outerjoin(left, and_(left.c.person_id == candidate.c.person_a, left.c.joined_to.is_(None)))
        .outerjoin(right, and_(right.c.person_id == candidate.c.person_b, right.c.joined_to.is_(None)))
        .where(candidate.c.status == "open", or_(left.c.person_id.is_(None), right.c.person_id.is_(None)))
    )
    return list(connection.scalars(query))


def propose(connection: Connection, rows: Sequence[CandidateRow]) -> None:
    """Put pairs into the queue. One that was decided stays decided; one that went away comes back."""
    put(
        connection,
        candidate,
        [msgspec.structs.asdict(row) for row in rows],
        update=replace(candidate),
        where=lambda given: or_(candidate.c.status == "open", candidate.c.status == "closed"),
    )


def close(connection: Connection, ids: Iterable[str], at: datetime) -> None:
    """Take open pairs out of the queue, undecided."""
    for chunk in chunks(sorted(set(ids))):
        chosen = and_(among(connection, candidate.c.id, chunk), candidate.c.status == "open")
        connection.execute(update(candidate).where(chosen).values(status="closed", decided_at=at))


def decide(
    connection: Connection, candidate_id: str, status: Literal["accepted", "refused"], by: str, at: datetime
) -> None:
    """Note a decision."""
    query = update(candidate).where(candidate.c.id == candidate_id)
    connection.execute(query.values(status=status, decided_by=by, decided_at=at))


def apart(connection: Connection) -> list[tuple[str, str]]:
    """Every pair of identifiers that somebody told apart."""
    return [(row.identifier, row.other) for row in connection.execute(select(kept_apart))]


def digests(connection: Connection) -> dict[str, bytes]:
    """What was compared: person and the digest of their record."""
    return {row.person_id: row.digest for row in connection.execute(select(matched_record))}


def remember(connection: Connection, changed: Mapping[str, bytes], gone: Iterable[str]) -> None:
    """Note records as compared, and forget those that are no more."""
    rows = [{"person_id": who, "digest": digest} for who, digest in sorted(changed.items())]
    put(connection, matched_record, rows, update=replace(matched_record))
    for chunk in chunks(sorted(set(gone))):
        connection.execute(delete(matched_record).where(among(connection, matched_record.c.person_id, chunk)))


def crowded(connection: Connection) -> list[str]:
    """The people whom too many pairs name, in order."""
    return list(connection.scalars(select(crowded_person.c.person_id).order_by(crowded_person.c.person_id)))


def flag(connection: Connection, person_ids: Iterable[str], at: datetime) -> None:
    """Note people whom too many pairs name."""
    put(connection, crowded_person, [{"person_id": who, "found_at": at} for who in sorted(set(person_ids))])


def unflag(connection: Connection, person_ids: Iterable[str]) -> None:
    """Forget people whom too many pairs named."""
    for chunk in chunks(sorted(set(person_ids))):
        connection.execute(delete(crowded_person).where(among(connection, crowded_person.c.person_id, chunk)))


def model(connection: Connection) -> dict[str, Any] | None:
    """What was learned last, if anything was."""
    query = select(matching_model.c.model).where(matching_model.c.name == _MODEL)
    return connection.execute(query).scalar_one_or_none()


def keep_model(connection: Connection, learned: Mapping[str, Any], at: datetime) -> None:
    """Keep what was learned in place of what was learned before."""
    row = {"name": _MODEL, "model": dict(learned), "trained_at": at}
    put(connection, matching_model, [row], update=replace(matching_model))


def _row(row: Row[Any]) -> CandidateRow:
    return CandidateRow(**row._mapping)
