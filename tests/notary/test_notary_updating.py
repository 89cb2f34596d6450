"""An update asks in the order that servers expect, and stores nothing before all is good."""

import attrs
import pytest
from client.servers import Waiting
from notary.collections_of import (
    APP,
    DAY,
    LATER,
    NAME,
    NOW,
    Collection,
    Served,
    certificate,
    client,
    described,
    ec_private,
    grant,
    pem_of,
    root_signer,
    signed,
    signer,
    with_pem,
)

from trustlib import (
    ExpiredError,
    Freshness,
    LimitError,
    Limits,
    MalformedError,
    MemoryStorage,
    MismatchError,
    NotFoundError,
    NoTrustDataError,
    Offline,
    RollbackError,
    StorageError,
    ThresholdError,
    TooLongError,
    TransportError,
    TrustError,
    Updater,
    WrongCollectionError,
)
from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from trustlib.anchors import Anchor
from trustlib.consensus import DisagreementError, RolesAgree
from trustlib.events import FloorsDropped, RootRotated
from trustlib.notary import RELEASES, CertificateError, TrustOnFirstUse
from trustlib.notary.starting import following

FACES = pytest.mark.parametrize("face", [Updater, Waiting], ids=["sync", "async"])
ALICE, BOB = signer("alice"), signer("bob")


def seen(collection, **more):
    """The store of a client that knows *collection*."""
    store = MemoryStorage()
    client(collection, anchor=more.pop("anchor", collection.pin), storage=store, **more).refresh()
    return store


def releasing(**tags):
    """A collection whose tags are signed by alice, in targets/releases."""
    base = Collection.create("old").delegating(grant(RELEASES, ALICE), by=(ALICE,))
    return base.with_role(RELEASES, ALICE, **tags)


def versions(trusted):
    return tuple(proof.role.version for proof in trusted.roles)


def refused(kind, files, *, anchor, storage, **more):
    """The error of a client, which leaves its store as it was."""
    before = dict(storage.files)
    with pytest.raises(kind) as error:
        client(files, anchor=anchor, storage=storage, **more).refresh()
    assert before == dict(storage.files)
    return error.value


# -- the order --------------------------------------------------------------------------


@FACES
def test_a_first_update_asks_for_the_root_and_then_down(face):
    collection = Collection.create()
    server = Served(collection.files())
    client(server, anchor=collection.pin, face=face).refresh()

    assert ["root", "timestamp", "snapshot", "targets"] == [a.split(".")[0] for a in server.asked]
    assert ["root.json", "timestamp.json"] == server.asked[:2]


@FACES
def test_nothing_new_costs_one_request(face):
    collection = Collection.create()
    store, server = seen(collection), Served(collection.files())

    client(server, anchor=collection.pin, storage=store, face=face).refresh()

    assert ["timestamp.json"] == server.asked


@pytest.mark.parametrize("role", [SNAPSHOT, TIMESTAMP, TARGETS])
def test_a_root_is_looked_for_when_a_key_changed(role):
    old = Collection.create()
    new = old.rotated(role, signer("another"))
    store, server = seen(old), Served(new.files())

    trusted = client(server, anchor=old.pin, storage=store).refresh()

    assert 2 == trusted.snapshot.root.root.role.version
    assert 1 == sum(path.startswith("root.") for path in server.asked)


def test_a_root_is_looked_for_when_the_snapshot_lists_another_one_and_by_its_hash():
    old = Collection.create()
    new = old.rotated(ROOT, root_signer("second"))
    server = Served(new.files())

    client(server, anchor=old.pin, storage=seen(old)).refresh()

    by_hash = APP.listed(ROOT, new.snapshot.meta[ROOT], consistent=False)
    assert by_hash in server.asked


def test_a_root_that_is_not_there_by_its_hash_is_asked_for_by_its_name():
    old = Collection.create()
    new = old.rotated(ROOT, root_signer("second"))
    files = new.files()
    del files[APP.listed(ROOT, new.snapshot.meta[ROOT], consistent=False)]

    assert (
        2
        == client(files, anchor=old.pin, storage=seen(old))
        .refresh()
        .snapshot.root.root.role.version
    )


@pytest.mark.parametrize("root", ["gone", "the same"])
def test_where_no_newer_root_is_to_be_had_the_first_error_stands(root):
    collection = Collection.create()
    files = collection.next().signed_by(TIMESTAMP, BOB).files()
    if root == "gone":
        del files["root.json"]

    error = refused(ThresholdError, files, anchor=collection.pin, storage=seen(collection))
    assert TIMESTAMP == error.role


def test_a_root_in_the_store_is_gone_to_although_what_led_there_is_lost():
    old = Collection.create()
    new = old.rotated(ROOT, root_signer("second"))
    store = seen(old)
    client(new, anchor=old.pin, storage=store).refresh()
    kept = MemoryStorage(store.files.excluding(following(1)))

    trusted = client(Offline(), anchor=old.pin, storage=kept, format=APP).refresh()
    assert 2 == trusted.snapshot.root.root.role.version


def test_an_expired_root_makes_a_client_look_for_the_next():
    old = Collection.create().edited(ROOT, expires=NOW + DAY).sealed()
    new = old.edited(ROOT, expires=LATER).at(root=2).next()

    trusted = client(new, anchor=old.pin, storage=seen(old), now=NOW + 2 * DAY).refresh()

    assert 2 == trusted.snapshot.root.root.role.version


# -- rotations --------------------------------------------------------------------------


def three_roots():
    """Each root key but the first signs one version with the one before it, and one alone."""
    one = Collection.create()
    two = one.rotated(ROOT, root_signer("second"))
    later = two.rotated(TIMESTAMP, signer("another"), by=(root_signer("second"),))
    three = later.rotated(ROOT, root_signer("third"))
    last = three.rotated(TIMESTAMP, signer("a third"), by=(root_signer("third"),))
    return one, two, later, three, last


def test_a_client_goes_by_every_root_in_between():
    one, *_, last = three_roots()
    told = []
    server = Served(last.files())
    store = seen(one)
    trusted = client(server, anchor=one.pin, storage=store, on_event=told.append).refresh()

    assert 5 == trusted.snapshot.root.root.role.version
    assert ["2.root.json", "3.root.json", "4.root.json"] == [
        a for a in server.asked if a[0].isdigit()
    ]
    assert [(1, 2), (2, 3), (3, 4), (4, 5)] == [
        (event.old, event.new) for event in told if isinstance(event, RootRotated)
    ]
    assert [3] == [event.root for event in told if isinstance(event, FloorsDropped)]
    again = Served(last.files())
    assert (
        5 == client(again, anchor=one.pin, storage=store).refresh().snapshot.root.root.role.version
    )
    assert ["timestamp.json"] == again.asked


@FACES
def test_a_client_that_never_was_there_goes_by_every_root_from_its_anchor(face):
    one, *_, last = three_roots()
    trusted = client(last, anchor=Anchor.root(one.raw(ROOT)), face=face).refresh()

    assert 5 == trusted.snapshot.root.root.role.version


def test_a_first_root_that_is_pinned_by_its_hash_is_fetched_by_its_number():
    one, *_, last = three_roots()
    server, store = Served(last.files()), MemoryStorage()
    anchor = Anchor.pinned(sha256=described(one.raw(ROOT)).hashes["sha256"])
    trusted = client(server, anchor=anchor, storage=store).refresh()

    assert "1.root.json" == server.asked[0]
    assert 5 == trusted.snapshot.root.root.role.version
    offline = client(Offline(), anchor=anchor, storage=store, format=APP).refresh()
    assert versions(trusted) == versions(offline)


def test_a_root_in_between_that_is_withheld_is_an_error_and_what_was_reached_is_kept():
    one, two, _, _, last = three_roots()
    files, store = last.files(), seen(one)
    del files["3.root.json"]

    with pytest.raises(NotFoundError, match=r"3\.root\.json: it leads from root 1 to root 5"):
        client(files, anchor=one.pin, storage=store).refresh()

    assert two.raw(ROOT) == store.files["root.json"]
    assert two.raw(ROOT) == store.files[following(1)]


def test_versions_may_jump_where_old_and_new_both_sign():
    old = Collection.create()
    new = old.rotated(ROOT, root_signer("second"), version=7)
    store, server = seen(old), Served({k: v for k, v in new.files().items() if not k[0].isdigit()})

    assert (
        7 == client(server, anchor=old.pin, storage=store).refresh().snapshot.root.root.role.version
    )
    assert 7 == client(new, anchor=old.pin, storage=store).refresh().snapshot.root.root.role.version
    further = new.rotated(TIMESTAMP, signer("another"), by=(root_signer("second"),))
    trusted = client(further, anchor=old.pin, storage=store).refresh()
    assert 8 == trusted.snapshot.root.root.role.version
    assert 8 == (
        client(Offline(), anchor=old.pin, storage=store, format=APP)
        .refresh()
        .snapshot.root.root.role.version
    )


@pytest.mark.parametrize("by", ["new", "old", "somebody"])
def test_a_root_that_not_both_signed_is_refused(by):
    old, second = Collection.create(), root_signer("second")
    signing = {"new": (second,), "old": old.by[ROOT], "somebody": (root_signer("third"),)}[by]
    new = old.rotated(ROOT, second, by=signing)

    error = refused(ThresholdError, new.files(), anchor=old.pin, storage=seen(old))
    assert ROOT == error.role


def test_too_many_roots_are_refused_before_one_is_fetched():
    old = Collection.create()
    far = old.rotated(ROOT, root_signer("second"), version=400, by=(root_signer("second"),))
    server = Served(far.files())

    refused(LimitError, server, anchor=old.pin, storage=seen(old))
    assert [] == [path for path in server.asked if path[0].isdigit()]


def test_an_older_root_is_a_rollback():
    old = Collection.create()
    new = old.rotated(SNAPSHOT, signer("another"))

    error = refused(TrustError, old.files(), anchor=old.pin, storage=seen(new, anchor=old.pin))
    assert ROOT == error.role or isinstance(error, RollbackError)


def test_another_root_of_the_same_version_is_refused():
    old = Collection.create().rotated(SNAPSHOT, signer("another"))
    first = Collection.create()
    other = first.rotated(SNAPSHOT, signer("a third")).next()

    error = refused(
        MismatchError, other.files(), anchor=first.pin, storage=seen(old, anchor=first.pin)
    )
    assert (ROOT, "version 2 as it was seen before, sha256") == (error.role, error.what)


def test_a_root_for_another_collection_is_not_the_next_one():
    """One key may serve many collections; its certificates say which."""
    old = Collection.create()
    shared = with_pem(
        ec_private("root"), pem_of(certificate(ec_private("root"), "docker.io/acme/evil"))
    )
    new = old.rotated(ROOT, shared)

    error = refused(CertificateError, new.files(), anchor=old.pin, storage=seen(old))
    assert "is for 'docker.io/acme/evil'" in str(error)


def test_a_stolen_key_that_was_replaced_binds_no_version():
    old = Collection.create()
    inflated = old.edited(SNAPSHOT, version=900).stamped().edited(TIMESTAMP, version=900)
    store = seen(inflated, anchor=old.pin)
    new = old.rotated(SNAPSHOT, signer("another"))

    assert (2, 2, 2, 1) == versions(client(new, anchor=old.pin, storage=store).refresh())


# -- what a server may answer -----------------------------------------------------------


def answers():
    """Bad answers of a server that had version 2 of everything: what, the error, about which role."""
    base = Collection.create()
    good = base.tagged("v2", "new")
    later = good.tagged("v3", "newer")
    listed = {
        name: APP.listed(name, file, consistent=False) for name, file in later.snapshot.meta.items()
    }
    at_snapshot = APP.listed(SNAPSHOT, later.timestamp.snapshot, consistent=False)

    def but(**files):
        return {**later.files(), **files}

    expired = {"expires": NOW}
    return good, [
        (
            "timestamp 404",
            {k: v for k, v in later.files().items() if k != "timestamp.json"},
            NoTrustDataError,
        ),
        (
            "timestamp 500",
            but(**{"timestamp.json": TransportError("timestamp.json", "500")}),
            TransportError,
        ),
        ("timestamp junk", but(**{"timestamp.json": b"<html>"}), MalformedError),
        ("timestamp too long", but(**{"timestamp.json": b" " * 20_000}), TooLongError),
        (
            "snapshot 404",
            {k: v for k, v in later.files().items() if k != at_snapshot},
            NotFoundError,
        ),
        (
            "snapshot other bytes",
            but(**{at_snapshot: later.raw(SNAPSHOT).replace(b"e", b"f", 1)}),
            MismatchError,
        ),
        ("snapshot too long", but(**{at_snapshot: later.raw(SNAPSHOT) + b" "}), TooLongError),
        (
            "targets 404",
            {k: v for k, v in later.files().items() if k != listed[TARGETS]},
            NotFoundError,
        ),
        ("targets other bytes", but(**{listed[TARGETS]: good.raw(TARGETS)}), MismatchError),
        ("targets too long", but(**{listed[TARGETS]: later.raw(TARGETS) + b" "}), TooLongError),
        ("timestamp expired", later.edited(TIMESTAMP, **expired).files(), ExpiredError),
        ("snapshot expired", later.edited(SNAPSHOT, **expired).stamped().files(), ExpiredError),
        ("targets expired", later.edited(TARGETS, **expired).sealed().files(), ExpiredError),
        ("timestamp by another", later.signed_by(TIMESTAMP, BOB).files(), ThresholdError),
        ("snapshot by another", later.signed_by(SNAPSHOT, BOB).stamped().files(), ThresholdError),
        ("targets by another", later.signed_by(TARGETS, BOB).sealed().files(), ThresholdError),
        ("everything older", base.files(), RollbackError),
        ("snapshot older", base.edited(TIMESTAMP, version=9).files(), RollbackError),
        (
            "targets older",
            base.edited(SNAPSHOT, version=9).stamped().edited(TIMESTAMP, version=9).files(),
            RollbackError,
        ),
        (
            "targets of the same version",
            good.edited(TARGETS, targets=base.targets.targets).next().files(),
            MismatchError,
        ),
        (
            "snapshot of the same version",
            good.edited(SNAPSHOT, expires=LATER - DAY)
            .stamped()
            .edited(TIMESTAMP, version=9)
            .files(),
            MismatchError,
        ),
        ("not reached", None, TransportError),
    ]


GOOD, BAD = answers()


@FACES
@pytest.mark.parametrize(("files", "kind"), [(f, k) for _, f, k in BAD], ids=[n for n, _, _ in BAD])
def test_a_bad_answer_is_its_error_and_the_store_is_as_it_was(files, kind, face):
    refused(kind, Served(files), anchor=GOOD.pin, storage=seen(GOOD), face=face)


@pytest.mark.parametrize(
    ("files", "kind"), [(f, k) for n, f, k in BAD if "older" not in n and "same" not in n]
)
def test_a_bad_answer_to_a_new_client_leaves_an_empty_store(files, kind):
    refused(TrustError, Served(files), anchor=TrustOnFirstUse(), storage=MemoryStorage())


def test_a_root_that_expired_is_an_error_and_kept_where_it_took_over():
    expired = GOOD.edited(ROOT, version=2, expires=NOW).next()
    store = seen(GOOD)
    with pytest.raises(ExpiredError) as error:
        client(expired, anchor=GOOD.pin, storage=store).refresh()

    assert ROOT == error.value.role
    assert expired.raw(ROOT) == store.files["root.json"]
    assert seen(GOOD).files["timestamp.json"] == store.files["timestamp.json"]
    refused(
        ExpiredError, Served(expired.files()), anchor=TrustOnFirstUse(), storage=MemoryStorage()
    )


def test_an_equal_timestamp_that_says_something_else_is_not_followed():
    old = Collection.create()
    other = old.tagged("v2", "new").edited(TIMESTAMP, version=1)
    store = seen(old)

    assert (1, 1, 1, 1) == versions(client(other, anchor=old.pin, storage=store).refresh())


def test_what_is_stored_may_answer_for_a_server_that_is_out_of_reach():
    policy = Freshness(fallback=DAY)
    found = client(None, anchor=GOOD.pin, storage=seen(GOOD), policy=policy, format=APP).find("v2")

    assert "v2" == found.path
    with pytest.raises(ExpiredError):
        client(
            GOOD.edited(TIMESTAMP, version=3, expires=NOW),
            anchor=GOOD.pin,
            storage=seen(GOOD),
            policy=policy,
        ).find("v2")


@pytest.mark.parametrize(
    "damaged", ["root.json", "timestamp.json", "snapshot.json", "targets.json"]
)
def test_a_damaged_store_is_mended_by_the_server(damaged):
    store = MemoryStorage({**seen(GOOD).files, damaged: b"junk"})

    trusted = client(GOOD, anchor=GOOD.pin, storage=store).refresh()

    assert versions(trusted) == (1, 2, 2, 2)
    assert seen(GOOD).files[damaged] == store.files[damaged]


@pytest.mark.parametrize(
    "lost", ["timestamp.json", "snapshot.json", "targets.json", ".trustlib/clock"]
)
def test_offline_wants_a_complete_update(lost):
    store = MemoryStorage(seen(GOOD).files.excluding(lost))

    refused(TransportError, Offline(), anchor=GOOD.pin, storage=store, format=APP)


def test_offline_refuses_what_a_server_would_be_refused():
    store = seen(GOOD)
    for changed, kind in [
        ({"targets.json": Collection.create().raw(TARGETS)}, TransportError),
        ({"timestamp.json": GOOD.signed_by(TIMESTAMP, BOB).raw(TIMESTAMP)}, ThresholdError),
        ({"snapshot.json": b"junk"}, TransportError),
    ]:
        files = MemoryStorage({**store.files, **changed})
        refused(kind, Offline(), anchor=GOOD.pin, storage=files, format=APP)
    refused(ExpiredError, Offline(), anchor=GOOD.pin, storage=store, format=APP, now=LATER)
    refused(
        TransportError, Offline(DAY), anchor=GOOD.pin, storage=store, format=APP, now=NOW + 2 * DAY
    )
    other = Collection.create(root=root_signer("other"))
    refused(TransportError, Offline(), anchor=other.pin, storage=store, format=APP)


def test_a_snapshot_that_lists_another_root_is_a_part_of_an_update():
    new = GOOD.rotated(TIMESTAMP, signer("another"))
    store = seen(GOOD)
    mixed = MemoryStorage({**store.files, following(1): new.raw(ROOT), "root.json": new.raw(ROOT)})

    refused(TrustError, Offline(), anchor=GOOD.pin, storage=mixed, format=APP)


# -- delegated roles --------------------------------------------------------------------


def test_the_word_of_releases_comes_first():
    collection = releasing(old="new", v2="two")
    updater = client(collection, anchor=collection.pin)

    assert (TARGETS, RELEASES) == updater.find("old").via
    assert Collection.create("old").targets.targets["old"] != updater.find("old").target
    assert (TARGETS, RELEASES) == updater.find("v2").via
    assert NAME == updater.find("v2").collection
    with pytest.raises(NotFoundError, match="no role vouches for it"):
        updater.find("v3")


def test_the_explanation_names_both_roles_and_what_was_compared():
    collection = releasing(v2="two")
    told = str(client(collection, anchor=collection.pin).find("v2").explain())

    assert "targets/releases 1" in told
    assert "length, sha256, sha512 as in snapshot" in told
    assert "version, " not in told


def test_what_releases_does_not_list_targets_may():
    collection = releasing(v2="two")

    assert (TARGETS,) == client(collection, anchor=collection.pin).find("old").via


def test_nobody_else_has_a_say_about_a_tag():
    base = Collection.create("v1").delegating(grant("targets/alice", ALICE), by=(ALICE,))
    collection = base.with_role("targets/alice", ALICE, v2="two")

    with pytest.raises(NotFoundError):
        client(collection, anchor=base.pin).find("v2")


def test_releases_speaks_for_what_was_granted_to_it():
    base = Collection.create("v1", "w1").delegating(
        grant(RELEASES, ALICE, paths=("v",)), by=(ALICE,)
    )
    collection = base.with_role(RELEASES, ALICE, v1="new", w1="new")
    updater = client(collection, anchor=base.pin)

    assert [(TARGETS, RELEASES), (TARGETS,)] == [updater.find(tag).via for tag in ("v1", "w1")]


def test_a_role_that_nobody_has_signed_yet_says_nothing():
    collection = Collection.create("v1").delegating(grant(RELEASES, ALICE), by=(ALICE,))

    assert (TARGETS,) == client(collection, anchor=collection.pin).find("v1").via


def test_a_role_that_nobody_can_sign_any_more_says_nothing():
    collection = (
        releasing(old="new")
        .edited(
            TARGETS,
            delegations=attrs.evolve(releasing().targets.delegations, roles=(grant(RELEASES),)),
        )
        .next(TARGETS)
    )

    assert (TARGETS,) == client(collection, anchor=collection.pin).find("old").via


def test_tags_are_listed_though_signers_have_said_nothing_or_may_not_be_believed():
    """Docker's signers begin without a file, and stay without keys; pulls ask neither."""
    silent, gone, spoilt = "targets/bob", "targets/carol", "targets/dave"
    collection = (
        releasing(old="new", v2="two")
        .delegating(grant(silent, BOB), grant(gone), grant(spoilt, BOB), by=(BOB,))
        .with_role(gone, ALICE, v3="three")
        .with_role(spoilt, ALICE, v4="four")
    )
    updater = client(collection, anchor=collection.pin)

    listed = {one.reference.tag: one.digest for one in updater.tags()}
    assert {tag: updater.resolve(f"{NAME}:{tag}").digest for tag in ("old", "v2")} == listed
    nobody = Collection.create("v1").delegating(grant(RELEASES, ALICE), by=(ALICE,))
    assert ["v1"] == [one.reference.tag for one in client(nobody, anchor=nobody.pin).tags()]


def test_signers_agree_on_what_a_pull_would_get_whatever_order_they_are_in():
    """What they say against targets/releases, and what nobody else says, is no tag."""
    carol, both = signer("carol"), RolesAgree(roles=("targets/carol", "targets/bob"), threshold=2)
    collection = (
        Collection.create("old")
        .delegating(grant("targets/silent", ALICE), grant("targets/gone"), by=(ALICE,))
        .delegating(grant("targets/carol", carol), grant("targets/bob", BOB), by=(carol, BOB))
        .delegating(grant(RELEASES, ALICE), by=(ALICE,))
        .with_role("targets/gone", ALICE, old="gone")
        .with_role(RELEASES, ALICE, old="new", v2="two")
        .with_role("targets/carol", carol, old="new", v2="three", v3="three")
        .with_role("targets/bob", BOB, old="new", v2="three", v3="three")
    )
    updater = client(collection, anchor=collection.pin)

    assert updater.find("old").target.hashes == updater.find_agreed("old", both).target.hashes
    with pytest.raises(DisagreementError, match=f"the word of {RELEASES} comes before"):
        updater.find_agreed("v2", both)
    with pytest.raises(NotFoundError):
        updater.find_agreed("v3", both)
    brief = collection.edited(RELEASES, expires=NOW + DAY, version=2).next()
    updater = client(brief, anchor=brief.pin)
    assert NOW + DAY == updater.find_agreed("old", both).valid_until


def releases_bad():
    good = releasing(old="new", v2="two").next()
    newer = good.tagged("v3", "three", role=RELEASES)
    path = APP.listed(RELEASES, newer.snapshot.meta[RELEASES], consistent=False)
    hidden = FrozenMap({k: v for k, v in newer.snapshot.meta.items() if k != RELEASES})
    older = newer.edited(RELEASES, version=1, targets=FrozenMap())
    return newer, [
        ("withheld", {k: v for k, v in newer.next().files().items() if k != path}, NotFoundError),
        ("expired", newer.edited(RELEASES, version=3, expires=NOW).next().files(), ExpiredError),
        (
            "signed by another",
            newer.signed_by(RELEASES, BOB).next(RELEASES).files(),
            ThresholdError,
        ),
        ("older", older.next().files(), RollbackError),
        ("same version", newer.edited(RELEASES, targets=FrozenMap()).next().files(), MismatchError),
        (
            "no longer listed",
            newer.edited(SNAPSHOT, version=9, meta=hidden)
            .stamped()
            .edited(TIMESTAMP, version=9)
            .files(),
            RollbackError,
        ),
    ]


NEWER, SPOILT = releases_bad()


@FACES
@pytest.mark.parametrize(
    ("files", "kind"),
    [(f, k) for n, f, k in SPOILT if n != "withheld"],
    ids=[n for n, _, _ in SPOILT if n != "withheld"],
)
def test_a_spoilt_releases_is_an_error_and_nothing_to_fall_back_from(files, kind, face):
    """Whoever has the server's keys would choose an older digest otherwise."""
    store = MemoryStorage()
    client(NEWER, anchor=NEWER.pin, storage=store).find("old")
    before = store.files[APP.stored(RELEASES)]

    with pytest.raises(kind) as error:
        client(files, anchor=NEWER.pin, storage=store, face=face).find("old")

    assert RELEASES == error.value.role
    assert before == store.files[APP.stored(RELEASES)]


def hidden(collection):
    """What somebody with the keys of the server serves who hides targets/releases."""
    left = FrozenMap({k: v for k, v in collection.snapshot.meta.items() if k != RELEASES})
    return collection.next().edited(SNAPSHOT, meta=left).stamped()


def test_a_releases_that_was_listed_and_is_not_is_an_error_although_it_was_never_read():
    store = seen(NEWER)

    error = refused(MismatchError, hidden(NEWER).files(), anchor=NEWER.pin, storage=store)
    assert (SNAPSHOT, RELEASES) == (error.role, error.expected)
    client(NEWER, anchor=NEWER.pin, storage=store).find("old")
    assert (
        RELEASES
        == refused(RollbackError, hidden(NEWER).files(), anchor=NEWER.pin, storage=store).role
    )


def test_a_releases_that_nobody_can_sign_may_vanish():
    nobody = attrs.evolve(NEWER.targets.delegations, roles=(grant(RELEASES),))
    empty = hidden(NEWER.edited(TARGETS, delegations=nobody).next(TARGETS))

    assert client(empty, anchor=NEWER.pin, storage=seen(NEWER)).refresh()


def test_a_releases_that_vanished_is_missed_where_it_was_read_before():
    """The snapshot in between did not list it either: the store's own copy does."""
    store = MemoryStorage()
    client(NEWER, anchor=NEWER.pin, storage=store).find("old")
    files = {**store.files, "snapshot.json": hidden(NEWER).raw(SNAPSHOT)}
    without = MemoryStorage({k: v for k, v in files.items() if k != "timestamp.json"})

    with pytest.raises(RollbackError) as error:
        client(hidden(NEWER), anchor=NEWER.pin, storage=without).find("old")
    assert RELEASES == error.value.role


def test_a_releases_that_is_withheld_is_an_error():
    files = SPOILT[0][1]

    with pytest.raises(NotFoundError, match="may be withheld"):
        client(files, anchor=NEWER.pin).find("old")


def test_a_delegation_that_was_removed_is_gone():
    store = MemoryStorage()
    client(NEWER, anchor=NEWER.pin, storage=store).find("old")
    nobody = attrs.evolve(NEWER.targets.delegations, roles=())
    removed = NEWER.but(delegated=FrozenMap()).edited(TARGETS, delegations=nobody).next(TARGETS)

    assert (TARGETS,) == client(removed, anchor=NEWER.pin, storage=store).find("old").via


def test_a_client_that_is_behind_another_process_is_not_told_of_a_rollback():
    before = Collection.create("old").delegating(grant(RELEASES, ALICE), by=(ALICE,))
    after = before.with_role(RELEASES, ALICE, old="new")
    store = MemoryStorage()
    ours = client(before, anchor=before.pin, storage=store)
    ours.refresh()
    client(after, anchor=before.pin, storage=store).find("old")

    assert (TARGETS,) == ours.find("old").via


def test_roles_that_were_looked_at_are_not_fetched_again_and_expire_all_the_same():
    clock = [NOW]
    collection = (
        releasing(v2="two", v3="three").edited(RELEASES, expires=NOW + DAY / 24 / 30).next()
    )
    server = Served(collection.files())
    updater = client(server, anchor=collection.pin)
    updater = Updater(
        anchor=collection.pin,
        transport=server,
        storage=MemoryStorage(),
        format=APP,
        names=APP.names,
        clock=lambda: clock[0],
    )
    updater.find("v2")
    asked = len(server.asked)
    updater.find("v3")
    assert asked == len(server.asked)
    clock[0] = NOW + DAY / 24 / 29
    with pytest.raises(ExpiredError) as error:
        updater.find("v3")
    assert RELEASES == error.value.role


# -- names ------------------------------------------------------------------------------


def test_a_tag_is_resolved_to_a_digest_of_its_collection():
    collection = releasing(v2="two")
    binding = client(collection, anchor=collection.pin).resolve("acme/app:v2")

    assert (NAME, NOW + 300 * DAY) == (binding.collection, binding.valid_until)
    assert binding.pinned.startswith("acme/app@sha256:")
    with pytest.raises(NotFoundError, match="speaks for the repository"):
        client(collection, anchor=collection.pin).resolve("acme/other:v2")


def test_names_of_another_collection_are_refused():
    from trustlib import PerRepository

    collection = Collection.create()
    updater = client(collection, anchor=collection.pin)
    updater = Updater(
        anchor=collection.pin,
        transport=Served(collection.files()),
        storage=MemoryStorage(),
        format=APP,
        names=PerRepository("docker.io/acme/other"),
        clock=lambda: NOW,
    )

    with pytest.raises(WrongCollectionError):
        updater.resolve("acme/other:v1")


def test_a_client_of_one_collection_refuses_another_with_the_same_keys():
    other = Collection.create(name="docker.io/acme/other")
    pin = Anchor.root(other.raw(ROOT))

    refused(CertificateError, other.files(), anchor=pin, storage=MemoryStorage(), format=APP)


# -- several processes, and crashes -----------------------------------------------------


class Racing(MemoryStorage):
    """A store into which somebody else writes first."""

    def __init__(self, files, theirs):
        super().__init__(files)
        self.theirs = theirs

    def save(self, name, data, *, replacing):
        if self.theirs:
            for other, raw in self.theirs.items():
                super().save(other, raw, replacing=self.load(other))
            self.theirs = None
        return super().save(name, data, replacing=replacing)


def test_an_update_that_another_process_overtook_begins_again():
    one = Collection.create()
    two, three = one.tagged("v2", "two"), one.tagged("v2", "two").tagged("v3", "three")
    store = Racing(seen(one).files, dict(seen(three, anchor=one.pin).files))

    refused_or = client(three, anchor=one.pin, storage=store).refresh()

    assert (1, 3, 3, 3) == versions(refused_or)
    with pytest.raises(RollbackError):
        client(
            two,
            anchor=one.pin,
            storage=Racing(seen(one).files, dict(seen(three, anchor=one.pin).files)),
        ).refresh()


def test_a_store_that_never_stands_still_is_a_conflict():
    class Restless(MemoryStorage):
        def save(self, name, data, *, replacing):
            return False

    with pytest.raises(StorageError):
        client(Collection.create(), anchor=Collection.create().pin, storage=Restless()).refresh()


def test_more_roles_than_allowed_are_an_error_before_they_are_all_fetched():
    from trustlib.notary import inspect

    names = [f"targets/a{number}" for number in range(5)]
    collection = Collection.create().delegating(
        *(grant(name, ALICE) for name in names), by=(ALICE,)
    )
    for name in names:
        collection = collection.with_role(name, ALICE)
    updater = client(collection, anchor=collection.pin, limits=Limits(delegations=3))

    with pytest.raises(LimitError):
        inspect(updater)


def test_signed_is_what_a_collection_writes():
    collection = Collection.create()

    assert signed(collection.targets, *collection.by[TARGETS]) != b""
