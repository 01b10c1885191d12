"""Unmodified SDKs, with one URL changed: every kind of call, in the journal exactly once."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import rudderstack.analytics as rudder
import segment.analytics as segment

NODE = Path(__file__).parent / "node"
AT = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
ORDER = {
    "order_id": "o-1",
    "currency": "EUR",
    "products": [{"product_id": "p-1", "price": 19.99, "quantity": 3}],
}
KINDS = {
    "m-track": "order.completed",
    "m-identify": "person.identified",
    "m-page": "page.viewed",
    "m-screen": "screen.viewed",
    "m-group": "person.grouped",
    "m-alias": "person.aliased",
}


def call_everything(client):
    common = {"timestamp": AT}
    client.track("u-1", "Order Completed", ORDER, message_id="m-track", **common)
    client.identify("u-1", {"city": "杭州"}, message_id="m-identify", **common)
    client.page("u-1", name="Home", properties={"url": "/"}, message_id="m-page", **common)
    client.screen("u-1", name="Home", message_id="m-screen", **common)
    client.group("u-1", "g-1", {"size": 2}, message_id="m-group", **common)
    client.alias("old-1", "u-1", message_id="m-alias", **common)
    client.track(anonymous_id="a-1", event="Song Played", message_id="m-song", **common)
    client.flush()
    client.join()


def check_everything(events):
    by_id = {event.id: event for event in events}
    assert len(events) == len(by_id) == 7
    assert {event_id: by_id[event_id].kind for event_id in KINDS} == KINDS
    assert by_id["m-track"].body.amount_minor == 5997
    assert by_id["m-identify"].body.traits == {"city": "杭州"}
    assert by_id["m-alias"].body.previous_id == "old-1"
    assert by_id["m-song"].who.anonymous_id == "a-1"
    assert {event.happened_at for event in events} == {AT}


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("sdk", [segment, rudder], ids=["segment-analytics-python", "rudder-sdk-python"])
def test_a_python_sdk_works_by_changing_its_url(server, shelf, journalled, sdk, gzip):
    source = f"{sdk.__name__}-{gzip}"
    failures = []
    client = sdk.Client(
        shelf.staff.write_key(source),
        host=server,
        gzip=gzip,
        on_error=lambda error, _: failures.append(error),
        max_retries=0,
    )
    call_everything(client)
    assert failures == []
    check_everything(journalled(source))


@pytest.mark.parametrize("sdk", [segment, rudder], ids=["segment-analytics-python", "rudder-sdk-python"])
def test_a_python_sdk_hears_why_it_was_refused_and_does_not_try_again(server, sdk):
    failures = []
    client = sdk.Client("wrong", host=server, on_error=lambda error, _: failures.append(error), max_retries=3)
    client.track("u-1", "Song Played")
    client.flush()
    client.join()
    (failure,) = failures
    assert (failure.status, failure.code) == (401, "unknown_write_key")
    assert "write key" in failure.message


@pytest.fixture(scope="module")
def node_folder() -> Path:
    """The folder in which the npm SDK is installed, kept between runs for as long as its lock stays the same."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("service missing: node and npm; install Node.js 20 or later")
    lock = (NODE / "package-lock.json").read_bytes()
    cache = (
        Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "oneshelf-tests" / "analytics-node"
    )
    if not (cache / "installed").exists() or (cache / "installed").read_bytes() != lock:
        cache.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(NODE / name, cache / name)
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=cache,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"service missing: the npm registry ({done.stderr.strip().splitlines()[-1:]})")
        (cache / "installed").write_bytes(lock)
    shutil.copy(NODE / "send.cjs", cache / "send.cjs")
    return cache


def test_the_node_sdk_works_by_changing_its_url(server, shelf, journalled, node_folder):
    arguments = {
        "host": server,
        "writeKey": shelf.staff.write_key("node"),
        "order": ORDER,
        "at": AT.isoformat(),
    }
    done = subprocess.run(
        ["node", "send.cjs", json.dumps(arguments)],
        cwd=node_folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    check_everything(journalled("node"))
