"""X.509 certificates as root keys: what is read of them, and which are none for a root.

A certificate is a wrapping around a public key that also says which collection
the key is for, and until when. Nobody needs to have issued it; who did is only
looked at where an authority is pinned.
"""

from __future__ import annotations

import base64
import re
import warnings
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from attrs import field, frozen
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

MOST: Final = 8
"""How many certificates one key may bring with it: a leaf, and who issued it."""

LEEWAY: Final = timedelta(days=1)
"""How much before its time a certificate is good: clocks of publishers go fast."""

_MAX_PEM: Final = 65_536  # characters
_BLOCK: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----", re.ASCII
)
_MIN_RSA: Final = 2048
_WEAK: Final = ("md5", "sha1")

BROKEN: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    CryptographyDeprecationWarning,  # where a program has made errors of warnings
)
"""What the library raises about certificates that somebody hostile may have made."""


@frozen
class Certificate:
    """What is looked at of a certificate, all of it read at once.

    Attributes:
        der: its bytes.
        key: the public key in it.
        common_name: whom it is for; None: it does not say, or says it twice.
        begins: from when on it is good (UTC).
        ends: until when (UTC).
        authority: whether it may issue others.
        hash: the algorithm under its own signature.
    """

    der: bytes = field(repr=False)
    key: PublicKeyTypes = field(repr=False, eq=False)
    common_name: str | None
    begins: datetime
    ends: datetime
    authority: bool
    hash: str | None
    parsed: x509.Certificate = field(repr=False, eq=False)

    @classmethod
    def of(cls, der: bytes) -> Certificate | None:
        """Return the certificate in *der*, or None if it is none that can be read."""
        try:
            parsed = x509.load_der_x509_certificate(der)
            with warnings.catch_warnings():
                # A collection's name may be longer than X.520 lets a common name be.
                warnings.simplefilter("ignore", UserWarning)
                names = parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            name = names[0].value if len(names) == 1 else None
            algorithm = parsed.signature_hash_algorithm
            return cls(
                der=der,
                key=parsed.public_key(),
                common_name=name if isinstance(name, str) else None,
                begins=parsed.not_valid_before_utc,
                ends=parsed.not_valid_after_utc,
                authority=_may_issue(parsed),
                hash=None if algorithm is None else algorithm.name,
                parsed=parsed,
            )
        except BROKEN:
            return None

    @property
    def spki(self) -> bytes:
        """The public key, as certificates hold it (DER)."""
        return self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def pem(self) -> str:
        """The certificate as programs written in Go spell it."""
        text = base64.b64encode(self.der).decode("ascii")
        lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
        return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"

    def names(self, collection: str) -> bool:
        """Return whether it is for *collection*: by its name, or by what its name begins with."""
        name = self.common_name
        if name is None:
            return False
        return collection.startswith(name.rstrip("*")) if name.endswith("*") else collection == name

    def good_at(self, now: datetime) -> bool:
        """Return whether *now* is within the time it is for, or hardly before it."""
        return self.begins <= now + LEEWAY and now <= self.ends

    @property
    def weakness(self) -> str | None:
        """What is too weak about it, in a few words; None: nothing."""
        if self.hash in _WEAK:
            return f"is signed with {self.hash}"
        if isinstance(self.key, RSAPublicKey) and self.key.key_size < _MIN_RSA:
            return f"holds an RSA key of {self.key.key_size} bits"
        if self.begins > self.ends:
            return "ends before it begins"
        return None


@lru_cache(maxsize=256)
def bundle(pem: str) -> tuple[Certificate, ...]:
    """Return the certificates in *pem*, in order; none where one of them cannot be read."""
    if len(pem) > _MAX_PEM:
        return ()
    found: list[Certificate] = []
    for block in _BLOCK.finditer(pem):
        try:
            der = base64.b64decode("".join(block[1].split()), validate=True)
        except ValueError:
            return ()
        certificate = Certificate.of(der)
        if certificate is None or len(found) == MOST:
            return ()
        found.append(certificate)
    return tuple(found)


def unfit(pem: str, collection: str) -> str | None:
    """Return why the certificates in *pem* are no root key of *collection*, or None: they are one.

    When a certificate ends is another question: a root that was trusted while
    its certificate was good may say who comes next for ever.
    """
    certificates = bundle(pem)
    if not certificates:
        return "holds no certificate that can be read"
    leaf, *above = certificates
    if leaf.authority or not all(one.authority for one in above):
        return "is not one certificate that issues none, with those above it behind it"
    if "".join(one.pem for one in certificates) != pem:
        # Readers compute the id of what they write themselves.
        return "is not spelled as its publisher's programs spell it"
    if leaf.weakness is not None:
        return leaf.weakness
    if not leaf.names(collection):
        return f"is for {leaf.common_name!r}"
    return None


def _may_issue(parsed: x509.Certificate) -> bool:
    try:
        return parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
