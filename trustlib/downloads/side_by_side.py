"""Several downloads or uploads side by side; the first that fails stops the others.

Each is a job: it knows how many bytes it is about, and tells how many are done.
What stops a job is its own telling, so whatever it does must be something that
may end there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from threading import Event, Lock
from time import monotonic, thread_time
from typing import Final, Generic, Self, TypeAlias, TypeVar

from attrs import define, field, frozen

from trustlib.downloads.telling import AT_ONCE, Progress

_WORTH: Final = 0.01
"""Seconds of waiting that are worth more threads."""

_LOOK: Final = 0.02
"""Seconds until somebody looks whether the only thread waits."""

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
    """Return when all *jobs* are done: in one thread, and in several if that one waits.

    Threads that compute take turns, and the turns cost something. So others
    begin when the first has waited for longer than it has computed. A thread
    that waits for the network is waited for until that answers or times out.

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

    crew = _Crew(_Tally.of(jobs, progress, at_once), deque(enumerate(jobs)))
    first, others = Event(), Event()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            # Whoever is interrupted while threads are made cannot wait for all of them: they
            # begin when all are made.
            working = [pool.submit(crew.worked, first)]
            first.set()
            # A signal that comes just before a thread begins to wait does not wake it up.
            more = at_once - 1
            while wait(working, timeout=_LOOK if more and crew.todo else _HEED).not_done:
                if more and crew.todo and crew.is_waiting():
                    more, made = 0, min(more, len(crew.todo))
                    working += [pool.submit(crew.worked, others) for _ in range(made)]
                    others.set()
        finally:
            crew.stop.set()  # everything is done, or the caller was interrupted
            first.set()
            others.set()
    for error in crew.failures:
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


@define(eq=False)
class _Crew:
    """Threads, and what is left for them to do.

    Attributes:
        tally: who is told.
        todo: the jobs that nobody has begun, by number.
        stop: set when nothing more is to be done.
        failures: what went wrong, in order.
    """

    tally: _Tally
    todo: deque[tuple[int, Job[object]]]
    stop: Event = field(factory=Event, init=False)
    failures: list[BaseException] = field(factory=list[BaseException], init=False)
    _began: float = field(factory=monotonic, init=False)
    _computed: float = field(default=0.0, init=False)

    def worked(self, begin: Event) -> None:
        """Do jobs until none is left, from when *begin* is set."""
        begin.wait()
        while self.todo and not self.stop.is_set():
            with suppress(IndexError):  # somebody else was quicker
                self._do(*self.todo.popleft())

    def is_waiting(self) -> bool:
        """Tell whether the one thread has waited longer than it computed, and than others cost."""
        waited = monotonic() - self._began - self._computed
        return waited > max(self._computed, _WORTH)

    def _do(self, number: int, job: Job[object]) -> None:
        try:
            self._told(number, 0, job.size)
            job.done(partial(self._told, number))
        except _StoppedError:
            pass
        except BaseException as error:
            self.failures.append(error)
            self.stop.set()
            raise

    def _told(self, number: int, so_far: int, total: int) -> None:
        if self.stop.is_set():
            raise _StoppedError
        self._computed = thread_time()
        self.tally.told(number, so_far, total)


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
