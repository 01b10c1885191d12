"""Tracking over HTTP: limits and answers as in the Segment spec, errors all at once, nothing lost, nothing counted twice."""

import asyncio
import base64
import gzip
import json
import zlib
from datetime import UTC, datetime

import httpx
import pytest
from starlette.testclient import TestClient

from oneshelf.api import create
from oneshelf.api.tracking import Tracking
from oneshelf.app.build import open_shelf
from oneshelf.app.settings import read_settings
from oneshelf.errors import Unavailable
from oneshelf.events.segment import CALLS

PAGE = {"type": "page", "userId": "u-1", "messageId": "m-1"}


@pytest.fixture(scope="module")
def web(shelf):
    with TestClient(create(shelf)) as client:
        yield client


@pytest.fixture
def source(request):
    return request.node.name[:90]


@pytest.fixture
def key(shelf, source):
    return shelf.staff.write_key(source)


def basic(key):
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def send(web, key, path, body, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return web.post(path, content=content, headers={**basic(key), **headers})


REQUIRED = {
    "track": {"event": "Product Viewed", "properties": {"product_id": "p"}},
    "group": {"groupId": "g"},
    "alias": {"previousId": "old"},
}


@pytest.mark.parametrize("call", CALLS)
def test_a_single_call_is_in_the_journal_when_it_is_answered(web, key, source, journalled, call):
    answer = send(web, key, f"/v1/{call}", {"userId": "u-1", "messageId": "m-1", **REQUIRED.get(call, {})})
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    (event,) = journalled(source)
    assert (event.id, event.source, event.who.user_id) == ("m-1", source, "u-1")


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/v1/b"])
def test_a_batch_is_one_row_of_the_journal(web, key, source, shelf, journalled, path):
    head = shelf.core.journal.head()
    assert (
        send(web, key, path, {"batch": [{**PAGE, "messageId": f"m-{at}"} for at in range(100)]}).status_code
        == 200
    )
    assert shelf.core.journal.head() == head + 1
    assert [event.id for event in journalled(source)] == [f"m-{at}" for at in range(100)]


def test_an_empty_batch_is_a_success_without_a_row(web, key, source, journalled):
    assert send(web, key, "/v1/batch", {"batch": []}).json() == {"success": True}
    assert journalled(source) == []


def test_a_browser_sends_its_key_in_the_body_and_text_plain(web, key, source, journalled, shelf):
    body = {**PAGE, "writeKey": key, "sentAt": "2026-11-24T00:00:00Z"}
    answer = web.post(
        "/v1/p",
        content=json.dumps(body),
        headers={"Content-Type": "text/plain", "Origin": "https://shop.example"},
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert [event.kind for event in journalled(source)] == ["page.viewed"]
    assert not any(key.encode() in row.data for row in shelf.core.journal.read(0))


def test_a_browser_may_ask_before_it_sends(web):
    answer = web.options(
        "/v1/track", headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 204
    assert "authorization" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize(
    "headers", [{}, basic("wrong"), {"Authorization": "Basic ???"}, {"Authorization": "Bearer x"}, basic("")]
)
def test_an_unknown_key_is_not_let_in(web, shelf, headers):
    head = shelf.core.journal.head()
    answer = web.post("/v1/track", json=PAGE, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unknown_write_key"
    assert shelf.core.journal.head() == head


def test_gzip_is_understood(web, key, source, journalled):
    body = gzip.compress(json.dumps({"batch": [PAGE]}).encode())
    assert send(web, key, "/v1/batch", body, **{"Content-Encoding": "gzip"}).status_code == 200
    assert len(journalled(source)) == 1


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (gzip.compress(b"0" * 50_000_000), "gzip", 400, "too_large"),
        (b"not gzip", "gzip", 400, "malformed_gzip"),
        (gzip.compress(b"{}")[:-4], "gzip", 400, "malformed_gzip"),
        (gzip.compress(b"{}") + b"more", "gzip", 400, "malformed_gzip"),
        (zlib.compress(b"{}"), "deflate", 415, "unsupported_encoding"),
    ],
    ids=["bomb", "plain", "cut", "trailing", "deflate"],
)
def test_a_hostile_encoding_is_refused_without_unpacking_it(
    web, key, source, journalled, body, encoding, status, code
):
    answer = send(web, key, "/v1/batch", body, **{"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert journalled(source) == []


def padded(size):
    """A page call of exactly `size` bytes."""
    empty = len(json.dumps({**PAGE, "name": ""}))
    return {**PAGE, "name": "x" * (size - empty)}


def test_sizes_are_limited_as_the_settings_say(web, key, source, journalled, shelf):
    most = shelf.settings.event_bytes_max
    assert send(web, key, "/v1/page", padded(most)).status_code == 200
    assert send(web, key, "/v1/batch", {"batch": [padded(most)]}).status_code == 200
    assert send(web, key, "/v1/page", padded(most + 1)).json()["code"] == "too_large"
    (problem,) = send(web, key, "/v1/batch", {"batch": [PAGE, padded(most + 1)]}).json()["problems"]
    assert (problem["at"], problem["field"]) == (1, "event")
    huge = json.dumps({"batch": [PAGE]}).encode() + b" " * shelf.settings.batch_bytes_max
    answer = send(web, key, "/v1/batch", huge)
    assert (answer.status_code, answer.json()["code"]) == (400, "too_large")
    assert len(journalled(source)) == 2


def test_every_error_of_a_batch_is_told_at_once_and_nothing_is_lost(web, key, source, journalled, shelf):
    batch = [{**PAGE, "messageId": "good"}, {}, {"type": "page"}, {"type": "track", "userId": "u"}, 7]
    answer = send(web, key, "/v1/batch", {"batch": batch})
    problem = answer.json()
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(one["at"], one["field"]) for one in problem["problems"]] == [
        (1, "type"),
        (2, "userId"),
        (3, "event"),
        (4, "event"),
    ]
    assert all(one["remedy"] for one in problem["problems"])
    assert problem["message"] == problem["detail"]
    assert journalled(source) == []
    rejects = [reject for reject in shelf.sources.rejects(limit=200).items if reject.source == source]
    assert sorted(reject.at for reject in rejects) == [0, 1, 2, 3, 4]
    # what was good in it can be had by replaying, and the sender's own second try does not double it
    (good,) = [reject.id for reject in rejects if reject.at == 0]
    assert shelf.sources.replay([good]).replayed == 1
    assert [event.id for event in journalled(source)] == ["good"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"batch":' + b"[" * 30_000])
def test_malformed_json_is_refused_and_kept(web, key, source, shelf, body):
    answer = send(web, key, "/v1/batch", body)
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["field"] == "batch"
    assert [reject.source for reject in shelf.sources.rejects(limit=200).items].count(source) == 1


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
def test_only_post_is_taken(web, path):
    answer = web.get(path)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_quota_is_told_and_kept_and_comes_back(tmp_path):
    with open_shelf(read_settings(data=tmp_path, rate_per_minute=2)) as shelf:
        clock = [0.0]
        tracking = Tracking(shelf, clock=lambda: clock[0])
        one, other = (shelf.staff.write_key(name) for name in ("one", "other"))

        async def post(key):
            sent = []

            async def send_(message):
                sent.append(message)

            async def receive():
                return {"type": "http.request", "body": json.dumps(PAGE).encode()}

            scope = {
                "type": "http",
                "method": "POST",
                "path": "/v1/page",
                "headers": [(name.lower().encode(), value.encode()) for name, value in basic(key).items()],
            }
            (endpoint,) = [route.app for route in tracking.routes() if route.path == "/v1/page"]
            await endpoint(scope, receive, send_)
            return sent[0]["status"], dict(sent[0]["headers"])

        async def story():
            status, fields = await post(one)
            assert (status, fields[b"ratelimit-policy"], fields[b"ratelimit"]) == (
                200,
                b'"requests";q=2;w=60',
                b'"requests";r=1;t=30',
            )
            assert (await post(one))[0] == 200
            status, fields = await post(one)
            assert (status, fields[b"retry-after"]) == (429, b"30")
            assert (await post(other))[0] == 200
            clock[0] = 30.0
            assert (await post(one))[0] == 200

        asyncio.run(story())


def test_a_revoked_or_changed_key_is_looked_up_again_after_some_seconds(shelf, key, source):
    clock, asked = [0.0], []

    class Staff:
        def source_of(self, given):
            asked.append(given)
            return source if len(asked) < 3 else None

    class Stub:
        settings = shelf.settings
        track = shelf.track
        staff = Staff()

    tracking = Tracking(Stub(), clock=lambda: clock[0])

    async def story():
        for seconds in (0, 9, 11, 12):
            clock[0] = seconds
            assert (await tracking._client(key)).source == source
        clock[0] = 30
        with pytest.raises(Exception, match="not known here"):
            await tracking._client(key)

    asyncio.run(story())
    assert asked == [key] * 3


def test_a_sender_is_asked_to_come_back_when_the_books_cannot_take_more(shelf, key):
    async def full(*_):
        raise Unavailable("More waits than the books can take.", "Retry.")

    with TestClient(create(shelf, sink=full)) as web:
        answer = send(web, key, "/v1/page", PAGE)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


def test_a_sink_takes_the_place_of_the_journal(shelf, key, source, journalled):
    taken = []

    async def sink(*batch):
        taken.append(batch)
        return 0

    with TestClient(create(shelf, sink=sink)) as web:
        assert send(web, key, "/v1/batch", {"batch": [PAGE, PAGE]}).status_code == 200
    ((source_, codec, _, count, at),) = taken
    assert (source_, codec, count) == (source, "segment/1", 2)
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60
    assert journalled(source) == []


def test_many_senders_at_once_lose_and_double_nothing(server, shelf, journalled):
    key = shelf.staff.write_key("many")

    async def story():
        async with httpx.AsyncClient(base_url=server, headers=basic(key), timeout=30) as web:
            bodies = [
                {"batch": [{**PAGE, "messageId": f"{sender}-{at}"} for at in range(20)]}
                for sender in range(40)
            ]
            return await asyncio.gather(*(web.post("/v1/batch", json=body) for body in bodies))

    answers = asyncio.run(story())
    assert {answer.status_code for answer in answers} == {200}
    ids = [event.id for event in journalled("many")]
    assert len(ids) == len(set(ids)) == 800


def test_a_body_without_a_length_is_still_limited(server, shelf):
    key = shelf.staff.write_key("chunked")

    def chunks():
        for _ in range(100):
            yield b" " * 10_000

    answer = httpx.post(f"{server}/v1/batch", content=chunks(), headers=basic(key))
    assert (answer.status_code, answer.json()["code"]) == (400, "too_large")
