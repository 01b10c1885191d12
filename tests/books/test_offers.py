"""Campaigns and their arms; what leaves the house."""

from datetime import timedelta

import pytest

from oneshelf.books import offers, outbox
from oneshelf.books.offers import AssignmentRow, CampaignRow, MessageRow
from oneshelf.books.outbox import BACK_OFF_FIRST, BACK_OFF_MAX, LEASE, Parcel
from oneshelf.errors import Conflict


@pytest.fixture
def campaign(database, now):
    row = CampaignRow(
        id="spring", name="Spring 春", created_at=now, created_by="mei", holdout_share=0.2, place_id="store-1"
    )
    database.writer.write(lambda connection: offers.add_campaign(connection, row))
    return row


def test_a_campaign_comes_back_and_its_id_is_taken(database, campaign, now):
    with pytest.raises(Conflict):
        database.writer.write(lambda connection: offers.add_campaign(connection, campaign))
    later = CampaignRow(
        id="summer",
        name="S",
        created_at=now + timedelta(1),
        created_by="mei",
        holdout_share=0.1,
        simulated=True,
    )
    database.writer.write(lambda connection: offers.add_campaign(connection, later))
    database.writer.write(lambda connection: offers.set_status(connection, "summer", "sent"))
    with database.read() as connection:
        assert offers.get_campaign(connection, "spring") == campaign
        assert offers.get_campaign(connection, "winter") is None
        assert [(row.id, row.status) for row in offers.campaigns(connection)] == [
            ("summer", "sent"),
            ("spring", "draft"),
        ]


def test_the_first_assignment_of_a_person_is_the_one_that_counts(database, campaign, now):
    def assign(*arms: tuple[str, str]) -> None:
        rows = [
            AssignmentRow(campaign_id="spring", person_id=person, arm=arm, assigned_at=now)
            for person, arm in arms
        ]
        database.writer.write(lambda connection: offers.assign(connection, rows))

    assign(("a", "offer"), ("b", "holdout"), ("a", "holdout"))
    assign(("b", "offer"), ("c", "offer"))
    with database.read() as connection:
        assert [(r.person_id, r.arm) for r in offers.assignments(connection, "spring")] == [
            ("a", "offer"),
            ("b", "holdout"),
            ("c", "offer"),
        ]
        assert offers.arm_counts(connection) == {"spring": {"offer": 2, "holdout": 1}}


def test_nobody_is_assigned_to_a_campaign_that_is_not_there(database, now):
    row = AssignmentRow(campaign_id="none", person_id="a", arm="offer", assigned_at=now)
    with pytest.raises(Conflict):
        database.writer.write(lambda connection: offers.assign(connection, [row]))


def test_messages_come_back_and_a_repeated_id_is_the_same_message(database, campaign, now):
    def message(number: int, person: str, *products: str) -> MessageRow:
        at = now + timedelta(minutes=number)
        return MessageRow(
            id=f"m-{number}", campaign_id="spring", person_id=person, products=products, created_at=at
        )

    rows = [message(1, "b", "p-1", "茶"), message(2, "a"), message(3, "b", "p-3")]
    database.writer.write(lambda connection: offers.add_messages(connection, rows))
    database.writer.write(lambda connection: offers.add_messages(connection, [message(1, "b", "other")]))
    with database.read() as connection:
        assert offers.messages(connection, "spring") == [rows[1], rows[0], rows[2]]
        assert offers.messages_to(connection, "b", limit=1) == [rows[2]]


def parcels(now, *names: str) -> list[Parcel]:
    return [
        Parcel(id=name, channel="file", payload=name.encode(), created_at=now + timedelta(seconds=k))
        for k, name in enumerate(names)
    ]


def test_what_is_due_is_taken_once_and_again_after_its_taker_fell_silent(database, now):
    database.writer.write(lambda connection: outbox.put(connection, parcels(now, "a", "b", "c")))
    later = now + timedelta(minutes=1)

    def take(at, limit=10):
        return [
            parcel.id
            for parcel in database.writer.write(lambda connection: outbox.due(connection, at, limit))
        ]

    assert take(now) == ["a"]
    assert take(later, limit=1) == ["b"]
    assert take(later) == ["c"]
    assert take(later) == []
    assert take(now + LEASE) == ["a"]
    assert take(later + LEASE) == ["b", "c"]


def test_a_sent_parcel_is_gone_and_its_content_with_it(database, now):
    database.writer.write(lambda connection: outbox.put(connection, parcels(now, "a", "b")))
    database.writer.write(lambda connection: outbox.sent(connection, ["a"], now))
    database.writer.write(lambda connection: outbox.put(connection, parcels(now, "a")))
    found = database.writer.write(lambda connection: outbox.due(connection, now + timedelta(days=9), 10))
    assert [(parcel.id, parcel.payload) for parcel in found] == [("b", b"b")]
    with database.read() as connection:
        assert outbox.waiting(connection) == (1, 0)
        assert connection.exec_driver_sql("SELECT payload FROM outbox WHERE id = 'a'").scalar() == b""


def test_the_wait_doubles_with_each_failure_up_to_six_hours(database, now):
    database.writer.write(lambda connection: outbox.put(connection, parcels(now, "a")))
    waits, at = [], now
    for _ in range(14):
        (parcel,) = database.writer.write(lambda connection, at=at: outbox.due(connection, at, 1))
        again = database.writer.write(
            lambda connection, p=parcel, at=at: outbox.failed(connection, p, "refused", at)
        )
        assert (
            database.writer.write(
                lambda connection, t=again: outbox.due(connection, t - timedelta(seconds=1), 1)
            )
            == []
        )
        waits.append(again - at)
        at = again
    assert waits[:4] == [BACK_OFF_FIRST, BACK_OFF_FIRST * 2, BACK_OFF_FIRST * 4, BACK_OFF_FIRST * 8]
    assert waits[-1] == BACK_OFF_MAX
    with database.read() as connection:
        assert outbox.waiting(connection) == (1, 1)
