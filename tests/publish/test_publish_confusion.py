"""What is signed for one purpose serves no other: roles, requests, versions, digests."""

import json
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from trustlib import (
    BY_HAND,
    TUF_JSON,
    Anchor,
    Authority,
    ExpiredError,
    MalformedError,
    MemoryStorage,
    MetaFile,
    MismatchError,
    PathPatterns,
    Repository,
    SigningPlan,
    SigningRequest,
    ThresholdError,
    Updater,
)
from trustlib.signing import MemorySigner

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ROLES = ("root", "targets", "snapshot", "timestamp")


class Files:
    """A server of files that anybody may have put there."""

    def __init__(self, files):
        self.files = dict(files)

    def fetch(self, request):
        data = self.files.get(request.path.replace("%2F", "/"))
        return None if data is None else iter((data,))


def published(storage, before, after, *signers):
    plan = SigningPlan.between(before, after, now=NOW, expiry=BY_HAND).signed_by(*signers)
    return plan.publication().apply(storage).repository


def client(server, root):
    return Updater(
        anchor=Anchor.root(root), transport=server, storage=MemoryStorage(), clock=lambda: NOW
    )


def test_a_role_cannot_stand_in_for_another_that_shares_its_key():
    """T-98: TUF signs no role's name; we do."""
    signer = MemorySigner.generate()
    keys = Authority.of(signer.key)
    empty = Repository.create(
        "docker.io/acme", root=keys, targets=keys, snapshot=keys, timestamp=keys
    )
    after = (
        empty.with_tag("acme/app:1", digest="sha256:" + 64 * "5", size=5)
        .with_delegation("acme/nightly", keys=keys, grant=PathPatterns(("acme/*",)))
        .with_tag("acme/app:1", digest="sha256:" + 64 * "0", size=5, role="acme/nightly")
    )
    storage = MemoryStorage()
    published(storage, empty, after, signer)
    server = Files(storage.files)
    assert 64 * "5" == client(server, server.files["1.root.json"]).resolve("acme/app:1").digest.hex

    server.files["1.targets.json"] = server.files["1.acme/nightly.json"]

    with pytest.raises(MismatchError) as error:
        client(server, server.files["1.root.json"]).resolve("acme/app:1")
    assert ("targets", "acme/nightly") == (error.value.role, error.value.got)


def test_a_request_cannot_give_a_role_another_name_than_is_signed(tmp_path):
    signer = MemorySigner.generate()
    keys = Authority.of(signer.key)
    empty = Repository.create(
        "docker.io/acme", root=keys, targets=keys, snapshot=keys, timestamp=keys
    )
    after = empty.with_tag("acme/app:1", digest="sha256:" + 64 * "5", size=5)
    plan = SigningPlan.between(empty, after, now=NOW, expiry=BY_HAND)
    plan.drafts["targets"].request.write(tmp_path / "request")
    value = json.loads((tmp_path / "request").read_text())
    (tmp_path / "request").write_text(json.dumps({**value, "role": "acme/nightly"}))

    with pytest.raises(MalformedError) as error:
        SigningRequest.read(tmp_path / "request")

    assert "$.role" == error.value.path


def test_a_removed_snapshot_key_cannot_wedge_a_client_with_an_old_timestamp():
    """The version it inflated is listed by a timestamp whose own keys are still good."""
    signers = {role: MemorySigner.generate() for role in ROLES}
    fresh = MemorySigner.generate()
    empty = Repository.create(
        "docker.io/acme", **{role: Authority.of(signers[role].key) for role in ROLES}
    )
    storage = MemoryStorage()
    before = published(storage, empty, empty, *signers.values())
    root = storage.files["1.root.json"]

    def signed(role, by):
        return TUF_JSON.render(role, (signers[by].sign(TUF_JSON.payload(role)),))

    far = 2**53 - 2
    inflated = attrs.evolve(before.snapshot, version=far)
    listing = attrs.evolve(before.timestamp, version=2, snapshot=MetaFile(version=far))
    after = before.with_keys("snapshot", fresh.key).without_keys(
        "snapshot", signers["snapshot"].key
    )
    rotated = published(storage, before, after, signers["root"], signers["timestamp"], fresh)
    again = SigningPlan.between(
        rotated, rotated, now=NOW, expiry=BY_HAND, renewing=["snapshot", "timestamp"]
    )
    again.signed_by(fresh, signers["timestamp"]).publication().apply(storage)

    server = Files(
        {
            **storage.files,
            "timestamp.json": signed(listing, "timestamp"),
            f"{far}.snapshot.json": signed(inflated, "snapshot"),
        }
    )
    updater = client(server, root)
    with pytest.raises(ThresholdError) as error:
        updater.refresh()
    assert "snapshot" == error.value.role

    server.files = dict(storage.files)

    assert 3 == updater.refresh().snapshot.snapshot.role.version


def test_a_file_with_a_number_lifts_no_timestamp():
    """Only somebody who may write to the storage can put it there, and that is no signer."""
    signer = MemorySigner.generate()
    keys = Authority.of(signer.key)
    empty = Repository.create(
        "docker.io/acme", root=keys, targets=keys, snapshot=keys, timestamp=keys
    )
    storage = MemoryStorage()
    published(storage, empty, empty, signer)
    for number in range(2, 8):
        storage.write(f"{number}.timestamp.json", b"", replacing=None)
    anchor = Anchor.root(storage.files["1.root.json"])

    opened = Repository.open(storage, anchor=anchor)
    plan = SigningPlan.between(opened, opened, now=NOW, expiry=BY_HAND, renewing=["timestamp"])

    assert 2 == plan.outcome.timestamp.version


def test_a_digest_alone_is_not_verified_by_anybody():
    """T-59: an empty answer never verifies."""
    reference = "acme/app@sha256:" + 64 * "a"
    updater = client(Files({}), b"")

    with pytest.raises(ValueError, match="expected a tag"):
        updater.verify(reference, digest="sha256:" + 64 * "a")


def test_signatures_that_took_too_long_to_gather_are_not_published():
    """A plan is made at one time and published at another."""
    signer = MemorySigner.generate()
    keys = Authority.of(signer.key)
    empty = Repository.create(
        "docker.io/acme", root=keys, targets=keys, snapshot=keys, timestamp=keys
    )
    plan = SigningPlan.between(empty, empty, now=NOW, expiry=BY_HAND).signed_by(signer)

    with pytest.raises(ExpiredError) as error:
        plan.publication(now=NOW + timedelta(days=15))

    assert "timestamp" == error.value.role
