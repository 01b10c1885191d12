"""The pages in a real browser: no error, no key that leads nowhere, no sideways scrolling, nothing that shuts people out."""

import time
from pathlib import Path

import axe_core_python
import pytest

PAGES = (
    "/", "/people", "/people/person-1", "/people/person-1/identity", "/plan", "/plan/green%20tea", "/forecast", "/forecast/green%20tea?level=type", "/trends", "/trends/type/green%20tea", "/offers", "/offers/first", "/offers/new",
    "/catalogue", "/catalogue/product-1", "/stock", "/stock/store-1", "/stock/moves?place=store-1&product=product-1", "/places", "/places/store-1", "/heatmaps", "/heatmaps?measure=visits&rows=weekday&columns=channel", "/sources", "/system", "/search?q=tea",
)  # fmt: skip
EMPTY_PAGES = (
    "/",
    "/people",
    "/people/candidates",
    "/value",
    "/plan",
    "/forecast",
    "/trends",
    "/offers",
    "/places",
    "/heatmaps",
    "/sources",
    "/system",
)
#: Pages that need a night of portraits, an audience or doubles.
WORTH_PAGES = (
    "/value?audience=loyal",
    "/people/candidates",
    "/audiences",
    "/audiences/saved/loyal",
    "/tiers?from=2026-04-30&to=2026-05-01",
    "/heatmaps?measure=orders&rows=weekday&columns=audience&audience=loyal",
)
UNDRAWN = "return document.querySelectorAll('[data-chart]:not(:has(.main-svg))').length"
CHARTS = {
    "/people/person-1": 2,
    "/plan/green%20tea": 1,
    "/forecast/green%20tea?level=type": 1,
    "/places": 1,
    "/places/store-1": 1,
    "/heatmaps": 1,
}
AXE = Path(axe_core_python.__file__).with_name("axe.min.js").read_text()

pytestmark = pytest.mark.browser


def by_css(browser, selector):
    return browser.find_elements("css selector", selector)


def wait_until(said, seconds=20):
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def press(browser, *keys):
    """Press keys wherever the focus is, as a person without a mouse does."""
    from selenium.webdriver import ActionChains

    chain = ActionChains(browser)
    for key in keys:
        chain.send_keys(key)
    chain.perform()


def prefer(browser, url, **cookies):
    for name, value in cookies.items():
        browser.execute_cdp_cmd("Network.setCookie", {"name": f"oneshelf_{name}", "value": value, "url": url})


def size(browser, width, height):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def errors(browser):
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def wait_for_charts(browser, path):
    if path in CHARTS:
        wait_until(lambda: len(by_css(browser, "[data-drawn] .main-svg")) >= CHARTS[path])


def test_signing_in_and_getting_about_needs_no_mouse(browser, enter, console_url):
    enter(console_url)
    for letter, path in (
        ("p", "/people"),
        ("v", "/value"),
        ("l", "/plan"),
        ("o", "/offers"),
        ("c", "/places"),
        ("h", "/heatmaps"),
        ("s", "/sources"),
        ("y", "/system"),
        ("t", "/"),
    ):
        press(browser, "g", letter)
        wait_until(lambda path=path: browser.execute_script("return location.pathname") == path)
    press(browser, "/", "person-2")
    assert browser.execute_script("return document.activeElement.id") == "find"
    press(browser, "\ue007")
    wait_until(
        lambda: browser.execute_script("return location.pathname + location.search") == "/search?q=person-2"
    )
    assert errors(browser) == []


def test_the_first_tab_skips_to_the_content(browser, enter, console_url):
    enter(console_url)
    browser.get(f"{console_url}/people")
    press(browser, "\ue004")
    assert browser.execute_script("return document.activeElement.className") == "skip"
    press(browser, "\ue007")
    wait_until(lambda: browser.execute_script("return document.activeElement.id") == "main")


def test_a_list_is_walked_and_opened_by_keyboard_and_sorted_by_its_headings(browser, enter, console_url):
    enter(console_url)
    browser.get(f"{console_url}/people")
    second = by_css(browser, "tbody tr:nth-child(2) a")[0].text
    press(browser, "j", "j")
    assert browser.execute_script("return document.activeElement.textContent") == second
    button = by_css(browser, "thead th:nth-child(3) button")[0]
    browser.execute_script("arguments[0].focus()", button)
    press(browser, "\ue007")
    orders = [int(cell.get_attribute("data-value")) for cell in by_css(browser, "tbody td:nth-child(3)")]
    assert orders == sorted(orders, reverse=True)
    assert by_css(browser, "thead th:nth-child(3)")[0].get_attribute("aria-sort") == "descending"
    browser.refresh()  # the order stands in the address
    assert by_css(browser, "thead th:nth-child(3)")[0].get_attribute("aria-sort") == "descending"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_page_scrolls_sideways_on_a_phone_and_none_complains(browser, enter, console_url, language):
    size(browser, 390, 844)
    enter(console_url)
    prefer(browser, console_url, language=language)
    for path in PAGES:
        browser.get(console_url + path)
        wait_for_charts(browser, path)
        width = browser.execute_script("return document.documentElement.scrollWidth")
        assert width <= 390, (path, width)
        assert errors(browser) == [], path


def test_more_opens_the_rest_of_the_rail_on_a_phone(browser, enter, console_url):
    size(browser, 390, 844)
    enter(console_url)
    assert [link.text for link in by_css(browser, ".rail > ul > li > a") if link.is_displayed()] == [
        "Today",
        "People",
        "Audiences",
        "Tiers",
    ]
    by_css(browser, ".rail summary")[0].click()
    assert {link.text for link in by_css(browser, ".sheet a")} >= {"Places", "Heat maps", "Sources", "System"}
    by_css(browser, ".sheet a[href='/system']")[0].click()
    wait_until(lambda: browser.execute_script("return location.pathname") == "/system")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing_serious(browser, enter, console_url, theme, width):
    size(browser, width, 900)
    enter(console_url)
    prefer(browser, console_url, theme=theme)
    serious = []
    for path in (*PAGES, "/nowhere"):
        browser.get(console_url + path)
        wait_for_charts(browser, path)
        serious += [(path, *found) for found in axe(browser)]
    assert serious == []


@pytest.mark.parametrize(("width", "theme", "language"), [(390, "light", "zh"), (1440, "dark", "en")])
def test_pages_of_people_shut_nobody_out_and_scroll_sideways_nowhere(
    browser, enter, worth_shelf, serve_console, width, theme, language
):
    url = serve_console(worth_shelf)
    size(browser, width, 900)
    enter(url)
    prefer(browser, url, theme=theme, language=language)
    for path in WORTH_PAGES:
        browser.get(url + path)
        wait_until(lambda: browser.execute_script(UNDRAWN) == 0)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, path
        assert axe(browser) == [], path
        assert errors(browser) == [], path


def test_axe_finds_nothing_serious_at_the_door_and_on_empty_pages(browser, enter, empty_console_url):
    browser.get(f"{empty_console_url}/sign-in")
    assert axe(browser) == []
    enter(empty_console_url)
    for path in EMPTY_PAGES:
        browser.get(empty_console_url + path)
        assert axe(browser) == [], path
        assert errors(browser) == [], path


def axe(browser):
    """What axe-core calls serious or critical: rule and the first element."""
    browser.execute_script(AXE)  # by the driver, past the page's policy, which lets no such script in
    found = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    return [
        (rule["id"], rule["nodes"][0]["html"][:160])
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("path", CHARTS)
def test_charts_are_drawn_in_the_themes_colours_and_have_a_table_behind_them(
    browser, enter, console_url, path
):
    enter(console_url)
    drawn = []
    for theme in ("light", "dark"):
        prefer(browser, console_url, theme=theme)
        browser.get(console_url + path)
        wait_for_charts(browser, path)
        labels = browser.execute_script(
            "return [...document.querySelectorAll('.plot text')].map(t => t.textContent)"
        )
        assert len(labels) > 2
        assert not any("var:" in label for label in labels)
        drawn.append(
            browser.execute_script("return getComputedStyle(document.querySelector('.plot text')).fill")
        )
        assert by_css(browser, "details.data table tbody tr, .scroll table tbody tr")
    assert drawn[0] != drawn[1]
    assert errors(browser) == []


def test_a_page_reads_at_twice_the_size(browser, enter, console_url):
    """At 200% zoom a desk of 1440 has 720 pixels; nothing may be lost sideways."""
    size(browser, 720, 450)
    enter(console_url)
    for path in PAGES:
        browser.get(console_url + path)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 720, path
