"""Hash bins: a repository of a million targets of which a client reads one small file.

Which of the 2**bits bins lists a target follows from the hash of its path. One
edit signs one bin, the snapshot and the timestamp, however many targets there
are; a client that asks for one target reads those, and nothing of the others.

    python million_targets.py            # 2,000 targets in 32 bins, seconds
    python million_targets.py 1000000 14 # a million in 16,384, minutes
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from attrs import define, field

from trustlib import (
    BY_HAND,
    Anchor,
    Authority,
    DirectoryTransport,
    FileStorage,
    Repository,
    Request,
    SigningPlan,
    Target,
    Transport,
    Updater,
)
from trustlib.signing import MemorySigner

NOW = datetime.now(UTC)


@define
class Counted:
    """A transport that counts what it reads."""

    transport: Transport
    read: dict[str, int] = field(factory=dict)

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """Hand on the pieces, and count their bytes."""
        pieces = self.transport.fetch(request)
        if pieces is None:
            return None
        whole = b"".join(pieces)
        self.read[request.path] = len(whole)
        return iter((whole,))


def everything(count: int) -> dict[str, Target]:
    """Return what there is to list: so many packages, by path."""
    return {
        f"pool/{number % 997}/package-{number}.tgz": Target.of(b"package %d" % number)
        for number in range(count)
    }


def main(folder: Path, count: int, bits: int) -> None:
    """Publish, edit and ask once, with everything below *folder*."""
    root, targets, bins, online = (MemorySigner.generate() for _ in range(4))
    first = Repository.create(
        "packages.example",
        root=Authority.of(root.key),
        targets=Authority.of(targets.key),
        snapshot=Authority.of(online.key),
        timestamp=Authority.of(online.key),
    )
    site = FileStorage.public(folder / "site")
    full = first.with_bins(keys=Authority.of(bins.key), bits=bits).with_targets(everything(count))
    plan = SigningPlan.between(first, full, now=NOW, expiry=BY_HAND)
    published = plan.signed_by(root, targets, bins, online).publication().apply(site).repository
    print(f"published  {count} targets in {2**bits} bins")

    # One package more: its bin, the snapshot and the timestamp. The targets key stays in its safe.
    more = published.with_target("pool/1/new.tgz", Target.of(b"new"))
    plan = SigningPlan.between(published, more, now=NOW, expiry=BY_HAND)
    receipt = plan.signed_by(bins, online).publication().apply(site)
    print(f"edited     {', '.join(receipt.written)}")

    transport = Counted(DirectoryTransport(folder / "site"))
    client = Updater(
        anchor=Anchor.root((folder / "site" / "1.root.json").read_bytes()),
        transport=transport,
        storage=FileStorage(folder / "client"),
    )
    found = client.find("pool/1/new.tgz")
    assert found.target.hashes["sha256"] == hashlib.sha256(b"new").hexdigest()
    sizes = ", ".join(f"{path} {size}" for path, size in transport.read.items())
    print(f"a client   {sizes}")

    # Twice as many bins, in one publication: clients see the old ones or the new ones.
    after = receipt.repository.with_bins(
        keys=Authority.of(bins.key), bits=bits + 1, prefix=f"bin{bits + 1}"
    )
    plan = SigningPlan.between(receipt.repository, after, now=NOW, expiry=BY_HAND)
    plan.signed_by(targets, bins, online).publication().apply(site)
    client.refresh()
    found = client.find("pool/1/new.tgz")
    print(f"now        {2 ** (bits + 1)} bins, and it is found in {found.via[-1]}")


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]] or [2_000, 5]
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory), *arguments)
