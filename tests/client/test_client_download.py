"""Both updaters download what they found, as long as it may be believed."""

import hashlib

import pytest
from client.servers import FACES, AtOnce, client
from core.worlds import DAY, LATER, NOW, SECOND, World, grant, targets_role

from trustlib import (
    DirectoryTransport,
    ExpiredError,
    MemoryStorage,
    MismatchError,
    NotFoundError,
    Offline,
    TransportError,
    events,
)

FACE = pytest.mark.parametrize("face", [face for face, _ in FACES], ids=["sync", "async"])


def published(world, folder, *paths, where="targets/"):
    """*folder* as a web server has it: metadata, and the artifacts that hold their own names."""
    for path, raw in world.files().items():
        (folder / path).write_bytes(raw)
    for path in paths:
        parent, slash, name = path.rpartition("/")
        digest = hashlib.sha256(path.encode()).hexdigest()
        prefix = f"{digest}." if world.root.consistent_snapshot else ""
        file = folder / f"{where}{parent}{slash}{prefix}{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.encode())
    return DirectoryTransport(folder)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


@FACE
@pytest.mark.parametrize("consistent", [True, False])
def test_what_was_found_is_downloaded(face, site, tmp_path, consistent):
    world = World.create(consistent=consistent).delegating(grant("t", "t/*"), t=targets_role("t/x"))
    updater = client(world, published(world, site, "app", "t/x"), face=face)
    told = []

    for path in ("app", "t/x"):
        place = tmp_path / "out"
        assert place == updater.download(updater.find(path), place)
        assert path.encode() == place.read_bytes()
    assert [] == told


@FACE
def test_many_are_downloaded_in_order(face, site, tmp_path):
    names = [f"t/{n}" for n in range(20)]
    world = World.create().delegating(grant("t", "t/*"), t=targets_role(*names))
    updater = client(world, published(world, site, *names), face=face)
    wanted = [(updater.find(name), tmp_path / name.replace("/", "-")) for name in names]

    places = updater.download_all(wanted)

    assert [place for _, place in wanted] == list(places)
    assert names == [place.read_text() for place in places]
    with pytest.raises(ValueError, match="same place"):
        updater.download_all([wanted[0], wanted[0]])


@FACE
def test_artifacts_may_be_somewhere_else(face, site, tmp_path):
    world = World.create()
    published(world, site, "app", where="")
    artifacts = DirectoryTransport(site)
    updater = client(world, AtOnce(world.files()), artifacts=artifacts)
    updater = client(world, DirectoryTransport(site), face=face, artifacts=artifacts)

    assert b"app" == updater.download(updater.find("app"), tmp_path / "out").read_bytes()


@FACE
def test_progress_is_told(face, site, tmp_path):
    world, heard = World.create(), []
    updater = client(world, published(world, site, "app"), face=face)
    found = updater.find("app")

    def listen(so_far, total):
        heard.append((so_far, total))

    if face is FACES[0][0]:
        updater.download(found, tmp_path / "out", progress=listen)
        assert (3, 3) == heard[-1]
    assert tmp_path / "all" == updater.download_all([(found, tmp_path / "all")])[0]


@FACE
def test_what_is_not_what_was_found_is_refused_and_told(face, site, tmp_path):
    world, told = World.create(), []
    updater = client(world, published(world, site, "app"), face=face, on_event=told.append)
    found = updater.find("app")
    (file,) = (site / "targets").iterdir()
    file.write_bytes(b"apq")

    with pytest.raises(MismatchError) as error:
        updater.download(found, tmp_path / "out")
    assert events.Refused(error=error.value) == told[-1]
    file.unlink()
    with pytest.raises(NotFoundError) as absent:
        updater.download_all([(found, tmp_path / "out")])
    assert events.Refused(error=absent.value) == told[-1]
    assert not (tmp_path / "out").exists()


@FACE
def test_what_is_too_old_to_be_believed_is_not_downloaded(face, site, tmp_path):
    """A digest does not expire; that somebody vouches for it does."""
    world, now, told = World.create(), [NOW], []
    transport = published(world, site, "app")
    updater = client(world, transport, face=face, clock=lambda: now[0], on_event=told.append)
    found = updater.find("app")
    now[0] = LATER - SECOND
    assert updater.download(found, tmp_path / "first")
    now[0] = LATER

    for download in (
        lambda: updater.download(found, tmp_path / "out"),
        lambda: updater.download_all([(found, tmp_path / "out")]),
    ):
        with pytest.raises(ExpiredError) as error:
            download()
        assert ("targets", LATER, LATER) == (
            error.value.role,
            error.value.expired,
            error.value.now,
        )
        assert events.Refused(error=error.value) == told[-1]
    assert not (tmp_path / "out").exists()


@FACE
def test_offline_a_file_that_is_right_needs_no_network(face, site, tmp_path):
    world, store = World.create(), MemoryStorage()
    online = client(world, published(world, site, "app"), storage=store)
    online.download(online.find("app"), tmp_path / "out")
    offline = client(world, Offline(), face=face, storage=store, now=NOW + DAY)
    found = offline.find("app")

    assert tmp_path / "out" == offline.download(found, tmp_path / "out")
    with pytest.raises(TransportError, match="offline"):
        offline.download(found, tmp_path / "elsewhere")
