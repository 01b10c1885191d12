"""Same person? Both side by side with the evidence, decided with a button or a key."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from oneshelf.app.build import open_shelf
from oneshelf.app.settings import read_settings
from oneshelf.app.shelf import Shelf
from oneshelf.console import create
from oneshelf.testing.doubles import known_twice, told
from oneshelf.testing.shelves import put_events
from oneshelf.testing.shop import CURRENCY, NOW

PASSWORD = "correct horse battery staple"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def shelf(tmp_path) -> Iterator[Shelf]:
    """Two pairs of doubles, one of them with a name that would run in a careless template."""
    with open_shelf(read_settings(data=tmp_path / "data", currency=CURRENCY, clock=NOW)) as shelf:
        evil = {
            "firstName": HOSTILE,
            "lastName": "Doe",
            "birthday": "1966-06-06",
            "address": {"city": "Q", "street": HOSTILE},
        }
        put_events(shelf, [*known_twice(), *told("evil-1", evil), *told("evil-2", evil)], now=NOW)
        shelf.matching.run(now=NOW)
        for role in ("analyst", "marketer", "planner"):
            shelf.staff.create(role, PASSWORD, role)
        yield shelf


@pytest.fixture
def as_role(shelf):
    app = create(shelf)

    def client(role: str, language: str = "en") -> TestClient:
        made = TestClient(app, headers={"accept-language": language})
        token = re.search(r'name="csrf" value="([^"]+)"', made.get("/sign-in").text)[1]
        made.post("/sign-in", data={"csrf": token, "name": role, "password": PASSWORD})
        return made

    return client


def test_both_stand_side_by_side_with_what_compares_how(as_role):
    page = as_role("analyst").get("/people/candidates").text
    assert "3 pairs of people may be one person each" in page
    for value in ("Annabel", "Anabel", "1984-07-19", "王小明", "similar", "different", "same"):
        assert value in page
    assert "anns-son" not in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_the_page_speaks_chinese(as_role):
    page = as_role("analyst", "zh").get("/people/candidates").text
    assert "是同一人吗？" in page
    assert "是同一人：合并" in page
    assert "Compares as" not in page


def decide(client, page: str, decision: str):
    token = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    action = re.search(r'action="(/people/candidates/[0-9a-f]{32})"', page)[1]
    return client.post(action, data={"csrf": token, "decision": decision}), action


def test_a_decision_takes_the_pair_out_of_the_list(as_role, shelf):
    client = as_role("analyst")
    answer, action = decide(client, client.get("/people/candidates").text, "accept")
    assert "Joined: they are one person now." in answer.text
    assert "2 pairs of people" in answer.text
    answer, _ = decide(client, answer.text, "refuse")
    assert "Kept apart for good." in answer.text
    assert "1 pair of people may be one person" in answer.text
    token = re.search(r'name="csrf" value="([^"]+)"', answer.text)[1]
    again = client.post(action, data={"csrf": token, "decision": "refuse"})
    assert again.status_code == 409
    assert client.post(action, data={"csrf": token, "decision": "perhaps"}).status_code == 422
    assert client.post(action, data={"decision": "accept"}).status_code != 200
    assert [one.decided_by for one in shelf.matching.list(status="accepted").items] == ["analyst"]


def test_who_may_not_decide_sees_no_button_and_who_may_not_see_sees_nothing(as_role):
    marketer = as_role("marketer")
    page = marketer.get("/people/candidates").text
    assert "Annabel" in page
    assert "One person: join them" not in page
    assert as_role("planner").get("/people/candidates").status_code == 403


def test_an_empty_list_says_how_it_fills(tmp_path):
    with open_shelf(read_settings(data=tmp_path / "other")) as shelf:
        shelf.staff.create("analyst", PASSWORD, "analyst")
        client = TestClient(create(shelf), headers={"accept-language": "en"})
        token = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)[1]
        client.post("/sign-in", data={"csrf": token, "name": "analyst", "password": PASSWORD})
        page = client.get("/people/candidates").text
        assert "No pair waits for a decision" in page
        assert "oneshelf run match" in page
