"""Parsed files, and the seam where file formats plug in.

A :class:`Document` is *understood*, never *trusted*: its role sits behind the
name ``unverified``, so that every use of it shows in a grep.
"""

from __future__ import annotations

from typing import Generic, Protocol

from attrs import field, frozen

from trustlib._types import Covered, RoleName, StoredName, UrlPath, Version
from trustlib.keys import Signature
from trustlib.roles import MetaFile, R, R_co, Role


@frozen
class Document(Generic[R_co]):
    """One metadata file.

    Attributes:
        name: the role's name; for a delegated role not the name of its type.
        raw: the bytes as they arrived; what is stored, hashed, and measured.
        covered: what the signatures cover: the canonical form of the signed
            value that was *received*, members unknown to us included. Where
            it stands in *raw* as it is, it is a view of that.
        signatures: at most one per key id.
        unverified: the role that those bytes claim to be.
    """

    name: RoleName
    raw: bytes = field(repr=False)
    covered: Covered = field(repr=False, eq=bytes)
    signatures: tuple[Signature, ...]
    unverified: R_co

    @property
    def payload(self) -> bytes:
        """What the signatures cover, as bytes of their own."""
        return bytes(self.covered)

    def __reduce__(self) -> tuple[type[Document[R_co]], tuple[object, ...]]:
        # A view cannot be copied, nor sent to another process.
        return Document, (self.name, self.raw, self.payload, self.signatures, self.unverified)


class Format(Protocol):
    """How roles are written and what their files are called.

    The F, and the file names of the P, in what TUF calls a POUF (§2.3).
    """

    def parse(self, kind: type[R], raw: bytes, *, name: RoleName | None = None) -> Document[R]:
        """Understand *raw* as a file of *kind*; *name* is the role's where it is delegated.

        Raises:
            MalformedError: *raw* is not such a file.
        """
        ...

    def payload(self, role: Role) -> bytes:
        """Return the bytes that a signer of *role* signs."""
        ...

    def render(self, role: Role, signatures: tuple[Signature, ...] = ()) -> bytes:
        """Return the file that holds *role* and *signatures*."""
        ...

    def published(self, name: RoleName, version: Version | None) -> UrlPath:
        """Return where a repository keeps *version* of *name*; None: the unversioned file."""
        ...

    def listed(self, name: RoleName, file: MetaFile, *, consistent: bool) -> UrlPath:
        """Return where a repository keeps the file of *name* that is listed as *file*.

        *consistent* says whether the root calls its snapshots consistent (§6.2).
        """
        ...

    def stored(self, name: RoleName) -> StoredName:
        """Return the file of a local store that holds the trusted *name*."""
        ...
