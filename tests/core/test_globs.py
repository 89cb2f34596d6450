"""Patterns mean one thing, on every platform, in time that nobody can inflate."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trustlib._globs import _segment_matches, matches


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("a/*", "a/b", True),
        ("a/*", "a/b/c", False),
        ("a/*", "a/", True),
        ("a/*", "a", False),
        ("*", "a", True),
        ("*", "", True),
        ("*", "a/b", False),
        ("*/*", "a/b", True),
        ("*/*", "a", False),
        ("**", "a/b", False),
        ("**", "ab", True),
        ("**/x", "a/x", True),
        ("**/x", "a/b/x", False),
        ("**/x", "x", False),
        ("foo/*.tgz", "foo/bar.tgz", True),
        ("foo/*.tgz", "foo/bar.tgz.sig", False),
        ("foo/*.tgz", "foo/.tgz", True),
        ("?", "a", True),
        ("?", "", False),
        ("?", "ab", False),
        ("?", "/", False),
        ("a?b", "a/b", False),
        ("a*b", "a/b", False),
        ("*a*b*", "xaxbx", True),
        ("*a*b*", "xbxax", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a*?", "a", False),
        ("a?*", "ab", True),
        ("*b", "aab", True),
        ("*ab", "aab", True),
        ("*aab", "aaab", True),
        ("", "", True),
        ("", "a", False),
        ("a", "", False),
        ("a", "a", True),
        ("a", "ab", False),
        ("ab", "a", False),
        ("a", "b", False),
        ("/a", "a", False),
        ("a/", "a", False),
        ("/", "/", True),
        ("acme/app:*", "acme/app:1.4", True),
        ("acme/*", "acme/team/x:1", False),
        # nothing else is special (P48)
        ("[a-z]", "a", False),
        ("[a-z]", "[a-z]", True),
        ("[!a]", "b", False),
        ("{a,b}", "a", False),
        ("!a", "b", False),
        ("\\*", "*", False),
        ("\\*", "\\x", True),
        ("a.c", "abc", False),
        ("^a$", "a", False),
        ("a|b", "a", False),
        # nothing depends on the platform (T-06)
        ("foo/*", "FOO/x", False),
        ("foo/*", "foo\\x", False),
        ("foo\\*", "foo/x", False),
        ("Ä", "ä", False),
        ("é", "e\u0301", False),
        ("?", "é", True),
        ("?", "😀", True),
        ("*", "\n", True),
        ("?", "\n", True),
        ("a", "a\n", False),
        ("*", ".hidden", True),
        ("a/*", "a/..", True),
    ],
)  # fmt: skip
def test_vectors(pattern, path, expected):
    """T-54."""
    assert expected is matches(pattern, path)


def reference(pattern, path):
    """Slow and obvious."""
    if not pattern:
        return not path
    if pattern[0] == "*":
        return reference(pattern[1:], path) or (
            path[:1] not in ("", "/") and reference(pattern, path[1:])
        )
    if not path or (pattern[0] == "?" and path[0] == "/"):
        return False
    return pattern[0] in ("?", path[0]) and reference(pattern[1:], path[1:])


@settings(max_examples=1_000)
@given(st.text("ab*?/", max_size=9), st.text("ab/*", max_size=9))
def test_it_is_what_a_slow_matcher_says(pattern, path):
    assert reference(pattern, path) is matches(pattern, path)


@given(st.text(max_size=30))
def test_a_path_matches_itself_unless_it_holds_wildcards(path):
    assert matches(path, path)


class Read(str):
    """A string that counts how often it is looked into."""

    __slots__ = ("count",)

    def __new__(cls, text):
        read = super().__new__(cls, text)
        read.count = 0
        return read

    def __getitem__(self, key):
        self.count += 1
        return super().__getitem__(key)


HOSTILE = ["*" * 100_000, "*a" * 50_000, "a*" * 50_000, "*?" * 50_000, "?" * 100_000, "a" * 100_000,
           "*" * 99_999 + "b", "*a" * 49_999 + "*b", "a?*" * 33_333, "*aaaaaaaab" * 10_000]  # fmt: skip


@pytest.mark.parametrize("pattern", HOSTILE, ids=lambda p: p[:12])
def test_work_is_linear_in_the_pattern(pattern):
    """Each character is looked at a few times, and again for each of the path's own at most."""
    for path in ("", "a" * 100, "b" * 100, "ab" * 50, "a" * 99 + "b"):
        read = Read(pattern)
        _segment_matches(read, path)

        assert read.count <= 2 * (len(pattern) + len(path) ** 2)


@pytest.mark.parametrize("pattern", [*HOSTILE, "/" * 100_000, "*/" * 50_000], ids=lambda p: p[:12])
def test_hostile_patterns_come_to_an_end(pattern):
    for path in ("a" * 255, "/".join("a" * 20), "ab" * 100, ""):
        matches(pattern, path)
