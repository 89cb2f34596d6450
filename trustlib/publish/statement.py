"""What a role says, in words for the person who is about to sign it.

Worked out from the bytes that will be signed and from nothing else. Text in
them is somebody else's: it is shown on one line, without control characters.
Keys are shown by their fingerprints, which are worked out from the keys: the ids
under which metadata lists them are names that whoever wrote it chose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, assert_never

from trustlib._canonical import compact
from trustlib._types import KeyId, RoleName
from trustlib.content import MEDIA_TYPE
from trustlib.documents import Document
from trustlib.keys import Key
from trustlib.roles import (
    Authority,
    Delegation,
    Extra,
    HashPrefixes,
    MetaFile,
    PathPatterns,
    Role,
    Root,
    Snapshot,
    SuccinctRoles,
    Target,
    Targets,
    Timestamp,
)

_LONGEST: Final = 512
"""Characters of a text that are shown; no image reference or digest comes near it."""


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
            for name, entry in role.roles.items():
                yield f"{_text(name)}: {_signers(role.authority(name))}{_unknown(entry.extra)}"
            if not role.consistent_snapshot:
                yield "files are replaced in place (no consistent snapshots)"
        case Timestamp():
            yield f"the latest snapshot is version {_file(role.snapshot)}"
        case Snapshot():
            for name, file in role.meta.items():
                yield f"{_text(name)} is at version {_file(file)}"
        case Targets():
            for path, target in role.targets.items():
                yield f"{_text(path)} is {_target(target)}"
            yield from _delegations(role)
        case _:
            assert_never(role)
    for member in role.extra:
        yield f"and a member that this program does not know: {_text(member)}"


def _file(file: MetaFile) -> str:
    length = "" if file.length is None else f", {file.length} bytes"
    hashes = f", {_hashes(file.hashes)}" if file.hashes else ""
    return f"{file.version}{length}{hashes}{_unknown(file.extra)}"


def _target(target: Target) -> str:
    custom = dict(target.custom or {})
    media_type = custom.pop(MEDIA_TYPE, None)
    kind = "" if media_type is None else f", {_text(media_type)}"
    said = ", ".join(f"{_text(name)} = {_text(compact(value))}" for name, value in custom.items())
    more = f", with {said}" if said else ""
    return f"{_hashes(target.hashes)}, {target.length} bytes{kind}{more}{_unknown(target.extra)}"


def _hashes(hashes: Mapping[str, str]) -> str:
    return ", ".join(f"{_text(name)}:{_text(value)}" for name, value in hashes.items())


def _delegations(role: Targets) -> Iterator[str]:
    if role.delegations is None:
        return
    match role.delegations.roles:
        case SuccinctRoles() as bins:
            authority = role.authority(next(bins.names(), RoleName("")))
            yield (
                f"{2**bins.bit_length} bins {_text(bins.name_prefix)}-… may speak for everything:"
                f" {_signers(authority)}{_unknown(bins.extra)}"
            )
        case grants:
            for grant in grants:
                yield _grant(grant, role.authority(grant.name))
    for member in role.delegations.extra:
        yield f"and a member that this program does not know: delegations.{_text(member)}"


def _grant(grant: Delegation, authority: Authority) -> str:
    match grant.grant:
        case PathPatterns(patterns):
            paths = ", ".join(map(_text, patterns)) or "nothing"
        case HashPrefixes(prefixes):
            shown = ", ".join(repr(prefix) for prefix in map(_text, prefixes)) or "nothing"
            paths = f"paths whose hash begins with {shown}"
        case _:
            assert_never(grant.grant)
    last = ", and nobody after it" if grant.terminating else ""
    return (
        f"{_text(grant.name)} may speak for {paths}{last}:"
        f" {_signers(authority)}{_unknown(grant.extra)}"
    )


def _signers(authority: Authority) -> str:
    keys = ", ".join(_key(keyid, key) for keyid, key in authority.keys.items())
    return f"{authority.threshold} of {len(authority.keys)} keys ({keys})"


def _key(keyid: KeyId, key: Key) -> str:
    unusable = " that never counts" if key.material is None else ""
    listed = "" if keyid == key.id else f" listed as {_text(keyid)}"
    return f"{key.id[:16]}{unusable}{listed}{_unknown(key.extra)}"


def _unknown(extra: Extra) -> str:
    """Name the members of one object that TUF does not define."""
    return f", and unknown {', '.join(map(_text, extra))}" if extra else ""


def _text(value: object) -> str:
    """Return *value* on one line, its end included: ends are where tags are."""
    text = str(value)
    if not text.isprintable():
        text = text.encode("unicode_escape").decode("ascii")
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]} ({len(text)} characters)"
