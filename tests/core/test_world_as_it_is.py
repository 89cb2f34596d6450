"""One repository with every oddity that real ones have: read as it is, and not an inch further.

Each strict rule that suggests itself would shut out somebody's metadata. Beside
each thing that is accepted here stands what looks like it and is refused.
"""

import copy
import json
from functools import cache

import pytest
from core.worlds import NOW, carried_out, p256_signer, refreshed, signed_json, signer
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TUF_JSON_RFC3339,
    Anchor,
    Limits,
    MalformedError,
    MismatchError,
    NotFoundError,
    RollbackError,
    ThresholdError,
)
from trustlib._canonical import canonical, compact
from trustlib.wire import key_value
from trustlib.workflow import find

ROOT_SIGNERS = ("ann", "ben", "cas")
DIGEST = "ab" * 32


def hex_point(name):
    """A key as Sigstore's first roots have it: a legacy type, and a point instead of PEM."""
    pem = p256_signer(name).key.keyval["public"].encode()
    point = load_pem_public_key(pem).public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {
        "keytype": "ecdsa-sha2-nistp256",
        "scheme": "ecdsa-sha2-nistp256",
        "keyval": {"public": point.hex()},
        "keyid_hash_algorithms": ["sha256", "sha512"],
    }


def listed(who):
    return json.loads(compact(key_value(who.key)))


def in_pem(name):
    return {**listed(p256_signer(name)), "x-tuf-on-ci-keyowner": f"@{name}"}


def ed25519(name):
    return {**listed(signer(name)), "keyid_hash_algorithms": ["sha256"]}


def entry(*ids, threshold=1):
    return {"keyids": list(ids), "threshold": threshold}


def head(kind, version=1):
    return {
        "_type": kind,
        "spec_version": "1.0",
        "version": version,
        "expires": "2030-01-31T06:00:00.123456789-06:00",
    }


def root(version, key_of):
    keys = {f"the key of {name}": key_of(name) for name in ROOT_SIGNERS}
    keys |= {"online": ed25519("online"), "targets": ed25519("targets")}
    keys["nobody's"] = {"keytype": "sphincs", "scheme": "robust", "keyval": {"public": "?"}}
    keys["damaged"] = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": "00ff"}}
    return {
        **head(ROOT, version),
        "consistent_snapshot": True,
        "keys": keys,
        "roles": {
            ROOT: entry(*(f"the key of {name}" for name in ROOT_SIGNERS), threshold=2),
            TARGETS: entry("targets", "damaged"),
            SNAPSHOT: entry("online"),
            TIMESTAMP: entry("online"),
            "mirrors": entry("online"),
        },
    }


TARGET = {"length": 3, "hashes": {"sha256": DIGEST, "blake2s": "?"}, "custom": {}}
VALUES = {
    "1.root": root(1, hex_point),
    "2.root": root(2, in_pem),
    TIMESTAMP: {**head(TIMESTAMP), "meta": {"snapshot.json": {"version": 1}}},
    SNAPSHOT: {
        **head(SNAPSHOT),
        "meta": {name: {"version": 1} for name in ("root.json", "targets.json", "team.json")},
    },
    TARGETS: {
        **head(TARGETS),
        "targets": {},
        "delegations": {
            "keys": {"team": ed25519("team")},
            "roles": [  # neither says whether it ends the search, and the first covers nothing
                {"name": "idle", **entry("team")},
                {"name": "team", **entry("team"), "paths": ["acme/[a-z]*"]},
            ],
        },
    },
    "team": {**head(TARGETS), "targets": {"acme/[a-z]pp": TARGET}, "x-signed-with": "care"},
}
WHO = {TIMESTAMP: "online", SNAPSHOT: "online", TARGETS: "targets", "team": "team"}


def fields(value):
    """The file that holds the root *value*: two of three signed, and the third has a place."""
    signatures = [
        {
            "keyid": f"the key of {name}",
            "sig": "" if name == "cas" else made(name, canonical(value)),
            "method": "ecdsa",
        }
        for name in ROOT_SIGNERS
    ]
    return {"signatures": signatures, "signed": value}


@cache
def made(name, payload):
    return p256_signer(name).sign(payload).value.hex()


def written(value, name):
    """The file as an object, signed by whom its role belongs to."""
    if name.endswith(ROOT):
        return fields(value)
    file = json.loads(signed_json(value, [signer(WHO[name])]))
    file["signatures"][0]["keyid"] = WHO[name]
    return file


def repository(before=(), after=()):
    """The files, edited *before* or *after* they are signed; pairs of a role and an edit."""
    files = {}
    for name, unedited in VALUES.items():
        value = copy.deepcopy(unedited)
        for edit in (edit for which, edit in before if which == name):
            edit(value)
        file = written(value, name)
        for edit in (edit for which, edit in after if which == name):
            edit(file)
        path = name if name in ("1.root", "2.root", TIMESTAMP) else f"1.{name}"
        files[f"{path}.json"] = json.dumps(file, indent=2).encode()
    return files


def client(files, path="acme/[a-z]pp", store=None):
    """What a client says of *path* who starts at the first root."""
    anchor = Anchor.root(files["1.root.json"])
    store = {} if store is None else store
    trusted = refreshed(anchor, files, store, now=NOW, format=TUF_JSON_RFC3339)
    return carried_out(find(trusted, path, limits=Limits(), known={}), files, store)


def refused(error, *, before=(), after=()):
    with pytest.raises(error) as caught:
        client(repository(before, after))
    return caught.value


def within(*path, value=...):
    """An edit: *value* at *path*, or nothing there at all."""

    def edit(whole):
        for step in path[:-1]:
            whole = whole[step]
        if value is ...:
            del whole[path[-1]]
        else:
            whole[path[-1]] = value

    return edit


def test_a_repository_with_every_oddity_is_read():
    """P02, P13, P40 to P43, and each row of what strictness would break."""
    found = client(repository())

    assert (TARGETS, "team") == found.via
    assert DIGEST == found.target.hashes["sha256"]


# -- key ids that are not the hash of their key -----------------------------------------


def test_ids_are_names_but_one_key_by_two_names_is_one_key():
    """P02; beside it P01: Ann would sign for two."""
    again = [
        ("2.root", within("keys", "the key of cas", value=in_pem("ann"))),
    ]

    def twice(file):
        file["signatures"] = [file["signatures"][0], {**file["signatures"][0], "keyid": "the key of cas"}]  # fmt: skip

    error = refused(ThresholdError, before=again, after=[("2.root", twice)])

    assert 2 == error.threshold


def test_a_signature_counts_under_the_name_of_its_key_and_no_other():
    """P02: not even under the id that the specification would have given it."""

    def renamed(file):
        file["signatures"][0]["keyid"] = p256_signer("ann").key.id

    refused(ThresholdError, after=[("2.root", renamed)])


# -- the specification's version --------------------------------------------------------


@pytest.mark.parametrize("said", ["2.0", "1", "1.0-rc1", "", None, 1])
def test_a_version_of_two_numbers_is_one_but_another_major_is_not(said):
    """P13 to P17."""
    for name in VALUES:
        refused(MalformedError, before=[(name, within("spec_version", value=said))])


# -- empty signatures -------------------------------------------------------------------


@pytest.mark.parametrize("sig", ["", "zz", "00"])
def test_an_empty_signature_has_a_place_but_counts_for_nobody(sig):
    """The row of placeholders: without Ben's, Ann and a place are one of two."""
    refused(ThresholdError, after=[("2.root", within("signatures", 1, "sig", value=sig))])


@pytest.mark.parametrize("sig", [None, 0, [], ...])
def test_a_signature_is_text(sig):
    refused(MalformedError, after=[("2.root", within("signatures", 2, "sig", value=sig))])


def test_a_place_does_not_hide_the_signature_that_follows_it():
    """T-02: an id stands once, or readers would differ in which of the two they take."""

    def first(file):
        file["signatures"].insert(0, {"keyid": "the key of ben", "sig": ""})

    refused(MalformedError, after=[("2.root", first)])


# -- keys of legacy types and in hex ----------------------------------------------------


def test_a_hex_point_and_its_pem_are_one_key():
    """The row of legacy keys: the second root lists in PEM whom the first one lists in hex."""
    both = [
        ("2.root", within("keys", "the key of cas", value=hex_point("ann"))),
        ("2.root", within("roles", ROOT, "threshold", value=3)),
    ]

    def thrice(file):
        file["signatures"][2]["sig"] = file["signatures"][0]["sig"]

    refused(ThresholdError, before=both, after=[("2.root", thrice)])


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda point: "02" + point[2:66],  # compressed
        lambda point: point[2:],  # without what it begins with
        lambda point: "0x" + point,
        lambda point: point + "00",
        lambda point: point[:-2] + ("00" if point[-2:] != "00" else "01"),  # not on the curve
    ],
)
def test_hex_that_is_no_uncompressed_point_is_no_key(spoilt):
    """Nobody is known to write these; a key more could only count by mistake."""
    point = hex_point("ben")["keyval"]["public"]
    edit = within("keys", "the key of ben", "keyval", "public", value=spoilt(point))

    refused(ThresholdError, before=[("1.root", edit)])


# -- members that nobody knows ----------------------------------------------------------


@pytest.mark.parametrize("name", VALUES)
def test_unknown_members_are_signed_over(name):
    """In a key, in a role; beside it P19: one that is added after signing spoils the signature."""
    refused(ThresholdError, after=[(name, within("signed", "x-added", value=1))])


def test_unknown_members_of_keys_are_signed_over():
    edit = within("signed", "keys", "the key of ann", "x-tuf-on-ci-keyowner", value="@eve")

    refused(ThresholdError, after=[("2.root", edit)])


def test_what_is_said_beside_a_signature_does_not_matter():
    """T-40, T-45: whoever relays a file writes it."""
    edits = [
        (name, within("signatures", 0, member, value=value))
        for name in VALUES
        for member, value in (("method", "none"), ("scheme", "none"), ("x", {"a": [None]}))
    ]

    assert client(repository(after=edits)) == client(repository())


# -- a snapshot that lists root ---------------------------------------------------------


def versions(number):
    """Edits that bring timestamp and snapshot to a version."""
    return [
        (SNAPSHOT, within("version", value=number)),
        (TIMESTAMP, within("version", value=number)),
        (TIMESTAMP, within("meta", "snapshot.json", "version", value=number)),
    ]


def later(*edits):
    """What a client says who saw the repository before it was edited."""
    store = {}
    client(repository(), store=store)
    files = repository(before=[*versions(2), *edits])
    files["2.snapshot.json"] = files.pop("1.snapshot.json")
    return client(files, store=store)


def test_root_may_leave_the_snapshot_but_a_targets_role_may_not():
    """The row of snapshots that list root.json; beside it T-102."""
    assert later((SNAPSHOT, within("meta", "root.json")))
    with pytest.raises(RollbackError):
        later((SNAPSHOT, within("meta", "team.json")))


def test_a_snapshot_lists_files_of_metadata_only():
    refused(MalformedError, before=[(SNAPSHOT, within("meta", "root", value={"version": 1}))])


# -- delegations that say little --------------------------------------------------------


def test_a_search_that_nobody_ends_goes_on_and_one_that_somebody_ends_does_not():
    """P42, T-32: ``terminating`` is false where nothing is said."""
    covering = ("delegations", "roles", 0, "paths")
    idle = {**head(TARGETS), "targets": {}}
    files = repository(
        before=[
            (TARGETS, within(*covering, value=["acme/*"])),
            (SNAPSHOT, within("meta", "idle.json", value={"version": 1})),
        ]
    )
    files["1.idle.json"] = json.dumps(written(idle, "team")).encode()
    assert (TARGETS, "team") == client(files).via

    ending = (TARGETS, within("delegations", "roles", 0, "terminating", value=True))
    ended = repository(before=[(TARGETS, within(*covering, value=["acme/*"])), ending])
    with pytest.raises(NotFoundError):
        client({**files, "1.targets.json": ended["1.targets.json"]})


@pytest.mark.parametrize("said", ["false", 0, None])
def test_what_is_said_of_terminating_is_true_or_false(said):
    """P42."""
    edit = within("delegations", "roles", 0, "terminating", value=said)

    refused(MalformedError, before=[(TARGETS, edit)])


def test_a_delegation_of_nothing_lets_nobody_speak():
    """P43."""
    with pytest.raises(NotFoundError):
        client(repository([(TARGETS, within("delegations", "roles", 1, "paths"))]))


# -- keys that nobody can use, and keys that stand twice --------------------------------


def test_a_key_of_an_unknown_type_is_no_reason_to_refuse_but_signs_for_nobody():
    """P41."""
    alone = [("2.root", within("roles", TARGETS, "keyids", value=["nobody's", "damaged"]))]

    error = refused(ThresholdError, before=alone)

    assert TARGETS == error.role


@pytest.mark.parametrize("name", ["nobody's", "the key of cas", "unused"])
def test_a_key_that_stands_twice_is_accepted_and_counted_once(name):
    """The row of duplicate keys: the root is good, as long as nobody needs both."""
    edits = [("2.root", within("keys", name, value=in_pem("ann")))]

    assert client(repository(before=edits))
    if name == "the key of cas":
        three = ("2.root", within("roles", ROOT, "threshold", value=3))
        refused(ThresholdError, before=[*edits, three])


def test_the_optional_role_is_accepted_and_the_others_are_not_optional():
    """P40."""
    assert client(repository(before=[("2.root", within("roles", "mirrors"))]))
    for name in (ROOT, TIMESTAMP, SNAPSHOT, TARGETS):
        refused(MalformedError, before=[("2.root", within("roles", name))])


# -- what no real file has --------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"_type": ', b'"version": 1, "_type": '),  # a member twice
        (b'"version": 1', b'"version": 1.0'),
        (b'"version": 1', b'"version": 1e0'),
        (b"{", b"\xef\xbb\xbf{"),
        (b"{", b"\xff\xfe{"),
    ],
    ids=["member twice", "fraction", "exponent", "mark", "another mark"],
)
@pytest.mark.parametrize("path", sorted(repository().keys() - {"2.root.json"}))
def test_what_nobody_is_known_to_write_is_refused(path, old, new):
    """P21, P23, P25: refused whoever signed it, since that is looked at first."""
    files = repository()
    assert old in files[path]

    with pytest.raises(MalformedError):
        client({**files, path: files[path].replace(old, new, 1)})


def test_hashes_in_capitals_are_refused():
    edit = within("targets", "acme/[a-z]pp", "hashes", "sha256", value=DIGEST.upper())

    refused(MalformedError, before=[("team", edit)])


def test_a_class_in_a_pattern_is_four_characters_and_no_class():
    """P48: the delegation covers ``acme/[a-z]pp`` and not ``acme/app``."""
    with pytest.raises(NotFoundError):
        client(repository([("team", within("targets", "acme/app", value=TARGET))]), "acme/app")


def test_a_hash_that_nobody_knows_is_no_reason_to_refuse_but_vouches_for_nothing():
    """P30."""
    known = {"version": 1, "hashes": {"blake2s": "?"}}
    error = refused(
        MismatchError, before=[(TIMESTAMP, within("meta", "snapshot.json", value=known))]
    )

    assert SNAPSHOT == error.role
