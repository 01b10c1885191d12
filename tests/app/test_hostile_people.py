"""What a broken or hostile sender says of people: a clear result, and nothing broken."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from oneshelf.app.shelf import Shelf
from oneshelf.books.journal import Batch
from oneshelf.events.segment.codec import SEGMENT
from oneshelf.testing.shop import CURRENCY

NOW = datetime(2026, 5, 2, 9, 0, tzinfo=UTC)
IDS = (
    "'; DROP TABLE person; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "%s %d {0} \\",
    "张三 👩‍👩‍👧‍👦",
    "a" * 200,
    "-1e309",
    "card :1",
)


def send(shelf: Shelf, *messages: dict, source: str = "web") -> None:
    data = msgspec.json.encode({"batch": [{"timestamp": "2026-05-01T09:00:00Z", **m} for m in messages]})
    shelf.core.journal.append(Batch(SEGMENT, source, len(messages), data, NOW)).result()
    shelf.catch_up()


def order(number: object, user: str, price: object, quantity: object = 1, **more: object) -> dict:
    lines = [{"product_id": "tea", "price": price, "quantity": quantity}]
    properties = {"order_id": f"o{number}", "currency": CURRENCY, "products": lines}
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"m{number}",
        "userId": user,
        "properties": properties,
        **more,
    }


def refusals(shelf: Shelf) -> list[str]:
    return [reject.field for reject in shelf.sources.rejects().items]


@pytest.mark.parametrize("user", IDS)
def test_any_text_can_be_an_id_and_stays_a_text(empty: Shelf, user: str) -> None:
    send(empty, order(1, user, 3), order(2, user, 4, anonymousId=user, context={"device": {"id": user}}))
    portrait = empty.people.portrait(user)
    assert (portrait.person_id, portrait.frequency, portrait.monetary_minor) == (user, 2, 700)
    assert [one.person_id for one in empty.people.search(user).items] == [user]
    assert len(empty.people.timeline(user)) >= 2
    assert empty.identity.of(user).person_id == user


def test_contradictory_identifiers_make_two_people_and_say_so(empty: Shelf) -> None:
    named = {"traits": {"email": "ann@shop.test.cn", "phone": "+86 138 0013 8000"}}
    send(
        empty,
        {"type": "identify", "messageId": "1", "userId": "ann", **named},
        {"type": "identify", "messageId": "2", "userId": "bob", **named},
        order(3, "ann", 1),
        order(4, "bob", 2),
    )
    assert [empty.people.portrait(one).monetary_minor for one in ("ann", "bob")] == [100, 200]
    refused = [r for r in empty.identity.of("bob").reasons if r.action == "refused"]
    assert {(r.from_person_id, r.reason) for r in refused} == {("ann", "limit user")}


@pytest.mark.parametrize(
    "at", ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday", "2026-13-45T00:00:00Z"]
)
def test_absurd_dates_are_refused_with_the_field_and_the_rest_of_the_batch_counts(
    empty: Shelf, at: str
) -> None:
    send(empty, order(1, "ann", 3, timestamp=at), order(2, "ann", 4))
    assert refusals(empty) == ["timestamp"]
    assert empty.people.portrait("ann").monetary_minor == 400


def test_a_billion_euro_basket_is_counted_as_it_was_sent_and_a_trillion_fold_one_refused(
    empty: Shelf,
) -> None:
    send(empty, order(1, "ann", 1_000_000_000), order(2, "ann", 1e15, 1e9), order(3, "bob", 1))
    assert empty.people.portrait("ann").monetary_minor == 100_000_000_000
    assert len(refusals(empty)) == 1
    assert empty.people.search().items[0].person_id == "ann"


def test_a_person_with_a_hundred_thousand_lines_has_a_portrait_that_stays_small(empty: Shelf) -> None:
    def basket(number: int) -> dict:
        lines = [{"product_id": f"p{number * 1_000 + n}", "price": 1} for n in range(1_000)]
        properties = {"order_id": f"o{number}", "currency": CURRENCY, "products": lines}
        return {
            "type": "track",
            "event": "Order Completed",
            "messageId": f"m{number}",
            "userId": "shop",
            "properties": properties,
        }

    for start in range(0, 100, 20):
        send(empty, *(basket(number) for number in range(start, start + 20)))
    portrait = empty.people.portrait("shop")
    assert (portrait.frequency, portrait.monetary_minor) == (100, 10_000_000)
    with empty.core.database.read() as connection:
        from oneshelf.books import people

        assert len(people.states(connection, ["shop"])["shop"]) < 500_000


def test_identifiers_of_a_wrong_form_are_left_out_or_refused_by_name(empty: Shelf) -> None:
    send(
        empty,
        order(1, "ann", 1, context={"externalIds": {"id": "x"}}),
        order(2, "ann", 2, context={"externalIds": [{"id": ["x"], "type": "email"}, {"type": 5}]}),
        order(3, "ann", 3, traits={"email": {"a": 1}, "phone": [1]}, context={"device": {"id": {"x": 1}}}),
        order(4, "ann", 4, context={"traits": {"email": "null", "phone": "0000000"}}),
    )
    assert refusals(empty) == ["context.externalIds"]
    assert empty.people.portrait("ann").frequency == 3
    assert empty.identity.of("ann").identifiers == ("ann",)


@pytest.mark.parametrize(
    "nobody", ["null", "undefined", "0", "00000000-0000-0000-0000-000000000000", "Guest"]
)
def test_what_stands_for_nobody_chains_no_strangers(empty: Shelf, nobody: str) -> None:
    browsing = [
        {
            "type": "track",
            "event": "Products Searched",
            "messageId": f"s{n}",
            "userId": nobody,
            "anonymousId": f"b{n}",
            "properties": {"query": f"tea {n}"},
        }
        for n in range(4)
    ]
    send(empty, *browsing, {"type": "identify", "messageId": "i", "userId": None, "anonymousId": "b1"})
    assert empty.people.search(nobody).items == ()
    assert len(empty.people.portrait("b1").searched_not_bought) == 1
