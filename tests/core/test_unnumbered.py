"""A snapshot may leave versions unsaid, as formats before TUF's did: then the files say them."""

import attrs
import pytest
from core.worlds import (
    NOW,
    World,
    carried_out,
    grant,
    keyids,
    keys,
    recalling,
    refreshed,
    targets_role,
)
from hypothesis import given
from hypothesis import strategies as st

from trustlib import Updater
from trustlib._frozen import FrozenMap
from trustlib._types import SNAPSHOT, TARGETS, UrlPath
from trustlib.anchors import Anchor
from trustlib.errors import MismatchError, RollbackError
from trustlib.keys import Key
from trustlib.limits import Limits
from trustlib.roles import Delegation, MetaFile, PathPrefixes, Snapshot, Timestamp
from trustlib.storage import MemoryStorage
from trustlib.trust import RootTrusted, verify
from trustlib.trust.agreeing import succeeding
from trustlib.wire import TUF_JSON, TufJson
from trustlib.workflow import Procedure, Tuf, find, procedure_of


class Unnumbered(TufJson):
    """Writes versions, reads none of those that are listed, and asks by hash."""

    def parse(self, kind, raw, *, name=None):
        document = super().parse(kind, raw, name=name)
        role = document.unverified
        if isinstance(role, Snapshot):
            meta = {name: attrs.evolve(file, version=None) for name, file in role.meta.items()}
            role = attrs.evolve(role, meta=FrozenMap(meta))
        if isinstance(role, Timestamp):
            role = attrs.evolve(role, snapshot=attrs.evolve(role.snapshot, version=None))
        return attrs.evolve(document, unverified=role)

    def listed(self, name, file, *, consistent):
        return UrlPath(f"{name}.{file.hashes['sha256']}.json")


UNNUMBERED = Unnumbered()


def files(world):
    served = {"timestamp.json": world.raw("timestamp"), **world.roots()}
    for name, file in {SNAPSHOT: world.timestamp.snapshot, **world.snapshot.meta}.items():
        served[UNNUMBERED.listed(name, file, consistent=True)] = world.raw(name)
    return served


def anchor(world):
    return Anchor.root(world.raw("root"))


def stage(world, now=NOW):
    return RootTrusted.bootstrap(world.raw("root"), now=now, format=UNNUMBERED)


def up_to_snapshot(world, *, seen=None):
    first = stage(world)
    if seen is not None:
        first = recalling(first, seen)
    return first.accept_timestamp(world.raw("timestamp")).accept_snapshot(world.raw("snapshot"))


def test_files_are_asked_for_by_what_is_listed():
    world, log = World.create(), []

    refreshed(anchor(world), files(world), {}, log=log, format=UNNUMBERED)

    asked = [effect.path for effect in log if hasattr(effect, "path")]
    assert [path for path in files(world) if path != "1.root.json"] == asked[1:]


def test_a_snapshot_is_never_older_than_one_that_was_seen():
    old = World.create()
    new = old.at(timestamp=5, snapshot=3)
    replayed = old.at(timestamp=6, snapshot=2)

    with pytest.raises(RollbackError) as error:
        up_to_snapshot(replayed, seen=new)

    assert (SNAPSHOT, 3, 2) == (error.value.role, error.value.trusted, error.value.offered)


def test_a_snapshot_of_the_same_version_says_the_same():
    old = World.create()
    other = old.edited(TARGETS, version=2).sealed().at(timestamp=2)

    with pytest.raises(MismatchError, match="snapshot: expected version 1 as it was seen before"):
        up_to_snapshot(other, seen=old)


def test_a_snapshot_that_only_was_signed_again_is_the_same():
    old = World.create().with_keys(SNAPSHOT, "snapshot", "another").signed_by(SNAPSHOT, "snapshot")
    again = old.signed_by(SNAPSHOT, "another").stamped().edited("timestamp", version=2)

    assert old.raw(SNAPSHOT) != again.raw(SNAPSHOT)
    assert 1 == up_to_snapshot(again, seen=old.sealed()).snapshot.role.version


def test_what_became_of_a_role_is_not_for_the_snapshot_to_say():
    old = World.create().delegating(grant("x", "*"), x=targets_role("x"))
    new = old.but(delegated=FrozenMap()).next()

    assert {TARGETS} == set(up_to_snapshot(new, seen=old).snapshot.role.meta)


def test_a_snapshot_that_stops_to_say_a_version_takes_it_back():
    old, new = World.create(), World.create().next()
    first = recalling(RootTrusted.bootstrap(old.raw("root"), now=NOW, format=TUF_JSON), old)
    later = attrs.evolve(first, format=UNNUMBERED).accept_timestamp(new.raw("timestamp"))

    with pytest.raises(RollbackError) as error:
        later.accept_snapshot(new.raw(SNAPSHOT))

    assert (TARGETS, 1, None) == (error.value.role, error.value.trusted, error.value.offered)


# -- targets roles ----------------------------------------------------------------------


def test_a_targets_role_is_never_older_than_the_one_before():
    old, new = World.create(), World.create().at(targets=4)
    root = stage(old).root

    with pytest.raises(RollbackError) as error:
        up_to_snapshot(old).accept_delegated(
            old.raw(TARGETS), TARGETS, root, before=new.raw(TARGETS)
        )

    assert (TARGETS, 4, 1) == (error.value.role, error.value.trusted, error.value.offered)


@pytest.mark.parametrize("before", [None, b"junk"])
def test_without_one_before_or_with_a_damaged_one_there_is_no_floor(before):
    world = World.create()
    proof = up_to_snapshot(world).accept_delegated(
        world.raw(TARGETS), TARGETS, stage(world).root, before=before
    )

    assert 1 == proof.role.version


def test_one_before_that_nobody_vouches_for_any_more_is_no_floor():
    old = World.create().at(targets=4)
    new = World.create().with_keys(TARGETS, "somebody else").sealed()

    proof = up_to_snapshot(new).accept_delegated(
        new.raw(TARGETS), TARGETS, stage(new).root, before=old.raw(TARGETS)
    )

    assert 1 == proof.role.version


def test_where_versions_are_listed_the_one_before_is_not_looked_at():
    old, new = World.create(), World.create().at(targets=4)
    upper = old.trusted().snapshot

    assert (
        1
        == upper.accept_delegated(
            old.raw(TARGETS), TARGETS, upper.root.root, before=new.raw(TARGETS)
        ).role.version
    )


def test_a_client_does_not_go_back_behind_what_it_stored():
    """Who has the keys of snapshot and timestamp cannot bring back what targets said before."""
    old = World.create().next()
    new, store = old.next(), {}
    refreshed(anchor(old), files(new), store, format=UNNUMBERED)
    stolen = old.edited(SNAPSHOT, version=9).stamped().edited("timestamp", version=9)

    with pytest.raises(RollbackError) as error:
        refreshed(anchor(old), files(stolen), store, format=UNNUMBERED)

    assert TARGETS == error.value.role
    assert new.raw(TARGETS) == store["targets.json"]


def test_a_client_that_is_behind_another_process_refuses_nothing_for_that():
    """The role that the other stored is newer than what our snapshot lists, and no floor for us."""
    old = World.create().delegating(grant("x", "*"), x=targets_role("x")).next()
    new = old.next()
    ours: dict = {}
    trusted = refreshed(anchor(old), files(old), ours, format=UNNUMBERED)
    theirs = dict(ours)
    ahead = refreshed(anchor(old), files(new), theirs, format=UNNUMBERED)
    carried_out(find(ahead, "x", limits=Limits(), known={}), files(new), theirs)

    found = carried_out(find(trusted, "x", limits=Limits(), known={}), files(old), theirs)

    assert ("targets", "x") == found.via
    assert new.raw("x") == theirs["x.json"]


def test_a_later_version_or_the_same_thing_succeeds():
    one = verify(
        TUF_JSON.parse(type(World.create().targets), World.create().raw(TARGETS)),
        World.create().root.authority(TARGETS),
    )

    succeeding(one, one)


# -- what else formats may say ----------------------------------------------------------


def test_path_prefixes_cover_what_begins_with_them_slashes_and_stars_included():
    covers = PathPrefixes(("v1.", "a*")).covers

    assert [True, True, False, False] == list(map(covers, ["v1.0/x", "a*b", "ab", "v2"]))
    assert PathPrefixes(("",)).covers("anything/at all")
    assert not PathPrefixes(()).covers("anything")


@given(st.lists(st.text("ab", max_size=4)), st.text("abc", max_size=6))
def test_a_path_is_covered_if_it_begins_with_any_of_the_prefixes(prefixes, path):
    assert any(map(path.startswith, prefixes)) == PathPrefixes(tuple(prefixes)).covers(path)


def test_a_path_is_compared_with_few_of_very_many_prefixes():
    """A delegated signer may grant a million, and list as many paths for each to be tried."""

    class Counted(str):
        compared = 0
        __slots__ = ()
        __hash__ = str.__hash__

        def __lt__(self, other):
            Counted.compared += 1
            return str.__lt__(self, other)

        def __gt__(self, other):
            Counted.compared += 1
            return str.__gt__(self, other)

        def startswith(self, prefix, *more):
            Counted.compared += 1 if isinstance(prefix, str) else len(prefix)
            return super().startswith(prefix, *more)

    many = PathPrefixes(tuple(f"{number:04x}" for number in range(10_000)))

    assert many.covers(Counted("0abcd"))
    assert not many.covers(Counted("x"))
    assert Counted.compared < 40


def test_tuf_has_no_words_for_path_prefixes_or_for_a_file_without_a_version():
    lent = Delegation(name="x", keyids=keyids("x"), threshold=1, grant=PathPrefixes(("a",)))
    world = World.create()
    delegating = attrs.evolve(grant_of(lent), keys=keys("x"))

    with pytest.raises(ValueError, match="x: TUF has no prefixes of paths"):
        TUF_JSON.payload(attrs.evolve(world.targets, delegations=delegating))
    with pytest.raises(ValueError, match="has a version"):
        TUF_JSON.payload(attrs.evolve(world.timestamp, snapshot=MetaFile(version=None)))


def grant_of(lent):
    from core.worlds import grants

    return attrs.evolve(grants(), roles=(lent,))


class Choosy(Key):
    """A key that wants to see more of a signature than its value."""

    def accepts(self, signature, payload):
        return signature.keyid.startswith("good") and self.verifies(signature.value, payload)


def test_a_key_looks_at_the_whole_signature():
    world = World.create()
    document = TUF_JSON.parse(type(world.targets), world.raw(TARGETS))
    (given,) = document.signatures
    plain = world.root.keys[given.keyid]
    choosy = Choosy(keytype=plain.keytype, scheme=plain.scheme, keyval=plain.keyval)
    from trustlib.errors import ThresholdError
    from trustlib.roles import Authority

    for keyid in ("good", "bad"):
        signature = attrs.evolve(given, keyid=keyid)
        signed_so = attrs.evolve(document, signatures=(signature,))
        authority = Authority(FrozenMap({keyid: choosy}), 1)
        if keyid == "good":
            assert {"good"} == verify(signed_so, authority).signed_by
        else:
            with pytest.raises(ThresholdError):
                verify(signed_so, authority)


# -- an order of its own ----------------------------------------------------------------


class OwnOrder(TufJson):
    """Answers everything with what it was asked."""

    def refresh(self, anchor, *, now, limits, wanted=()):
        return ("refresh", anchor, now)
        yield

    def remembered(self, anchor, *, now, limits, at_most):
        return ("remembered", anchor, at_most)
        yield

    def find(self, trusted, path, *, limits, known):
        return ("find", path)
        yield

    def find_agreed(self, trusted, path, agreement, *, limits, known):
        return ("agreed", path)
        yield

    def paths(self, trusted, *, limits, known):
        return frozenset()
        yield


def test_a_format_may_have_an_order_of_its_own():
    assert isinstance(procedure_of(TUF_JSON), Tuf)
    assert isinstance(OwnOrder(), Procedure)
    own = OwnOrder()
    assert own is procedure_of(own)


def test_tuf_is_not_begun_with_another_formats_pin():
    class Pinned:
        identity = "0" * 64

    updater = Updater(anchor=Pinned(), transport=None, storage=MemoryStorage(), clock=lambda: NOW)

    with pytest.raises(TypeError, match="expected an Anchor"):
        updater.refresh()


def test_an_anchor_is_known_by_its_hash():
    one = Anchor.pinned(sha256="0" * 64)

    assert one.sha256 == one.identity
