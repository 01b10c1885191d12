"""A whole plan: quantities, reasons, exceptions first, and what goes wrong told and lived with."""

import msgspec
import numpy as np
import pytest
from scipy import stats

from oneshelf.decisions.plan.limits import Limit
from oneshelf.decisions.plan.making import make_plan
from oneshelf.decisions.plan.result import PlanPolicy
from oneshelf.errors import InvalidInput


def line_of(plan, place):
    return next(line for line in plan.lines if line.place_id == place)


def test_goods_of_one_day_are_ordered_at_the_quantile_that_the_margin_asks_for(make_inputs, make_terms):
    plan = make_plan(make_inputs([30, 30, 0.2], terms=make_terms(3, cost_minor=[100, 40, 100])))
    assert line_of(plan, "store-0").quantity == stats.poisson.ppf(0.5, 30)
    assert line_of(plan, "store-1").quantity == pytest.approx(stats.poisson.ppf(0.8, 30), abs=1)
    assert line_of(plan, "store-2").quantity == 0
    assert "the margin asks for 50%" in line_of(plan, "store-0").reason
    assert "1 of 3 lines are best left without an order." in plan.notes


def test_what_is_there_is_not_ordered_again(make_inputs, make_terms):
    keeps = make_terms(1, life_days=30)
    without, with_some = (
        make_plan(make_inputs([20], terms=keeps, on_hand=at_hand)).lines[0] for at_hand in (0, 15)
    )
    assert with_some.quantity == without.quantity - 15
    assert with_some.at_hand == 15


def test_goods_that_come_later_are_ordered_for_the_days_they_will_serve(make_inputs, make_terms):
    late = make_terms(1, lead_days=3, review_days=2, life_days=30)
    line = make_plan(make_inputs([20], terms=late, on_hand=30)).lines[0]
    assert str(line.arrives_on) == "2026-01-11"
    assert line.mean == 40
    assert line.quantity >= 38
    assert line.attention == "short"
    assert "2 days from Sunday are expected to want 40.0" in line.reason


def test_a_pack_that_would_not_earn_its_cost_is_not_ordered(make_inputs, make_terms):
    line = make_plan(make_inputs([2], terms=make_terms(1, pack_pieces=12))).lines[0]
    assert line.quantity == 0
    assert "a smallest order of 12" in line.reason


def test_a_limit_that_is_too_small_is_told_and_the_best_within_it_is_given(make_inputs):
    limit = Limit(kind="supply", name="milk", lines=np.arange(3), takes=np.ones(3), most=30)
    plan = make_plan(make_inputs([20, 20, 60], limits=(limit,)))
    assert sum(line.quantity for line in plan.lines) == 30
    assert all(line.quantity >= 3 for line in plan.lines)
    assert {line.attention for line in plan.lines} == {"limited"}
    assert "but milk has not enough for all" in plan.lines[0].reason
    assert plan.uses[0].used == 30 < plan.uses[0].wanted
    assert any(note.startswith("milk has 30") for note in plan.notes)


def test_a_limit_that_holds_changes_nothing(make_inputs):
    limit = Limit(kind="budget", name="budget", lines=np.arange(2), takes=np.full(2, 100.0), most=1e6)
    assert make_plan(make_inputs([20, 9], limits=(limit,))).lines == make_plan(make_inputs([20, 9])).lines


def test_a_closed_store_gets_nothing_and_says_so(make_inputs):
    inputs = make_inputs([20, 9])
    inputs.open[0, 0] = False
    plan = make_plan(inputs)
    line = line_of(plan, "store-0")
    assert (line.quantity, line.reason) == (0, "Closed on 2026-01-09. Nothing is delivered.")
    assert "Closed on 2026-01-09: store-0." in plan.notes
    assert line_of(plan, "store-1").quantity > 0


def test_late_data_stands_first_and_the_line_is_still_planned(make_inputs):
    plan = make_plan(make_inputs([20, 9, 50], late=[False, True, False]))
    assert plan.lines[0].place_id == "store-1"
    assert plan.lines[0].attention == "late"
    assert plan.lines[0].quantity == 9
    assert "Nothing of 2026-01-08 has come yet from store-1." in plan.notes


def test_a_missing_price_is_told_and_a_margin_assumed(make_inputs, make_terms):
    prices = make_terms(3, price_minor=[200, np.nan, np.nan], cost_minor=[100, 100, np.nan])
    plan = make_plan(make_inputs([20, 20, 20], terms=prices), policy=PlanPolicy(margin_share=0.5))
    assert [line_of(plan, f"store-{at}").quantity for at in range(3)] == [20, 20, 20]
    assert line_of(plan, "store-1").attention == "no_price"
    assert line_of(plan, "store-2").profit_minor is None
    assert line_of(plan, "store-1").profit_minor == pytest.approx(
        line_of(plan, "store-0").profit_minor, abs=1
    )


def test_a_shop_without_any_price_has_no_exceptions_for_it(make_inputs, make_terms):
    plan = make_plan(make_inputs([20], terms=make_terms(1, price_minor=np.nan, cost_minor=np.nan)))
    assert plan.lines[0].attention is None
    assert plan.profit_minor is None
    assert plan.currency is None


def test_goods_that_will_not_be_sold_in_time_are_an_exception(make_inputs, make_terms):
    inputs = make_inputs([5], terms=make_terms(1, life_days=3), on_hand=30)
    inputs.expiring[0, 1] = 30
    line = make_plan(inputs).lines[0]
    assert (line.attention, line.quantity) == ("waste", 0)
    assert line.waste == pytest.approx(20, abs=1)
    assert "will probably not be sold in time" in line.reason


def test_lines_unlike_last_week_come_before_wide_ones_and_those_before_the_rest_by_money(make_inputs):
    plan = make_plan(make_inputs([10, 90, 40, 12], last_week=[40, 90, 40, 0]))
    assert [(line.place_id, line.attention) for line in plan.lines] == [
        ("store-0", "change"), ("store-3", "change"), ("store-1", None), ("store-2", None),
    ]  # fmt: skip


def test_the_same_inputs_make_the_same_plan_and_a_plan_survives_being_written(make_inputs):
    plan = make_plan(make_inputs([10, 90]))
    assert make_plan(make_inputs([10, 90])) == plan
    assert msgspec.json.decode(msgspec.json.encode(plan), type=type(plan)) == plan


def test_a_plan_of_no_lines_is_empty(make_inputs):
    assert make_plan(make_inputs([])).lines == ()


def test_everything_wrong_with_the_inputs_is_told_at_once(make_inputs, make_terms):
    bad = make_terms(2, pack_pieces=[0, 1], cost_minor=[100, -1])
    with pytest.raises(InvalidInput) as caught:
        make_inputs([5, 5], terms=bad)
    assert {(problem.at, problem.field) for problem in caught.value.problems} == {
        (0, "pack_pieces"),
        (1, "cost_minor"),
    }
    with pytest.raises(InvalidInput, match="ends before"):
        make_inputs([5], days=2, terms=make_terms(1, lead_days=3))


@pytest.mark.parametrize(
    ("field", "value"), [("margin_share", 1.0), ("margin_share", float("nan")), ("fairness", 1.1)]
)
def test_a_policy_that_no_shop_has_is_refused(field, value):
    with pytest.raises(InvalidInput, match=field):
        PlanPolicy(**{field: value})
