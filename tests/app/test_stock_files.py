"""Stock documents in files and out of order: nothing is lost, taken twice, or given to another owner."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from oneshelf.app.pages import write_cursor
from oneshelf.app.shelf import Shelf
from oneshelf.books import goods, places
from oneshelf.errors import InvalidInput
from oneshelf.events.catalogue import Line, OrderCompleted
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
from oneshelf.words.goods import Product
from oneshelf.words.places import Place


@pytest.fixture
def shelf(empty: Shelf) -> Shelf:
    def write(connection):
        goods.upsert_products(connection, [Product(id="milk", name="Milk"), Product(id="soap", name="Soap")])
        places.upsert_places(
            connection, [Place(id=i, name=i, time_zone="UTC") for i in ("one", "two", "three")]
        )

    empty.core.database.writer.write(write)
    return empty


def received(shelf, pieces, *, place="one", id_=None, **of_lot):
    line = StockLine(product_id="soap", quantity=pieces, **of_lot)
    shelf.goods.stock.record(GoodsReceived(lines=(line,)), place, id=id_)


def lots(shelf, place="one"):
    assert shelf.goods.stock.differences() == ()
    return {(lot.lot_id, lot.owner_id, lot.expires_on): lot.pieces for lot in shelf.goods.stock.lots([place])}


def refused(shelf, path: Path, form, text):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as error:
        shelf.goods.stock.record_file(path, form)
    return [(problem.at, problem.field) for problem in error.value.problems]


def test_what_a_file_says_is_recorded_or_refused_but_never_lost(shelf, tmp_path):
    path = tmp_path / "file.csv"
    head = "place_id,product_id,pieces,document"
    assert refused(shelf, path, "counted", "place_id,product_id,pieces\none,soap,1,000\n") == [(2, "row")]
    assert refused(shelf, path, "counted", "place_id,product_id,pieces,pieces\n") == [(1, "pieces")]
    assert refused(shelf, path, "received", "place_id,product_id,pieces\none,soap,5\n") == [(2, "document")]
    assert refused(shelf, path, "received", f"{head},at,expires_on\none,soap,many,d,yesterday,soon\n") == [
        (2, "pieces"),
        (2, "at"),
        (2, "expires_on"),
    ]
    days = f"{head},at\none,soap,1,d,2026-02-01T10:00\none,milk,1,d,2026-02-03T10:00\n"
    assert refused(shelf, path, "received", days) == [(3, "at")]
    path.write_text(f"{head}\none,soap,36,d\n", encoding="utf-8")
    for _ in range(2):
        shelf.goods.stock.record_file(path, "received")
    assert refused(shelf, path, "received", f"{head}\none,soap,63,d\n") == [(0, "document")]
    path.write_text(
        f"{head},reason\none,soap,1,w,broken\none,soap,1,w,stolen\none,soap,1,w/2,lost\n", encoding="utf-8"
    )
    shelf.goods.stock.record_file(path, "wasted")
    assert sum(lots(shelf).values()) == 33


def test_age_and_owner_stay_with_the_goods(shelf, tmp_path):
    stock, day = shelf.goods.stock, NOW.date() + timedelta(days=9)
    received(shelf, 10, lot_id="L", expires_on=day, owner_id="farm")
    path = tmp_path / "moved.csv"
    path.write_text(
        "place_id,product_id,pieces,to_place_id,document,lot_id\none,soap,2,two,t1,\none,soap,2,two,t2,L\n",
        encoding="utf-8",
    )
    stock.record_file(path, "transferred")
    assert lots(shelf, "two") == {("L", "farm", day): 4}
    # who counts or throws away reads a number or a date off the goods, not the owner
    stock.record(StockCounted(lines=(CountedLine(product_id="soap", on_hand=5, lot_id="L"),)), "one")
    stock.record(StockCounted(lines=(CountedLine(product_id="soap", on_hand=3, expires_on=day),)), "two")
    assert (sum(lots(shelf).values()), sum(lots(shelf, "two").values())) == (5, 3)
    late = day + timedelta(days=9)
    received(shelf, 4, lot_id="M", expires_on=late)
    for told in ({"expires_on": late}, {}):
        line = StockLine(product_id="soap", quantity=1, **told)
        stock.record(GoodsWasted(lines=(line,)), "one")
    own = StockLine(product_id="soap", quantity=1, owner_id="farm")
    stock.record(GoodsWasted(lines=(own,)), "one")
    assert lots(shelf) == {("L", "farm", day): 3, ("M", None, late): 3}


def test_an_order_told_by_counter_and_till_is_sold_once(shelf):
    received(shelf, 10)
    for order_id, first in (("w1", "till"), ("w2", "counter")):
        shelf.goods.stock.reserve(order_id, "one", {"soap": 2})
        order = OrderCompleted(
            order_id=order_id, currency=CURRENCY, lines=(Line(product_id="soap", quantity=2),)
        )
        event = Event(id=order_id, source="till", happened_at=NOW, body=order, place_id="one")
        if first == "till":
            put_events(shelf, [event], now=NOW)
        shelf.goods.stock.sell(order, "one")
        if first == "counter":
            put_events(shelf, [event], now=NOW)
    assert sum(lots(shelf).values()) == 6


def test_a_cursor_that_no_database_can_compare_is_refused(shelf):
    for position in ((NOW, 2**63), (NOW.replace(tzinfo=None), 1)):
        with pytest.raises(InvalidInput):
            shelf.goods.stock.moves("one", "soap", after=write_cursor(position))


def test_a_number_is_its_senders_and_says_the_same_whenever_it_comes(shelf, tmp_path):
    path = tmp_path / "file.csv"

    def take(form, columns, *cells):
        path.write_text(
            f"place_id,product_id,pieces,document,{columns}\none,soap,{','.join(cells)}\n", "utf-8"
        )
        shelf.goods.stock.record_file(path, form)

    take("received", "supplier_id", "5", "note-1", "alpha")
    take("received", "supplier_id", "7", "note-1", "beta")
    assert sum(lots(shelf).values()) == 12
    for form, columns, first, second in (
        ("received", "lot_id", "X", "Y"),
        ("received", "owner_id", "", "farm"),
        ("transferred", "to_place_id", "two", "three"),
        ("wasted", "reason", "broken", "stolen"),
    ):
        take(form, columns, "1", f"n-{columns}", first)
        take(form, columns, "1", f"n-{columns}", first)
        with pytest.raises(InvalidInput) as error:
            take(form, columns, "1", f"n-{columns}", second)
        assert [problem.field for problem in error.value.problems] == ["document"]


def test_of_an_order_the_newest_version_is_in_force_and_none_is_dropped(shelf, tmp_path):
    path = tmp_path / "orders.csv"
    head = "place_id,product_id,pieces,document,order_id,due_on,at"

    def take(pieces, hour):
        path.write_text(f"{head}\none,soap,{pieces},d,po,2026-03-09,2026-02-20T{hour}:00\n", encoding="utf-8")
        shelf.goods.stock.record_file(path, "ordered")
        return [due.ordered for due in shelf.goods.stock.due("one")]

    assert [take(5, 10), take(9, 10), take(9, 10), take(5, 11), take(9, 10)] == [[5], [9], [9], [5], [5]]
    assert take(7, 11) == [7]
    with pytest.raises(InvalidInput, match="later time"):
        take(5, 11)
    two_days = f"{head}\none,soap,5,d,p2,2026-03-09,\none,soap,5,d,p2,2026-03-10,\n"
    assert refused(shelf, path, "ordered", two_days) == [(3, "order_id")]


@pytest.mark.parametrize("told_by", ["counter", "till"])
def test_a_late_transfer_takes_the_lots_that_lay_there_then(shelf, told_by):
    def happened(hour, body, place="one"):
        at = NOW - timedelta(hours=10 - hour)
        if told_by == "counter":
            shelf.goods.stock.record(body, place, happened_at=at, now=NOW)
        else:
            event = Event(id=f"{place}-{hour}", source="erp", happened_at=at, body=body, place_id=place)
            put_events(shelf, [event], now=NOW)

    def milk(pieces, **of_lot):
        return (StockLine(product_id="milk", quantity=pieces, **of_lot),)

    old, new = NOW.date() + timedelta(days=1), NOW.date() + timedelta(days=9)
    happened(0, GoodsReceived(lines=milk(4, lot_id="A", expires_on=old, owner_id="farm")))
    happened(6, GoodsWasted(lines=milk(4)))
    happened(7, GoodsReceived(lines=milk(4, lot_id="B", expires_on=new)))
    happened(2, StockTransferred(to_place_id="two", lines=milk(3)))
    happened(1, GoodsWasted(lines=milk(1)))
    assert lots(shelf, "two") == {("A", "farm", old): 3}
    assert lots(shelf) == {("B", None, new): 4}
    happened(8, StockTransferred(to_place_id="one", lines=milk(5, expires_on=old)), "two")
    assert lots(shelf) == {("A", "farm", old): 3, ("exp-" + str(old), None, old): 2, ("B", None, new): 4}


@pytest.mark.parametrize(
    "body",
    [
        GoodsReceived(lines=(StockLine(product_id="soap", quantity=1, lot_id="a\0"),)),
        GoodsReceived(lines=(StockLine(product_id="soap", quantity=1, lot_id="\ud800"),)),
        GoodsReceived(lines=(StockLine(product_id="soap", quantity=500, unit="g"),)),
        GoodsReceived(lines=()),
        GoodsWasted(lines=(StockLine(product_id="soap", quantity=1),), reason="bro\0ken"),
        StockTransferred(to_place_id="one", lines=(StockLine(product_id="soap", quantity=1),)),
    ],
)
def test_what_cannot_be_kept_is_refused_before_it_is_in_the_journal(shelf, body):
    with pytest.raises(InvalidInput):
        shelf.goods.stock.record(body, "one")
    assert shelf.core.journal.head() == 0


def test_days_beyond_any_calendar_are_refused(shelf):
    line = StockLine(product_id="soap", quantity=1)
    with pytest.raises(InvalidInput, match="due_on"):
        GoodsOrdered(order_id="o", due_on=date.max, lines=(line,))
    for day in (date.min, date.max):
        with pytest.raises(InvalidInput, match="on ="):
            shelf.goods.stock.available("soap", "one", day)
