"""The catalogue and the places."""

import msgspec

from oneshelf.books import goods, places
from oneshelf.books.goods import Sought
from oneshelf.words.goods import Product
from oneshelf.words.places import Place

MILK = Product(
    id="p-1",
    name="Whole milk",
    department="Dairy",
    category="Milk",
    type="FLUID MILK",
    brand="Own",
    size="1 l",
)
TEA = Product(id="p-2", name="茶 100% green_tea", type="Tea")


def test_products_come_back_and_the_last_one_of_an_id_wins(database):
    newer = Product(id="p-1", name="Whole milk 2")
    database.writer.write(lambda connection: goods.upsert_products(connection, [MILK, TEA]))
    with database.read() as connection:
        assert goods.products(connection, ["p-1", "p-2", "p-3"]) == {"p-1": MILK, "p-2": TEA}
    database.writer.write(lambda connection: goods.upsert_products(connection, iter([MILK, newer])))
    with database.read() as connection:
        assert goods.products(connection, ["p-1"]) == {"p-1": msgspec.structs.replace(MILK, name=newer.name)}


def test_a_source_that_knows_no_group_case_or_shelf_life_leaves_them_as_they_are(database):
    kept = Product(
        id="p-1",
        name="Milk",
        category="Dairy",
        type="Milk",
        gtin="4006381333931",
        unit="ml",
        case_pack=12,
        shelf_life_days=7,
        temperature="chilled",
        supplier_id="dairy",
        category_path=("Food", "奶"),
        active=False,
    )
    till = Product(id="p-1", name="MILK 1L", brand="Own")
    database.writer.write(lambda connection: goods.upsert_products(connection, [kept]))
    database.writer.write(lambda connection: goods.upsert_products(connection, [till]))
    with database.read() as connection:
        found = goods.products(connection, ["p-1"])["p-1"]
    assert found == msgspec.structs.replace(kept, name="MILK 1L", brand="Own")
    database.writer.write(lambda connection: goods.upsert_products(connection, [till], whole=True))
    with database.read() as connection:
        assert goods.products(connection, ["p-1"])["p-1"] == till


def test_the_whole_catalogue_is_read_in_order_of_id(database):
    catalogue = [Product(id=f"{number:05}", name=f"Thing {number}") for number in range(11_000)]
    database.writer.write(lambda connection: goods.upsert_products(connection, reversed(catalogue)))
    with database.read() as connection:
        assert list(goods.all_products(connection)) == catalogue


def test_products_are_found_by_parts_of_their_names_in_any_case(database):
    database.writer.write(lambda connection: goods.upsert_products(connection, [MILK, TEA]))
    with database.read() as connection:

        def found(text: str, limit: int = 10) -> list[Product]:
            return goods.search_products(connection, Sought(text=text), limit)

        assert found("MILK") == found("own") == found("p-1") == [MILK]
        assert found("茶") == found("0%") == found("n_t") == [TEA]
        assert found("w%k") == []
        assert found("") == [MILK, TEA]
        assert found("", limit=1) == [MILK]


def test_places_come_back_and_the_last_one_of_an_id_wins(database):
    shop = Place(id="store-1", name="旗舰店", time_zone="Asia/Shanghai")
    web = Place(id="web", name="Web shop", kind="web", time_zone="UTC")
    moved = Place(id="store-1", name="旗舰店", time_zone="Asia/Urumqi")
    database.writer.write(lambda connection: places.upsert_places(connection, [shop, web]))
    database.writer.write(lambda connection: places.upsert_places(connection, [moved]))
    with database.read() as connection:
        assert places.places(connection) == {"store-1": moved, "web": web}
