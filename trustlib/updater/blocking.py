"""The client that waits: each question is answered when its method returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from attrs import define, field

from trustlib.anchors import Anchor
from trustlib.content import Digest, ImageReference, Naming, PerOrganisation, TagBinding
from trustlib.documents import Format
from trustlib.drive import ignored, run
from trustlib.effects import T, Workflow
from trustlib.events import Event
from trustlib.limits import Limits
from trustlib.ports import Storage, Transport
from trustlib.transport import Offline
from trustlib.trust import Trusted
from trustlib.updater.client import Client, utcnow
from trustlib.updater.freshness import Freshness
from trustlib.updater.journal import told_to
from trustlib.wire import TUF_JSON
from trustlib.workflow import Found


@define(kw_only=True, eq=False)
class Updater:
    """Answers what a tag stands for, from metadata that it keeps up to date.

    One updater may be asked any number of questions, from any number of
    threads; several processes may share one store.

    Args:
        anchor: what is trusted to begin with; ship it with your program.
        transport: how the repository's files are read; :class:`~trustlib.transport.Offline`
            if they are not to be.
        storage: where what was seen is remembered, so that nobody can roll it
            back. It belongs to one repository.
        names: how images are called in this repository.
        limits: how much the repository may make us read.
        policy: how old an answer may be, and what may stand in for the repository.
        format: how the repository's files are written.
        clock: returns the time, with its time zone.
        on_event: is told what happens (:mod:`trustlib.events`), when it has
            happened, in the thread that asked. What it raises ends the question.
    """

    anchor: Anchor
    transport: Transport
    storage: Storage
    names: Naming = field(factory=PerOrganisation)
    limits: Limits = field(factory=Limits)
    policy: Freshness = field(factory=Freshness)
    format: Format = TUF_JSON
    clock: Callable[[], datetime] = utcnow
    on_event: Callable[[Event], None] = ignored
    _client: Client = field(init=False, repr=False)

    @_client.default
    def _decisions(self) -> Client:
        return Client(
            anchor=self.anchor,
            names=self.names,
            limits=self.limits,
            policy=self.policy,
            format=self.format,
            clock=self.clock,
            offline=self.transport if isinstance(self.transport, Offline) else None,
        )

    def refresh(self) -> Trusted:
        """Bring the top-level roles up to date, now, and return them (§5.1–§5.6).

        ``source`` of what is returned says whether the repository answered.

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
            TrustError: as :meth:`resolve`, for one that cannot be answered.
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
        told = partial(told_to, self.on_event)
        return run(workflow, self.transport, self.storage, self.limits, told)
