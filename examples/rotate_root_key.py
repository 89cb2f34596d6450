"""Replace the root key, and lose no client.

The new root is signed by the old key and by the new one, so programs that were
shipped with the old root follow. From then on the old key can change nothing
for them. To somebody who starts from the old root and never saw the new one it
still can: ship the new root with the next release of your program.
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
    Updater,
)
from trustlib.signing import KeyFile

PASSPHRASE = "correct horse battery staple"  # yours comes from a person or a vault
DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def main(folder: Path) -> None:
    """Play it once, with everything below *folder*."""
    site = FileStorage.public(folder / "site")
    old, new, daily = (
        KeyFile.generate(folder / f"{name}.key", PASSPHRASE) for name in ("old", "new", "daily")
    )

    # Years ago: a collection is published, and programs ship with its first root.
    keys = Authority.of(daily.key)
    empty = Repository.create(
        "docker.io/acme", root=Authority.of(old.key), targets=keys, snapshot=keys, timestamp=keys
    )
    first = empty.with_tag("acme/app:1.4", digest=DIGEST, size=1573)
    plan = SigningPlan.between(empty, first, now=datetime.now(UTC), expiry=BY_HAND)
    plan = plan.signed_by(old.unlock(PASSPHRASE), daily.unlock(PASSPHRASE))
    plan.publication().apply(site)
    shipped = Anchor.root((folder / "site" / "1.root.json").read_bytes())

    # Today: add the new key, then remove the old one. It is one edit and one new root.
    before = Repository.open(site, anchor=shipped)
    after = before.with_keys("root", new.key).without_keys("root", old.key)
    plan = SigningPlan.between(before, after, now=datetime.now(UTC), expiry=BY_HAND)
    print(plan)

    plan = plan.signed_by(new.unlock(PASSPHRASE))
    try:
        plan.publication()  # clients would ask: who says that this is our root?
    except ThresholdError as error:
        print(f"not yet    {error}")
    plan = plan.signed_by(old.unlock(PASSPHRASE))  # the last thing that this key signs
    receipt = plan.publication().apply(site)
    print(f"published  {', '.join(receipt.written)}")

    # A program that was shipped with the first root follows.
    updater = Updater(
        anchor=shipped,
        transport=DirectoryTransport(folder / "site"),
        storage=FileStorage(folder / "client"),
    )
    print(f"resolved   {updater.resolve('acme/app:1.4').pinned}")
    root = updater.refresh().snapshot.root.root.role
    assert set(root.authority(ROOT).keys) == {new.key.id}
    print(f"trusted    root version {root.version}, signed for by {new.key.id[:8]} alone")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory))
