"""Metadata that others wrote: an edit loses nothing of it, and clients accept what comes of it."""

import json

import pytest
from core.worlds import LATER, NOW, signed_json, signer
from publish.desks import Served, authority, digest, key, opened, tagged
from publish.desks import publish_for_ours as publish

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    Anchor,
    MalformedError,
    MemoryStorage,
    NotFoundError,
    PathPatterns,
    PerOrganisation,
    Repository,
    SigningError,
    Target,
    TrustError,
    Updater,
)
from trustlib.wire import key_value

EXPIRES = LATER.strftime("%Y-%m-%dT%H:%M:%SZ")


def head(type_, **more):
    return {
        "_type": type_,
        "spec_version": "1.0",
        "version": 7,
        "expires": EXPIRES,
        f"x-{type_}": {"deep": ["down", {"x": None}]},
        **more,
    }


def listed(name, where):
    return {**key_value(key(name)), f"x-key-{where}": "@" + name}


def entry(where, *ids, threshold=1):
    return {"keyids": list(ids), "threshold": threshold, f"x-entry-{where}": True}


def listing(name, version=7):
    return {"version": version, f"x-meta-{name}": 1}


def foreign(**more):
    """A repository as another program writes it: unknown members wherever one can stand,
    and keys that go by names instead of by their hashes."""
    root = head(
        "root",
        consistent_snapshot=True,
        keys={
            "the root": listed("root", "root"),
            "the online": listed("online", "root"),
            "alice's": listed("alice", "root"),
            "unheard of": {
                "keytype": "quantum",
                "scheme": "q",
                "keyval": {"public": "a", "x-keyval": 1},
            },
        },
        roles={
            ROOT: entry("root", "the root", "unheard of"),
            TARGETS: entry("targets", "alice's"),
            SNAPSHOT: entry("snapshot", "the online"),
            TIMESTAMP: entry("timestamp", "the online"),
            "mirrors": entry("mirrors", "the online"),
        },
        **more,
    )
    target = {
        "length": 3,
        "hashes": {"sha256": digest()[7:], "x-hash": "whatever"},
        "custom": {"x-custom": {"a": [1]}},
        "x-target": "t",
    }
    targets = head(
        "targets",
        targets={"acme/old:1": target},
        delegations={
            "keys": {"the team": listed("team", "delegated")},
            "roles": [
                {
                    **entry("delegation", "the team"),
                    "name": "team",
                    "paths": ["acme/*"],
                    "terminating": False,
                }
            ],
            "x-delegations": 1,
        },
    )
    team = head("targets", targets={}, **{"x-team": 1})
    snapshot = head(
        "snapshot",
        meta={
            "targets.json": listing("targets"),
            "team.json": listing("team"),
            "root.json": listing("root"),  # some list it
        },
    )
    timestamp = head("timestamp", meta={"snapshot.json": listing("snapshot")})
    return {
        "7.root.json": signed_as(root, "the root", "root"),
        "7.targets.json": signed_as(targets, "alice's", "alice"),
        "7.team.json": signed_as(team, "the team", "team"),
        "7.snapshot.json": signed_as(snapshot, "the online", "online"),
        "timestamp.json": signed_as(timestamp, "the online", "online"),
    }


def signed_as(value, keyid, name):
    file = json.loads(signed_json(value, [signer(name)]))
    file["signatures"][0]["keyid"] = keyid
    return json.dumps(file, indent=1).encode()


@pytest.fixture
def files():
    return foreign()


@pytest.fixture
def anchor(files):
    return Anchor.root(files["7.root.json"])


@pytest.fixture
def store(files):
    return MemoryStorage(files)


def unknown(value, at=""):
    """Every member that TUF does not define, and what it says."""
    found = {}
    if isinstance(value, list):
        value = {str(i): item for i, item in enumerate(value)}
    if isinstance(value, dict):
        for name, below in value.items():
            if name.startswith("x-"):
                found[f"{at}/{name}"] = below
            else:
                found |= unknown(below, f"{at}/{name}")
    return found


def signed_part(raw):
    return json.loads(raw)["signed"]


def test_an_edit_of_every_role_loses_no_member(store, files, anchor):
    before = opened(store, anchor)
    after = tagged(tagged(before, "1.4"), "2", role="team").with_target("plain", Target.of(b"x"))

    receipt = publish(store, before, after, now=NOW, renewing=[ROOT])

    assert (
        "8.targets.json",
        "8.team.json",
        "8.snapshot.json",
        "8.root.json",
        "timestamp.json",
    ) == receipt.written
    for old, new in {
        "7.root.json": "8.root.json",
        "7.targets.json": "8.targets.json",
        "7.team.json": "8.team.json",
        "7.snapshot.json": "8.snapshot.json",
        "timestamp.json": "timestamp.json",
    }.items():
        was, now = signed_part(files[old]), signed_part(store.files[new])
        assert unknown(was) == unknown(now)
        assert "1.0" == now["spec_version"]
    assert receipt.repository == opened(store, anchor)


def test_a_client_of_the_old_repository_accepts_the_new_one(store, anchor):
    memory = MemoryStorage()
    updater = Updater(anchor=anchor, transport=Served(store), storage=memory, clock=lambda: NOW)
    updater.refresh()
    before = opened(store, anchor)
    publish(store, before, tagged(before, "2", role="team"), now=NOW, renewing=[ROOT, TARGETS])

    updater.refresh()

    assert (TARGETS, "team") == updater.resolve("acme/app:2").via
    assert "a" * 64 == updater.resolve("acme/old:1").digest.hex
    assert updater.resolve("acme/old:1").collection is None


def test_new_keys_lose_no_member_that_others_wrote(store, files, anchor):
    """Beside the keys that go, and what was said of them."""
    before = opened(store, anchor)
    after = (
        before.with_keys(TARGETS, key("bob"))
        .with_keys(SNAPSHOT, key("alice"))  # known to root, by another name
        .with_keys("team", key("team2"))
        .with_keys("team", key("team"))
    )

    receipt = publish(store, before, after, now=NOW)

    assert (
        unknown(signed_part(files["7.root.json"])).items()
        <= unknown(signed_part(store.files["8.root.json"])).items()
    )
    delegations = signed_part(store.files["8.targets.json"])["delegations"]
    assert {"the team", key("team2").id} == set(delegations["keys"])
    assert ["the team", key("team2").id] == delegations["roles"][0]["keyids"]
    assert 1 == delegations["roles"][0]["x-entry-delegation"]
    assert receipt.repository == opened(store, anchor)


def test_a_role_with_a_key_of_an_unknown_kind_is_mended_before_it_is_edited(store, anchor):
    """Real roots carry such keys; ours never will."""
    before = opened(store, anchor)
    strange = before.root.keys["unheard of"]

    with pytest.raises(SigningError, match="no signature counts for"):
        before.with_keys(ROOT, key("root2"))
    after = before.without_keys(ROOT, strange).with_keys(ROOT, key("root2"))

    assert {"the root", key("root2").id} == set(after.root.authority(ROOT).keys)
    assert publish(store, before, after, now=NOW).repository == opened(store, anchor)


def test_a_root_is_rotated_away_from_keys_that_go_by_names(store, anchor):
    before = opened(store, anchor)
    after = (
        before.without_keys(ROOT, before.root.keys["unheard of"])
        .with_keys(ROOT, key("root2"))
        .without_keys(ROOT, key("root"))
    )

    receipt = publish(store, before, after, now=NOW)

    assert authority("root2") == receipt.repository.root.authority(ROOT)
    assert "the root" not in signed_part(store.files["8.root.json"])["keys"]
    assert receipt.repository == opened(store, anchor)


def test_a_second_delegation_leaves_the_first_as_it_was(store, files, anchor):
    before = opened(store, anchor)
    after = before.with_delegation("x", keys=authority("bob"), grant=PathPatterns(("acme/*",)))

    publish(store, before, after, now=NOW)

    was = signed_part(files["7.targets.json"])["delegations"]
    now = signed_part(store.files["8.targets.json"])["delegations"]
    assert was["roles"][0] == now["roles"][0]
    assert was["keys"]["the team"] == now["keys"]["the team"]


def test_a_collection_without_a_name_gets_none(store, anchor):
    before = opened(store, anchor)
    publish(store, before, tagged(before), now=NOW)

    assert before.collection is None
    assert b"x-trustlib-collection" not in b"".join(store.files.values())


def test_names_are_as_they_are_given_or_else_the_collections(anchor, store):
    assert PerOrganisation() == opened(store, anchor).names
    given = Repository.open(store, anchor=anchor, names=PerOrganisation("ghcr.io"))

    assert PerOrganisation("ghcr.io") == given.names
    with pytest.raises(NotFoundError):
        tagged(given)


@pytest.mark.parametrize("name", ["", "acme", "..", "\x1b[2J", "index.docker.io/acme", "a b/c"])
def test_a_collection_whose_name_is_no_registrys_needs_names(name):
    """T-46: what somebody else signed is no programming error of ours."""
    member = {"x-trustlib-collection": name}
    files = {}
    for path, raw in foreign().items():
        value = {**signed_part(raw), **member}
        keyid = json.loads(raw)["signatures"][0]["keyid"]
        who = {"the root": "root", "the online": "online", "alice's": "alice", "the team": "team"}
        files[path] = signed_as(value, keyid, who[keyid])
    anchor = Anchor.root(files["7.root.json"])
    store = MemoryStorage(files)

    with pytest.raises(MalformedError, match="x-trustlib-collection") as error:
        opened(store, anchor)
    assert str(error.value).isprintable()
    assert name == Repository.open(store, anchor=anchor, names=PerOrganisation()).collection


@pytest.mark.parametrize("path", sorted(foreign().keys() - {"7.root.json"}))
def test_a_publisher_trusts_its_storage_no_more_than_a_client_does(store, files, anchor, path):
    """Somebody changed one file in the bucket."""
    value = json.loads(files[path])
    value["signed"]["x-added"] = "by a thief"
    changed = MemoryStorage({**files, path: json.dumps(value).encode()})

    with pytest.raises(TrustError):
        opened(changed, anchor)
