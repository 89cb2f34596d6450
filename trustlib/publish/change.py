"""One difference between two states of a role, as data and as one sentence.

``None`` stands for what was not there, or is no longer. A sentence is one line,
shows the texts of others as :mod:`trustlib.publish.words` does, and is of
bounded length, whatever changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from attrs import frozen

from trustlib._canonical import compact
from trustlib._types import KeyId, RoleName, TargetPath, Version
from trustlib.content import ImageReference
from trustlib.keys import Key
from trustlib.publish import words
from trustlib.roles import (
    Authority,
    Delegation,
    Extra,
    HashPrefixes,
    MetaFile,
    PathPatterns,
    PathPrefixes,
    SuccinctRoles,
    Target,
)
from trustlib.wire import key_value

_MOST: Final = 8
"""Things of one kind that a sentence names."""


@frozen(kw_only=True)
class SignersChanged:
    """Who may sign for a role, as the role above it says.

    Attributes:
        role: the role that says so.
        of: the role that they sign for.
    """

    role: RoleName
    of: RoleName
    old: Authority | None
    new: Authority | None

    @property
    def added(self) -> tuple[Key, ...]:
        """The keys that may sign now, and could not."""
        return tuple(key for _, key in _only(self.new, self.old))

    @property
    def removed(self) -> tuple[Key, ...]:
        """The keys that can no longer sign."""
        return tuple(key for _, key in _only(self.old, self.new))

    def __str__(self) -> str:
        """Say whose keys come and go, and how many must sign."""
        head, of = f"{words.text(self.role)}:", words.text(self.of)
        if self.new is None:
            return f"{head} {of} is nobody's to sign any more"
        come, go = _only(self.new, self.old), _only(self.old, self.new)
        parts = []
        if come:
            more = "" if self.old is None else " as well"
            parts.append(f"{of} may be signed by {_keys(come)}{more}")
        if go:
            parts.append(f"{of} may no longer be signed by {_keys(go)}")
        count = f"for {of}, {self.new.threshold} of {len(self.new.keys)} keys must sign"
        if self.old is not None and _count(self.old) != _count(self.new):
            count += f", not {self.old.threshold} of {len(self.old.keys)}"
        return f"{head} {'; '.join([*parts, count])}"


@frozen(kw_only=True)
class GrantChanged:
    """A delegation that is new, gone, or says something else.

    Attributes:
        role: the role that delegates.
        name: the role to which it does.
        keys: who may sign for a new one.
    """

    role: RoleName
    name: RoleName
    old: Delegation | None
    new: Delegation | None
    keys: Authority | None = None

    def __str__(self) -> str:
        """Say for which paths the other role may speak now."""
        head, name = f"{words.text(self.role)}:", words.text(self.name)
        if self.new is None:
            return f"{head} {name} may no longer speak for anything"
        if self.old is None:
            last = ", and nobody after it" if self.new.terminating else ""
            keys = "" if self.keys is None else f"; {_authority(self.keys)}"
            paths = several(_paths(self.new))
            return f"{head} {name} may speak for {paths}{last}{keys}{_unknown(self.new.extra)}"
        return f"{head} {name} {several(self._parts(self.old, self.new), '; ')}"

    def _parts(self, old: Delegation, new: Delegation) -> Iterator[str]:
        before, after = set(_paths(old)), set(_paths(new))
        if more := [path for path in _paths(new) if path not in before]:
            yield f"may speak for {several(more)} as well"
        if less := [path for path in _paths(old) if path not in after]:
            yield f"may no longer speak for {several(less)}"
        if not more and not less and old.grant != new.grant:
            yield f"may speak for the same paths in the order {several(_paths(new))}"
        if new.terminating and not old.terminating:
            yield "is now the last word: nobody after it is asked"
        if old.terminating and not new.terminating:
            yield "is no longer the last word: those after it are asked"
        yield from members_changed(old.extra, new.extra)


@frozen(kw_only=True)
class OrderChanged:
    """The order in which delegated roles are asked; who is asked first is trusted most."""

    role: RoleName
    old: tuple[RoleName, ...]
    new: tuple[RoleName, ...]

    def __str__(self) -> str:
        """Say what the order is and was."""
        now, before = (several(map(words.text, order)) for order in (self.new, self.old))
        return f"{words.text(self.role)}: asks in the order {now}; it was {before}"


@frozen(kw_only=True)
class BinsChanged:
    """Bins by hash that are new, gone, or more or fewer."""

    role: RoleName
    old: SuccinctRoles | None
    new: SuccinctRoles | None

    def __str__(self) -> str:
        """Say how many bins there are and were."""
        head = f"{words.text(self.role)}:"
        if self.old is None or self.new is None:
            verb = "are new" if self.old is None else "are gone"
            return f"{head} {' '.join(map(_bins, filter(None, (self.old, self.new))))} {verb}"
        before, after = _bins(self.old), _bins(self.new)
        become = () if before == after else (f"become {after}",)
        more = members_changed(self.old.extra, self.new.extra)
        return f"{head} {before} {several((*become, *more), '; ')}"


@frozen(kw_only=True)
class MembersChanged:
    """Members of an object that nothing else here tells about, known to TUF or not.

    Attributes:
        where: the object below the role; empty for the role itself.
    """

    role: RoleName
    where: str
    old: Extra
    new: Extra

    def __str__(self) -> str:
        """Say which members have other values."""
        where = f"{words.text(self.where)}: " if self.where else ""
        return f"{words.text(self.role)}: {where}{several(members_changed(self.old, self.new))}"


@frozen(kw_only=True)
class TargetChanged:
    """A tag or another target that is new, gone, or stands for something else.

    Attributes:
        reference: the image and tag that are kept at the path, if it is one.
    """

    role: RoleName
    path: TargetPath
    reference: ImageReference | None
    old: Target | None
    new: Target | None

    def __str__(self) -> str:
        """Say what the target stands for now, and stood for."""
        called = self.path if self.reference is None else self.reference.familiar
        head = f"{words.text(self.role)}: {words.text(called)}"
        if self.new is None:
            was = "" if self.old is None else f"; it was {_target(self.old)}"
            return f"{head} is gone{was}"
        if self.old is None:
            return f"{head} is new: {_target(self.new)}"
        return f"{head} {several(self._parts(self.old, self.new), '; ')}"

    @staticmethod
    def _parts(old: Target, new: Target) -> Iterator[str]:
        if old.hashes != new.hashes:
            yield f"moves from {_hashes(old.hashes)} to {_hashes(new.hashes)}"
        if old.length != new.length:
            yield f"has {new.length} bytes, not {old.length}"
        kinds = tuple(map(words.media_type, (old, new)))
        if kinds[0] != kinds[1]:
            said = ("none" if kind is None else words.text(kind) for kind in kinds)
            yield "has media type {1}, not {0}".format(*said)
        customs = tuple(map(words.custom_data, (old, new)))
        if (customs[0] is None) != (customs[1] is None) and not any(customs):
            yield "has an empty custom object, or no longer"
        yield from members_changed(*(custom or Extra() for custom in customs))
        yield from members_changed(old.extra, new.extra)


@frozen(kw_only=True)
class ListingChanged:
    """What a snapshot or timestamp says of another role's file.

    Attributes:
        of: the role whose file that is.
    """

    role: RoleName
    of: RoleName
    old: MetaFile | None
    new: MetaFile | None

    def __str__(self) -> str:
        """Say at which version the file is and was."""
        head = f"{words.text(self.role)}: {words.text(self.of)}"
        if self.new is None:
            return f"{head} is no longer listed"
        now = f"{head} is at version {_metafile(self.new)}"
        return now if self.old is None else f"{now}; it was at {_metafile(self.old)}"


@frozen
class Edition:
    """One version of a role, and when it expires."""

    version: Version
    expires: datetime


@frozen(kw_only=True)
class EditionChanged:
    """A role that is signed again, or for the first time, or no longer."""

    role: RoleName
    old: Edition | None
    new: Edition | None

    def __str__(self) -> str:
        """Say until when it is valid now, and was."""
        head = f"{words.text(self.role)}:"
        if self.new is None:
            return f"{head} is no longer a role of the repository"
        now = f"{head} version {self.new.version}, valid until {words.moment(self.new.expires)}"
        if self.old is None:
            return f"{now}, is its first"
        return f"{now}, follows {self.old.version}, valid until {words.moment(self.old.expires)}"


Change: TypeAlias = (
    SignersChanged
    | GrantChanged
    | OrderChanged
    | BinsChanged
    | MembersChanged
    | TargetChanged
    | ListingChanged
    | EditionChanged
)
"""Any of them; those that give somebody power stand first."""


# -- words for several things -----------------------------------------------------------


def several(things: Iterable[str], between: str = ", ") -> str:
    """Return the first of *things*, and how many more there are."""
    listed = list(things)
    more = f" and {len(listed) - _MOST} more" if len(listed) > _MOST else ""
    return f"{between.join(listed[:_MOST]) or 'nothing'}{more}"


def members_changed(old: Extra, new: Extra) -> Iterator[str]:
    """Say which members of one object are new, gone, or have another value."""
    for name in sorted({**old, **new}):
        if name not in new:
            yield f"{words.text(name)} is gone; it was {words.json(old[name])}"
        elif name not in old:
            yield f"{words.text(name)} = {words.json(new[name])} is new"
        elif compact(old[name]) != compact(new[name]):  # True == 1 in Python, and not in JSON
            yield f"{words.text(name)} = {words.json(new[name])}, not {words.json(old[name])}"


def listed_keys(authority: Authority | None) -> Mapping[tuple[KeyId, str], Key]:
    """Return the keys of *authority* by all that metadata says of each."""
    keys = {} if authority is None else authority.keys
    return {(keyid, compact(key_value(key))): key for keyid, key in keys.items()}


def _only(these: Authority | None, others: Authority | None) -> Collection[tuple[KeyId, Key]]:
    there = listed_keys(others)
    return [(entry[0], key) for entry, key in listed_keys(these).items() if entry not in there]


def _count(authority: Authority) -> tuple[int, int]:
    return authority.threshold, len(authority.keys)


def _authority(authority: Authority) -> str:
    keys = _keys(tuple(authority.keys.items()))
    return f"{authority.threshold} of {len(authority.keys)} keys must sign: {keys}"


def _keys(keys: Iterable[tuple[KeyId, Key]]) -> str:
    return several(f"{words.one_key(keyid, key)}{_unknown(key.extra)}" for keyid, key in keys)


def _paths(grant: Delegation) -> tuple[str, ...]:
    match grant.grant:
        case PathPatterns(patterns):
            return tuple(map(words.text, patterns))
        case HashPrefixes(prefixes):
            return tuple(f"paths whose hash begins with {prefix!r}" for prefix in prefixes)
        case PathPrefixes(prefixes):
            return tuple(f"paths that begin with {words.text(prefix)}" for prefix in prefixes)
        case _:
            assert_never(grant.grant)


def _bins(bins: SuccinctRoles) -> str:
    return f"{2**bins.bit_length} bins {words.text(bins.name_prefix)}-…"


def _target(target: Target) -> str:
    kind, custom = words.media_type(target), words.custom_data(target)
    media_type = "" if kind is None else f", {words.text(kind)}"
    more = "" if custom is None else f", with {_members(custom)}"
    return (
        f"{_hashes(target.hashes)}, {target.length} bytes{media_type}{more}{_unknown(target.extra)}"
    )


def _metafile(file: MetaFile) -> str:
    length = "" if file.length is None else f", {file.length} bytes"
    hashes = f", {_hashes(file.hashes)}" if file.hashes else ""
    return f"{file.version}{length}{hashes}{_unknown(file.extra)}"


def _hashes(listed: Mapping[str, str]) -> str:
    return several(words.hashes({name: value}) for name, value in listed.items())


def _members(extra: Extra) -> str:
    return several(words.members({name: value}) for name, value in extra.items())


def _unknown(extra: Extra) -> str:
    return f", and unknown {_members(extra)}" if extra else ""
