"""Several downloads or uploads side by side; the first that fails stops the others.

Each is a job: it knows how many bytes it is about, and tells how many are done.
What stops a job is its own telling, so whatever it does must be something that
may end there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from threading import Event, Lock
from typing import Final, Generic, Self, TypeAlias, TypeVar

from attrs import define, field, frozen

from trustlib.downloads.telling import AT_ONCE, Progress

_HEED: Final = 0.5
"""Seconds until whoever waits looks whether it was interrupted."""

T_co = TypeVar("T_co", covariant=True)


@frozen
class Job(Generic[T_co]):
    """Something that takes its time.

    Attributes:
        size: of how many bytes it is about.
        done: does it, and calls its argument after each piece.
    """

    size: int
    done: Callable[[Progress], T_co]


Jobs: TypeAlias = Sequence[Job[object]]
AsyncJobs: TypeAlias = Sequence[Job[Awaitable[object]]]


def all_done(jobs: Jobs, progress: Progress, at_once: int = AT_ONCE) -> None:
    """Return when all *jobs* are done, several *at_once* in threads.

    A thread that waits for the network is waited for until that answers or
    times out.

    Args:
        jobs: what is to be done.
        progress: called with the bytes of all jobs together. One call at a
            time, from any of the threads.
        at_once: how many jobs are being done at the same time at most.

    Raises:
        ValueError: *at_once* is less than 1.
        BaseException: whatever the first job that failed raised.
    """
    from concurrent.futures import ThreadPoolExecutor, wait

    tally = _Tally.of(jobs, progress, at_once)
    begin, stop = Event(), Event()
    failures: list[BaseException] = []

    def told(number: int, so_far: int, total: int) -> None:
        if stop.is_set():
            raise _StoppedError
        tally.told(number, so_far, total)

    def one(number: int, job: Job[object]) -> None:
        try:
            begin.wait()
            told(number, 0, job.size)
            job.done(partial(told, number))
        except _StoppedError:
            pass
        except BaseException as error:
            failures.append(error)
            stop.set()
            raise

    with ThreadPoolExecutor(at_once) as pool:
        try:
            # Whoever is interrupted while threads are made cannot wait for all of them.
            futures = [pool.submit(one, number, job) for number, job in enumerate(jobs)]
            begin.set()
            # A signal that comes just before a thread begins to wait does not wake it up.
            while wait(futures, timeout=_HEED).not_done:
                pass
        finally:
            stop.set()  # everything is done, or the caller was interrupted
            begin.set()
    for error in failures:
        raise error


async def aall_done(jobs: AsyncJobs, progress: Progress, at_once: int = AT_ONCE) -> None:
    """:func:`all_done`, to await: in tasks, which are cancelled when one fails."""
    from asyncio import Semaphore, TaskGroup

    tally = _Tally.of(jobs, progress, at_once)
    gate = Semaphore(at_once)

    async def one(number: int, job: Job[Awaitable[object]]) -> None:
        async with gate:
            await job.done(partial(tally.told, number))

    try:
        async with TaskGroup() as group:
            for number, job in enumerate(jobs):
                group.create_task(one(number, job))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


class _StoppedError(Exception):
    """Another job failed, and this one is not wanted any more."""


@define
class _Tally:
    """How many bytes of everything are there."""

    progress: Progress
    total: int
    _sum: int = field(default=0, init=False)
    _parts: dict[int, int] = field(factory=dict[int, int], init=False)
    _lock: Lock = field(factory=Lock, init=False)

    @classmethod
    def of(cls, jobs: Sequence[Job[object]], progress: Progress, at_once: int) -> Self:
        if at_once < 1:
            raise ValueError(f"at_once must be 1 or more, got {at_once}")
        return cls(progress, sum(job.size for job in jobs))

    def told(self, number: int, so_far: int, _: int) -> None:
        with self._lock:
            self._sum += so_far - self._parts.get(number, 0)
            self._parts[number] = so_far
            self.progress(self._sum, self.total)
