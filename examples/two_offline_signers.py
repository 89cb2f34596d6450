"""Two people sign a release, each on a machine of their own that has no network.

Alice and Bob must both vouch for what a tag stands for. What travels is one
small file to each of them and one back, in any order. The publisher's machine
never sees their keys.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from trustlib import (
    BY_HAND,
    Authority,
    FileStorage,
    Key,
    Repository,
    Signature,
    SigningPlan,
    SigningRequest,
    ThresholdError,
)
from trustlib.signing import KeyFile

PASSPHRASE = "correct horse battery staple"  # everybody has one of their own, of course
DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def plan_release(root: KeyFile, online: KeyFile, alice: Key, bob: Key) -> SigningPlan:
    """On the publisher's machine: say what should change, and sign what is ours to sign."""
    before = Repository.create(
        "docker.io/acme",
        root=Authority.of(root.key),
        targets=Authority.of(alice, bob, threshold=2),
        snapshot=Authority.of(online.key),
        timestamp=Authority.of(online.key),
    )
    after = before.with_tag("acme/app:1.4", digest=DIGEST, size=1573)
    plan = SigningPlan.between(before, after, now=datetime.now(UTC), expiry=BY_HAND)
    return plan.signed_by(root.unlock(PASSPHRASE), online.unlock(PASSPHRASE))


def sign_offline(key: KeyFile, request: Path, answer: Path) -> None:
    """On a signer's machine: read what the bytes say, and sign them."""
    asked = SigningRequest.read(request)
    print(f"\n{key.path.stem} is asked to sign\n{asked}")  # worked out from the bytes to be signed
    asked.sign(key.unlock(PASSPHRASE)).write(answer)


def main(folder: Path) -> None:
    """Play it once, with everything below *folder*."""
    root, online, alice, bob = (
        KeyFile.generate(folder / f"{name}.key", PASSPHRASE)
        for name in ("root", "online", "alice", "bob")
    )
    plan = plan_release(root, online, alice.key, bob.key)
    print(plan)

    (request,) = plan.requests
    request.write(folder / "release.request")  # the same file for both
    sign_offline(alice, folder / "release.request", folder / "alice.sig")
    sign_offline(bob, folder / "release.request", folder / "bob.sig")

    # Whichever comes back first. With one of the two, nothing can be published.
    plan = plan.with_signature(Signature.read(folder / "bob.sig"))
    try:
        plan.publication()
    except ThresholdError as error:
        print(f"\nnot yet    {error}")
    plan = plan.with_signature(Signature.read(folder / "alice.sig"))
    receipt = plan.publication().apply(FileStorage.public(folder / "site"))
    print(f"published  {', '.join(receipt.written)}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory))
