"""A download as a conversation: it decides and writes, and never waits for a network.

The generator yields what it needs of the outside world, and is sent the
answers. What arrives goes into a draft beside its place; the draft becomes the
file when all of it was checked, and not before.

What broke off is continued. If what was put together of several answers (or of
an earlier call's draft) is not the artifact, nobody knows which part is wrong:
then, once, everything is asked for again from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Final, TypeAlias, TypeVar

from attrs import define, field, frozen

from trustlib._types import UrlPath
from trustlib.downloads._drafts import Draft, Place, opened, pieces, size
from trustlib.downloads.beside import Beside
from trustlib.downloads.expected import STEP, Checked, Expected
from trustlib.errors import MismatchError, NotFoundError, TooLongError, TransportError
from trustlib.limits import Limits
from trustlib.metering import Pace
from trustlib.ports import Request
from trustlib.workflow import Found

T = TypeVar("T")

ATTEMPTS: Final = 10
"""How often one call asks for the rest of a file at most."""


@frozen
class Ask:
    """Ask for a file. Answered with an empty piece, None if it is absent, or what failed."""

    request: Request


@frozen
class More:
    """Wait for the next piece. Answered with it, None at the end, or what failed."""


@frozen
class Told:
    """Tell the caller how far it is. The answer is not looked at."""

    so_far: int
    total: int


Step: TypeAlias = Ask | More | Told
Answer: TypeAlias = bytes | TransportError | None
Steps: TypeAlias = Generator[Step, Answer, T]


def downloading(
    found: Found,
    place: Path,
    *,
    folder: str,
    limits: Limits,
    left: frozenset[str] | None = None,
    clock: Callable[[], float] = monotonic,
) -> Steps[Path]:
    """Put what was *found* at *place*, as :func:`~trustlib.downloads.downloaded` says."""
    expected = Expected.of(found)
    files = tuple(UrlPath(f"{folder}{file}") for file in found.files)
    return (yield from obtaining(expected, files, place, limits=limits, left=left, clock=clock))


def obtaining(
    expected: Expected,
    files: tuple[UrlPath, ...],
    place: Path,
    *,
    limits: Limits,
    left: frozenset[str] | None = None,
    clock: Callable[[], float] = monotonic,
) -> Steps[Path]:
    """Put what is *expected* at *place*; *files* are the names under which it may be found.

    *left* are the drafts beside *place*, if somebody has looked already.
    """
    with opened(place, left) as at:
        if not (yield from _is_there(at, expected)):
            with at.draft(expected.identity) as draft, closing(Beside()) as beside:
                filling = _Filling(
                    expected=expected,
                    files=files,
                    draft=draft,
                    beside=beside,
                    limits=limits,
                    clock=clock,
                )
                yield from filling.filled()
                yield Told(expected.length, expected.length)
                draft.publish()
        else:
            yield Told(expected.length, expected.length)
        at.sweep(expected.identity)
    return place


def _is_there(at: Place, expected: Expected) -> Steps[bool]:
    """Return whether the right file is in its place: by its length first, then by its hashes."""
    file = at.existing()
    if file is None:
        return False
    with file:
        if size(file) != expected.length:
            return False
        checked = Checked(expected)
        try:
            for piece in pieces(file):
                checked.take(piece)
                yield Told(0, expected.length)  # nothing is certain yet
            checked.complete()
        except (MismatchError, TooLongError):
            return False
    return True


@define(kw_only=True)
class _Filling:
    """A draft that is being filled.

    Attributes:
        checked: what is in the draft.
        began: the byte at which the answer that is being read began.
        arrived: how many bytes of that answer arrived.
        told: the most that the caller was told of; it never becomes less.
        again: whether the one new beginning was made.
    """

    expected: Expected
    files: tuple[UrlPath, ...]
    draft: Draft
    beside: Beside
    limits: Limits
    clock: Callable[[], float]
    checked: Checked = field(init=False)
    began: int = field(default=0, init=False)
    arrived: int = field(default=0, init=False)
    told: int = field(default=0, init=False)
    again: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.checked = Checked(self.expected, self.beside)

    def filled(self) -> Steps[None]:
        """Return when the draft holds the artifact."""
        yield from self._recalled()
        offset = self.checked.so_far
        while True:
            try:
                yield from self._received(offset)
                return self.checked.complete()
            except (MismatchError, TooLongError):
                if self.began == 0 or self.again:
                    raise
                offset = 0

    def _recalled(self) -> Steps[None]:
        """Check what an earlier call has left; what cannot be a beginning is dropped."""
        if size(self.draft.file) > self.expected.length:
            self.draft.clear()
        for piece in pieces(self.draft.file):
            self.checked.take(piece)
            yield self._telling()
        self.began = self.checked.so_far

    def _received(self, offset: int) -> Steps[None]:
        """Return when an answer came to its end, or when as many bytes are there as must be."""
        attempts = 0
        while not 0 < offset == self.expected.length:
            failure = yield from self._answered(offset)
            attempts += 1
            if failure is None:
                return
            if attempts == ATTEMPTS:
                raise failure
            if self.arrived:
                offset = self.checked.so_far
            elif offset > 0 and not self.again:
                offset = 0  # there are servers that can begin a file, and not continue it
            else:
                raise failure

    def _answered(self, offset: int) -> Steps[TransportError | None]:
        """Read one answer, and return what broke it off, or None for its end."""
        self.arrived = 0
        failure = yield from self._asked(offset)
        if failure is not None:
            return failure
        piece = yield More()  # may take as long as the transport lets it, which may have to skip
        if isinstance(piece, TransportError):
            return piece
        if offset < self.checked.so_far:
            self._begin_again()  # only now: until there is an answer, what we have is kept
        self.began, waited = offset, 0.0
        pace = Pace(self.expected.path, self.limits)
        while piece is not None:
            if isinstance(piece, TransportError):
                return piece
            self._take(piece)
            yield self._telling()
            try:
                pace.add(len(piece), waited)
            except TransportError as error:  # another connection may be faster
                return error
            before = self.clock()
            piece = yield More()
            waited = self.clock() - before
        return None

    def _asked(self, offset: int) -> Steps[TransportError | None]:
        for file in self.files:
            answer = yield Ask(Request(path=file, offset=offset))
            if isinstance(answer, TransportError):
                return answer
            if answer is not None:
                return None
        raise NotFoundError(
            self.expected.path,
            "the metadata lists it, and the repository does not have it; it may be withheld:"
            " try again later, or ask the publisher",
            step=STEP,
        )

    def _begin_again(self) -> None:
        self.again = True
        self.beside.forget()
        self.checked = Checked(self.expected, self.beside)
        self.draft.clear()

    def _take(self, piece: bytes) -> None:
        self.checked.take(piece)
        self.draft.append(piece)
        self.arrived += len(piece)

    def _telling(self) -> Told:
        self.told = max(self.told, self.checked.so_far)
        return Told(self.told, self.expected.length)
