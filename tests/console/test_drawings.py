"""Drawings: sparklines, whiskers, the ring and the charts' JSON."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from oneshelf.console import charts, draw

numbers = st.floats(-1e9, 1e9)


@given(st.lists(numbers, min_size=1, max_size=60))
def test_a_sparkline_stays_in_its_box_and_keeps_the_order_of_values(values):
    points = [tuple(map(float, point.split(","))) for point in draw.spark_points(values, 120, 28).split()]
    assert len(points) == len(values)
    assert all(0 <= x <= 120 and 0 <= y <= 28 for x, y in points)
    if max(values) > min(values):
        assert min(y for _, y in points) == points[values.index(max(values))][1]


def test_a_flat_sparkline_runs_through_the_middle_and_none_is_nothing():
    assert draw.spark_points([3, 3, 3], 120, 28) == "2.0,14.0 60.0,14.0 118.0,14.0"
    assert draw.spark([], "nothing") == ""


@given(numbers, numbers, numbers)
def test_a_scale_never_leaves_its_width(low, high, value):
    scale = draw.Scale(min(low, high), max(low, high), 168)
    assert 6 <= scale(value) <= 162


def test_an_interval_beyond_the_scale_is_drawn_open():
    scale = draw.Scale(0.0, 2.0, 168)
    inside, beyond = (str(draw.whisker(scale, 0.5, 1.0, high, "x")) for high in (1.5, 3.0))
    assert inside.count("V") - beyond.count("V") == 1


def test_a_whiskers_label_cannot_break_out():
    assert "<script>" not in draw.whisker(draw.Scale(0, 1, 100), 0, 0.5, 1, '"><script>')


def test_the_ring_has_an_arrow_between_each_pair_of_stations():
    for ring in (draw.WIDE, draw.NARROW):
        assert len(ring.arrows) == len(ring.centres) == 5
        assert all(0 < x < ring.width and 0 < y < ring.height for x, y in ring.centres)


def test_a_figure_in_a_page_survives_hostile_names_and_is_still_json():
    figure = charts.bars(["</script><b>&"], [0.5], ["50%"])
    block = str(charts.script(figure))
    assert block.count("</script>") == 1
    inner = re.fullmatch(r'<script type="application/json">(.*)</script>', block)[1]
    assert json.loads(inner) == figure


def test_a_forecast_is_dashed_after_a_solid_past_with_a_band_and_a_whisker():
    figure = charts.forecast(
        [("2026-04-29", 4.0), ("2026-04-30", 6.0)], ("2026-05-01", 2.0, 5.0, 9.0),
        words={"sold": "Sold", "forecast": "Forecast", "unit": "pieces"},
        shown_days=["Apr 29", "Apr 30", "May 1"], ticks=["Apr 29", "Apr 30"],
    )  # fmt: skip
    band, past, ahead, point = figure["data"]
    assert band["fill"] == "toself"
    assert "dash" not in past["line"]
    assert ahead["line"]["dash"] == "dash"
    assert ahead["y"] == [6.0, 5.0]
    assert (point["error_y"]["array"], point["error_y"]["arrayminus"]) == ([4.0], [3.0])
    assert point["hovertext"] == ["May 1: 5 pieces (2–9)"]
    assert past["hovertext"][0] == "Apr 29: 4 pieces"
