"""Reading this format's JSON: what its own programs accept, and says where something is wrong.

They write null for what is empty, and leave out some of what is nothing; both
are kept, in ``extra``, so that a file can be written again byte by byte. What
they accept and never write (numbers with fractions, members twice, a time with
a comma) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypedDict, cast

from trustlib._frozen import FrozenMap, Json, freeze
from trustlib._json import Cursor
from trustlib._times import RFC_3339
from trustlib._types import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TOP_LEVEL,
    CollectionName,
    KeyId,
    RoleName,
    TargetPath,
    Version,
)
from trustlib.keys import Key
from trustlib.notary.methods import Signature
from trustlib.notary.public_keys import PublicKey, decoded
from trustlib.roles import (
    Delegation,
    Delegations,
    Extra,
    KeySet,
    MetaFile,
    PathPrefixes,
    R,
    Role,
    Root,
    Snapshot,
    Target,
    Targets,
    Timestamp,
)

TYPES: Final = FrozenMap(
    {ROOT: "Root", TIMESTAMP: "Timestamp", SNAPSHOT: "Snapshot", TARGETS: "Targets"}
)

SPEC_VERSION: Final = "0.0"
"""What roles say of the specification they follow: they are older than its numbers."""

MAX_SIGNATURES: Final = 4096
MAX_NAME: Final = 255

_NAME: Final = re.compile(r"targets(?:/[-a-z0-9_]+)+", re.ASCII)
_DIGEST: Final = {"sha256": 32, "sha512": 64}
_HEAD: Final = ("_type", "version", "expires")


def role_in(kind: type[R], signed: Cursor, name: RoleName, collection: CollectionName) -> R:
    """Return the role of *kind* that the member ``signed`` holds.

    Args:
        kind: the role's type.
        signed: what stands under the signatures.
        name: what the role is called.
        collection: what it is read for. Only certificates in roots say it.

    Raises:
        MalformedError: it holds something else.
    """
    if signed.at("_type").value != TYPES[kind.NAME]:
        raise signed.at("_type").wrong(repr(TYPES[kind.NAME]))
    # The table maps each type to its own reader; its type cannot say so.
    decode = cast("Callable[[Cursor, RoleName, CollectionName], R]", _DECODE[kind.NAME])
    return decode(signed, name, collection)


def signatures_in(envelope: Cursor) -> tuple[Signature, ...]:
    """Return the signatures of a file, at most one for each key id.

    Raises:
        MalformedError: there are none to read, too many, or two of one key id.
    """
    listed = envelope.at("signatures")
    found: dict[KeyId, Signature] = {}
    for at in () if listed.value is None else listed.elements():
        if len(found) == MAX_SIGNATURES:
            raise listed.wrong(f"at most {MAX_SIGNATURES} signatures")
        keyid = KeyId(at.at("keyid").text())
        if keyid in found:
            raise at.at("keyid").wrong("a key id that has not signed yet")
        value = _base64(at.at("sig"))
        found[keyid] = Signature(keyid, value, method=at.at("method").text())
    return tuple(found.values())


class _Head(TypedDict):
    version: Version
    expires: datetime
    collection: CollectionName
    spec_version: str
    extra: Extra


def _head(signed: Cursor, collection: CollectionName, *known: str) -> _Head:
    expires = signed.at("expires")
    extra = signed.rest(*_HEAD, *known)
    return _Head(
        version=Version(signed.at("version").integer(1)),
        expires=expires.time(RFC_3339),
        collection=collection,
        spec_version=SPEC_VERSION,
        # A fraction of a second and a zone are not in a role's moment; a file has them.
        extra=extra.including({"expires": expires.text()}),
    )


def _empty(at: Cursor, *names: str) -> FrozenMap[str, Json]:
    """Return those of *names* that are written down although they hold nothing, as they are."""
    found = ((name, at.get(name)) for name in names)
    return FrozenMap(
        {name: freeze(one.value) for name, one in found if one is not None and not one.value}
    )


def _filled(at: Cursor | None) -> Cursor | None:
    """Return *at*, or None where nothing or null is."""
    return None if at is None or at.value is None else at


def _root(signed: Cursor, _: RoleName, collection: CollectionName) -> Root:
    keys = _keys(signed)
    roles = {RoleName(name): _keyset(at, keys) for name, at in signed.at("roles").items()}
    if missing := [name for name in TOP_LEVEL if name not in roles]:
        raise signed.at("roles").wrong(f"an entry for {missing[0]!r}")
    return Root(
        **_head(signed, collection, "keys", "roles", "consistent_snapshot"),
        keys=keys,
        roles=FrozenMap(roles),
        consistent_snapshot=signed.at("consistent_snapshot").flag(),
    )


def _keys(at: Cursor) -> FrozenMap[KeyId, Key]:
    listed = _filled(at.at("keys"))
    if listed is None:
        return FrozenMap()
    keys: dict[KeyId, Key] = {}
    for keyid, found in listed.items():
        key = key_in(found)
        if key.id != keyid:
            raise found.wrong(f"the key whose id is {keyid[:80]}")
        keys[KeyId(keyid)] = key
    return FrozenMap(keys)


def key_in(at: Cursor) -> PublicKey:
    """Return the key that a key object holds, usable or not.

    Raises:
        MalformedError: it is no key object.
    """
    _base64(at.at("keyval").at("public"))
    return PublicKey.of(
        at.at("keytype").text(), at.at("keyval").rest(), at.rest("keytype", "keyval")
    )


def _keyids(at: Cursor, keys: FrozenMap[KeyId, Key]) -> tuple[KeyId, ...]:
    listed = _filled(at.at("keyids"))
    if listed is None:
        return ()
    keyids: dict[KeyId, None] = {}  # a file that nobody vouches for yet may name very many
    for found in listed.elements():
        keyid = KeyId(found.text())
        if keyid not in keys or keyid in keyids:
            raise found.wrong("the id of a key that is listed, once")
        keyids[keyid] = None
    return tuple(keyids)


def _keyset(at: Cursor, keys: FrozenMap[KeyId, Key]) -> KeySet:
    return KeySet(
        keyids=_keyids(at, keys),
        threshold=at.at("threshold").integer(1),
        extra=at.rest("keyids", "threshold").including(_empty(at, "keyids")),
    )


def _metafile(at: Cursor) -> MetaFile:
    hashes = _hashes(at)
    if "sha256" not in hashes:  # files are asked for by it
        raise at.at("hashes").wrong("a sha256")
    return MetaFile(
        version=None,
        length=at.at("length").integer(0),
        hashes=hashes,
        extra=at.rest("length", "hashes"),
    )


def _hashes(at: Cursor) -> FrozenMap[str, str]:
    listed = _filled(at.at("hashes"))
    if listed is None:
        return FrozenMap()
    found: dict[str, str] = {}
    for name, value in listed.items():
        digest = _base64(value)
        if len(digest) != _DIGEST.get(name, len(digest)):
            raise value.wrong(f"{_DIGEST[name]} bytes in base64")
        found[name] = digest.hex()
    return FrozenMap(found)


def _base64(at: Cursor) -> bytes:
    value = decoded(at.text())
    if value is None:
        raise at.wrong("base64")
    return value


def _timestamp(signed: Cursor, _: RoleName, collection: CollectionName) -> Timestamp:
    meta = signed.at("meta")
    if len(meta.object()) > 1:
        raise meta.wrong("an entry for snapshot and no other")
    return Timestamp(**_head(signed, collection, "meta"), snapshot=_metafile(meta.at("snapshot")))


def _snapshot(signed: Cursor, _: RoleName, collection: CollectionName) -> Snapshot:
    meta = {RoleName(name): _metafile(at) for name, at in signed.at("meta").items()}
    if missing := [name for name in (ROOT, TARGETS) if name not in meta]:
        raise signed.at("meta").wrong(f"an entry for {missing[0]!r}")
    return Snapshot(**_head(signed, collection, "meta"), meta=FrozenMap(meta))


def _targets(signed: Cursor, name: RoleName, collection: CollectionName) -> Targets:
    listed, delegations = _filled(signed.at("targets")), _filled(signed.get("delegations"))
    head = _head(signed, collection, "targets", "delegations")
    kept = _empty(signed, "targets", "delegations")
    targets = {} if listed is None else {TargetPath(p): _target(at) for p, at in listed.items()}
    return Targets(
        version=head["version"],
        expires=head["expires"],
        collection=collection,
        spec_version=SPEC_VERSION,
        extra=head["extra"].including(kept),
        targets=FrozenMap(targets),
        delegations=None if delegations is None else _delegations(delegations, name),
    )


def _target(at: Cursor) -> Target:
    custom = at.get("custom")
    described = custom is not None and isinstance(custom.value, dict)
    return Target(
        length=at.at("length").integer(0),
        hashes=_hashes(at),
        custom=custom.rest() if custom is not None and described else None,
        # Custom data may be anything; what is no object stays where it was.
        extra=at.rest("length", "hashes", *(("custom",) if described else ())).including(
            _empty(at, "hashes")
        ),
    )


def _delegations(at: Cursor, name: RoleName) -> Delegations:
    keys, listed = _keys(at), _filled(at.at("roles"))
    roles = () if listed is None else tuple(_grant(one, keys, name) for one in listed.elements())
    if listed is not None and len({role.name for role in roles}) != len(roles):
        raise listed.wrong("every role name once")
    return Delegations(
        keys=keys,
        roles=roles,
        extra=at.rest("keys", "roles").including(_empty(at, "keys", "roles")),
    )


def _grant(at: Cursor, keys: FrozenMap[KeyId, Key], delegator: RoleName) -> Delegation:
    name, paths = at.at("name"), _filled(at.get("paths"))
    child = is_delegated(name.text()) and name.text().rpartition("/")[0] == delegator
    if not child:
        raise name.wrong(f"the name of a role directly below {delegator}")
    return Delegation(
        name=RoleName(name.text()),
        keyids=_keyids(at, keys),
        threshold=at.at("threshold").integer(1),
        grant=PathPrefixes(() if paths is None else tuple(p.text() for p in paths.elements())),
        extra=at.rest("keyids", "name", "paths", "threshold").including(
            _empty(at, "keyids", "paths")
        ),
    )


def is_delegated(name: str) -> bool:
    """Return whether *name* is one that a delegated role may have."""
    return len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None


_DECODE: Final[dict[RoleName, Callable[[Cursor, RoleName, CollectionName], Role]]] = {
    ROOT: _root,
    TIMESTAMP: _timestamp,
    SNAPSHOT: _snapshot,
    TARGETS: _targets,
}
