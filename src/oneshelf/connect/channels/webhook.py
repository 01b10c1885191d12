"""The webhook channel: each message is POSTed to one URL, signed as Standard Webhooks says.

Headers: `webhook-id` (the message's id, the same on every try: the receiver's idempotency key), `webhook-timestamp` (Unix
seconds) and `webhook-signature` (`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`).

The URL is set by an operator, never by a shopper or a message, so private addresses are allowed: an ERP in the same house is
the ordinary receiver. It must be http or https, must not hold a password, and redirects are not followed, so the far side
cannot point us at an address of its own choice.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

import httpx

from oneshelf.connect.ports import Delivery, Message
from oneshelf.errors import InvalidInput

_SECRET_PREFIX = "whsec_"  # noqa: S105  # the prefix of the standard, not a secret
#: Refusals that mean "later", not "never".
_LATER = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}


class WebhookChannel:
    """Sends to `url`. Trying again is the caller's; `timeout_seconds` bounds each try."""

    def __init__(
        self, url: str, secret: str, *, timeout_seconds: float = 10.0, name: str = "webhook"
    ) -> None:
        self.name = name
        self._url = _checked(url)
        self._key = _key(secret)
        self._client = httpx.Client(timeout=timeout_seconds, follow_redirects=False)

    def send(self, messages: Sequence[Message], *, now: datetime) -> list[Delivery]:
        """Try each once, in order. When the far side cannot be reached at all, the rest wait without being tried."""
        answers: list[Delivery] = []
        for position, message in enumerate(messages):
            try:
                answers.append(self._post(message, now))
            except httpx.TransportError as error:
                why = f"{self._url.host} cannot be reached ({type(error).__name__})."
                answers.extend(Delivery(id=waiting.id, error=why) for waiting in messages[position:])
                break
        return answers

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _post(self, message: Message, now: datetime) -> Delivery:
        stamp = str(int(now.timestamp()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(self._key, message.id, stamp, message.payload),
        }
        response = self._client.post(self._url, content=message.payload, headers=headers)
        if response.is_success:
            return Delivery(id=message.id)
        refused = response.status_code < 500 and response.status_code not in _LATER
        return Delivery(
            id=message.id, error=f"{self._url.host} answered {response.status_code}.", final=refused
        )


def signature(key: bytes, message_id: str, stamp: str, body: bytes) -> str:
    """The signature header's value for one message."""
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _checked(url: str) -> httpx.URL:
    remedy = (
        "Use http:// or https:// with a host and without user and password, such as https://erp.example/hook."
    )
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise InvalidInput.of("url", "(not shown)", "is not a URL.", remedy) from None
    if parsed.scheme in ("http", "https") and parsed.host and not parsed.userinfo:
        return parsed
    raise InvalidInput.of("url", f"{parsed.scheme}://{parsed.host}", "cannot be a webhook.", remedy)


def _key(secret: str) -> bytes:
    try:
        key = (
            base64.b64decode(secret[len(_SECRET_PREFIX) :], validate=True)
            if secret.startswith(_SECRET_PREFIX)
            else secret.encode()
        )
    except binascii.Error:
        key = b""
    if len(key) >= 16:
        return key
    raise InvalidInput.of(
        "secret",
        "(not shown)",
        "cannot sign.",
        "Use whsec_ and base64, or at least 16 characters, from a random source.",
    )
