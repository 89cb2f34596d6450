"""Three people make a root together, each on a machine of their own; then one of them leaves.

Two of the three must sign. Between the machines travel public keys, requests and
signatures: small files, none of them secret, on a stick or by mail. A private
key never leaves the machine it was made on, and no machine knows another's
passphrase.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from attrs import field, frozen

from trustlib import (
    BY_HAND,
    ROOT,
    Anchor,
    Authority,
    DirectoryTransport,
    FileStorage,
    Key,
    Repository,
    Signature,
    SigningPlan,
    SigningRequest,
    ThresholdError,
    Updater,
)
from trustlib.signing import KeyFile, proven
from trustlib.signing.passphrases import FromEnvironment, PassphraseSource, generated, unlocked

DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@frozen
class Person:
    """Somebody who signs: a name, a machine, and whatever knows their passphrase."""

    name: str
    machine: Path
    passphrases: PassphraseSource = field(repr=False)

    @property
    def file(self) -> KeyFile:
        """Where their key is."""
        return KeyFile(self.machine / f"{self.name}.key")

    def makes_a_key(self, stick: Path) -> None:
        """Make a key, see that it works, and put its public half on the stick."""
        self.machine.mkdir()
        file = generated(self.file.path, self.passphrases, role=ROOT)
        proven(unlocked(file, self.passphrases, role=ROOT))
        (stick / f"{self.name}.pub").write_bytes(file.public_path.read_bytes())
        print(f"{self.name:9}  has key {file.key.id}")  # compare all of it, by phone

    def signs(self, stick: Path) -> None:
        """Read what the request says, sign it, and put the signature on the stick."""
        request = SigningRequest.read(stick / "root.request")
        print(f"\n{self.name} is asked to sign\n{request}")  # worked out from the bytes themselves
        key = unlocked(self.file, self.passphrases, role=ROOT, why=f"to sign {request.role}")
        request.sign(key).write(stick / f"{self.name}.sig")


def a_person(folder: Path, name: str) -> Person:
    """Return somebody with a machine; in earnest, ``Prompt()`` asks them on their terminal."""
    robot = FromEnvironment({ROOT: "MINE"}, {"MINE": f"the passphrase of {name}"})
    return Person(name, folder / f"machine of {name}", robot)


def public_key(stick: Path, name: str) -> Key:
    """Return somebody's public half, which they brought on the stick."""
    return Key.from_pem((stick / f"{name}.pub").read_text())


def collected(plan: SigningPlan, stick: Path, *people: Person) -> SigningPlan:
    """Ask *people* for the root, one after the other, and return the plan with what they signed."""
    [request] = plan.requests
    request.write(stick / "root.request")
    for person in people:
        person.signs(stick)
        plan = plan.with_signature(Signature.read(stick / f"{person.name}.sig"))
        try:
            plan.publication()
        except ThresholdError as error:
            print(f"\nnot yet    {error}")
    return plan


def main(folder: Path) -> None:
    """Play it once, with everything below *folder*."""
    stick, site = folder / "stick", FileStorage.public(folder / "site")
    stick.mkdir()
    alice, bob, carol, dave = (a_person(folder, name) for name in ("alice", "bob", "carol", "dave"))
    publisher = a_person(folder, "publisher")
    for person in (alice, bob, carol, publisher):
        person.makes_a_key(stick)

    # The first root: everybody's public half is on the stick, and their ids were compared.
    daily = Authority.of(public_key(stick, "publisher"))
    three = [public_key(stick, name) for name in ("alice", "bob", "carol")]
    empty = Repository.create(
        "docker.io/acme",
        root=Authority.of(*three, threshold=2),
        targets=daily,
        snapshot=daily,
        timestamp=daily,
    )
    first = empty.with_tag("acme/app:1.4", digest=DIGEST, size=1573)
    plan = SigningPlan.between(empty, first, now=datetime.now(UTC), expiry=BY_HAND)
    plan = plan.signed_by(unlocked(publisher.file, publisher.passphrases, role=ROOT))
    plan = collected(plan, stick, carol, alice)  # whoever is there first
    receipt = plan.publication().apply(site)
    print(f"published  {', '.join(receipt.written)}")
    shipped = Anchor.root((folder / "site" / "1.root.json").read_bytes())

    # A year later Carol leaves, and Dave takes her place. Two of the *old* three must say so.
    dave.makes_a_key(stick)
    before = Repository.open(site, anchor=shipped)
    after = before.with_keys(ROOT, public_key(stick, "dave")).without_keys(
        ROOT, public_key(stick, "carol")
    )
    plan = SigningPlan.between(before, after, now=datetime.now(UTC), expiry=BY_HAND)
    plan = collected(plan, stick, dave, alice, bob)
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
    names = {public_key(stick, p.name).id: p.name for p in (alice, bob, carol, dave)}
    print(f"trusted    root version {root.version},", end=" ")
    print(f"2 of {', '.join(sorted(names[keyid] for keyid in root.authority(ROOT).keys))}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory))
