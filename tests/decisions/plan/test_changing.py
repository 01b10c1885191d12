"""Edits, scenarios, what is new since yesterday, the outlook, and the score of the day after."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.decisions.plan.changing import Circumstances, Edit, differences, edited, supposed
from oneshelf.decisions.plan.limits import Limit
from oneshelf.decisions.plan.making import make_plan
from oneshelf.decisions.plan.outlook import outlook
from oneshelf.decisions.plan.scoring import Day, score_day
from oneshelf.errors import InvalidInput


def by_line(plan):
    return {(line.place_id, line.product_id): line for line in plan.lines}


def test_an_edit_keeps_its_reason_and_what_the_plan_had_said_and_shows_what_it_does(make_inputs):
    lines = by_line(make_plan(make_inputs([20, 50])))
    before = lines["store-0", "milk"]
    (line,) = edited(lines, [Edit(place_id="store-0", product_id="milk", quantity=28, reason="street fair ")])
    assert (line.quantity, line.planned, line.edit_reason) == (28, 20, "street fair")
    assert line.profit_minor < before.profit_minor
    assert line.waste > before.waste
    assert line.lost < before.lost


def test_everything_wrong_with_edits_is_told_at_once(make_inputs, make_terms):
    lines = by_line(make_plan(make_inputs([20], terms=make_terms(1, pack_pieces=6))))
    with pytest.raises(InvalidInput) as caught:
        edited(
            lines,
            [
                Edit(place_id="store-0", product_id="milk", quantity=7, reason=""),
                Edit(place_id="store-9", product_id="milk", quantity=-1, reason="x"),
                Edit(place_id="store-0", product_id="milk", quantity=12, reason="y"),
            ],
        )
    assert [(problem.at, problem.field) for problem in caught.value.problems] == [
        (0, "quantity"), (0, "reason"), (1, "product_id"), (1, "quantity"), (2, "product_id"),
    ]  # fmt: skip


def test_the_effect_of_a_quantity_is_what_a_plan_of_it_would_say(make_inputs):
    line = make_plan(make_inputs([20])).lines[0]
    for effect in line.effects:
        assert line.effect(effect.pieces) == effect
    assert line.effect(0).profit_minor == 0
    assert line.effect(line.quantity).profit_minor == pytest.approx(line.profit_minor, abs=2)


def test_other_circumstances_change_a_copy_and_leave_the_inputs_alone(make_inputs, make_terms):
    limit = Limit(kind="supplier", name="farm", lines=np.arange(3), takes=np.ones(3), most=1_000)
    terms = make_terms(3, supplier=("farm", "farm", "mill"))
    inputs = make_inputs([20, 50, 9], terms=terms, limits=(limit,))
    plan = make_plan(inputs)
    doubled = by_line(make_plan(supposed(inputs, Circumstances(demand=2))))
    assert doubled["store-0", "milk"].quantity == 2 * by_line(plan)["store-0", "milk"].quantity
    closed = by_line(
        make_plan(supposed(inputs, Circumstances(closed=("store-1",), without_suppliers=("mill",))))
    )
    assert [closed[f"store-{at}", "milk"].quantity for at in range(3)] == [20, 0, 0]
    gone = closed["store-2", "milk"]
    assert "its supplier sends nothing." in gone.reason
    assert gone.lost == pytest.approx(9, abs=0.5)  # whoever comes finds nothing: the place is open
    with pytest.raises(InvalidInput, match="demand"):
        Circumstances(demand=-1)
    halved = make_plan(supposed(inputs, Circumstances(limits=0.02)))
    assert sum(line.quantity for line in halved.lines) == 20
    assert make_plan(inputs) == plan
    with pytest.raises(InvalidInput, match="store-7"):
        supposed(inputs, Circumstances(closed=("store-7",)))


def test_the_difference_from_yesterday_names_lines_that_came_went_and_changed(make_inputs):
    before = make_plan(make_inputs([20, 50], lines=(("a", "milk"), ("b", "milk"))))
    now = make_plan(make_inputs([20, 9, 30], lines=(("a", "milk"), ("b", "milk"), ("a", "tea"))))
    found = [(one.place_id, one.product_id, one.before, one.now) for one in differences(before, now)]
    assert found == [("b", "milk", 50, 9), ("a", "tea", None, 30)]


def test_a_supplier_is_told_next_week_over_all_places_surer_than_each_alone(make_inputs, make_terms):
    terms = make_terms(3, supplier=("farm", "farm", "mill"))
    inputs = make_inputs([20, 20, 5], terms=terms, lines=(("a", "milk"), ("b", "milk"), ("a", "flour")))
    inputs.open[0, 1] = False
    farm, mill = outlook(inputs)
    assert (farm.supplier_id, farm.product_id, farm.mean) == ("farm", "milk", 260.0)
    assert (mill.supplier_id, mill.mean) == ("mill", 35.0)
    assert farm.low < farm.mean < farm.high
    assert [day.mean for day in farm.days] == [40, 20, 40, 40, 40, 40, 40]
    alone = farm.days[1]
    both = farm.days[0]
    assert (both.high - both.low) / both.mean < (alone.high - alone.low) / alone.mean


@given(st.integers(0, 1_000))
@settings(max_examples=20, deadline=None)
def test_nothing_earns_more_than_foresight_and_every_piece_is_accounted_for(seed):
    random = np.random.default_rng(seed)
    day = Day(
        demand=random.integers(0, 9, 12).astype(float), at_hand=random.integers(0, 4, 12).astype(float),
        ages=random.random(12) < 0.5, margin=random.integers(0, 5, 12).astype(float), cost=random.integers(1, 5, 12).astype(float),
    )  # fmt: skip
    ordered = random.integers(0, 9, 12).astype(float)
    score = score_day(date(2026, 1, 9), day, {"plan": ordered})
    plan, foresight = score.outcome("plan"), score.outcome("foresight")
    assert plan.profit_minor <= foresight.profit_minor
    assert plan.sold + plan.lost == day.demand.sum()
    pieces = [(d, h + q, a, m, c) for d, h, q, a, m, c in zip(
        day.demand, day.at_hand, ordered, day.ages, day.margin, day.cost, strict=True)]  # fmt: skip
    assert plan.profit_minor == sum(
        m * min(d, t) - (c * max(t - d, 0) if a else 0) for d, t, a, m, c in pieces
    )
