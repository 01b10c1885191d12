"""Who is this? The page that says why, and takes a join back."""

import re

from oneshelf.events.catalogue import ProductsSearched
from oneshelf.events.envelope import Event
from oneshelf.testing.shelves import put_events
from oneshelf.testing.shop import NOW
from oneshelf.words.people import Who

CSRF = re.compile(r'name="csrf" value="([^"]+)"')
JOIN = re.compile(r'name="join" value="([^"]+)"')


def test_a_join_is_explained_and_undone_by_those_who_may(shelf, as_role):
    who = Who(user_id="person-9", identifiers=("card:<b>9</b>",))
    event = Event(id="card-9", source="till", happened_at=NOW, who=who, body=ProductsSearched(query="tea"))
    put_events(shelf, [event], now=NOW)
    path = "/people/person-9/identity"
    page = as_role("analyst").get(path).text
    assert "card:&lt;b&gt;9&lt;/b&gt;" in page
    assert "One event carried both." in page
    assert "This was wrong" not in as_role("marketer").get(path).text
    found = re.findall(r"<li>.*?</li>", page, re.DOTALL)
    join = next(JOIN.search(one)[1] for one in found if "card:" in one)
    form = {"csrf": CSRF.search(page)[1], "join": join, "reason": ""}
    assert as_role("analyst").post(path, data=form).status_code == 422
    answer = as_role("analyst").post(path, data=form | {"reason": "a neighbour"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    after = as_role("analyst", "zh").get(path).text
    assert "a neighbour" in after
    assert "已拆分" in after
    assert "card:&lt;b&gt;9&lt;/b&gt;</th>" not in after
