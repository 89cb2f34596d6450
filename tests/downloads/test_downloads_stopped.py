"""Who is told how far it is may stop it; who sends too slowly is left."""

import asyncio
import contextlib
import itertools
import sys
import threading

import pytest
from downloads.artifacts import (
    BROKEN,
    DATA,
    FOUND,
    PIECE,
    AsyncScripted,
    draft_of,
    drafts,
    found,
    http,
    in_pieces,
)
from transport.servers import HangUpError, Server, answer

from trustlib import Limits, StorageError, TransportError
from trustlib.downloads import adownloaded
from trustlib.downloads.steps import ATTEMPTS, Ask, More, Told, downloading
from trustlib.transport import Threaded

posix = pytest.mark.skipif(sys.platform == "win32", reason="drafts are continued on POSIX")
END = len(DATA)


class EnoughError(Exception):
    """The user pressed the button."""


def stopping(at):
    def stop(so_far, _):
        if so_far >= at:
            raise EnoughError

    return stop


# -- progress ---------------------------------------------------------------------------


def test_progress_is_told_piece_by_piece(download, scripted, tmp_path):
    told = []
    download.one(
        FOUND,
        tmp_path / "a",
        transport=scripted(in_pieces(DATA)),
        progress=lambda *numbers: told.append(numbers),
    )

    assert [PIECE, 2 * PIECE, 3 * PIECE, END] == list(dict.fromkeys(n for n, _ in told))
    assert {END} == {total for _, total in told}


@posix
def test_progress_never_goes_back(download, scripted, tmp_path):
    """Neither for what was resumed nor for a new beginning."""
    draft_of(tmp_path, FOUND, bytes(2 * PIECE))
    told = []
    download.one(
        FOUND,
        tmp_path / "a",
        transport=scripted([DATA[2 * PIECE :]], in_pieces(DATA)),
        progress=lambda so_far, _: told.append(so_far),
    )

    assert [PIECE, 2 * PIECE, END] == list(dict.fromkeys(told))


def test_progress_of_a_file_that_turns_out_wrong_is_none(download, scripted, tmp_path):
    (tmp_path / "a").write_bytes(bytes(END))
    told = []
    download.one(
        FOUND,
        tmp_path / "a",
        transport=scripted(in_pieces(DATA)),
        progress=lambda so_far, _: told.append(so_far),
    )

    assert [0, PIECE, 2 * PIECE, 3 * PIECE, END] == list(dict.fromkeys(told))


# -- stopping ---------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("at", [1, 2 * PIECE, END])
def test_what_progress_raises_stops_the_download_and_keeps_the_draft(
    download, scripted, tmp_path, at
):
    transport = scripted(in_pieces(DATA))
    with pytest.raises(EnoughError):
        download.one(FOUND, tmp_path / "a", transport=transport, progress=stopping(at))

    assert 0 == transport.open
    (draft,) = list(tmp_path.iterdir())
    kept = draft.read_bytes()
    assert at <= len(kept) < at + PIECE
    assert DATA.startswith(kept)
    transport = scripted([DATA[len(kept) :]])
    download.one(FOUND, tmp_path / "a", transport=transport)
    assert ([] if len(kept) == END else [len(kept)]) == [offset for _, offset in transport.asked]


def test_a_check_of_what_is_there_can_be_stopped(download, scripted, tmp_path):
    (tmp_path / "a").write_bytes(bytes(END))
    with pytest.raises(EnoughError):
        download.one(FOUND, tmp_path / "a", transport=scripted(), progress=stopping(0))

    assert ["a"] == [path.name for path in tmp_path.iterdir()]


@posix
def test_a_check_of_a_draft_can_be_stopped(download, scripted, tmp_path):
    draft = draft_of(tmp_path, FOUND, DATA[:-1])
    with pytest.raises(EnoughError):
        download.one(FOUND, tmp_path / "a", transport=scripted(), progress=stopping(1))

    assert DATA[:-1] == draft.read_bytes()


def test_a_stopped_download_hangs_up(download, tmp_path):
    """The server notices, and does not wait for somebody who is gone."""
    gone = threading.Event()

    def script(_):
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
        yield from itertools.repeat(bytes(PIECE), 1500)

    class Noticing(Server):
        def talk(self, connection, asked):
            try:
                super().talk(connection, asked)
            except OSError:
                gone.set()
                raise

    wanted = found(length=100_000_000)
    with Noticing(script) as server, http(server) as transport:
        with pytest.raises(EnoughError):
            download.one(wanted, tmp_path / "a", transport=transport, progress=stopping(1))
        assert gone.wait(60)


@posix
@pytest.mark.parametrize("threaded", [True, False])
def test_a_cancelled_download_hangs_up_and_keeps_its_draft(tmp_path, threaded):
    """Cancelled while it waits for a server that has nothing more to say."""
    over = threading.Event()

    def script(_):
        yield answer(DATA)[: -END + PIECE]
        over.wait(60)
        raise HangUpError

    class Stuck(AsyncScripted):
        async def _awaited(self, pieces):
            async for piece in super()._awaited(pieces):
                yield piece
                if piece != b"":
                    waiting.set()
                    await asyncio.Event().wait()

    async def scenario(transport):
        loop = asyncio.get_running_loop()

        def told(so_far, _):
            if so_far >= PIECE:
                loop.call_later(0.05, waiting.set)

        work = adownloaded(
            FOUND, tmp_path / "a", transport=transport, limits=Limits(), progress=told
        )
        task = asyncio.ensure_future(work)
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        over.set()

    waiting = asyncio.Event()
    if threaded:
        with Server(script) as server, http(server) as transport:
            asyncio.run(scenario(Threaded(transport)))
    else:
        transport = Stuck(in_pieces(DATA))
        asyncio.run(scenario(transport))
        assert 0 == transport.open
    (draft,) = list(tmp_path.iterdir())
    assert DATA[:PIECE] == draft.read_bytes()


@posix
def test_cancelled_at_any_moment_the_next_call_goes_on(tmp_path):
    """Also while a thread of ours writes: that is waited for, and the draft is given back."""

    class Honest(AsyncScripted):
        async def fetch(self, request):
            self.answers.append(in_pieces(DATA[request.offset :], 1000))
            return await super().fetch(request)

    async def scenario(turns):
        work = adownloaded(FOUND, tmp_path / "a", transport=Honest(), limits=Limits())
        task = asyncio.ensure_future(work)
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(drafts(tmp_path)) <= 1

    for turns in range(0, 60, 3):
        asyncio.run(scenario(turns))
        for path in drafts(tmp_path):
            assert DATA.startswith(path.read_bytes())

    asyncio.run(adownloaded(FOUND, tmp_path / "a", transport=Honest(), limits=Limits()))
    assert DATA == (tmp_path / "a").read_bytes()
    assert [] == drafts(tmp_path)


# -- time -------------------------------------------------------------------------------


@posix
def test_a_drip_is_left_and_its_drops_are_kept(download, scripted, tmp_path):
    """T-93: another connection may be faster, but not for ever another one."""
    drops = [in_pieces(DATA[at * 1000 :], 1) for at in range(ATTEMPTS)]
    limits = Limits(patience=0.0, minimum_rate=1e12)
    transport = scripted(*drops)
    with pytest.raises(TransportError, match=r"below 1e\+12 a second"):
        download.one(FOUND, tmp_path / "a", transport=transport, limits=limits)

    assert ATTEMPTS == len(transport.asked)
    assert 0 == transport.open
    assert 0 < sum(path.stat().st_size for path in tmp_path.iterdir()) < END


def test_pieces_without_bytes_are_a_drip(download, scripted, tmp_path):
    transport = scripted(itertools.repeat(b""))
    with pytest.raises(TransportError, match="below"):
        download.one(FOUND, tmp_path / "a", transport=transport, limits=Limits(patience=0.005))

    assert 0 == transport.open
    assert [] == list(tmp_path.iterdir())


def test_a_download_has_no_deadline(download, scripted, tmp_path):
    """That of metadata would stop every large file; the rate bounds the time as well."""
    transport = scripted(in_pieces(DATA))
    download.one(FOUND, tmp_path / "a", transport=transport, limits=Limits(deadline=0.0))

    assert DATA == (tmp_path / "a").read_bytes()


def asked_for(tmp_path, seconds, busy=0.0, **limits):
    """Return which bytes are asked for, if each wait for a piece takes so many *seconds*."""
    now, asked, answer = 0.0, [], None
    pieces = iter(in_pieces(DATA[: 3 * PIECE]))
    steps = downloading(
        found(DATA[: 3 * PIECE]),
        tmp_path / "a",
        folder="",
        limits=Limits(**limits),
        clock=lambda: now,
    )
    with contextlib.suppress(StopIteration):
        while True:
            match steps.send(answer):
                case Told():
                    now += busy
                case Ask(request):
                    asked.append(request.offset)
                    answer = b""
                case More():
                    now += seconds
                    answer = next(pieces, None)
    assert (tmp_path / "a").exists()
    return asked


@pytest.mark.parametrize(("seconds", "asked"), [(2.0, [0]), (8.0, [0, 2 * PIECE])])
def test_who_is_too_slow_is_asked_for_the_rest_on_another_connection(tmp_path, seconds, asked):
    assert asked == asked_for(tmp_path, seconds, patience=1.0, minimum_rate=PIECE / 3)


def test_time_that_the_caller_takes_is_nobodys_fault(tmp_path):
    """A user who thinks about it for an hour in the middle has a connection that is not slow."""
    assert [0] == asked_for(tmp_path, 0.1, busy=3600.0)


def test_the_first_piece_may_take_as_long_as_the_transport_lets_it(tmp_path):
    """It may have to skip what we have."""
    now = 0.0
    steps = downloading(found(b"x"), tmp_path / "a", folder="", limits=Limits(), clock=lambda: now)
    assert isinstance(next(steps), Ask)
    assert isinstance(steps.send(b""), More)
    now += 3600.0
    assert Told(1, 1) == steps.send(b"x")
    steps.close()


# -- the disk ---------------------------------------------------------------------------


def test_a_disk_that_fails_hangs_up(download, scripted, tmp_path):
    """Here, its directory is taken away."""
    (tmp_path / "d").mkdir()
    transport = scripted(in_pieces(DATA))

    def removing(so_far, _):
        if so_far == END and (tmp_path / "d").exists():
            for path in (tmp_path / "d").iterdir():
                path.unlink()
            (tmp_path / "d").rmdir()

    with pytest.raises(StorageError) as error:
        download.one(FOUND, tmp_path / "d" / "a", transport=transport, progress=removing)
    assert str(tmp_path / "d" / "a") == error.value.where
    assert 0 == transport.open


def test_a_broken_download_says_where(download, scripted, tmp_path):
    with pytest.raises(TransportError) as error:
        download.one(FOUND, tmp_path / "a", transport=scripted(BROKEN))

    assert error.value is BROKEN
