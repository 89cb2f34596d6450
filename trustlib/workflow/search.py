"""The search for a target through the delegations (§5.6.7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from datetime import datetime
from typing import Final, Protocol, TypeAlias

from attrs import define, field, frozen

from trustlib._paths import published_target
from trustlib._types import TARGETS, CollectionName, RoleName, TargetPath, UrlPath
from trustlib.effects import Ahead, Fetch, Workflow
from trustlib.errors import LimitError, NotFoundError, shortened
from trustlib.limits import Limits
from trustlib.roles import Root, SuccinctRoles, Target, Targets
from trustlib.sources import Source
from trustlib.trust import Trusted, Verified
from trustlib.trust.agreeing import HASHES, not_expired
from trustlib.workflow.explanation import Evidence, Explanation, Visit
from trustlib.workflow.session import Session, fetch_of, targets_role

_FORESEEN: Final = 16  # roles that are hinted at for many searches at once

UNLISTED: Final = "§5.7.2"
"""The step of a :class:`~trustlib.NotFoundError` that says: all were heard, and none lists it."""

Known: TypeAlias = MutableMapping[tuple[Verified[Targets], RoleName], Verified[Targets]]
"""Delegated roles already verified, by who delegates and to whom."""


@frozen(kw_only=True)
class Found:
    """A target, and who vouches for it until when.

    Attributes:
        via: the roles that led to it, the most trusted first.
        valid_until: the earliest expiry (UTC) of all roles that were looked at,
            also of those that were asked first and do not list the target.
        collection: the name of the repository, where it says so.
        files: where the repository keeps the file, relative to the folder of
            its artifacts. More than one where it is called after a hash of its
            content: any of those may be there (§5.7.3, §6.2).
        source: who answered, and as of when.
        evidence: the proofs behind the answer.
    """

    path: TargetPath
    target: Target
    via: tuple[RoleName, ...]
    valid_until: datetime
    collection: CollectionName | None
    files: tuple[UrlPath, ...]
    source: Source
    evidence: Evidence = field(eq=False, repr=False)

    def explain(self) -> Explanation:
        """Return who signed what, until when, and what was checked; ``str()`` is for people."""
        target = self.target
        hashes = ", ".join(f"{name}:{value}" for name, value in sorted(target.hashes.items()))
        return Explanation(
            answer=f"{shortened(self.path, str)} has {target.length} bytes and is {hashes},"
            f" says {shortened(self.via[-1], str)}",
            source=self.source,
            valid_until=self.valid_until,
            roles=self.evidence.roles,
        )


_Expected: TypeAlias = "tuple[RoleName, Verified[Targets] | None]"
"""A role to visit, and who led to it; None for the top-level role."""


@define(kw_only=True)
class Search:
    """The roles that may speak for *path*, pre-order, most trusted first (§5.6.7).

    Attributes:
        ask: what brings a delegated role up to date; where it returns None, there is no such
            role for its format's readers, and the search goes on.
    """

    trusted: Trusted
    path: TargetPath
    limits: Limits
    known: Known
    ask: Ask = field(factory=lambda: on_word_of)
    _session: Session = field(init=False)
    _now: datetime = field(init=False)
    _visited: dict[RoleName, Visit] = field(factory=dict[RoleName, Visit], init=False)
    _to_visit: list[_Expected] = field(init=False)
    _unknown: tuple[RoleName, Verified[Targets]] | None = field(default=None, init=False)

    @_session.default
    def _begun(self) -> Session:
        return _session(self.trusted, self.limits)

    @_now.default
    def _fixed(self) -> datetime:
        return self.trusted.now

    @_to_visit.default
    def _top(self) -> list[_Expected]:
        return [(TARGETS, None)]

    @property
    def goes_on(self) -> bool:
        """Whether there is anybody left to ask."""
        return bool(self._to_visit)

    def next_role(self) -> Workflow[Visit | None]:
        """Return the role that has the next say, or None if everybody was asked.

        Raises:
            LimitError: more roles would have to be visited than allowed.
            TrustError: the role cannot be had or is not to be trusted.
        """
        while self.goes_on:
            for here in self.at_hand():
                return here
            yield from self.learn()
        return None

    def at_hand(self) -> Iterator[Visit]:
        """Come to one role after the other, as far as they are known.

        Where it ends, :meth:`learn` must bring the next one, or everybody was asked.

        Raises:
            LimitError: more roles would have to be visited than allowed.
            ExpiredError: a role has expired.
        """
        to_visit, visited, known = self._to_visit, self._visited, self.known
        while to_visit:
            name, delegator = to_visit.pop()
            if name in visited:  # §5.6.7.1
                continue
            if len(visited) == self.limits.delegations:
                raise LimitError("delegated roles on the way to one target", len(visited))
            if delegator is None:
                proof = self.trusted.targets
            elif (delegator, name) in known:
                proof = known[delegator, name]
                not_expired(proof, self._now, step="§5.6.5")
            else:
                self._unknown = name, delegator
                return
            here = visited[name] = proof, delegator
            if proof.role.delegations is not None:
                below = covering(proof.role, self.path)  # §5.6.7.2
                if terminating(proof.role, below):  # §5.6.7.2.1: nobody later has a say
                    to_visit.clear()
                # §5.6.7.2.2: those who come later have their say after those below.
                to_visit += [(one, proof) for one in reversed(below)]
            yield here

    def learn(self) -> Workflow[None]:
        """Bring up to date what :meth:`at_hand` ended with, so that it is known; or pass it by.

        Raises:
            TrustError: it cannot be had, or is not to be trusted.
        """
        if self._unknown is None:
            return
        (name, delegator), self._unknown = self._unknown, None
        proof = yield from self.ask(
            self.trusted, name, delegator, known=self.known, session=self._session
        )
        if proof is not None:
            self.known[delegator, name] = proof
            self._to_visit.append((name, delegator))

    def way_to(self, role: Verified[Targets]) -> tuple[RoleName, ...]:
        """Return the roles that led to *role*, which was visited, and itself."""
        names = [role.name]
        while (delegator := self._visited[names[-1]][1]) is not None:
            names.append(delegator.name)
        return tuple(reversed(names))

    def found(self, target: Target, via: tuple[RoleName, ...]) -> Found:
        """Return *target* as an answer that rests on everybody who was visited so far."""
        trusted, visits = self.trusted, tuple(self._visited.values())
        root = trusted.snapshot.root.root.role
        return Found(
            path=self.path,
            target=target,
            via=via,
            valid_until=min(trusted.valid_until, *(proof.role.expires for proof, _ in visits)),
            collection=root.collection,
            files=_files(self.path, target, root),
            source=trusted.source,
            evidence=Evidence(trusted, visits),
        )


def find(trusted: Trusted, path: TargetPath, *, limits: Limits, known: Known) -> Workflow[Found]:
    """Search the delegations for *path*, pre-order, most trusted first (§5.6.7).

    Args:
        trusted: the top-level roles, as of the time of the search.
        path: the target to look for.
        limits: how much the repository may make us read.
        known: delegated roles that were verified under *trusted*'s snapshot;
            those that this search verifies are added.

    Raises:
        NotFoundError: no role that may speak for *path* lists it.
        LimitError: more roles would have to be visited than allowed.
        TrustError: a role on the way cannot be had or is not to be trusted;
            the search ends there, since that role might have had the last word.
    """
    search = Search(trusted=trusted, path=path, limits=limits, known=known)
    while search.goes_on:
        for proof, _ in search.at_hand():
            if path in proof.role.targets:  # §5.7.1
                return search.found(proof.role.targets[path], search.way_to(proof))
        yield from search.learn()
    raise NotFoundError(path, "no role vouches for it; check the name", step=UNLISTED)  # §5.7.2


def foresee(
    trusted: Trusted, paths: Iterable[TargetPath], *, limits: Limits, known: Known
) -> Workflow[None]:
    """Hint at the delegated roles that the searches for *paths* ask first, where they are new."""
    session = _session(trusted, limits)
    names = {name for path in paths for name in covering(trusted.targets.role, path)[:1]}
    announced: list[Fetch] = []
    for name in sorted(names):
        if len(announced) == _FORESEEN:
            break
        if (trusted.targets, name) in known or name not in trusted.snapshot.snapshot.role.meta:
            continue
        if (yield from session.store.load(session.format.stored(name))) is None:
            announced.append(fetch_of(trusted.snapshot, name, session))
    if len(announced) > 1:
        yield Ahead(tuple(announced))


def walk(trusted: Trusted, *, limits: Limits) -> Workflow[dict[RoleName, Verified[Targets]]]:
    """Visit every delegated role there is, as a publisher must who edits them.

    Each role is verified on the word of every role that delegates to it.

    Raises:
        TrustError: a role cannot be had or is not to be trusted.
    """
    session = _session(trusted, limits)
    proofs: dict[RoleName, Verified[Targets]] = {TARGETS: trusted.targets}
    to_visit: list[Verified[Targets]] = [trusted.targets]
    while to_visit:
        delegator = to_visit.pop()
        for name in delegated_by(delegator.role):
            proof = yield from targets_role(trusted.snapshot, name, delegator, session)
            if name not in proofs:
                proofs[name] = proof
                to_visit.append(proof)
    return proofs


def delegated_by(role: Targets) -> Iterable[RoleName]:
    """Return the names of all roles that *role* delegates to, in order."""
    if role.delegations is None:
        return ()
    match role.delegations.roles:
        case SuccinctRoles() as bins:
            return bins.names()
        case grants:
            return (grant.name for grant in grants)


def _session(trusted: Trusted, limits: Limits) -> Session:
    return Session(now=trusted.now, limits=limits, format=trusted.snapshot.root.format)


def _files(path: TargetPath, target: Target, root: Root) -> tuple[UrlPath, ...]:
    """Return what the repository may call the file (§5.7.3), our publishers' favourite first."""
    if not root.consistent_snapshot:
        return (published_target(path, None),)
    digests = (target.hashes[name] for name in HASHES if name in target.hashes)
    return tuple(published_target(path, digest) for digest in digests)


class Ask(Protocol):
    """Brings a delegated role up to date, on the word of whoever delegates to it."""

    def __call__(
        self,
        trusted: Trusted,
        name: RoleName,
        delegator: Verified[Targets],
        *,
        known: Known,
        session: Session,
    ) -> Workflow[Verified[Targets] | None]:
        """Return the role *name*, or None if there is no such role for the format's readers."""
        ...


def on_word_of(
    trusted: Trusted,
    name: RoleName,
    delegator: Verified[Targets],
    *,
    known: Known,
    session: Session,
) -> Workflow[Verified[Targets]]:
    """Return the role *name* on *delegator*'s word (§5.6.1-§5.6.6).

    Raises:
        TrustError: it cannot be had, or is not to be trusted.
    """
    del known  # a search looks there before, and remembers what is returned
    return (yield from targets_role(trusted.snapshot, name, delegator, session))


def covering(role: Targets, path: TargetPath) -> tuple[RoleName, ...]:
    """Return whom *role* lets speak for *path*, in order (§4.5), up to one that ends the search."""
    return () if role.delegations is None else role.delegations.covering(path)


def terminating(role: Targets, covered: tuple[RoleName, ...]) -> bool:
    """Return whether the last of those who were :func:`covering` a path ends the search."""
    if role.delegations is None or not covered:
        return False
    last = role.delegations.by_name.get(covered[-1])
    return last is not None and last.terminating
