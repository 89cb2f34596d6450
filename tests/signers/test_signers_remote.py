"""Whatever a signer of securesystemslib does, it signs with its key or is a short error.

The ones that need a cloud are played by their own code, in front of a client
that answers as the service does: what each of them sends and gets is in the
table below.
"""

import base64
import logging
import traceback

import boto3
import pytest
from attrs import frozen
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from securesystemslib.signer import (
    SIGNER_FOR_URI_SCHEME,
    CryptoSigner,
    GCPSigner,
    Signature,
    SigstoreKey,
    SSlibKey,
    VaultSigner,
)
from signers.sources import PIN, aws, make_aws_key, token

from trustlib import Key
from trustlib.errors import SigningError
from trustlib.signing import MemorySigner, RemoteKey, proven
from trustlib.signing.foreign import from_securesystemslib, to_securesystemslib
from trustlib.signing.passphrases import FromEnvironment, Remembered

SECRET = "4711-0815"


def refusal(call):
    with pytest.raises(SigningError) as caught:
        call()
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in shown.stack if "/trustlib/" in frame.filename]
    assert SECRET not in repr(caught.value) + "".join(str(frame.locals) for frame in ours)
    assert caught.value.__context__ is None
    return str(caught.value)


@frozen
class Played:
    """A signer of which a test says what it does."""

    public_key: SSlibKey
    does: object

    def sign(self, payload):
        return self.does(payload)


def crypto():
    return CryptoSigner.generate_ed25519()


# -- clouds, played -----------------------------------------------------------------------


@frozen
class Answer:
    """What a client of Google's returns."""

    signature: bytes


class Google:
    """``asymmetric_sign``: takes a name and a digest by its hash's name, returns the signature."""

    def __init__(self, private, *how):
        self.private, self.how = private, how

    def asymmetric_sign(self, request):
        assert {"name", "digest"} == set(request)
        [(name, digest)] = request["digest"].items()
        algorithm = Prehashed({"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}[name])
        if self.how:
            return Answer(self.private.sign(digest, *self.how, algorithm))
        return Answer(self.private.sign(digest, ec.ECDSA(algorithm)))


def google(private, scheme, *how):
    """Google's signer as its ``__init__`` leaves it, the client played: that needs an account."""
    signer = object.__new__(GCPSigner)
    signer.gcp_keyid = "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
    signer._public_key = SSlibKey.from_crypto(private.public_key(), scheme=scheme)
    signer.hash_algorithm = f"sha{scheme[-3:]}"
    signer.client = Google(private, *how)
    return signer


class Vault:
    """``transit.sign_data``: takes base64, returns ``vault:v<version>:<base64>``."""

    def __init__(self, private):
        self.private = private
        self.secrets = self.transit = self

    def sign_data(self, name, *, hash_input, key_version):
        made = base64.b64encode(self.private.sign(base64.b64decode(hash_input))).decode()
        return {"data": {"signature": f"vault:v{key_version}:{made}", "key_version": key_version}}


def vault(private):
    signer = object.__new__(VaultSigner)
    signer.hv_key_name, signer.hv_key_version = "trust", 3
    signer._public_key = SSlibKey.from_crypto(private.public_key())
    signer._client = Vault(private)
    return signer


def azure(private):
    """Azure's signer needs its own packages to be imported; it hands on what it gets as DER.

    The service returns r and s beside each other (RFC 7518 §3.4), and the
    signer turns them into DER.
    """
    key = SSlibKey.from_crypto(private.public_key(), scheme="ecdsa-sha2-nistp256")

    def sign(payload):
        r, s = decode_dss_signature(private.sign(payload, ec.ECDSA(hashes.SHA256())))
        raw = r.to_bytes(32) + s.to_bytes(32)
        halves = (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        return Signature(key.keyid, encode_dss_signature(*halves).hex())

    return Played(key, sign)


RSA = rsa.generate_private_key(65_537, 2048)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
P256, P384 = (ec.generate_private_key(curve()) for curve in (ec.SECP256R1, ec.SECP384R1))
CLOUDS = {
    "Google, P-256": google(P256, "ecdsa-sha2-nistp256"),
    "Google, P-384": google(P384, "ecdsa-sha2-nistp384"),
    "Google, RSA-PSS": google(RSA, "rsassa-pss-sha256", PSS),
    "Google, RSA": google(RSA, "rsa-pkcs1v15-sha256", padding.PKCS1v15()),
    "Vault": vault(Ed25519PrivateKey.generate()),
    "Azure": azure(P256),
}


@pytest.mark.parametrize("name", CLOUDS)
def test_a_cloud_that_is_played_keeps_the_contract(name):
    signer = proven(RemoteKey.of(CLOUDS[name]))

    assert signer.key.verifies(signer.sign(b"payload").value, b"payload")
    assert CLOUDS[name].public_key.keyid == signer.key.id


# -- signers that lie, or fail ------------------------------------------------------------


def test_a_signer_of_another_key_is_found_out():
    """T-12."""
    other = crypto()
    remote = RemoteKey.of(Played(crypto().public_key, other.sign))

    assert "holds another private key" in refusal(lambda: remote.sign(b"payload"))
    assert "holds another private key" in refusal(lambda: proven(remote))


def test_a_signature_over_something_else_is_thrown_away():
    signer = crypto()
    remote = RemoteKey.of(Played(signer.public_key, lambda _: signer.sign(b"another")))

    assert "does not verify" in refusal(lambda: remote.sign(b"payload"))


def test_a_signer_of_ours_that_lies_cannot_prove_anything():
    @frozen
    class Liar:
        key: Key

        def sign(self, payload):
            return MemorySigner.generate().sign(payload)

    assert "holds another private key" in refusal(lambda: proven(Liar(MemorySigner.generate().key)))


@pytest.mark.parametrize("value", ["", "not hex", None, "00" * 64])
def test_what_is_no_signature_is_an_error(value):
    remote = RemoteKey.of(
        Played(crypto().public_key, lambda _: Signature("k", value) if value is not None else None)
    )

    refusal(lambda: remote.sign(b"payload"))


class ThrottledError(Exception):
    """What some client raises."""


@pytest.mark.parametrize(
    "error",
    [ThrottledError("slow down"), OSError("gone"), KeyError("x"), ValueError(), RuntimeError("\x1b[2J" * 999)],
)  # fmt: skip
def test_whatever_a_signer_raises_is_a_signing_error(error, caplog):
    caplog.set_level(logging.DEBUG)

    def fail(_):
        raise error

    remote = RemoteKey.of(Played(crypto().public_key, fail))
    told = refusal(lambda: remote.sign(b"payload"))

    assert f"Played did not sign: {type(error).__name__}" in told
    assert told.isprintable()
    assert len(told) < 400
    assert "" == caplog.text


def test_an_interrupt_stays_one():
    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RemoteKey.of(Played(crypto().public_key, interrupt)).sign(b"payload")


def test_a_signer_that_cannot_say_its_key_is_an_error():
    class Broken:
        @property
        def public_key(self):
            raise ThrottledError("slow down")

    assert "has no public key: ThrottledError" in refusal(lambda: RemoteKey.of(Broken()))


# -- keys ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        SigstoreKey("k", "sigstore-oidc", "Fulcio", {"issuer": "i", "identity": "a"}),
        SSlibKey("k", "ecdsa", "ecdsa-sha2-nistp521", {"public": "x"}),
        SSlibKey("k", "ed25519", "ed25519", {"public": "00"}),
    ],
)
def test_a_key_whose_signatures_would_not_count_is_refused(key):
    told = refusal(lambda: from_securesystemslib(key))

    assert f"{key.keytype}/{key.scheme}" in told
    assert "no strict TUF client counts" in told


def test_a_damaged_key_of_ours_is_not_handed_on():
    key = Key(keytype="ed25519", scheme="ed25519", keyval=MemorySigner.generate().key.keyval.including({"public": "00"}))  # fmt: skip

    assert "is damaged" in refusal(lambda: to_securesystemslib(key))


def test_members_that_nobody_defined_survive_the_way_there_and_back():
    theirs = crypto().public_key
    theirs.unrecognized_fields.update({"x-owner": {"name": ["alice", 1, None, True]}})
    theirs.keyval["x-slot"] = 2
    ours = from_securesystemslib(theirs)

    assert ours == from_securesystemslib(to_securesystemslib(ours))
    assert theirs.to_dict() == to_securesystemslib(ours).to_dict()


# -- addresses ----------------------------------------------------------------------------


@pytest.mark.parametrize("uri", ["nothing:1", "", "hsm:1", "awskms:x", "\x1b[2J:"])
def test_an_address_that_leads_nowhere_is_an_error(uri, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    key = MemorySigner.generate().key

    assert "cannot be reached" in refusal(lambda: RemoteKey.at(uri, key))


# -- PINs ---------------------------------------------------------------------------------


class Human:
    """Knows some PINs, and is told which key they are for."""

    def __init__(self, *pins):
        self.pins, self.questions, self.asked = list(pins), [], 0

    def passphrases(self, question):
        self.questions.append(question)
        while self.pins:
            self.asked += 1
            yield self.pins.pop(0)


@pytest.mark.servers
def test_a_token_asks_for_its_pin_and_says_which_token_it_is(require_servers):
    human = Human(PIN, PIN.encode())
    with token(require_servers) as (uri, key):
        remote = RemoteKey.at(uri, key, pins=human, role="root", why="to sign version 3")
        remote.sign(b"one"), remote.sign(b"two")

    assert 2 * [f"{uri} (root), to sign version 3"] == [str(q) for q in human.questions]


@pytest.mark.servers
def test_a_wrong_pin_is_tried_once_and_not_remembered(require_servers):
    """A token locks itself after a few wrong ones."""
    human = Human(SECRET, SECRET, PIN)
    session = Remembered(human)
    with token(require_servers) as (uri, key):
        remote = RemoteKey.at(uri, key, pins=session)
        for asked in (1, 2):
            assert "HSMSigner did not sign: PinIncorrect" in refusal(
                lambda: remote.sign(b"payload")
            )
            assert asked == human.asked

        assert key.verifies(remote.sign(b"payload").value, b"payload")
        assert key.verifies(remote.sign(b"again").value, b"again")
    assert 3 == human.asked


@pytest.mark.servers
def test_without_a_pin_a_token_is_not_tried(require_servers):
    with token(require_servers) as (uri, key):
        remote = RemoteKey.at(uri, key, pins=FromEnvironment({}))
        with pytest.raises(SigningError, match="asks for a PIN, and no source had one"):
            remote.sign(b"payload")


@pytest.mark.servers
def test_the_key_of_another_slot_is_found_out(require_servers):
    """T-12, with a real token: the address leads to a key that metadata does not list."""
    pins = Human(PIN)
    with token(require_servers) as (uri, _), token(require_servers) as (_, listed):
        remote = RemoteKey.at(uri, listed, pins=pins)

        assert "holds another private key" in refusal(lambda: remote.sign(b"payload"))


def test_an_error_that_quotes_the_pin_is_not_repeated(monkeypatch):
    class Quoting:
        @classmethod
        def from_priv_key_uri(cls, uri, key, handler):
            def sign(_):
                raise ThrottledError(f"no such PIN: {handler('pin')}")

            return Played(key, sign)

    monkeypatch.setitem(SIGNER_FOR_URI_SCHEME, "quoting", Quoting)
    remote = RemoteKey.at("quoting:1", MemorySigner.generate().key, pins=Human(SECRET))

    assert refusal(lambda: remote.sign(b"payload")).endswith("did not sign: ThrottledError")


# -- the service that runs here -----------------------------------------------------------


@pytest.mark.servers
def test_a_key_that_is_disabled_or_gone_is_a_signing_error(require_servers):
    with aws(require_servers):
        uri, key = make_aws_key("ECC_NIST_P256")
        remote = RemoteKey.at(uri, key)
        remote.sign(b"payload")
        boto3.client("kms").disable_key(KeyId=uri.partition(":")[2])
        gone = RemoteKey.at("awskms:11111111-2222-3333-4444-555555555555", key)

        assert "NotFoundException" in refusal(lambda: gone.sign(b"payload"))
    assert "did not sign: EndpointConnectionError" in refusal(lambda: remote.sign(b"payload"))
