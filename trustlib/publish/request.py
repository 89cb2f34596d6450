"""One role's bytes on their way to the people who sign them, and back.

A request is a small file that can be carried to an offline machine. The signer
there believes nothing in it but the bytes that will be signed: what they say is
worked out from them, on the signer's machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

from attrs import field, frozen

from trustlib._canonical import compact
from trustlib._frozen import FrozenMap, JsonLike
from trustlib._json import Cursor, read
from trustlib._notes import content, written
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, KeyId, RoleName
from trustlib.documents import Document
from trustlib.errors import SigningError
from trustlib.keys import Key, Signature, Signer
from trustlib.publish.statement import statement
from trustlib.roles import Authority, Role, Root, Snapshot, Targets, Timestamp
from trustlib.wire import TUF_JSON, key_in, key_value

_KIND: Final = "trustlib signing request 1"
_MAX_FILE = 64_000_000  # bytes; twice what a targets file may have


@frozen(kw_only=True)
class SigningRequest:
    """A role that somebody is asked to sign, on a machine without a network (§2.1.1).

    Attributes:
        role: the role's name.
        document: the role and the bytes that are signed.
        authorities: who may sign, and how many must; where there are two (a
            new root), both must be satisfied.
        signed_by: ids of keys that signed already.
    """

    role: RoleName
    document: Document[Role] = field(repr=False)
    authorities: tuple[Authority, ...] = field(repr=False)
    signed_by: frozenset[KeyId] = frozenset()

    @property
    def payload(self) -> bytes:
        """The bytes to sign."""
        return self.document.payload

    def __str__(self) -> str:
        """Say in plain words what those bytes say."""
        return statement(self.document)

    def asks(self, key: Key) -> bool:
        """Return whether *key* is one of those that may sign."""
        return self._listed(key) is not None

    def signed_with(self, key: Key) -> bool:
        """Return whether *key* signed already."""
        found = self._listed(key)
        return found is not None and found[0] in self.signed_by

    def sign(self, signer: Signer) -> Signature:
        """Return *signer*'s signature, if it was asked.

        Raises:
            SigningError: nobody asked that key, or it cannot be used.
        """
        self._name(signer.key)  # before a human is bothered
        return self.answered(signer.key, signer.sign(self.payload).value)

    def answered(self, key: Key, value: bytes) -> Signature:
        """Return the signature *value*, which *key* made over :attr:`payload`, as an answer.

        It bears the name under which metadata lists *key*.

        Raises:
            SigningError: nobody asked that key, or it is listed for another
                scheme than it signs with.
        """
        return Signature(self._name(key), value)

    def _name(self, key: Key) -> KeyId:
        what = f"key {key.id[:8]}"
        found = self._listed(key)
        if found is None:
            raise SigningError(what, f"nobody asked it to sign {self.role}; check the key")
        keyid, listed = found
        if listed.scheme != key.scheme:
            raise SigningError(
                what,
                f"signs with {key.scheme}, and is listed for {listed.scheme};"
                " use a signer of that scheme, or list the key for the other",
            )
        return keyid

    def _listed(self, key: Key) -> tuple[KeyId, Key] | None:
        if key.material is None:
            return None
        for authority in self.authorities:
            for keyid, listed in authority.keys.items():
                if listed.material == key.material:
                    return keyid, listed
        return None

    def write(self, path: str | Path) -> None:
        """Write the request to a file, for the way to an offline machine.

        Raises:
            StorageError: the file cannot be written.
        """
        value: dict[str, JsonLike] = {
            "kind": _KIND,
            "role": self.role,
            "type": self.document.unverified.NAME,
            "document": self.document.raw.decode(),
            "signed_by": sorted(self.signed_by),
            "authorities": [
                {
                    "threshold": authority.threshold,
                    "keys": {keyid: key_value(key) for keyid, key in authority.keys.items()},
                }
                for authority in self.authorities
            ],
        }
        written(path, compact(value) + "\n")

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Return the request that :meth:`write` wrote.

        Raises:
            MalformedError: the file holds something else.
            StorageError: the file cannot be read.
        """
        at = read(content(path, _MAX_FILE), str(path))
        if at.at("kind").value != _KIND:
            raise at.at("kind").wrong(repr(_KIND))
        return cls(
            role=RoleName(at.at("role").text()),
            document=_document(at),
            authorities=tuple(map(_authority, at.at("authorities").elements())),
            signed_by=frozenset(KeyId(k.text()) for k in at.at("signed_by").elements()),
        )


def _document(at: Cursor) -> Document[Role]:
    name, raw = RoleName(at.at("role").text()), at.at("document").text().encode()
    match at.at("type").text():
        case kind if kind == ROOT == name:
            return TUF_JSON.parse(Root, raw)
        case kind if kind == TIMESTAMP == name:
            return TUF_JSON.parse(Timestamp, raw)
        case kind if kind == SNAPSHOT == name:
            return TUF_JSON.parse(Snapshot, raw)
        case kind if kind == TARGETS and name not in (ROOT, TIMESTAMP, SNAPSHOT):
            document = TUF_JSON.parse(Targets, raw, name=name)
            if document.unverified.called not in (None, name):
                # Whoever signs must be told the name that is signed.
                raise at.at("role").wrong(
                    f"{document.unverified.called!r}, as the role itself says"
                )
            return document
        case _:
            raise at.at("type").wrong(f"the type of the role {name!r}")


def _authority(at: Cursor) -> Authority:
    keys = {KeyId(keyid): key_in(key) for keyid, key in at.at("keys").items()}
    return Authority(FrozenMap(keys), at.at("threshold").integer(1))
