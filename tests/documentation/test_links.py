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
