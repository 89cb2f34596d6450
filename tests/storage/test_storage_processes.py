"""Several processes, one directory: killed ones, racing ones, and ones that the system refuses."""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from trustlib._types import StoredName
from trustlib.storage import FileStorage

A = StoredName("a.json")
BEGIN = "import sys; from trustlib.storage import FileStorage; from trustlib.errors import StorageError\n"

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals, limits and users of POSIX")


def command(program: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", BEGIN + program, *map(str, arguments)]


def output(program: str, *arguments: object) -> str:
    done = subprocess.run(
        command(program, *arguments), capture_output=True, text=True, timeout=60, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def drafts(directory: Path) -> list[Path]:
    return list((directory / ".trustlib" / "tmp").iterdir())


@posix
@pytest.mark.parametrize("milliseconds", [1, 7, 20, 45])
def test_a_killed_process_leaves_a_whole_file_and_no_lock(tmp_path, milliseconds):
    saving = """
storage, old = FileStorage(sys.argv[1]), None
while True:
    for letter in (b"A", b"B"):
        new = letter * 300_000
        assert storage.save("a.json", new, replacing=old)
        if old is None:
            print("saved", flush=True)
        old = new
"""
    with subprocess.Popen(command(saving, tmp_path), stdout=subprocess.PIPE) as process:
        assert b"saved\n" == process.stdout.readline()
        time.sleep(milliseconds / 1000)
        process.kill()
    storage = FileStorage(tmp_path, patience=30)
    found = storage.load(A)
    assert found in (b"A" * 300_000, b"B" * 300_000)
    assert (A,) == tuple(storage.list())
    assert storage.save(A, b"mine", replacing=found) is True


def test_processes_lose_no_update(tmp_path):
    counting = """
storage = FileStorage(sys.argv[1])
for _ in range(25):
    while True:
        old = storage.read("n")
        number = b"%d" % (int(old.data if old else 0) + 1)
        if storage.write("n", number, replacing=old.revision if old else None):
            break
"""
    processes = [subprocess.Popen(command(counting, tmp_path)) for _ in range(8)]
    assert [0] * 8 == [process.wait(60) for process in processes]
    assert b"200" == FileStorage(tmp_path).load(StoredName("n"))
    assert [] == drafts(tmp_path)


@posix
def test_the_data_is_on_disk_before_the_name_and_the_name_before_we_say_so(tmp_path, strace):
    """T-11, P85, X41 TUF 100: one save is two fsyncs."""
    trace = tmp_path / "trace"
    saving = """
storage = FileStorage(sys.argv[1])
storage.save("a.json", b"1", replacing=None)
sys.stderr.write("<now>")
storage.save("a.json", b"2", replacing=b"1")
sys.stderr.write("<then>")
"""
    tracing = [strace, "-f", "-y", "-e", "trace=fsync,fdatasync,/rename,write", "-o", str(trace)]
    saved = [*tracing, *command(saving, tmp_path / "store")]
    subprocess.run(saved, capture_output=True, timeout=60, check=True)
    calls = trace.read_text().split("<now>")[1].split("<then>")[0]
    seen = re.findall(r"(fsync|rename)\w*\(\d+<([^>]*)>", calls.replace("AT_FDCWD", "0"))
    store = str(tmp_path / "store")
    assert ["fsync", "rename", "fsync"] == [call for call, _ in seen]
    assert seen[0][1].startswith(f"{store}/.trustlib/tmp/")
    assert store == seen[2][1]


@posix
def test_a_full_disk_leaves_the_old_file_and_no_draft(tmp_path):
    """X41 TUF 106: the system refuses to write more than 1000 bytes to a file."""
    saving = """
import resource
storage = FileStorage(sys.argv[1])
assert storage.save("a.json", b"old", replacing=None)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    storage.save("a.json", b"new" * 1000, replacing=b"old")
except StorageError as error:
    print(error)
"""
    assert f"{tmp_path / A}: File too large\n" == output(saving, tmp_path)
    assert b"old" == FileStorage(tmp_path).load(A)
    assert [] == drafts(tmp_path)


@posix
@pytest.mark.parametrize("present", ["old", None], ids=["used before", "never used"])
def test_a_read_only_store_can_be_read_and_says_that_it_cannot_be_written(present):
    """T-63."""
    saving = """
import os, tempfile
FileStorage(tempfile.mkdtemp(dir=sys.argv[2])).save("a.json", b"", replacing=None)
if os.getuid() == 0:
    os.setuid(65534)  # root may write anywhere
storage = FileStorage(sys.argv[1])
print(storage.load("a.json"))
try:
    storage.save("a.json", b"new", replacing=storage.load("a.json"))
except StorageError as error:
    print(error)
"""
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as other:
        store = Path(directory)
        if present:
            (store / A).write_text(present)
        store.chmod(0o555)
        try:
            said = output(saving, store, other)
        finally:
            store.chmod(0o700)
        loaded = None if present is None else present.encode()
        assert f"{loaded}\n{store / A}: Permission denied\n" == said
