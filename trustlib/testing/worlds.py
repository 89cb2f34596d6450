"""Small repositories as values, signed with real keys.

A :class:`World` is one state of a repository. Every edit returns a new one, and
nothing is derived behind anybody's back: :meth:`World.sealed` makes snapshot and
timestamp describe what there is, and whoever wants them to lie edits them
afterwards. Keys belong to *people*, who are called by their names: the key of
``"timestamp"`` is the same one each time. They are good for tests, and for
nothing else.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Self

import attrs
from attrs import field, frozen
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trustlib._canonical import canonical, compact
from trustlib._frozen import FrozenMap
from trustlib._types import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TOP_LEVEL,
    KeyId,
    RoleName,
    TargetPath,
    Version,
)
from trustlib.keys import Key, Signature
from trustlib.roles import (
    Delegation,
    Delegations,
    HashPrefixes,
    KeySet,
    MetaFile,
    PathPatterns,
    Root,
    Snapshot,
    Target,
    Targets,
    Timestamp,
)
from trustlib.signing import MemorySigner
from trustlib.trust import RootTrusted, Trusted
from trustlib.wire import TUF_JSON, signed_value

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
"""What the clock says in every world that is not told otherwise."""

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LIFETIME = 30 * DAY
"""For how long everything is signed."""

LATER = NOW + LIFETIME

Listing = Callable[[bytes, int], MetaFile]
"""What snapshot and timestamp say of a file of some version."""


@cache
def signer(name: str) -> MemorySigner:
    """Return the ed25519 key of somebody called *name*: the same one each time."""
    seed = hashlib.sha256(name.encode()).digest()
    return MemorySigner.of(Ed25519PrivateKey.from_private_bytes(seed))


@cache
def p256_signer(name: str) -> MemorySigner:
    """Return the P-256 key of somebody called *name*: the same one each time."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") >> 1
    return MemorySigner.of(ec.derive_private_key(number, ec.SECP256R1()))


def signers(*names: str) -> tuple[MemorySigner, ...]:
    """Return the keys of *names*."""
    return tuple(map(signer, names))


def keys(*names: str) -> FrozenMap[KeyId, Key]:
    """Return the public keys of *names*, by their ids."""
    return FrozenMap({signer(name).key.id: signer(name).key for name in names})


def keyids(*names: str) -> tuple[KeyId, ...]:
    """Return the ids of the keys of *names*."""
    return tuple(signer(name).key.id for name in names)


def keyset(*names: str, threshold: int = 1) -> KeySet:
    """Return the authority of *threshold* of *names*."""
    return KeySet(keyids=keyids(*names), threshold=threshold)


@lru_cache(maxsize=4096)
def signature(by: MemorySigner, payload: bytes) -> Signature:
    """Return what somebody signs; made once, for a world says the same thing often."""
    return by.sign(payload)


def signed(role: Any, by: Iterable[MemorySigner]) -> bytes:
    """Return the file that holds *role*, signed *by* everybody named."""
    payload = TUF_JSON.payload(role)
    return TUF_JSON.render(role, tuple(signature(one, payload) for one in by))


def signed_json(value: Mapping[str, Any], by: Iterable[MemorySigner]) -> bytes:
    """Return the file that holds any JSON *value* under ``signed``, as no renderer would."""
    payload = canonical(value)
    made = [signature(one, payload) for one in by]
    listed = [{"keyid": s.keyid, "sig": s.value.hex()} for s in made]
    return compact({"signatures": listed, "signed": value}).encode()


def as_json(role: Any) -> dict[str, Any]:
    """Return the value under the signatures of *role*, to be edited at will."""
    return signed_value(role)


def described(raw: bytes, version: int) -> MetaFile:
    """Return what a careful publisher says of the file *raw*."""
    hashes = FrozenMap({"sha256": hashlib.sha256(raw).hexdigest()})
    return MetaFile(version=Version(version), length=len(raw), hashes=hashes)


def only_version(raw: bytes, version: int) -> MetaFile:
    """Return the least that a publisher may say."""
    del raw
    return MetaFile(version=Version(version))


def target(data: bytes) -> Target:
    """Return what a role says of a target that holds *data*."""
    return Target(length=len(data), hashes=FrozenMap({"sha256": hashlib.sha256(data).hexdigest()}))


def paths_of(*names: str) -> FrozenMap[TargetPath, Target]:
    """Return targets called *names*, each of which holds its own name."""
    return FrozenMap({TargetPath(name): target(name.encode()) for name in names})


def targets_role(
    *names: str,
    version: int = 1,
    expires: datetime = LATER,
    delegations: Delegations | None = None,
) -> Targets:
    """Return a targets role that lists *names*."""
    return Targets(
        version=Version(version), expires=expires, targets=paths_of(*names), delegations=delegations
    )


def grant(
    name: str,
    *patterns: str,
    by: Iterable[str] = (),
    threshold: int = 1,
    terminating: bool = False,
    prefixes: tuple[str, ...] | None = None,
) -> Delegation:
    """Return a delegation to *name*, whose key is its own unless *by* says otherwise."""
    return Delegation(
        name=RoleName(name),
        keyids=keyids(*(tuple(by) or (name,))),
        threshold=threshold,
        grant=PathPatterns(patterns) if prefixes is None else HashPrefixes(prefixes),
        terminating=terminating,
    )


def grants(*given: Delegation, knowing: tuple[str, ...] = ()) -> Delegations:
    """Return delegations, with the keys of those *given* and of everybody else in *knowing*."""
    return Delegations(keys=keys(*(one.name for one in given), *knowing), roles=given)


@frozen(kw_only=True)
class World:
    """One state of a repository.

    Attributes:
        by: who signs each role.
        history: the numbered roots before this one, as files.
        listing: what snapshot and timestamp say of a file.
        now: what the clock says in it.
    """

    root: Root
    timestamp: Timestamp
    snapshot: Snapshot
    targets: Targets
    delegated: FrozenMap[str, Targets] = field(factory=FrozenMap[str, Targets])
    by: FrozenMap[str, tuple[MemorySigner, ...]]
    history: FrozenMap[int, bytes] = field(factory=FrozenMap[int, bytes])
    listing: Listing = described
    now: datetime = NOW

    @classmethod
    def create(
        cls,
        *,
        now: datetime = NOW,
        expires: datetime | None = None,
        consistent: bool = True,
        **more: Any,
    ) -> Self:
        """Return a new repository: a key for each role, one target, everything at version 1."""
        first, expires = Version(1), expires or now + LIFETIME
        root = Root(
            version=first,
            expires=expires,
            keys=keys(*TOP_LEVEL),
            roles=FrozenMap({name: keyset(name) for name in TOP_LEVEL}),
            consistent_snapshot=consistent,
        )
        world = cls(
            root=root,
            timestamp=Timestamp(version=first, expires=expires, snapshot=MetaFile(version=first)),
            snapshot=Snapshot(version=first, expires=expires, meta=FrozenMap()),
            targets=targets_role("app", expires=expires),
            by=FrozenMap({str(name): signers(name) for name in TOP_LEVEL}),
            now=now,
            **more,
        )
        return world.sealed()

    # -- edits --------------------------------------------------------------------------

    def but(self, **changes: Any) -> Self:
        """Return this world with other fields; snapshot and timestamp are left alone."""
        return attrs.evolve(self, **changes)

    def edited(self, name: str, **changes: Any) -> Self:
        """Return this world with other fields in one role, and nothing else."""
        if name in TOP_LEVEL:
            return self.but(**{name: attrs.evolve(getattr(self, name), **changes)})
        return self.but(
            delegated=self.delegated.including(
                {name: attrs.evolve(self.delegated[name], **changes)}
            )
        )

    def signed_by(self, name: str, *names: str) -> Self:
        """Return this world with somebody else to sign one role."""
        return self.but(by=self.by.including({name: signers(*names)}))

    def delegating(self, *given: Delegation, **roles: Targets) -> Self:
        """Return this world with delegations from targets, and delegated *roles*."""
        world = self.edited(TARGETS, delegations=grants(*given))
        return world.with_roles(roles)

    def with_roles(self, roles: Mapping[str, Targets]) -> Self:
        """Return this world with more delegated *roles*, each signed by somebody of its name."""
        by = {name: signers(name) for name in roles if name not in self.by}
        return self.but(
            delegated=self.delegated.including(roles), by=self.by.including(by)
        ).sealed()

    def sealed(self) -> Self:
        """Return this world with a snapshot and a timestamp that describe it."""
        roles: dict[str, Targets] = {TARGETS: self.targets, **self.delegated}
        meta = {
            RoleName(name): self.listing(self.raw(name), role.version)
            for name, role in roles.items()
        }
        world = self.edited(SNAPSHOT, meta=FrozenMap(meta))
        return world.stamped()

    def stamped(self) -> Self:
        """Return this world with a timestamp that describes its snapshot."""
        listed = self.listing(self.raw(SNAPSHOT), self.snapshot.version)
        return self.edited(TIMESTAMP, snapshot=listed)

    def next(self, by: int = 1) -> Self:
        """Return this world with every role but root *by* versions on."""
        world = self
        for name in (TARGETS, *self.delegated, SNAPSHOT, TIMESTAMP):
            world = world.edited(name, version=world.role(name).version + by)
        return world.sealed()

    def at(self, **versions: int) -> Self:
        """Return this world with the roles named at other versions, and described."""
        world = self
        for name, version in versions.items():
            world = world.edited(name, version=version)
        return world.sealed()

    def rotated(self, also_by: tuple[str, ...] = (), **changes: Any) -> Self:
        """Return this world with the next root, signed by the old keys and *also_by* others."""
        history = self.history.including({self.root.version: self.raw(ROOT)})
        by = tuple(dict.fromkeys((*self.by[ROOT], *signers(*also_by))))
        root = attrs.evolve(self.root, **{"version": self.root.version + 1, **changes})
        return self.but(root=root, history=history, by=self.by.including({ROOT: by}))

    def with_keys(
        self, name: str, *names: str, threshold: int = 1, sign: tuple[str, ...] = ()
    ) -> Self:
        """Return this world with the next root, in which *names* are who may sign *name*."""
        world = self.rotated(
            also_by=names if name == ROOT else (),
            keys=self.root.keys.including(keys(*names)),
            roles=self.root.roles.including({RoleName(name): keyset(*names, threshold=threshold)}),
        )
        if name == ROOT:
            return world
        return world.signed_by(name, *(sign or names))

    # -- files --------------------------------------------------------------------------

    @property
    def later(self) -> datetime:
        """When what is signed now expires."""
        return self.now + LIFETIME

    def role(self, name: str) -> Any:
        """Return the role *name*."""
        return getattr(self, name) if name in TOP_LEVEL else self.delegated[name]

    def raw(self, name: str) -> bytes:
        """Return the file of the role *name*, signed by whoever signs it here."""
        return signed(self.role(name), self.by[name])

    def roots(self) -> dict[str, bytes]:
        """Return the numbered roots, by path."""
        files = {f"{version}.root.json": raw for version, raw in self.history.items()}
        return {**files, f"{self.root.version}.root.json": self.raw(ROOT)}

    def files(self) -> dict[str, bytes]:
        """Return what a mirror of this repository serves, by path."""
        consistent = self.root.consistent_snapshot
        files = {**self.roots(), "timestamp.json": self.raw(TIMESTAMP)}
        for name in (SNAPSHOT, TARGETS, *self.delegated):
            version = self.role(name).version if consistent else None
            files[TUF_JSON.published(RoleName(name), version)] = self.raw(name)
        return files

    # -- clients ------------------------------------------------------------------------

    def trusted_root(self, now: datetime | None = None) -> RootTrusted:
        """Return the stage that begins with the root of this world."""
        return RootTrusted.bootstrap(self.raw(ROOT), now=now or self.now, format=TUF_JSON)

    def trusted(self, now: datetime | None = None) -> Trusted:
        """Return the stage that a client reaches who has never seen this repository."""
        stage = self.trusted_root(now).accept_timestamp(self.raw(TIMESTAMP))
        return stage.accept_snapshot(self.raw(SNAPSHOT)).accept_targets(self.raw(TARGETS))
