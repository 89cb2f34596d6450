"""How what others wrote is shown to a person who decides by it.

Two texts that differ are never shown alike. Plain ASCII is shown as it is; what
could garble a terminal, hide, or pass for other letters is quoted, with every
such character spelled out; what is too long is shown from both ends, with its
hash. Keys are shown by their fingerprints, which are worked out from the keys:
the ids under which metadata lists them are names that whoever wrote it chose.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final, assert_never

from trustlib._canonical import compact
from trustlib._frozen import JsonLike
from trustlib._types import KeyId
from trustlib.content import MEDIA_TYPE
from trustlib.keys import Key
from trustlib.roles import (
    Authority,
    Extra,
    HashPrefixes,
    MetaFile,
    PathPatterns,
    PathPrefixes,
    Target,
)

_LONGEST: Final = 512
"""Characters of a text that are shown; no image reference or digest comes near it."""
_HALF: Final = _LONGEST // 2

# No blank, no quote, no comma, no bracket of ours: a name must not run on as our sentence.
_PLAIN: Final = re.compile(r"[0-9A-Za-z!#$%&*+\-./:;<=>?@\[\]^_~]+", re.ASCII)
_NOT_ASCII: Final = re.compile(r"[^ -~]")


def text(value: str) -> str:
    """Return *value* on one line, its end included: ends are where tags are."""
    if _PLAIN.fullmatch(value):
        return _short(value)
    readable, spelled = compact(value), json(value)
    if not _NOT_ASCII.search(readable) or not readable.isprintable():
        return spelled
    return f"{_short(readable)} (spelled {spelled})"  # a letter may look like another


def json(value: JsonLike) -> str:
    """Return *value* as JSON on one line, in ASCII."""
    line = compact(value)
    if len(line) <= _LONGEST:
        return _short(_spelled(line))
    # The middle is not shown: spelling out millions of letters would keep a reader waiting.
    return _ends(_spelled(line[:_HALF]), _spelled(line[-_HALF:]), line)


def _spelled(line: str) -> str:
    return _NOT_ASCII.sub(_escaped, line)


def _escaped(character: re.Match[str]) -> str:
    units = character[0].encode("utf-16-be").hex()
    return re.sub("....", r"\\u\g<0>", units)


def _short(line: str) -> str:
    return line if len(line) <= _LONGEST else _ends(line, line, line)


def _ends(first: str, last: str, whole: str) -> str:
    digest = hashlib.sha256(whole.encode()).hexdigest()
    return f"{first[:_HALF]}…{last[-_HALF:]} ({len(whole)} characters, sha256 {digest})"


def moment(time: datetime) -> str:
    """Return *time* (UTC) to the minute, or to the second where that says more."""
    return time.replace(tzinfo=None).isoformat(" ", "seconds" if time.second else "minutes") + "Z"


def hashes(listed: Mapping[str, str]) -> str:
    """Return the hashes of one file."""
    return ", ".join(f"{text(name)}:{text(value)}" for name, value in listed.items())


def target(said: Target) -> str:
    """Return everything that is said of one target."""
    parts = [hashes(said.hashes), f"{said.length} bytes"]
    if (kind := media_type(said)) is not None:
        parts.append(text(kind))
    if (custom := custom_data(said)) is not None:
        parts.append(f"with {members(custom)}")
    return ", ".join(parts) + unknown(said.extra)


def media_type(said: Target) -> str | None:
    """Return the media type that is said of a target, if it is one."""
    kind = None if said.custom is None else said.custom.get(MEDIA_TYPE)
    return kind if isinstance(kind, str) else None


def custom_data(said: Target) -> Extra | None:
    """Return what is said of a target besides, or None where there is nothing."""
    if said.custom is None or media_type(said) is None:
        return said.custom
    return said.custom.excluding(MEDIA_TYPE) if len(said.custom) > 1 else None


def metafile(file: MetaFile) -> str:
    """Return everything that is said of one metadata file."""
    length = "" if file.length is None else f", {file.length} bytes"
    listed = f", {hashes(file.hashes)}" if file.hashes else ""
    version = "unsaid" if file.version is None else file.version
    return f"{version}{length}{listed}{unknown(file.extra)}"


def paths(grant: PathPatterns | HashPrefixes | PathPrefixes) -> str:
    """Return which paths are granted."""
    match grant:
        case PathPatterns(patterns):
            return ", ".join(map(text, patterns)) or "nothing"
        case HashPrefixes(prefixes):
            return f"paths whose hash begins with {', '.join(map(repr, prefixes)) or 'nothing'}"
        case PathPrefixes(prefixes):
            return f"paths that begin with {', '.join(map(text, prefixes)) or 'nothing'}"
        case _:
            assert_never(grant)


def members(extra: Mapping[str, JsonLike]) -> str:
    """Return the members of an object, names and values."""
    return ", ".join(f"{text(name)} = {json(value)}" for name, value in extra.items()) or "{}"


def unknown(extra: Extra) -> str:
    """Return the members of one object that TUF does not define."""
    return f", and unknown {members(extra)}" if extra else ""


# -- keys -------------------------------------------------------------------------------


def fingerprint(key: Key) -> str:
    """Return the beginning of the fingerprint, to tell keys of one document apart."""
    return key.id[:16]


def signers(authority: Authority, absent: Iterable[KeyId] = ()) -> str:
    """Return how many of which keys must sign; *absent* are named, and are no keys."""
    keys = ", ".join(_key(keyid, key, authority) for keyid, key in authority.keys.items())
    named = "".join(f", and {text(keyid)}, which is no key here" for keyid in absent)
    return f"{authority.threshold} of {len(authority.keys)} keys ({keys}){named}"


def _key(keyid: KeyId, key: Key, among: Authority) -> str:
    first = next(k for k, other in among.keys.items() if other.material == key.material)
    again = "" if key.material is None or first == keyid else " the same key again"
    return f"{one_key(keyid, key)}{again}"


def one_key(keyid: KeyId, key: Key) -> str:
    """Return what tells *key* from other keys of one document."""
    unusable = " that never counts" if key.material is None else ""
    return f"{fingerprint(key)}{unusable}{_listed(keyid, key)}"


def whole_key(keyid: KeyId, key: Key, used: Collection[KeyId]) -> str:
    """Return all of the fingerprint: what two people compare, and what nobody can imitate."""
    idle = "" if keyid in used else ", which signs for nothing"
    return f"key {key.id}, {text(key.scheme)}{_listed(keyid, key)}{idle}{unknown(key.extra)}"


def _listed(keyid: KeyId, key: Key) -> str:
    return "" if keyid == key.id else f" listed as {text(keyid)}"
