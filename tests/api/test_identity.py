"""Who is who over HTTP: identifiers with reasons, and decisions by those who may make them."""

import pytest


def test_a_person_is_joined_explained_and_parted(client, bearer):
    said = {"person": "person-4", "other": "person-5", "reason": "one household book"}
    joined = client.post("/v1/people/joins", json=said, headers=bearer()).json()
    assert {"person-4", "person-5"} <= set(joined["identifiers"])
    reason = joined["reasons"][0]
    assert (reason["action"], reason["reason"], reason["undoable"]) == ("joined", said["reason"], True)
    read = client.get("/v1/people/person-5/identity", headers=bearer()).json()
    assert read == joined
    again = client.post("/v1/people/joins", json=said, headers=bearer())
    assert (again.status_code, again.json()["problems"][0]["field"]) == (422, "person")
    undo = f"/v1/people/joins/{reason['id']}/undo"
    parted = client.post(undo, json={"reason": "two households"}, headers=bearer()).json()
    assert not {"person-4", "person-5"} <= set(parted["identifiers"])
    assert client.post(undo, json={"reason": "x"}, headers=bearer()).status_code == 422


@pytest.mark.parametrize("path", ["/v1/people/joins", "/v1/people/partings"])
def test_what_cannot_be_decided_is_refused_with_the_field(client, bearer, path):
    assert client.post(path, json={"reason": "x"}, headers=bearer()).status_code == 422
    nobody = {"person": "nobody", "other": "person-1", "reason": "x"}
    if path.endswith("joins"):
        assert client.post(path, json=nobody, headers=bearer()).status_code == 404
    stranger = {"identifier": "person-1", "other": "person-2", "reason": "x"}
    if path.endswith("partings"):
        assert client.post(path, json=stranger, headers=bearer()).status_code == 422


def test_only_roles_that_decide_may_decide(client, bearer):
    said = {"person": "person-6", "other": "person-7", "reason": "x"}
    for role in ("store", "marketer", "planner"):
        assert client.post("/v1/people/joins", json=said, headers=bearer(role)).status_code == 403
    assert client.get("/v1/people/person-6/identity", headers=bearer("planner")).status_code == 403
