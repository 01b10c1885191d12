"""The stock ledger's rules: lots, lateness and re-posting, against a shelf that is simply walked through in order of time."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.events.catalogue import Line, OrderCompleted
from oneshelf.events.envelope import Event
from oneshelf.events.stock import GoodsReceived, StockLine, StockTransferred
from oneshelf.insight.goods.stock.documents import expiry, moves_of
from oneshelf.insight.goods.stock.lots import name_of, sellable, total
from oneshelf.insight.goods.stock.moves import Move, Posted
from oneshelf.insight.goods.stock.posting import Holding, is_late, note, post, repost

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


def move(kind, pieces, hour, **given):
    at = START + timedelta(hours=hour)
    return Move(
        document=f"{kind}/{hour}",
        place_id="s",
        product_id="p",
        kind=kind,
        pieces=pieces,
        happened_at=at,
        day=at.date(),
        **given,
    )


class Book:
    """A ledger of one product, kept in memory."""

    def __init__(self):
        self.holding = Holding(lots={})
        self.rows: dict[int, Posted] = {}
        self.rewritten = 0

    def add(self, given):
        if is_late(self.holding, given):
            later = sorted(
                (row for row in self.rows.values() if row.move.happened_at > given.happened_at),
                key=lambda row: (row.move.happened_at, row.id),
            )
            (parts,), changed = repost(self.holding.lots, later, [given])
            for posted, now in changed:
                self.rows[posted.id] = msgspec.structs.replace(posted, parts=now)
            self.rewritten += len(changed)
            note(self.holding, given)
        else:
            parts = post(self.holding, given)
        self.rows[len(self.rows)] = Posted(id=len(self.rows), move=given, parts=parts)

    @property
    def pieces(self):
        return {lot_id: lot.pieces for lot_id, lot in self.holding.lots.items() if lot.pieces}


def kept(moves):
    book = Book()
    for one in moves:
        book.add(one)
    assert total(book.holding.lots) == sum(row.effect for row in book.rows.values()) >= 0
    return book


LOTS = st.sampled_from(
    [{}, {"lot_id": "a", "expires_on": date(2026, 3, 1)}, {"lot_id": "b", "expires_on": date(2026, 3, 3)}]
)
MOVES = st.one_of(
    st.tuples(st.just("received"), st.integers(1, 9), LOTS),
    st.tuples(st.just("sold"), st.integers(-9, -1), st.just({})),
    st.tuples(st.just("wasted"), st.integers(-4, -1), st.sampled_from([{}, {"lot_id": "a"}])),
    st.tuples(st.just("returned"), st.integers(1, 2), st.just({})),
    st.tuples(st.just("counted"), st.integers(0, 9), st.just({})),
)


@settings(max_examples=150)
@given(told=st.lists(MOVES, min_size=1, max_size=12), data=st.data())
def test_whatever_the_order_of_arrival_the_shelf_is_the_same(told, data):
    moves = [move(kind, pieces, 5 * hour, **more) for hour, (kind, pieces, more) in enumerate(told)]
    on_time = kept(moves)
    assert kept(data.draw(st.permutations(moves))).pieces == on_time.pieces
    there = 0
    for one in moves:
        there = one.pieces if one.kind == "counted" else max(0, there + one.pieces)
    assert total(on_time.holding.lots) == there


def test_what_expires_first_goes_first_and_what_has_expired_last():
    book = kept(
        [
            move("received", 2, 0, lot_id="old", expires_on=date(2026, 3, 1)),
            move("received", 5, 0, lot_id="new", expires_on=date(2026, 3, 9)),
            move("received", 5, 0, lot_id="mid", expires_on=date(2026, 3, 4)),
            move("sold", -1, 1),
        ]
    )
    assert book.pieces == {"old": 1, "mid": 5, "new": 5}
    book.add(move("sold", -6, 24))
    assert book.pieces == {"old": 1, "new": 4}
    assert sellable(book.holding.lots, date(2026, 3, 2)) == 4


def test_what_is_thrown_away_or_missing_has_expired_first():
    old, new = (
        {"lot_id": "old", "expires_on": date(2026, 3, 1)},
        {"lot_id": "new", "expires_on": date(2026, 3, 9)},
    )
    book = kept([move("received", 5, 0, **old), move("received", 5, 0, **new), move("wasted", -2, 24)])
    assert book.pieces == {"old": 3, "new": 5}
    book.add(move("counted", 6, 25))
    assert book.pieces == {"old": 1, "new": 5}
    book.add(move("wasted", -2, 26))
    assert book.pieces == {"new": 4}


def test_our_own_lot_is_never_taken_for_one_of_a_farm_whatever_it_is_called():
    book = kept(
        [move("received", 5, 0, lot_id="L@farm"), move("received", 7, 1, lot_id="L", owner_id="farm")]
    )
    assert sorted(book.pieces.values()) == [5, 7]
    assert {name_of(lot_id) for lot_id in book.pieces} == {"L@farm", "L"}
    book.add(move("sold", -1, 2, lot_id="L", owner_id="farm"))
    assert {name_of(lot_id): left for lot_id, left in book.pieces.items()} == {"L@farm": 5, "L": 6}
    book.add(move("received", 4, 3, lot_id="L@farm", owner_id="mill"))
    book.add(move("counted", 3, 4, lot_id="L@farm"))  # who counts sees no owner
    assert sorted(book.pieces.values()) == [3, 6]


def test_more_that_left_than_the_books_knew_is_told_and_never_negative():
    book = kept([move("received", 3, 0), move("sold", -5, 1)])
    assert (book.pieces, book.rows[1].effect, book.rows[1].move.pieces) == ({}, -3, -5)
    book.add(move("received", 4, 0.5))
    assert (book.pieces, book.rows[1].effect) == ({"in-2026-03-01": 2}, -5)


def test_a_late_receipt_changes_the_next_count_and_nothing_behind_it():
    sales = [move("sold", -1, hour) for hour in range(1, 20)]
    behind = [move("sold", -1, hour) for hour in range(30, 60)]
    book = kept([move("received", 50, 0), *sales, move("counted", 40, 25), *behind])
    book.add(move("received", 6, 0.5))
    assert total(book.holding.lots) == 10
    assert book.rewritten == 1


def test_sales_of_tills_whose_clocks_differ_are_not_late():
    holding = Holding(lots={})
    for one in (move("received", 9, 0), move("sold", -1, 2)):
        post(holding, one)
    assert not is_late(holding, move("sold", -1, 1))
    assert is_late(holding, move("received", 1, 1))
    assert is_late(holding, move("sold", -1, -1))


def test_goods_of_other_owners_are_lots_of_their_own():
    book = kept([move("received", 3, 0, owner_id="farm"), move("received", 3, 0)])
    assert book.pieces == {"in-2026-03-01@farm": 3, "in-2026-03-01": 3}
    book.add(move("wasted", -2, 1, lot_id="in-2026-03-01", owner_id="farm"))
    assert book.pieces["in-2026-03-01@farm"] == 1


@pytest.mark.parametrize(("life", "last"), [(None, None), (0, date(2026, 3, 1)), (3, date(2026, 3, 4))])
def test_shelf_life_is_counted_from_the_day_of_arrival(life, last):
    assert expiry(date(2026, 3, 1), life) == last


def test_documents_become_moves():
    def of(body):
        event = Event(id="e", source="till", happened_at=START, body=body, place_id="s")
        made = moves_of(event, lambda at, place: at.date(), lambda product, day: expiry(day, 1))
        return [(m.kind, m.place_id, m.product_id, m.pieces, m.expires_on) for m in made]

    lines = tuple(Line(product_id=product, quantity=n) for product, n in (("p", 1), ("q", 2), ("p", 3)))
    assert of(OrderCompleted(order_id="o", currency="EUR", lines=lines)) == [
        ("sold", "s", "p", -4, None),
        ("sold", "s", "q", -2, None),
    ]
    goods = StockLine(product_id="p", quantity=5)
    assert of(GoodsReceived(lines=(goods,))) == [("received", "s", "p", 5, date(2026, 3, 2))]
    assert of(StockTransferred(to_place_id="t", lines=(goods,))) == [
        ("transferred", "s", "p", -5, None),
        ("transferred", "t", "p", 5, None),
    ]
