"""A collection that has something of everything, three weeks into its life, and what is to change."""

from datetime import timedelta
from functools import cache

from core.worlds import DAY, NOW
from publish.desks import (
    MANIFEST,
    anchor_of,
    authority,
    client,
    created,
    digest,
    key,
    opened,
    planned,
    publish_for_ours,
    signed,
)

from trustlib import Expiry, MemoryStorage, PathPatterns, Target
from trustlib.inspect import collection_of, page
from trustlib.publish import fsck

LIVES = Expiry(
    root=timedelta(days=400),
    targets=timedelta(days=90),
    snapshot=timedelta(days=30),
    timestamp=timedelta(days=24),
)
TODAY = NOW + 23 * DAY + timedelta(hours=19)
"""When the pictures are drawn: the timestamp has hours left, and a team's role has expired."""


def tag(repository, name, letter, role=None):
    more = {} if role is None else {"role": role}
    return repository.with_tag(name, digest=digest(letter), size=1573, media_type=MANIFEST, **more)


@cache
def collection():
    """What was published, and the storage that holds it."""
    storage = MemoryStorage()
    start = created(
        root=authority("root", "root2", "root3", threshold=2),
        targets=authority("alice", "bob", "carol", threshold=2),
    )
    first = start.with_delegation(
        "releases",
        keys=authority("alice", "team", threshold=2),
        grant=PathPatterns(("acme/app:*", "acme/api:*")),
        terminating=True,
    )
    first = first.with_delegation(
        "web-team", keys=authority("team2"), grant=PathPatterns(("acme/web-*",))
    )
    first = first.with_delegation(
        "web-team/nightly",
        keys=authority("online2"),
        grant=PathPatterns(("acme/web-nightly:*",)),
        by="web-team",
    )
    first = first.with_delegation(
        "mirror", keys=authority("online2"), grant=PathPatterns(("mirror/*",))
    )
    first = first.with_bins(keys=authority("online2"), bits=4, by="mirror")
    for version, letter in (("1.4", "a"), ("1.5", "b")):
        first = tag(first, f"acme/app:{version}", letter, "releases")
    first = tag(first, "acme/web-shop:7", "c", "web-team")
    first = first.with_targets(
        {f"mirror/lib-{n}:1": Target.of(b"%d" % n) for n in range(60)}, role="mirror"
    )
    short = Expiry(
        root=LIVES.root, targets=LIVES.targets, snapshot=LIVES.snapshot, timestamp=LIVES.timestamp
    )
    publish_for_ours(storage, start, first, now=NOW, expiry=_Hurried(short))
    return opened(storage), storage


class _Hurried:
    """As *lives*, and what is built every night is signed for three weeks."""

    def __init__(self, lives):
        self.lives = lives

    def until(self, role, now):
        return now + 21 * DAY if role == "web-team/nightly" else self.lives.until(role, now)


@cache
def edited():
    """The next edit: a tag, a tag that moves, a key more, a team less."""
    repository, _ = collection()
    after = tag(repository, "acme/app:1.6", "d", "releases")
    after = tag(after, "acme/app:1.5", "e", "releases")
    after = after.with_keys("web-team", key("bob"), threshold=2)
    return after.without_delegation("web-team/nightly", by="web-team")


@cache
def plan():
    """The plan of that edit, half signed."""
    repository, _ = collection()
    return signed(planned(repository, edited(), now=TODAY, expiry=LIVES), "alice", "online")


@cache
def examination():
    _, storage = collection()
    return fsck(storage, anchor=anchor_of(storage), now=TODAY)


@cache
def binding():
    _, storage = collection()
    return client(storage, now=NOW).resolve("acme/app:1.5")


@cache
def facts():
    return collection_of(collection()[0])


@cache
def everything():
    """The page with all of its sections."""
    return page(
        facts(),
        now=TODAY,
        changes=plan().changes,
        plan=plan(),
        examination=examination(),
        explanations=[binding().explain()],
    )
