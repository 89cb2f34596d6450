"""The two ways to ask several repositories. Neither of them decides anything.

One asks a repository after the other and stops when enough agree; the other
asks all that an entry of the map names at once, and goes by the first answers
that decide. What is answered is the same: it is decided once nobody who has not
answered yet could change it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar, cast

from attrs import define, field

from trustlib._types import ROOT
from trustlib.consensus.answers import (
    AgreedBinding,
    agreed_binding,
    agreed_target,
    said_of_tag,
    said_of_target,
)
from trustlib.consensus.deciding import Heard, Outcome, deciding
from trustlib.consensus.maps import TrustMap
from trustlib.content import Digest, ImageReference, Naming, PerOrganisation, TagBinding
from trustlib.errors import NotFoundError, TrustError
from trustlib.roles import Authority
from trustlib.storage import FileStorage
from trustlib.trust import Trusted
from trustlib.updater import AsyncUpdater, Updater
from trustlib.workflow import Agreed
from trustlib.workflow.counting import Statement
from trustlib.workflow.search import UNLISTED

A = TypeVar("A")


@define(kw_only=True, eq=False)
class Consensus:
    """Answers what a tag stands for, once enough repositories say the same thing (TAP 4).

    It is asked like an :class:`~trustlib.Updater`, and so is each of
    *updaters*, with an anchor, a store and a naming of its own. All of them are
    verified as ever; what one repository says is worth as much as the map has
    it be.

    A repository that cannot be had or trusted does not count, and does not
    stop the others if it could not change what they decide. Two whose roots the
    same keys can sign count once. Whether they can is looked up when a
    repository is first asked.

    Args:
        map: which repositories must agree on what.
        updaters: one for each repository of the map, by its name.
        names: how images are called in the map's patterns.

    Raises:
        ValueError: a repository has no updater, or an updater no repository; or
            so many start from the same root that a threshold cannot be met.
    """

    map: TrustMap
    updaters: Mapping[str, Updater]
    names: Naming = field(factory=PerOrganisation)
    _roots: dict[str, Authority] = field(factory=dict[str, Authority], init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        require_distinct(self.map, self.updaters)

    def find(self, path: str) -> Agreed:
        """Return what the repositories agree on about the target *path*.

        Raises:
            NotFoundError: none of those that the map asks lists it, or the map
                asks none.
            DisagreementError: too few of them say the same thing; what each
                said is in ``answers``.
            UnheardError: it depends on those that could not be reached.
        """
        return agreed_target(
            *self._decided(path, lambda updater: updater.find(path), said_of_target)
        )

    def resolve(self, reference: str | ImageReference) -> AgreedBinding:
        """Return what the repositories agree on that the tag stands for; see :meth:`find`.

        A reference by digest alone is returned as it is.

        Raises:
            ValueError: *reference* is no image reference.
            MismatchError: *reference* has a digest too, and the tag stands for another.
            TrustError: as :meth:`find`.
        """
        asked = _asked(reference)
        if asked.tag is None and asked.digest is not None:
            return AgreedBinding(reference=asked, digest=asked.digest)
        tag = asked.without_digest()

        def resolved(updater: Updater) -> TagBinding:
            require_spoken_for(updater.names, tag)
            return updater.resolve(tag)

        path = self.names.target_path(tag)
        return agreed_binding(asked, *self._decided(path, resolved, said_of_tag))

    def verify(self, reference: str | ImageReference, digest: str | Digest) -> AgreedBinding:
        """Return what the repositories agree on that the tag stands for, which is *digest*.

        Raises:
            ValueError: *reference* has a digest and no tag: there is nothing to verify.
            MismatchError: it stands for something else.
            TrustError: as :meth:`resolve`.
        """
        asked, expected = _verifiable(reference, digest)
        binding = self.resolve(asked)
        binding.agreeing_with(expected)
        return binding

    def _decided(
        self, path: str, ask: Callable[[Updater], A], said: Callable[[A], Statement]
    ) -> tuple[Outcome, dict[str, A]]:
        asking = deciding(self.map, path)
        answers: dict[str, A] = {}
        heard: tuple[str, Heard] | None = None
        while True:
            try:
                name = asking.send(heard)[0]
            except StopIteration as finished:
                return cast("Outcome", finished.value), answers  # the generator's return type
            try:
                root = self._root(name)
                answers[name] = ask(self.updaters[name])
            except TrustError as error:
                heard = name, Heard.failing(error)
            else:
                heard = name, Heard(said(answers[name]), root)

    def _root(self, name: str) -> Authority:
        if name not in self._roots:
            self._roots[name] = _root_of(self.updaters[name].refresh())
        return self._roots[name]


@define(kw_only=True, eq=False)
class AsyncConsensus:
    """:class:`Consensus`, to await; the repositories are asked at once.

    Who is not needed any more is not waited for, and its update is cancelled.
    ``via`` and ``by`` name those who answered first, so they may differ from
    time to time; what is answered does not.
    """

    map: TrustMap
    updaters: Mapping[str, AsyncUpdater]
    names: Naming = field(factory=PerOrganisation)
    _roots: dict[str, Authority] = field(factory=dict[str, Authority], init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        require_distinct(self.map, self.updaters)

    async def find(self, path: str) -> Agreed:
        """See :meth:`Consensus.find`."""
        return agreed_target(
            *await self._decided(path, lambda updater: updater.find(path), said_of_target)
        )

    async def resolve(self, reference: str | ImageReference) -> AgreedBinding:
        """See :meth:`Consensus.resolve`."""
        asked = _asked(reference)
        if asked.tag is None and asked.digest is not None:
            return AgreedBinding(reference=asked, digest=asked.digest)
        tag = asked.without_digest()

        async def resolved(updater: AsyncUpdater) -> TagBinding:
            require_spoken_for(updater.names, tag)
            return await updater.resolve(tag)

        path = self.names.target_path(tag)
        return agreed_binding(asked, *await self._decided(path, resolved, said_of_tag))

    async def verify(self, reference: str | ImageReference, digest: str | Digest) -> AgreedBinding:
        """See :meth:`Consensus.verify`."""
        asked, expected = _verifiable(reference, digest)
        binding = await self.resolve(asked)
        binding.agreeing_with(expected)
        return binding

    async def _decided(
        self, path: str, ask: Callable[[AsyncUpdater], Awaitable[A]], said: Callable[[A], Statement]
    ) -> tuple[Outcome, dict[str, A]]:
        asking = deciding(self.map, path)
        answers: dict[str, A] = {}
        tasks: dict[str, asyncio.Task[Heard]] = {}

        async def hear(name: str) -> Heard:
            try:
                root = await self._root(name)
                answers[name] = await ask(self.updaters[name])
            except TrustError as error:
                return Heard.failing(error)
            return Heard(said(answers[name]), root)

        heard: tuple[str, Heard] | None = None
        try:
            while True:
                try:
                    names = asking.send(heard)
                except StopIteration as finished:
                    return cast("Outcome", finished.value), answers
                tasks.update({n: asyncio.create_task(hear(n)) for n in names if n not in tasks})
                awaited = [tasks[name] for name in names]
                await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
                name, *_ = (name for name in names if tasks[name].done())
                heard = name, tasks[name].result()
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _root(self, name: str) -> Authority:
        if name not in self._roots:
            self._roots[name] = _root_of(await self.updaters[name].refresh())
        return self._roots[name]


def require_distinct(
    trust_map: TrustMap, updaters: Mapping[str, Updater] | Mapping[str, AsyncUpdater]
) -> None:
    """Make sure that each repository has an updater, and that every threshold can be met.

    Raises:
        ValueError: it is not so.
    """
    if updaters.keys() != trust_map.repositories.keys():
        raise ValueError(
            f"expected an updater for each of {', '.join(trust_map.repositories)},"
            f" got some for {', '.join(updaters) or 'none'}"
        )
    for entry in trust_map.mapping:
        anchors = {updaters[name].anchor.identity for name in entry.repositories}
        if len(anchors) < entry.threshold:
            raise ValueError(
                f"expected at least {entry.threshold} different anchors for"
                f" {', '.join(entry.repositories)}, got {len(anchors)}:"
                " repositories that start from the same root are one"
            )
    stores: dict[object, str] = {}
    for name, updater in updaters.items():
        storage = updater.storage
        memory = storage if isinstance(storage, FileStorage) else id(storage)
        if (other := stores.setdefault(memory, name)) != name:
            raise ValueError(
                f"expected a store for each repository, got one for {other} and {name}"
            )


def require_spoken_for(names: Naming, reference: ImageReference) -> None:
    """Make sure that a repository of these *names* may know *reference* at all.

    Raises:
        NotFoundError: it does not list what it does not speak for.
    """
    try:
        names.target_path(reference)
    except NotFoundError as error:
        raise NotFoundError(error.name, error.reason, step=UNLISTED) from error


def _asked(reference: str | ImageReference) -> ImageReference:
    parsed = ImageReference.parse(reference) if isinstance(reference, str) else reference
    return parsed.tagged()


def _verifiable(
    reference: str | ImageReference, digest: str | Digest
) -> tuple[ImageReference, Digest]:
    expected = digest if isinstance(digest, Digest) else Digest.parse(digest)
    asked = _asked(reference)
    if asked.tag is None:
        raise ValueError(f"{asked}: expected a tag; nobody vouches for a digest alone")
    return asked, expected


def _root_of(trusted: Trusted) -> Authority:
    return trusted.snapshot.root.root.role.authority(ROOT)
