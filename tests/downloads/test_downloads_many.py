"""Many files side by side: all of them in order, or the first error."""

import asyncio
import hashlib
import itertools
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from downloads.artifacts import (
    DATA,
    OTHER,
    PIECE,
    Async,
    AsyncScripted,
    Sync,
    draft_of,
    drafts,
    found,
    http,
    in_pieces,
)
from transport.servers import Server, answer, files

from trustlib import Limits, MismatchError, NotFoundError, TransportError
from trustlib.downloads import adownloaded_all, downloaded_all

posix = pytest.mark.skipif(sys.platform == "win32", reason="drafts are continued on POSIX")


def contents(count):
    return {f"file-{n}": hashlib.sha256(b"%d" % n).digest() * (n + 1) for n in range(count)}


def wanted(content, directory):
    return [
        (found(data, path=name, files=(name,)), directory / name) for name, data in content.items()
    ]


def serving_all(content) -> Server:
    return Server(files({f"/{name}": data for name, data in content.items()}))


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_all_arrive_in_order(download, tmp_path, at_once):
    content = contents(20)
    with serving_all(content) as server, http(server) as transport:
        places = download.all(wanted(content, tmp_path), transport=transport, at_once=at_once)

        assert 20 == len(server.asked)
    assert tuple(tmp_path / name for name in content) == places
    assert content == {place.name: place.read_bytes() for place in places}
    assert sorted(content) == sorted(path.name for path in tmp_path.iterdir())


def test_none_are_none(download, scripted):
    assert () == download.all([], transport=scripted())


def test_no_more_than_allowed_are_on_their_way(way, tmp_path):
    """The server answers when three wait for it, and there is never a fourth."""
    content = contents(9)
    three = threading.Barrier(3)
    waiting, most = [], []

    def script(asked):
        waiting.append(asked)
        most.append(len(waiting))
        three.wait(60)
        waiting.remove(asked)
        three.wait(60)  # none of the next three comes before all have left
        yield answer(content[asked.target[1:]])

    ways = {"sync": Sync(), "async": Async()}
    with Server(script) as server, http(server) as transport:
        ways[way].all(wanted(content, tmp_path), transport=transport, at_once=3)

    assert 3 == max(most)


@pytest.mark.parametrize("at_once", [1, 4])
def test_the_first_error_is_raised_and_each_file_is_all_or_nothing(download, tmp_path, at_once):
    content = contents(30)
    served = {**content, "file-7": OTHER[: len(content["file-7"])]}
    with serving_all(served) as server, http(server) as transport:
        with pytest.raises(MismatchError, match="file-7"):
            download.all(wanted(content, tmp_path), transport=transport, at_once=at_once)

        assert len(server.asked) < 30
    for path in tmp_path.iterdir():
        if path not in drafts(tmp_path):
            assert content[path.name] == path.read_bytes()
    assert not (tmp_path / "file-7").exists()
    with serving_all(content) as server, http(server) as transport:
        download.all(wanted(content, tmp_path), transport=transport, at_once=at_once)
    assert sorted(content) == sorted(path.name for path in tmp_path.iterdir())


class Endless:
    """A transport on which one file is absent as soon as another one has begun."""

    def __init__(self):
        self.open, self.begun, self.left = 0, threading.Event(), threading.Event()

    def fetch(self, request):
        if request.path == "absent":
            self.begun.wait(60)
            return None
        return self._pieces()

    def _pieces(self):
        self.open += 1
        try:
            yield bytes(PIECE)
            self.begun.set()
            for _ in range(60_000):  # a minute, and no disk is filled
                self.left.wait(0.001)
                yield b""
        finally:
            self.open -= 1


@posix
def test_an_error_stops_the_others_in_the_middle(download, tmp_path):
    """They would never end by themselves; what they have is kept."""
    transport = Endless()
    endless = found(length=PIECE + 1, path="endless", files=("endless",))
    absent = found(path="absent", files=("absent",))
    with pytest.raises(NotFoundError):
        download.all([(endless, tmp_path / "a"), (absent, tmp_path / "b")], transport=transport)

    assert 0 == transport.open
    (draft,) = list(tmp_path.iterdir())
    assert draft.stat().st_size >= PIECE


def test_what_progress_raises_stops_all(download, tmp_path):
    class EnoughError(Exception):
        pass

    def enough(so_far, total):
        raise EnoughError

    content = contents(10)
    with serving_all(content) as server, http(server) as transport, pytest.raises(EnoughError):
        download.all(wanted(content, tmp_path), transport=transport, progress=enough)
    assert not set(content) & {path.name for path in tmp_path.iterdir()}


def test_progress_is_that_of_all_together(download, tmp_path):
    content = contents(12)
    total = sum(map(len, content.values()))
    told, inside = [], []

    def tell(so_far, of):
        inside.append(1)
        told.append((so_far, of))
        time.sleep(0.005)  # long enough for another thread to come in, if it could
        assert 1 == len(inside)
        inside.pop()

    (tmp_path / "file-3").write_bytes(content["file-3"])
    with serving_all(content) as server, http(server) as transport:
        download.all(wanted(content, tmp_path), transport=transport, progress=tell)

    assert told == sorted(told)
    assert (total, total) == told[-1]


def test_the_same_content_may_go_to_several_places(download, tmp_path):
    places = [tmp_path / f"copy-{n}" for n in range(10)]
    with serving_all({"a": DATA}) as server, http(server) as transport:
        download.all([(found(files=("a",)), place) for place in places], transport=transport)

    assert [DATA] * 10 == [place.read_bytes() for place in places]
    assert sorted(places) == sorted(tmp_path.iterdir())


def test_two_files_cannot_be_at_one_place(download, scripted, tmp_path):
    transport = scripted()
    twice = [(found(DATA), tmp_path / "a"), (found(OTHER), tmp_path / "a")]
    with pytest.raises(ValueError, match="same place"):
        download.all(twice, transport=transport)
    for at_once in (0, -1):
        with pytest.raises(ValueError, match="at_once"):
            download.all(twice[:1], transport=transport, at_once=at_once)

    assert [] == transport.asked


@posix
def test_an_interrupt_stops_all(tmp_path):
    """Control-C is raised in the thread that waits for the others."""
    transport, interrupted = Endless(), []
    endless = found(length=PIECE + 1, path="endless", files=("endless",))

    def interrupt(so_far, total):
        if so_far and not interrupted:
            interrupted.append(so_far)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        downloaded_all(
            [(endless, tmp_path / "a")], transport=transport, limits=Limits(), progress=interrupt
        )
    assert 0 == transport.open
    assert 1 == len(drafts(tmp_path))
    assert not (tmp_path / "a").exists()


@posix
def test_a_cancelled_call_stops_all(tmp_path):
    async def scenario():
        def told(so_far, total):
            if so_far:
                begun.set()

        work = adownloaded_all(
            [(found(data), tmp_path / name) for name, data in (("a", DATA), ("b", OTHER))],
            transport=transport,
            limits=Limits(),
            progress=told,
        )
        task = asyncio.ensure_future(work)
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    class Slow(AsyncScripted):
        async def _awaited(self, pieces):
            async for piece in super()._awaited(pieces):
                yield piece
                await asyncio.sleep(60)

    begun, transport = asyncio.Event(), Slow(in_pieces(DATA), in_pieces(OTHER))
    asyncio.run(scenario())

    assert 0 == transport.open
    assert set(tmp_path.iterdir()) == set(drafts(tmp_path))


def test_a_transport_that_fails_fails_all(download, tmp_path):
    class Down:
        def fetch(self, request):
            raise TransportError(request.path, "down")

    with pytest.raises(TransportError):
        download.all(wanted(contents(10), tmp_path), transport=Down())
    assert [] == list(tmp_path.iterdir())


@posix
def test_each_goes_on_with_its_own_draft(download, tmp_path):
    content = contents(5)
    for item, _ in wanted(content, tmp_path):
        draft_of(tmp_path, item, content[item.path][:7])
    with serving_all(content) as server, http(server) as transport:
        download.all(wanted(content, Path(tmp_path)), transport=transport)

        assert ["bytes=7-"] * 5 == [asked.headers["range"] for asked in server.asked]
    assert [] == drafts(tmp_path)


def test_drafts_that_nobody_goes_on_with_are_removed_from_each_directory(download, tmp_path):
    """Where they lie is looked up once for a directory, not once for a file."""
    content, places = contents(4), [tmp_path / "one", tmp_path / "two"]
    both = []
    for place, names in zip(places, (list(content)[:2], list(content)[2:]), strict=True):
        place.mkdir()
        some = [(item, at) for item, at in wanted(content, place) if item.path in names]
        for (item, _), slot in itertools.product(some, (0, 3, 9)):
            draft_of(place, item, b"?", slot)
        both += some
    (tmp_path / "one" / "notes.part").write_text("somebody else's")
    with serving_all(content) as server, http(server) as transport:
        download.all(both, transport=transport)

    assert [[], []] == [drafts(place) for place in places]
    assert "somebody else's" == (tmp_path / "one" / "notes.part").read_text()
