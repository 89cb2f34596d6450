"""A request, held against what the signer saw and verified before.

A machine without a network can keep the last file of a role that its owner
signed, and the root that they trust. What a request says about the world is
compared with those and with nothing else: a step back, a step too far, and an
authority that nobody knows are refused before anybody is asked for a passphrase.
"""

from __future__ import annotations

from trustlib._types import ROOT, TOP_LEVEL, RoleName
from trustlib.documents import Document
from trustlib.errors import SigningError, shortened
from trustlib.publish import words
from trustlib.publish.change import Change
from trustlib.publish.differing import differences
from trustlib.roles import Authority, Role, Root, Targets
from trustlib.wire import TUF_JSON


def since(document: Document[Role], held: bytes) -> tuple[Change, ...]:
    """Return what *document* changes in *held*, an earlier file of the same role.

    Raises:
        MalformedError: *held* is no file of a role of that type.
        SigningError: *document* does not follow it.
    """
    name, new = document.name, document.unverified
    earlier = TUF_JSON.parse(type(new), held, name=name)
    old = earlier.unverified
    what = f"{shortened(name, str)} version {new.version}"
    if old.collection != new.collection:
        called = [words.text(role.collection or "no name") for role in (new, old)]
        raise SigningError(
            what,
            f"is of {called[0]}, and what you hold is of {called[1]}; do not sign it for the other",
        )
    if isinstance(old, Targets) and old.called not in (None, name):
        raise SigningError(
            what, f"what you hold is a file of {words.text(old.called)}; take the file of this role"
        )
    if document.payload == earlier.payload:
        raise SigningError(what, "is what you hold already; nothing is left to do")
    if new.version == old.version:
        raise SigningError(
            what,
            "says something else than the file of that version that you hold;"
            " sign one of them only",
        )
    if new.version < old.version:
        raise SigningError(
            what,
            f"goes back: you hold version {old.version}; do not sign it, unless you know for"
            " certain that versions begin anew because keys were stolen",
        )
    if name == ROOT and new.version != old.version + 1:  # §5.3.5: clients see each of them
        raise SigningError(
            what, f"does not follow version {old.version}, which you hold; ask for those between"
        )
    return differences(name, old, new)


def authority_of(name: RoleName, holder: bytes) -> Authority:
    """Return who may sign for the role *name*, as the file *holder* says.

    Args:
        name: the role.
        holder: a root, or for a delegated role the file of one that delegates to it.

    Raises:
        MalformedError: *holder* is no such file.
        SigningError: it knows no such role.
    """
    role: Root | Targets
    if name in TOP_LEVEL:
        role = TUF_JSON.parse(Root, holder).unverified
    else:
        role = TUF_JSON.parse(Targets, holder).unverified
    try:
        return role.authority(name)
    except KeyError:
        raise SigningError(
            f"request for {shortened(name, str)}",
            "what you hold knows no such role; take who delegates to it",
        ) from None


def same(one: Authority, other: Authority) -> bool:
    """Return whether the same number of the same keys must sign, whatever they are called."""
    return one.threshold == other.threshold and _who(one) == _who(other)


def _who(authority: Authority) -> set[tuple[bytes, str]]:
    return {(k.material, k.scheme) for k in authority.keys.values() if k.material is not None}
