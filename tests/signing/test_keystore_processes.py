"""Many processes, one store: killed ones, racing ones, and every call that the system saw."""

import base64
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from plain.environment import PLAINLY
from signing.kinds import light_file

from trustlib.errors import SigningError
from trustlib.signing import KeyStore, Label
from trustlib.signing._private import pkcs8
from trustlib.signing._shelf import Shelf

BEGIN = "import sys; from pathlib import Path; from trustlib.signing import *; from trustlib.signing._shelf import Shelf\n"
LABEL = Label(role="root", owner="alice")


def started(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=PLAINLY,
    )


ADDING = """
store = KeyStore(sys.argv[1])
for number in range(3):
    made = store.generate("x", Label(role="role", owner=f"{sys.argv[2]} {number}"))
    print(made.id, flush=True)
    if number == 1:
        store.remove(made.id, needed_by=())
"""
LOOKING = """
store = KeyStore(sys.argv[1])
while True:
    for stored in store.list():
        assert stored.label.role == "role"
"""


def test_no_process_loses_the_key_of_another(tmp_path):
    """Three add and remove, one looks on without a lock and never sees half a key."""
    directory = tmp_path / "store"
    adding = [started(ADDING, directory, number) for number in range(3)]
    looking = started(LOOKING, directory)
    made = [process.communicate(timeout=120)[0].split() for process in adding]
    looking.kill()
    looking.communicate()

    assert [0, 0, 0] == [process.returncode for process in adding]
    assert -signal.SIGKILL == looking.returncode  # and of nothing else
    kept = {line for lines in made for number, line in enumerate(lines) if number != 1}
    assert kept == {stored.id for stored in KeyStore(directory).list()}
    assert 6 == len(kept)


SAME = """
store = KeyStore(sys.argv[1])
try:
    print(store.add(KeyFile(sys.argv[2]), "x", Label(role="role", owner="me")).id)
except SigningError as error:
    print("is in" in error.reason)
"""


@pytest.mark.slow
def test_a_key_that_several_processes_bring_in_at_once_is_there_once(tmp_path):
    file = light_file(tmp_path / "k", "x")
    begin = "from trustlib.errors import SigningError\n"
    processes = [started(begin + SAME, tmp_path / "store", file.path) for _ in range(4)]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in processes)

    assert sorted([file.key.id, "True", "True", "True"]) == said


PUTTING = """
shelf = Shelf(Path(sys.argv[1]), 60.0)
data = {name: (b"x" * 100_000, 0o600) for name in ("one", "two", "three")}
print("ready", flush=True)
while True:
    with shelf.alone():
        shelf.put("item", data)
    with shelf.alone():
        shelf.take("item")
"""


@pytest.mark.slow
def test_a_killed_process_leaves_no_half_and_no_lock(tmp_path):
    shelf = Shelf(tmp_path / "store", 60.0)
    for attempt in range(5):
        process = started(PUTTING, shelf.path)
        assert "ready\n" == process.stdout.readline()
        time.sleep(0.006 * attempt)
        process.kill()
        process.communicate()
        if shelf.holds("item"):
            found = {path.name: path.stat().st_size for path in (shelf.path / "item").iterdir()}
            assert dict.fromkeys(("one", "two", "three"), 100_000) == found
        with shelf.alone():
            pass
        left = {path.name for path in shelf.path.iterdir()}
        assert left <= {".lock", "item"}  # what the killed one had begun is gone
        shutil.rmtree(shelf.path / "item", ignore_errors=True)


def test_a_process_that_hangs_is_named_after_a_while(tmp_path):
    store = KeyStore(tmp_path / "store", patience=0.05)
    holding = """
with Shelf(Path(sys.argv[1]), 60.0).alone():
    print("held", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN + holding, store.directory],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert b"held\n" == process.stdout.readline()
        with pytest.raises(SigningError, match=r"has held this lock for 0\.05 seconds"):
            store.generate("x", LABEL)
        process.stdin.close()
    assert LABEL == store.generate("x", LABEL).label


# -- what the system saw ------------------------------------------------------------------

WATCHED = """
import os
os.umask(0)
store = KeyStore(sys.argv[1] + "/store")
label = Label(role="root", owner="alice")
store.generate("first", label)
store.generate("first", label, algorithm=Algorithm.ECDSA_P256)
store.add(KeyFile(sys.argv[1] + "/mine"), "first", label)
store.export(sys.argv[1] + "/backup", "second")
KeyStore(sys.argv[1] + "/other").restore(sys.argv[1] + "/backup", "second")
"""
CALLS = "open,openat,creat,mkdir,mkdirat,chmod,fchmod,fchmodat,write,pwrite64,writev,pwritev,sendto,sendmsg,rename,renameat,renameat2"


@pytest.fixture(scope="module")
def watched(tmp_path_factory, strace):
    """Two stores that were made with the most careless umask, and every call meanwhile."""
    directory = tmp_path_factory.mktemp("watched")
    log = directory / "log"
    light_file(directory / "mine", "first")
    subprocess.run(
        [
            *(strace, "-f", "-y", "-xx", "-s", "100000", "-e", f"trace={CALLS}", "-o", log),
            *(sys.executable, "-c", BEGIN + WATCHED, directory),
        ],
        check=True,
        env=PLAINLY,
    )
    calls = re.sub(
        r"((?:\\x[0-9a-f]{2})+)",
        lambda match: bytes.fromhex(match[1].replace("\\x", "")).decode("latin-1"),
        log.read_text(),
    )
    return directory, calls


def test_nothing_in_a_store_ever_has_another_mode(watched):
    directory, calls = watched
    made = re.findall(r'open(?:at)?\(.*?"([^"]*)", ([A-Z_|]*O_CREAT[A-Z_|]*), (\d+)', calls)
    made = [(path, flags, mode) for path, flags, mode in made if path.startswith(str(directory))]
    # The library of the lock tries to make the directory, too, when it is there already.
    folders = re.findall(r'mkdir(?:at)?\(.*?"([^"]*)", (\d+)\) += 0', calls)

    assert {"0700"} == {mode for path, mode in folders if path.startswith(str(directory))}
    for path, flags, mode in made:
        assert ("0644" if path.endswith("key.pub") else "0600") == mode, path
        assert "O_NOFOLLOW" in flags
    assert 6 + 1 + 6 <= len([path for path, *_ in made if not path.endswith(".lock")])
    assert not re.findall(rf"chmod(?:at)?\(.*{re.escape(str(directory))}.*/key", calls)


def test_no_private_key_is_written_in_the_clear_anywhere(watched):
    directory, calls = watched
    stored = KeyStore(directory / "other").list()
    written = calls.replace("\n", "")  # base64 has lines

    assert 3 == len(stored)
    assert "BEGIN ENCRYPTED PRIVATE KEY" in written
    assert "BEGIN PRIVATE KEY" not in written
    assert "age-encryption.org/v1" in written
    for one in stored:
        private = load_pem_private_key(one.file.path.read_bytes(), b"first")
        clear = pkcs8(private)
        if hasattr(private, "private_bytes_raw"):
            secret = private.private_bytes_raw()
        else:
            secret = private.private_numbers().private_value.to_bytes(32)
        for start in range(len(secret) - 8):
            assert secret[start : start + 8].decode("latin-1") not in written
        assert secret.hex() not in written
        for before in (b"", b"x", b"xx"):
            # The start of PKCS#8 is the same for every key of a kind; the secret is not.
            text = before + clear
            inner = text[-(-text.index(secret) // 3) * 3 :][:24]
            assert base64.b64encode(inner).decode() not in written
