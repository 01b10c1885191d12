"""Trends as pages: the list, the evidence of one series, what became of earlier flags, and what stands there before the first night."""

import re
from urllib.parse import quote

import pytest

from oneshelf.app.build import open_shelf
from oneshelf.app.settings import read_settings
from oneshelf.testing.shop import CURRENCY

PASSWORD = "correct horse battery staple"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A shelf with nothing but a night of flags, and one of four weeks before."""
    with open_shelf(read_settings(data=tmp_path_factory.mktemp("trends"), currency=CURRENCY)) as shelf:
        for role in ("admin", "marketer"):
            shelf.staff.create(role, PASSWORD, role)
        shelf.staff.create("planner", PASSWORD, "planner", places=("store-1",))
        yield shelf


@pytest.fixture(scope="module")
def visit(shelf, visiting, put_trends):
    client = visiting(shelf)
    assert "oneshelf run trends" in client("admin").get("/trends").text
    assert client("admin").get("/trends/type/green%20tea").status_code == 404
    put_trends(shelf)
    return client


PAGES = (
    "/trends",
    "/trends?signal=searches&level=topic&certain=1&q=script",
    "/trends/type/green%20tea",
    "/trends/brand/a/b",
    f"/trends/topic/{quote(HOSTILE, safe='')}",
)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_renders_and_obeys_the_policy(visit, obeys_the_policy, path, language):
    answer = visit("admin", language).get(path)
    obeys_the_policy(answer, language)


def test_the_list_tells_what_rises_which_signal_is_first_and_what_became_of_earlier_flags(visit):
    text = visit("admin").get("/trends").text
    assert "2 series rise beyond chance" in text
    assert "“searched for” comes 2 days before “bought”" in text
    assert "“looked at” tells nothing sure" in text
    assert "“written about” comes 2 days after “bought”" in text
    assert "1 of 1 went on" in text
    assert "2 of 40 rounds over 90 products" in text
    following = re.search(r'href="(/trends\?after=[^"]+)"', text)[1].replace("&amp;", "&")
    assert "product-49" in visit("admin").get(following).text


def test_a_series_tells_its_flags_and_what_to_do(visit):
    text = visit("admin").get("/trends/type/green%20tea").text
    assert "Order as last season" in text
    assert text.count('class="spark"') == 2
    assert 'href="/plan/green%20tea"' in text


def test_whose_role_plans_nothing_sees_no_trends(visit):
    assert visit("marketer").get("/trends").status_code == 403
    assert 'href="/trends"' not in visit("marketer").get("/").text
    assert visit("admin").get("/trends/nothing/x").status_code == 404


def test_trends_are_of_the_whole_chain_so_who_plans_for_one_place_is_refused(visit):
    for path in ("/trends", "/trends/type/green%20tea"):
        answer = visit("planner").get(path)
        assert answer.status_code == 403
        assert "beyond chance" not in answer.text
