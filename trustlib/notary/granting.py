"""What a delegated role was granted, said as today's roles say it; or why that cannot be.

Prefixes become patterns. Tags have no slash, so ``v1*`` is exactly what begins
with ``v1``; a prefix that no tag begins with grants nothing, and no pattern is
made of it. Keys become keys of TUF's schemes, certificates the keys in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from attrs import frozen
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from trustlib._types import TARGETS, KeyId, RoleName, TargetPath
from trustlib.content import ImageReference, Naming
from trustlib.keys import Key
from trustlib.notary.inspecting import canonical_id
from trustlib.notary.public_keys import CERTIFIED
from trustlib.publish.words import text
from trustlib.roles import Authority, Delegation, PathPrefixes, SuccinctRoles, Target, Targets

_TAG: Final = re.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)


def image_can_have(tag: str) -> bool:
    """Return whether an image can have that *tag*."""
    return _TAG.fullmatch(tag) is not None


@frozen(kw_only=True)
class Granted:
    """A delegation, as today's roles can have it.

    Attributes:
        name: the old role's.
        authority: the keys that could be said, and how many must sign.
        old: what people called these keys.
        prefixes: of tags; those that some tag can have.
        patterns: the same, as patterns of target paths.
        unfit: why nobody can go on with it, or None.
        problems: what could not be said, although it can go on.
    """

    name: RoleName
    authority: Authority
    old: tuple[KeyId, ...]
    prefixes: tuple[str, ...]
    patterns: tuple[str, ...]
    unfit: str | None
    problems: tuple[str, ...]

    def within(self, other: Granted) -> bool:
        """Return whether whoever signs for this one could say the same by signing for *other*."""
        keys, others = self.authority.keys.keys(), other.authority.keys.keys()
        return (
            keys <= others
            and self.authority.threshold >= other.authority.threshold
            and all(one.startswith(other.prefixes) for one in self.prefixes)
        )


def prefix_patterns(names: Naming, image: ImageReference) -> Callable[[str], str | None]:
    """Return what makes a prefix of *image*'s tags a pattern; it returns None if no tag has it."""
    ending = "x"
    base = names.target_path(image.with_tag(ending)).removesuffix(ending)

    def pattern(prefix: str) -> str | None:
        return f"{base}{prefix}*" if not prefix or image_can_have(prefix) else None

    return pattern


def granted(role: Targets, pattern: Callable[[str], str | None]) -> Iterator[Granted]:
    """Return what *role* grants to others, in its order."""
    if role.delegations is None or isinstance(role.delegations.roles, SuccinctRoles):
        return
    for grant in role.delegations.roles:
        old, problems = role.authority(grant.name), list[str]()
        listed = grant.grant.prefixes if isinstance(grant.grant, PathPrefixes) else ()
        prefixes = [prefix for prefix in listed if pattern(prefix) is not None]
        problems += [
            f"no tag begins with {text(prefix)}, for which it may speak; that is left out"
            for prefix in listed
            if prefix not in prefixes
        ]
        found: dict[KeyId, Key] = {}
        for key in old.keys.values():
            new = modern(key)
            if new is None:
                problems.append(
                    f"TUF has no scheme for its key {canonical_id(key)[:8]}; make a new one"
                )
                continue
            found[canonical_id(key)] = new
            if key.keytype in CERTIFIED:
                problems.append(
                    f"its key {canonical_id(key)[:8]} was in a certificate; until when that is"
                    " good is not said any more"
                )
        authority = Authority.of(*found.values(), threshold=old.threshold)
        yield Granted(
            name=grant.name,
            authority=authority,
            old=tuple(found),
            prefixes=tuple(prefixes),
            patterns=tuple(filter(None, map(pattern, prefixes))),
            unfit=_unfit(authority, prefixes),
            problems=tuple(problems),
        )


def _unfit(authority: Authority, prefixes: list[str]) -> str | None:
    if len(authority.keys) < authority.threshold:
        return f"too few of its keys can be used: {len(authority.keys)} of {authority.threshold}"
    if not prefixes:
        return "may speak for nothing"
    return None


def modern(key: Key) -> Key | None:
    """Return *key* as TUF lists it, or None: it has no scheme for it, or the key is unusable."""
    if key.material is None:
        return None
    public = load_der_public_key(key.material)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        return Key.from_pem(pem.decode("ascii"))
    except ValueError:
        return None


def answer(targets: Mapping[RoleName, Targets], path: TargetPath) -> Target | None:
    """Return what a client would find at *path*, in the order of §5.6.7; None: nothing."""
    waiting, seen = [TARGETS], set[RoleName]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in targets:
            continue
        seen.add(name)
        role = targets[name]
        if (found := role.targets.get(path)) is not None:
            return found
        below: list[RoleName] = []
        for grant in covering_grants(role, path):
            below.append(grant.name)
            if grant.terminating:
                waiting.clear()
                break
        waiting += reversed(below)
    return None


def covering_grants(role: Targets, path: TargetPath) -> Iterator[Delegation]:
    """Return the delegations of *role* that are about *path*, in order; bins are no matter here."""
    if role.delegations is not None and not isinstance(role.delegations.roles, SuccinctRoles):
        yield from (grant for grant in role.delegations.roles if grant.covers(path))
