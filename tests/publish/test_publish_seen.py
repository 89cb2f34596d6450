"""What is read with a client's eyes once more, and what was accepted and did not change."""

import copy
import pickle

import attrs
import pytest
from core.worlds import DAY, NOW, SECOND, signer
from publish.desks import authority, opened, planned, publish, signed, tagged

from trustlib import (
    BY_HAND,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    ExpiredError,
    FrozenMap,
    Limits,
    MalformedError,
    MetaFile,
    MismatchError,
    NotFoundError,
    PathPatterns,
    ThresholdError,
    TooLongError,
    WrongCollectionError,
)
from trustlib.publish.publication import checked
from trustlib.publish.reach import Answering
from trustlib.wire import TUF_JSON

ALL = PathPatterns(("acme/*",))


def teams(repository, *names):
    for name in names:
        repository = repository.with_delegation(name, keys=authority("team"), grant=ALL)
    return repository


@pytest.fixture
def before(storage, published):
    """A repository of two teams, read back from the storage."""
    after = teams(published, "one", "two").with_delegation(
        "below", keys=authority("team"), grant=ALL, by="one"
    )
    publish(storage, published, after, now=NOW)
    return opened(storage)


@pytest.fixture(params=["opened", "published"])
def kept(request, storage, before):
    """The same, as it was opened, or as it was published by whoever goes on."""
    if request.param == "opened":
        return before
    return publish(storage, before, tagged(before, "1.5"), now=NOW).repository


def written(role, *names):
    """The file of a role that somebody made by hand."""
    payload = TUF_JSON.payload(role)
    return TUF_JSON.render(role, tuple(signer(name).sign(payload) for name in names))


def made(before, listing=None, **edited):
    """Files of *edited* roles in their next version, signed, with nobody asked for a plan."""
    by = {"targets": "alice"}
    new = {n: attrs.evolve(r, version=r.version + 1) for n, r in edited.items()}
    entries = {n: MetaFile(version=r.version) for n, r in new.items()}
    snapshot = attrs.evolve(
        before.snapshot,
        version=before.snapshot.version + 1,
        meta=before.snapshot.meta.including({**entries, **(listing or {})}),
    )
    listed = MetaFile(version=snapshot.version)
    timestamp = attrs.evolve(
        before.timestamp, version=before.timestamp.version + 1, snapshot=listed
    )
    outcome = attrs.evolve(
        before,
        targets=before.targets.including(new),
        snapshot=snapshot,
        timestamp=timestamp,
    )
    files = {n: written(r, by.get(n, "team")) for n, r in new.items()}
    files |= {SNAPSHOT: written(snapshot, "online"), TIMESTAMP: written(timestamp, "online")}
    return outcome, files


def published_by_hand(before, *, limits=None, now=NOW, **edited):
    outcome, files = made(before, **edited)
    return checked(before, outcome, files, now=now, limits=limits or Limits())


def granting(targets, role, who):
    """The targets role with another key for one of those to whom it delegates."""
    keys = authority(who).keys
    grants = tuple(
        attrs.evolve(grant, keyids=tuple(keys)) if grant.name == role else grant
        for grant in targets.delegations.roles
    )
    both = targets.delegations.keys.including(keys)
    delegations = attrs.evolve(targets.delegations, roles=grants, keys=both)
    return attrs.evolve(targets, delegations=delegations)


def test_what_is_made_by_hand_and_right_is_published(kept):
    assert published_by_hand(kept, two=kept.targets["two"])
    assert published_by_hand(kept, targets=kept.targets[TARGETS])


def test_a_role_that_nobody_signed_for_its_new_keys_is_refused(kept):
    """It is the file that was accepted; but now others must have signed it."""
    with pytest.raises(ThresholdError) as error:
        published_by_hand(kept, targets=granting(kept.targets[TARGETS], "two", "carol"))

    assert "two" == error.value.role


def test_so_is_one_below_a_delegated_role(kept):
    with pytest.raises(ThresholdError) as error:
        published_by_hand(kept, one=granting(kept.targets["one"], "below", "carol"))

    assert "below" == error.value.role


def test_a_higher_threshold_is_another_word_as_well(kept):
    targets = granting(kept.targets[TARGETS], "two", "team")
    grants = tuple(
        attrs.evolve(grant, keyids=tuple(authority("team", "carol").keys), threshold=2)
        for grant in targets.delegations.roles
    )
    keys = targets.delegations.keys.including(authority("carol").keys)
    delegations = attrs.evolve(targets.delegations, roles=grants, keys=keys)

    with pytest.raises(ThresholdError):
        published_by_hand(kept, targets=attrs.evolve(targets, delegations=delegations))


def test_a_changed_role_is_heard_on_the_word_of_who_did_not_change(storage, kept):
    """Both delegate to it, and only one of them was edited."""
    targets = kept.targets[TARGETS]
    grants = (*targets.delegations.roles, *kept.targets["one"].delegations.roles)
    delegations = attrs.evolve(targets.delegations, roles=grants)
    diamond = attrs.evolve(
        kept,
        targets=kept.targets.including({TARGETS: attrs.evolve(targets, delegations=delegations)}),
    )
    publish(storage, kept, diamond, now=NOW)
    diamond = opened(storage)
    outcome, files = made(
        diamond,
        targets=granting(diamond.targets[TARGETS], "below", "carol"),
        below=diamond.targets["below"],
    )
    files["below"] = written(outcome.targets["below"], "carol")

    with pytest.raises(ThresholdError) as error:
        checked(diamond, outcome, files, now=NOW, limits=Limits())

    assert "below" == error.value.role
    files["below"] = written(outcome.targets["below"], "carol", "team")
    assert checked(diamond, outcome, files, now=NOW, limits=Limits())


def test_one_bin_of_many_is_heard(storage, published):
    """Two bits: fewer bins changed than there are, and then as many."""
    keys = authority("team")
    publish(storage, published, published.with_bins(keys=keys, bits=2), now=NOW)
    before = opened(storage)
    bins = {name: role for name, role in before.targets.items() if name != TARGETS}
    for edited in ({"bin-2": bins["bin-2"]}, bins):
        outcome, files = made(before, **edited)
        assert checked(before, outcome, files, now=NOW, limits=Limits())
        files["bin-2"] = written(outcome.targets["bin-2"], "carol")

        with pytest.raises(ThresholdError) as error:
            checked(before, outcome, files, now=NOW, limits=Limits())
        assert "bin-2" == error.value.role


def test_a_role_answers_to_all_who_delegate_to_it(before):
    """Bins, patterns and a role of two delegators; the authorities in the same order."""
    roles = before.with_bins(keys=authority("carol"), bits=2, by="two").targets
    top, one = roles[TARGETS], roles["one"]
    grants = (*top.delegations.roles, *one.delegations.roles)
    top = attrs.evolve(top, delegations=attrs.evolve(top.delegations, roles=grants))
    roles = roles.including({TARGETS: top})
    whole = {TARGETS: [before.root.authority(TARGETS)]}
    for by in roles.values():
        for name, said in by.granted():
            whole.setdefault(name, []).append(said)
    single = Answering.to(before.root, roles)

    assert whole == {name: list(single.asked(name)) for name in whole}
    assert 2 == len(whole["below"])
    assert [()] * 3 == [single.asked(name) for name in ("bin-4", "bin-", "nobody")]


def test_a_file_that_is_listed_otherwise_is_looked_at(kept):
    """Nobody edited it, and clients would look for another version of it."""
    listing = {"two": MetaFile(version=9)}

    outcome, files = made(kept, listing)
    with pytest.raises(NotFoundError, match=r"9\.two\.json"):
        checked(kept, outcome, files, now=NOW, limits=Limits())


def test_a_hash_that_does_not_fit_is_looked_at(kept):
    version = kept.targets["two"].version
    listing = {"two": MetaFile(version=version, hashes=FrozenMap({"sha256": "0" * 64}))}

    outcome, files = made(kept, listing)
    with pytest.raises(MismatchError) as error:
        checked(kept, outcome, files, now=NOW, limits=Limits())

    assert "two" == error.value.role


def test_a_role_that_is_not_there_any_more_is_missed(kept):
    outcome, files = made(kept)
    outcome = attrs.evolve(outcome, targets=outcome.targets.excluding("two"))

    with pytest.raises(NotFoundError):
        checked(kept, outcome, files, now=NOW, limits=Limits())


def test_what_was_accepted_expires_all_the_same(storage, published):
    """The plan waited for its signatures for so long."""
    short = attrs.evolve(BY_HAND, targets=DAY)
    publish(storage, published, teams(published, "one"), now=NOW, expiry=short)
    before = opened(storage)
    plan = signed(planned(before, tagged(before, "1.5"), now=NOW))

    assert plan.publication(now=NOW + DAY - SECOND)
    with pytest.raises(ExpiredError) as error:
        plan.publication(now=NOW + DAY)
    assert "one" == error.value.role


def test_what_was_accepted_may_be_too_long_for_other_clients(storage, published):
    after = teams(published, "one")
    for number in range(20):
        after = tagged(after, f"{number}", role="one")
    publish(storage, published, after, now=NOW)
    before = opened(storage)
    plan = signed(planned(before, tagged(before, "1.5"), now=NOW))

    assert plan.publication()
    with pytest.raises(TooLongError, match="one"):
        plan.publication(Limits(targets=2_000))


def test_a_collection_with_another_name_is_another_one(storage, kept):
    """Every role belongs to the collection that root names, and none of these does."""
    root = attrs.evolve(kept.root, version=2, collection="docker.io/other")
    outcome, files = made(kept, targets=kept.targets[TARGETS])
    others = {
        name: attrs.evolve(role, collection="docker.io/other")
        for name, role in (
            (TARGETS, outcome.targets[TARGETS]),
            (SNAPSHOT, outcome.snapshot),
            (TIMESTAMP, outcome.timestamp),
        )
    }
    outcome = attrs.evolve(outcome, root=root)
    by = {TARGETS: "alice"}
    files |= {name: written(role, by.get(name, "online")) for name, role in others.items()}
    files["root"] = written(root, "root")
    older = attrs.evolve(kept.root, collection=None)
    unnamed = attrs.evolve(
        kept.published,
        files=kept.published.files.including({"root": written(older, "root")}),
        seen=attrs.evolve(kept.published.seen, collection=None),
    )
    kept = attrs.evolve(kept, root=older, published=unnamed)

    with pytest.raises(WrongCollectionError):
        checked(kept, outcome, files, now=NOW, limits=Limits())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_proofs_stay_where_they_were_made(storage, kept, copied):
    """A copy is worth as much, and is looked at anew."""
    twin = copied(kept)

    assert twin == kept
    assert 0 == len(twin.published.seen.proofs)
    assert len(kept.targets) == len(kept.published.seen.proofs)
    with pytest.raises(ThresholdError):
        published_by_hand(twin, targets=granting(twin.targets[TARGETS], "two", "carol"))
    publish(storage, twin, tagged(twin, "1.6"), now=NOW)


def test_files_that_somebody_put_in_place_of_those_that_were_seen_are_read(kept):
    """Else they would be listed, and no client had looked at them."""
    outcome, files = made(kept)
    forged = kept.published.files.including({"two": b"{}"})
    kept = attrs.evolve(kept, published=attrs.evolve(kept.published, files=forged))

    with pytest.raises(MalformedError):
        checked(kept, outcome, files, now=NOW, limits=Limits())
