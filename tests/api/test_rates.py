"""The token bucket, and what its header fields tell."""

from hypothesis import example, given
from hypothesis import strategies as st

from oneshelf.api.rates import Bucket, policy_field


def test_a_full_bucket_lets_its_quota_through_and_then_says_when_to_come_back():
    bucket = Bucket(3, now=0.0)
    assert [bucket.take(0.0).allowed for _ in range(4)] == [True, True, True, False]
    refused = bucket.take(0.0)
    assert dict(refused.fields) == {b"ratelimit": b'"requests";r=0;t=60', b"retry-after": b"20"}
    assert bucket.take(19.9).allowed is False
    assert bucket.take(20.0).allowed is True


def test_the_fields_are_those_of_the_draft():
    assert policy_field(600) == (b"ratelimit-policy", b'"requests";q=600;w=60')
    assert Bucket(600, now=0.0).take(0.0).fields == [(b"ratelimit", b'"requests";r=599;t=1')]


@example(1, [0.0, 4.4916923782171025])
@given(st.integers(1, 1000), st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_no_more_passes_than_the_bucket_and_its_refill(per_minute, waits):
    bucket, now, passed = Bucket(per_minute, now=0.0), 0.0, 0
    for wait in waits:
        now += wait
        verdict = bucket.take(now)
        passed += verdict.allowed
        assert passed <= per_minute + now * per_minute / 60 + 1e-3
        assert verdict.remaining >= 0
        if not verdict.allowed:
            assert Bucket.take(bucket, now + verdict.retry_in_seconds).allowed
            now += verdict.retry_in_seconds
            passed += 1
