"""A key in memory signs, checks what it signed, and shows nothing."""

import base64
import copy
import pickle

import pytest
from attrs.exceptions import FrozenInstanceError
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.signer import CryptoSigner
from signing import kinds

from trustlib.errors import SigningError
from trustlib.signing import Algorithm, MemorySigner, UnlockedKey
from trustlib.signing._der import NULL, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, der, der_integer
from trustlib.signing._private import pkcs8, private_key, public_pem

algorithms = pytest.mark.parametrize("algorithm", Algorithm)


@algorithms
def test_what_a_key_signs_verifies_under_its_public_half(algorithm):
    signer = MemorySigner.of(kinds.private(algorithm))
    signature = signer.sign(b"payload")

    assert signer.key.id == signature.keyid
    assert signer.key.verifies(signature.value, b"payload")
    assert not signer.key.verifies(signature.value, b"another")


def test_others_verify_what_we_sign():
    edwards, curve = Algorithm.ED25519.generate(), Algorithm.ECDSA_P256.generate()
    one, two = (UnlockedKey.of(private).sign(b"payload").value for private in (edwards, curve))

    edwards.public_key().verify(one, b"payload")
    load_pem_public_key(public_pem(curve)).verify(two, b"payload", ECDSA(SHA256()))


def test_keys_are_of_the_kind_that_was_asked_for():
    schemes = {
        algorithm: MemorySigner.of(kinds.private(algorithm)).key.scheme for algorithm in Algorithm
    }

    assert kinds.SCHEMES == schemes
    assert "ed25519" == MemorySigner.generate().key.scheme


@pytest.mark.parametrize(
    ("algorithm", "bits"), [(Algorithm.RSA_3072, 3072), (Algorithm.RSA_4096, 4096)]
)
def test_an_rsa_key_has_the_bits_that_it_is_called_by(algorithm, bits):
    assert bits == kinds.private(algorithm).key_size


def test_no_two_keys_are_one():
    assert MemorySigner.generate().key != MemorySigner.generate().key


def test_a_signature_that_does_not_verify_is_not_handed_out():
    """A signer of another key stands in for a machine that computes wrongly."""
    key = MemorySigner.generate().key
    faulty = UnlockedKey(key, CryptoSigner.generate_ed25519())

    with pytest.raises(SigningError, match="does not verify") as error:
        faulty.sign(b"payload")

    assert key.id in error.value.what


@algorithms
def test_nothing_secret_is_printed(algorithm):
    private = kinds.private(algorithm)
    signer = UnlockedKey.of(private)
    printed = f"{signer!r} {signer} {signer.sign(b'payload')!r}"
    secret = pkcs8(private)

    assert f"UnlockedKey({signer.key.id})" == repr(signer)
    assert secret.hex() not in printed
    assert base64.b64encode(secret).decode() not in printed
    assert not hasattr(signer, "__dict__")


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, *(lambda key, n=n: pickle.dumps(key, n) for n in range(6))],
)
def test_a_private_key_is_neither_pickled_nor_copied(duplicate):
    with pytest.raises(TypeError, match="private key"):
        duplicate(MemorySigner.generate())


def test_a_signer_cannot_be_given_another_key():
    signer = MemorySigner.generate()

    with pytest.raises(FrozenInstanceError):
        signer.key = MemorySigner.generate().key


def test_signers_are_compared_by_identity():
    private = Algorithm.ED25519.generate()

    assert UnlockedKey.of(private) != UnlockedKey.of(private)
    assert 2 == len({UnlockedKey.of(private), UnlockedKey.of(private)})


@algorithms
def test_a_private_key_is_read_back(algorithm):
    private = kinds.private(algorithm)

    assert pkcs8(private) == pkcs8(private_key(pkcs8(private), what="k"))


@pytest.mark.parametrize(
    "options",
    [
        ["-algorithm", "ed448"],
        ["-algorithm", "x25519"],
        ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
        ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"],
    ],
    ids=["ed448", "x25519", "short rsa", "rsa-pss", "p-521", "explicit curve"],
)  # fmt: skip
def test_a_key_of_another_kind_is_refused(openssl, options):
    made = openssl("genpkey", *options)
    data = openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", data=made)

    with pytest.raises(SigningError, match="of a kind that trustlib does not sign with"):
        private_key(data, what="k")


def test_the_size_is_looked_at_before_the_key_is_loaded():
    """Checking the primes of an RSA key of sixteen thousand bits would take a day."""
    numbers = (der_integer(n) for n in (0, 2**16_383 + 1, 65_537, 1, 3, 3, 1, 1, 1))
    rsa = der(SEQUENCE, der(OBJECT_IDENTIFIER, bytes.fromhex("2a864886f70d010101")), der(NULL))
    data = der(SEQUENCE, der_integer(0), rsa, der(OCTET_STRING, der(SEQUENCE, *numbers)))

    with pytest.raises(SigningError, match="of a kind that trustlib does not sign with"):
        private_key(data, what="k")


def test_a_curve_key_whose_public_half_is_another_is_none():
    one, two = Algorithm.ECDSA_P256.generate(), Algorithm.ECDSA_P256.generate()
    point = pkcs8(one)[-64:]
    mixed = pkcs8(one).replace(point, pkcs8(two)[-64:])

    assert private_key(mixed, what="k") is None


def test_a_version_of_the_format_that_does_not_exist_is_no_key():
    data = pkcs8(Algorithm.ED25519.generate())
    head = data.index(der_integer(0))

    assert private_key(data[:head] + der_integer(2) + data[head + 3 :], what="k") is None
