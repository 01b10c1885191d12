"""Levels that add up."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.forecast.reconciling import reconcile
from oneshelf.insight.goods.forecast.result import Forecast, Series


def forecast_of(mean, spread=2.0) -> Forecast:
    mean = np.asarray(mean, dtype=float)
    quantiles = np.maximum(mean[:, :, None] + spread * np.array([-1, 0, 1]), 0)
    names = tuple(Series(None, f"s{n}") for n in range(len(mean)))
    return Forecast(
        series=names, first_day=date(2026, 1, 5), mean=mean, levels=(0.1, 0.5, 0.9), quantiles=quantiles,
        method=("x",) * len(mean), wape=np.zeros(len(mean)), notes=((),) * len(mean),
    )  # fmt: skip


MEMBERS = {"all": np.zeros(4, dtype=np.intp), "category": np.array([0, 0, 1, 1])}


def test_every_level_becomes_the_sum_of_the_one_below_and_the_sure_one_leads():
    levels = {
        "all": forecast_of([[20.0, 30.0]], spread=0.1),
        "category": forecast_of([[8.0, 9.0], [7.0, 8.0]], spread=4.0),
        "series": forecast_of(np.full((4, 2), 4.0), spread=4.0),
    }
    found = reconcile(levels, MEMBERS)
    bottom = found["series"].mean
    assert found["all"].mean[0] == pytest.approx(bottom.sum(axis=0))
    assert found["category"].mean == pytest.approx(bottom.reshape(2, 2, 2).sum(axis=1))
    assert found["all"].mean[0] == pytest.approx([20.0, 30.0], rel=0.02)
    assert found["series"].quantiles[0, 0] == pytest.approx(
        levels["series"].quantiles[0, 0] * bottom[0, 0] / 4
    )
    assert (np.diff(found["series"].quantiles, axis=2) >= 0).all()


def test_what_adds_up_already_is_left_alone_and_nothing_falls_below_zero():
    bottom = forecast_of([[1.0], [2.0], [0.0], [3.0]])
    levels = {"all": forecast_of([[6.0]]), "category": forecast_of([[3.0], [3.0]]), "series": bottom}
    found = reconcile(levels, MEMBERS)
    assert found["series"].mean == pytest.approx(bottom.mean, abs=1e-6)
    low = reconcile({**levels, "all": forecast_of([[0.0]], spread=0.01)}, MEMBERS)
    assert (low["series"].mean >= 0).all()


def test_levels_of_other_days_or_members_are_refused():
    levels = {
        "all": forecast_of([[6.0]]),
        "category": forecast_of([[3.0], [3.0]]),
        "series": forecast_of([[1.0]] * 4),
    }
    with pytest.raises(InvalidInput, match="same days"):
        reconcile({**levels, "all": replace(levels["all"], first_day=date(2026, 2, 1))}, MEMBERS)
    with pytest.raises(InvalidInput, match=r"members\.all"):
        reconcile(levels, {**MEMBERS, "all": np.zeros(3, dtype=np.intp)})
