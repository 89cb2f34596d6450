"""The repositories that are measured: signed once, the same bytes for every side.

All are seeded: whoever runs a row again gets the same paths, hashes and sizes.
Only the keys and the dates are new, and those have the same length every time.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from attrs import evolve, frozen

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TUF_JSON,
    Authority,
    Delegation,
    Delegations,
    FrozenMap,
    HashPrefixes,
    KeySet,
    MetaFile,
    PathPatterns,
    RoleName,
    Root,
    Snapshot,
    SuccinctRoles,
    Target,
    TargetPath,
    Targets,
    Timestamp,
    Version,
)
from trustlib.roles import Role
from trustlib.signing import MemorySigner

NOW = datetime.now(UTC).replace(microsecond=0)
LATER = NOW + timedelta(days=365)
SIGNER = MemorySigner.generate()
BY = Authority.of(SIGNER.key)
_HEAD = {"version": Version(1), "expires": LATER}


@frozen(kw_only=True)
class Repository:
    """What a server has, and what a client begins with.

    Attributes:
        files: by path, as a consistent snapshot is laid out.
        root: the first root.
    """

    files: FrozenMap[str, bytes]

    @property
    def root(self) -> bytes:
        return self.files["1.root.json"]


def target(seed: object) -> Target:
    """What is said of one image; *seed* decides on its hash."""
    digest = hashlib.sha256(str(seed).encode()).hexdigest()
    custom = FrozenMap({"media-type": "application/json"})
    return Target(length=1573, hashes=FrozenMap({"sha256": digest}), custom=custom)


def targets(paths: Iterable[str], delegations: Delegations | None = None) -> Targets:
    listed = FrozenMap({TargetPath(path): target(path) for path in paths})
    return Targets(**_HEAD, targets=listed, delegations=delegations)


def images(size: int) -> list[str]:
    return [f"acme/app-{number}:1.4" for number in range(size)]


@cache
def targets_file(size: int) -> bytes:
    """A targets role of *size* targets in canonical form, signed."""
    return signed(targets(images(size)))


def signed(role: Role) -> bytes:
    return TUF_JSON.render(role, (SIGNER.sign(TUF_JSON.payload(role)),))


def signed_bytes(raw: bytes) -> bytes:
    """What a canonical file's signature covers: its last member, as it stands there."""
    return raw[raw.index(b'"signed":') + len(b'"signed":') : -1]


def published(
    top: Targets,
    below: Mapping[str, Targets] | None = None,
    *,
    listed: Iterable[str] = (),
    version: int = 1,
    rotations: int = 0,
) -> Repository:
    """Return a repository of *top* and the delegated roles *below*.

    Args:
        top: the top-level targets role.
        below: delegated roles, by name.
        listed: names that the snapshot lists although nobody will ask for their files.
        version: of everything but root.
        rotations: how many roots followed the first.
    """
    roles: dict[str, Targets] = {TARGETS: top, **(below or {})}
    now = Version(version)
    files = {f"{version}.{name}.json": signed(evolve(r, version=now)) for name, r in roles.items()}
    meta = {RoleName(name): MetaFile(version=now) for name in (*roles, *listed)}
    files |= {f"{n}.root.json": signed(_root(Version(n))) for n in range(1, rotations + 2)}
    snapshot = Snapshot(version=now, expires=LATER, meta=FrozenMap(meta))
    timestamp = Timestamp(version=now, expires=LATER, snapshot=MetaFile(version=now))
    files |= {f"{version}.snapshot.json": signed(snapshot), "timestamp.json": signed(timestamp)}
    return Repository(files=FrozenMap(files))


def _root(version: Version) -> Root:
    entry = KeySet(keyids=(SIGNER.key.id,), threshold=1)
    roles = FrozenMap(dict.fromkeys((ROOT, TIMESTAMP, SNAPSHOT, TARGETS), entry))
    return Root(version=version, expires=LATER, keys=BY.keys, roles=roles)


# -- delegations ------------------------------------------------------------------------


def patterns(grants: Mapping[str, str]) -> Delegations:
    """Delegate to each role the pattern that is given for it."""
    return _delegations(
        Delegation(name=RoleName(n), grant=PathPatterns((p,)), keyids=(SIGNER.key.id,), threshold=1)
        for n, p in grants.items()
    )


def succinct(bits: int) -> Delegations:
    bins = SuccinctRoles(keyids=(SIGNER.key.id,), threshold=1, bit_length=bits, name_prefix="bin")
    return Delegations(keys=BY.keys, roles=bins)


def hash_bins(bits: int) -> Delegations:
    """The same bins as *succinct*, spelled out, as PyPI's are in PEP 458."""
    each = 2 ** (16 - bits)  # prefixes of four digits
    return _delegations(
        Delegation(
            name=name,
            grant=HashPrefixes(tuple(f"{number * each + i:04x}" for i in range(each))),
            keyids=(SIGNER.key.id,),
            threshold=1,
        )
        for number, name in enumerate(_bins(bits).names())
    )


def bin_names(bits: int) -> list[RoleName]:
    return list(_bins(bits).names())


def home_of(path: str, bits: int) -> RoleName:
    """Return the bin that may speak for *path*."""
    return _bins(bits).bin_for(TargetPath(path))


def _bins(bits: int) -> SuccinctRoles:
    roles = succinct(bits).roles
    assert isinstance(roles, SuccinctRoles)
    return roles


def _delegations(grants: Iterable[Delegation]) -> Delegations:
    return Delegations(keys=BY.keys, roles=tuple(grants))


@cache
def small(rotations: int = 0) -> Repository:
    """One tag, one key."""
    return published(targets(["acme/app:1.4"]), rotations=rotations)


@cache
def binned(bits: int, *, classic: bool = False, each: int = 40) -> Repository:
    """``acme/app-7:1.4`` in its bin, with *each* targets; nobody asks for the other bins."""
    delegations = hash_bins(bits) if classic else succinct(bits)
    name = home_of("acme/app-7:1.4", bits)
    others = (f"acme/other-{number}:1.4" for number in range(each - 1))
    below = {name: targets(["acme/app-7:1.4", *others])}
    return published(targets([], delegations), below, listed=bin_names(bits))
