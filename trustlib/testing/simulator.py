"""A publisher, servers, clients and an attacker, as one value.

Every step returns a new :class:`Simulator`; nothing happens anywhere else, so a
state can be kept, compared, and gone on from twice. The attacker can do what
his possessions let him do, and a step that needs more is a mistake of whoever
wrote it.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Self

import attrs
from attrs import field, frozen

from trustlib import Anchor, Digest, Found, MemoryStorage, Request, TagBinding, TrustError, Updater
from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleName, TargetPath, Version
from trustlib.roles import Target
from trustlib.testing.possessions import Possession
from trustlib.testing.worlds import NOW, World

_KEY_OF: dict[str, tuple[Possession, ...]] = {
    TIMESTAMP: (Possession.TIMESTAMP_KEY,),
    SNAPSHOT: (Possession.SNAPSHOT_KEY,),
    TARGETS: (Possession.ONE_TARGETS_KEY, Possession.ALL_TARGETS_KEYS),
    ROOT: (Possession.ONE_ROOT_KEY,),
}
_LISTED_BY: dict[str, tuple[str, ...]] = {TARGETS: (SNAPSHOT, TIMESTAMP), SNAPSHOT: (TIMESTAMP,)}


@frozen
class Answer:
    """What a client got.

    Attributes:
        after: the simulator, in which the client remembers what it has learned.
        got: what it found, or what a tag stands for; None where it refused.
        refused: why it refused; None where it did not.
    """

    after: "Simulator"
    got: Found | TagBinding | None
    refused: TrustError | None


@frozen(kw_only=True)
class Simulator:
    """One state of everything.

    Attributes:
        world: the honest repository as it is.
        past: every state that it was in, the first one first.
        artifacts: the files that it has published, by path.
        registry: what the registry says that tags stand for, as digests.
        now: what all clocks say.
        held: what the attacker holds.
        shown: the repository that clients are shown; None: the honest one.
        instead: files in the place of those that are shown, by path; None is withheld.
        memories: what each client remembers.
    """

    world: World
    past: tuple[World, ...] = ()
    artifacts: FrozenMap[str, bytes] = field(factory=FrozenMap[str, bytes])
    registry: FrozenMap[str, str] = field(factory=FrozenMap[str, str])
    now: datetime = NOW
    held: frozenset[Possession] = frozenset()
    shown: World | None = None
    instead: FrozenMap[str, bytes | None] = field(factory=FrozenMap[str, "bytes | None"])
    memories: FrozenMap[str, FrozenMap[str, bytes]] = field(
        factory=FrozenMap[str, FrozenMap[str, bytes]]
    )

    @classmethod
    def create(cls, *, now: datetime = NOW, keys_of_targets: int = 1) -> Self:
        """Return a new repository; *keys_of_targets* must sign targets, one each for the rest."""
        world = World.create(now=now)
        if keys_of_targets > 1:
            people = tuple(f"{TARGETS}-{number}" for number in range(1, keys_of_targets + 1))
            world = world.with_keys(TARGETS, *people, threshold=keys_of_targets).sealed()
        return cls(world=world, now=now)

    # -- the honest ---------------------------------------------------------------------

    def publishing(self, files: Mapping[str, bytes]) -> Self:
        """Return the state after the publisher has signed *files*, and the registry has them."""
        targets = {TargetPath(path): Target.of(data) for path, data in files.items()}
        listed = self.world.targets.targets.including(targets)
        after = self.world.next().edited(TARGETS, targets=listed).sealed()
        return attrs.evolve(
            self,
            world=after,
            past=(*self.past, self.world),
            artifacts=self.artifacts.including(files),
            registry=self.registry.including(
                {path: str(Digest.of(data)) for path, data in files.items()}
            ),
        )

    def renewing(self) -> Self:
        """Return the state after the publisher has signed everything again, root excepted."""
        fresh = attrs.evolve(self.world, now=self.now)
        for name in (TARGETS, SNAPSHOT, TIMESTAMP):
            fresh = fresh.edited(name, expires=fresh.later)
        return attrs.evolve(self, world=fresh.next(), past=(*self.past, self.world))

    def recovering(self, role: str, *, key: str) -> Self:
        """Return the state after the publisher has replaced the keys of *role* by that of *key*."""
        after = self.world.with_keys(role, key).next()
        return attrs.evolve(self, world=after, past=(*self.past, self.world))

    def later(self, **by: float) -> Self:
        """Return the state after some time: ``later(days=1)``."""
        return attrs.evolve(self, now=self.now + timedelta(**by))

    # -- the attacker -------------------------------------------------------------------

    def giving(self, *possessions: Possession) -> Self:
        """Return the state in which the attacker holds *possessions*, too."""
        return attrs.evolve(self, held=self.held | {*possessions})

    def replaying(self, state: int) -> Self:
        """Return the state in which clients are shown *past* [*state*]."""
        self._need("replay files", Possession.NETWORK)
        return attrs.evolve(self, shown=self.past[state], instead=FrozenMap())

    def withholding(self, *paths: str) -> Self:
        """Return the state in which the files at *paths* are not to be had."""
        return self.replacing(dict.fromkeys(paths))

    def replacing(self, files: Mapping[str, bytes | None]) -> Self:
        """Return the state in which clients are shown *files* in the place of what is there."""
        self._need("replace files", Possession.NETWORK)
        return attrs.evolve(self, instead=self.instead.including(files))

    def forging(self, role: str, **changes: Any) -> Self:
        """Return the state in which clients are shown *role* with *changes*, signed as he can.

        What he forges is beside the files that are there. The version goes up by
        one unless *changes* say otherwise. What the
        attacker has keys for is made to fit: a forged targets is listed in
        snapshot by whoever holds its key, and that in timestamp.
        """
        self._need("replace files", Possession.NETWORK)
        forged = self.shown or self.world
        version = Version(forged.role(role).version + 1)
        forged = self._signing(forged.edited(role, **{"version": version, **changes}), role)
        below = role
        for name in _LISTED_BY.get(role, ()):
            if not self.held & {*_KEY_OF[name]}:
                break  # what he has no key for stays as it was signed
            entry = forged.listing(forged.raw(below), forged.role(below).version)
            listed = {"meta": forged.snapshot.meta.including({RoleName(below): entry})}
            fitting: dict[str, Any] = {"snapshot": entry} if name == TIMESTAMP else listed
            version = Version(forged.role(name).version + 1)
            forged = self._signing(forged.edited(name, version=version, **fitting), name)
            below = name
        beside = {path: raw for path, raw in self.files.items() if path not in forged.files()}
        return attrs.evolve(self, shown=forged, instead=FrozenMap({**beside, **self.instead}))

    def retagging(self, reference: str, data: bytes) -> Self:
        """Return the state in which the registry says that *reference* stands for *data*."""
        self._need("move a tag", Possession.REGISTRY_CREDENTIALS)
        return attrs.evolve(
            self, registry=self.registry.including({reference: str(Digest.of(data))})
        )

    def calming(self) -> Self:
        """Return the state in which the attacker has gone; what he holds, he keeps."""
        return attrs.evolve(self, shown=None, instead=FrozenMap())

    def _need(self, what: str, possession: Possession) -> None:
        if possession not in self.held:
            raise ValueError(f"to {what}, the attacker needs {possession.name}: giving() it first")

    def _signing(self, world: World, role: str) -> World:
        """Return *world*, where *role* is signed with the keys that the attacker holds."""
        honest = world.by[role]
        if Possession.ALL_TARGETS_KEYS in self.held and role == TARGETS:
            return world
        stolen = honest[:1] if self.held & {*_KEY_OF.get(role, (Possession.DELEGATED_KEY,))} else ()
        return world.but(by=world.by.including({role: stolen}))

    # -- clients ------------------------------------------------------------------------

    @property
    def files(self) -> dict[str, bytes]:
        """The metadata that clients are shown, by path."""
        files = {**(self.shown or self.world).files(), **self.instead}
        return {path: raw for path, raw in files.items() if raw is not None}

    @property
    def root(self) -> bytes:
        """The root that every client is shipped with."""
        return self.world.roots()["1.root.json"]

    def finding(self, client: str, path: str) -> Answer:
        """Return what *client* says to the question where the target *path* is."""
        return self._asking(client, lambda updater: updater.find(path))

    def pulling(self, client: str, reference: str) -> Answer:
        """Return what *client* says to the digest that the registry has for *reference*."""
        digest = self.registry[reference]
        return self._asking(client, lambda updater: updater.verify(reference, digest))

    def _asking(self, client: str, question: Callable[[Updater], Found | TagBinding]) -> Answer:
        memory = MemoryStorage(self.memories.get(client))
        updater = Updater(
            anchor=Anchor.root(self.root),
            transport=_Shown(self.files),
            storage=memory,
            clock=lambda: self.now,
        )
        got, refused = None, None
        try:
            got = question(updater)
        except TrustError as error:
            refused = error
        after = attrs.evolve(self, memories=self.memories.including({client: memory.files}))
        return Answer(after, got, refused)


@frozen
class _Shown:
    """A transport: files by their path."""

    files: Mapping[str, bytes]

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        raw = self.files.get(request.path)
        return None if raw is None else iter((raw,))
