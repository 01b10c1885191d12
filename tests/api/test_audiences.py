"""Audiences and tiers over HTTP: saved, counted, exported; a mistake in a condition is told with its place."""

import csv
import io
from datetime import date

import msgspec
import pytest

from oneshelf.api.problems import ProblemDetails
from oneshelf.testing.shelves import put_nightly
from oneshelf.testing.shop import NOW

TEA = 'favourite_category = "tea" and recency_days <= 20'


@pytest.fixture(scope="module")
def night(stocked):
    rows = [
        {"person_id": f"person-{n}", "recency_days": n, "frequency": 4, "monetary_minor": n * 100,
         "favourite_category": "tea" if n % 2 else "bakery"}
        for n in range(1, 41)
    ]  # fmt: skip
    put_nightly(stocked, rows, day=date(2026, 5, 1), now=NOW)
    stocked.catch_up()
    return stocked


def test_an_audience_is_saved_counted_compared_and_exported(client, bearer, night):
    def ask(path, **query):
        return client.get(f"/v1/audiences{path}", params=query, headers=bearer("marketer"))

    for name, condition in (("tea/now", TEA), ("rich", "monetary_minor >= top(0.25)")):
        saved = client.post(
            "/v1/audiences", json={"name": name, "condition": condition}, headers=bearer("marketer")
        )
        assert saved.json()["version"] == 1
    assert [one["name"] for one in ask("").json()] == ["rich", "tea/now"]
    assert ask("/size", condition=TEA).json()["people"] == ask("/saved/tea/now/size").json()["people"] == 10
    assert ask("/overlap", name=["rich", "tea/now"]).json()["people"] == [[10, 0], [0, 10]]
    sample = ask("/sample", condition=TEA, limit=3, purpose="marketing").json()
    assert len(sample["rows"]) == 3
    assert ask("/saved/tea/now/versions").json()[0]["condition"] == TEA
    exported = ask("/saved/tea/now/export", purpose="marketing")
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(list(csv.DictReader(io.StringIO(exported.text)))) == 10
    assert {field["name"] for field in ask("/fields").json()} >= {"recency_days", "tier"}


def test_a_mistake_in_a_condition_is_told_with_its_place(client, bearer, night):
    answer = client.get(
        "/v1/audiences/size", params={"condition": "refunds = 0 and recency = 3"}, headers=bearer("marketer")
    )
    problem = msgspec.json.decode(answer.content, type=ProblemDetails)
    assert (problem.status, problem.problems[0].at) == (422, 17)
    assert "recency_days" in problem.problems[0].remedy


def test_a_planner_gets_protected_sizes(client, bearer, night):
    client.post("/v1/audiences", json={"name": "all", "condition": "everybody"}, headers=bearer("marketer"))
    found = client.get("/v1/audiences/saved/all/size", headers=bearer("planner")).json()
    assert found["give_or_take"] > 0
    refused = client.post(
        "/v1/audiences", json={"name": "mine", "condition": "everybody"}, headers=bearer("planner")
    )
    assert refused.status_code == 403


def test_tiers_and_their_moves_are_told(client, bearer, night):
    tiers = client.get("/v1/tiers", headers=bearer("marketer")).json()
    assert sum(tier["people"] for tier in tiers["tiers"]) == 40
    moves = client.get(
        "/v1/tiers/moves", params={"from": "2026-03-01", "to": str(NOW.date())}, headers=bearer("marketer")
    ).json()
    assert sum(flow["people"] for flow in moves["flows"]) > 30
    asked = {"params": {"since": "2026-03-01"}, "headers": bearer("analyst")}
    came = client.get("/v1/tiers/watched", **asked).json()
    assert {one["to_tier"] for one in came} == {"super", "core"}
    assert all(one["response"] for one in came)
    wanted = {"entered": "super", "since": "2026-03-01"}
    body = {"id": "thanks", "name": "Thanks", "moved": wanted, "dry_run": True}
    told = client.post("/v1/campaigns", json=body, headers=bearer("marketer")).json()
    assert sum(told[name] for name in ("offered", "held_out", "without_offer")) <= len(came)
    body["moved"] = {"since": "2026-03-01"}
    assert client.post("/v1/campaigns", json=body, headers=bearer("marketer")).status_code == 422
