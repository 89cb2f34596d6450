"""Signatures, names, certificates and .pub files, as the Go programs make and read them."""

import base64
import subprocess
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID
from notary import real_keys

from trustlib.errors import SigningError
from trustlib.notary import ContentTrust
from trustlib.notary.certificates import Certificate
from trustlib.notary.keys import (
    NotaryPublicKey,
    NotarySigner,
    _certificate,
    key_id,
    pub_role,
    signed_as_notary,
)
from trustlib.roles import Targets
from trustlib.signing._pem import pem

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GUN = "docker.io/acme/app"
CURVES = {
    "p224": (ec.SECP224R1(), 28),
    "p256": (ec.SECP256R1(), 32),
    "p384": (ec.SECP384R1(), 48),
    "p521": (ec.SECP521R1(), 66),
}
RSA = rsa.generate_private_key(65_537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()
P256 = ec.generate_private_key(ec.SECP256R1())


def refusal(call):
    with pytest.raises(SigningError) as error:
        call()
    return str(error.value)


# -- signatures ---------------------------------------------------------------------------


@pytest.mark.parametrize("curve", CURVES)
def test_ecdsa_is_two_numbers_side_by_side_and_sha_256_on_every_curve(curve):
    kind, length = CURVES[curve]
    private = ec.generate_private_key(kind)
    signed = signed_as_notary(private, b"payload")
    r, s = (int.from_bytes(signed.value[at : at + length]) for at in (0, length))
    private.public_key().verify(encode_dss_signature(r, s), b"payload", ec.ECDSA(SHA256()))

    assert "ecdsa" == signed.method
    assert 2 * length == len(signed.value)


def test_leading_zeros_are_kept():
    lengths = {len(signed_as_notary(P256, b"%d" % number).value) for number in range(600)}

    assert {64} == lengths


def test_rsa_is_pss_with_a_salt_of_32_bytes():
    signed = signed_as_notary(RSA, b"payload")
    scheme = padding.PSS(padding.MGF1(SHA256()), 32)
    RSA.public_key().verify(signed.value, b"payload", scheme, SHA256())

    assert "rsapss" == signed.method


def test_ed25519_is_over_the_payload_itself():
    signed = signed_as_notary(ED25519, b"payload")
    ED25519.public_key().verify(signed.value, b"payload")

    assert "eddsa" == signed.method


class Faulty(ec.EllipticCurvePrivateKey):
    """A machine whose memory forgets a bit while it signs."""

    curve = P256.curve
    key_size = 256

    def public_key(self):
        return P256.public_key()

    def sign(self, data, algorithm):
        r, s = decode_dss_signature(P256.sign(data, algorithm))
        return encode_dss_signature(r, s ^ 1)

    def exchange(self, *_):
        raise NotImplementedError

    private_numbers = private_bytes = __copy__ = __deepcopy__ = exchange


def test_a_signature_that_does_not_verify_is_not_handed_out():
    signer = NotarySigner(NotaryPublicKey.of(P256.public_key()), Faulty())

    assert "does not verify" in refusal(lambda: signed_as_notary(Faulty(), b"payload"))
    assert "does not verify" in refusal(lambda: signer.sign(b"payload"))
    assert "does not verify" in refusal(lambda: signer.certificate(GUN, now=NOW))


def test_a_signer_signs_under_notarys_name_of_the_key():
    signer = NotarySigner.of(ED25519)
    signature = signer.sign(b"payload")
    ED25519.public_key().verify(signature.value, b"payload")

    assert signer.id == signature.keyid
    assert ("ed25519", "eddsa") == (signer.key.keytype, signer.method)


# -- names --------------------------------------------------------------------------------


def test_the_name_of_a_key_counts_a_null_for_its_private_half():
    public = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEad/Z0GJmQODzxUKWcxFZzuVagkrxYk8i4HTT9e7Bau6I3gEh2f7wNzJ+IWLCSsUauHhTKkWLD5coKtMqRSQPuA=="

    assert real_keys.SNAPSHOT.id == key_id("ecdsa", public)
    assert real_keys.OTHERS["notary-ed25519.key"] == key_id(
        "ed25519", "9DsuNFVZlh9XfA5rffjvNnstrK+nkr/aa1b3WPm+Isk="
    )


ROOT = b"""-----BEGIN CERTIFICATE-----
MIIBfzCCASagAwIBAgIRAJ2Ud6BBTj8HdkuqfPes2m4wCgYIKoZIzj0EAwIwJjEk
MCIGA1UEAxMbZXhhbXBsZS5jb20vZml4dHVyZXMvcm90YXRlMB4XDTI2MTEyMzA3
NDAzNFoXDTM2MTEyMDA3NDAzNFowJjEkMCIGA1UEAxMbZXhhbXBsZS5jb20vZml4
dHVyZXMvcm90YXRlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEpneWAQ56RIKm
vm8tjVeWNg3SA6k5YrnRVHyq4p236IjTa7AdBfd05rUd6P3psGm/28KonGtXakcq
nTPccSn+66M1MDMwDgYDVR0PAQH/BAQDAgWgMBMGA1UdJQQMMAoGCCsGAQUFBwMD
MAwGA1UdEwEB/wQCMAAwCgYIKoZIzj0EAwIDRwAwRAIgfStAGFSmkA2D11fyy7vy
3RD5nU9Qbtq7f2RV++3YYqcCIBcZuYpVZALmwPDEsd4qWUHQ7VT1Gwv1prX63t49
pZvO
-----END CERTIFICATE-----
"""
"""Made by notary 0.7, for the second root key of real_keys."""

ROOT_ID = "568a5e0a09d0cb2d90e371e1116b5ea050e834e8e8330e2dfde6dde477d41309"


def test_a_certificate_has_a_name_of_its_own_and_its_key_another():
    public = NotaryPublicKey.of_certificate(ROOT)

    assert ROOT_ID == public.id
    assert real_keys.ROOTS[1].id == public.canonical_id
    assert ("ecdsa-x509", "ecdsa") == (public.keytype, public.method)
    assert ROOT == base64.b64decode(public.public)


def test_a_certificate_is_listed_as_go_would_write_it():
    """Notary refuses other line ends and lengths, wherever they came from."""
    text = "".join(ROOT.decode().splitlines()[1:-1])
    wide = "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    other = f"-----BEGIN CERTIFICATE-----\r\n{wide}\r\n-----END CERTIFICATE-----"

    assert ROOT_ID == NotaryPublicKey.of_certificate(other.encode()).id


# -- certificates -------------------------------------------------------------------------


def test_a_certificate_is_what_notary_makes_byte_by_byte():
    theirs = x509.load_pem_x509_certificate(ROOT)
    public = theirs.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ours = _certificate.to_be_signed(
        public,
        "example.com/fixtures/rotate",
        serial=theirs.serial_number,
        begin=theirs.not_valid_before_utc,
        algorithm=bytes.fromhex("06082a8648ce3d040302"),
    )

    assert theirs.tbs_certificate_bytes == ours


@pytest.mark.parametrize(
    "private",
    [*(ec.generate_private_key(curve) for curve, _ in CURVES.values()), RSA],
    ids=[*CURVES, "rsa"],
)
def test_a_certificate_of_every_kind_is_signed_by_its_own_key(private):
    signer = NotarySigner.of(private)
    pem = signer.certificate(GUN, now=NOW)
    certificate = x509.load_pem_x509_certificate(pem)
    certificate.verify_directly_issued_by(certificate)
    rooted = signer.under(pem)

    assert f"CN={GUN}" == certificate.subject.rfc4514_string()
    assert NOW == certificate.not_valid_before_utc
    assert NOW + timedelta(days=3650) == certificate.not_valid_after_utc
    assert ["keyUsage", "extendedKeyUsage", "basicConstraints"] == [
        extension.oid._name for extension in certificate.extensions
    ]
    assert f"{signer.key.keytype}-x509" == rooted.key.keytype
    assert signer.id == rooted.public.canonical_id != rooted.id
    assert rooted.id == rooted.sign(b"payload").keyid


@pytest.mark.parametrize("gun", ["127.0.0.1:5000/a_b/" + "c" * 200, "docker.io/ünïcode", "a"])
def test_openssl_reads_a_certificate_for_every_name(require_servers, gun):
    [openssl] = require_servers("openssl")
    pem = NotarySigner.of(P256).certificate(gun, now=datetime(2049, 1, 1, tzinfo=UTC))
    shown = subprocess.run(
        [openssl, "x509", "-noout", "-subject", "-enddate", "-nameopt", "utf8"],
        input=pem,
        capture_output=True,
        check=True,
    ).stdout.decode()

    assert f"CN={gun}" in shown.replace(" = ", "=")
    assert "2058" in shown


def test_a_collection_may_have_a_longer_name_than_certificates_like():
    name = "registry.example/" + "a" * 100
    pem = NotarySigner.of(P256).certificate(name, now=NOW)
    encoded = b"".join(pem.splitlines()[1:-1])

    certificate = Certificate.of(base64.b64decode(encoded))  # where a warning is an error

    assert name == certificate.common_name


def test_two_certificates_have_two_names():
    signer = NotarySigner.of(P256)
    one, other = (signer.under(signer.certificate(GUN, now=NOW)) for _ in range(2))

    assert one.id != other.id
    assert one.public.canonical_id == other.public.canonical_id


def test_the_time_zone_does_not_matter_and_must_be_there():
    signer = NotarySigner.of(P256)
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    certificate = x509.load_pem_x509_certificate(signer.certificate(GUN, now=east))

    assert NOW == certificate.not_valid_before_utc
    with pytest.raises(ValueError, match="with a zone"):
        signer.certificate(GUN, now=NOW.replace(tzinfo=None))


@pytest.mark.parametrize("gun", ["", "a\nb", " a", "x" * 501])
def test_a_name_that_is_none_is_not_certified(gun):
    with pytest.raises(ValueError, match="one line of text"):
        NotarySigner.of(P256).certificate(gun, now=NOW)


def test_an_ed25519_key_is_not_certified():
    assert "Ed25519" in refusal(lambda: NotarySigner.of(ED25519).certificate(GUN, now=NOW))


def test_the_certificate_of_another_key_is_refused():
    assert "is not the one" in refusal(lambda: NotarySigner.of(P256).under(ROOT))


def of_version_7():
    der = x509.load_pem_x509_certificate(ROOT).public_bytes(Encoding.DER)
    other = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020106"))
    assert der != other
    return pem("CERTIFICATE", other)


def of_ed25519():
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, GUN)])
    builder = x509.CertificateBuilder(name, name, ED25519.public_key(), 1, NOW, NOW)
    return builder.sign(ED25519, None).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not a PEM file"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is no certificate"),
        (ROOT.replace(b"CERTIFICATE", b"PUBLIC KEY"), "labelled PUBLIC KEY"),
        (of_version_7(), "is no certificate"),
        (of_ed25519(), "Notary reads ECDSA and RSA only"),
    ],
)
def test_what_is_no_certificate_is_refused(data, said):
    assert said in refusal(lambda: NotaryPublicKey.of_certificate(data))


# -- .pub files ---------------------------------------------------------------------------


@pytest.mark.parametrize("private", [P256, RSA], ids=["ecdsa", "rsa"])
def test_a_pub_file_is_dockers_and_openssl_reads_what_is_in_it(private):
    public = NotaryPublicKey.of(private.public_key())
    data = public.pub("alice")

    assert data.startswith(b"-----BEGIN PUBLIC KEY-----\nrole: alice\n\nM")
    assert "alice" == pub_role(data, what="alice.pub")
    assert public == NotaryPublicKey.parse(data, what="alice.pub")
    assert private.public_key() == load_pem_public_key(data)


def test_a_plain_public_key_and_a_certificate_are_read_too():
    plain = P256.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    assert NotaryPublicKey.of(P256.public_key()) == NotaryPublicKey.parse(plain, what="k")
    assert pub_role(plain, what="k") is None
    assert ROOT_ID == NotaryPublicKey.parse(ROOT, what="k").id


def test_what_docker_would_not_add_gets_no_pub_file():
    ours = NotaryPublicKey.of(ED25519.public_key())

    assert "docker reads ecdsa and rsa" in refusal(lambda: ours.pub("alice"))
    assert "docker reads" in refusal(lambda: NotaryPublicKey.of_certificate(ROOT).pub("alice"))
    with pytest.raises(ValueError, match="one line of text"):
        NotaryPublicKey.of(P256.public_key()).pub("a\nb")


@pytest.mark.parametrize(
    "public",
    [
        ec.generate_private_key(ec.SECP256K1()).public_key(),
        rsa.generate_private_key(65_537, 1024).public_key(),
    ],
)
def test_a_public_key_of_another_kind_is_refused(public):
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    assert "is no key to sign with" in refusal(lambda: NotaryPublicKey.parse(pem, what="k"))
    assert "is no key to sign with" in refusal(lambda: NotaryPublicKey.of(public))


def test_two_public_keys_are_none():
    data = NotaryPublicKey.of(P256.public_key()).pub("alice")

    assert "2 PEM blocks" in refusal(lambda: NotaryPublicKey.parse(data + data, what="k"))


def test_the_key_as_metadata_lists_it_has_a_null():
    listed = NotarySigner.of(P256).key

    assert {"private", "public"} == set(listed.keyval)
    assert listed.keyval["private"] is None
    assert "ecdsa" == listed.keytype == listed.scheme


def keys_of_every_kind():
    rooted = NotarySigner.of(P256)
    yield rooted.under(rooted.certificate(GUN, now=NOW))
    for private in (P256, ED25519, RSA):
        yield NotarySigner.of(private)


def test_a_signer_signs_what_the_format_writes_and_reads():
    """Under its own name, and saying how."""
    app = ContentTrust(GUN)
    role = Targets(version=1, expires=datetime(2030, 1, 1, tzinfo=UTC))
    payload = app.payload(role)
    for signer in keys_of_every_kind():
        signature = signer.sign(payload)
        document = app.parse(Targets, app.render(role, (signature,)))

        assert signer.id == signer.key.id == signature.keyid
        assert signer.public.canonical_id == signer.key.canonical_id
        assert (signature,) == document.signatures
        assert signer.key.accepts(document.signatures[0], document.payload)
