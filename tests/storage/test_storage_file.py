"""What a directory promises beyond the ports: modes, links, and nothing left behind."""

import os
import stat
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from trustlib._types import StoredName
from trustlib.errors import StorageError
from trustlib.storage import FileStorage, Modes

A = StoredName("timestamp.json")
BOOKS = StoredName(".trustlib/clock")

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes, links or FIFOs")


@pytest.fixture(params=[0o000, 0o022, 0o077], ids="umask {:03o}".format)
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def everything(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*")}


def drafts(directory: Path) -> list[str]:
    return os.listdir(directory / ".trustlib" / "tmp")


# -- what is made -----------------------------------------------------------------------


@posix
def test_nobody_else_reads_a_clients_store_whatever_the_umask(tmp_path, umask):
    """T-09."""
    storage = FileStorage(tmp_path / "cache" / "acme")
    storage.save(A, b"1", replacing=None)
    storage.save(A, b"2", replacing=b"1")
    storage.save(BOOKS, b"", replacing=None)
    storage.save(StoredName("sub/file"), b"", replacing=None)
    made = [tmp_path / "cache", *(tmp_path / "cache").rglob("*")]
    assert {0o700} == {mode(path) for path in made if path.is_dir()}
    assert {0o600} == {mode(path) for path in made if path.is_file()}


@posix
def test_everybody_reads_a_published_site_whatever_the_umask(tmp_path, umask):
    """T-09."""
    site = tmp_path / "srv" / "site"
    storage = FileStorage.public(site)
    first = storage.write("metadata/1/root.json", b"1", replacing=None)
    storage.write("metadata/1/root.json", b"2", replacing=first)
    published = [path for path in site.rglob("*") if ".trustlib" not in path.parts]
    assert {0o755} == {mode(path) for path in (tmp_path / "srv", site, *published) if path.is_dir()}
    assert {0o644} == {mode(path) for path in published if path.is_file()}


@posix
def test_drafts_of_a_published_site_are_private(tmp_path, umask):
    FileStorage.public(tmp_path).write("a", b"", replacing=None)
    assert 0o700 == mode(tmp_path / ".trustlib")
    assert 0o600 == mode(tmp_path / ".trustlib" / "lock")


@posix
def test_modes_are_a_value_that_a_group_may_pass(tmp_path):
    storage = FileStorage(tmp_path / "site", modes=Modes(directory=0o2750, file=0o640))
    storage.write("a/b", b"", replacing=None)
    assert 0o2750 == mode(tmp_path / "site") == mode(tmp_path / "site" / "a")
    assert 0o640 == mode(tmp_path / "site" / "a" / "b")


@posix
def test_a_directory_that_is_there_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o750)
    FileStorage(tmp_path).save(A, b"", replacing=None)
    assert 0o750 == mode(tmp_path)


def test_a_store_holds_what_was_saved_and_its_own_directory(tmp_path):
    storage = FileStorage(tmp_path)
    storage.save(A, b"1", replacing=None)
    storage.save(A, b"2", replacing=b"1")
    storage.save(A, b"3", replacing=b"1")
    storage.save(BOOKS, b"", replacing=None)
    books = {".trustlib", ".trustlib/lock", ".trustlib/tmp", ".trustlib/clock"}
    assert {"timestamp.json", *books} == everything(tmp_path)


def test_reading_makes_nothing(tmp_path):
    storage = FileStorage(tmp_path / "store")
    assert storage.load(A) is None
    assert storage.read("a/b") is None
    assert () == tuple(storage.list())
    storage.delete("a/b")
    assert set() == everything(tmp_path)


def test_a_storage_is_a_value_and_its_directory_does_not_move(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert FileStorage(tmp_path / "store") == FileStorage("~/store") == FileStorage("store")
    assert FileStorage("store") != FileStorage.public("store")
    assert 1 == len({FileStorage("store"), FileStorage(str(tmp_path / "store"))})


# -- links ------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("target", ["victim", "dangling", "timestamp.json"])
def test_a_link_in_place_of_a_clients_file_is_replaced_and_never_followed(tmp_path, target):
    """T-36: the link reads as nothing, is never followed, and gives way to a file."""
    victim, store = tmp_path / "victim", tmp_path / "store"
    victim.write_bytes(b"outside")
    store.mkdir()
    link = store / A
    link.symlink_to(target if target == A else tmp_path / target)
    storage = FileStorage(store)
    assert storage.load(A) is None
    assert storage.save(A, b"mine", replacing=b"outside") is False
    assert link.is_symlink()
    assert storage.save(A, b"mine", replacing=None) is True
    assert not link.is_symlink()
    assert b"mine" == link.read_bytes()
    assert b"outside" == victim.read_bytes()
    assert not (tmp_path / "dangling").exists()


@posix
def test_a_link_in_place_of_a_published_file_is_refused_and_replaced(tmp_path):
    """T-36."""
    victim, site = tmp_path / "victim", tmp_path / "site"
    victim.write_bytes(b"outside")
    site.mkdir()
    (site / "a").symlink_to(victim)
    storage = FileStorage.public(site)
    with pytest.raises(StorageError, match="symbolic link"):
        storage.read("a")
    assert () == tuple(storage.list())
    assert storage.write("a", b"mine", replacing=None) is not None
    assert b"mine" == storage.read("a").data
    assert b"outside" == victim.read_bytes()


@posix
def test_a_deleted_link_leaves_what_it_led_to(tmp_path):
    victim, site = tmp_path / "victim", tmp_path / "site"
    victim.write_bytes(b"outside")
    site.mkdir()
    (site / "a").symlink_to(victim)
    FileStorage.public(site).delete("a")
    assert b"outside" == victim.read_bytes()
    assert not (site / "a").is_symlink()


@posix
@pytest.mark.parametrize("parent", ["sub", "sub/deeper"])
def test_a_linked_directory_inside_the_store_is_refused(tmp_path, parent):
    """T-36, T-30."""
    outside, site = tmp_path / "outside", tmp_path / "site"
    outside.mkdir()
    (outside / "file").write_bytes(b"outside")
    (site / parent).parent.mkdir(parents=True)
    (site / parent).symlink_to(outside, target_is_directory=True)
    storage = FileStorage.public(site)
    with pytest.raises(StorageError):
        storage.read(f"{parent}/file")
    with pytest.raises(StorageError):
        storage.write(f"{parent}/file", b"mine", replacing=None)
    with pytest.raises(StorageError):
        storage.write(f"{parent}/new/file", b"mine", replacing=None)
    with pytest.raises(StorageError):
        storage.delete(f"{parent}/file")
    assert () == tuple(storage.list())
    assert {"file"} == everything(outside)
    assert b"outside" == (outside / "file").read_bytes()
    if parent == "sub":
        with pytest.raises(StorageError):
            storage.load(StoredName("sub/file"))
        with pytest.raises(StorageError):
            storage.save(StoredName("sub/file"), b"mine", replacing=None)


@posix
@pytest.mark.parametrize("link", [".trustlib", ".trustlib/tmp"])
def test_a_linked_directory_for_drafts_is_refused(tmp_path, link):
    """T-36, at the temporary name."""
    outside, store = tmp_path / "outside", tmp_path / "store"
    outside.mkdir()
    (store / link).parent.mkdir(parents=True)
    (store / link).symlink_to(outside, target_is_directory=True)
    with pytest.raises(StorageError):
        FileStorage(store).save(A, b"mine", replacing=None)
    assert set() == everything(outside)
    assert not (store / A).exists()


@posix
def test_a_linked_lock_is_refused_and_not_truncated(tmp_path):
    victim, store = tmp_path / "victim", tmp_path / "store"
    victim.write_bytes(b"outside")
    (store / ".trustlib").mkdir(parents=True)
    (store / ".trustlib" / "lock").symlink_to(victim)
    with pytest.raises(StorageError, match="lock: is a symbolic link"):
        FileStorage(store).save(A, b"mine", replacing=None)
    assert b"outside" == victim.read_bytes()
    assert [] == drafts(store)


@posix
def test_the_directory_itself_may_be_reached_through_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "disk", target_is_directory=True)
    storage = FileStorage(tmp_path / "cache")
    assert storage.save(A, b"1", replacing=None) is True
    assert b"1" == storage.load(A) == (tmp_path / "disk" / A).read_bytes()


@posix
def test_a_directory_that_is_a_link_to_itself_is_an_error_and_not_an_empty_store(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    storage = FileStorage(tmp_path / "loop")
    with pytest.raises(StorageError):
        storage.load(A)
    with pytest.raises(StorageError):
        storage.save(A, b"", replacing=None)
    with pytest.raises(StorageError):
        storage.list()


# -- what is no file --------------------------------------------------------------------


def refuses(storage: FileStorage, name: str) -> None:
    with pytest.raises(StorageError) as caught:
        storage.load(StoredName(name))
    assert str(storage.directory / name) == caught.value.where
    with pytest.raises(StorageError):
        storage.read(name)
    for replacing in (None, b""):
        with pytest.raises(StorageError):
            storage.save(StoredName(name), b"mine", replacing=replacing)
    with pytest.raises(StorageError):
        storage.write(name, b"mine", replacing=None)
    assert [] == drafts(storage.directory)


def test_a_directory_in_place_of_a_file_is_an_error(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    storage = FileStorage(tmp_path)
    refuses(storage, "a")
    with pytest.raises(StorageError):
        storage.delete("a")
    assert (tmp_path / "a" / "b").is_dir()


@posix
def test_a_fifo_in_place_of_a_file_is_an_error_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "a")
    storage = FileStorage(tmp_path)
    waiting = threading.Thread(target=refuses, args=(storage, "a"), daemon=True)
    waiting.start()
    waiting.join(30)
    if waiting.is_alive():
        os.close(os.open(tmp_path / "a", os.O_RDWR))
    assert not waiting.is_alive()
    assert () == tuple(storage.list())


@posix
def test_a_socket_in_place_of_a_file_is_an_error(tmp_path, monkeypatch):
    import socket

    monkeypatch.chdir(tmp_path)  # a socket's address is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a")
        refuses(FileStorage(tmp_path), "a")


def test_a_file_in_place_of_a_directory_is_an_error(tmp_path):
    (tmp_path / "sub").write_bytes(b"")
    storage = FileStorage(tmp_path)
    refuses(storage, "sub/file")
    with pytest.raises(StorageError):
        storage.delete("sub/file")


def test_a_file_in_place_of_the_store_is_an_error(tmp_path):
    (tmp_path / "store").write_bytes(b"")
    storage = FileStorage(tmp_path / "store")
    with pytest.raises(StorageError, match="store"):
        storage.load(A)
    with pytest.raises(StorageError, match="store"):
        storage.save(A, b"", replacing=None)
    with pytest.raises(StorageError, match="store"):
        storage.list()


def test_a_name_that_is_too_long_is_an_error(tmp_path):
    storage = FileStorage(tmp_path)
    with pytest.raises(StorageError):
        storage.load(StoredName("a" * 300))
    with pytest.raises(StorageError):
        storage.save(StoredName("a" * 300), b"", replacing=None)
    assert [] == drafts(tmp_path)


@posix
def test_files_that_have_no_path_in_a_repository_are_not_listed(tmp_path):
    for name in (b"back\\slash", b"C:x", b"\xff"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"")
    (tmp_path / ".Trustlib").mkdir()
    (tmp_path / ".Trustlib" / "a").write_bytes(b"")
    (tmp_path / "a").write_bytes(b"")
    assert ("a",) == tuple(FileStorage(tmp_path).list())


# -- drafts and the lock ----------------------------------------------------------------


def test_drafts_of_killed_processes_are_ignored_and_removed_when_they_are_old(tmp_path):
    """X41 TUF 106."""
    storage = FileStorage(tmp_path)
    storage.save(A, b"1", replacing=None)
    old, young = (tmp_path / ".trustlib" / "tmp" / name for name in ("old", "young"))
    old.write_bytes(b"half a fi")
    young.write_bytes(b"half a fi")
    now = young.stat().st_mtime
    os.utime(old, (now - 3700, now - 3700))
    os.utime(young, (now - 3500, now - 3500))
    assert ("timestamp.json",) == tuple(storage.list())
    storage.save(A, b"2", replacing=b"1")
    assert ["young"] == drafts(tmp_path)


def test_who_loses_leaves_no_draft(tmp_path):
    storage = FileStorage(tmp_path)
    storage.save(A, b"theirs", replacing=None)
    storage.save(A, b"mine", replacing=None)
    storage.write(A, b"mine", replacing=None)
    assert [] == drafts(tmp_path)


def test_a_lock_that_is_never_released_is_an_error_that_names_it(tmp_path):
    storage = FileStorage(tmp_path, patience=0.05)
    storage.save(A, b"1", replacing=None)
    lock = tmp_path / ".trustlib" / "lock"
    with FileLock(lock):
        with pytest.raises(
            StorageError, match=r"another process has held this lock for 0[.]05 s"
        ) as caught:
            storage.save(A, b"2", replacing=b"1")
        with pytest.raises(StorageError, match="lock"):
            storage.delete(A)
        assert b"1" == storage.load(A)  # reading needs no lock
    assert str(lock) == caught.value.where
    assert [] == drafts(tmp_path)
    assert storage.save(A, b"2", replacing=b"1") is True


def test_the_lock_is_waited_for(tmp_path):
    storage = FileStorage(tmp_path)
    storage.save(A, b"1", replacing=None)
    lock = FileLock(tmp_path / ".trustlib" / "lock", thread_local=False)
    lock.acquire()
    release = threading.Timer(0.05, lock.release)
    release.start()
    assert storage.save(A, b"2", replacing=b"1") is True
    release.join()
