"""A file is in its place whole and verified, or nothing is."""

import itertools
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
    Async,
    Scripted,
    draft_of,
    drafts,
    found,
    http,
    in_pieces,
    serving,
)
from transport.servers import Server, answer, files, says

from trustlib import (
    DirectoryTransport,
    Mirrors,
    MismatchError,
    NotFoundError,
    StorageError,
    TooLongError,
    TransportError,
)
from trustlib.transport import Threaded

posix = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and pipes of POSIX")


def only(directory):
    """What is in *directory*, hidden files too."""
    return sorted(path.name for path in directory.iterdir())


# -- what is asked for arrives ---------------------------------------------------------


def test_a_file_arrives(download, tmp_path):
    place = tmp_path / "installer.tgz"
    with serving() as server, http(server) as transport:
        assert place == download.one(FOUND, place, transport=transport)

    assert DATA == place.read_bytes()
    assert ["installer.tgz"] == only(tmp_path)
    assert [("/tools/app.tgz", None)] == [(a.target, a.headers.get("range")) for a in server.asked]


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, len(DATA)])
def test_a_file_arrives_in_pieces_of_any_size(download, scripted, tmp_path, size):
    wanted = found(DATA[:2000]) if size == 1 else FOUND
    data = DATA[: wanted.target.length]
    pieces = [b"", *in_pieces(data, size), b""]

    download.one(wanted, tmp_path / "a", transport=scripted(pieces))

    assert data == (tmp_path / "a").read_bytes()


def test_an_empty_file_is_a_file(download, tmp_path):
    told = []
    with serving(b"") as server, http(server) as transport:
        download.one(
            found(b""), tmp_path / "a", transport=transport, progress=lambda *n: told.append(n)
        )

    assert b"" == (tmp_path / "a").read_bytes()
    assert ["a"] == only(tmp_path)
    assert [(0, 0)] == list(dict.fromkeys(told))
    with serving(b"x") as server, http(server) as transport, pytest.raises(TooLongError):
        download.one(found(b""), tmp_path / "b", transport=transport)


def test_a_directory_is_as_good_as_a_server(download, tmp_path):
    (tmp_path / "stick" / "tools").mkdir(parents=True)
    (tmp_path / "stick" / "tools" / "app.tgz").write_bytes(DATA)
    transport = DirectoryTransport(tmp_path / "stick")
    draft_of(tmp_path, FOUND, DATA[:1000])

    download.one(FOUND, tmp_path / "a", transport=transport)

    assert DATA == (tmp_path / "a").read_bytes()
    assert [] == drafts(tmp_path)


def test_a_mirror_takes_over_from_one_that_fails(download, scripted, tmp_path):
    broken = Scripted([DATA[:PIECE], TransportError("a", "reset")], TransportError("a", "down"))
    with serving() as server, http(server) as transport:
        download.one(FOUND, tmp_path / "a", transport=Mirrors(broken, transport))

        assert [f"bytes={PIECE}-"] == [asked.headers["range"] for asked in server.asked]
    assert DATA == (tmp_path / "a").read_bytes()


def test_any_transport_can_be_awaited(tmp_path):
    Async().one(FOUND, tmp_path / "a", transport=Threaded(Scripted(in_pieces(DATA))))

    assert DATA == (tmp_path / "a").read_bytes()


def test_artifacts_may_be_in_a_folder(download, scripted, tmp_path):
    transport = scripted([DATA])
    download.one(FOUND, tmp_path / "a", transport=transport, folder="targets/")

    assert [("targets/tools/app.tgz", 0)] == transport.asked


def test_the_names_are_tried_in_order(download, tmp_path):
    """§6.2: the file may be called after any of its hashes."""
    wanted = found(files=("tools/1.app.tgz", "tools/2.app.tgz", "tools/3.app.tgz"))
    with serving(path="/tools/2.app.tgz") as server, http(server) as transport:
        download.one(wanted, tmp_path / "a", transport=transport)

        assert ["/tools/1.app.tgz", "/tools/2.app.tgz"] == server.targets
    assert DATA == (tmp_path / "a").read_bytes()


# -- what is not what was asked for does not --------------------------------------------


def test_what_is_nowhere_is_withheld(download, tmp_path):
    wanted = found(files=("1.app.tgz", "2.app.tgz"))
    with Server(files({})) as server, http(server) as transport:
        with pytest.raises(NotFoundError) as error:
            download.one(wanted, tmp_path / "a", transport=transport)

        assert ["/1.app.tgz", "/2.app.tgz"] == server.targets
    assert [] == only(tmp_path)
    assert (
        "tools/app.tgz: the metadata lists it, and the repository does not have it;"
        " it may be withheld: try again later, or ask the publisher"
    ) == str(error.value)


def test_a_name_that_fails_is_not_an_absent_one(download, scripted, tmp_path):
    transport = scripted(TransportError("1", "timeout"))
    with pytest.raises(TransportError):
        download.one(found(files=("1", "2")), tmp_path / "a", transport=transport)

    assert [("1", 0)] == transport.asked


def test_without_a_hash_that_counts_nothing_is_fetched(download, scripted, tmp_path):
    transport = scripted()
    with pytest.raises(MismatchError):
        download.one(found(by=(), md5="0" * 32), tmp_path / "a", transport=transport)

    assert [] == transport.asked
    assert [] == only(tmp_path)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (OTHER, "sha256"),
        (DATA[:-1] + bytes([DATA[-1] ^ 1]), "sha256"),
        (bytes([DATA[0] ^ 1]) + DATA[1:], "sha256"),
        (DATA[:-1], "length"),
        (b"", "length"),
    ],
    ids=["other", "last bit", "first bit", "a byte missing", "nothing"],
)
@pytest.mark.parametrize("before", [None, b"the old one"], ids=["new", "replacing"])
def test_wrong_bytes_are_refused_and_leave_no_trace(download, tmp_path, body, what, before):
    """T-90, T-50."""
    place = tmp_path / "a"
    if before is not None:
        place.write_bytes(before)
    with serving(body) as server, http(server) as transport:
        with pytest.raises(MismatchError) as error:
            download.one(FOUND, place, transport=transport)

        assert 1 == len(server.asked)
    assert f"{what} of tools/app.tgz" == error.value.what
    assert before == (place.read_bytes() if place.exists() else None)
    assert [] == drafts(tmp_path)


def test_endless_data_is_left_at_the_first_byte_too_many(download, scripted, tmp_path):
    """T-60."""
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield DATA[:PIECE] if number < 3 else DATA[3 * PIECE :] + b"x"

    transport = scripted(endless())
    with pytest.raises(TooLongError) as error:
        download.one(FOUND, tmp_path / "a", transport=transport)

    assert [0, 1, 2, 3] == taken
    assert len(DATA) == error.value.limit
    assert 0 == transport.open
    assert [] == only(tmp_path)


def test_an_endless_answer_is_hung_up_on(download, tmp_path):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def script(_):
        yield head
        while True:
            yield b"10000\r\n" + bytes(PIECE) + b"\r\n"

    with Server(script) as server, http(server) as transport, pytest.raises(TooLongError):
        download.one(FOUND, tmp_path / "a", transport=transport)
    assert [] == only(tmp_path)


@pytest.mark.parametrize(
    "script",
    [
        says(answer(b"", status="204 No Content")),
        says(answer(DATA[:10], status="206 Partial Content", Content_Range="bytes 0-9/10")),
        says(answer(DATA, Content_Encoding="gzip")),
        says(answer(b"no", status="403 Forbidden")),
        says(answer(b"no", status="500 Internal Server Error")),
        says(answer(b"no", status="503 Service Unavailable")),
    ],
)
def test_what_is_no_file_is_neither_a_file_nor_an_absence(download, tmp_path, script):
    """T-08, P75-P77."""
    with Server(script) as server, http(server) as transport, pytest.raises(TransportError):
        download.one(FOUND, tmp_path / "a", transport=transport)
    assert [] == only(tmp_path)


def test_what_a_transport_raises_besides_is_raised(download, scripted, tmp_path):
    transport = scripted([DATA[:10], LookupError("a bug of theirs")])
    with pytest.raises(LookupError):
        download.one(FOUND, tmp_path / "a", transport=transport)

    assert [10] == [path.stat().st_size for path in drafts(tmp_path)]


# -- the place --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["../a", "a/../../b", "/etc/x", "C:\\x", "\\\\srv\\x", "a\0b", "", ".", "..", "x" * 5000],
)
def test_what_metadata_calls_a_file_never_chooses_a_place(download, scripted, tmp_path, path):
    """T-30: the caller alone chooses."""
    (tmp_path / "in").mkdir()
    wanted = found(path=path, files=("../../up", "/etc/x"))

    download.one(wanted, tmp_path / "in" / "a", transport=scripted(None, [DATA]))
    with pytest.raises(TransportError):
        download.one(
            wanted, tmp_path / "in" / "b", transport=scripted([DATA[:9], BROKEN], BROKEN, BROKEN)
        )

    assert ["in"] == only(tmp_path)
    (draft,) = drafts(tmp_path / "in")
    assert ["a", draft.name] == sorted(only(tmp_path / "in"), reverse=True)


def test_a_file_that_is_right_is_not_fetched_again(download, scripted, tmp_path):
    place, told = tmp_path / "a", []
    place.write_bytes(DATA)
    before = place.stat()
    transport = scripted()

    assert place == download.one(
        FOUND, place, transport=transport, progress=lambda *numbers: told.append(numbers)
    )

    assert [] == transport.asked
    assert (before.st_ino, before.st_mtime_ns) == (place.stat().st_ino, place.stat().st_mtime_ns)
    assert (len(DATA), len(DATA)) == told[-1]
    assert told == sorted(told)
    assert ["a"] == only(tmp_path)


@pytest.mark.parametrize("there", [OTHER, DATA[:-1], DATA + b"x", b""])
def test_a_file_that_is_not_right_is_replaced(download, scripted, tmp_path, there):
    (tmp_path / "a").write_bytes(there)

    download.one(FOUND, tmp_path / "a", transport=scripted([DATA]))

    assert DATA == (tmp_path / "a").read_bytes()
    assert ["a"] == only(tmp_path)


def test_a_file_of_another_length_is_not_read(download, scripted, tmp_path):
    """While one of the right length is read, the caller is told of no byte."""
    (tmp_path / "a").write_bytes(DATA[:-1])
    told = []
    download.one(
        FOUND,
        tmp_path / "a",
        transport=scripted([DATA]),
        progress=lambda so_far, _: told.append(so_far),
    )

    assert {len(DATA)} == set(told)


@posix
def test_who_has_the_old_file_open_keeps_it(download, scripted, tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with (tmp_path / "a").open("rb") as old:
        download.one(FOUND, tmp_path / "a", transport=scripted([DATA]))

        assert b"old" == old.read()


@posix
@pytest.mark.parametrize("content", [b"somebody's", DATA, None], ids=["file", "right", "dangling"])
def test_a_link_in_its_place_is_replaced_and_not_followed(download, scripted, tmp_path, content):
    """T-36."""
    other = tmp_path / "other"
    if content is not None:
        other.write_bytes(content)
    (tmp_path / "a").symlink_to(other)

    download.one(FOUND, tmp_path / "a", transport=scripted([DATA]))

    assert not (tmp_path / "a").is_symlink()
    assert DATA == (tmp_path / "a").read_bytes()
    assert content == (other.read_bytes() if other.exists() else None)


@posix
def test_the_directory_may_be_reached_through_a_link(download, scripted, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    download.one(FOUND, tmp_path / "link" / "a", transport=scripted([DATA]))

    assert DATA == (tmp_path / "real" / "a").read_bytes()


def refused_place(download, scripted, place):
    """The error that *place* makes, before anything was asked for."""
    transport = scripted()
    with pytest.raises(StorageError) as error:
        download.one(FOUND, place, transport=transport)
    assert [] == transport.asked
    return error.value.reason


def test_directories_are_not_made(download, scripted, tmp_path):
    reason = refused_place(download, scripted, tmp_path / "no" / "a")

    assert "No such file or directory; make the directory first, or choose another place" == reason
    (tmp_path / "file").touch()
    assert "choose a place in a directory" in refused_place(
        download, scripted, tmp_path / "file" / "a"
    )
    assert ["file"] == only(tmp_path)


def test_a_directory_is_no_place_for_a_file(download, scripted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()

    for place in (tmp_path / "a", tmp_path / "..", type(tmp_path)("."), type(tmp_path)("/")):
        refused_place(download, scripted, place)
    assert ["a"] == only(tmp_path)


@posix
def test_a_pipe_is_neither_read_nor_replaced(download, scripted, tmp_path):
    os.mkfifo(tmp_path / "a")

    assert "something else than a file is there; choose another place" == refused_place(
        download, scripted, tmp_path / "a"
    )
    assert stat.S_ISFIFO((tmp_path / "a").stat().st_mode)


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002, 0o000])
def test_a_file_is_as_readable_as_any_new_one(download, scripted, tmp_path, umask):
    before = os.umask(umask)
    try:
        download.one(FOUND, tmp_path / "a", transport=scripted([DATA]))
    finally:
        os.umask(before)

    assert 0o666 & ~umask == stat.S_IMODE((tmp_path / "a").stat().st_mode)
    assert ["a"] == only(tmp_path)


@posix
def test_what_is_not_verified_is_private_and_has_another_name(download, scripted, tmp_path):
    seen = []

    def look(so_far, total):
        seen.extend(
            (path.name[:10], stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir()
        )

    before = os.umask(0)
    try:
        download.one(FOUND, tmp_path / "a", transport=scripted(in_pieces(DATA)), progress=look)
    finally:
        os.umask(before)
    assert {(".trustlib-", 0o600)} == set(seen)
