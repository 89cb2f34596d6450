"""The key that signs timestamps every hour was stolen; here is what that costs, and the way back.

The thief cannot say what a tag stands for: that takes the targets key. With the
timestamp's and the snapshot's they can show old states as new ones to clients
that have seen nothing newer, and they can count so far ahead that nothing
comes after it (fast-forward). Both end with a root that names other keys.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import attrs

from trustlib import (
    BY_HAND,
    TUF_JSON,
    Anchor,
    Authority,
    DirectoryTransport,
    FileStorage,
    MetaFile,
    Repository,
    Signer,
    SigningError,
    SigningPlan,
    ThresholdError,
    Updater,
)
from trustlib.signing import MemorySigner

NOW = datetime.now(UTC)
DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
ONLINE = ("timestamp", "snapshot")


def fast_forward(site: FileStorage, seen: Repository, stolen: Signer) -> None:
    """What a thief does with the key and a way to write to the storage."""
    if seen.timestamp is None or seen.snapshot is None:
        raise ValueError("there is nothing to forge from")
    most = 2**53 - 1
    snapshot = attrs.evolve(seen.snapshot, version=most)
    timestamp = attrs.evolve(seen.timestamp, version=most, snapshot=MetaFile(version=most))
    for path, role in ((f"{most}.snapshot.json", snapshot), ("timestamp.json", timestamp)):
        raw = TUF_JSON.render(role, (stolen.sign(TUF_JSON.payload(role)),))
        held = site.read(path)
        site.write(path, raw, replacing=None if held is None else held.revision)


def main(folder: Path) -> None:
    """Play it once, with everything below *folder*."""
    root, targets, stolen, fresh = (MemorySigner.generate() for _ in range(4))
    online = Authority.of(stolen.key)
    first = Repository.create(
        "docker.io/acme",
        root=Authority.of(root.key),
        targets=Authority.of(targets.key),
        snapshot=online,
        timestamp=online,
    )
    site = FileStorage.public(folder / "site")
    after = first.with_tag("acme/app:1.4", digest=DIGEST, size=1573)
    plan = SigningPlan.between(first, after, now=NOW, expiry=BY_HAND)
    published = plan.signed_by(root, targets, stolen).publication().apply(site).repository
    anchor = Anchor.root((folder / "site" / "1.root.json").read_bytes())
    client = Updater(
        anchor=anchor,
        transport=DirectoryTransport(folder / "site"),
        storage=FileStorage(folder / "client"),
    )

    fast_forward(site, published, stolen)
    trusted = client.refresh()
    print(f"the thief  timestamp {trusted.snapshot.timestamp.timestamp.role.version}")

    # Nothing comes after that number, and clients remember it.
    before = Repository.open(site, anchor=anchor)
    edit = before.with_tag("acme/app:1.5", digest=DIGEST, size=1573)
    try:
        SigningPlan.between(before, edit, now=NOW, expiry=BY_HAND)
    except SigningError as error:
        print(f"stuck      {error}")

    # New keys. Clients forget what the old ones vouched for, so numbers can begin anew (§5.3.11).
    for role in ONLINE:
        edit = edit.with_authority(role, Authority.of(fresh.key))
    plan = SigningPlan.between(before, edit, now=NOW, expiry=BY_HAND, restarting=ONLINE)
    plan = plan.signed_by(root, targets, fresh)
    receipt = plan.publication().apply(site)
    print(f"published  {', '.join(receipt.written)}")

    trusted = client.refresh()
    print(f"the client timestamp {trusted.snapshot.timestamp.timestamp.role.version}")
    print(f"           {client.resolve('acme/app:1.5').pinned}")

    # The key is worth nothing now.
    fast_forward(site, published, stolen)
    try:
        client.refresh()
    except ThresholdError as error:
        print(f"the thief  is refused: {error}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory))
