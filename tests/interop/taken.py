"""Repositories as other programs write them, each signed with real keys of its own.

Those that are built on python-tuf are built on it here as well; the others are written down
member by member. What each program says besides TUF stands where that program says it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from attrs import field, frozen
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from trustlib import TUF_JSON, TUF_JSON_RFC3339, Anchor, Repository
from trustlib._canonical import canonical
from trustlib.signing import MemorySigner

NOW = datetime.now(UTC).replace(microsecond=0)
"""python-tuf's client looks at the clock of this machine."""

SOON = NOW + timedelta(days=20)
DATA = b"what was published"
ROLES = ("root", "timestamp", "snapshot", "targets")


@cache
def ed25519(name: str) -> Any:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


@cache
def p256(name: str) -> Any:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") >> 1
    return ec.derive_private_key(number, ec.SECP256R1())


@frozen(kw_only=True)
class Taken:
    """A repository of somebody else's.

    Attributes:
        files: by path.
        signers: everybody who may sign in it.
        format: how its files are read.
    """

    files: Mapping[str, bytes] = field(repr=False)
    signers: tuple[MemorySigner, ...]
    format: Any = TUF_JSON

    @property
    def anchor(self) -> Anchor:
        return Anchor.root(self.files["1.root.json"])

    def opened(self, storage: Any) -> Repository:
        return Repository.open(storage, anchor=self.anchor, format=self.format)


# -- on python-tuf ----------------------------------------------------------------------


@frozen(kw_only=True)
class Written:
    """Roles of python-tuf on the way to their files."""

    private: Callable[[str], Any]
    serializer: JSONSerializer = field(factory=JSONSerializer)
    described: bool = False
    consistent: bool = True
    files: dict = field(factory=dict)

    def signer(self, name: str, **members: Any) -> CryptoSigner:
        private = self.private(name)
        key = SSlibKey.from_crypto(private.public_key())
        key.unrecognized_fields.update(members)
        return CryptoSigner(private, key)

    def write(self, name: str, role: Any, *signers: CryptoSigner, empty: tuple = ()) -> MetaFile:
        metadata = Metadata(role)
        for signer in signers:
            metadata.sign(signer, append=True)
        for keyid in empty:
            metadata.signatures[keyid] = Signature(keyid, "")
        raw = metadata.to_bytes(self.serializer)
        numbered = name != "timestamp" and (self.consistent or name == "root")
        self.files[f"{role.version}.{name}.json" if numbered else f"{name}.json"] = raw
        if self.described:
            return MetaFile.from_data(role.version, raw, ["sha256", "sha512"])
        return MetaFile(role.version)


def target(**members: Any) -> TargetFile:
    return (
        TargetFile.from_data("app", DATA, ["sha256"])
        if not members
        else TargetFile(len(DATA), {"sha256": hashlib.sha256(DATA).hexdigest()}, "app", members)
    )


def python_tuf(*, described: bool = False, consistent: bool = True, version: int = 1) -> Taken:
    """Everything where python-tuf keeps what it does not recognise."""
    to = Written(private=ed25519, described=described, consistent=consistent)
    by = {name: to.signer(name, **{"x-key": name}) for name in (*ROLES, "team")}
    root = Root(expires=SOON, consistent_snapshot=consistent, unrecognized_fields={"x-root": [1]})
    for name in ROLES:
        root.add_key(by[name].public_key, name)
        root.roles[name].unrecognized_fields["x-entry"] = name
    to.write("root", root, by["root"])
    grant = DelegatedRole(
        "team",
        [by["team"].public_key.keyid],
        1,
        False,
        ["team/*"],
        unrecognized_fields={"x-grant": {"a": None}},
    )
    keys = {by["team"].public_key.keyid: by["team"].public_key}
    targets = Targets(
        version,
        expires=SOON,
        targets={"app": target(custom={"x-custom": [True, {"b": "é"}]}, **{"x-target": 7})},
        delegations=Delegations(keys, {"team": grant}, unrecognized_fields={"x-delegations": ""}),
        unrecognized_fields={"x-targets": {}},
    )
    team = Targets(
        version, expires=SOON, targets={"team/app": target()}, unrecognized_fields={"x-team": 0}
    )
    meta = {
        "targets.json": to.write("targets", targets, by["targets"]),
        "team.json": to.write("team", team, by["team"]),
    }
    for name, entry in meta.items():
        entry.unrecognized_fields["x-meta"] = name
    snapshot = Snapshot(version, expires=SOON, meta=meta, unrecognized_fields={"x-snapshot": "s"})
    listed = to.write("snapshot", snapshot, by["snapshot"])
    listed.unrecognized_fields["x-meta"] = "snapshot"
    timestamp = Timestamp(
        version, expires=SOON, snapshot_meta=listed, unrecognized_fields={"x-timestamp": "t"}
    )
    to.write("timestamp", timestamp, by["timestamp"])
    people = tuple(MemorySigner.of(ed25519(name)) for name in (*ROLES, "team"))
    return Taken(files=to.files, signers=people)


def tuf_on_ci() -> Taken:
    """People with names, an online key in a cloud, periods for those who renew, an empty signature."""
    to = Written(private=p256)
    ann = to.signer("ann", **{"x-tuf-on-ci-keyowner": "@ann"})
    bea = to.signer("bea", **{"x-tuf-on-ci-keyowner": "@bea"})
    uri = "gcpkms:projects/acme/locations/global/keyRings/tuf/cryptoKeys/online/cryptoKeyVersions/1"
    online = to.signer("online", **{"x-tuf-on-ci-online-uri": uri})
    periods = {"x-tuf-on-ci-expiry-period": 365, "x-tuf-on-ci-signing-period": 60}
    root = Root(expires=SOON, unrecognized_fields=dict(periods))
    for name in ("root", "targets"):
        root.add_key(ann.public_key, name)
        root.add_key(bea.public_key, name)
    for name in ("timestamp", "snapshot"):
        root.add_key(online.public_key, name)
        root.roles[name].unrecognized_fields |= {
            "x-tuf-on-ci-expiry-period": 7,
            "x-tuf-on-ci-signing-period": 4,
        }
    to.write("root", root, ann, empty=(bea.public_key.keyid,))
    grant = DelegatedRole("artifacts", [bea.public_key.keyid], 1, True, ["artifacts/*"])
    targets = Targets(
        expires=SOON,
        targets={"app": target()},
        delegations=Delegations({bea.public_key.keyid: bea.public_key}, {"artifacts": grant}),
        unrecognized_fields=dict(periods),
    )
    artifacts = Targets(3, expires=SOON, unrecognized_fields=dict(periods))
    meta = {
        "targets.json": to.write("targets", targets, bea, empty=(ann.public_key.keyid,)),
        "artifacts.json": to.write("artifacts", artifacts, bea),
    }
    snapshot = Snapshot(12, expires=SOON, meta=meta)
    listed = to.write("snapshot", snapshot, online)
    to.write("timestamp", Timestamp(40, expires=SOON, snapshot_meta=listed), online)
    to.files["index.html"] = b"<html>"
    people = tuple(MemorySigner.of(p256(name)) for name in ("ann", "bea", "online"))
    return Taken(files=to.files, signers=people)


def rstuf_bins() -> Taken:
    """One online key for all but root, and succinct bins below targets."""
    to = Written(private=ed25519, serializer=JSONSerializer(compact=True))
    ann = to.signer("ann", **{"x-rstuf-key-name": "Ann's key"})
    online = to.signer(
        "online", **{"x-rstuf-key-name": "online", "x-rstuf-online-key-uri": "fn:0f5023b2"}
    )
    root = Root(expires=SOON)
    root.add_key(ann.public_key, "root")
    for name in ("timestamp", "snapshot", "targets"):
        root.add_key(online.public_key, name)
    to.write("root", root, ann)
    bins = SuccinctRoles(
        [online.public_key.keyid], 1, 2, "bins", unrecognized_fields={"x-rstuf-expire-policy": 1}
    )
    targets = Targets(
        expires=SOON,
        delegations=Delegations({online.public_key.keyid: online.public_key}, succinct_roles=bins),
    )
    meta = {"targets.json": to.write("targets", targets, online)}
    for name in bins.get_roles():
        role = Targets(expires=SOON)
        if bins.get_role_for_target("app") == name:
            role.targets["app"] = target(custom={"x-custom": 1})
        meta[f"{name}.json"] = to.write(name, role, online)
    listed = to.write("snapshot", Snapshot(expires=SOON, meta=meta), online)
    to.write("timestamp", Timestamp(expires=SOON, snapshot_meta=listed), online)
    people = tuple(MemorySigner.of(ed25519(name)) for name in ("ann", "online"))
    return Taken(files=to.files, signers=people)


def rstuf_roles() -> Taken:
    """Its other way: delegated roles, for each of which it notes how long it signs."""
    to = Written(private=ed25519, serializer=JSONSerializer(compact=True))
    ann = to.signer("ann", **{"x-rstuf-key-name": "Ann's key"})
    online = to.signer("online", **{"x-rstuf-online-key-uri": "fn:0f5023b2"})
    root = Root(expires=SOON)
    root.add_key(ann.public_key, "root")
    for name in ("timestamp", "snapshot", "targets"):
        root.add_key(online.public_key, name)
    to.write("root", root, ann)
    grant = DelegatedRole(
        "dev",
        [online.public_key.keyid],
        1,
        True,
        ["app", "dev/*"],
        unrecognized_fields={"x-rstuf-expire-policy": 30, "x-rstuf-num-bins": 2},
    )
    targets = Targets(
        expires=SOON,
        delegations=Delegations({online.public_key.keyid: online.public_key}, {"dev": grant}),
    )
    dev = Targets(expires=SOON, targets={"app": target(custom={"x-custom": 1})})
    meta = {
        "targets.json": to.write("targets", targets, online),
        "dev.json": to.write("dev", dev, online),
    }
    listed = to.write("snapshot", Snapshot(expires=SOON, meta=meta), online)
    to.write("timestamp", Timestamp(expires=SOON, snapshot_meta=listed), online)
    people = tuple(MemorySigner.of(ed25519(name)) for name in ("ann", "online"))
    return Taken(files=to.files, signers=people)


# -- in Go ------------------------------------------------------------------------------


def go_tuf(*, expires: str = SOON.strftime("%Y-%m-%dT%H:%M:%SZ"), format: Any = TUF_JSON) -> Taken:
    """Maps sorted by name, ``<``, ``>`` and ``&`` escaped, and members besides anywhere."""
    signers = {name: MemorySigner.of(p256(name)) for name in (*ROLES, "team")}
    files: dict[str, bytes] = {}

    def key(name: str) -> dict:
        ours = signers[name].key
        return {
            "keytype": "ecdsa",
            "scheme": ours.scheme,
            "keyval": {"public": ours.keyval["public"], "x-keyval": "<&>"},
            "x-key": name,
        }

    def keyid(name: str) -> str:
        return hashlib.sha256(canonical(key(name))).hexdigest()

    def entry(name: str) -> dict:
        return {"keyids": [keyid(name)], "threshold": 1, "x-entry": name}

    def write(name: str, signed: Mapping) -> dict:
        head = {
            "_type": name if name in ROLES else "targets",
            "spec_version": "1.0.31",
            "version": 1,
            "expires": expires,
            f"x-{name}": "a<b>&c",
        }
        value = {**head, **signed}
        signature = signers[name].sign(canonical(value)).value.hex()
        text = json.dumps(
            {"signatures": [{"keyid": keyid(name), "sig": signature}], "signed": value},
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
        for letter in "<>&":
            text = text.replace(letter, f"\\u{ord(letter):04x}")
        files["timestamp.json" if name == "timestamp" else f"1.{name}.json"] = text.encode()
        return {"version": 1, "x-meta": name}

    digest = {"sha256": hashlib.sha256(DATA).hexdigest()}
    listed = {"length": len(DATA), "hashes": digest, "custom": {"x-custom": "<"}, "x-target": 1}
    root = {
        "consistent_snapshot": True,
        "keys": {keyid(name): key(name) for name in ROLES},
        "roles": {name: entry(name) for name in ROLES},
    }
    write("root", root)
    grant = {**entry("team"), "name": "team", "terminating": False, "paths": ["team/*"]}
    delegations = {"keys": {keyid("team"): key("team")}, "roles": [grant], "x-delegations": []}
    meta = {
        "targets.json": write("targets", {"targets": {"app": listed}, "delegations": delegations}),
        "team.json": write("team", {"targets": {}}),
    }
    snapshot = write("snapshot", {"meta": meta})
    write("timestamp", {"meta": {"snapshot.json": snapshot}})
    return Taken(files=files, signers=tuple(signers.values()), format=format)


def go_tuf_with_fractions() -> Taken:
    """As its earlier versions spell times."""
    expires = SOON.strftime("%Y-%m-%dT%H:%M:%S.0000001Z")
    return go_tuf(expires=expires, format=TUF_JSON_RFC3339)


MAKERS: Mapping[str, Callable[[], Taken]] = {
    "python-tuf": python_tuf,
    "python-tuf with hashes": lambda: python_tuf(described=True),
    "tuf-on-ci": tuf_on_ci,
    "RSTUF with bins": rstuf_bins,
    "RSTUF with roles": rstuf_roles,
    "go-tuf": go_tuf,
    "go-tuf with fractions": go_tuf_with_fractions,
}
