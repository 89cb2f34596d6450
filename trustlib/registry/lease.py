"""Taking turns at a registry that cannot say who was first, but lists its tags.

Whoever wants to move the tag of a collection first sets a tag of its own, then
looks at all of them, and goes on only if nobody else has set one. Of two who
come at once each sees the other's, or the later one does; so both withdraw, or
one, and never do both go on. That holds where a tag that was set is listed.
"""

from __future__ import annotations

import json
import math
import re
import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Final, TypeVar

from attrs import field, frozen

from trustlib._clock import utcnow
from trustlib.content import Digest
from trustlib.errors import DeniedError, StorageError, TransportError, TrustError
from trustlib.registry import _lists
from trustlib.registry import _operations as say
from trustlib.registry._artifact import CONFIG
from trustlib.registry._collections import Place
from trustlib.registry._conversation import Speaking
from trustlib.registry.manifests import EMPTY, OCI_MANIFEST

T = TypeVar("T")

LEASE: Final = "application/vnd.trustlib.lease.v1"
"""What the manifest of a lease is: its ``artifactType``."""

NAME: Final = "vnd.trustlib.lease.tag"
"""The annotation that says under which tag it is; so no two leases are one manifest."""

LONGEST: Final = 3_600.0
"""Seconds for which a lease may be taken."""

_SWEPT: Final = 8  # leases of the dead that one publication clears away


def _bearable(_: object, __: object, seconds: float) -> None:
    if not 1 <= seconds <= LONGEST:
        raise ValueError(f"seconds: expected 1 to {LONGEST:g}, got {seconds!r}")


@frozen(kw_only=True)
class Lease:
    """Publish only while nobody else does; for :class:`~trustlib.registry.RegistryStorage`.

    Attributes:
        seconds: for how long others wait for a publisher who was stopped. Only
            in the first half of it is anything published, so clocks of
            publishers may differ by the other half.
        clock: says what time it is (UTC).

    Raises:
        ValueError: *seconds* is less than 1 or more than an hour.
    """

    seconds: float = field(default=60.0, validator=_bearable)
    clock: Callable[[], datetime] = utcnow


@frozen(kw_only=True)
class Turn:
    """A lease that was taken.

    Attributes:
        lease: how.
        tag: what was set.
        digest: what it is set to, and nothing else is.
        since: when.
    """

    lease: Lease
    tag: str
    digest: Digest
    since: datetime

    def lasts(self) -> bool:
        """Return whether something may still be published."""
        passed = (self.lease.clock() - self.since).total_seconds()
        return 0 <= passed < self.lease.seconds / 2


def in_turn(
    place: Place, lease: Lease, speaking: Callable[[Turn], Speaking[T | None]]
) -> Speaking[T | None]:
    """Return what *speaking* does, while nobody else has a lease; None if somebody has.

    Whoever is stopped meanwhile leaves the lease behind, and it expires.

    Raises:
        StorageError: leases are of no use at this registry, or there is one
            that lasts too long to be waited for.
        TrustError: as *speaking*.
    """
    turn = yield from _set(place, lease)
    try:
        mine, expired = yield from _looked_around(place, turn)
        done = (yield from speaking(turn)) if mine else None
    except TrustError:
        yield from _withdrawn(place, turn.digest)
        raise
    yield from _withdrawn(place, turn.digest)
    yield from _swept(place, expired)
    return done


def require_deletes(place: Place) -> Speaking[None]:
    """Find that the registry would take a lease back, by one that never was.

    Raises:
        DeniedError: it does not let us.
        StorageError: it does not do that.
    """
    try:
        yield from say.deleted(place.repository, Digest.of(secrets.token_bytes(16)))
    except DeniedError:
        raise
    except TransportError as error:
        if error.__cause__ is not None:  # no answer
            raise
        raise StorageError(
            str(place),
            f"leases have to be taken back, and the registry does not delete ({error.reason});"
            " let it, or publish without a lease",
        ) from error


def _set(place: Place, lease: Lease) -> Speaking[Turn]:
    since = lease.clock()
    ends = math.ceil(since.timestamp() + lease.seconds)
    tag = f"{_prefix(place)}{ends}.{secrets.token_hex(8)}"
    nothing = {"mediaType": EMPTY, "digest": str(CONFIG.digest), "size": CONFIG.size}
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": LEASE,
        "config": nothing,
        "layers": [nothing],
        "annotations": {NAME: tag},
    }
    raw = json.dumps(document, separators=(",", ":")).encode()
    yield from say.pushed(place.repository, tag, raw, OCI_MANIFEST)
    return Turn(lease=lease, tag=tag, digest=Digest.of(raw), since=since)


def _looked_around(place: Place, turn: Turn) -> Speaking[tuple[bool, list[str]]]:
    """Return whether nobody else has a lease, and the tags of those who are late."""
    tags = yield from _lists.tags(place.repository)
    if turn.tag not in tags:
        raise StorageError(
            str(place),
            "the registry does not list a tag that it has just taken, so a lease does not keep"
            " anybody from publishing; publish without one",
        )
    now = turn.lease.clock().timestamp()
    others = {tag: ends for tag, ends in _leases(place, tags) if tag != turn.tag}
    for tag, ends in others.items():
        if ends > now + 2 * LONGEST:
            raise StorageError(
                f"{place.repository.path}:{tag}",
                "a lease that nobody takes for so long; a clock is wrong, or somebody means harm:"
                " remove that tag",
            )
    return (
        all(ends <= now for ends in others.values()),
        [tag for tag, ends in others.items() if ends <= now],
    )


def _prefix(place: Place) -> str:
    return f"{place.tag[:80]}.lease."


def _leases(place: Place, tags: Iterable[str]) -> Iterable[tuple[str, int]]:
    pattern = re.compile(re.escape(_prefix(place)) + r"([0-9]{1,15})\.[0-9a-f]{16}")
    for tag in tags:
        if found := pattern.fullmatch(tag):
            yield tag, int(found[1])


def _swept(place: Place, tags: Iterable[str]) -> Speaking[None]:
    """Take back what others left, if it is what its tag says.

    A tag can be set to anything, also to an image that must not be deleted.
    """
    for tag in sorted(tags)[:_SWEPT]:
        with suppress(TrustError):  # another time, then
            received = yield from say.manifest(place.repository, tag)
            if received is None:
                continue
            manifest = received.manifest
            if manifest.artifact_type == LEASE and manifest.annotations.get(NAME) == tag:
                yield from say.deleted(place.repository, manifest.digest)


def _withdrawn(place: Place, digest: Digest) -> Speaking[None]:
    with suppress(TrustError):  # it expires
        yield from say.deleted(place.repository, digest)
