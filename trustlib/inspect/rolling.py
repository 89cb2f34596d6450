"""One role by itself, as a notebook shows it: what it says, the beginning of long lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Final

from trustlib._types import KeyId, RoleName
from trustlib.inspect.labels import counted, date, full
from trustlib.inspect.lasting import Moment
from trustlib.inspect.markup import Child, Markup, tag
from trustlib.inspect.reports import section
from trustlib.inspect.tables import code, named, pill, table
from trustlib.publish import words
from trustlib.roles import (
    Authority,
    Delegation,
    MetaFile,
    Role,
    Root,
    Snapshot,
    SuccinctRoles,
    Targets,
    Timestamp,
)

_MOST: Final = 20
"""Entries of one list that are shown."""


def role_section(
    name: RoleName, role: Role, signed_by: Collection[KeyId] | None, at: Moment
) -> Markup:
    """Return what *role* says, and until when."""
    urgency = at.urgency(name, role.expires)
    signed = "" if signed_by is None else f", signed by {counted(len(signed_by), 'key')}"
    head = tag("p", pill(at.lasting(role.expires), urgency), f" {date(role.expires)}{signed}")
    unsigned = tag("p", "Nobody has signed it yet.")
    title = f"{full(name)}, version {role.version}"
    return section(title, head if role.version > 0 else unsigned, *_said(role))


def _said(role: Role) -> Iterable[Markup]:
    match role:
        case Root():
            yield _granted(((of, role.authority(of), "") for of in role.roles), len(role.roles))
        case Timestamp():
            yield _listed({RoleName("snapshot"): role.snapshot})
        case Snapshot():
            yield _listed(role.meta)
        case Targets():
            if role.delegations is not None:
                yield _delegated(role)
            rows = ((named(path), words.target(one)) for path, one in role.targets.items())
            yield _few("Targets", ("Path", "What it stands for"), rows, len(role.targets))


def _delegated(role: Targets) -> Markup:
    grants = () if role.delegations is None else role.delegations.roles
    match grants:
        case SuccinctRoles() as bins:
            name = RoleName(f"{bins.name_prefix}-*")
            told = f"{counted(2**bins.bit_length, 'bin')} by the hash of the path"
            return _granted(((name, role.authority(next(bins.names())), told),), 1)
        case _:
            rows = ((grant.name, role.authority(grant.name), _grant(grant)) for grant in grants)
            return _granted(rows, len(grants))


def _grant(grant: Delegation) -> str:
    return words.paths(grant.grant) + (", and nobody after it" if grant.terminating else "")


def _granted(rows: Iterable[tuple[RoleName, Authority, str]], count: int) -> Markup:
    told = (
        (
            named(of),
            paths,
            f"{authority.threshold} of {len(authority.keys)}",
            code(" ".join(map(words.fingerprint, islice(authority.keys.values(), _MOST)))),
        )
        for of, authority, paths in rows
    )
    return _few("Whose keys count", ("Role", "May speak for", "Must sign", "Keys"), told, count)


def _listed(meta: Mapping[RoleName, MetaFile]) -> Markup:
    rows = ((named(of), words.metafile(file)) for of, file in meta.items())
    return _few("What belongs together", ("Role", "Version"), rows, len(meta))


def _few(caption: str, heads: Iterable[str], rows: Iterable[Iterable[Child]], count: int) -> Markup:
    more = f", the first {_MOST}" if count > _MOST else ""
    return table(f"{caption}: {count}{more}", heads, islice(rows, _MOST))
