"""Public keys and their names, as Notary computes them.

A name is the SHA-256 of the key's canonical form, in which the private half is
a literal ``null``. A key that metadata lists inside a certificate has two
names: that of the certificate, which metadata uses, and the canonical one of
the key itself, by which its file is found.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

from attrs import frozen
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from trustlib._frozen import FrozenMap, Json
from trustlib._types import KeyId
from trustlib.errors import SigningError
from trustlib.notary import public_keys
from trustlib.notary.keys import _blocks
from trustlib.notary.keys._blocks import Block, is_sayable
from trustlib.notary.public_keys import PublicKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

METHODS: Final = FrozenMap({keytype: first for keytype, (first, *_) in public_keys.METHODS.items()})
"""Each type of key, and the method that its signatures name."""

CERTIFICATE: Final = "CERTIFICATE"
_CURVES: Final = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})
_RSA_BITS: Final = range(2048, 8192 + 1)
_OTHER: Final = (
    "is no key to sign with; expected ECDSA with P-224, P-256, P-384 or P-521,"
    " RSA with 2048 to 8192 bits, or Ed25519: name the file of such a key"
)


def key_id(keytype: str, public: str) -> KeyId:
    """Return the name of a key, from its type and its public value in base64."""
    return _listed(keytype, public).id


@frozen(kw_only=True)
class NotaryPublicKey:
    """A public key as Notary's metadata lists it.

    Attributes:
        keytype: ``ecdsa``, ``rsa``, ``ed25519``, ``ecdsa-x509`` or ``rsa-x509``.
        public: in base64: SubjectPublicKeyInfo, 32 bytes, or a certificate in PEM.
        canonical_id: the name of the key itself, which its file has.
    """

    keytype: str
    public: str
    canonical_id: KeyId

    @classmethod
    def of(cls, public: PublicKeyTypes, *, what: str = "key") -> Self:
        """Return *public* as it is listed on its own.

        Raises:
            SigningError: Notary has no such keys.
        """
        keytype, value = _spelled(public, what=what)
        text = b64encode(value).decode("ascii")
        return cls(keytype=keytype, public=text, canonical_id=key_id(keytype, text))

    @classmethod
    def of_certificate(cls, certificate: bytes, *, what: str = "certificate") -> Self:
        """Return the key in *certificate* as it is listed with it.

        Args:
            certificate: in PEM; those of authorities may follow. It is listed
                byte by byte as Go would write it, whatever its line ends were.
            what: the file's name, for the error.

        Raises:
            SigningError: it is no certificate, or its key is not ECDSA or RSA.
        """
        found = tuple(_blocks.blocks(certificate, (CERTIFICATE,), what=what))
        own = cls.of(_certified(found[0].content, what=what), what=what)
        if own.keytype == "ed25519":
            raise SigningError(what, "certifies an Ed25519 key; Notary reads ECDSA and RSA only")
        text = b"".join(Block(one.label, one.content).rendered() for one in found)
        return cls(
            keytype=f"{own.keytype}-x509",
            public=b64encode(text).decode("ascii"),
            canonical_id=own.canonical_id,
        )

    @classmethod
    def parse(cls, data: bytes, *, what: str) -> Self:
        """Return the key in *data*, a ``.pub`` file of docker's or any public key in PEM.

        Args:
            data: the whole file, from anybody; or a certificate, which is then
                listed as one.
            what: the file's name, for the error.

        Raises:
            SigningError: it is neither, or of a kind that Notary does not have.
        """
        first, *_ = _blocks.blocks(data, (_blocks.PUBLIC, CERTIFICATE), what=what)
        if first.label == CERTIFICATE:
            return cls.of_certificate(data, what=what)
        block = _blocks.block(data, (_blocks.PUBLIC,), what=what)
        try:
            return cls.of(load_der_public_key(block.content), what=what)
        except (ValueError, UnsupportedAlgorithm):
            pass
        raise SigningError(what, _OTHER)

    @cached_property
    def id(self) -> KeyId:
        """The name by which metadata knows the key."""
        return key_id(self.keytype, self.public)

    @property
    def method(self) -> str:
        """What this key's signatures name as their method."""
        return METHODS[self.keytype]

    @cached_property
    def listed(self) -> PublicKey:
        """The key as roles list it, under the same names."""
        return _listed(self.keytype, self.public)

    def pub(self, role: str) -> bytes:
        """Return the file that ``docker trust key generate`` writes beside a new key.

        Args:
            role: the signer's name.

        Raises:
            SigningError: the key is listed with a certificate, which is a file of
                its own already, or is one that docker does not add (Ed25519).
            ValueError: *role* cannot stand in a header.
        """
        if self.keytype not in {"ecdsa", "rsa"}:
            raise SigningError(
                f"key {self.id}", f"is listed as {self.keytype}; docker reads ecdsa and rsa here"
            )
        if not is_sayable(role):
            raise ValueError(f"a role is one line of text, got {role!r}")
        headers = FrozenMap({_blocks.ROLE: role})
        return Block(_blocks.PUBLIC, b64decode(self.public), headers).rendered()


def pub_role(data: bytes, *, what: str) -> str | None:
    """Return the signer's name that a ``.pub`` file of docker's says, if it says one.

    Raises:
        SigningError: it is no public key in PEM.
    """
    block = _blocks.block(data, (_blocks.PUBLIC, CERTIFICATE), what=what)
    return block.said(_blocks.ROLE)


def _listed(keytype: str, public: str) -> PublicKey:
    return PublicKey.of(keytype, FrozenMap[str, Json]({"private": None, "public": public}))


def _spelled(public: PublicKeyTypes, *, what: str) -> tuple[str, bytes]:
    match public:
        case Ed25519PublicKey():
            return "ed25519", public.public_bytes_raw()
        case EllipticCurvePublicKey() if public.curve.name in _CURVES:
            return "ecdsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        case RSAPublicKey() if public.key_size in _RSA_BITS:
            return "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        case _:
            raise SigningError(what, _OTHER)


def _certified(content: bytes, *, what: str) -> PublicKeyTypes:
    try:
        certificate = x509.load_der_x509_certificate(content)
        public: PublicKeyTypes = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        pass  # its message may quote the file
    else:
        return public
    raise SigningError(what, "is damaged: it is no certificate with a public key that can be read")
