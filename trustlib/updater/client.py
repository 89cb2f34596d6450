"""What both updaters know and decide.

Everything that is decided is decided here once, as workflows; the updaters
differ in how they carry them out. Each question looks at the clock: what is
remembered answers only while it is young enough and nothing in it has expired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

from attrs import define, field

from trustlib._types import TargetPath, Version
from trustlib.anchors import Anchor, Pin
from trustlib.content import Digest, ImageReference, Naming, TagBinding
from trustlib.content.binding import bound, by_digest, target_path
from trustlib.documents import Format
from trustlib.effects import T, Tell, Workflow
from trustlib.errors import ExpiredError, NotFoundError, TransportError, TrustError
from trustlib.events import AnsweredFromStore, Refused
from trustlib.limits import Limits
from trustlib.transport import Offline
from trustlib.trust import Trusted
from trustlib.updater.answered import Answered, Question
from trustlib.updater.freshness import Freshness
from trustlib.workflow import (
    Agreed,
    Found,
    Known,
    Procedure,
    RolesAgree,
    foresee,
    procedure_of,
)

ARTIFACTS: Final = "targets/"
"""Where a repository keeps its artifacts, beside its metadata."""


@define(kw_only=True, eq=False)
class Client:
    """The questions that can be asked, as workflows, and what is remembered between them.

    Attributes:
        offline: how to do without the repository, where it is not to be asked.
    """

    anchor: Anchor | Pin
    names: Naming
    limits: Limits
    policy: Freshness
    format: Format
    clock: Callable[[], datetime]
    offline: Offline | None
    _procedure: Procedure = field(init=False, repr=False)
    _state: Answered | None = field(default=None, init=False, repr=False)
    _one_at_a_time: Lock = field(factory=Lock, init=False, repr=False)

    @_procedure.default
    def _by_format(self) -> Procedure:
        return procedure_of(self.format)

    @property
    def standing(self) -> str:
        """What is trusted by now, in a few words for a debugger."""
        return "nothing asked yet" if self._state is None else repr(self._state.trusted)

    # -- the questions ------------------------------------------------------------------

    def refreshing(self) -> Workflow[Trusted]:
        """See :meth:`trustlib.Updater.refresh`."""
        state = yield from self._watched(self._refreshed(self._now(), ()))
        return state.trusted

    def finding(self, path: str) -> Workflow[Found]:
        """See :meth:`trustlib.Updater.find`."""
        return (yield from self._watched(self._answered(TargetPath(path))))

    def finding_agreed(self, path: str, agreement: RolesAgree) -> Workflow[Agreed]:
        """See :meth:`trustlib.Updater.find_agreed`."""
        return (yield from self._watched(self._answered_alike(TargetPath(path), agreement)))

    def resolved_before(self, question: Question) -> TagBinding | None:
        """Return what :meth:`resolving_one` would, if that was the answer before and still holds.

        None says nothing but that it must be looked up.
        """
        state = self._state
        if state is None or question not in state.bindings:
            return None
        return state.again(question, self._now(), self.policy.max_age)

    def resolving_one(self, question: Question) -> Workflow[TagBinding]:
        """See :meth:`trustlib.Updater.resolve`."""
        (binding,) = yield from self.resolving((question,))
        return binding

    def resolving(self, questions: Iterable[Question]) -> Workflow[tuple[TagBinding, ...]]:
        """See :meth:`trustlib.Updater.resolve_all`."""
        asked = [(question, _reference(question)) for question in questions]
        bindings = yield from self._watched(self._resolved(dict(asked)))
        return tuple(bindings[question] for question, _ in asked)

    def resolving_agreed(self, reference: Question, agreement: RolesAgree) -> Workflow[TagBinding]:
        """See :meth:`trustlib.Updater.resolve_agreed`."""
        return (yield from self._watched(self._resolved_alike(_reference(reference), agreement)))

    def listing(self, image: str | ImageReference | None) -> Workflow[tuple[TagBinding, ...]]:
        """See :meth:`trustlib.Updater.tags`."""
        asked = None if image is None else _reference(image)
        if asked is not None and (asked.tag is not None or asked.digest is not None):
            raise ValueError(f"{asked}: expected an image without tag and digest; all are listed")
        return (yield from self._watched(self._listed(asked)))

    def verifying(self, reference: Question, digest: str | Digest) -> Workflow[TagBinding]:
        """See :meth:`trustlib.Updater.verify`."""
        expected = digest if isinstance(digest, Digest) else Digest.parse(digest)
        asked = _reference(reference)
        if asked.tag is None and asked.digest is not None:
            raise ValueError(f"{asked}: expected a tag; nobody vouches for a digest alone")
        return (yield from self._watched(self._agreed(asked, expected)))

    def believing(self, *found: Found) -> Workflow[None]:
        """End without an error if what was *found* may be believed still.

        Raises:
            ExpiredError: a role that it rests on has expired since.
        """
        yield from self._watched(self._believed(found))

    # -- the answers --------------------------------------------------------------------

    def _watched(self, workflow: Workflow[T]) -> Workflow[T]:
        try:
            return (yield from workflow)
        except TrustError as error:
            yield Tell(Refused(error=error))
            raise

    def _answered(self, path: TargetPath) -> Workflow[Found]:
        now = self._now()
        state = yield from self._current(now, (path,))
        _, found = yield from self._found(state, path, now)
        return found

    def _answered_alike(self, path: TargetPath, agreement: RolesAgree) -> Workflow[Agreed]:
        now = self._now()
        state = yield from self._current(now, (path,))
        return (yield from self._found_alike(state, path, agreement, now))

    def _resolved_alike(
        self, reference: ImageReference, agreement: RolesAgree
    ) -> Workflow[TagBinding]:
        tagged = reference.tagged()
        if tagged.tag is None:
            return by_digest(tagged)
        now = self._now()
        wanted = self.names.target_path(tagged)  # what is not ours needs no update to be refused
        state = yield from self._current(now, (wanted,))
        path = target_path(state.trusted, tagged, self.names)
        return bound(tagged, (yield from self._found_alike(state, path, agreement, now)))

    def _agreed(self, reference: ImageReference, digest: Digest) -> Workflow[TagBinding]:
        bindings = yield from self._resolved({reference: reference})
        return bindings[reference].agreeing_with(digest)

    def _resolved(
        self, asked: Mapping[Question, ImageReference]
    ) -> Workflow[dict[Question, TagBinding]]:
        now = self._now()
        # What is not ours needs no update to be refused.
        wanted = {
            reference: self.names.target_path(reference.tagged())
            for reference in asked.values()
            if reference.tag is not None or reference.digest is None
        }
        if not wanted:
            return {question: by_digest(reference) for question, reference in asked.items()}
        state = yield from self._current(now, tuple(wanted.values()))
        missing = [path for path in wanted.values() if path not in state.found]
        yield from foresee(state.trusted, missing, limits=self.limits, known=state.known)
        return (yield from self._bound(state, asked, now))

    def _bound(
        self, state: Answered, asked: Mapping[Question, ImageReference], now: datetime
    ) -> Workflow[dict[Question, TagBinding]]:
        """Return what the tags stand for that were *asked*, all under one update."""
        bindings: dict[Question, TagBinding] = {}
        for question, reference in asked.items():
            if reference.tag is None and reference.digest is not None:
                bindings[question] = by_digest(reference)
                continue
            tagged = reference.tagged()
            path = target_path(state.trusted, tagged, self.names)
            under, found = yield from self._found(state, path, now)
            if under is not state:  # a role had expired; what is newer may say otherwise of others
                return (yield from self._bound(under, asked, now))
            bindings[question] = bound(tagged, found)
            state.remember_binding(question, bindings[question], found)
        return bindings

    def _listed(self, image: ImageReference | None) -> Workflow[tuple[TagBinding, ...]]:
        now = self._now()
        state = yield from self._current(now, ())
        listed = yield from self._procedure.paths(
            state.trusted.as_of(now), limits=self.limits, known=state.known
        )
        references = sorted(_named(self.names, listed, image), key=str)
        bindings: list[TagBinding] = []
        for reference in references:
            with suppress(NotFoundError):  # a role lists it that nobody lets speak for it
                bindings.extend((yield from self._resolved({reference: reference})).values())
        return tuple(bindings)

    def _believed(self, found: tuple[Found, ...]) -> Workflow[None]:
        now = self._now()
        for one in found:
            if one.valid_until <= now:
                raise ExpiredError(one.via[-1], one.valid_until, now)
        yield from ()

    # -- what they rest on --------------------------------------------------------------

    def _now(self) -> datetime:
        now = self.clock()
        if now.tzinfo is None:
            raise ValueError("the clock must say which time zone it is in")
        return now.astimezone(UTC)

    def _current(self, now: datetime, wanted: tuple[TargetPath, ...]) -> Workflow[Answered]:
        """Return what is remembered if it will do at *now*, else what the repository says."""
        state = self._state
        if state is not None and state.holds(now, self.policy.max_age):
            return state
        return (yield from self._refreshed(now, wanted))

    def _refreshed(self, now: datetime, wanted: tuple[TargetPath, ...]) -> Workflow[Answered]:
        state = Answered((yield from self._trusted(now, wanted)))
        with self._one_at_a_time:  # else one could come in between, and be forgotten again
            latest = self._state
            # Another thread may be ahead, also one that began earlier and asked later.
            if latest is None or _order(latest.trusted) <= _order(state.trusted):
                self._state = state
        return state

    def _trusted(self, now: datetime, wanted: tuple[TargetPath, ...]) -> Workflow[Trusted]:
        if self.offline is not None:
            return (yield from self._from_store(now, self.offline.at_most, None))
        try:
            return (
                yield from self._procedure.refresh(
                    self.anchor, now=now, limits=self.limits, wanted=wanted
                )
            )
        except TransportError as error:
            if self.policy.fallback is None:
                raise
            try:
                return (yield from self._from_store(now, self.policy.fallback, error))
            except TrustError as why:
                error.add_note(f"The store cannot answer instead: {why}")
            raise

    def _from_store(
        self, now: datetime, at_most: timedelta | None, because: TransportError | None
    ) -> Workflow[Trusted]:
        trusted = yield from self._procedure.remembered(
            self.anchor, now=now, limits=self.limits, at_most=at_most
        )
        heard = trusted.source.heard
        yield Tell(AnsweredFromStore(heard=heard, now=now, because=because))
        return trusted

    def _found(
        self, state: Answered, path: TargetPath, now: datetime
    ) -> Workflow[tuple[Answered, Found]]:
        """Return what the repository says of *path*, and the update that it was found under."""
        found = state.found.get(path)
        if found is not None and now < found.valid_until:
            return state, found

        def search(trusted: Trusted, known: Known) -> Workflow[Found]:
            return self._procedure.find(trusted, path, limits=self.limits, known=known)

        state, found = yield from self._searched(state, path, now, search)
        state.remember(path, found)
        return state, found

    def _found_alike(
        self, state: Answered, path: TargetPath, agreement: RolesAgree, now: datetime
    ) -> Workflow[Agreed]:
        def search(trusted: Trusted, known: Known) -> Workflow[Agreed]:
            return self._procedure.find_agreed(
                trusted, path, agreement, limits=self.limits, known=known
            )

        _, found = yield from self._searched(state, path, now, search)
        return found

    def _searched(
        self,
        state: Answered,
        path: TargetPath,
        now: datetime,
        search: Callable[[Trusted, Known], Workflow[T]],
    ) -> Workflow[tuple[Answered, T]]:
        """Return what *search* finds, and the update that it was found under."""
        try:
            return state, (yield from search(state.trusted.as_of(now), state.known))
        except ExpiredError:
            if state.trusted.now >= now:
                raise
        # A delegated role expired since the update; there may be a fresh one.
        state = yield from self._refreshed(now, (path,))
        return state, (yield from search(state.trusted.as_of(now), state.known))


def _order(trusted: Trusted) -> tuple[Version, Version, datetime]:
    """Return what is greater for the later of two updates of one client."""
    root, timestamp, *_ = trusted.roles
    return root.role.version, timestamp.role.version, trusted.now


def _named(
    names: Naming, paths: Iterable[TargetPath], image: ImageReference | None
) -> Iterator[ImageReference]:
    """Return the references among *paths* that are those of *image*, or of any."""
    for path in paths:
        with suppress(ValueError):  # an artifact that is no image
            reference = names.reference(path)
            if image is None or reference.repository == image.repository:
                yield reference


def _reference(reference: Question) -> ImageReference:
    return ImageReference.parse(reference) if isinstance(reference, str) else reference
