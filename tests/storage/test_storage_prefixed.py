"""Many repositories in one storage, and nobody reaches another's."""

import asyncio

import pytest

from trustlib import FileStorage, MemoryStorage, RepositoryStorage, StorageError
from trustlib.storage import AsyncPrefixed, Prefixed, ThreadedRepositoryStorage, collections


class Awaited:
    """An asynchronous view, so that one suite is enough."""

    def __init__(self, storage, prefix):
        self.view = AsyncPrefixed(ThreadedRepositoryStorage(storage), prefix)

    def read(self, path):
        return asyncio.run(self.view.read(path))

    def write(self, path, data, *, replacing):
        return asyncio.run(self.view.write(path, data, replacing=replacing))

    def list(self):
        return asyncio.run(self.view.list())

    def delete(self, path):
        asyncio.run(self.view.delete(path))


@pytest.fixture(params=["memory", "file"])
def storage(request, tmp_path):
    return MemoryStorage() if request.param == "memory" else FileStorage(tmp_path)


@pytest.fixture(params=["called", "awaited"])
def view(request, storage):
    return (Prefixed if request.param == "called" else Awaited)(storage, "acme/app/")


def test_what_is_written_lies_below_the_prefix(storage, view: RepositoryStorage):
    revision = view.write("a/b.json", b"1", replacing=None)

    assert b"1" == storage.read("acme/app/a/b.json").data
    assert (b"1", revision) == (view.read("a/b.json").data, view.read("a/b.json").revision)
    assert view.write("a/b.json", b"2", replacing=None) is None
    assert view.write("a/b.json", b"2", replacing=revision)


def test_what_lies_elsewhere_is_not_there(storage, view):
    storage.write("a.json", b"", replacing=None)
    storage.write("acme/a.json", b"", replacing=None)
    storage.write("acme/app.json", b"", replacing=None)
    storage.write("acme/application/a.json", b"", replacing=None)
    storage.write("acme/app/a.json", b"", replacing=None)
    storage.write("acme/app/b/a.json", b"", replacing=None)

    assert ["a.json", "b/a.json"] == sorted(view.list())
    assert view.read("app.json") is None


def test_what_is_removed_is_what_lies_below_the_prefix(storage, view):
    for path in ("a.json", "acme/app/a.json"):
        storage.write(path, b"", replacing=None)
    view.delete("a.json")

    assert ["a.json"] == list(storage.list())


@pytest.mark.parametrize(
    "path",
    [
        "",
        "..",
        "../a",
        "../../a",
        "a/../../b",
        "./a",
        "/a",
        "a//b",
        "a\\b",
        "C:a",
        ".trustlib/lock",
    ],
)
def test_no_path_leads_out_of_the_prefix(path):
    """Whatever the storage below thinks of such paths."""

    class Careless:
        def read(self, path):
            raise AssertionError(path)

        write = delete = read

    view = Prefixed(Careless(), "acme/app/")
    with pytest.raises(StorageError):
        view.read(path)
    with pytest.raises(StorageError):
        view.write(path, b"", replacing=None)
    with pytest.raises(StorageError):
        view.delete(path)


@pytest.mark.parametrize(
    "listed", ["acme/app/../b/a.json", "acme/app/", "acme/app//a", "acme/app/.trustlib/lock"]
)
def test_a_list_is_not_believed_either(listed):
    class Strange:
        def list(self):
            return [listed, "acme/app/a.json"]

    assert ["a.json"] == list(Prefixed(Strange(), "acme/app/").list())


@pytest.mark.parametrize(
    "prefix", ["acme", "/", "/acme/", "a//", "a/../", "../", "./", ".trustlib/", "a\\/", "a\0/"]
)
@pytest.mark.parametrize("kind", [Prefixed, AsyncPrefixed])
def test_a_prefix_is_a_plain_path_with_a_slash(kind, prefix):
    with pytest.raises(ValueError, match="plain path"):
        kind(MemoryStorage(), prefix)


def test_no_prefix_is_all_of_the_storage():
    storage = MemoryStorage({"a.json": b"1", "b/c.json": b"2"})

    assert ["a.json", "b/c.json"] == list(Prefixed(storage, "").list())
    assert b"1" == Prefixed(storage, "").read("a.json").data


def test_a_prefix_within_a_prefix():
    storage = MemoryStorage()
    Prefixed(Prefixed(storage, "a/"), "b/").write("c", b"", replacing=None)

    assert ["a/b/c"] == list(storage.list())


def test_a_collection_is_where_a_timestamp_is():
    listed = [
        "timestamp.json",
        "1.root.json",
        "acme/app/1.root.json",
        "acme/app/timestamp.json",
        "acme/db/timestamp.json",
        "acme/xtimestamp.json",
        "acme/1.timestamp.json",
        "acme/timestamp.json.bak",
        "timestamp.json/x",
    ]

    assert ["", "acme/app/", "acme/db/"] == list(collections(listed))


@pytest.mark.parametrize(
    "path",
    ["../timestamp.json", "/timestamp.json", "a//timestamp.json", ".trustlib/timestamp.json"],
)
def test_a_name_that_leads_elsewhere_is_no_collection(path):
    """Programs put names into paths."""
    assert [] == list(collections([path]))


def test_collections_are_found_one_after_the_other():
    """However many there are, none is held in memory."""

    def endless():
        number = 0
        while True:
            number += 1
            yield f"{number}/timestamp.json"

    found = collections(endless())

    assert ["1/", "2/"] == [next(found), next(found)]
