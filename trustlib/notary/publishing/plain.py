"""What is left of a role when a Go program has read it and writes it again.

Servers and clients of this format put the hash of what *they* would write into
the snapshot. So a role is signed in the one form that they leave as it is: no
member that they do not know, and custom data that means the same before and
after. What they would drop is dropped here; what they would choke on is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, assert_never

import attrs

from trustlib._frozen import FrozenMap, Json, JsonLike
from trustlib._json import VERSIONS
from trustlib._types import KeyId, RoleName, TargetPath
from trustlib.errors import SigningError, shortened
from trustlib.keys import Key
from trustlib.notary.public_keys import PublicKey
from trustlib.roles import (
    Delegation,
    Delegations,
    KeySet,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    Target,
    Targets,
)

_CUSTOM: Final = "custom"
_NOTHING: Final = FrozenMap[str, Json]()
_POISON: Final = re.compile("[<>&\u2028\u2029\x00-\x1f\ud800-\udfff]")


def plain(name: RoleName, role: Root | Targets | Snapshot) -> Root | Targets | Snapshot:
    """Return *role* as Go programs write it once they have read it.

    Raises:
        SigningError: no such program could sign it again.
    """
    match role:
        case Root():
            roles = {of: _keyset(entry) for of, entry in role.roles.items()}
            return attrs.evolve(role, extra=_NOTHING, keys=_keys(role.keys), roles=FrozenMap(roles))
        case Targets():
            targets = {path: _target(name, path, one) for path, one in role.targets.items()}
            return attrs.evolve(
                role,
                extra=_NOTHING,
                targets=FrozenMap(targets),
                delegations=_delegations(role.delegations),
            )
        case Snapshot():
            meta = {of: _metafile(file) for of, file in role.meta.items()}
            return attrs.evolve(role, extra=_NOTHING, meta=FrozenMap(meta))
        case _:
            assert_never(role)


def require_harmless(where: str, custom: JsonLike) -> None:
    """Make sure that custom data of a target breaks no Go program.

    They sign it as it stands, and verify what they would write instead: which
    escapes some characters, and has no fractions and no large numbers.

    Args:
        where: what it is about, for the error.
        custom: what is said of the target besides.

    Raises:
        SigningError: it would.
    """
    match custom:
        case bool() | None:
            pass
        case str():
            if (found := _POISON.search(custom)) is not None:
                raise _harmful(where, f"the character {found[0]!a}")
        case int():
            if abs(custom) > VERSIONS:
                raise _harmful(where, f"the number {shortened(custom, str)}")
        case Mapping():
            for member, value in custom.items():
                require_harmless(where, member)
                require_harmless(where, value)
        case _:
            for value in custom:
                require_harmless(where, value)


def _harmful(where: str, what: str) -> SigningError:
    return SigningError(
        where,
        f"its custom data has {what} in it, and Go programs that sign the role again after that"
        " make signatures which nobody can verify; say it in another way (in base64, say)",
    )


def _target(name: RoleName, path: TargetPath, target: Target) -> Target:
    other = target.extra.get(_CUSTOM)
    require_harmless(f"{name}: {shortened(path, str)}", target.custom or other)
    extra = _NOTHING if other is None else FrozenMap[str, Json]({_CUSTOM: other})
    return attrs.evolve(target, extra=extra)


def _metafile(file: MetaFile) -> MetaFile:
    return attrs.evolve(file, extra=_NOTHING)


def _keyset(entry: KeySet) -> KeySet:
    return attrs.evolve(entry, extra=_NOTHING)


def _keys(keys: FrozenMap[KeyId, Key]) -> FrozenMap[KeyId, Key]:
    return FrozenMap({keyid: _key(key) for keyid, key in keys.items()})


def _key(key: Key) -> Key:
    public = key.keyval.get("public")
    return PublicKey.of(key.keytype, FrozenMap[str, Json]({"private": None, "public": public}))


def _delegations(delegations: Delegations | None) -> Delegations:
    if delegations is None:
        return Delegations(keys=FrozenMap(), roles=())
    match delegations.roles:
        case SuccinctRoles():
            raise ValueError("this format has no hash bins; delegate to roles by name")
        case grants:
            return attrs.evolve(
                delegations,
                extra=_NOTHING,
                keys=_keys(delegations.keys),
                roles=tuple(_grant(grant) for grant in grants),
            )


def _grant(grant: Delegation) -> Delegation:
    return attrs.evolve(grant, extra=_NOTHING)
