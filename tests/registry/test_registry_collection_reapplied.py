"""An edit that was overwritten is made again, by its publisher and nobody else's word."""

import asyncio

import pytest
from core.worlds import NOW, signer
from publish.desks import PEOPLE, anchor_of, authority, created, digest, opened, publish, tagged
from registry.honest import REPOSITORY, Honest, aclient, served, talking_to
from registry.trusting import registry_at

from trustlib import (
    BY_HAND,
    TIMESTAMP,
    MemoryStorage,
    MismatchError,
    NotFoundError,
    OverwrittenError,
    PathPatterns,
    RollbackError,
    Updater,
)
from trustlib.publish import AsyncPublisher, Publisher
from trustlib.registry import (
    TAG,
    AsyncRegistryStorage,
    RegistryStorage,
    RegistryTransport,
    areapplied,
    reapplied,
)
from trustlib.signing import InThread

TEAM = PathPatterns(("acme/team:*",))


def begun(registry):
    """A collection with a tag, and a team that may speak for its own."""
    storage = RegistryStorage(registry, REPOSITORY)
    before = created()
    after = tagged(before).with_delegation("team", keys=authority("team"), grant=TEAM)
    publish(storage, before, after, now=NOW)


class Lost:
    """Two publishers of one collection, the first of whom has been overwritten by the second.

    The registry put the tag back in between: to the second one, the first never was.
    """

    def __init__(self, ours, theirs, *, registry=None):
        self.registry = Honest()
        self.talking = talking_to(self.registry) if registry is None else registry
        begun(self.talking)
        self.ours = RegistryStorage(self.talking, REPOSITORY, receipts=MemoryStorage())
        self.theirs = RegistryStorage(self.talking, REPOSITORY)
        self.anchor = anchor_of(self.ours)
        before = self.tag()
        self.publisher().retrying(ours, self.ours)
        self.lost = self.tag()
        self.point_at(before)
        self.publisher().retrying(theirs, self.theirs)
        with pytest.raises(OverwrittenError) as caught:
            self.ours.list()
        self.error = caught.value

    def publisher(self, **more):
        return Publisher(
            anchor=self.anchor,
            signers=[signer(name) for name in PEOPLE],
            expiry=BY_HAND,
            clock=lambda: NOW,
            **more,
        )

    def tag(self):
        return self.talking.manifest(REPOSITORY, TAG)

    def point_at(self, manifest):
        self.talking.push_manifest(REPOSITORY, TAG, manifest.raw, manifest.media_type)

    def again(self, error=None, **more):
        return reapplied(error or self.error, publisher=self.publisher(**more), storage=self.ours)

    def said(self, reference):
        """What clients are told now."""
        updater = Updater(
            anchor=self.anchor,
            transport=RegistryTransport(self.talking, REPOSITORY),
            storage=MemoryStorage(),
            clock=lambda: NOW,
        )
        try:
            return str(updater.resolve(reference).digest)
        except NotFoundError:
            return None

    def refuses(self, match):
        """See that nothing is made again, and that nothing was changed or conceded."""
        before = self.tag()
        with pytest.raises(OverwrittenError) as caught:
            self.again()
        assert before == self.tag()
        with pytest.raises(OverwrittenError):
            self.ours.list()
        [note] = caught.value.__notes__
        assert match in note
        return note


def one_more(state):
    return tagged(state, "1.5", "b")


def another(state):
    return tagged(state, "1.6", "c")


def test_an_edit_that_was_lost_is_made_again_beside_what_others_did():
    def ours(state):
        moved = tagged(one_more(state), "1.4", "e")
        return moved.with_tag("acme/team:1", digest=digest("d"), size=1, role="team")

    lost = Lost(ours, another)
    assert (digest("a"), None) == (lost.said("acme/app:1.4"), lost.said("acme/app:1.5"))

    made = lost.again()

    assert [digest(letter) for letter in "ebcd"] == [
        lost.said(name) for name in ("acme/app:1.4", "acme/app:1.5", "acme/app:1.6", "acme/team:1")
    ]
    assert ["acme/app:1.4", "acme/app:1.5", "acme/team:1"] == sorted(
        change.reference.familiar for change in made.changes
    )
    assert lost.ours.list()


def test_a_tag_that_was_taken_back_is_taken_back_again():
    lost = Lost(lambda state: state.without_tag("acme/app:1.4"), another)

    lost.again()

    assert (None, digest("c")) == (lost.said("acme/app:1.4"), lost.said("acme/app:1.6"))


def test_what_is_there_already_is_left_as_it_is():
    """So it can be said twice."""
    lost = Lost(one_more, lambda state: another(one_more(state)))

    assert () == lost.again().receipt.written
    assert () == lost.again().receipt.written


def test_a_renewal_that_was_lost_needs_nothing():
    lost = Lost(one_more, another)
    lost.again()
    before = lost.tag()
    late = lost.publisher().retrying(lambda state: state, lost.ours, renewing=[TIMESTAMP])
    assert late.written
    lost.point_at(before)
    lost.publisher().retrying(lambda state: tagged(state, "1.7"), lost.theirs)
    with pytest.raises(OverwrittenError) as caught:
        lost.ours.list()

    made = lost.again(caught.value)

    assert ((), ()) == (made.changes, made.receipt.written)


@pytest.mark.parametrize(
    ("theirs", "there"),
    [
        (lambda state: tagged(state, "1.4", "f"), f"moves from sha256:{64 * 'a'} to"),
        (lambda state: state.without_tag("acme/app:1.4"), "is gone"),
    ],
)
def test_where_others_decided_otherwise_people_decide(theirs, there):
    lost = Lost(lambda state: one_more(tagged(state, "1.4", "e")), theirs)

    note = lost.refuses("others have changed the same")

    assert there in note.partition("theirs:")[2]
    assert "acme/app:1.5" not in note, "that could have been made again"


def test_a_role_that_may_not_say_it_any_more_does_not():
    lost = Lost(
        lambda state: state.with_tag("acme/team:1", digest=digest("d"), size=1, role="team"),
        lambda state: state.without_delegation("team"),
    )

    assert "acme/team:1" in lost.refuses("others have changed the same")


def test_keys_are_not_given_again():
    lost = Lost(lambda state: state.with_authority(TIMESTAMP, authority("online2")), another)

    assert "timestamp may" in lost.refuses("more was changed than tags")


def test_the_creation_of_a_collection_is_not_made_again():
    lost = Lost(one_more, another)
    registry = Honest()
    storage = RegistryStorage(talking_to(registry), REPOSITORY, receipts=MemoryStorage())
    for first in (storage, RegistryStorage(talking_to(registry), REPOSITORY)):
        before = created()
        publish(first, before, tagged(before), now=NOW)
        registry.tags[REPOSITORY].clear()
    with pytest.raises(OverwrittenError) as caught:
        storage.list()
    with pytest.raises(OverwrittenError) as refused:
        reapplied(caught.value, publisher=lost.publisher(), storage=storage)
    assert "it was the first one" in refused.value.__notes__[0]


def test_where_nothing_is_nothing_is_made():
    lost = Lost(one_more, another)
    lost.registry.tags[REPOSITORY].clear()
    with pytest.raises(OverwrittenError) as caught:
        lost.again()
    assert "there is nothing to make it on" in caught.value.__notes__[0]


def test_what_was_put_back_is_not_made_the_newest():
    """Whoever owns the registry shows what was before the edit before ours."""
    lost = Lost(one_more, another)
    old = lost.tag()
    lost.again()
    lost.publisher().retrying(lambda state: tagged(state, "1.8"), lost.ours)
    lost.point_at(old)
    with pytest.raises(OverwrittenError) as caught:
        lost.ours.list()

    with pytest.raises(RollbackError):
        lost.again(caught.value)
    assert old == lost.tag()
    with pytest.raises(OverwrittenError):
        lost.ours.list()


@pytest.mark.parametrize("gone", ["ours", "base"])
def test_what_the_registry_does_not_keep_cannot_be_made_again(gone):
    lost = Lost(one_more, another)
    history = lost.lost.annotations["vnd.trustlib.collection.history"]
    digests = {"ours": lost.error.ours, "base": history.split()[0].partition("@")[0]}
    del lost.registry.manifests[REPOSITORY][digests[gone]]
    before = lost.tag()

    with pytest.raises(NotFoundError, match="by hand"):
        lost.again()
    assert before == lost.tag()


def test_nobody_has_us_sign_what_we_did_not_sign():
    """Neither what is under the tag that the error names, nor what has our digest and is not it."""
    lost = Lost(one_more, another)
    lost.talking.push_manifest(REPOSITORY, lost.error.kept, lost.tag().raw, lost.tag().media_type)
    lost.again()
    assert digest("b") == lost.said("acme/app:1.5")

    evil = Lost(lambda state: tagged(state, "1.5", "f"), another).lost
    lost = Lost(one_more, another)
    lost.registry.manifests[REPOSITORY][lost.error.ours] = (evil.media_type, evil.raw)
    with pytest.raises(MismatchError, match="digest"):
        lost.again()
    assert lost.said("acme/app:1.5") is None


def test_who_remembers_what_was_lost_goes_on():
    """A client's memory would refuse a role whose version went back; the publisher's does not."""
    memory = MemoryStorage()

    def ours(state):
        return state.with_tag("acme/team:1", digest=digest("d"), size=1, role="team")

    lost = Lost(ours, another)
    there = lost.tag()
    lost.point_at(lost.lost)
    opened(lost.ours, lost.anchor, memory=memory)
    lost.point_at(there)

    lost.again(memory=memory)

    assert digest("d") == lost.said("acme/team:1")
    lost.publisher(memory=memory).retrying(lambda state: tagged(state, "1.9"), lost.ours)


def test_what_is_made_again_is_remembered():
    lost, memory = Lost(one_more, another), MemoryStorage()
    there = lost.tag()

    lost.again(memory=memory)

    lost.point_at(there)
    with pytest.raises(RollbackError):
        opened(lost.theirs, lost.anchor, memory=memory)


def test_it_is_awaited_as_well():
    lost = Lost(one_more, another)

    async def again(domain):
        with aclient(domain) as talking:
            storage = AsyncRegistryStorage(talking, REPOSITORY, receipts=MemoryStorage())
            publisher = AsyncPublisher(
                anchor=lost.anchor,
                signers=[InThread(signer(name)) for name in PEOPLE],
                expiry=BY_HAND,
                clock=lambda: NOW,
            )
            return await areapplied(lost.error, publisher=publisher, storage=storage)

    with served(lost.registry) as domain:
        made = asyncio.run(again(domain))

    assert ["acme/app:1.5"] == [change.reference.familiar for change in made.changes]
    assert digest("b") == lost.said("acme/app:1.5")


@pytest.mark.servers
def test_a_real_registry_keeps_what_is_needed_for_it(plain):
    lost = Lost(one_more, another, registry=registry_at(plain))

    lost.again()

    assert [digest("b"), digest("c")] == [lost.said(f"acme/app:{tag}") for tag in ("1.5", "1.6")]
