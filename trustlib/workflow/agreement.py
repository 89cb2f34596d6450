"""Several roles must list the same thing (TAP 3), as a value that a caller composes.

A role counts if the delegations lead to it for that path, as in any search, and
no key counts twice: two roles are two only if nothing leads to one of them by
way of the other, and nobody who signed for one signed for the other, or for a
role that leads to the other alone. Who delegates to both of them is trusted by
both, and appoints them.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from attrs import define, field, frozen

from trustlib._frozen import FrozenMap, Json
from trustlib._types import RoleName, TargetPath
from trustlib.effects import Workflow
from trustlib.errors import NotFoundError, TrustError, shortened
from trustlib.limits import Limits
from trustlib.roles import Root, Target
from trustlib.trust import Trusted, Verified
from trustlib.workflow.counting import (
    MAX_WITNESSES,
    Settled,
    Statement,
    Verdict,
    judged,
    shared,
)
from trustlib.workflow.dissent import DisagreementError
from trustlib.workflow.explanation import Explanation, Visit
from trustlib.workflow.search import UNLISTED, Found, Known, Search


def names_of(given: Iterable[str]) -> tuple[str, ...]:
    """Return *given* as a tuple; a string is no list of names, although it is iterable."""
    if isinstance(given, str):
        raise TypeError(f"expected names, got the one string {given!r}; write ({given!r},)")
    return tuple(given)


def require_threshold(threshold: int, names: tuple[str, ...], what: str) -> None:
    """Make sure that *threshold* of the distinct *names* is something, and can be met.

    Raises:
        ValueError: it is not.
    """
    if len(set(names)) != len(names):
        raise ValueError(f"expected every one of the {what} once, got {', '.join(names)}")
    if not 1 <= len(names) <= MAX_WITNESSES:
        raise ValueError(f"expected from 1 to {MAX_WITNESSES} {what}, got {len(names)}")
    if not 1 <= threshold <= len(names):
        raise ValueError(
            f"expected a threshold from 1 to the number of {what}, {len(names)}, got {threshold}"
        )


@frozen(kw_only=True)
class RolesAgree:
    """Which roles must list a target alike, and how many of them.

    Attributes:
        roles: names of targets roles, the most important first: where two
            things are said by enough, the first decides which counts. With a
            threshold of more than half that cannot be.
        threshold: how many must say the same thing.

    Raises:
        ValueError: a role is named twice, there are none or too many, or the
            threshold is below 1 or above the number of roles.
    """

    roles: tuple[str, ...] = field(converter=names_of)
    threshold: int

    def __attrs_post_init__(self) -> None:
        require_threshold(self.threshold, self.roles, "roles")


@frozen(kw_only=True)
class Agreed(Found):
    """A target that enough say the same of.

    ``target`` holds what they say alike, and nothing that too few of them do.

    Attributes:
        by: what each of those who count says itself, by its name.
    """

    by: FrozenMap[str, Found]

    def explain(self) -> Explanation:
        """Return who signed what, until when, and what was checked; ``str()`` is for people."""
        return said_by_all(Found.explain(self), self.via, self.by)


def said_by_all(told: Explanation, via: tuple[RoleName, ...], by: Iterable[str]) -> Explanation:
    """Return what is *told* as if the last role of *via* said it, as what all say."""
    *some, last = by
    who = f"{', '.join(some)} and {last}" if some else last
    answer = told.answer.removesuffix(f"says {shortened(via[-1], str)}")
    return attrs.evolve(told, answer=f"{answer}say{'' if some else 's'} {who}")


def find_agreed(
    trusted: Trusted, path: TargetPath, agreement: RolesAgree, *, limits: Limits, known: Known
) -> Workflow[Agreed]:
    """Return what enough of the roles of *agreement* say of *path* (TAP 3).

    The delegations are followed as :func:`~trustlib.workflow.find` does, past
    roles that list *path*. A role that they do not lead to for *path*, perhaps
    because a terminating delegation comes first, says nothing.

    Args:
        trusted: the top-level roles, as of the time of the search.
        path: the target to look for.
        agreement: who must agree.
        limits: how much the repository may make us read.
        known: as for :func:`~trustlib.workflow.find`.

    Raises:
        DisagreementError: too few of the roles say the same thing; or a role
            that is not among them comes first, and says another.
        NotFoundError: none of the roles lists *path*.
        LimitError: more roles would have to be visited than allowed.
        TrustError: a role on the way cannot be had or is not to be trusted;
            the search ends there, since what is decided must not depend on
            who can be kept from us.
    """
    search = Search(trusted=trusted, path=path, limits=limits, known=known)
    return (yield from agreed(search, agreement))


def agreed(search: Search, agreement: RolesAgree, plain: Found | None = None) -> Workflow[Agreed]:
    """Return what enough of the roles of *agreement* say, of those that *search* comes to.

    Args:
        search: begun for the target, and for nothing else.
        agreement: who must agree.
        plain: what a plain search finds, where its order is another than that of *search*.

    Raises:
        TrustError: as :func:`find_agreed`.
    """
    path = search.path
    heard = _Heard(agreement=agreement, root=search.trusted.snapshot.root.root, path=path)
    while (here := (yield from search.next_role())) is not None:
        heard.note(here, search.way_to(here[0]))
        if isinstance(heard.verdict(), Settled):
            break
    else:
        heard.nobody_else()
    verdict = heard.verdict()
    if not isinstance(verdict, Settled):
        raise heard.refused(verdict.most)
    if plain is None:
        heard.refuse_precedence(verdict)
    else:
        heard.refuse_another(verdict, plain.via[-1], plain.target)
    by = {name: search.found(*heard.listed[name]) for name in verdict.by}
    customs = (found.target.custom or FrozenMap[str, Json]() for found in by.values())
    target = Target(
        length=verdict.statement.length,
        hashes=verdict.statement.hashes,
        custom=shared(customs) or None,
    )
    via = tuple(dict.fromkeys(role for found in by.values() for role in found.via))
    whole = attrs.asdict(search.found(target, via), recurse=False)
    return Agreed(**whole, by=FrozenMap(by))


@frozen
class _Link:
    """One role on the way to another, and the keys that were counted for it."""

    name: RoleName
    keys: frozenset[bytes | None]


@define(kw_only=True)
class _Heard:
    """What the roles said that the search has come to so far.

    Attributes:
        said: what those said that must agree; None by who does not list *path*.
        listed: the targets of all who list *path*, and the way to them.
        lines: what leads to every role.
    """

    agreement: RolesAgree
    root: Verified[Root]
    path: TargetPath
    said: dict[str, Statement | None] = field(factory=dict[str, Statement | None])
    listed: dict[str, tuple[Target, tuple[RoleName, ...]]] = field(
        factory=dict[str, tuple[Target, tuple[RoleName, ...]]]
    )
    lines: dict[str, tuple[_Link, ...]] = field(factory=dict[str, tuple[_Link, ...]])

    def note(self, here: Visit, via: tuple[RoleName, ...]) -> None:
        """Remember what a role says, and on whose word it does, to which *via* leads."""
        proof, delegator = here
        name = proof.name
        above = () if delegator is None else self.lines[delegator.name]
        authority = (delegator or self.root).role.authority(name)
        counted = frozenset(authority.keys[keyid].material for keyid in proof.signed_by)
        self.lines[name] = (*above, _Link(name, counted))
        target = proof.role.targets.get(self.path)
        if target is not None:
            self.listed[name] = target, via
        if name in self.agreement.roles:
            self.said[name] = None if target is None else Statement.of(target)

    def nobody_else(self) -> None:
        """Note that the search is over: who was not reached has no say."""
        for name in self.agreement.roles:
            self.said.setdefault(name, None)

    def verdict(self) -> Verdict:
        return judged(self.agreement.roles, self.agreement.threshold, self.said, self.alike)

    def alike(self, one: str, other: str) -> bool:
        """Return whether the same hands may have made both roles say what they say."""
        ours, theirs = self.lines[one], self.lines[other]
        # A search comes to every role once, so what is common to both lines comes first.
        fork = sum(a.name == b.name for a, b in zip(ours, theirs, strict=False))
        if fork in (len(ours), len(theirs)):
            return True  # one leads to the other, and names who may sign for it
        return not _keys(ours[fork:]).isdisjoint(_keys(theirs[fork:]))

    def refused(self, most: int) -> TrustError:
        """Return the error that says that too few agree, or that nobody knows the target."""
        roles = ", ".join(self.agreement.roles)
        if all(statement is None for statement in self.said.values()):
            return NotFoundError(
                self.path, f"none of {roles} vouches for it; check the name", step=UNLISTED
            )
        return DisagreementError(
            self.path,
            self.agreement.threshold,
            most,
            {name: self.said.get(name) for name in self.agreement.roles},
            "do not use it before those who should list it do, with keys of their own",
        )

    def refuse_precedence(self, verdict: Settled) -> None:
        """Make sure that nobody who comes before all of those who agree says otherwise.

        Raises:
            DisagreementError: a role that need not agree does, and in a plain
                search its word would be the last.
        """
        for name in self.lines:
            if name in verdict.by:
                return
            if name in self.listed:
                self.refuse_another(verdict, name, self.listed[name][0])

    def refuse_another(self, verdict: Settled, name: str, target: Target) -> None:
        """Make sure that *name*, whose word comes before theirs, does not say another *target*.

        Raises:
            DisagreementError: it does, and is none of those who must agree.
        """
        statement = Statement.of(target)
        if name not in self.agreement.roles and not statement.fits(verdict.statement):
            raise DisagreementError(
                self.path,
                self.agreement.threshold,
                len(verdict.by),
                {name: statement, **{one: self.said[one] for one in verdict.by}},
                f"but the word of {name} comes before theirs: do not use it before"
                f" {name} lists the same thing, or nothing",
            )


def _keys(line: tuple[_Link, ...]) -> frozenset[bytes | None]:
    return frozenset[bytes | None]().union(*(link.keys for link in line))
