"""Several downloads side by side; the first that fails stops the others.

Each file is there as a whole or not at all, and what the others have so far is
kept, as after any break.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TypeAlias

from trustlib.downloads.one import adownloaded, downloaded
from trustlib.downloads.side_by_side import Job, aall_done, all_done
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
    listed = _listed(wanted)

    def one(found: Found, place: Path, told: Progress) -> Path:
        return downloaded(
            found, place, transport=transport, folder=folder, limits=limits, progress=told
        )

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
    listed = _listed(wanted)

    async def one(found: Found, place: Path, told: Progress) -> Path:
        return await adownloaded(
            found, place, transport=transport, folder=folder, limits=limits, progress=told
        )

    jobs = [Job(found.target.length, partial(one, found, place)) for found, place in listed]
    await aall_done(jobs, progress, at_once)
    return tuple(place for _, place in listed)


def _listed(wanted: Wanted) -> tuple[tuple[Found, Path], ...]:
    listed = tuple((found, Path(place)) for found, place in wanted)
    if len({place for _, place in listed}) < len(listed):
        raise ValueError("two artifacts cannot be at the same place")
    return listed
