"""Every wrapping that Notary's keys ever had is opened, and nothing else is."""

import subprocess
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st
from notary import real_keys
from notary.real_keys import ROUNDS, put
from signing.envelopes import envelope, pbkdf2

from trustlib._frozen import FrozenMap
from trustlib.errors import SigningError, TrustError, WrongPassphraseError
from trustlib.notary import docker_passphrases, notary_passphrases
from trustlib.notary.keys import (
    NotaryKeyStore,
    NotaryPublicKey,
    _blocks,
    _pkcs8,
    _sealing,
    signed_as_notary,
)
from trustlib.notary.keys._blocks import Block
from trustlib.signing import Algorithm, KeyFile, KeyStore, Label, UnencryptedKeyWarning
from trustlib.signing._der import (
    OBJECT_IDENTIFIER,
    SEQUENCE,
    der,
    der_integer,
)
from trustlib.signing.passphrases import FromEnvironment

PASSPHRASE = "correct horse"
SECRET = PASSPHRASE.encode()
ROLE = FrozenMap({"role": "alice"})

KINDS = {
    "p224": ec.generate_private_key(ec.SECP224R1()),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "p521": ec.generate_private_key(ec.SECP521R1()),
    "rsa": rsa.generate_private_key(65_537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def material(private):
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def name(private):
    return NotaryPublicKey.of(private.public_key()).canonical_id


def sealed(private, headers=ROLE):
    return _sealing.sealed(private, SECRET, headers, rounds=ROUNDS)


def serialized(private):
    public = private.public_key().public_bytes_raw()
    return public + private.private_bytes_raw() + public


def legacy(private):
    """As Notary before 0.6 wrote it, its headers in the order of Go."""
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return legacy_ed25519(private)
    text = private.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(SECRET)
    ).decode()
    kind, dek = text.split("\n")[1:3]
    return text.replace(f"{kind}\n{dek}\n", f"{kind}\n{dek}\nrole: alice\n").encode()


def legacy_ed25519(private):
    """No other program writes these: the encryption is that of the other kinds, done by openssl."""
    salt = bytes(range(16))
    key = subprocess.run(
        [
            "openssl",
            "enc",
            "-aes-256-cbc",
            "-md",
            "md5",
            "-S",
            salt[:8].hex(),
            "-P",
            "-k",
            PASSPHRASE,
        ],
        capture_output=True,
        check=True,
    ).stdout.decode()
    key = next(line[4:] for line in key.splitlines() if line.startswith("key="))
    content = subprocess.run(
        ["openssl", "enc", "-aes-256-cbc", "-K", key, "-iv", salt.hex()],
        input=serialized(private),
        capture_output=True,
        check=True,
    ).stdout
    headers = {
        "Proc-Type": "4,ENCRYPTED",
        "DEK-Info": f"AES-256-CBC,{salt.hex().upper()}",
        "role": "alice",
    }
    return Block("ED25519 PRIVATE KEY", content, FrozenMap(headers)).rendered()


def openssl_for_notary(private):
    """What a careful person makes with openssl, and notary reads."""
    return subprocess.run(
        [
            *("openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"),
            *("-passout", f"pass:{PASSPHRASE}"),
        ],
        input=private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        capture_output=True,
        check=True,
    ).stdout


def cryptography_best(private):
    """What notary does not read, and we do."""
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(SECRET))


LOCKED = {
    "ours": sealed,
    "legacy": legacy,
    "openssl": openssl_for_notary,
    "cryptography": cryptography_best,
}
every_locked = pytest.mark.parametrize("how", LOCKED.values(), ids=LOCKED)


def plain_notary(private):
    return Block("PRIVATE KEY", _pkcs8.to_notary(private), ROLE).rendered()


def plain_standard(private):
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def plain_legacy(private):
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return Block("ED25519 PRIVATE KEY", serialized(private)).rendered()
    return private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


BARE = {"notary": plain_notary, "standard": plain_standard, "legacy": plain_legacy}
every_bare = pytest.mark.parametrize("how", BARE.values(), ids=BARE)


@pytest.fixture
def placed(tmp_path):
    """Put a key file where docker would, and find it."""

    def place(private, data):
        keyid = name(private)
        put(tmp_path, f"{keyid}.key", data)
        store = NotaryKeyStore(tmp_path, rounds=ROUNDS)
        assert () == store.unreadable()
        return store.get(keyid)

    return place


def outcome(call):
    try:
        call()
    except TrustError as error:
        return error
    return None


# -- what the Go programs wrote -----------------------------------------------------------


@pytest.mark.parametrize("real", real_keys.EVERY, ids=lambda real: f"{real.folder}-{real.role}")
def test_what_docker_and_notary_wrote_is_read(tmp_path, real):
    put(tmp_path, real.path.name, real.path.read_bytes())
    [file] = NotaryKeyStore(tmp_path).list()
    signer = file.unlock(real.passphrase)

    assert (real.id, real.role, real.gun, True) == (file.id, file.role, file.gun, file.encrypted)
    assert real.id == signer.id == signer.public.canonical_id
    assert "ecdsa" == signer.key.keytype == signer.method


@pytest.mark.parametrize("real", real_keys.EVERY[:3], ids=lambda real: real.role)
def test_what_they_wrote_is_written_again_byte_by_byte(real):
    """But for salt and IV, which are new: so the contents are compared, and the whole text."""
    data = real.path.read_bytes()
    block = _blocks.block(data, _blocks.PRIVATE, what="k")
    private = _sealing.opened(block, real.passphrase.encode(), what="k")
    ours = _sealing.sealed(private, real.passphrase.encode(), block.headers, rounds=2048)
    inner = [
        _sealing.pbes2.read(_blocks.block(text, _blocks.PRIVATE, what="k").content, what="k")
        for text in (data, ours)
    ]

    assert data == block.rendered()
    assert len(data) == len(ours)
    assert data.splitlines()[:5] != ours.splitlines()[:5]
    assert 1 == len({one.opened(real.passphrase.encode()) for one in inner})


@pytest.mark.parametrize("file", real_keys.OTHERS)
def test_other_kinds_that_notary_rewrote_are_read(tmp_path, file):
    keyid = real_keys.OTHERS[file]
    put(tmp_path, f"{keyid}.key", (real_keys.KEYS / "formats" / file).read_bytes())
    signer = NotaryKeyStore(tmp_path).get(keyid).unlock(real_keys.OTHERS_PASSPHRASE)

    assert keyid == signer.id


def test_a_key_of_docker_1_8_is_read_and_brought_up_to_date(tmp_path):
    path = put(tmp_path, f"{real_keys.LEGACY_ID}.key", real_keys.LEGACY.read_bytes())
    store = NotaryKeyStore(tmp_path)
    file = store.get(real_keys.LEGACY_ID)

    assert "root" == file.role
    assert real_keys.LEGACY_ID == file.unlock(real_keys.LEGACY_PASSPHRASE).id

    file.change_passphrase(old=real_keys.LEGACY_PASSPHRASE, new="another", rounds=ROUNDS)

    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nrole: root\n\nM")
    assert real_keys.LEGACY_ID == store.get(file.id).unlock("another").id


# -- every kind in every form -------------------------------------------------------------


@every_kind
@every_locked
def test_every_kind_of_key_is_read_from_every_form(placed, require_servers, how, kind):
    require_servers("openssl")
    private = KINDS[kind]
    file = placed(private, how(private))
    signer = file.unlock(PASSPHRASE)

    assert file.encrypted
    assert name(private) == signer.id
    assert "alice" == file.role or how in (openssl_for_notary, cryptography_best)


@every_kind
@every_bare
def test_every_unencrypted_form_is_read_where_that_is_said(placed, how, kind):
    private = KINDS[kind]
    file = placed(private, how(private))

    assert not file.encrypted
    with pytest.warns(UnencryptedKeyWarning, match="whoever copies it has the key") as caught:
        assert name(private) == file.unlock_unencrypted().id
    assert [__file__] == [warning.filename for warning in caught]
    assert "is not encrypted" in outcome(lambda: file.unlock(PASSPHRASE)).reason


@every_kind
def test_a_key_comes_out_as_it_went_in(kind):
    private = KINDS[kind]
    read = _pkcs8.from_notary(_pkcs8.to_notary(private), what="k")

    assert material(private) == material(read)


def test_openssl_reads_what_it_can_of_what_is_written(require_servers, tmp_path):
    """Without the header: RSA without its NULL and curves of version 1 are too much for others."""
    [openssl] = require_servers("openssl")
    block = _blocks.block(sealed(KINDS["rsa"]), _blocks.PRIVATE, what="k")
    done = subprocess.run(
        [openssl, "asn1parse"],
        input=Block(block.label, block.content).rendered(),
        capture_output=True,
        check=True,
    )

    assert b"PBES2" in done.stdout
    assert b"PBKDF2" in done.stdout
    assert b"aes-256-cbc" in done.stdout
    assert b"hmac" not in done.stdout  # not said, which means SHA-1


def test_the_unencrypted_file_is_put_under_a_passphrase(placed):
    private = KINDS["p256"]
    file = placed(private, plain_notary(private))
    file.encrypt(PASSPHRASE, rounds=ROUNDS)

    assert b"ENCRYPTED" in file.path.read_bytes()
    assert b"role: alice\n" in file.path.read_bytes()
    assert name(private) == file.unlock(PASSPHRASE).id
    assert 0o600 == file.path.stat().st_mode & 0o777
    assert "is encrypted" in outcome(lambda: file.encrypt("again")).reason


def test_a_new_passphrase_replaces_the_old_one(placed):
    private = KINDS["p521"]
    file = placed(private, sealed(private))
    file.change_passphrase(old=PASSPHRASE, new="new", rounds=ROUNDS)

    assert name(private) == file.unlock("new").id
    assert isinstance(outcome(lambda: file.unlock(PASSPHRASE)), WrongPassphraseError)
    assert [file.path.name] == [path.name for path in file.path.parent.iterdir()]


@pytest.mark.parametrize("rounds", [0, 2047, 10_000_001])
def test_a_key_is_not_written_with_fewer_rounds_than_notary_makes_or_more_than_are_read(
    placed, rounds
):
    private = KINDS["p256"]
    data = sealed(private)
    file = placed(private, data)
    with pytest.raises(ValueError, match="expected"):
        file.change_passphrase(old=PASSPHRASE, new="new", rounds=rounds)

    assert data == file.path.read_bytes()


def test_more_rounds_are_made_than_the_go_programs_make(tmp_path):
    file = NotaryKeyStore(tmp_path).generate(PASSPHRASE, role="root")

    assert (
        der_integer(600_000)
        in _blocks.block(file.path.read_bytes(), _blocks.PRIVATE, what="k").content
    )


# -- passphrases --------------------------------------------------------------------------


def test_a_robot_of_docker_opens_every_key(tmp_path):
    for real in real_keys.DOCKERS:
        put(tmp_path, real.path.name, real.path.read_bytes())
    store = NotaryKeyStore(tmp_path)
    environment = {
        "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE": "dct-root-pass",
        "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": "dct-repository-pass",
    }
    robot = FromEnvironment(docker_passphrases(*store.signers()), environment)

    assert ("alice", "bob") == store.signers()
    assert {real.id for real in real_keys.DOCKERS} == {
        file.unlock_from(robot).id for file in store.list()
    }


def test_a_robot_that_knows_a_wrong_one_says_so(tmp_path):
    put(tmp_path, real_keys.TARGETS.path.name, real_keys.TARGETS.path.read_bytes())
    [file] = NotaryKeyStore(tmp_path).list()
    robot = FromEnvironment(notary_passphrases(), {"NOTARY_TARGETS_PASSPHRASE": "hunter2"})
    error = outcome(lambda: file.unlock_from(robot))

    assert WrongPassphraseError is type(error)
    assert str(file.path) == error.what
    assert "hunter2" not in f"{error} {vars(error)} {error.__cause__} {error.__context__}"


@pytest.mark.parametrize("how", ["unlock", "change_passphrase", "encrypt"])
def test_an_empty_passphrase_is_a_mistake(placed, how):
    private = KINDS["p256"]
    file = placed(private, sealed(private))
    call = {
        "unlock": lambda: file.unlock(""),
        "change_passphrase": lambda: file.change_passphrase(old=PASSPHRASE, new=""),
        "encrypt": lambda: file.encrypt(""),
    }[how]

    with pytest.raises(ValueError, match="empty passphrase"):
        call()


# -- over to the other side, and back -----------------------------------------------------


@pytest.mark.parametrize("kind", ["p256", "rsa", "ed25519"])
def test_a_key_is_wrapped_into_a_key_file_of_ours_and_back(placed, tmp_path, kind):
    private = KINDS[kind]
    file = placed(private, sealed(private))
    ours = file.to_key_file(tmp_path / "alice.key", PASSPHRASE, new="new one")
    modern = file.unlock(PASSPHRASE).modern()
    back = NotaryKeyStore(tmp_path / "back", rounds=ROUNDS)
    returned = back.add_key_file(ours, "new one", role="alice")

    assert ours.key == modern.key == ours.unlock("new one").key
    assert modern.key.verifies(modern.sign(b"payload").value, b"payload")
    assert file.id == returned.id == returned.unlock("new one").id


def test_a_key_is_brought_into_a_key_store_of_ours(placed, tmp_path):
    private = KINDS["p256"]
    file = placed(private, sealed(private))
    label = Label(role="acme/releases", owner="alice", collection="docker.io/acme")
    stored = file.to_key_store(KeyStore(tmp_path / "ours"), PASSPHRASE, label, new="new one")

    assert label == stored.label
    assert stored.key == stored.unlock("new one").key == file.unlock(PASSPHRASE).modern().key


@pytest.mark.parametrize("kind", ["p224", "p521"])
def test_a_key_that_tuf_has_no_scheme_for_stays_where_it_is(placed, tmp_path, kind):
    private = KINDS[kind]
    file = placed(private, sealed(private))
    label = Label(role="root", owner="alice")

    for call in (
        file.unlock(PASSPHRASE).modern,
        lambda: file.to_key_file(tmp_path / "k", PASSPHRASE, new="x"),
        lambda: file.to_key_store(KeyStore(tmp_path / "ours"), PASSPHRASE, label, new="x"),
    ):
        assert "not a public key to sign with" in outcome(call).reason
    assert not (tmp_path / "k").exists()


def test_a_key_that_notary_does_not_have_stays_where_it_is(tmp_path):
    pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa")
    ours = KeyFile.generate(tmp_path / "k", PASSPHRASE, algorithm=Algorithm.ML_DSA_44)
    store = NotaryKeyStore(tmp_path / "notary")

    assert "is not read" in outcome(lambda: store.add_key_file(ours, PASSPHRASE, role="a")).reason
    assert (
        "is not read"
        in outcome(
            lambda: store.generate(PASSPHRASE, role="a", algorithm=Algorithm.ML_DSA_44)
        ).reason
    )
    assert not store.directory.exists()


# -- whatever goes wrong ------------------------------------------------------------------


@every_locked
def test_a_wrong_passphrase_is_the_typed_error_with_nothing_behind_it(placed, require_servers, how):
    require_servers("openssl")
    private = KINDS["p256"]
    file = placed(private, how(private))
    error = outcome(lambda: file.unlock("hunter2"))

    assert WrongPassphraseError is type(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert "hunter2" not in f"{error} {vars(error)}"


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_hundreds_of_wrong_passphrases_are_all_wrong(kind):
    """One in two hundred leaves a padding that is right, and bytes that are no key."""
    block = _blocks.block(sealed(KINDS[kind]), _blocks.PRIVATE, what="k")
    for number in range(300):
        with pytest.raises(WrongPassphraseError):
            _sealing.opened(block, b"%d" % number, what="k")


def exchanged(private):
    other = ec.generate_private_key(ec.SECP256R1())
    return sealed(other)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (exchanged(None), "is not the one that its name says"),
        (plain_notary(KINDS["ed25519"]), "is not encrypted"),
    ],
)
def test_another_key_under_the_name_is_not_used(tmp_path, data, said):
    keyid = name(KINDS["p256"])
    put(tmp_path, f"{keyid}.key", data)
    file = NotaryKeyStore(tmp_path).get(keyid)

    assert said in outcome(lambda: file.unlock(PASSPHRASE)).reason
    if not file.encrypted:
        assert "its name" in outcome(file.unlock_unencrypted).reason
        assert "its name" in outcome(lambda: file.encrypt(PASSPHRASE)).reason


GOOD = sealed(KINDS["p256"])
BODY = GOOD.split(b"\n\n", 1)[1]
BEGIN = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
HOSTILE = {
    "work without end": (Block(_blocks.ENCRYPTED, envelope(pbkdf2(2**40))).rendered(), "asks for"),
    "a salt without end": (
        Block(_blocks.ENCRYPTED, envelope(pbkdf2(1, salt=bytes(4000)))).rendered(),
        "salt",
    ),
    "one header twice": (BEGIN + b"role: a\nrole: b\n\n" + BODY, "twice"),
    "a header that is no text": (BEGIN + b"role: \xff\n\n" + BODY, "not text"),
    "a header for terminals": (BEGIN + b"role: \x1b[2J\n\n" + BODY, "printable"),
    "a header too long": (BEGIN + b"role: " + b"a" * 501 + b"\n\n" + BODY, "printable"),
    "no line between": (BEGIN + b"role: a\n" + BODY, "damaged"),
    "two keys": (GOOD + GOOD, "2 PEM blocks"),
    "a key and a line": (GOOD + b"more\n", "not a PEM file"),
    "a line and a key": (b"more\n" + GOOD, "not a PEM file"),
    "cut short": (GOOD[: GOOD.index(b"-----END")], "cut short"),
    "nothing": (b"", "not a PEM file"),
    "spaces": (b" \n", "not a PEM file"),
    "too long": (GOOD + b"\n" * 70_000, "longer than"),
    "a certificate": (GOOD.replace(b"ENCRYPTED PRIVATE KEY", b"CERTIFICATE"), "labelled"),
    "a key of OpenSSH": (GOOD.replace(b"ENCRYPTED", b"OPENSSH"), "labelled"),
    "encrypted twice": (BEGIN + b"Proc-Type: 4,ENCRYPTED\n\n" + BODY, "does not go with"),
    "half of RFC 1421": (
        Block(_blocks.EC, b"1", FrozenMap({"Proc-Type": "4,ENCRYPTED"})).rendered(),
        "does not go with",
    ),
    "a cipher of 1977": (
        legacy(KINDS["p256"]).replace(b"AES-256-CBC", b"DES-CBC"),
        "is encrypted by DES-CBC",
    ),
    "an IV that is none": (
        Block(
            _blocks.EC,
            bytes(16),
            FrozenMap({"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,xyz"}),
        ).rendered(),
        "IV",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_named_and_the_others_are_there(tmp_path, case):
    data, said = HOSTILE[case]
    keyid = name(KINDS["p256"])
    path = put(tmp_path, f"{keyid}.key", data)
    put(tmp_path, real_keys.TARGETS.path.name, real_keys.TARGETS.path.read_bytes())
    store = NotaryKeyStore(tmp_path)
    [error] = store.unreadable()

    assert said in error.reason
    assert str(path) == error.what
    assert [real_keys.TARGETS.id] == [file.id for file in store.list()]
    assert "unreadable()" in outcome(lambda: store.get(keyid)).reason


INNER = {
    "not DER": b"\x30\x80",
    "empty": b"",
    "a short Ed25519 key": _pkcs8._wrapped(
        0, der(OBJECT_IDENTIFIER, _pkcs8._NOTARY_ED25519), bytes(95)
    ),
    "a long Ed25519 key": _pkcs8._wrapped(
        0, der(OBJECT_IDENTIFIER, _pkcs8._NOTARY_ED25519), serialized(KINDS["ed25519"]) + b"\0"
    ),
    "another's Ed25519 seed": _pkcs8._wrapped(
        0,
        der(OBJECT_IDENTIFIER, _pkcs8._NOTARY_ED25519),
        serialized(KINDS["ed25519"])[:32] + bytes(32) + serialized(KINDS["ed25519"])[64:],
    ),
}


@pytest.mark.parametrize("case", INNER)
def test_what_is_no_key_inside_is_none(case):
    assert _pkcs8.from_notary(INNER[case], what="k") is None


@pytest.mark.parametrize(
    "private",
    [
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65_537, 1024),
        x25519.X25519PrivateKey.generate(),
    ],
    ids=["secp256k1", "rsa-1024", "x25519"],
)
def test_other_kinds_and_sizes_of_keys_are_refused(private):
    data = material(private)
    error = outcome(lambda: _pkcs8.from_notary(data, what="k"))

    assert "of a kind or size that is not read" in error.reason


def test_a_key_that_names_no_curve_is_refused():
    data = _pkcs8._wrapped(1, der(OBJECT_IDENTIFIER, _pkcs8._EC), b"")

    assert "is not read" in outcome(lambda: _pkcs8.from_notary(data, what="k")).reason


@pytest.mark.parametrize(
    "private", [ec.generate_private_key(ec.SECP256K1()), x25519.X25519PrivateKey.generate()]
)
def test_other_kinds_of_keys_do_not_sign(private):
    assert "is not read" in outcome(lambda: signed_as_notary(private, b"")).reason


@given(st.binary(max_size=200))
def test_whatever_is_inside_nothing_but_the_documented_error_comes_out(data):
    for candidate in (data, _pkcs8._wrapped(1, data, data), der(SEQUENCE, data)):
        with suppress(TrustError):
            assert _pkcs8.from_notary(candidate, what="k") is None
        with suppress(TrustError):
            NotaryPublicKey.parse(Block("CERTIFICATE", candidate).rendered(), what="k")
        with suppress(TrustError):
            NotaryPublicKey.parse(Block("PUBLIC KEY", candidate).rendered(), what="k")
        with suppress(TrustError):
            NotaryPublicKey.parse(candidate, what="k")


@given(st.data())
def test_a_flipped_bit_never_opens_another_key(data):
    at = data.draw(st.integers(0, len(GOOD) - 1))
    flipped = bytearray(GOOD)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        block = _blocks.block(bytes(flipped), _blocks.PRIVATE, what="k")
        private = _sealing.opened(block, SECRET, what="k")
    except SigningError:
        return
    assert material(KINDS["p256"]) == material(private)


def test_line_ends_of_windows_are_read():
    block = _blocks.block(GOOD.replace(b"\n", b"\r\n"), _blocks.PRIVATE, what="k")

    assert GOOD == block.rendered()


def test_a_header_that_says_nothing_is_none(placed):
    private = KINDS["p256"]
    file = placed(private, GOOD.replace(b"role: alice", b"role: "))

    assert file.role is None
    assert name(private) == file.unlock(PASSPHRASE).id


def test_readable_by_others_is_refused(placed):
    private = KINDS["p256"]
    file = placed(private, GOOD)
    file.path.chmod(0o644)

    assert "run: chmod 600" in outcome(lambda: file.unlock(PASSPHRASE)).reason


def test_nothing_secret_is_shown(placed):
    private = KINDS["ed25519"]
    file = placed(private, sealed(private))
    signer = file.unlock(PASSPHRASE)
    block = _blocks.block(plain_notary(private), _blocks.PRIVATE, what="k")

    assert f"NotarySigner({file.id})" == repr(signer)
    assert private.private_bytes_raw().hex() not in repr(block)
    assert "content" not in repr(block)
    with pytest.raises(TypeError, match="not pickled"):
        signer.__reduce_ex__(2)


def test_python_reads_what_cryptography_can(placed):
    """RSA and old files: the rest it refuses, so nobody should send people there."""
    assert material(KINDS["rsa"]) == material(load_pem_private_key(legacy(KINDS["rsa"]), SECRET))
