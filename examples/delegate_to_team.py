"""Let a team say what its own tags stand for, and nothing else.

Two of the team's three members sign each of its releases. They need nobody else,
they can touch nobody else's tags, and who the team is stays the targets' key's to say.
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
    PathPatterns,
    Repository,
    SigningError,
    SigningPlan,
    ThresholdError,
    Updater,
)
from trustlib.signing import KeyFile

PASSPHRASE = "correct horse battery staple"  # everybody has one of their own, of course
DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
TEAM = "acme/app-team"


def planned(before: Repository, after: Repository, *keys: KeyFile) -> SigningPlan:
    """Return the plan for an edit, signed by *keys*."""
    plan = SigningPlan.between(before, after, now=datetime.now(UTC), expiry=BY_HAND)
    return plan.signed_by(*(key.unlock(PASSPHRASE) for key in keys))


def main(folder: Path) -> None:
    """Play it once, with everything below *folder*."""
    site = FileStorage.public(folder / "site")
    owner, online, ann, ben, cleo, dan = (
        KeyFile.generate(folder / f"{name}.key", PASSPHRASE)
        for name in ("owner", "online", "ann", "ben", "cleo", "dan")
    )
    ours, daily = Authority.of(owner.key), Authority.of(online.key)
    empty = Repository.create(
        "docker.io/acme", root=ours, targets=ours, snapshot=daily, timestamp=daily
    )

    # The owner delegates. For tags of acme/app the team has the last word.
    after = empty.with_tag("acme/db:16", digest=DIGEST, size=1573).with_delegation(
        TEAM,
        keys=Authority.of(ann.key, ben.key, cleo.key, threshold=2),
        grant=PathPatterns(("acme/app:*",)),
        terminating=True,
    )
    plan = planned(empty, after, owner, online, ann, ben)  # an empty first version of the team's
    now = plan.publication().apply(site).repository

    # The team releases: two members, and the key that says what is the latest.
    release = now.with_tag("acme/app:1.4", digest=DIGEST, size=1573, role=TEAM)
    plan = planned(now, release, online, ann)
    try:
        plan.publication()
    except ThresholdError as error:
        print(f"not yet    {error}")
    now = plan.signed_by(ben.unlock(PASSPHRASE)).publication().apply(site).repository
    updater = Updater(
        anchor=Anchor.root((site.directory / "1.root.json").read_bytes()),
        transport=DirectoryTransport(site.directory),
        storage=FileStorage(folder / "client"),
    )
    print(f"resolved   acme/app:1.4, on the word of {updater.resolve('acme/app:1.4').via[-1]}")

    # What it cannot do: speak for other images, change what others say, or who it is.
    try:
        now.with_tag("acme/db:17", digest=DIGEST, size=1573, role=TEAM)
    except ValueError as error:
        print(f"refused    {error}")
    for beyond in (now.without_tag("acme/db:16"), now.with_keys(TEAM, dan.key)):
        try:
            planned(now, beyond, ann, ben, cleo)
        except SigningError as error:
            print(f"refused    {error}")

    # Ann leaves, and Dan comes. The owner says so, and the team signs again what she signed.
    without_ann = now.with_keys(TEAM, dan.key).without_keys(TEAM, ann.key)
    plan = planned(now, without_ann, owner, online, cleo, dan)
    print(f"changed    {plan.changes[0]}")
    now = plan.publication().apply(site).repository
    try:
        planned(now, now.without_tag("acme/app:1.4", role=TEAM), ann)
    except SigningError as error:
        print(f"refused    {error}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory))
