"""The next day's plan: quantities, reasons, and what needs a look first."""

from datetime import date

import numpy as np
import pytest
from scipy import stats

from oneshelf.decisions.plan.chain import PlanPolicy, plan_next_day
from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.forecast.history import History

FIRST = date(2026, 1, 5)  # a Monday


def history_of(columns: dict[str, list[float]], simulated: tuple[str, ...] = ()) -> History:
    return History(
        series=tuple(columns),
        first_day=FIRST,
        quantities=np.array(list(columns.values()), dtype=float).T,
        simulated=np.array([name in simulated for name in columns], dtype=np.bool_),
    )


def steady(mean: float, days: int = 84, seed: int = 1) -> list[float]:
    return np.random.default_rng(seed).poisson(mean, days).astype(float).tolist()


def line_of(plan, series):
    return next(line for line in plan.lines if line.series == series)


def test_the_plan_is_for_the_day_after_the_last():
    plan = plan_next_day(history_of({"milk": steady(9)}))
    assert (plan.as_of, plan.for_day) == (date(2026, 3, 29), date(2026, 3, 30))


def test_the_order_is_the_quantile_that_the_margin_asks_for():
    columns = {"milk": steady(30)}
    quantities = [
        line_of(plan_next_day(history_of(columns), policy=PlanPolicy(margin_share=share)), "milk").quantity
        for share in (0.2, 0.5, 0.8)
    ]
    assert quantities[0] < quantities[1] < quantities[2]
    line = line_of(plan_next_day(history_of(columns), policy=PlanPolicy(margin_share=0.8)), "milk")
    # demand of a Poisson shop: the shipped spread is estimated, so allow for a few pieces
    assert line.quantity == pytest.approx(stats.poisson.ppf(0.8, line.mean), abs=3)
    assert line.low < line.mean < line.high


def test_a_plan_orders_nothing_of_what_hardly_sells_and_says_so():
    plan = plan_next_day(history_of({"milk": steady(9), "candle": [0.0] * 80 + [1, 0, 0, 0]}))
    line = line_of(plan, "candle")
    assert line.quantity == 0
    assert "order nothing" in line.reason
    assert any("1 of 2 series" in note for note in plan.notes)


def test_the_reason_names_what_the_same_weekday_sold():
    days = [5.0] * 84
    days[-7], days[-14], days[-21], days[-28] = 12, 9, 14, 11
    line = line_of(plan_next_day(history_of({"milk": days})), "milk")
    assert line.reason.startswith("Mondays sold 12, 9, 14, 11 lately; ")
    assert line.recent[:4] == (12, 9, 14, 11)
    assert line.last_week == 12
    assert len(line.recent) == 8


def test_lines_that_need_a_look_come_first_by_the_size_of_the_change():
    jumped, crashed = steady(10, seed=2), steady(40, seed=3)
    jumped[-7], crashed[-7] = 60, 0
    lumpy = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 150.0] * 10 + [0.0] * 4
    lumpy[-7] = 20
    plan = plan_next_day(
        history_of(
            {"calm": [8.0] * 84, "lumpy": lumpy, "jumped": jumped, "crashed": crashed, "big": [99.0] * 84}
        )
    )
    found = [(line.series, line.attention) for line in plan.lines]
    assert found == [
        ("jumped", "change"),
        ("crashed", "change"),
        ("lumpy", "uncertain"),
        ("big", None),
        ("calm", None),
    ]


def test_the_backtested_error_stands_beside_the_plan_and_each_line():
    plan = plan_next_day(history_of({"milk": steady(9), "candle": [0.0] * 84}))
    assert plan.backtest.score("weekday_level").wape is not None
    assert line_of(plan, "milk").wape is not None
    assert line_of(plan, "candle").wape is None


@pytest.mark.parametrize(
    "days", [[3.0], [3.0, 0.0], [0.0] * 9, [-2.0] * 30], ids=["one", "two", "zeros", "returns"]
)
def test_a_plan_from_hardly_any_history_is_made_and_says_how_little_it_knows(days):
    plan = plan_next_day(history_of({"milk": days}))
    (line,) = plan.lines
    assert line.quantity >= 0
    assert np.isfinite(line.mean)
    assert any(f"Only {len(days)} days" in note for note in plan.notes)


def test_a_plan_of_no_series_is_empty():
    history = History(
        series=(), first_day=FIRST, quantities=np.zeros((10, 0)), simulated=np.zeros(0, dtype=np.bool_)
    )
    assert plan_next_day(history).lines == ()


def test_a_day_without_any_sale_is_pointed_out():
    plan = plan_next_day(history_of({"milk": [*steady(9), 0.0]}))
    assert any("closed" in note for note in plan.notes)


def test_a_plan_names_the_lines_that_stand_on_simulated_sales():
    plan = plan_next_day(history_of({"milk": steady(9), "tea": steady(4)}, simulated=("tea",)))
    assert plan.simulated
    assert {line.series: line.simulated for line in plan.lines} == {"milk": False, "tea": True}


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, float("nan")])
def test_a_margin_that_no_shop_has_is_refused(share):
    with pytest.raises(InvalidInput, match="margin_share"):
        PlanPolicy(margin_share=share)
