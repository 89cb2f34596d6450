"""The keys and signers of ``securesystemslib``, as far as we ask anything of them.

A key is the same four values in both worlds, and has the same id. Which of them
count is decided where it is always decided, by the pair of type and scheme.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from trustlib._canonical import compact
from trustlib._frozen import FrozenMap, freeze
from trustlib.errors import SigningError, shortened
from trustlib.keys import Key

if TYPE_CHECKING:
    from securesystemslib.signer import Key as ForeignKey
    from securesystemslib.signer import SSlibKey


def from_securesystemslib(key: ForeignKey) -> Key:
    """Return *key* as one of ours.

    Raises:
        SigningError: its signatures do not count: it is of a type or scheme
            that is not TUF's (OpenPGP, Sigstore), or damaged.
    """
    ours = Key(
        keytype=key.keytype,
        scheme=key.scheme,
        keyval=_frozen(key.keyval),
        extra=_frozen(key.unrecognized_fields),
    )
    if ours.material is None:
        pair = f"{shortened(ours.keytype, str)}/{shortened(ours.scheme, str)}"
        raise SigningError(
            f"key {shortened(key.keyid[:8], str)}",
            f"is of the kind {pair}, whose signatures no strict TUF client counts;"
            " sign with Ed25519, ECDSA, RSA or ML-DSA over the bytes themselves"
            " (a GnuPG key can, through gpg-agent's support for ssh)",
        )
    return ours


def to_securesystemslib(key: Key) -> SSlibKey:
    """Return *key* as a key of ``securesystemslib``, under the id that we write.

    Raises:
        SigningError: the key does not count, see :func:`from_securesystemslib`.
    """
    if key.material is None:
        raise SigningError(
            f"key {key.id[:8]}", "is damaged, or of a kind that does not count; use another"
        )
    make: type[SSlibKey] = import_module("securesystemslib.signer").SSlibKey
    return make(key.id, key.keytype, key.scheme, _thawed(key.keyval), _thawed(key.extra))


def _frozen(value: Mapping[str, Any]) -> FrozenMap[str, Any]:
    return FrozenMap({name: freeze(member) for name, member in value.items()})


def _thawed(value: FrozenMap[str, Any]) -> dict[str, Any]:
    thawed: dict[str, Any] = json.loads(compact(value))
    return thawed
