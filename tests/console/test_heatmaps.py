"""Heat maps and places: the figures of the measures, in the reader's words, for as many places as the reader has."""

import csv
import io
import json
import re

import pytest

from oneshelf.console.charts import heat, map_of
from oneshelf.console.draw import Zone, floor
from oneshelf.console.words import translations
from oneshelf.insight.measures import DIMENSIONS, MEASURES


def figures_of(page):
    return [
        json.loads(text)
        for text in re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    ]


def test_a_heat_map_has_its_picture_its_table_and_its_total(as_role, shelf):
    page = as_role("admin").get("/heatmaps?measure=orders&rows=weekday&columns=hour").text
    table = shelf.measures.ask("orders", ("weekday", "hour"))
    (figure,) = figures_of(page)
    drawn = sum(value or 0 for line in figure["data"][0]["z"] for value in line)
    assert drawn == sum(cell.value for cell in table.cells)
    assert f"All together: {table.total[0].value:,}" in page
    assert '<th scope="row">Mon</th>' in page
    assert "Most: " in page


def test_what_cannot_be_asked_is_said_above_the_form_which_keeps_its_words(as_role):
    answer = as_role("admin").get("/heatmaps?measure=visits&rows=category&since=2026-03-05")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'value="2026-03-05"' in answer.text
    assert as_role("admin").get("/heatmaps?measure=orders&since=yesterday").status_code == 422


def test_the_table_can_be_taken_away_as_csv(as_role, shelf):
    answer = as_role("admin").get("/heatmaps.csv?measure=orders&rows=place&columns=hour")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == len(shelf.measures.ask("orders", ("place", "hour")).cells)
    assert "attachment" in answer.headers["content-disposition"]


def test_simulated_visits_say_so_in_heading_and_cell(as_role):
    page = as_role("admin").get("/heatmaps?measure=visits&rows=weekday&columns=channel").text
    assert 'class="simulated"' in page
    assert "of-simulated" in page
    assert (
        "of-simulated" not in as_role("admin").get("/heatmaps?measure=orders&rows=weekday&columns=hour").text
    )


def test_who_may_not_see_people_is_told_that_figures_are_protected(as_role):
    for path in ("/heatmaps", "/places", "/places/store-1"):
        assert "these figures are protected" in as_role("planner").get(path).text, path
        assert "these figures are protected" not in as_role("admin").get(path).text, path


def test_staff_of_a_store_see_their_store_only(as_role):
    client = as_role("store")
    assert "Pudong" not in client.get("/heatmaps").text
    assert "Pudong" not in client.get("/places").text
    assert client.get("/places/store-2").status_code == 403


def test_places_are_listed_with_their_figures_and_stand_on_a_map(as_role, shelf):
    page = as_role("admin").get("/places?days=28").text
    for one in shelf.places.listing(days=28).places:
        assert one.place.name in page
        assert f'data-value="{one.figures["orders"]}"' in page
    (figure,) = figures_of(page)
    assert figure["data"][0]["x"] == [121.49, 121.54, 13.4]


def test_a_floor_shows_the_figure_of_each_zone(as_role, shelf):
    page = as_role("admin").get("/places/store-1?measure=orders&days=28").text
    assert page.count('<g class="zone') == 3
    assert "heat-5" in page


def test_zones_are_deeper_the_more_and_a_zone_without_a_figure_has_no_colour():
    drawing = floor(
        10,
        5,
        [
            Zone(0, 0, 5, 5, "<b>", "1", 1.0),
            Zone(5, 0, 2, 5, "b", "100", 100.0),
            Zone(7, 0, 3, 5, "c", "–", None),
        ],
    )
    assert "&lt;b&gt;" in drawing
    assert drawing.index("heat-1") < drawing.index("heat-5") < drawing.index('zone none"')


def test_a_heat_map_leaves_empty_what_has_no_figure():
    assert heat(["a"], ["x", "y"], [[None, 2.0]], [["", "a x: 2"]])["data"][0]["z"] == [[None, 2.0]]


def test_a_map_keeps_the_ground_in_proportion():
    figure = map_of([(0.0, 60.0), (1.0, 60.0)], [1, 4], ["a", "b"], ["a: 1", "b: 4"])
    assert figure["layout"]["yaxis"]["scaleratio"] == pytest.approx(2.0)


def test_every_measure_and_dimension_is_translated(as_role):
    messages = translations("zh")
    for text in [
        *DIMENSIONS.values(),
        *(m.title for m in MEASURES.values()),
        *(m.formula for m in MEASURES.values()),
    ]:
        assert messages.pgettext("sentence", text) != text, text
