"""Canonical JSON is what everybody else signs."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.formats import encode_canonical

from trustlib._canonical import canonical, compact
from trustlib._frozen import FrozenMap, freeze

awkward = st.text(
    st.sampled_from(
        [
            *map(chr, range(0x25)),
            '"',
            "\\",
            "/",
            "u",
            "n",
            "0",
            "\x7f",
            "é",
            "\u2028",
            "\uffff",
            "😀",
        ]
    )
)
texts = awkward | st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300)
@given(values)
def test_it_is_what_securesystemslib_writes(value):
    assert encode_canonical(value).encode() == canonical(value)


@given(values)
def test_frozen_values_are_written_alike(value):
    assert canonical(value) == canonical(freeze(value))
    assert compact(value) == compact(freeze(value))


@given(values)
def test_the_compact_form_is_json(value):
    assert value == json.loads(compact(value))


@given(values, values)
def test_two_values_have_one_form_only_if_they_are_equal(one, other):
    if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True):
        assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"', b'"\\""'),
        ("\\", b'"\\\\"'),
        ("\n\r\t\f\b\x00\x1f\x7f", b'"\n\r\t\x0c\x08\x00\x1f\x7f"'),
        ("\\n\\u0000", b'"\\\\n\\\\u0000"'),
        ("\\\n", b'"\\\\\n"'),
        ("é/😀", '"é/😀"'.encode()),
        ({"b": 1, "a": [True, None, -1]}, b'{"a":[true,null,-1],"b":1}'),
        ({"é": 1, "z": 2, "": 3, "😀": 4, "\uffff": 5}, '{"":3,"z":2,"é":1,"\uffff":5,"😀":4}'.encode()),
        ({"a\nb": "\n"}, b'{"a\nb":"\n"}'),
        ([], b"[]"),
        ((), b"[]"),
        (FrozenMap(), b"{}"),
    ],
)  # fmt: skip
def test_only_quotes_and_backslashes_are_escaped(value, expected):
    assert expected == canonical(value)


def test_the_compact_form_is_sorted_and_without_spaces():
    assert '{"a":[1,2],"b":"\\n é"}' == compact({"b": "\n é", "a": (1, 2)})


def test_half_a_surrogate_pair_has_no_form():
    for value in ("\ud800", {"\udc00": 1}, ["a\udfff"]):
        with pytest.raises(UnicodeEncodeError):
            canonical(value)


@pytest.mark.parametrize("value", [b"x", {1}, object(), [b"x"], {"a": object()}])
def test_what_json_cannot_say_is_a_programming_error(value):
    with pytest.raises(TypeError):
        canonical(value)
