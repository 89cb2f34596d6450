"""What a key signs after its backup was restored, the reference client accepts."""

import shutil
import tarfile
from datetime import UTC, datetime

import pytest

from trustlib import RENEWED, Anchor, Authority, FileStorage, Repository, SigningPlan, Target
from trustlib.signing import Algorithm, KeyStore, Label

ROLES = {
    "root": Algorithm.ED25519,
    "targets": Algorithm.ECDSA_P256,
    "snapshot": Algorithm.ED25519,
    "timestamp": Algorithm.ECDSA_P384,
}


def authority(store, role):
    return Authority.of(*(stored.key for stored in store.find(role=role)))


def publish(site, store, before, after):
    plan = SigningPlan.between(before, after, now=datetime.now(UTC), expiry=RENEWED)
    asked = [
        stored.unlock("secret")
        for stored in store.list()
        if any(draft.request.asks(stored.key) for draft in plan.drafts.values())
    ]
    plan.signed_by(*asked).publication().apply(FileStorage.public(site))


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Keys and a first release. Shared: copy it."""
    folder = tmp_path_factory.mktemp("begun")
    first = KeyStore(folder / "one")
    for role, algorithm in ROLES.items():
        first.generate("secret", Label(role=role, owner="alice"), algorithm=algorithm)
    empty = Repository.create("docker.io/acme", **{role: authority(first, role) for role in ROLES})
    publish(folder / "site", first, empty, empty.with_target("acme/app", Target.of(b"one")))
    return folder


@pytest.mark.parametrize("way", ["encrypted", "plain"])
def test_a_restored_store_publishes_what_python_tuf_accepts(judge, begun, tmp_path, way):
    """Machine one makes keys and a first release, burns, and machine two carries on."""
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    site, first = tmp_path / "site", KeyStore(tmp_path / "one")
    if way == "encrypted":
        first.export(tmp_path / "backup", "of the backup")
    else:
        with tarfile.open(tmp_path / "backup", "w:gz") as tar:
            tar.add(first.directory, "keys")
    first.directory.rename(tmp_path / "ashes")

    second = KeyStore(tmp_path / "two")
    if way == "encrypted":
        second.restore(tmp_path / "backup", "of the backup")
    else:
        second.restore_tar(tmp_path / "backup")
    anchor = Anchor.root((site / "1.root.json").read_bytes())
    before = Repository.open(FileStorage.public(site), anchor=anchor)
    publish(site, second, before, before.with_target("acme/app", Target.of(b"number two")))

    assert 10 == judge(site).get_targetinfo("acme/app").length
