"""Whatever strangers called their roles, keys and targets, a picture is a picture."""

import re
from functools import cache

import pytest
from core.worlds import NOW
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import hostile
from pictures.reading import elements, parsed, words_of
from publish.desks import created

from trustlib.inspect import chain, collection_of, drawing, mermaid, page, shown, timeline, tree
from trustlib.inspect.labels import clipped, label
from trustlib.inspect.markup import Markup, escaped, tag
from trustlib.publish import changes

names = pytest.mark.parametrize("name", hostile.NAMES.values(), ids=hostile.NAMES)
READABLE = re.compile("[\n -~…’“”éÁ├└│─]*")
NODE = re.compile(r'n\d+\["(?:[0-9A-Za-z ]|#\d+;|<br/>)*"\]:::[a-z]+')


def full_page(name):
    repository = hostile.collection(name)
    return page(
        collection_of(repository),
        now=NOW,
        changes=changes(created(), repository),
        explanations=[hostile.explanation(name)],
    )


@cache
def drawings(name):
    facts = collection_of(hostile.collection(name))
    explained = chain(hostile.explanation(name), now=NOW)
    return drawing(facts, now=NOW), timeline(facts, now=NOW), explained


@cache
def every_picture(name):
    repository = hostile.collection(name)
    values = (*repository.targets.values(), repository.root)
    return full_page(name), *drawings(name), *(shown(value, now=NOW).html for value in values)


@names
def test_markup_holds_nothing_but_our_elements(name):
    for made in every_picture(name):
        parsed(made)
        assert made.isascii() or all(char.isprintable() or char == "\n" for char in made)


@names
def test_no_name_turns_the_text_around_it(name):
    for made in every_picture(name):
        assert not re.search("[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069]", made)


@names
def test_no_name_is_long(name):
    for made in every_picture(name):
        assert 200_000 > len(made)
    for made in drawings(name):
        for one in elements(made, "text"):
            assert 130 >= len("".join(one.itertext()))


@names
def test_a_text_tree_has_its_lines_and_no_others(name):
    told = tree(collection_of(hostile.collection(name)), now=NOW)

    assert 7 == len(told.splitlines())
    assert all(line.isprintable() for line in told.splitlines())


@names
def test_mermaid_sees_our_nodes_and_no_others(name):
    lines = mermaid(collection_of(hostile.collection(name)), now=NOW).splitlines()

    for line in lines[2:]:
        assert (
            NODE.fullmatch(line.strip())
            or re.fullmatch(r"n\d+ --> n\d+", line.strip())
            or re.fullmatch(r"classDef [a-z]+ [a-z:#0-9,]+", line.strip())
        ), line
    assert re.fullmatch(r"  accTitle: (?:[0-9A-Za-z ]|#\d+;)*", lines[1])


def test_a_key_that_never_counts_signs_nothing_alone():
    chips = {
        "".join(one.itertext())
        for one in elements(full_page("odd"), "span")
        if "chip" in one.get("class", "").split()
    }

    assert {"odd alone", "odd never counts"} <= chips


def test_names_that_differ_never_look_alike():
    long = "x" * 100
    pairs = [
        (f"{long}a{long}", f"{long}b{long}"),
        ("é", "e\u0301"),
        ("a", '"a"'),
        ("\u0430pp", "app"),
        ("app ", "app"),
        ("\\u0430", "\u0430"),
    ]
    for one, other in pairs:
        assert label(one, 40) != label(other, 40)
    assert clipped(f"{long}a{long}", 40) != clipped(f"{long}b{long}", 40)
    assert 40 >= len(label(long, 40))


def test_text_is_text_whatever_it_is_put_into():
    assert '<p x="&lt;&quot;">&lt;b&gt;</p>' == tag("p", "<b>", x='<"').text
    assert "<p><b></p>" == tag("p", Markup("<b>")).text
    assert r"a\u202e\u0000" == escaped("a\u202e\0")


@settings(max_examples=15)
@given(name=st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_any_name_at_all_is_drawn(name):
    made = page(collection_of(hostile.collection(name)), now=NOW)

    parsed(made)
    assert "Who trusts whom" in words_of(made)
