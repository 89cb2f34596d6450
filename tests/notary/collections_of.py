"""Small collections as values, signed with real keys, and those that real programs made.

A :class:`Collection` is one state of a collection; every edit returns a new one.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import attrs
from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from trustlib import MemoryStorage, Updater
from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL
from trustlib.errors import TransportError
from trustlib.notary import ContentTrust, PublicKey, Signature, pinned_certificate
from trustlib.notary.methods import ECDSA, EDDSA, RSA_PSS
from trustlib.roles import (
    Delegation,
    Delegations,
    KeySet,
    MetaFile,
    PathPrefixes,
    Root,
    Snapshot,
    Target,
    Targets,
    Timestamp,
)

FIXTURES = Path(__file__).parent / "fixtures"
MANIFEST = json.loads((FIXTURES / "manifest.json").read_text(encoding="utf-8"))
REPOSITORIES = MANIFEST["repos"]

NAME = "docker.io/acme/app"
APP = ContentTrust(NAME)
NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = NOW + 300 * DAY

DER, SPKI = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
PEM = serialization.Encoding.PEM
KINDS = {ROOT: Root, TIMESTAMP: Timestamp, SNAPSHOT: Snapshot}


def kind(name: str) -> Any:
    return KINDS.get(name, Targets)


# -- what real programs made ------------------------------------------------------------


def fixture_files(repository: str) -> list[tuple[str, int, bytes]]:
    """Every file of a repository: the role, its version, and its bytes."""
    folder = FIXTURES / REPOSITORIES[repository]["dir"]
    return [
        (path.parent.relative_to(folder).as_posix(), int(path.stem), path.read_bytes())
        for path in sorted(folder.rglob("*.json"))
    ]


def fixture_state(repository: str, state: Mapping) -> dict[str, bytes]:
    """What a server had of *repository* at that state, by path."""
    files: dict[str, bytes] = {}
    for name, version, raw in fixture_files(repository):
        newest = state["versions"].get(name)
        if newest is not None and version <= newest:
            served(files, name, version, raw)
            if version == newest:
                files[f"{name}.json"] = raw
    return files


def served(files: dict[str, bytes], name: str, version: int, raw: bytes) -> None:
    files[f"{version}.{name}.json"] = raw
    files[f"{name}.{hashlib.sha256(raw).hexdigest()}.json"] = raw


# -- keys -------------------------------------------------------------------------------


@frozen
class Signer:
    """A private key, and how it is listed."""

    private: Any
    key: PublicKey
    method: str

    def sign(self, payload: bytes) -> Signature:
        return Signature(
            self.key.id, raw_signature(self.private, self.method, payload), method=self.method
        )


def raw_signature(private: Any, method: str, payload: bytes) -> bytes:
    match method:
        case "ecdsa":
            r, s = decode_dss_signature(private.sign(payload, ec.ECDSA(hashes.SHA256())))
            size = (private.curve.key_size + 7) // 8
            return r.to_bytes(size) + s.to_bytes(size)
        case "eddsa":
            return private.sign(payload)
        case "rsapkcs1v15":
            return private.sign(payload, padding.PKCS1v15(), hashes.SHA256())
        case _:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
            return private.sign(payload, pss, hashes.SHA256())


def number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()) >> 64


@cache
def ec_private(name: str, curve: type = ec.SECP256R1) -> Any:
    return ec.derive_private_key(number(name), curve())


@cache
def rsa_private(name: str, bits: int = 2048) -> Any:
    return rsa.generate_private_key(65537, bits)


@cache
def signer(name: str, curve: type = ec.SECP256R1) -> Signer:
    private = ec_private(name, curve)
    return Signer(
        private, PublicKey.holding("ecdsa", private.public_key().public_bytes(DER, SPKI)), ECDSA
    )


@cache
def ed_signer(name: str) -> Signer:
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    return Signer(
        private, PublicKey.holding("ed25519", private.public_key().public_bytes_raw()), EDDSA
    )


@cache
def rsa_signer(name: str, method: str = RSA_PSS) -> Signer:
    private = rsa_private(name)
    return Signer(
        private, PublicKey.holding("rsa", private.public_key().public_bytes(DER, SPKI)), method
    )


def certificate(
    private: Any,
    cn: str = NAME,
    *,
    issuer: Any = None,
    begins: datetime = NOW - 10 * DAY,
    ends: datetime = NOW + 3650 * DAY,
    ca: bool | None = False,
    path_length: int | None = None,
    extensions: tuple = (),
    algorithm: Any = None,
) -> x509.Certificate:
    """A certificate; *issuer* is a pair of a certificate and its private key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)])
    by, by_key = (subject, private) if issuer is None else (issuer[0].subject, issuer[1])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(private.public_key())
        .serial_number(number(cn) >> 70 | 1)
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    if ca is not None:
        builder = builder.add_extension(
            x509.BasicConstraints(ca, path_length if ca else None), True
        )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(by_key, algorithm or hashes.SHA256())


def pem_of(*certificates: x509.Certificate) -> str:
    return "".join(one.public_bytes(PEM).decode() for one in certificates)


def with_pem(private: Any, pem: str) -> Signer:
    """A signer whose key is listed as the certificates in *pem*."""
    if isinstance(private, rsa.RSAPrivateKey):
        return Signer(private, PublicKey.holding("rsa-x509", pem.encode()), RSA_PSS)
    return Signer(private, PublicKey.holding("ecdsa-x509", pem.encode()), ECDSA)


@cache
def root_signer(name: str = "root", cn: str = NAME) -> Signer:
    private = ec_private(name)
    return with_pem(private, pem_of(certificate(private, cn)))


# -- collections ------------------------------------------------------------------------


def target(data: str) -> Target:
    return Target.of(data.encode())


def described(raw: bytes) -> MetaFile:
    digests = {name: hashlib.new(name, raw).hexdigest() for name in ("sha256", "sha512")}
    return MetaFile(version=None, length=len(raw), hashes=FrozenMap(digests))


def keyset(*by: Signer, threshold: int = 1) -> KeySet:
    return KeySet(keyids=tuple(one.key.id for one in by), threshold=threshold)


def keys(*by: Signer) -> FrozenMap:
    return FrozenMap({one.key.id: one.key for one in by})


def grant(name: str, *by: Signer, paths: tuple[str, ...] = ("",), threshold: int = 1) -> Delegation:
    return Delegation(
        name=name,
        keyids=tuple(one.key.id for one in by),
        threshold=threshold,
        grant=PathPrefixes(paths),
    )


def signed(role: Any, *by: Signer, format: ContentTrust = APP) -> bytes:
    payload = format.payload(role)
    return format.render(role, tuple(one.sign(payload) for one in by))


@frozen(kw_only=True)
class Collection:
    """One state of a collection.

    Attributes:
        by: who signs each role.
        history: every file that a server still has, by path.
    """

    root: Root
    timestamp: Timestamp
    snapshot: Snapshot
    targets: Targets
    delegated: FrozenMap = field(factory=FrozenMap)
    by: FrozenMap
    history: FrozenMap = field(factory=FrozenMap)
    format: ContentTrust = APP

    @classmethod
    def create(cls, *tags: str, name: str = NAME, root: Signer | None = None) -> "Collection":
        """A new collection: a key for each role, version 1, and *tags* in targets."""
        by = {one: (signer(one),) for one in TOP_LEVEL} | {
            ROOT: (root or root_signer("root", name),)
        }
        listed = FrozenMap({tag: target(tag) for tag in tags or ("v1",)})
        nothing = MetaFile(version=None, length=0, hashes=FrozenMap({"sha256": "0" * 64}))
        head = {"expires": LATER}
        collection = cls(
            root=Root(
                version=1,
                keys=keys(*(one[0] for one in by.values())),
                roles=FrozenMap({one: keyset(*signers) for one, signers in by.items()}),
                consistent_snapshot=False,
                **head,
            ),
            timestamp=Timestamp(version=1, snapshot=nothing, **head),
            snapshot=Snapshot(version=1, meta=FrozenMap(), **head),
            targets=Targets(
                version=1,
                targets=listed,
                delegations=Delegations(keys=FrozenMap(), roles=()),
                **head,
            ),
            by=FrozenMap(by),
            format=ContentTrust(name),
        )
        return collection.sealed()

    def but(self, **changes: Any) -> "Collection":
        return attrs.evolve(self, **changes)

    def role(self, name: str) -> Any:
        return getattr(self, name) if name in TOP_LEVEL else self.delegated[name]

    def raw(self, name: str) -> bytes:
        return _rendered(self.role(name), self.by[name], self.format)

    def edited(self, name: str, **changes: Any) -> "Collection":
        """This collection with other fields in one role, and nothing else."""
        if name in TOP_LEVEL:
            return self.but(**{name: attrs.evolve(getattr(self, name), **changes)})
        edited = attrs.evolve(self.delegated[name], **changes)
        return self.but(delegated=self.delegated.including({name: edited}))

    def signed_by(self, name: str, *by: Signer) -> "Collection":
        return self.but(by=self.by.including({name: by}))

    def sealed(self) -> "Collection":
        """This collection with a snapshot and a timestamp that describe it."""
        names = (ROOT, TARGETS, *self.delegated)
        meta = FrozenMap({name: described(self.raw(name)) for name in names})
        return self.edited(SNAPSHOT, meta=meta).stamped()

    def stamped(self) -> "Collection":
        return self.edited(TIMESTAMP, snapshot=described(self.raw(SNAPSHOT)))

    def at(self, **versions: int) -> "Collection":
        collection = self
        for name, version in versions.items():
            collection = collection.edited(name, version=version)
        return collection.sealed()

    def next(self, *also: str) -> "Collection":
        """This collection after a publication: snapshot, timestamp and *also* one version on."""
        collection = self.but(history=FrozenMap(self.files()))
        for name in (*also, SNAPSHOT, TIMESTAMP):
            collection = collection.edited(name, version=collection.role(name).version + 1)
        return collection.sealed()

    def tagged(self, tag: str, data: str, *, role: str = TARGETS) -> "Collection":
        listed = self.role(role).targets.including({tag: target(data)})
        return self.edited(role, targets=listed).next(role)

    def delegating(self, *given: Delegation, by: tuple[Signer, ...] = ()) -> "Collection":
        """This collection with delegations from targets, nothing signed by them yet."""
        before = self.targets.delegations
        delegations = attrs.evolve(
            before, keys=before.keys.including(keys(*by)), roles=(*before.roles, *given)
        )
        return self.edited(TARGETS, delegations=delegations).next(TARGETS)

    def with_role(self, name: str, *by: Signer, version: int = 1, **tags: str) -> "Collection":
        listed = FrozenMap({tag: target(data) for tag, data in tags.items()})
        role = Targets(
            version=version,
            expires=LATER,
            targets=listed,
            delegations=Delegations(keys=FrozenMap(), roles=()),
        )
        collection = self.but(delegated=self.delegated.including({name: role}))
        return collection.signed_by(name, *by).next()

    def rotated(
        self, name: str, *to: Signer, by: tuple = (), version: int | None = None
    ) -> "Collection":
        """This collection with the next root, in which *to* are who may sign *name*."""
        root = attrs.evolve(
            self.root,
            version=version or self.root.version + 1,
            keys=self.root.keys.including(keys(*to)),
            roles=self.root.roles.including({name: keyset(*to)}),
        )
        signing = by or (*self.by[ROOT], *(to if name == ROOT else ()))
        collection = self.but(root=root, history=FrozenMap(self.files()))
        return collection.signed_by(name, *to).signed_by(ROOT, *signing).next()

    def files(self) -> dict[str, bytes]:
        """What a server has, by path."""
        files = dict(self.history)
        for name in (*TOP_LEVEL, *self.delegated):
            raw = self.raw(name)
            served(files, name, self.role(name).version, raw)
            files[f"{name}.json"] = raw
        return files

    @property
    def pin(self) -> Any:
        return pinned_certificate(self.format.name, self.root.roles[ROOT].keyids[0])


_made: dict = {}


def _rendered(role: Any, by: tuple[Signer, ...], format: ContentTrust) -> bytes:
    """The same bytes each time: ECDSA signatures are random."""
    payload = format.payload(role)
    question = (payload, tuple(one.key.id for one in by), tuple(one.method for one in by))
    if question not in _made:
        _made[question] = format.render(role, tuple(one.sign(payload) for one in by))
    return _made[question]


class Served:
    """A server in memory. None: it cannot be reached."""

    def __init__(self, files: Mapping[str, Any] | None):
        self.files, self.asked = files, []

    def fetch(self, request: Any) -> Any:
        self.asked.append(request.path)
        if self.files is None:
            raise TransportError(request.path, "no connection")
        found = self.files.get(request.path)
        if isinstance(found, Exception):
            raise found
        return None if found is None else iter([found])


def client(
    source: Any,
    *,
    anchor: Any,
    storage: Any = None,
    now: Any = NOW,
    face: Any = Updater,
    **more: Any,
) -> Any:
    """An updater of a :class:`Collection`, of files, or of any transport."""
    app = more.pop("format", source.format if isinstance(source, Collection) else APP)
    if isinstance(source, Collection):
        source = source.files()
    return face(
        anchor=anchor,
        transport=Served(source) if isinstance(source, dict) or source is None else source,
        storage=MemoryStorage() if storage is None else storage,
        format=app,
        names=app.names,
        clock=lambda: now,
        **more,
    )
