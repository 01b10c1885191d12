"""What a process remembers of the catalogue is never older than the catalogue."""

from __future__ import annotations

from oneshelf.app.shelf import Shelf
from oneshelf.books import goods
from oneshelf.words.goods import Product


def put(shelf: Shelf, *products: Product) -> None:
    shelf.core.database.writer.write(lambda connection: goods.upsert_products(connection, products))


def test_a_product_is_read_once_and_again_when_the_catalogue_changes(empty: Shelf, monkeypatch) -> None:
    put(empty, Product(id="tea", name="Tea"))
    asked: list[set[str]] = []
    read = goods.products
    monkeypatch.setattr(
        goods, "products", lambda connection, ids: asked.append(set(ids)) or read(connection, ids)
    )
    for _ in range(3):
        assert empty.core.products({"tea", "nothing"}) == {"tea": Product(id="tea", name="Tea")}
    assert asked == [{"tea", "nothing"}]
    put(empty, Product(id="tea", name="Green tea"), Product(id="nothing", name="Air"))
    assert {one.name for one in empty.core.products({"tea", "nothing"}).values()} == {"Green tea", "Air"}


def test_what_another_process_changed_is_seen(empty: Shelf) -> None:
    import oneshelf

    put(empty, Product(id="tea", name="Tea"))
    assert empty.core.products({"tea"})["tea"].name == "Tea"
    with oneshelf.open(empty.settings) as other:
        put(other, Product(id="tea", name="Black tea"))
    assert empty.core.products({"tea"})["tea"].name == "Black tea"
