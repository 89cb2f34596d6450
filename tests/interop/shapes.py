"""What a repository may look like: delegations, names and sizes, each under a name."""

import hashlib
from itertools import pairwise

import attrs
from core.worlds import World, described, grant, grants, keys, signed_json, signer
from interop.documents import Files, as_read, filed
from interop.generated import FAR, Dice, far, listed
from interop.histories import History

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    Delegations,
    FrozenMap,
    MetaFile,
    SuccinctRoles,
    Version,
)

# -- delegations ------------------------------------------------------------------------


def two_delegators_with_different_keys(world: World, rng: Dice) -> list[Files]:
    """The one asked first names a key that did not sign."""
    stale = grants(grant("shared", "*", by=("thief",)), knowing=("thief",))
    good = grants(grant("shared", "*", by=("shared",)))
    top = grants(grant("first", "a/1"), grant("second", "app", "a/1"))
    world = world.edited(TARGETS, targets=FrozenMap(), delegations=top)
    return [
        world.with_roles(
            {
                "first": far("first", delegations=stale),
                "second": far("second", delegations=good),
                "shared": far("shared", "app", "a/1"),
            }
        ).files()
    ]


def a_ring_of_delegations(world: World, rng: Dice) -> list[Files]:
    top = grants(grant("first", "*"))
    world = world.edited(TARGETS, targets=FrozenMap(), delegations=top)
    return [
        world.with_roles(
            {
                "first": far("first", delegations=grants(grant("second", "*"))),
                "second": far("second", "app", delegations=grants(grant("first", "*"))),
            }
        ).files()
    ]


def _chain(world: World, length: int) -> World:
    names = [f"link-{n}" for n in range(length)]
    roles = {
        name: far(name, delegations=grants(grant(after, "*"))) for name, after in pairwise(names)
    }
    roles[names[-1]] = far(names[-1], "app")
    top = grants(grant(names[0], "*"))
    return world.edited(TARGETS, targets=FrozenMap(), delegations=top).with_roles(roles)


def as_many_delegations_as_allowed(world: World, rng: Dice) -> list[Files]:
    return [_chain(world, 5).files()]


def one_delegation_too_many(world: World, rng: Dice) -> list[Files]:
    return [_chain(world, 6).files()]


def many_delegations_too_many(world: World, rng: Dice) -> list[Files]:
    return [_chain(world, 9).files()]


def a_terminating_delegation(world: World, rng: Dice) -> list[Files]:
    top = grants(grant("first", "a*", terminating=True), grant("second", "*"))
    world = world.edited(TARGETS, targets=FrozenMap(), delegations=top)
    roles = {"first": far("first"), "second": far("second", "app", "c.tgz")}
    return [world.with_roles(roles).files()]


def a_pattern(pattern: str, *paths: str) -> History:
    """One delegation by *pattern*, to a role that lists everything."""

    def history(world: World, rng: Dice) -> list[Files]:
        top = grants(grant("first", pattern))
        world = world.edited(TARGETS, targets=FrozenMap(), delegations=top)
        return [world.with_roles({"first": far("first", "app", "a/1", "b/22", "c.tgz")}).files()]

    return history


def a_role_called(name: str) -> History:
    def history(world: World, rng: Dice) -> list[Files]:
        top = grants(grant(name, "*", by=("odd",)), knowing=("odd",))
        world = world.edited(TARGETS, targets=FrozenMap(), delegations=top)
        world = world.signed_by(name, "odd").with_roles({name: far(name, "app")})
        return [world.files(), world.next().files()]

    return history


def _bins(world: World, rng: Dice, bits: int) -> World:
    """*world* with bins below a role, and a delegation that is asked after them."""
    bins = SuccinctRoles(
        keyids=(signer("bins").key.id,), threshold=1, bit_length=bits, name_prefix="bin"
    )
    top = grants(grant("binned", "*"), grant("after", "*"))
    world = world.edited(TARGETS, targets=FrozenMap(), delegations=top)
    names = list(bins.names())
    for name in names:
        world = world.signed_by(name, "bins")
    roles = {name: far(name, *(["app"] if bins.bin_for("app") == name else [])) for name in names}
    binned = far("binned", delegations=Delegations(keys=keys("bins"), roles=bins))
    return world.with_roles({"binned": binned, "after": far("after", "app"), **roles})


def succinct_bins(world: World, rng: Dice) -> list[Files]:
    return [_bins(world, rng, rng.randint(1, 5)).files()]


def a_delegation_after_succinct_bins(world: World, rng: Dice) -> list[Files]:
    world = _bins(world, rng, 2)
    return [world.edited("after", targets=listed("after", ["c.tgz"])).sealed().files()]


# -- sizes ------------------------------------------------------------------------------


def roots(*numbers: int) -> History:
    """So many new roots at once, again and again, for a client that begins at the last one."""

    def history(world: World, rng: Dice) -> list[Files]:
        states = [World.create(expires=FAR)]
        for number in numbers:
            after = states[-1]
            for _ in range(number):
                after = after.rotated()
            states.append(after)
        return [state.files() for state in states]

    return history


def a_snapshot_as_long_as_announced(world: World, rng: Dice) -> list[Files]:
    value = as_read(world, SNAPSHOT)
    value["x-padding"] = "x" * 150_000
    raw = signed_json(value, world.by[SNAPSHOT])
    return [filed(attrs.evolve(world, listing=described).stamped(), SNAPSHOT, raw)]


def a_long_timestamp(world: World, rng: Dice) -> list[Files]:
    raw = world.raw(TIMESTAMP) + b" " * 20_000
    return [{**world.files(), "timestamp.json": raw}]


def an_entry_of_length_0(world: World, rng: Dice) -> list[Files]:
    empty = MetaFile(version=Version(1), length=0)
    meta = world.snapshot.meta.including({"notes": empty})
    return [world.edited(SNAPSHOT, meta=meta).stamped().files()]


def a_hash_by_md5_too(world: World, rng: Dice) -> list[Files]:
    return _hashed(world, "md5", "sha256")


def a_hash_by_md5_alone(world: World, rng: Dice) -> list[Files]:
    return _hashed(world, "md5")


def a_hash_by_an_unknown_algorithm_too(world: World, rng: Dice) -> list[Files]:
    return _hashed(world, "sha256", more={"blake9": "ab"})


def hashes_in_capitals(world: World, rng: Dice) -> list[Files]:
    raw = world.raw(SNAPSHOT)
    digest = hashlib.sha256(raw).hexdigest().upper()
    return _listing(world, FrozenMap({"sha256": digest}))


def _hashed(world: World, *algorithms: str, more: dict | None = None) -> list[Files]:
    raw = world.raw(SNAPSHOT)
    hashes = {name: hashlib.new(name, raw).hexdigest() for name in algorithms}
    return _listing(world, FrozenMap({**hashes, **(more or {})}))


def _listing(world: World, hashes: FrozenMap) -> list[Files]:
    meta = MetaFile(version=Version(world.snapshot.version), hashes=hashes)
    return [world.edited(TIMESTAMP, snapshot=meta).files()]


def root_in_the_snapshot_goes_back(world: World, rng: Dice) -> list[Files]:
    def listing(number: int, world: World) -> Files:
        meta = world.snapshot.meta.including({ROOT: MetaFile(version=Version(number))})
        return world.edited(SNAPSHOT, meta=meta).stamped().files()

    return [listing(9, world), listing(1, world.next())]


SHAPES: dict[str, History] = {
    **{
        made.__name__.replace("_", " "): made
        for made in (
            two_delegators_with_different_keys,
            a_ring_of_delegations,
            as_many_delegations_as_allowed,
            one_delegation_too_many,
            many_delegations_too_many,
            a_terminating_delegation,
            succinct_bins,
            a_delegation_after_succinct_bins,
            a_snapshot_as_long_as_announced,
            a_long_timestamp,
            an_entry_of_length_0,
            a_hash_by_md5_too,
            a_hash_by_md5_alone,
            a_hash_by_an_unknown_algorithm_too,
            hashes_in_capitals,
            root_in_the_snapshot_goes_back,
        )
    },
    "a pattern with a class": a_pattern("[ab]pp"),
    "a pattern that is a class literally": a_pattern("[app]"),
    "a pattern of two stars": a_pattern("**"),
    "a pattern of two stars and a slash": a_pattern("**/*"),
    "a pattern of nothing": a_pattern(""),
    "a pattern with a slash at its start": a_pattern("/app"),
    "a role called ..": a_role_called(".."),
    "a role called .. and more": a_role_called("../timestamp"),
    "a role in capitals": a_role_called("TIMESTAMP"),
    "a role with a version": a_role_called("1.targets"),
    "a role of many scripts": a_role_called("é ü % ? # 日本"),
    "a role with a NUL": a_role_called("a\0b"),
    "a role of 300 letters": a_role_called("r" * 300),
    "as many roots as allowed": roots(12),
    "one root too many": roots(13),
    "many roots in two steps": roots(8, 8),
}
