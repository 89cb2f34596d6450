"""A machine burns down, and the next one publishes.

Alice's keys lie in a store. She has exported it to one encrypted file, and
keeps that on two sticks. On a new machine she restores it and publishes, and a
program that knows the first root notices nothing but the new release.
"""

from __future__ import annotations

import shutil
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
    SigningError,
    SigningPlan,
    Updater,
)
from trustlib.signing import KeyStore, Label

PASSPHRASE = "correct horse battery staple"  # of the keys; yours comes from a person
ON_PAPER = "stapler cell door umbrella"  # of the backup, and in the safe
OLD = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
NEW = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def publish(site: FileStorage, keys: KeyStore, before: Repository, after: Repository) -> None:
    """Sign the difference with the keys that are asked for, and publish it."""
    plan = SigningPlan.between(before, after, now=datetime.now(UTC), expiry=BY_HAND)
    asked = [
        key.unlock(PASSPHRASE)
        for key in keys.list()
        if any(request.asks(key.key) for request in plan.requests)
    ]
    plan.signed_by(*asked).publication().apply(site)


def main(folder: Path) -> None:
    """Play it once, with everything below *folder*."""
    keys = KeyStore(folder / "old machine" / "keys")
    for role in ("root", "targets"):
        keys.generate(PASSPHRASE, Label(role=role, owner="alice", collection="docker.io/acme"))
    root, targets = (Authority.of(keys.find(role=role)[0].key) for role in ("root", "targets"))
    empty = Repository.create(
        "docker.io/acme", root=root, targets=targets, snapshot=targets, timestamp=targets
    )
    site = FileStorage.public(folder / "site")
    publish(site, keys, empty, empty.with_tag("acme/app:1.4", digest=OLD, size=1573))

    kept = keys.export(folder / "stick.age", ON_PAPER)
    print(f"backed up  {len(kept)} keys in {(folder / 'stick.age').stat().st_size} bytes")

    known = Repository.open(
        site, anchor=Anchor.root((folder / "site" / "1.root.json").read_bytes())
    )
    try:
        keys.remove(kept[0].id, needed_by=(known.root, *known.targets.values()))
    except SigningError as error:
        print(f"refused    {error}")

    before = {path.parts[-2:]: path.read_bytes() for path in keys.directory.glob("*/*")}
    shutil.rmtree(folder / "old machine")
    print("burnt      the old machine, and every key on it")

    keys = KeyStore(folder / "new machine" / "keys")
    for key in keys.restore(folder / "stick.age", ON_PAPER):
        print(f"restored   {key.label.role}, key {key.id[:8]}, of {key.label.owner}")
    assert before == {path.parts[-2:]: path.read_bytes() for path in keys.directory.glob("*/*")}
    publish(site, keys, known, known.with_tag("acme/app:1.4", digest=NEW, size=1601))

    updater = Updater(
        anchor=Anchor.root((folder / "site" / "1.root.json").read_bytes()),
        transport=DirectoryTransport(folder / "site"),
        storage=FileStorage(folder / "client"),
    )
    print(f"resolved   {updater.resolve('acme/app:1.4').pinned}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory))
