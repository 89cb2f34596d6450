"""Each scheme verifies its own signatures, and nothing that only looks like one.

Signatures are made with ``cryptography`` directly, bent here, and judged by
trustlib: what Project Wycheproof asks of other libraries, asked of this one.
"""

import base64
import functools
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trustlib._schemes import SCHEMES, _verify, material, verifies

try:
    from cryptography.hazmat.primitives.asymmetric import mldsa
except ImportError:
    mldsa = None

DATA = b"what is signed"
PAIRS = [pair for pair in SCHEMES if pair[0] != "ml-dsa" or mldsa is not None]
ECDSA = [pair for pair in PAIRS if pair[0].startswith("ecdsa")]
RSA = [pair for pair in PAIRS if pair[0] == "rsa"]
PSS = [pair for pair in RSA if "pss" in pair[1]]
PKCS1 = [pair for pair in RSA if "pkcs1" in pair[1]]
ML_DSA = [pair for pair in PAIRS if pair[0] == "ml-dsa"]
ED = ("ed25519", "ed25519")
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
CURVES = {"secp256r1": (ec.SECP256R1(), "sha256"), "secp384r1": (ec.SECP384R1(), "sha384")}
ORDERS = {"secp256r1": ec.SECP256R1().group_order, "secp384r1": ec.SECP384R1().group_order}
P_256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
ED_PRIME, ED_ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493


def private(kind, owner="alice"):
    """The private key of *owner*: the same one each time."""
    return made_for(kind, owner)


@functools.cache
def made_for(kind, owner):
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(owner.encode()).digest())
    if kind in CURVES:
        number = int.from_bytes(hashlib.sha256(owner.encode()).digest(), "big") >> 1
        return ec.derive_private_key(number, CURVES[kind][0])
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return getattr(mldsa, f"MLDSA{kind[-2:]}PrivateKey").generate()


def pem(key, label="PUBLIC KEY"):
    der = key if isinstance(key, bytes) else spki(key)
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


def spki(public):
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public(pair, owner="alice"):
    """The public key as TUF lists it under *pair*."""
    key = private(SCHEMES[pair], owner).public_key()
    return key.public_bytes_raw().hex() if pair == ED else pem(key)


def point(kind):
    key = private(kind).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()


def used_hash(pair):
    return HASHES[pair[1].rpartition("-")[2]]


def framed(data):
    """What an ML-DSA key of TUF signs in place of *data* (TAP 21)."""
    return b"tuf" + b"\x01" + hashlib.sha512(data).digest()


def sign(pair, data=DATA, owner="alice"):
    """A signature as *pair*'s scheme makes it, by somebody else's code."""
    kind = SCHEMES[pair]
    key = private(kind, owner)
    if kind == "ed25519":
        return key.sign(data)
    if kind in CURVES:
        return key.sign(data, ec.ECDSA(HASHES[CURVES[kind][1]]))
    if kind == "rsa":
        used = used_hash(pair)
        salted = padding.PSS(padding.MGF1(used), used.digest_size)
        return key.sign(data, salted if pair in PSS else padding.PKCS1v15(), used)
    return key.sign(framed(data))


@functools.cache
def signed(pair):
    """One signature, the same each time: ECDSA's and PSS's are new ones with every call."""
    return sign(pair)


def accepts(pair, value, key=None):
    return verifies(*pair, public(pair) if key is None else key, value, DATA)


def der(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(number):
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


# -- every scheme -----------------------------------------------------------------------


@pytest.mark.parametrize("pair", PAIRS)
def test_what_a_scheme_signs_verifies(pair):
    assert accepts(pair, sign(pair))
    if SCHEMES[pair] in CURVES:
        assert accepts(pair, sign(pair), point(SCHEMES[pair]))


@pytest.mark.parametrize("pair", PAIRS)
def test_a_key_is_known_by_its_subject_public_key_info(pair):
    assert spki(private(SCHEMES[pair]).public_key()) == material(*pair, public(pair))


@pytest.mark.parametrize("pair", PAIRS)
def test_signatures_of_other_bytes_or_by_other_keys_are_refused(pair):
    assert not accepts(pair, sign(pair, DATA + b"."))
    assert not accepts(pair, sign(pair, b""))
    assert not accepts(pair, sign(pair, owner="mallory"))
    assert not accepts(pair, sign(pair), public(pair, "mallory"))


@pytest.mark.parametrize("pair", PAIRS)
def test_signatures_of_another_length_are_refused(pair):
    good = sign(pair)
    bent = [b"", b"\0", good[:-1], good[1:], good + b"\0", b"\0" + good, good + good, good[:1]]
    same_length = [bytes(len(good)), b"\xff" * len(good), b"\x01" * len(good), good[::-1]]

    assert [] == [value for value in bent + same_length if accepts(pair, value)]


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair[0] == "rsa"])
def test_an_rsa_signature_keeps_the_zero_that_it_begins_with(pair):
    """RFC 8017, 8.1.2 and 8.2.2: as long as the modulus; else it had two spellings."""
    texts = (b"%d" % number for number in range(10_000))
    text, good = next((t, s) for t in texts if (s := sign(pair, t)).startswith(b"\0"))

    assert verifies(*pair, public(pair), good, text)
    assert not verifies(*pair, public(pair), good[1:], text)


@pytest.mark.parametrize("pair", PAIRS)
def test_a_signature_of_one_scheme_is_none_of_another(pair):
    """T-40: the scheme is the key's; P-256 under P-384, PKCS #1 under PSS, other hashes."""
    same = {other for other in PAIRS if (other[1], SCHEMES[other]) == (pair[1], SCHEMES[pair])}

    assert same == {other for other in PAIRS if accepts(pair, sign(other))}


@pytest.mark.parametrize("pair", PAIRS)
def test_a_key_listed_under_the_scheme_of_another_kind_never_counts(pair):
    """T-40: wrong curves and parameter sets too."""
    for other in PAIRS:
        if SCHEMES[other] != SCHEMES[pair]:
            assert None is material(*pair, public(other))
            assert not accepts(pair, sign(other), public(other))
            assert not accepts(pair, sign(pair), public(other))


@pytest.mark.parametrize("scheme", ["", "hmac", "none", "ed448", "sphincs-shake-128s", "ml-dsa-44/2",
                                    "ml-dsa-44", "rsassa-pss-sha1", "rsassa-pss-sha224", "rsa-pkcs1v15-md5",
                                    "ecdsa-sha2-nistp521", "ED25519", "ed25519 ", "ed25519\0", "\ud800"])  # fmt: skip
@pytest.mark.parametrize("keytype", [*dict(PAIRS), "", "hmac", "none", "ed448", "sphincs"])
def test_pairs_that_nobody_knows_never_count(keytype, scheme):
    """T-40, P41."""
    for pair in PAIRS:
        assert None is material(keytype, scheme, public(pair))
        assert not accepts((keytype, scheme), sign(pair), public(pair))
        assert not accepts((keytype, scheme), b"", public(pair))


# -- Ed25519 ----------------------------------------------------------------------------


def little(number):
    return number.to_bytes(32, "little")


def ed_signature(r):
    """The signature whose R is spelled *r*, a spelling of the neutral point, by who has the key."""
    hashed = hashlib.sha512(private("ed25519").private_bytes_raw()).digest()[:32]
    secret = int.from_bytes(hashed, "little") & (2**254 - 8) | 2**254
    asked = hashlib.sha512(r + bytes.fromhex(public(ED)) + DATA).digest()
    return r + little(int.from_bytes(asked, "little") * secret % ED_ORDER)


@pytest.mark.parametrize("times", range(1, 15))
def test_an_ed25519_s_at_or_above_the_order_is_a_second_signature(times):
    """RFC 8032 §5.1.7: or anybody could make many signatures of one."""
    good = sign(ED)
    s = int.from_bytes(good[32:], "little") + times * ED_ORDER

    assert s < 2**256
    assert not accepts(ED, good[:32] + little(s))


def test_an_ed25519_r_in_a_second_spelling_is_refused():
    """RFC 8032 §5.1.3. The first line shows that only the spelling is at fault."""
    assert accepts(ED, ed_signature(little(1)))
    for spelling in (ED_PRIME + 1, 1 | 2**255, (ED_PRIME + 1) | 2**255):
        assert not accepts(ED, ed_signature(little(spelling)))


EIGHTH = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL = [0, 1, ED_PRIME - 1, EIGHTH, ED_PRIME - EIGHTH]
SMALL += [ED_PRIME, ED_PRIME + 1]  # spelled again


@pytest.mark.parametrize("sign_bit", [0, 2**255])
@pytest.mark.parametrize("y", SMALL)
def test_points_of_small_order_are_no_ed25519_keys_and_no_help_to_forgers(y, sign_bit):
    """P01, RFC 8032 §8.9: under such a key anybody can sign."""
    forged = little(y | sign_bit)

    assert None is material(*ED, forged.hex())
    for r in SMALL:
        assert not accepts(ED, little(r) + bytes(32), forged.hex())
        assert not accepts(ED, forged + little(r % ED_ORDER))
        assert not accepts(ED, forged + bytes(32))


@pytest.mark.parametrize("s", [0, 1, ED_ORDER - 1, ED_ORDER, 2**252, 2**253, 2**255, 2**256 - 1])
def test_an_ed25519_signature_is_no_signature_with_another_s(s):
    assert not accepts(ED, sign(ED)[:32] + little(s))


# -- ECDSA ------------------------------------------------------------------------------


@functools.cache
def r_and_s(pair):
    """A signature, both of whose numbers need a leading zero in DER."""
    top = ORDERS[SCHEMES[pair]].bit_length()
    while True:
        r, s = decode_dss_signature(sign(pair))
        if r.bit_length() == s.bit_length() == top:
            return r, s


def pair_of(r, s):
    return der(0x30, integer(r) + integer(s))


@pytest.mark.parametrize("pair", ECDSA)
def test_ecdsa_numbers_out_of_range_are_refused(pair):
    (r, s), n = r_and_s(pair), ORDERS[SCHEMES[pair]]
    special = [0, 1, -1, n - 1, n, n + 1, 2 * n, P_256, 2**256, 2**384, 2**521]
    bent = [(r, x) for x in special] + [(x, s) for x in special]
    bent += [(x, y) for x in special for y in special]
    bent += [(s, r), (r, r), (s, s), (-r, s), (r, -s), (-r, -s), (n - r, s)]
    bent += [(r + n, s), (r, s + n), (r - n, s), (r, s - n), (r + n, s + n)]

    assert accepts(pair, pair_of(r, s))
    assert [] == [numbers for numbers in bent if accepts(pair, pair_of(*numbers))]


@pytest.mark.parametrize("pair", ECDSA)
def test_ecdsa_signatures_have_one_encoding(pair):
    """DER is the only one: not BER, not raw numbers."""
    r, s = r_and_s(pair)
    first, second = integer(r), integer(s)
    both, size = first + second, (ORDERS[SCHEMES[pair]].bit_length() + 7) // 8
    body = first[2:]
    bent = {
        "raw": r.to_bytes(size, "big") + s.to_bytes(size, "big"),
        "leading zero": der(0x30, der(2, b"\0" + body) + second),
        "many leading zeros": der(0x30, der(2, bytes(60) + body) + second),
        "missing zero, so negative": der(0x30, der(2, body[1:]) + der(2, second[3:])),
        "long form of a length": b"\x30\x81" + bytes([len(both)]) + both,
        "longer form of a length": b"\x30\x82\0" + bytes([len(both)]) + both,
        "long form within": der(0x30, b"\x02\x81" + first[1:] + second),
        "indefinite length": b"\x30\x80" + both + b"\0\0",
        "bytes within": der(0x30, both + b"\0"),
        "null within": der(0x30, both + b"\x05\0"),
        "third number": der(0x30, both + integer(1)),
        "one number": der(0x30, first),
        "no number": der(0x30, b""),
        "bytes after": der(0x30, both) + b"\0",
        "null after": der(0x30, both) + b"\x05\0",
        "null before": der(0x30, b"\x05\0" + both),
        "length too small": bytes([0x30, len(both) - 1]) + both,
        "length too large": bytes([0x30, len(both) + 1]) + both,
        "endless length": b"\x30\xff" + both,
        "set": der(0x31, both),
        "primitive": der(0x10, both),
        "octet strings": der(0x30, der(4, body) + der(4, second[2:])),
        "enumerated": der(0x30, der(10, body) + second),
        "empty number": der(0x30, b"\x02\0" + second),
        "wrapped": der(0x30, der(0x30, both)),
        "in a bit string": der(3, b"\0" + der(0x30, both)),
    }

    assert accepts(pair, der(0x30, both))
    assert [] == [name for name, value in bent.items() if accepts(pair, value)]


@pytest.mark.parametrize("pair", ECDSA)
def test_an_ecdsa_scheme_has_one_hash(pair):
    key = private(SCHEMES[pair])
    right = CURVES[SCHEMES[pair]][1]

    assert [right] == [
        name for name, used in HASHES.items() if accepts(pair, key.sign(DATA, ec.ECDSA(used)))
    ]


def explicit(p, a, b, base, order):
    """A key that brings its own curve along (CVE-2020-0601)."""
    size = (p.bit_length() + 7) // 8
    prime_field = bytes.fromhex("06072a8648ce3d0101")
    curve = der(4, a.to_bytes(size, "big")) + der(4, b.to_bytes(size, "big"))
    parameters = der(
        0x30,
        integer(1) + der(0x30, prime_field + integer(p)) + der(0x30, curve)
        + der(4, base) + integer(order) + integer(1),
    )  # fmt: skip
    algorithm = der(0x30, bytes.fromhex("06072a8648ce3d0201") + parameters)
    return pem(der(0x30, algorithm + der(3, b"\0" + bytes.fromhex(point("secp256r1")))))


def test_a_key_does_not_bring_its_own_curve():
    """CVE-2020-0601: with the public key as base point, 1 is the private key."""
    pair = ("ecdsa", "ecdsa-sha2-nistp256")
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    here = bytes.fromhex(point("secp256r1"))
    for order in (ORDERS["secp256r1"], ORDERS["secp256r1"] - 2, 7):
        assert None is material(*pair, explicit(P_256, P_256 - 3, b, here, order))
    assert None is material(*pair, explicit(P_256, P_256 - 3, b + 1, here, ORDERS["secp256r1"]))


@pytest.mark.parametrize("pair", ECDSA)
def test_what_is_no_point_of_the_curve_is_no_key(pair):
    kind = SCHEMES[pair]
    good, whole = bytes.fromhex(point(kind)), spki(private(kind).public_key())
    size = len(good) // 2
    beyond = good[:1] + b"\xff" * size + good[1 + size :]
    bent = [
        good[:-1] + bytes([good[-1] ^ 1]),
        b"\x04" + bytes(2 * size),
        beyond,
        b"\x05" + good[1:],
    ]
    bent += [b"\x04" + b"\xff" * (2 * size), b"\x00" + good[1:], good[:1] + good[1:][::-1]]

    assert material(*pair, pem(whole)) == material(*pair, good.hex())
    for one in bent:
        assert None is material(*pair, one.hex())
        assert None is material(*pair, pem(whole.replace(good, one)))
    for short in (b"\x00", b"", good[:-1], good + b"\0"):  # the first is the point at infinity
        header = whole[2 : whole.index(good) - 3]
        assert None is material(*pair, short.hex())
        assert None is material(*pair, pem(der(0x30, header + der(3, b"\0" + short))))


# -- RSA --------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", PSS)
def test_a_pss_salt_may_have_any_length(pair):
    """Some services salt with all the room there is; without any it is safe too (RFC 8017 §9.1)."""
    used = used_hash(pair)
    for salt in (
        0,
        20,
        used.digest_size,
        padding.calculate_max_pss_salt_length(private("rsa"), used),
    ):
        value = private("rsa").sign(DATA, padding.PSS(padding.MGF1(used), salt), used)
        assert accepts(pair, value)


@pytest.mark.parametrize("pair", PSS)
def test_a_pss_mask_is_made_with_the_hash_of_the_scheme(pair):
    used = used_hash(pair)
    for other in (hashes.SHA1(), *HASHES.values()):
        salted = padding.PSS(padding.MGF1(other), used.digest_size)
        value = private("rsa").sign(DATA, salted, used)
        assert (other.name == used.name) == accepts(pair, value)


@pytest.mark.parametrize("pair", RSA)
def test_an_rsa_signature_is_below_the_modulus_and_as_long(pair):
    good, n = sign(pair), private("rsa").public_key().public_numbers().n
    number = int.from_bytes(good, "big")
    bent = [(number + n).to_bytes(257, "big"), (n - number).to_bytes(256, "big")]
    bent += [x.to_bytes(257, "big")[-256:] for x in (0, 1, 2, n - 1, n, n + 1, number + n)]

    assert [] == [value for value in bent if value != good and accepts(pair, value)]


def raw_rsa(block):
    """What the private key makes of *block*, padded by whoever asks."""
    numbers = private("rsa").private_numbers()
    n = numbers.public_numbers.n
    return pow(int.from_bytes(block, "big"), numbers.d, n).to_bytes(256, "big")


@pytest.mark.parametrize("pair", PKCS1)
def test_pkcs1_padding_has_one_form(pair):
    """Bleichenbacher's forgery of 2006 and its cousins: every byte of the block is fixed."""
    used = used_hash(pair)
    digest = hashlib.new(used.name, DATA).digest()
    oid = bytes.fromhex("0609608648016503040200")[:-1]
    oid += {"sha256": b"\x01", "sha384": b"\x02", "sha512": b"\x03"}[used.name]
    info = der(0x30, der(0x30, oid + b"\x05\0") + der(4, digest))

    def block(told, *, head=b"\0\x01", fill=b"\xff", end=b"\0", tail=b""):
        return head + fill * (256 - len(head + end + told + tail)) + end + told + tail

    bent = {
        "garbage after, short padding": b"\0\x01" + b"\xff" * 8 + b"\0" + info + b"\xaa" * (245 - len(info)),
        "garbage after, padded": block(info, tail=b"\xaa"),
        "block type 0": block(info, head=b"\0\0", fill=b"\0"),
        "block type 2": block(info, head=b"\0\x02"),
        "other padding": block(info, fill=b"\xfe"),
        "no zero": block(info, end=b""),
        "first byte": block(info, head=b"\x01\x01"),
        "bare digest": block(digest),
        "other digest": block(info[:-1] + bytes([info[-1] ^ 1])),
        "null with content": block(der(0x30, der(0x30, oid + b"\x05\x01\0") + der(4, digest))),
        "parameters": block(der(0x30, der(0x30, oid + der(4, bytes(9))) + der(4, digest))),
        "long lengths": block(b"\x30\x81" + info[1:]),
        "short digest": block(der(0x30, der(0x30, oid + b"\x05\0") + der(4, digest[:-1]))),
        "no digest": block(der(0x30, der(0x30, oid + b"\x05\0") + der(4, b""))),
    }  # fmt: skip

    assert accepts(pair, raw_rsa(block(info)))
    assert [] == [name for name, value in bent.items() if accepts(pair, raw_rsa(value))]


def rsa_pem(n, e):
    rsa_encryption = bytes.fromhex("300d06092a864886f70d0101010500")
    return pem(der(0x30, rsa_encryption + der(3, b"\0" + der(0x30, integer(n) + integer(e)))))


@pytest.mark.parametrize(
    "e", [-1, 0, 1, 2, 3, 5, 17, 257, 65535, 65536, 65538, 2**256 + 1, 2**2000 + 1]
)
def test_rsa_exponents_are_odd_and_of_a_sensible_size(e):
    """FIPS 186-5 §A.1.1. Under an exponent of 1, every message is its own signature."""
    n = private("rsa").public_key().public_numbers().n

    assert material(*RSA[0], public(RSA[0])) == material(*RSA[0], rsa_pem(n, 65537))
    for pair in RSA:
        assert None is material(*pair, rsa_pem(n, e))
        assert not accepts(pair, sign(pair), rsa_pem(n, e))


@pytest.mark.parametrize("bits", [8, 512, 1024, 2040, 2047, 8193, 16_384])
def test_rsa_moduli_have_2048_to_8192_bits(bits):
    for pair in RSA:
        assert None is material(*pair, rsa_pem(2 ** (bits - 1) + 1, 65537))


def test_a_damaged_rsa_modulus_verifies_nothing():
    n = private("rsa").public_key().public_numbers().n
    for pair in RSA:
        for other in (n >> 8, n >> 1, n - 1, n + 2, n << 1, n << 8, -n, 0, 1):
            assert not accepts(pair, sign(pair), rsa_pem(other, 65537))
        assert None is material(*pair, rsa_pem(n >> 8, 65537))


# -- ML-DSA -----------------------------------------------------------------------------


@pytest.mark.parametrize("pair", ML_DSA)
def test_ml_dsa_signs_the_framed_hash_and_has_no_context(pair):
    """TAP 21."""
    key, framing = private(SCHEMES[pair]), framed(DATA)
    bent = [
        key.sign(framing, b"tuf"),
        key.sign(framing, b"\0"),
        key.sign(DATA),
        key.sign(hashlib.sha512(DATA).digest()),
        key.sign(b"tuf" + framing[4:]),
        key.sign(b"tuf\x00" + framing[4:]),
        key.sign(b"tuf\x02" + framing[4:]),
        key.sign(b"TUF" + framing[3:]),
        key.sign(framing[:4] + hashlib.sha256(DATA).digest()),
        key.sign(framing[:4] + DATA),
        key.sign(b"\0\0" + framing),
    ]

    assert accepts(pair, key.sign(framing))
    assert [] == [at for at, value in enumerate(bent) if accepts(pair, value)]


# -- what keys are written as -----------------------------------------------------------


@functools.cache
def certificate(pair):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alice")])
    day = datetime(2030, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, private(SCHEMES[pair]).public_key(), 1, day, day)
    return builder.sign(private("ed25519"), None).public_bytes(Encoding.DER)


@pytest.mark.parametrize("pair", PAIRS)
def test_only_one_public_key_is_a_key(pair):
    """A private key, a certificate, two keys (readers may take either), damaged text."""
    key = private(SCHEMES[pair])
    good, secret = pem(key.public_key()), key.private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )  # fmt: skip
    other = pem(private(SCHEMES[pair], "mallory").public_key())
    whole = spki(key.public_key())
    bent = {
        "private": pem(secret, "PRIVATE KEY"),
        "private, mislabelled": pem(secret),
        "certificate": pem(certificate(pair), "CERTIFICATE"),
        "certificate, mislabelled": pem(certificate(pair)),
        "mislabelled": pem(whole, "CERTIFICATE"),
        "two": good + other,
        "two of the other order": other + good,
        "twice": good + good,
        "private first": pem(secret, "PRIVATE KEY") + good,
        "certificate first": pem(certificate(pair), "CERTIFICATE") + good,
        "another begins after": good + "-----BEGIN PUBLIC KEY-----",
        "no end": good[: good.index("-----END")],
        "no beginning": good[27:],
        "other end": good.replace("END PUBLIC", "END PRIVATE"),
        "garbage within": good.replace("M", "!", 1),
        "bytes after the DER": pem(whole + b"\0"),
        "bytes before the DER": pem(b"\0" + whole),
        "DER cut": pem(whole[:-1]),
        "nothing": pem(b""),
        "no PEM": base64.b64encode(whole).decode(),
        "DER in hex": whole.hex(),
        "long": good + " " * 16_384,
        "surrogate": "\ud800" + good,
    }

    assert [] == [name for name, text in bent.items() if material(*pair, text) is not None]
    assert [] == [name for name, text in bent.items() if accepts(pair, sign(pair), text)]


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair != ED])
def test_text_around_a_key_does_not_make_another(pair):
    """RFC 7468 §2, and T-21."""
    good = public(pair)
    for text in ("Key of alice\n" + good, good + "thank you\n", good.replace("\n", "\r\n")):
        assert material(*pair, good) == material(*pair, text)
        assert accepts(pair, sign(pair), text)


# -- nothing raises ---------------------------------------------------------------------


@st.composite
def bent_bytes(draw, good):
    """*good* with a few of its bytes changed, and a piece cut out or put in."""
    value = bytearray(good)
    for _ in range(draw(st.integers(0, 3))):
        value[draw(st.integers(0, len(value) - 1))] = draw(st.integers(0, 255))
    start = draw(st.integers(0, len(value)))
    value[start : start + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(value)


@settings(max_examples=100)
@given(st.data(), st.sampled_from(PAIRS))
def test_no_signature_raises_and_none_but_the_signed_counts(data, pair):
    """T-56. Who has no key cannot make a second signature of one, ECDSA's mirror image apart."""
    good = signed(pair)
    value = data.draw(bent_bytes(good) | st.binary(max_size=700))

    assert (value == good) == accepts(pair, value)


@settings(max_examples=150)
@given(st.data(), st.sampled_from(PAIRS))
def test_no_key_raises(data, pair):
    """T-27, T-56: keys come from metadata that one delegated role may have written."""
    whole = spki(private(SCHEMES[pair]).public_key())
    text = data.draw(
        bent_bytes(whole).map(pem)
        | bent_bytes(public(pair).encode()).map(lambda b: b.decode("latin-1"))
        | st.text(max_size=200)
        | st.binary(max_size=40).map(bytes.hex)
    )
    found = material(*pair, text)

    assert accepts(pair, b"x", text) is False
    assert (found is not None) or not accepts(pair, signed(pair), text)


@given(st.text(max_size=30), st.text(max_size=30), st.binary(max_size=70))
@example("\ud800", "\ud800", b"")
def test_no_pair_raises(keytype, scheme, value):
    """P41."""
    assert ((keytype, scheme) in SCHEMES) or material(keytype, scheme, public(ED)) is None
    assert not verifies(keytype, scheme, public(ED), value, DATA)


# -- another verifier -------------------------------------------------------------------


@functools.cache
def theirs(pair):
    """The same key in securesystemslib, which signers of others are verified with."""
    from securesystemslib.signer import SSlibKey

    return SSlibKey.from_crypto(private(SCHEMES[pair]).public_key(), keyid="it", scheme=pair[1])


def they_accept(pair, value, payload):
    from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
    from securesystemslib.signer import Signature

    try:
        theirs(pair).verify_signature(Signature("it", value.hex()), payload)
    except (UnverifiedSignatureError, VerificationError):
        return False
    return True


@settings(max_examples=100)
@given(st.data(), st.sampled_from(PAIRS), st.sampled_from((DATA, b"", b"something else")))
def test_securesystemslib_judges_alike(data, pair, payload):
    """It accepts RSA signatures without the zero that they begin with, besides."""
    good = signed(pair)
    value = data.draw(st.just(good) | bent_bytes(good) | st.binary(max_size=700))
    accepted = they_accept(pair, value, payload)

    if pair in RSA:
        accepted = accepted and len(value) == len(good)
    assert accepted == verifies(*pair, public(pair), value, payload)


def test_a_kind_of_key_that_nobody_chose_verifies_nothing():
    """It is no key long before; should that be forgotten, nothing counts all the same."""
    stranger = ed448.Ed448PrivateKey.generate()

    with pytest.raises(InvalidSignature):
        _verify(stranger.public_key(), "ed25519", stranger.sign(DATA), DATA)
