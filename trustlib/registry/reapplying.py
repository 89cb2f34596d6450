"""An edit that was overwritten is made again, if it still says what it said.

What was lost is what our own receipt names, and what that says was before it:
both are read by their hashes, so nobody can have us sign what we did not sign. What
is there now must not be older, or it would be made the newest. And where somebody
has decided otherwise meanwhile, it is for people to decide again.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve, frozen

from trustlib.content import Digest
from trustlib.errors import NotFoundError, OverwrittenError
from trustlib.publish import (
    AsyncPublisher,
    EditionChanged,
    Publisher,
    Receipt,
    Repository,
    TargetChanged,
    changes,
)
from trustlib.publish.publication import remember
from trustlib.registry import _operations as say
from trustlib.registry._artifact import View, viewed
from trustlib.registry._collections import Place, content, seen
from trustlib.registry._conversation import Speaking
from trustlib.registry.storing import AsyncRegistryStorage, RegistryStorage
from trustlib.storage import MemoryStorage


@frozen(kw_only=True)
class Reapplied:
    """What had been overwritten, and is there again.

    Attributes:
        changes: the tags and other targets that were lost.
        receipt: what was published.
    """

    changes: tuple[TargetChanged, ...]
    receipt: Receipt


def reapplied(
    error: OverwrittenError, *, publisher: Publisher, storage: RegistryStorage
) -> Reapplied:
    """Make again what was overwritten, on top of what is there, and ``concede()``.

    That is what our last publication changed: the tags and other targets which
    it added, moved or removed. What is there already is left as it is, so this
    can be said twice.

    Args:
        error: what *storage* raised.
        publisher: who signs.
        storage: where it was lost.

    Raises:
        OverwrittenError: the same, with a note: something else was changed as
            well (keys, delegations), or others have changed the same things
            meanwhile. Nothing was changed: decide, ``concede()``, and make
            the edit by hand.
        NotFoundError: the registry does not have ours any more, or what was
            before it.
        RollbackError: what is there now is older than what was before ours:
            somebody has put it back. Nothing was changed.
        TrustError: as :meth:`trustlib.publish.Publisher.retrying`.
    """
    place = storage.registry.collection(storage.repository, storage.tag)
    lost = _Lost(error, publisher, storage.registry.held(_states(place, error)))
    storage.concede()
    knowing = evolve(publisher, memory=lost.memory)
    return lost.there(publisher, knowing.retrying(lost.made_again, storage))


async def areapplied(
    error: OverwrittenError, *, publisher: AsyncPublisher, storage: AsyncRegistryStorage
) -> Reapplied:
    """:func:`reapplied`, to await."""
    place = storage.registry.collection(storage.repository, storage.tag)
    lost = _Lost(error, publisher, await storage.registry.held(_states(place, error)))
    storage.concede()
    knowing = evolve(publisher, memory=lost.memory)
    return lost.there(publisher, await knowing.retrying(lost.made_again, storage))


@frozen
class _States:
    """The files of three states: before our publication, of that, and of what is there now."""

    base: MemoryStorage
    ours: MemoryStorage
    theirs: MemoryStorage


class _Lost:
    """What *ours* had changed, and nothing that is there now contradicts.

    Attributes:
        changes: the tags and other targets.
        memory: that of somebody who has seen what was there before and what is
            there now, and not ours: its versions may be used again.

    Raises:
        OverwrittenError: something does, or it is more than can be made again.
        RollbackError: what is there now is older than what was there before.
    """

    def __init__(
        self, error: OverwrittenError, publisher: Publisher | AsyncPublisher, states: _States
    ) -> None:
        def opened(state: MemoryStorage, memory: MemoryStorage) -> Repository:
            return Repository.open(
                state,
                anchor=publisher.anchor,
                names=publisher.names,
                limits=publisher.limits,
                format=publisher.format,
                memory=memory,
            )

        self.memory, self._error = MemoryStorage(), error
        base = opened(states.base, self.memory)
        found = changes(base, opened(states.ours, MemoryStorage()))
        self.changes = tuple(one for one in found if isinstance(one, TargetChanged))
        others = [one for one in found if not isinstance(one, TargetChanged | EditionChanged)]
        if others:
            raise _by_hand(error, "more was changed than tags", others)
        self.made_again(opened(states.theirs, self.memory))

    def made_again(self, before: Repository) -> Repository:
        """Return *before* with the changes.

        Raises:
            OverwrittenError: others have changed the same things.
        """
        after, contradicted = before, list[str]()
        for change in self.changes:
            role = before.targets.get(change.role)
            now = None if role is None else role.targets.get(change.path)
            if now == change.new:
                continue
            if now != change.old:
                theirs = evolve(change, new=now)
                contradicted.append(f"ours: {change}; theirs: {theirs}")
                continue
            try:
                after = _with(after, change)
            except (ValueError, NotFoundError) as error:
                contradicted.append(f"{change} ({error})")
        if contradicted:
            raise _by_hand(self._error, "others have changed the same", contradicted)
        return after

    def there(self, publisher: Publisher | AsyncPublisher, receipt: Receipt) -> Reapplied:
        """Return what was published, after *publisher* has taken note of it."""
        if publisher.memory is not None:
            remember(
                receipt.repository,
                anchor=publisher.anchor,
                memory=publisher.memory,
                limits=publisher.limits,
            )
        return Reapplied(changes=self.changes, receipt=receipt)


def _with(before: Repository, change: TargetChanged) -> Repository:
    if change.new is None:
        return before.without_target(change.path, role=change.role)
    return before.with_target(change.path, change.new, role=change.role)


def _by_hand(error: OverwrittenError, why: str, what: Iterable[object]) -> OverwrittenError:
    same = OverwrittenError(error.where, error.ours, error.theirs, error.kept)
    lines = "\n".join(f"- {one}" for one in what)
    same.add_note(f"It is not made again, because {why}. What was lost:\n{lines}")
    return same


def _states(place: Place, error: OverwrittenError) -> Speaking[_States]:
    ours = yield from _state(place, Digest.parse(error.ours))
    if not ours.history:
        raise _by_hand(error, "it was the first one", ["the whole collection"])
    base = yield from _state(place, ours.history[0].digest)
    theirs = yield from seen(place)
    if theirs is None:
        raise _by_hand(error, "there is nothing to make it on", ["the whole collection"])
    return _States(
        base=(yield from _files(place, base)),
        ours=(yield from _files(place, ours)),
        theirs=(yield from _files(place, theirs)),
    )


def _state(place: Place, digest: Digest) -> Speaking[View]:
    received = yield from say.manifest(place.repository, digest)
    if received is None:
        raise NotFoundError(
            f"{place}, as {digest}",
            "the registry does not keep that state any more; make the edit by hand",
        )
    return viewed(received, f"{place}, as {digest}")


def _files(place: Place, view: View) -> Speaking[MemoryStorage]:
    files = dict[str, bytes]()
    for path in view.files:
        data = yield from content(place, view, path)
        if data is not None:
            files[path] = data
    return MemoryStorage(files)
