"""What lies in the storage besides the current state, and what its names do elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from attrs import define, field, frozen

from trustlib._paths import DEVICE, plain, published_target
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName, Version
from trustlib.documents import Format
from trustlib.publish.examining.finding import Finding, Severity, told
from trustlib.publish.examining.survey import Survey
from trustlib.publish.opening import coming_root, numbered_name
from trustlib.trust.agreeing import HASHES

_WAITING: Final = re.compile(r"coming/[0-9a-f]{64}\.root\.json", re.ASCII)
_FRAGILE: Final = re.compile(r"[^A-Za-z0-9._~-]", re.ASCII)
_LONGEST: Final = 255
"""Bytes of a file's name, on common file systems."""


@frozen(kw_only=True)
class Superseded(Finding):
    """Files of earlier versions, which no client that is up to date asks for.

    Attributes:
        paths: of those files.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    paths: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{len(self.paths)} files of earlier versions: prune removes those that are of no use"
        )


@frozen(kw_only=True)
class LeftOver(Finding):
    """Files with numbers above what is published.

    Attributes:
        paths: of those files.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    paths: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{told(self.paths)}: not published (yet). A publisher may be at work, or was"
            " stopped: then publish your edit again. Nobody reads these files, and their"
            " numbers are not used again"
        )


@frozen(kw_only=True)
class WaitingRoot(Finding):
    """A new root waits for its number, because its publisher was stopped.

    Attributes:
        path: where it waits.
    """

    severity: ClassVar[Severity] = Severity.MEND

    path: str

    def __str__(self) -> str:
        return (
            f"{shortened_path(self.path)}: the root that belongs to the published timestamp has"
            " not got its number yet; open the repository and publish, even without an edit"
        )


@frozen(kw_only=True)
class UnknownFiles(Finding):
    """Files that no role of the repository refers to.

    Attributes:
        paths: of those files.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    paths: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{told(self.paths)}: nothing refers to these files; keep what is yours, and find out"
            " who wrote the rest"
        )


@frozen(kw_only=True)
class OtherRoot(Finding):
    """``root.json``, from which programs and people start, is not the newest root.

    Attributes:
        path: where it lies.
        newest: the version of the newest root.
    """

    severity: ClassVar[Severity] = Severity.MEND

    path: str
    newest: Version

    def __str__(self) -> str:
        return (
            f"{shortened_path(self.path)} is not root {self.newest}: who starts from it may start"
            " from keys that were replaced; copy the newest root there, or remove it"
        )


@frozen(kw_only=True)
class InPlace(Finding):
    """The repository has no consistent snapshots: files are replaced where they are (§6.2)."""

    severity: ClassVar[Severity] = Severity.MEND

    def __str__(self) -> str:
        return (
            "files are replaced in place: a client that reads while somebody publishes sees half"
            " of it, and trustlib does not publish so; publish with_consistent_snapshots()"
        )


@frozen(kw_only=True)
class AlikeNames(Finding):
    """Names differ only by case, or by how letters are composed.

    Attributes:
        names: those, of roles or files.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    names: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{told(self.names)} are one name on Windows and macOS: a copy there holds one of"
            " them; rename all but one"
        )


@frozen(kw_only=True)
class FragileNames(Finding):
    """Names of roles that servers and file systems may not keep as they are.

    Attributes:
        roles: those.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    roles: tuple[RoleName, ...] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{told(self.roles)}: not every server hands out files of such names, and not every"
            " file system keeps them; ask for one of them through each mirror, and give the next"
            " roles names of letters, digits, '-', '_' and '.'"
        )


def shortened_path(path: str) -> str:
    """Return *path* as one short line."""
    return told((path,))


def files(survey: Survey, format: Format) -> Iterator[Finding]:
    """Return what is told by the names of files alone."""
    if survey.root is None:
        return
    if not survey.root.consistent_snapshot:
        yield InPlace()
    yield from _Sorted(survey=survey, format=format).all()
    roles = tuple(survey.listing)
    yield from _alike((*roles, *(path for path in survey.paths if numbered_name(path) is None)))
    if fragile := tuple(sorted(filter(_is_fragile, roles))):
        yield FragileNames(roles=fragile)


@define(kw_only=True)
class _Sorted:
    """The paths of a storage by what they are."""

    survey: Survey
    format: Format
    old: list[str] = field(factory=list[str])
    left: list[str] = field(factory=list[str])
    unknown: list[str] = field(factory=list[str])

    def all(self) -> Iterator[Finding]:
        survey, root = self.survey, self.survey.root
        if root is None or survey.timestamp is None or survey.timestamp.document is None:
            return
        own = plain(self.format.published(ROOT, None))
        if own in survey.paths and not self._is_newest:
            yield OtherRoot(path=own, newest=root.version)
        current = self._current(own)
        artifacts = frozenset(self._artifacts())
        waiting = coming_root(survey.timestamp.document.raw)
        if waiting in survey.paths:
            yield WaitingRoot(path=waiting)
        if survey.snapshot is None or survey.snapshot.document is None:
            return  # what is current is not known, and so neither is what is not
        for path in sorted(survey.paths - current - {waiting}):
            if not _ends_in(path, artifacts):
                self._sort(path)
        for kind, paths in (
            (Superseded, self.old),
            (LeftOver, self.left),
            (UnknownFiles, self.unknown),
        ):
            if paths and (survey.understood or kind is not UnknownFiles):
                yield kind(paths=tuple(paths))

    @property
    def _is_newest(self) -> bool:
        newest = self.survey.newest
        return newest is not None and self.survey.copy == newest.raw

    def _current(self, own: str) -> set[str]:
        survey = self.survey
        current = {own, plain(self.format.published(TIMESTAMP, None))}
        current |= {plain(self.format.published(name, v)) for name, v in self._listed().items()}
        if survey.root is not None and not survey.root.consistent_snapshot:
            current |= {plain(self.format.published(name, None)) for name in self._listed()}
        return current

    def _listed(self) -> dict[RoleName, Version | None]:
        survey = self.survey
        listed = {name: entry.version for name, entry in survey.listing.items() if name != ROOT}
        if survey.timestamp is not None and survey.timestamp.document is not None:
            listed[SNAPSHOT] = survey.timestamp.document.unverified.snapshot.version
        return listed

    def _sort(self, path: str) -> None:
        named = numbered_name(path)
        if _WAITING.fullmatch(path):
            self.left.append(path)
        elif named is None:
            self.unknown.append(path)
        elif named[0] == ROOT:
            newest = self.survey.roots[-1].unverified.version
            if named[1] > newest:
                self.left.append(path)
        elif (current := self._listed().get(named[0])) is None:
            self.unknown.append(path)
        else:
            (self.old if named[1] < current else self.left).append(path)

    def _artifacts(self) -> Iterator[str]:
        for lying in self.survey.targets.values():
            if lying.document is None:
                continue
            for path, target in lying.document.unverified.targets.items():
                yield plain(published_target(path, None))
                for algorithm in HASHES:
                    if algorithm in target.hashes:
                        yield plain(published_target(path, target.hashes[algorithm]))


def _ends_in(path: str, artifacts: frozenset[str]) -> bool:
    """Return whether *path* is an artifact's, whatever folder artifacts are kept in."""
    while path not in artifacts:
        _, slash, path = path.partition("/")
        if not slash:
            return False
    return True


def _alike(names: Iterable[str]) -> Iterator[Finding]:
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(unicodedata.normalize("NFC", name).casefold(), []).append(name)
    for alike in folded.values():
        if len(alike) > 1:
            yield AlikeNames(names=tuple(sorted(alike)))


def _is_fragile(name: RoleName) -> bool:
    return (
        _FRAGILE.search(name) is not None
        or name.startswith(".")
        or DEVICE.fullmatch(name.casefold()) is not None
        or len(f"{2**53}.{name}.json".encode()) > _LONGEST
    )
