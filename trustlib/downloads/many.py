"""Several downloads side by side; the first that fails stops the others.

Each file is there as a whole or not at all, and what the others have so far is
kept, as after any break.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import Final, Self, TypeAlias

from attrs import define, field, frozen

from trustlib.downloads.one import adownloaded, downloaded, nobody
from trustlib.downloads.run import Progress
from trustlib.limits import Limits
from trustlib.ports import AsyncTransport, Transport
from trustlib.workflow import Found

Wanted: TypeAlias = Iterable[tuple[Found, Path]]
"""What to download, and where to."""

AT_ONCE: Final = 4

_HEED: Final = 0.5
"""Seconds until whoever waits looks whether it was interrupted."""


def downloaded_all(
    wanted: Wanted,
    *,
    transport: Transport,
    folder: str = "",
    limits: Limits,
    progress: Progress = nobody,
    at_once: int = AT_ONCE,
) -> tuple[Path, ...]:
    """Return the places of all *wanted*, in order, where those artifacts are now.

    Each is downloaded as :func:`downloaded` says, several *at_once* in threads.
    The first that fails stops the others: those that are complete stay, of the
    rest nothing is in its place, and what has arrived is kept. A thread that
    waits for the network is waited for until that answers or times out.

    Args:
        wanted: what to fetch, and where to; no place twice.
        transport: safe to use from several threads; see :func:`downloaded`.
        folder: see :func:`downloaded`.
        limits: see :func:`downloaded`.
        progress: called with the bytes of all files together. One call at a
            time, from any of the threads.
        at_once: how many downloads run at the same time at most.

    Raises:
        ValueError: a place is given twice, or *at_once* is less than 1.
        TrustError: whatever :func:`downloaded` raises, for the first that failed.
    """
    from concurrent.futures import ThreadPoolExecutor, wait

    order = _Order.of(wanted, progress, at_once)
    begin, stop = Event(), Event()
    failures: list[BaseException] = []

    def told(place: Path, so_far: int, total: int) -> None:
        if stop.is_set():
            raise _StoppedError
        order.told(place, so_far, total)

    def one(found: Found, place: Path) -> None:
        try:
            begin.wait()
            told(place, 0, found.target.length)
            downloaded(
                found,
                place,
                transport=transport,
                folder=folder,
                limits=limits,
                progress=partial(told, place),
            )
        except _StoppedError:
            pass
        except BaseException as error:
            failures.append(error)
            stop.set()
            raise

    with ThreadPoolExecutor(at_once) as pool:
        try:
            # Whoever is interrupted while threads are made cannot wait for all of them.
            futures = [pool.submit(one, found, place) for found, place in order.wanted]
            begin.set()
            # A signal that comes just before a thread begins to wait does not wake it up.
            while wait(futures, timeout=_HEED).not_done:
                pass
        finally:
            stop.set()  # everything is done, or the caller was interrupted
            begin.set()
    for error in failures:
        raise error
    return order.places


async def adownloaded_all(
    wanted: Wanted,
    *,
    transport: AsyncTransport,
    folder: str = "",
    limits: Limits,
    progress: Progress = nobody,
    at_once: int = AT_ONCE,
) -> tuple[Path, ...]:
    """:func:`downloaded_all`, to await: in tasks, which are cancelled when one fails."""
    from asyncio import Semaphore, TaskGroup

    order = _Order.of(wanted, progress, at_once)
    gate = Semaphore(at_once)

    async def one(found: Found, place: Path) -> None:
        async with gate:
            await adownloaded(
                found,
                place,
                transport=transport,
                folder=folder,
                limits=limits,
                progress=partial(order.told, place),
            )

    try:
        async with TaskGroup() as group:
            for found, place in order.wanted:
                group.create_task(one(found, place))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return order.places


class _StoppedError(Exception):
    """Another download failed, and this one is not wanted any more."""


@frozen
class _Order:
    """What is wanted, and what was told of it."""

    wanted: tuple[tuple[Found, Path], ...]
    _tally: _Tally

    @classmethod
    def of(cls, wanted: Wanted, progress: Progress, at_once: int) -> Self:
        if at_once < 1:
            raise ValueError(f"at_once must be 1 or more, got {at_once}")
        listed = tuple((found, Path(place)) for found, place in wanted)
        if len({place for _, place in listed}) < len(listed):
            raise ValueError("two artifacts cannot be at the same place")
        total = sum(found.target.length for found, _ in listed)
        return cls(listed, _Tally(progress, total))

    @property
    def places(self) -> tuple[Path, ...]:
        return tuple(place for _, place in self.wanted)

    def told(self, place: Path, so_far: int, _: int) -> None:
        self._tally.told(place, so_far)


@define
class _Tally:
    """How many bytes of everything are there."""

    progress: Progress
    total: int
    _sum: int = field(default=0, init=False)
    _parts: dict[Path, int] = field(factory=dict[Path, int], init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def told(self, place: Path, so_far: int) -> None:
        with self._lock:
            self._sum += so_far - self._parts.get(place, 0)
            self._parts[place] = so_far
            self.progress(self._sum, self.total)
