"""Private keys that are somewhere else: in a device, a token, a cloud's key service.

They are reached through a signer of ``securesystemslib``, whichever it is. What
comes back is believed only after it was verified with the public key that was
announced, so a signer of another key is found out before metadata is.
"""

from __future__ import annotations

import secrets
from importlib import import_module
from typing import TYPE_CHECKING, Never, Self, TypeVar

from attrs import field, frozen

from trustlib.errors import SigningError, shortened
from trustlib.keys import Key, Signature, Signer
from trustlib.signing._contained import Contained
from trustlib.signing.foreign import from_securesystemslib, to_securesystemslib
from trustlib.signing.passphrases import Forgetful, PassphraseSource, Question

if TYPE_CHECKING:
    from securesystemslib.signer import Signer as ForeignSigner

S = TypeVar("S", bound=Signer)


@frozen
class _Pins:
    """What a signer calls when it needs a PIN: the first answer of a source, and no other.

    A token counts wrong PINs and locks itself for good after a few; so none is
    tried after another, and one that may be wrong is not remembered.
    """

    source: PassphraseSource = field(repr=False)
    question: Question

    def __call__(self, _secret: str) -> str:
        for pin in self.source.passphrases(self.question):
            return pin if isinstance(pin, str) else pin.decode(errors="replace")
        raise SigningError(self.question.where, "asks for a PIN, and no source had one; give one")

    def forget(self) -> None:
        if isinstance(self.source, Forgetful):
            self.source.forget(self.question)


@frozen(eq=False, repr=False)
class RemoteKey:
    """A :class:`~trustlib.keys.Signer` whose private key this process never sees.

    Attributes:
        key: the public half.
    """

    key: Key
    _signer: ForeignSigner
    _pins: _Pins | None = None

    @classmethod
    def of(cls, signer: ForeignSigner) -> Self:
        """Return the key that *signer*, of ``securesystemslib``, signs with.

        Nothing is signed yet; :func:`proven` does.

        Raises:
            SigningError: its signatures would not count, or it cannot say what
                its key is.
        """
        with Contained() as foreign:
            return cls(from_securesystemslib(signer.public_key), signer)
        raise SigningError(type(signer).__name__, f"has no public key: {foreign.problem}")

    @classmethod
    def at(
        cls,
        uri: str,
        key: Key,
        *,
        pins: PassphraseSource | None = None,
        role: str | None = None,
        why: str | None = None,
    ) -> Self:
        """Return the key at *uri*, as ``securesystemslib`` writes such addresses.

        ``awskms:…``, ``gcpkms:…``, ``azurekms:…``, ``hv:…`` and ``hsm:…`` are
        known; each needs the extra of its name.

        Args:
            uri: where the private key is.
            key: its public half, as metadata lists it or will.
            pins: who knows the PIN, for a token. It is asked once for each
                signature, and never again for one that failed.
            role: the role that the key signs for, for whoever is asked.
            why: what is about to be done.

        Raises:
            SigningError: there is no such signer, or it cannot be reached.
        """
        what = shortened(uri, str)
        question = Question(name=what, where=what, role=role, why=why)
        asking = None if pins is None else _Pins(pins, question)
        theirs = to_securesystemslib(key)
        with Contained() as foreign:
            signer = import_module("securesystemslib.signer").Signer
            return cls(key, signer.from_priv_key_uri(uri, theirs, asking), asking)
        raise SigningError(what, f"cannot be reached: {foreign.problem}")

    def sign(self, payload: bytes) -> Signature:
        """Return the signature of *payload*, verified.

        Raises:
            SigningError: the signer did not sign, or what it made does not
                verify under :attr:`key`; it was thrown away.
        """
        what = f"key {self.key.id[:8]}"
        value = None
        with Contained() as foreign:
            value = bytes.fromhex(self._signer.sign(payload).signature)
        if value is not None and self.key.verifies(value, payload):
            return Signature(self.key.id, value)
        if self._pins is not None:
            self._pins.forget()
        if value is None:
            # With a PIN in play, what others say of an error may quote it.
            said = foreign.problem if self._pins is None else foreign.kind
            raise SigningError(what, f"{type(self._signer).__name__} did not sign: {said}")
        raise SigningError(
            what,
            f"{type(self._signer).__name__} made a signature that this key does not verify;"
            " it holds another private key, or is faulty: compare the two before you go on",
        )

    def __repr__(self) -> str:
        return f"RemoteKey({self.key.id}, {type(self._signer).__name__})"

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a way to a private key is not pickled or copied; open it again")


def proven(signer: S) -> S:
    """Return *signer* after it signed something, which its public key verifies.

    For the moment before a key is listed in metadata: a root that lists a key
    which nobody has cannot be replaced any more. What is signed is random and
    can be taken for nothing else.

    Raises:
        SigningError: it cannot sign, or signs with another key.
    """
    challenge = b"trustlib asks for a proof of possession: " + secrets.token_hex(32).encode()
    if not signer.key.verifies(signer.sign(challenge).value, challenge):
        raise SigningError(
            f"key {signer.key.id[:8]}",
            "does not verify what its signer signs: that holds another private key",
        )
    return signer
