"""The file and webhook channels against a real folder and a real server."""

import base64
import hashlib
import hmac
import json
import multiprocessing
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from oneshelf.connect.channels.file import FileChannel
from oneshelf.connect.channels.webhook import WebhookChannel
from oneshelf.connect.ports import Channel, Delivery, Message
from oneshelf.errors import InvalidInput

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def message(number, payload=b'{"offer": 1}'):
    return Message(id=f"message-{number}", payload=payload)


def lines(channel):
    return [json.loads(line) for line in channel.path.read_text().splitlines()]


def test_a_message_lies_in_the_file_once_whatever_the_tries(tmp_path):
    channel = FileChannel(tmp_path / "outgoing")
    assert isinstance(channel, Channel)
    assert channel.send([message(1), message(2), message(1)], now=NOW) == [
        Delivery(id="message-1"),
        Delivery(id="message-2"),
        Delivery(id="message-1"),
    ]
    again = FileChannel(tmp_path / "outgoing")  # as after a restart
    again.send([message(2), message(3, b'{\n  "offer": [1,\n 2]}')], now=NOW)
    assert [line["id"] for line in lines(channel)] == ["message-1", "message-2", "message-3"]
    assert lines(channel)[2]["payload"] == {"offer": [1, 2]}


def test_a_line_torn_by_a_crash_is_cut_off_and_sent_again(tmp_path):
    channel = FileChannel(tmp_path)
    channel.send([message(1), message(2)], now=NOW)
    whole = channel.path.read_bytes()
    channel.path.write_bytes(whole[:-7])
    FileChannel(tmp_path).send([message(2), message(3)], now=NOW)
    assert [line["id"] for line in lines(channel)] == ["message-1", "message-2", "message-3"]


def test_a_payload_that_is_no_json_is_refused_for_good_and_the_others_go_out(tmp_path):
    channel = FileChannel(tmp_path)
    answers = channel.send([message(1, b"{"), message(2)], now=NOW)
    assert [(answer.error is None, answer.final) for answer in answers] == [(False, True), (True, False)]
    assert [line["id"] for line in lines(channel)] == ["message-2"]


def test_a_folder_that_cannot_be_written_is_an_error_of_every_message(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    answers = FileChannel(tmp_path / "file").send([message(1)], now=NOW)
    assert "cannot be written" in answers[0].error
    assert not answers[0].final


def _send_fifty(folder, ready):
    ready.wait()
    channel = FileChannel(folder)
    for number in range(50):
        channel.send([message(number)], now=NOW)


def test_two_processes_with_the_same_messages_write_each_once(tmp_path):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    writers = [context.Process(target=_send_fifty, args=(tmp_path, ready)) for _ in range(2)]
    for writer in writers:
        writer.start()
    ready.set()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert sorted(line["id"] for line in lines(FileChannel(tmp_path))) == sorted(
        f"message-{n}" for n in range(50)
    )


class Receiver(HTTPServer):
    """A far side that keeps what it got and answers what it is told to."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got = []
        self.answers = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("location", self.server.url + "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def receiver():
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def webhook(receiver):
    channel = WebhookChannel(receiver.url, SECRET, timeout_seconds=2)
    yield channel
    channel.close()


def test_a_receiver_can_check_who_sent_it(receiver, webhook):
    assert isinstance(webhook, Channel)
    assert webhook.send([message(1)], now=NOW) == [Delivery(id="message-1")]
    headers, body = receiver.got[0]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"message-1.{int(NOW.timestamp())}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == "message-1"
    assert json.loads(body) == {"offer": 1}


def test_a_second_try_carries_the_same_id(receiver, webhook):
    receiver.answers = [503]
    failed = webhook.send([message(1)], now=NOW)
    assert failed == [Delivery(id="message-1", error="127.0.0.1 answered 503.")]
    assert webhook.send([message(1)], now=NOW) == [Delivery(id="message-1")]
    assert [headers["webhook-id"] for headers, _ in receiver.got] == ["message-1", "message-1"]


@pytest.mark.parametrize(
    ("status", "final"), [(400, True), (410, True), (429, False), (408, False), (500, False), (302, True)]
)
def test_refusals_say_whether_trying_again_is_useless(receiver, webhook, status, final):
    receiver.answers = [status]
    answers = webhook.send([message(1), message(2)], now=NOW)
    assert answers[0] == Delivery(id="message-1", error=f"127.0.0.1 answered {status}.", final=final)
    assert answers[1] == Delivery(id="message-2")
    assert len(receiver.got) == 2  # a redirect is not followed


def test_when_nobody_is_there_the_rest_wait_untried():
    closed = Receiver()
    closed.server_close()
    answers = WebhookChannel(closed.url, SECRET).send([message(1), message(2)], now=NOW)
    assert [answer.error for answer in answers] == ["127.0.0.1 cannot be reached (ConnectError)."] * 2
    assert not any(answer.final for answer in answers)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://erp.example/x",
        "file:///etc/passwd",
        "https://user:pass@erp.example/",
        "https://",
        "http://[::1",
    ],
)
def test_a_url_that_cannot_be_a_webhook_is_refused_without_showing_its_password(url):
    with pytest.raises(InvalidInput) as refusal:
        WebhookChannel(url, SECRET)
    assert "pass@" not in str(refusal.value)


@pytest.mark.parametrize("secret", ["", "short", "whsec_not base64"])
def test_a_secret_that_cannot_sign_is_refused_and_not_shown(secret):
    with pytest.raises(InvalidInput) as refusal:
        WebhookChannel("https://erp.example/hook", secret)
    assert secret == "" or secret not in str(refusal.value)
