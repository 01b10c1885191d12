"""Rate limits: a token bucket, and the header fields that tell of it (draft-ietf-httpapi-ratelimit-headers)."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

#: The window over which the quota is told.
WINDOW_SECONDS: Final = 60

_ROUNDING: Final = 1e-6


class Verdict(NamedTuple):
    """Whether a request may pass, and how the bucket stands after it. Times in whole seconds from now."""

    allowed: bool
    remaining: int
    full_in_seconds: int
    retry_in_seconds: int

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """The `RateLimit` header field, with `Retry-After` for who must wait."""
        told = [(b"ratelimit", b'"requests";r=%d;t=%d' % (self.remaining, self.full_in_seconds))]
        if not self.allowed:
            told.append((b"retry-after", b"%d" % self.retry_in_seconds))
        return told


class Bucket:
    """Holds at most `per_minute` tokens and gains as many a minute. Each request takes one."""

    def __init__(self, per_minute: int, now: float) -> None:
        self._capacity = per_minute
        self._per_second = per_minute / WINDOW_SECONDS
        self._tokens = float(per_minute)
        self._at = now

    def take(self, now: float) -> Verdict:
        """Take a token at `now`, in seconds of a clock that never goes back."""
        self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        # who waits exactly as long as they were told must not fail by a rounding error
        allowed = self._tokens >= 1 - _ROUNDING
        if allowed:
            self._tokens = max(0.0, self._tokens - 1)
        return Verdict(
            allowed=allowed,
            remaining=int(self._tokens),
            full_in_seconds=math.ceil((self._capacity - self._tokens) / self._per_second),
            retry_in_seconds=0 if allowed else max(1, math.ceil((1 - self._tokens) / self._per_second)),
        )


def policy_field(per_minute: int) -> tuple[bytes, bytes]:
    """The `RateLimit-Policy` header field."""
    return b"ratelimit-policy", b'"requests";q=%d;w=%d' % (per_minute, WINDOW_SECONDS)
