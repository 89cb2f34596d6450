"""The files of one collection: bytes to documents and back, and what they are called.

A collection has a name, which stands in the certificates of its roots and in
the addresses of its files. Everything is read for one such name.
"""

from __future__ import annotations

from urllib.parse import quote

from attrs import field, frozen

from trustlib import _paths
from trustlib._canonical import canonical
from trustlib._json import read
from trustlib._types import CollectionName, RoleName, StoredName, UrlPath, Version
from trustlib.content import PerRepository
from trustlib.documents import Document
from trustlib.keys import Signature
from trustlib.notary.reading import role_in, signatures_in
from trustlib.notary.writing import payload, rendered
from trustlib.roles import MetaFile, R, Role

_MAX_NAME = 1024


def _named(name: str) -> CollectionName:
    segments = name.split("/")
    if not (name.isprintable() and len(name) <= _MAX_NAME and all(segments)):
        raise ValueError(f"expected the name of a collection, got {name[:80]!r}")
    if not {".", ".."}.isdisjoint(segments) or "\\" in name or " " in name:
        raise ValueError(f"{name[:80]!r} is no name of a collection")
    return CollectionName(name)


@frozen
class ContentTrustFormat:
    """How the files of the collection *name* are written and called.

    Attributes:
        name: the collection, for an image its fully qualified repository:
            ``docker.io/acme/app``. Globally unique, hence also called GUN.
    """

    name: CollectionName = field(converter=_named)

    @property
    def names(self) -> PerRepository:
        """What the images of the collection are called: there is one, and tags are its targets.

        Raises:
            ValueError: the collection is not named after an image repository.
        """
        return PerRepository(self.name)

    def parse(self, kind: type[R], raw: bytes, *, name: RoleName | None = None) -> Document[R]:
        """Understand *raw* as a file of *kind*; *name* is the role's where it is delegated.

        Raises:
            MalformedError: *raw* is not such a file.
        """
        name = name or kind.NAME
        envelope = read(raw, f"{name}.json")
        signed = envelope.at("signed")
        role = role_in(kind, signed, name, self.name)
        return Document(name, raw, canonical(signed.value), signatures_in(envelope), role)

    def payload(self, role: Role) -> bytes:
        """Return the bytes that a signer of *role* signs.

        Raises:
            ValueError: the role says what this format has no words for.
        """
        return payload(role)

    def render(self, role: Role, signatures: tuple[Signature, ...] = ()) -> bytes:
        """Return the file that holds *role* and *signatures*, as Docker's programs write it.

        Raises:
            ValueError: the role says what this format has no words for.
        """
        return rendered(role, signatures)

    def published(self, name: RoleName, version: Version | None) -> UrlPath:
        """Return where a server has *version* of *name*; None: the newest it has."""
        file = f"{quote(name, safe='/')}.json"
        return UrlPath(file if version is None else f"{version}.{file}")

    def listed(self, name: RoleName, file: MetaFile, *, consistent: bool) -> UrlPath:
        """Return where a server has the file of *name* that is listed as *file*: by its hash.

        Whatever the root says of consistent snapshots; it always says there are none.
        """
        del consistent
        return UrlPath(f"{quote(name, safe='/')}.{file.hashes['sha256']}.json")

    def stored(self, name: RoleName) -> StoredName:
        """Return the file of a local store that holds the trusted *name*."""
        return _paths.stored(name)
