"""Signers that take their time are asked all at once, and what one made survives another's failure."""

import asyncio
import threading

import attrs
import pytest
from core.worlds import NOW, signer
from interop.kinds import our_signer
from publish.desks import authority, created, planned, tagged

from trustlib import Authority, FrozenMap, MemoryStorage, SigningError, ThresholdError
from trustlib.publish import Gathered, gathered
from trustlib.signing import InThread


def plan_of(**roles):
    before = created(**roles)
    return planned(before, tagged(before), now=NOW)


def run(plan, *signers):
    return asyncio.run(gathered(plan, *signers))


class Slow:
    """A signer that waits until all of its company are waiting."""

    def __init__(self, name, company):
        self.key, self.name, self.company = signer(name).key, name, company
        self.signed = []

    async def sign(self, payload):
        if not self.signed:
            await asyncio.wait_for(self.company.wait(), 30)
        self.signed.append(payload)
        return signer(self.name).sign(payload)


class Failing(Slow):
    """Signs one payload and then loses its connection."""

    async def sign(self, payload):
        if self.signed:
            raise SigningError("token", "was pulled out")
        self.signed.append(payload)
        return signer(self.name).sign(payload)


class Liar(Slow):
    async def sign(self, payload):
        return signer("somebody").sign(payload)


def test_what_is_gathered_is_what_signing_one_after_the_other_gives():
    plan = plan_of()
    names = ("root", "alice", "online")
    one = run(plan, *(InThread(signer(name)) for name in names))

    assert Gathered(plan=plan.signed_by(*map(signer, names)), failed=FrozenMap()) == one
    one.plan.publication().apply(MemoryStorage())


def test_signers_do_not_wait_for_one_another():
    """Each waits until all are waiting: one after the other, that would never end."""

    async def all_at_once():
        company = asyncio.Barrier(3)
        signers = [Slow(name, company) for name in ("root", "alice", "online")]
        return await gathered(plan_of(), *signers), signers

    result, signers = asyncio.run(all_at_once())

    assert FrozenMap() == result.failed
    assert [1, 1, 2] == [len(one.signed) for one in signers]
    result.plan.publication()


def test_signers_that_block_get_threads():
    barrier = threading.Barrier(2)

    class Blocking:
        def __init__(self, name):
            self.key, self.name = signer(name).key, name

        def sign(self, payload):
            barrier.wait(30)
            return signer(self.name).sign(payload)

    plan = plan_of(root=authority("root", "root2", threshold=2))
    result = run(plan, InThread(Blocking("root")), InThread(Blocking("root2")))

    assert () == tuple(r for r in result.plan.requests if r.role == "root")


def test_what_was_signed_before_a_failure_is_kept():
    company = None
    result = run(plan_of(), Failing("online", company), InThread(signer("alice")))
    [(keyid, error)] = result.failed.items()

    assert signer("online").key.id == keyid
    assert "was pulled out" in str(error)
    assert 1 == len(result.plan.drafts["snapshot"].signatures)
    assert 0 == len(result.plan.drafts["timestamp"].signatures)
    assert 1 == len(result.plan.drafts["targets"].signatures)
    with pytest.raises(ThresholdError):
        result.plan.publication()


def test_a_signature_of_another_key_is_a_failure_of_its_signer():
    result = run(plan_of(), Liar("root", None), InThread(signer("alice")))

    assert [signer("root").key.id] == list(result.failed)
    assert "fits nothing in this plan" in str(result.failed[signer("root").key.id])
    assert 1 == len(result.plan.drafts["targets"].signatures)


def test_nobody_signs_if_somebody_was_not_asked():
    alice = Slow("alice", None)
    with pytest.raises(SigningError, match="nobody asked it to sign anything"):
        run(plan_of(), alice, InThread(signer("carol")))

    assert [] == alice.signed


def test_an_error_of_the_program_is_not_taken_for_one_of_the_signer():
    class Broken(Slow):
        async def sign(self, payload):
            raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        run(plan_of(), Broken("root", None))

    assert isinstance(caught.value.exceptions[0], ZeroDivisionError)


def test_what_a_key_is_asked_for_can_be_looked_at_first():
    plan = plan_of()

    assert ["snapshot", "timestamp"] == [r.role for r in plan.requested(signer("online").key)]
    with pytest.raises(SigningError, match="nobody asked"):
        plan.requested(signer("carol").key)


def test_a_key_that_is_listed_for_another_scheme_is_told_before_it_signs():
    """An agent signs with PKCS #1 v1.5, and the root lists the key for PSS."""
    pss = our_signer("rsassa-pss-sha256")
    other = attrs.evolve(pss.key, scheme="rsa-pkcs1v15-sha256")

    class Never:
        key = other

        def sign(self, payload):
            raise AssertionError("it was asked")

    plan = plan_of(targets=Authority.of(pss.key))
    with pytest.raises(
        SigningError, match="signs with rsa-pkcs1v15-sha256, and is listed for rsassa-pss-sha256"
    ):
        plan.signed_by(Never())
