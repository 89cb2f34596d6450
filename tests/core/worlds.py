"""Small repositories as values, signed with real keys.

A :class:`World` is one state of a repository. Every edit returns a new one, and
nothing is derived behind a test's back: :meth:`World.sealed` makes snapshot and
timestamp describe what there is, and a test that wants them to lie edits them
afterwards.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

import attrs
from attrs import field, frozen
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trustlib._canonical import canonical, compact
from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL
from trustlib.effects import Ahead, Fetch, Load, Save, Tell
from trustlib.errors import TooLongError
from trustlib.keys import Signature
from trustlib.limits import Limits
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
from trustlib.trust import RootTrusted
from trustlib.wire import TUF_JSON, signed_value
from trustlib.workflow import refresh

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LATER = NOW + 30 * DAY


@cache
def signer(name: str) -> MemorySigner:
    """The ed25519 key of somebody called *name*: the same one each time."""
    seed = hashlib.sha256(name.encode()).digest()
    return MemorySigner.of(Ed25519PrivateKey.from_private_bytes(seed))


@cache
def p256_signer(name: str) -> MemorySigner:
    """The P-256 key of somebody called *name*: the same one each time."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") >> 1
    return MemorySigner.of(ec.derive_private_key(number, ec.SECP256R1()))


def signers(*names: str) -> tuple[MemorySigner, ...]:
    return tuple(map(signer, names))


def keys(*names: str) -> FrozenMap:
    """The public keys of *names*, by their ids."""
    return FrozenMap({signer(name).key.id: signer(name).key for name in names})


def keyids(*names: str) -> tuple:
    return tuple(signer(name).key.id for name in names)


def keyset(*names: str, threshold: int = 1) -> KeySet:
    return KeySet(keyids=keyids(*names), threshold=threshold)


@lru_cache(maxsize=4096)
def signature(by: MemorySigner, payload: bytes) -> Signature:
    """What somebody signs; made once, for a world says the same thing often."""
    return by.sign(payload)


def signed(role: Any, by: Iterable[MemorySigner]) -> bytes:
    """The file that holds *role*, signed *by* everybody named."""
    payload = TUF_JSON.payload(role)
    return TUF_JSON.render(role, tuple(signature(one, payload) for one in by))


def signed_json(value: Mapping, by: Iterable[MemorySigner]) -> bytes:
    """The file that holds any JSON *value* under ``signed``: what no renderer would write."""
    payload = canonical(value)
    made = [signature(one, payload) for one in by]
    listed = [{"keyid": s.keyid, "sig": s.value.hex()} for s in made]
    return compact({"signatures": listed, "signed": value}).encode()


def described(raw: bytes, version: int) -> MetaFile:
    """What a careful publisher says of the file *raw*."""
    hashes = FrozenMap({"sha256": hashlib.sha256(raw).hexdigest()})
    return MetaFile(version=version, length=len(raw), hashes=hashes)


def only_version(raw: bytes, version: int) -> MetaFile:
    """The least that a publisher may say."""
    return MetaFile(version=version)


def target(data: bytes) -> Target:
    return Target(length=len(data), hashes=FrozenMap({"sha256": hashlib.sha256(data).hexdigest()}))


def listing(data: str, *, custom: Any = None, hashes: tuple[str, ...] = ("sha256",)) -> Target:
    """What a role says of a target that holds *data*."""
    raw = data.encode()
    digests = {name: hashlib.new(name, raw).hexdigest() for name in hashes}
    frozen_custom = None if custom is None else FrozenMap(custom)
    return Target(length=len(raw), hashes=FrozenMap(digests), custom=frozen_custom)


def paths_of(*names: str) -> FrozenMap:
    """Targets called *names*, each of which holds its own name."""
    return FrozenMap({name: target(name.encode()) for name in names})


def targets_role(
    *names: str, version: int = 1, expires: datetime = LATER, delegations: Any = None
) -> Targets:
    return Targets(
        version=version, expires=expires, targets=paths_of(*names), delegations=delegations
    )


def grant(
    name: str,
    *patterns: str,
    by: tuple[str, ...] = (),
    threshold: int = 1,
    terminating: bool = False,
    prefixes: tuple[str, ...] | None = None,
) -> Delegation:
    """A delegation to *name*, whose key is its own unless *by* says otherwise."""
    return Delegation(
        name=name,
        keyids=keyids(*(by or (name,))),
        threshold=threshold,
        grant=PathPatterns(patterns) if prefixes is None else HashPrefixes(prefixes),
        terminating=terminating,
    )


def grants(*given: Delegation, knowing: tuple[str, ...] = ()) -> Delegations:
    """Delegations, with the keys of those *given* and of everybody else in *knowing*."""
    return Delegations(keys=keys(*(one.name for one in given), *knowing), roles=given)


@frozen(kw_only=True)
class World:
    """One state of a repository.

    Attributes:
        by: who signs each role.
        history: the numbered roots before this one, as files.
        listing: what snapshot and timestamp say of a file.
    """

    root: Root
    timestamp: Timestamp
    snapshot: Snapshot
    targets: Targets
    delegated: FrozenMap = field(factory=FrozenMap)
    by: FrozenMap
    history: FrozenMap = field(factory=FrozenMap)
    listing: Any = described

    @classmethod
    def create(cls, *, expires: datetime = LATER, consistent: bool = True, **more: Any) -> "World":
        """A new repository: a key for each role, one target, everything at version 1."""
        root = Root(
            version=1,
            expires=expires,
            keys=keys(*TOP_LEVEL),
            roles=FrozenMap({name: keyset(name) for name in TOP_LEVEL}),
            consistent_snapshot=consistent,
        )
        world = cls(
            root=root,
            timestamp=Timestamp(version=1, expires=expires, snapshot=MetaFile(version=1)),
            snapshot=Snapshot(version=1, expires=expires, meta=FrozenMap()),
            targets=targets_role("app", expires=expires),
            by=FrozenMap({name: signers(name) for name in TOP_LEVEL}),
            **more,
        )
        return world.sealed()

    # -- edits --------------------------------------------------------------------------

    def but(self, **changes: Any) -> "World":
        """This world with other fields; snapshot and timestamp are left alone."""
        return attrs.evolve(self, **changes)

    def edited(self, name: str, **changes: Any) -> "World":
        """This world with other fields in one role, and nothing else."""
        if name in TOP_LEVEL:
            return self.but(**{name: attrs.evolve(getattr(self, name), **changes)})
        return self.but(
            delegated=self.delegated.including(
                {name: attrs.evolve(self.delegated[name], **changes)}
            )
        )

    def signed_by(self, name: str, *names: str) -> "World":
        """This world with somebody else to sign one role."""
        return self.but(by=self.by.including({name: signers(*names)}))

    def delegating(self, *given: Delegation, **roles: Targets) -> "World":
        """This world with delegations from targets, and delegated *roles*."""
        world = self.edited(TARGETS, delegations=grants(*given))
        return world.with_roles(roles)

    def with_roles(self, roles: Mapping[str, Targets]) -> "World":
        by = {name: signers(name) for name in roles if name not in self.by}
        return self.but(
            delegated=self.delegated.including(roles), by=self.by.including(by)
        ).sealed()

    def sealed(self) -> "World":
        """This world with a snapshot and a timestamp that describe it."""
        roles = {TARGETS: self.targets, **self.delegated}
        meta = {name: self.listing(self.raw(name), role.version) for name, role in roles.items()}
        world = self.edited(SNAPSHOT, meta=FrozenMap(meta))
        return world.stamped()

    def stamped(self) -> "World":
        """This world with a timestamp that describes its snapshot."""
        listed = self.listing(self.raw(SNAPSHOT), self.snapshot.version)
        return self.edited(TIMESTAMP, snapshot=listed)

    def next(self, by: int = 1) -> "World":
        """This world with every role but root *by* versions on."""
        world = self
        for name in (TARGETS, *self.delegated, SNAPSHOT, TIMESTAMP):
            world = world.edited(name, version=world.role(name).version + by)
        return world.sealed()

    def at(self, **versions: int) -> "World":
        """This world with the roles named at other versions, and described."""
        world = self
        for name, version in versions.items():
            world = world.edited(name, version=version)
        return world.sealed()

    def rotated(self, also_by: tuple[str, ...] = (), **changes: Any) -> "World":
        """This world with the next root, signed by the old keys and *also_by* others."""
        history = self.history.including({self.root.version: self.raw(ROOT)})
        by = tuple(dict.fromkeys((*self.by[ROOT], *signers(*also_by))))
        root = attrs.evolve(self.root, **{"version": self.root.version + 1, **changes})
        return self.but(root=root, history=history, by=self.by.including({ROOT: by}))

    def with_keys(self, name: str, *names: str, threshold: int = 1, sign: tuple = ()) -> "World":
        """This world with the next root, in which *names* are who may sign *name*."""
        world = self.rotated(
            also_by=names if name == ROOT else (),
            keys=self.root.keys.including(keys(*names)),
            roles=self.root.roles.including({name: keyset(*names, threshold=threshold)}),
        )
        if name == ROOT:
            return world
        return world.signed_by(name, *(sign or names))

    # -- files --------------------------------------------------------------------------

    def role(self, name: str) -> Any:
        return getattr(self, name) if name in TOP_LEVEL else self.delegated[name]

    def raw(self, name: str) -> bytes:
        """The file of the role *name*, signed by whoever signs it here."""
        return signed(self.role(name), self.by[name])

    def roots(self) -> dict[str, bytes]:
        files = {f"{version}.root.json": raw for version, raw in self.history.items()}
        return {**files, f"{self.root.version}.root.json": self.raw(ROOT)}

    def files(self) -> dict[str, bytes]:
        """What a mirror of this repository serves, by path."""
        consistent = self.root.consistent_snapshot
        files = {**self.roots(), "timestamp.json": self.raw(TIMESTAMP)}
        for name in (SNAPSHOT, TARGETS, *self.delegated):
            version = self.role(name).version if consistent else None
            files[TUF_JSON.published(name, version)] = self.raw(name)
        return files

    # -- clients ------------------------------------------------------------------------

    def trusted_root(self, now: datetime = NOW) -> RootTrusted:
        return RootTrusted.bootstrap(self.raw(ROOT), now=now, format=TUF_JSON)

    def trusted(self, now: datetime = NOW) -> Any:
        """The stage that a client reaches who has never seen this repository."""
        stage = self.trusted_root(now).accept_timestamp(self.raw(TIMESTAMP))
        return stage.accept_snapshot(self.raw(SNAPSHOT)).accept_targets(self.raw(TARGETS))


def recalling(stage: RootTrusted, world: World) -> RootTrusted:
    """*stage*, remembering the timestamp and the snapshot of *world*."""
    return stage.recall(timestamp=world.raw(TIMESTAMP), snapshot=world.raw(SNAPSHOT))


# -- carrying workflows out on two dictionaries -----------------------------------------


class CrashError(Exception):
    """The power went out."""


def answer_to(effect: Any, files: Mapping[str, bytes], store: dict[str, bytes]) -> bytes | None:
    match effect:
        case Fetch(path, max_length):
            raw = files.get(path)
            if raw is not None and len(raw) > max_length:
                raise TooLongError(path, max_length)
            return raw
        case Load(name):
            return store.get(name)
        case Ahead() | Tell():
            return None
        case Save(name, data, replacing):
            if store.get(name) != replacing:
                return None
            store[name] = data
            return data
    raise AssertionError(effect)


def carried_out(
    workflow: Any,
    files: Mapping[str, bytes],
    store: dict[str, bytes],
    log: list | None = None,
    crash_at: int | None = None,
) -> Any:
    """What *workflow* returns; *crash_at* is the number of the effect that never happens."""
    answer, count = None, 0
    while True:
        try:
            effect = workflow.send(answer)
        except StopIteration as finished:
            return finished.value
        if isinstance(effect, Ahead | Tell):  # needs no answer, and changes nothing
            answer = None
            continue
        if log is not None:
            log.append(effect)
        if count == crash_at:
            workflow.close()
            raise CrashError
        answer = answer_to(effect, files, store)
        count += 1


def refreshed(
    anchor: Any,
    files: Mapping[str, bytes],
    store: dict[str, bytes],
    *,
    now: datetime = NOW,
    limits: Limits | None = None,
    log: list | None = None,
    crash_at: int | None = None,
    format: Any = TUF_JSON,
) -> Any:
    workflow = refresh(anchor, now=now, limits=limits or Limits(), format=format)
    return carried_out(workflow, files, store, log, crash_at)


def as_json(role: Any) -> dict:
    """The value under the signatures of *role*, to be edited at will."""
    return signed_value(role)


def bogus(keyid: str, size: int = 64) -> Signature:
    return Signature(keyid, bytes(size))
