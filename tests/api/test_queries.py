"""The query API: the same answers as the use cases, for whoever may have them, and problems in one shape."""

import json
from datetime import date

import msgspec
import pytest
from starlette.testclient import TestClient

from oneshelf.api import create
from oneshelf.api.problems import ProblemDetails
from oneshelf.app.people.looking import PersonSummary
from oneshelf.events.envelope import OWN_SOURCE
from oneshelf.insight.people.portrait import Portrait
from oneshelf.testing.shop import LAST_DAY

#: every operation that needs a token, with a role that may not have it (None: everybody on the staff may)
GUARDED = {
    "/v1/people": "planner",
    "/v1/people/person-1/portrait": "planner",
    "/v1/people/person-1/timeline": "planner",
    "/v1/people/candidates": "planner",
    "/v1/people/candidates/00000000000000000000000000000000": "planner",
    "/v1/people/person-1/offers": "planner",
    "/v1/people/person-1/why/recency_days": "planner",
    "/v1/people/person-1/identity": "planner",
    "/v1/plans/next-day": "marketer",
    "/v1/plans/history?series=green%20tea": "marketer",
    **dict.fromkeys(("/v1/plans", "/v1/plans/scores", "/v1/plans/2026-05-01.1"), "marketer"),
    **{f"/v1/plans/2026-05-01.1/{of}": "marketer" for of in ("lines", "orders", "orders.csv", "outlook")},
    "/v1/forecasts": "marketer",
    "/v1/forecasts/series?series=green%20tea": "marketer",
    "/v1/backtests/forecast?horizon=2": "marketer",
    "/v1/measures": None,
    "/v1/measures/orders": None,
    "/v1/stock": None,
    "/v1/stock/places": None,
    "/v1/stock/lots?place_id=store-1": None,
    "/v1/stock/available?place_id=store-1&product_id=product-1": None,
    "/v1/stock/moves?place_id=store-1&product_id=product-1": None,
    "/v1/stock/due?place_id=store-1": None,
    "/v1/stock/reservations": None,
    "/v1/stock/consigned?since=2026-01-01&until=2026-02-01": None,
    "/v1/places": None,
    "/v1/places/store-1": None,
    "/v1/products": None,
    "/v1/products/product-1": None,
    "/v1/prices/zones": None,
    "/v1/prices/product-1": None,
    "/v1/prices/product-1/history?from=2026-03-01&to=2026-04-01": None,
    "/v1/suppliers": "store",
    "/v1/supply-terms?product=product-1": "marketer",
    "/v1/audiences": None,
    "/v1/audiences/fields": None,
    "/v1/audiences/size?condition=everybody": "planner",
    "/v1/audiences/overlap?name=tea&name=rich": None,
    "/v1/audiences/sample?condition=everybody": "planner",
    "/v1/audiences/saved/tea": None,
    "/v1/audiences/saved/tea/versions": None,
    "/v1/audiences/saved/tea/size": None,
    "/v1/audiences/saved/tea/export?purpose=service": "planner",
    "/v1/tiers": None,
    "/v1/tiers/moves?from=2026-03-01&to=2026-04-01": None,
    "/v1/tiers/watched?since=2026-03-01": "planner",
    "/v1/backtests/value?horizon=30": "planner",
    "/v1/backtests/trends": "marketer",
    "/v1/trends": "marketer",
    "/v1/trends/night": "marketer",
    "/v1/trends/outcomes": "marketer",
    "/v1/trends/records": "marketer",
    "/v1/trends/series?level=product&name=product-1": "marketer",
    "/v1/acquisition": "planner",
    "/v1/value": None,
    "/v1/value/people": "planner",
    "/v1/campaigns": "planner",
    "/v1/campaigns/none/effect": "planner",
    "/v1/sources": "store",
    "/v1/rejects": "store",
    "/v1/wheel": None,
    "/v1/system/checks": "store",
    "/v1/system/tables": "store",
    "/v1/system/jobs": "store",
    "/v1/access-log": "analyst",
}


def problem_of(answer) -> ProblemDetails:
    """The answer as a problem: in the one shape, with what to do about it."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = msgspec.json.decode(answer.content, type=ProblemDetails)
    assert problem.status == answer.status_code
    assert problem.detail
    assert problem.remedy
    return problem


def test_every_operation_is_guarded_or_open_on_purpose(client):
    guarded = {
        path.partition("?")[0]
        .replace("person-1", "{person_id}")
        .replace("none", "{campaign_id}")
        .replace("2026-05-01.1", "{plan_id}")
        .replace("recency_days", "{field}")
        .replace("0" * 32, "{candidate_id}")
        .replace("saved/tea", "saved/{name}")
        .replace("measures/orders", "measures/{name}")
        .replace("store-1", "{place_id}")
        .replace("product-1", "{product_id}")
        for path in GUARDED
    }
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            if path == "/health":
                assert "security" not in operation
            elif method == "get":
                assert path in guarded
                assert operation["security"] == [{"token": []}]
            else:
                assert operation["security"]


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDo="}])
def test_without_a_known_token_there_is_no_answer(client, path, headers):
    answer = client.get(path, headers=headers)
    assert problem_of(answer).status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("path", "role"), [(path, role) for path, role in GUARDED.items() if role])
def test_a_role_gets_only_what_it_came_for(client, bearer, path, role):
    assert problem_of(client.get(path, headers=bearer(role))).status == 403


def test_health_is_for_everybody_and_tells_the_lag(client):
    health = client.get("/health")
    assert health.status_code == 200
    assert health.json()["lag_batches"].keys() == {"live", "lake"}


def test_a_portrait_is_what_the_use_case_says_and_what_the_shop_planned(client, bearer, stocked, shop):
    answer = client.get("/v1/people/person-1/portrait", headers=bearer())
    portrait = msgspec.json.decode(answer.content, type=Portrait)
    truth = shop.truth.people["person-1"]
    assert (portrait.frequency, portrait.monetary_minor) == (
        truth.orders,
        truth.spend_minor - truth.refunded_minor,
    )
    assert portrait.last_seen_at == stocked.people.portrait("person-1").last_seen_at


def test_a_look_at_a_person_is_logged_with_its_purpose(client, bearer):
    client.get("/v1/people/person-2/portrait?purpose=support", headers=bearer("analyst"))
    client.get("/v1/people/person-2/portrait", headers=bearer("planner"))
    log = client.get("/v1/access-log?limit=2", headers=bearer()).json()
    seen = [(one["actor"], one["person_id"], one["purpose"], one["allowed"]) for one in log["items"]]
    assert seen == [("planner", "person-2", "service", False), ("analyst", "person-2", "support", True)]


def test_forecasts_are_those_of_the_newest_night(client, bearer, stocked):
    assert problem_of(client.get("/v1/forecasts", headers=bearer("planner"))).status == 404
    stocked.goods.forecasts.run(products=False, boost=False)
    page = client.get("/v1/forecasts?limit=3", headers=bearer("planner")).json()
    name = page["items"][0]["series"]
    one = client.get("/v1/forecasts/series", params={"series": name}, headers=bearer("planner")).json()
    assert [day["mean"] for day in one["days"]] == page["items"][0]["means"]
    assert len(one["days"][0]["quantiles"]) == 12


def test_pages_follow_one_another_without_gap_or_double(client, bearer, stocked):
    seen, after = [], None
    while True:
        query = {"limit": 7, **({"after": after} if after else {})}
        page = client.get("/v1/people", params=query, headers=bearer()).json()
        assert len(page["items"]) <= 7
        seen += msgspec.convert(page["items"], list[PersonSummary])
        after = page["next"]
        if after is None:
            break
    assert seen == list(stocked.people.search(limit=1000).items)
    assert len({person.person_id for person in seen}) == len(seen) == page["total"]


@pytest.mark.parametrize("cursor", ["x", "e30", "bnVsbA", "WzEsMl0", "%00", "W" * 400])
def test_a_cursor_that_we_did_not_write_is_refused(client, bearer, cursor):
    assert problem_of(client.get(f"/v1/people?after={cursor}", headers=bearer())).problems[0].field == "after"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/people?limit=0", "limit"),
        ("/v1/people?limit=many", "limit"),
        ("/v1/people?q=a%00b", "q"),
        ("/v1/people/person-1/portrait?purpose=fun", "purpose"),
        ("/v1/people/%09/portrait", "person_id"),
        ("/v1/plans/next-day?as_of=yesterday", "as_of"),
        ("/v1/plans/history", "series"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(client, bearer, path, field):
    problem = problem_of(client.get(path, headers=bearer()))
    assert problem.status == 422
    assert [one.field for one in problem.problems] == [field]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/people/nobody/portrait",
        "/v1/people/nobody/offers",
        "/v1/campaigns/none/effect",
        "/v1/plans/history?series=unicorns",
        "/v1/plans/next-day?as_of=1999-01-01",
        "/v1/nothing",
    ],
)
def test_what_is_not_here_says_so(client, bearer, path):
    assert problem_of(client.get(path, headers=bearer())).status == 404


def test_an_id_with_a_slash_is_one_id(client, bearer, stocked):
    answer = client.get("/v1/people/urn%3Aid%2F7%2Fportrait/portrait", headers=bearer())
    assert problem_of(answer).status == 404
    log = client.get("/v1/access-log?limit=1", headers=bearer()).json()
    assert log["items"][0]["person_id"] == "urn:id/7/portrait"


def test_the_plan_is_for_the_day_after(client, bearer):
    plan = client.get("/v1/plans/next-day", params={"as_of": str(LAST_DAY)}, headers=bearer("planner")).json()
    assert (plan["as_of"], plan["for_day"]) == (
        str(LAST_DAY),
        str(date.fromordinal(LAST_DAY.toordinal() + 1)),
    )
    series = plan["lines"][0]["product_id"]
    history = client.get(
        "/v1/plans/history", params={"series": series, "days": 14}, headers=bearer("planner")
    ).json()
    assert len(history) == 14
    assert history[-1]["day"] == str(LAST_DAY)


def test_offers_come_from_what_the_place_has_in_stock(client, bearer, shop):
    offers = client.get("/v1/people/person-1/offers?place=store-1&limit=3", headers=bearer()).json()
    assert 0 < len(offers) <= 3
    for offer in offers:
        assert offer["place_id"] == "store-1"
        assert offer["on_hand"] == shop.truth.on_hand["store-1", offer["product_id"]] > 0
        assert offer["reason"]


def test_a_store_sees_its_own_place_only(client, bearer):
    assert client.get("/v1/people/person-1/offers?place=store-1", headers=bearer("store")).status_code == 200
    assert (
        problem_of(client.get("/v1/people/person-1/offers?place=store-2", headers=bearer("store"))).status
        == 403
    )


def test_the_rest_answers_with_what_the_shelf_holds(client, bearer, shop):
    get = lambda path: client.get(path, headers=bearer()).json()  # noqa: E731
    assert sum(source["events"] for source in get("/v1/sources") if source["source"] != OWN_SOURCE) == len(
        shop.events
    )
    assert [station["name"] for station in get("/v1/wheel")["stations"]] == [
        "events",
        "insight",
        "decisions",
        "messages",
        "effect",
    ]
    assert (
        get("/v1/people/person-1/timeline?limit=3")[0]["at"]
        >= get("/v1/people/person-1/timeline?limit=3")[2]["at"]
    )
    assert {"gross_sales_minor", "net_sales_minor", "repeat_rate"} <= {
        measure["name"] for measure in get("/v1/measures")
    }
    assert "order_completed" in {table["name"] for table in get("/v1/system/tables")}
    assert all(check["status"] in ("ok", "warning", "missing") for check in get("/v1/system/checks"))
    assert get("/v1/system/jobs") == []
    assert get("/v1/rejects") == {"items": [], "next": None, "total": None}


def test_every_answer_keeps_browsers_careful(client, bearer):
    for path in ("/health", "/docs", "/v1/people", "/nothing"):
        headers = client.get(path, headers=bearer()).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "script" not in headers["content-security-policy"]


def test_the_docs_name_every_operation_and_need_no_script(client):
    page = client.get("/docs").text
    for path in client.get("/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_what_breaks_is_a_problem_without_its_inside(stocked, bearer, monkeypatch):
    monkeypatch.setattr(stocked.people, "search", lambda *_, **__: 1 / 0)
    with TestClient(create(stocked), raise_server_exceptions=False) as client:
        answer = client.get("/v1/people", headers=bearer())
    assert problem_of(answer).status == 500
    assert "ZeroDivision" not in answer.text


def test_a_campaign_is_tried_sent_once_and_measured(client, bearer, stocked):
    body = {"id": "spring", "name": "Spring", "holdout_share": 0.3, "dry_run": True}
    post = lambda body, **headers: client.post(  # noqa: E731
        "/v1/campaigns", json=body, headers={**bearer("marketer"), **headers}
    )
    tried = post(body).json()
    assert tried["dry_run"]
    assert client.get("/v1/campaigns", headers=bearer()).json() == []
    wanted = {**body, "dry_run": False}
    first = post(wanted, **{"Idempotency-Key": "k-1"})
    again = post(wanted, **{"Idempotency-Key": "k-1"})
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert (first.json()["offered"], first.json()["held_out"]) == (tried["offered"], tried["held_out"])
    other = problem_of(post({**wanted, "id": "summer"}, **{"Idempotency-Key": "k-1"}))
    assert (other.status, other.problems[0].field) == (422, "Idempotency-Key")
    assert problem_of(post(wanted)).status == 409
    assert problem_of(post(wanted, **{"Idempotency-Key": "k-2"})).status == 409
    assert problem_of(client.post("/v1/campaigns", json=wanted, headers=bearer("analyst"))).status == 403
    (campaign,) = client.get("/v1/campaigns", headers=bearer()).json()
    assert (campaign["id"], campaign["created_by"], campaign["offered"]) == (
        "spring",
        "marketer",
        tried["offered"],
    )
    stocked.catch_up()
    effect = client.get("/v1/campaigns/spring/effect?days=7", headers=bearer()).json()
    assert effect["offer_people"] + effect["holdout_people"] == tried["offered"] + tried["held_out"]
    assert effect["claim"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff", "body"),
        (b"[" * 90_000, "body"),
        (b"[]", "body"),
        (b"{}", "body"),
        (b'{"id":"a","name":"b","holdout_share":2}', "holdout_share"),
        (b'{"id":"a","name":"b","people":["x",5]}', "people[1]"),
        (b'{"id":"a","name":"b","holdout":0.5}', "body"),
        (b" " * 1_000_001, "body"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_by_field(client, bearer, body, field):
    problem = problem_of(client.post("/v1/campaigns", content=body, headers=bearer()))
    assert problem.status == 422
    assert problem.problems[0].field == field


def test_rejects_can_be_replayed_and_unknown_ones_are_said_to_be(client, bearer):
    answer = client.post("/v1/rejects/replay", json={"ids": ["none"]}, headers=bearer())
    assert problem_of(answer).status == 404
    assert problem_of(client.post("/v1/rejects/replay", json={"ids": []}, headers=bearer())).status == 422


def test_the_document_describes_our_own_structs(client):
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    assert set(schemas["Portrait"]["properties"]) == set(Portrait.__struct_fields__)
    refs = {part.split('"')[0] for part in json.dumps(document).split('"#/components/schemas/')[1:]}
    assert refs <= set(schemas)
