"""The document against the application: whatever fits the schema, and much that does not, is answered as the document says."""

import base64
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from oneshelf.api import create
from oneshelf.events.segment import CALLS, SEGMENT, receive
from oneshelf.events.segment.intake import Limits

#: Enough to find what a careless handler breaks on, few enough for every run.
EXAMPLES = 8


@pytest.fixture(scope="module")
def api(stocked):
    return schemathesis.openapi.from_asgi("/openapi.json", create(stocked))


@pytest.fixture(scope="module")
def key(stocked):
    return stocked.staff.write_key("schemathesis")


OPERATIONS = [
    *(f"POST /v1/{call}" for call in (*CALLS, "batch", "import", "campaigns", "rejects/replay")),
    *(f"POST /v1/people/{of}" for of in ("joins", "partings", "joins/{reason_id}/undo")),
    *(f"GET /v1/people/candidates{of}" for of in ("", "/{candidate_id}")),
    *(f"POST /v1/people/candidates/{{candidate_id}}/{of}" for of in ("accept", "refuse")),
    *(
        f"GET /v1/people{of}"
        for of in (
            "",
            *(f"/{{person_id}}/{of}" for of in ("portrait", "timeline", "offers", "identity", "why/{field}")),
        )
    ),
    *(
        f"GET /v1/{of}"
        for of in (
            *(f"plans/{of}" for of in ("next-day", "history", "scores")),
            "plans",
            "plans/{plan_id}",
            *(f"plans/{{plan_id}}/{of}" for of in ("lines", "orders", "orders.csv", "outlook")),
            "forecasts",
            "forecasts/series",
            "measures",
            "measures/{name}",
            "places",
            "places/{place_id}",
            "campaigns",
            "campaigns/{campaign_id}/effect",
        )
    ),
    *(
        f"{method} /v1/{of}"
        for method in ("GET", "POST")
        for of in ("products", "suppliers", "supply-terms", "prices/zones")
    ),
    *(
        f"GET /v1/{of}"
        for of in ("products/{product_id}", "prices/{product_id}", "prices/{product_id}/history")
    ),
    *(f"POST /v1/prices{of}" for of in ("", "/withdrawals")),
    *(f"GET /v1/{of}" for of in ("sources", "rejects", "wheel", "access-log")),
    *(
        f"GET /v1/{of}"
        for of in (
            "backtests/value",
            "backtests/trends",
            "backtests/forecast",
            "acquisition",
            "value",
            "value/people",
        )
    ),
    *(f"GET /v1/trends{of}" for of in ("", "/night", "/outcomes", "/records", "/series")),
    "POST /v1/people/lookalikes",
    "POST /v1/audiences",
    *(f"POST /v1/plans{of}" for of in ("", "/{plan_id}/edits", "/{plan_id}/approval")),
    *(f"GET /v1/audiences{of}" for of in ("", "/fields", "/size", "/overlap", "/sample", "/saved/{name}")),
    *(f"GET /v1/audiences/saved/{{name}}/{of}" for of in ("versions", "size", "export")),
    *(f"GET /v1/tiers{of}" for of in ("", "/moves", "/watched")),
    *(
        f"GET /v1/stock{of}"
        for of in (
            "",
            *(
                f"/{of}"
                for of in ("places", "lots", "available", "moves", "due", "reservations", "consigned")
            ),
        )
    ),
    *(f"POST /v1/stock/{of}" for of in ("reservations", "releases", "sales", "documents")),
    *(f"GET /v1/system/{of}" for of in ("checks", "tables", "jobs")),
    "GET /health",
]


def test_every_operation_of_the_document_is_tried_here(api):
    assert sorted(operation.ok().label for operation in api.get_all_operations()) == sorted(OPERATIONS)


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_as_the_document_says(api, bearer, key, label):
    method, path = label.split(" ")
    operation = api[path][method]
    basic = {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
    headers = basic if "tracking" in operation.definition.raw["tags"] else bearer()
    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]

    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    def answers(case):
        case.call_and_validate(headers=headers, checks=checks)

    answers()


def test_the_tracking_part_of_the_document_says_what_the_border_checks(client):
    """The document is written by hand there, so that it is compared with what the border does."""
    paths = client.get("/openapi.json").json()["paths"]
    for call in CALLS:
        required = paths[f"/v1/{call}"]["post"]["requestBody"]["content"]["application/json"]["schema"].get(
            "required", []
        )
        message = {"userId": "u", **dict.fromkeys(required, "x")}
        for left_out in [None, *required]:
            body = (
                str({name: value for name, value in message.items() if name != left_out})
                .replace("'", '"')
                .encode()
            )
            limits = Limits(batch_bytes_max=10_000, event_bytes_max=10_000)
            refused = receive(body, call, currency="EUR", limits=limits).refused
            assert bool(refused) == (left_out is not None), (call, left_out, SEGMENT)


def test_every_path_of_the_document_is_served(client):
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method in operations:
            assert client.request(method, re.sub(r"\{\w+\}", "x", path)).status_code != 404
