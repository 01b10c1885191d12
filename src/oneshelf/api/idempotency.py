"""Idempotency keys: a caller who does not know whether a request arrived may send it again.

Answers are kept in memory. That is enough, because what they protect is protected again below: a campaign's id can be sent once,
so that after a restart a repeat is a Conflict and never a second campaign.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, TypeVar

from oneshelf.errors import InvalidInput

T = TypeVar("T")

KEY_LENGTH_MAX: Final = 255

#: How many answers are kept, the oldest going first.
ANSWERS_MAX: Final = 1_000


class _Kept:
    """One key's request and, once it is known, its answer. The lock lets a repeat wait for the first."""

    def __init__(self, digest: bytes) -> None:
        self.digest = digest
        self.lock = threading.Lock()
        self.answer: Any = None


class Answers:
    """The answers that were given, by who asked and with which key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    def once(self, key: tuple[str, str], body: bytes, work: Callable[[], T]) -> T:
        """Do the work for the first request with a key; give a repeat the same answer. An error is no answer: it may be retried.

        Raises InvalidInput when the key was used for another body.
        """
        digest = hashlib.sha256(body).digest()
        with self._lock:
            kept = self._kept.setdefault(key, _Kept(digest))
            self._kept.move_to_end(key)
            while len(self._kept) > ANSWERS_MAX:
                self._kept.popitem(last=False)
        if kept.digest != digest:
            raise InvalidInput.of(
                "Idempotency-Key",
                key[1],
                "was used for another request.",
                "Make a new key for a new request.",
            )
        with kept.lock:
            if kept.answer is None:
                kept.answer = self._work(key, work)
            answer: T = kept.answer
            return answer

    def _work(self, key: tuple[str, str], work: Callable[[], T]) -> T:
        done = False
        try:
            answer = work()
            done = True
            return answer
        finally:
            if not done:
                with self._lock:
                    self._kept.pop(key, None)
