"""What a client has accepted stays accepted as long as nothing that it went by is another.

A targets role is accepted on four things: its file, what the snapshot lists of
it, whom those who delegate to it let sign, and the time. Where the first three
are what they were when a client accepted it, a client accepts it still, until
it expires. So a publication is read with a client's eyes where one of them
changed, and the rest is held against the proof that is kept of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import TARGETS, CollectionName, RoleName
from trustlib.documents import Document
from trustlib.effects import Workflow
from trustlib.errors import TooLongError
from trustlib.limits import Limits
from trustlib.publish.parsed import ParsedOnce
from trustlib.publish.reach import among, regranted
from trustlib.roles import Role, Snapshot, Targets
from trustlib.trust import Trusted, Verified
from trustlib.trust.agreeing import not_expired
from trustlib.workflow import delegated_by
from trustlib.workflow.session import Session, fetch_of, targets_role


@frozen(kw_only=True, eq=False, repr=False)
class Seen:
    """What a client made of a repository's files. It stays in the process that looked.

    Attributes:
        documents: of the top-level roles, so that nobody has to understand them
            twice; of all, where only a part was read.
        collection: the one that everything belongs to.
        snapshot: which lists all of *proofs* as they are.
        proofs: the targets roles, each accepted on the word of all who delegate to it.
    """

    documents: FrozenMap[RoleName, Document[Role]] = field(
        factory=FrozenMap[RoleName, Document[Role]]
    )
    collection: CollectionName | None = None
    snapshot: Verified[Snapshot] | None = None
    proofs: FrozenMap[RoleName, Verified[Targets]] = field(
        factory=FrozenMap[RoleName, Verified[Targets]]
    )

    def __reduce__(self) -> tuple[type[Seen], tuple[()]]:
        return Seen, ()


def seen_by(
    trusted: Trusted,
    targets: FrozenMap[RoleName, Verified[Targets]],
    format: ParsedOnce,
    *held: Verified[Targets],
) -> Seen:
    """Return what a client saw that trusts all this, and for whom *format* read it.

    Args:
        trusted: the top-level roles.
        targets: all targets roles.
        format: what read them.
        *held: the delegated roles whose documents are kept as well.
    """
    documents: dict[RoleName, Document[Role]] = {
        proof.name: format.parse(type(proof.role), proof.raw, name=proof.name)
        for proof in (*trusted.roles, *held)
    }
    return Seen(
        documents=FrozenMap(documents),
        collection=trusted.snapshot.root.root.role.collection,
        snapshot=trusted.snapshot.snapshot,
        proofs=targets,
    )


def chosen(
    trusted: Trusted, names: AbstractSet[RoleName], *, limits: Limits
) -> Workflow[dict[RoleName, Verified[Targets]]]:
    """Visit those of *names* that there is a way to by way of *names* alone; targets comes first.

    Each is verified on the word of all that were visited and delegate to it.

    Raises:
        TrustError: a role cannot be had or is not to be trusted.
    """
    session = Session(now=trusted.now, limits=limits, format=trusted.snapshot.root.format)
    proofs: dict[RoleName, Verified[Targets]] = {TARGETS: trusted.targets}
    to_visit = [trusted.targets]
    while to_visit:
        delegator = to_visit.pop()
        for name in among(delegator.role, names):
            proof = yield from targets_role(trusted.snapshot, name, delegator, session)
            if name not in proofs:
                proofs[name] = proof
                to_visit.append(proof)
    return proofs


def revisited(
    trusted: Trusted, seen: Seen, files: Mapping[RoleName, bytes], *, limits: Limits
) -> Workflow[FrozenMap[RoleName, Verified[Targets]]]:
    """Visit the delegated roles that are not as they were *seen*, and return all there are.

    As :func:`trustlib.workflow.walk`, which visits every one.

    Args:
        trusted: the top-level roles as they are now.
        seen: what was accepted before.
        files: the current file of every role that there is now.
        limits: how much may be read.

    Raises:
        TrustError: a role cannot be had or is not to be trusted, or it is one
            that was seen and that has expired, or is too long.
    """
    upper = trusted.snapshot
    session = Session(now=trusted.now, limits=limits, format=upper.root.format)
    kept = _unchanged(trusted, seen, files)
    others = {*files, *seen.proofs} - kept.keys()
    proofs: dict[RoleName, Verified[Targets]] = {TARGETS: trusted.targets}
    to_visit = [*(proof for proof in kept.values() if proof.role.delegations), trusted.targets]
    while to_visit:
        delegator = to_visit.pop()
        for name in _to_ask(delegator.role, seen.proofs.get(delegator.name), others):
            proof = yield from targets_role(upper, name, delegator, session)
            if name not in proofs:
                proofs[name] = proof
                to_visit.append(proof)
    for name, proof in kept.items():
        if name not in proofs:
            not_expired(proof, trusted.now, step="§5.6.5")
            if len(proof.raw) > limits.targets:
                raise TooLongError(fetch_of(upper, name, session).path, limits.targets)
    return FrozenMap({**kept, **proofs})


def _unchanged(
    trusted: Trusted, seen: Seen, files: Mapping[RoleName, bytes]
) -> dict[RoleName, Verified[Targets]]:
    """Return the proofs of delegated roles whose file is the same, and listed as it was."""
    if seen.snapshot is None or seen.collection != trusted.snapshot.root.root.role.collection:
        return {}
    was, now = seen.snapshot.role.meta, trusted.snapshot.snapshot.role.meta
    others = {TARGETS, *(name for name, _, _ in was.differing(now))}
    return {
        name: proof
        for name, proof in seen.proofs.items()
        if name not in others and files.get(name) == proof.raw
    }


def _to_ask(
    role: Targets, seen: Verified[Targets] | None, others: AbstractSet[RoleName]
) -> Iterable[RoleName]:
    """Return for whom *role* must be heard: for *others*, and where its own word is another."""
    if seen is None:
        return delegated_by(role)
    return dict.fromkeys((*among(role, others), *regranted(seen.role, role)))
