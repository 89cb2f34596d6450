"""Directories, mirrors, and transports that are awaited."""

import asyncio
import copy
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from attrs import field, frozen
from transport.servers import Server, answer, files, says

from trustlib._types import UrlPath
from trustlib.errors import TransportError
from trustlib.ports import Pipelining, Request
from trustlib.transport import NO_RETRIES, DirectoryTransport, HttpTransport, Mirrors, Threaded
from trustlib.transport._pieces import unbroken


def asking(path: str = "x", offset: int = 0) -> Request:
    return Request(path=UrlPath(path), offset=offset)


def joined(pieces) -> bytes | None:
    return None if pieces is None else b"".join(pieces)


# -- directories ---------------------------------------------------------------------------


def test_a_directory_serves_its_files(tmp_path):
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "timestamp.json").write_bytes(b"{}")
    transport = DirectoryTransport(str(tmp_path))

    assert b"{}" == joined(transport.fetch(asking("metadata/timestamp.json")))
    assert transport.fetch(asking("metadata/2.root.json")) is None
    assert transport.fetch(asking("metadata/timestamp.json/x")) is None
    assert transport.fetch(asking("nowhere/at/all")) is None
    assert transport.fetch(asking("metadata")) is None


def test_a_name_is_decoded_once(tmp_path):
    (tmp_path / "3...").mkdir()
    (tmp_path / "3..." / "x.json").write_bytes(b"slash")
    (tmp_path / "a%2Fb").write_bytes(b"percent")
    (tmp_path / "é ?#").write_bytes(b"odd")
    transport = DirectoryTransport(tmp_path)

    assert b"slash" == joined(transport.fetch(asking("3...%2Fx.json")))
    assert b"percent" == joined(transport.fetch(asking("a%252Fb")))
    assert b"odd" == joined(transport.fetch(asking("%C3%A9%20%3F%23")))


def test_a_large_file_comes_in_pieces_from_any_offset(tmp_path):
    data = os.urandom(200_000)
    (tmp_path / "x").write_bytes(data)
    transport = DirectoryTransport(tmp_path)

    assert [65_536, 65_536, 65_536, 3_392] == list(map(len, transport.fetch(asking())))
    assert data[150_000:] == joined(transport.fetch(asking(offset=150_000)))
    assert b"" == joined(transport.fetch(asking(offset=200_000)))
    with pytest.raises(TransportError, match="no byte 200001"):
        transport.fetch(asking(offset=200_001))
    with pytest.raises(ValueError, match="offset"):
        transport.fetch(asking(offset=-1))


@pytest.mark.parametrize("path", [
    "", "/", "/etc/passwd", "../secret", "a/../../secret", "%2e%2e/secret", "..%2Fsecret", "%2Fetc%2Fpasswd",
    "a//secret", "..\\secret", "a\0", "%00", "%ff", "a%2F%2Fsecret/../..", "é", "x" * 5_000,
])  # fmt: skip
def test_no_name_leads_out_of_the_directory(tmp_path, path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "served" / "a").mkdir(parents=True)
    with pytest.raises(TransportError) as error:
        joined(DirectoryTransport(tmp_path / "served").fetch(asking(path)))

    assert str(error.value).isprintable()


def test_no_link_leads_out_of_the_directory(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    served = tmp_path / "served"
    served.mkdir()
    (served / "x").symlink_to(tmp_path / "secret")
    (served / "up").symlink_to("..")
    transport = DirectoryTransport(served)

    for path in ("x", "up/secret"):
        with pytest.raises(TransportError, match="leads out"):
            transport.fetch(asking(path))


def test_a_neighbour_with_a_longer_name_is_outside(tmp_path):
    (tmp_path / "served").mkdir()
    (tmp_path / "served-not").mkdir()
    (tmp_path / "served-not" / "x").write_bytes(b"secret")
    (tmp_path / "served" / "link").symlink_to("../served-not/x")
    with pytest.raises(TransportError, match="leads out"):
        DirectoryTransport(tmp_path / "served").fetch(asking("link"))


def test_links_within_the_directory_and_to_it_are_fine(tmp_path):
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "1.x").write_bytes(b"x")
    (tmp_path / "served" / "x").symlink_to("1.x")
    (tmp_path / "current").symlink_to("served")
    (tmp_path / "served" / "gone").symlink_to("nothing")

    assert b"x" == joined(DirectoryTransport(tmp_path / "current").fetch(asking("x")))
    assert DirectoryTransport(tmp_path / "current").fetch(asking("gone")) is None


def test_a_circle_of_links_is_an_error(tmp_path):
    (tmp_path / "x").symlink_to("y")
    (tmp_path / "y").symlink_to("x")
    with pytest.raises(TransportError):
        DirectoryTransport(tmp_path).fetch(asking("x"))


def test_nothing_is_waited_for_but_files(tmp_path):
    os.mkfifo(tmp_path / "x")
    with pytest.raises(TransportError, match="not a regular file"):
        DirectoryTransport(tmp_path).fetch(asking("x"))


def test_a_socket_is_not_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("x")
        with pytest.raises(TransportError):
            DirectoryTransport(tmp_path).fetch(asking("x"))


def test_a_stick_that_is_not_plugged_in_is_not_an_empty_repository(tmp_path):
    with pytest.raises(TransportError):
        DirectoryTransport(tmp_path / "stick").fetch(asking("x"))


def test_a_file_is_not_a_directory(tmp_path):
    (tmp_path / "stick").write_bytes(b"")
    with pytest.raises(TransportError, match="not a directory"):
        DirectoryTransport(tmp_path / "stick").fetch(asking("x"))


UNREADABLE = """
import os, sys
from trustlib import DirectoryTransport, Request, TransportError

if os.getuid() == 0:
    os.setuid(65534)  # root may read everything
transport = DirectoryTransport(sys.argv[1])
assert b"y" == b"".join(transport.fetch(Request(path="y")))
try:
    transport.fetch(Request(path="x"))
except TransportError as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_file_that_may_not_be_read_is_not_absent():
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        for name in "xy":
            (Path(directory) / name).write_bytes(name.encode())
        (Path(directory) / "x").chmod(0)
        done = subprocess.run(
            [sys.executable, "-c", UNREADABLE, directory],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )

    assert "Permission denied" in done.stdout


def test_a_file_that_is_given_up_is_closed(tmp_path):
    (tmp_path / "x").write_bytes(b"x" * 200_000)
    pieces = DirectoryTransport(tmp_path).fetch(asking())
    next(pieces)
    pieces.close()
    pieces.close()

    assert [] == list(pieces)


# -- pieces --------------------------------------------------------------------------------


def test_whatever_may_be_read_again_is_closed_first():
    first, second = Script((b"a", DOWN), log=(log := [])), Script((b"a", b"b"), log=log)
    opened = first.fetch(asking("first"))
    pieces = unbroken(opened, lambda: second.fetch(asking("second")), 10)

    assert [b"a", b"b"] == list(pieces)
    assert ["first", "closed", "second", "closed"] == log


def test_pieces_that_are_given_up_are_closed():
    script = Script((b"a", b"b"))
    opened = script.fetch(asking())
    pieces = unbroken(opened, pytest.fail, 10)
    next(pieces)
    pieces.close()

    assert ["x", "closed"] == script.log


# -- mirrors -------------------------------------------------------------------------------


@frozen
class Script:
    """A transport that does what it was told, and counts."""

    parts: tuple[bytes | TransportError, ...] | TransportError | None
    log: list[str] = field(factory=list, eq=False)

    def fetch(self, request: Request):
        self.log.append(request.path)
        if isinstance(self.parts, TransportError):
            raise self.parts
        return None if self.parts is None else self._pieces()

    def _pieces(self):
        try:
            for part in self.parts:
                if isinstance(part, TransportError):
                    raise part
                yield part
        finally:
            self.log.append("closed")


DOWN = TransportError("http://down.example/", "no connection")


@pytest.mark.parametrize("down", [Script(DOWN), Script((DOWN, b"x"))], ids=["fetch", "first piece"])
def test_a_mirror_that_fails_is_passed_over(down):
    assert b"ab" == joined(Mirrors(down, Script((b"a", b"b"))).fetch(asking()))


def test_a_mirror_that_fails_is_closed():
    class Broken:
        closed = False

        def fetch(self, request):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            raise DOWN

        def close(self):
            self.closed = True

    broken = Broken()
    joined(Mirrors(broken, Script(())).fetch(asking()))

    assert broken.closed


def test_a_mirror_that_says_no_is_believed():
    other = Script((b"x",))

    assert Mirrors(Script(DOWN), Script(None), other).fetch(asking()) is None
    assert [] == other.log


def test_a_mirror_that_has_an_empty_file_is_believed():
    assert b"" == joined(Mirrors(Script(()), Script((b"x",))).fetch(asking()))


def test_a_failure_after_the_first_piece_is_a_failure():
    other = Script((b"x",))
    pieces = Mirrors(Script((b"a", DOWN)), other).fetch(asking())

    assert b"a" == next(pieces)
    with pytest.raises(TransportError):
        next(pieces)
    assert [] == other.log


def test_if_all_mirrors_fail_all_are_named():
    with pytest.raises(TransportError) as error:
        Mirrors(Script(DOWN), Script(TransportError("stick", "gone"))).fetch(asking("x.json"))

    assert "x.json" == error.value.where
    assert (
        "no mirror could be read (http://down.example/: no connection; stick: gone)"
        == error.value.reason
    )


def test_other_errors_are_nobody_elses_turn():
    class Broken:
        def fetch(self, request):
            raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        Mirrors(Broken(), Script((b"x",))).fetch(asking())


def test_what_is_read_from_a_mirror_can_be_given_up():
    mirror = Script((b"a", b"b"))
    pieces = Mirrors(mirror).fetch(asking())
    pieces.close()

    assert ["x", "closed"] == mirror.log
    assert [] == list(pieces)


def test_mirrors_of_nothing_are_a_mistake():
    with pytest.raises(ValueError, match="at least one"):
        Mirrors()


def test_mirrors_are_a_value():
    assert Mirrors(Script(None)) == Mirrors(Script(None))


def test_mirrors_fall_back_from_the_network_to_a_directory(tmp_path):
    (tmp_path / "x").write_bytes(b"stick")
    with Server(says(answer(b"", status="500 X"))) as server, HttpTransport(server.url) as web:
        assert b"stick" == joined(Mirrors(web, DirectoryTransport(tmp_path)).fetch(asking()))


@frozen
class AtOnce(Script):
    """A transport that can be asked for several files, and fails before the one at *failing*."""

    failing: int = 100

    def fetch_all(self, requests):
        self.log.append([request.path for request in requests])
        try:
            for place, request in enumerate(requests):
                if place == self.failing:
                    raise DOWN
                yield self.fetch(request)
        finally:
            self.log.append("landed")


def test_mirrors_pipeline_if_the_first_one_does():
    assert isinstance(Mirrors(AtOnce(()), Script(())), Pipelining)
    assert not isinstance(Mirrors(Script(()), AtOnce(())), Pipelining)
    assert isinstance(copy.copy(Mirrors(AtOnce(()))), Pipelining)
    assert Mirrors(AtOnce(())) == Mirrors(AtOnce(()))


@pytest.mark.parametrize("failing", [0, 1, 2, 3])
def test_mirrors_go_on_one_by_one_where_the_first_one_failed(failing):
    first = AtOnce((b"first",), failing=failing)
    mirrors = Mirrors(first, Script((b"second",)))

    got = [joined(pieces) for pieces in mirrors.fetch_all([asking("a"), asking("b"), asking("c")])]

    assert [b"first"] * 3 == got  # it failed only when it was asked for several
    assert 1 == first.log.count(["a", "b", "c"])
    assert [path for path in first.log if path in ("a", "b", "c")] == ["a", "b", "c"]


@pytest.mark.parametrize("parts", [DOWN, (DOWN, b"x")], ids=["fetch", "first piece"])
def test_a_mirror_that_fails_in_a_flight_is_passed_over(parts):
    mirrors = Mirrors(AtOnce(parts), Script((b"second",)))

    assert [b"second"] * 2 == [*map(joined, mirrors.fetch_all([asking("a"), asking("b")]))]


def test_a_mirror_that_says_no_in_a_flight_is_believed():
    other = Script((b"x",))

    assert [None] * 2 == list(Mirrors(AtOnce(None), other).fetch_all([asking(), asking()]))
    assert [] == other.log


def test_a_flight_to_mirrors_may_be_given_up():
    first = AtOnce((b"a", b"b"))
    answers = Mirrors(first).fetch_all([asking("a"), asking("b")])
    next(answers).close()
    answers.close()

    assert [["a", "b"], "a", "closed", "landed"] == first.log


def test_if_all_mirrors_fail_in_a_flight_all_are_named():
    answers = Mirrors(AtOnce(DOWN), Script(TransportError("stick", "gone"))).fetch_all([asking()])
    with pytest.raises(TransportError, match="no mirror could be read") as error:
        next(answers)

    assert "stick: gone" in error.value.reason


# -- awaited -------------------------------------------------------------------------------


async def _joined(transport, path: str = "x") -> bytes | None:
    pieces = await transport.fetch(asking(path))
    return None if pieces is None else b"".join([piece async for piece in pieces])


def test_any_transport_can_be_awaited():
    async def main():
        with HttpTransport(server.url, retries=NO_RETRIES) as web:
            return await asyncio.gather(*(_joined(Threaded(web), path) for path in ("x", "y", "x")))

    data = b"x" * 300_000
    with Server(files({"/x": data})) as server:
        assert [data, None, data] == asyncio.run(main())


@pytest.mark.parametrize("broken", [Script(DOWN), Script((b"a", DOWN))])
def test_errors_arrive_where_it_is_awaited(broken):
    with pytest.raises(TransportError):
        asyncio.run(_joined(Threaded(broken)))


def test_pieces_are_awaited_one_by_one_and_can_be_given_up():
    script = Script((b"a", b"b", b"c"))

    async def main():
        pieces = await Threaded(script).fetch(asking())
        assert b"a" == await anext(pieces)
        await pieces.aclose()
        await pieces.aclose()
        assert [] == [piece async for piece in pieces]

    asyncio.run(main())

    assert ["x", "closed"] == script.log


def test_a_plain_iterator_without_close_will_do():
    class Plain:
        def fetch(self, request):
            return iter([b"a", b"b"])

    async def main():
        pieces = await Threaded(Plain()).fetch(asking())
        await anext(pieces)
        await pieces.aclose()
        return await _joined(Threaded(Plain()))

    assert b"ab" == asyncio.run(main())


class Slow:
    """A transport that blocks where it was told to, until it is let go."""

    def __init__(self, where: str):
        self.where = where
        self.reached, self.go, self.closed = threading.Event(), threading.Event(), threading.Event()

    def fetch(self, request):
        if self.where == "fetch":
            self._block()
        # Kept, so that only close() closes it, and not the garbage collector.
        self.kept = self._pieces()
        next(self.kept)
        return self.kept

    def _pieces(self):
        try:
            yield b"started"
            self._block()
            yield b"too late"
        finally:
            self.closed.set()

    def _block(self):
        self.reached.set()
        assert self.go.wait(20)


@pytest.mark.parametrize("where", ["fetch", "next"])
def test_who_is_cancelled_does_not_wait_and_leaves_nothing_open(where):
    slow = Slow(where)

    async def main():
        task = asyncio.create_task(_joined(Threaded(slow)))
        await asyncio.to_thread(slow.reached.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # We are back, and the worker thread is still inside the transport.
        assert not slow.closed.is_set()
        slow.go.set()
        assert await asyncio.to_thread(slow.closed.wait, 20)

    asyncio.run(main())
