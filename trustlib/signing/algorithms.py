"""What a new key can sign with; nothing else in the package makes a private key.

The choice is the key's for ever: metadata lists the two together, and a key
that changed its algorithm would be another key.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, assert_never

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trustlib.errors import SigningError

if TYPE_CHECKING:
    from typing import TypeAlias

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    PrivateKey: TypeAlias = PrivateKeyTypes

_EXPONENT: Final = 65_537


class Algorithm(Enum):
    """What a new key signs with.

    Ed25519 is small, fast, and read by every implementation of TUF. The others
    are for those who are told to: by a regulation, by hardware, or, for ML-DSA,
    by the fear that signatures of today are forged by machines of tomorrow.
    """

    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-sha2-nistp256"
    ECDSA_P384 = "ecdsa-sha2-nistp384"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    ML_DSA_44 = "ml-dsa-44"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_87 = "ml-dsa-87"

    def generate(self) -> PrivateKey:
        """Return a new private key, from the operating system's randomness.

        Raises:
            SigningError: the installed ``cryptography`` does not have the
                algorithm. ML-DSA came with its version 48.
        """
        match self:
            case Algorithm.ED25519:
                return Ed25519PrivateKey.generate()
            case Algorithm.ECDSA_P256:
                return ec.generate_private_key(ec.SECP256R1())
            case Algorithm.ECDSA_P384:
                return ec.generate_private_key(ec.SECP384R1())
            case Algorithm.RSA_3072:
                return rsa.generate_private_key(_EXPONENT, 3072)
            case Algorithm.RSA_4096:
                return rsa.generate_private_key(_EXPONENT, 4096)
            case Algorithm.ML_DSA_44 | Algorithm.ML_DSA_65 | Algorithm.ML_DSA_87:
                return self._post_quantum()
            case _:
                assert_never(self)

    def _post_quantum(self) -> PrivateKey:
        try:
            from cryptography.hazmat.primitives.asymmetric import mldsa

            match self:
                case Algorithm.ML_DSA_44:
                    return mldsa.MLDSA44PrivateKey.generate()
                case Algorithm.ML_DSA_65:
                    return mldsa.MLDSA65PrivateKey.generate()
                case _:
                    return mldsa.MLDSA87PrivateKey.generate()
        except (ImportError, UnsupportedAlgorithm):
            pass
        raise SigningError(
            self.value,
            "the installed cryptography package cannot make such keys;"
            " install version 48 or later, or choose another algorithm",
        )
