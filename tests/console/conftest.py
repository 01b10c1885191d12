"""A real shelf behind the real console; for pages in a browser, behind a real server and a headless Chromium."""

import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

import msgspec
import pytest
import uvicorn
from starlette.testclient import TestClient

from oneshelf.app.arriving.loading import append_events
from oneshelf.app.build import open_shelf
from oneshelf.app.goods.trends.nightly import TrendNight
from oneshelf.app.settings import read_settings
from oneshelf.app.shelf import Shelf
from oneshelf.books import goods, places, trends
from oneshelf.books.trends import FlagRow, NightRow
from oneshelf.console import create
from oneshelf.errors import Problem
from oneshelf.events.catalogue import CampaignSpent
from oneshelf.events.envelope import Event
from oneshelf.insight.goods.trends.alarms import FalseAlarms
from oneshelf.insight.goods.trends.flag import Flag, Outcome
from oneshelf.insight.goods.trends.leads import LeadLag
from oneshelf.testing.doubles import known_twice
from oneshelf.testing.shelves import put_catalogue, put_events, put_nightly
from oneshelf.testing.shop import CURRENCY, LAST_DAY, NOW, Shop, small_shop
from oneshelf.words.people import Who
from oneshelf.words.places import FloorPlan, FloorZone

PASSWORD = "correct horse battery staple"
ROLES = ("admin", "analyst", "marketer", "planner", "store")
#: A name that would break a careless layout, and one that would run in a careless template.
LONG = "a-very-long-name-that-no-column-was-made-for@subdomain.of.an.example.organisation.example"
HOSTILE = "<script>alert(1)</script>"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@pytest.fixture(scope="session")
def shop() -> Shop:
    return small_shop()


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Iterator[Shelf]:
    """The small shop, a campaign that was sent, something that was refused, and one member of staff a role."""
    settings = read_settings(
        data=tmp_path_factory.mktemp("shop"), currency=CURRENCY, time_zone="Asia/Shanghai"
    )
    with open_shelf(settings) as shelf:
        fill(shelf, shop)
        yield shelf


@pytest.fixture(scope="session")
def empty_shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A shelf on which nothing has arrived."""
    with open_shelf(read_settings(data=tmp_path_factory.mktemp("empty"))) as shelf:
        shelf.staff.create("admin", PASSWORD, "admin")
        yield shelf


@pytest.fixture(scope="session")
def worth_shelf(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Iterator[Shelf]:
    """The small shop with a night, a kept backtest, an audience, money spent on a channel, and pairs that may be one person."""
    settings = read_settings(
        data=tmp_path_factory.mktemp("worth"), currency=CURRENCY, time_zone="Asia/Shanghai", clock=NOW
    )
    with open_shelf(settings) as shelf:
        put_catalogue(shelf, shop)
        spent = CampaignSpent(campaign_id="spring", amount_minor=90_000, currency=CURRENCY)
        at = NOW - timedelta(days=30)
        event = Event(id="spent", source="books", happened_at=at, who=Who(), channel="store", body=spent)
        put_events(shelf, [*shop.events, event, *known_twice()], now=NOW, batch=1_000)
        rows = [
            {"person_id": f"person-{n}" if n < 80 else HOSTILE, "frequency": n, "recency_days": n % 9, "customer_age_days": 90,
             "expected_spend_90_days_minor": 250 * n, "expected_orders_90_days": 2.5, "p_active": 0.05 if n % 3 == 0 else 0.95,
             "spend_last_364_days_minor": 900 * n, "monetary_minor": 900 * n, "simulated": n == 7}
            for n in range(1, 81)
        ]  # fmt: skip
        put_nightly(shelf, rows, day=LAST_DAY, now=NOW)
        shelf.catch_up()
        shelf.people.keep_backtest(horizon=20)
        shelf.audiences.save("loyal", "frequency >= 50")
        shelf.audiences.save("few", "frequency >= 75")
        shelf.matching.run(now=NOW)
        for role in ROLES:
            shelf.staff.create(role, PASSWORD, role, places=("store-1",) if role == "store" else ())
        yield shelf


def fill(shelf: Shelf, shop: Shop) -> None:
    """Put everything on a shelf that its pages can show."""
    shelf.core.database.writer.write(
        lambda c: (goods.upsert_products(c, shop.products), places.upsert_places(c, shop.places))
    )
    located = [
        msgspec.structs.replace(place, latitude=where[0], longitude=where[1])
        for place, where in zip(shop.places, ((31.24, 121.49), (31.22, 121.54), (52.52, 13.4)), strict=False)
    ]
    plan = FloorPlan(
        width_metres=24,
        depth_metres=12,
        zones=tuple(
            FloorZone(
                name=f"{category} {LONG}" if at == 1 else category,
                x_metres=8 * at, y_metres=0, width_metres=7, depth_metres=8, categories=(category,),
            )
            for at, category in enumerate(sorted({p.category for p in shop.products if p.category})[:3])
        ),
    )  # fmt: skip
    shelf.core.database.writer.write(
        lambda c: (places.upsert_places(c, located), places.set_floor(c, "store-1", plan, NOW))
    )
    at = datetime.combine(
        LAST_DAY, datetime.min.time(), tzinfo=shop.events[0].happened_at.tzinfo
    ) + timedelta(days=2)
    for source in {event.source for event in shop.events}:
        append_events(shelf.core, source, [event for event in shop.events if event.source == source], at)
    bad = Problem(
        at=3,
        field="currency",
        value="'RMB'",
        cause="is not a currency code.",
        remedy=f"Use CNY, not {HOSTILE}.",
    )
    shelf.reject("till-of-the-" + LONG, "oneshelf/1", [(bad, b"{}")], at)
    shelf.catch_up()
    shelf.offers.send("first", name=f"First {HOSTILE}", now=at)
    shelf.catch_up()
    shelf.goods.forecasts.run(boost=False)
    write_trends(shelf)
    for role in ROLES:
        shelf.staff.create(role, PASSWORD, role, places=("store-1",) if role == "store" else ())
    shelf.staff.create("buyer", PASSWORD, "planner", places=("store-1",))


#: The level of each flag below that is no product.
TREND_LEVELS = {"green tea": "type", HOSTILE: "topic", "a/b": "brand"}
CAUSES = ("demand", "season", "promotion", "promotion or demand")


def flag_of(rank: int, name: str, **given) -> Flag:
    fields = {
        "day": LAST_DAY, "signal": "purchases", "level": TREND_LEVELS.get(name, "product"), "name": name, "kind": "established",
        "certain": rank < 3, "rank": rank, "growth": 2.0, "low": 1.5, "high": 2.6, "p_value": 0.001, "chance": 0.6,
        "recent_people": 20.0, "base_people": 10.0, "cause": CAUSES[rank % 4], "promoted_recent": 3, "promoted_base": 0,
        "recent_weeks": 4, "base_weeks": 8, "season": 1.2, "growth_everywhere": 2.1, "category_growth": 1.1,
        "weeks": (4, 5, 20), "promoted": (False, False, True), "beside": {"searches": (1, 2, 9)}, "simulated": rank == 1,
    }  # fmt: skip
    return Flag(**(fields | given))


def write_trends(shelf: Shelf) -> None:
    """A night of flags, and one four weeks before it."""
    before = LAST_DAY - timedelta(days=28)
    lead = LeadLag(
        first="searches", second="purchases", lag_days=2, low_days=1, high_days=3, correlation=0.1, p_value=0.003,
        correlations=(), series=9, simulated=True,
    )  # fmt: skip
    unsure = msgspec.structs.replace(lead, first="views", p_value=0.4)
    after = msgspec.structs.replace(lead, first="mentions", lag_days=-2, low_days=-3, high_days=-1)
    report = TrendNight(
        day=LAST_DAY, series=100, certain=2, watched=50, rate=0.1, leads=(lead, unsure, after), learnt=1, measured=1,
        false_alarms=FalseAlarms(series=90, rounds=40, block=4, rate=0.1, rounds_with_any=0.05, flagged_share=0.0001),
    )  # fmt: skip
    names = ("green tea", HOSTILE, "a/b", *(f"product-{n}" for n in range(50)))
    rows = [FlagRow(flag=flag_of(rank, name), since=before) for rank, name in enumerate(names, 1)]
    rows[1] = FlagRow(
        flag=flag_of(2, HOSTILE, signal="searches", beside={}, season=None, category_growth=None, chance=None), since=LAST_DAY
    )  # fmt: skip
    went = Outcome(measured_on=LAST_DAY, went_on=True, growth=1.9, weeks=(9, 9, 9, 9))
    old = FlagRow(flag=flag_of(1, "green tea", day=before), since=before, outcome=went)

    def write(connection):
        for day, flags in ((before, [old]), (LAST_DAY, rows)):
            night = msgspec.structs.replace(report, day=day)
            kept = NightRow(day=day, made_at=NOW, report=msgspec.json.encode(night).decode())
            trends.put_night(connection, kept, flags)

    shelf.core.database.writer.write(write)


@pytest.fixture(scope="session")
def put_trends() -> Callable[[Shelf], None]:
    """Writes two nights of flags onto a shelf."""
    return write_trends


def sign_in(client: TestClient, name: str, password: str = PASSWORD, target: str = "/"):
    """Sign in as a browser would: read the form, send it with its token."""
    token = CSRF.search(client.get("/sign-in").text)[1]
    return client.post(
        "/sign-in",
        data={"csrf": token, "name": name, "password": password, "next": target},
        follow_redirects=False,
    )


def clients_of(shelf: Shelf) -> Callable[..., TestClient]:
    app, clients = create(shelf), {}

    def client(role: str, language: str = "en") -> TestClient:
        if (role, language) not in clients:
            made = TestClient(app, headers={"accept-language": language})
            assert sign_in(made, role).status_code == 303
            clients[role, language] = made
        return clients[role, language]

    return client


@pytest.fixture(scope="session")
def visiting() -> Callable[[Shelf], Callable[..., TestClient]]:
    """Signed-in clients of any shelf, by role and language; one a session each."""
    return clients_of


@pytest.fixture(scope="session")
def as_role(shelf: Shelf) -> Callable[..., TestClient]:
    """A signed-in client for a role; one a session."""
    return clients_of(shelf)


@pytest.fixture(scope="session")
def obeys_the_policy():
    """Check that a page rendered, is accessible in form, holds nothing that runs, and is in its reader's language throughout."""

    def check(answer, language: str) -> None:
        assert answer.status_code == 200
        assert answer.text.count("<h1") == 1
        assert answer.text.count("<caption") == answer.text.count("<table")
        assert not re.search(r"<[^>]+ (style|on\w+)=", answer.text)
        assert HOSTILE not in answer.text
        if language == "zh":
            main = re.sub(
                r"<(script|code).*?</\1>|<[^>]+>", "\n", answer.text.split("<main", 1)[1], flags=re.S
            )
            english = [
                line.strip() for line in main.splitlines() if re.search(r"\b(the|is|are|of|to)\b", line)
            ]
            assert english == []

    return check


@pytest.fixture
def visitor(shelf: Shelf) -> TestClient:
    """A client that nobody has signed in with."""
    return TestClient(create(shelf), headers={"accept-language": "en"})


@contextmanager
def serving(app) -> Iterator[str]:
    """Serve an application on a free port of this machine while the block runs."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False, lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(scope="session")
def console_url(shelf: Shelf) -> Iterator[str]:
    with serving(create(shelf)) as url:
        yield url


@pytest.fixture
def serve_console() -> Iterator[Callable[[Shelf], str]]:
    """Serve the console of any shelf while the test runs."""
    with ExitStack() as stack:
        yield lambda shelf: stack.enter_context(serving(create(shelf)))


@pytest.fixture(scope="session")
def empty_console_url(empty_shelf: Shelf) -> Iterator[str]:
    with serving(create(empty_shelf)) as url:
        yield url


@pytest.fixture(scope="session")
def chromium():
    """One headless Chromium for the session, with a profile of its own."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("service missing: chromium and chromedriver; install Debian's packages of these names")
    profile = tempfile.mkdtemp(prefix="oneshelf-browser-")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (
        "headless=new", "no-sandbox", "disable-gpu", "disable-background-networking", "disable-component-update",
        "disable-sync", "lang=en-US", f"user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options=options, service=Service(driver))
    running.set_script_timeout(30)
    yield running
    running.quit()
    shutil.rmtree(profile, ignore_errors=True)


@pytest.fixture
def browser(chromium):
    """The browser without cookies and without old messages, 1440 by 900."""
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.set_window_size(1440, 900)
    chromium.get_log("browser")
    return chromium


@pytest.fixture
def enter(browser):
    """Sign in to a console by keyboard alone, and wait for the home page: what follows must not cut the sign-in off."""
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    def sign_in_by_keyboard(url: str, name: str = "admin") -> None:
        wait = WebDriverWait(browser, 20)
        browser.get(f"{url}/sign-in")
        # autofocus comes with the first frame, which may be after the load event
        wait.until(lambda b: b.execute_script("return document.activeElement.name") == "name")
        ActionChains(browser).send_keys(name, Keys.TAB, PASSWORD, Keys.ENTER).perform()
        wait.until(lambda b: b.find_elements("css selector", ".wheel"))

    return sign_in_by_keyboard
