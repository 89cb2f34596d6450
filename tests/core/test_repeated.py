"""What was verified a moment ago is not verified again, if and only if nothing differs."""

import attrs
import pytest
from core.worlds import (
    DAY,
    LATER,
    NOW,
    SECOND,
    World,
    keyids,
    keys,
    p256_signer,
    recalling,
    signed,
    signer,
)

from trustlib import (
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TUF_JSON,
    Authority,
    ExpiredError,
    FrozenMap,
    Key,
    RollbackError,
    Snapshot,
    Targets,
    ThresholdError,
    Timestamp,
    WrongCollectionError,
)
from trustlib.documents import Format
from trustlib.trust import RootTrusted, verify
from trustlib.trust.agreeing import Prior

WORLD = World.create()
RAW = WORLD.raw(SNAPSHOT)
BY = Authority.of(signer(SNAPSHOT).key)


def proof(kind=Snapshot, raw=RAW, by=BY, name=None):
    return verify(TUF_JSON.parse(kind, raw, name=name), by)


def test_the_same_question_is_this_very_proof():
    again = Authority.of(Key(**attrs.asdict(signer(SNAPSHOT).key, recurse=False)))

    assert proof().repeats(Snapshot, SNAPSHOT, RAW, BY)
    assert proof().repeats(Snapshot, SNAPSHOT, bytes(bytearray(RAW)), again)
    assert (BY,) == proof().authorities


@pytest.mark.parametrize(
    ("kind", "name", "raw", "authorities"),
    [
        (Targets, SNAPSHOT, RAW, (BY,)),
        (Snapshot, TARGETS, RAW, (BY,)),
        (Snapshot, SNAPSHOT, RAW + b"\n", (BY,)),
        (Snapshot, SNAPSHOT, RAW, (attrs.evolve(BY, threshold=2),)),
        (Snapshot, SNAPSHOT, RAW, (Authority(FrozenMap({"another": signer(SNAPSHOT).key}), 1),)),
        (Snapshot, SNAPSHOT, RAW, (Authority(FrozenMap({keyids(SNAPSHOT)[0]: signer("x").key}), 1),)),
        (Snapshot, SNAPSHOT, RAW, (Authority(keys(SNAPSHOT, "x"), 1),)),
        (Snapshot, SNAPSHOT, RAW, (Authority.of(p256_signer(SNAPSHOT).key),)),
        (Snapshot, SNAPSHOT, RAW, (BY, BY)),
        (Snapshot, SNAPSHOT, RAW, ()),
    ],
    ids=["type", "name", "bytes", "threshold", "key id", "key", "more keys", "scheme", "twice", "nobody"],
)  # fmt: skip
def test_whatever_differs_makes_another_question(kind, name, raw, authorities):
    assert not proof().repeats(kind, name, raw, *authorities)


def test_a_proof_for_two_authorities_is_none_for_one_of_them():
    old, new = Authority.of(signer("old").key), Authority.of(signer("new").key)
    raw = signed(WORLD.root, (signer("old"), signer("new")))
    both = verify(TUF_JSON.parse(type(WORLD.root), raw), old, new)

    assert both.repeats(type(WORLD.root), "root", raw, old, new)
    for other in ((new, old), (old,), (new,)):
        assert not both.repeats(type(WORLD.root), "root", raw, *other)


# -- in an update -----------------------------------------------------------------------


@attrs.define
class Read:
    """TUF's JSON, which counts what it is given to read."""

    times: int = 0
    format: Format = TUF_JSON

    def parse(self, kind, raw, *, name=None):
        self.times += 1
        return self.format.parse(kind, raw, name=name)


def stage_of(world, format=TUF_JSON, **more):
    return RootTrusted.bootstrap(world.raw("root"), now=NOW, format=format, **more)


def test_what_is_stored_and_still_right_is_read_once():
    files = Read()
    stage = recalling(stage_of(WORLD, files), WORLD)
    after = stage.accept_timestamp(WORLD.raw(TIMESTAMP)).accept_snapshot(RAW)

    assert 3 == files.times  # root, timestamp, snapshot
    assert after.snapshot is stage.prior.snapshot
    assert after.timestamp.timestamp is stage.prior.timestamp


def test_of_two_timestamps_of_one_version_the_older_one_stays_and_is_read_once():
    files = Read()
    stage = recalling(stage_of(WORLD, files), WORLD)
    other = WORLD.edited(TIMESTAMP, expires=LATER + DAY)

    assert stage.accept_timestamp(other.raw(TIMESTAMP)).timestamp is stage.prior.timestamp
    assert 4 == files.times  # root, timestamp, snapshot, the other timestamp


@pytest.mark.parametrize("name", [TIMESTAMP, SNAPSHOT])
def test_what_fewer_vouched_for_than_are_needed_now_is_verified_again(name):
    """The floor stays, since no key was taken away; the file does not pass for it."""
    after = WORLD.with_keys(name, name, "x", threshold=2)
    stage = recalling(stage_of(WORLD), WORLD).accept_root(after.raw("root"))
    assert stage.prior.snapshot is not None

    with pytest.raises(ThresholdError, match=name):
        stage.accept_timestamp(WORLD.raw(TIMESTAMP)).accept_snapshot(RAW)


@pytest.mark.parametrize(("kind", "name"), [(Timestamp, TIMESTAMP), (Snapshot, SNAPSHOT)])
def test_a_proof_of_other_keys_than_the_root_names_is_none(kind, name):
    """Whoever put it there: a floor says which versions were seen, not who may sign."""
    foreign = WORLD.signed_by(name, "mallory").stamped()
    by_mallory = proof(kind, foreign.raw(name), Authority.of(signer("mallory").key))
    stage = attrs.evolve(stage_of(WORLD), prior=Prior(**{str(name): by_mallory}))

    with pytest.raises(ThresholdError, match=name):
        stage.accept_timestamp(foreign.raw(TIMESTAMP)).accept_snapshot(foreign.raw(SNAPSHOT))


def test_what_a_proof_must_agree_with_is_looked_at_each_time():
    """Its expiry, its collection, and the versions: no part of who signed it."""
    stage = recalling(stage_of(WORLD), WORLD)
    late = attrs.evolve(stage, now=LATER - SECOND)
    assert late.accept_timestamp(WORLD.raw(TIMESTAMP)).accept_snapshot(RAW)

    short = WORLD.edited(SNAPSHOT, expires=NOW + DAY).stamped()
    later = attrs.evolve(recalling(stage_of(short), short), now=NOW + DAY)
    with pytest.raises(ExpiredError, match="snapshot"):
        later.accept_timestamp(short.raw(TIMESTAMP)).accept_snapshot(short.raw(SNAPSHOT))

    named = WORLD.rotated(collection="docker.io/acme")
    moved = stage.accept_root(named.raw("root"))
    with pytest.raises(WrongCollectionError):
        moved.accept_timestamp(WORLD.raw(TIMESTAMP))

    newer = WORLD.next()
    ahead = attrs.evolve(stage, prior=recalling(stage_of(newer), newer).prior)
    with pytest.raises(RollbackError):
        ahead.accept_timestamp(WORLD.raw(TIMESTAMP))
