"""Writing TUF's JSON: the value that is canonicalised, signed and published (§4.2–§4.6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_never

from trustlib._frozen import FrozenMap, JsonLike
from trustlib._types import KeyId
from trustlib.keys import Key
from trustlib.roles import (
    Delegation,
    Delegations,
    HashPrefixes,
    KeySet,
    MetaFile,
    PathPatterns,
    PathPrefixes,
    Role,
    Root,
    Snapshot,
    SuccinctRoles,
    Target,
    Targets,
    Timestamp,
)
from trustlib.wire.members import COLLECTION, ROLE


def signed_value(role: Role) -> dict[str, JsonLike]:
    """Return the member ``signed`` of the file that holds *role*.

    Raises:
        ValueError: the role says what TUF has no words for.
    """
    value: dict[str, JsonLike] = {
        **role.extra,
        "_type": role.NAME,
        "spec_version": role.spec_version,
        "version": role.version,
        "expires": _time(role.expires),
    }
    if role.collection is not None:
        value[COLLECTION] = role.collection
    match role:
        case Root():
            value["consistent_snapshot"] = role.consistent_snapshot  # §4.3: always said
            value["keys"] = _keys(role.keys)
            value["roles"] = {name: _keyset(entry) for name, entry in role.roles.items()}
        case Timestamp():
            value["meta"] = {"snapshot.json": metafile_value(role.snapshot)}  # §6.2.1: no number
        case Snapshot():
            value["meta"] = {
                f"{name}.json": metafile_value(file) for name, file in role.meta.items()
            }
        case Targets():
            if role.called is not None:
                value[ROLE] = role.called
            value["targets"] = {path: target_value(target) for path, target in role.targets.items()}
            if role.delegations is not None:
                value["delegations"] = _delegations(role.delegations)
        case _:
            assert_never(role)
    return value


def _time(moment: datetime) -> str:
    """Spell *moment* as §4.2.3 has it; strftime would write the year 999 with three digits."""
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def key_value(key: Key) -> dict[str, JsonLike]:
    """Return the object under which root and targets roles list *key*."""
    return {**key.extra, "keytype": key.keytype, "scheme": key.scheme, "keyval": key.keyval}


def _keys(keys: FrozenMap[KeyId, Key]) -> dict[str, JsonLike]:
    return {keyid: key_value(key) for keyid, key in keys.items()}


def _keyset(entry: KeySet | Delegation | SuccinctRoles) -> dict[str, JsonLike]:
    return {**entry.extra, "keyids": entry.keyids, "threshold": entry.threshold}


def metafile_value(file: MetaFile) -> dict[str, JsonLike]:
    """Return the object that lists *file* in a snapshot or timestamp.

    Raises:
        ValueError: it has no version.
    """
    if file.version is None:
        raise ValueError("a file that TUF lists has a version")
    value: dict[str, JsonLike] = {**file.extra, "version": file.version}
    if file.length is not None:
        value["length"] = file.length
    if file.hashes:
        value["hashes"] = file.hashes
    return value


def target_value(target: Target) -> dict[str, JsonLike]:
    """Return the object that lists *target* in a targets role."""
    value: dict[str, JsonLike] = {
        **target.extra,
        "length": target.length,
        "hashes": target.hashes,
    }
    if target.custom is not None:
        value["custom"] = target.custom
    return value


def _delegations(delegations: Delegations) -> dict[str, JsonLike]:
    value: dict[str, JsonLike] = {**delegations.extra, "keys": _keys(delegations.keys)}
    match delegations.roles:
        case SuccinctRoles() as bins:
            value["succinct_roles"] = {
                **_keyset(bins),
                "bit_length": bins.bit_length,
                "name_prefix": bins.name_prefix,
            }
        case grants:
            value["roles"] = [_delegation(grant) for grant in grants]
    return value


def _delegation(grant: Delegation) -> dict[str, JsonLike]:
    value = _keyset(grant)
    value["name"] = grant.name
    value["terminating"] = grant.terminating
    match grant.grant:
        case PathPatterns(patterns):
            value["paths"] = patterns
        case HashPrefixes(prefixes):
            value["path_hash_prefixes"] = prefixes
        case PathPrefixes():
            raise ValueError(
                f"{grant.name}: TUF has no prefixes of paths; write patterns of what they cover"
            )
        case _:
            assert_never(grant.grant)
    return value
