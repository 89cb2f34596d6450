"""A key is its material. What a key signs with belongs to the key."""

import base64
import functools
import hashlib
import json
import pickle

import attrs
import pytest
from core.worlds import p256_signer, signer
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.formats import encode_canonical

from trustlib._frozen import FrozenMap
from trustlib._schemes import SCHEMES
from trustlib.documents import Document
from trustlib.errors import MalformedError, StorageError, ThresholdError
from trustlib.keys import Key, Signature
from trustlib.roles import Authority
from trustlib.verify import verify

try:
    from cryptography.hazmat.primitives.asymmetric import mldsa
except ImportError:
    mldsa = None

DATA = b"what is signed"


def key(keytype, scheme, public, **extra):
    return Key(
        keytype=keytype,
        scheme=scheme,
        keyval=FrozenMap({"public": public}),
        extra=FrozenMap(extra),
    )


def pem(public):
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@functools.cache
def private(kind):
    match kind:
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case "p256" | "p384" | "p521" | "k1":
            curves = {
                "p256": ec.SECP256R1,
                "p384": ec.SECP384R1,
                "p521": ec.SECP521R1,
                "k1": ec.SECP256K1,
            }
            return ec.generate_private_key(curves[kind]())
        case "dsa":
            return dsa.generate_private_key(1024)
        case "x25519":
            return x25519.X25519PrivateKey.generate()
        case "ed448":
            return ed448.Ed448PrivateKey.generate()
        case "rsa":
            return rsa.generate_private_key(65537, 2048)
        case "rsa-small":
            return rsa.generate_private_key(65537, 1024)
    raise AssertionError(kind)


def public_of(kind):
    public = private(kind).public_key()
    return public.public_bytes_raw().hex() if kind == "ed25519" else pem(public)


RSA_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def sign(scheme):
    """A signature over DATA as *scheme* makes it, by somebody else's library."""
    match scheme.split("-"):
        case ["ed25519"]:
            return private("ed25519").sign(DATA)
        case ["ecdsa", "sha2", "nistp256"]:
            return private("p256").sign(DATA, ec.ECDSA(hashes.SHA256()))
        case ["ecdsa", "sha2", "nistp384"]:
            return private("p384").sign(DATA, ec.ECDSA(hashes.SHA384()))
        case ["rsassa", "pss", name]:
            used = RSA_HASHES[name]
            return private("rsa").sign(
                DATA, padding.PSS(padding.MGF1(used), used.digest_size), used
            )
        case ["rsa", "pkcs1v15", name]:
            return private("rsa").sign(DATA, padding.PKCS1v15(), RSA_HASHES[name])
    raise AssertionError(scheme)


RIGHT = {"ed25519": "ed25519", "ecdsa-sha2-nistp256": "p256", "ecdsa-sha2-nistp384": "p384"}
CLASSIC = [pair for pair in SCHEMES if pair[0] != "ml-dsa"]
KINDS = ["ed25519", "p256", "p384", "p521", "k1", "dsa", "x25519", "ed448", "rsa", "rsa-small"]


# -- what counts ------------------------------------------------------------------------


@pytest.mark.parametrize(("keytype", "scheme"), CLASSIC)
def test_every_known_pair_verifies_what_its_scheme_signs(keytype, scheme):
    one = key(keytype, scheme, public_of(RIGHT.get(scheme, "rsa")))
    value = sign(scheme)

    assert one.material is not None
    assert True is one.verifies(value, DATA)
    assert False is one.verifies(value, DATA + b".")
    for wrong in (b"", b"\0", value[:-1], value + b"\0", bytes(len(value)), bytes(64), bytes(65)):
        assert False is one.verifies(wrong, DATA)


@pytest.mark.parametrize(("keytype", "scheme"), CLASSIC)
def test_a_pair_takes_its_kind_of_key_and_no_other(keytype, scheme):
    """T-40; wrong curves; RSA below 2048 bits."""
    for kind in KINDS:
        one = key(keytype, scheme, public_of(kind))
        right = kind == RIGHT.get(scheme, "rsa")
        assert right == (one.material is not None)
        if not right:
            for signing in ("ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256"):
                assert False is one.verifies(sign(signing), DATA)


def test_a_scheme_verifies_its_own_signatures_only():
    """T-40: the scheme is the key's."""
    schemes = [scheme for keytype, scheme in SCHEMES if keytype == "rsa"]
    for scheme in schemes:
        one = key("rsa", scheme, public_of("rsa"))
        assert [scheme] == [other for other in schemes if one.verifies(sign(other), DATA)]


@pytest.mark.parametrize(
    ("keytype", "scheme"),
    [
        ("rsa", "ed25519"), ("ed25519", "rsassa-pss-sha256"), ("ed25519", "hmac"), ("ed25519", "none"),
        ("ed25519", ""), ("", "ed25519"), ("", ""), ("hmac", "hmac"), ("ED25519", "ed25519"),
        ("ed25519", "Ed25519"), ("ecdsa", "ed25519"), ("ecdsa", "ecdsa"), ("ed25519 ", "ed25519"),
        ("rsa", "rsassa-pss-md5"), ("rsa", "rsassa-pss-sha1"), ("rsa", "rsa-pkcs1v15-sha224"),
        ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384"), ("sigstore-oidc", "Fulcio"),
        ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"), ("sphincs", "sphincs-shake-128s"), ("gpg", "gpg"),
    ],
)  # fmt: skip
def test_pairs_that_nobody_knows_never_count(keytype, scheme):
    """T-40, P41."""
    for kind in KINDS:  # not even keys that nobody knows either
        one = key(keytype, scheme, public_of(kind))
        assert None is one.material
        assert False is one.verifies(sign("ed25519"), DATA)


ED = public_of("ed25519")


@pytest.mark.parametrize(
    "public",
    ["", "00", ED[:-2], ED + "00", ED + ED, ED[:-1], ED[:-1] + "g", " " + ED, ED + "\n", "0x" + ED[2:],
     "٠" * 64, ED[:-1] + "\0", pem(private("ed25519").public_key()), "x" * 20_000],
    ids=range(14),
)  # fmt: skip
def test_an_ed25519_key_is_32_bytes_of_hex(public):
    """T-27."""
    one = key("ed25519", "ed25519", public)

    assert None is one.material
    assert False is one.verifies(sign("ed25519"), DATA)


@pytest.mark.parametrize("public", [None, 1, True, (), FrozenMap(), ...], ids=repr)
def test_a_key_without_a_value_never_counts(public):
    for keytype, scheme in SCHEMES:
        keyval = FrozenMap() if public is ... else FrozenMap({"public": public})
        one = Key(keytype=keytype, scheme=scheme, keyval=keyval)
        assert None is one.material
        assert False is one.verifies(b"", DATA)


# -- identity ---------------------------------------------------------------------------


def point(form, kind="p256"):
    return private(kind).public_key().public_bytes(Encoding.X962, form)


def rewrapped(text, width):
    body = "".join(text.splitlines()[1:-1])
    lines = [body[at : at + width] for at in range(0, len(body), width)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def compressed_pem(kind="p256"):
    """The SubjectPublicKeyInfo with the point in its short form."""
    der = private(kind).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    short = point(PublicFormat.CompressedPoint, kind)
    header = der[2 : der.index(b"\x03\x42\x00\x04")]
    content = header + bytes([3, len(short) + 1, 0]) + short
    body = base64.b64encode(bytes([0x30, len(content)]) + content).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"


P256 = public_of("p256")
VARIANTS = [
    ("ecdsa", P256),
    ("ecdsa", P256.rstrip("\n")),
    ("ecdsa", P256 + "\n\n"),
    ("ecdsa", "\n" + P256),
    ("ecdsa", P256.replace("\n", "\r\n")),
    ("ecdsa", "a comment\n" + P256),
    ("ecdsa", rewrapped(P256, 76)),
    ("ecdsa", rewrapped(P256, 32)),
    ("ecdsa", compressed_pem()),
    ("ecdsa", point(PublicFormat.UncompressedPoint).hex()),
    ("ecdsa", point(PublicFormat.UncompressedPoint).hex().upper()),
    ("ecdsa-sha2-nistp256", P256),
    ("ecdsa-sha2-nistp256", point(PublicFormat.UncompressedPoint).hex()),
]


def test_one_key_is_one_key_however_it_is_written():
    """T-21: white space, wrapping, points short, long and in hex, aliases of the type."""
    keys = [key(keytype, "ecdsa-sha2-nistp256", public) for keytype, public in VARIANTS]

    assert 1 == len({one.material for one in keys} - {None})
    assert all(one.material for one in keys[:3])
    assert len(VARIANTS) == sum(one.material is not None for one in keys)
    assert all(one.verifies(sign("ecdsa-sha2-nistp256"), DATA) for one in keys)


def test_one_key_in_thirteen_spellings_does_not_meet_a_threshold_of_two():
    """T-21, GHSA-3633-5h82-39pq."""
    keys = {str(n): key(t, "ecdsa-sha2-nistp256", public) for n, (t, public) in enumerate(VARIANTS)}
    value = sign("ecdsa-sha2-nistp256")
    read = Document("x", b"", DATA, tuple(Signature(i, value) for i in keys), None)

    verify(read, Authority(FrozenMap(keys), 1))
    with pytest.raises(ThresholdError):
        verify(read, Authority(FrozenMap(keys), 2))


def test_a_key_under_two_schemes_is_one_key():
    schemes = [pair for pair in SCHEMES if pair[0] == "rsa"]

    assert 6 == len(schemes)
    assert 1 == len({key(*pair, public_of("rsa")).material for pair in schemes})


def test_an_ed25519_key_in_upper_case_is_the_same_key():
    assert key("ed25519", "ed25519", ED).material == key("ed25519", "ed25519", ED.upper()).material


def test_members_around_a_key_do_not_make_another_key():
    one = key("ed25519", "ed25519", ED)
    more = attrs.evolve(
        one,
        keyval=one.keyval.including({"private": ""}),
        extra=FrozenMap({"keyid_hash_algorithms": ()}),
    )

    assert one != more
    assert one.material == more.material


def test_a_key_of_more_than_16_kib_of_text_never_counts():
    """Reading it costs, and each of a file's many keys may be as long."""
    for length, counts in ((16_384, True), (16_385, False)):
        public = "c" * (length - len(P256) - 1) + "\n" + P256
        assert length == len(public)
        assert counts == (key("ecdsa", "ecdsa-sha2-nistp256", public).material is not None)


def test_two_keys_are_two():
    assert signer("alice").key.material != signer("bob").key.material
    assert p256_signer("alice").key.material != p256_signer("bob").key.material


def test_hex_points_of_p384_are_read_too():
    one = key("ecdsa", "ecdsa-sha2-nistp384", point(PublicFormat.UncompressedPoint, "p384").hex())

    assert key("ecdsa", "ecdsa-sha2-nistp384", public_of("p384")).material == one.material
    assert one.verifies(sign("ecdsa-sha2-nistp384"), DATA)
    assert None is key("ecdsa", "ecdsa-sha2-nistp256", one.keyval["public"]).material


@pytest.mark.parametrize(
    "public",
    [
        point(PublicFormat.CompressedPoint).hex(),
        "04" + "00" * 64,
        "04" + "ff" * 64,
        "04" + "00" * 96,
        "00",
        "04",
        point(PublicFormat.UncompressedPoint).hex() + "\n",
    ],
)
def test_what_is_no_point_of_the_curve_never_counts(public):
    assert None is key("ecdsa", "ecdsa-sha2-nistp256", public).material


@pytest.mark.parametrize("y", [2**255 - 19, 2**255 - 18, 2**255 - 1])
@pytest.mark.parametrize("sign_bit", [0, 2**255])
def test_a_second_spelling_of_an_ed25519_point_never_counts(y, sign_bit):
    """P01: a coordinate at or above the prime stands for another one."""
    assert None is key("ed25519", "ed25519", (y | sign_bit).to_bytes(32, "little").hex()).material


@pytest.mark.parametrize("y", [1, 2**255 - 20])
def test_a_negative_zero_is_no_second_ed25519_key(y):
    """P01: where x is 0, its sign makes a second spelling of the same point.

    Anybody can sign under such a key: the identity and the point of order two.
    """
    spellings = [
        key("ed25519", "ed25519", (y | sign_bit).to_bytes(32, "little").hex())
        for sign_bit in (0, 2**255)
    ]

    assert len({one.material for one in spellings} - {None}) <= 1


IDENTITY = (1).to_bytes(32, "little")
SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]


def test_keys_under_which_anybody_can_sign_never_count():
    """Points of small order (RFC 8032 §8.9 leaves them to us): no private key is needed."""
    forged = 0
    for public in SMALL:
        one = key("ed25519", "ed25519", public)
        forged += any(
            one.verifies(IDENTITY + bytes(32), b"forged %d" % attempt) for attempt in range(40)
        )

    assert 0 == forged


# -- RSA and post-quantum ---------------------------------------------------------------


def rsa_key(bits):
    """A public key of *bits* bits; nobody needs its factors to read it."""
    public = rsa.RSAPublicNumbers(65537, (1 << (bits - 1)) | (1 << 64) | 1).public_key()
    return key("rsa", "rsassa-pss-sha256", pem(public))


@pytest.mark.parametrize(
    ("bits", "counts"), [(1024, False), (2047, False), (2048, True), (8192, True), (8193, False)]
)
def test_rsa_keys_have_2048_to_8192_bits(bits, counts):
    assert counts == (rsa_key(bits).material is not None)


@pytest.mark.skipif(mldsa is None, reason="this cryptography has no ML-DSA")
@pytest.mark.parametrize("level", ["44", "65", "87"])
def test_ml_dsa_keys_count(level):
    """What signs is TUF's own framing of the payload, so securesystemslib's signer makes it."""
    from securesystemslib.signer import CryptoSigner

    made = getattr(mldsa, f"MLDSA{level}PrivateKey").generate()
    one = Key.from_pem(pem(made.public_key()))
    value = bytes.fromhex(CryptoSigner(made).sign(DATA).signature)

    assert ("ml-dsa", f"ml-dsa-{level}/1") == (one.keytype, one.scheme)
    assert one.verifies(value, DATA)
    assert not one.verifies(value, DATA + b".")
    for other in {"44", "65", "87"} - {level}:
        assert None is key("ml-dsa", f"ml-dsa-{other}/1", one.keyval["public"]).material
    assert None is key("ed25519", "ed25519", one.keyval["public"]).material
    assert None is key("ml-dsa", f"ml-dsa-{level}/1", P256).material


# -- making keys ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ed25519", "p256", "p384", "rsa"])
def test_a_key_from_pem_is_as_tuf_lists_it(kind):
    one = Key.from_pem(pem(private(kind).public_key()))

    assert public_of(kind) == one.keyval["public"]
    assert (one.keytype, one.scheme) in {
        "ed25519": [("ed25519", "ed25519")],
        "p256": [("ecdsa", "ecdsa-sha2-nistp256")],
        "p384": [("ecdsa", "ecdsa-sha2-nistp384")],
        "rsa": [("rsa", "rsassa-pss-sha256")],
    }[kind]
    assert one.verifies(sign(one.scheme), DATA)


@pytest.mark.parametrize("kind", ["p521", "k1", "dsa", "x25519", "ed448", "rsa-small"])
def test_a_key_without_a_scheme_is_refused(kind):
    with pytest.raises(ValueError, match="expected a key of"):
        Key.from_pem(pem(private(kind).public_key()))


def test_what_is_no_public_key_is_refused():
    secret = private("ed25519").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for text in ("", "x", secret.decode(), P256.replace("M", "!"), P256[:60]):
        with pytest.raises(ValueError):
            Key.from_pem(text)


def test_the_id_of_a_key_is_the_hash_of_its_canonical_form():
    """§4.2.1; members that TUF does not define are no part of it."""
    one = key("ecdsa", "ecdsa-sha2-nistp256", P256, more="x")
    form = {"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": P256}}

    assert hashlib.sha256(encode_canonical(form).encode()).hexdigest() == one.id


def test_keys_are_values():
    one = signer("alice").key
    again = pickle.loads(pickle.dumps(one))

    assert one == again
    assert hash(one) == hash(again)
    assert one.material == again.material
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.scheme = "none"


@settings(max_examples=200)
@given(
    st.sampled_from(sorted(SCHEMES)),
    st.text(max_size=200)
    | st.text("0123456789abcdefABCDEF", max_size=200)
    | st.builds(lambda at, c: P256[:at] + c + P256[at + 1 :], st.integers(0, len(P256)), st.characters())
    | st.binary(max_size=120).map(
        lambda der: f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(der).decode()}\n-----END PUBLIC KEY-----\n"
    ),
    st.binary(max_size=80),
)  # fmt: skip
def test_no_value_and_no_signature_raises(pair, public, value):
    """T-27, T-56."""
    try:
        public.encode()
    except UnicodeEncodeError:
        return  # no file can hold it
    one = key(*pair, public)

    assert False is one.verifies(value, DATA)
    assert one.material is None or isinstance(one.material, bytes)


# -- signature files --------------------------------------------------------------------


def test_a_signature_travels_in_a_file(tmp_path):
    made = signer("alice").sign(DATA)
    made.write(tmp_path / "a.sig")

    assert made == Signature.read(tmp_path / "a.sig")
    assert made == Signature.read(str(tmp_path / "a.sig"))
    assert {"keyid": made.keyid, "sig": made.value.hex()} == json.loads(
        (tmp_path / "a.sig").read_text()
    )
    assert (tmp_path / "a.sig").read_bytes().endswith(b"}\n")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{}", b"[]", b"null", b"\xff", b'{"keyid":"a"}', b'{"sig":"00"}', b'{"keyid":1,"sig":"00"}',
        b'{"keyid":"a","sig":0}', b'{"keyid":"a","sig":"0"}', b'{"keyid":"a","sig":"0G"}',
        b'{"keyid":"a","sig":"AB"}', b'{"keyid":"a","sig":"00","sig":"01"}', b'{"keyid":"a","sig":"00"}x',
        b"[" * 60_000, b" " * 65_537, b'{"keyid":"a","sig":"00"}'.ljust(65_537),
    ],
    ids=range(17),
)  # fmt: skip
def test_what_is_no_signature_file_is_malformed(tmp_path, raw):
    (tmp_path / "a.sig").write_bytes(raw)

    with pytest.raises(MalformedError) as error:
        Signature.read(tmp_path / "a.sig")
    assert str(tmp_path / "a.sig") == error.value.document


def test_a_signature_file_of_64_kib_is_read(tmp_path):
    raw = b'{"keyid":"a","sig":"00"}'
    (tmp_path / "a.sig").write_bytes(raw + b" " * (65_536 - len(raw)))

    assert Signature("a", b"\0") == Signature.read(tmp_path / "a.sig")


def test_a_signature_file_that_cannot_be_read_or_written_is_a_storage_error(tmp_path):
    for call in (
        lambda: Signature.read(tmp_path / "none"),
        lambda: Signature.read(tmp_path),
        lambda: Signature("a", b"").write(tmp_path / "no" / "a.sig"),
    ):
        with pytest.raises(StorageError) as error:
            call()
        assert str(tmp_path) in error.value.where


def test_a_signature_does_not_print_its_bytes():
    assert "<64 bytes>" in repr(Signature("a", bytes(64)))
