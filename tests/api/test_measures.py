"""Figures over HTTP: one way to ask, as JSON and as CSV, each problem named."""

import csv
import io

import msgspec

from oneshelf.api.problems import ProblemDetails
from oneshelf.testing.shop import FIRST_DAY


def test_a_measure_is_asked_by_two_dimensions_with_filters_and_days(client, bearer):
    asked = {
        "by": "place,hour",
        "where": ["channel:store", "place:store-1", "place:store-2"],
        "since": FIRST_DAY.isoformat(),
    }
    answer = client.get("/v1/measures/net_sales_minor", params=asked, headers=bearer())
    table = answer.json()
    assert answer.status_code == 200
    assert (table["by"], table["protected"], table["simulated"]) == (["place", "hour"], False, False)
    assert {cell["keys"][0] for cell in table["cells"]} == {"store-1", "store-2"}
    assert sum(cell["value"] for cell in table["cells"]) == table["total"][0]["value"]
    assert table["measure"]["formula"] == "Gross sales less refunds."


def test_the_same_table_comes_as_csv_for_who_accepts_csv(client, bearer):
    asked = {"params": {"by": "place"}, "headers": bearer()}
    table = client.get("/v1/measures/orders", **asked).json()
    answer = client.get(
        "/v1/measures/orders", params={"by": "place"}, headers=bearer() | {"Accept": "text/csv"}
    )
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["place"] for row in rows] == [cell["keys"][0] for cell in table["cells"]]
    assert [int(row["orders"]) for row in rows] == [cell["value"] for cell in table["cells"]]


def test_who_may_not_see_people_gets_protected_figures(client, bearer):
    table = client.get("/v1/measures/active_people", params={"by": "place"}, headers=bearer("planner")).json()
    assert table["protected"]
    assert all(cell["give_or_take"] > 0 for cell in table["cells"])


def test_staff_of_a_store_ask_about_their_store_only(client, bearer):
    table = client.get("/v1/measures/orders", params={"by": "place"}, headers=bearer("store")).json()
    assert [cell["keys"] for cell in table["cells"]] == [["store-1"]]
    answer = client.get("/v1/measures/orders", params={"where": "place:store-2"}, headers=bearer("store"))
    assert answer.status_code == 403


def test_what_cannot_be_asked_is_a_problem_that_names_the_field(client, bearer):
    for asked, field in [
        ({"by": "colour"}, "by"),
        ({"where": "channel"}, "where"),
        ({"where": "hour:25"}, "where.hour"),
        ({"by": "place,hour,day"}, "by"),
    ]:
        answer = client.get("/v1/measures/orders", params=asked, headers=bearer())
        problem = msgspec.json.decode(answer.content, type=ProblemDetails)
        assert (answer.status_code, problem.problems[0].field) == (422, field)
    assert client.get("/v1/measures/gmv", headers=bearer()).status_code == 422


def test_places_are_listed_with_their_figures_and_shown_one_by_one(client, bearer):
    found = client.get("/v1/places", headers=bearer()).json()
    assert [one["place"]["id"] for one in found["places"]] == ["store-1", "store-2", "store-3", "web"]
    assert found["places"][0]["figures"]["orders"] > 0
    assert client.get("/v1/places/store-1", headers=bearer()).json()["floor"] is None
    assert client.get("/v1/places/none", headers=bearer()).status_code == 404
    assert client.get("/v1/places/store-2", headers=bearer("store")).status_code == 403
