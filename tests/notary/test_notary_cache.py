"""What Docker left on a disk is read as it lies there, and verified like anything else."""

import hashlib
from datetime import datetime

import pytest
from notary.collections_of import REPOSITORIES, fixture_state

from trustlib import MemoryStorage, Request, TransportError, Updater
from trustlib.anchors import Anchor
from trustlib.consensus import RolesAgree
from trustlib.notary import RELEASES, ContentTrust, DockerCache, TrustOnFirstUse, inspect

DCT = REPOSITORIES["dct"]
NAME, STATE = DCT["gun"], DCT["states"][2]


@pytest.fixture
def home(tmp_path):
    """A client's home, with the newest file of every role."""
    folder = tmp_path / "tuf" / NAME / "metadata"
    for path, raw in fixture_state("dct", STATE).items():
        if path.removesuffix(".json") in {"root", *STATE["versions"]}:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(raw)
    return tmp_path


def reading(home, *, name=NAME, anchor=None):
    app = ContentTrust(name)
    return Updater(
        anchor=anchor or TrustOnFirstUse(),
        transport=DockerCache(home, name),
        storage=MemoryStorage(),
        format=app,
        names=app.names,
        clock=lambda: datetime.fromisoformat(STATE["at"]),
    )


def test_a_cache_is_a_collection(home):
    updater = reading(home)

    assert STATE["docker_pull"]["v1"] == str(updater.resolve(f"{NAME}:v1").digest)
    assert ("targets", RELEASES) == updater.find("v2").via
    assert {"alice", "bob"} == set(inspect(updater).signers)


def test_a_cache_has_the_newest_files_only_whatever_they_are_called(home):
    cache = DockerCache(home, NAME)
    raw = (home / "tuf" / NAME / "metadata/root.json").read_bytes()

    assert raw == b"".join(cache.fetch(Request(path=f"root.{'0' * 64}.json")))
    assert None is cache.fetch(Request(path="1.root.json"))
    assert None is cache.fetch(Request(path=f"targets/nobody.{'0' * 64}.json"))
    anchor = Anchor.root(raw)
    assert anchor.sha256 == hashlib.sha256(raw).hexdigest()
    assert 4 == reading(home, anchor=anchor).refresh().targets.role.version


def test_a_collection_that_is_not_in_the_cache_is_not_absent_but_out_of_reach(home):
    with pytest.raises(TransportError, match="cannot be read"):
        reading(home, name="registry.example/other").refresh()


def test_signers_may_have_to_agree(home):
    both = RolesAgree(roles=("targets/alice", "targets/bob"), threshold=2)

    assert set(both.roles) == set(reading(home).find_agreed("v2", both).by)
