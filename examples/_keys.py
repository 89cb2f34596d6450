"""The half of ``docker_trust.py`` that is about keys, and about whose word counts.

A signer has a role of their own, and its first version needs their signature. They
also sign the snapshot and the timestamp of what they publish, because no trust
server does: so root names their key, too. Where the signer's private key is on
another machine, a request goes there, and a signature comes back.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from _home import Home
from _terminal import Commands, agreed, command, family
from attrs import frozen

from trustlib import BY_HAND, Authority, ImageReference, NotFoundError, PathPatterns, Repository
from trustlib.errors import SigningError, StorageError
from trustlib.keys import Key, Signature
from trustlib.publish import SigningPlan, SigningRequest
from trustlib.signing import KeyFile, KeyStore, Label, StoredKey
from trustlib.signing.passphrases import KeyOnDemand, Purpose, Question, chosen, unlocked

# -- keys ---------------------------------------------------------------------------------


def generate(asked: argparse.Namespace, home: Home) -> None:
    """Make a key for a signer, and a file with its public half to hand around."""
    path = Path(f"{asked.name}.pub")
    if path.exists():
        raise StorageError(str(path), "is there already; no key was made")
    question = Question(name=asked.name, where="a new key", purpose=Purpose.CREATE, role=asked.name)
    passphrase = chosen(home.passphrases(asked.name), question)
    stored = home.keys.generate(passphrase, Label(role=asked.name, owner=home.owner))
    path.write_bytes(stored.file.public_path.read_bytes())
    print(f"Key {stored.id[:8]} is made; its public half is in {path}")


def load(asked: argparse.Namespace, home: Home) -> None:
    """Bring a private key from elsewhere; it stays under its passphrase, or gets one."""
    file, label = KeyFile(asked.file), Label(role=asked.name, owner=home.owner)
    source = home.passphrases(asked.name)
    if file.encrypted:
        stored = unlocked(Loading(file, home.keys, label), source, role=asked.name)
    else:
        question = Question.about(file, purpose=Purpose.CREATE, role=asked.name)
        stored = home.keys.add_unencrypted(file, chosen(source, question), label)
    print(f"Successfully imported key {stored.id[:8]} from {asked.file}")


@frozen
class Loading:
    """A key file that is in a store once its passphrase was right."""

    file: KeyFile
    keys: KeyStore
    label: Label
    encrypted = True

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.file.path

    def unlock(self, passphrase: str | bytes) -> StoredKey:
        """Return the key as the store has it."""
        return self.keys.add(self.file, passphrase, self.label)


def backup(asked: argparse.Namespace, home: Home) -> None:
    """Copy all keys into one file, encrypted as a whole under a passphrase of its own."""
    path = Path(asked.file)
    question = Question(name=path.name, where=f"the backup {path.name}", purpose=Purpose.CREATE)
    keys = home.keys.export(path, chosen(home.passphrases(), question))
    print(f"{len(keys)} keys are in {path.name}, each under its own passphrase still")


def restore(asked: argparse.Namespace, home: Home) -> None:
    """Bring back what ``backup`` wrote; or ``tar``, as people were told to do in 2015."""
    path = Path(asked.file)
    if path.suffix in (".tar", ".gz", ".tgz"):
        keys = home.keys.restore_tar(path)
    else:
        keys = unlocked(Backup(path, home.keys), home.passphrases())
    for key in sorted(keys, key=lambda key: key.label.role):
        label = key.label
        print(f"Restored key {key.id[:8]}, {label.role} of {label.collection or label.owner}")


@frozen
class Backup:
    """A file of keys that are in a store once its passphrase was right."""

    path: Path
    keys: KeyStore
    encrypted = True

    def unlock(self, passphrase: str | bytes) -> tuple[StoredKey, ...]:
        """Return the keys as the store has them."""
        return self.keys.restore(self.path, passphrase)


# -- signers ------------------------------------------------------------------------------

EVERY_TAG: Final = PathPatterns(("*",))
ONLINE: Final = ("snapshot", "timestamp")


def add(asked: argparse.Namespace, home: Home) -> None:
    """Let somebody else sign the tags of an image, in a role of their own."""
    image, name = ImageReference.parse(asked.image), asked.name
    key = _public(asked.key)

    def edit(before: Repository) -> Repository:
        if name in before.targets:
            after = before.with_keys(name, key)
        else:
            after = before.with_delegation(name, keys=Authority.of(key), grant=EVERY_TAG)
        for role in ONLINE:
            after = after.with_keys(role, key)
        return after

    us = home.publisher(image, why=f"to add the signer {name}")
    storage, waiting = home.storage(image), home.waiting(image, name)
    before = Repository.open(storage, anchor=us.anchor, names=us.names, memory=us.memory)
    now = datetime.now(UTC)
    if asked.answer is None:
        plan = SigningPlan.between(before, edit(before), now=now, expiry=BY_HAND)
    else:
        plan = SigningPlan.read(waiting, before=before, now=now)
        plan = plan.with_signature(Signature.read(asked.answer))
    plan = plan.signed_by(*(signer for signer in us.signers if plan.asks(signer.key)))
    for request in plan.requests:
        if request.asks(key):
            plan.write(waiting)
            request.write(f"{name}.request")
            print(f"{name} must sign the first version of that role: have it done, elsewhere, by")
            print(f"  docker_trust signer accept {name}.request")
            print(f"and say this again with --answer {name}.signature")
            return
    plan.publication().apply(storage)
    waiting.unlink(missing_ok=True)
    print(f"Successfully added signer: {name} to {image.familiar_name}")


def accept(asked: argparse.Namespace, home: Home) -> None:
    """Sign what somebody who adds us as a signer asks us to sign."""
    path = Path(asked.file)
    request = SigningRequest.read(path)
    print(request)
    for stored in home.keys.list():
        if request.asks(stored.key) and agreed("Is that what you want to sign?"):
            signature = request.sign(KeyOnDemand(stored, home.passphrases()))
            signature.write(path.with_suffix(".signature"))
            print(f"The signature is in {path.with_suffix('.signature')}")
            return
    raise SigningError(str(path), "nobody agreed, or it is not a key of ours that it asks")


def remove(asked: argparse.Namespace, home: Home) -> None:
    """Have nobody believe a signer any more, and say which tags go with them."""
    image, name = ImageReference.parse(asked.image), asked.name
    before = _tags(image, home)

    def edit(before: Repository) -> Repository:
        if name not in before.targets:
            raise NotFoundError(name, f"no signer of {image.familiar_name} is called that")
        (authority,) = before.authorities(name)
        theirs = {key.material for key in authority.keys.values()}
        after = before.without_delegation(name)
        for role in ONLINE:
            (authority,) = before.authorities(role)
            gone = [key for key in authority.keys.values() if key.material in theirs]
            after = after.without_keys(role, *gone)
        return after

    us = home.publisher(image, why=f"to remove the signer {name}")
    us.retrying(edit, home.storage(image))
    print(f"Successfully removed {name} from {image.familiar_name}")
    for tag in sorted(before - _tags(image, home)):
        print(f"Nobody vouches for {image.familiar_name}:{tag} any more")


def _tags(image: ImageReference, home: Home) -> set[str | None]:
    return {binding.reference.tag for binding in home.trusting(image).updater(image).tags(image)}


def _public(path: str) -> Key:
    try:
        return Key.from_pem(Path(path).read_text(encoding="ascii"))
    except OSError as error:
        raise StorageError(path, error.strerror or str(error)) from error


# -- the command line ---------------------------------------------------------------------


def add_commands(commands: Commands) -> None:
    """Add these commands to the others."""
    command(commands, "backup", backup, "file")
    command(commands, "restore", restore, "file")
    key = family(commands, "key", "make or bring a key of a signer")
    command(key, "generate", generate, "name")
    loading = command(key, "load", load, "file")
    loading.add_argument("--name", required=True, help="of the signer")
    signer = family(commands, "signer", "say who may sign an image's tags")
    adding = command(signer, "add", add, "name", "image")
    adding.add_argument("--key", required=True, metavar="FILE", help="the public half")
    adding.add_argument("--answer", metavar="FILE", help="what they signed")
    command(signer, "accept", accept, "file")
    command(signer, "remove", remove, "name", "image")
