"""What surrounds a client: a directory, an environment, a caller who changes what he is given."""

import sys

import pytest
from core.worlds import NOW, World, grant, only_version, target, targets_role
from security.clients import InTurn

from trustlib import Anchor, FileStorage, MemoryStorage, Updater
from trustlib._frozen import FrozenMap
from trustlib.roles import Target
from trustlib.testing.attacks.delegations import HOSTILE, tree
from trustlib.testing.attacks.scenes import repository


def updater(world, storage):
    transport = InTurn()
    transport.files = world.files()
    anchor = Anchor.root(transport.files["1.root.json"])
    return Updater(anchor=anchor, transport=transport, storage=storage, clock=lambda: NOW)


def tree_of(directory):
    return {path.relative_to(directory) for path in directory.rglob("*")}


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_no_name_of_a_role_leads_out_of_the_store(name, tmp_path):
    """T-04, CVE-2021-41131: on a real file system, with neighbours that could be overwritten."""
    store = tmp_path / "a" / "store"
    neighbours = {tmp_path / "x.json", tmp_path / "a" / "x.json", tmp_path / "a" / "root.json"}
    store.mkdir(parents=True)
    for path in neighbours:
        path.write_text("mine")
    world = tree(repository(only_version), grant(name, "x/*"), **{name: targets_role("x/x")})
    before = tree_of(tmp_path)

    updater(world, FileStorage(store)).refresh()
    fixed = tree_of(store)
    assert ("targets", name) == updater(world, FileStorage(store)).find("x/x").via

    assert {"mine"} == {path.read_text() for path in neighbours}
    outside = {path for path in tree_of(tmp_path) if path.parts[:2] != ("a", "store")}
    assert before - {store.relative_to(tmp_path)} == outside
    (new,) = tree_of(store) - fixed
    assert new.name == str(new)
    assert world.raw(name) == (store / new).read_bytes()
    top_level = {
        f"{role}.json": world.raw(role) for role in ("root", "timestamp", "snapshot", "targets")
    }
    assert top_level == {file: (store / file).read_bytes() for file in top_level}


_watchers: list[list[str]] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"open", "os.listdir", "os.scandir"}:
        for watcher in _watchers:
            watcher.append(str(arguments[0]))


sys.addaudithook(_note)


def test_nothing_around_a_program_steers_it(tmp_path, monkeypatch):
    """T-13: what lies in the working directory is not even looked at."""
    world = repository(only_version)
    updater(world, MemoryStorage()).find("team/app")  # whatever is imported late is imported now
    (tmp_path / ".trustlib").mkdir()
    for name in (".trustlib/clock", ".trustlib/floors", "root.json", "trustlib.toml", "map.json"):
        (tmp_path / name).write_text("2999-01-01T00:00:00+00:00\n")
    monkeypatch.chdir(tmp_path)
    for name in ("TRUSTLIB_ROOT", "TRUSTLIB_CACHE", "TUF_ROOT", "TRUSTLIB_NOW"):
        monkeypatch.setenv(name, str(tmp_path))
    opened: list[str] = []
    _watchers.append(opened)
    try:
        found = updater(world, MemoryStorage()).find("team/app")
    finally:
        _watchers.remove(opened)

    assert ("targets", "team") == found.via
    assert [] == opened


def custom(world: World) -> World:
    said = FrozenMap({"usage": "root", "depends": ("evil",)})
    listed = Target.of(b"team/app", custom=said)
    return world.edited("team", targets=FrozenMap({"team/app": listed})).sealed()


def test_what_is_said_of_a_target_comes_with_who_said_it():
    """T-51, T-94: it is handed on as it was signed, and means nothing here."""
    plain = repository(only_version)

    found = updater(custom(plain), MemoryStorage()).find("team/app")

    assert {"usage": "root", "depends": ("evil",)} == dict(found.target.custom)
    assert ("targets", "team") == found.via
    other = updater(plain, MemoryStorage()).find("team/app")
    assert (other.path, other.via, other.valid_until) == (found.path, found.via, found.valid_until)


def test_nobody_changes_what_is_trusted():
    """P80, P81: whoever is handed an answer cannot change the next one."""
    client = updater(custom(repository(only_version)), MemoryStorage())
    found, trusted = client.find("team/app"), client.refresh()

    for value, name in (
        (found, "target"),
        (found.target, "length"),
        (trusted, "targets"),
        (trusted.targets, "role"),
        (trusted.targets.role, "version"),
    ):
        with pytest.raises(AttributeError):
            setattr(value, name, target(b"evil"))
    for mapping in (found.target.hashes, found.target.custom, trusted.targets.role.targets):
        with pytest.raises(TypeError):
            mapping["sha256"] = "0" * 64
    assert isinstance(hash(found), int)
    assert isinstance(hash(trusted.targets.role), int)
    assert found == client.find("team/app")
