"""A collection that is published into the registry in which its images are.

A publication is one step: its files are uploaded, and then the tag is moved. A
registry moves it for whoever comes last, though, and has no way to say "only if
it still is there": see :class:`RegistryStorage` for what that means.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from threading import Lock
from typing import Final

from attrs import define, field, frozen

from trustlib.content import Digest
from trustlib.errors import ConflictError, OverwrittenError
from trustlib.ports import Revised, Revision, Storage
from trustlib.registry._artifact import NUMBERED, TAG, View
from trustlib.registry._books import Books
from trustlib.registry._collections import Place, content, kept, moved, prepared, seen
from trustlib.registry._conversation import Pause, Speaking
from trustlib.registry.awaited import AsyncRegistry
from trustlib.registry.client import Registry
from trustlib.registry.lease import Lease, in_turn, require_deletes
from trustlib.storage._names import repository_place

_DELETIONS: Final = 10  # attempts, each of which somebody else was faster than


@define(eq=False)
class Shelf:
    """A collection, and the last state of it that was seen: the only thing here that changes."""

    place: Place
    receipts: Storage | None
    lease: Lease | None
    view: View | None = field(default=None, init=False)
    _deletes: bool = field(default=False, init=False)
    _moving: Lock = field(factory=Lock, init=False)

    def __reduce__(self) -> tuple[type[Shelf], tuple[Place, Storage | None, Lease | None]]:
        return Shelf, (self.place, self.receipts, self.lease)  # another process looks for itself

    def read(self, path: str) -> Speaking[Revised | None]:
        """See :meth:`RegistryStorage.read`."""
        name, view = _plain(path), self.view
        # What has a number does not change; whoever reads it has looked at the rest before.
        if view is None or name not in view.files or not NUMBERED.fullmatch(name):
            view = yield from self._looked()
        data = None if view is None else (yield from content(self.place, view, name))
        return None if data is None or view is None else Revised(data, _revision(view, name))

    def listed(self) -> Speaking[tuple[str, ...]]:
        """See :meth:`RegistryStorage.list`."""
        view = yield from self._looked()
        return () if view is None else tuple(view.files)

    def write_all(
        self,
        files: Mapping[str, bytes],
        dropping: Collection[str],
        path: str,
        replacing: Revision | None,
    ) -> Speaking[Revision | None]:
        """See :meth:`RegistryStorage.write_all`."""
        contents, name = {_plain(path): data for path, data in files.items()}, _plain(path)
        view = yield from self._looked()
        if _revision_or_none(view, name) != replacing:
            return None
        keeping = () if view is None else view.files.keys() - {*map(_plain, dropping)}
        if not (yield from self._exchanged(view, contents, keeping)):
            return None
        written = contents.get(name)
        return replacing if written is None else Revision(str(Digest.of(written)))

    def delete(self, path: str) -> Speaking[None]:
        """See :meth:`RegistryStorage.delete`."""
        name = _plain(path)
        for attempt in range(1, _DELETIONS + 1):
            view = yield from self._looked()
            if view is None or name not in view.files:
                return
            if (yield from self._exchanged(view, {}, view.files.keys() - {name})):
                return
            yield Pause(self.place.repository.session.retries.pause(attempt, None))
        raise ConflictError(str(self.place))

    def concede(self) -> None:
        """See :meth:`RegistryStorage.concede`."""
        if self.receipts is not None:
            self._books(self.receipts).concede()

    def _exchanged(
        self, view: View | None, contents: Mapping[str, bytes], keeping: Collection[str]
    ) -> Speaking[bool]:
        """Replace *view*, and return whether that was done: if not, somebody else did.

        Somebody else may be another thread of ours. It has no manifest yet that
        we could see, and both would find the tag unchanged.
        """
        if not self._moving.acquire(blocking=False):
            return False
        try:
            books = None if self.receipts is None else self._books(self.receipts)
            publisher = "" if books is None else books.publisher()
            raw = yield from prepared(self.place, view, contents, keeping, publisher)
            after = yield from self._moved(view, raw)
            if after is None:
                return False
            self.view = after
            if books is not None:
                books.published(Digest.of(raw), after)
        finally:
            self._moving.release()
        return True

    def _moved(self, view: View | None, raw: bytes) -> Speaking[View | None]:
        if self.lease is None:
            return (yield from moved(self.place, view, raw))
        if not self._deletes:
            yield from require_deletes(self.place)
            self._deletes = True
        return (
            yield from in_turn(
                self.place, self.lease, lambda turn: moved(self.place, view, raw, turn.lasts)
            )
        )

    def _looked(self) -> Speaking[View | None]:
        """Return the collection as it is; what we published last is among what was before it.

        Raises:
            OverwrittenError: it is not.
        """
        # Before it is looked: what another process publishes meanwhile is not to be missed.
        ours = None if self.receipts is None else self._books(self.receipts).last()
        view = yield from seen(self.place, self.view)
        if ours is not None and (view is None or not view.descends_from(ours)):
            tag = yield from kept(self.place, ours)
            theirs = "nothing is there" if view is None else str(view.digest)
            raise OverwrittenError(str(self.place), str(ours), theirs, tag or "nothing, any more")
        self.view = view
        return view

    def _books(self, receipts: Storage) -> Books:
        return Books(storage=receipts, where=str(self.place))


def _plain(path: str) -> str:
    return "/".join(repository_place(path))


def _revision(view: View, path: str) -> Revision:
    return Revision(str(view.files[path].digest))


def _revision_or_none(view: View | None, path: str) -> Revision | None:
    return None if view is None or path not in view.files else _revision(view, path)


@frozen
class RegistryStorage:
    """Publishes a collection into a registry; a :class:`~trustlib.ports.RepositoryStorage`.

    Registries have no compare-and-swap: two publishers who both find the tag
    unchanged both move it, and the first one's publication is gone. It is
    looked at before the tag is moved, and after, so this takes two publishers
    within the same few milliseconds; and then whoever was overwritten is told
    at the next look, if *receipts* has what was published last. Nothing that
    clients check is weakened by it: all that is lost is an edit. Where many
    publish, use a :class:`~trustlib.registry.Lease`; where none may be lost, an object store.

    Attributes:
        registry: the registry.
        repository: the repository of it: the image's own, or one for all images
            of an organisation.
        tag: the tag under which it is found.
        receipts: where this machine remembers what it published last; None: it
            does not, and will not find out.
        lease: how publishers take turns; None: they do not.

    Raises:
        ValueError: *repository* or *tag* are no such names.
    """

    registry: Registry
    repository: str
    tag: str = field(default=TAG, kw_only=True)
    receipts: Storage | None = field(default=None, kw_only=True, repr=False)
    lease: Lease | None = field(default=None, kw_only=True)
    _shelf: Shelf = field(init=False, eq=False, repr=False)

    @_shelf.default
    def _found(self) -> Shelf:
        place = self.registry.collection(self.repository, self.tag)
        return Shelf(place, self.receipts, self.lease)

    def read(self, path: str) -> Revised | None:
        """See :meth:`trustlib.ports.RepositoryStorage.read`.

        Raises:
            OverwrittenError: what this machine published last is gone.
            StorageError: *path* leads out of the collection.
            TrustError: as :meth:`trustlib.registry.RegistryTransport.fetch`.
        """
        return self.registry.held(self._shelf.read(path))

    def write(self, path: str, data: bytes, *, replacing: Revision | None) -> Revision | None:
        """See :meth:`trustlib.ports.RepositoryStorage.write`.

        Raises:
            TrustError: as :meth:`write_all`.
        """
        return self.write_all({path: data}, dropping=(), path=path, replacing=replacing)

    def write_all(
        self,
        files: Mapping[str, bytes],
        *,
        dropping: Collection[str],
        path: str,
        replacing: Revision | None,
    ) -> Revision | None:
        """See :meth:`trustlib.ports.AllAtOnce.write_all`.

        Raises:
            DeniedError: the registry does not let us. It may hold tags fixed:
                *tag* must be an exception to that.
            LimitError: the files are more than a manifest can name.
            StorageError: the registry is none at which leases can be taken.
            TransportError: there was no answer; it may have been written or not.
            TrustError: as :meth:`read`.
        """
        return self.registry.held(self._shelf.write_all(files, dropping, path, replacing))

    def list(self) -> Iterable[str]:
        """See :meth:`trustlib.ports.RepositoryStorage.list`."""
        return self.registry.held(self._shelf.listed())

    def delete(self, path: str) -> None:
        """See :meth:`trustlib.ports.RepositoryStorage.delete`.

        Raises:
            StorageError: somebody published meanwhile.
            TrustError: as :meth:`write_all`.
        """
        self.registry.held(self._shelf.delete(path))

    def concede(self) -> None:
        """Take what others published for what counts, though ours is not among what was before it.

        After an :class:`~trustlib.OverwrittenError`, where
        :func:`~trustlib.registry.reapplied` cannot make the edit again: do it by hand.
        """
        self._shelf.concede()


@frozen
class AsyncRegistryStorage:
    """:class:`RegistryStorage`, to await. *receipts* is local, and used at once."""

    registry: AsyncRegistry
    repository: str
    tag: str = field(default=TAG, kw_only=True)
    receipts: Storage | None = field(default=None, kw_only=True, repr=False)
    lease: Lease | None = field(default=None, kw_only=True)
    _shelf: Shelf = field(init=False, eq=False, repr=False)

    @_shelf.default
    def _found(self) -> Shelf:
        place = self.registry.collection(self.repository, self.tag)
        return Shelf(place, self.receipts, self.lease)

    async def read(self, path: str) -> Revised | None:
        """See :meth:`RegistryStorage.read`."""
        return await self.registry.held(self._shelf.read(path))

    async def write(self, path: str, data: bytes, *, replacing: Revision | None) -> Revision | None:
        """See :meth:`RegistryStorage.write`."""
        return await self.write_all({path: data}, dropping=(), path=path, replacing=replacing)

    async def write_all(
        self,
        files: Mapping[str, bytes],
        *,
        dropping: Collection[str],
        path: str,
        replacing: Revision | None,
    ) -> Revision | None:
        """See :meth:`RegistryStorage.write_all`."""
        return await self.registry.held(self._shelf.write_all(files, dropping, path, replacing))

    async def list(self) -> Iterable[str]:
        """See :meth:`RegistryStorage.list`."""
        return await self.registry.held(self._shelf.listed())

    async def delete(self, path: str) -> None:
        """See :meth:`RegistryStorage.delete`."""
        await self.registry.held(self._shelf.delete(path))

    def concede(self) -> None:
        """See :meth:`RegistryStorage.concede`."""
        self._shelf.concede()
