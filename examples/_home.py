"""What ``docker_trust.py`` keeps of a person, all of it below one directory.

``keys/`` has private keys, encrypted. ``met/`` has the first root of every
collection that was met. ``collections/<name>/`` has ``root.json`` where a root is
pinned (what was created here is; another can be put there by hand, and is a
better start than meeting), ``seen/`` so that nobody can show less later, and
``published/`` so that nobody's publication is lost unnoticed.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from attrs import field, frozen

from trustlib import BY_HAND, Anchor, FileStorage, ImageReference, PerRepository
from trustlib.events import Event
from trustlib.publish import Publisher
from trustlib.registry import (
    TAG,
    WITH_TLS,
    WITHOUT_TLS,
    DockerConfig,
    Enforcer,
    Policy,
    Registry,
    RegistryStorage,
    SpokenFor,
    TrustOnFirstUse,
    create_collection,
    refuse_known,
)
from trustlib.registry.creating import Created
from trustlib.signing import KeyStore
from trustlib.signing.passphrases import (
    FirstOf,
    FromEnvironment,
    KeyOnDemand,
    PassphraseSource,
    Prompt,
)

DOCKERS = "DOCKER_CONTENT_TRUST"  # what robots have set already


@frozen
class Home:
    """A person's own keys, and what they know of others.

    Attributes:
        path: the directory.
        insecure: domains of registries that are reached without TLS.
        told: is told what happens.
    """

    path: Path
    insecure: frozenset[str]
    told: Callable[[Event], None] = field(repr=False)

    # -- keys ---------------------------------------------------------------------------

    @property
    def owner(self) -> str:
        """Whose keys are made here."""
        return getpass.getuser()

    @property
    def keys(self) -> KeyStore:
        """The keys."""
        return KeyStore(self.path / "keys")

    def passphrases(self, *signers: str) -> PassphraseSource:
        """Return the variables that robots have had since 2015, and after them a human.

        Args:
            *signers: roles besides those of the keys that are here.
        """
        kept = {key.label.role for key in self.keys.list()}
        roles = {"targets", *signers, *kept} - {"root"}
        variables = {"root": f"{DOCKERS}_ROOT_PASSPHRASE"}
        variables |= dict.fromkeys(roles, f"{DOCKERS}_REPOSITORY_PASSPHRASE")
        return FirstOf(FromEnvironment(variables), Prompt())

    # -- whom to believe ----------------------------------------------------------------

    def trusting(self, *images: ImageReference) -> Enforcer:
        """Return who answers for *images*: each has a collection of its own, beside it.

        A collection whose root is pinned is nobody else's. Any other is believed
        the first time it is met, out loud; from then on that one is believed, only.
        """
        names = dict.fromkeys(image.repository for image in images)
        return Enforcer(
            policy=Policy(SpokenFor(name, anchor=self._anchor(name)) for name in names),
            registry=self.registry,
            store=self._seen,
            on_event=self.told,
        )

    def registry(self, domain: str) -> Registry:
        """Return the registry *domain*, at which we are whom ``docker login`` says."""
        credentials = DockerConfig.of(os.environ)
        scheme = WITHOUT_TLS if domain in self.insecure else WITH_TLS
        return Registry(domain, credentials=credentials, scheme=scheme)

    def _anchor(self, name: str) -> Anchor | TrustOnFirstUse:
        pinned = self._pins(name).read("root.json")
        met = TrustOnFirstUse(FileStorage(self.path / "met"))
        return met if pinned is None else Anchor.root(pinned.data)

    # -- publishing ---------------------------------------------------------------------

    def shows_nothing(self, image: ImageReference) -> bool:
        """Return whether the registry has no trust data for *image*, and we never knew of any.

        Raises:
            NoTrustDataError: it shows none, and we know better: it may be withheld.
        """
        if self.registry(image.domain).manifest(image.path, TAG) is not None:
            return False
        name = image.repository
        refuse_known(name, keys=self.keys, policy=self._pinned(name), memory=self._seen(name))
        return True

    def created(self, image: ImageReference) -> Created:
        """Create the collection of *image*; from now on it begins with this root, or not at all."""
        name = image.repository
        created = create_collection(
            name,
            storage=self.storage(image),
            keys=self.keys,
            passphrases=self.passphrases(),
            owner=self.owner,
            now=datetime.now(UTC),
            names=PerRepository(name),
            policy=self._pinned(name),
            memory=self._seen(name),
        )
        assert created.anchor.raw is not None  # it was made here
        self._pins(name).write("root.json", created.anchor.raw, replacing=None)
        print(f'Finished initializing "{image.familiar_name}"\n{created.backup}')
        print("Do it with: docker_trust backup keys.age", flush=True)
        return created

    def publisher(
        self, image: ImageReference, *, why: str, created: Created | None = None
    ) -> Publisher:
        """Return us, who sign in the collection of *image* with what keys we have.

        Args:
            image: whose collection.
            why: what for, in the words of a question for a passphrase.
            created: what we created a moment ago, whose keys are open still.
        """
        name = image.repository
        if created is None:
            anchor = self.trusting(image).updater(image).anchor
            assert isinstance(anchor, Anchor)
            source = self.passphrases()
            keys = sorted(self.keys.find(collection=name), key=lambda key: key.label.role)
            signers = tuple(KeyOnDemand(key, source, why=why) for key in keys)
        else:
            anchor, signers = created.anchor, created.signers
        return Publisher(
            anchor=anchor,
            signers=signers,
            expiry=BY_HAND,
            names=PerRepository(name),
            memory=self._seen(name),
        )

    def storage(self, image: ImageReference) -> RegistryStorage:
        """Return where the collection of *image* is published: beside the image."""
        receipts = FileStorage(self._folder(image.repository) / "published")
        return RegistryStorage(self.registry(image.domain), image.path, receipts=receipts)

    def waiting(self, image: ImageReference, signer: str) -> Path:
        """Return where is kept what waits for the signature of *signer*, who is elsewhere."""
        return self._folder(image.repository) / f"{quote(signer, safe='')}.plan"

    def _pinned(self, name: str) -> Policy:
        anchor = self._anchor(name)
        return Policy([SpokenFor(name, anchor=anchor)] if isinstance(anchor, Anchor) else [])

    def _pins(self, name: str) -> FileStorage:
        return FileStorage(self._folder(name))

    def _seen(self, name: str) -> FileStorage:
        return FileStorage(self._folder(name) / "seen")

    def _folder(self, name: str) -> Path:
        return self.path / "collections" / quote(name, safe="")
