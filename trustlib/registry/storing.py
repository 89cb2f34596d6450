"""A collection that is published into the registry in which its images are.

A publication is one step: its files are uploaded, and then the tag is moved. A
registry moves it for whoever comes last, though, and has no way to say "only if
it still is there": see :class:`RegistryStorage` for what that means.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress

from attrs import define, field, frozen

from trustlib._paths import private
from trustlib._types import StoredName
from trustlib.content import Digest
from trustlib.errors import OverwrittenError, StorageError, TransportError
from trustlib.ports import Revised, Revision, Storage
from trustlib.registry import _operations as say
from trustlib.registry._artifact import NUMBERED, TAG, View
from trustlib.registry._collections import Place, content, descends, exchanged, kept, seen
from trustlib.registry._conversation import Speaking
from trustlib.registry.awaited import AsyncRegistry
from trustlib.registry.client import Registry
from trustlib.storage._names import repository_place


@define(eq=False)
class Shelf:
    """A collection, and the last state of it that was seen: the only thing here that changes."""

    place: Place
    receipts: Storage | None
    view: View | None = field(default=None, init=False)

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
        after = yield from exchanged(self.place, view, contents, keeping)
        if after is None:
            return None
        self.view = after
        self._remember(after.digest)
        return _revision_or_none(after, name)

    def delete(self, path: str) -> Speaking[None]:
        """See :meth:`RegistryStorage.delete`."""
        name = _plain(path)
        view = yield from self._looked()
        if view is not None and name in view.files:
            after = yield from exchanged(self.place, view, {}, view.files.keys() - {name})
            if after is None:
                raise StorageError(str(self.place), "somebody else published meanwhile; try again")
            self.view = after
            self._remember(after.digest)

    def concede(self) -> None:
        """See :meth:`RegistryStorage.concede`."""
        if self.receipts is not None:
            self._exchange_receipt(b"")

    def _looked(self) -> Speaking[View | None]:
        """Return the collection as it is; what we published last is among what was before it.

        Raises:
            OverwrittenError: it is not.
        """
        view = yield from seen(self.place, self.view)
        if view is not self.view or view is None:
            yield from self._follows(view)
        self.view = view
        return view

    def _follows(self, view: View | None) -> Speaking[None]:
        ours = self._receipt()
        if ours is None:
            return
        if view is not None and (yield from descends(self.place, view, ours)):
            return
        tag, received = "", None
        with suppress(TransportError):
            received = yield from say.manifest(self.place.repository, ours)
        if received is not None:
            tag = yield from kept(self.place, received.manifest.raw)
        theirs = "nothing is there" if view is None else str(view.digest)
        raise OverwrittenError(str(self.place), str(ours), theirs, tag or "nothing, any more")

    # -- what this machine remembers ----------------------------------------------------

    @property
    def _name(self) -> StoredName:
        where = hashlib.sha256(str(self.place).encode()).hexdigest()[:32]
        return private(f"published.{where}")

    def _receipt(self) -> Digest | None:
        raw = None if self.receipts is None else self.receipts.load(self._name)
        try:
            return Digest.parse(raw.decode()) if raw else None
        except ValueError as error:
            raise StorageError(self._name, "is not what was written there; remove it") from error

    def _remember(self, digest: Digest) -> None:
        if self.receipts is not None:
            self._exchange_receipt(str(digest).encode())

    def _exchange_receipt(self, data: bytes) -> None:
        receipts, done = self.receipts, False
        while receipts is not None and not done:
            done = receipts.save(self._name, data, replacing=receipts.load(self._name))


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
    publish, use a :class:`Lease`; where none may be lost, an object store.

    Attributes:
        registry: the registry.
        repository: the repository of it: the image's own, or one for all images
            of an organisation.
        tag: the tag under which it is found.
        receipts: where this machine remembers what it published last; None: it
            does not, and will not find out.

    Raises:
        ValueError: *repository* or *tag* are no such names.
    """

    registry: Registry
    repository: str
    tag: str = field(default=TAG, kw_only=True)
    receipts: Storage | None = field(default=None, kw_only=True, repr=False)
    _shelf: Shelf = field(init=False, eq=False, repr=False)

    @_shelf.default
    def _found(self) -> Shelf:
        return Shelf(self.registry.collection(self.repository, self.tag), self.receipts)

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

        After an :class:`~trustlib.OverwrittenError`: then publish the edit again.
        """
        self._shelf.concede()


@frozen
class AsyncRegistryStorage:
    """:class:`RegistryStorage`, to await. *receipts* is local, and used at once."""

    registry: AsyncRegistry
    repository: str
    tag: str = field(default=TAG, kw_only=True)
    receipts: Storage | None = field(default=None, kw_only=True, repr=False)
    _shelf: Shelf = field(init=False, eq=False, repr=False)

    @_shelf.default
    def _found(self) -> Shelf:
        return Shelf(self.registry.collection(self.repository, self.tag), self.receipts)

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
