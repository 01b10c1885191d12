"""The border: a body is judged whole, and goes into the journal without being re-encoded."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.events import codecs
from oneshelf.events.segment import SEGMENT, receive, split
from oneshelf.events.segment.intake import Limits, without_key, write_key_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMITS = Limits(batch_bytes_max=500_000, event_bytes_max=1_000)
GOOD = {"type": "page", "userId": "u", "messageId": "m"}


def take(body, call=None):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return receive(data, call, currency="EUR", limits=LIMITS)


def test_a_batch_is_kept_byte_by_byte_without_its_key():
    odd = (
        b'{ "type":"page",  "userId":"u","messageId":"m", "properties":{"price": 1.10, "\\u0061":"\\u00e9"} }'
    )
    received = take(
        b'{"batch": [ %b , %b ], "sentAt":"2026-11-24T11:00:00Z","writeKey":"secret","integrations":{}}'
        % (odd, odd)
    )
    assert received.messages == 2
    assert received.data.count(odd) == 2
    assert b"secret" not in received.data
    assert json.loads(received.data)["sentAt"] == "2026-11-24T11:00:00Z"
    assert len(codecs.decode(SEGMENT, received.data, "web", NOW)) == 2


def test_a_single_call_gets_its_type_from_the_path_and_the_shops_currency():
    received = take({"userId": "u", "event": "Order Completed", "properties": {"total": 5}}, "track")
    (event,) = codecs.decode(SEGMENT, received.data, "web", NOW)
    assert (event.kind, event.body.currency) == ("order.completed", "EUR")


def test_every_error_of_a_batch_is_told_at_once_and_its_good_messages_are_kept_too():
    received = take(
        {
            "batch": [
                GOOD,
                {},
                {**GOOD, "userId": None},
                {"type": "track", "userId": "u"},
                7,
                {**GOOD, "x": "y" * 1000},
            ]
        }
    )
    assert [(one.problem.at, one.problem.field) for one in received.refused] == [
        (0, "batch"),
        (1, "type"),
        (2, "userId"),
        (3, "event"),
        (4, "event"),
        (5, "event"),
    ]
    assert received.data == b""
    (kept,) = codecs.decode(SEGMENT, received.refused[0].data, "web", NOW)
    assert kept.id == "m"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"batch":{}}',
        b'{"batch":[],"sentAt":5}',
        b'{"batch":[],"context":"x"}',
        b'{"batch":' + b"[" * 90_000,
    ],
)
def test_a_body_that_is_no_batch_is_refused_with_its_bytes(body):
    received = take(body)
    assert [(one.problem.field, one.data) for one in received.refused] == [("batch", body)]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"userId":"u"} x', b"\xff"])
def test_a_single_body_that_is_no_message_is_refused(body):
    assert take(body, "page").refused


@given(
    st.lists(
        st.sampled_from(
            [GOOD, {"type": "page"}, {**GOOD, "userId": 5}, None, {**GOOD, "event": "x", "type": "track"}]
        )
    )
)
def test_what_the_border_lets_in_is_what_the_codec_can_read(messages):
    received = take({"batch": messages})
    readable = [
        not isinstance(one, codecs.Problem)
        for one in codecs.decode(SEGMENT, json.dumps({"batch": messages}).encode(), "web", NOW)
    ]
    assert (received.refused == ()) == all(readable)
    if received.refused:
        assert [one.problem.field == "batch" for one in received.refused] == readable


def test_a_write_key_is_read_from_the_body_and_blanked_in_it():
    body = b'{"type":"page","userId":"u","writeKey":"k-1"}'
    assert write_key_of(body) == "k-1"
    assert write_key_of(b"{") is None
    assert write_key_of(b'{"writeKey":5}') is None
    assert without_key(body, "k-1") == b'{"type":"page","userId":"u","writeKey":""}'


def test_a_refused_message_can_be_read_again_with_all_that_its_envelope_said():
    (refused,) = take({"event": "Order Completed", "properties": {"total": 5}}, "track").refused
    corrected = refused.data.replace(b'"event"', b'"userId":"u","event"')
    (event,) = codecs.decode(SEGMENT, corrected, "web", NOW)
    assert (event.kind, event.body.currency) == ("order.completed", "EUR")


def test_a_batch_is_taken_apart_into_batches_that_say_the_same():
    order = {
        "type": "track",
        "event": "Order Completed",
        "userId": "u",
        "properties": {"total": 5},
        "messageId": "1",
    }
    skewed = {"type": "page", "userId": "u", "originalTimestamp": "2026-01-01T00:00:00Z", "messageId": "2"}
    data = take(
        {"batch": [order, skewed], "sentAt": "2026-01-01T01:00:00Z", "context": {"store_id": "s"}}
    ).data
    apart = [codecs.decode(SEGMENT, one, "web", NOW) for one in split(data)]
    assert [event for (event,) in apart] == codecs.decode(SEGMENT, data, "web", NOW)
    assert split(b"{") == [b"{"]
