"""Who is believed to begin with, and which certificates are a root's."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from notary.collections_of import (
    DAY,
    NAME,
    NOW,
    Collection,
    Served,
    certificate,
    client,
    ec_private,
    keyset,
    pem_of,
    root_signer,
    rsa_private,
    signer,
    with_pem,
)

from trustlib import (
    MemoryStorage,
    MismatchError,
    NoTrustDataError,
    Offline,
    StorageError,
    ThresholdError,
    TransportError,
    TrustError,
)
from trustlib._types import ROOT, TIMESTAMP
from trustlib.anchors import Anchor
from trustlib.events import AnchorChosen, AnchorFetched, TrustedOnFirstUse
from trustlib.notary import (
    CertificateError,
    PinError,
    PublicKey,
    TrustOnFirstUse,
    TrustPinning,
    UnpinnedError,
    pinned_certificate,
)
from trustlib.notary.certificates import MOST, Certificate, bundle, unfit
from trustlib.notary.chains import issued

ROOT_KEY = ec_private("root")
TOFU = TrustOnFirstUse()


def root_of(pem, private=ROOT_KEY):
    return Collection.create(root=with_pem(private, pem))


def begun(collection, anchor, **more):
    """What a new client of *collection* comes to."""
    return client(collection, anchor=anchor, **more).refresh()


def keyid(collection):
    return collection.root.roles[ROOT].keyids[0]


# -- which pin decides ------------------------------------------------------------------

OTHER = "0" * 64


def pins(**more):
    return TrustPinning(**more)


def pinning_cases():
    collection = Collection.create()
    good, bad = keyid(collection), OTHER
    authority = pem_of(certificate(ec_private("authority"), "authority", ca=True))
    return {
        "exact": (pins(certificates={NAME: good}), None),
        "exact, one of several": (pins(certificates={NAME: [bad, good]}), None),
        "exact and wrong": (pins(certificates={NAME: bad}), PinError),
        "by its beginning": (pins(certificates={"docker.io/acme/*": good}), None),
        "by everything": (pins(certificates={"*": good}), None),
        "the longest beginning decides": (
            pins(certificates={"docker.io/*": good, "docker.io/acme/*": bad}),
            PinError,
        ),
        "exact before a beginning": (
            pins(certificates={f"{NAME}*": bad, NAME: good}),
            None,
        ),
        "a wrong certificate is not rescued by first use": (
            pins(certificates={NAME: bad}, otherwise=TOFU),
            PinError,
        ),
        "a name that is not ours": (
            pins(certificates={"docker.io/acme/other": good}),
            UnpinnedError,
        ),
        "a beginning without a star is a name": (
            pins(certificates={"docker.io/": good}),
            UnpinnedError,
        ),
        "nothing": (pins(), UnpinnedError),
        "nothing but first use": (pins(otherwise=TOFU), None),
        "another authority": (pins(authorities={"docker.io/": authority}), PinError),
        "another authority is not rescued by first use": (
            pins(authorities={"docker.io/": authority}, otherwise=TOFU),
            PinError,
        ),
        "a certificate before an authority": (
            pins(certificates={NAME: good}, authorities={"docker.io/": authority}),
            None,
        ),
        "the canonical id is no pin": (
            pinned_certificate(NAME, signer("root").key.id),
            PinError,
        ),
        "first use": (TOFU, None),
    }


@pytest.mark.parametrize(("anchor", "kind"), pinning_cases().values(), ids=pinning_cases())
def test_the_first_rule_about_a_collection_decides(anchor, kind):
    collection, store = Collection.create(), MemoryStorage()
    if kind is None:
        assert 1 == begun(collection, anchor, storage=store).targets.role.version
        return
    with pytest.raises(kind) as error:
        begun(collection, anchor, storage=store)
    assert NAME in str(error.value)
    assert {} == dict(store.files)


def test_authorities_are_certificates_that_may_issue_others():
    for pem in ("", "junk", pem_of(certificate(ROOT_KEY))):
        with pytest.raises(ValueError, match="certificates of authorities"):
            TrustPinning(authorities={"docker.io/": pem})


def test_pins_are_told_apart_in_a_store():
    every = [anchor.identity for anchor, _ in pinning_cases().values()]

    assert len(every) == len(set(every))
    assert all(len(identity) == 64 for identity in every)


# -- first use --------------------------------------------------------------------------


def test_first_use_is_told_once_and_never_done_again():
    collection, store, told = Collection.create(), MemoryStorage(), []
    begun(collection, TOFU, storage=store, on_event=told.append)
    begun(collection, TOFU, storage=store, on_event=told.append)

    assert [NAME] == [e.collection for e in told if isinstance(e, TrustedOnFirstUse)]
    other = Collection.create(root=root_signer("somebody else"))
    with pytest.raises(TrustError):
        begun(other.at(timestamp=9), TOFU, storage=store)


@pytest.mark.parametrize("lost", ["root.json", "timestamp.json", ".trustlib/clock"])
def test_first_use_is_not_done_again_where_the_store_lost_something(lost):
    collection, store = Collection.create(), MemoryStorage()
    begun(collection, TOFU, storage=store)
    other = Collection.create(root=root_signer("somebody else"))

    for damaged in (store.files.excluding(lost), {**store.files, lost: b"junk"}):
        with pytest.raises(TrustError):
            begun(other.at(timestamp=9), TOFU, storage=MemoryStorage(damaged))


def test_a_damaged_first_use_is_an_error_and_not_a_second_one():
    collection, store = Collection.create(), MemoryStorage()
    begun(collection, TOFU, storage=store)
    (name,) = (name for name in store.files if name.startswith(".trustlib/anchor-"))
    for files in ({**store.files, name: b"junk"}, {name: b"junk"}):
        with pytest.raises(StorageError, match="trusted on first use is damaged"):
            begun(collection, TOFU, storage=MemoryStorage(files))


def test_a_store_that_knows_the_collection_does_no_first_use():
    """It was pinned before; whoever asks for first use then, keeps what is known."""
    collection, store, told = Collection.create(), MemoryStorage(), []
    begun(collection, collection.pin, storage=store)
    other = Collection.create(root=root_signer("somebody else"))

    with pytest.raises(TrustError):
        begun(other.at(timestamp=9), TOFU, storage=store)
    begun(collection, TOFU, storage=store, on_event=told.append)
    assert [AnchorChosen] == [type(e) for e in told if "Anchor" in type(e).__name__]
    with pytest.raises(TrustError):
        begun(collection, TOFU, storage=MemoryStorage({"root.json": b"junk"}))


def test_a_first_use_that_fails_leaves_nothing():
    collection = Collection.create()
    spoilt = collection.rotated(ROOT, root_signer("second"), version=2).edited(
        TIMESTAMP, expires=NOW
    )
    store = MemoryStorage()
    with pytest.raises(TrustError):
        begun(spoilt, TOFU, storage=store)

    assert {} == dict(store.files)


# -- anchors that go on -----------------------------------------------------------------


def test_a_pinned_certificate_leads_to_those_that_come_after_it():
    old = Collection.create()
    new = old.rotated(ROOT, root_signer("second"))
    later = new.rotated(TIMESTAMP, signer("another"), by=(root_signer("second"),))
    store, told = MemoryStorage(), []
    begun(old, old.pin, storage=store, on_event=told.append)

    assert 3 == begun(later, old.pin, storage=store).snapshot.root.root.role.version
    assert 3 == begun(later, old.pin, storage=store).snapshot.root.root.role.version
    assert [AnchorChosen] == [type(e) for e in told if "Anchor" in type(e).__name__]
    with pytest.raises(PinError):
        begun(later, old.pin)


def test_another_pin_begins_anew_and_versions_do_not_go_back():
    old = Collection.create()
    new = old.tagged("v2", "two").rotated(ROOT, root_signer("second"))
    store = MemoryStorage()
    begun(new, TOFU, storage=store)
    second = pinned_certificate(NAME, root_signer("second").key.id)

    assert 2 == begun(new, second, storage=store).snapshot.root.root.role.version
    with pytest.raises(TrustError):
        begun(old, old.pin, storage=store)


def test_a_root_pinned_by_its_hash_is_told_and_is_the_one():
    collection, told = Collection.create(), []
    import hashlib

    right = hashlib.sha256(collection.raw(ROOT)).hexdigest()
    begun(collection, Anchor.pinned(sha256=right), on_event=told.append)
    assert AnchorFetched(sha256=right, version=1) in told
    with pytest.raises(MismatchError):
        begun(collection, Anchor.pinned(sha256=OTHER))


@pytest.mark.parametrize(
    "anchor", [TOFU, Anchor.pinned(sha256=OTHER), pinned_certificate(NAME, OTHER)]
)
def test_a_server_that_has_no_root_has_no_trust_data(anchor):
    with pytest.raises(NoTrustDataError, match=r"root\.json"):
        client({}, anchor=anchor).refresh()


def test_an_anchor_of_no_format_is_a_mistake_of_the_program():
    class Odd:
        identity = OTHER

    for transport in (Served(Collection.create().files()), Offline()):
        store = MemoryStorage()
        begun(Collection.create(), TOFU, storage=store)
        with pytest.raises(TypeError, match="a pin of this format"):
            client(transport, anchor=Odd(), storage=store).refresh()


def test_offline_needs_to_have_begun_once():
    with pytest.raises(TransportError, match="no complete update"):
        client(Offline(), anchor=TOFU).refresh()


# -- certificates -----------------------------------------------------------------------


def text(pem, width):
    first, *lines, last = pem.strip().split("\n")
    body = "".join(lines)
    return "\n".join([first, *(body[i : i + width] for i in range(0, len(body), width)), last, ""])


GOOD = pem_of(certificate(ROOT_KEY))
UNFIT = {
    "another collection": pem_of(certificate(ROOT_KEY, "docker.io/acme/other")),
    "a beginning without a star": pem_of(certificate(ROOT_KEY, "docker.io/acme/")),
    "another beginning": pem_of(certificate(ROOT_KEY, "docker.io/other/*")),
    "an authority": pem_of(certificate(ROOT_KEY, ca=True)),
    "two leaves": GOOD + GOOD,
    "an authority first": pem_of(certificate(ROOT_KEY, ca=True), certificate(ROOT_KEY)),
    "ends before it begins": None,
    "sha1": "sha1",
    "76 columns": text(GOOD, 76),
    "CRLF": GOOD.replace("\n", "\r\n"),
    "no final newline": GOOD.rstrip("\n"),
    "text before it": "x\n" + GOOD,
    "nothing": "",
    "junk": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
}


@pytest.mark.parametrize("pem", [v for v in UNFIT.values() if v not in (None, "sha1")])
def test_a_certificate_that_is_not_for_the_collection_is_none(pem):
    assert unfit(pem, NAME)
    with pytest.raises(TrustError):
        begun(root_of(pem), TOFU)


@pytest.mark.parametrize(
    "name", [NAME, "docker.io/acme/*", "*", "docker.io/acme/app*", "docker.io/**"]
)
def test_a_certificate_names_the_collection_or_its_beginning(name):
    pem = pem_of(certificate(ROOT_KEY, name))

    assert None is unfit(pem, NAME)
    assert 1 == begun(root_of(pem), TOFU).targets.role.version


def weak(**changes):
    import attrs

    return attrs.evolve(bundle(GOOD)[0], **changes)


def test_a_certificate_signed_with_a_broken_hash_is_weak():
    assert None is weak().weakness
    assert "is signed with sha1" == weak(hash="sha1").weakness
    assert "is signed with md5" == weak(hash="md5").weakness
    assert "ends before it begins" == weak(ends=NOW - 11 * DAY).weakness
    assert "1024 bits" in weak(key=rsa_private("weak", 1024).public_key()).weakness
    assert None is weak(key=rsa_private("rsa").public_key()).weakness


def test_a_certificate_is_good_from_a_day_before_its_time_until_its_end():
    one = bundle(pem_of(certificate(ROOT_KEY, begins=NOW, ends=NOW + DAY)))[0]
    second = timedelta(seconds=1)

    assert [False, True, True, False] == [
        one.good_at(NOW - DAY - second),
        one.good_at(NOW - DAY),
        one.good_at(NOW + DAY),
        one.good_at(NOW + DAY + second),
    ]


@pytest.mark.parametrize("times", [{"ends": NOW - DAY}, {"begins": NOW + 2 * DAY}])
def test_a_root_whose_certificate_is_not_good_now_is_refused(times):
    pem = pem_of(certificate(ROOT_KEY, **{"begins": NOW - 9 * DAY, "ends": NOW + 9 * DAY, **times}))
    store = MemoryStorage()

    with pytest.raises(CertificateError, match="and not now"):
        begun(root_of(pem), TOFU, storage=store)
    assert {} == dict(store.files)


def test_beside_a_certificate_that_ended_a_bare_key_is_no_help():
    ended = with_pem(ROOT_KEY, pem_of(certificate(ROOT_KEY, ends=NOW - DAY)))
    collection = Collection.create(root=ended)
    bare = signer("bare")
    both = collection.root.roles.including({ROOT: keyset(ended, bare)})
    more = collection.root.keys.including({bare.key.id: bare.key})
    collection = collection.edited(ROOT, roles=both, keys=more).signed_by(ROOT, ended, bare)

    with pytest.raises(CertificateError, match="and not now"):
        begun(collection.sealed(), TOFU)


def test_beside_a_certificate_a_bare_key_says_nothing_about_who_comes_next():
    first, bare, second = root_signer(), signer("bare"), root_signer("second")
    collection = Collection.create(root=first)
    both = collection.root.roles.including({ROOT: keyset(first, bare)})
    more = collection.root.keys.including({bare.key.id: bare.key})
    collection = collection.edited(ROOT, roles=both, keys=more).signed_by(ROOT, first).sealed()
    by_bare = collection.rotated(ROOT, second, by=(bare, second))
    store = MemoryStorage()
    begun(collection, TOFU, storage=store)

    with pytest.raises(ThresholdError):
        begun(by_bare, TOFU, storage=store)
    by_first = collection.rotated(ROOT, second, by=(first, second))
    assert 2 == begun(by_first, TOFU, storage=store).snapshot.root.root.role.version


def test_offline_too_a_certificate_must_be_good_now():
    ending = with_pem(ROOT_KEY, pem_of(certificate(ROOT_KEY, ends=NOW + DAY)))
    collection, store = Collection.create(root=ending), MemoryStorage()
    begun(collection, TOFU, storage=store)

    client(Offline(), anchor=TOFU, storage=store).refresh()
    with pytest.raises(CertificateError, match="and not now"):
        client(Offline(), anchor=TOFU, storage=store, now=NOW + 2 * DAY).refresh()


def test_a_key_with_too_long_a_certificate_never_counts():
    def listed(spaces):
        return PublicKey.holding("ecdsa-x509", (GOOD + " " * spaces).encode())

    assert listed(10).material == signer("root").key.material
    assert None is listed(16_384).material


def test_a_certificate_that_ended_may_still_say_who_comes_next():
    ending = with_pem(ROOT_KEY, pem_of(certificate(ROOT_KEY, ends=NOW + DAY)))
    old = Collection.create(root=ending)
    new = old.rotated(ROOT, root_signer("second"))
    store, later = MemoryStorage(), NOW + 2 * DAY
    begun(old, TOFU, storage=store)

    with pytest.raises(CertificateError):
        begun(old, TOFU, storage=store, now=later)
    assert 2 == begun(new, TOFU, storage=store, now=later).snapshot.root.root.role.version
    assert 2 == begun(new, Anchor.root(old.raw(ROOT)), now=later).snapshot.root.root.role.version


def test_bare_root_keys_are_refused():
    with pytest.raises(CertificateError, match="is a key of type 'ecdsa' and no certificate"):
        begun(Collection.create(root=signer("root")), TOFU)


def test_a_bundle_is_read_up_to_a_bound():
    one = certificate(ROOT_KEY)
    assert MOST == len(bundle(pem_of(*[one] * MOST)))
    assert () == bundle(pem_of(*[one] * (MOST + 1)))
    assert () == bundle(GOOD + " " * 70_000)
    assert () == bundle(GOOD.replace("\n", "=\n", 2))


def odd_name(*names):
    from cryptography.x509.oid import NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one) for one in names])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(ROOT_KEY.public_key())
        .serial_number(7)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
    )
    return pem_of(builder.sign(ROOT_KEY, hashes.SHA256()))


@pytest.mark.parametrize("names", [(), (NAME, NAME), (NAME, "docker.io/acme/other")])
def test_a_certificate_has_one_name(names):
    assert None is bundle(odd_name(*names))[0].common_name
    assert unfit(odd_name(*names), NAME)


def test_bytes_that_are_no_certificate_are_none():
    der = bundle(GOOD)[0].der
    for place in range(len(der)):
        changed = bytearray(der)
        changed[place] ^= 0x55
        found = Certificate.of(bytes(changed))
        assert found is None or found.der == bytes(changed)


# -- authorities ------------------------------------------------------------------------

CA_KEY, MIDDLE_KEY = ec_private("authority"), ec_private("middle")
CA = certificate(CA_KEY, "authority", ca=True)
SERVER = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
CODE = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
ANY = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)
ODD = (x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)


def usage(sign):
    names = [
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "crl_sign", "encipher_only", "decipher_only",
    ]  # fmt: skip
    return (
        x509.KeyUsage(
            key_cert_sign=sign, **{**dict.fromkeys(names, False), "digital_signature": True}
        ),
        True,
    )


def leaf(**more):
    return certificate(ROOT_KEY, issuer=more.pop("issuer", (CA, CA_KEY)), **more)


def middle(**more):
    more.setdefault("ca", True)
    return certificate(MIDDLE_KEY, "middle", issuer=(CA, CA_KEY), **more)


def through(between, **more):
    return (leaf(issuer=(between, MIDDLE_KEY), **more), between)


WEAK_KEY = rsa_private("weak", 1024)
WEAK_CA = certificate(WEAK_KEY, "weak", ca=True)
WEAK_MIDDLE = certificate(WEAK_KEY, "weak", ca=True, issuer=(CA, CA_KEY))

CHAINS = {
    "issued by the authority": ((leaf(),), CA, True),
    "for servers": ((leaf(extensions=(SERVER,)),), CA, True),
    "for anything": ((leaf(extensions=(ANY,)),), CA, True),
    "for code, as the programs make them": ((leaf(extensions=(CODE,)),), CA, False),
    "something critical that nobody knows": ((leaf(extensions=(ODD,)),), CA, False),
    "by itself": ((certificate(ROOT_KEY),), CA, False),
    "by a namesake": ((leaf(issuer=(CA, MIDDLE_KEY)),), CA, False),
    "through another": (through(middle()), CA, True),
    "through one that may sign certificates": (
        through(middle(extensions=(usage(True),))),
        CA,
        True,
    ),
    "through one that may not": (through(middle(extensions=(usage(False),))), CA, False),
    "through a leaf": (through(middle(ca=False)), CA, False),
    "through one without constraints": (through(middle(ca=None)), CA, False),
    "through one for code": (through(middle(extensions=(CODE,))), CA, False),
    "through one that ended": (through(middle(ends=NOW - DAY, begins=NOW - 9 * DAY)), CA, False),
    "through one that is missing": (through(middle())[:1], CA, False),
    "a leaf that ended": ((leaf(ends=NOW - DAY),), CA, False),
    "a leaf that has not begun": ((leaf(begins=NOW + timedelta(hours=1)),), CA, False),
    "an authority that allows none below": (
        through(middle()),
        certificate(CA_KEY, "authority", ca=True, path_length=0),
        False,
    ),
    "an authority that allows one below": (
        through(middle()),
        certificate(CA_KEY, "authority", ca=True, path_length=1),
        True,
    ),
    "an authority that allows none, with none": (
        (leaf(),),
        certificate(CA_KEY, "authority", ca=True, path_length=0),
        True,
    ),
    "an authority that ended": (
        (leaf(),),
        certificate(CA_KEY, "authority", ca=True, ends=NOW - DAY),
        False,
    ),
    "an authority with a weak key": (
        (leaf(issuer=(WEAK_CA, WEAK_KEY)),),
        WEAK_CA,
        False,
    ),
    "through one with a weak key": (
        (leaf(issuer=(WEAK_MIDDLE, WEAK_KEY)), WEAK_MIDDLE),
        CA,
        False,
    ),
    "an authority for some names only": (
        (leaf(),),
        certificate(
            CA_KEY,
            "authority",
            ca=True,
            extensions=((x509.NameConstraints([x509.DNSName("acme.example")], None), False),),
        ),
        False,
    ),
}


@pytest.mark.parametrize(("chain", "authority", "good"), CHAINS.values(), ids=CHAINS)
def test_an_authority_issued_what_it_may_and_nothing_else(chain, authority, good):
    first, *above = bundle(pem_of(*chain))

    assert good == issued(first, above, bundle(pem_of(authority)), NOW)


def test_one_of_several_ways_to_an_authority_will_do():
    stranger = ec_private("stranger")
    by_stranger = certificate(
        MIDDLE_KEY, "middle", ca=True, issuer=(certificate(stranger, "stranger", ca=True), stranger)
    )
    for above in ((by_stranger, middle()), (middle(), by_stranger)):
        first, *others = bundle(pem_of(leaf(issuer=(middle(), MIDDLE_KEY)), *above))
        assert issued(first, others, bundle(pem_of(CA)), NOW)


def test_chains_that_lead_in_circles_end():
    one, two = ec_private("one"), ec_private("two")
    first = certificate(one, "one", ca=True)
    second = certificate(two, "two", ca=True, issuer=(first, one))
    back = certificate(one, "one", ca=True, issuer=(second, two))
    end = certificate(ROOT_KEY, issuer=(second, two))
    found, *above = bundle(pem_of(end, second, back, first))

    assert not issued(found, above, bundle(pem_of(CA)), NOW)
    assert issued(found, above, bundle(pem_of(first)), NOW)


@pytest.mark.parametrize("chain", [(leaf(),), through(middle())], ids=["one", "two"])
def test_a_root_whose_certificate_a_pinned_authority_issued_is_believed(chain):
    collection = root_of(pem_of(*chain))
    told = []
    anchor = TrustPinning(
        authorities={
            "docker.io/acme/": pem_of(CA),
            "docker.io/": pem_of(certificate(MIDDLE_KEY, ca=True)),
        }
    )

    assert 1 == begun(collection, anchor, on_event=told.append).targets.role.version
    assert "a certificate issued by 'authority'" in str(told[0])


def test_what_an_authority_no_longer_vouches_for_stays_believed_where_it_was_stored():
    collection, store = root_of(pem_of(leaf())), MemoryStorage()
    anchor = TrustPinning(
        authorities={
            "docker.io/": pem_of(certificate(CA_KEY, "authority", ca=True, ends=NOW + DAY))
        }
    )
    begun(collection, anchor, storage=store)

    assert begun(collection, anchor, storage=store, now=NOW + 2 * DAY)
    with pytest.raises(PinError):
        begun(collection, anchor, now=NOW + 2 * DAY)


def test_curves_of_certificates_are_those_of_keys():
    private = ec_private("root", ec.SECP384R1)
    collection = Collection.create(root=with_pem(private, pem_of(certificate(private))))

    assert 1 == begun(collection, TOFU).targets.role.version
