"""Pages and drawings read back, and what may be in them: an allow list, no more."""

import re
from xml.etree import ElementTree as ET

ELEMENTS = {
    *("html", "head", "body", "meta", "title", "style", "main", "header", "section", "div", "span"),
    *("h1", "h2", "h3", "p", "dl", "dt", "dd", "ul", "li", "table", "caption", "thead", "tbody"),
    *("tr", "th", "td", "bdi", "br", "details", "summary"),
    *("svg", "desc", "g", "rect", "circle", "line", "path", "text"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "id", "role", "tabindex"),
    *("scope", "aria-label", "aria-labelledby", "aria-describedby"),
    *("viewBox", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "d", "width", "height"),
    *("text-anchor",),
}
PRINTABLE = re.compile("[\n -~é…’“”]*")


def parsed(document):
    """The elements of a page or drawing, after every one of them was looked at."""
    root = ET.fromstring(document.removeprefix("<!DOCTYPE html>"))
    for element in root.iter():
        assert element.tag.rpartition("}")[2] in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES, element.attrib
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    return root


def words_of(document):
    """Everything in it that a person reads, but the style."""
    return " ".join(
        text.strip()
        for element in parsed(document).iter()
        for text in (element.text if not element.tag.endswith("style") else "", element.tail)
        if text and text.strip()
    )


def elements(document, tag):
    return [one for one in parsed(document).iter() if one.tag.rpartition("}")[2] == tag]
