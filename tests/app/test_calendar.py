"""A calendar as a forecast sees it: by place, and over the chain as the share of places."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from oneshelf.app.goods.calendar import closed, read_calendar, regressors
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.result import Series

FIRST = date(2026, 1, 5)


def panel_of(*places: str | None) -> Panel:
    return Panel(
        series=tuple(Series(at, "milk") for at in places), first_day=FIRST, sold=np.ones((len(places), 10))
    )


def test_kinds_that_the_past_has_seen_become_regressors_with_the_eve_of_each() -> None:
    days = read_calendar(
        "day,name,kind\n2026-01-07,Fair,fair\n2026-01-16,Fair,fair\n2026-01-16,Founding day,founding\n"
    )
    found = regressors(days, panel_of("a", "b"), 4, 2)
    assert set(found) == {"fair", "fair_next"}  # nothing can be learnt of what never was
    assert np.flatnonzero(found["fair"][0]).tolist() == [2, 11]
    assert np.flatnonzero(found["fair_next"][0]).tolist() == [1, 10]


def test_days_of_some_places_count_there_and_over_the_chain_as_their_share() -> None:
    rows = "".join(f"{FIRST + timedelta(days=3)},Strike,strike,{at},\n" for at in ("a", "b"))
    days = read_calendar("day,name,kind,place_id,closed\n" + rows + "2026-01-09,Flood,,a,yes\n")
    found = regressors(days, panel_of("a", "c", None), 4, 4)["strike"]
    assert found[:, 3].tolist() == [1, 0, 0.5]
    shut = closed(days, panel_of("a", "c", None), 4, 4)
    assert shut is not None
    assert shut[:, 4].tolist() == [True, False, False]
    assert shut.sum() == 1
