"""Stock from the outside: one stock for web and store, whichever way it is told of."""

from datetime import timedelta

import pytest

from oneshelf.app.shelf import Shelf
from oneshelf.books import goods, places
from oneshelf.errors import InvalidInput, NotAllowed, NotEnough, NotFound
from oneshelf.events.catalogue import Line, OrderCompleted, OrderRefunded
from oneshelf.events.envelope import Event
from oneshelf.events.stock import (
    CountedLine,
    GoodsOrdered,
    GoodsReceived,
    GoodsWasted,
    StockCounted,
    StockLine,
    StockTransferred,
)
from oneshelf.testing.shelves import put_events
from oneshelf.testing.shop import CURRENCY, NOW
from oneshelf.trust.access import Actor
from oneshelf.words.goods import Product
from oneshelf.words.places import Place


@pytest.fixture
def shelf(empty: Shelf) -> Shelf:
    def write(connection):
        goods.upsert_products(
            connection,
            [Product(id="milk", name="Milk", shelf_life_days=3), Product(id="soap", name="Soap")],
        )
        places.upsert_places(
            connection, [Place(id=i, name=i, time_zone="Asia/Shanghai") for i in ("one", "two")]
        )

    empty.core.database.writer.write(write)
    return empty


def order(order_id, **pieces):
    lines = tuple(Line(product_id=product, quantity=n) for product, n in pieces.items())
    return OrderCompleted(order_id=order_id, currency=CURRENCY, lines=lines)


def told(shelf, body, *, place="one", hours=0.0, id_=None, simulated=False):
    """A till tells of something, some hours from now."""
    name = getattr(body, "order_id", None) or f"{body}"[:150]
    event = Event(
        id=id_ or f"{type(body).__name__}/{name}",
        source="till",
        happened_at=NOW + timedelta(hours=hours),
        body=body,
        place_id=place,
        simulated=simulated,
    )
    put_events(shelf, [event], now=NOW)


def goods_of(product, pieces, **given):
    return (StockLine(product_id=product, quantity=pieces, **given),)


def level(shelf, product="milk", place="one"):
    found = shelf.goods.stock.on_hand([place], [product]).items
    assert shelf.goods.stock.differences() == ()
    return (found[0].on_hand, found[0].reserved) if found else None


def test_goods_flow_from_order_to_waste_and_every_move_says_why(shelf):
    stock = shelf.goods.stock
    arrives = NOW.date() + timedelta(days=2)
    stock.record(GoodsOrdered(order_id="po-1", due_on=arrives, lines=goods_of("milk", 20)), "one")
    assert stock.available("milk", "one").pieces == 0
    assert stock.available("milk", "one", arrives).due == 20
    stock.record(GoodsReceived(order_id="po-1", lines=goods_of("milk", 20)), "one")
    assert stock.due("one") == ()
    told(shelf, order("o-1", milk=3))
    stock.record(GoodsWasted(lines=goods_of("milk", 2), reason="broken"), "one")
    stock.record(StockTransferred(to_place_id="two", lines=goods_of("milk", 5)), "one")
    assert (level(shelf), level(shelf, place="two")) == ((10, 0), (5, 0))
    lots = {(lot.place_id, lot.lot_id): lot.expires_on for lot in stock.lots()}
    assert len(set(lots.values())) == 1  # as old there as it was here
    assert stock.by_age().num_rows == 2
    moves = stock.moves("one", "milk").items
    assert sorted((move.kind, move.effect, move.reason) for move in moves) == [
        ("received", 20, None),
        ("sold", -3, None),
        ("transferred", -5, None),
        ("wasted", -2, "broken"),
    ]
    assert [one.pieces for one in stock.places()] == [10, 5]


def test_web_and_store_share_one_stock(shelf):
    stock = shelf.goods.stock
    told(shelf, StockCounted(lines=(CountedLine(product_id="soap", on_hand=5),)), hours=-1)
    stock.reserve("web-1", "one", {"soap": 2}, now=NOW)
    told(shelf, order("till-1", soap=1))
    with pytest.raises(NotEnough, match="not enough"):
        stock.sell(order("web-2", soap=3), "one", now=NOW)
    assert level(shelf, "soap") == (4, 2)
    told(shelf, order("web-1", soap=2))  # the paid web order: what was held for it is sold
    assert level(shelf, "soap") == (2, 0)
    assert stock.reservations() == ()
    assert not stock.sell(order("web-3", soap=2), "one", now=NOW).repeated
    shelf.catch_up()  # the sale's own event passes the ledger by
    assert level(shelf, "soap") == (0, 0)
    assert stock.sell(order("web-3", soap=2), "one", now=NOW).repeated


def test_a_cancelled_order_gives_back_what_was_held_or_what_was_sold(shelf):
    stock = shelf.goods.stock
    told(shelf, GoodsReceived(lines=goods_of("soap", 9)), hours=-2)
    stock.reserve("a", "one", {"soap": 2}, now=NOW)
    told(shelf, order("b", soap=3), hours=-1)
    for order_id, pieces in (("a", 2), ("b", 1)):
        lines = (Line(product_id="soap", quantity=pieces),)
        told(
            shelf, OrderRefunded(currency=CURRENCY, refund_id=f"r-{order_id}", order_id=order_id, lines=lines)
        )
    assert level(shelf, "soap") == (7, 0)


def test_what_was_held_too_long_is_free_again(shelf):
    stock = shelf.goods.stock
    stock.record(GoodsReceived(lines=goods_of("soap", 1)), "one")
    stock.reserve("slow", "one", {"soap": 1}, minutes=5, now=NOW)
    later = NOW + timedelta(minutes=6)
    assert stock.available("soap", "one", now=NOW).pieces == 0
    assert stock.available("soap", "one", now=later).pieces == 1
    stock.expire(now=later)
    assert level(shelf, "soap") == (1, 0)


def test_simulated_goods_do_not_enter_where_real_ones_are_counted(shelf):
    count = StockCounted(lines=(CountedLine(product_id="soap", on_hand=5),))
    told(shelf, count, simulated=True, id_="a", hours=-3)
    assert shelf.goods.stock.on_hand().items[0].simulated
    told(shelf, StockCounted(lines=(CountedLine(product_id="soap", on_hand=8),)), id_="b", hours=-2)
    told(shelf, count, simulated=True, id_="c", hours=-1)
    (found,) = shelf.goods.stock.on_hand().items
    assert (found.on_hand, found.simulated) == (8, False)


def test_sales_of_a_place_that_never_counted_are_no_moves(shelf):
    told(shelf, order("o", soap=3))
    assert shelf.goods.stock.places() == ()
    assert shelf.goods.stock.moves("one", "soap").items == ()


def test_another_owners_goods_are_told_apart_until_they_are_sold(shelf):
    stock = shelf.goods.stock
    stock.record(GoodsReceived(lines=goods_of("milk", 6, owner_id="farm")), "one")
    told(shelf, order("o", milk=4))
    stock.record(GoodsWasted(lines=goods_of("milk", 1)), "one")
    day = NOW.date()
    (mine,) = stock.consigned(day - timedelta(days=1), day + timedelta(days=1))
    assert (mine.owner_id, mine.sold, mine.wasted) == ("farm", 4, 1)


def test_a_count_file_is_judged_whole(shelf, tmp_path):
    file = tmp_path / "count.csv"
    file.write_text(
        "place_id,product_id,pieces,at\n"
        "one,soap,7,2026-02-01T20:00\n"
        "nowhere,soap,1,\n"
        "one,ghost,1,\n"
        "one,soap,many,\n"
        "one,milk,-1,\n"
        "two,milk,3,yesterday\n"
        "one,soap,8,2026-02-01T20:00\n"
        ",soap,1,\n",
        encoding="utf-8",
    )
    with pytest.raises(InvalidInput) as refused:
        shelf.goods.stock.record_file(file, "counted")
    assert [(problem.at, problem.field) for problem in refused.value.problems] == [
        (3, "place_id"),
        (4, "product_id"),
        (5, "pieces"),
        (6, "pieces"),
        (7, "at"),
        (8, "product_id"),
        (9, "place_id"),
    ]
    assert shelf.goods.stock.places() == ()
    file.write_text("place_id,product_id,pieces\none,soap,7\ntwo,milk,3\n", encoding="utf-8")
    assert shelf.goods.stock.record_file(file, "counted", dry_run=True).dry_run
    assert shelf.goods.stock.places() == ()
    report = shelf.goods.stock.record_file(file, "counted")
    shelf.goods.stock.record_file(file, "counted")
    assert (report.documents, report.rows, report.pieces) == (2, 2, 10)
    assert (level(shelf, "soap"), level(shelf, "milk", "two")) == ((7, 0), (3, 0))
    file.write_text("place,product_id,pieces\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        shelf.goods.stock.record_file(file, "counted")
    assert [problem.field for problem in refused.value.problems] == ["place_id", "place"]


def test_who_may_do_what_where(shelf):
    clerk = Actor(name="c", role="store", places=("one",))
    reader = Actor(name="r", role="analyst")
    stock = shelf.goods.stock
    stock.record(GoodsReceived(lines=goods_of("soap", 1)), "one", actor=clerk)
    for refused in (
        lambda: stock.record(GoodsReceived(lines=goods_of("soap", 1)), "two", actor=clerk),
        lambda: stock.on_hand(["two"], actor=clerk),
        lambda: stock.reserve("o", "one", {"soap": 1}, actor=reader),
    ):
        with pytest.raises(NotAllowed):
            refused()
    assert [one.place_id for one in stock.on_hand(actor=clerk).items] == ["one"]


def test_nonsense_is_refused_with_every_reason(shelf):
    stock = shelf.goods.stock
    with pytest.raises(InvalidInput) as refused:
        stock.reserve("o\n", "one", {"soap": 0, "x\x00": 1})
    assert [one.field for one in refused.value.problems] == ["order_id", "quantity", "product_id"]
    with pytest.raises(InvalidInput, match="minutes"):
        stock.reserve("o", "one", {"soap": 1}, minutes=0)
    with pytest.raises(InvalidInput) as refused:
        stock.record(GoodsReceived(lines=goods_of("ghost", 1)), "nowhere")
    assert [one.field for one in refused.value.problems] == ["place_id", "product_id"]
    with pytest.raises(NotFound):
        stock.release("nobody", "one")


def test_however_many_promises_are_over_an_order_is_held_once(shelf):
    stock = shelf.goods.stock
    stock.record(GoodsReceived(lines=goods_of("soap", 2_000)), "one")
    for at in range(1_005):
        stock.reserve(f"o{at}", "one", {"soap": 1}, minutes=1, now=NOW)
    held = stock.reserve("z", "one", {"soap": 1}, minutes=60, now=NOW)
    assert stock.reserve("z", "one", {"soap": 1}, minutes=60, now=NOW + timedelta(minutes=2)) == held
    stock.expire(now=NOW + timedelta(minutes=2))
    assert level(shelf, "soap") == (2_000, 1)


def test_ids_with_slashes_do_not_run_together(shelf):
    named = [Place(id=i, name=i, time_zone="UTC") for i in ("a", "a/b")]
    shelf.core.database.writer.write(lambda connection: places.upsert_places(connection, named))
    shelf.goods.stock.record(GoodsReceived(lines=goods_of("soap", 5)), "a", id="b/c")
    shelf.goods.stock.record(GoodsReceived(lines=goods_of("soap", 7)), "a/b", id="c")
    assert (level(shelf, "soap", "a"), level(shelf, "soap", "a/b")) == ((5, 0), (7, 0))


def test_an_order_that_was_told_as_sold_is_not_sold_again_at_the_counter(shelf):
    shelf.goods.stock.record(GoodsReceived(lines=goods_of("soap", 9)), "one")
    shelf.goods.stock.reserve("w", "one", {"soap": 2})
    told(shelf, order("w", soap=2))
    assert shelf.goods.stock.sell(order("w", soap=2), "one").repeated
    assert level(shelf, "soap") == (7, 0)


@pytest.mark.parametrize(
    "text", ["pieces\none,soap,1,000\n", "pieces,pieces\none,soap,1,7\n", "pieces\none\n"]
)
def test_a_row_that_does_not_fit_its_heading_is_refused(shelf, tmp_path, text):
    file = tmp_path / "count.csv"
    file.write_text(f"place_id,product_id,{text}", encoding="utf-8")
    with pytest.raises(InvalidInput):
        shelf.goods.stock.record_file(file, "counted")
    assert shelf.goods.stock.places() == ()


def test_goods_that_are_due_are_promised_while_they_keep_and_not_on_the_day_they_come(shelf):
    stock = shelf.goods.stock
    today = stock.today("one")
    tomorrow, last = today + timedelta(days=1), today + timedelta(days=4)
    stock.record(GoodsOrdered(order_id="po-1", due_on=tomorrow, lines=goods_of("milk", 20)), "one")
    stock.record(GoodsOrdered(order_id="po-2", due_on=today, lines=goods_of("soap", 7)), "one")
    milk = [
        stock.available("milk", "one", day).pieces
        for day in (today, tomorrow, last, last + timedelta(days=1))
    ]
    assert milk == [0, 20, 20, 0]
    assert [stock.available("soap", "one", day).pieces for day in (today, tomorrow)] == [0, 7]
