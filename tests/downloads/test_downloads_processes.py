"""Several processes, one file: killed ones, racing ones, and ones that the system refuses."""

import errno
import hashlib
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from downloads.artifacts import DATA, FOUND, PIECE, cut, drafts, found, partial, serving, start
from transport.servers import HangUpError, Server, answer

from trustlib import StorageError
from trustlib.downloads._drafts import opened

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals, limits and users of POSIX")
END = len(DATA)

BEGIN = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from trustlib import FrozenMap, HttpTransport, Limits, Target, TrustError
from trustlib.downloads import downloaded
from trustlib.sources import FromRepository
from trustlib.workflow import Found
from trustlib.workflow.explanation import Evidence

url, length, sha256, sha512, place = sys.argv[1:6]
found = Found(
    path="tools/app.tgz",
    target=Target(length=int(length), hashes=FrozenMap({"sha256": sha256, "sha512": sha512})),
    via=("targets",),
    valid_until=datetime(2030, 1, 1, tzinfo=UTC),
    collection=None,
    files=("tools/app.tgz",),
    source=FromRepository(datetime(2029, 12, 31, tzinfo=UTC)),
    evidence=Evidence(trusted=None, visited=()),
)

def fetch(**more):
    downloaded(found, Path(place), transport=HttpTransport(url), limits=Limits(), **more)
"""


def command(program, server, place, wanted=FOUND) -> list[str]:
    hashes = wanted.target.hashes
    facts = (server.url, wanted.target.length, hashes["sha256"], hashes["sha512"], place)
    return [sys.executable, "-c", BEGIN + program, *map(str, facts)]


def output(program, server, place, wanted=FOUND) -> str:
    done = subprocess.run(
        command(program, server, place, wanted),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


@posix
@pytest.mark.parametrize("at", [1, PIECE, 2 * PIECE + 5])
def test_a_killed_process_leaves_what_the_next_one_goes_on_with(tmp_path, at):
    """Killed with kill -9 while it waits for more."""
    over, asked = threading.Event(), []

    def script(request):
        asked.append(start(request))
        if len(asked) == 1:
            yield answer(DATA)[: at - END]
            over.wait(120)
            raise HangUpError
        span = f"bytes {asked[-1]}-{END - 1}/{END}"
        yield answer(DATA[asked[-1] :], status="206 Partial Content", Content_Range=span)

    watching = f"""
def told(so_far, _):
    if so_far == {at}:
        print("there", flush=True)
fetch(progress=told)
"""
    place = tmp_path / "a"
    with Server(script) as server:
        with subprocess.Popen(command(watching, server, place), stdout=subprocess.PIPE) as process:
            assert b"there\n" == process.stdout.readline()
            process.kill()
        over.set()
        assert not place.exists()
        assert [at] == [path.stat().st_size for path in drafts(tmp_path)]
        assert "" == output("fetch()", server, place)

    assert [0, at] == asked
    assert DATA == place.read_bytes()
    assert [place] == list(tmp_path.iterdir())


@posix
def test_eight_processes_fetch_one_file(tmp_path):
    """Whichever of them is last: at every moment there is no file, or the right one."""
    place = tmp_path / "a"
    fetching = "fetch(progress=lambda *_: None)"
    breaks = [PIECE] * 5

    def script(request):
        begin = start(request)
        if begin == 0 and breaks:
            yield from cut(answer(DATA), END, breaks.pop())
        yield partial(DATA, begin)

    with Server(script) as server:
        processes = [subprocess.Popen(command(fetching, server, place)) for _ in range(8)]
        while any(process.poll() is None for process in processes):
            if place.exists():
                assert DATA == place.read_bytes()
            time.sleep(0.01)
        assert [0] * 8 == [process.wait() for process in processes]

    assert DATA == place.read_bytes()
    assert [place] == list(tmp_path.iterdir())


@posix
def test_memory_does_not_grow_with_the_file(tmp_path):
    """Peak memory (kB) of fetching, of finding it there, and of going on, for 1 MB and for 96 MB."""
    piece = b"trustlib" * (PIECE // 8)

    def peaks(count):
        hashes = hashlib.sha256(), hashlib.sha512()
        for _ in range(count):
            for one in hashes:
                one.update(piece)
        wanted = found(
            b"",
            length=count * PIECE,
            sha256=hashes[0].hexdigest(),
            sha512=hashes[1].hexdigest(),
        )

        def script(request):
            begin = start(request)
            head = "HTTP/1.1 206 Partial\r\n" if begin else "HTTP/1.1 200 OK\r\n"
            end = count * PIECE
            head += f"Content-Range: bytes {begin}-{end - 1}/{end}\r\n"
            yield f"{head}Content-Length: {end - begin}\r\n\r\n".encode()
            yield piece[begin % PIECE :]
            for _ in range(begin // PIECE + 1, count):
                yield piece

        measuring = """
import resource
fetch()
fetch()
Path(place).rename(str(place) + ".old")
class Enough(Exception): pass
def told(so_far, _):
    if so_far > int(length) * 3 // 4 : raise Enough
try:
    fetch(progress=told)
except Enough:
    fetch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
        with Server(script) as server, tempfile.TemporaryDirectory() as directory:
            return int(output(measuring, server, Path(directory, "a"), wanted))

    unit = 1024 if sys.platform == "darwin" else 1
    small, large = peaks(16) / unit, peaks(1536) / unit

    assert large - small < 8_000


@posix
def test_a_directory_that_cannot_be_written_is_named(tmp_path):
    """T-63."""
    fetching = """
import os
if os.getuid() == 0:
    os.setuid(65534)  # root may write anywhere
for name in ("right", "new"):
    try:
        downloaded(
            found, Path(place, name), transport=HttpTransport(url), limits=Limits()
        )
        print("fine")
    except TrustError as error:
        print(type(error).__name__, error)
"""
    with tempfile.TemporaryDirectory() as directory, serving() as server:
        Path(directory, "right").write_bytes(DATA)
        Path(directory).chmod(0o555)
        try:
            said = output(fetching, server, directory)
        finally:
            Path(directory).chmod(0o700)

        assert [] == server.asked
        assert (
            "fine\n"
            f"StorageError {directory}/new: Permission denied; choose another place, or let this"
            " user write to the directory\n"
        ) == said


@posix
def test_a_full_disk_keeps_what_has_arrived(tmp_path):
    """The system refuses to write more than 100,000 bytes to a file."""
    fetching = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    fetch()
except TrustError as error:
    print(type(error).__name__, error)
"""
    place = tmp_path / "a"
    with serving() as server:
        assert f"StorageError {place}: File too large; " in output(fetching, server, place)
        assert [DATA[:100_000]] == [path.read_bytes() for path in tmp_path.iterdir()]
        output("fetch()", server, place)

        assert [0, 100_000] == [start(asked) for asked in server.asked]
    assert DATA == place.read_bytes()


def test_no_space_says_so_and_what_to_do(tmp_path):
    with pytest.raises(StorageError) as error, opened(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert (
        "No space left on device;"
        " free some space and call again: what has arrived is kept where that is possible"
    ) == error.value.reason


@posix
def test_the_file_is_on_disk_before_its_name(tmp_path, strace):
    trace, place = tmp_path / "trace", tmp_path / "d" / "a"
    place.parent.mkdir()
    tracing = [strace, "-f", "-y", "-e", "trace=fsync,/rename", "-o", str(trace)]
    with serving() as server:
        subprocess.run([*tracing, *command("fetch()", server, place)], timeout=120, check=True)
    seen = re.findall(r"(fsync|rename)\w*\(\d+<([^>]*)>", trace.read_text())
    assert ["fsync", "rename", "fsync"] == [call for call, _ in seen]
    assert seen[0][1].startswith(f"{place.parent}/.trustlib-")
    assert str(place.parent) == seen[2][1]
