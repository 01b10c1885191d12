"""The pages: each renders for whom it is for, in both languages, with nothing and with everything."""

import re
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from oneshelf.console import create
from oneshelf.console.app import _STATIC

PAGES = (
    "/", "/people", "/people?q=person-1", "/people/person-1", "/people/person-40", "/people/person-1/identity", "/plan", "/plan?all=1&q=tea",
    "/plan/green%20tea", "/offers", "/offers/first", "/offers/first?days=7", "/offers/new", "/sources", "/system",
    "/catalogue", "/catalogue?q=tea&group=green%20tea", "/catalogue?q=nothing", "/catalogue/product-1", "/catalogue/product-1?place=store-1",
    "/forecast", "/forecast?level=all", "/forecast?level=id&q=tea", "/forecast/green%20tea?level=type",
    "/places", "/places/store-1", "/places/web", "/heatmaps", "/heatmaps?measure=visits&rows=weekday", "/search", "/search?q=tea", "/search?q=person-2",
    "/value", "/people/candidates",
)  # fmt: skip
EMPTY_PAGES = (
    "/",
    "/people",
    "/people?q=x",
    "/plan",
    "/forecast",
    "/offers",
    "/offers/new",
    "/catalogue",
    "/places",
    "/heatmaps",
    "/heatmaps?measure=visits&rows=weekday",
    "/value",
    "/people/candidates",
    "/sources",
    "/system",
    "/search?q=x",
)
HOSTILE = "<script>alert(1)</script>"
PASSWORD = "correct horse battery staple"


class Outline(HTMLParser):
    """What a strict policy and a screen reader care about."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts, self.styled, self.handlers, self.headings, self.tables, self.captions = (
            [],
            0,
            0,
            [],
            0,
            0,
        )
        self.language = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.styled += "style" in given or tag == "style"
        self.handlers += any(name.startswith("on") for name in given)
        self.tables += tag == "table"
        self.captions += tag == "caption"
        if tag == "script":
            self.scripts.append(given)
        if tag in ("h1", "h2"):
            self.headings.append(tag)
        if tag == "html":
            self.language = given["lang"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_renders_and_obeys_the_policy(as_role, path, language):
    answer = as_role("admin", language).get(path)
    assert answer.status_code == 200
    page = Outline(answer.text)
    assert page.language == {"en": "en", "zh": "zh-Hans"}[language]
    assert page.headings.count("h1") == 1
    assert page.captions == page.tables
    assert page.styled == page.handlers == 0
    assert all(
        s.get("type") == "application/json" or s.get("src", "").startswith("/static/") for s in page.scripts
    )
    assert HOSTILE not in answer.text


@pytest.mark.parametrize("path", EMPTY_PAGES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_says_something_useful_while_nothing_is_there(empty_shelf, path, language):
    client = TestClient(create(empty_shelf), headers={"accept-language": language})
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)[1]
    client.post("/sign-in", data={"csrf": token, "name": "admin", "password": PASSWORD})
    answer = client.get(path)
    assert answer.status_code == 200
    assert "None" not in answer.text
    if path in ("/", "/people", "/plan", "/sources"):
        assert "oneshelf load completejourney" in answer.text


CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def test_answers_carry_headers_that_let_nothing_foreign_in(visitor, as_role):
    for answer in (
        visitor.get("/sign-in"),
        as_role("admin").get("/people"),
        visitor.get("/nowhere"),
        visitor.get("/static/oneshelf.css"),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    assert as_role("admin").get("/people/person-1").headers["cache-control"] == "no-store"


def test_plotly_is_loaded_only_where_there_is_a_chart(as_role):
    admin = as_role("admin")
    for path, charts in (
        ("/", False),
        ("/people", False),
        ("/plan", False),
        ("/people/person-1", True),
        ("/plan/green%20tea", True),
        ("/places/store-1", True),
        ("/heatmaps", True),
    ):
        assert ("plotly.min.js" in admin.get(path).text) is charts, path


@pytest.mark.parametrize("name", _STATIC)
def test_static_files_come_packed_and_stay_in_the_browser(visitor, name):
    answer = visitor.get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


def test_static_serves_nothing_else(visitor):
    for name in ("app.py", "..%2fapp.py", "oneshelf.css.bak"):
        assert visitor.get(f"/static/{name}").status_code == 404


MAY = {
    "analyst": {"/people", "/plan", "/offers", "/sources", "/system"},
    "marketer": {"/people", "/offers", "/sources"},
    "planner": {"/plan", "/sources"},
    "store": {"/people", "/offers"},
    "admin": {"/people", "/plan", "/offers", "/sources", "/system"},
}


@pytest.mark.parametrize("role", MAY)
def test_the_rail_shows_what_the_role_may_open_and_nothing_leads_to_a_refusal(as_role, role):
    client = as_role(role)
    home = client.get("/").text
    for path in MAY["admin"]:
        allowed = path in MAY[role]
        assert (f'href="{path}" data-key' in home) is allowed
        assert client.get(path).status_code == (200 if allowed else 403), (role, path)
    for link in set(re.findall(r'href="(/[a-z/]*)"', home)):
        assert client.get(link).status_code == 200, (role, link)


def test_who_plans_for_some_places_is_led_to_nothing_that_is_of_the_whole_shop(as_role):
    client = as_role("buyer")
    links = set(re.findall(r'href="(/[a-z/]*)"', client.get("/").text))
    assert "/plan" in links
    assert "/trends" not in links
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_a_refusal_says_what_to_do(as_role):
    answer = as_role("planner").get("/people/person-1")
    assert answer.status_code == 403
    assert "Ask an admin for another role" in answer.text
    assert as_role("store").get("/offers/new").status_code == 403


def test_only_those_who_may_send_see_the_button(as_role):
    assert 'href="/offers/new"' in as_role("marketer").get("/offers").text
    assert 'href="/offers/new"' not in as_role("analyst").get("/offers").text


def test_a_page_that_is_not_there_is_a_page(as_role, visitor):
    for client in (as_role("admin"), visitor):
        answer = client.get("/nowhere")
        assert answer.status_code == 404
        assert "There is no such page." in answer.text
    assert as_role("admin").get("/people/nobody").status_code == 404
    assert as_role("admin").get("/plan/nothing").status_code == 404
    assert as_role("admin").get("/offers/never").status_code == 404
    assert as_role("admin").delete("/people").status_code in (404, 405, 503)


def test_an_error_page_never_shows_what_broke(shelf, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("person-1 lives at 12 Elm Street")

    client = TestClient(create(shelf), headers={"accept-language": "en"}, raise_server_exceptions=False)
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in").text)[1]
    client.post("/sign-in", data={"csrf": token, "name": "admin", "password": PASSWORD})
    monkeypatch.setattr(shelf.people, "portrait", broken)
    answer = client.get("/people/person-1")
    assert answer.status_code == 500
    assert "Elm Street" not in answer.text
    assert "Try again" in answer.text


def test_looking_at_a_person_stands_in_the_access_log(as_role, shelf):
    as_role("analyst").get("/people/person-7")
    latest = shelf.staff.access_log(limit=5).items
    assert ("analyst", "person-7", True) in {(a.actor, a.person_id, a.allowed) for a in latest}
    page = as_role("admin").get("/system").text
    assert "person-7" in page
    assert "person-7" not in as_role("analyst").get("/system").text  # the log is not for everybody


def test_a_refused_look_stands_in_the_access_log_too(as_role, shelf):
    as_role("planner").get("/people/person-9")
    refused = shelf.staff.access_log(limit=3).items[0]
    assert (refused.actor, refused.person_id, refused.allowed) == ("planner", "person-9", False)


def test_a_person_shows_the_figures_that_the_shop_planned(as_role, shop):
    truth = shop.truth.people["person-1"]
    page = as_role("admin").get("/people/person-1").text
    spent = (truth.spend_minor - truth.refunded_minor) / 100
    assert f"CN¥{spent:,.2f}" in page
    assert f"<dd>{truth.orders}</dd>" in page


def test_people_are_listed_fifty_at_a_time_and_the_next_page_continues(as_role, shelf, monkeypatch):
    from oneshelf.console import people

    monkeypatch.setattr(people, "_LIST_LENGTH", 15)
    client, seen, path = as_role("admin"), [], "/people"
    while path:
        page = client.get(path).text
        seen += re.findall(r'<a class="id" href="/people/([^"]+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following and following[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 40


def test_search_finds_people_and_products_as_far_as_the_role_goes(as_role):
    assert "Green tea no. 1" in as_role("planner").get("/search?q=green").text
    assert "/people/person-1" in as_role("marketer").get("/search?q=person-1").text
    assert "/people/person-1" not in as_role("planner").get("/search?q=person-1").text


def test_the_plan_can_be_taken_away_as_csv(as_role):
    answer = as_role("planner").get("/plan.csv")
    lines = answer.text.splitlines()
    assert answer.headers["content-type"].startswith("text/csv")
    assert lines[0].startswith("for_day,place,product,action,supplier,quantity")
    assert len(lines) == 11  # ten product types
    assert as_role("store").get("/plan.csv").status_code == 403


def submit(client, page, to, **fields):
    """Send a form with the mark that one on a page carries."""
    token = CSRF.search(client.get(page).text)[1]
    return client.post(to, data={"csrf": token, **fields}, follow_redirects=False)


def test_a_plan_is_kept_changed_tried_otherwise_and_approved_with_its_orders_shown_first(as_role):
    planner, analyst = as_role("planner"), as_role("analyst")
    address = submit(planner, "/plan", "/plans/make").headers["location"]
    plan_id = address.partition("=")[2]
    assert "first show what leaves" in planner.get(address).text
    assert submit(analyst, "/plan", "/plans/make").status_code == 403
    line = {"id": plan_id, "product": "green tea", "quantity": "77"}
    assert submit(planner, address, "/plans/edit", **line, reason="").status_code == 422
    changed = submit(planner, address, "/plans/edit", **line, reason="street fair")
    assert "Changed: street fair" in planner.get(changed.headers["location"]).text
    assert "street fair" in planner.get(f"/plan/green%20tea?id={plan_id}").text
    tried = submit(planner, address, "/plans/try", name="rain", demand="50", limits="100")
    assert "a copy that is never approved" in planner.get(tried.headers["location"]).text
    shown = submit(planner, address, "/plans/approve", id=plan_id, step="try")
    assert "It cannot be called back" in shown.text
    assert submit(analyst, address, "/plans/approve", id=plan_id, step="send").status_code == 403
    sent = submit(planner, address, "/plans/approve", id=plan_id, step="send")
    assert "Purchase order" in planner.get(sent.headers["location"]).text
    assert planner.get(f"/plans/orders.csv?id={plan_id}").text.startswith("document,kind,supplier")
    assert "Approved by planner" in planner.get(address).text


def test_simulated_figures_say_so_and_others_do_not(as_role):
    admin = as_role("admin")
    assert 'class="simulated"' in admin.get("/people/person-1").text  # stock was counted by the simulator
    assert 'class="simulated"' not in admin.get("/plan").text  # sales were not


def test_the_wheel_writes_an_effect_as_an_estimate_in_the_readers_money(as_role, shelf):
    effect = shelf.offers.effect("first")
    station = as_role("admin").get("/").text.split("at-effect")[1].split("</li>")[0]
    if effect.sales.adjusted is None:
        assert "~" not in station
    else:
        assert f"{abs(effect.sales.adjusted.difference) / 100:,.2f}" in station
        assert ">~" in station
    assert " CNY" not in station
