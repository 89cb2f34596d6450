"""Every kind of key in every form that is read, and what each kind of damage is called."""

import re
import subprocess
import sys
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from signing import kinds
from signing.kinds import PASSPHRASE, private

from trustlib.errors import SigningError, WrongPassphraseError
from trustlib.keys import Key
from trustlib.signing import Algorithm, KeyFile, UnencryptedKeyWarning, _legacy, _openssh
from trustlib.signing._der import OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, der, der_integer
from trustlib.signing._forms import Bare, Locked, form
from trustlib.signing._pem import pem, pem_block
from trustlib.signing._private import pkcs8, private_key, public_pem

DAMAGED_OR_WRONG = "does not open this file, or the file is damaged"


def needs(name):
    """Return the program that writes or reads this form, if one does."""
    if name.startswith("openssl"):
        return "openssl"
    return None


@pytest.fixture
def written(placed, require_servers):
    """Put a key into a file, its public half beside it."""

    def write(how, algorithm, name):
        if program := needs(name):
            require_servers(program)
        return placed(how(algorithm), public_pem(private(algorithm)))

    return write


def cases(table, quick=lambda name: True):
    return pytest.mark.parametrize(
        ("how", "algorithm", "name"),
        [
            pytest.param(*case, id=case[2], marks=() if quick(case[2]) else pytest.mark.slow)
            for case in table
        ],
    )


FORMS = {
    name: next(case for case in kinds.LOCKED if case[2] == name)
    for name in (
        *("light-ed25519", "light-ecdsa-sha2-nistp256", "light-rsa-3072", "light-ml-dsa-44"),
        *("cryptography-ed25519", "openssl_pbkdf2-ed25519", "openssl_scrypt-rsa-3072"),
        *("openssl_aes256-rsa-3072", "openssl_des3-ecdsa-sha2-nistp256"),
        *("openssh-ed25519", "openssh-rsa-3072"),
    )
}
every_form = cases(FORMS.values())

# A passphrase that is new costs a derivation as it is in earnest; make test pays it once a form.
_IN_EARNEST = (
    *("light-ed25519", "openssl_des3-ecdsa-sha2-nistp256", "openssh-ed25519"),
    *("pkcs8-ed25519", "traditional-ecdsa-sha2-nistp256"),
)


def outcome(call):
    """The error that *call* raises, or None."""
    try:
        call()
    except SigningError as error:
        return error
    return None


# -- whatever is read ---------------------------------------------------------------------


@cases(kinds.LOCKED)
def test_every_kind_of_key_is_read_from_every_form(written, how, algorithm, name):
    file = written(how, algorithm, name)
    signer = file.unlock(PASSPHRASE)

    assert file.encrypted
    assert kinds.SCHEMES[algorithm] == file.key.scheme
    assert file.key == signer.key
    assert file.key.verifies(signer.sign(b"payload").value, b"payload")


@cases(FORMS.values(), _IN_EARNEST.__contains__)
def test_every_form_is_pkcs8_with_scrypt_after_its_passphrase_was_changed(
    written, how, algorithm, name
):
    file = written(how, algorithm, name)
    file.change_passphrase(old=PASSPHRASE, new="another")

    _, content = pem_block(file.path.read_bytes(), ("ENCRYPTED PRIVATE KEY",), what="k")
    assert bytes.fromhex("2b06010401da47040b") in content  # scrypt
    assert file.key == file.unlock("another").key
    assert 0o600 == file.path.stat().st_mode & 0o777


@cases([case for case in kinds.BARE if not case[2].startswith("openssh")])
def test_every_unencrypted_form_is_read_where_that_is_said(placed, how, algorithm, name):
    file = placed(how(algorithm), public_pem(private(algorithm)))

    assert not file.encrypted
    with pytest.warns(UnencryptedKeyWarning, match="whoever copies it has the key"):
        assert file.key == file.unlock_unencrypted().key


@cases([case for case in kinds.BARE if case[2].startswith("openssh")])
def test_unencrypted_files_of_openssh_need_no_other_package(placed, how, algorithm, name):
    file = placed(how(algorithm), public_pem(private(algorithm)))

    with pytest.warns(UnencryptedKeyWarning):
        assert file.key == file.unlock_unencrypted().key


@cases(kinds.BARE, _IN_EARNEST.__contains__)
@pytest.mark.slow
def test_an_unencrypted_file_is_put_under_a_passphrase(placed, how, algorithm, name):
    file = placed(how(algorithm), public_pem(private(algorithm)))
    file.encrypt(PASSPHRASE)

    assert file.encrypted
    assert file.key == file.unlock(PASSPHRASE).key
    assert "is encrypted" in outcome(lambda: file.encrypt("again")).reason


# -- whatever is written ------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", kinds.EVERY)
def test_a_key_of_every_kind_is_made_and_opened(tmp_path, algorithm):
    file = KeyFile.generate(tmp_path / "k", PASSPHRASE, algorithm=algorithm)

    assert kinds.SCHEMES[algorithm] == file.key.scheme
    assert file.key == file.unlock(PASSPHRASE).key


@pytest.mark.parametrize("algorithm", kinds.EVERY)
@pytest.mark.slow
def test_cryptography_reads_every_kind(algorithm):
    read = load_pem_private_key(kinds.ours(algorithm), PASSPHRASE.encode())

    assert pkcs8(private(algorithm)) == pkcs8(read)


@pytest.mark.parametrize("algorithm", kinds.EVERY)
def test_openssl_reads_every_kind(openssl, placed, algorithm):
    version = re.match(rb"OpenSSL (\d+)\.(\d+)", openssl("version"))
    if algorithm not in kinds.BEFORE_ML_DSA and (
        version is None or (int(version[1]), int(version[2])) < (3, 5)
    ):
        pytest.skip("openssl before 3.5 knows no ML-DSA")
    file = placed(kinds.ours(algorithm))
    shown = openssl("pkey", "-in", file.path, "-passin", f"pass:{PASSPHRASE}", "-pubout")

    assert Key.from_pem(public_pem(private(algorithm)).decode()) == Key.from_pem(shown.decode())


@pytest.mark.parametrize("algorithm", kinds.EVERY)
def test_openssl_writes_every_kind_for_us(openssl, placed, algorithm):
    """What openssl makes itself, with its own choices; ours of its files are above."""
    names = {
        Algorithm.ED25519: ["ed25519"],
        Algorithm.ECDSA_P256: ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        Algorithm.ECDSA_P384: ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        Algorithm.RSA_3072: ["RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
        Algorithm.RSA_4096: ["RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
        Algorithm.ML_DSA_44: ["ML-DSA-44"],
        Algorithm.ML_DSA_65: ["ML-DSA-65"],
        Algorithm.ML_DSA_87: ["ML-DSA-87"],
    }
    if algorithm is Algorithm.RSA_4096:
        pytest.skip("takes seconds, and says no more than 3072 bits do")
    version = re.match(rb"OpenSSL (\d+)\.(\d+)", openssl("version"))
    if algorithm not in kinds.BEFORE_ML_DSA and (
        version is None or (int(version[1]), int(version[2])) < (3, 5)
    ):
        pytest.skip("openssl before 3.5 knows no ML-DSA")
    plain = openssl("genpkey", "-algorithm", *names[algorithm])
    public = openssl("pkey", "-pubout", data=plain)
    sealed = openssl("pkcs8", "-topk8", "-scrypt", "-passout", f"pass:{PASSPHRASE}", data=plain)

    assert Key.from_pem(public.decode()) == placed(sealed, public).unlock(PASSPHRASE).key


def test_a_key_is_written_unencrypted_only_by_a_function_that_says_so(tmp_path):
    file = KeyFile.generate_unencrypted(tmp_path / "k")

    assert not file.encrypted
    assert 0o600 == file.path.stat().st_mode & 0o777
    with pytest.warns(UnencryptedKeyWarning) as caught:
        assert file.key == file.unlock_unencrypted().key
    assert [__file__] == [warning.filename for warning in caught]
    assert "is not encrypted" in outcome(lambda: file.unlock(PASSPHRASE)).reason


WITHOUT_ML_DSA = """
import sys
sys.modules["cryptography.hazmat.primitives.asymmetric.mldsa"] = None  # as before version 48
from trustlib.errors import SigningError
from trustlib.signing import Algorithm, KeyFile
for algorithm in (Algorithm.ML_DSA_44, Algorithm.ML_DSA_65, Algorithm.ML_DSA_87):
    try:
        KeyFile.generate(sys.argv[1], "x", algorithm=algorithm)
    except SigningError as error:
        print(error)
print(KeyFile.generate(sys.argv[1], "x").key.scheme)
"""


def test_an_algorithm_that_is_not_installed_is_named(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ML_DSA, tmp_path / "k"],
        capture_output=True,
        text=True,
        check=True,
    )
    *refused, made = done.stdout.splitlines()

    assert "ed25519" == made
    for line, name in zip(refused, ("ml-dsa-44", "ml-dsa-65", "ml-dsa-87"), strict=True):
        assert line.startswith(f"{name}: the installed cryptography package cannot")
        assert "install version 48 or later" in line


# -- whatever goes wrong ------------------------------------------------------------------

WRONG = (WrongPassphraseError, DAMAGED_OR_WRONG)
EXPOSED = (SigningError, "run: chmod 600")
CUT = (SigningError, "END line is missing")
TWO = (SigningError, "more than one PEM block")
EMPTY = (SigningError, "is not a PEM file")
LONG = (SigningError, "is longer than the 65536 bytes")
OTHER = (SigningError, "holds another key than")
MISSING = (SigningError, "there is no such file")


def mode(bits):
    return lambda file: file.path.chmod(bits)


def rewritten(change):
    return lambda file: file.path.write_bytes(change(file.path.read_bytes()))


def exchanged(file):
    file.public_path.write_bytes(public_pem(Algorithm.ED25519.generate()))


CASES = {
    "wrong passphrase": (lambda file: None, "wrong", WRONG),
    "readable by the group": (mode(0o640), PASSPHRASE, EXPOSED),
    "readable by all": (mode(0o604), PASSPHRASE, EXPOSED),
    "writable by the group": (mode(0o620), PASSPHRASE, EXPOSED),
    "cut in half": (rewritten(lambda raw: raw[: len(raw) // 2]), PASSPHRASE, CUT),
    "without its last line": (rewritten(lambda raw: raw[: raw.rindex(b"-----E")]), PASSPHRASE, CUT),
    "empty": (rewritten(lambda raw: b""), PASSPHRASE, EMPTY),
    "twice": (rewritten(lambda raw: raw + raw), PASSPHRASE, TWO),
    "endless": (rewritten(lambda raw: raw + b"\n" * 70_000), PASSPHRASE, LONG),
    "another's public half": (exchanged, PASSPHRASE, OTHER),
    "gone": (lambda file: file.path.unlink(), PASSPHRASE, MISSING),
}


@every_form
@pytest.mark.parametrize("case", CASES)
def test_what_goes_wrong_has_its_error(written, how, algorithm, name, case):
    spoil, passphrase, (kind, said) = CASES[case]
    file = written(how, algorithm, name)
    spoil(file)
    error = outcome(lambda: file.unlock(passphrase))

    assert kind is type(error)
    assert said in error.reason
    assert str(file.path) == error.what


@every_form
def test_a_wrong_passphrase_is_an_error_with_nothing_behind_it(written, how, algorithm, name):
    """What cryptography says of the bytes that a wrong passphrase makes is not for a log."""
    file = written(how, algorithm, name)
    error = outcome(lambda: file.unlock("hunter2"))

    assert isinstance(error, WrongPassphraseError)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert "hunter2" not in f"{error} {vars(error)}"


@every_form
def test_a_flipped_bit_never_opens_another_key(written, how, algorithm, name):
    file = written(how, algorithm, name)
    label, content = pem_block(
        _legacy.without_headers(file.path.read_bytes(), what="k")[0],
        ("ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY", *_legacy.LABELS),
        what="k",
    )
    head = file.path.read_bytes()
    head = head[: head.index(b"\n\n") + 2] if b"\n\n" in head else None
    for at in range(5, len(content), len(content) // 5):
        flipped = bytearray(content)
        flipped[at] ^= 1 << at % 8
        text = pem(label, bytes(flipped))
        file.path.write_bytes(text if head is None else head + text[text.index(b"\n") + 1 :])
        with suppress(SigningError):
            assert file.key == file.unlock(PASSPHRASE).key


@every_form
def test_a_file_whose_contents_were_cut_short_is_refused(written, how, algorithm, name):
    file = written(how, algorithm, name)
    label, content = pem_block(
        _legacy.without_headers(file.path.read_bytes(), what="k")[0],
        ("ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY", *_legacy.LABELS),
        what="k",
    )
    for length in (0, 1, 10, len(content) // 2, len(content) - 16, len(content) - 1):
        file.path.write_bytes(pem(label, content[:length]))

        assert outcome(lambda: file.unlock(PASSPHRASE))


# -- keys that are not keys to sign with --------------------------------------------------


def rsa(modulus=2**3071 + 1, exponent=65_537, prime=2**1535, version=0, rest=(1, 1, 1)):
    numbers = (version, modulus, exponent, 1, prime, prime, *rest)
    return der(SEQUENCE, *(der_integer(number) for number in numbers))


@pytest.mark.parametrize(
    "inner",
    [
        rsa(modulus=2**4096 + 1),
        rsa(modulus=2**2046 + 1),
        rsa(exponent=3),
        rsa(exponent=2**256 + 1),
        rsa(prime=2**2000),
        rsa(version=1),
    ],
    ids=["long", "short", "exponent of 3", "endless exponent", "lopsided", "of many primes"],
)
def test_an_rsa_key_that_would_take_long_or_sign_badly_is_refused_before_it_is_checked(inner):
    with pytest.raises(SigningError, match="RSA with 2048 to 4096 bits"):
        private_key(_legacy.from_pkcs1(inner), what="k")


@pytest.mark.parametrize(
    "inner",
    [
        b"no RSA key at all",
        rsa(modulus=2**70_000),
        rsa(prime=2**70_000),
        rsa(rest=(1, 1)),
        rsa(rest=(1, 1, 1, 1)),
        rsa(),
    ],
    ids=["nothing", "endless", "endless prime", "too few", "too many", "no primes"],
)
def test_numbers_that_are_no_rsa_key_are_none(inner):
    assert private_key(_legacy.from_pkcs1(inner), what="k") is None


def ml_dsa(inner):
    kind = der(OBJECT_IDENTIFIER, bytes.fromhex("608648016503040311"))
    return der(SEQUENCE, der_integer(0), der(SEQUENCE, kind), der(OCTET_STRING, inner))


def seed_and_expanded(seed, expanded):
    return der(SEQUENCE, der(OCTET_STRING, seed), der(OCTET_STRING, expanded))


def test_an_ml_dsa_key_with_seed_and_expanded_key_is_read_by_its_seed():
    """As openssl writes it (RFC 9881); ``cryptography`` reads the seed alone."""
    made = private(Algorithm.ML_DSA_44)
    both = seed_and_expanded(made.private_bytes_raw(), bytes(2560))

    assert pkcs8(made) == pkcs8(private_key(ml_dsa(both), what="k"))


def test_an_ml_dsa_key_without_its_seed_is_refused():
    with pytest.raises(SigningError, match="without its seed"):
        private_key(ml_dsa(der(OCTET_STRING, bytes(2560))), what="k")


@pytest.mark.parametrize(
    "inner",
    [
        *(der(0x80, bytes(length)) for length in (0, 31, 33, 60_000)),
        der(0x80, bytes(32)) + b"x",
        seed_and_expanded(bytes(31), bytes(2560)),
        seed_and_expanded(bytes(32), bytes(2559)),
        seed_and_expanded(bytes(32), bytes(4032)),
        b"",
    ],
)
def test_an_ml_dsa_key_of_another_length_is_none(inner):
    assert private_key(ml_dsa(inner), what="k") is None


def test_a_curve_key_before_pkcs8_that_names_no_curve_is_damaged(placed):
    file = placed(pem("EC PRIVATE KEY", der(SEQUENCE, der_integer(1), der(OCTET_STRING, b"x"))))

    assert "is damaged" in outcome(file.unlock_unencrypted).reason


# -- encryption before PKCS#8 -------------------------------------------------------------


def dek(info, label="RSA PRIVATE KEY", content=b"\x00" * 32):
    text = pem(label, content).decode()
    return text.replace(
        "KEY-----\n", f"KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: {info}\n\n", 1
    ).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (dek(f"DES-CBC,{'00' * 8}"), "is encrypted by DES-CBC, expected one of AES-128-CBC"),
        (dek(f"AES-256-CBC,{'00' * 15}"), "its IV is not a block"),
        (dek("AES-256-CBC,000"), "its IV is not a block"),
        (dek(f"AES-256-CBC,{'00' * 16}", "PRIVATE KEY"), "is damaged"),
        (dek(f"AES-256-CBC,{'zz' * 16}"), "is damaged"),
        (dek(f"AES-256-CBC,{'00' * 16}", content=b"\x00" * 33), DAMAGED_OR_WRONG),
        (dek(f"AES-256-CBC,{'00' * 16}", content=b""), DAMAGED_OR_WRONG),
    ],
    ids=["cipher", "short IV", "odd IV", "label", "no hex", "half a block", "nothing"],
)
def test_headers_that_are_not_read_are_named(placed, data, said):
    assert said in outcome(lambda: placed(data).unlock("x")).reason


# -- OpenSSH ------------------------------------------------------------------------------


def text(*parts):
    return b"".join(len(part).to_bytes(4) + part for part in parts)


ED25519 = text(b"ssh-ed25519", bytes(32))


def ssh(
    *,
    magic=b"openssh-key-v1\0",
    cipher=b"aes256-ctr",
    kdf=b"bcrypt",
    salt=b"s" * 16,
    rounds=16,
    options=b"",
    count=1,
    public=ED25519,
    secret=bytes(64),
    rest=b"",
):
    stretching = text(salt) + rounds.to_bytes(4) + options
    return magic + text(cipher, kdf, stretching) + count.to_bytes(4) + text(public, secret) + rest


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (ssh(rounds=513), "it asks for 513 rounds of bcrypt, 1 to 512 are allowed"),
        (ssh(rounds=2**32 - 1), "4294967295 rounds"),
        (ssh(rounds=0), "it asks for 0 rounds"),
        (ssh(salt=b""), "its salt has 0 bytes"),
        (ssh(salt=b"s" * 65), "its salt has 65 bytes"),
        (ssh(kdf=b"argon2"), "its key derivation is not bcrypt"),
        (ssh(kdf=b"none"), "its key derivation is not bcrypt"),
        (ssh(cipher=b"chacha20-poly1305@openssh.com"), "its cipher is not AES-256"),
        (ssh(cipher=b"aes128-ctr"), "its cipher is not AES-256; ssh-keygen can rewrite it"),
        (ssh(cipher=b"none"), "its cipher is not AES-256"),
        (ssh(count=0), "more or less than one key"),
        (ssh(count=2), "more or less than one key"),
        (ssh(public=text(b"ssh-dss", b"")), "of a kind that trustlib does not sign with"),
        (ssh(public=text(b"sk-ssh-ed25519@openssh.com")), "of a kind that trustlib does not"),
        (ssh(public=text(b"ssh-rsa", b"\3", b"\xff" * 384)), "of a kind that trustlib"),
        (ssh(public=text(b"ssh-rsa", b"\1\0\1", b"\xff" * 513)), "of a kind that trustlib"),
        (ssh(magic=b"openssh-key-v2\0"), "does not begin as OpenSSH's files do"),
        (ssh(options=b"x"), "1 bytes too many"),
        (ssh(cipher=b"none", kdf=b"none", rest=b"x"), "1 bytes too many"),
        (ssh()[:-1], "reaches beyond its end"),
        (ssh()[:40], "reaches beyond its end"),
        (b"", "does not begin"),
    ],
)
def test_a_header_of_openssh_is_bounded_before_any_work(placed, data, said):
    file = placed(pem("OPENSSH PRIVATE KEY", data))

    assert said in outcome(lambda: file.unlock("x")).reason
    assert said in outcome(lambda: file.encrypted).reason


def test_a_private_half_that_is_not_the_public_one_of_the_file_is_none():
    one, other = (Algorithm.ED25519.generate() for _ in range(2))
    content = pem_block(one.private_bytes(*_openssh_plain()), ("OPENSSH PRIVATE KEY",), what="k")[1]
    seed, wrong = one.private_bytes_raw(), other.private_bytes_raw()
    file = _openssh.private_file(content.replace(seed, wrong), what="k")

    assert file.rounds is None
    assert file.opened(None, what="k") is None


def _openssh_plain():
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("cipher", ["aes256-ctr", "aes256-cbc", "aes256-gcm@openssh.com"])
def test_what_ssh_keygen_makes_is_read_with_its_own_public_half(
    tmp_path, require_servers, kind, cipher
):
    [program] = require_servers("ssh-keygen")
    path = tmp_path / "id"
    rounds = () if cipher == "aes256-ctr" else ("-a", "1")  # as many as it does itself, once
    subprocess.run(
        [
            program,
            "-q",
            "-t",
            kind,
            "-Z",
            cipher,
            *rounds,
            "-N",
            PASSPHRASE,
            "-C",
            "a b",
            "-f",
            path,
        ],
        check=True,
    )
    file = KeyFile(path)

    assert file.key == file.unlock(PASSPHRASE).key
    assert DAMAGED_OR_WRONG in outcome(lambda: file.unlock("wrong")).reason


@pytest.mark.parametrize(
    "line",
    [
        b"ssh-ed25519 AAAA",
        b"ssh-ed25519 A",
        b"ssh-dss AAAA",
        b"ssh-rsa AAAAB3NzaC1yc2EAAAAA",
        b"ssh-ed25519 AAAA\nssh-ed25519 AAAA",
        b"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAAABAg==",
    ],
)
def test_a_damaged_public_line_is_refused(placed, line):
    assert outcome(lambda: placed(b"", line).key)


WITHOUT_BCRYPT = """
import sys
sys.modules["bcrypt"] = None
from trustlib.errors import SigningError
from trustlib.signing import KeyFile
try:
    KeyFile(sys.argv[1]).unlock("x")
except SigningError as error:
    print(error.reason)
"""


def test_without_bcrypt_an_encrypted_file_of_openssh_says_what_to_install(placed):
    file = placed(pem("OPENSSH PRIVATE KEY", ssh()))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_BCRYPT, file.path],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "pip install 'trustlib-tuf[openssh]'" in done.stdout


# -- nothing shows ------------------------------------------------------------------------


def test_forms_show_neither_key_nor_passphrase():
    sealed = form(kinds.ours(Algorithm.ED25519), what="k")
    open_ = form(kinds.plain(Algorithm.ED25519), what="k")

    assert "Locked()" == repr(sealed)
    assert "Bare()" == repr(open_)
    assert isinstance(sealed, Locked)
    assert isinstance(open_, Bare)
    content = pem_block(kinds.plain_openssh(Algorithm.ED25519), ("OPENSSH PRIVATE KEY",), what="k")
    assert "data" not in repr(_openssh.private_file(content[1], what="k"))
