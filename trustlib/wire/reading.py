"""Reading TUF's JSON: strict where nobody is known to write otherwise (§4.2–§4.6, TAP 15).

Tolerant, line by line, where real repositories are: unknown members are kept,
keys of unknown types and empty signatures are kept and do not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypedDict, cast

from trustlib._canonical import canonical
from trustlib._frozen import FrozenMap
from trustlib._json import Cursor, read
from trustlib._times import TimeSpelling
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
from trustlib.documents import Document
from trustlib.keys import Key, Signature
from trustlib.roles import (
    Delegation,
    Delegations,
    Extra,
    HashPrefixes,
    KeySet,
    MetaFile,
    PathPatterns,
    R,
    Role,
    Root,
    Snapshot,
    SuccinctRoles,
    Target,
    Targets,
    Timestamp,
)
from trustlib.wire.members import COLLECTION, ROLE

MAX_SIGNATURES: Final = 4096
MAX_BITS: Final = 32  # of a succinct bin's number; TAP 15

_SPEC_VERSION = re.compile(r"1\.[0-9]{1,9}(?:\.[0-9]{1,9})?", re.ASCII)
_SIGNATURE = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII | re.IGNORECASE)
_HEX_DIGITS = {"sha256": 64, "sha512": 128}
_TAP_3 = ("min_roles_in_agreement", "roleinfo")
_HEAD = ("_type", "spec_version", "version", "expires", COLLECTION)


def read_whole(kind: type[R], raw: bytes, *, name: RoleName, times: TimeSpelling) -> Document[R]:
    """Understand *raw* as the file of the role *name*, which is of *kind*.

    Raises:
        MalformedError: *raw* is not such a file.
    """
    envelope = read(raw, f"{name}.json")
    signed = envelope.at("signed")
    role = role_in(kind, signed, times)
    payload = canonical(signed.value)  # §4: members that nobody here knows included
    return Document(name, raw, payload, signatures_in(envelope), role)


def role_in(kind: type[R], signed: Cursor, times: TimeSpelling) -> R:
    """Return the role of *kind* that the member ``signed`` holds.

    Args:
        kind: the role's type.
        signed: what stands under the signatures.
        times: how it may spell when it expires.

    Raises:
        MalformedError: it holds something else.
    """
    if signed.at("_type").value != kind.NAME:
        raise signed.at("_type").wrong(repr(str(kind.NAME)))
    # The table maps each type to its own reader; its type cannot say so.
    decode = cast("Callable[[Cursor, TimeSpelling], R]", _DECODE[kind.NAME])
    return decode(signed, times)


def signatures_in(envelope: Cursor) -> tuple[Signature, ...]:
    """Return the signatures of a file, at most one for each key id.

    Raises:
        MalformedError: there are none to read, too many, or two of one key id.
    """
    listed = envelope.at("signatures")
    found: dict[KeyId, Signature] = {}
    for at in listed.elements():
        if len(found) == MAX_SIGNATURES:
            raise listed.wrong(f"at most {MAX_SIGNATURES} signatures")
        keyid, text = KeyId(at.at("keyid").text()), at.at("sig").text()
        if keyid in found:  # §4.2.1: "multiple signatures with the same keyid are not allowed"
            raise at.at("keyid").wrong("a key id that has not signed yet")
        # Real roots hold "" for members who did not sign; it verifies nothing.
        value = bytes.fromhex(text) if _SIGNATURE.fullmatch(text) else b""
        found[keyid] = Signature(keyid, value)
    return tuple(found.values())


class _Head(TypedDict):
    version: Version
    expires: datetime
    collection: CollectionName | None
    spec_version: str
    extra: Extra


def _head(signed: Cursor, times: TimeSpelling, *known: str) -> _Head:
    spec_version = signed.at("spec_version")
    if not _SPEC_VERSION.fullmatch(spec_version.text()):  # §4.3: "1.0" is what Sigstore says
        raise spec_version.wrong("version 1 of the specification")
    collection = signed.get(COLLECTION)
    return _Head(
        version=Version(signed.at("version").integer(1)),
        expires=signed.at("expires").time(times),
        collection=None if collection is None else CollectionName(collection.text()),
        spec_version=spec_version.text(),
        extra=signed.rest(*_HEAD, *known),
    )


def _root(signed: Cursor, times: TimeSpelling) -> Root:
    roles = {RoleName(name): _keyset(at) for name, at in signed.at("roles").items()}
    if missing := [name for name in TOP_LEVEL if name not in roles]:  # §4.3
        raise signed.at("roles").wrong(f"an entry for {missing[0]!r}")
    consistent = signed.get("consistent_snapshot")
    return Root(
        **_head(signed, times, "keys", "roles", "consistent_snapshot"),
        keys=_keys(signed.at("keys")),
        roles=FrozenMap(roles),
        consistent_snapshot=consistent is not None and consistent.flag(),
    )


def _keys(at: Cursor) -> FrozenMap[KeyId, Key]:
    return FrozenMap({KeyId(keyid): key_in(key) for keyid, key in at.items()})


def key_in(at: Cursor) -> Key:
    """Return the key that a key object holds, usable or not.

    Raises:
        MalformedError: it is no key object.
    """
    return Key(
        keytype=at.at("keytype").text(),
        scheme=at.at("scheme").text(),
        keyval=at.at("keyval").rest(),
        extra=at.rest("keytype", "scheme", "keyval"),
    )


def _keyids(at: Cursor) -> tuple[KeyId, ...]:
    keyids = tuple(KeyId(keyid.text()) for keyid in at.elements())
    if len(set(keyids)) != len(keyids):
        raise at.wrong("every key id once")
    return keyids


def _keyset(at: Cursor) -> KeySet:
    return KeySet(
        keyids=_keyids(at.at("keyids")),
        threshold=at.at("threshold").integer(1),  # §4.3
        extra=at.rest("keyids", "threshold"),
    )


def metafile_in(at: Cursor) -> MetaFile:
    """Return what an entry of a snapshot or timestamp says.

    Raises:
        MalformedError: it is no such entry.
    """
    length, hashes = at.get("length"), at.get("hashes")
    return MetaFile(
        version=Version(at.at("version").integer(1)),
        length=None if length is None else length.integer(1),
        hashes=FrozenMap() if hashes is None else _hashes(hashes),
        extra=at.rest("version", "length", "hashes"),
    )


def _hashes(at: Cursor) -> FrozenMap[str, str]:
    listed = {
        name: digest.hex(_HEX_DIGITS[name]) if name in _HEX_DIGITS else digest.text()
        for name, digest in at.items()
    }
    if not listed:
        raise at.wrong("at least one hash")
    return FrozenMap(listed)


def _timestamp(signed: Cursor, times: TimeSpelling) -> Timestamp:
    meta = signed.at("meta")
    if meta.at("snapshot.json").object() and len(meta.object()) > 1:
        raise meta.wrong("an entry for snapshot.json and no other")  # §4.6
    return Timestamp(**_head(signed, times, "meta"), snapshot=metafile_in(meta.at("snapshot.json")))


def _snapshot(signed: Cursor, times: TimeSpelling) -> Snapshot:
    meta: dict[RoleName, MetaFile] = {}
    for path, at in signed.at("meta").items():
        if not path.endswith(".json"):
            raise signed.at("meta").wrong("names that end in .json")
        meta[RoleName(path.removesuffix(".json"))] = metafile_in(at)
    return Snapshot(**_head(signed, times, "meta"), meta=FrozenMap(meta))


def _targets(signed: Cursor, times: TimeSpelling) -> Targets:
    delegations, called = signed.get("delegations"), signed.get(ROLE)
    return Targets(
        **_head(signed, times, "targets", "delegations", ROLE),
        called=None if called is None else RoleName(called.text()),
        targets=FrozenMap({TargetPath(p): target_in(at) for p, at in signed.at("targets").items()}),
        delegations=None if delegations is None else _delegations(delegations),
    )


def target_in(at: Cursor) -> Target:
    """Return what an entry of a targets role says.

    Raises:
        MalformedError: it is no such entry.
    """
    custom = at.get("custom")
    return Target(
        length=at.at("length").integer(0),
        hashes=_hashes(at.at("hashes")),
        custom=None if custom is None else custom.rest(),  # §4.5
        extra=at.rest("length", "hashes", "custom"),
    )


def _delegations(at: Cursor) -> Delegations:
    if isinstance(at.value, list):
        for delegation in at.elements():
            _to_one_role(delegation)
    listed, bins = at.get("roles"), at.get("succinct_roles")
    roles: tuple[Delegation, ...] | SuccinctRoles
    if bins is not None and listed is None:
        roles = _succinct(bins)
    elif listed is not None and bins is None:
        roles = tuple(map(_delegation, listed.elements()))
        if len({role.name for role in roles}) != len(roles):
            raise listed.wrong("every role name once")  # §4.5
    else:
        raise at.wrong("either 'roles' or 'succinct_roles'")
    return Delegations(
        keys=_keys(at.at("keys")),
        roles=roles,
        extra=at.rest("keys", "roles", "succinct_roles"),
    )


def _to_one_role(at: Cursor) -> None:
    """Refuse a delegation to several roles at once: read as one to any of them, it lets more in."""
    for member in _TAP_3:
        if isinstance(at.value, dict) and (found := at.get(member)) is not None:
            raise found.wrong(
                "a delegation to one role, as this is a multi-role delegation (TAP 3), which is"
                " not supported in metadata (let the client ask for RolesAgree instead)"
            )


def _delegation(at: Cursor) -> Delegation:
    _to_one_role(at)
    name, terminating = at.at("name"), at.get("terminating")
    if name.text() in TOP_LEVEL or not name.text():
        raise name.wrong("a name that is no top-level role's")
    paths, prefixes = at.get("paths"), at.get("path_hash_prefixes")
    if paths is not None and prefixes is not None:  # §4.5
        raise at.wrong("either 'paths' or 'path_hash_prefixes'")
    return Delegation(
        name=RoleName(name.text()),
        keyids=_keyids(at.at("keyids")),
        threshold=at.at("threshold").integer(1),
        grant=(
            PathPatterns(() if paths is None else tuple(p.text() for p in paths.elements()))
            if prefixes is None
            else HashPrefixes(tuple(map(_prefix, prefixes.elements())))
        ),
        terminating=terminating is not None and terminating.flag(),
        extra=at.rest("name", "keyids", "threshold", "paths", "path_hash_prefixes", "terminating"),
    )


def _prefix(at: Cursor) -> str:
    if not set(at.text()) <= set("0123456789abcdef"):
        raise at.wrong("lower-case hex digits")
    return at.text()


def _succinct(at: Cursor) -> SuccinctRoles:
    bits = at.at("bit_length")
    if bits.integer(1) > MAX_BITS:
        raise bits.wrong("a number from 1 to 32")
    return SuccinctRoles(
        keyids=_keyids(at.at("keyids")),
        threshold=at.at("threshold").integer(1),
        bit_length=bits.integer(1),
        name_prefix=at.at("name_prefix").text(),
        extra=at.rest("keyids", "threshold", "bit_length", "name_prefix"),
    )


_DECODE: Final[dict[RoleName, Callable[[Cursor, TimeSpelling], Role]]] = {
    ROOT: _root,
    TIMESTAMP: _timestamp,
    SNAPSHOT: _snapshot,
    TARGETS: _targets,
}
