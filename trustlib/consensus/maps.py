"""Which repositories must agree on which targets (TAP 4), read strictly and kept frozen.

A map is what its reader trusts, so whatever it says and we would not heed is
refused: members we do not know, patterns that match nothing, a threshold that
nobody could meet. The names of repositories become names of folders; they are
spelled so that they can be nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Final, Self, TypeVar

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._globs import matches
from trustlib._json import Cursor, read
from trustlib._paths import DEVICE
from trustlib.errors import MalformedError, shortened
from trustlib.transport._urls import checked_base, shown
from trustlib.workflow.agreement import names_of, require_threshold

MAX_MAP: Final = 1_048_576  # bytes
MAX_REPOSITORIES: Final = 256
MAX_URLS: Final = 16  # of one repository
MAX_ENTRIES: Final = 1_024
MAX_PATHS: Final = 1_024  # of one entry
MAX_PATTERN: Final = 1_024  # characters

_FILE: Final = "map.json"
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?", re.ASCII)

C = TypeVar("C", bound=Collection[object])
V = TypeVar("V")


def checked_name(name: str) -> str:
    """Return *name*, which may name a repository and a folder on every file system.

    Raises:
        ValueError: it may not.
    """
    if not _NAME.fullmatch(name) or DEVICE.fullmatch(name.lower()):
        raise ValueError(
            "expected the name of a repository, up to 64 letters, digits, '.', '_' and '-',"
            f" no dot at either end and no device, got {shortened(name)}"
        )
    return name


@frozen(kw_only=True)
class MapEntry:
    """Some target paths, and the repositories that must agree on them; TAP 4's mapping.

    Attributes:
        paths: patterns of target paths; ``*`` and ``?`` stop at a slash, as in a
            delegation (§4.5).
        repositories: who is asked, the most important first: where two things
            are said by enough, the first decides which counts. With a threshold
            of more than half that cannot be.
        threshold: how many of them must say the same thing.
        terminating: whether no later entry is consulted if they do not.

    Raises:
        ValueError: something that no map may say; see the module.
    """

    paths: tuple[str, ...] = field(converter=names_of)
    repositories: tuple[str, ...] = field(converter=names_of)
    threshold: int
    terminating: bool = False

    def __attrs_post_init__(self) -> None:
        if not 1 <= len(self.paths) <= MAX_PATHS:
            raise ValueError(f"expected from 1 to {MAX_PATHS} paths, got {len(self.paths)}")
        for pattern in self.paths:
            if not 1 <= len(pattern) <= MAX_PATTERN:
                raise ValueError(
                    f"expected a pattern of 1 to {MAX_PATTERN} characters, got {shortened(pattern)}"
                )
        require_threshold(self.threshold, self.repositories, "repositories")

    def covers(self, path: str) -> bool:
        """Return whether one of the patterns matches the whole of *path*."""
        return any(matches(pattern, path) for pattern in self.paths)


def _frozen_urls(given: Mapping[str, Iterable[str]]) -> FrozenMap[str, tuple[str, ...]]:
    return FrozenMap({name: names_of(urls) for name, urls in given.items()})


def _frozen_entries(given: Iterable[MapEntry]) -> tuple[MapEntry, ...]:
    return tuple(given)


@frozen(kw_only=True)
class TrustMap:
    """The repositories there are, and who of them must agree on what (TAP 4).

    Attributes:
        repositories: http or https URLs of each, by its name. A name is safe as
            that of a folder, and no two differ in case alone: each repository's
            store is its own.
        mapping: the entries, the most important first.

    Raises:
        ValueError: something that no map may say; see the module.
    """

    repositories: FrozenMap[str, tuple[str, ...]] = field(converter=_frozen_urls)
    mapping: tuple[MapEntry, ...] = field(converter=_frozen_entries)

    def __attrs_post_init__(self) -> None:
        folded: dict[str, str] = {}
        kept_by: dict[str, str] = {}
        for name, urls in _counted(self.repositories, MAX_REPOSITORIES, "repositories").items():
            checked_name(name)
            if (other := folded.setdefault(name.lower(), name)) != name:
                raise ValueError(
                    f"expected names that differ by more than case, got {other}, {name}"
                )
            for url in _counted(urls, MAX_URLS, f"URLs of {name}"):
                if (other := kept_by.setdefault(checked_base(url), name)) != name:
                    raise ValueError(f"expected a URL of {other} alone, got {url} for {name}")
        for entry in _counted(self.mapping, MAX_ENTRIES, "entries of the mapping"):
            for name in entry.repositories:
                if name not in self.repositories:
                    raise ValueError(f"expected a repository of this map, got {shortened(name)}")

    def covering(self, path: str) -> tuple[MapEntry, ...]:
        """Return the entries to consult for *path*, in order, up to one that ends the search."""
        covering: list[MapEntry] = []
        for entry in self.mapping:
            if entry.covers(path):
                covering.append(entry)
                if entry.terminating:
                    break
        return tuple(covering)

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a map file, as TAP 4 writes it.

        Raises:
            MalformedError: *raw* is no such file, or says something that no map may say.
        """
        if len(raw) > MAX_MAP:
            raise MalformedError(_FILE, "$", f"at most {MAX_MAP} bytes", f"{len(raw)} bytes")
        at = read(raw, _FILE)
        _nothing_else(at, "repositories", "mapping")
        repositories = {
            _valid(listed, partial(checked_name, name)): tuple(map(_url, listed.elements()))
            for name, listed in at.at("repositories").items()
        }
        mapping = tuple(map(_entry, at.at("mapping").elements()))
        return _valid(at, lambda: cls(repositories=repositories, mapping=mapping))

    def render(self) -> bytes:
        """Return the map file that :meth:`parse` reads as this map."""
        value = {
            "repositories": dict(self.repositories),
            "mapping": [
                {
                    "paths": entry.paths,
                    "repositories": entry.repositories,
                    "threshold": entry.threshold,
                    "terminating": entry.terminating,
                }
                for entry in self.mapping
            ],
        }
        return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _counted(values: C, most: int, what: str) -> C:
    if not 1 <= len(values) <= most:
        raise ValueError(f"expected from 1 to {most} {what}, got {len(values)}")
    return values


def _nothing_else(at: Cursor, *known: str) -> None:
    for name, member in at.items():
        if name not in known:
            raise member.wrong(f"no other members than {', '.join(known)}")


def _valid(at: Cursor, make: Callable[[], V]) -> V:
    """Return what *make* makes of the value at *at*, or say where it is that cannot be."""
    try:
        return make()
    except ValueError as error:  # all of them read "expected …, got …"
        expected, _, got = str(error).removeprefix("expected ").rpartition(", got ")
        raise MalformedError(_FILE, at.path, expected, got) from None


def _url(at: Cursor) -> str:
    url = at.text()
    try:
        checked_base(url)
    except ValueError as error:  # which says why, and shows no password
        raise MalformedError(_FILE, at.path, f"a URL to read from ({error})", shown(url)) from None
    return url


def _entry(at: Cursor) -> MapEntry:
    _nothing_else(at, "paths", "repositories", "threshold", "terminating")
    paths = tuple(pattern.text() for pattern in at.at("paths").elements())
    repositories = tuple(name.text() for name in at.at("repositories").elements())
    threshold, terminating = at.at("threshold").integer(1), at.at("terminating").flag()
    return _valid(
        at,
        lambda: MapEntry(
            paths=paths, repositories=repositories, threshold=threshold, terminating=terminating
        ),
    )
