"""Moves between places, against trying every number of pieces."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from oneshelf.decisions.plan.making import make_plan
from oneshelf.decisions.plan.moving import moved
from oneshelf.decisions.plan.result import PlanPolicy
from oneshelf.decisions.plan.scenarios import chances

PRICE, COST = 200.0, 100.0


def shops(make_inputs, make_terms, *, there, means, last_day=1, is_open=True, lead=1):
    """Milk of three days at places with so much of it at hand, all to be sold until a day (0: tomorrow)."""
    count = len(means)
    expiring = np.zeros((count, 7))
    expiring[:, last_day] = there
    inputs = make_inputs(means, terms=make_terms(count, life_days=3, lead_days=lead), on_hand=there)
    opened = inputs.open.copy()
    opened[1, 0] = is_open
    return dataclasses.replace(inputs, expiring=expiring, open=opened)


def after(inputs, pieces):
    """Shop 0 gives so many to shop 1."""
    arriving, expiring = inputs.arriving.copy(), inputs.expiring.copy()
    for row, sign in ((0, -1), (1, 1)):
        arriving[row, 0] += sign * pieces
        expiring[row, 1] += sign * pieces
    return dataclasses.replace(inputs, arriving=arriving, expiring=expiring)


def cost_of(inputs):
    """What the plan of both shops buys and throws away, by the plan itself: fewer orders for the same sales are profit."""
    plan = make_plan(inputs, policy=PlanPolicy())
    return sum(line.quantity for line in plan.lines) * COST + sum(line.lost for line in plan.lines) * (
        PRICE - COST
    )


def test_what_would_go_bad_goes_where_it_saves_an_order(make_inputs, make_terms) -> None:
    inputs = shops(make_inputs, make_terms, there=[30, 0], means=[5, 12])
    plan = make_plan(inputs, policy=PlanPolicy(move_minor=10))
    (move,) = plan.moves
    assert (move.from_place, move.to_place, move.product_id) == ("store-0", "store-1", "milk")
    assert move.last_day == inputs.day(1)
    best = min(range(31), key=lambda pieces: cost_of(after(inputs, pieces)) + 10 * pieces)
    assert abs(move.pieces - best) <= 4  # parts of the curve hold some pieces each
    assert cost_of(after(inputs, move.pieces)) + 10 * move.pieces < cost_of(inputs)
    given, taken = (next(x for x in plan.lines if x.place_id == at) for at in ("store-0", "store-1"))
    assert f"Tonight {move.pieces} go to store-1." in given.reason
    assert f"Tonight {move.pieces} come from store-0." in taken.reason
    without = make_plan(inputs)
    assert taken.quantity < next(x for x in without.lines if x.place_id == "store-1").quantity
    assert plan.waste < without.waste
    assert without.moves == ()


@pytest.mark.parametrize(
    ("policy", "other"),
    [
        (PlanPolicy(move_minor=120), {}),  # dearer than a new piece
        (PlanPolicy(move_minor=1, trip_minor=100_000), {}),
        (PlanPolicy(move_minor=1), {"is_open": False}),
        (PlanPolicy(move_minor=1), {"there": [8, 0]}),  # sells in time
        (PlanPolicy(move_minor=1), {"there": [30, 30]}),  # enough of it everywhere
    ],
)
def test_nothing_moves_where_that_would_not_pay(make_inputs, make_terms, policy, other) -> None:
    given = {"there": [30, 0], "means": [5, 12], **other}
    assert make_plan(shops(make_inputs, make_terms, **given), policy=policy).moves == ()


def test_one_trip_serves_where_two_would_not_pay_and_pieces_are_never_made_or_lost(
    make_inputs, make_terms
) -> None:
    inputs = shops(make_inputs, make_terms, there=[40, 0, 0], means=[5, 12, 11])
    worth = inputs.terms.priced(0.5, 0.0)
    lucky = chances(inputs.days)
    for trip, most in ((0, 2), (900, 1)):
        done, moves = moved(inputs, worth, lucky, PlanPolicy(move_minor=5, trip_minor=trip))
        assert 1 <= len({move.to_place for move in moves}) <= most
        assert done.arriving.sum() == inputs.arriving.sum()
        assert (done.expiring.sum(axis=0) == inputs.expiring.sum(axis=0)).all()
        assert done.arriving.min() >= 0
        assert done.expiring.min() >= 0
