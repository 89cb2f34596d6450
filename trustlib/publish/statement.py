"""What a role says, in words for the person who is about to sign it.

Worked out from the bytes that will be signed and from nothing else. Whatever
they say, the statement says: no two files that differ read the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from trustlib._frozen import FrozenMap
from trustlib._types import KeyId, RoleName
from trustlib.documents import Document
from trustlib.keys import Key
from trustlib.publish import words
from trustlib.roles import (
    SPEC_VERSION,
    Authority,
    Delegation,
    KeySet,
    Role,
    Root,
    Snapshot,
    SuccinctRoles,
    Targets,
    Timestamp,
)


def statement(document: Document[Role]) -> str:
    """Return what *document* says, a line for each fact that a signature would vouch for."""
    role = document.unverified
    of = "" if role.collection is None else f" of {words.text(role.collection)}"
    head = (
        f"{words.text(document.name)}{of}, version {role.version},"
        f" valid until {words.moment(role.expires)}"
    )
    return "\n".join([head, *(f"  {line}" for line in _lines(document.name, role))])


def _lines(name: RoleName, role: Role) -> Iterator[str]:
    match role:
        case Root():
            yield from _root(role)
        case Timestamp():
            yield f"the latest snapshot is version {words.metafile(role.snapshot)}"
        case Snapshot():
            for other, file in role.meta.items():
                yield f"{words.text(other)} is at version {words.metafile(file)}"
        case Targets():
            for path, target in role.targets.items():
                yield f"{words.text(path)} is {words.target(target)}"
            yield from _delegations(role)
            yield from _called(name, role)
        case _:
            assert_never(role)
    for member, value in role.extra.items():
        yield (
            "and a member that this program does not know:"
            f" {words.text(member)} = {words.json(value)}"
        )
    if role.spec_version != SPEC_VERSION:
        yield f"written by version {words.text(role.spec_version)} of the specification"
    if role.collection is None:
        yield "it names no collection: it is as good wherever else these keys sign"


def _called(name: RoleName, role: Targets) -> Iterator[str]:
    """Say so where the name that the request gives the role is not what will be signed."""
    if role.called is None:
        yield "it does not name the role: it is as good for another one that these keys sign for"
    elif role.called != name:
        yield f"it calls itself {words.text(role.called)}"


def _root(role: Root) -> Iterator[str]:
    for name, entry in role.roles.items():
        signers = words.signers(role.authority(name), _absent(entry, role.keys))
        yield f"{words.text(name)}: {signers}{words.unknown(entry.extra)}"
    if not role.consistent_snapshot:
        yield "files are replaced in place (no consistent snapshots)"
    yield from _keys(role.keys, role.roles.values())


def _delegations(role: Targets) -> Iterator[str]:
    if role.delegations is None:
        return
    keys = role.delegations.keys
    match role.delegations.roles:
        case SuccinctRoles() as bins:
            authority = role.authority(next(bins.names(), RoleName("")))
            yield (
                f"{2**bins.bit_length} bins {words.text(bins.name_prefix)}-… may speak for"
                f" everything: {words.signers(authority, _absent(bins, keys))}"
                f"{words.unknown(bins.extra)}"
            )
            yield from _keys(keys, (bins,))
        case grants:
            for grant in grants:
                yield _grant(grant, role.authority(grant.name), _absent(grant, keys))
            yield from _keys(keys, grants)
    for member, value in role.delegations.extra.items():
        yield (
            "and a member that this program does not know:"
            f" delegations.{words.text(member)} = {words.json(value)}"
        )


def _grant(grant: Delegation, authority: Authority, absent: tuple[KeyId, ...]) -> str:
    last = ", and nobody after it" if grant.terminating else ""
    return (
        f"{words.text(grant.name)} may speak for {words.paths(grant.grant)}{last}:"
        f" {words.signers(authority, absent)}{words.unknown(grant.extra)}"
    )


def _absent(
    entry: KeySet | Delegation | SuccinctRoles, keys: FrozenMap[KeyId, Key]
) -> tuple[KeyId, ...]:
    return tuple(keyid for keyid in entry.keyids if keyid not in keys)


def _keys(
    keys: FrozenMap[KeyId, Key], entries: Iterable[KeySet | Delegation | SuccinctRoles]
) -> Iterator[str]:
    used = {keyid for entry in entries for keyid in entry.keyids}
    return (words.whole_key(keyid, key, used) for keyid, key in keys.items())
