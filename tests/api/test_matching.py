"""Same person? Over HTTP: the pairs that wait, both sides of one, and the decisions."""

import pytest

from oneshelf.testing.doubles import known_twice
from oneshelf.testing.shelves import put_events
from oneshelf.testing.shop import NOW

PATH = "/v1/people/candidates"


@pytest.fixture(scope="module")
def doubles(stocked):
    """Two pairs that may be one person each, in the small shop."""
    put_events(stocked, known_twice(), now=NOW)
    stocked.matching.run(now=NOW)


@pytest.mark.usefixtures("doubles")
def test_pairs_are_listed_shown_and_decided(client, bearer):
    page = client.get(PATH, headers=bearer("analyst"), params={"limit": 1}).json()
    rest = client.get(PATH, headers=bearer("analyst"), params={"after": page["next"]}).json()
    assert page["total"] == 2
    pairs = [*page["items"], *rest["items"]]
    assert {(one["person_a"], one["person_b"]) for one in pairs} == {
        ("ann", "ann-again"),
        ("wang-1", "wang-2"),
    }
    ann = next(one for one in pairs if one["person_a"] == "ann")
    assert "Annabel" not in str(pairs)
    assert {"field": "surname", "verdict": "same", "bits": pytest.approx(5, abs=5), "swapped": False} in ann[
        "evidence"
    ]
    both = client.get(f"{PATH}/{ann['id']}", headers=bearer("analyst")).json()
    assert both["a"]["written"]["given_name"] == "Annabel"
    assert both["b"]["written"]["given_name"] == "Anabel"
    done = client.post(f"{PATH}/{ann['id']}/accept", headers=bearer("analyst"))
    assert (done.status_code, done.json()["status"]) == (200, "accepted")
    assert client.post(f"{PATH}/{ann['id']}/accept", headers=bearer("analyst")).status_code == 409
    other = next(one for one in pairs if one["person_a"] == "wang-1")
    assert (
        client.post(f"{PATH}/{other['id']}/refuse", headers=bearer("analyst")).json()["decided_by"]
        == "analyst"
    )
    assert client.get(PATH, headers=bearer("analyst")).json()["items"] == []


@pytest.mark.usefixtures("doubles")
def test_who_may_what(client, bearer):
    unknown = "0" * 32
    assert client.get(PATH).status_code == 401
    assert client.get(PATH, headers=bearer("planner")).status_code == 403
    assert client.get(PATH, headers=bearer("marketer")).status_code == 200
    assert client.post(f"{PATH}/{unknown}/accept", headers=bearer("marketer")).status_code == 403
    assert client.post(f"{PATH}/{unknown}/accept", headers=bearer("admin")).status_code == 404
    assert client.get(f"{PATH}/nonsense", headers=bearer("admin")).status_code == 422
    assert client.get(PATH, headers=bearer("admin"), params={"status": "lost"}).status_code == 422
