"""A key of every kind whose signatures count, made once."""

from collections.abc import Callable
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, SSlibKey

from trustlib.signing import MemorySigner


def _ml_dsa(size: int) -> Callable:
    def generate():
        from cryptography.hazmat.primitives.asymmetric import mldsa

        return getattr(mldsa, f"MLDSA{size}PrivateKey").generate()

    return generate


_GENERATE: dict[str, Callable] = {
    "ed25519": Ed25519PrivateKey.generate,
    "ecdsa-sha2-nistp256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ecdsa-sha2-nistp384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "rsassa-pss-sha256": lambda: rsa.generate_private_key(65_537, 2048),
    "ml-dsa-44/1": _ml_dsa(44),
    "ml-dsa-65/1": _ml_dsa(65),
    "ml-dsa-87/1": _ml_dsa(87),
}
KINDS = tuple(_GENERATE)
"""The schemes that trustlib lists a new key under."""

RSA_SCHEMES = tuple(
    f"{padding}-sha{size}" for padding in ("rsassa-pss", "rsa-pkcs1v15") for size in (256, 384, 512)
)
SCHEMES = (*(kind for kind in KINDS if kind != "rsassa-pss-sha256"), *RSA_SCHEMES)
"""All schemes that count."""


@cache
def _private(kind: str):
    return _GENERATE[kind]()


@cache
def our_signer(kind: str) -> MemorySigner:
    """A signer of ours with a key of that kind."""
    return MemorySigner.of(_private(kind))


@cache
def their_signer(scheme: str) -> CryptoSigner:
    """A signer of securesystemslib for that scheme."""
    private = _private("rsassa-pss-sha256" if scheme in RSA_SCHEMES else scheme)
    return CryptoSigner(private, SSlibKey.from_crypto(private.public_key(), scheme=scheme))
