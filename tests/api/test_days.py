"""Days beyond every calendar: each operation that takes one says so, and none breaks."""

from datetime import date

import pytest
from starlette.testclient import TestClient

from oneshelf.api import create

BEYOND = (date.min.isoformat(), date.max.isoformat())


def days_of(operation: dict) -> list[str]:
    """The names of its parameters in the query that are days."""
    found = []
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        kinds = schema.get("anyOf", [schema])
        if parameter["in"] == "query" and any(kind.get("format") == "date" for kind in kinds):
            found.append(parameter["name"])
    return found


def reading(document: dict) -> list[tuple[str, list[str]]]:
    operations = ((path, methods["get"]) for path, methods in document["paths"].items() if "get" in methods)
    return [(path, days_of(operation)) for path, operation in operations if days_of(operation)]


@pytest.mark.parametrize("beyond", BEYOND)
def test_a_day_beyond_the_calendar_breaks_no_operation(stocked, bearer, beyond):
    """Some have nothing to tell of such a day; whoever would count weeks from it refuses it by its name."""
    client = TestClient(create(stocked), raise_server_exceptions=False)
    asked = reading(create(stocked).openapi())
    assert len(asked) > 10
    named = []
    for path, names in asked:
        url = path.replace("{name}", "net_sales_minor").replace("{product_id}", "green-tea")
        for name in names:
            others = {other: "2026-01-05" for other in names if other != name}
            answer = client.get(url, params={**others, name: beyond}, headers=bearer())
            assert answer.status_code < 500, (url, name, answer.text)
            if "is no day of this calendar" in answer.text:
                assert f"{name} = '{beyond}'" in answer.json()["detail"]
                named.append(url)
    assert {"/v1/backtests/value", "/v1/backtests/forecast", "/v1/plans/next-day", "/v1/acquisition"} == set(
        named
    )
