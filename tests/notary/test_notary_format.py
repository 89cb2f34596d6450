"""What the format's own programs accept is understood, and written as they write it."""

import json
import random
import re
from datetime import UTC, datetime

import attrs
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from notary.collections_of import (
    APP,
    DER,
    PEM,
    SPKI,
    Collection,
    certificate,
    ec_private,
    ed_signer,
    fixture_files,
    grant,
    kind,
    pem_of,
    raw_signature,
    root_signer,
    rsa_private,
    rsa_signer,
    signed,
    signer,
    with_pem,
)

from trustlib import MalformedError, Signature, ThresholdError, TrustError
from trustlib._canonical import canonical
from trustlib._frozen import FrozenMap
from trustlib._json import Cursor
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from trustlib.keys import Key
from trustlib.notary import ContentTrustFormat, PublicKey
from trustlib.notary import Signature as NotarySignature
from trustlib.notary.inspecting import canonical_id
from trustlib.notary.public_keys import decoded
from trustlib.notary.reading import role_in
from trustlib.notary.writing import key_value, rendered_value
from trustlib.roles import (
    Authority,
    Delegations,
    HashPrefixes,
    MetaFile,
    SuccinctRoles,
    Targets,
)
from trustlib.trust import verify

CURVES = [ec.SECP224R1, ec.SECP256R1, ec.SECP384R1, ec.SECP521R1]
PAYLOAD = b'{"_type":"Targets"}'


def parsed(value, name=TARGETS, *, signatures=()):
    """The document that holds *value*, as somebody's program wrote it."""
    raw = json.dumps({"signed": value, "signatures": list(signatures)}).encode()
    return APP.parse(kind(name), raw, name=name)


def targets_value(**changes):
    value = {
        "_type": "Targets",
        "delegations": {"keys": {}, "roles": []},
        "expires": "2029-11-22T07:40:34.657280945Z",
        "targets": {},
        "version": 1,
    }
    return {name: item for name, item in {**value, **changes}.items() if item != "absent"}


def again(value, name=TARGETS):
    """What is written of *value*, under the signatures."""
    written = json.loads(APP.render(parsed(value, name).unverified))
    return written["signed"]


# -- written as it was read -------------------------------------------------------------

KEY = signer("alice").key
ALICE = {KEY.id: json.loads(canonical(key_value(KEY)))}


@pytest.mark.parametrize(
    "changes",
    [
        {"delegations": None},
        {"delegations": "absent"},
        {"delegations": {"keys": None, "roles": None}},
        {"delegations": {"keys": {}, "roles": []}},
        {"targets": None},
        {
            "delegations": {
                "keys": {},
                "roles": [{"keyids": None, "name": "targets/a", "threshold": 1}],
            }
        },
        {
            "delegations": {
                "keys": {},
                "roles": [{"keyids": [], "name": "targets/a", "paths": None, "threshold": 1}],
            }
        },
        {
            "delegations": {
                "keys": ALICE,
                "roles": [{"keyids": [KEY.id], "name": "targets/a", "paths": [], "threshold": 1}],
            }
        },
        {
            "delegations": {
                "keys": ALICE,
                "roles": [
                    {
                        "keyids": [KEY.id],
                        "name": "targets/a/b".removesuffix("/b"),
                        "paths": ["", "v"],
                        "threshold": 2,
                    }
                ],
            }
        },
        {"targets": {"v1": {"hashes": None, "length": 0}}},
        {
            "targets": {
                "v1": {
                    "hashes": {"sha256": "oaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaE="},
                    "length": 0,
                    "custom": None,
                }
            }
        },
        {"targets": {"v1": {"hashes": {"md4": "oaE="}, "length": 0, "custom": ["any", 1]}}},
        {"targets": {"v1": {"hashes": {}, "length": 0, "custom": {"b": None, "a": {"c": []}}}}},
        {"unknown": {"member": [None]}},
        {"expires": "2036-11-20T02:40:38.566784123-05:00"},
        {"expires": "2036-11-20T02:40:38.5+14:00"},
        {"expires": "2036-11-20T02:40:38Z"},
    ],
)
def test_what_was_empty_null_or_absent_is_written_so_again(changes):
    value = targets_value(**changes)

    assert value == again(value)


def test_the_members_of_a_key_are_kept_and_have_no_part_in_its_id():
    public = KEY.keyval["public"]
    for listed in (
        {"keytype": "ecdsa", "keyval": {"public": public}},
        {"keytype": "ecdsa", "keyval": {"private": "", "public": public}},
        {"keytype": "ecdsa", "keyval": {"private": None, "public": public}, "scheme": "x"},
    ):
        value = targets_value(delegations={"keys": {KEY.id: listed}, "roles": []})
        assert value == again(value)


def test_a_fraction_and_a_zone_are_cut_off_and_kept_until_the_moment_changes():
    role = parsed(targets_value(expires="2036-11-20T02:40:38.566784123-05:00")).unverified
    assert datetime(2036, 11, 20, 7, 40, 38, tzinfo=UTC) == role.expires

    later = attrs.evolve(role, expires=datetime(2040, 1, 1, tzinfo=UTC), version=2)

    assert b'"expires":"2040-01-01T00:00:00Z"' in APP.render(later)
    assert role.extra["expires"].encode() in APP.render(attrs.evolve(role, version=2))


def test_signatures_may_be_null_and_their_order_and_method_are_kept():
    value = targets_value()
    raw = b'{"signed":%s,"signatures":null}' % canonical(value)
    assert () == APP.parse(Targets, raw).signatures
    listed = [
        {"keyid": "b", "method": "ECDSA", "sig": "AA=="},
        {"keyid": "a", "method": "<new>", "sig": ""},
    ]
    document = parsed(value, signatures=listed)
    written = APP.render(document.unverified, document.signatures)
    assert listed == json.loads(written)["signatures"]
    assert rb"\u003cnew\u003e" in written


def test_what_is_verified_is_the_canonical_form_of_what_was_received():
    value = targets_value(
        targets={
            "a<b&é": {
                "hashes": {"sha256": "oaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaE="},
                "length": 1,
            }
        }
    )
    pretty = json.dumps({"signatures": [], "signed": value}, indent=2).encode()
    document = APP.parse(Targets, pretty)

    assert canonical(value) == document.payload == APP.payload(document.unverified)
    assert "a\\u003cb\\u0026é".encode() in APP.render(document.unverified)


@pytest.mark.parametrize(
    ("custom", "why"),
    [({"a": "\n"}, "control"), ({"a": 2**53 + 1}, "beyond"), ({"a": [-(2**60)]}, "beyond")],
)
def test_what_go_would_change_is_not_written(custom, why):
    role = Collection.create().targets
    listed = attrs.evolve(
        role.targets["v1"],
        custom=FrozenMap({k: tuple(v) if isinstance(v, list) else v for k, v in custom.items()}),
    )

    with pytest.raises(ValueError, match=why):
        APP.render(attrs.evolve(role, targets=FrozenMap({"v1": listed})))


def test_what_the_format_has_no_words_for_is_not_written():
    collection = Collection.create()
    lent = grant("targets/a", signer("alice"))
    for role, why in [
        (
            attrs.evolve(
                collection.targets,
                delegations=Delegations(
                    keys=FrozenMap(),
                    roles=SuccinctRoles(keyids=(), threshold=1, bit_length=1, name_prefix="a"),
                ),
            ),
            "no hash bins",
        ),
        (
            attrs.evolve(
                collection.targets,
                delegations=Delegations(
                    keys=FrozenMap(), roles=(attrs.evolve(lent, grant=HashPrefixes(("a",))),)
                ),
            ),
            "prefixes of paths",
        ),
        (
            attrs.evolve(
                collection.targets,
                delegations=Delegations(
                    keys=FrozenMap(), roles=(attrs.evolve(lent, terminating=True),)
                ),
            ),
            "no search ends",
        ),
        (
            attrs.evolve(collection.timestamp, snapshot=MetaFile(version=1, length=1)),
            "without a version",
        ),
        (attrs.evolve(collection.timestamp, snapshot=MetaFile(version=None)), "with its length"),
    ]:
        with pytest.raises(ValueError, match=why):
            APP.payload(role)
    with pytest.raises(ValueError, match="does not say how it was made"):
        APP.render(collection.targets, (Signature("a", b""),))


# -- refused ----------------------------------------------------------------------------

GRANT = {"keyids": [KEY.id], "name": "targets/a", "paths": [""], "threshold": 1}


def granting(**changes):
    return targets_value(delegations={"keys": ALICE, "roles": [{**GRANT, **changes}]})


MALFORMED = {
    "another type": targets_value(_type="targets"),
    "version 0": targets_value(version=0),
    "a version that is true": targets_value(version=True),
    "no version": targets_value(version="absent"),
    "a fraction": targets_value(version=1.5),
    "a time with a comma": targets_value(expires="2029-11-22T07:40:34,5Z"),
    "a time without zone": targets_value(expires="2029-11-22T07:40:34"),
    "ten digits": targets_value(expires="2029-11-22T07:40:34.0123456789Z"),
    "a hash that is too short": targets_value(
        targets={"v": {"hashes": {"sha256": "oaE="}, "length": 1}}
    ),
    "a hash in hex": targets_value(targets={"v": {"hashes": {"sha256": "a1" * 32}, "length": 1}}),
    "a negative length": targets_value(targets={"v": {"hashes": {}, "length": -1}}),
    "another key than its id": targets_value(
        delegations={"keys": {"0" * 64: ALICE[KEY.id]}, "roles": []}
    ),
    "a key without base64": targets_value(
        delegations={"keys": {"0": {"keytype": "ecdsa", "keyval": {"public": "*"}}}, "roles": []}
    ),
    "two spellings of base64": targets_value(
        delegations={"keys": {"0": {"keytype": "ecdsa", "keyval": {"public": "AB=="}}}, "roles": []}
    ),
    "a key that is not listed": granting(keyids=["0" * 64]),
    "a key twice": granting(keyids=[KEY.id, KEY.id]),
    "threshold 0": granting(threshold=0),
    "a child of another role": granting(name="targets/b/a"),
    "no delegated name": granting(name="snapshot"),
    "a name in capitals": granting(name="targets/A"),
    "a name that climbs": granting(name="targets/../a"),
    "a name with an empty part": granting(name="targets//a"),
    "a name that ends in a slash": granting(name="targets/"),
    "a name without end": granting(name="targets/" + "a" * 256),
    "a role twice": targets_value(delegations={"keys": ALICE, "roles": [GRANT, GRANT]}),
}


@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_understood_is_malformed(value):
    with pytest.raises(MalformedError):
        parsed(value)


def test_very_many_key_ids_are_compared_with_few_others():
    """A file is read before anybody vouches for it, and may hold a hundred thousand."""

    class Counted(str):
        compared = 0
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other):
            Counted.compared += 1
            return str.__eq__(self, other)

    many = [PublicKey.holding("unknown", i.to_bytes(2)) for i in range(600)]
    listed = {one.id: json.loads(canonical(key_value(one))) for one in many}
    value = granting(keyids=[Counted(keyid) for keyid in listed])
    value["delegations"]["keys"] = listed

    role = role_in(Targets, Cursor(value, "targets.json"), TARGETS, APP.name)

    assert set(listed) == set(role.delegations.by_name["targets/a"].keyids)
    assert Counted.compared < 10 * len(listed)


@pytest.mark.parametrize("name", ["targets", "expires", "_type"])
def test_a_member_that_is_always_written_is_always_there(name):
    with pytest.raises(MalformedError, match=f"a member '{name}'"):
        parsed(targets_value(**{name: "absent"}))


def test_whatever_is_understood_is_written_as_it_was_read():
    """Values put in the places of others, again and again; what is refused is no matter."""
    chance, understood = random.Random(7), 0
    files = [
        raw[: raw.index(b',"signatures"')]
        for name, _, raw in fixture_files("dct")
        if "targets" in name
    ]
    values = [
        b"null",
        b"{}",
        b"[]",
        b'""',
        b"0",
        b"7",
        b"true",
        b'"AA=="',
        b'"targets/a"',
        b'[""]',
        b'{"a":null}',
        b"-1",
        b"1e3",
        b'"\\ud800"',
        b"9" * 25,
    ]
    for _ in range(600):
        raw = bytearray(chance.choice(files) + b',"signatures":[]}')
        found = [one.span() for one in re.finditer(rb'"[^"]*"|\d+|\[[^][{}]*\]|\{[^][{}]*\}', raw)]
        start, end = chance.choice(found)
        raw[start:end] = chance.choice(values)
        try:
            document = APP.parse(Targets, bytes(raw))
        except TrustError:
            continue
        understood += 1
        assert document.payload == APP.payload(document.unverified)
    assert understood > 20


def test_base64_has_one_spelling():
    assert b"\0" == decoded("AA==")
    for text in ("AB==", "AA", "AA=", "AA==\n", " AA==", "A-==", "*"):
        assert None is decoded(text)


def test_a_role_delegates_to_roles_directly_below_it():
    value = granting(name="targets/a/b")
    assert "targets/a/b" in parsed(value, "targets/a").unverified.delegations.by_name
    for name in ("targets", "targets/b", "targets/a/b"):
        with pytest.raises(MalformedError, match="directly below"):
            parsed(value, name)


@pytest.mark.parametrize("missing", [ROOT, SNAPSHOT, TARGETS, TIMESTAMP])
def test_a_root_names_who_signs_every_role(missing):
    value = json.loads(APP.payload(Collection.create().root))
    del value["roles"][missing]

    with pytest.raises(MalformedError, match="an entry for"):
        parsed(value, ROOT)


@pytest.mark.parametrize("missing", [ROOT, TARGETS])
def test_a_snapshot_lists_root_and_targets(missing):
    value = json.loads(APP.payload(Collection.create().snapshot))
    del value["meta"][missing]

    with pytest.raises(MalformedError, match="an entry for"):
        parsed(value, SNAPSHOT)


def test_a_listed_file_has_a_sha256():
    value = json.loads(APP.payload(Collection.create().timestamp))
    del value["meta"]["snapshot"]["hashes"]["sha256"]

    with pytest.raises(MalformedError, match="a sha256"):
        parsed(value, TIMESTAMP)


def test_a_timestamp_lists_one_file():
    value = json.loads(APP.payload(Collection.create().timestamp))
    value["meta"]["root"] = value["meta"]["snapshot"]

    with pytest.raises(MalformedError, match="no other"):
        parsed(value, TIMESTAMP)


@pytest.mark.parametrize(
    "signatures",
    [
        [{"keyid": "a", "method": "ecdsa", "sig": "AA=="}] * 2,
        [{"keyid": "a", "method": "ecdsa", "sig": "00"}],
        [{"keyid": "a", "sig": "AA=="}],
        [{"keyid": str(n), "method": "ecdsa", "sig": ""} for n in range(4097)],
    ],
    ids=["twice", "hex", "without a method", "too many"],
)
def test_signatures_that_are_not_understood_are_malformed(signatures):
    with pytest.raises(MalformedError):
        parsed(targets_value(), signatures=signatures)


@pytest.mark.parametrize("name", ["", "a//b", "../a", "a b", "a\x00", "a" * 1025])
def test_a_collection_is_named_plainly(name):
    with pytest.raises(ValueError, match="name of a collection"):
        ContentTrustFormat(name)


# -- keys -------------------------------------------------------------------------------


def counts(key, signature, payload=PAYLOAD):
    """Whether *signature* counts for *key*, as the one counter sees it."""
    document = APP.parse(Targets, Collection.create().raw(TARGETS))
    document = attrs.evolve(
        document, covered=payload, signatures=(attrs.evolve(signature, keyid=key.id),)
    )
    try:
        verify(document, Authority(FrozenMap({key.id: key}), 1))
    except ThresholdError:
        return False
    return True


def by(method, private, payload=PAYLOAD):
    return NotarySignature("", raw_signature(private, method.lower(), payload), method=method)


@pytest.mark.parametrize("curve", CURVES)
def test_ecdsa_is_two_numbers_side_by_side_whatever_the_curve(curve):
    one = signer("alice", curve)
    good = by("ecdsa", one.private)

    assert counts(one.key, good)
    assert counts(one.key, attrs.evolve(good, method="ECDSA"))
    assert not counts(one.key, good, b"other")
    assert not counts(one.key, attrs.evolve(good, value=good.value + b"\0"))
    assert not counts(one.key, attrs.evolve(good, value=good.value[:-1]))
    half = len(good.value) // 2
    padded = good.value[:half] + b"\0" + good.value[half:]
    assert not counts(one.key, attrs.evolve(good, value=padded))
    der = one.private.sign(PAYLOAD, ec.ECDSA(hashes.SHA256()))
    assert not counts(one.key, attrs.evolve(good, value=der))


def test_numbers_that_no_signature_has_are_no_signature():
    one = signer("alice")
    for value in (bytes(64), b"\xff" * 64):
        assert not counts(one.key, NotarySignature("", value, method="ecdsa"))


def test_a_curve_that_the_format_does_not_know_never_counts():
    private = ec_private("alice", ec.SECP256K1)
    key = PublicKey.holding("ecdsa", private.public_key().public_bytes(DER, SPKI))

    assert None is key.material
    assert not counts(key, by("ecdsa", private))


@pytest.mark.parametrize("method", ["rsapss", "rsapkcs1v15", "RSAPSS"])
def test_rsa_signs_in_two_ways(method):
    one = rsa_signer("rsa")
    good = by(method, one.private)

    assert counts(one.key, good)
    assert one.key.verifies(good.value, PAYLOAD)
    assert not counts(one.key, attrs.evolve(good, value=bytes(1) + good.value))
    assert not counts(one.key, good, b"other")
    other = {"rsapss": "rsapkcs1v15", "rsapkcs1v15": "rsapss"}[method.lower()]
    assert not counts(one.key, attrs.evolve(good, method=other))


def test_rsa_pss_has_a_salt_of_32_bytes():
    one = rsa_signer("rsa")
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.MAX_LENGTH)
    value = one.private.sign(PAYLOAD, pss, hashes.SHA256())

    assert not counts(one.key, NotarySignature("", value, method="rsapss"))


def test_an_rsa_key_in_pem_signs_as_pycrypto_did_and_no_other_way():
    private = rsa_private("rsa")
    text = PublicKey.holding("rsa", private.public_key().public_bytes(PEM, SPKI))
    plain = rsa_signer("rsa").key
    old = "pycrypto-PKCS#1 PSS"

    assert counts(text, by(old, private))
    assert not counts(text, by("rsapss", private))
    assert not counts(plain, by(old, private))
    assert plain.material == text.material


def test_ed25519_is_over_the_canonical_bytes():
    one = ed_signer("alice")
    good = by("eddsa", one.private)

    assert counts(one.key, good)
    assert not counts(one.key, attrs.evolve(good, method="ecdsa"))
    assert not counts(one.key, attrs.evolve(good, value=good.value[:63]))


@pytest.mark.parametrize("method", ["ecdsa", "eddsa", "rsapss", "none", ""])
def test_a_method_of_another_type_of_key_never_counts(method):
    assert (method == "ecdsa") == counts(
        signer("alice").key, attrs.evolve(by("ecdsa", ec_private("alice")), method=method)
    )


def unusable():
    ec_der = ec_private("alice").public_key().public_bytes(DER, SPKI)
    weak = rsa_private("weak", 1024).public_key().public_bytes(DER, SPKI)
    return {
        "another type": PublicKey.holding("rsa", ec_der),
        "an unknown type": PublicKey.holding("dilithium", ec_der),
        "junk": PublicKey.holding("ecdsa", b"junk"),
        "nothing": PublicKey.holding("ecdsa", b""),
        "a weak RSA key": PublicKey.holding("rsa", weak),
        "a weak RSA certificate": with_pem(
            rsa_private("weak", 1024), pem_of(certificate(rsa_private("weak", 1024)))
        ).key,
        "a short ed25519 key": PublicKey.holding("ed25519", bytes(31)),
        "an ed25519 point that anybody signs for": PublicKey.holding("ed25519", bytes(32)),
        "a certificate as a bare key": PublicKey.holding(
            "ecdsa", pem_of(certificate(ec_private("alice"))).encode()
        ),
        "a bare key as a certificate": PublicKey.holding("ecdsa-x509", ec_der),
        "a certificate of the other type": PublicKey.holding(
            "rsa-x509", pem_of(certificate(ec_private("alice"))).encode()
        ),
        "a certificate that is not text": PublicKey.holding("ecdsa-x509", b"\xff\xfe"),
        "a certificate without end": PublicKey.holding(
            "ecdsa-x509", pem_of(*[certificate(ec_private("alice"))] * 9).encode()
        ),
        "a long key": PublicKey.holding("ecdsa", bytes(20_000)),
        "no text": PublicKey.of("ecdsa", FrozenMap({"public": 7})),
        "no public value": PublicKey.of("ecdsa", FrozenMap({})),
    }


@pytest.mark.parametrize("key", unusable().values(), ids=unusable())
def test_a_key_that_cannot_be_used_is_kept_and_never_counts(key):
    assert None is key.material
    assert not counts(key, by("ecdsa", ec_private("alice")))
    assert not key.verifies(by("ecdsa", ec_private("alice")).value, PAYLOAD)
    assert 64 == len(canonical_id(key))


def test_a_key_under_two_types_counts_once():
    """The real client counts ids, and would take these for two."""
    bare, wrapped = signer("root"), root_signer("root")
    role = Collection.create().targets
    document = APP.parse(Targets, signed(role, bare, wrapped))
    both = FrozenMap({bare.key.id: bare.key, wrapped.key.id: wrapped.key})

    assert bare.key.id == wrapped.key.canonical_id != wrapped.key.id
    assert bare.key.material == wrapped.key.material
    with pytest.raises(ThresholdError) as error:
        verify(document, Authority(both, 2))
    assert 1 == len(error.value.signed_by)


def test_a_key_of_another_format_is_its_own_canonical_id():
    pem = ec_private("alice").public_key().public_bytes(PEM, SPKI).decode()
    key = Key.from_pem(pem)

    assert key.id == canonical_id(key)


def test_an_rsa_certificate_is_a_key():
    one = with_pem(rsa_private("rsa"), pem_of(certificate(rsa_private("rsa"))))

    assert rsa_signer("rsa").key.id == one.key.canonical_id
    assert counts(one.key, by("rsapss", one.private))


def test_signatures_without_a_method_are_by_what_the_key_writes():
    one = signer("alice")
    value = by("ecdsa", one.private).value

    assert one.key.accepts(Signature(one.key.id, value), PAYLOAD)


def test_values_are_rendered_as_go_does():
    assert b'{"signed":{"\\u2028":"\\u003c"},"signatures":[]}' == rendered_value(
        {"\u2028": "<"}, []
    )
