"""Importing catalogues of Shopify, Odoo and plain tables: found again by reference, every error at once, and twice is once."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

import oneshelf
from oneshelf.app.goods import importing
from oneshelf.app.settings import Settings
from oneshelf.app.shelf import Shelf
from oneshelf.books import places, prices
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.trust.access import Actor
from oneshelf.words.goods import Product
from oneshelf.words.places import Place
from oneshelf.words.supply import Supplier, SupplyTerm

SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Product Category,Type,Status,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Barcode,Cost per item,Image Src
green-tea,Green tea,<p>Leaves</p>,Hill Farm,Food > Drinks > Tea,Tea,active,Size,100 g,{sku},4.50,4006381333931,2.10,a.png
green-tea,,,,,,,,250 g,TEA-250,9.90,,4.80,b.png
green-tea,,,,,,,,,,,,,c.png
mug,Mug,,Clay,Home,,archived,Title,Default Title,,12.00,,,
"""
ODOO = """\
id,name,default_code,barcode,categ_id,uom_id,list_price,standard_price,expiration_time,active,seller_ids/partner_id,seller_ids/delay,seller_ids/min_qty
product.milk,Milk 1 l,MILK,5000159461122,All / Food / Dairy,Units,1.20,0.80,7,True,Dairy Co,1,12
,,,,,,,,,,Second Dairy,3,1
product.ham,Ham,,,All / Food,kg,18.00,9.50,0,False,,,
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    settings = Settings(
        data=tmp_path_factory.mktemp("import"), currency="EUR", clock=datetime(2026, 3, 1, tzinfo=UTC)
    )
    with oneshelf.open(settings) as shelf:
        shops = [Place(id=one, name=one, time_zone="UTC") for one in ("a", "b")]
        shelf.core.database.writer.write(lambda connection: places.upsert_places(connection, shops))
        yield shelf


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def make(text: str) -> Path:
        path = tmp_path / "catalogue.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return make


def told(report) -> tuple[tuple[int, int, int], ...]:
    return tuple((t.new, t.changed, t.same) for t in (report.products, report.prices, report.terms))


def test_a_shopify_file_becomes_variants_with_prices_and_a_renamed_one_stays_the_same(
    opened: Shelf, write
) -> None:
    read = opened.goods.imports.file
    path = write(SHOPIFY.format(sku="TEA-100"))
    planned = read(path, form="shopify", dry_run=True)
    assert opened.goods.catalogue.listing("Green tea").total == 0
    report = read(path, form="shopify")
    assert told(planned) == told(report) == ((3, 0, 0), (3, 0, 0), (2, 0, 0))
    assert (report.rows, report.left_out, report.suppliers) == (4, 1, 2)
    details = opened.goods.catalogue.product("TEA-100")
    assert details.product == Product(
        id="TEA-100", name="Green tea - 100 g", type="Tea", brand="Hill Farm", gtin="4006381333931", supplier_id="Hill Farm",
        category_path=("Food", "Drinks", "Tea"),
    )  # fmt: skip
    assert [(one.source, one.reference) for one in details.references] == [("shopify", "green-tea:100 g")]
    assert details.supplier == Supplier(id="Hill Farm", name="Hill Farm")
    assert opened.goods.prices.at("TEA-250").amount_minor == 990
    assert not opened.goods.catalogue.product("mug").product.active
    assert told(read(path, form="shopify")) == ((0, 0, 3), (0, 0, 3), (0, 0, 2))
    renamed = read(
        write(SHOPIFY.format(sku="T1").replace("9.90", "9.50")), form="shopify", today=date(2026, 3, 9)
    )
    assert told(renamed) == ((0, 0, 3), (1, 0, 2), (0, 0, 2))
    with pytest.raises(NotFound):
        opened.goods.catalogue.product("T1")
    days = [date(2026, 3, 8), date(2026, 3, 9)]
    assert [opened.goods.prices.at("TEA-250", on=day).amount_minor for day in days] == [990, 950]


def test_shopifys_newer_column_names_are_read_too(opened: Shelf, write) -> None:
    text = "URL handle,Title,Option1 value,SKU,Price\ncup,Cup,Red,CUP-R,3.00\ncup,,Blue,CUP-B,3.50\n"
    assert opened.goods.imports.file(write(text), form="shopify").products.new == 2
    assert opened.goods.catalogue.product("CUP-B").product.name == "Cup - Blue"


def test_an_odoo_export_brings_terms_and_shelf_lives(opened: Shelf, write) -> None:
    report = opened.goods.imports.file(write(ODOO), form="odoo")
    assert told(report) == ((2, 0, 0), (2, 0, 0), (1, 0, 0))
    assert (report.left_out, report.costs_left_out) == (1, 1)
    milk = opened.goods.catalogue.product("MILK")
    assert (milk.product.shelf_life_days, milk.product.category_path) == (7, ("All", "Food", "Dairy"))
    assert milk.terms == (
        SupplyTerm(product_id="MILK", supplier_id="Dairy Co", lead_time_days=1, minimum_order_pieces=12, cost_minor=80, currency="EUR"),
    )  # fmt: skip
    ham = opened.goods.catalogue.product("product.ham").product
    assert (ham.unit, ham.active) == ("g", False)


def test_a_plain_table_says_what_it_fills_in_and_leaves_the_rest(opened: Shelf, write) -> None:
    first = "id,name,case_pack,temperature,supplier,cost,order_by,lead_time_days\nyog,Yoghurt,6,chilled,dairy,0.40,14:30,2\n"
    opened.goods.imports.file(write(first))
    second = "id,place,price,kind,starts_on,ends_on\nyog,,0.99,,,\nyog,b,1.09,,,\nyog,,0.79,promotion,2026-03-05,2026-03-07\n"
    assert told(opened.goods.imports.file(write(second))) == ((0, 0, 0), (3, 0, 0), (0, 0, 0))
    product = opened.goods.catalogue.product("yog")
    assert (product.product.case_pack, product.product.temperature) == (6, "chilled")
    assert (product.terms[0].case_pack, product.terms[0].order_by) == (6, time(14, 30))
    days = [date(2026, 3, 4), date(2026, 3, 5), date(2026, 3, 8)]
    assert [opened.goods.prices.at("yog", place_id="b", on=day).amount_minor for day in days] == [
        109,
        79,
        109,
    ]


def test_rows_of_an_http_body_are_read_like_a_plain_table(opened: Shelf) -> None:
    row = {
        "id": "pen",
        "name": "Pen",
        "category_path": ["Office", "Pens"],
        "active": False,
        "price": 1.5,
        "case_pack": 10,
    }
    assert opened.goods.imports.rows([row]).products.new == 1
    found = opened.goods.catalogue.product("pen").product
    assert found == Product(
        id="pen", name="Pen", category_path=("Office", "Pens"), active=False, case_pack=10
    )
    with pytest.raises(InvalidInput, match="case_pack"):
        opened.goods.imports.rows([{"id": "pen", "case_pak": 1}])


def test_every_error_is_told_at_once_with_its_line_and_nothing_is_written(opened: Shelf, write) -> None:
    text = (
        "id,name,gtin,case_pack,temperature,place,price,starts_on,ends_on\n"
        "n1,New,4006381333932,0,warm,,1.00,,\n"
        ",Nameless,,,,,,,\n"
        "n2,,,,,,1.00,,\n"
        "n3,Three,,,,moon,abc,tomorrow,\n"
        "n4,Four,,,,,2.00,2026-03-05,2026-03-01\n"
        "n5,Five,,,,,2.00,,\n"
        "n5,Fifth,,,,,,,\n"
        "n5,,,,,,2.50,,\n"
        "n6,Six,,1000000,,,,,\n"
        "n7,Seven\n"
    )
    with pytest.raises(InvalidInput) as refused:
        opened.goods.imports.file(write(text))
    found = [(problem.at, problem.field) for problem in refused.value.problems]
    assert found == [
        (2, "gtin"), (2, "temperature"), (3, "id"), (4, "name"), (5, "price"), (5, "starts_on"), (6, "ends_on"),
        (8, "id"), (9, "starts_on"), (10, "case_pack"), (11, "line"),
    ]  # fmt: skip
    with pytest.raises(NotFound):
        opened.goods.catalogue.product("n5")


@pytest.mark.parametrize(
    ("header", "form", "field"),
    [
        ("id,nmae", "plain", "nmae"),
        ("Title,Price", "shopify", "columns"),
        ("id,id,name", "plain", "id"),
        ("id", "nowhere", "form"),
    ],
)
def test_a_file_whose_columns_do_not_fit_is_refused(opened: Shelf, write, header, form, field) -> None:
    with pytest.raises(InvalidInput) as refused:
        opened.goods.imports.file(write(f"{header}\n"), form=form)
    assert refused.value.problems[0].field == field


def test_a_form_of_ones_own_is_a_toml_file(opened: Shelf, write, tmp_path) -> None:
    own = tmp_path / "till.toml"
    own.write_text(
        'default_currency = "CNY"\nid = { column = "货号", prefix = "till-" }\nname = { column = "品名" }\nprice = { column = "售价" }\n'
    )
    assert opened.goods.imports.file(write("货号,品名,售价\n7,绿茶,12.5\n"), form=str(own)).products.new == 1
    price = opened.goods.prices.at("till-7")
    assert (price.amount_minor, price.currency) == (1250, "CNY")
    own.write_text('id = { column = "x" }\nnaam = { column = "y" }\n')
    with pytest.raises(InvalidInput, match="name"):
        opened.goods.imports.file(write("x\n1\n"), form=str(own))
    own.write_text('id = { column = "x", constant = "y" }\nrow_needs = ["price"]\n')
    with pytest.raises(InvalidInput) as refused:
        opened.goods.imports.file(write("x\n1\n"), form=str(own))
    assert [one.field for one in refused.value.problems] == ["id", "row_needs"]


def test_a_file_of_many_parts_is_judged_and_counted_like_one_of_one_part(
    opened: Shelf, write, monkeypatch
) -> None:
    rows = [f"many-{at % 40},Thing {at % 40},{'a' if at < 40 else 'b'},{at % 7}.00" for at in range(80)]
    path = write("\n".join(["id,name,place,price", *rows]))
    whole = opened.goods.imports.file(path, dry_run=True)
    monkeypatch.setattr(importing, "CHUNK_ROWS", 7)
    assert opened.goods.imports.file(path, dry_run=True) == whole
    done = []
    report = opened.goods.imports.file(path, progress=lambda at, total: done.append((at, total)))
    assert told(report) == told(whole) == ((40, 0, 0), (80, 0, 0), (0, 0, 0))
    assert done[-1] == (80, 80)
    with opened.core.database.read() as connection:
        assert sum(1 for _ in prices.records(connection, [f"many-{at}" for at in range(40)])) == 80
    assert told(opened.goods.imports.file(path)) == ((0, 0, 40), (0, 0, 80), (0, 0, 0))


def test_only_head_office_imports_a_catalogue(opened: Shelf, write) -> None:
    for actor in (Actor(name="ann", role="planner", places=("a",)), Actor(name="bob", role="store")):
        with pytest.raises(NotAllowed):
            opened.goods.imports.file(write("id,name\nx,X\n"), actor=actor)


def test_two_systems_that_say_one_gtin_mean_one_product_and_a_second_bearer_is_refused(
    opened: Shelf, write
) -> None:
    read = opened.goods.imports.file
    shopify = "Handle,Title,Option1 Value,Variant SKU,Variant Price,Variant Barcode\njam,Jam,,J1,3.00,'0036000291452\n"
    odoo = "id,name,default_code,barcode,list_price\nproduct.jam,Jam 340 g,JAM,036000291452,3.10\n"
    assert read(write(shopify), form="shopify").products.new == 1
    assert read(write(odoo), form="odoo", today=date(2026, 3, 2)).products.new == 0
    details = opened.goods.catalogue.product("J1")
    assert details.product.name == "Jam 340 g"
    assert {one.source for one in details.references} == {"shopify", "odoo"}
    second = odoo.replace("product.jam", "product.jelly").replace("JAM", "JELLY")
    with pytest.raises(InvalidInput) as refused:
        read(write(second), form="odoo")
    assert [(one.field, "'J1'" in one.cause) for one in refused.value.problems] == [("gtin", True)]
    with pytest.raises(NotFound):
        opened.goods.catalogue.product("JELLY")


def test_variants_whose_names_run_together_alike_are_two_products(opened: Shelf, write) -> None:
    text = "Handle,Title,Option1 Value,Variant Price\noat-mild,Oat,100,1.00\noat,Oat,mild-100,2.00\n"
    assert opened.goods.imports.file(write(text), form="shopify").products.new == 2


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("starts_on", "2026-03-012"),
        ("price", "-1"),
        ("price", "1e40"),
        ("price", "1_000"),
        ("name", "a\u202eb"),
    ],
)
def test_what_no_shop_would_write_is_refused_with_its_column(opened: Shelf, write, column, value) -> None:
    row = {"id": "odd", "name": "Odd", "price": "1.00", "starts_on": "2026-03-05"} | {column: value}
    with pytest.raises(InvalidInput) as refused:
        opened.goods.imports.file(write(f"{','.join(row)}\n{','.join(row.values())}\n"))
    assert {one.field for one in refused.value.problems} == {column}


def test_of_two_who_call_one_price_off_one_finds_none(opened: Shelf) -> None:
    opened.goods.imports.rows([{"id": "off", "name": "Off", "price": 2}])
    price = opened.goods.prices.at("off")
    opened.goods.prices.withdraw(price, dry_run=True)
    opened.goods.prices.withdraw(price)
    with pytest.raises(NotFound):
        opened.goods.prices.withdraw(price)
