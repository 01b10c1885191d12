"""What people are worth, asked of the shop."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from oneshelf.app.people.value import expected_of_everybody
from oneshelf.app.running.jobs import run_job
from oneshelf.app.shelf import Shelf
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.events.catalogue import CampaignSpent
from oneshelf.events.envelope import Event
from oneshelf.insight.people.lookalike import kin_of
from oneshelf.testing.shelves import put_events, put_nightly
from oneshelf.testing.shop import CURRENCY, LAST_DAY, NOW, Shop
from oneshelf.trust.access import Actor
from oneshelf.words.people import Who


def test_everybody_who_ordered_is_scored_under_their_own_id(shelf: Shelf) -> None:
    found = expected_of_everybody(shelf.core, as_of=NOW.date())[0].to_pylist()
    buyers = {p.person_id for p in shelf.people.search(limit=1000).items if p.orders}
    assert {row["person_id"] for row in found} == buyers
    assert all(0 <= row["p_active"] <= 1 and row["expected_orders_90_days"] >= 0 for row in found)


def test_a_backtest_scores_the_days_after_the_cut(shelf: Shelf, shop: Shop) -> None:
    found = shelf.people.backtest_value(LAST_DAY - timedelta(days=30), horizon=30)
    assert found.people > 0
    assert found.score("naive") is not None
    assert shelf.people.backtest_value(horizon=30).cut == LAST_DAY - timedelta(days=30)


def test_a_backtest_needs_orders_on_both_sides(empty: Shelf, shelf: Shelf) -> None:
    with pytest.raises(NotFound, match="Nobody"):
        empty.people.backtest_value()
    with pytest.raises(NotFound, match="after it"):
        shelf.people.backtest_value(LAST_DAY)


def test_a_planner_may_not_see_what_people_are_worth(shelf: Shelf) -> None:
    with pytest.raises(NotAllowed, match=r"people\.read"):
        shelf.people.backtest_value(actor=Actor(name="p", role="planner"))


def test_look_alikes_are_found_in_the_newest_night_and_the_look_is_logged(shelf: Shelf) -> None:
    with pytest.raises(NotFound, match="nightly"):
        shelf.people.lookalikes(["person-1"])
    rows = [{"person_id": f"person-{n}", "frequency": n, "recency_days": n % 7} for n in range(1, 101)]
    put_nightly(shelf, rows, day=LAST_DAY)
    found = shelf.people.lookalikes([f"person-{n}" for n in range(60, 101, 2)], limit=5)
    assert {each.person_id for each in found.people} <= {f"person-{n}" for n in range(50, 101)}
    assert found.lift.value > 1
    assert found.by[0] == "frequency"
    assert any(look.purpose == "marketing" for look in shelf.staff.access_log().items)
    with pytest.raises(NotAllowed):
        shelf.people.lookalikes(["person-1"], actor=Actor(name="p", role="planner"))
    with pytest.raises(NotAllowed, match="everybody"):
        shelf.people.lookalikes(["person-1"], actor=Actor(name="s", role="store", places=("store-1",)))


SPEND = {n: 150 * n if n > 5 else 0 for n in range(1, 61)}


@pytest.fixture
def expected(shelf: Shelf) -> Shelf:
    """Sixty people of a night: the first five are expected to spend nothing, the others more by their number; every third is hardly active."""
    rows = [
        {"person_id": f"p-{n}", "expected_spend_90_days_minor": spend, "p_active": 0.05 if n % 3 == 0 else 0.95, "frequency": n,
         "expected_orders_90_days": 1.0, "spend_last_364_days_minor": 1_000 * (n // 2), "recency_days": n}
        for n, spend in SPEND.items()
    ]  # fmt: skip
    put_nightly(shelf, [*rows, {"person_id": "never ordered"}], day=LAST_DAY)
    return shelf


def test_expectations_are_counted_by_bands_that_hold_everybody_once(expected: Shelf) -> None:
    report = expected.people.value()
    assert (report.people, report.as_of, report.method) == (60, LAST_DAY, None)
    assert report.expected_minor == sum(SPEND.values())
    assert report.expected_active == pytest.approx(20 * 0.05 + 40 * 0.95)
    for band in report.spend:  # 900 is 9.00, and lies from 5 to 10
        inside = [n for n, spend in SPEND.items() if (band.low or 0) <= spend < (band.high or 1e9)]
        assert band.people == len(inside)
    assert (report.spend[0].low, report.spend[0].people) == (None, 5)
    assert [band.people for band in report.active] == [20, *[0] * 8, 40]


def test_who_may_not_see_people_gets_protected_bands_and_no_list(expected: Shelf) -> None:
    for actor in (Actor(name="p", role="planner"), Actor(name="s", role="store", places=("store-1",))):
        report = expected.people.value(actor=actor)
        assert report.give_or_take
        assert (report.expected_minor, report.expected_active) == (None, None)
        assert report == expected.people.value(actor=actor)
        assert all(band.people is None or band.people >= 15 for band in (*report.spend, *report.active))
        with pytest.raises(NotAllowed):
            expected.people.expectations(actor=actor)
    assert any(look.person_id is None and not look.allowed for look in expected.staff.access_log().items)


def test_the_worthiest_and_those_with_most_at_stake_are_listed_and_the_look_is_logged(
    expected: Shelf,
) -> None:
    top = expected.people.expectations(limit=3)
    assert [one.person_id for one in top] == ["p-60", "p-59", "p-58"]
    risk = expected.people.expectations("at-risk", limit=3, purpose="winning back")
    assert [(one.person_id, one.at_stake_minor) for one in risk] == [
        ("p-60", 28_500),
        ("p-57", 26_600),
        ("p-54", 25_650),
    ]
    ties = [one.person_id for one in expected.people.expectations(limit=60)][-5:]
    assert ties == ["p-1", "p-2", "p-3", "p-4", "p-5"]
    assert any(look.purpose == "winning back" for look in expected.staff.access_log().items)
    with pytest.raises(InvalidInput, match="length"):
        expected.people.expectations(limit=0)


def test_the_method_of_the_night_and_the_last_backtest_are_kept(shelf: Shelf) -> None:
    with pytest.raises(NotFound):
        shelf.people.value()
    assert shelf.people.last_backtest() is None
    run_job(shelf, "portraits")
    report = shelf.people.value()
    assert report.method == expected_of_everybody(shelf.core, as_of=NOW.date())[1]
    assert "nothing to test yet" in run_job(shelf, "value").detail  # sixty days hold no horizon of ninety
    for _ in range(2):
        tested = shelf.people.keep_backtest(horizon=20)
    assert shelf.people.last_backtest() == tested
    with pytest.raises(NotAllowed):
        shelf.people.last_backtest(actor=Actor(name="p", role="planner"))


def test_an_audience_is_a_seed_without_the_fields_of_its_condition(shelf: Shelf) -> None:
    rows = [
        {"person_id": f"person-{n}", "frequency": n, "recency_days": n % 7, "refunds": n // 2}
        for n in range(1, 101)
    ]
    put_nightly(shelf, rows, day=LAST_DAY)
    shelf.audiences.save("loyal", "frequency >= 60")
    found = shelf.people.lookalikes(audience="loyal", limit=5)
    assert (found.seed, found.without) == (41, ("frequency",))
    assert found.people[0].person_id in {"person-58", "person-59"}
    assert kin_of({"recency_days"}) > {"recency_days", "orders_last_28_days", "p_active"}
    assert kin_of({"favourite_category"}) == {"favourite_category"}
    for wrong in ({}, {"seed": ["person-1"], "audience": "loyal"}):
        with pytest.raises(InvalidInput, match="seed"):
            shelf.people.lookalikes(**wrong)


def test_the_cost_of_a_person_is_what_was_spent_for_each_first_order_of_the_channel(shelf: Shelf) -> None:
    before = {each.channel: each for each in shelf.people.acquisition().channels}
    assert sum(each.people for each in before.values()) == sum(
        1 for p in shelf.people.search(limit=1000).items if p.orders
    )
    assert all(each.cost_per_person_minor is None for each in before.values())
    body = CampaignSpent(campaign_id="spring", amount_minor=90_000, currency=CURRENCY)
    event = Event(id="s", source="books", happened_at=NOW, who=Who(), channel="store", body=body)
    put_events(shelf, [event], now=NOW)
    after = {each.channel: each for each in shelf.people.acquisition().channels}
    store = after["store"]
    assert store.spent_minor == 90_000
    assert store.cost_per_person_minor == round(90_000 / store.people)
    assert store.value_per_person_minor == round(store.value_minor / store.people)
    with pytest.raises(InvalidInput, match="first"):
        shelf.people.acquisition(date(2026, 5, 2), date(2026, 5, 1))
    with pytest.raises(NotAllowed):
        shelf.people.acquisition(actor=Actor(name="p", role="planner"))


def test_staff_of_some_places_get_no_figures_of_the_whole_shop(shelf: Shelf) -> None:
    local = Actor(name="mei", role="marketer", places=("store-1",))
    for ask in (shelf.people.acquisition, shelf.people.backtest_value, shelf.people.last_backtest):
        with pytest.raises(NotAllowed, match="whole shop"):
            ask(actor=local)
