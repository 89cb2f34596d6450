"""The specification's own text, for whoever has it: which steps it has, and where it demands something."""

import re
from collections import Counter
from collections.abc import Iterator

_HEADING = re.compile(r"(#+)\s(.*?)\s#+\s*\{#")
_ITEM = re.compile(r"( *)([0-9]+)\. ")
_DEMAND = re.compile(r"\b(?:MUST|SHALL|SHOULD|REQUIRED|RECOMMENDED)\b")
_VERSION = re.compile(r"^Text Macro: VERSION (\S+)$", re.MULTILINE)
_FIRST, _LAST = 2, 6  # what is before and after binds nobody


def version(text: str) -> str:
    """Return the version that the specification says it has."""
    found = _VERSION.search(text)
    assert found, "the text says no version"
    return found[1]


def steps(text: str) -> list[str]:
    """Return the numbered steps of the client's workflow, §5, and its sections without any."""
    marks = [mark for mark, _ in _lines(text) if mark.startswith("§5.")]
    marks = list(dict.fromkeys(marks))
    return [mark for mark in marks if mark.count(".") > 1 or not _has_below(mark, marks)]


def demands(text: str) -> Counter[str]:
    """Return how many words like MUST there are, by section or, in §5, by step."""
    found: Counter[str] = Counter()
    for mark, line in _lines(text):
        found[mark] += len(_DEMAND.findall(line))
    return +found


def _has_below(mark: str, marks: list[str]) -> bool:
    return any(other.startswith(f"{mark}.") for other in marks)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Return every line with the section or step that it stands in."""
    section: list[int] = []
    items: list[tuple[int, int]] = []  # how far each is indented, and its number
    for line in text.splitlines():
        if (heading := _HEADING.match(line)) is not None:
            depth = len(heading[1])
            section = [*section[:depth], *[0] * (depth - len(section))][:depth]
            section[-1] += 1
            items = []
        elif section[:1] == [5] and (item := _ITEM.match(line)) is not None:
            indent = len(item[1])
            items = [*((i, n) for i, n in items if i < indent), (indent, int(item[2]))]
        if section and _FIRST <= section[0] <= _LAST:
            yield "§" + ".".join(map(str, [*section, *(n for _, n in items)])), line
