"""Everything trustlib raises on purpose, split by what the reader does next.

The fields come first and the sentence is derived from them, in one place. A
sentence says what was looked at, what was expected, what was there instead,
and what to do about it. ``step`` is the section of TUF 1.0.34 that was not met,
where there is one. Programming errors stay ``TypeError`` and ``ValueError``.

If hostile bytes make any function of this package raise something that is not
a :class:`TrustError`, that is a bug.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from trustlib._types import CollectionName, KeyId, RoleName, Version


class TrustError(Exception):
    """Base class of every error trustlib raises on purpose.

    Attributes:
        step: the section of the TUF specification that was not met, or None.
    """

    step: str | None = None

    def __reduce__(self) -> tuple[object, ...]:
        # An error must survive a process boundary, and its __init__ takes
        # fields, not the sentence that Exception would hand back to it.
        return _rebuilt, (type(self), self.args, dict(self.__dict__))


def _rebuilt(kind: type[TrustError], args: tuple[object, ...], facts: dict[str, object]) -> object:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


# -- the bytes --------------------------------------------------------------------------


class MalformedError(TrustError):
    """The bytes are not the document they claim to be. Report it to the publisher."""

    def __init__(self, document: str, path: str, expected: str, got: object) -> None:
        self.document, self.path, self.expected, self.got = document, path, expected, got
        where = f"{shortened(document, str)}: at {shortened(path, str)}"
        super().__init__(f"{where}: expected {expected}, got {shortened(got)}")


class UndecidedError(TrustError):
    """What a file means hangs on something that was not said. Say it.

    Attributes:
        file: the file.
        line: where.
        what: what cannot be told.
        needs: what would have to be known.
    """

    def __init__(
        self, file: str, line: int, what: str, needs: Collection[str], *, advice: str
    ) -> None:
        self.file, self.line, self.what, self.needs = file, line, what, tuple(needs)
        names = ", ".join(shortened(name, str) for name in self.needs)
        super().__init__(
            f"{shortened(file, str)}: at line {line}: {shortened(what, str)} hangs on {names};"
            f" {advice}"
        )


# -- the verdicts -----------------------------------------------------------------------


class VerificationError(TrustError):
    """A document was understood and is not to be trusted. Stop: it may be an attack."""

    role: RoleName


class ThresholdError(VerificationError):
    """Too few authorised keys signed (arbitrary software).

    Attributes:
        threshold: how many distinct keys must sign.
        signed_by: ids of the authorised keys that did.
    """

    def __init__(
        self,
        role: RoleName,
        threshold: int,
        signed_by: Collection[KeyId],
        *,
        step: str | None = None,
    ) -> None:
        self.role, self.threshold, self.signed_by = role, threshold, frozenset(signed_by)
        self.step = step
        ids = sorted(shortened(keyid[:8], str) for keyid in self.signed_by)
        who = ", ".join(ids) or "nobody authorised"
        super().__init__(
            f"{shortened(role, str)}: signed by {len(self.signed_by)} of {threshold} required keys"
            f" ({who});"
            f" not to be trusted until {threshold - len(self.signed_by)} more of them sign it"
        )


class RollbackError(VerificationError):
    """A role went back to an earlier version, or vanished.

    Attributes:
        trusted: the version that is already trusted.
        offered: the version that was offered, or None where the role vanished.
    """

    def __init__(
        self, role: RoleName, trusted: Version, offered: Version | None, *, step: str | None = None
    ) -> None:
        self.role, self.trusted, self.offered, self.step = role, trusted, offered, step
        seen = "is no longer listed" if offered is None else f"version {offered} was offered"
        super().__init__(
            f"{shortened(role, str)}: {seen}, but version {trusted} is already trusted;"
            " somebody is replaying old metadata, or the repository was restored from a backup"
        )


class ExpiredError(VerificationError):
    """Nobody signed in time (freeze).

    Attributes:
        expired: when the role's signatures stopped to count (UTC).
        now: the reference time of this update (UTC).
    """

    def __init__(
        self, role: RoleName, expired: datetime, now: datetime, *, step: str | None = None
    ) -> None:
        self.role, self.expired, self.now, self.step = role, expired, now, step
        super().__init__(
            f"{shortened(role, str)}: expired {moment(expired)}, it is {moment(now)};"
            f" either somebody withholds updates, or the repository must sign a fresh"
            f" {shortened(role, str)}"
        )


class MismatchError(VerificationError):
    """A document is not the one its referrer described (mix-and-match).

    Attributes:
        what: the property that differs: ``"version"``, ``"length"``, ``"sha256"``, …
    """

    def __init__(
        self, role: RoleName, what: str, expected: object, got: object, *, step: str | None = None
    ) -> None:
        self.role, self.what, self.expected, self.got, self.step = role, what, expected, got, step
        super().__init__(
            f"{shortened(role, str)}: expected {shortened(what, str)} {shortened(expected, str)},"
            f" got {shortened(got, str)};"
            " this is not what the repository vouched for"
        )


class WrongCollectionError(MismatchError):
    """Validly signed, and for another collection.

    One key may sign for many repositories; their metadata is not interchangeable.
    """

    def __init__(
        self, role: RoleName, expected: CollectionName | None, got: CollectionName | None
    ) -> None:
        super().__init__(role, "metadata of the collection", expected, got or "metadata of none")
        self.got = got


class ClockError(VerificationError):
    """The clock went back behind a moment that this store has already seen.

    Attributes:
        now: what the clock says (UTC).
        floor: when the last complete update of this store began (UTC).
        tolerance: how far back the clock may be.
    """

    def __init__(self, now: datetime, floor: datetime, tolerance: timedelta, reset: str) -> None:
        self.now, self.floor, self.tolerance, self.reset = now, floor, tolerance, reset
        super().__init__(
            f"the clock says {moment(now)}, but this store was brought up to date at"
            f" {moment(floor)}: a clock that is behind makes expired metadata look fresh;"
            f" correct the clock, or, if it was wrong then, remove {reset!r} where this store is"
        )


# -- absence ----------------------------------------------------------------------------


class NotFoundError(TrustError):
    """Nobody vouches for that. Check the name.

    Attributes:
        name: what was looked for.
    """

    def __init__(self, name: str, reason: str, *, step: str | None = None) -> None:
        self.name, self.reason, self.step = name, reason, step
        super().__init__(f"{shortened(name, str)}: {reason}")


class NoTrustDataError(NotFoundError):
    """The repository has no trust data at all, or somebody withholds it."""

    def __init__(self, name: str, reason: str | None = None) -> None:
        super().__init__(
            name,
            reason
            or "the repository has no trust data, or somebody withholds it; check the address",
        )


class UnsignedImageError(NoTrustDataError):
    """A file to build from names an image that nobody vouches for.

    Attributes:
        file: the file that names it.
        line: where.
        image: what it names.
    """

    def __init__(self, file: str, line: int, image: str) -> None:
        self.file, self.line, self.image = file, line, image
        self.name, self.reason = image, "no trust data"
        name, _, tag = image.rpartition(":")
        Exception.__init__(
            self,
            f"{shortened(file, str)}: at line {line}: No trust data for"
            f" {shortened(tag if name else image, str)} ({shortened(image, str)});"
            " nobody vouches for that image: check its name, or have it signed",
        )


# -- limits, transport, storage, people -------------------------------------------------


_WIDER = "only if you know that this repository needs more, pass wider Limits"


class LimitError(TrustError):
    """More roots, delegations or bytes than allowed.

    Attributes:
        what: what there was too much of.
        limit: how much is allowed.
    """

    def __init__(
        self, what: str, limit: float, *, step: str | None = None, advice: str = _WIDER
    ) -> None:
        self.what, self.limit, self.step = what, limit, step
        super().__init__(f"more {what} than the {limit} allowed; {advice}")


class TooLongError(LimitError):
    """Endless data: a file is longer than it may be.

    Attributes:
        path: the file.
        limit: how many bytes it may have.
    """

    def __init__(
        self, path: str, limit: int, *, step: str | None = None, advice: str = _WIDER
    ) -> None:
        super().__init__(f"bytes in {shortened(path, str)}", limit, step=step, advice=advice)
        self.path = path


class TransportError(TrustError):
    """A file could not be read; it may well be there. Try again later, or do what it says.

    Attributes:
        where: the URL or path that was read.
        reason: what went wrong.
    """

    def __init__(self, where: str, reason: str, *, advice: str = "try again later") -> None:
        self.where, self.reason = where, reason
        super().__init__(f"{shortened(where, str)}: {reason}; {advice}")


class DeniedError(TransportError):
    """A server wants to know who asks, or does not let them. Log in, or ask for access.

    Attributes:
        where: the URL that was asked for.
        reason: what the server said.
    """

    def __init__(self, where: str, reason: str) -> None:
        access = "give credentials that may do this, or ask whoever owns it for access"
        super().__init__(where, reason, advice=access)


class StorageError(TrustError):
    """Our own disk or bucket failed. Fix the machine.

    Attributes:
        where: the file or object.
        reason: what the system said.
    """

    def __init__(self, where: str, reason: str) -> None:
        self.where, self.reason = where, reason
        super().__init__(f"{where}: {reason}")


class ConflictError(StorageError):
    """Somebody else wrote in between. Open again, apply the edit again, publish again."""

    def __init__(self, where: str) -> None:
        super().__init__(
            where,
            "somebody else wrote this in between;"
            " open the repository again, apply your edit to it, and publish that",
        )


class OverwrittenError(ConflictError):
    """What we published was overwritten by somebody who had not seen it.

    Where there is no compare-and-swap, two publishers can both be told that
    they were first. Look at what they published, and publish your edit again.

    Attributes:
        ours: the digest of what we published.
        theirs: the digest of what is there, which did not come after it.
        kept: where ours is kept.
    """

    def __init__(self, where: str, ours: str, theirs: str, kept: str) -> None:
        super().__init__(where)
        self.ours, self.theirs, self.kept = ours, theirs, kept
        self.reason = (
            f"what we published last ({ours}) was overwritten by somebody who had not seen it"
            f" ({theirs}); ours is kept as {kept}: reapplied() makes that edit again, or concede(),"
            " open the repository again, and make it by hand"
        )
        self.args = (f"{where}: {self.reason}",)


class SigningError(TrustError):
    """A passphrase is wrong, or a key was not asked to sign. Ask the human.

    Attributes:
        what: the key file, key, or request this is about.
        reason: what went wrong, and what to do.
    """

    def __init__(self, what: str, reason: str) -> None:
        self.what, self.reason = what, reason
        super().__init__(f"{what}: {reason}")


class WrongPassphraseError(SigningError):
    """A passphrase does not open a key or a backup. Ask for it again.

    Where a format cannot tell the two apart, a damaged file is reported so, too.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            what,
            "the passphrase does not open this file, or the file is damaged;"
            " try the passphrase again, and then another copy of the file",
        )


_LINE = 120  # characters of somebody else's text in one of our sentences


def shortened(value: object, spell: type[str] | None = None) -> str:
    """Return *value* as one short line: hostile text must not flood a log."""
    text = repr(value) if spell is None else spell(value)
    if not text.isprintable():
        text = text.encode("unicode_escape").decode("ascii")
    return text if len(text) <= _LINE else f"{text[:80]}… ({len(text)} characters)"


def moment(time: datetime) -> str:
    """Return *time* (UTC) as people read it, to the minute."""
    return time.replace(tzinfo=None).isoformat(" ", "minutes") + "Z"
