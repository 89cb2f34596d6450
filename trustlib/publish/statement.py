"""What a role says, in words for the person who is about to sign it.

Worked out from the bytes that will be signed and from nothing else. Text in
them is somebody else's: it is shown on one line, without control characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from trustlib.content import MEDIA_TYPE
from trustlib.documents import Document
from trustlib.errors import shortened
from trustlib.roles import (
    Delegation,
    HashPrefixes,
    PathPatterns,
    Role,
    Root,
    Snapshot,
    SuccinctRoles,
    Target,
    Targets,
    Timestamp,
)


def statement(document: Document[Role]) -> str:
    """Return what *document* says, a line for each fact that a signature would vouch for."""
    role = document.unverified
    of = f" of {_text(role.collection)}" if role.collection is not None else ""
    head = (
        f"{_text(document.name)}{of}, version {role.version},"
        f" valid until {role.expires:%Y-%m-%d %H:%M}Z"
    )
    return "\n".join([head, *(f"  {line}" for line in _lines(role))])


def _lines(role: Role) -> Iterator[str]:
    match role:
        case Root():
            for name in role.roles:
                authority = role.authority(name)
                ids = ", ".join(keyid[:8] for keyid in authority.keys)
                yield f"{_text(name)}: {authority.threshold} of {len(authority.keys)} keys ({ids})"
        case Timestamp():
            yield f"the latest snapshot is version {role.snapshot.version}"
        case Snapshot():
            for name, file in role.meta.items():
                yield f"{_text(name)} is at version {file.version}"
        case Targets():
            for path, target in role.targets.items():
                yield f"{_text(path)} is {_target(target)}"
            yield from _delegations(role)
        case _:
            assert_never(role)
    for member in role.extra:
        yield f"and a member that this program does not know: {_text(member)}"


def _target(target: Target) -> str:
    hashes = ", ".join(f"{_text(name)}:{_text(value)}" for name, value in target.hashes.items())
    custom = dict(target.custom or {})
    media_type = custom.pop(MEDIA_TYPE, None)
    kind = "" if media_type is None else f", {_text(media_type)}"
    more = f", with {', '.join(map(_text, custom))}" if custom else ""
    return f"{hashes}, {target.length} bytes{kind}{more}"


def _delegations(role: Targets) -> Iterator[str]:
    if role.delegations is None:
        return
    match role.delegations.roles:
        case SuccinctRoles() as bins:
            yield (
                f"{2**bins.bit_length} bins {_text(bins.name_prefix)}-… may speak for everything:"
                f" {bins.threshold} of {len(bins.keyids)} keys"
            )
        case grants:
            for grant in grants:
                yield _grant(grant)


def _grant(grant: Delegation) -> str:
    match grant.grant:
        case PathPatterns(patterns):
            paths = ", ".join(map(_text, patterns)) or "nothing"
        case HashPrefixes(prefixes):
            paths = "paths whose hash begins with " + ", ".join(prefixes)
        case _:
            assert_never(grant.grant)
    ids = ", ".join(keyid[:8] for keyid in grant.keyids)
    last = ", and nobody after it" if grant.terminating else ""
    return (
        f"{_text(grant.name)} may speak for {paths}{last}:"
        f" {grant.threshold} of {len(grant.keyids)} keys ({ids})"
    )


def _text(value: object) -> str:
    return shortened(value, str)
