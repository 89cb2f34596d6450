"""One function counts signatures. It counts keys, and each key once."""

import copy
import pickle
from collections import Counter

import attrs
import pytest
from core.worlds import World, keys, keyset, p256_signer, signed, signer
from hypothesis import given, settings
from hypothesis import strategies as st

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, TARGETS
from trustlib.documents import Document
from trustlib.errors import MalformedError, ThresholdError
from trustlib.keys import Key, Signature
from trustlib.roles import Authority, Root, Targets
from trustlib.verify import Verified, verify
from trustlib.wire import TUF_JSON

ROLE = World.create().targets
PAYLOAD = TUF_JSON.payload(ROLE)


def document(*signatures, name=TARGETS):
    raw = TUF_JSON.render(ROLE, signatures)
    return Document(name, raw, PAYLOAD, signatures, ROLE)


def sig(name, keyid=None, payload=PAYLOAD):
    """The signature of *name*, under another key id if given."""
    made = signer(name).sign(payload)
    return Signature(keyid or made.keyid, made.value)


def authority(threshold, **names):
    """Keys under ids of the test's choice: ``authority(2, a="alice", b="bob")``."""
    return Authority(FrozenMap({i: signer(who).key for i, who in names.items()}), threshold)


class CountingKey:
    """A key that counts how often it is asked; the interface of Key is all verify() needs."""

    def __init__(self, key, calls, scheme=None):
        self.key, self.calls, self.material = key, calls, key.material
        self.scheme = scheme or key.scheme

    def accepts(self, signature, payload):
        self.calls[self.material] += 1
        return self.key.accepts(signature, payload)


# -- the threshold ----------------------------------------------------------------------


def test_a_proof_holds_what_was_read_and_who_signed():
    read = document(sig("alice", "a"), sig("bob", "b"), name="some/role")

    proof = verify(read, authority(2, a="alice", b="bob", c="carol"))

    assert "some/role" == proof.name
    assert ROLE is proof.role
    assert read.raw is proof.raw
    assert frozenset({"a", "b"}) == proof.signed_by
    assert "Verified(some/role version 1)" == repr(proof)


@pytest.mark.parametrize("threshold", [1, 2, 3])
def test_exactly_the_threshold_is_enough_and_one_less_is_not(threshold):
    """T-95: a thief of all keys but one can sign nothing."""
    who = authority(threshold, a="alice", b="bob", c="carol", d="dave")
    enough = [sig("alice", "a"), sig("bob", "b"), sig("carol", "c")][:threshold]

    assert threshold == len(verify(document(*enough), who).signed_by)
    with pytest.raises(ThresholdError) as error:
        verify(document(*enough[1:]), who, step="§5.6.3")

    assert TARGETS == error.value.role
    assert threshold == error.value.threshold
    assert frozenset(s.keyid for s in enough[1:]) == error.value.signed_by
    assert "§5.6.3" == error.value.step


def test_one_key_under_two_ids_counts_once():
    """T-21, P01."""
    with pytest.raises(ThresholdError) as error:
        verify(document(sig("alice", "a"), sig("alice", "b")), authority(2, a="alice", b="alice"))

    assert frozenset({"a"}) == error.value.signed_by


def test_one_key_under_two_ids_counts_if_only_the_second_signed():
    proof = verify(document(sig("alice", "b")), authority(1, a="alice", b="alice"))

    assert frozenset({"b"}) == proof.signed_by


def test_a_wrong_signature_under_the_first_id_does_not_hide_a_right_one_under_the_second():
    read = document(sig("mallory", "a"), sig("alice", "b"))

    assert frozenset({"b"}) == verify(read, authority(1, a="alice", b="alice")).signed_by


def test_two_signatures_of_one_ecdsa_key_under_two_ids_count_once():
    """T-02: ECDSA signs differently each time."""
    alice = p256_signer("alice")
    first, second = alice.sign(PAYLOAD).value, alice.sign(PAYLOAD).value
    who = Authority(FrozenMap({"a": alice.key, "b": alice.key}), 2)

    assert first != second
    with pytest.raises(ThresholdError):
        verify(document(Signature("a", first), Signature("b", second)), who)


def test_keys_of_two_kinds_count_together():
    alice, bob = signer("alice"), p256_signer("bob")
    read = document(alice.sign(PAYLOAD), bob.sign(PAYLOAD))

    proof = verify(read, Authority.of(alice.key, bob.key, threshold=2))

    assert frozenset({alice.key.id, bob.key.id}) == proof.signed_by


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets", "delegated"])
def test_a_file_that_lists_a_signature_twice_is_refused(role):
    """T-02: identical, for every role."""
    world = World.create().delegating(delegated=World.create().targets)
    kind = type(world.role(role))
    raw = world.raw(role)
    one = raw[raw.index(b"[") + 1 : raw.index(b"]")]
    twice = raw.replace(one, one + b"," + one, 1)

    TUF_JSON.parse(kind, raw)
    with pytest.raises(MalformedError):
        TUF_JSON.parse(kind, twice)


def test_a_key_id_in_upper_case_is_another_name():
    """T-02: nobody authorised signed under it."""
    keyid = signer("alice").key.id
    read = document(sig("alice"), sig("alice", keyid.upper()))

    with pytest.raises(ThresholdError):
        verify(read, Authority.of(signer("alice").key, signer("bob").key, threshold=2))


def test_somebody_elses_signature_under_an_authorised_id_does_not_count():
    with pytest.raises(ThresholdError) as error:
        verify(document(sig("mallory", "a")), authority(1, a="alice"))

    assert frozenset() == error.value.signed_by


def test_a_signature_over_other_bytes_does_not_count():
    with pytest.raises(ThresholdError):
        verify(document(sig("alice", "a", PAYLOAD + b" ")), authority(1, a="alice"))


def test_a_signature_by_nobody_authorised_does_not_count():
    with pytest.raises(ThresholdError):
        verify(document(sig("mallory", "m")), authority(1, a="alice"))


def test_no_signatures_prove_nothing():
    """T-59."""
    with pytest.raises(ThresholdError):
        verify(document(), authority(1, a="alice"))


def test_nobody_may_sign_for_an_authority_without_keys():
    with pytest.raises(ThresholdError):
        verify(document(sig("alice", "a")), Authority(FrozenMap(), 1))


def test_more_signatures_than_needed_and_unknown_ones_do_no_harm():
    read = document(sig("mallory", "m"), sig("mallory", "b"), sig("alice", "a"))

    assert frozenset({"a"}) == verify(read, authority(1, a="alice", b="bob")).signed_by


@pytest.mark.parametrize("threshold", [0, -1])
def test_a_threshold_below_one_is_a_programming_error(threshold):
    """T-24, T-59."""
    with pytest.raises(ValueError, match="threshold"):
        verify(document(sig("alice", "a")), authority(threshold, a="alice"))


def test_asking_nobody_is_a_programming_error():
    """T-59."""
    with pytest.raises(ValueError, match="nobody"):
        verify(document(sig("alice", "a")))


def test_a_key_that_cannot_be_used_never_counts_and_does_not_disturb_others():
    """T-27, P41."""
    broken = Key(keytype="ed25519", scheme="ed25519", keyval=FrozenMap({"public": "00"}))
    who = Authority(FrozenMap({"x": broken, "a": signer("alice").key}), 1)

    assert frozenset({"a"}) == verify(document(sig("bob", "x"), sig("alice", "a")), who).signed_by
    with pytest.raises(ThresholdError):
        verify(document(sig("alice", "x")), who)


def test_a_key_without_material_is_not_asked_at_all():
    """Without it nobody can tell whether it has been counted already."""
    calls = Counter()
    nameless = CountingKey(signer("alice").key, calls)
    nameless.material = None

    with pytest.raises(ThresholdError):
        verify(document(sig("alice", "a")), Authority(FrozenMap({"a": nameless}), 1))
    assert not calls


def test_two_unusable_keys_are_not_one_usable_key():
    broken = Key(keytype="nonsense", scheme="none", keyval=FrozenMap())
    who = Authority(FrozenMap({"x": broken, "y": broken}), 1)

    with pytest.raises(ThresholdError):
        verify(document(Signature("x", b""), Signature("y", b"")), who)


# -- several authorities ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "missing"), [((), "old"), (("old",), "new"), (("new",), "old"), (("old", "new"), None)]
)
def test_every_authority_must_vouch(who, missing):
    """A new root needs the old keys and its own (§5.3.4)."""
    read = document(*(sig(name, name) for name in who))
    authorities = {
        "old": authority(1, old="old"),
        "new": authority(1, new="new", unused="unused"),
    }

    if missing is None:
        assert frozenset({"old", "new"}) == verify(read, *authorities.values()).signed_by
        return
    with pytest.raises(ThresholdError):
        verify(read, *authorities.values())
    with pytest.raises(ThresholdError):
        verify(read, *reversed(authorities.values()))


def test_one_authoritys_signatures_do_not_count_for_another():
    read = document(sig("alice", "a"), sig("bob", "b"))

    with pytest.raises(ThresholdError) as error:
        verify(read, authority(2, a="alice", b="bob"), authority(2, b="bob", c="carol"))

    assert frozenset({"b"}) == error.value.signed_by


def test_one_id_may_name_two_keys_in_two_authorities():
    """Each key is asked about the one signature under that id."""
    read = document(sig("alice", "a"))

    with pytest.raises(ThresholdError):
        verify(read, authority(1, a="alice"), authority(1, a="mallory"))
    with pytest.raises(ThresholdError):
        verify(read, authority(1, a="mallory"), authority(1, a="alice"))


def test_the_same_key_under_two_schemes_is_asked_about_each():
    """What one scheme says of a signature is not what another says of it."""
    calls = Counter()
    key = signer("alice").key
    two = [CountingKey(key, calls), CountingKey(key, calls, scheme="another")]

    verify(document(sig("alice", "a")), *(Authority(FrozenMap({"a": k}), 1) for k in two))

    assert 2 == calls[key.material]


# -- the amount of work -----------------------------------------------------------------


def test_4096_bogus_signatures_cost_one_verification_per_authorised_key():
    """T-01, P59."""
    calls = Counter()
    who = Authority(
        FrozenMap({n: CountingKey(signer(n).key, calls) for n in ("alice", "bob", "carol")}), 2
    )
    names = ["alice", "bob", "carol", *(f"{n:064x}" for n in range(4093))]
    read = document(*(Signature(name, b"\1" * 64) for name in names))

    with pytest.raises(ThresholdError):
        verify(read, who)

    assert {signer(n).key.material: 1 for n in ("alice", "bob", "carol")} == calls


def test_unsigned_ids_and_unknown_ids_cost_nothing():
    calls = Counter()
    who = Authority(FrozenMap({"a": CountingKey(signer("alice").key, calls)}), 1)

    with pytest.raises(ThresholdError):
        verify(document(*(Signature(f"{n:064x}", b"\1" * 64) for n in range(4096))), who)

    assert not calls


def test_a_key_of_the_old_and_the_new_root_is_asked_once():
    calls = Counter()
    key = CountingKey(signer("alice").key, calls)
    who = Authority(FrozenMap({"a": key}), 1)

    verify(document(sig("alice", "a")), who, who)

    assert 1 == calls[key.material]


# -- the property -----------------------------------------------------------------------

NAMES = ("alice", "bob", "carol", "dave")
IDS = tuple("abcdef")
FORMS = {who: signer(who).sign(PAYLOAD).value for who in (*NAMES, "mallory")}
VALUES = st.one_of(
    st.sampled_from(NAMES).map(FORMS.get),
    st.sampled_from([b"", b"\0", bytes(64), FORMS["mallory"], FORMS["alice"][:-1], bytes(65)]),
)
BROKEN = Key(keytype="ed25519", scheme="ed25519", keyval=FrozenMap({"public": "zz"}))
HOLDERS = st.sampled_from((*NAMES, None))
AUTHORITIES = st.builds(
    lambda held, threshold: (held, threshold),
    st.dictionaries(st.sampled_from(IDS), HOLDERS, max_size=6),
    st.integers(1, 4),
)


@settings(max_examples=300)
@given(
    st.lists(AUTHORITIES, min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from(IDS), VALUES), max_size=6, unique_by=lambda one: one[0]),
)
def test_verified_if_and_only_if_enough_distinct_authorised_keys_signed(authorities, offered):
    """The oracle knows who made which signature, and counts people."""
    authors = {value: who for who, value in FORMS.items()}
    by_id = dict(offered)
    met = all(
        len({who for i, who in held.items() if who and authors.get(by_id.get(i)) == who})
        >= threshold
        for held, threshold in authorities
    )
    read = document(*(Signature(i, value) for i, value in offered))
    asked = [
        Authority(FrozenMap({i: signer(who).key if who else BROKEN for i, who in held.items()}), t)
        for held, t in authorities
    ]

    if met:
        proof = verify(read, *asked)
        assert ROLE is proof.role
        assert proof.signed_by <= {i for held, _ in authorities for i in held}
    else:
        with pytest.raises(ThresholdError):
            verify(read, *asked)


# -- key ids that metadata chose --------------------------------------------------------


def test_key_ids_are_names_and_need_not_be_hashes():
    """P02: roots in production list keys under ids that do not match them."""
    world = World.create()
    root = attrs.evolve(
        world.root,
        keys=FrozenMap({"a": signer("alice").key, **world.root.keys}),
        roles=world.root.roles.including(
            {ROOT: keyset("root").__class__(keyids=("a",), threshold=1)}
        ),
    )
    made = signer("alice").sign(TUF_JSON.payload(root))
    read = TUF_JSON.parse(Root, TUF_JSON.render(root, (Signature("a", made.value),)))

    assert frozenset({"a"}) == verify(read, read.unverified.authority(ROOT)).signed_by


def test_key_ids_that_name_no_key_are_not_authorised():
    world = World.create().edited(ROOT, keys=keys("timestamp"))

    assert FrozenMap() == world.root.authority(ROOT).keys


# -- the proof --------------------------------------------------------------------------


@pytest.fixture
def proof():
    return verify(document(sig("alice", "a")), authority(1, a="alice"))


@pytest.mark.parametrize("pen", [None, object(), "pen", True])
def test_a_proof_cannot_be_forged(pen):
    with pytest.raises(TypeError, match=r"verify\(\) alone"):
        Verified(document(), frozenset(), pen=pen)
    with pytest.raises(TypeError):
        Verified(document(), frozenset())


def test_a_proof_cannot_be_made_over(proof):
    with pytest.raises(TypeError):
        proof.__init__(document(name="other"), frozenset(), pen=None)

    assert TARGETS == proof.name


@pytest.mark.parametrize("name", ["name", "role", "raw", "signed_by", "note"])
def test_a_proof_cannot_be_edited(proof, name):
    with pytest.raises(AttributeError, match=name):
        setattr(proof, name, None)
    with pytest.raises(AttributeError, match=name):
        delattr(proof, name)

    assert not hasattr(proof, "__dict__")
    assert ROLE is proof.role


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        lambda p: pickle.dumps(p, 0),
        lambda p: p.__reduce__(),
    ],
)
def test_a_proof_cannot_be_copied_or_pickled(proof, duplicate):
    with pytest.raises(TypeError, match="proof"):
        duplicate(proof)


def test_a_proof_cannot_be_evolved(proof):
    with pytest.raises(attrs.exceptions.NotAnAttrsClassError):
        attrs.evolve(proof, role=None)


def test_two_proofs_are_equal_only_if_they_are_the_same():
    read, who = document(sig("alice", "a")), authority(1, a="alice")
    one, other = verify(read, who), verify(read, who)

    assert one != other
    assert 2 == len({one, other})


def test_what_is_proved_is_what_was_signed_and_not_what_was_unverified():
    """A file whose value was exchanged under its signatures proves nothing."""
    raw = signed(ROLE, [signer("alice")])
    other = raw.replace(b'"version":1', b'"version":2')
    who = Authority.of(signer("alice").key)

    assert 1 == verify(TUF_JSON.parse(Targets, raw), who).role.version
    with pytest.raises(ThresholdError):
        verify(TUF_JSON.parse(Targets, other), who)
