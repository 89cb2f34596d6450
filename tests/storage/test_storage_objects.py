"""What a bucket promises beyond the port, and what becomes of a publisher when it breaks its word."""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server
from threading import Thread

import pytest
from obstore.store import HTTPStore, LocalStore, MemoryStore
from storage.awaiting import Publisher
from storage.bucket_server import PAGE
from storage.buckets import asked, bucket_storage, bucket_store, new_bucket

from trustlib import HttpTransport, Request
from trustlib._paths import published_target
from trustlib.errors import StorageError
from trustlib.ports import Revision
from trustlib.storage import AsyncObjectStorage, ObjectStorage
from trustlib.storage._conditions import Absent, Get, Put, said, write

PROBE = ".trustlib/conditional-writes"


@pytest.fixture(params=["called", "awaited"])
def over(request):
    """Make the repository's storage over a store, to be called in either case."""

    def make(store, prefix=""):
        if request.param == "called":
            return ObjectStorage(store, prefix)
        return Publisher(AsyncObjectStorage(store, prefix))

    return make


def every_call(storage):
    revision = Revision('"00"\n')
    return {
        "read": partial(storage.read, "a"),
        "create": partial(storage.write, "a", b"", replacing=None),
        "update": partial(storage.write, "a", b"", replacing=revision),
        "list": lambda: list(storage.list()),
        "delete": partial(storage.delete, "a"),
    }


def refusals(storage):
    """What each call is refused with; one that is not refused is missing."""
    said = {}
    for name, call in every_call(storage).items():
        try:
            call()
        except StorageError as error:
            said[name] = error.reason
    return said


CALLS = ["read", "create", "update", "list", "delete"]


# -- answers that get lost --------------------------------------------------------------


@pytest.mark.parametrize("retries", [0, 5], ids=["asked once", "asked again"])
def test_a_write_that_was_carried_out_counts_though_its_answer_was_lost(endpoint, over, retries):
    """The second attempt is told that its condition does not hold: the first one met it."""
    bucket = new_bucket(endpoint)
    proven = bucket_storage(endpoint, bucket)
    proven.write("timestamp.json", b"1", replacing=None)
    forgetful = over(bucket_store(endpoint, bucket, retries=retries, via="forgetful"))

    created = forgetful.write("1.root.json", b"root", replacing=None)
    replaced = forgetful.write(
        "timestamp.json", b"2", replacing=proven.read("timestamp.json").revision
    )

    assert created == proven.read("1.root.json").revision
    assert (b"2", replaced) == (
        proven.read("timestamp.json").data,
        proven.read("timestamp.json").revision,
    )


def test_a_write_of_others_is_not_ours_because_it_says_the_same(endpoint, over):
    """Two publishers must not both believe that they were first, lost answers or not."""
    bucket = new_bucket(endpoint)
    bucket_storage(endpoint, bucket).write("a", b"both", replacing=None)

    assert (
        over(bucket_store(endpoint, bucket, via="forgetful")).write("a", b"both", replacing=None)
        is None
    )


def test_a_write_that_was_not_carried_out_is_an_error(endpoint, over):
    bucket = new_bucket(endpoint)
    storage = bucket_storage(endpoint, bucket)
    revision = storage.write("a", b"old", replacing=None)
    busy = over(bucket_store(endpoint, bucket, retries=1, via="busy"))

    with pytest.raises(StorageError, match="503"):
        busy.write("a", b"new", replacing=revision)
    with pytest.raises(StorageError, match="503"):
        busy.write("b", b"new", replacing=None)

    assert (b"old", ["a"]) == (storage.read("a").data, list(storage.list()))


def test_a_write_that_was_refused_for_whoever_knows_why_is_an_error(endpoint, over):
    """It may have been ours: who cannot look cannot say that somebody else was first."""
    bucket = new_bucket(endpoint)
    bucket_storage(endpoint, bucket).write("a", b"", replacing=None)

    with pytest.raises(StorageError, match="AccessDenied"):
        over(bucket_store(endpoint, bucket, via="unreadable")).write("a", b"new", replacing=None)


def test_a_store_may_say_that_there_is_nothing_to_replace():
    steps = write("a", b"new", replacing=Revision('"1"\n'), mark="ours")
    assert Put("a", b"new", Revision('"1"\n'), "ours") == next(steps)
    assert Get("a") == steps.send(Absent())
    with pytest.raises(StopIteration) as done:
        steps.send(Absent())
    assert done.value.value is None


def test_a_store_that_has_no_place_for_a_new_object_says_so():
    steps = write("a", b"new", replacing=None, mark="ours")
    next(steps)
    steps.send(Absent())
    with pytest.raises(StorageError, match="no place for this"):
        steps.send(Absent())


# -- stores that cannot -----------------------------------------------------------------


def test_a_store_that_has_never_heard_of_conditions_is_found_out(endpoint, over):
    """T-11: or else the last writer wins, and nobody is told."""
    bucket = new_bucket(endpoint)
    storage = bucket_storage(endpoint, bucket)
    revision = storage.write("a", b"old", replacing=None)
    heedless = over(bucket_store(endpoint, bucket, via="unconditional"))

    with pytest.raises(StorageError, match="turn on conditional writes"):
        heedless.write("b", b"new", replacing=None)
    with pytest.raises(StorageError, match="turn on conditional writes"):
        heedless.write("a", b"new", replacing=revision)

    assert (b"old", ["a"]) == (storage.read("a").data, list(storage.list()))


def test_a_store_is_found_out_by_who_writes_there_first(endpoint, over):
    bucket = new_bucket(endpoint)
    heedless = over(bucket_store(endpoint, bucket, via="unconditional"))

    with pytest.raises(StorageError, match="turn on conditional writes"):
        heedless.write("a", b"new", replacing=None)

    assert [] == list(heedless.list())


def test_a_store_is_tried_once_and_by_one_object_that_stays(endpoint, bucket, over):
    storage = bucket_storage(endpoint, bucket, "acme")
    revision = storage.write("a", b"1", replacing=None)
    storage.write("a", b"2", replacing=revision)
    _, _, before = asked(endpoint, "HEAD", f"/{bucket}/acme/{PROBE}")

    another = over(bucket_store(endpoint, bucket), "acme")
    another.write("a", b"3", replacing=another.read("a").revision)
    another.write("b", b"", replacing=None)

    status, said, after = asked(endpoint, "GET", f"/{bucket}/acme/{PROBE}")
    assert (200, before["x-amz-meta-trustlibwrite"]) == (status, after["x-amz-meta-trustlibwrite"])
    assert b"trustlib" in said
    assert ["a", "b"] == sorted(another.list())


def test_a_store_that_was_tried_is_not_tried_again(endpoint, bucket, over):
    storage = over(bucket_store(endpoint, bucket))
    revision = storage.write("a", b"1", replacing=None)
    revision = storage.write("a", b"2", replacing=revision)
    asked(endpoint, "DELETE", f"/{bucket}/{PROBE}")

    storage.write("a", b"3", replacing=revision)
    storage.write("b", b"", replacing=None)

    assert 404 == asked(endpoint, "GET", f"/{bucket}/{PROBE}")[0]


def test_a_directory_as_obstore_sees_it_can_only_be_added_to(tmp_path, over):
    storage = over(LocalStore(tmp_path))
    revision = storage.write("metadata/1.root.json", b"root", replacing=None)

    assert storage.write("metadata/1.root.json", b"other", replacing=None) is None
    with pytest.raises(StorageError, match=r"use trustlib\.FileStorage"):
        storage.write("metadata/1.root.json", b"other", replacing=revision)
    assert (b"root", revision) == (
        storage.read("metadata/1.root.json").data,
        storage.read("metadata/1.root.json").revision,
    )
    assert ["metadata/1.root.json"] == list(storage.list())
    storage.delete("metadata/1.root.json")
    storage.delete("metadata/1.root.json")
    assert [] == list(storage.list())


def test_a_store_without_etags_is_no_place_for_a_repository(tmp_path, over):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

    (tmp_path / "a").write_bytes(b"")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}"
            storage = over(HTTPStore(url, client_options={"allow_http": True}))
            with pytest.raises(StorageError, match="neither ETags nor versions"):
                storage.read("a")
        finally:
            server.shutdown()
            thread.join()


# -- stores that are not there ----------------------------------------------------------


def test_a_bucket_that_is_not_there_has_no_absent_files(endpoint, over):
    """A typing error in a bucket's name must not look like a repository that is empty."""
    said = refusals(over(bucket_store(endpoint, "nobody-made-this")))

    assert CALLS == list(said)
    assert all("NoSuchBucket" in reason for reason in said.values()), said


def test_credentials_that_are_not_accepted_are_an_error(endpoint, bucket, over):
    said = refusals(over(bucket_store(endpoint, bucket, access="somebody")))

    assert CALLS == list(said)
    assert all("InvalidAccessKeyId" in reason for reason in said.values()), said


def test_a_server_that_is_gone_is_an_error_in_bounded_time(over):
    with create_server(("127.0.0.1", 0)) as socket:
        port = socket.getsockname()[1]
    said = refusals(over(bucket_store(f"http://127.0.0.1:{port}", "bucket", retries=1)))

    assert CALLS == list(said)
    assert all("error sending request" in reason for reason in said.values()), said


def test_a_server_that_does_not_answer_is_an_error_in_bounded_time(over):
    with create_server(("127.0.0.1", 0)) as socket:
        port = socket.getsockname()[1]
        store = bucket_store(f"http://127.0.0.1:{port}", "bucket", retries=0, timeout="200ms")
        said = refusals(over(store))

    assert CALLS == list(said)


def test_an_error_names_the_object_and_is_one_that_can_be_read(endpoint, over):
    with pytest.raises(StorageError) as error:
        over(bucket_store(endpoint, "nobody-made-this"), "acme/").read("1.root.json")

    assert "acme/1.root.json" == error.value.where
    assert "NoSuchBucket" in str(error.value)
    assert "RetryError" not in str(error.value)
    assert isinstance(error.value.__cause__, FileNotFoundError)


def test_a_server_that_talks_without_end_is_cut_short_on_one_line():
    theirs = "no\n\x1b[31m" + "x" * 10_000 + "\n\nDebug source: y"

    line = said(OSError(theirs))

    assert line.startswith("no ?[31mxxx")
    assert line.endswith(
        "…; find out whether the store can be reached, and whether you may do this there"
    )
    assert 600 > len(line)
    assert line.isprintable()


# -- names ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["a b", "ä", "a%20b", "a%b", "a+b", "a~b", "a#b?c", "ab:c&d=e", "é/[b]*", "🔑"]
)
def test_a_web_server_sends_what_a_client_asks_for(endpoint, bucket, over, name):
    """Keys are plain; whoever asks for one encodes it, and so finds it."""
    path = f"targets/{name}"
    over(bucket_store(endpoint, bucket), "acme & sons").write(path, b"this", replacing=None)

    with HttpTransport(f"{endpoint}/{bucket}/acme%20%26%20sons/") as transport:
        pieces = transport.fetch(Request(path=published_target(path, None)))
        assert b"this" == b"".join(pieces)


def test_a_cache_must_ask_whether_a_file_is_still_the_same(endpoint, bucket, over):
    """Some stores tell caches that they may keep a public object for an hour."""
    over(bucket_store(endpoint, bucket)).write("timestamp.json", b"1", replacing=None)

    _, _, headers = asked(endpoint, "GET", f"/{bucket}/timestamp.json")
    assert "no-cache" == headers["Cache-Control"]


@pytest.mark.parametrize("control", [*map(chr, range(32)), "\x7f"])
def test_a_name_that_a_store_has_no_key_for_is_refused(over, control):
    storage = over(MemoryStore())
    for call in (storage.read, storage.delete, partial(storage.write, data=b"", replacing=None)):
        with pytest.raises(StorageError):
            call(f"a{control}b")
    with pytest.raises(StorageError):
        over(MemoryStore(), f"a{control}b")


def test_a_repository_sees_nothing_beside_its_place(over):
    store = MemoryStore()
    storage, other, all_of_it = over(store, "acme/"), over(store, "acme-old"), over(store)
    storage.write("a", b"mine", replacing=None)
    other.write("a", b"theirs", replacing=None)

    assert (b"mine", b"theirs") == (storage.read("a").data, other.read("a").data)
    assert (["a"], ["a"]) == (list(storage.list()), list(other.list()))
    assert b"mine" == all_of_it.read("acme/a").data
    storage.delete("a")
    assert b"theirs" == other.read("a").data


@pytest.mark.parametrize(
    "prefix", ["/", "/acme", "..", "acme//prod", "acme/../x", ".trustlib", "a\\b", "acme//"]
)
@pytest.mark.parametrize("kind", [ObjectStorage, AsyncObjectStorage])
def test_a_place_that_is_none_is_refused(kind, prefix):
    with pytest.raises(StorageError):
        kind(MemoryStore(), prefix)


def test_every_page_of_a_listing_is_read(endpoint, bucket):
    """S3 lists a thousand keys at a time, and this server fifty: three pages."""
    names = [f"{number}.json" for number in range(2 * PAGE + 1)]
    with ThreadPoolExecutor(8) as threads:
        put = partial(asked, endpoint, "PUT", body=b"")
        assert {200} == {
            done[0] for done in threads.map(put, (f"/{bucket}/p/{name}" for name in names))
        }
    store = bucket_store(endpoint, bucket)

    assert b"<IsTruncated>true</IsTruncated>" in asked(endpoint, "GET", f"/{bucket}")[1]
    assert sorted(names) == sorted(ObjectStorage(store, "p").list())
    assert sorted(names) == sorted(Publisher(AsyncObjectStorage(store, "p")).list())


# -- many -------------------------------------------------------------------------------

BEGIN = """
import sys
from storage.buckets import bucket_storage
storage = bucket_storage(*sys.argv[1:3])
"""


def command(program, *arguments):
    return [
        sys.executable,
        "-c",
        f"import sys; sys.path[:0] = {sys.path!r}\n{BEGIN}{program}",
        *arguments,
    ]


@pytest.mark.slow
def test_processes_lose_no_update(endpoint, bucket):
    counting = """
for _ in range(10):
    while True:
        old = storage.read("n")
        number = b"%d" % (int(old.data if old else 0) + 1)
        if storage.write("n", number, replacing=old.revision if old else None):
            break
"""
    processes = [subprocess.Popen(command(counting, endpoint, bucket)) for _ in range(6)]

    assert [0] * 6 == [process.wait(120) for process in processes]
    assert b"60" == bucket_storage(endpoint, bucket).read("n").data


def test_tasks_lose_no_update(endpoint, bucket):
    storage = AsyncObjectStorage(bucket_store(endpoint, bucket))

    async def count():
        for _ in range(5):
            while True:
                old = await storage.read("n")
                number = b"%d" % (int(old.data if old else 0) + 1)
                if await storage.write("n", number, replacing=old.revision if old else None):
                    break

    async def all_of_them():
        await asyncio.gather(*(count() for _ in range(8)))

    asyncio.run(all_of_them())

    assert b"40" == bucket_storage(endpoint, bucket).read("n").data


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_a_forked_process_is_told_so_and_does_not_hang(endpoint, bucket):
    """The client's threads stay behind in the parent; who waits for them waits forever."""
    program = """
import os
from trustlib.errors import StorageError
storage.write("a", b"", replacing=None)
if os.fork() == 0:
    for call in (lambda: storage.read("a"), lambda: list(storage.list())):
        try:
            call()
        except StorageError as error:
            print(error, flush=True)
    os._exit(0)
os.wait()
assert storage.read("a")
"""
    done = subprocess.run(
        command(program, endpoint, bucket), capture_output=True, text=True, timeout=60, check=True
    )

    assert 2 == done.stdout.count("start processes with 'spawn'")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_a_process_may_fork_before_it_uses_a_bucket(endpoint, bucket):
    program = """
import os
if os.fork() == 0:
    storage.write("a", b"child's", replacing=None)
    os._exit(0)
os.wait()
print(storage.read("a").data)
"""
    done = subprocess.run(
        command(program, endpoint, bucket), capture_output=True, text=True, timeout=60, check=True
    )

    assert 'b"child\'s"\n' == done.stdout


@pytest.mark.parametrize("files", [1, 4, 9])
def test_a_killed_writer_leaves_a_whole_file(endpoint, bucket, files):
    writing = """
revision = None
while True:
    for letter in (b"A", b"B"):
        revision = storage.write("a", letter * 1_000_000, replacing=revision)
        assert revision
        print("wrote", flush=True)
"""
    with subprocess.Popen(command(writing, endpoint, bucket), stdout=subprocess.PIPE) as process:
        for _ in range(files):
            assert b"wrote\n" == process.stdout.readline()
        process.kill()
    storage = bucket_storage(endpoint, bucket)
    found = storage.read("a")

    assert found.data in (b"A" * 1_000_000, b"B" * 1_000_000)
    assert ["a"] == list(storage.list())


# -- the package ------------------------------------------------------------------------


def outcome(program):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def test_who_keeps_nothing_in_buckets_does_not_load_their_client():
    program = "import sys, trustlib, trustlib.storage; print('obstore' in sys.modules)"

    assert "False\n" == outcome(program)


def test_who_lacks_the_client_is_told_what_to_install():
    program = """
import sys
sys.modules["obstore"] = None
from trustlib.storage import ObjectStorage
from trustlib.errors import StorageError
try:
    ObjectStorage(object())
except StorageError as error:
    print(error)
"""
    assert 'pip install "trustlib-tuf[objectstore]"' in outcome(program)
