r"""Writing this format's JSON, byte by byte as its own programs do.

They write again what they hold in memory, and put the hash of *that* into the
snapshot: one blank too many, and a collection is broken. So a file is the
canonical form of what is signed, with ``<``, ``>``, ``&`` and two separators of
lines escaped as Go escapes them; and what canonical JSON cannot say as Go says
it is not written at all.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, assert_never

from trustlib._canonical import canonical, compact
from trustlib._frozen import FrozenMap, Json, JsonLike
from trustlib._json import VERSIONS
from trustlib._times import RFC_3339
from trustlib._types import KeyId
from trustlib.keys import Key, Signature
from trustlib.notary import methods
from trustlib.notary.reading import TYPES
from trustlib.roles import (
    Delegation,
    Delegations,
    KeySet,
    MetaFile,
    PathPrefixes,
    Role,
    Root,
    Snapshot,
    SuccinctRoles,
    Target,
    Targets,
    Timestamp,
)

_ESCAPED: Final = re.compile("[<>&\u2028\u2029]")
_CONTROL: Final = re.compile(r"[\x00-\x1f]")


def payload(role: Role) -> bytes:
    """Return the bytes that a signer of *role* signs.

    Raises:
        ValueError: the role says what this format has no words for.
    """
    return canonical(signed_value(role))


def rendered(role: Role, signatures: Sequence[Signature]) -> bytes:
    """Return the file that holds *role* and *signatures*.

    Raises:
        ValueError: the role says what this format has no words for, or a
            signature does not say how it was made.
    """
    return rendered_value(signed_value(role), [_signature(one) for one in signatures])


def rendered_value(signed: JsonLike, signatures: Sequence[JsonLike]) -> bytes:
    """Return the file that holds the values *signed* and *signatures*.

    Raises:
        ValueError: this format cannot write one of them.
    """
    listed, text = compact(signatures), canonical(signed).decode()
    return f'{{"signed":{_escaped(text)},"signatures":{_escaped(listed)}}}'.encode()


def signed_value(role: Role) -> dict[str, JsonLike]:
    """Return the member ``signed`` of the file that holds *role*.

    Raises:
        ValueError: the role says what this format has no words for.
    """
    value: dict[str, JsonLike] = {
        **role.extra,
        "_type": TYPES[role.NAME],
        "version": role.version,
        "expires": _time(role.expires, role.extra.get("expires")),
    }
    match role:
        case Root():
            value["consistent_snapshot"] = role.consistent_snapshot
            value["keys"] = _keys(role.keys)
            value["roles"] = {name: _keyset(entry) for name, entry in role.roles.items()}
        case Timestamp():
            value["meta"] = {"snapshot": _metafile(role.snapshot)}
        case Snapshot():
            value["meta"] = {name: _metafile(file) for name, file in role.meta.items()}
        case Targets():
            targets: dict[str, JsonLike] = {
                path: _target(target) for path, target in role.targets.items()
            }
            value["targets"] = _or_nothing(role.extra, "targets", targets)
            if role.delegations is not None:
                value["delegations"] = _delegations(role.delegations)
        case _:
            assert_never(role)
    _require_sayable(value)
    return value


def key_value(key: Key) -> dict[str, JsonLike]:
    """Return the object under which roles list *key*."""
    return {**key.extra, "keytype": key.keytype, "keyval": key.keyval}


def _time(moment: datetime, spelled: Json) -> str:
    """Spell *moment* as it was read, or in UTC where it is another one."""
    moment = moment.astimezone(UTC).replace(microsecond=0)
    if isinstance(spelled, str) and RFC_3339.read(spelled) == moment:
        return spelled
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _or_nothing(extra: FrozenMap[str, Json], name: str, value: JsonLike) -> JsonLike:
    """Return *value*, or what stood there if that was as empty."""
    return extra[name] if not value and name in extra else value


def _keys(keys: FrozenMap[KeyId, Key]) -> dict[str, JsonLike]:
    return {keyid: key_value(key) for keyid, key in keys.items()}


def _keyset(entry: KeySet | Delegation) -> dict[str, JsonLike]:
    keyids = _or_nothing(entry.extra, "keyids", entry.keyids)
    return {**entry.extra, "keyids": keyids, "threshold": entry.threshold}


def _metafile(file: MetaFile) -> dict[str, JsonLike]:
    if file.version is not None or file.length is None:
        raise ValueError("a file is listed with its length, and without a version")
    return {**file.extra, "hashes": _hashes(file.hashes), "length": file.length}


def _hashes(hashes: Mapping[str, str]) -> dict[str, JsonLike]:
    return {name: _base64(bytes.fromhex(value)) for name, value in hashes.items()}


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _target(target: Target) -> dict[str, JsonLike]:
    hashes = _or_nothing(target.extra, "hashes", _hashes(target.hashes))
    value: dict[str, JsonLike] = {**target.extra, "hashes": hashes, "length": target.length}
    if target.custom is not None:
        value["custom"] = target.custom
    return value


def _delegations(delegations: Delegations) -> dict[str, JsonLike]:
    match delegations.roles:
        case SuccinctRoles():
            raise ValueError("this format has no hash bins; delegate to roles by name")
        case grants:
            keys = _or_nothing(delegations.extra, "keys", _keys(delegations.keys))
            roles = _or_nothing(delegations.extra, "roles", [_grant(one) for one in grants])
            return {**delegations.extra, "keys": keys, "roles": roles}


def _grant(grant: Delegation) -> dict[str, JsonLike]:
    if not isinstance(grant.grant, PathPrefixes) or grant.terminating:
        raise ValueError(
            f"{grant.name}: this format delegates prefixes of paths, and no search ends"
        )
    value = {**_keyset(grant), "name": grant.name}
    if grant.grant.prefixes:  # Go leaves out what is empty
        value["paths"] = grant.grant.prefixes
    return value


def _signature(signature: Signature) -> dict[str, JsonLike]:
    match signature:
        case methods.Signature(method=method):
            return {"keyid": signature.keyid, "method": method, "sig": _base64(signature.value)}
        case _:
            raise ValueError(f"{signature.keyid}: the signature does not say how it was made")


def _escaped(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("this format cannot write control characters")
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _require_sayable(value: JsonLike) -> None:
    """Refuse numbers that this format's programs, which keep them in floats, would change."""
    match value:
        case bool() | str() | None:
            pass
        case int():
            if abs(value) > VERSIONS:
                raise ValueError(f"{value} is beyond what this format's programs keep exactly")
        case Mapping():
            for item in value.values():
                _require_sayable(item)
        case _:
            for item in value:
                _require_sayable(item)
