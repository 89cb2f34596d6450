"""Public keys as this format lists them: a type, a value in base64, and two ids.

The *scoped* id is that of what the file says, a certificate for example; it is
what metadata calls the key. The *canonical* id is that of the bare key inside,
and what people and key files call it. A key counts once, whatever wraps it.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cached_property
from typing import Final

from attrs import frozen
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from trustlib import keys
from trustlib._canonical import canonical
from trustlib._frozen import FrozenMap, Json
from trustlib._schemes import material
from trustlib._types import Covered, KeyId
from trustlib.notary.certificates import bundle
from trustlib.notary.methods import (
    ECDSA,
    EDDSA,
    PYCRYPTO,
    RSA_PKCS1,
    RSA_PSS,
    Signature,
    verified,
)

METHODS: Final = FrozenMap(
    {
        "ecdsa": (ECDSA,),
        "ecdsa-x509": (ECDSA,),
        "ed25519": (EDDSA,),
        "rsa": (RSA_PSS, RSA_PKCS1, PYCRYPTO),
        "rsa-x509": (RSA_PSS, RSA_PKCS1),
    }
)
"""What each type of key signs with; the first is what is written."""

CERTIFIED: Final = FrozenMap({"ecdsa-x509": "ecdsa", "rsa-x509": "rsa"})
"""The types that are certificates, and the type of the key inside."""

_CURVES: Final = ("secp224r1", "secp256r1", "secp384r1", "secp521r1")
_MAX_DER: Final = 16_384  # bytes


@frozen(kw_only=True)
class PublicKey(keys.Key):
    """A public key as this format lists it.

    Attributes:
        keytype: ``ecdsa``, ``rsa``, ``ed25519``, ``ecdsa-x509`` or ``rsa-x509``.
            Of any other type it is kept and never counts.
        scheme: the method that is written for such a key.
        keyval: with a member ``public``, in base64, and ``private``, null.
    """

    @classmethod
    def of(
        cls,
        keytype: str,
        keyval: FrozenMap[str, Json],
        extra: FrozenMap[str, Json] | None = None,
    ) -> PublicKey:
        """Return the key of that type and value, with the method that is written for it."""
        scheme = METHODS.get(keytype, ("",))[0]
        return cls(keytype=keytype, scheme=scheme, keyval=keyval, extra=extra or FrozenMap())

    @classmethod
    def holding(cls, keytype: str, value: bytes) -> PublicKey:
        """Return the key of that type whose value, before base64, is *value*."""
        public = base64.b64encode(value).decode("ascii")
        return cls.of(keytype, FrozenMap[str, Json]({"private": None, "public": public}))

    @cached_property
    def id(self) -> KeyId:
        """The scoped id: what metadata calls the key. A private value has no part in it."""
        value: dict[str, Json] = {"private": None, "public": self.keyval.get("public")}
        form: dict[str, Json] = {"keytype": self.keytype, "keyval": FrozenMap(value)}
        return KeyId(hashlib.sha256(canonical(form)).hexdigest())

    @cached_property
    def canonical_id(self) -> KeyId:
        """The id of the bare key inside: what key files and people call it."""
        inside = CERTIFIED.get(self.keytype)
        loaded = self._loaded
        if inside is None or loaded is None:
            return self.id
        return self.holding(inside, _spki(loaded)).id

    @cached_property
    def value(self) -> bytes | None:
        """What ``public`` holds, before base64; None if it is not base64."""
        public = self.keyval.get("public")
        return decoded(public) if isinstance(public, str) else None

    @cached_property
    def pem(self) -> str | None:
        """The text of the certificates, where the key is one."""
        if self.keytype not in CERTIFIED or self.value is None:
            return None
        try:
            return self.value.decode("ascii")
        except UnicodeDecodeError:
            return None

    @cached_property
    def material(self) -> bytes | None:
        """The key itself (DER), equal for two keys if they are one; None if unusable."""
        loaded = self._loaded
        return None if loaded is None else _sound(loaded)

    def accepts(self, signature: keys.Signature, payload: Covered) -> bool:
        """Return whether *signature* is this key's over *payload*, by a method of its type."""
        method = signature.method.lower() if isinstance(signature, Signature) else self.scheme
        return self._accepts(method, signature.value, payload)

    def verifies(self, signature: bytes, payload: Covered) -> bool:
        """Return whether *signature* is this key's over *payload*, by one of its methods."""
        return any(
            self._accepts(method, signature, payload) for method in METHODS.get(self.keytype, ())
        )

    def _accepts(self, method: str, signature: bytes, payload: Covered) -> bool:
        loaded = self._loaded
        if loaded is None or self.material is None or method not in METHODS[self.keytype]:
            return False
        if (method == PYCRYPTO) != self._is_text and self.keytype == "rsa":
            return False
        return verified(loaded, method, signature, bytes(payload))

    @property
    def _is_text(self) -> bool:
        return self.value is not None and self.value.startswith(b"-----BEGIN")

    @cached_property
    def _loaded(self) -> PublicKeyTypes | None:
        value = self.value
        if value is None or len(value) > _MAX_DER:
            return None
        try:
            match self.keytype:
                case "ecdsa-x509" | "rsa-x509":
                    certificates = bundle(self.pem or "")
                    loaded = certificates[0].key if certificates else None
                case "rsa" if self._is_text:
                    loaded = load_pem_public_key(value)
                case "ed25519":
                    loaded = Ed25519PublicKey.from_public_bytes(value)
                case _:
                    loaded = load_der_public_key(value)
        except (ValueError, UnsupportedAlgorithm):
            return None
        return loaded if _kind(loaded) == CERTIFIED.get(self.keytype, self.keytype) else None


def decoded(text: str) -> bytes | None:
    """Return what *text* is the one base64 spelling of, or None."""
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return value if base64.b64encode(value).decode("ascii") == text else None


def _kind(key: PublicKeyTypes | None) -> str | None:
    match key:
        case EllipticCurvePublicKey() if key.curve.name in _CURVES:
            return "ecdsa"
        case RSAPublicKey():
            return "rsa"
        case Ed25519PublicKey():
            return "ed25519"
        case _:
            return None


def _sound(key: PublicKeyTypes) -> bytes | None:
    """Return the key's DER, or None if it is so weak that anybody could sign for it."""
    match key:
        case Ed25519PublicKey():
            return material("ed25519", "ed25519", key.public_bytes_raw().hex())
        case RSAPublicKey():
            pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            return material("rsa", "rsassa-pss-sha256", pem.decode("ascii"))
        case _:
            return _spki(key)


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
