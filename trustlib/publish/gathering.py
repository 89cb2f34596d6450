"""Signatures from several slow signers at once: a touch here, a network there.

Each signer is asked one thing after the other, because a device can show one
thing at a time; different signers do not wait for one another. What one of them
made is not lost when another fails: it may have cost somebody a journey.
"""

from __future__ import annotations

from collections.abc import Collection

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import KeyId
from trustlib.errors import SigningError
from trustlib.keys import AsyncSigner, Signature
from trustlib.publish.plan import SigningPlan
from trustlib.publish.request import SigningRequest


@frozen(kw_only=True)
class Gathered:
    """What came of asking.

    Attributes:
        plan: the plan with all signatures that were made.
        failed: why a key did not sign everything it was asked for, by its id.
    """

    plan: SigningPlan
    failed: FrozenMap[KeyId, SigningError] = field(factory=FrozenMap[KeyId, SigningError])


async def gathered(plan: SigningPlan, *signers: AsyncSigner) -> Gathered:
    """Return *plan* with what *signers* are asked for, all of them at once.

    The awaited twin of :meth:`SigningPlan.signed_by`. A signer that blocks is
    put into an :class:`~trustlib.signing.InThread`.

    Raises:
        SigningError: one of *signers* is asked for nothing; nobody signed then.
    """
    from asyncio import TaskGroup  # a program that does not await should not pay for it

    for signer in signers:
        plan.requested(signer.key)
    failed: dict[KeyId, SigningError] = {}
    before = None
    while plan is not before:  # what lists hashes is asked for once the rest is signed
        before = plan
        asked = [(signer, _open(plan, signer)) for signer in signers if signer.key.id not in failed]
        async with TaskGroup() as group:
            tasks = [(one, group.create_task(_answers(one, new))) for one, new in asked if new]
        for signer, task in tasks:
            answers, problem = task.result()
            for answer in answers:
                try:
                    plan = plan.with_answers([answer])
                except SigningError as error:
                    problem = error
            if problem is not None:
                failed[signer.key.id] = problem
    return Gathered(plan=plan, failed=FrozenMap(failed))


def _open(plan: SigningPlan, signer: AsyncSigner) -> list[SigningRequest]:
    return [r for r in plan.requested(signer.key) if not r.signed_with(signer.key)]


async def _answers(
    signer: AsyncSigner, requests: Collection[SigningRequest]
) -> tuple[list[tuple[SigningRequest, Signature]], SigningError | None]:
    made: list[tuple[SigningRequest, Signature]] = []
    for request in requests:
        try:
            signature = await signer.sign(request.payload)
            made.append((request, request.answered(signer.key, signature.value)))
        except SigningError as error:
            return made, error
    return made, None
