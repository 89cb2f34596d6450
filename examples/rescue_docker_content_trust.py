"""Take your collections out of Docker Content Trust before the service closes.

For each image, everything that the trust server has is archived, verified; and
what a tag means is said again in today's format, ready to be published anywhere.
Without --sign it prints what would happen. Killed in the middle, run it again:
it goes on where it was.

    python rescue_docker_content_trust.py rescue docker.io/acme/app docker.io/acme/db
    python rescue_docker_content_trust.py rescue --sign docker.io/acme/app docker.io/acme/db

Docker Hub's service ends on 8 December 2026. An archive is all that answers
afterwards, and every image that you archive while the service runs can move later.

Passphrases are asked of the environment: those of Docker for the old keys
(DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE, DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE),
and RESCUE_PASSPHRASE for the new ones.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from trustlib import (
    BY_HAND,
    ROOT,
    Anchor,
    Authority,
    FileStorage,
    Key,
    NoTrustDataError,
    Repository,
    SigningPlan,
    TransportError,
    TrustError,
)
from trustlib.content import PerRepository
from trustlib.notary import (
    RECORD,
    Archive,
    Departing,
    Migration,
    NotaryServer,
    Progress,
    TrustOnFirstUse,
    archive,
    bridge_signatures,
    canonical_id,
    departing,
    docker_passphrases,
    docker_server,
    docker_tls,
    migrate,
)
from trustlib.notary.keys import NotaryKeyStore, NotarySigner
from trustlib.registry import DockerConfig
from trustlib.signing import KeyFile, MemorySigner
from trustlib.signing.passphrases import FromEnvironment

NEW_KEYS = ("root", "targets", "online")


@frozen
class Rescue:
    """One image on its way out.

    Attributes:
        name: fully qualified, ``docker.io/acme/app``.
        place: the folder of this image.
        docker: where Docker keeps its settings and keys.
        now: the time to verify at.
    """

    name: str
    place: Path
    docker: Path
    now: datetime

    @property
    def anchor(self) -> Anchor | TrustOnFirstUse:
        """What this machine's Docker believes already; or whoever comes first, as Docker does."""
        root = self.docker.joinpath("trust", "tuf", *self.name.split("/"), "metadata", "root.json")
        return Anchor.root(root.read_bytes()) if root.is_file() else TrustOnFirstUse()

    @property
    def site(self) -> Path:
        """Where the new collection is, once it is whole."""
        return self.place / "site"

    def archived(self, url: str, realms: list[str]) -> Archive:
        """Have the archive complete: from the server, or as it was when there was one."""
        storage = FileStorage(self.place / "archive")
        server = NotaryServer(
            url,
            self.name,
            credentials=DockerConfig(self.docker / "config.json"),
            tls=docker_tls(self.docker, url),
            realms=realms,
        )
        try:
            with server:
                return archive(
                    self.name,
                    anchor=self.anchor,
                    transport=server,
                    storage=storage,
                    now=self.now,
                    progress=told,
                )
        except (TransportError, NoTrustDataError) as error:  # it may have closed since
            if storage.load(RECORD) is None:
                raise
            print(f"\n{self.name}: {error}", file=sys.stderr)
            return Archive.open(storage)  # the complete one of an earlier run, or an error

    def planned(self, old: Departing, keys: dict[str, Key], held: set[str]) -> Migration:
        """Return what moves; what roles say that nobody here can sign for, targets says."""
        root, targets, online = (Authority.of(keys[role]) for role in NEW_KEYS)
        before = Repository.create(
            self.name,
            root=root,
            targets=targets,
            snapshot=online,
            timestamp=online,
            names=PerRepository(self.name),
        )
        away = [
            name
            for proof in old.heard.roles
            for name, authority in proof.role.granted()
            if len(held & set(map(canonical_id, authority.keys.values()))) < authority.threshold
        ]
        return migrate(before, old, without=away)

    def published(self, migration: Migration, keys: dict[str, KeyFile], wallet: Wallet) -> None:
        """Sign the new collection with all keys that are asked, and write it."""
        [old] = migration.collections
        plan = SigningPlan.between(migration.before, migration.after, now=self.now, expiry=BY_HAND)
        delegated = {
            canonical_id(key)
            for proof in old.heard.roles
            for _, authority in proof.role.granted()
            for key in authority.keys.values()
        }
        signers = [
            *(key.unlock(os.environ["RESCUE_PASSPHRASE"]) for key in keys.values()),
            *(one.modern() for one in wallet.unlocked(delegated)),
        ]
        plan = plan.signed_by(*(one for one in signers if plan.asks(one.key)))
        roots = set(map(canonical_id, old.root.role.authority(ROOT).keys.values()))
        made = bridge_signatures(
            plan.drafts[ROOT].document.payload, self.name, old.root.raw, *wallet.unlocked(roots)
        )
        # All of it is there at once, or nothing is: what was killed half-way begins anew.
        half = self.place / "site.half"
        if half.exists():
            shutil.rmtree(half)
        migration.publication(plan, *made).apply(FileStorage.public(half))
        report = migration.reports[0].as_json()
        (self.place / "migration.json").write_text(report, encoding="utf-8")
        half.rename(self.site)


@frozen
class Wallet:
    """The old keys on this machine, opened when they are needed."""

    store: NotaryKeyStore

    def unlocked(self, ids: set[str]) -> list[NotarySigner]:
        """Open those of the keys *ids* that are here."""
        source = FromEnvironment(docker_passphrases(*self.store.signers()))
        files = {file.id: file for file in self.store.list() if file.id in ids}
        return [file.unlock_from(source, why="to move a collection") for file in files.values()]


def told(progress: Progress) -> None:
    """Show that something happens."""
    line = f"{progress.collection}: {progress.kept} files kept, {progress.asked} asked for"
    print(f"\r{line}", end="", file=sys.stderr)


def new_keys(folder: Path) -> dict[str, KeyFile]:
    """Return the keys of all the new collections, made the first time."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    passphrase = os.environ["RESCUE_PASSPHRASE"]
    files = {role: folder / f"{role}.key" for role in NEW_KEYS}
    return {
        role: KeyFile(path) if path.exists() else KeyFile.generate(path, passphrase)
        for role, path in files.items()
    }


def rescued(rescue: Rescue, arguments: argparse.Namespace) -> None:
    """Archive one image, plan where it goes, and sign that if it was asked for."""
    url = arguments.server or docker_server(rescue.name, os.environ)
    made = rescue.archived(url, arguments.realms)
    print(f"\n{rescue.name}: archived {len(made.record.files)} files, as of {made.clock()}")
    print(f"  write down the hash of the record: {made.sha256}")
    for one in made.record.left:
        print(f"  not kept: {one.role}: {one.why}")
    if rescue.site.exists():
        print("  moved already")
        return

    wallet = Wallet(NotaryKeyStore(rescue.docker / "trust"))
    old = departing(made.updater(Anchor.root(made.roots[0])))
    keys = new_keys(arguments.folder / "keys") if arguments.sign else {}
    public = {role: keys[role].key if keys else MemorySigner.generate().key for role in NEW_KEYS}
    migration = rescue.planned(old, public, {file.id for file in wallet.store.list()})
    print(migration)
    if arguments.sign:
        rescue.published(migration, keys, wallet)
        print(f"  signed: publish what is in {rescue.site}")


def main(arguments: argparse.Namespace) -> int:
    """Rescue one image after the other; what fails for one keeps no other from it."""
    failed = 0
    for name in arguments.names:
        place = arguments.folder / name.replace(":", "_")
        now = arguments.as_of or datetime.now(UTC)
        try:
            rescued(Rescue(name, place, arguments.docker, now), arguments)
        except TrustError as error:
            failed += 1
            print(f"\n{name}: {error}")
    print(f"{len(arguments.names) - failed} of {len(arguments.names)} done; run it again any time")
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where everything is kept")
    parser.add_argument("names", nargs="+", help="docker.io/acme/app")
    parser.add_argument(
        "--sign", action="store_true", help="sign what moves, with the old keys too"
    )
    parser.add_argument("--server", help="the trust server, if Docker would not know it")
    parser.add_argument(
        "--realm",
        action="append",
        default=[],
        dest="realms",
        help="who gives out its tokens, if it is not the server itself: https://harbor.example",
    )
    parser.add_argument("--docker", type=Path, default=Path.home() / ".docker")
    parser.add_argument("--as-of", type=datetime.fromisoformat, help="verify at another time")
    sys.exit(main(parser.parse_args()))
