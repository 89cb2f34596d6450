"""No link within the project leads nowhere, and no link out of it is a bare http one."""

import pytest
from documentation.links import PROJECT, broken, elsewhere, links, pages

NAMES = {page.relative_to(PROJECT).as_posix(): page for page in pages()}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_page_leads_to_what_is_there(name):
    page = NAMES[name]

    assert [] == [ln for ln in links(page) if not elsewhere(ln) and broken(page, ln)]
    assert [] == [ln for ln in links(page) if ln.startswith("http://")]


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n[a](b.md) [c](#a-page) [d](#nothing) `[e](f.md)`\n", "utf-8")

    assert ["b.md", "#a-page", "#nothing"] == links(page)
    assert ["b.md", "#nothing"] == [link for link in links(page) if broken(page, link)]


DOCS = PROJECT / "docs"


def led_to(page):
    """The pages of the documentation that *page* leads to."""
    paths = (ln.partition("#")[0] for ln in links(page) if not elsewhere(ln))
    return {(page.parent / path).resolve() for path in paths if path.endswith(".md")}


def test_every_tutorial_how_to_and_explanation_stands_on_the_front_page():
    below = {
        p for folder in ("tutorial", "how-to", "explanation") for p in DOCS.glob(f"{folder}/*.md")
    }

    assert set() == below - led_to(DOCS / "index.md")


def test_every_page_is_found_by_following_links_from_the_front_page():
    seen, ahead = set(), {DOCS / "index.md"}
    while ahead:
        page = ahead.pop()
        seen.add(page)
        ahead |= {p for p in led_to(page) if p.is_relative_to(DOCS)} - seen
        if ":glob:" in page.read_text(encoding="utf-8"):  # a list of all that lies beside it
            ahead |= set(page.parent.glob("*.md")) - seen

    assert set() == {page for page in pages() if page.is_relative_to(DOCS)} - seen


def test_pages_are_in_the_four_folders_of_diataxis_or_are_decisions():
    folders = {
        page.parent.relative_to(DOCS).as_posix() for page in pages() if page.is_relative_to(DOCS)
    }

    assert folders == {
        "tutorial",
        "how-to",
        "reference",
        "reference/api",
        "explanation",
        "decisions",
        ".",
    }
