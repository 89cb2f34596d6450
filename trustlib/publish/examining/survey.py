"""What lies in a storage, role by role, and what clients think of each.

Of what is here only the good is to be believed; of the rest, that it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import RoleName, Version
from trustlib.documents import Document
from trustlib.errors import TrustError
from trustlib.roles import Authority, MetaFile, R_co, Root, Snapshot, Targets, Timestamp


@frozen(kw_only=True)
class Lying(Generic[R_co]):
    """One role's file as it lies there.

    Attributes:
        raw: its bytes, or None if there is no such file.
        document: what it says, as far as it can be understood.
        authorities: who must vouch for it; all of them.
        errors: why a client refuses it, and on whose word it is looked at.
            Expiry is not among them.
    """

    name: RoleName
    path: str
    raw: bytes | None = field(repr=False)
    document: Document[R_co] | None = field(repr=False)
    authorities: tuple[Authority, ...] = field(repr=False)
    errors: tuple[tuple[RoleName, TrustError], ...]

    @property
    def good(self) -> Document[R_co] | None:
        """What it says, if clients accept it."""
        return None if self.errors else self.document


@frozen(kw_only=True)
class Survey:
    """Everything that a repository has, and what clients think of it.

    Attributes:
        paths: of all files.
        files: the bytes of those that were read.
        first: the version of the anchor, or None where clients refuse that.
        roots: the anchor and those that follow it, as far as clients accept them.
        older: the files of the roots before the anchor.
        newest: the last of the roots.
        refused: why clients refuse the anchor, or the root after the last.
        copy: the file ``root.json``, from which some clients start.
        twin: whether another root has the anchor's number here.
        timestamp: None where there is no root to judge it by; so with the rest.
        targets: every targets role that some delegation leads to.
        unlisted: those that somebody delegates to and the snapshot does not
            list, by who delegates.
        cut_short: whether there was more to look at than was allowed.
    """

    paths: frozenset[str] = field(repr=False)
    files: FrozenMap[str, bytes] = field(repr=False)
    first: Version | None
    roots: tuple[Document[Root], ...] = field(repr=False)
    older: FrozenMap[Version, bytes] = field(repr=False)
    newest: Lying[Root] | None = None
    copy: bytes | None = field(repr=False)
    refused: TrustError | None
    twin: bool
    timestamp: Lying[Timestamp] | None = None
    snapshot: Lying[Snapshot] | None = None
    targets: FrozenMap[RoleName, Lying[Targets]]
    unlisted: FrozenMap[RoleName, tuple[RoleName, ...]]
    cut_short: bool

    @property
    def root(self) -> Root | None:
        """The newest root that clients accept."""
        return self.roots[-1].unverified if self.roots else None

    @property
    def listing(self) -> Mapping[RoleName, MetaFile]:
        """What the snapshot lists, good or not."""
        if self.snapshot is None or self.snapshot.document is None:
            return {}
        return self.snapshot.document.unverified.meta

    @property
    def understood(self) -> bool:
        """Whether it is known what every role says: else nobody can say what is in none."""
        return not self.cut_short and all(x.document is not None for x in self.targets.values())

    @property
    def documents(self) -> Iterator[Lying[Root | Timestamp | Snapshot | Targets]]:
        """Every current role's file that could be understood, the newest root first."""
        for lying in (self.newest, self.timestamp, self.snapshot):
            if lying is not None and lying.document is not None:
                yield lying
        for targets in self.targets.values():
            if targets.document is not None:
                yield targets
