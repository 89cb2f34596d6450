"""Large files are hashed in a thread beside: with the same verdicts, and nothing is left of it."""

import hashlib
import itertools
import random
import signal
import threading
import time

import pytest
from downloads.artifacts import found

from trustlib import Limits, MismatchError, TooLongError, TransportError
from trustlib.downloads import downloaded
from trustlib.downloads.beside import Beside

LARGE = random.Random(3).randbytes(5 << 20)


class Pieces:
    """A transport whose files come in pieces of a size, and may break off."""

    def __init__(self, data, size, *, breaks=()):
        self.data, self.size, self.breaks, self.asked = data, size, list(breaks), []

    def fetch(self, request):
        self.asked.append(request.offset)
        end = self.breaks.pop(0) if self.breaks else None
        return self.pieces(request.offset, end)

    def pieces(self, start, end):
        for at in range(start, len(self.data) if end is None else end, self.size):
            yield self.data[at : at + self.size]
        if end is not None:
            raise TransportError("large", "broke off; try again")


def hashing():
    return [t.name for t in threading.enumerate() if t.name.startswith("trustlib-hashing")]


def changed(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def get(data, place, *, transport=None, size=100_000, **more):
    return downloaded(
        found(data, path="large", files=("large",)),
        place,
        transport=transport or Pieces(data, size),
        limits=Limits(),
        **more,
    )


@pytest.fixture(autouse=True)
def _nothing_is_left():
    yield
    assert [] == hashing()


@pytest.mark.parametrize("size", [65_536, 100_000, 262_144, 1 << 20, 3 << 20, 1 << 23])
def test_a_large_file_arrives(tmp_path, size):
    assert LARGE == get(LARGE, tmp_path / "large", size=size).read_bytes()
    assert ["large"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("length", [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 1_300_000, 2_000_001])
def test_it_arrives_where_hashing_beside_begins(tmp_path, length):
    assert LARGE[:length] == get(LARGE[:length], tmp_path / "large", size=65_536).read_bytes()


def test_a_thread_is_made_for_what_is_large_and_for_nothing_else(tmp_path):
    seen = []

    def look(so_far, total):
        seen.append((so_far, bool(hashing())))

    get(LARGE[: 1 << 20], tmp_path / "small", progress=look)
    assert {False} == {made for _, made in seen}

    get(LARGE, tmp_path / "large", progress=look)
    assert (len(LARGE) - len(LARGE) % 100_000, True) in seen


@pytest.mark.parametrize("at", [0, 1 << 20, 3 << 20, len(LARGE) - 1])
def test_one_wrong_bit_is_found_wherever_it_is(tmp_path, at):
    with pytest.raises(MismatchError):
        get(LARGE, tmp_path / "large", transport=Pieces(changed(LARGE, at), 65_536))

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["sha256", "sha512"])
def test_each_hash_that_is_listed_is_looked_at(tmp_path, name):
    wrong = found(
        LARGE, path="large", files=("large",), **{name: hashlib.new(name, b"").hexdigest()}
    )

    with pytest.raises(MismatchError, match=name):
        downloaded(wrong, tmp_path / "large", transport=Pieces(LARGE, 65_536), limits=Limits())


def test_a_byte_too_many_is_refused(tmp_path):
    with pytest.raises(TooLongError):
        get(LARGE, tmp_path / "large", transport=Pieces(LARGE + b".", 65_536))


def test_what_broke_off_is_continued(tmp_path):
    server = Pieces(LARGE, 65_536, breaks=[2 << 20, 4 << 20])

    assert LARGE == get(LARGE, tmp_path / "large", transport=server).read_bytes()
    assert [0, 2 << 20, 4 << 20] == server.asked


def test_what_an_earlier_call_left_is_hashed_too(tmp_path):
    with pytest.raises(ZeroDivisionError):
        get(LARGE, tmp_path / "large", progress=lambda so_far, _: 1 // (so_far < 4_000_000))
    server = Pieces(LARGE, 65_536)

    assert LARGE == get(LARGE, tmp_path / "large", transport=server).read_bytes()
    assert [4_000_000] == server.asked


def test_a_wrong_draft_is_forgotten_with_what_was_still_to_be_hashed_of_it(tmp_path):
    with pytest.raises(ZeroDivisionError):
        get(LARGE, tmp_path / "large", progress=lambda so_far, _: 1 // (so_far < 4_000_000))
    (draft,) = tmp_path.iterdir()
    draft.write_bytes(changed(draft.read_bytes(), 1_500_000))
    server = Pieces(LARGE, 65_536)

    assert LARGE == get(LARGE, tmp_path / "large", transport=server).read_bytes()
    assert [4_000_000, 0] == server.asked


class FromTheStart(Pieces):
    """A server that can begin a file, and not continue it."""

    def fetch(self, request):
        if request.offset:
            self.asked.append(request.offset)
            raise TransportError("large", "cannot continue; ask for all of it")
        return super().fetch(request)


def test_what_was_to_be_hashed_of_a_draft_is_no_part_of_a_new_beginning(tmp_path):
    with pytest.raises(ZeroDivisionError):
        get(LARGE, tmp_path / "large", progress=lambda so_far, _: 1 // (so_far < 4_000_000))
    server = FromTheStart(LARGE, 65_536)

    assert LARGE == get(LARGE, tmp_path / "large", transport=server).read_bytes()
    assert [4_000_000, 0] == server.asked


@pytest.mark.parametrize("when", [100_000, 1_200_000, 3_000_000, 5 << 20])
def test_an_interrupt_leaves_a_draft_and_no_thread(tmp_path, when):
    def interrupt(so_far, total):
        if so_far >= when:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        get(LARGE, tmp_path / "large", progress=interrupt)

    assert [] == hashing()
    assert [".part"] == [path.suffix for path in tmp_path.iterdir()]


# -- on its own -------------------------------------------------------------------------


class Slow:
    """What takes a while to hash, and knows how much it was given meanwhile."""

    def __init__(self):
        self.taken = 0

    def update(self, data):
        time.sleep(0.001)
        self.taken += len(data)


@pytest.mark.parametrize("size", [10_000, 65_536, 262_144])
def test_what_waits_is_bounded(size):
    beside, slow, most = Beside(), Slow(), 0
    for given in itertools.takewhile(lambda n: n < 20 << 20, itertools.count(size, size)):
        beside.update([slow], bytes(size))
        most = max(most, given - slow.taken)
    beside.settle([slow])
    beside.close()

    assert most <= 2 << 20
    assert given == slow.taken


class Broken:
    def update(self, data):
        if threading.current_thread() is not threading.main_thread():
            raise MemoryError


def test_what_is_hashed_is_what_was_given_whatever_becomes_of_it():
    """Somebody's transport may read into one buffer, again and again."""
    beside, hashes, buffer = Beside(), [hashlib.sha256()], bytearray(100_000)
    expected = hashlib.sha256()
    for value in range(30):
        buffer[:] = bytes([value]) * len(buffer)
        beside.update(hashes, buffer)
        expected.update(buffer)
    beside.settle(hashes)
    beside.close()

    assert expected.hexdigest() == hashes[0].hexdigest()


def test_what_goes_wrong_beside_is_raised_to_whoever_gave_it():
    beside = Beside()

    with pytest.raises(MemoryError):
        for _ in range(100):
            beside.update([Broken()], bytes(100_000))
    beside.close()


def test_closing_without_end_is_fine_and_drops_what_waits():
    beside, slow = Beside(), Slow()
    for _ in range(40):
        beside.update([slow], bytes(100_000))

    beside.close()
    beside.close()

    assert slow.taken < 40 * 100_000
