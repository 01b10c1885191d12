"""Sending a campaign: tried first, confirmed in words, sent once; and what its page claims."""

import re


def form(client, **changes):
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/offers/new").text)[1]
    fields = {
        "csrf": token,
        "step": "try",
        "name": "Spring",
        "place": "",
        "holdout": "20",
        "limit": "3",
        "people": "",
    }
    return client.post("/offers/new", data=fields | changes, follow_redirects=False)


def campaigns(shelf):
    return {campaign.id for campaign in shelf.offers.campaigns()}


def test_trying_a_campaign_sends_nothing_and_shows_to_how_many(as_role, shelf):
    before = campaigns(shelf)
    answer = form(as_role("marketer"), people="person-1\nperson-2, person-3")
    offered = shelf.offers.send(
        "spring", name="x", people=["person-1", "person-2", "person-3"], dry_run=True
    ).offered
    assert answer.status_code == 200
    assert f"To send it, type the number of people: {offered}" in answer.text
    assert campaigns(shelf) == before


def test_only_the_right_number_sends_it_and_only_once(as_role, shelf):
    marketer = as_role("marketer")
    offered = shelf.offers.send("to-be-sent", name="x", dry_run=True).offered
    wrong = form(marketer, name="To be sent", step="send", confirm=str(offered + 1))
    assert wrong.status_code == 422
    assert "to-be-sent" not in campaigns(shelf)
    right = form(marketer, name="To be sent", step="send", confirm=str(offered))
    assert right.headers["location"] == "/offers/to-be-sent"
    assert "to-be-sent" in campaigns(shelf)
    again = form(marketer, name="To be sent", step="send", confirm=str(offered))
    assert again.status_code == 409


def test_whoever_may_not_send_cannot_send_by_hand_either(as_role, shelf):
    before = campaigns(shelf)
    analyst = as_role("analyst")
    token = re.search(r'name="csrf" value="([^"]+)"', analyst.get("/").text)[1]
    fields = {
        "csrf": token,
        "step": "send",
        "name": "Mine",
        "place": "",
        "holdout": "20",
        "limit": "3",
        "people": "",
    }
    assert analyst.post("/offers/new", data=fields).status_code == 403
    assert campaigns(shelf) == before


def test_wrong_fields_come_back_with_what_was_typed(as_role):
    for changes in (
        {"name": " "},
        {"holdout": "0"},
        {"holdout": "٣"},
        {"limit": "many"},
        {"name": "x" * 121},
    ):
        answer = form(as_role("marketer"), **({"name": "Kept as typed"} | changes))
        assert answer.status_code == 422, changes
        assert 'role="alert"' in answer.text
    assert "Kept as typed" in form(as_role("marketer"), name="Kept as typed", limit="0").text


def test_a_campaigns_page_claims_what_the_estimate_claims(as_role, shelf):
    effect = shelf.offers.effect("first")
    assert effect.claim in as_role("analyst").get("/offers/first").text.replace("&#39;", "'")
