"""Whether clients find what is listed, and whom they ask on the way (§5.6.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from attrs import define, field, frozen

from trustlib._frozen import FrozenMap
from trustlib._paths import plain
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName, TargetPath, Version
from trustlib.anchors import Anchor
from trustlib.documents import Format
from trustlib.drive import run
from trustlib.errors import LimitError, NotFoundError, TrustError, shortened
from trustlib.limits import Limits
from trustlib.ports import Request
from trustlib.publish.examining.finding import Finding, Severity, told
from trustlib.publish.examining.refusals import Unexamined
from trustlib.publish.examining.survey import Survey
from trustlib.publish.examining.surveying import Work
from trustlib.publish.opening import BEGINNING
from trustlib.roles import Delegation, PathPatterns, SuccinctRoles, Targets
from trustlib.storage import MemoryStorage
from trustlib.trust import Trusted
from trustlib.trust.agreeing import HASHES
from trustlib.workflow import Found, Known, find, refresh
from trustlib.workflow.search import UNLISTED

_NOT_TARGETS: Final = (ROOT, TIMESTAMP, SNAPSHOT)


@frozen(kw_only=True)
class OutOfReach(Finding):
    """A role lists targets that clients do not find: no delegation leads to it for them.

    Attributes:
        paths: of those targets.
    """

    severity: ClassVar[Severity] = Severity.MEND

    role: RoleName
    paths: tuple[TargetPath, ...] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)} lists {told(self.paths)}, and clients find nothing"
            " there, because no delegation lets it speak for that, or one that ends the search"
            " comes first; widen the delegation, or list them elsewhere"
        )


@frozen(kw_only=True)
class Overruled(Finding):
    """A role lists targets of which clients are told something else, by a role that comes first.

    Attributes:
        by: whom clients believe.
        paths: of those targets.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    role: RoleName
    by: RoleName
    paths: tuple[TargetPath, ...] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)} lists {told(self.paths)}, and clients believe what"
            f" {shortened(self.by, str)} says of it, which is something else; take one of the"
            " two out"
        )


@frozen(kw_only=True)
class TooManyRoles(Finding):
    """Clients give up before they come to a target: too many roles are asked first.

    Attributes:
        path: one such target.
        count: how many there are.
        error: what a client raises.
    """

    severity: ClassVar[Severity] = Severity.REFUSED

    path: TargetPath
    count: int
    error: LimitError

    def __str__(self) -> str:
        more = f" and {self.count - 1} others" if self.count > 1 else ""
        return (
            f"{shortened(self.path, str)}{more}: clients would have to ask more than"
            f" {self.error.limit} roles; delegate narrower patterns, or use bins"
        )


@frozen(kw_only=True)
class Uncheckable(Finding):
    """Targets have no hash that clients check, so nobody can download them.

    Attributes:
        paths: of those targets.
    """

    severity: ClassVar[Severity] = Severity.MEND

    role: RoleName
    paths: tuple[TargetPath, ...] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)} lists {told(self.paths)} without a hash by"
            f" {' or '.join(HASHES)}; list them with one"
        )


@frozen(kw_only=True)
class NotDelegated(Finding):
    """The snapshot lists roles that nobody delegates to.

    Attributes:
        roles: those.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    roles: tuple[RoleName, ...] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"the snapshot lists {told(self.roles)}, and nobody delegates there any more:"
            " clients do not look, but refuse a snapshot that no longer lists what an earlier"
            " one did; leave it so"
        )


@frozen(kw_only=True)
class Interchangeable(Finding):
    """One role's file could be shown as another's: same keys, same version, and no name signed.

    Attributes:
        roles: those.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    roles: tuple[RoleName, ...] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{told(self.roles)} have the same keys and versions, and do not say their own names:"
            " who holds the storage could show one as the other; publish them with trustlib,"
            " which signs names, or list hashes in the snapshot"
        )


@frozen(kw_only=True)
class HighVersion(Finding):
    """A version is so high that somebody may have made it so (fast-forward).

    Attributes:
        version: that version.
    """

    severity: ClassVar[Severity] = Severity.MEND

    role: RoleName
    version: Version

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)} has version {self.version}, which nobody reaches by"
            " publishing: find out who signed it, replace the keys of timestamp and snapshot,"
            " and begin its versions anew"
        )


_HIGH: Final = 2**31
"""Some programs count no further; a version a second takes sixty years to it."""


def reach(
    survey: Survey, anchor: Anchor, limits: Limits, format: Format, work: Work
) -> Iterator[Finding]:
    """Return what clients do not find, or would find elsewhere."""
    for lying in survey.documents:
        version = lying.document.unverified.version if lying.document is not None else 0
        if version >= _HIGH:
            yield HighVersion(role=lying.name, version=Version(version))
    yield from _named(survey)
    good = {n: lying.good.unverified for n, lying in survey.targets.items() if lying.good}
    for name, role in good.items():
        unchecked = (path for path, t in role.targets.items() if not t.hashes.keys() & {*HASHES})
        if paths := tuple(unchecked):
            yield Uncheckable(role=name, paths=paths)
    shown = _Shown(survey.files)
    try:
        client = refresh(anchor, now=BEGINNING, limits=limits, format=format)
        trusted = run(client, shown, MemoryStorage(), limits)
    except TrustError:
        return  # told already, and nobody finds anything
    yield from _Searches(
        trusted=trusted, shown=shown, limits=limits, roles=good, left=work.comparisons
    ).all()


def _named(survey: Survey) -> Iterator[Finding]:
    roles = {name for name in survey.listing if name not in _NOT_TARGETS}
    led_to = survey.targets.keys() | {n for names in survey.unlisted.values() for n in names}
    if survey.understood and (lost := tuple(sorted(roles - led_to))):
        yield NotDelegated(roles=lost)
    alike: dict[tuple[object, Version | None], list[RoleName]] = {}
    for name, lying in survey.targets.items():
        listed = survey.listing[name]
        if lying.good is None or lying.good.unverified.called is not None:
            continue
        if not any(algorithm in listed.hashes for algorithm in HASHES):
            materials = frozenset(
                frozenset(key.material for key in authority.keys.values())
                for authority in lying.authorities
            )
            alike.setdefault((materials, listed.version), []).append(name)
    for names in alike.values():
        if len(names) > 1:
            yield Interchangeable(roles=tuple(names))


@define(kw_only=True)
class _Searches:
    """The searches of a client for everything that is listed."""

    trusted: Trusted
    shown: _Shown
    limits: Limits
    roles: dict[RoleName, Targets]
    left: int
    memory: MemoryStorage = field(factory=MemoryStorage)
    known: Known = field(factory=dict)
    unfound: dict[RoleName, list[TargetPath]] = field(factory=dict)
    overruled: dict[tuple[RoleName, RoleName], list[TargetPath]] = field(factory=dict)
    beyond: list[tuple[TargetPath, LimitError]] = field(factory=list)

    def all(self) -> Iterator[Finding]:
        cost = {name: _cost(role) for name, role in self.roles.items()}
        listed = ((name, path) for name, role in self.roles.items() for path in role.targets)
        for by, path in listed:
            if self.left <= 0:
                yield Unexamined(what="targets")
                break
            found = self._found(by, path)
            if found is None:
                self.left -= sum(cost.values())
            else:
                self.left -= sum(cost[proof.name] for proof, _ in found.evidence.visited)
        for name, paths in self.unfound.items():
            yield OutOfReach(role=name, paths=tuple(paths))
        for (name, by), paths in self.overruled.items():
            yield Overruled(role=name, by=by, paths=tuple(paths))
        if self.beyond:
            path, error = self.beyond[0]
            yield TooManyRoles(path=path, count=len(self.beyond), error=error)

    def _found(self, name: RoleName, path: TargetPath) -> Found | None:
        """Return what clients find at *path*, which *name* lists, and note what is odd about it."""
        search = find(self.trusted, path, limits=self.limits, known=self.known)
        try:
            found = run(search, self.shown, self.memory, self.limits)
        except NotFoundError as error:
            if error.step == UNLISTED:  # else a file is missing, which is told already
                self.unfound.setdefault(name, []).append(path)
            return None
        except LimitError as error:
            self.beyond.append((path, error))
            return None
        except TrustError:
            return None  # told already
        if found.via[-1] != name and found.target != self.roles[name].targets[path]:
            self.overruled.setdefault((name, found.via[-1]), []).append(path)
        return found


def _cost(role: Targets) -> int:
    """Return how many comparisons it takes to know whom *role* lets speak for one path."""
    if role.delegations is None or isinstance(role.delegations.roles, SuccinctRoles):
        return 1
    return 1 + sum(map(_comparisons, role.delegations.roles))


def _comparisons(grant: Delegation) -> int:
    return len(grant.grant.patterns) if isinstance(grant.grant, PathPatterns) else 1


@frozen
class _Shown:
    """Files that were read, as a client would fetch them."""

    files: FrozenMap[str, bytes] = field(repr=False)

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        data = self.files.get(plain(request.path))
        return None if data is None else iter((data,))
