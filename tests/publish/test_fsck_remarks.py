"""What clients accept, and somebody should mend or know: keys, signatures, roots, reach."""

import json

import attrs
import pytest
from core.worlds import (
    NOW,
    described,
    grant,
    keyset,
    only_version,
    signer,
    signers,
    target,
    targets_role,
)
from publish.examined import EXPIRES, anchor_of, findings, kinds, only, sound

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    Anchor,
    FrozenMap,
    Key,
    Limits,
    MemoryStorage,
    Signature,
    Target,
)
from trustlib.publish import (
    BrokenChain,
    BrokenSignature,
    Dangling,
    EmptySignature,
    Forked,
    HighVersion,
    Interchangeable,
    LongWay,
    MisnamedKey,
    MissingRoots,
    NoSpareKey,
    NotDelegated,
    NotPlain,
    OneKeyEnough,
    OneKeyTwice,
    OnlineKey,
    OutOfReach,
    Overruled,
    Refused,
    Severity,
    SignedTwice,
    StrangeSignature,
    TooManyRoles,
    Uncheckable,
    Unexamined,
    UnlistedKey,
    UnusableKey,
    UnusedKey,
    Work,
    fsck,
)
from trustlib.roles import SuccinctRoles
from trustlib.wire import TUF_JSON

QUANTUM = Key(keytype="quantum", scheme="q", keyval=FrozenMap({"public": "a"}))


def listing_keys(world, name, **more):
    """The world whose *name* (root or targets) lists more keys, by their ids."""
    if name == ROOT:
        return world.edited(ROOT, keys=world.root.keys.including(more))
    before = world.targets.delegations
    after = attrs.evolve(before, keys=before.keys.including(more))
    return world.edited(TARGETS, delegations=after).sealed()


def entering(world, name, *keyids, role=None):
    """The world whose entry for a role has more key ids."""
    role = role or {ROOT: ROOT, TARGETS: "team"}[name]
    if name == ROOT:
        entry = world.root.roles[role]
        entry = attrs.evolve(entry, keyids=(*entry.keyids, *keyids))
        return world.edited(ROOT, roles=world.root.roles.including({role: entry}))
    before = world.targets.delegations
    (entry,) = before.roles
    roles = (attrs.evolve(entry, keyids=(*entry.keyids, *keyids)),)
    return world.edited(TARGETS, delegations=attrs.evolve(before, roles=roles)).sealed()


# -- keys -------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [ROOT, TARGETS])
def test_a_key_in_no_role_is_told(by):
    stray = signer("stray").key
    unused = only(UnusedKey, findings(listing_keys(sound(), by, **{stray.id: stray})))

    assert (by, stray.id) == (unused.by, unused.keyid)


@pytest.mark.parametrize("by", [ROOT, TARGETS])
def test_a_key_that_never_counts_is_told(by):
    world = entering(listing_keys(sound(), by, q=QUANTUM), by, "q")
    unusable = only(UnusableKey, findings(world))

    assert (by, "q", "quantum", "q") == attrs.astuple(unusable)


@pytest.mark.parametrize("by", [ROOT, TARGETS])
def test_a_key_under_two_ids_is_told(by):
    name = {ROOT: "root", TARGETS: "team"}[by]
    world = entering(listing_keys(sound(), by, alias=signer(name).key), by, "alias")
    found = findings(world)

    assert {OneKeyTwice, MisnamedKey} == set(kinds(found))
    assert (by, {signer(name).key.id, "alias"}) == (found[0].by, set(found[0].keyids))
    assert Severity.MEND == found[0].severity


@pytest.mark.parametrize("by", [ROOT, TARGETS])
def test_a_key_by_another_name_than_its_hash_is_told(by):
    key = signer("another").key
    world = entering(listing_keys(sound(), by, another=key), by, "another")
    misnamed = only(MisnamedKey, findings(world))

    assert (by, "another", key.id) == (misnamed.by, misnamed.keyid, misnamed.hash)


@pytest.mark.parametrize("by", [ROOT, TARGETS])
def test_an_id_that_stands_for_no_key_is_told(by):
    unlisted = only(UnlistedKey, findings(entering(sound(), by, "nobody")))

    assert (by, "nobody") == (unlisted.by, unlisted.keyid)


def test_a_bad_role_is_not_believed_when_it_lists_keys():
    stray = signer("stray").key
    world = listing_keys(sound(), TARGETS, **{stray.id: stray}).signed_by(TARGETS, "a stranger")

    assert UnusedKey not in kinds(findings(world.sealed()))


@pytest.mark.parametrize("online", [TIMESTAMP, SNAPSHOT])
@pytest.mark.parametrize("role", [ROOT, TARGETS])
def test_a_key_that_is_online_and_signs_more_is_told(online, role):
    key = signer(online).key
    found = only(OnlineKey, findings(entering(sound(), ROOT, key.id, role=role)))

    assert (key.id, (role,)) == (found.keyid, found.roles)


def test_an_online_key_of_a_delegated_role_is_told():
    key = signer(TIMESTAMP).key
    world = entering(listing_keys(sound(), TARGETS, **{key.id: key}), TARGETS, key.id)

    assert ("team",) == only(OnlineKey, findings(world)).roles


def test_one_key_for_timestamp_and_snapshot_is_as_it_should_be():
    key = signer(TIMESTAMP).key

    assert () == findings(entering(sound(), ROOT, key.id, role=SNAPSHOT))


def test_a_root_of_one_key_is_told():
    world = sound()
    one = world.root.roles.including({ROOT: keyset("root")})
    world = world.edited(
        ROOT,
        roles=one,
        keys=world.root.keys.excluding(*(s.key.id for s in signers("root2", "root3"))),
    )
    world = world.signed_by(ROOT, "root")

    assert [NoSpareKey, OneKeyEnough] == kinds(findings(world))


# -- signatures -------------------------------------------------------------------------


def test_signatures_of_strangers_are_told():
    found = only(StrangeSignature, findings(sound().signed_by(TIMESTAMP, TIMESTAMP, "stranger")))

    assert (TIMESTAMP, (signer("stranger").key.id,)) == (found.role, found.keyids)


@pytest.mark.parametrize(("value", "kind"), [(b"", EmptySignature), (bytes(64), BrokenSignature)])
def test_signatures_that_verify_nothing_are_told(value, kind):
    world = sound()
    payload = TUF_JSON.payload(world.root)
    made = [signer(name).sign(payload) for name in ("root", "root2")]
    third = signer("root3").key.id
    raw = TUF_JSON.render(world.root, (*made, Signature(third, value)))

    found = only(kind, findings({**world.files(), "1.root.json": raw}))
    assert (ROOT, (third,)) == (found.role, found.keyids)


def test_a_key_that_signed_under_two_ids_is_told():
    world = sound()
    world = entering(
        listing_keys(world, ROOT, alias=signer(TIMESTAMP).key), ROOT, "alias", role=TIMESTAMP
    )
    payload = TUF_JSON.payload(world.timestamp)
    made = signer(TIMESTAMP).sign(payload)
    raw = TUF_JSON.render(world.timestamp, (made, Signature("alias", made.value)))

    found = findings({**world.files(), "timestamp.json": raw})
    twice = next(finding for finding in found if isinstance(finding, SignedTwice))
    assert (TIMESTAMP, (made.keyid, "alias")) == (twice.role, twice.keyids)


def test_files_that_are_printed_prettily_are_told_in_one_line():
    world = sound(listing=only_version)
    files = {
        path: json.dumps(json.loads(raw), indent=1).encode() for path, raw in world.files().items()
    }

    found = only(NotPlain, findings(files))
    assert set(files) == set(found.paths)


# -- roots ------------------------------------------------------------------------------


def rotated(times=3):
    world = sound()
    for _ in range(times):
        world = world.rotated()
    return world


def test_missing_roots_are_told():
    world = rotated(9)
    newest = Anchor.root(world.raw(ROOT))
    gone = [f"{n}.root.json" for n in (1, 2, 5, 9)]

    missing = only(MissingRoots, findings(world, anchor=newest, without=gone))
    assert ((1, 2), (5, 5), (9, 9)) == missing.gaps
    assert "root 1 to 2, 5, 9 is missing" in str(missing)


def test_an_anchor_that_is_no_longer_there_is_a_gap_and_no_fork():
    world = rotated()

    assert ((1, 1),) == only(MissingRoots, findings(world, without=["1.root.json"])).gaps


def test_a_gap_after_the_anchor_is_left_over_files():
    found = findings(rotated(), without=["2.root.json"])

    assert "3.root.json, 4.root.json: not published" in str(found[0])


def test_older_roots_that_do_not_lead_on_are_told():
    world = rotated()
    anchor = Anchor.root(world.raw(ROOT))
    other = sound().signed_by(ROOT, "root").rotated().raw(ROOT)

    broken = findings(world, anchor=anchor, with_files={"2.root.json": other})
    assert [BrokenChain, BrokenChain] == kinds(broken)
    assert [1, 2] == [finding.before for finding in broken]
    assert () == findings(world, anchor=anchor)


def test_an_older_root_that_does_not_lead_to_the_anchor_is_told():
    world = rotated()
    strangers = world.signed_by(ROOT, "root2", "root3", "root")
    anchor = Anchor.root(strangers.edited(ROOT, expires=NOW + EXPIRES[ROOT] * 2).raw(ROOT))
    files = {**world.files(), "3.root.json": b"{}"}

    found = findings(files, anchor=anchor, with_files={"4.root.json": anchor.raw})
    assert [2, 3] == [f.before for f in found if isinstance(f, BrokenChain)]


def test_another_root_under_the_number_of_the_anchor_is_told():
    world = sound()
    anchor = Anchor.root(world.raw(ROOT))
    other = world.edited(ROOT, expires=NOW + EXPIRES[ROOT] * 2).raw(ROOT)

    assert (
        1 == only(Forked, findings(world, anchor=anchor, with_files={"1.root.json": other})).version
    )


def test_a_way_that_is_too_long_for_the_oldest_clients_is_told():
    world = rotated(4)
    anchor = Anchor.root(world.raw(ROOT))
    files = world.files()
    found = fsck(MemoryStorage(files), anchor=anchor, now=NOW, limits=Limits(root_rotations=3))

    assert (1, 5, 3) == attrs.astuple(only(LongWay, found.findings))
    assert (
        ()
        == fsck(
            MemoryStorage(files), anchor=anchor, now=NOW, limits=Limits(root_rotations=4)
        ).findings
    )


# -- what clients find ------------------------------------------------------------------


def test_targets_that_a_role_may_not_speak_for_are_told():
    world = sound()
    world = world.edited(
        "team", targets=world.delegated["team"].targets.including({"x": target(b"")})
    ).sealed()

    lost = only(OutOfReach, findings(world))
    assert ("team", ("x",)) == (lost.role, lost.paths)


def test_targets_that_another_role_is_asked_first_about_are_told():
    world = sound()
    more = world.targets.targets.including({"team/app": target(b"other")})
    overruled = only(Overruled, findings(world.edited(TARGETS, targets=more).sealed()))

    assert ("team", TARGETS, ("team/app",)) == (overruled.role, overruled.by, overruled.paths)
    same = world.targets.targets.including({"team/app": target(b"team/app")})
    assert () == findings(world.edited(TARGETS, targets=same).sealed())


def test_a_missing_role_is_not_told_twice():
    world = sound()
    extra = targets_role("team/x", expires=NOW + EXPIRES[TARGETS])
    delegations = attrs.evolve(
        world.targets.delegations,
        keys=world.targets.delegations.keys.including(
            {signer("later").key.id: signer("later").key}
        ),
        roles=(*world.targets.delegations.roles, grant("later", "team/*")),
    )
    world = world.edited(TARGETS, delegations=delegations).with_roles({"later": extra})

    assert () == findings(world)
    assert [Dangling] == kinds(findings(world, without=["1.team.json"]))


def many(count=6):
    world = sound()
    names = [f"r{n}" for n in range(count)]
    roles = {name: targets_role(expires=NOW + EXPIRES[TARGETS]) for name in names}
    roles[names[-1]] = targets_role("deep", "deeper", expires=NOW + EXPIRES[TARGETS])
    return (
        world.delegating(*(grant(name, "*") for name in names), **roles)
        .edited(TARGETS)
        .but(delegated=FrozenMap(roles))
        .sealed()
    )


def looked_at(world, **more):
    files = world.files()
    return fsck(MemoryStorage(files), anchor=anchor_of(files), now=NOW, **more).findings


def test_targets_for_which_clients_would_ask_too_many_roles_are_told():
    assert () == looked_at(many(), limits=Limits(delegations=7))
    beyond = only(TooManyRoles, looked_at(many(), limits=Limits(delegations=6)))
    assert ("deep", 2, 6) == (beyond.path, beyond.count, beyond.error.limit)


def test_searches_end_when_they_have_cost_enough():
    assert "targets" == only(Unexamined, looked_at(many(), work=Work(comparisons=1))).what
    assert () == looked_at(many(), work=Work(comparisons=50))


def test_targets_without_a_hash_that_counts_are_told():
    world = sound()
    md5 = Target(length=1, hashes=FrozenMap({"md5": "0"}))
    world = world.edited(TARGETS, targets=world.targets.targets.including({"x": md5})).sealed()

    found = only(Uncheckable, findings(world))
    assert (TARGETS, ("x",)) == (found.role, found.paths)


def test_roles_that_the_snapshot_goes_on_listing_are_told():
    world = sound()
    meta = world.snapshot.meta.including(
        {"gone": only_version(b"", 1), "root": only_version(b"", 1)}
    )

    assert ("gone",) == only(
        NotDelegated, findings(world.edited(SNAPSHOT, meta=meta).stamped())
    ).roles


def test_bins_that_could_be_shown_for_one_another_are_told():
    world = sound(listing=only_version)
    key = signer("bins").key
    bins = SuccinctRoles(keyids=(key.id,), threshold=1, bit_length=1, name_prefix="bin")
    delegations = attrs.evolve(world.targets.delegations, keys=FrozenMap({key.id: key}), roles=bins)
    empty = targets_role(expires=NOW + EXPIRES[TARGETS])
    roles = {"bin-0": empty, "bin-1": empty}
    world = world.edited(TARGETS, delegations=delegations).but(delegated=FrozenMap(roles))
    world = world.signed_by("bin-0", "bins").signed_by("bin-1", "bins").sealed()

    assert ("bin-0", "bin-1") == only(Interchangeable, findings(world)).roles
    named = world
    for name in roles:
        named = named.edited(name, called=name)
    assert () == findings(named.sealed())
    assert () == findings(world.edited("bin-0", version=2).sealed())
    assert () == findings(world.but(listing=described).sealed())


@pytest.mark.parametrize("name", [TARGETS, SNAPSHOT, TIMESTAMP, "team"])
def test_versions_that_nobody_comes_to_by_publishing_are_told(name):
    world = sound().edited(name, version=2**31)
    world = world if name == TIMESTAMP else world.sealed()

    assert (name, 2**31) == attrs.astuple(only(HighVersion, findings(world)))


def test_what_is_refused_comes_first():
    world = sound().signed_by(TIMESTAMP, "a stranger")
    stray = signer("stray").key
    found = findings(listing_keys(world, ROOT, **{stray.id: stray}), now=NOW)

    assert [Refused, UnusedKey, StrangeSignature] == kinds(found)
