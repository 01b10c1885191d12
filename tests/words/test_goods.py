"""Goods, their numbers, suppliers and prices: nonsense is refused where it is made."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.errors import InvalidInput
from oneshelf.words.goods import Product
from oneshelf.words.gtin import check_digit, gtin14, shown
from oneshelf.words.prices import Price
from oneshelf.words.supply import Supplier, SupplyTerm


@pytest.mark.parametrize(
    ("given_", "kept", "printed"),
    [
        ("4006381333931", "04006381333931", "4006381333931"),  # EAN-13
        ("0-36000-29145-2", "00036000291452", "0036000291452"),  # UPC-A, as people type it
        ("9638 5074", "00000096385074", "96385074"),  # EAN-8
        ("14006381333938", "14006381333938", "14006381333938"),  # a case
    ],
)
def test_the_four_lengths_of_a_gtin_become_one_form(given_, kept, printed):
    assert gtin14(given_) == kept
    assert shown(kept) == printed
    assert gtin14(printed) == kept


@pytest.mark.parametrize(
    "wrong", ["", "4006381333932", "400638133393", "40063813339३1", "abcdefgh", "1" * 15]
)
def test_what_is_no_gtin_is_refused_with_its_field(wrong):
    with pytest.raises(InvalidInput) as refused:
        Product(id="p", name="Pen", gtin=wrong)
    assert refused.value.problems[0].field == "gtin"


@given(
    digits=st.text("0123456789", min_size=12, max_size=12).filter(lambda one: one.strip("0")),
    place=st.integers(0, 11),
    shift=st.integers(1, 9),
)
def test_one_wrong_digit_is_always_found(digits, place, shift):
    good = digits + str(check_digit(digits))
    wrong = good[:place] + str((int(good[place]) + shift) % 10) + good[place + 1 :]
    gtin14(good)
    with pytest.raises(InvalidInput, match="check digit"):
        gtin14(wrong)


def test_two_spellings_of_one_gtin_make_equal_products():
    assert Product(id="p", name="Pen", gtin="036000291452") == Product(
        id="p", name="Pen", gtin="0036000291452"
    )


def test_a_products_path_is_its_own_tree_or_its_groups():
    assert Product(id="p", name="P", department="Food", type="Milk").path == ("Food", "Milk")
    assert Product(id="p", name="P", department="Food", category_path=("A", "B")).path == ("A", "B")


TERM = {"product_id": "p", "supplier_id": "s", "cost_minor": 100, "currency": "EUR"}
PRICE = {"product_id": "p", "starts_on": date(2026, 3, 1), "amount_minor": 199, "currency": "EUR"}


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Product(id="p", name="P", case_pack=0), "case_pack"),
        (lambda: Product(id="p", name="P", shelf_life_days=-1), "shelf_life_days"),
        (lambda: Product(id="p", name="P", category_path=("Food", " ")), "category_path"),
        (lambda: Supplier(id="s", name="S", gln="4006381333932"), "gln"),
        (lambda: SupplyTerm(**{**TERM, "lead_time_days": -1}), "lead_time_days"),
        (lambda: SupplyTerm(**{**TERM, "case_pack": 0}), "case_pack"),
        (lambda: SupplyTerm(**{**TERM, "cost_minor": -1}), "cost_minor"),
        (lambda: SupplyTerm(**{**TERM, "currency": "euro"}), "currency"),
        (lambda: SupplyTerm(**TERM, order_by=time.fromisoformat("14:00+08:00")), "order_by"),
        (lambda: Price(**{**PRICE, "amount_minor": -1}), "amount_minor"),
        (lambda: Price(**{**PRICE, "currency": "€"}), "currency"),
        (lambda: Price(**PRICE, zone="city", place_id="store-1"), "zone"),
        (lambda: Price(**PRICE, ends_on=date(2026, 2, 28)), "ends_on"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(make, field):
    with pytest.raises(InvalidInput) as refused:
        make()
    assert refused.value.problems[0].field == field
