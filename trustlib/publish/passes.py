"""Renewing all collections of a storage: one after the other, and none for another's sake.

A pass holds a few collections in memory, however many there are. It can be
stopped anywhere: what is done is done, and the next pass finds nothing to do
there. One collection that cannot be renewed is an outcome, and stops nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Self, TypeAlias

import attrs
from attrs import frozen

from trustlib._paths import stored
from trustlib._types import RoleName
from trustlib.anchors import Anchor
from trustlib.errors import TrustError
from trustlib.ports import RepositoryStorage, Storage
from trustlib.publish.renewal import Renewer
from trustlib.publish.standing import Renewed, Unchanged
from trustlib.storage import FileStorage, Prefixed, collections


@frozen
class Failed:
    """A collection that was not renewed: somebody must look at it, or the next pass will do."""

    error: TrustError


Outcome: TypeAlias = Renewed | Unchanged | Failed
"""What came of one collection in a pass."""


@frozen(kw_only=True)
class Progress:
    """How far a pass has come.

    Attributes:
        done: how many collections it has been through.
        renewed: how many of them were signed again.
        failed: how many could not be looked at or signed.
        ending: how many have a role that expires soon and that others must sign.
        due: when the first of those that did not fail is to be renewed (UTC).
    """

    done: int = 0
    renewed: int = 0
    failed: int = 0
    ending: int = 0
    due: datetime | None = None

    def after(self, outcome: Outcome) -> Self:
        """Return the progress with one more collection done."""
        one = attrs.evolve(self, done=self.done + 1)
        if isinstance(outcome, Failed):
            return attrs.evolve(one, failed=self.failed + 1)
        return attrs.evolve(
            one,
            renewed=self.renewed + isinstance(outcome, Renewed),
            ending=self.ending + bool(outcome.ending),
            due=outcome.due if self.due is None else min(self.due, outcome.due),
        )


@frozen(kw_only=True)
class Passed:
    """One collection of a pass.

    Attributes:
        name: the collection's prefix in the storage; a pass that was stopped
            goes on ``after`` it.
        outcome: what came of it.
        progress: how far the pass is, this one included.
    """

    name: str
    outcome: Outcome
    progress: Progress


def renewals(
    renewer: Renewer,
    storage: RepositoryStorage,
    *,
    anchors: Callable[[str], Anchor],
    memories: Callable[[str], Storage],
    now: datetime,
    after: str | None = None,
    at_once: int = 1,
) -> Generator[Passed]:
    """Renew every collection of *storage* that is due, and yield them all in their order.

    Args:
        renewer: how, and with which keys.
        storage: what holds the collections, each below a prefix of its own.
        anchors: what is trusted of the collection with that prefix, to begin with.
            Where the renewer's key is listed by roots of different owners, no
            two of these may be called the same: a timestamp names no root.
        memories: where what was seen of it is remembered; :func:`kept_in` is one.
        now: the time (UTC) at which the pass begins. Begin another one where it
            would take longer than a good part of a timestamp's life.
        after: the collection that an earlier pass did last; those that are
            listed up to it are left out. If it is not there any more, none is.
        at_once: how many to renew at once, each in a thread.

    Raises:
        StorageError: *storage* could not be listed. What else is a
            ``TrustError``, those of *anchors* and *memories* included, is an
            outcome of its collection.
        ValueError: *at_once* is below 1, or *now* has no time zone.
    """
    if at_once < 1:
        raise ValueError(f"at_once: expected 1 or more, got {at_once}")

    def outcome(name: str) -> Outcome:
        try:
            return renewer.renewed(
                Prefixed(storage, name), anchor=anchors(name), memory=memories(name), now=now
            )
        except TrustError as error:
            return Failed(error)

    progress = Progress()
    with ThreadPoolExecutor(at_once) as pool:
        for name, future in _ahead_of(pool, outcome, _names(storage, after), at_once):
            done = future.result()
            progress = progress.after(done)
            yield Passed(name=name, outcome=done, progress=progress)


def kept_in(directory: str | Path) -> Callable[[str], FileStorage]:
    """Return the memories of all collections, each in a directory of its own in *directory*.

    Different names have different directories, also on file systems that ignore case.
    """

    def memory(name: str) -> FileStorage:
        return FileStorage(Path(directory) / f"of-{stored(RoleName(name)).removesuffix('.json')}")

    return memory


def _names(storage: RepositoryStorage, after: str | None) -> Iterator[str]:
    names = collections(storage.list())
    if after is not None and after not in names:  # that looks no further than it
        names = collections(storage.list())
    return names


def _ahead_of(
    pool: ThreadPoolExecutor,
    outcome: Callable[[str], Outcome],
    names: Iterator[str],
    at_once: int,
) -> Iterator[tuple[str, Future[Outcome]]]:
    waiting: deque[tuple[str, Future[Outcome]]] = deque()
    for name in names:
        waiting.append((name, pool.submit(outcome, name)))
        if len(waiting) == at_once:
            yield waiting.popleft()
    yield from waiting
