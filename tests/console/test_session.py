"""Coming in: sign-in, sessions, forms, and patience with wrong passwords."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from oneshelf.app.build import open_shelf
from oneshelf.app.settings import read_settings
from oneshelf.console import create
from oneshelf.console.session import Patience, local_path

NOW = datetime(2026, 5, 2, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


def token_of(page) -> str:
    return page.text.split('name="csrf" value="')[1].split('"')[0]


def send_sign_in(client, name, password=PASSWORD, target="/", csrf=None):
    csrf = csrf or token_of(client.get("/sign-in"))
    data = {"csrf": csrf, "name": name, "password": password, "next": target}
    return client.post("/sign-in", data=data, follow_redirects=False)


def test_whoever_is_not_signed_in_is_sent_to_the_door_and_back(visitor):
    answer = visitor.get("/plan?q=tea", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/plan%3Fq%3Dtea"
    back = send_sign_in(visitor, "planner", target="/plan?q=tea")
    assert back.headers["location"] == "/plan?q=tea"
    assert visitor.get("/plan?q=tea", follow_redirects=False).status_code == 200


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(visitor):
    cookie = send_sign_in(visitor, "admin").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie  # this shelf is not reached over https


def test_cookies_are_secure_when_the_console_is_reached_over_https(tmp_path):
    with open_shelf(read_settings(data=tmp_path, public_url="https://shelf.example")) as shelf:
        shelf.staff.create("admin", PASSWORD, "admin")
        client = TestClient(create(shelf), base_url="https://shelf.example")
        assert "Secure" in client.get("/sign-in").headers["set-cookie"]
        assert "Secure" in send_sign_in(client, "admin").headers["set-cookie"]


@pytest.mark.parametrize(
    ("name", "password"), [("admin", "wrong"), ("nobody", PASSWORD), ("admin", ""), ("", "")]
)
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(visitor, name, password):
    answer = send_sign_in(visitor, name, password)
    assert answer.status_code == 401
    assert "The name or the password is not right." in answer.text
    assert "oneshelf_session" not in answer.headers.get("set-cookie", "")


def test_a_form_without_its_token_is_refused(visitor, as_role):
    visitor.get("/sign-in")
    assert send_sign_in(visitor, "admin", csrf="made-up").status_code == 403
    admin = as_role("admin")
    for path in ("/sign-out", "/preferences", "/offers/new", "/sources/replay"):
        assert admin.post(path, data={}, follow_redirects=False).status_code == 403, path
        assert admin.post(path, data={"csrf": "made-up"}, follow_redirects=False).status_code == 403, path
    assert admin.get("/", follow_redirects=False).status_code == 200  # still signed in


def test_a_token_of_one_session_does_not_open_another(as_role):
    foreign = token_of(as_role("planner").get("/"))
    assert (
        as_role("marketer").post("/preferences", data={"csrf": foreign, "theme": "dark"}).status_code == 403
    )


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(visitor):
    send_sign_in(visitor, "store")
    kept = visitor.cookies["oneshelf_session"]
    visitor.post("/sign-out", data={"csrf": token_of(visitor.get("/"))})
    visitor.cookies.set("oneshelf_session", kept)
    assert visitor.get("/", follow_redirects=False).headers["location"] == "/sign-in"


def test_after_five_wrong_passwords_even_the_right_one_waits(visitor):
    for _ in range(5):
        assert send_sign_in(visitor, "analyst", "wrong").status_code == 401
    answer = send_sign_in(visitor, "analyst")
    assert answer.status_code == 429
    assert "Wait 15 minutes" in answer.text
    assert send_sign_in(visitor, "planner").status_code == 303  # others are not locked out with them


def test_patience_is_per_name_and_address_and_returns_after_a_quarter_of_an_hour():
    patience = Patience()
    for _ in range(5):
        patience.failed("ada", "10.0.0.1", NOW)
    assert patience.wait("ada", "10.0.0.1", NOW) == timedelta(minutes=15)
    assert patience.wait("ada", "10.0.0.2", NOW) is None
    assert patience.wait("bob", "10.0.0.1", NOW) is None
    assert patience.wait("ada", "10.0.0.1", NOW + timedelta(minutes=15)) is None


def test_an_address_that_tries_many_names_waits_for_all_of_them():
    patience = Patience()
    for number in range(25):
        patience.failed(f"name-{number}", "10.0.0.1", NOW)
    assert patience.wait("name-99", "10.0.0.1", NOW) is not None
    assert patience.wait("name-99", "10.0.0.2", NOW) is None


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "evil",
        "",
        None,
        "/\t/evil.example",
        "javascript:1",
    ],
)
def test_no_path_leads_out_of_the_console(path):
    assert local_path(path) == "/"


@given(st.text(max_size=40))
def test_a_path_to_return_to_always_stays_here(path):
    target = local_path(path)
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))
