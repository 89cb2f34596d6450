"""TUF's own JSON: bytes to documents and back (§4.2–§4.6, TAP 15).

Signatures cover the canonical form of the value that was received, whatever the
file looks like; what is written is canonical and compact to begin with.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

from trustlib import _paths
from trustlib._canonical import canonical, compact
from trustlib._frozen import JsonLike
from trustlib._times import RFC_3339, WHOLE_SECONDS, TimeSpelling
from trustlib._types import RoleName, StoredName, UrlPath, Version
from trustlib.documents import Document
from trustlib.keys import Signature
from trustlib.roles import MetaFile, R, Role
from trustlib.wire.large import read_around
from trustlib.wire.members import COLLECTION
from trustlib.wire.reading import key_in, read_whole
from trustlib.wire.splicing import spelled
from trustlib.wire.writing import key_value, signed_value

__all__ = [
    "COLLECTION",
    "TUF_JSON",
    "TUF_JSON_RFC3339",
    "TufJson",
    "key_in",
    "key_value",
    "signed_value",
]

_CONTROL: Final = bytes(range(0x20))
"""What a string of JSON has to escape, and canonical JSON does not."""


@frozen
class TufJson:
    """The format of the TUF specification and of its other implementations.

    Attributes:
        times: how files that are read may spell when they expire. What is
            written is spelled as the specification has it, whatever was read.
    """

    times: TimeSpelling = WHOLE_SECONDS

    def parse(self, kind: type[R], raw: bytes, *, name: RoleName | None = None) -> Document[R]:
        """Understand *raw* as a file of *kind*; *name* is the role's where it is delegated.

        Raises:
            MalformedError: *raw* is not such a file.
        """
        name = name or kind.NAME
        document = read_around(kind, raw, name=name, times=self.times)
        return document or read_whole(kind, raw, name=name, times=self.times)

    def payload(self, role: Role) -> bytes:
        """Return the bytes that a signer of *role* signs."""
        return spelled(role, canonical)

    def render(self, role: Role, signatures: tuple[Signature, ...] = ()) -> bytes:
        """Return the file that holds *role* and *signatures*, canonical and compact."""
        return b'{"signatures":%b,"signed":%b}' % (_listed(signatures), spelled(role, _as_json))

    def enclosed(self, document: Document[Role], signatures: tuple[Signature, ...]) -> bytes:
        """Return what :meth:`render` makes of the document's role, around the very bytes signed."""
        payload = document.payload
        if len(payload.translate(None, _CONTROL)) != len(payload):  # canonical, and no JSON (§4.1)
            return self.render(document.unverified, signatures)
        return b'{"signatures":%b,"signed":%b}' % (_listed(signatures), payload)

    def published(self, name: RoleName, version: Version | None) -> UrlPath:
        """Return where a repository keeps *version* of *name*; None: the unversioned file."""
        return _paths.published(name, version)

    def listed(self, name: RoleName, file: MetaFile, *, consistent: bool) -> UrlPath:
        """Return where a repository keeps the file of *name* that is listed as *file*."""
        return _paths.published(name, file.version if consistent else None)

    def stored(self, name: RoleName) -> StoredName:
        """Return the file of a local store that holds the trusted *name*."""
        return _paths.stored(name)


def _listed(signatures: tuple[Signature, ...]) -> bytes:
    return compact([{"keyid": s.keyid, "sig": s.value.hex()} for s in signatures]).encode()


def _as_json(value: JsonLike) -> bytes:
    return compact(value).encode()


TUF_JSON: Final = TufJson()
"""What nearly all repositories are written in, and all that trustlib publishes."""

TUF_JSON_RFC3339: Final = TufJson(times=RFC_3339)
"""The same, for repositories that older programs in Go wrote: times with fractions and offsets.

``Updater(..., format=TUF_JSON_RFC3339)`` reads Sigstore's first three roots, for
example. A fraction of a second is cut off, so that no signature counts for
longer than was said; everything else is as strict as ``TUF_JSON``.

A store that such a client filled is to be read with this format ever after. A
client that cannot read a remembered file cannot know its version either, and
would take an older one.
"""
