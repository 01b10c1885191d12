"""What came from each source, and what was refused."""

from datetime import date, timedelta

import pytest

from oneshelf.books import arrivals, rejects
from oneshelf.books.arrivals import ArrivalRow, SourceTotal
from oneshelf.books.rejects import RejectRow

DAY = date(2026, 3, 1)


def test_counts_of_a_source_add_up_within_a_call_and_over_calls(database, now):
    early, late = now - timedelta(hours=1), now
    rows = [
        ArrivalRow(source="web", day=DAY, events=5, repeats=1, last_recorded_at=late),
        ArrivalRow(source="web", day=DAY, events=3, failed=2, simulated=3, last_recorded_at=early),
        ArrivalRow(source="web", day=DAY - timedelta(days=1), events=7, last_recorded_at=early),
        ArrivalRow(source="till", day=DAY, repeats=4, last_recorded_at=early),
    ]
    database.writer.write(lambda connection: arrivals.add(connection, rows))
    database.writer.write(lambda connection: arrivals.add(connection, rows[1:2]))
    with database.read() as connection:
        assert arrivals.summary(connection) == [
            SourceTotal(source="till", events=0, repeats=4, failed=0, simulated=0, last_recorded_at=early),
            SourceTotal(source="web", events=18, repeats=1, failed=4, simulated=6, last_recorded_at=late),
        ]
        assert arrivals.by_day(connection, until=DAY, days=3) == {"till": (0, 0, 0), "web": (0, 7, 11)}
        assert arrivals.by_day(connection, until=DAY - timedelta(days=1), days=1) == {"web": (7,)}


@pytest.fixture
def reject(now):
    def make(number: int, **fields: object) -> RejectRow:
        given = {"id": f"r-{number:03}", "source": "web", "rejected_at": now + timedelta(seconds=number // 3)}
        told = {"field": "total", "value": "'x'", "cause": "is no number.", "remedy": "Send one."}
        return RejectRow(
            **{
                "stage": "border",
                "codec": "segment/1",
                "at": number,
                "raw": b"\x00{",
                **told,
                **given,
                **fields,
            }
        )

    return make


def test_refused_events_are_listed_newest_first_page_by_page(database, reject):
    rows = [reject(number, offset=number or None, stage="decode") for number in range(10)] + [
        reject(10, source="till")
    ]
    database.writer.write(lambda connection: rejects.add(connection, [*rows, *rows]))
    database.writer.write(lambda connection: rejects.add(connection, [reject(3, cause="told again")]))
    found: list[RejectRow] = []
    with database.read() as connection:
        after = None
        while page := rejects.listing(connection, limit=4, after=after):
            found += page
            after = (page[-1].rejected_at, page[-1].id)
        assert found == sorted(rows, key=lambda row: (row.rejected_at, row.id), reverse=True)
        assert rejects.listing(connection, source="till") == [rows[10]]
        assert rejects.get(connection, ["r-003", "r-999"]) == {"r-003": rows[3]}
        assert rejects.counts(connection) == {"web": 10, "till": 1}


def test_replayed_events_stay_listed_but_are_no_longer_counted(database, reject, now):
    database.writer.write(lambda connection: rejects.add(connection, [reject(number) for number in range(3)]))
    database.writer.write(lambda connection: rejects.mark_replayed(connection, ["r-001"], now))
    with database.read() as connection:
        assert rejects.counts(connection) == {"web": 2}
        assert [row.id for row in rejects.listing(connection)] == ["r-002", "r-001", "r-000"]
        assert [(row.id, row.replayed_at) for row in rejects.listing(connection, replayed=True)] == [
            ("r-001", now)
        ]
        assert [row.id for row in rejects.listing(connection, replayed=False)] == ["r-002", "r-000"]
