"""Repositories whose times have fractions: edits write whole seconds, and touch nothing else."""

import json

import pytest
from core.worlds import NOW, World, as_json, grant, only_version, signed_json, targets_role
from publish.desks import Served, key, planned, signed, tagged

from trustlib import (
    BY_HAND,
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TUF_JSON,
    TUF_JSON_RFC3339,
    Anchor,
    MalformedError,
    MemoryStorage,
    Repository,
    Target,
    Targets,
    Updater,
)

FRACTION = "2030-01-31T06:00:00.123456789-06:00"
WORLD = World.create(listing=only_version).delegating(
    grant("team", "acme/*"), team=targets_role("acme/old:1")
)
PATHS = {
    ROOT: "1.root.json",
    TIMESTAMP: "timestamp.json",
    SNAPSHOT: "1.snapshot.json",
    TARGETS: "1.targets.json",
    "team": "1.team.json",
}
EVERYBODY = tuple(PATHS)
OTHERS = (SNAPSHOT, TARGETS, TIMESTAMP)


@pytest.fixture
def files():
    return {
        path: signed_json({**as_json(WORLD.role(name)), "expires": FRACTION}, WORLD.by[name])
        for name, path in PATHS.items()
    }


@pytest.fixture
def store(files):
    return MemoryStorage(files)


@pytest.fixture
def before(store, files):
    return Repository.open(store, anchor=anchored(files), format=TUF_JSON_RFC3339)


def anchored(files, version=1):
    return Anchor.root(files[f"{version}.root.json"])


def client(anchor, store, format, memory=None):
    storage = memory or MemoryStorage()
    return Updater(
        anchor=anchor, transport=Served(store), storage=storage, format=format, clock=lambda: NOW
    )


def expiries(files):
    return {json.loads(raw)["signed"]["expires"] for raw in files}


def test_an_edit_writes_whole_seconds_and_leaves_other_files_byte_for_byte(store, files, before):
    plan = planned(before, tagged(before), now=NOW)

    receipt = signed(plan, *OTHERS).publication().apply(store)

    assert ("2.targets.json", "2.snapshot.json", "timestamp.json") == receipt.written
    for path in ("1.root.json", "1.team.json", "1.targets.json"):
        assert files[path] == store.files[path]
    new = [store.files[path] for path in receipt.written]
    assert all(moment.endswith(":00Z") for moment in expiries(new))
    assert receipt.repository == Repository.open(
        store, anchor=anchored(files), format=TUF_JSON_RFC3339
    )


def test_clients_read_an_edited_repository_with_the_wider_reader_still(store, files, before):
    memory = MemoryStorage()
    wide = client(anchored(files), store, TUF_JSON_RFC3339, memory)
    wide.refresh()
    signed(planned(before, tagged(before), now=NOW), *OTHERS).publication().apply(store)

    wide.refresh()

    assert 1573 == wide.resolve("acme/app:1.4").size
    assert ("targets", "team") == wide.find("acme/old:1").via
    with pytest.raises(MalformedError):
        client(anchored(files), store, TUF_JSON).refresh()


def test_once_every_role_was_signed_anew_the_strict_reader_will_do(store, files, before):
    """From the new root on, that is: the old one stays as it was signed."""
    plan = planned(before, before, now=NOW, renewing=EVERYBODY)
    signed(plan, *EVERYBODY).publication().apply(store)

    strict = client(anchored(store.files, 2), store, TUF_JSON)

    assert ("targets", "team") == strict.find("acme/old:1").via
    with pytest.raises(MalformedError):
        client(anchored(files), store, TUF_JSON).refresh()


def test_a_second_edit_renews_no_more_than_the_first(store, files, before):
    first = signed(planned(before, tagged(before), now=NOW), *OTHERS).publication().apply(store)
    again = first.repository.with_target("plain", Target.of(b"x"))

    plan = planned(again, again, now=NOW)
    assert {} == dict(plan.drafts)
    plan = planned(first.repository, again, now=NOW)
    assert {TARGETS, SNAPSHOT, TIMESTAMP} == set(plan.drafts)
    signed(plan, *OTHERS).publication().apply(store)
    assert files["1.team.json"] == store.files["1.team.json"]


def test_what_is_sent_to_signers_is_spelled_as_the_specification_says(before, tmp_path):
    plan = planned(before, before, now=NOW, expiry=BY_HAND, renewing=["team"])
    request = plan.drafts["team"].request
    request.write(tmp_path / "request")

    assert request == type(request).read(tmp_path / "request")
    assert TUF_JSON.parse(Targets, request.document.raw, name="team") == request.document


def test_a_role_whose_keys_changed_is_signed_anew_though_its_time_has_a_fraction(before):
    """That a file can be read is not that it verifies."""
    after = before.with_keys("team", key("bob")).without_keys("team", key("team"))

    assert "team" in planned(before, after, now=NOW).drafts
