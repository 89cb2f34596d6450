"""The one place where signatures are counted.

One TUF implementation after another has counted one key twice. Here one
function counts; it counts keys by their material and never key ids, it looks at
one signature per authorised key, and nothing else in the package can make a
:class:`Verified`.
"""

from __future__ import annotations

from typing import Generic, Never, final

from trustlib._types import KeyId, RoleName
from trustlib.documents import Document
from trustlib.errors import ThresholdError
from trustlib.roles import Authority, R, R_co


@final
class Verified(Generic[R_co]):
    """A role that met every threshold asked of it. Only ``verify`` makes one.

    Not an attrs class on purpose: ``evolve`` would mint proofs. Two proofs are
    equal only if they are the same one.

    Attributes:
        name: the role's name; for a delegated role not the name of its type.
        role: what was signed.
        raw: the file as it arrived.
        signed_by: ids of the authorised keys whose signatures were counted.
        authorities: who had to vouch for it, and did.
    """

    __slots__ = ("authorities", "name", "raw", "role", "signed_by")

    name: RoleName
    role: R_co
    raw: bytes
    signed_by: frozenset[KeyId]
    authorities: tuple[Authority, ...]

    def __init__(
        self,
        document: Document[R_co],
        signed_by: frozenset[KeyId],
        *authorities: Authority,
        pen: object,
    ) -> None:
        if pen is not _PEN:
            raise TypeError("Verified is made by verify() alone")
        for attribute, value in (
            ("name", document.name),
            ("role", document.unverified),
            ("raw", document.raw),
            ("signed_by", signed_by),
            ("authorities", authorities),
        ):
            object.__setattr__(self, attribute, value)

    def repeats(
        self, kind: type[object], name: RoleName, raw: bytes, *authorities: Authority
    ) -> bool:
        """Return whether the file *raw*, verified as *name* for *authorities*, is this very proof.

        It is where nothing differs that was looked at: type, name, bytes, keys
        with their ids, and thresholds. Expiry is no part of a proof, nor is
        what a role must agree with.
        """
        return (
            isinstance(self.role, kind)
            and self.name == name
            and self.authorities == authorities
            and self.raw == raw
        )

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"a proof cannot be edited: {name}")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError(f"a proof cannot be edited: {name}")

    def __reduce__(self) -> Never:
        raise TypeError("a proof holds in the process that made it; keep .raw and verify again")

    def __repr__(self) -> str:
        return f"Verified({self.name} version {self.role.version})"


_PEN = object()


def verify(document: Document[R], *authorities: Authority, step: str | None = None) -> Verified[R]:
    """Return the document's role once every authority's threshold is met.

    A new root needs two authorities, the old root's and its own (§5.3.4); every
    other role needs one.

    Args:
        document: what was parsed.
        *authorities: who must vouch for it; all of them.
        step: the section of the specification that asks, for the error.

    Raises:
        ThresholdError: too few distinct authorised keys signed.
    """
    if not authorities:
        raise ValueError("nobody was asked to vouch for the document")
    offered = {signature.keyid: signature for signature in document.signatures}
    checked: dict[tuple[bytes, str, bytes], bool] = {}
    counted: set[KeyId] = set()
    for authority in authorities:
        if authority.threshold < 1:
            raise ValueError("a threshold below 1 would make a proof of nothing")
        signed_by: dict[bytes, KeyId] = {}
        for keyid, key in authority.keys.items():
            # §4.3: ids are names, in one file
            material, signature = key.material, offered.get(keyid)
            if material is None or signature is None:
                continue
            # The old root's key is often the new root's as well: verify it once.
            question = (material, key.scheme, signature.value)
            if question not in checked:
                checked[question] = key.accepts(signature, document.covered)
            if checked[question]:
                signed_by.setdefault(material, keyid)
        if len(signed_by) < authority.threshold:
            raise ThresholdError(document.name, authority.threshold, signed_by.values(), step=step)
        counted.update(signed_by.values())
    return Verified(document, frozenset(counted), *authorities, pen=_PEN)
