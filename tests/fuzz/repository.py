"""A small repository, always the same, whose keys are known here.

What the two client harnesses are fed: its files as an archive. One of them
serves damaged files as they are, the other signs them again first, as somebody
would who holds every key.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mutate import archive

from trustlib import (
    BY_HAND,
    Anchor,
    Authority,
    MemoryStorage,
    PathPatterns,
    Repository,
    SigningPlan,
    Updater,
)
from trustlib._canonical import canonical, compact
from trustlib._paths import plain
from trustlib.ports import Request
from trustlib.signing import MemorySigner

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
IMAGES = ("acme/app:1.4", "acme/team/tool:2", "acme/none:1")
_NAMES = ("root", "root2", "timestamp", "snapshot", "targets", "team")


@cache
def signers() -> dict[str, MemorySigner]:
    """The keys of everybody, the same ones each time."""
    seeds = {name: hashlib.sha256(name.encode()).digest() for name in _NAMES}
    return {
        name: MemorySigner.of(Ed25519PrivateKey.from_private_bytes(seed))
        for name, seed in seeds.items()
    }


@frozen(kw_only=True)
class Original:
    """The repository as its owners signed it.

    Attributes:
        files: by path.
        remembered: what a client has stored that saw its first state.
        signed: every value that was ever signed, in canonical form.
    """

    files: dict[str, bytes]
    remembered: dict[str, bytes]
    signed: frozenset[bytes]

    @property
    def anchor(self) -> Anchor:
        return Anchor.root(self.files["1.root.json"])


@cache
def original() -> Original:
    storage, key = MemoryStorage(), {name: one.key for name, one in signers().items()}
    first = Repository.create(
        "docker.io/acme",
        root=Authority.of(key["root"]),
        targets=Authority.of(key["targets"]),
        snapshot=Authority.of(key["snapshot"]),
        timestamp=Authority.of(key["timestamp"]),
    )
    tagged = first.with_tag(IMAGES[0], digest="sha256:" + "a" * 64, size=1573)
    before = _published(first, tagged, storage, NOW - timedelta(days=2))
    client = MemoryStorage()
    anchor = Anchor.root(storage.files["1.root.json"])
    Updater(
        anchor=anchor,
        transport=Served(dict(storage.files)),
        storage=client,
        clock=lambda: NOW - timedelta(days=1),
    ).resolve(IMAGES[0])
    after = (
        before.with_keys("root", key["root2"])
        .with_delegation(
            "team", keys=Authority.of(key["team"]), grant=PathPatterns(("acme/team/*",))
        )
        .with_tag(IMAGES[1], digest="sha256:" + "b" * 64, size=77, media_type="a/b", role="team")
    )
    _published(before, after, storage, NOW - timedelta(days=1))
    files = dict(storage.files)
    return Original(
        files=files,
        remembered=dict(client.files),
        signed=frozenset(map(signed_in, (*files.values(), *before.published.files.values()))),
    )


def _published(
    before: Repository, after: Repository, storage: MemoryStorage, now: datetime
) -> Repository:
    plan = SigningPlan.between(before, after, now=now, expiry=BY_HAND)
    for signer in signers().values():
        if any(request.asks(signer.key) for request in plan.requests):
            plan = plan.signed_by(signer)
    return plan.publication().apply(storage).repository


@frozen
class Served:
    """A transport over files in memory."""

    files: dict[str, bytes]

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        raw = self.files.get(plain(request.path))
        return None if raw is None else iter((raw,))


def signed_in(raw: bytes) -> bytes:
    """The canonical form of what is signed in *raw*; read without our reader."""
    return canonical(json.loads(raw)["signed"])


def signed_again(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return *files* as somebody with every key would publish them.

    Targets come first, then what refers to them by length and hash.
    """
    again: dict[str, bytes] = dict(files)
    for name in sorted(again, key=_publishing_order):
        try:
            value = json.loads(again[name])["signed"]
            _describe_again(value, again)
            payload = canonical(value)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # stays as it is
        made = [signer.sign(payload) for signer in signers().values()]
        listed = [{"keyid": s.keyid, "sig": s.value.hex()} for s in made]
        again[name] = compact({"signatures": listed, "signed": value}).encode()
    return again


def _publishing_order(name: str) -> int:
    return 2 if name == "timestamp.json" else 1 if name.endswith(".snapshot.json") else 0


def _describe_again(value: Any, files: dict[str, bytes]) -> None:
    for name, listed in value.get("meta", {}).items():
        raw = files.get(f"{listed['version']}.{name}")
        if raw is not None and "hashes" in listed:
            listed["hashes"]["sha256"] = hashlib.sha256(raw).hexdigest()
            listed["length"] = len(raw)


def seed() -> bytes:
    """The archive that damage begins with."""
    return archive(original().files)
