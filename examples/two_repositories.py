"""Believe a tag only if two repositories say the same of it.

The publisher signs what a tag stands for, and so do auditors who rebuilt it:
two repositories, with no key in common. Whoever takes over one of them can say
what they like, and nobody who asks both believes it.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from trustlib import (
    BY_HAND,
    Anchor,
    Authority,
    DirectoryTransport,
    FileStorage,
    Repository,
    SigningPlan,
    Updater,
)
from trustlib.consensus import Consensus, DisagreementError, TrustMap
from trustlib.signing import KeyFile

PASSPHRASE = "correct horse battery staple"  # yours comes from a person or a vault
RELEASE = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
BACKDOOR = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

MAP = b"""
{
  "repositories": {
    "publisher": ["https://trust.acme.example/"],
    "auditors": ["https://rebuilt.example/acme/"]
  },
  "mapping": [
    {
      "paths": ["acme/*"],
      "repositories": ["publisher", "auditors"],
      "threshold": 2,
      "terminating": true
    }
  ]
}
"""


def published(folder: Path, name: str, digest: str) -> None:
    """Say in the repository *name* that the tag stands for *digest*; make it if need be."""
    site, path = FileStorage.public(folder / name), folder / f"{name}.key"
    key = KeyFile(path) if path.exists() else KeyFile.generate(path, PASSPHRASE)
    keys = Authority.of(key.key)
    before = Repository.create(
        "docker.io/acme", root=keys, targets=keys, snapshot=keys, timestamp=keys
    )
    if (folder / name).exists():
        before = Repository.open(site, anchor=shipped(folder, name))
    after = before.with_tag("acme/app:1.4", digest=digest, size=1573)
    plan = SigningPlan.between(before, after, now=datetime.now(UTC), expiry=BY_HAND)
    plan.signed_by(key.unlock(PASSPHRASE)).publication().apply(site)


def shipped(folder: Path, name: str) -> Anchor:
    """Return the root of the repository *name* that programs ship with."""
    return Anchor.root((folder / name / "1.root.json").read_bytes())


def main(folder: Path) -> None:
    """Play it once, with everything below *folder*."""
    trust_map = TrustMap.parse(MAP)
    for name in trust_map.repositories:
        published(folder, name, RELEASE)

    # An updater for each, with an anchor and a memory of its own. Here the repositories
    # are folders; yours are Mirrors(*map(HttpTransport, trust_map.repositories[name])).
    consensus = Consensus(
        map=trust_map,
        updaters={
            name: Updater(
                anchor=shipped(folder, name),
                transport=DirectoryTransport(folder / name),
                storage=FileStorage(folder / "client" / name),
            )
            for name in trust_map.repositories
        },
    )
    binding = consensus.resolve("acme/app:1.4")
    print(f"resolved  {binding.pinned}")
    print(f"via       {', '.join(binding.via)}")

    # Somebody has every key of the publisher, and signs another image.
    published(folder, "publisher", BACKDOOR)
    for updater in consensus.updaters.values():
        updater.refresh()  # for five minutes, answers would come from memory
    try:
        consensus.resolve("acme/app:1.4")
    except DisagreementError as error:
        print(f"refused   {error}")
        for name, answer in error.answers.items():
            print(f"  {name} says {answer}")
    else:
        raise SystemExit("the attacker's image was accepted")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory))
