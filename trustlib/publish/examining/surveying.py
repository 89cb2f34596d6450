"""What lies in a storage, role by role, each judged on its own.

A client stops at the first thing that it refuses. Here the next role is looked
at all the same, by what the refused one says of it: that decides what is read,
and nothing is believed because of it. What is judged is what a client judges,
with the client's own functions; only the time is left to whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, field, frozen

from trustlib._frozen import FrozenMap
from trustlib._paths import plain
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleName, Version
from trustlib.anchors import Anchor
from trustlib.documents import Document, Format
from trustlib.errors import (
    MalformedError,
    MismatchError,
    NotFoundError,
    NoTrustDataError,
    TooLongError,
    TrustError,
)
from trustlib.limits import Limits
from trustlib.publish.examining.survey import Lying, Survey
from trustlib.publish.opening import BEGINNING, taken
from trustlib.publish.storing import Job, listed, revised
from trustlib.roles import Authority, MetaFile, R, Root, Snapshot, Targets, Timestamp
from trustlib.trust import RootTrusted
from trustlib.trust.agreeing import belonging, matching
from trustlib.verify import verify


@frozen(kw_only=True)
class Work:
    """How much a repository may make :func:`~trustlib.publish.fsck` do.

    Somebody who may sign for one role can delegate to very many. What is left
    out because of this is a finding.

    Attributes:
        signatures: that are looked at, over all roles and all who delegate to
            them; the largest honest repositories have some ten thousand.
        comparisons: of target paths with what delegations cover.
    """

    signatures: int = 200_000
    comparisons: int = 5_000_000


@define(kw_only=True)
class Surveying:
    """One look at everything, each file read once."""

    anchor: Anchor
    limits: Limits
    format: Format
    work: Work
    paths: frozenset[str] = frozenset()
    files: dict[str, bytes] = field(factory=dict[str, bytes])
    targets: dict[RoleName, Lying[Targets]] = field(factory=dict[RoleName, Lying[Targets]])
    unlisted: dict[RoleName, tuple[RoleName, ...]] = field(
        factory=dict[RoleName, tuple[RoleName, ...]]
    )
    signatures: int = 0
    cut_short: bool = False

    def surveyed(self) -> Job[Survey]:
        """Return what there is.

        Raises:
            StorageError: the storage itself failed.
        """
        self.paths = frozenset((yield from listed()))
        roots, refused, twin = yield from self._roots()
        first = roots[0].unverified.version if roots else None
        older = yield from self._older(first)
        timestamp: Lying[Timestamp] | None = None
        snapshot: Lying[Snapshot] | None = None
        if roots:
            root = roots[-1].unverified
            timestamp = yield from self._timestamp(root)
            snapshot = yield from self._snapshot(root, timestamp)
            yield from self._targets(root, snapshot)
        return Survey(
            paths=self.paths,
            files=FrozenMap(self.files),
            first=first,
            roots=roots,
            older=older,
            newest=self._newest(roots[-1]) if roots else None,
            copy=(yield from self._at(self._path(ROOT, None))),
            refused=refused,
            twin=twin,
            timestamp=timestamp,
            snapshot=snapshot,
            targets=FrozenMap(self.targets),
            unlisted=FrozenMap(self.unlisted),
            cut_short=self.cut_short,
        )

    def _at(self, path: str) -> Job[bytes | None]:
        """Return the file at *path*. What is not listed is not asked for.

        Names in metadata are somebody else's: a storage may call it its own
        failure to be asked for ``..``.
        """
        if path not in self.paths:
            return None
        if path not in self.files:
            found = yield from revised(path)
            if found is None:
                return None
            self.files[path] = found.data
        return self.files[path]

    def _path(self, name: RoleName, version: Version | None) -> str:
        return plain(self.format.published(name, version))

    # -- roots --------------------------------------------------------------------------

    def _roots(self) -> Job[tuple[tuple[Document[Root], ...], TrustError | None, bool]]:
        raw, found = self.anchor.raw, []
        try:
            if raw is None:
                path = self._path(ROOT, self.anchor.version)
                raw = yield from self._at(path)
                if raw is None:
                    raise NoTrustDataError(path)
                self.anchor.check(raw)
            stage = RootTrusted.bootstrap(raw, now=BEGINNING, format=self.format)
            found.append(self.format.parse(Root, raw))
            copy = yield from self._at(self._path(ROOT, stage.root.role.version))
            twin = copy not in (None, raw)
        except TrustError as error:
            return tuple(found), error, False
        while True:
            path = self._path(ROOT, Version(stage.root.role.version + 1))
            raw = yield from self._at(path)
            if raw is None:
                return tuple(found), None, twin
            try:
                if len(raw) > self.limits.root:
                    raise TooLongError(path, self.limits.root)
                stage = stage.accept_root(raw)
            except TrustError as error:
                return tuple(found), error, twin
            found.append(self.format.parse(Root, raw))

    def _newest(self, root: Document[Root]) -> Lying[Root]:
        return Lying(
            name=ROOT,
            path=self._path(ROOT, root.unverified.version),
            raw=root.raw,
            document=root,
            authorities=(root.unverified.authority(ROOT),),
            errors=(),
        )

    def _older(self, first: Version | None) -> Job[FrozenMap[Version, bytes]]:
        older: dict[Version, bytes] = {}
        numbers = taken(self.paths).get(ROOT, frozenset())
        for version in sorted(n for n in numbers if first is not None and n < first):
            raw = yield from self._at(self._path(ROOT, version))
            if raw is not None:
                older[version] = raw
        return FrozenMap(older)

    # -- what root vouches for ----------------------------------------------------------

    def _timestamp(self, root: Root) -> Job[Lying[Timestamp]]:
        path = self._path(TIMESTAMP, None)
        raw = yield from self._at(path)
        return self._lying(
            Timestamp,
            TIMESTAMP,
            path,
            raw,
            limit=self.limits.timestamp,
            listed=None,
            root=root,
            authority=root.authority(TIMESTAMP),
        )

    def _snapshot(self, root: Root, timestamp: Lying[Timestamp]) -> Job[Lying[Snapshot] | None]:
        if timestamp.document is None:
            return None
        entry = timestamp.document.unverified.snapshot
        path = self._path(SNAPSHOT, entry.version if root.consistent_snapshot else None)
        raw = yield from self._at(path)
        return self._lying(
            Snapshot,
            SNAPSHOT,
            path,
            raw,
            limit=self.limits.snapshot,
            listed=entry,
            root=root,
            authority=root.authority(SNAPSHOT),
        )

    def _targets(self, root: Root, snapshot: Lying[Snapshot] | None) -> Job[None]:
        if snapshot is None or snapshot.document is None:
            return
        meta = snapshot.document.unverified.meta
        top = ((TARGETS, root.authority(TARGETS)),)
        to_visit = yield from self._granted(root, ROOT, top, meta)
        while to_visit:
            by = to_visit.pop()
            document = self.targets[by].document
            if document is not None:
                below = document.unverified.granted()
                to_visit += yield from self._granted(root, by, below, meta)

    def _granted(
        self,
        root: Root,
        by: RoleName,
        grants: Iterable[tuple[RoleName, Authority]],
        meta: Mapping[RoleName, MetaFile],
    ) -> Job[list[RoleName]]:
        """Look at the roles of *grants*, on *by*'s word; return those not looked at before."""
        new: list[RoleName] = []
        unlisted: list[RoleName] = []
        for name, authority in grants:
            if self.signatures >= self.work.signatures:
                self.cut_short = True
                break
            self.signatures += 1
            if name not in meta:
                unlisted.append(name)
                continue
            path = self._path(name, meta[name].version if root.consistent_snapshot else None)
            raw = yield from self._at(path)
            lying = self._lying(
                Targets,
                name,
                path,
                raw,
                limit=self.limits.targets,
                listed=meta[name],
                root=root,
                authority=authority,
                by=by,
                again=self.targets.get(name),
            )
            if name not in self.targets:
                new.append(name)
            self.targets[name] = lying
            self.signatures += 0 if lying.document is None else len(lying.document.signatures)
        if unlisted:
            self.unlisted[by] = tuple(unlisted)
        return new

    def _lying(
        self,
        kind: type[R],
        name: RoleName,
        path: str,
        raw: bytes | None,
        *,
        limit: int,
        listed: MetaFile | None,
        root: Root,
        authority: Authority,
        by: RoleName = ROOT,
        again: Lying[R] | None = None,
    ) -> Lying[R]:
        document = None if again is None else again.document
        try:
            if raw is None:
                raise NoTrustDataError(path) if listed is None else _missing(path)
            if len(raw) > limit:
                raise TooLongError(path, limit)
            try:
                document = document or self.format.parse(kind, raw, name=name)
            except MalformedError:
                if listed is not None:  # a client compares before it reads
                    matching(name, raw, listed, step="§5.6.2")
                raise
            _accepted(document, listed, authority, root)
        except TrustError as error:
            errors: tuple[tuple[RoleName, TrustError], ...] = ((by, error),)
        else:
            errors = ()
        before = () if again is None else again.errors
        others = () if again is None else again.authorities
        return Lying(
            name=name,
            path=path,
            raw=raw,
            document=document,
            authorities=(*others, authority),
            errors=(*before, *errors),
        )


def _missing(path: str) -> NotFoundError:
    return NotFoundError(
        path, "it is listed, and the repository does not have it; publish it again"
    )


def _accepted(
    document: Document[R], listed: MetaFile | None, authority: Authority, root: Root
) -> None:
    """Make sure that a client accepts *document*, whenever that is.

    Raises:
        TrustError: it does not.
    """
    name = document.name
    if listed is not None:
        matching(name, document.raw, listed, step="§5.6.2")
    proof = verify(document, authority)
    belonging(proof, root)
    role = proof.role
    if isinstance(role, Targets) and role.called not in (None, name):
        raise MismatchError(name, "the role called", name, role.called)
    if listed is not None and role.version != listed.version:
        raise MismatchError(name, "version", listed.version, role.version, step="§5.6.4")
