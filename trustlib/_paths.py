"""What files are called: on the wire, and in a client's local store.

On the wire a role's name is one percent-encoded segment (§4.4 and §6.2), as
every other implementation asks for it. In the local store the same encoding is
carried further, so that two different names never meet in one file: not on a
file system that ignores case, not where some names are devices, not where
names are short.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote, unquote

from trustlib._types import RoleName, StoredName, UrlPath, Version

PRIVATE = ".trustlib"
"""The subdirectory of a local store for everything but the trusted roles."""

_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_.~")
DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.ASCII)
"""Lower-case names that are devices on some systems, whatever comes after a dot."""

_LONGEST = 180  # characters; 255 bytes is what common file systems take


def published(name: RoleName, version: Version | None) -> UrlPath:
    """Return where a repository keeps *version* of *name* (§6.2.1); None: the one without."""
    file = f"{quote(name, safe='')}.json"
    return UrlPath(file if version is None else f"{version}.{file}")


def published_target(path: str, digest: str | None) -> UrlPath:
    """Return where a target file is below the folder of a repository's artifacts.

    *digest*, if given, stands before the last segment (§3.1.1, §6.2.1).
    """
    folder, slash, file = path.rpartition("/")
    prefixed = file if digest is None else f"{digest}.{file}"
    return UrlPath(quote(f"{folder}{slash}{prefixed}", safe="/"))


def plain(path: UrlPath) -> str:
    """Return the path of the file that a web server would send for *path*."""
    return unquote(path)


def stored(name: RoleName) -> StoredName:
    """Return the file of a local store that holds the trusted role *name*.

    Injective, also after case folding: upper-case letters are percent-encoded
    as well, and no two spellings of a percent-encoding exist.
    """
    raw = name.encode()
    encoded: str = name
    if not _SAFE.issuperset(raw):
        encoded = "".join(chr(b) if b in _SAFE else f"%{b:02X}" for b in raw)
    if DEVICE.fullmatch(encoded):
        encoded = f"%{ord(encoded[0]):02X}{encoded[1:]}"
    if len(encoded) > _LONGEST:  # "%s" begins no percent-encoding
        encoded = f"%sha256-{hashlib.sha256(name.encode()).hexdigest()}"
    return StoredName(f"{encoded}.json")


def private(name: str) -> StoredName:
    """Return the file of a local store that holds our own record *name*."""
    return StoredName(f"{PRIVATE}/{name}")
