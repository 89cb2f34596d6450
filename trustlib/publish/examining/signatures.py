"""Signatures that stand in a file and do not count, and files that are not written plainly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, TypeAlias

from attrs import field, frozen

from trustlib._canonical import compact
from trustlib._json import read
from trustlib._types import KeyId, RoleName
from trustlib.errors import MalformedError, shortened
from trustlib.keys import Key, Signature
from trustlib.publish.examining.finding import Finding, Severity, ids, told
from trustlib.publish.examining.survey import Lying, Survey
from trustlib.roles import Role


@frozen(kw_only=True)
class StrangeSignature(Finding):
    """Somebody signed who is not asked for that role.

    Attributes:
        keyids: by which the signatures go.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    role: RoleName
    keyids: tuple[KeyId, ...]

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)} has signatures by {ids(self.keyids)}, who may not sign"
            " it: they do not count; keys that were replaced leave some behind, which go with"
            " the next version"
        )


@frozen(kw_only=True)
class BrokenSignature(Finding):
    """A key of the role stands under a signature that is not its own over these bytes.

    Attributes:
        keyids: by which the signatures go.
    """

    severity: ClassVar[Severity] = Severity.MEND

    role: RoleName
    keyids: tuple[KeyId, ...]

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)}: the signatures by {ids(self.keyids)} do not verify,"
            " and do not count; have those keys sign again"
        )


@frozen(kw_only=True)
class EmptySignature(Finding):
    """A place was kept for somebody who did not sign.

    Attributes:
        keyids: for whom.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    role: RoleName
    keyids: tuple[KeyId, ...]

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)}: {ids(self.keyids)} did not sign, and others sufficed;"
            " make sure that the keys still exist"
        )


@frozen(kw_only=True)
class SignedTwice(Finding):
    """One key signed a role under several ids, and counts once.

    Attributes:
        keyids: under which.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    role: RoleName
    keyids: tuple[KeyId, ...]

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)}: {ids(self.keyids)} are one key, which signed once for"
            " each id and counts once; list it under one id"
        )


@frozen(kw_only=True)
class NotPlain(Finding):
    """Files are written otherwise than the bytes that are signed.

    Attributes:
        paths: of those files.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    paths: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{told(self.paths)}: written with blanks, or in another order than is signed, which"
            " is fine; what trustlib publishes next has neither, so that it is smaller"
        )


_Kind: TypeAlias = type[StrangeSignature] | type[BrokenSignature] | type[EmptySignature]


def signatures(survey: Survey) -> Iterator[Finding]:
    """Return which signatures do not count."""
    for lying in survey.documents:
        yield from _of(lying)
    if paths := tuple(lying.path for lying in survey.documents if not _plain(lying.raw)):
        yield NotPlain(paths=paths)


def _of(lying: Lying[Role]) -> Iterator[Finding]:
    if lying.document is None:
        return
    known = {k: key for authority in lying.authorities for k, key in authority.keys.items()}
    kinds: dict[_Kind, list[KeyId]] = {}
    counted: dict[bytes, list[KeyId]] = {}
    for signature in lying.document.signatures:
        key = known.get(signature.keyid)
        if (kind := _doubtful(signature, key, lying.document.payload)) is not None:
            kinds.setdefault(kind, []).append(signature.keyid)
        elif key is not None and key.material is not None:
            counted.setdefault(key.material, []).append(signature.keyid)
    for kind, keyids in kinds.items():
        yield kind(role=lying.name, keyids=tuple(keyids))
    for keyids in counted.values():
        if len(keyids) > 1:
            yield SignedTwice(role=lying.name, keyids=tuple(keyids))


def _doubtful(signature: Signature, key: Key | None, payload: bytes) -> _Kind | None:
    """Return as what a signature does not count; a key that never counts is told elsewhere."""
    if key is None:
        return StrangeSignature
    if not signature.value:
        return EmptySignature
    if key.material is None or key.verifies(signature.value, payload):
        return None
    return BrokenSignature


def _plain(raw: bytes | None) -> bool:
    try:
        return raw is None or compact(read(raw, "file").value).encode() == raw
    except MalformedError:
        return True  # told elsewhere
