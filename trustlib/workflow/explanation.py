"""Why an answer is believed, for people: who signed what, until when, what was checked.

It is told from the proofs themselves, so it cannot say more than was verified.
Proofs stay in the process that made them; what they say may travel.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from attrs import field, frozen

from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, KeyId, RoleName, Version
from trustlib.errors import moment, shortened
from trustlib.roles import Authority, MetaFile, Role, Targets
from trustlib.sources import Source
from trustlib.trust import Trusted, Verified
from trustlib.trust.agreeing import HASHES

Visit = tuple[Verified[Targets], "Verified[Targets] | None"]
"""A targets role that was looked at, and who delegates to it (None: root)."""


@frozen(kw_only=True)
class Signed:
    """A key whose signature was counted."""

    keyid: KeyId
    keytype: str

    def __str__(self) -> str:
        return f"{shortened(self.keytype, str)} {shortened(self.keyid[:8], str)}"


@frozen(kw_only=True)
class Vouched:
    """One role's part in an answer.

    Attributes:
        expires: when its signatures stop to count (UTC).
        named_by: the role that says which keys may sign it.
        threshold: how many distinct keys must.
        signed_by: those whose signatures were counted.
        checked: what was looked at, in a few words each.
    """

    role: RoleName
    version: Version
    expires: datetime
    named_by: RoleName
    threshold: int
    signed_by: tuple[Signed, ...]
    checked: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)} {self.version}, until {moment(self.expires)}:"
            f" signed by {', '.join(map(str, self.signed_by))}"
            f" ({self.threshold} needed, named by {shortened(self.named_by, str)});"
            f" checked: {', '.join(self.checked)}"
        )


@frozen(kw_only=True)
class Explanation:
    """An answer, and everything that it rests on; ``str()`` of it is for people.

    Attributes:
        answer: the answer in one line.
        source: who answered, and as of when; None where nobody was asked.
        valid_until: until when it may be believed (UTC), or None: for ever.
        roles: those that were looked at, in the order in which they were verified.
    """

    answer: str
    source: Source | None
    valid_until: datetime | None
    roles: tuple[Vouched, ...]

    def __str__(self) -> str:
        lines = [self.answer]
        if self.source is not None and self.valid_until is not None:
            lines.append(f"{self.source}; valid until {moment(self.valid_until)}")
        return "\n".join([*lines, *(f"- {role}" for role in self.roles)])


@frozen(eq=False, repr=False)
class Evidence:
    """The proofs behind an answer.

    Attributes:
        trusted: the top-level roles.
        visited: every targets role that was looked at, in order.
    """

    trusted: Trusted | None
    visited: tuple[Visit, ...]
    _told: tuple[Vouched, ...] | None = field(default=None, alias="told")

    def __reduce__(self) -> tuple[type[Evidence], tuple[object, ...]]:
        return Evidence, (None, (), self.roles)

    @property
    def roles(self) -> tuple[Vouched, ...]:
        """What the proofs say."""
        if self._told is not None:
            return self._told
        return () if self.trusted is None else tuple(_vouched(self.trusted, self.visited))


def _vouched(trusted: Trusted, visited: tuple[Visit, ...]) -> Iterator[Vouched]:
    upper = trusted.snapshot
    root, timestamp, snapshot = upper.root.root, upper.timestamp.timestamp, upper.snapshot
    chain = "signatures of its own keys and of the root before it, back to the anchor"
    yield _told(root, root.role.authority(ROOT), ROOT, chain, "expiry")
    newer = "no older than what was seen before"
    yield _told(timestamp, root.role.authority(TIMESTAMP), ROOT, "signatures", newer, "expiry")
    yield _told(
        snapshot,
        root.role.authority(SNAPSHOT),
        ROOT,
        "signatures",
        *_compared(TIMESTAMP, timestamp.role.snapshot),
        "nothing in it older than what was seen before",
        "expiry",
    )
    for proof, delegator in visited:
        by: Verified[Role] = root if delegator is None else delegator
        authority = (root if delegator is None else delegator).role.authority(proof.name)
        named = ("its own name",) if proof.role.called is not None else ()
        listed = _compared(SNAPSHOT, snapshot.role.meta[proof.name])
        yield _told(proof, authority, by.name, "signatures", *listed, *named, "expiry")


def _compared(by: RoleName, listed: MetaFile) -> tuple[str, ...]:
    version = () if listed.version is None else ("version",)
    length = () if listed.length is None else ("length",)
    hashes = tuple(name for name in HASHES if name in listed.hashes)
    return (f"{', '.join((*version, *length, *hashes))} as in {by}",)


def _told(proof: Verified[Role], authority: Authority, by: RoleName, *checked: str) -> Vouched:
    own = ("collection",) if proof.role.collection is not None else ()
    return Vouched(
        role=proof.name,
        version=proof.role.version,
        expires=proof.role.expires,
        named_by=by,
        threshold=authority.threshold,
        signed_by=tuple(
            Signed(keyid=keyid, keytype=key.keytype)
            for keyid, key in sorted(authority.keys.items())
            if keyid in proof.signed_by
        ),
        checked=(*checked, *own),
    )
