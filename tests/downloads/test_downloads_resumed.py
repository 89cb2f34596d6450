"""What breaks off is continued, and what was there before is not believed for that."""

import os
import stat
import sys

import pytest
from downloads.artifacts import (
    BROKEN,
    DATA,
    FOUND,
    OTHER,
    PIECE,
    Scripted,
    Sync,
    breaking,
    cut,
    draft_of,
    drafts,
    found,
    http,
    in_pieces,
    partial,
    ranges,
    serving,
    start,
)
from transport.servers import HangUpError, Server, answer

from trustlib import MismatchError, NotFoundError, TooLongError, TransportError
from trustlib.downloads._drafts import opened
from trustlib.downloads.expected import Expected
from trustlib.downloads.steps import ATTEMPTS

posix = pytest.mark.skipif(sys.platform == "win32", reason="drafts are continued on POSIX")
END = len(DATA)


def arrives(download, directory, transport, wanted=FOUND):
    """Download, and find the file and nothing else of ours."""
    told = []
    place = download.one(
        wanted, directory / "a", transport=transport, progress=lambda *numbers: told.append(numbers)
    )
    assert DATA == place.read_bytes()
    assert [] == drafts(directory)
    assert told == sorted(told)
    assert (END, END) == told[-1]


# -- in one call ------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [1, 1000, PIECE - 1, PIECE, PIECE + 1, END - PIECE, END - 1])
def test_what_breaks_off_is_continued_where_it_broke(download, tmp_path, stop):
    with breaking(stop) as server, http(server) as transport:
        arrives(download, tmp_path, transport)

        assert [None, f"bytes={stop}-"] == ranges(server)


def test_before_the_first_byte_there_is_nothing_to_continue(download, tmp_path):
    """T-08: the transport has asked again already, as often as it may."""
    with breaking(0, 0, 0, 0) as server, http(server) as transport, pytest.raises(TransportError):
        download.one(FOUND, tmp_path / "a", transport=transport)

    assert [] == list(tmp_path.iterdir())


def test_it_may_break_off_several_times(download, tmp_path):
    stops = [PIECE * n // 3 for n in range(1, 9)]
    with breaking(*stops) as server, http(server) as transport:
        arrives(download, tmp_path, transport)

        assert [None, *(f"bytes={stop}-" for stop in stops)] == ranges(server)


def test_an_end_that_is_cut_off_is_no_reason_to_ask_again(download, tmp_path):
    """All bytes are there and right; only the last chunk, of length 0, is not."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (END, DATA)

    def script(_):
        yield chunked
        raise HangUpError

    with Server(script) as server, http(server) as transport:
        arrives(download, tmp_path, transport)
        assert 1 == len(server.asked)


@posix
def test_it_is_given_up_after_some_attempts_and_kept(download, scripted, tmp_path):
    answers = [[DATA[at : at + 1], BROKEN] for at in range(ATTEMPTS)]
    transport = scripted(*answers)
    with pytest.raises(TransportError):
        download.one(FOUND, tmp_path / "a", transport=transport)

    assert ATTEMPTS == len(transport.asked)
    assert [DATA[:ATTEMPTS]] == [path.read_bytes() for path in drafts(tmp_path)]
    arrives(download, tmp_path, scripted([DATA[ATTEMPTS:]]))


@posix
def test_without_progress_it_is_given_up_and_kept(download, scripted, tmp_path):
    transport = scripted([DATA[:9], BROKEN], BROKEN, BROKEN)
    with pytest.raises(TransportError):
        download.one(FOUND, tmp_path / "a", transport=transport)

    assert [0, 9, 0] == [offset for _, offset in transport.asked]
    assert [DATA[:9]] == [path.read_bytes() for path in drafts(tmp_path)]


def test_a_name_that_is_gone_meanwhile_is_not_the_end(download, scripted, tmp_path):
    transport = scripted([DATA[:9], BROKEN], None, [DATA[9:]])
    arrives(download, tmp_path, transport, found(files=("1", "2")))

    assert [("1", 0), ("1", 9), ("2", 9)] == transport.asked


# -- servers that cannot continue, or lie about it --------------------------------------


def test_a_server_that_ignores_the_offset_is_fine(download, tmp_path):
    stops = [PIECE]

    def script(_):
        if stops:
            yield from cut(answer(DATA), END, stops.pop())
        yield answer(DATA)

    with Server(script) as server, http(server) as transport:
        arrives(download, tmp_path, transport)
        assert [None, f"bytes={PIECE}-"] == ranges(server)


@pytest.mark.parametrize(
    "continued",
    [
        answer(DATA[9:], status="206 Partial Content", Content_Range=f"bytes 8-{END - 1}/{END}"),
        answer(DATA[9:], status="206 Partial Content", Content_Range="bytes all/some"),
        answer(DATA[9:], status="206 Partial Content"),
        answer(DATA[9:20], status="206 Partial Content", Content_Range=f"bytes 9-19/{END}"),
        answer(b"", status="416 Range Not Satisfiable"),
        answer(b"", status="500 Internal Server Error"),
        answer(DATA[:5]),
    ],
    ids=["another offset", "nonsense", "no range", "not to the end", "416", "500", "shorter"],
)
def test_who_cannot_continue_is_asked_to_begin_again(download, tmp_path, continued):
    seen = []

    def script(asked):
        seen.append(start(asked))
        if seen == [0]:
            yield from cut(answer(DATA), END, 9)
        yield continued if start(asked) else answer(DATA)

    with Server(script) as server, http(server) as transport:
        arrives(download, tmp_path, transport)
        assert [0, 9, 0] == seen


def test_a_lie_about_the_offset_is_found_out_by_the_hashes(download, tmp_path):
    """The bytes are not those that Content-Range says; once, everything is fetched again."""
    seen = []

    def script(asked):
        seen.append(start(asked))
        if seen == [0]:
            yield from cut(answer(DATA), END, PIECE)
        yield partial(OTHER if start(asked) else DATA, start(asked))

    with Server(script) as server, http(server) as transport:
        arrives(download, tmp_path, transport)
        assert [0, PIECE, 0] == seen


@pytest.mark.parametrize("rest", [DATA, DATA[9:] + b"x", DATA[10:]], ids=["all", "more", "less"])
def test_a_transport_that_continues_wrongly_is_asked_to_begin_again(
    download, scripted, tmp_path, rest
):
    """A transport of somebody's own that knows no offsets, for example."""
    transport = scripted([DATA[:9], BROKEN], in_pieces(rest), in_pieces(DATA))
    arrives(download, tmp_path, transport)

    assert [0, 9, 0] == [offset for _, offset in transport.asked]
    assert (0, 1) == (transport.open, transport.most)


def test_a_transport_may_fail_at_its_first_piece(download, scripted, tmp_path):
    transport = scripted([DATA[:9], BROKEN], [BROKEN], [DATA])
    arrives(download, tmp_path, transport)

    assert [0, 9, 0] == [offset for _, offset in transport.asked]


def test_a_file_that_changes_in_between_is_begun_again(download, tmp_path):
    contents = [OTHER, DATA, DATA]

    def script(asked):
        data = contents.pop(0)
        if data is OTHER:
            yield from cut(answer(data), END, 1000)
        yield partial(data, start(asked))

    with Server(script) as server, http(server) as transport:
        arrives(download, tmp_path, transport)
        assert [None, "bytes=1000-", None] == ranges(server)


@pytest.mark.parametrize("rest", [OTHER[9:], DATA[9:] + b"x", DATA[9:-1]])
def test_everything_is_begun_again_once_and_not_for_ever(download, scripted, tmp_path, rest):
    """Somebody who always breaks off and continues wrongly is refused in the end."""
    transport = scripted([DATA[:9], BROKEN], [rest], [DATA[:9], BROKEN], [rest])
    with pytest.raises((MismatchError, TooLongError)):
        download.one(FOUND, tmp_path / "a", transport=transport)

    assert [0, 9, 0, 9] == [offset for _, offset in transport.asked]
    assert [] == list(tmp_path.iterdir())


def test_what_is_begun_again_is_continued_as_well(download, scripted, tmp_path):
    transport = scripted([DATA[:9], BROKEN], [OTHER[9:]], [DATA[:20], BROKEN], [DATA[20:]])
    arrives(download, tmp_path, transport)

    assert [0, 9, 0, 20] == [offset for _, offset in transport.asked]


def test_after_the_new_beginning_there_is_no_other(download, scripted, tmp_path):
    transport = scripted([DATA[:9], BROKEN], BROKEN, [DATA[:5], BROKEN], BROKEN)
    with pytest.raises(TransportError):
        download.one(FOUND, tmp_path / "a", transport=transport)

    assert [0, 9, 0, 5] == [offset for _, offset in transport.asked]


# -- in another call --------------------------------------------------------------------


@posix
@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, END - 1])
def test_a_later_call_goes_on(download, tmp_path, size):
    draft_of(tmp_path, FOUND, DATA[:size])
    with serving() as server, http(server) as transport:
        arrives(download, tmp_path, transport)

        assert [f"bytes={size}-"] == ranges(server)


@posix
def test_a_complete_draft_needs_no_server(download, scripted, tmp_path):
    draft_of(tmp_path, FOUND, DATA)

    arrives(download, tmp_path, scripted())


@posix
def test_it_goes_on_under_another_name_in_the_same_directory(download, scripted, tmp_path):
    draft_of(tmp_path, FOUND, DATA[:9])
    transport = scripted([DATA[9:]])
    download.one(FOUND, tmp_path / "another", transport=transport)

    assert [("tools/app.tgz", 9)] == transport.asked
    assert ["another"] == [path.name for path in tmp_path.iterdir()]


@posix
def test_another_version_never_mixes_in(download, scripted, tmp_path):
    older = draft_of(tmp_path, found(OTHER), OTHER[:9])
    transport = scripted([DATA])
    download.one(FOUND, tmp_path / "a", transport=transport)

    assert [("tools/app.tgz", 0)] == transport.asked
    assert DATA == (tmp_path / "a").read_bytes()
    assert OTHER[:9] == older.read_bytes()


@posix
@pytest.mark.parametrize(
    ("poison", "offsets"),
    [
        (OTHER[:9], [9, 0]),
        (OTHER[: END - 1], [END - 1, 0]),
        (OTHER, [0]),
        (DATA + b"x", [0]),
        (bytes(5 * END), [0]),
        (b"", [0]),
    ],
    ids=["beginning", "nearly all", "all", "a byte more", "much more", "nothing"],
)
def test_a_poisoned_draft_costs_one_new_beginning(download, tmp_path, poison, offsets):
    draft_of(tmp_path, FOUND, poison)
    with serving() as server, http(server) as transport:
        arrives(download, tmp_path, transport)

        assert offsets == [start(asked) for asked in server.asked]


@posix
def test_a_poisoned_draft_is_no_excuse_for_wrong_bytes(download, scripted, tmp_path):
    draft_of(tmp_path, FOUND, OTHER[:9])
    transport = scripted([OTHER[9:]], [OTHER])
    with pytest.raises(MismatchError):
        download.one(FOUND, tmp_path / "a", transport=transport)

    assert [] == list(tmp_path.iterdir())


@posix
def test_a_draft_is_kept_while_nobody_answers(download, scripted, tmp_path):
    draft = draft_of(tmp_path, FOUND, DATA[:9])
    for transport, error in [
        (scripted(BROKEN, BROKEN), TransportError),
        (scripted([BROKEN], [BROKEN]), TransportError),
        (scripted(None), NotFoundError),
        (scripted(BROKEN, None), NotFoundError),
    ]:
        with pytest.raises(error):
            download.one(FOUND, tmp_path / "a", transport=transport)
        assert DATA[:9] == draft.read_bytes()


@posix
def test_a_server_that_begins_and_never_continues_is_fine(download, tmp_path):
    """A draft may not be a reason to fail for ever."""
    draft_of(tmp_path, FOUND, DATA[:9])

    def script(asked):
        if start(asked):
            yield answer(b"", status="501 Not Implemented")
        yield answer(DATA)

    with Server(script) as server, http(server) as transport:
        arrives(download, tmp_path, transport)


# -- drafts that somebody else has put there --------------------------------------------


@posix
@pytest.mark.parametrize("there", [True, False], ids=["file", "dangling"])
def test_a_link_in_the_place_of_a_draft_is_not_followed(download, scripted, tmp_path, there):
    """T-36."""
    other = tmp_path / "other"
    if there:
        other.write_bytes(DATA[:9])
    link = draft_of(tmp_path, FOUND, b"")
    link.unlink()
    link.symlink_to(other)
    transport = scripted([DATA])

    download.one(FOUND, tmp_path / "a", transport=transport)

    assert [("tools/app.tgz", 0)] == transport.asked
    assert DATA == (tmp_path / "a").read_bytes()
    assert (DATA[:9] if there else None) == (other.read_bytes() if there else None)
    assert there == other.exists()


@posix
def test_a_second_name_of_a_file_is_not_written_to(download, scripted, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(DATA[:9])
    link = draft_of(tmp_path, FOUND, b"")
    link.unlink()
    os.link(other, link)
    transport = scripted([DATA])

    arrives(download, tmp_path, transport)

    assert [("tools/app.tgz", 0)] == transport.asked
    assert DATA[:9] == other.read_bytes()


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_draft_that_others_can_write_is_not_used(download, scripted, tmp_path, mode):
    """They could change it after it was checked."""
    draft = draft_of(tmp_path, FOUND, DATA[:9])
    draft.chmod(mode)
    transport = scripted([DATA])
    with draft.open("r+b") as theirs:
        arrives(download, tmp_path, transport)
        theirs.write(b"evil")

    assert [("tools/app.tgz", 0)] == transport.asked
    assert DATA == (tmp_path / "a").read_bytes()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has other users"
)
def test_a_draft_of_somebody_else_is_not_used(download, scripted, tmp_path):
    os.chown(draft_of(tmp_path, FOUND, DATA[:9]), 12345, -1)
    transport = scripted([DATA])

    arrives(download, tmp_path, transport)
    assert [("tools/app.tgz", 0)] == transport.asked
    assert os.geteuid() == (tmp_path / "a").stat().st_uid


@posix
def test_pipes_and_directories_in_the_place_of_drafts_are_no_obstacle(download, scripted, tmp_path):
    paths = [draft_of(tmp_path, FOUND, b"", slot) for slot in range(16)]
    for number, path in enumerate(paths):
        path.unlink()
        if number % 2:
            path.mkdir()
        else:
            os.mkfifo(path)

    download.one(FOUND, tmp_path / "a", transport=scripted([DATA]))

    assert DATA == (tmp_path / "a").read_bytes()
    assert all(path.is_dir() for path in drafts(tmp_path))


@posix
def test_where_no_draft_can_be_shared_nothing_is_left(download, scripted, tmp_path):
    for slot in range(16):
        path = draft_of(tmp_path, FOUND, b"", slot)
        path.unlink()
        path.mkdir()
    squatted = drafts(tmp_path)
    transport = scripted([DATA[:9], BROKEN], [DATA[9:]])
    download.one(FOUND, tmp_path / "a", transport=transport)

    assert [("tools/app.tgz", 0), ("tools/app.tgz", 9)] == transport.asked
    assert squatted == drafts(tmp_path)
    with pytest.raises(TransportError):
        download.one(FOUND, tmp_path / "b", transport=scripted([DATA[:9], BROKEN], BROKEN, BROKEN))
    assert squatted == drafts(tmp_path)


@posix
def test_drafts_without_an_owner_are_swept_and_others_are_not(download, scripted, tmp_path):
    from fcntl import LOCK_EX, flock

    names = [draft_of(tmp_path, FOUND, OTHER[:9], slot) for slot in (0, 1, 3, 15)]
    with names[0].open("r+b") as busy:
        flock(busy, LOCK_EX)
        transport = scripted([DATA[9:]], [DATA])
        download.one(FOUND, tmp_path / "a", transport=transport)

        assert [9, 0] == [offset for _, offset in transport.asked]
        assert [names[0]] == drafts(tmp_path)
        assert OTHER[:9] == names[0].read_bytes()
    download.one(FOUND, tmp_path / "a", transport=scripted())
    assert [] == drafts(tmp_path)


@posix
def test_two_at_the_same_time_have_a_draft_each(download, tmp_path):
    """The second begins and ends while the first one is in the middle."""
    seen = []

    def second(so_far, total):
        if not seen and so_far:
            seen.append(len(drafts(tmp_path)))
            Sync().one(FOUND, tmp_path / "b", transport=Scripted(in_pieces(DATA)))
            seen.append(len(drafts(tmp_path)))

    with serving() as server, http(server) as transport:
        download.one(FOUND, tmp_path / "a", transport=transport, progress=second)

    assert [1, 1] == seen
    assert DATA == (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert [] == drafts(tmp_path)
    assert 0o600 != stat.S_IMODE((tmp_path / "b").stat().st_mode)


@posix
def test_a_draft_that_has_just_become_the_file_is_not_written_to(tmp_path):
    """Its owner finished between our opening it and our having its lock."""
    draft = draft_of(tmp_path, FOUND, DATA)
    with opened(tmp_path / "a") as at, at.open(draft.name, os.O_RDWR) as file:
        draft.rename(tmp_path / "a")

        assert not at._is_free(draft.name, file)
    assert DATA == (tmp_path / "a").read_bytes()


@posix
def test_a_draft_of_the_same_name_that_is_not_ours_is_not_removed(tmp_path):
    """Ours is in its place already, and the next one began another."""
    with (
        opened(tmp_path / "a") as at,
        pytest.raises(MismatchError),
        at.draft(Expected.of(FOUND).identity) as draft,
    ):
        (tmp_path / draft.name).rename(tmp_path / "a")
        theirs = draft_of(tmp_path, FOUND, DATA[:9])
        raise MismatchError("targets", "length", 1, 2)

    assert DATA[:9] == theirs.read_bytes()
