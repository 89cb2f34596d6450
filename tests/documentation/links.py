"""Links of the pages: what they lead to, here and elsewhere. Nothing is fetched.

``python tests/documentation/links.py`` lists those that lead elsewhere, for whoever
wants to follow them.
"""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`|<!--.*?-->", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((<[^>]*>|[^()\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def pages() -> list[Path]:
    """Return the pages that people read: in the project's folder, and in the documentation."""
    below = [page for page in (PROJECT / "docs").rglob("*.md") if "_build" not in page.parts]
    return sorted([*PROJECT.glob("*.md"), *below])


def links(page: Path) -> list[str]:
    """Return where *page* leads to; what is shown as code leads nowhere."""
    return _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8")))


def elsewhere(link: str) -> bool:
    """Return whether *link* leads out of the project."""
    return "://" in link or link.startswith("mailto:")


def broken(page: Path, link: str) -> bool:
    """Return whether there is nothing in this project where *link* of *page* leads."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path) if path else page
    if not target.exists():
        return True
    return bool(anchor) and anchor not in anchors(target)


def anchors(page: Path) -> set[str]:
    """Return what a link can name within *page*: its headings, as they are spelled in links."""
    headings = _HEADING.findall(
        re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    print("\n".join(sorted({link for page in pages() for link in links(page) if elsewhere(link)})))
