"""What may be unusual or wrong with one file: each under a name, signed by the right people.

Snapshot and timestamp describe the file as it is, so what a client says of it is about
the file alone.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from core.worlds import World, as_json, p256_signer, signed_json, signer
from interop.generated import Dice

from trustlib import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TUF_JSON, Version
from trustlib._canonical import compact
from trustlib.wire import key_value

Files = Mapping[str, bytes]
Edit = Callable[[dict, Dice], None]
Spelling = Callable[[dict, Dice], bytes]

ANY = "any"
"""A kind: any role but root."""


def filed(world: World, name: str, raw: bytes) -> dict[str, bytes]:
    """The files of *world* with *raw* for the role *name*, and described as that."""
    version = world.role(name).version
    if name == SNAPSHOT:
        world = world.edited(TIMESTAMP, snapshot=world.listing(raw, version))
    elif name not in (ROOT, TIMESTAMP):
        meta = world.snapshot.meta.including({name: world.listing(raw, version)})
        world = world.edited(SNAPSHOT, meta=meta).stamped()
    numbered = name == ROOT or (world.root.consistent_snapshot and name != TIMESTAMP)
    path = TUF_JSON.published(name, Version(version) if numbered else None)
    return {**world.files(), path: raw}


def role_of(world: World, kind: str, rng: Dice) -> str:
    """The name of a role of that kind."""
    return rng.each((TIMESTAMP, SNAPSHOT, TARGETS, *world.delegated)) if kind == ANY else kind


def as_read(world: World, name: str) -> dict:
    """The value under the signatures of a role, as whoever reads the file gets it."""
    return json.loads(compact(as_json(world.role(name))))


def edited(world: World, kind: str, edit: Edit, rng: Dice) -> dict[str, bytes]:
    """The files of *world* after *edit* of what is under one role's signatures."""
    world = world.rotated() if kind == ROOT else world
    name = role_of(world, kind, rng)
    value = as_read(world, name)
    edit(value, rng)
    return filed(world, name, signed_json(value, world.by[name]))


def spelled(world: World, kind: str, spelling: Spelling, rng: Dice) -> dict[str, bytes]:
    """The files of *world* with one file written another way."""
    world = world.rotated() if kind == ROOT else world
    name = role_of(world, kind, rng)
    return filed(world, name, spelling(json.loads(world.raw(name)), rng))


# -- edits ------------------------------------------------------------------------------


def put(*way_and_value: Any) -> Edit:
    """Set the member at the end of a way."""
    *way, last, value = way_and_value

    def edit(signed: dict, rng: Dice) -> None:
        place = signed
        for step in way:
            place = place[step]
        place[last] = value

    return edit


def drop(*way: str) -> Edit:
    def edit(signed: dict, rng: Dice) -> None:
        place = signed
        for step in way[:-1]:
            place = place[step]
        del place[way[-1]]

    return edit


def in_a_target(**changes: Any) -> Edit:
    """Change the entry of one target, which is there for this."""

    def edit(signed: dict, rng: Dice) -> None:
        entry = {"length": 3, "hashes": {"sha256": "ab" * 32}, **changes}
        signed["targets"]["app"] = {k: v for k, v in entry.items() if v is not ...}

    return edit


def in_a_delegation(**changes: Any) -> Edit:
    """Change the first delegation, or one that is added where there is none."""

    def edit(signed: dict, rng: Dice) -> None:
        key = signer("guest").key
        below = signed.setdefault("delegations", {"keys": {}, "roles": []})
        grant = {"name": "guest", "keyids": [key.id], "threshold": 1, "terminating": False}
        grant |= {"paths": ["guests/*"], **changes}
        below["keys"][key.id] = json.loads(compact(key_value(key)))
        below["roles"].append({k: v for k, v in grant.items() if v is not ...})

    return edit


def in_snapshot_entry(**changes: Any) -> Edit:
    """Change what the timestamp says of the snapshot."""

    def edit(signed: dict, rng: Dice) -> None:
        signed["meta"]["snapshot.json"] |= changes

    return edit


def with_key(key: Mapping, *, used: bool) -> Edit:
    """Add a key to root; *used*: the timestamp may be signed with it."""

    def edit(signed: dict, rng: Dice) -> None:
        signed["keys"]["another"] = dict(key)
        if used:
            signed["roles"]["timestamp"]["keyids"].append("another")

    return edit


def keyid_that_is_no_hash(signed: dict, rng: Dice) -> None:
    key = signer("opaque").key
    signed["keys"]["opaque"] = json.loads(compact(key_value(key)))
    signed["roles"]["timestamp"]["keyids"].append("opaque")


def role_name_twice(signed: dict, rng: Dice) -> None:
    in_a_delegation()(signed, rng)
    in_a_delegation(paths=["other/*"])(signed, rng)


def both_kinds_of_delegation(signed: dict, rng: Dice) -> None:
    in_a_delegation()(signed, rng)
    keyids = signed["delegations"]["roles"][0]["keyids"]
    bins = {"keyids": keyids, "threshold": 1, "bit_length": 1, "name_prefix": "bin"}
    signed["delegations"]["succinct_roles"] = bins


_ED25519 = json.loads(compact(key_value(signer("another").key)))
_P256 = json.loads(compact(key_value(p256_signer("another").key)))
_META = {"version": 1}

EDITS: dict[str, tuple[str, Edit]] = {
    # every role
    "an unknown member": (ANY, put("x-note", {"b": [1, None, True], "a": "é"})),
    "a version that is a string": (ANY, put("version", "1")),
    "a version of 0": (ANY, put("version", 0)),
    "a version below 0": (ANY, put("version", -1)),
    "no version": (ANY, drop("version")),
    "a version above 2**53": (TIMESTAMP, put("version", 2**60)),
    "a version above 2**64": (TIMESTAMP, put("version", 10**30)),
    "an expiry that has passed": (ANY, put("expires", "2001-01-01T00:00:00Z")),
    "an expiry without leading zeros": (ANY, put("expires", "2999-1-1T0:0:0Z")),
    "an expiry with a fraction": (ANY, put("expires", "2999-01-01T00:00:00.5Z")),
    "an expiry with an offset": (ANY, put("expires", "2999-01-01T00:00:00+00:00")),
    "an expiry on no day": (ANY, put("expires", "2999-02-30T00:00:00Z")),
    "a leap second": (ANY, put("expires", "2998-12-31T23:59:60Z")),
    "no expiry": (ANY, drop("expires")),
    "specification 1.0": (ANY, put("spec_version", "1.0")),
    "specification 2.0.0": (ANY, put("spec_version", "2.0.0")),
    "specification 1": (ANY, put("spec_version", "1")),
    "specification 1.0.0-rc1": (ANY, put("spec_version", "1.0.0-rc1")),
    "no specification": (ANY, drop("spec_version")),
    "a type that is unknown": (ANY, put("_type", "mirrors")),
    "a type in capitals": (TARGETS, put("_type", "Targets")),
    "no type": (ANY, drop("_type")),
    # root
    "a role that root need not have": (
        ROOT,
        put("roles", "mirrors", {"keyids": [], "threshold": 1}),
    ),
    "a top-level role missing in root": (ROOT, drop("roles", "snapshot")),
    "a threshold of 0": (ROOT, put("roles", "timestamp", "threshold", 0)),
    "a threshold that is a string": (ROOT, put("roles", "timestamp", "threshold", "1")),
    "a threshold that is true": (ROOT, put("roles", "timestamp", "threshold", True)),
    "a threshold nobody meets": (ROOT, put("roles", "timestamp", "threshold", 9)),
    "a root that cannot sign the next": (ROOT, put("roles", "root", "threshold", 9)),
    "a key id without a key": (ROOT, put("roles", "targets", "keyids", ["nobody"])),
    "a key id twice": (ROOT, put("roles", "targets", "keyids", ["x", "x"])),
    "consistent_snapshot that is a string": (ROOT, put("consistent_snapshot", "yes")),
    "a key of another type": (ROOT, with_key({**_ED25519, "keytype": "runes"}, used=True)),
    "a key of another scheme": (ROOT, with_key({**_ED25519, "scheme": "ed448"}, used=True)),
    "a key with unknown members": (ROOT, with_key({**_ED25519, "x-owner": "ann"}, used=True)),
    "a key without its value": (ROOT, with_key({**_ED25519, "keyval": {}}, used=True)),
    "a key that is no key": (ROOT, with_key({**_ED25519, "keyval": {"public": "zz"}}, used=True)),
    "a key that is a number": (ROOT, with_key({**_ED25519, "keyval": {"public": 7}}, used=True)),
    "a key without a type": (ROOT, with_key({"scheme": "x", "keyval": {}}, used=True)),
    "a key of Sigstore's first roots": (
        ROOT,
        with_key({**_P256, "keytype": "ecdsa-sha2-nistp256"}, used=True),
    ),
    "a key id that is no hash of its key": (ROOT, keyid_that_is_no_hash),
    # timestamp
    "a timestamp that lists more": (TIMESTAMP, put("meta", "targets.json", _META)),
    "a timestamp without the snapshot": (TIMESTAMP, put("meta", {})),
    "a length of 0 for the snapshot": (TIMESTAMP, in_snapshot_entry(length=0)),
    "a length below 0 for the snapshot": (TIMESTAMP, in_snapshot_entry(length=-1)),
    "a length that is null": (TIMESTAMP, in_snapshot_entry(length=None)),
    "no hashes, as an empty object": (TIMESTAMP, in_snapshot_entry(hashes={})),
    "hashes that are null": (TIMESTAMP, in_snapshot_entry(hashes=None)),
    "a wrong hash": (TIMESTAMP, in_snapshot_entry(hashes={"sha256": "ab" * 32})),
    "a wrong hash by sha512": (TIMESTAMP, in_snapshot_entry(hashes={"sha512": "ab" * 64})),
    "a hash by an algorithm nobody knows": (TIMESTAMP, in_snapshot_entry(hashes={"blake9": "ab"})),
    "a length that is too small": (TIMESTAMP, in_snapshot_entry(length=2)),
    "a length that is too large": (TIMESTAMP, in_snapshot_entry(length=90_000)),
    "a wrong snapshot version": (TIMESTAMP, in_snapshot_entry(version=99)),
    "an unknown member of an entry": (TIMESTAMP, in_snapshot_entry(**{"x-note": [None]})),
    # snapshot
    "an entry without .json": (SNAPSHOT, put("meta", "notes.txt", _META)),
    "an entry of version 0": (SNAPSHOT, put("meta", "notes.json", {"version": 0})),
    "an entry for root": (SNAPSHOT, put("meta", "root.json", _META)),
    "a snapshot without targets": (SNAPSHOT, drop("meta", "targets.json")),
    "an empty snapshot": (SNAPSHOT, put("meta", {})),
    # targets
    "custom data": (TARGETS, in_a_target(custom={"a": [1, {"b": None}], "é": "ü"})),
    "custom data that is a string": (TARGETS, in_a_target(custom="x")),
    "custom data that is null": (TARGETS, in_a_target(custom=None)),
    "a target with unknown members": (TARGETS, in_a_target(**{"x-note": 1})),
    "a target of length 0": (TARGETS, in_a_target(length=0)),
    "a target of length -1": (TARGETS, in_a_target(length=-1)),
    "a target of length true": (TARGETS, in_a_target(length=True)),
    "a target of a length in words": (TARGETS, in_a_target(length="3")),
    "a target without length": (TARGETS, in_a_target(length=...)),
    "a target without hashes": (TARGETS, in_a_target(hashes={})),
    "a target with sha512 only": (TARGETS, in_a_target(hashes={"sha512": "cd" * 64})),
    "a target with md5 too": (
        TARGETS,
        in_a_target(hashes={"md5": "ab" * 16, "sha256": "ab" * 32}),
    ),
    "a target's hash in capitals": (TARGETS, in_a_target(hashes={"sha256": "AB" * 32})),
    "a target's hash that is short": (TARGETS, in_a_target(hashes={"sha256": "ab"})),
    "a target's hash that is a number": (TARGETS, in_a_target(hashes={"sha256": 7})),
    "targets that are a list": (TARGETS, put("targets", [])),
    "delegations that are null": (TARGETS, put("delegations", None)),
    "delegations to nobody": (TARGETS, put("delegations", {"keys": {}})),
    "delegations of both kinds": (TARGETS, both_kinds_of_delegation),
    "a delegation": (TARGETS, in_a_delegation()),
    "a role name twice": (TARGETS, role_name_twice),
    "a delegation to snapshot": (TARGETS, in_a_delegation(name="snapshot")),
    "a delegation to nothing": (TARGETS, in_a_delegation(name="")),
    "a delegation without terminating": (TARGETS, in_a_delegation(terminating=...)),
    "a delegation that is terminating, in words": (TARGETS, in_a_delegation(terminating="no")),
    "a delegation without paths": (TARGETS, in_a_delegation(paths=...)),
    "a delegation by path and by hash": (TARGETS, in_a_delegation(path_hash_prefixes=["0"])),
    "a delegation of paths that is a string": (TARGETS, in_a_delegation(paths="app")),
    "a delegation of a path that is a number": (TARGETS, in_a_delegation(paths=[1])),
    "a delegation with a threshold of 0": (TARGETS, in_a_delegation(threshold=0)),
    "a delegation with unknown members": (TARGETS, in_a_delegation(**{"x-note": "é"})),
    "a hash prefix in capitals": (
        TARGETS,
        in_a_delegation(paths=..., path_hash_prefixes=["AB"]),
    ),
    "a hash prefix of odd length": (
        TARGETS,
        in_a_delegation(paths=..., path_hash_prefixes=["abc"]),
    ),
    "bins of 0 bits": (
        TARGETS,
        put(
            "delegations",
            {
                "keys": {},
                "succinct_roles": {
                    "keyids": [],
                    "threshold": 1,
                    "bit_length": 0,
                    "name_prefix": "b",
                },
            },
        ),
    ),
}

# -- spellings --------------------------------------------------------------------------


def pretty(file: dict, rng: Dice) -> bytes:
    return json.dumps(file, indent=rng.randint(0, 3), sort_keys=rng.random() < 0.5).encode()


def around(before: bytes, after: bytes) -> Spelling:
    return lambda file, rng: before + compact(file).encode() + after


def replaced(old: bytes, new: bytes) -> Spelling:
    return lambda file, rng: compact(file).encode().replace(old, new, 1)


def with_signatures(change: Callable[[list], Any]) -> Spelling:
    """Change the list of signatures."""

    def spelling(file: dict, rng: Dice) -> bytes:
        change(file["signatures"])
        return compact(file).encode()

    return spelling


def _stranger(file_signatures: list) -> None:
    made = signer("stranger").sign(b"anything")
    file_signatures.append({"keyid": made.keyid, "sig": made.value.hex()})


def _flip(signatures: list) -> None:
    for one in signatures:
        one["sig"] = f"{int(one['sig'][0], 16) ^ 1:x}" + one["sig"][1:]


def _each(**changes: Any) -> Callable[[list], None]:
    def change(signatures: list) -> None:
        for one in signatures:
            one.update(changes)

    return change


SPELLINGS: dict[str, tuple[str, Spelling]] = {
    "indented": (ANY, pretty),
    "an indented root": (ROOT, pretty),
    "blanks around": (ANY, around(b" \n", b"\n\t ")),
    "a byte order mark": (ANY, around(b"\xef\xbb\xbf", b"")),
    "more after the end": (ANY, around(b"", b"{}")),
    "an empty file": (TIMESTAMP, lambda file, rng: b""),
    "half a file": (ANY, lambda file, rng: compact(file).encode()[:100]),
    "a list": (ANY, lambda file, rng: b"[]"),
    "UTF-16": (ANY, lambda file, rng: compact(file).encode("utf-16")),
    "Latin-1": (ANY, around(b'{"x":"\xe9",', b"}")),
    "a member twice": (ANY, replaced(b'"signed":{', b'"signed":{"_type":"root",')),
    "a member twice, the same": (ANY, replaced(b'"signatures":', b'"signatures":[],"signatures":')),
    "an unknown member beside signed": (ANY, replaced(b'{"signatures"', b'{"x":1,"signatures"')),
    "a fraction beside signed": (ANY, replaced(b'{"signatures"', b'{"x":1.5,"signatures"')),
    "NaN beside signed": (ANY, replaced(b'{"signatures"', b'{"x":NaN,"signatures"')),
    "deep nesting beside signed": (
        ANY,
        replaced(b'{"signatures"', b'{"x":' + b"[" * 200 + b"]" * 200 + b',"signatures"'),
    ),
    "very deep nesting beside signed": (
        ANY,
        replaced(b'{"signatures"', b'{"x":' + b"[" * 9000 + b"]" * 9000 + b',"signatures"'),
    ),
    "half a surrogate pair beside signed": (
        ANY,
        replaced(b'{"signatures"', b'{"x":"\\ud800","signatures"'),
    ),
    "a -0 under the signatures": (ANY, replaced(b'"signed":{', b'"signed":{"x":-0,')),
    "no signatures": (ANY, with_signatures(list.clear)),
    "no list of signatures": (ANY, lambda file, rng: compact({"signed": file["signed"]}).encode()),
    "a signature by a stranger too": (ANY, with_signatures(_stranger)),
    "an empty signature by a stranger": (
        ANY,
        with_signatures(lambda s: s.append({"keyid": "stranger", "sig": ""})),
    ),
    "a stranger's signature that is no hex": (
        ANY,
        with_signatures(lambda s: s.append({"keyid": "stranger", "sig": "runes"})),
    ),
    "a signature with unknown members": (ANY, with_signatures(_each(method="ed25519"))),
    "signatures in capitals": (
        ANY,
        with_signatures(lambda s: [one.update(sig=one["sig"].upper()) for one in s]),
    ),
    "a signature twice": (ANY, with_signatures(lambda s: s.append(s[0]))),
    "signatures that are wrong": (ANY, with_signatures(_flip)),
    "signatures that are empty": (ANY, with_signatures(_each(sig=""))),
    "signatures that are no hex": (ANY, with_signatures(_each(sig="runes"))),
    "signatures that are numbers": (ANY, with_signatures(_each(sig=7))),
    "signatures by nobody": (ANY, with_signatures(_each(keyid="nobody"))),
    "a fraction under the signatures": (
        ANY,
        lambda file, rng: compact(file).encode().replace(b'"signed":{', b'"signed":{"x":1.5,'),
    ),
}
