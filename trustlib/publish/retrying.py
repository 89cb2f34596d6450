"""Several publishers, one repository: whoever loses edits what the winner published.

An edit is a function from a repository to a repository, so it can be applied
again to whatever is there by then. Write it so that it holds for any state it
may meet: ``with_tag`` and ``with_authority`` do, ``without_keys`` of a key that
is gone already does not.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

from attrs import field, frozen

from trustlib._clock import utcnow
from trustlib.anchors import Anchor
from trustlib.content import Naming
from trustlib.documents import Format
from trustlib.errors import ConflictError
from trustlib.keys import AsyncSigner, Signer
from trustlib.limits import Limits
from trustlib.ports import AsyncRepositoryStorage, RepositoryStorage, Storage
from trustlib.publish.drafting import known_to_be_enough
from trustlib.publish.expiry import ExpiryPolicy
from trustlib.publish.gathering import Gathered, gathered
from trustlib.publish.opening import Opened, Reading
from trustlib.publish.plan import SigningPlan
from trustlib.publish.publication import Receipt, remember
from trustlib.publish.repository import Repository
from trustlib.publish.storing import Job, adone, done
from trustlib.wire import TUF_JSON

Edit: TypeAlias = Callable[[Repository], Repository]
"""Takes what is there, and returns what should be; it is called again after a conflict."""
S = TypeVar("S", Signer, AsyncSigner)

_DICE: Final = random.SystemRandom()
_DOUBLINGS: Final = 6
_LONGEST: Final = 60.0  # seconds


@frozen(kw_only=True)
class _Publishing:
    anchor: Anchor
    expiry: ExpiryPolicy
    names: Naming | None = None
    limits: Limits = field(factory=Limits)
    format: Format = TUF_JSON
    memory: Storage | None = None
    attempts: int = 1_000
    clock: Callable[[], datetime] = utcnow

    def _plans(
        self, edit: Edit, renewing: Collection[str]
    ) -> tuple[Job[SigningPlan], Job[SigningPlan]]:
        """Return how to plan it from what it looks at, and how to from all there is."""

        def planned(opened: Opened) -> SigningPlan:
            before = Repository.found(opened, self.names, self.format)
            return SigningPlan.between(
                before, edit(before), now=self.clock(), expiry=self.expiry, renewing=renewing
            )

        def of_all() -> Job[SigningPlan]:
            return planned((yield from reading.opened()))

        reading = Reading(
            anchor=self.anchor,
            limits=self.limits,
            format=self.format,
            memory=self.memory,
            now=None,
        )
        return reading.read_for(planned), of_all()

    def _remembered(self, receipt: Receipt) -> Receipt:
        if self.memory is not None:
            remember(receipt.repository, anchor=self.anchor, memory=self.memory, limits=self.limits)
        return receipt

    def _attempts(self) -> Iterator[_Attempt]:
        return (_Attempt(number) for number in range(1, self.attempts + 1))


class _Attempt:
    """One attempt, which takes as long as the storage lets it.

    Attributes:
        number: counted from 1.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self._began = time.monotonic()

    def pause(self) -> float:
        """Return how many seconds to wait after it was in vain.

        By chance, or all who lost one race would meet in the next; up to a
        multiple of what the attempt took, which doubles: the more publishers
        there are, the more of them must wait while one publishes.
        """
        took = time.monotonic() - self._began
        return _DICE.uniform(0, min(took * 2 ** min(self.number, _DOUBLINGS), _LONGEST))


def _signers(given: Iterable[Signer]) -> tuple[Signer, ...]:
    # Not ``tuple`` itself: type checkers take its argument for the field's type.
    return tuple(given)


def _async_signers(given: Iterable[AsyncSigner]) -> tuple[AsyncSigner, ...]:
    return tuple(given)


@frozen(kw_only=True)
class Publisher(_Publishing):
    """Somebody who can sign all that an edit needs, on one machine, at once.

    Attributes:
        anchor: what is trusted to begin with.
        signers: who signs. One whom an edit does not need is not bothered.
        expiry: for how long.
        names: what images are called; as for :meth:`Repository.open`.
        limits: those of the clients.
        format: how files are written.
        memory: what this machine remembers; as for :meth:`Repository.open`, and
            what it publishes as well.
        attempts: how often an edit is tried before the conflict is an error.
        clock: says what time it is (UTC).
    """

    signers: Sequence[Signer] = field(converter=_signers, repr=False)

    def retrying(
        self, edit: Edit, storage: RepositoryStorage, *, renewing: Collection[str] = ()
    ) -> Receipt:
        """Publish *edit*, again and again until no other publisher overtakes it.

        Only those roles are read, and verified as a client would, that the edit
        looks at or that must be signed because of it; it is called again with
        each that it looked for. All others stay as the snapshot lists them, also
        where they have expired or cannot be had: name those in *renewing*.

        Nothing is lost: each time, it is applied to what the others published.
        If it changes nothing, nothing is signed, and nothing is written but what
        a publisher that was killed had left to do.

        Args:
            edit: what to do to whatever is published; called for each attempt, and
                for each role that has to be read for it.
            storage: where that is.
            renewing: roles to sign again though nothing changed in them.

        Raises:
            ConflictError: others were faster every time.
            ThresholdError: these signers are not enough.
            TrustError: as :meth:`Repository.open` and
                :meth:`SigningPlan.publication`.
        """
        conflict = ConflictError("timestamp.json")
        for attempt in self._attempts():
            part, whole = self._plans(edit, renewing)
            plan = self._signed(part, storage)
            if not known_to_be_enough(plan.before, plan.drafts):
                plan = self._signed(whole, storage)
            try:
                return self._remembered(plan.publication(self.limits).apply(storage))
            except ConflictError as error:
                conflict = error
            if attempt.number < self.attempts:
                time.sleep(attempt.pause())
        raise conflict

    def _signed(self, job: Job[SigningPlan], storage: RepositoryStorage) -> SigningPlan:
        plan = done(job, storage)
        return plan.signed_by(*needed(plan, self.signers))


@frozen(kw_only=True)
class AsyncPublisher(_Publishing):
    """:class:`Publisher`, to await, whose signers sign side by side."""

    signers: Sequence[AsyncSigner] = field(converter=_async_signers, repr=False)

    async def retrying(
        self, edit: Edit, storage: AsyncRepositoryStorage, *, renewing: Collection[str] = ()
    ) -> Receipt:
        """See :meth:`Publisher.retrying`.

        Raises:
            SigningError: one of the signers could not sign, and the others are
                not enough.
        """
        conflict = ConflictError("timestamp.json")
        for attempt in self._attempts():
            part, whole = self._plans(edit, renewing)
            asked = await self._signed(part, storage)
            if not known_to_be_enough(asked.plan.before, asked.plan.drafts):
                asked = await self._signed(whole, storage)
            if asked.failed and any(any(d.missing) for d in asked.plan.drafts.values()):
                raise next(iter(asked.failed.values()))
            try:
                receipt = await asked.plan.publication(self.limits).aapply(storage)
                return self._remembered(receipt)
            except ConflictError as error:
                conflict = error
            if attempt.number < self.attempts:
                from asyncio import sleep  # a program that does not await should not pay for it

                await sleep(attempt.pause())
        raise conflict

    async def _signed(self, job: Job[SigningPlan], storage: AsyncRepositoryStorage) -> Gathered:
        plan = await adone(job, storage)
        return await gathered(plan, *needed(plan, self.signers))


def needed(plan: SigningPlan, signers: Sequence[S]) -> list[S]:
    """Return those of *signers* whom *plan* has something for."""
    return [signer for signer in signers if plan.asks(signer.key)]
