"""One role's bytes on their way to the people who sign them, and back.

A request is a small file that can be carried to an offline machine. The signer
there believes nothing in it but the bytes that will be signed: what they say is
worked out from them, on the signer's machine. What else the request says, who is
asked and who signed already, can bring about no more than that nobody signs; and
it can be compared with what the signer holds (:mod:`~trustlib.publish.held`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final, Self

import attrs
from attrs import field, frozen

from trustlib._canonical import compact
from trustlib._frozen import FrozenMap, JsonLike
from trustlib._json import Cursor, read
from trustlib._notes import content, written
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, KeyId, RoleName
from trustlib.documents import Document
from trustlib.errors import SigningError, shortened
from trustlib.keys import Key, Signature, Signer
from trustlib.publish import held as held_
from trustlib.publish import words
from trustlib.publish.change import Change
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

    def wanted_of(self, key: Key, *, now: datetime) -> Self:
        """Return this request if a signature by *key* would still be of use.

        To be asked before a person is: for a passphrase, or to touch a device.

        Args:
            key: the public half of the key that would sign.
            now: what the signer's clock says (UTC).

        Raises:
            SigningError: *key* is the wrong one, or it is too late: it signed
                already, others suffice, or what would be signed has expired.
        """
        self._name(key)
        what, expires = f"key {key.id[:8]}", self.document.unverified.expires
        if self.signed_with(key):
            raise SigningError(what, f"signed {self._version} already; nothing is left to do")
        if not any(self._lacks(authority, key) for authority in self.authorities):
            raise SigningError(
                what,
                f"is too late for {self._version}: enough others signed it; nothing is left to do",
            )
        if expires <= now:
            raise SigningError(
                what,
                f"is too late for {self._version}: it expired {words.moment(expires)},"
                f" and it is {words.moment(now)}; ask for a new request",
            )
        return self

    def since(self, held: bytes) -> tuple[Change, ...]:
        """Return what the request changes in *held*, the file of this role that was signed last.

        *held* has been on the signer's own machine since then: it is read, and
        its signatures are not looked at.

        Raises:
            MalformedError: *held* is no file of this role.
            SigningError: the request does not follow it: it is of another
                collection, goes back, or is a root that leaves one out.
        """
        return held_.since(self.document, held)

    def under(self, holder: bytes) -> Self:
        """Return this request, asking those alone whom the file *holder* names.

        A request could name anybody, and any threshold. *holder* is on the
        signer's own machine, and trusted: the root, or for a delegated role the
        file of the role that delegates. For a new root it is the one before it.

        Raises:
            MalformedError: *holder* is no such file.
            SigningError: the request asks others, or another number of them: in
                the name of a root, for example, that the signer does not know.
        """
        known = held_.authority_of(self.role, holder)
        if not any(held_.same(known, asked) for asked in self.authorities):
            raise SigningError(
                f"request for {self._version}",
                "asks others than what you hold says may sign; find out whether there is"
                " a newer root that you have not seen, and do not sign before you have",
            )
        own = self.authorities[-1:] if self.role == ROOT else ()
        return attrs.evolve(self, authorities=(known, *own))

    @property
    def _version(self) -> str:
        return f"{shortened(self.role, str)} version {self.document.unverified.version}"

    def _lacks(self, authority: Authority, key: Key) -> bool:
        """Return whether *authority* lists *key*, and too few have signed for it."""
        signed = {listed.material for k, listed in authority.keys.items() if k in self.signed_by}
        listed = any(other.material == key.material for other in authority.keys.values())
        return listed and len(signed) < authority.threshold

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
        asked = asked_value(self.document, self.authorities)
        value = {"kind": _KIND, **asked, "signed_by": sorted(self.signed_by)}
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
        document, authorities = asked_in(at)
        return cls(
            role=document.name,
            document=document,
            authorities=authorities,
            signed_by=frozenset(KeyId(k.text()) for k in at.at("signed_by").elements()),
        )


def asked_value(
    document: Document[Role], authorities: tuple[Authority, ...]
) -> dict[str, JsonLike]:
    """Return what files of ours say of a role that *authorities* are asked to sign."""
    return {
        "role": document.name,
        "type": document.unverified.NAME,
        "document": document.raw.decode(),
        "authorities": list(map(authority_value, authorities)),
    }


def authority_value(authority: Authority) -> dict[str, JsonLike]:
    """Return what files of ours say of who must sign."""
    keys: dict[str, JsonLike] = {keyid: key_value(key) for keyid, key in authority.keys.items()}
    return {"threshold": authority.threshold, "keys": keys}


def asked_in(at: Cursor) -> tuple[Document[Role], tuple[Authority, ...]]:
    """Return the role that is asked for, and of whom: what :func:`asked_value` was made from.

    Raises:
        MalformedError: the object says something else, or contradicts itself.
    """
    document = _document(at)
    return document, _authorities(at.at("authorities"), document.unverified)


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


def _authorities(at: Cursor, role: Role) -> tuple[Authority, ...]:
    asked = tuple(map(authority_in, at.elements()))
    if not asked:
        raise at.wrong("at least one authority")
    # A root says itself who must sign it: the request has to say the same.
    if isinstance(role, Root) and not held_.same(asked[-1], role.authority(ROOT)):
        raise at.wrong("the root's own keys and threshold in the last place")
    return asked


def authority_in(at: Cursor) -> Authority:
    """Return who must sign: what :func:`authority_value` was made from.

    Raises:
        MalformedError: the object says something else.
    """
    keys = {KeyId(keyid): key_in(key) for keyid, key in at.at("keys").items()}
    return Authority(FrozenMap(keys), at.at("threshold").integer(1))
