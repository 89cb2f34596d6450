"""What an audit wants to know of a client, as values.

An event is told when it has happened. Its fields are its facts; the sentence is
derived from them. Everything in an event is public: versions, roles, key ids,
errors. There is nothing secret in a client.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from attrs import frozen

from trustlib._types import CollectionName, KeyId, RoleName, Version
from trustlib.errors import TransportError, TrustError, moment, shortened


@frozen(kw_only=True)
class AnchorFetched:
    """The root that was pinned by its hash was fetched and is stored now (§5.2)."""

    sha256: str
    version: Version

    def __str__(self) -> str:
        return f"root {self.version} was fetched; it is the one pinned as sha256:{self.sha256}"


@frozen(kw_only=True)
class AnchorChosen:
    """A root was fetched, fits what is pinned, and is stored now (§5.2).

    Attributes:
        because: what it fits, in a few words.
    """

    sha256: str
    version: Version
    because: str

    def __str__(self) -> str:
        return (
            f"root {self.version} (sha256:{self.sha256}) was fetched, and is where trust begins:"
            f" {shortened(self.because, str)}"
        )


@frozen(kw_only=True)
class TrustedOnFirstUse:
    """A root was believed because nothing was known of the collection before, as was asked for.

    Whoever answered then is trusted from now on; compare the hash with what the
    publisher says in another place.
    """

    sha256: str
    version: Version
    collection: CollectionName

    def __str__(self) -> str:
        return (
            f"root {self.version} (sha256:{self.sha256}) is trusted because it came first:"
            f" nothing was known of {shortened(self.collection, str)}; ask its publisher whether"
            " that is the right one"
        )


@frozen(kw_only=True)
class Untrusted:
    """A registry was believed, because nobody speaks for the name or somebody asked for that.

    Attributes:
        reference: what was asked.
        digest: what the registry said.
        why: who wanted it so.
    """

    reference: str
    digest: str
    why: str

    def __str__(self) -> str:
        return (
            f"{shortened(self.reference, str)} was taken for {self.digest} because the registry"
            f" says so and nobody vouches for it ({self.why})"
        )


@frozen(kw_only=True)
class RootRotated:
    """A new root was accepted and stored (§5.3.8).

    Attributes:
        old: the version it took over from.
        new: the next one.
        signed_by: ids of the keys, old and new, whose signatures were counted.
    """

    old: Version
    new: Version
    signed_by: frozenset[KeyId]

    def __str__(self) -> str:
        return f"root {self.new} took over from root {self.old}, {_by(self.signed_by)}"


@frozen(kw_only=True)
class FloorsDropped:
    """A root removed a key that may have inflated versions, so these bind no longer (§5.3.11).

    Attributes:
        root: the version of the root that did.
        timestamp: the version that was the least to be accepted, or None.
        snapshot: the version that was the least to be accepted, or None.
    """

    root: Version
    timestamp: Version | None
    snapshot: Version | None

    def __str__(self) -> str:
        pairs = (("timestamp", self.timestamp), ("snapshot", self.snapshot))
        fell = " and ".join(f"{name} {version}" for name, version in pairs if version is not None)
        return (
            f"root {self.root} removed a key of timestamp or snapshot:"
            f" {fell} may be followed by lower versions"
        )


@frozen(kw_only=True)
class RoleAccepted:
    """A new version of a role was verified and stored.

    Attributes:
        expires: when its signatures stop to count (UTC).
        signed_by: ids of the authorised keys whose signatures were counted.
    """

    role: RoleName
    version: Version
    expires: datetime
    signed_by: frozenset[KeyId]

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)} {self.version} was accepted, {_by(self.signed_by)},"
            f" valid until {moment(self.expires)}"
        )


@frozen(kw_only=True)
class Odd:
    """A role was accepted that its publisher should have a look at.

    Attributes:
        what: what is odd about it.
    """

    role: RoleName
    version: Version
    what: str

    def __str__(self) -> str:
        return f"{shortened(self.role, str)} {self.version} {self.what}"


@frozen(kw_only=True)
class Refreshed:
    """Every top-level role is up to date.

    Attributes:
        root: its version; so with the others.
        now: the reference time of the update (UTC).
        valid_until: the earliest expiry of the four (UTC).
    """

    root: Version
    timestamp: Version
    snapshot: Version
    targets: Version
    now: datetime
    valid_until: datetime

    def __str__(self) -> str:
        return (
            f"up to date at {moment(self.now)}: root {self.root}, timestamp {self.timestamp},"
            f" snapshot {self.snapshot}, targets {self.targets}; valid until"
            f" {moment(self.valid_until)}"
        )


@frozen(kw_only=True)
class AnsweredFromStore:
    """The repository was not asked, or not reached: what was stored was verified again instead.

    Attributes:
        heard: when the last complete update began (UTC).
        now: the reference time (UTC).
        because: why the repository could not be reached; None where it was not
            asked (:class:`~trustlib.transport.Offline`).
    """

    heard: datetime
    now: datetime
    because: TransportError | None

    def __str__(self) -> str:
        why = "not asked" if self.because is None else f"not reached ({self.because})"
        return (
            f"answering from what was stored at {moment(self.heard)}; it is {moment(self.now)},"
            f" and the repository was {why}"
        )


@frozen(kw_only=True)
class Refused:
    """A question ended with an error, which the caller was given as well."""

    error: TrustError

    def __str__(self) -> str:
        return f"refused: {type(self.error).__name__}: {self.error}"


Event: TypeAlias = (
    AnchorFetched
    | AnchorChosen
    | TrustedOnFirstUse
    | RootRotated
    | Untrusted
    | FloorsDropped
    | RoleAccepted
    | Odd
    | Refreshed
    | AnsweredFromStore
    | Refused
)
"""What can happen, any of it."""


def _by(keyids: frozenset[KeyId]) -> str:
    return "signed by " + ", ".join(sorted(shortened(keyid[:8], str) for keyid in keyids))
