"""Strict, bounded reading: what is wrong is MalformedError, and says where."""

import json
import sys
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trustlib import _json
from trustlib._frozen import FrozenMap
from trustlib._json import Cursor, read
from trustlib.errors import MalformedError

GOOD = '{"a": [1, true, null, "é"]}'


def refused(raw):
    with pytest.raises(MalformedError) as error:
        read(raw if isinstance(raw, bytes) else raw.encode(), "x.json")
    assert "x.json" == error.value.document
    assert "$" == error.value.path
    assert len(str(error.value)) < 400
    return str(error.value)


def test_json_is_read():
    assert {"a": [1, True, None, "é"]} == read(GOOD.encode(), "x.json").value


@pytest.mark.parametrize(
    "raw",
    [
        '{"a": 1, "a": 1}',
        '{"a": 1, "b": 2, "a": 3}',
        '[{"a": {"b": 1, "b": 1}}]',
        '{"a": 1, "\\u0061": 2}',
    ],
)
def test_a_member_is_named_once(raw):
    """P21."""
    assert "twice" in refused(raw)


@pytest.mark.parametrize("raw", ["{} x", "{}{}", "{},", "[1]]", "{}\x00", "1 2"])
def test_nothing_follows(raw):
    """P22."""
    refused(raw)


@pytest.mark.parametrize(
    "raw",
    [
        GOOD.encode("utf-8-sig"),
        *(GOOD.encode(e) for e in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le")),
        GOOD.encode("latin-1"),
        b"\xff\xfe",
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        b'"\xf5\x80\x80\x80"',
    ],
)
def test_files_are_utf_8_without_a_mark(raw):
    """P23."""
    refused(raw)


@pytest.mark.parametrize(
    "number",
    ["1.0", "1.5", "-0.0", "1e3", "1E3", "0e0", "NaN", "Infinity", "-Infinity", "1e999", "-0"],
)
def test_there_are_no_fractions(number):
    """P25."""
    refused(number)
    refused(f'{{"a": [{number}]}}')


@pytest.mark.parametrize("text", ["\\ud800", "\\udc00", "\\udc00\\ud800", "a\\uDFFF", "\\ud800x"])
def test_there_are_no_halves_of_surrogate_pairs(text):
    """P26: in values and in names, alone and deep down."""
    for raw in (f'"{text}"', f'{{"{text}": 1}}', f'[{{"a": ["{text}"]}}]'):
        refused(raw)


def test_whole_surrogate_pairs_are_characters():
    assert "😀" == read(b'"\\ud83d\\ude00"', "x").value


@pytest.mark.parametrize(
    "raw",
    ["", " ", "{", '"', "nul", "'a'", "{a: 1}", "[1,]", "01", "+1", "0x1", '"\t"', "//\n1", "tru"],
)
def test_what_is_no_json_is_refused(raw):
    refused(raw)


# -- bounds -----------------------------------------------------------------------------


def nested(depth, left="[", right="]", inner=""):
    return left * depth + inner + right * depth


@pytest.mark.parametrize(("left", "right", "inner"), [("[", "]", ""), ('{"a":', "}", "{}")])
def test_64_levels_of_nesting_are_read_and_65_are_not(left, right, inner):
    """P27."""
    more = 1 if inner else 0  # the innermost object is a level as well

    assert read(nested(64 - more, left, right, inner).encode(), "x").value
    assert "nesting" in refused(nested(65 - more, left, right, inner))


def test_values_in_the_deepest_level_are_read():
    assert read(nested(64, inner="1").encode(), "x").value


@pytest.mark.parametrize("depth", [66, 1_000, 15_000, 200_000])
@pytest.mark.parametrize("left", ["[", '{"a":', '[{"a":'])
def test_deep_nesting_is_refused(depth, left):
    """P27: closed or not."""
    refused(left * depth)
    right = {"[": "]", '{"a":': "}", '[{"a":': "}]"}[left]
    assert "nest" in refused(nested(depth, left, right, "1"))


def test_wide_files_are_not_deep():
    assert 100_000 == len(read(("[" + "[]," * 99_999 + "[]]").encode(), "x").value)


@pytest.mark.parametrize("digits", ["1" * 20, "-" + "1" * 19, "9" * 10_000, "1" * 4_301])
def test_numbers_are_bounded(digits):
    """T-10, P10: int() takes quadratic time, and raises beyond some length."""
    refused(digits)


def test_numbers_of_19_digits_are_read():
    assert 10**18 == read(b"1" + b"0" * 18, "x").value
    assert -(10**17) == read(b"-1" + b"0" * 17, "x").value
    assert 0 == read(b"0", "x").value


# -- the cursor -------------------------------------------------------------------------


def cursor(value):
    return read(json.dumps(value).encode(), "x.json")


def complaint(call, path, *words):
    with pytest.raises(MalformedError) as error:
        call()
    assert path == error.value.path
    assert "x.json" == error.value.document
    for word in words:
        assert word in str(error.value)


def test_a_cursor_knows_its_path():
    at = cursor({"a": [{"b c": {"é": {"": {"d": 1}}}}]}).at("a")
    deep = next(at.elements()).at("b c").at("é").at("").at("d")

    assert '$.a[0]["b c"]["\\u00e9"][""].d' == deep.path
    assert "$" == cursor(1).path
    complaint(deep.text, deep.path, "a string", "got 1")


def test_a_long_name_does_not_flood_a_path():
    assert len(cursor({"\n" * 9_999: 1}).at("\n" * 9_999).path) < 200


def test_items_and_optional_members_know_their_paths():
    at = cursor({"a": {"b": 1}})

    assert ["$.a.b"] == [inner.path for _, inner in at.at("a").items()]
    assert ["b"] == [name for name, _ in at.at("a").items()]
    assert "$.a" == at.get("a").path
    assert at.get("b") is None
    complaint(lambda: at.at("b"), "$", "'b'", "an object")


OTHERS = [None, True, False, 0, 1, "", "a", [], ["a"], {}, {"a": 1}]


@pytest.mark.parametrize("value", OTHERS, ids=repr)
def test_a_value_is_of_the_kind_that_it_must_be(value):
    at = cursor(value)
    calls = {
        dict: [at.object, lambda: at.get("z"), at.rest, lambda: list(at.items())],
        list: [lambda: list(at.elements())],
        str: [at.text],
        bool: [at.flag],
        int: [lambda: at.integer(0)],
    }
    for kind, each in calls.items():
        for call in each:
            if type(value) is kind:
                call()
            else:
                complaint(call, "$")
    for call in (at.hex, at.time, lambda: at.at("a")):
        if type(value) not in (str, dict):
            complaint(call, "$")


def test_integers_are_integers_in_bounds():
    """P03, P04: true is no number."""
    assert 3 == cursor(3).integer(3)
    assert 2**53 - 1 == cursor(2**53 - 1).integer(1)
    complaint(lambda: cursor(2).integer(3), "$", "≥ 3")
    complaint(lambda: cursor(2**53).integer(1), "$", "2**53")
    complaint(lambda: cursor(True).integer(0), "$", "True")
    complaint(lambda: cursor("1").integer(0), "$")


def test_flags_are_true_or_false():
    """P11."""
    assert True is cursor(True).flag()
    assert False is cursor(False).flag()


def test_hex_is_lower_case_and_as_long_as_it_must_be():
    assert "" == cursor("").hex()
    assert "0af9" == cursor("0af9").hex() == cursor("0af9").hex(4)
    for wrong in ("0", "0A", "0g", "0a\n", " 0a", "٠٠", "0x0a"):
        complaint(cursor(wrong).hex, "$", "hex")
    for digits in (2, 6, 0):
        complaint(partial(cursor("0af9").hex, digits), "$", f"{digits} lower-case")


def test_the_rest_is_what_is_not_known_and_frozen():
    at = cursor({"a": 1, "b": [{"c": []}], "d": None})

    assert FrozenMap({"b": (FrozenMap({"c": ()}),), "d": None}) == at.rest("a", "z")
    assert FrozenMap() == at.rest("a", "b", "d")
    assert 3 == len(at.rest())
    hash(at.rest())


# -- times ------------------------------------------------------------------------------


def test_a_time_is_read_as_utc():
    moment = cursor("2030-01-31T23:59:58Z").time()

    assert datetime(2030, 1, 31, 23, 59, 58, tzinfo=UTC) == moment
    assert UTC is moment.tzinfo
    assert 9999 == cursor("9999-12-31T23:59:59Z").time().year
    assert 1 == cursor("0001-01-01T00:00:00Z").time().year


@pytest.mark.parametrize(
    "text",
    [
        "2030-1-1T0:0:0Z", "２030-01-31T00:00:00Z", "٢030-01-31T00:00:00Z", "2030-01-31T00:00:00z",
        "2030-01-31t00:00:00Z", "2030-01-31 00:00:00Z", "2030-01-31T00:00:00+00:00",
        "2030-01-31T00:00:00.5Z", "2030-01-31T00:00:00,5Z", "2030-01-31T00:00:60Z",
        "2030-01-31T24:00:00Z", "2030-02-30T00:00:00Z", "2030-13-01T00:00:00Z", "0000-01-01T00:00:00Z",
        "2030-01-31T00:00:00", "2030-01-31", "2030-01-31T00:00Z", "20300131T000000Z", "2030-W01-1",
        "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "2030-01-31T00:00:00Z\n", " 2030-01-31T00:00:00Z",
        "2030-01-31T00:00:00ZZ", "2030-01-31T00:00:00-06:00", "never", "", "0", "2030-01-31T00:00:0aZ",
    ],
)  # fmt: skip
def test_a_time_is_spelled_in_one_way(text):
    """P18: what cannot be read is not without end."""
    complaint(cursor(text).time, "$", "2030-01-31T00:00:00Z")


# -- arbitrary bytes --------------------------------------------------------------------


@settings(max_examples=300)
@given(
    st.binary()
    | st.text().map(lambda t: t.encode("utf-8", "surrogatepass"))
    | st.text('[]{}":,\\ud80123ef-.eEtrnulNI \n').map(str.encode)
)
def test_nothing_but_malformed_escapes(raw):
    try:
        outcome = read(raw, "x").value
    except MalformedError as error:
        outcome = str(error)
        complained = True
    else:
        complained = False

    assert outcome.isprintable() if complained else outcome == json.loads(raw)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(10**17), 10**18) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda i: st.lists(i) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), i)))  # fmt: skip
def test_whatever_json_writes_is_read(value):
    assert value == read(json.dumps(value).encode(), "x").value
    assert value == read(json.dumps(value, ensure_ascii=False, indent=1).encode(), "x").value


def test_a_complaint_does_not_repeat_what_it_complains_of():
    complaint(lambda: cursor(["x" * 10_000]).text(), "$", "got 'a list'")
    complaint(lambda: cursor({"x" * 10_000: 1}).text(), "$", "got 'an object'")
    with pytest.raises(MalformedError) as error:
        cursor("x\n" * 10_000).flag()
    assert len(str(error.value)) < 400
    assert str(error.value).isprintable()


def test_reading_works_from_deep_down_the_stack():
    """Where the stack ends early, that is MalformedError as well."""

    def down(levels):
        if levels:
            return down(levels - 1)
        try:
            return read(nested(60).encode(), "x")
        except MalformedError as error:
            return error

    outcome = down(sys.getrecursionlimit() - 150)

    assert isinstance(outcome, MalformedError | Cursor)


# -- who names members twice ------------------------------------------------------------

pieces = st.sampled_from(
    [*('"a"', '"b"', '":"', '" :"', '"\\":"', '"a\\\\"', ":", " :", "\n:", ": ", ",", "{", "}", "[", "]"),
     *("1", "-0", "1.5", "9" * 20, "true", "NaN", " ", '"\\ud800"', '{"a":1}', '{"a":1,"a":2}')]
)  # fmt: skip
values = st.recursive(
    st.sampled_from(["1", '":"', '": "', '"\\":"', '" :"', "null", "-0", "1.0", '"\\ud800"']),
    lambda inner: st.lists(
        st.tuples(st.sampled_from(['"a"', '"b"', '":"', '"\\u0061"']), st.sampled_from([":", " :", ": "]), inner).map("".join)
    ).map(lambda members: "{" + ",".join(members) + "}")
    | st.lists(inner).map(lambda items: "[" + ",".join(items) + "]"),
    max_leaves=8,
)  # fmt: skip


def asked(text):
    """What a reader reads, or says, that asks every object."""
    try:
        value = _json._STRICT.decode(text)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        return str(error)
    return value


@given(values | st.lists(pieces, max_size=12).map("".join))
@settings(max_examples=300)
def test_every_object_is_asked_where_that_is_needed(text):
    try:
        got = read(text.encode(), "x.json").value
    except MalformedError as error:
        got = error.got

    assert asked(text) == got
    assert json.dumps(asked(text)) == json.dumps(got)  # 1 is not true here
