"""What may happen to a repository over time: each under a name, as the states a client sees."""

import json
from collections.abc import Callable

import attrs
from core.worlds import (
    World,
    described,
    only_version,
    signed,
    signed_json,
)
from interop.documents import Files, as_read, filed
from interop.generated import FAR, LONG_AGO, Dice

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TUF_JSON,
    CollectionName,
)
from trustlib._canonical import compact

History = Callable[[World, Dice], list[Files]]


def _without(files: Files, *paths: str) -> dict[str, bytes]:
    return {path: raw for path, raw in files.items() if path not in paths}


def _path(world: World, name: str) -> str:
    version = world.role(name).version if world.root.consistent_snapshot else None
    return TUF_JSON.published(name, version)


def _below(world: World, rng: Dice) -> str:
    return rng.choice(sorted(world.delegated))


# -- ordinary life ----------------------------------------------------------------------


def nothing_new(world: World, rng: Dice) -> list[Files]:
    return [world.files()] * 3


def new_versions(world: World, rng: Dice) -> list[Files]:
    return [world.files(), world.next().files(), world.next().next(by=3).files()]


def rotations(world: World, rng: Dice) -> list[Files]:
    states = [world]
    for name in rng.sample((ROOT, TIMESTAMP, SNAPSHOT, TARGETS), 3):
        states.append(states[-1].with_keys(name, f"new {name}").next())
    return [state.files() for state in states]


def an_expired_root_on_the_way(world: World, rng: Dice) -> list[Files]:
    return [world.files(), world.rotated(expires=LONG_AGO).rotated(expires=FAR).files()]


def a_higher_threshold(world: World, rng: Dice) -> list[Files]:
    name = rng.each((TIMESTAMP, SNAPSHOT, TARGETS))
    more = world.with_keys(name, "one", "two", "three", threshold=2, sign=("one", "three"))
    return [world.files(), more.next().files(), more.signed_by(name, "two").next(2).files()]


def consistent_snapshots_begin(world: World, rng: Dice) -> list[Files]:
    before = world.rotated(consistent_snapshot=False)
    return [before.files(), before.rotated(consistent_snapshot=True).next().files()]


def root_says(**changes: object) -> History:
    """A root that says something else, or nothing (...), of consistent snapshots."""

    def history(world: World, rng: Dice) -> list[Files]:
        after = world.rotated(consistent_snapshot=False)
        value = {**as_read(after, ROOT), **changes}
        value = {name: member for name, member in value.items() if member is not ...}
        return [filed(after, ROOT, signed_json(value, after.by[ROOT]))]

    return history


# -- rollback, freeze, mix and match ----------------------------------------------------


def timestamp_goes_back(world: World, rng: Dice) -> list[Files]:
    return [world.next().files(), world.files()]


def only_the_timestamp_goes_back(world: World, rng: Dice) -> list[Files]:
    return [world.edited(TIMESTAMP, version=9).files(), world.files()]


def only_the_snapshot_goes_back(world: World, rng: Dice) -> list[Files]:
    before, after = world.edited(SNAPSHOT, version=9), world.edited(SNAPSHOT, version=8)
    return [before.stamped().files(), after.stamped().edited(TIMESTAMP, version=2).files()]


def snapshot_goes_back(world: World, rng: Dice) -> list[Files]:
    after = world.next()
    back = world.edited(TIMESTAMP, version=after.timestamp.version + 1)
    return [after.files(), back.files()]


def targets_goes_back(world: World, rng: Dice) -> list[Files]:
    after = world.next(3)
    name = rng.each((TARGETS, _below(world, rng)))
    old = after.next().edited(name, version=world.role(name).version).sealed()
    return [after.files(), old.files()]


def a_role_vanishes(world: World, rng: Dice) -> list[Files]:
    name = rng.each((TARGETS, _below(world, rng)))
    after = world.next()
    meta = after.snapshot.meta.excluding(name)
    return [world.files(), after.edited(SNAPSHOT, meta=meta).stamped().files()]


def a_role_that_the_snapshot_never_had(world: World, rng: Dice) -> list[Files]:
    meta = world.snapshot.meta.excluding(_below(world, rng))
    return [world.edited(SNAPSHOT, meta=meta).stamped().files()]


def another_snapshot_of_that_number(world: World, rng: Dice) -> list[Files]:
    other = world.edited(TARGETS, version=world.targets.version + 1).sealed()
    return [world.files(), other.files()]


def same_timestamp_number_other_timestamp(world: World, rng: Dice) -> list[Files]:
    other = world.next().edited(TIMESTAMP, version=world.timestamp.version)
    return [world.files(), other.files()]


def not_the_file_that_was_listed(world: World, rng: Dice) -> list[Files]:
    name = rng.each((SNAPSHOT, TARGETS, _below(world, rng)))
    own = attrs.evolve(world, listing=described).next().sealed()
    other = own.edited(name, expires=FAR.replace(year=2998))
    return [world.files(), {**own.files(), _path(own, name): other.raw(name)}]


def not_the_version_that_was_listed(world: World, rng: Dice) -> list[Files]:
    name = rng.each((SNAPSHOT, TARGETS, _below(world, rng)))
    own = attrs.evolve(world, listing=only_version).next().sealed()
    other = own.edited(name, version=own.role(name).version + 1)
    return [world.files(), {**own.files(), _path(own, name): other.raw(name)}]


def a_file_is_withheld(world: World, rng: Dice) -> list[Files]:
    name = rng.each((SNAPSHOT, TARGETS, _below(world, rng)))
    files = world.next().files()
    return [world.files(), _without(files, _path(world.next(), name)), files]


def the_timestamp_is_withheld(world: World, rng: Dice) -> list[Files]:
    return [world.files(), _without(world.next().files(), "timestamp.json"), world.next().files()]


def one_role_has_expired(world: World, rng: Dice) -> list[Files]:
    name = rng.each((TIMESTAMP, SNAPSHOT, TARGETS, _below(world, rng)))
    return [world.files(), world.next().edited(name, expires=LONG_AGO).sealed().files()]


def the_last_root_has_expired(world: World, rng: Dice) -> list[Files]:
    return [world.files(), world.rotated(expires=LONG_AGO).next().files()]


# -- signatures -------------------------------------------------------------------------


def signed_by_a_stranger(world: World, rng: Dice) -> list[Files]:
    name = rng.each((TIMESTAMP, SNAPSHOT, TARGETS, _below(world, rng)))
    return [world.files(), world.next().signed_by(name, "stranger").sealed().files()]


def signed_for_another_role(world: World, rng: Dice) -> list[Files]:
    name = rng.each((TIMESTAMP, SNAPSHOT, TARGETS))
    other = {TIMESTAMP: SNAPSHOT, SNAPSHOT: TARGETS, TARGETS: TIMESTAMP}[name]
    return [world.next().signed_by(name, other).sealed().files()]


def a_root_not_signed_by_the_old_one(world: World, rng: Dice) -> list[Files]:
    after = world.with_keys(ROOT, "thief")
    return [world.files(), after.signed_by(ROOT, "thief").files()]


def a_root_not_signed_by_itself(world: World, rng: Dice) -> list[Files]:
    after = world.with_keys(ROOT, "absent")
    return [world.files(), after.signed_by(ROOT, "root").files()]


def a_root_number_is_left_out(world: World, rng: Dice) -> list[Files]:
    after = world.rotated()
    path = f"{after.root.version}.root.json"
    return [{**world.files(), path: signed(attrs.evolve(after.root, version=99), after.by[ROOT])}]


def a_root_number_stays(world: World, rng: Dice) -> list[Files]:
    path = f"{world.root.version + 1}.root.json"
    return [world.files(), {**world.files(), path: world.raw(ROOT)}]


def _signing_twice(world: World, alias: Callable[[dict], dict]) -> list[Files]:
    """Two must sign the timestamp, and one does, under two ids for its key."""
    after = world.rotated().next()
    value = as_read(after, ROOT)
    (keyid,) = value["roles"][TIMESTAMP]["keyids"]
    value["keys"]["alias"] = alias(value["keys"][keyid])
    value["roles"][TIMESTAMP] |= {"keyids": [keyid, "alias"], "threshold": 2}
    files = filed(after, ROOT, signed_json(value, after.by[ROOT]))
    timestamp = json.loads(after.raw(TIMESTAMP))
    (made,) = timestamp["signatures"]
    timestamp["signatures"].append({**made, "keyid": "alias"})
    return [{**files, "timestamp.json": compact(timestamp).encode()}]


def one_key_under_two_ids(world: World, rng: Dice) -> list[Files]:
    return _signing_twice(world, lambda key: key)


def one_key_in_two_spellings(world: World, rng: Dice) -> list[Files]:
    return _signing_twice(
        world, lambda key: {**key, "keyval": {"public": key["keyval"]["public"].upper()}}
    )


def of_another_collection(world: World, rng: Dice) -> list[Files]:
    """The keys are the same; what they signed was meant for somebody else."""
    ours, others = CollectionName("docker.io/acme"), CollectionName("docker.io/evil")
    named = world.rotated(collection=ours)
    for name in (SNAPSHOT, TARGETS, *world.delegated):
        named = named.edited(name, collection=ours)
    return [named.sealed().edited(TIMESTAMP, collection=others).files()]


# -- recovery (§5.3.11) -----------------------------------------------------------------


def versions_fall_with_the_timestamp_key(world: World, rng: Dice) -> list[Files]:
    fast = world.at(timestamp=900, snapshot=900)
    return [fast.files(), world.with_keys(TIMESTAMP, "fresh").files()]


def versions_fall_with_the_snapshot_key(world: World, rng: Dice) -> list[Files]:
    fast = world.at(snapshot=900)
    after = world.with_keys(SNAPSHOT, "fresh").sealed()
    return [fast.files(), after.edited(TIMESTAMP, version=2).files()]


def versions_fall_with_both_keys(world: World, rng: Dice) -> list[Files]:
    fast = world.at(timestamp=900, snapshot=900)
    fresh = world.with_keys(TIMESTAMP, "fresh").with_keys(SNAPSHOT, "fresh 2")
    return [fast.files(), fresh.sealed().files()]


def versions_fall_with_a_key_added(world: World, rng: Dice) -> list[Files]:
    fast = world.at(timestamp=900, snapshot=900)
    return [fast.files(), world.with_keys(TIMESTAMP, "timestamp", "more").files()]


def versions_fall_with_one_key_of_two_replaced(world: World, rng: Dice) -> list[Files]:
    both = world.with_keys(TIMESTAMP, "timestamp", "thief")
    fast = both.at(timestamp=900)
    after = both.with_keys(TIMESTAMP, "timestamp", "fresh", sign=("timestamp",))
    return [fast.files(), after.files()]


def versions_fall_with_the_targets_key(world: World, rng: Dice) -> list[Files]:
    fast = world.at(targets=900)
    return [fast.files(), world.with_keys(TARGETS, "fresh").next().files()]


HISTORIES: dict[str, History] = {
    **{
        made.__name__.replace("_", " "): made
        for made in (
            nothing_new,
            new_versions,
            rotations,
            an_expired_root_on_the_way,
            a_higher_threshold,
            consistent_snapshots_begin,
            timestamp_goes_back,
            only_the_timestamp_goes_back,
            only_the_snapshot_goes_back,
            snapshot_goes_back,
            targets_goes_back,
            a_role_vanishes,
            a_role_that_the_snapshot_never_had,
            another_snapshot_of_that_number,
            same_timestamp_number_other_timestamp,
            not_the_file_that_was_listed,
            not_the_version_that_was_listed,
            a_file_is_withheld,
            the_timestamp_is_withheld,
            one_role_has_expired,
            the_last_root_has_expired,
            signed_by_a_stranger,
            signed_for_another_role,
            a_root_not_signed_by_the_old_one,
            a_root_not_signed_by_itself,
            a_root_number_is_left_out,
            a_root_number_stays,
            one_key_under_two_ids,
            one_key_in_two_spellings,
            of_another_collection,
            versions_fall_with_the_timestamp_key,
            versions_fall_with_the_snapshot_key,
            versions_fall_with_both_keys,
            versions_fall_with_a_key_added,
            versions_fall_with_one_key_of_two_replaced,
            versions_fall_with_the_targets_key,
        )
    },
    "consistent_snapshot missing": root_says(consistent_snapshot=...),
    "consistent_snapshot null": root_says(consistent_snapshot=None),
}
