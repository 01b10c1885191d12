"""Value and acquisition as a page: the same figures as the use cases, closed where people are."""

import pytest

from oneshelf.console.charts import calibration


@pytest.fixture(scope="module")
def visit(worth_shelf, visiting):
    return visiting(worth_shelf)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_renders_and_obeys_the_policy(visit, obeys_the_policy, language):
    answer = visit("admin", language).get("/value?audience=loyal")
    obeys_the_policy(answer, language)


def test_the_figures_are_those_of_the_use_cases(visit, worth_shelf):
    page = visit("admin").get("/value?audience=loyal").text
    report = worth_shelf.people.value()
    assert f"{report.people} people ever ordered" in page
    tested = worth_shelf.people.last_backtest()
    assert f"{tested.people} people known by" in page
    assert page.count("data-chart") == 4
    assert 'class="simulated"' in page
    store = worth_shelf.people.acquisition().channels[0]
    assert f"{store.cost_per_person_minor / 100:,.2f}" in page
    lift = worth_shelf.people.lookalikes(audience="loyal").lift
    assert f"holds {lift.value:.1f}".removesuffix(".0") in page
    assert "Left out, because the condition names them or what says nearly the same: " in page
    risk = worth_shelf.people.expectations("at-risk", limit=1)[0]
    assert f"{risk.at_stake_minor / 100:,.2f}" in page
    looks = worth_shelf.staff.access_log().items
    assert {("admin", "analysis", True), ("admin", "marketing", True)} <= {
        (x.actor, x.purpose, x.allowed) for x in looks
    }


def test_what_cannot_be_done_is_said_above_its_form(visit):
    for query, says in (
        ("audience=few", "cannot be told"),
        ("audience=nobody's", "no audience"),
        ("from=soon", "is not a day"),
    ):
        answer = visit("marketer").get(f"/value?{query}")
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert says in answer.text


@pytest.mark.parametrize("role", ["planner", "store"])
def test_who_may_not_see_everybody_sees_protected_counts_and_nobody(visit, role):
    answer = visit(role).get("/value?audience=loyal&from=soon")
    assert answer.status_code == 200
    assert "Figures are protected" in answer.text
    for closed in ("/people/person-", "Worth most", "First order from", "Backtest", "times as many"):
        assert closed not in answer.text.split("<main", 1)[1].replace("Backtests, look-alikes", "")


def test_a_calibration_has_equal_axes_from_nothing():
    words = {"expected": "e", "happened": "h", "even": "=", "ticks": ".0%"}
    layout = calibration([0.1, 0.9], [0.2, 0.5], ["a", "b"], words=words)["layout"]
    assert layout["xaxis"]["range"] == layout["yaxis"]["range"]
    assert layout["xaxis"]["range"][0] == 0
    assert calibration([0.0], [0.0], ["a"], words=words)["layout"]["xaxis"]["range"] == [0, 1.0]
