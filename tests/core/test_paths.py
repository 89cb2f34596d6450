"""Two names never meet in one file, and no name leaves its folder."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trustlib._paths import plain, private, published, published_target, stored

names = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    "aAcConN.%2f/\\: ~", max_size=12
)
EVIL = ["../x", "..\\x", "/abs", "C:x", "C:\\x", "a/b", "%2e%2e", "%2E%2E", "\0", "a\0b", ".", "..", "", " ",
        "~", "~root", "a\nb", "\\\\srv\\x", "a:b", "a*b", "a?b", "a#b", "é", "😀", "\u202e", "-rf", "$(x)"]  # fmt: skip
SAFE = re.compile(r"[a-z0-9A-F%~_.-]+")


@settings(max_examples=500)
@given(names, names)
def test_two_names_never_meet_in_one_file(one, other):
    """P32: also where case does not count."""
    assert (one == other) == (stored(one).casefold() == stored(other).casefold())
    assert (one == other) == (published(one, 1) == published(other, 1))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("timestamp", "TIMESTAMP"),
        ("root", "Root"),
        ("a/b", "a%2fb"),
        ("a/b", "a%2Fb"),
        ("%2f", "%2F"),
        ("con", "%63on"),
        ("A", "%41"),
        ("é", "e\u0301"),
        ("ſ", "s"),
        ("K", "k"),
        ("ı", "i"),
        ("x" * 200, "x" * 201),
        ("x" * 200, "X" * 200),
    ],
)
def test_names_that_look_alike_to_a_file_system_are_kept_apart(one, other):
    assert stored(one).casefold() != stored(other).casefold()


def test_a_long_name_does_not_meet_the_name_of_its_file():
    long = "x" * 200

    assert stored(long) != stored(stored(long).removesuffix(".json"))


@settings(max_examples=300)
@given(names | st.sampled_from(EVIL))
def test_a_stored_name_is_one_safe_segment(name):
    """T-04, P32."""
    file = stored(name)

    assert file.endswith(".json")
    assert SAFE.fullmatch(file) or file == ".json"
    assert len(file) <= 185
    assert file not in (".", "..")
    assert not file.startswith(".trustlib") or name.startswith(".trustlib")


@pytest.mark.parametrize("name", EVIL)
def test_a_published_name_is_one_segment(name):
    """T-04, P33: the server is asked for that role, whatever it is called."""
    for version in (None, 7):
        path = published(name, version)
        assert "/" not in path
        assert "\\" not in path
        assert not set(path) & set("?#:\0\n ")
        assert path.endswith(".json")


def test_names_are_published_as_others_ask_for_them():
    assert "targets.json" == published("targets", None)
    assert "7.root.json" == published("root", 7)
    assert "3.targets%2Freleases.json" == published("targets/releases", 3)
    assert "..%2Fx.json" == published("../x", None)
    assert "%252F.json" == published("%2F", None)
    assert "a-b_c.d~e.json" == published("a-b_c.d~e", None)
    assert "%C3%A9.json" == published("é", None)


def test_the_top_level_roles_are_stored_under_their_names():
    for name in ("root", "timestamp", "snapshot", "targets"):
        assert f"{name}.json" == stored(name)
    assert "targets%2Freleases.json" == stored("targets/releases")
    assert "%54%49%4D%45.json" == stored("TIME")


DEVICES = ["con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))]


@pytest.mark.parametrize("device", DEVICES)
def test_no_file_is_called_like_a_device(device):
    """P32."""
    for name in (device, device.upper(), f"{device}.txt", f"{device}.", f"{device}.a.b"):
        stem = stored(name).split(".")[0].lower()
        assert stem not in DEVICES
        assert "%63on.json" == stored("con")
    for name in (f"{device}x", f"x{device}", f"{device}-1"):
        assert f"{name}.json" == stored(name)


def test_names_up_to_180_characters_are_kept_and_longer_ones_are_hashed():
    """P32: what is too long for a file system has a file still."""
    assert "x" * 180 + ".json" == stored("x" * 180)
    for name in ("x" * 181, "x" * 10_000, "é" * 40):
        assert re.fullmatch(r"%sha256-[0-9a-f]{64}\.json", stored(name))


def test_our_own_records_are_out_of_the_way_of_every_role():
    assert ".trustlib/clock" == private("clock")
    for name in (".trustlib", ".trustlib/clock", "trustlib/clock"):
        assert not stored(name).startswith(".trustlib/")


@pytest.mark.parametrize(
    ("path", "digest", "expected"),
    [
        ("a", None, "a"),
        ("a", "00ff", "00ff.a"),
        ("x/y/a", "00ff", "x/y/00ff.a"),
        ("x/y/a", None, "x/y/a"),
        ("a?b#c", None, "a%3Fb%23c"),
        ("a%2Fb", "00", "00.a%252Fb"),
        ("é x", None, "%C3%A9%20x"),
        ("acme/app:1", None, "acme/app%3A1"),
    ],
)
def test_a_target_is_published_under_its_name_and_hash(path, digest, expected):
    """§6.2."""
    assert expected == published_target(path, digest)


@given(names, st.integers(1, 9))
def test_a_path_is_plain_again(name, version):
    assert f"{version}.{name}.json" == plain(published(name, version))
