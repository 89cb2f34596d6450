"""A key file opens with its passphrase, and otherwise says why it does not."""

import os
import warnings

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from signing import kinds

from trustlib.errors import SigningError
from trustlib.keys import Key
from trustlib.signing import Algorithm, KeyFile, UnencryptedKeyWarning, pbes2
from trustlib.signing._pem import pem, pem_block
from trustlib.signing._private import pkcs8

PASSPHRASE = "correct horse"
ENCRYPTED = "ENCRYPTED PRIVATE KEY"


def refusal(file, passphrase=PASSPHRASE):
    with pytest.raises(SigningError) as error:
        file.unlock(passphrase)
    return error.value.reason


def opened_or_refused(file, key):
    """Whether *file* still opens, and if so, to *key*."""
    try:
        unlocked = file.unlock(PASSPHRASE)
    except SigningError:
        return False
    assert key == unlocked.key
    return True


# -- what we write ------------------------------------------------------------------------


def test_a_new_key_signs_after_it_is_unlocked(made):
    signer = made.unlock(PASSPHRASE)
    signature = signer.sign(b"payload")

    assert made.key == signer.key
    assert made.key.verifies(signature.value, b"payload")


def test_openssl_reads_what_we_write(made, openssl):
    public = openssl("pkey", "-in", made.path, "-passin", f"pass:{PASSPHRASE}", "-pubout")

    assert public == made.public_path.read_bytes()
    assert made.key == Key.from_pem(public.decode())


def test_a_curve_key_is_written_and_read(tmp_path, openssl):
    file = KeyFile.generate(tmp_path / "k", b"\xff\x00x", algorithm=Algorithm.ECDSA_P256)

    assert "ecdsa-sha2-nistp256" == file.key.scheme
    assert file.key == file.unlock(b"\xff\x00x").key
    openssl("pkey", "-pubin", "-in", file.public_path, "-noout")


def test_cryptography_reads_what_we_write(made):
    private = load_pem_private_key(made.path.read_bytes(), PASSPHRASE.encode())

    assert private.public_key().public_bytes_raw().hex() == made.key.keyval["public"]


def test_the_public_half_is_beside_the_private_one(made):
    assert made.path.with_name("alice.key.pub") == made.public_path
    assert {"alice.key", "alice.key.pub"} == set(os.listdir(made.path.parent))


def test_a_key_file_is_a_value_and_reads_nothing():
    one = KeyFile("nowhere/alice.key")

    assert KeyFile("nowhere/alice.key") == one
    assert KeyFile("nowhere/bob.key") != one


def test_a_tilde_is_the_home_directory():
    assert os.path.expanduser("~/alice.key") == str(KeyFile("~/alice.key").path)


# -- passphrases --------------------------------------------------------------------------


def test_text_and_its_utf8_are_one_passphrase(openssl, placed):
    plain = openssl("genpkey", "-algorithm", "ed25519")
    file = placed(openssl("pkcs8", "-topk8", "-passout", "pass:grün", data=plain))

    assert file.unlock("grün").key == file.unlock("grün".encode()).key


def test_a_wrong_passphrase_is_a_short_error_without_the_passphrase(quick, placed):
    """T-70: a typed error, and nothing from below."""
    file = placed(*quick)

    with pytest.raises(SigningError) as error:
        file.unlock("hunter2")

    assert str(file.path) == error.value.what
    assert "the passphrase does not open this file" in error.value.reason
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


def test_no_wrong_passphrase_opens_a_key_by_luck(quick, placed):
    """One wrong passphrase in 256 leaves bytes with a valid padding."""
    file = placed(*quick)

    for number in range(600):
        assert "the passphrase does not open this file" in refusal(file, f"wrong {number}")


def test_an_envelope_around_something_else_is_no_key(placed):
    file = placed(pem(ENCRYPTED, pbes2.encrypted(b"no key", PASSPHRASE.encode())))

    assert "the passphrase does not open this file" in refusal(file)


@pytest.mark.parametrize("empty", ["", b""])
def test_an_empty_passphrase_is_a_mistake(quick, placed, tmp_path, empty):
    file = placed(*quick)

    for call in (
        lambda: KeyFile.generate(tmp_path / "new", empty),
        lambda: file.unlock(empty),
        lambda: file.change_passphrase(old=empty, new="x"),
        lambda: file.change_passphrase(old=PASSPHRASE, new=empty),
    ):
        with pytest.raises(ValueError, match="empty passphrase"):
            call()
    assert not (tmp_path / "new").exists()


def test_a_passphrase_that_utf8_cannot_say_is_a_mistake_and_is_not_kept(quick, placed):
    with pytest.raises(ValueError, match="UTF-8") as error:
        placed(*quick).unlock("secret\udcff")

    assert error.value.__context__ is None


@pytest.mark.parametrize("passphrase", [None, 5, lambda: "x", bytearray(b"x")])
def test_a_passphrase_of_another_type_is_a_mistake(quick, placed, passphrase):
    with pytest.raises(TypeError, match="str or bytes"):
        placed(*quick).unlock(passphrase)


# -- files of others ----------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["-scrypt"]], ids=["pbkdf2", "scrypt"])
@pytest.mark.parametrize(
    "kind", [["ed25519"], ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]], ids=["ed25519", "p-256"]
)
def test_files_of_openssl_are_unlocked(openssl, placed, kind, options):
    plain = openssl("genpkey", "-algorithm", *kind)
    public = openssl("pkey", "-pubout", data=plain)
    encrypted = openssl("pkcs8", "-topk8", *options, "-passout", "pass:x", data=plain)

    assert Key.from_pem(public.decode()) == placed(encrypted, public).unlock("x").key


def test_windows_line_ends_are_fine(quick, placed):
    private, public = (text.replace(b"\n", b"\r\n") for text in quick)
    file = placed(private, public)

    assert file.key == file.unlock(PASSPHRASE).key


def test_an_unencrypted_key_is_not_opened_with_a_passphrase(openssl, placed):
    """T-70: nobody needs to be asked, and nobody may believe that it was protected."""
    file = placed(openssl("genpkey", "-algorithm", "ed25519"))

    assert not file.encrypted
    assert "is not encrypted" in refusal(file)
    assert "unlock_unencrypted()" in refusal(file)


def test_an_unencrypted_key_is_opened_where_that_is_said(openssl, placed):
    plain = openssl("genpkey", "-algorithm", "ed25519")
    public = openssl("pkey", "-pubout", data=plain)

    with pytest.warns(UnencryptedKeyWarning):
        assert Key.from_pem(public.decode()) == placed(plain, public).unlock_unencrypted().key


def test_an_encrypted_key_needs_its_passphrase(quick, placed):
    file = placed(*quick)

    assert file.encrypted
    with pytest.raises(SigningError, match="is encrypted"):
        file.unlock_unencrypted()


def test_a_damaged_unencrypted_key_is_refused(placed):
    with pytest.raises(SigningError, match="is damaged"):
        placed(pem("PRIVATE KEY", b"\x30\x00")).unlock_unencrypted()


def test_a_file_of_another_kind_is_named_with_what_is_read(placed):
    said = refusal(placed(pem("DSA PRIVATE KEY", b"x")))

    assert "is labelled DSA PRIVATE KEY, expected EC PRIVATE KEY or ENCRYPTED PRIVATE KEY" in said


# -- the public half ----------------------------------------------------------------------


def test_the_public_half_needs_no_private_one(quick, placed):
    file = placed(*quick)
    file.path.unlink()

    assert Key.from_pem(quick[1].decode()) == file.key


def test_a_missing_public_half_is_explained(quick, placed):
    file = placed(quick[0])

    with pytest.raises(SigningError, match=r"public half is missing.*openssl pkey -in"):
        file.key
    assert "ed25519" == file.unlock(PASSPHRASE).key.keytype


def test_a_private_key_that_is_not_the_one_beside_it_is_refused(quick, placed, made):
    file = placed(quick[0], made.public_path.read_bytes())

    assert "holds another key than" in refusal(file)
    with pytest.raises(SigningError, match="holds another key than"):
        file.change_passphrase(old=PASSPHRASE, new="x")
    assert quick[0] == file.path.read_bytes()


@pytest.mark.parametrize(
    "public",
    [
        b"",
        b"\xff" * 100,
        pem("PUBLIC KEY", b""),
        pem("PUBLIC KEY", b"\x30\x00"),
        pem("CERTIFICATE", b"\x30\x00"),
        b"x" * 70_000,
    ],
    ids=["empty", "binary", "no DER", "no key", "certificate", "long"],
)
def test_a_damaged_public_half_is_refused(quick, placed, public):
    file = placed(quick[0], public)

    with pytest.raises(SigningError) as error:
        file.key
    assert str(file.public_path) == error.value.what
    with pytest.raises(SigningError):
        file.unlock(PASSPHRASE)


# -- damage -------------------------------------------------------------------------------


def test_a_flipped_bit_never_opens_another_key(quick, placed):
    """The public half tells a damaged Ed25519 key from a different one."""
    _, content = pem_block(quick[0], (ENCRYPTED,), what="k")
    key = placed(*quick).key
    for at in range(len(content)):
        flipped = bytearray(content)
        flipped[at] ^= 1 << at % 8
        opened_or_refused(placed(pem(ENCRYPTED, bytes(flipped)), quick[1]), key)


def test_a_flipped_bit_of_the_text_never_opens_another_key(quick, placed):
    key = placed(*quick).key
    opened = 0
    for at in range(len(quick[0])):
        flipped = bytearray(quick[0])
        flipped[at] ^= 1 << at % 8
        opened += opened_or_refused(placed(bytes(flipped), quick[1]), key)

    assert opened <= 2  # a line end that became another one


@pytest.mark.parametrize(
    "at", [35, 60, 80, 95, -33, -1], ids=["salt", "r", "iv", "first", "middle", "last"]
)
def test_a_flipped_bit_in_a_file_of_ours_is_noticed(made, placed, at):
    _, content = pem_block(made.path.read_bytes(), (ENCRYPTED,), what="k")
    flipped = bytearray(content)
    flipped[at] ^= 1
    file = placed(pem(ENCRYPTED, bytes(flipped)), made.public_path.read_bytes())

    assert not opened_or_refused(file, made.key)


@pytest.mark.parametrize("which", ["made", "quick"])
def test_a_file_that_was_cut_short_is_refused_at_every_length(which, request, placed):
    value = request.getfixturevalue(which)
    whole = value.path.read_bytes() if which == "made" else value[0]
    _, content = pem_block(whole, (ENCRYPTED,), what="k")

    for length in range(len(whole) - 1):  # the last line needs no end
        assert refusal(placed(whole[:length]))
    for length in range(len(content)):
        assert "is damaged" in refusal(placed(pem(ENCRYPTED, content[:length])))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not a PEM file"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n", "is cut short"),
        (pem(ENCRYPTED, b"x") + pem(ENCRYPTED, b"x"), "more than one PEM block"),
        (pem(ENCRYPTED, b"x").replace(b"END ENC", b"END DEC"), "is damaged"),
        (pem(ENCRYPTED, b"x").replace(b"eA==", b"eA="), "is damaged"),
        (pem(ENCRYPTED, b"x").replace(b"eA==", b"eB=="), "not how anybody writes it"),
        (b"x" * 65_537, "is longer than the 65536 bytes"),
    ],
    ids=["empty", "cut", "two", "labels", "padding", "spare bits", "long"],
)
def test_damage_is_named(placed, data, reason):
    assert reason in refusal(placed(data))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
@example(b"-----BEGIN " + b"A" * 60_000)
@example(b"\n" * 65_000)
@example(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + b"A" * 60_000 + b"-----END")
def test_arbitrary_bytes_are_refused(placed, data):
    refusal(placed(data, data))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([ENCRYPTED, "PRIVATE KEY"]), st.binary(max_size=200))
def test_arbitrary_contents_are_refused(placed, label, content):
    file = placed(pem(label, content), pem("PUBLIC KEY", content))

    refusal(file)
    with pytest.raises(SigningError):
        file.unlock_unencrypted()
    with pytest.raises(SigningError):
        file.key


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_mutilated_key_is_refused_or_opens(placed, data):
    kept = [kind for kind in Algorithm if kind is not Algorithm.RSA_4096]  # as 3072 bits, slower
    whole = pkcs8(kinds.private(data.draw(st.sampled_from(kept))))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 3)))
    mutilated = whole[:start] + data.draw(st.binary(max_size=3)) + whole[end:]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnencryptedKeyWarning)
            signer = placed(pem("PRIVATE KEY", mutilated)).unlock_unencrypted()
    except SigningError:
        return

    assert signer.key.verifies(signer.sign(b"payload").value, b"payload")
