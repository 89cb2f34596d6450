"""Several downloads side by side; the first that fails stops the others.

Each file is there as a whole or not at all, and what the others have so far is
kept, as after any break.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TypeAlias

from trustlib.downloads._drafts import left_in
from trustlib.downloads.run import arun, run
from trustlib.downloads.side_by_side import Job, aall_done, all_done
from trustlib.downloads.steps import downloading
from trustlib.downloads.telling import AT_ONCE, Progress, nobody
from trustlib.limits import Limits
from trustlib.ports import AsyncTransport, Transport
from trustlib.workflow import Found

Wanted: TypeAlias = Iterable[tuple[Found, Path]]
"""What to download, and where to."""


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

    Each is downloaded as :func:`~trustlib.downloads.downloaded` says: in a thread,
    and several *at_once* in threads as soon as that one waits more than it works.
    The first that fails stops the others: those that are complete stay, of the
    rest nothing is in its place, and what has arrived is kept. A thread that
    waits for the network is waited for until that answers or times out.

    Args:
        wanted: what to fetch, and where to; no place twice.
        transport: safe to use from several threads; see :func:`~trustlib.downloads.downloaded`.
        folder: see :func:`~trustlib.downloads.downloaded`.
        limits: see :func:`~trustlib.downloads.downloaded`.
        progress: called with the bytes of all files together. One call at a
            time, from any of the threads.
        at_once: how many downloads run at the same time at most.

    Raises:
        ValueError: a place is given twice, or *at_once* is less than 1.
        TrustError: whatever that raises, for the first that failed.
    """
    listed = _listed(wanted)
    left = _drafts(listed)

    def one(found: Found, place: Path, told: Progress) -> Path:
        drafts = left[place.parent]
        steps = downloading(found, place, folder=folder, limits=limits, left=drafts)
        return run(steps, transport, told)

    jobs = [Job(found.target.length, partial(one, found, place)) for found, place in listed]
    all_done(jobs, progress, at_once)
    return tuple(place for _, place in listed)


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
    from asyncio import to_thread

    listed = _listed(wanted)
    left = await to_thread(_drafts, listed)

    async def one(found: Found, place: Path, told: Progress) -> Path:
        drafts = left[place.parent]
        steps = downloading(found, place, folder=folder, limits=limits, left=drafts)
        return await arun(steps, transport, told)

    jobs = [Job(found.target.length, partial(one, found, place)) for found, place in listed]
    await aall_done(jobs, progress, at_once)
    return tuple(place for _, place in listed)


def _drafts(listed: tuple[tuple[Found, Path], ...]) -> dict[Path, frozenset[str]]:
    """Return the drafts of each directory: looking for those of each file costs as much as it."""
    return {parent: left_in(parent) for parent in {place.parent for _, place in listed}}


def _listed(wanted: Wanted) -> tuple[tuple[Found, Path], ...]:
    listed = tuple((found, Path(place)) for found, place in wanted)
    if len({place for _, place in listed}) < len(listed):
        raise ValueError("two artifacts cannot be at the same place")
    return listed
