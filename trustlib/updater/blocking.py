"""The client that waits: each question is answered when its method returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path

from attrs import define, field

from trustlib._clock import utcnow
from trustlib.anchors import Anchor, Pin
from trustlib.content import Digest, ImageReference, Naming, PerOrganisation, TagBinding
from trustlib.documents import Format
from trustlib.downloads.telling import AT_ONCE, Progress, nobody
from trustlib.drive import ignored, run
from trustlib.effects import T, Workflow
from trustlib.events import Event
from trustlib.limits import Limits
from trustlib.ports import Storage, Transport
from trustlib.transport import Offline
from trustlib.trust import Trusted
from trustlib.updater.client import ARTIFACTS, Client
from trustlib.updater.freshness import Freshness
from trustlib.updater.journal import refusals_told_to, told_to
from trustlib.wire import TUF_JSON
from trustlib.workflow import Agreed, Found, RolesAgree


@define(kw_only=True, eq=False)
class Updater:
    """Answers what a tag stands for, from metadata that it keeps up to date.

    One updater may be asked any number of questions, from any number of
    threads; several processes may share one store.

    Args:
        anchor: what is trusted to begin with; ship it with your program. A pin is for the
            format that knows it.
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
        artifacts: how the repository's artifacts are read, if they are elsewhere
            than in the folder ``targets/`` beside its metadata.
    """

    anchor: Anchor | Pin
    transport: Transport
    storage: Storage
    names: Naming = field(factory=PerOrganisation)
    limits: Limits = field(factory=Limits)
    policy: Freshness = field(factory=Freshness)
    format: Format = TUF_JSON
    clock: Callable[[], datetime] = utcnow
    on_event: Callable[[Event], None] = ignored
    artifacts: Transport | None = None
    _client: Client = field(init=False, repr=False)

    def __repr__(self) -> str:
        return f"<Updater {self.transport!r}, {self.storage!r}: {self._client.standing}>"

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
        before = self._client.resolved_before(reference)
        if before is not None:
            return before
        return self._run(self._client.resolving_one(reference))

    def resolve_all(self, references: Iterable[str | ImageReference]) -> tuple[TagBinding, ...]:
        """Return what each tag stands for, in order, all at one reference time.

        Raises:
            TrustError: as :meth:`resolve`, for one that cannot be answered.
        """
        return self._run(self._client.resolving(references))

    def tags(self, image: str | ImageReference | None = None) -> tuple[TagBinding, ...]:
        """Return what every tag stands for that somebody vouches for, by name.

        All roles are fetched for this, so it is for people and for small collections.

        Args:
            image: whose tags, ``"acme/app"``; None: all that the collection has.

        Raises:
            ValueError: *image* is no image reference, or has a tag or digest.
            TrustError: as :meth:`resolve`, of any role.
        """
        return self._run(self._client.listing(image))

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

    def find_agreed(self, path: str, agreement: RolesAgree) -> Agreed:
        """Return what enough of the roles of *agreement* say alike of the target *path* (TAP 3).

        Raises:
            DisagreementError: too few of them do.
            NotFoundError: none of them lists it.
            TrustError: as :meth:`find`.
        """
        return self._run(self._client.finding_agreed(path, agreement))

    def resolve_agreed(self, reference: str | ImageReference, agreement: RolesAgree) -> TagBinding:
        """Return what enough of the roles of *agreement* say alike that the tag stands for.

        Raises:
            ValueError: *reference* is no image reference.
            TrustError: as :meth:`find_agreed` and :meth:`resolve`.
        """
        return self._run(self._client.resolving_agreed(reference, agreement))

    def download(self, found: Found, place: str | Path, *, progress: Progress = nobody) -> Path:
        """Put the artifact that was *found* at *place*, verified, and return *place* (§5.7.3).

        It is fetched in pieces, each of which is hashed, into a hidden file
        beside *place*, and gets its name when all of it was found right. A file
        that is right already is not fetched again; what breaks off is continued,
        by the next call too. Nothing that the repository says chooses a path.

        Args:
            found: what :meth:`find` returned.
            place: the file to write, in a directory that exists.
            progress: called after each piece with the number of bytes that are
                there and the number there will be; what it raises ends the
                download, and what has arrived is kept for the next call.

        Raises:
            ExpiredError: *found* is too old to be believed; find it again.
            MismatchError: the repository's file is not what was found.
            TooLongError: it has more bytes; raised at the first of them.
            NotFoundError: the repository does not have it.
            TransportError: it could not be read, or came too slowly. Call again.
            StorageError: the system refused to write it.
        """
        from trustlib.downloads import downloaded  # not every client downloads

        self._run(self._client.believing(found))
        transport, folder = self._artifacts()
        with refusals_told_to(self.on_event):
            return downloaded(
                found,
                Path(place),
                transport=transport,
                folder=folder,
                limits=self.limits,
                progress=progress,
            )

    def download_all(
        self,
        wanted: Iterable[tuple[Found, str | Path]],
        *,
        progress: Progress = nobody,
        at_once: int = AT_ONCE,
    ) -> tuple[Path, ...]:
        """Download all that is *wanted*, several at once, and return the places, in order.

        The first that fails stops the others; those that are complete stay.

        Args:
            wanted: what :meth:`find` returned, and where to put it; no place twice.
            progress: called with the bytes of all files together.
            at_once: how many are downloaded at the same time at most.

        Raises:
            ValueError: a place is given twice, or *at_once* is less than 1.
            TrustError: as :meth:`download`, for the first that failed.
        """
        from trustlib.downloads import downloaded_all

        listed = [(found, Path(place)) for found, place in wanted]
        self._run(self._client.believing(*(found for found, _ in listed)))
        transport, folder = self._artifacts()
        with refusals_told_to(self.on_event):
            return downloaded_all(
                listed,
                transport=transport,
                folder=folder,
                limits=self.limits,
                progress=progress,
                at_once=at_once,
            )

    def _artifacts(self) -> tuple[Transport, str]:
        return (self.transport, ARTIFACTS) if self.artifacts is None else (self.artifacts, "")

    def _run(self, workflow: Workflow[T]) -> T:
        told = partial(told_to, self.on_event)
        return run(workflow, self.transport, self.storage, self.limits, told)
