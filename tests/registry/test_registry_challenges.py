"""What a registry says it wants to know: read strictly, and in a time that only its length decides."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustlib._frozen import FrozenMap
from trustlib.registry._challenges import Challenge, challenges


def _read(*headers: str) -> list[tuple[str, dict[str, str]]]:
    return [(one.scheme, dict(one.parameters)) for one in challenges(headers)]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Basic realm="x"', [("basic", {"realm": "x"})]),
        ("BASIC", [("basic", {})]),
        ("Bearer realm=x , scope = y", [("bearer", {"realm": "x", "scope": "y"})]),
        ('Bearer ReAlM="x"', [("bearer", {"realm": "x"})]),
        (r'Bearer realm="a\"b\\c\d"', [("bearer", {"realm": r'a"b\cd'})]),
        ('Bearer realm="a,b=c"', [("bearer", {"realm": "a,b=c"})]),
        (
            ',, Basic realm="x",,Bearer realm="y",',
            [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})],
        ),
        ("Negotiate YWJj==, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        ('Bearer realm="first",realm="second"', [("bearer", {"realm": "first"})]),
        ('Bearer realm=""', [("bearer", {"realm": ""})]),
        ("Basic, Bearer", [("basic", {}), ("bearer", {})]),
    ],
)
def test_a_challenge_is_read(header, expected):
    assert expected == _read(header)


@pytest.mark.parametrize(
    "header",
    [
        *("", " ", ",,,", '"', "realm=x", '="x"', "Bear(er", "\x00", "Bé"),
        *('Bearer realm="x', 'Bearer realm="x\\', 'Bearer realm="x"y', "Bearer realm=(x)"),
        *("Bearer " + "x" * 10_000, 'Bearer realm="' + "\\" * 9_000 + '"'),
    ],
)
def test_what_cannot_be_read_is_as_good_as_not_said(header):
    assert [] == _read(header)
    assert [("basic", {})] == _read(header, "Basic")


def test_what_follows_what_cannot_be_read_is_left_out_too():
    assert [("basic", {"realm": "x"})] == _read('Basic realm="x", Bearer realm="y, Digest')


def test_a_flood_is_not_read_to_its_end():
    assert 16 == len(_read(*["Basic"] * 1_000))
    assert 16 == len(_read(", ".join(["Basic"] * 1_000)))


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a ",
        "a=",
        'a="',
        "a =\t",
        '\\"',
        "a, ",
        "a=b,",
        "=",
        "~/+",
        '"',
        "\\",
        "Basic a=",
        " \t",
    ],
)
def test_reading_takes_a_number_of_steps_that_only_the_length_decides(piece):
    """A pattern that goes back and forth would not come to an end here."""
    text = piece * (8_192 // len(piece))
    for header in (text, f"Bearer {text}", f"Bearer {text}!", f'Bearer a="{text}', f"{text}\x00"):
        challenges([header[:8_192]] * 16)


@given(st.lists(st.text(st.characters(max_codepoint=255)), max_size=4))
def test_no_text_is_an_error(headers):
    for one in challenges(headers):
        assert one.scheme == one.scheme.lower()
        assert all(name == name.lower() for name in one.parameters)


WORDS = st.text(string.ascii_letters + string.digits + "-", min_size=1)


@given(
    WORDS,
    st.dictionaries(WORDS.map(str.lower), st.text(st.characters(max_codepoint=255)), max_size=5),
)
def test_what_is_quoted_is_read_as_it_was(scheme, parameters):
    escaped = {k: v.replace("\\", "\\\\").replace('"', '\\"') for k, v in parameters.items()}
    header = f"{scheme} " + ", ".join(f'{name}="{value}"' for name, value in escaped.items())

    expected = () if len(header) > 8_192 else (Challenge(scheme.lower(), FrozenMap(parameters)),)
    assert expected == challenges([header])
