"""The two faces of one client.

Everything that is decided is decided once, in the workflows of
:class:`_Client`; the two updaters differ in how they carry them out. Each
question looks at the clock: what is remembered answers only while it is young
enough and nothing in it has expired.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import cast

from attrs import define, field, frozen

from trustlib._types import TargetPath
from trustlib.anchors import Anchor
from trustlib.content import Digest, ImageReference, Naming, PerOrganisation, TagBinding
from trustlib.content.binding import bound, target_path
from trustlib.documents import Format
from trustlib.drive import arun, run
from trustlib.effects import T, Workflow
from trustlib.errors import ExpiredError
from trustlib.limits import Limits
from trustlib.ports import AsyncStorage, AsyncTransport, Storage, Transport
from trustlib.storage import ThreadedStorage
from trustlib.transport import Threaded
from trustlib.trust import Trusted
from trustlib.wire import TUF_JSON
from trustlib.workflow import Found, Known, find, refresh

_REMEMBERED = 65_536  # answers under one update; then they are looked up again


def utcnow() -> datetime:
    """Return the time of the system's clock (UTC)."""
    return datetime.now(UTC)


@frozen(kw_only=True)
class Freshness:
    """How old an answer from memory may be.

    Attributes:
        max_age: after this long, the next question refreshes first. Zero asks
            the repository every time.
    """

    max_age: timedelta = timedelta(minutes=5)


@frozen
class _State:
    """One complete update, and what was found under it."""

    trusted: Trusted
    known: Known = field(factory=dict)
    found: dict[TargetPath, Found] = field(factory=dict[TargetPath, Found])


@define(kw_only=True, eq=False)
class _Client:
    """What both updaters know and decide."""

    anchor: Anchor
    names: Naming = field(factory=PerOrganisation)
    limits: Limits = field(factory=Limits)
    policy: Freshness = field(factory=Freshness)
    format: Format = TUF_JSON
    clock: Callable[[], datetime] = utcnow
    _state: _State | None = field(default=None, init=False, repr=False)

    def _now(self) -> datetime:
        now = self.clock()
        if now.tzinfo is None:
            raise ValueError("the clock must say which time zone it is in")
        return now.astimezone(UTC)

    def _refreshed(self, now: datetime) -> Workflow[_State]:
        trusted = yield from refresh(self.anchor, now=now, limits=self.limits, format=self.format)
        state = _State(trusted)
        latest = self._state
        if latest is None or latest.trusted.now <= now:  # another thread may be ahead
            self._state = state
        return state

    def _current(self, now: datetime) -> Workflow[_State]:
        """Return what is remembered if it will do at *now*, else what the repository says."""
        state = self._state
        if state is not None:
            began = state.trusted.now
            stale = min(began + self.policy.max_age, state.trusted.valid_until)
            if began <= now < stale:
                return state
        return (yield from self._refreshed(now))

    def _finding(self, state: _State, path: TargetPath, now: datetime) -> Workflow[Found]:
        found = state.found.get(path)
        if found is not None and now < found.valid_until:
            return found
        try:
            found = yield from self._searched(state, path, now)
        except ExpiredError:
            if state.trusted.now >= now:
                raise
            # A delegated role expired since the update; there may be a fresh one.
            state = yield from self._refreshed(now)
            found = yield from self._searched(state, path, now)
        if len(state.found) >= _REMEMBERED:
            state.found.clear()
        state.found[path] = found
        return found

    def _searched(self, state: _State, path: TargetPath, now: datetime) -> Workflow[Found]:
        trusted = state.trusted.as_of(now)
        return (yield from find(trusted, path, limits=self.limits, known=state.known))

    # -- the questions, as workflows ----------------------------------------------------

    def refreshing(self) -> Workflow[Trusted]:
        return (yield from self._refreshed(self._now())).trusted

    def finding(self, path: str) -> Workflow[Found]:
        now = self._now()
        state = yield from self._current(now)
        return (yield from self._finding(state, TargetPath(path), now))

    def resolving_one(self, reference: str | ImageReference) -> Workflow[TagBinding]:
        (binding,) = yield from self.resolving((reference,))
        return binding

    def resolving(
        self, references: Iterable[str | ImageReference]
    ) -> Workflow[tuple[TagBinding, ...]]:
        now = self._now()
        bindings: list[TagBinding] = []
        state: _State | None = None
        for reference in map(_reference, references):
            if reference.tag is None and reference.digest is not None:
                bindings.append(TagBinding(reference=reference, digest=reference.digest))
                continue
            tagged = reference.tagged()
            self.names.target_path(tagged)  # what is not ours needs no update to be refused
            state = state or (yield from self._current(now))
            path = target_path(state.trusted, tagged, self.names)
            found = yield from self._finding(state, path, now)
            bindings.append(bound(tagged, found))
        return tuple(bindings)

    def verifying(
        self, reference: str | ImageReference, digest: str | Digest
    ) -> Workflow[TagBinding]:
        expected = digest if isinstance(digest, Digest) else Digest.parse(digest)
        asked = _reference(reference)
        if asked.tag is None and asked.digest is not None:
            raise ValueError(f"{asked}: expected a tag; nobody vouches for a digest alone")
        binding = yield from self.resolving_one(asked)
        return binding.agreeing_with(expected)


def _reference(reference: str | ImageReference) -> ImageReference:
    return ImageReference.parse(reference) if isinstance(reference, str) else reference


@define(kw_only=True, eq=False)
class Updater:
    """Answers what a tag stands for, from metadata that it keeps up to date.

    One updater may be asked any number of questions, from any number of
    threads; several processes may share one store.

    Args:
        anchor: what is trusted to begin with; ship it with your program.
        transport: how the repository's files are read.
        storage: where what was seen is remembered, so that nobody can roll it
            back. It belongs to one repository.
        names: how images are called in this repository.
        limits: how much the repository may make us read.
        policy: how old a remembered answer may be.
        format: how the repository's files are written.
        clock: returns the time, with its time zone.
    """

    anchor: Anchor
    transport: Transport
    storage: Storage
    names: Naming = field(factory=PerOrganisation)
    limits: Limits = field(factory=Limits)
    policy: Freshness = field(factory=Freshness)
    format: Format = TUF_JSON
    clock: Callable[[], datetime] = utcnow
    _client: _Client = field(init=False, repr=False)

    @_client.default
    def _decisions(self) -> _Client:
        return _Client(
            anchor=self.anchor,
            names=self.names,
            limits=self.limits,
            policy=self.policy,
            format=self.format,
            clock=self.clock,
        )

    def refresh(self) -> Trusted:
        """Bring the top-level roles up to date, now, and return them (§5.1–§5.6).

        Raises:
            TrustError: any of them; what was accepted before stays stored.
        """
        return self._run(self._client.refreshing())

    def resolve(self, reference: str | ImageReference) -> TagBinding:
        """Return what the tag of *reference* stands for; no tag means ``latest``.

        A reference by digest alone is returned as it is. One with tag and
        digest is returned if the two agree.

        Raises:
            ValueError: *reference* is no image reference.
            NotFoundError: nobody vouches for that tag.
            TrustError: as :meth:`refresh`; or a delegated role is not to be
                trusted; or the tag stands for another digest.
        """
        return self._run(self._client.resolving_one(reference))

    def resolve_all(self, references: Iterable[str | ImageReference]) -> tuple[TagBinding, ...]:
        """Return what each tag stands for, in order, all at one reference time.

        Raises:
            TrustError: as :meth:`resolve`, for the first that cannot be answered.
        """
        return self._run(self._client.resolving(references))

    def verify(self, reference: str | ImageReference, digest: str | Digest) -> TagBinding:
        """Return what the tag stands for, which is *digest*.

        Raises:
            ValueError: *reference* has a digest and no tag: there is nothing to verify.
            MismatchError: it stands for something else.
            TrustError: as :meth:`resolve`.
        """
        return self._run(self._client.verifying(reference, digest))

    def find(self, path: str) -> Found:
        """Return what the repository says of the target *path* (§5.6.7).

        Raises:
            NotFoundError: nobody vouches for it.
            TrustError: as :meth:`resolve`.
        """
        return self._run(self._client.finding(path))

    def _run(self, workflow: Workflow[T]) -> T:
        return run(workflow, self.transport, self.storage, self.limits)


@define(kw_only=True, eq=False)
class AsyncUpdater:
    """:class:`Updater`, to await.

    Takes the same arguments. A transport or storage without ``async`` methods
    is run in threads.
    """

    anchor: Anchor
    transport: AsyncTransport | Transport
    storage: AsyncStorage | Storage
    names: Naming = field(factory=PerOrganisation)
    limits: Limits = field(factory=Limits)
    policy: Freshness = field(factory=Freshness)
    format: Format = TUF_JSON
    clock: Callable[[], datetime] = utcnow
    _client: _Client = field(init=False, repr=False)

    @_client.default
    def _decisions(self) -> _Client:
        return _Client(
            anchor=self.anchor,
            names=self.names,
            limits=self.limits,
            policy=self.policy,
            format=self.format,
            clock=self.clock,
        )

    async def refresh(self) -> Trusted:
        """See :meth:`Updater.refresh`."""
        return await self._run(self._client.refreshing())

    async def resolve(self, reference: str | ImageReference) -> TagBinding:
        """See :meth:`Updater.resolve`."""
        return await self._run(self._client.resolving_one(reference))

    async def resolve_all(
        self, references: Iterable[str | ImageReference]
    ) -> tuple[TagBinding, ...]:
        """See :meth:`Updater.resolve_all`."""
        return await self._run(self._client.resolving(references))

    async def verify(self, reference: str | ImageReference, digest: str | Digest) -> TagBinding:
        """See :meth:`Updater.verify`."""
        return await self._run(self._client.verifying(reference, digest))

    async def find(self, path: str) -> Found:
        """See :meth:`Updater.find`."""
        return await self._run(self._client.finding(path))

    async def _run(self, workflow: Workflow[T]) -> T:
        transport, storage = _awaited(self.transport), _awaited_storage(self.storage)
        return await arun(workflow, transport, storage, self.limits)


# Which of the two ports an object fills shows in its method; a type checker
# cannot see that, hence the casts.


def _awaited(transport: AsyncTransport | Transport) -> AsyncTransport:
    if inspect.iscoroutinefunction(transport.fetch):
        return cast("AsyncTransport", transport)
    return Threaded(cast("Transport", transport))


def _awaited_storage(storage: AsyncStorage | Storage) -> AsyncStorage:
    if inspect.iscoroutinefunction(storage.load):
        return cast("AsyncStorage", storage)
    return ThreadedStorage(cast("Storage", storage))
