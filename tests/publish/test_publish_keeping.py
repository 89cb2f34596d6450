"""A plan survives the days between the first signature and the last, and no state but its own."""

import json

import attrs
import pytest
from core.worlds import DAY, NOW, signer
from publish.desks import (
    authority,
    created,
    key,
    opened,
    planned,
    publish,
    signed,
    tagged,
)
from publish.mutations import mutations

from trustlib import (
    ROOT,
    TARGETS,
    TIMESTAMP,
    ConflictError,
    MalformedError,
    PathPatterns,
    SigningPlan,
    StorageError,
    TrustError,
    WrongCollectionError,
)
from trustlib.publish import HASHES

TEAM = "acme/releases"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "release.plan"


def with_team(repository):
    return repository.with_delegation(TEAM, keys=authority("team"), grant=PathPatterns(("acme/*",)))


def same(plan, other):
    """Whether two plans ask for the same bytes, have the same signatures, and lead to the same."""
    return (plan.drafts, plan.outcome, plan.now) == (other.drafts, other.outcome, other.now)


EDITS = {
    "nothing": lambda before: before,
    "a tag": lambda before: tagged(before, "1.5"),
    "a team": with_team,
    "a team's tag": lambda before: tagged(with_team(before), "1.5", role=TEAM),
    "a new root": lambda before: before.with_keys(ROOT, key("root2")).without_keys(
        ROOT, key("root")
    ),
    "a new key": lambda before: before.with_keys(TARGETS, key("bob")).without_keys(
        TARGETS, key("alice")
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_plan_comes_out_of_its_file_as_it_went_in(storage, published, file, edit):
    plan = signed(planned(published, EDITS[edit](published), now=NOW), "online", "root")

    plan.write(file)
    read = SigningPlan.read(str(file), before=opened(storage))

    assert same(plan, read)
    assert str(plan) == str(read)
    whole = signed(read)
    assert signed(plan).publication() == whole.publication()


def test_a_plan_without_a_role_comes_back_without_it(storage, published, file):
    teamed = publish(storage, published, with_team(published), now=NOW).repository
    plan = planned(teamed, teamed.without_delegation(TEAM), now=NOW)

    plan.write(file)

    assert same(plan, SigningPlan.read(file, before=opened(storage)))
    assert TEAM not in SigningPlan.read(file, before=opened(storage)).outcome.targets


def test_a_first_publication_can_be_kept_as_well(storage, file):
    before = created(targets=authority("alice", "bob", threshold=2))
    signed(planned(before, tagged(before), now=NOW), "root", "online", "alice").write(file)

    plan = SigningPlan.read(file, before=before)
    plan = plan.with_signature(plan.requests[0].sign(signer("bob")))
    plan.publication().apply(storage)

    assert tagged(opened(storage)) == opened(storage)


def test_a_plan_is_kept_again_and_again(storage, published, file):
    plan = planned(published, tagged(published, "1.5"), now=NOW)
    for name in ("online", "alice"):
        plan.write(file)
        plan = signed(SigningPlan.read(file, before=opened(storage)), name)

    assert plan.publication().apply(storage).written
    assert [file.name] == [path.name for path in file.parent.iterdir()]


def test_a_plan_that_lists_hashes_goes_on_where_it_was(storage, file):
    """What lists hashes is drafted when the rest is signed: with the expiry that was planned then."""

    class OnFriday:
        def until(self, role, now):
            return NOW + 5 * DAY

    before = created(targets=authority("alice", "bob", threshold=2), detail=HASHES)
    plan = planned(before, tagged(before), now=NOW, expiry=OnFriday())
    for names in (("root",), ("alice",), ("bob",), ("online",)):
        plan.write(file)
        plan = signed(SigningPlan.read(file, before=before), *names)

    receipt = plan.publication().apply(storage)

    assert NOW + 5 * DAY == receipt.repository.timestamp.expires
    assert receipt.repository == opened(storage)
    assert 1 == receipt.repository.timestamp.snapshot.version
    assert receipt.repository.timestamp.snapshot.hashes


def test_a_plan_from_which_on_hashes_are_listed_says_so(storage, published, file):
    after = attrs.evolve(tagged(published, "1.5", "b"), detail=HASHES)
    plan = planned(published, after, now=NOW)
    plan.write(file)

    again = SigningPlan.read(file, before=opened(storage))

    assert {TARGETS} == set(again.drafts) == set(plan.drafts)
    assert signed(plan).drafts == signed(again).drafts


@pytest.mark.parametrize("listing", [["shake_128"], ["sha256", "sha256"], ["md"], [1], "sha256"])
def test_hashes_that_nobody_knows_are_not_listed(published, file, listing):
    planned(published, tagged(published, "1.5"), now=NOW).write(file)
    rewritten(file, lambda value: value.update(listing=listing))

    with pytest.raises(MalformedError, match=r"\$\.listing"):
        SigningPlan.read(file, before=published)


def test_who_should_sign_for_the_old_root_is_remembered(storage, published, file):
    after = published.with_keys(TIMESTAMP, key("online2")).without_keys(TIMESTAMP, key("online"))
    for lost in ((), (key("online"),)):
        plan = planned(published, after, now=NOW, lost=lost)
        plan.write(file)

        read = SigningPlan.read(file, before=opened(storage))

        assert same(plan, read)
        assert plan.terms.lost == read.terms.lost
        assert bool(lost) != bool(read.drafts[TIMESTAMP].bridging)


# -- the world went on ------------------------------------------------------------------


@pytest.mark.parametrize("edit", ["a tag", "a new root"])
def test_a_plan_that_somebody_overtook_is_refused(storage, published, file, edit):
    """Also where only the root is new, which no timestamp tells."""
    planned(published, tagged(published, "1.6"), now=NOW).write(file)
    publish(storage, published, EDITS[edit](published), now=NOW)

    with pytest.raises(ConflictError) as error:
        SigningPlan.read(file, before=opened(storage))

    assert "timestamp.json" == error.value.where
    assert "apply your edit to it" in str(error.value)


def test_a_plan_that_is_published_is_over(storage, published, file):
    plan = signed(planned(published, tagged(published, "1.5"), now=NOW))
    plan.write(file)
    plan.publication().apply(storage)

    with pytest.raises(ConflictError):
        SigningPlan.read(file, before=opened(storage))


def test_a_publication_that_was_killed_is_finished_by_the_plan(storage, published, file):
    """Files that nothing names yet are not another state."""
    plan = signed(planned(published, tagged(published, "1.5"), now=NOW))
    plan.write(file)
    [first, *_] = plan.publication().writes
    storage.write(first.path, first.data, replacing=None)

    read = SigningPlan.read(file, before=opened(storage))

    assert read.publication().apply(storage).repository == opened(storage)


def test_a_plan_for_another_collection_is_refused(storage, published, file):
    before = created("docker.io/other")
    planned(before, tagged(before), now=NOW).write(file)

    with pytest.raises(WrongCollectionError) as error:
        SigningPlan.read(file, before=created())

    assert ("docker.io/acme", "docker.io/other") == (error.value.expected, error.value.got)


# -- damaged and hostile files ----------------------------------------------------------


def rewritten(file, change):
    value = json.loads(file.read_bytes())
    change(value)
    file.write_text(json.dumps(value))


def test_a_plan_with_any_one_node_replaced_is_read_or_refused(published, storage, file):
    before = opened(storage)
    signed(planned(before, tagged(with_team(before), "1.5"), now=NOW), "online").write(file)
    for mutation in mutations(json.loads(file.read_bytes())):
        file.write_text(json.dumps(mutation))
        try:
            plan = SigningPlan.read(file, before=before)
            said = str(plan)
            plan.publication()
        except TrustError as error:
            said = str(error)
        assert all(line.isprintable() for line in said.splitlines())


@pytest.mark.parametrize("raw", [b"", b"{}", b"[" * 100_000, b"\xff", b"null"])
def test_what_is_no_plan_is_malformed(published, file, raw):
    file.write_bytes(raw)

    with pytest.raises(MalformedError):
        SigningPlan.read(file, before=published)


def test_a_request_is_no_plan(published, file):
    planned(published, tagged(published), now=NOW + DAY, renewing=[TARGETS]).requests[0].write(file)

    with pytest.raises(MalformedError, match="signing plan 1"):
        SigningPlan.read(file, before=published)


def test_a_signature_that_fits_nothing_is_not_read(published, file):
    signed(planned(published, tagged(published, "1.5"), now=NOW), "alice").write(file)

    def damaged(value):
        [made] = value["drafts"][0]["signatures"]
        made["sig"] = made["sig"][:-2] + ("00" if made["sig"][-2:] != "00" else "01")

    rewritten(file, damaged)
    with pytest.raises(MalformedError, match="a signature over the document"):
        SigningPlan.read(file, before=published)


def test_a_role_is_in_a_plan_once(published, file):
    planned(published, tagged(published, "1.5"), now=NOW).write(file)
    rewritten(file, lambda value: value["drafts"].append(value["drafts"][0]))

    with pytest.raises(MalformedError, match="every role once"):
        SigningPlan.read(file, before=published)


FIRST, LAST = "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"
"""Moments that only their time zones know."""


@pytest.mark.parametrize("now", ["", "yesterday", "2030-01-01T12:00:00", 1, None, FIRST, LAST])
def test_a_plan_says_when_it_was_made(published, file, now):
    planned(published, tagged(published, "1.5"), now=NOW).write(file)
    rewritten(file, lambda value: value["terms"].update(now=now))

    with pytest.raises(MalformedError, match=r"\$\.terms\.now"):
        SigningPlan.read(file, before=published)


def test_a_role_that_is_nowhere_is_missed(published, file):
    """Four billion bins are not looked for one by one."""
    planned(published, with_team(published), now=NOW).write(file)
    bins = {"keyids": [], "threshold": 1, "bit_length": 32, "name_prefix": "b"}

    def delegating(value):
        [targets] = [one for one in value["drafts"] if one["role"] == TARGETS]
        document = json.loads(targets["document"])
        document["signed"]["delegations"] = {"keys": {}, "succinct_roles": bins}
        targets["document"] = json.dumps(document)

    rewritten(file, delegating)
    with pytest.raises(MalformedError, match="a draft of every new role"):
        SigningPlan.read(file, before=published)


def test_a_role_to_which_nobody_delegates_is_no_part_of_a_plan(published, file):
    planned(published, with_team(published), now=NOW).write(file)

    def forgetting(value):
        value["drafts"] = [one for one in value["drafts"] if one["role"] != TARGETS]

    rewritten(file, forgetting)
    with pytest.raises(MalformedError, match="drafts of roles to which somebody delegates"):
        SigningPlan.read(file, before=published)


def test_a_role_that_must_be_signed_is_missed(published, file):
    """The file is about a time at which all of the repository has expired."""
    planned(published, tagged(published, "1.5"), now=NOW).write(file)
    rewritten(file, lambda value: value["terms"].update(now="2040-01-01T00:00:00+00:00"))

    with pytest.raises(MalformedError, match="a draft of every role that is to be signed"):
        SigningPlan.read(file, before=published)


@pytest.mark.parametrize("role", [ROOT, TARGETS])
def test_versions_begin_anew_only_where_clients_forget_them(published, file, role):
    planned(published, tagged(published, "1.5"), now=NOW).write(file)
    rewritten(file, lambda value: value["terms"].update(restarting=[role]))

    with pytest.raises(MalformedError, match="roles that can begin anew"):
        SigningPlan.read(file, before=published)


def test_who_must_sign_cannot_be_written_into_a_plan(storage, published, file):
    """The file says that the root's key may sign for targets; clients know better."""
    planned(published, tagged(published, "1.5"), now=NOW).write(file)

    def lying(value):
        [targets] = [one for one in value["drafts"] if one["role"] == TARGETS]
        [targets["authorities"][0]["keys"]] = [
            {
                key("root").id: {
                    "keytype": key("root").keytype,
                    "scheme": key("root").scheme,
                    "keyval": dict(key("root").keyval),
                }
            }
        ]

    rewritten(file, lying)
    plan = signed(SigningPlan.read(file, before=published), "root", "online")

    with pytest.raises(TrustError) as error:
        plan.publication()
    assert TARGETS == error.value.role


# -- the machine fails ------------------------------------------------------------------


def test_a_file_that_cannot_be_written_is_the_machines_fault(tmp_path, published):
    plan = planned(published, tagged(published, "1.5"), now=NOW)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").touch()

    for path in (tmp_path / "none" / "plan", tmp_path / "folder"):
        with pytest.raises(StorageError):
            plan.write(path)
        with pytest.raises(StorageError):
            SigningPlan.read(path, before=published)
    assert ["folder"] == [path.name for path in tmp_path.iterdir()]


def test_a_timestamp_alone_is_a_plan(storage, published, file):
    plan = planned(published, published, now=NOW + DAY, renewing=[TIMESTAMP])
    plan.write(file)

    assert same(plan, SigningPlan.read(file, before=opened(storage)))
