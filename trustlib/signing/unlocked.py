"""A private key that is ready to sign, and shows itself to nobody.

It cannot be printed, compared, copied or pickled into anything secret, and no
signature leaves it that was not verified with the public key first: a fault
while signing can give the private key away.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Never, Protocol, Self

from attrs import field, frozen

from trustlib.errors import SigningError
from trustlib.keys import Key, Signature
from trustlib.signing._private import public_pem

if TYPE_CHECKING:
    from trustlib.signing.algorithms import PrivateKey


class _Made(Protocol):
    @property
    def signature(self) -> str: ...


class SecureSystemsSigner(Protocol):
    """What is asked of a signer of ``securesystemslib``."""

    def sign(self, payload: bytes, /) -> _Made:
        """Return the signature of *payload*, with its value in hex."""
        ...


@frozen(eq=False, repr=False)
class UnlockedKey:
    """A :class:`~trustlib.keys.Signer` whose private key is in this process's memory.

    Attributes:
        key: the public half.
    """

    key: Key
    _signer: SecureSystemsSigner = field()

    @classmethod
    def of(cls, private: PrivateKey) -> Self:
        """Return the signer for *private*."""
        return cls(*_halves(private))

    def sign(self, payload: bytes) -> Signature:
        """Return the signature of *payload*, verified.

        Raises:
            SigningError: what was computed does not verify. The machine is
                faulty, or somebody disturbs it; nothing was handed out.
        """
        value = bytes.fromhex(self._signer.sign(payload).signature)
        if not self.key.verifies(value, payload):
            raise SigningError(
                f"key {self.key.id}",
                "made a signature that does not verify; it was thrown away:"
                " do not sign on this machine before its memory was tested",
            )
        return Signature(self.key.id, value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.key.id})"

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a private key is not pickled or copied; share the object itself")


def _halves(private: PrivateKey) -> tuple[Key, SecureSystemsSigner]:
    # Only those who sign pay for importing a library of signers.
    signer: SecureSystemsSigner = import_module("securesystemslib.signer").CryptoSigner(private)
    return Key.from_pem(public_pem(private).decode()), signer
