"""§6.2.1: what a published repository looks like from outside."""

import json

import pytest
from core.worlds import NOW
from publish.desks import (
    PEOPLE,
    authority,
    key,
    opened,
    publish,
    tagged,
)

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    PathPatterns,
)

ACME = PathPatterns(("acme/*",))


@pytest.fixture
def store(storage, published):
    """The repository after three more editions, a delegated role, and new keys for root."""
    team = published.with_delegation("team/a b", keys=authority("team"), grant=ACME)
    after = publish(storage, published, tagged(team, "2", role="team/a b"), now=NOW).repository
    after = publish(storage, after, after.with_keys(ROOT, key("root2")), now=NOW).repository
    publish(storage, after, after.without_keys(ROOT, key("root")), now=NOW, renewing=[TARGETS])
    return storage


def signed_parts(store):
    return {path: json.loads(raw)["signed"] for path, raw in store.files.items()}


def test_every_file_but_the_timestamp_has_its_version_in_its_name(store):
    for path, said in signed_parts(store).items():
        number, dot, rest = path.partition(".")
        if said["_type"] == TIMESTAMP:
            assert "timestamp.json" == path
        else:
            assert (str(said["version"]), ".") == (number, dot)
            assert rest in {"root.json", "snapshot.json", "targets.json", "team/a b.json"}


def test_every_root_stays_where_it_was_published(store):
    """A client with the first root can walk to the last."""
    roots = [path for path in store.files if path.endswith(".root.json")]

    assert ["1.root.json", "2.root.json", "3.root.json"] == sorted(roots)
    assert 3 == opened(store).root.version


def test_a_root_says_that_snapshots_are_consistent(store):
    roots = [said for said in signed_parts(store).values() if said["_type"] == ROOT]

    assert [True] * 3 == [said["consistent_snapshot"] for said in roots]


def test_a_snapshot_lists_every_targets_role_by_its_plain_name(store):
    """§4.4; and a timestamp the snapshot."""
    listings = [said for said in signed_parts(store).values() if said["_type"] == SNAPSHOT]
    latest = max(listings, key=lambda said: said["version"])
    repository = opened(store)

    versions = {name: file["version"] for name, file in latest["meta"].items()}
    assert {f"{name}.json": role.version for name, role in repository.targets.items()} == versions
    assert {"targets.json", "team/a b.json"} == set(versions)
    stamped = signed_parts(store)["timestamp.json"]["meta"]
    assert {"snapshot.json": latest["version"]} == {n: f["version"] for n, f in stamped.items()}


def test_every_key_is_listed_under_its_id(store):
    """§4.3: publishers write ids that are right, though clients do not ask."""
    public = {key(name).id: key(name).keyval["public"] for name in PEOPLE}
    for said in signed_parts(store).values():
        listed = said.get("keys") or said.get("delegations", {}).get("keys", {})

        assert {keyid: public[keyid] for keyid in listed} == {
            keyid: value["keyval"]["public"] for keyid, value in listed.items()
        }
