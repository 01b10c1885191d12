"""Finding products by words."""

from oneshelf.insight.goods.finder import Finder, holds, words_of
from oneshelf.words.goods import Product

OAT = Product(id="oat", name="OAT Drink", type="plant milk", category="dairy")
TEA = Product(id="tea", name="绿茶 250克", type="茶")


def test_every_word_must_be_in_name_type_or_category():
    assert holds(OAT, words_of("milk oat"))
    assert holds(OAT, words_of("Dairy"))
    assert not holds(OAT, words_of("oat tea"))


def test_words_are_found_inside_longer_ones_as_chinese_needs():
    assert Finder([OAT, TEA]).find("绿茶") == ("tea",)


def test_an_empty_query_finds_nothing():
    assert Finder([OAT, TEA]).find("  ") == ()
