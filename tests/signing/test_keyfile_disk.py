"""A key file is private from its first instant, whole, and never in the place of another."""

import base64
import os
import re
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from plain.environment import PLAINLY

from trustlib.errors import SigningError
from trustlib.signing import KeyFile
from trustlib.signing._private import pkcs8

resource = pytest.importorskip("resource", reason="modes and limits are POSIX's")

PASSPHRASE = "correct horse"


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


@contextmanager
def no_file_longer_than(limit):
    """What a full disk does, without filling one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# -- making one ---------------------------------------------------------------------------


def test_a_new_key_is_its_owners_under_any_umask(tmp_path, careless):
    """T-09."""
    file = KeyFile.generate(tmp_path / "k", PASSPHRASE)

    assert 0o600 == mode(file.path)
    assert 0o644 == mode(file.public_path)


@pytest.mark.parametrize("taken", ["k", "k.pub"])
def test_nothing_is_overwritten_and_nothing_is_left(tmp_path, taken):
    (tmp_path / taken).write_bytes(b"somebody's")

    with pytest.raises(SigningError, match="exists already") as error:
        KeyFile.generate(tmp_path / "k", PASSPHRASE)

    assert str(tmp_path / taken) == error.value.what
    assert [taken] == os.listdir(tmp_path)
    assert b"somebody's" == (tmp_path / taken).read_bytes()


@pytest.mark.parametrize("taken", ["k", "k.pub"])
def test_a_link_that_was_placed_before_is_not_followed(tmp_path, taken):
    """T-09: neither to a file that is there nor to one that is not."""
    (tmp_path / taken).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(SigningError, match="exists already"):
        KeyFile.generate(tmp_path / "k", PASSPHRASE)

    assert [taken] == os.listdir(tmp_path)


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    """T-11."""
    with no_file_longer_than(100), pytest.raises(SigningError, match="cannot be written"):
        KeyFile.generate(tmp_path / "k", PASSPHRASE)

    assert [] == os.listdir(tmp_path)


def test_a_directory_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(SigningError, match="No such file or directory"):
        KeyFile.generate(tmp_path / "sub" / "k", PASSPHRASE)

    assert [] == os.listdir(tmp_path)


# -- reading one --------------------------------------------------------------------------


@pytest.mark.parametrize("open_to", [0o640, 0o604, 0o620, 0o602, 0o660, 0o644, 0o777])
def test_a_key_that_others_can_read_or_write_is_refused(quick, placed, open_to):
    file = placed(*quick, mode=open_to)

    with pytest.raises(SigningError, match="run: chmod 600") as error:
        file.unlock(PASSPHRASE)
    assert f"{open_to:04o}" in error.value.reason


@pytest.mark.parametrize("private", [0o600, 0o400])
def test_a_key_that_is_private_is_read(quick, placed, private):
    file = placed(*quick, mode=private)

    assert file.key == file.unlock(PASSPHRASE).key


def test_a_mounted_key_may_be_a_link(quick, placed, tmp_path):
    file = placed(*quick)
    (tmp_path / "link").symlink_to(file.path)

    assert file.key == KeyFile(tmp_path / "link").unlock(PASSPHRASE).key


def test_a_pipe_in_the_place_of_a_key_does_not_make_us_wait(tmp_path):
    os.mkfifo(tmp_path / "k", 0o600)
    os.mkfifo(tmp_path / "k.pub", 0o600)

    with pytest.raises(SigningError, match="is not a regular file"):
        KeyFile(tmp_path / "k").unlock(PASSPHRASE)
    with pytest.raises(SigningError, match="is not a regular file"):
        KeyFile(tmp_path / "k").key


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere", "there is no such file"),
        ("", "is not a regular file"),
        ("loop", "cannot be read"),
        ("x" * 300, "cannot be read: File name too long"),
    ],
    ids=["missing", "directory", "loop", "name"],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, reason):
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(SigningError, match=reason):
        KeyFile(tmp_path / name).unlock(PASSPHRASE)


# -- changing the passphrase --------------------------------------------------------------


def test_a_changed_passphrase_opens_the_same_key(quick, placed, tmp_path, careless, openssl):
    file = placed(*quick)
    file.change_passphrase(old=PASSPHRASE, new="another")

    assert file.key == file.unlock("another").key
    with pytest.raises(SigningError):
        file.unlock(PASSPHRASE)
    assert 0o600 == mode(file.path)
    assert {"alice.key", "alice.key.pub"} == set(os.listdir(tmp_path))
    openssl("pkey", "-in", file.path, "-passin", "pass:another", "-noout")


def test_a_wrong_old_passphrase_changes_nothing(quick, placed):
    file = placed(*quick)

    with pytest.raises(SigningError, match="does not open"):
        file.change_passphrase(old="wrong", new="another")
    assert quick[0] == file.path.read_bytes()


def test_a_change_that_fails_leaves_the_old_file_and_nothing_else(quick, placed, tmp_path):
    """T-11."""
    file = placed(*quick)

    with no_file_longer_than(100), pytest.raises(SigningError, match="cannot be replaced"):
        file.change_passphrase(old=PASSPHRASE, new="another")
    assert quick[0] == file.path.read_bytes()
    assert {"alice.key", "alice.key.pub"} == set(os.listdir(tmp_path))


def test_a_link_to_a_key_stays_one(quick, placed, tmp_path):
    file = placed(*quick)
    (tmp_path / "link").symlink_to("alice.key")
    KeyFile(tmp_path / "link").change_passphrase(old=PASSPHRASE, new="another")

    assert (tmp_path / "link").is_symlink()
    assert file.key == file.unlock("another").key


CHANGING = """
import sys
from pathlib import Path
from trustlib.signing import _disk

path, *contents = map(Path, sys.argv[1:])
contents = [content.read_bytes() for content in contents]
print("ready", flush=True)
while True:
    for content in contents:
        _disk.replaced(path, content)
"""


def test_a_change_that_is_killed_leaves_one_valid_file(quick, placed, tmp_path, openssl):
    """The step that writes is repeated as fast as it goes, and killed at some moment."""
    other = openssl(
        "pkcs8", "-topk8", "-passin", f"pass:{PASSPHRASE}", "-passout", "pass:another",
        data=quick[0],
    )  # fmt: skip
    file = placed(*quick)
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(quick[0])
    two.write_bytes(other)
    for attempt in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", CHANGING, file.path, one, two],
            stdout=subprocess.PIPE,
            env=PLAINLY,
        ) as process:
            assert b"ready\n" == process.stdout.readline()
            time.sleep(0.005 * attempt)
            process.send_signal(signal.SIGKILL)
        passphrase = {quick[0]: PASSPHRASE, other: "another"}[file.path.read_bytes()]

        assert file.key == file.unlock(passphrase).key
        assert 0o600 == mode(file.path)
    for left in tmp_path.glob(".alice.key.*.new"):
        assert 0o600 == mode(left)


# -- what the system saw ------------------------------------------------------------------

WATCHED = """
import os, sys
from trustlib.signing import KeyFile

os.umask(0)
KeyFile.generate(sys.argv[1], "first").change_passphrase(old="first", new="second")
"""
CALLS = "open,openat,creat,chmod,fchmod,fchmodat,write,pwrite64,writev,pwritev,rename,renameat,renameat2,link,linkat,symlink,symlinkat,fsync,fdatasync"


@pytest.fixture(scope="module")
def watched(tmp_path_factory, strace):
    """A key that was made and changed, and every call that touched a file meanwhile."""
    directory = tmp_path_factory.mktemp("watched")
    log = directory / "log"
    subprocess.run(
        [
            *(strace, "-f", "-y", "-xx", "-s", "100000", "-e", f"trace={CALLS}", "-o", log),
            *(sys.executable, "-c", WATCHED, directory / "alice.key"),
        ],
        check=True,
        env=PLAINLY,
    )
    calls = re.sub(
        r"((?:\\x[0-9a-f]{2})+)",
        lambda match: bytes.fromhex(match[1].replace("\\x", "")).decode("latin-1"),
        log.read_text(),
    )
    return KeyFile(directory / "alice.key"), calls


def test_a_key_file_never_has_another_mode(watched):
    """T-09: made with 0600 and with nothing else, and never given another one."""
    _, calls = watched
    made = re.findall(
        r'open(?:at)?\(.*?"([^"]*alice\.key[^"]*)", ([A-Z_|]*O_CREAT[A-Z_|]*), (\d+)', calls
    )

    assert 3 == len(made)
    for path, flags, given in made:
        assert ("0644" if path.endswith(".pub") else "0600") == given
        assert {"O_EXCL", "O_NOFOLLOW", "O_WRONLY"} <= set(flags.split("|"))
    assert not re.findall(r"chmod(?:at)?\(.*alice\.key", calls)


def test_files_and_directory_are_on_the_disk_when_we_say_so(watched):
    """T-11: each new file, and then its directory; the renamed one once more."""
    _, calls = watched
    synced = re.findall(r"fsync\(\d+<([^>]*)>\)", calls)
    names = ["file" if "alice.key" in path else "directory" for path in synced]

    assert ["file", "directory"] * 3 + ["directory"] == names
    assert calls.rindex("fsync(") > calls.index("rename")


def test_no_byte_of_the_private_key_was_written_in_the_clear(watched):
    file, calls = watched
    private = load_pem_private_key(file.path.read_bytes(), b"second")
    clear = pkcs8(private)
    seed = private.private_bytes_raw()

    assert "BEGIN ENCRYPTED PRIVATE KEY" in calls
    assert "BEGIN PRIVATE KEY" not in calls
    for start in range(len(seed) - 8):
        assert seed[start : start + 8].decode("latin-1") not in calls
    assert seed.hex() not in calls
    for text in (clear, b"x" + clear, b"xx" + clear, seed, b"x" + seed, b"xx" + seed):
        inner = base64.b64encode(text)[8:40].decode()
        assert inner not in calls
