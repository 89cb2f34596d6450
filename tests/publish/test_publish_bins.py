"""One role's targets spread over many small ones, and what stays the same meanwhile."""

import pytest
from core.worlds import NOW, SECOND, signer
from publish.desks import (
    authority,
    client,
    key,
    opened,
    planned,
    publish,
    seen,
    signed,
    tagged,
)

from trustlib import (
    TARGETS,
    FrozenMap,
    MemoryStorage,
    NotFoundError,
    PathPatterns,
    SigningError,
    SuccinctRoles,
    Target,
)

BIN = authority("team")


def many(repository, count=40):
    listed = {f"acme/lib-{n}:1": Target.of(b"%d" % n) for n in range(count)}
    return repository.with_targets(listed)


def every(repository):
    """All targets, by whoever lists them."""
    return {
        path: target
        for role in repository.targets.values()
        for path, target in role.targets.items()
    }


@pytest.fixture
def full(storage, published):
    return publish(storage, published, many(published), now=NOW).repository


@pytest.fixture
def spread(storage, full):
    return publish(storage, full, full.with_bins(keys=BIN, bits=3), now=NOW).repository


def test_every_target_is_in_the_bin_of_its_hash(full):
    after = full.with_bins(keys=BIN, bits=3)

    bins = after.targets[TARGETS].delegations.roles
    assert isinstance(bins, SuccinctRoles)
    assert [f"bin-{n}" for n in range(8)] == list(bins.names())
    assert {} == dict(after.targets[TARGETS].targets)
    for name in bins.names():
        assert all(bins.bin_for(path) == name for path in after.targets[name].targets)
    assert every(full) == every(after)


def test_a_client_finds_what_it_found_before(storage, spread, full):
    asking = client(storage)

    for path, target in every(full).items():
        found = asking.find(path)
        assert target == found.target
        assert ("targets", spread.targets[TARGETS].delegations.roles.bin_for(path)) == found.via


def test_an_edit_goes_to_the_bin_and_signs_nothing_else(storage, spread):
    after = tagged(spread, "1.5", "b")
    (changed,) = [name for name in after.targets if after.targets[name] != spread.targets[name]]

    plan = planned(spread, after, now=NOW)

    assert {changed, "snapshot", "timestamp"} == set(plan.drafts)
    signed(plan, "team", "online").publication().apply(storage)
    assert {"1.4": "a", "1.5": "b"} == seen(storage)


def test_what_is_in_a_bin_is_taken_out_of_it(storage, spread):
    after = spread.without_tag("acme/app:1.4")

    assert "acme/app:1.4" not in every(after)
    with pytest.raises(NotFoundError, match=r"bin-. does not list it"):
        after.without_tag("acme/app:1.4")
    publish(storage, spread, after, now=NOW)
    assert {} == seen(storage)


@pytest.mark.parametrize("bits", [1, 2, 4, 5])
def test_another_number_of_bins_takes_over_in_one_step(storage, spread, full, bits):
    """Clients that have the old snapshot find all in the old bins, those with the new in the new."""
    memory = MemoryStorage()
    seen(storage, memory)
    after = spread.with_bins(keys=BIN, bits=bits, prefix=f"bin{bits}")
    publication = signed(planned(spread, after, now=NOW + SECOND)).publication()

    for write in publication.writes[:-1]:
        storage.write(write.path, write.data, replacing=None)
        assert {"1.4": "a"} == seen(storage, memory) == seen(storage)
    publication.apply(storage)

    assert {"1.4": "a"} == seen(storage, memory) == seen(storage)
    assert every(full) == every(opened(storage))
    assert not any(name.startswith("bin-") for name in opened(storage).targets)
    assert "bin-0" in opened(storage).snapshot.meta, "clients remember that it was there (§5.5.5)"


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_the_same_names_can_be_used_again(storage, spread, full, bits):
    after = spread.with_bins(keys=BIN, bits=bits)

    receipt = publish(storage, spread, after, now=NOW)

    assert every(full) == every(receipt.repository)
    assert {"1.4": "a"} == seen(storage)
    back = publish(storage, receipt.repository, receipt.repository.without_bins(), now=NOW)
    assert {TARGETS} == set(back.repository.targets)
    assert {"1.4": "a"} == seen(storage)


def test_bins_may_belong_to_a_delegated_role(storage, published):
    after = published.with_delegation(
        "libs", keys=authority("bob"), grant=PathPatterns(("acme/*",))
    )
    after = after.with_bins(keys=BIN, bits=2, by="libs")
    after = tagged(after, "2", "c", role="libs")

    publish(storage, published, after, now=NOW)

    assert {"1.4": "a", "2": "c"} == seen(storage)


def test_new_keys_for_all_bins_are_one_edit(storage, spread):
    after = spread.with_keys("bin-0", key("team2")).without_keys("bin-7", key("team"))

    receipt = publish(storage, spread, after, now=NOW)

    assert (authority("team2"),) == receipt.repository.authorities("bin-3")
    assert {"1.4": "a"} == seen(storage)


def test_a_role_with_bins_delegates_to_nobody_else(spread, published):
    with pytest.raises(ValueError, match="delegates to bins"):
        spread.with_delegation("team", keys=BIN, grant=PathPatterns(("acme/*",)))
    team = published.with_delegation("team", keys=BIN, grant=PathPatterns(("acme/*",)))
    with pytest.raises(ValueError, match="targets delegates to other roles"):
        team.with_bins(keys=BIN, bits=1)


@pytest.mark.parametrize("bits", [-1, 0, 17, 32])
def test_too_many_bins_or_none_are_refused(full, bits):
    with pytest.raises(ValueError, match="bits: expected from 1 to 16"):
        full.with_bins(keys=BIN, bits=bits)


@pytest.mark.parametrize("prefix", ["a//b", "../x", "x\n"])
def test_bins_have_names_that_roles_can_have(full, prefix):
    with pytest.raises(ValueError, match="role"):
        full.with_bins(keys=BIN, bits=1, prefix=prefix)


def test_a_name_that_is_taken_is_refused(published):
    team = published.with_delegation("libs", keys=BIN, grant=PathPatterns(("acme/*",)))
    team = team.with_delegation("bin-1", keys=BIN, grant=PathPatterns(("acme/*",)))

    with pytest.raises(ValueError, match="there is a role 'bin-1' already"):
        team.with_bins(keys=BIN, bits=1, by="libs")


def test_bins_that_nobody_could_sign_for_are_refused(full):
    with pytest.raises(SigningError):
        full.with_bins(keys=authority("team", threshold=2), bits=1)


def test_who_has_no_bins_cannot_lose_them(full):
    with pytest.raises(ValueError, match="targets has no bins"):
        full.without_bins()
    with pytest.raises(NotFoundError):
        full.without_bins(by="nobody")


def test_many_targets_are_edited_in_one_step(published):
    one_by_one = published
    for path, target in every(many(published, 5)).items():
        one_by_one = one_by_one.with_target(path, target)

    assert many(published, 5) == one_by_one
    weak = Target(length=1, hashes=FrozenMap({"md5": "0" * 32}))
    with pytest.raises(ValueError, match="expected a hash"):
        published.with_targets({"acme/x:1": weak})


def test_a_signature_is_looked_at_for_its_own_bin_only(full):
    """With thousands of bins, trying each signature on each of them would never end."""
    plan = planned(full, full.with_bins(keys=BIN, bits=4), now=NOW)
    tried = []

    class Watched:
        key = key("team")

        def sign(self, payload):
            tried.append(payload)
            return signer("team").sign(payload)

    (answered,) = {
        len(draft.signatures) for draft in [*plan.signed_by(Watched()).drafts.values()][2:-2]
    }

    assert (1, 16) == (answered, len(tried))
    others = [request for request in plan.requested(key("team")) if request.payload != tried[0]]
    with pytest.raises(SigningError, match="fits nothing"):
        plan.with_answers([(others[0], signer("team").sign(tried[0]))])
    with pytest.raises(SigningError, match="fits nothing"):
        planned(full, tagged(full, "9"), now=NOW).with_answers(
            [(others[0], signer("team").sign(others[0].payload))]
        )
