"""Who knows the old root alone comes to the new one, and nobody is led elsewhere."""

import hashlib

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop.peers import Shown
from notary.collections_of import (
    DAY,
    LATER,
    NAME,
    NOW,
    REPOSITORIES,
    Collection,
    certificate,
    client,
    ec_private,
    pem_of,
    rsa_private,
    with_pem,
)
from notary.moving_home import (
    at,
    empty,
    first_pin,
    gun,
    left,
    moved,
    old_roots,
    published,
    signed,
    signer,
)

from trustlib import (
    BY_HAND,
    Anchor,
    ExpiredError,
    FrozenMap,
    MalformedError,
    MemoryStorage,
    MismatchError,
    NoTrustDataError,
    Repository,
    RollbackError,
    SigningPlan,
    ThresholdError,
    TrustError,
    Updater,
    WrongCollectionError,
)
from trustlib._types import ROOT
from trustlib.keys import Signature
from trustlib.notary import (
    SUCCEEDS,
    BridgeError,
    CertificateError,
    PinError,
    Succession,
    TrustOnFirstUse,
    TrustPinning,
    UnpinnedError,
    bridge,
    bridge_signatures,
    departing,
    find_bridge,
    migrate,
    successions,
)
from trustlib.notary.bridges import taking_over
from trustlib.notary.keys import NotarySigner
from trustlib.roles import Root
from trustlib.wire import TUF_JSON

OTHER = "docker.io/acme/db"
ORG = "docker.io/acme"
SHARED = ec_private("shared root")


def root_of(name, private=SHARED, **more):
    return with_pem(private, pem_of(certificate(private, name, **more)))


def old(name=NAME, private=SHARED, **more):
    return Collection.create("v1", name=name, root=root_of(name, private, **more))


def raw(collection):
    return collection.raw(ROOT)


def departed(collection, *, now=NOW):
    return departing(client(collection, anchor=Anchor.root(raw(collection)), now=now))


def bridged(*collections, into=None, keys=(SHARED,), now=NOW):
    """*collections* moved to one of an organisation, each signed for by *keys*."""
    migration = migrate(into or empty(ORG), *map(departed, collections))
    return signed(migration, old=[NotarySigner.of(one) for one in keys], now=now)


def crossed(new, collection, **changes):
    asked = {
        "anchor": Anchor.root(raw(collection)),
        "collection": collection.format.name,
        "roots": (raw(collection),),
        "successor": ORG,
        "now": NOW + DAY,
        **changes,
    }
    return bridge(new, **asked)


def forged(root, *by, said=None, keyids=()):
    """A new root that says what it likes, signed by its own key and by *by*."""
    role = root if said is None else attrs.evolve(root, extra=FrozenMap({SUCCEEDS: said}))
    payload = TUF_JSON.payload(role)
    made = [signer("root").sign(payload)]
    for one, keyid in zip(by, keyids, strict=True):
        made.append(Signature(keyid, NotarySigner.of(one).sign(payload).value))
    return TUF_JSON.render(role, tuple(made))


def new_root(name=ORG):
    return attrs.evolve(empty(name).root, version=1, expires=LATER)


def said(collection, **changes):
    value = {
        "collection": collection.format.name,
        "version": collection.root.version,
        "sha256": hashlib.sha256(raw(collection)).hexdigest(),
        **changes,
    }
    return FrozenMap(value)


def keyid_of(collection):
    return collection.root.roles[ROOT].keyids[0]


# -- across -----------------------------------------------------------------------------


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_who_knows_the_first_certificate_alone_comes_to_the_new_collection(repository):
    new = moved(repository)

    anchor = bridge(
        new.root,
        anchor=first_pin(repository),
        collection=gun(repository),
        roots=old_roots(repository),
        successor=gun(repository),
        now=at(repository),
    )

    answers = {one.tag: one.target.hashes["sha256"] for one in left(repository).answers}
    assert answers
    updater = new.client(anchor)
    for tag, sha256 in answers.items():
        assert sha256 == updater.resolve(f"{gun(repository)}:{tag}").digest.hex


def test_a_bridge_is_found_among_the_roots_of_a_collection_that_grew():
    app, db = old(), old(OTHER)
    first = bridged(app)
    storage = MemoryStorage(first.files)
    before = Repository.open(storage, anchor=Anchor.root(first.root))
    migration = migrate(before, departed(db))
    second = signed(migration, old=[NotarySigner.of(SHARED)], now=NOW + DAY, storage=storage)

    for collection, expected in ((app, first.root), (db, second.root)):
        found = find_bridge(
            Shown(published(storage)),
            anchor=Anchor.root(raw(collection)),
            collection=collection.format.name,
            roots=(raw(collection),),
            successor=ORG,
            now=NOW,
        )
        assert Anchor.root(expected) == found
        updater = Updater(
            anchor=found,
            transport=Shown(published(storage)),
            storage=MemoryStorage(),
            clock=lambda: NOW + 2 * DAY,
        )
        assert updater.resolve(f"{collection.format.name}:v1").digest
    assert {NAME, OTHER} == {one.collection for one in successions(second.root)}


def test_what_is_wrong_with_the_root_that_names_the_collection_is_told():
    app, db = old(), old(OTHER)
    files = bridged(app).files
    asked = {"roots": (), "successor": ORG, "now": NOW}
    other = forged(new_root(), said=(said(db),))

    with pytest.raises(BridgeError):
        find_bridge(Shown(files), anchor=Anchor.root(raw(db)), collection=OTHER, **asked)
    with pytest.raises(ThresholdError):
        find_bridge(
            Shown({"1.root.json": other, "2.root.json": bridged(app).root}),
            anchor=Anchor.root(raw(db)),
            collection=OTHER,
            **asked,
        )
    with pytest.raises(NoTrustDataError):
        find_bridge(Shown({}), anchor=Anchor.root(raw(db)), collection=OTHER, **asked)


def test_every_kind_of_trust_is_one_to_come_from():
    authority = certificate(ec_private("ca"), "Acme authority", ca=True)
    private = ec_private("issued root")
    leaf = certificate(private, NAME, issuer=(authority, ec_private("ca")))
    collection = Collection.create("v1", root=with_pem(private, pem_of(leaf)))
    new = bridged(collection, keys=(private,)).root
    digest = hashlib.sha256(raw(collection)).hexdigest()

    for anchor in (
        Anchor.root(raw(collection)),
        Anchor.pinned(sha256=digest),
        collection.pin,
        TrustPinning(authorities={"docker.io/acme/": pem_of(authority)}),
    ):
        assert Anchor.root(new) == crossed(new, collection, anchor=anchor)
    assert Anchor.root(new) == crossed(new, collection, roots=())


def test_rsa_and_p521_roots_lead_across_too():
    from cryptography.hazmat.primitives.asymmetric import ec

    for private in (rsa_private("root"), ec_private("large", ec.SECP521R1)):
        collection = old(private=private)

        new = bridged(collection, keys=(private,)).root

        assert Anchor.root(new) == crossed(new, collection)


def test_the_way_goes_over_every_old_root():
    by = [root_of(NAME, ec_private(name)) for name in ("second", "third")]
    first = old()
    second = first.rotated(ROOT, by[0])
    third = second.rotated(ROOT, by[1], by=tuple(by))
    new = bridged(third, keys=(ec_private("third"),)).root
    roots = tuple(map(raw, (first, second, third)))

    assert crossed(new, third, anchor=Anchor.root(roots[0]), roots=roots)
    with pytest.raises(ThresholdError):  # nobody who is known vouches for the third
        crossed(new, third, anchor=Anchor.root(roots[0]), roots=(roots[2],))
    assert crossed(new, third, anchor=Anchor.root(roots[1]), roots=roots)  # older ones are no harm


# -- elsewhere --------------------------------------------------------------------------


def test_the_bridge_of_one_is_none_for_another_that_shares_the_key():
    app, db = old(), old(OTHER)
    new = bridged(app).root

    with pytest.raises(BridgeError):
        crossed(new, db)
    # The thief of the file calls the signature by the other's name for the same key.
    renamed = new.replace(keyid_of(app).encode(), keyid_of(db).encode())
    with pytest.raises(BridgeError) as error:
        crossed(renamed, db)

    assert (OTHER, (NAME,)) == (error.value.collection, error.value.named)


def test_an_older_bridge_is_none_once_a_newer_old_root_is_known():
    first = old()
    second = first.rotated(ROOT, root_of(NAME, ec_private("second")))
    stolen = bridged(first).root

    assert crossed(stolen, first)
    with pytest.raises(ThresholdError):  # the first key is not the second root's
        crossed(stolen, second, anchor=Anchor.root(raw(first)))
    again = first.rotated("snapshot", *first.by["targets"])  # the key stayed, the root is newer
    with pytest.raises(RollbackError) as error:
        crossed(bridged(first).root, again, anchor=Anchor.root(raw(first)))
    assert (2, 1) == (error.value.trusted, error.value.offered)


def test_a_bridge_from_a_root_that_nobody_knows_is_none():
    app = old()

    for changes in ({"version": 9}, {"sha256": "0" * 64}):
        new = forged(new_root(), SHARED, said=(said(app, **changes),), keyids=(keyid_of(app),))
        with pytest.raises(MismatchError, match="to take over from"):
            crossed(new, app)


def test_a_second_bridge_leads_nowhere_but_to_the_name_that_was_asked_for():
    app = old()
    elsewhere = forged(new_root("evil.example"), SHARED, said=(said(app),), keyids=(keyid_of(app),))

    with pytest.raises(WrongCollectionError):
        crossed(elsewhere, app)


def test_a_root_that_the_old_key_did_not_sign_is_none():
    app = old()

    with pytest.raises(ThresholdError):
        crossed(forged(new_root(), said=(said(app),)), app)
    with pytest.raises(ThresholdError):
        new = forged(new_root(), ec_private("x"), said=(said(app),), keyids=(keyid_of(app),))
        crossed(new, app)


def test_a_root_that_its_own_keys_did_not_sign_is_none():
    app = old()
    role = attrs.evolve(new_root(), extra=FrozenMap({SUCCEEDS: (said(app),)}))
    payload = TUF_JSON.payload(role)
    value = NotarySigner.of(SHARED).sign(payload).value

    with pytest.raises(ThresholdError):
        crossed(TUF_JSON.render(role, (Signature(keyid_of(app), value),)), app)


def test_a_root_that_says_nothing_is_none():
    app = old()

    with pytest.raises(BridgeError, match="takes over from nothing"):
        crossed(forged(new_root(), SHARED, keyids=(keyid_of(app),)), app)


def test_two_keys_are_needed_where_the_old_root_says_so():
    one, two = (root_of(NAME, ec_private(name)) for name in ("one", "two"))
    collection = Collection.create("v1", root=one)
    root = attrs.evolve(
        collection.root,
        keys=collection.root.keys.including({two.key.id: two.key}),
        roles=collection.root.roles.including(
            {
                ROOT: attrs.evolve(
                    collection.root.roles[ROOT], keyids=(one.key.id, two.key.id), threshold=2
                )
            }
        ),
    )
    collection = collection.but(root=root).signed_by(ROOT, one, two).sealed()

    with pytest.raises(ThresholdError):
        bridged(collection, keys=(ec_private("one"),))
    new = bridged(collection, keys=(ec_private("one"), ec_private("two"))).root
    assert crossed(new, collection)


def test_there_is_nothing_to_come_from_but_what_was_known():
    app = old()
    new = bridged(app).root
    somebody = Collection.create("v1", root=root_of(NAME, ec_private("somebody")))

    for anchor in (TrustOnFirstUse(), TrustPinning(otherwise=TrustOnFirstUse()), TrustPinning()):
        with pytest.raises(UnpinnedError):
            crossed(new, app, anchor=anchor)
    with pytest.raises(PinError):
        crossed(new, app, anchor=somebody.pin)
    with pytest.raises(NoTrustDataError, match="is not among"):
        crossed(new, app, anchor=Anchor.pinned(sha256="0" * 64))
    with pytest.raises(MismatchError):  # two roots of one version: one is somebody else's
        crossed(new, app, roots=(raw(app.edited(ROOT, expires=LATER + DAY)),))


def test_an_old_root_that_is_over_vouches_for_nothing():
    app = old(ends=NOW + 30 * DAY)
    new = bridged(app).root

    with pytest.raises(CertificateError):
        crossed(new, app, now=NOW + 31 * DAY)
    with pytest.raises(ExpiredError):
        crossed(bridged(old()).root, old(), now=LATER)


@pytest.mark.parametrize(
    "value",
    [
        "docker.io/acme/app",
        ({"collection": NAME, "version": 0, "sha256": "0" * 64},),
        ({"collection": NAME, "version": 1, "sha256": "0" * 63},),
        ({"collection": NAME, "version": 1},),
        tuple({"collection": NAME, "version": 1, "sha256": d * 64} for d in "01"),
    ],
)
def test_what_is_no_succession_is_malformed(value):
    app = old()
    frozen = value if isinstance(value, str) else tuple(map(FrozenMap, value))
    new = forged(new_root(), SHARED, said=frozen, keyids=(keyid_of(app),))

    with pytest.raises(MalformedError):
        crossed(new, app)


@given(st.binary(max_size=80), st.integers(0, 3000))
def test_hostile_bytes_raise_nothing_but_our_errors(piece, place):
    app = old()
    new = _CROSSING[: place % len(_CROSSING)] + piece + _CROSSING[place % len(_CROSSING) + 1 :]

    try:
        found = crossed(new, app)
    except TrustError:
        return
    assert TUF_JSON.parse(Root, new).payload == TUF_JSON.parse(Root, _CROSSING).payload
    assert found.raw == new


# -- the publisher's side ---------------------------------------------------------------


def test_a_root_names_each_collection_once():
    role = new_root()
    first = Succession(collection=NAME, version=1, sha256="0" * 64)
    later = attrs.evolve(first, version=2)
    other = attrs.evolve(first, collection=OTHER)

    after = taking_over(taking_over(role, first, other), later)

    assert (other, later) == successions(TUF_JSON.render(after))
    with pytest.raises(ValueError, match="once"):
        taking_over(role, first, later)


def test_a_publication_without_the_old_keys_is_refused():
    with pytest.raises(ThresholdError):
        bridged(old(), keys=())
    with pytest.raises(ThresholdError):
        bridged(old(), keys=(ec_private("another"),))


def test_a_plan_without_a_new_root_carries_no_bridge():
    new = bridged(old())
    migration = new.migration
    plan = SigningPlan.between(
        new.repository, new.repository, now=NOW, expiry=BY_HAND, renewing=["timestamp"]
    )

    with pytest.raises(ValueError, match="new root"):
        migration.publication(plan)


def test_one_who_signs_twice_is_listed_once():
    app = old()
    migration = migrate(empty(ORG), departed(app))
    plan = SigningPlan.between(migration.before, migration.after, now=NOW, expiry=BY_HAND)
    plan = plan.signed_by(*map(signer, ("root", "targets", "daily")))
    payload = plan.drafts[ROOT].document.payload
    made = bridge_signatures(payload, NAME, raw(app), NotarySigner.of(SHARED))

    root = migration.publication(plan, *made, *made).outcome.published.files[ROOT]

    assert crossed(root, app)


def test_the_old_key_may_be_the_new_roots_as_well():
    app = old()
    signing = NotarySigner.of(SHARED).modern()
    migration = migrate(empty(ORG, root=signing), departed(app))
    new = signed(migration, signing, old=[NotarySigner.of(SHARED)], now=NOW)

    assert new.client(crossed(new.root, app)).resolve(f"{NAME}:v1")


def test_the_next_root_needs_no_old_key_and_the_way_goes_on():
    app = old()
    new = bridged(app)
    storage = MemoryStorage(new.files)
    before = Repository.open(storage, anchor=Anchor.root(new.root))
    after = before.with_keys("root", signer("next").key).without_keys("root", signer("root").key)
    plan = SigningPlan.between(before, after, now=NOW + DAY, expiry=BY_HAND)
    signing = [signer(one) for one in ("root", "next", "daily", "targets")]
    plan.signed_by(*(s for s in signing if plan.asks(s.key))).publication().apply(storage)

    updater = Updater(
        anchor=crossed(new.root, app),
        transport=Shown(published(storage)),
        storage=MemoryStorage(),
        clock=lambda: NOW + 2 * DAY,
    )

    assert 2 == updater.refresh().snapshot.root.root.role.version
    with pytest.raises(ThresholdError):
        crossed(published(storage)["2.root.json"].decode().encode(), app)


_CROSSING = bridged(old()).root
