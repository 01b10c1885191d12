"""Links between files lead somewhere, and the lists that promise to be complete are."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """The anchors that the headings of a page make."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    broken = []
    for link in LINK.findall(FENCED.sub("", page.read_text())):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_every_decision_is_listed() -> None:
    pages = {page.name for page in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
    listed = re.findall(r"\]\((\d{4}-[^)]+\.md)\)", (ROOT / "docs" / "adr" / "index.md").read_text())
    assert pages == set(listed)
    numbers = sorted(name[:4] for name in pages)
    assert numbers == [f"{number:04}" for number in range(1, len(pages) + 1)]


def test_every_page_of_the_documentation_is_in_the_navigation() -> None:
    def leaves(part: object) -> set[str]:
        if isinstance(part, str):
            return {part}
        return set().union(*(leaves(each) for each in (part.values() if isinstance(part, dict) else part)))

    navigation = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    docs = ROOT / "docs"
    assert {str(page.relative_to(docs)) for page in docs.rglob("*.md")} == leaves(navigation)


def test_the_lock_of_the_demo_is_part_of_the_lock_of_the_tests() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[\w.\[\]-]+==\S+", (ROOT / "requirements" / name).read_text(), re.MULTILINE))

    assert pins("demo.lock") <= pins("dev.lock")
    assert len(pins("demo.lock")) > 30
