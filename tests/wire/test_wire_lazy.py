"""A map that makes its values when they are asked for is the map that would hold them."""

import copy
import pickle

import pytest
from core.worlds import LATER, listing
from hypothesis import given
from hypothesis import strategies as st

from trustlib._frozen import FrozenMap
from trustlib.roles import MetaFile, Snapshot, Targets
from trustlib.wire import TUF_JSON, signed_value
from trustlib.wire.lazy import Edited, Entries
from trustlib.wire.listings import META_LISTED, TARGETS_LISTED
from trustlib.wire.scanning import entries_at

HEAD = {"version": 3, "expires": LATER}
NAMES = "abcdefgh"
MANY = FrozenMap({f"app-{n:05}": listing(str(n), custom={"n": n % 7}) for n in range(1500)})


def parsed(items):
    """The map of a targets role as it is read from a canonical file."""
    raw = TUF_JSON.render(Targets(**HEAD, targets=FrozenMap(items)))
    found = TUF_JSON.parse(Targets, raw).unverified.targets
    assert isinstance(found, Entries)
    return found


def meta(items):
    raw = TUF_JSON.render(Snapshot(**HEAD, meta=FrozenMap(items)))
    found = TUF_JSON.parse(Snapshot, raw).unverified.meta
    assert isinstance(found, Entries)
    return found


def same(plain, lazy):
    assert plain == lazy
    assert lazy == plain
    assert hash(plain) == hash(lazy) == hash(lazy)
    assert len(plain) == len(lazy)
    assert dict(plain) == dict(lazy)
    assert set(plain) == set(lazy)
    assert len(plain) == len(list(lazy)) == len(list(lazy.values()))
    assert dict(plain.items()) == dict(lazy.items()) == dict(zip(lazy, lazy.values(), strict=True))
    assert plain.items() == lazy.items()
    assert plain.keys() == lazy.keys()
    for key, value in plain.items():
        assert key in lazy
        assert value == lazy[key] == lazy.get(key)
        assert (key, value) in lazy.items()
    assert all(value in lazy.values() for value in list(plain.values())[:3])


def test_a_map_of_entries_is_the_map_of_their_values():
    lazy = parsed(MANY)

    same(MANY, lazy)
    assert repr(MANY) == repr(lazy)
    assert list(MANY) == list(lazy)
    assert list(MANY.items()) == list(lazy.items())


@pytest.mark.parametrize(
    "key",
    ["", "app", "app-00000 ", "app-01500", "b", "\x7f", "é", "\ud800", 'app-00000":{', 7, None],
)
def test_what_is_not_there_is_not_found(key):
    lazy = parsed(MANY)

    assert key not in lazy
    assert lazy.get(key) is None
    with pytest.raises(KeyError) as error:
        lazy[key]
    assert (key,) == error.value.args


def test_names_in_a_snapshot_end_in_json():
    items = {"a-b": MetaFile(version=1), "a": MetaFile(version=2), "a.json": MetaFile(version=3)}
    lazy = meta(items)

    same(FrozenMap(items), lazy)
    assert ["a-b", "a", "a.json"] == list(lazy)
    assert "a-" not in lazy
    assert "a-b.json" not in lazy


def test_an_entry_is_found_among_thousands_whatever_is_around_it():
    """Names that look like what stands between entries, and entries of many lengths."""
    digests = {"sha256": "ab" * 32, "sha512": "cd" * 64}
    forms = [
        MetaFile(version=7),
        MetaFile(version=7, length=9, hashes=FrozenMap(digests)),
        MetaFile(version=7, hashes=FrozenMap({"sha256": "ab" * 32})),
    ]
    shapes = (
        "{}",
        "x.json{}",
        "}}, {}",
        "{{{}:.json",
        ":{}",
        "{}.json",
        "version{}",
        "a" * 300 + "{}",
    )
    names = [shape.format(n) for n in range(400) for shape in shapes]
    there = {name: forms[at % 3] for at, name in enumerate(names)}

    lazy = meta(there)

    assert list(there.values()) == [lazy[name] for name in there]
    assert not any(name + near in lazy for name in names for near in ("!", "~"))
    assert not any(name[:-1] in lazy for name in names if name[:-1] not in there)


def test_a_copy_is_a_map_of_values():
    lazy = parsed(MANY)

    for one in (pickle.loads(pickle.dumps(lazy)), copy.copy(lazy), copy.deepcopy(lazy)):
        assert type(one) is FrozenMap
        assert MANY == one
    assert type(FrozenMap(lazy)) is FrozenMap
    assert MANY == FrozenMap(lazy)


def test_a_map_differs_from_what_is_no_frozen_map():
    lazy = parsed(MANY)

    assert lazy != dict(MANY)
    assert lazy != 7
    assert lazy != meta({"a": MetaFile(version=1)})
    assert lazy != FrozenMap({**MANY, "app-00000": listing("x")})
    assert lazy != parsed({**MANY, "app-00000": listing("x")})
    assert lazy != parsed({**MANY, "app-01499": listing("x")})


def test_entries_of_two_kinds_are_compared_by_their_keys():
    one, other = {"a": listing("a")}, {"a": MetaFile(version=1)}

    assert [("a", one["a"], other["a"])] == list(parsed(one).differing(meta(other)))


class OnlyWalked(Entries):
    """Entries that are gone through: to look them up one by one takes a hundred times as long."""

    def __getitem__(self, key):
        raise AssertionError(f"{key} was looked up")

    def __contains__(self, key):
        raise AssertionError(f"{key} was looked up")


def only_walked(lazy):
    starts = lazy._starts
    return OnlyWalked(lazy.listing, lazy.source, starts=starts, end=lazy.end, count=len(lazy))


def test_no_map_is_compared_by_looking_up_everything():
    """Roles with one name that is no ASCII are read whole, and compared with those before it."""
    there, new = FrozenMap({**MANY, "é": listing("é")}), FrozenMap({**MANY, "b": listing("b")})
    lazy = only_walked(parsed(new))

    assert {"é", "b"} == {key for key, _, _ in there.differing(lazy)}
    assert {"é", "b"} == {key for key, _, _ in lazy.differing(there)}
    assert new == lazy
    assert lazy == new


class Everything:
    """What says of itself that it equals whatever it is compared with."""

    def __eq__(self, other):
        return True

    __hash__ = None


def test_whoever_it_is_compared_with_is_asked_too():
    assert parsed(MANY) == Everything()


def test_values_that_are_spelled_differently_may_be_equal():
    """1 and true are, to Python; the map of their values says so too."""
    one, true = ({"a": listing("a", custom={"k": k})} for k in (1, True))

    assert FrozenMap(one) == FrozenMap(true)
    assert parsed(one) == parsed(true)
    assert [] == list(parsed(one).differing(parsed(true)))
    assert hash(parsed(one)) == hash(parsed(true))


# -- differences ------------------------------------------------------------------------

contents = st.dictionaries(
    st.sampled_from(NAMES), st.sampled_from("xyz").map(listing), min_size=1, max_size=6
)


def expected(here, there):
    both = {key: (here.get(key), there.get(key)) for key in {**here, **there}}
    return {key: pair for key, pair in both.items() if pair[0] != pair[1]}


@given(contents, contents)
def test_what_differs_is_found_whatever_the_maps_are(here, there):
    before = parsed(here)
    forms = [
        [FrozenMap(one), parsed(one), before.excluding(*here).including(one)]
        for one in (here, there)
    ]

    for mine in (before, *forms[0]):
        for theirs in forms[1]:
            found = list(mine.differing(theirs))
            assert expected(here, there) == {key: (a, b) for key, a, b in found}
            assert len(found) == len(expected(here, there))
            assert (here == there) == (mine == theirs)
            present = [key for key, a, _ in found if a is not None]
            if not isinstance(theirs, Edited):
                assert present == [key for key in mine if key in present]


# -- edits ------------------------------------------------------------------------------

edits = st.lists(
    st.tuples(st.just("including"), contents.map(lambda new: (new,)))
    | st.tuples(st.just("excluding"), st.lists(st.sampled_from(NAMES), max_size=4)),
    max_size=4,
)


@given(contents, edits)
def test_an_edited_map_is_the_edited_map_of_values(items, edits):
    plain, lazy = FrozenMap(items), parsed(items)
    for name, arguments in edits:
        plain, lazy = getattr(plain, name)(*arguments), getattr(lazy, name)(*arguments)

    assert isinstance(lazy, Edited) or not edits
    same(plain, lazy)
    for key in NAMES:
        assert (key in plain) == (key in lazy)
        assert plain.get(key) == lazy.get(key)
    role = Targets(**HEAD, targets=plain)
    written = Targets(**HEAD, targets=lazy)
    assert TUF_JSON.payload(role) == TUF_JSON.payload(written)
    assert TUF_JSON.render(role) == TUF_JSON.render(written)
    assert signed_value(role) == signed_value(written)
    assert pickle.loads(pickle.dumps(lazy)) == plain


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=3) | st.sampled_from(NAMES)


@given(
    contents,
    st.dictionaries(names, st.integers(0, 9).map(lambda n: listing(str(n), custom={"é\n": n}))),
)
def test_whatever_is_put_in_is_written_as_all_of_it_would_be(items, new):
    plain = Targets(**HEAD, targets=FrozenMap(items).including(new))
    spliced = Targets(**HEAD, targets=parsed(items).including(new))

    assert TUF_JSON.payload(plain) == TUF_JSON.payload(spliced)
    assert TUF_JSON.render(plain) == TUF_JSON.render(spliced)


@given(st.dictionaries(names.filter(bool), st.integers(1, 9).map(lambda v: MetaFile(version=v))))
def test_a_snapshot_is_written_in_the_order_of_its_file_names(new):
    items = {"a-b": MetaFile(version=1), "a": MetaFile(version=2), "b": MetaFile(version=3)}
    plain = Snapshot(**HEAD, meta=FrozenMap(items).including(new).excluding("a"))
    spliced = Snapshot(**HEAD, meta=meta(items).including(new).excluding("a"))

    assert TUF_JSON.payload(plain) == TUF_JSON.payload(spliced)
    assert TUF_JSON.render(plain) == TUF_JSON.render(spliced)


def test_a_role_that_says_the_words_for_a_gap_is_written_whole():
    extra = FrozenMap({"x": "these entries are elsewhere"})
    plain = Targets(**HEAD, targets=FrozenMap(MANY), extra=extra)
    spliced = Targets(**HEAD, targets=parsed(MANY), extra=extra)

    assert TUF_JSON.payload(plain) == TUF_JSON.payload(spliced)


def test_entries_of_one_kind_are_not_those_of_another():
    source = b'"a.json":{"version":1}}'

    assert entries_at(META_LISTED, source, 0) is not None
    assert entries_at(TARGETS_LISTED, source, 0) is None
