"""Lose one root key of three, and then another: the first is mended, the second is the end.

Below the threshold, the others sign a root that names a new key, and clients
follow. Above it nobody can change that root again. A new one begins, and whoever
is to trust it must be given it by other means than the repository.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from trustlib import (
    BY_HAND,
    ROOT,
    Anchor,
    Authority,
    DirectoryTransport,
    FileStorage,
    Repository,
    SigningPlan,
    ThresholdError,
    TrustError,
    Updater,
)
from trustlib.signing import KeyFile

PASSPHRASE = "correct horse battery staple"  # everybody has one of their own, of course
DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def begun(*people: KeyFile, online: KeyFile) -> Repository:
    """Return a repository that nobody has signed: two of *people* hold its root."""
    root, daily = Authority.of(*(p.key for p in people), threshold=2), Authority.of(online.key)
    return Repository.create(
        "docker.io/acme", root=root, targets=daily, snapshot=daily, timestamp=daily
    )


def signed(before: Repository, after: Repository, *keys: KeyFile) -> SigningPlan:
    """Return the plan for an edit, signed by *keys*."""
    plan = SigningPlan.between(before, after, now=datetime.now(UTC), expiry=BY_HAND)
    return plan.signed_by(*(key.unlock(PASSPHRASE) for key in keys))


def ask(who: str, site: FileStorage, anchor: Anchor, memory: FileStorage) -> None:
    """Be a program that was shipped with *anchor* and remembers in *memory* what it saw."""
    transport = DirectoryTransport(site.directory)
    try:
        binding = Updater(anchor=anchor, transport=transport, storage=memory).resolve("acme/app:1")
        print(f"{who}  resolved  {binding.pinned}")
    except TrustError as error:
        print(f"{who}  {type(error).__name__}  {error}")


def main(folder: Path) -> None:
    """Play it once, with everything below *folder*."""
    site, memory = FileStorage.public(folder / "site"), FileStorage(folder / "client")
    alice, bob, carol, dave, erin, frank, online, other = (
        KeyFile.generate(folder / f"{name}.key", PASSPHRASE)
        for name in ("alice", "bob", "carol", "dave", "erin", "frank", "online", "other")
    )
    before = begun(alice, bob, carol, online=online)
    first = before.with_tag("acme/app:1", digest=DIGEST, size=1573)
    now = signed(before, first, alice, bob, online).publication().apply(site).repository
    shipped = Anchor.root((site.directory / "1.root.json").read_bytes())
    ask("old program", site, shipped, memory)

    # Carol's key is lost. Two are left, which is enough to replace it: do it today.
    mended = now.with_keys(ROOT, dave.key).without_keys(ROOT, carol.key)
    now = signed(now, mended, alice, bob).publication().apply(site).repository
    ask("old program", site, shipped, memory)

    # Before anybody could do that again, Bob's and Dave's are lost as well.
    try:
        signed(now, now.with_keys(ROOT, erin.key), alice).publication()
    except ThresholdError as error:
        print(f"publisher    {error}")

    # Begin again, with new keys for *everything*: a key that both roots trust would
    # vouch for what clients remember of the old repository, and they would not go back.
    elsewhere = FileStorage.public(folder / "elsewhere")
    fresh = begun(alice, erin, frank, online=other)
    again = fresh.with_tag("acme/app:1", digest=DIGEST, size=1573)
    signed(fresh, again, alice, erin, other).publication().apply(elsewhere)
    new = Anchor.root((elsewhere.directory / "1.root.json").read_bytes())

    ask("old program", site, shipped, memory)  # goes on, until what is there expires
    ask("old program", elsewhere, shipped, memory)  # and will never believe the new root
    ask("new program", site, new, memory)
    ask("new program", elsewhere, new, memory)  # the anchor replaces what the old one led to


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory))
