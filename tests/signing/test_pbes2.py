"""The envelope: openssl and we read each other's, and parameters are bounded before any work."""

from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from signing.envelopes import PBKDF2, SALT, SCRYPT, aes, algorithm, envelope, pbkdf2, scrypt

from trustlib.errors import SigningError
from trustlib.signing import pbes2
from trustlib.signing._der import NULL, OCTET_STRING, SEQUENCE, der, der_integer
from trustlib.signing._pem import pem, pem_block
from trustlib.signing._private import pkcs8, public_pem


def refusal(data):
    with pytest.raises(SigningError) as error:
        pbes2.read(data, what="alice.key").opened(b"x")
    assert "alice.key" == error.value.what
    return error.value.reason


def test_what_is_encrypted_is_decrypted_by_its_passphrase_only():
    sealed = pbes2.encrypted(b"a secret of some length", b"right")

    assert b"a secret of some length" == pbes2.read(sealed, what="k").opened(b"right")
    assert b"a secret of some length" != pbes2.read(sealed, what="k").opened(b"wrong")
    assert b"secret" not in sealed


def test_salt_and_iv_are_new_each_time():
    one, two = (pbes2._read(pbes2.encrypted(b"secret", b"x")) for _ in range(2))

    assert one.kdf.salt != two.kdf.salt
    assert one.iv != two.iv
    assert one.ciphertext != two.ciphertext


def test_openssl_names_the_parameters_that_we_chose(openssl):
    shown = openssl("asn1parse", "-inform", "DER", data=pbes2.encrypted(b"secret", b"x")).decode()

    for expected in (":PBES2", ":scrypt", "INTEGER           :4000", ":aes-256-cbc"):
        assert expected in shown


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="default"),
        pytest.param(["-v2", "aes-128-cbc"], id="aes-128"),
        pytest.param(["-v2", "aes-192-cbc"], id="aes-192"),
        pytest.param(["-v2prf", "hmacWithSHA1"], id="sha1"),
        pytest.param(["-v2prf", "hmacWithSHA224"], id="sha224"),
        pytest.param(["-v2prf", "hmacWithSHA384"], id="sha384"),
        pytest.param(["-v2prf", "hmacWithSHA512"], id="sha512"),
        pytest.param(["-iter", "100000"], id="iterations"),
        pytest.param(["-scrypt"], id="scrypt"),
        pytest.param(["-scrypt", "-scrypt_N", "2", "-scrypt_r", "1", "-scrypt_p", "1"], id="small"),
        pytest.param(["-scrypt", "-scrypt_N", "128", "-scrypt_r", "32", "-scrypt_p", "16"], id="r"),
    ],
)
def test_what_openssl_encrypts_is_read(openssl, options):
    plain = openssl("genpkey", "-algorithm", "ed25519", "-outform", "DER")
    sealed = openssl(
        "pkcs8", "-topk8", *options, "-inform", "DER", "-outform", "DER",
        "-passout", "pass:tr0ub4dor", data=plain,
    )  # fmt: skip

    assert plain == pbes2.read(sealed, what="k").opened(b"tr0ub4dor")


def test_what_cryptography_encrypts_is_read():
    private = Ed25519PrivateKey.generate()
    text = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    _, sealed = pem_block(text, ("ENCRYPTED PRIVATE KEY",), what="k")

    assert pkcs8(private) == pbes2.read(sealed, what="k").opened(b"x")


@pytest.mark.parametrize(
    "kdf",
    [
        pytest.param(scrypt(2**40, 8, 1), id="scrypt: memory for ever"),
        pytest.param(scrypt(2**18, 2, 1), id="scrypt: N just too large"),
        pytest.param(scrypt(2**4, 33, 1), id="scrypt: r just too large"),
        pytest.param(scrypt(2**4, 2**40, 1), id="scrypt: r for ever"),
        pytest.param(scrypt(2**4, 1, 17), id="scrypt: p just too large"),
        pytest.param(scrypt(2**4, 1, 2**40), id="scrypt: p for ever"),
        pytest.param(scrypt(2**15, 32, 1), id="scrypt: 128 MiB"),
        pytest.param(scrypt(2**17, 8, 1), id="scrypt: 128 MiB, otherwise"),
        pytest.param(pbkdf2(10_000_001), id="pbkdf2: just too many"),
        pytest.param(pbkdf2(2**63), id="pbkdf2: for ever"),
        pytest.param(scrypt(2**14, 8, 1, salt=b"7 bytes"), id="short salt"),
        pytest.param(pbkdf2(2048, salt=b"s" * 129), id="long salt"),
    ],
)
def test_parameters_that_ask_for_too_much_are_refused_before_any_work(kdf):
    """2**40 would take all memory, and be an error of another kind."""
    assert refusal(envelope(kdf)).startswith("is not opened: it")


@pytest.mark.parametrize(
    "kdf",
    [
        pytest.param(scrypt(2**14, 32, 1), id="scrypt: 64 MiB"),
        pytest.param(scrypt(2, 1, 16), id="scrypt: p"),
        pytest.param(pbkdf2(1), id="pbkdf2"),
    ],
)
def test_parameters_up_to_the_limit_are_worked_with(kdf):
    pbes2.read(envelope(kdf), what="k").opened(b"x")


@pytest.mark.parametrize(
    "kdf",
    [
        pytest.param(scrypt(0, 8, 1), id="N=0"),
        pytest.param(scrypt(1, 8, 1), id="N=1"),
        pytest.param(scrypt(2**14 + 1, 8, 1), id="N is no power of two"),
        pytest.param(scrypt(2**16, 1, 1), id="N too large for r"),
        pytest.param(scrypt(2**14, 0, 1), id="r=0"),
        pytest.param(scrypt(2**14, 8, 0), id="p=0"),
        pytest.param(scrypt(2**14, 8, 1, 16), id="scrypt: other key length"),
        pytest.param(scrypt(2**14, 8, 1, 32, 32), id="scrypt: one number too many"),
        pytest.param(scrypt(2**70, 8, 1), id="N of nine bytes"),
        pytest.param(pbkdf2(0), id="no iterations"),
        pytest.param(pbkdf2(1, der_integer(2**40)), id="pbkdf2: other key length"),
        pytest.param(
            pbkdf2(1, algorithm("2a864886f70d0209", der(NULL, b"x"))), id="NULL with contents"
        ),
        pytest.param(algorithm(PBKDF2, der(SEQUENCE, der(SEQUENCE))), id="salt from elsewhere"),
        pytest.param(der(SEQUENCE), id="no algorithm"),
    ],
)
def test_parameters_that_nobody_writes_are_damage(kdf):
    assert refusal(envelope(kdf)).startswith("is damaged:")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(envelope(scrypt(2, 1, 1), ciphertext=b""), id="no cipher text"),
        pytest.param(envelope(scrypt(2, 1, 1), ciphertext=b"x" * 17), id="half a block"),
        pytest.param(envelope(scrypt(2, 1, 1), aes(iv=b"x" * 15)), id="short IV"),
        pytest.param(envelope(scrypt(2, 1, 1)) + b"\x00", id="something behind"),
    ],
)
def test_an_envelope_that_nobody_writes_is_damage(data):
    assert refusal(data).startswith("is damaged:")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (envelope(algorithm(SCRYPT[:-2] + "0c", der(SEQUENCE, der(OCTET_STRING, SALT)))), "scrypt"),
        (envelope(pbkdf2(1, algorithm("2a864886f70d0205"))), "HMAC"),
        (envelope(scrypt(2, 1, 1), aes("2a864886f70d0307")), "AES"),
        (envelope(scrypt(2, 1, 1), outer="2a864886f70d010c0103"), "PBES2"),
    ],
    ids=["key derivation", "prf", "cipher", "scheme"],
)
def test_what_is_not_read_is_named_with_a_way_out(data, reason):
    said = refusal(data)

    assert reason in said
    assert "openssl pkcs8 -topk8 -scrypt" in said


@pytest.mark.parametrize(
    "options", [["-v2", "des3"], ["-v1", "PBE-SHA1-3DES"], ["-v2", "camellia-256-cbc"]]
)
def test_openssl_files_of_another_kind_are_refused(openssl, options):
    plain = openssl("genpkey", "-algorithm", "ed25519")
    sealed = openssl(
        "pkcs8", "-topk8", *options, "-outform", "DER", "-passout", "pass:x", data=plain
    )

    assert refusal(sealed).startswith("is not opened:")


@given(st.data())
def test_a_mutilated_envelope_is_refused_or_opens_to_something(data):
    """Only a SigningError escapes, whatever is cut out, put in or exchanged."""
    whole = envelope(data.draw(st.sampled_from([scrypt(2, 1, 1), pbkdf2(1), scrypt(2, 1, 1, 32)])))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 3)))
    mutilated = whole[:start] + data.draw(st.binary(max_size=3)) + whole[end:]
    with suppress(SigningError):
        pbes2.read(mutilated, what="k").opened(b"x")


def test_openssl_opens_what_is_written_for_programs_that_know_pbkdf2_alone(openssl):
    plain = Ed25519PrivateKey.generate()
    sealed = pbes2.encrypted_by_pbkdf2(pkcs8(plain), b"correct horse", iterations=3000)
    shown = openssl(
        "pkey",
        "-passin",
        "pass:correct horse",
        "-pubout",
        data=pem("ENCRYPTED PRIVATE KEY", sealed),
    )

    assert public_pem(plain) == shown
    assert der_integer(3000) in sealed
    assert pkcs8(plain) == pbes2.read(sealed, what="k").opened(b"correct horse")


@pytest.mark.parametrize("iterations", [0, -1, 10_000_001])
def test_no_more_rounds_are_written_than_are_read(iterations):
    with pytest.raises(ValueError, match="expected 1 to 10000000 iterations"):
        pbes2.encrypted_by_pbkdf2(b"", b"x", iterations=iterations)
