"""Every figure of a person answers why: the formula, and the events behind it."""

import re

from oneshelf.app.people import portraits
from oneshelf.console.portrait import GROUPS
from oneshelf.console.words import _sentences
from oneshelf.insight.people.fields import FIELDS
from oneshelf.insight.people.flat import flat
from oneshelf.testing.shop import NOW


def test_every_figure_of_a_persons_page_links_to_its_why(shelf, as_role):
    portraits.run(shelf.core, NOW)
    page = as_role("analyst").get("/people/person-1").text
    assert "Habits and expectations" in page
    known = flat(shelf.people.portrait("person-1"))
    for _, names in GROUPS:
        for name in names:
            assert (f"/people/person-1/why/{name}" in page) == (known[name] is not None)
    for name in ("monetary_minor", "frequency", "average_order_minor", "recency_days"):
        assert f"/people/person-1/why/{name}" in page
    assert "those of the night of" in page


def test_a_why_shows_the_formula_and_only_the_events_that_enter_the_figure(shelf, as_role):
    page = as_role("analyst").get("/people/person-1/why/refunded_minor").text
    assert FIELDS["refunded_minor"].formula.replace("'", "&#39;") in page
    assert "<b>Bought</b>" not in page
    page = as_role("analyst").get("/people/person-1/why/repurchase_interval_days").text
    orders = shelf.people.portrait("person-1").frequency
    assert page.count("<b>Bought</b>") == min(orders, 50)
    assert "Searched" not in page.split("</header>")[-1].split("Events that enter it")[1].split("<b>")[0]


def test_a_figure_of_the_night_tells_which_night(shelf, as_role):
    portraits.run(shelf.core, NOW)
    after = as_role("analyst").get("/people/person-1/why/p_active").text
    assert re.search(r"as of the night of .*2026", after)


def test_every_title_and_formula_is_said_in_chinese():
    known = [pattern for pattern, _ in _sentences("zh")]
    for field in FIELDS.values():
        for sentence in (field.title, field.formula):
            assert any(pattern.fullmatch(sentence) for pattern in known), sentence


def test_an_unknown_figure_or_person_has_no_why_and_not_everybody_may_ask(as_role):
    assert as_role("analyst").get("/people/person-1/why/nothing").status_code == 422
    assert as_role("analyst").get("/people/nobody/why/frequency").status_code == 404
    assert as_role("planner").get("/people/person-1/why/frequency").status_code == 403
