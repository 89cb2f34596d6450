"""What every storage promises, over both ports, called and awaited."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Thread

import pytest
from obstore.store import MemoryStore
from storage.awaiting import Publisher
from storage.buckets import bucket_store

from trustlib._types import StoredName
from trustlib.errors import StorageError
from trustlib.ports import (
    AsyncStorage,
    RepositoryStorage,
    Revised,
    Storage,
)
from trustlib.storage import (
    AsyncObjectStorage,
    FileStorage,
    MemoryStorage,
    ObjectStorage,
    ThreadedRepositoryStorage,
    ThreadedStorage,
)

A = StoredName("timestamp.json")


class Client:
    """Awaits an asynchronous client storage, so that one suite is enough."""

    def __init__(self, twin: AsyncStorage) -> None:
        self.twin = twin

    def load(self, name: StoredName) -> bytes | None:
        return asyncio.run(self.twin.load(name))

    def save(self, name: StoredName, data: bytes, *, replacing: bytes | None) -> bool:
        return asyncio.run(self.twin.save(name, data, replacing=replacing))


def both_ports(kind, tmp_path):
    match kind:
        case "memory":
            return MemoryStorage()
        case "file":
            return FileStorage(tmp_path / "made" / "when needed")
        case _:
            return FileStorage.public(tmp_path / "site")


@pytest.fixture(params=["memory", "file", "public file"])
def storage(request, tmp_path):
    """Whatever has both ports."""
    return both_ports(request.param, tmp_path)


@pytest.fixture(params=["called", "awaited"])
def client(request, storage) -> Storage:
    return storage if request.param == "called" else Client(ThreadedStorage(storage))


LOCAL = ("memory", "file", "public file", "objects", "part of the objects")


@pytest.fixture(params=[*LOCAL[:4], "bucket", "part of a bucket"])
def repositories(request, tmp_path):
    """Whatever has a publisher's port: to be called, and to be awaited."""
    kind = request.param.removeprefix("part of a ").removeprefix("part of the ")
    if kind not in {"objects", "bucket"}:
        storage = both_ports(kind, tmp_path)
        return storage, ThreadedRepositoryStorage(storage)
    if kind == "objects":
        store = MemoryStore()
    else:
        store = bucket_store(*map(request.getfixturevalue, ("endpoint", "bucket")))
    prefix = "" if kind == request.param else "acme/ä b"
    return ObjectStorage(store, prefix), AsyncObjectStorage(store, prefix)


without_a_server = pytest.mark.parametrize("repositories", LOCAL, indirect=True)
"""What is refused before anybody is asked."""


@pytest.fixture(params=["called", "awaited"])
def publisher(request, repositories) -> RepositoryStorage:
    called, awaited = repositories
    return called if request.param == "called" else Publisher(awaited)


# -- a client's port --------------------------------------------------------------------


def test_a_file_that_was_never_saved_is_none(client):
    assert client.load(A) is None
    assert client.load(StoredName(".trustlib/clock")) is None


def test_what_was_saved_is_loaded(client):
    assert client.save(A, b"one", replacing=None) is True
    assert b"one" == client.load(A)
    assert client.save(A, b"two", replacing=b"one") is True
    assert b"two" == client.load(A)


def test_an_empty_file_is_a_file(client):
    assert client.save(A, b"", replacing=None) is True
    assert b"" == client.load(A)
    assert client.save(A, b"one", replacing=None) is False
    assert client.save(A, b"one", replacing=b"") is True


def test_a_save_loses_against_a_file_that_was_not_there(client):
    client.save(A, b"theirs", replacing=None)
    assert client.save(A, b"mine", replacing=None) is False
    assert b"theirs" == client.load(A)


def test_a_save_loses_against_other_content(client):
    client.save(A, b"theirs", replacing=None)
    assert client.save(A, b"mine", replacing=b"what I read") is False
    assert b"theirs" == client.load(A)


def test_a_save_loses_against_a_removal(client):
    assert client.save(A, b"mine", replacing=b"what I read") is False
    assert client.load(A) is None


def test_a_save_wins_if_somebody_wrote_the_same(client):
    client.save(A, b"both", replacing=None)
    assert client.save(A, b"both", replacing=None) is True
    assert client.save(A, b"both", replacing=b"what I read") is True
    assert b"both" == client.load(A)


def test_saving_what_is_there_is_fine(client):
    client.save(A, b"same", replacing=None)
    assert client.save(A, b"same", replacing=b"same") is True


def test_a_client_keeps_its_books_beside_the_lock(client):
    books = StoredName(".trustlib/1.root.json")
    assert client.save(books, b"root", replacing=None) is True
    assert b"root" == client.load(books)


@pytest.mark.parametrize(
    "name",
    [
        "", "/", "/etc/passwd", "a//b", "a/", "/a", ".", "..", "../a", "a/..", "./a", "a/b/c", "a\\b", "a\0b",
        "C:", "C:a", "c:/a", "a/C:b", "\ud800", ".trustlib", ".trustlib/lock", ".trustlib/LOCK",
        ".trustlib/lock.", ".trustlib/tmp", ".Trustlib/a", ".trustlib./a", ".trustlib /a", ".trustlib/tmp/a",
    ],
)  # fmt: skip
def test_a_client_cannot_ask_for_a_name_that_is_none(storage, name):
    with pytest.raises(ValueError):
        storage.load(StoredName(name))
    with pytest.raises(ValueError):
        storage.save(StoredName(name), b"", replacing=None)


# -- a publisher's port -----------------------------------------------------------------


def test_a_file_that_was_never_written_is_none(publisher):
    assert publisher.read("timestamp.json") is None
    assert publisher.read("metadata/timestamp.json") is None
    assert () == tuple(publisher.list())


def test_what_was_written_is_read_at_its_revision(publisher):
    first = publisher.write("timestamp.json", b"one", replacing=None)
    assert Revised(b"one", first) == publisher.read("timestamp.json")
    second = publisher.write("timestamp.json", b"two", replacing=first)
    assert Revised(b"two", second) == publisher.read("timestamp.json")
    assert first != second


def test_a_revision_is_the_hash_of_the_content(storage):
    assert sha256(b"one").hexdigest() == storage.write("a", b"one", replacing=None)


def test_a_write_loses_against_a_file_that_was_not_there(publisher):
    theirs = publisher.write("a", b"theirs", replacing=None)
    assert publisher.write("a", b"mine", replacing=None) is None
    assert Revised(b"theirs", theirs) == publisher.read("a")


def test_a_write_loses_against_another_revision(publisher):
    read = publisher.write("a", b"read", replacing=None)
    publisher.write("a", b"theirs", replacing=read)
    assert publisher.write("a", b"mine", replacing=read) is None
    assert b"theirs" == publisher.read("a").data


def test_a_write_loses_against_the_same_content_too(publisher):
    """Somebody wrote in between: two publishers must not both believe that they were first."""
    publisher.write("a", b"both", replacing=None)
    assert publisher.write("a", b"both", replacing=None) is None


def test_a_write_loses_against_a_removal(publisher):
    read = publisher.write("a", b"read", replacing=None)
    publisher.delete("a")
    assert publisher.write("a", b"mine", replacing=read) is None
    assert publisher.read("a") is None


def test_all_files_are_listed(publisher):
    paths = {"root.json", "targets/a/b/c.tgz", "targets/ä:1.0", "metadata/..x"}
    for path in paths:
        publisher.write(path, b"", replacing=None)
    assert sorted(paths) == sorted(publisher.list())


def test_the_books_are_not_listed(storage):
    storage.save(StoredName(".trustlib/clock"), b"", replacing=None)
    assert () == tuple(storage.list())


@pytest.mark.skipif(sys.platform == "win32", reason="some are no names of files there")
@pytest.mark.parametrize(
    "path", ["a b", "ä", "a%20b", "a%b", "a+b", "a~b#c?d", "a/ b/[c]*", "ab:c", 'a"<|>^`{}']
)
def test_a_path_is_plain(publisher, path):
    """What looks as if it were encoded is not, and two spellings are two files."""
    publisher.write(path, b"this", replacing=None)
    publisher.write(f"{path}%41", b"that", replacing=None)
    assert b"this" == publisher.read(path).data
    assert publisher.read(f"{path}A") is None
    assert sorted([path, f"{path}%41"]) == sorted(publisher.list())


def test_a_deleted_file_is_gone_and_may_be_deleted_again(publisher):
    publisher.delete("a/b")
    publisher.write("a/b", b"", replacing=None)
    publisher.delete("a/b")
    publisher.delete("a/b")
    assert publisher.read("a/b") is None
    assert () == tuple(publisher.list())
    assert publisher.write("a/b", b"", replacing=None) is not None


@without_a_server
@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/etc/passwd", "a//b", "a/", ".", "..", "../a", "a/../../b", "a/./b", "a\\b", "\\\\srv\\x", "C:\\x",
        "C:x", "a/C:/x", "a\0b", "\ud800", ".trustlib", ".trustlib/lock", ".TRUSTLIB/x", ".trustlib./x", ".trustlib/tmp/x",
    ],
)  # fmt: skip
def test_a_path_that_leads_out_of_the_repository_is_refused(publisher, path):
    """T-30."""
    with pytest.raises(StorageError):
        publisher.read(path)
    with pytest.raises(StorageError):
        publisher.write(path, b"", replacing=None)
    with pytest.raises(StorageError):
        publisher.delete(path)


def test_threads_lose_no_write(repositories):
    storage, _ = repositories

    def count(_: int) -> None:
        for _ in range(10):
            while True:
                old = storage.read("n")
                number = b"%d" % (int(old.data if old else b"0") + 1)
                if storage.write("n", number, replacing=old.revision if old else None):
                    break

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(4)))
    assert b"40" == storage.read("n").data


# -- both -------------------------------------------------------------------------------


def test_both_ports_see_the_same_files(storage):
    storage.save(A, b"saved", replacing=None)
    assert b"saved" == storage.read(A).data
    storage.write(A, b"written", replacing=storage.read(A).revision)
    assert b"written" == storage.load(A)


def test_threads_lose_no_save(storage):
    def add(thread: int) -> None:
        for number in range(10):
            # Lines are unique, as two who save the same content both win.
            line = b"%d of %d\n" % (number, thread)
            while True:
                old = storage.load(A)
                if storage.save(A, (old or b"") + line, replacing=old):
                    break

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(4)))
    lines = storage.load(A).splitlines()
    assert 40 == len(lines) == len(set(lines))


def test_nothing_comes_between_a_look_and_a_write(storage):
    """Somebody who writes while we compare has to wait until we have written."""
    overtaken = []

    def expected(found: bytes | None) -> bool:
        other.start()
        other.join(0.1)
        overtaken.append(not other.is_alive())
        return True

    other = Thread(target=lambda: overtaken.append(storage.save(A, b"theirs", replacing=None)))
    assert storage._exchange((A,), b"mine", expected) is None
    other.join()
    assert [False, False] == overtaken
    assert b"mine" == storage.load(A)


def test_memory_starts_with_what_it_was_given_and_shows_what_it_holds():
    given = {"root.json": b"root"}
    storage = MemoryStorage(given)
    before = storage.files
    storage.save(A, b"new", replacing=None)
    assert {"root.json": b"root"} == given == dict(before)
    assert {"root.json": b"root", A: b"new"} == dict(storage.files)
    assert "<MemoryStorage with 2 files>" == repr(storage)
