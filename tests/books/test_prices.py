"""Price records, suppliers and references in the books."""

from datetime import date, time, timedelta

from oneshelf.books import prices, product_references, supply
from oneshelf.insight.goods.prices import covers, standing
from oneshelf.words.prices import Price, PriceRecord
from oneshelf.words.supply import Supplier, SupplyTerm

DAY = date(2026, 3, 1)


def record(now, amount, start=0, end=None, *, said=0, withdrawn=False, product="milk", **scope):
    price = Price(
        product_id=product,
        starts_on=DAY + timedelta(start),
        ends_on=None if end is None else DAY + timedelta(end),
        amount_minor=amount,
        currency="EUR",
        **scope,
    )
    return PriceRecord(
        price=price, recorded_at=now + timedelta(seconds=said), recorded_by="ann", withdrawn=withdrawn
    )


def test_records_come_back_as_they_were_said_and_the_day_is_answered_like_the_pure_code_does(database, now):
    said = [
        record(now, 200),
        record(now, 190, said=1),  # a correction
        record(now, 150, 3, 5),  # for three days
        record(now, 140, 4, said=2, withdrawn=True),  # called off
        record(now, 210, 6),
        record(now, 99, 2, 2, kind="promotion"),
        record(now, 180, 1, place_id="a"),
        record(now, 170, zone="city", channel="web"),
        record(now, 50, product="tea"),
    ]
    for part in (said[5:], said[:5]):
        database.writer.write(lambda connection, part=part: prices.add(connection, part))
    with database.read() as connection:
        assert prices.count(connection) == len(said)
        found = list(prices.records(connection, ["milk", "tea"]))
        assert sorted(found, key=str) == sorted(said, key=str)
        assert {one.price.product_id for one in prices.records(connection, ["tea"])} == {"tea"}
        for day in (DAY + timedelta(at) for at in range(-1, 9)):
            expected = {}
            for price in sorted(standing(said), key=lambda one: one.starts_on):
                if covers(price, day):
                    expected[price.scope] = price
            assert sorted(prices.covering(connection, day), key=str) == sorted(expected.values(), key=str)
            milk = [price for price in expected.values() if price.product_id == "milk"]
            assert sorted(prices.covering(connection, day, ["milk", "none"]), key=str) == sorted(
                milk, key=str
            )


def test_what_was_read_in_a_transaction_can_be_added_to_in_it(database, now):
    """Reading in parts is the query's, never the connection's, which goes on to write."""

    def work(connection):
        prices.add(connection, [record(now, 200)])
        seen = list(prices.records(connection, ["milk"])), list(prices.covering(connection, DAY, ["milk"]))
        prices.add(connection, [record(now, 210, said=1)])
        return [len(one) for one in seen]

    assert database.writer.write(work) == [1, 1]
    with database.read() as connection:
        assert prices.count(connection) == 2


def test_a_place_lies_in_one_zone_at_most(database):
    database.writer.write(lambda connection: prices.set_zone(connection, "city", ["a", "b", "c"]))
    database.writer.write(lambda connection: prices.set_zone(connection, "airport", ["b"]))
    database.writer.write(lambda connection: prices.set_zone(connection, "", ["c"]))
    with database.read() as connection:
        assert prices.zones(connection) == {"a": "city", "b": "airport"}


def test_suppliers_and_terms_come_back_and_the_last_one_of_a_key_wins(database):
    farm = Supplier(id="farm", name="农场", gln="4006381333931", capacity_pieces=9_000)
    everywhere = SupplyTerm(
        product_id="milk",
        supplier_id="farm",
        lead_time_days=1,
        case_pack=12,
        minimum_order_pieces=24,
        cost_minor=80,
        currency="EUR",
        order_by=time(14, 30),
        capacity_pieces=500,
    )
    here = SupplyTerm(product_id="milk", supplier_id="farm", place_id="a", cost_minor=85, currency="EUR")
    tea = SupplyTerm(product_id="tea", supplier_id="farm", cost_minor=200, currency="EUR")

    def write(connection):
        supply.put_suppliers(connection, [Supplier(id="farm", name="Farm"), farm])
        supply.put_terms(connection, [tea, here, SupplyTerm(product_id="milk", supplier_id="farm", cost_minor=1, currency="EUR"), everywhere])  # fmt: skip

    database.writer.write(write)
    with database.read() as connection:
        assert supply.suppliers(connection) == {"farm": farm}
        assert supply.terms(connection) == [everywhere, here, tea]
        assert supply.terms(connection, ["tea", "none"]) == [tea]


def test_a_reference_means_what_was_said_last(database):
    def write(connection):
        product_references.link(connection, "shopify", {"milk-1l": "p-1", "milk-2l": "p-2"})
        product_references.link(connection, "shopify", {"milk-2l": "p-1"})
        product_references.link(connection, "odoo", {"milk-1l": "p-9"})

    database.writer.write(write)
    with database.read() as connection:
        assert product_references.product_ids(connection, "shopify", ["milk-1l", "milk-2l", "x"]) == {
            "milk-1l": "p-1",
            "milk-2l": "p-1",
        }
        assert product_references.references(connection, "p-1") == [
            ("shopify", "milk-1l"),
            ("shopify", "milk-2l"),
        ]
