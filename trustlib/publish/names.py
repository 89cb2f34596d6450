"""What publishers may call things. Readers are more patient than that.

A name that would surprise a web server, a file system or a shell is refused
before anything is signed under it.
"""

from __future__ import annotations

from trustlib._types import TOP_LEVEL, CollectionName, RoleName, TargetPath
from trustlib.content import PerOrganisation

_LONGEST = 200  # bytes of a role's name; a file's has 255, number and ending included


def collection_name(name: str) -> CollectionName:
    """Return *name* if it is a registry's domain, alone or with a path below it.

    Raises:
        ValueError: it is something else.
    """
    domain, slash, path = name.partition("/")
    names = PerOrganisation(domain)
    if slash:
        names.organisation_pattern(path)
    return CollectionName(name)


def role_name(name: str) -> RoleName:
    """Return *name* if a delegated role can be called that.

    Raises:
        ValueError: it cannot.
    """
    if name in TOP_LEVEL:
        raise ValueError(f"role: expected a name for a delegated role, got the top-level {name!r}")
    _plain_path("role", name)
    if len(name.encode()) > _LONGEST:
        raise ValueError(f"role: expected at most {_LONGEST} bytes, got {len(name.encode())}")
    if any(segment[1:2] == ":" for segment in name.split("/")):
        raise ValueError(f"role: expected no segment like a drive's letter, got {name!r}")
    return RoleName(name)


def target_path(path: str) -> TargetPath:
    """Return *path* if a target can be called that (§4.5).

    Raises:
        ValueError: it cannot.
    """
    _plain_path("target path", path)
    return TargetPath(path)


def path_pattern(pattern: str) -> str:
    """Return *pattern* if some target could be called what it matches (§4.5).

    Raises:
        ValueError: none could.
    """
    _plain_path("pattern", pattern)
    return pattern


def _plain_path(what: str, path: str) -> None:
    if not path.isprintable() or "\\" in path:
        raise ValueError(f"{what}: expected printable characters and no backslash, got {path!r}")
    if any(segment in ("", ".", "..") for segment in path.split("/")):
        raise ValueError(f"{what}: expected segments that are names, got {path!r}")
