"""A key that nobody is asked about before there is something to sign.

Whoever publishes may have many keys, and an edit needs few of them: so the
passphrase is asked for by the first signature, and once.
"""

from __future__ import annotations

from threading import Lock
from typing import Never

from attrs import define, field

from trustlib.keys import Key, Signature
from trustlib.signing.passphrases.asking import PassphraseSource, Question
from trustlib.signing.passphrases.opening import opened
from trustlib.signing.stored import StoredKey
from trustlib.signing.unlocked import UnlockedKey


@define(eq=False)
class KeyOnDemand:
    """A :class:`~trustlib.keys.Signer` that is a key of a store, opened when it first signs.

    ``Publisher(signers=[KeyOnDemand(key, source) for key in store.find()], …)``
    asks for the passphrases of those keys alone that an edit needs. Safe to
    share between threads.

    Attributes:
        stored: the key.
        source: where its passphrase comes from.
        why: what is about to be done, ``"to sign acme/app:1.4"``, for whoever is asked.
    """

    stored: StoredKey
    source: PassphraseSource = field(repr=False)
    why: str | None = field(default=None, kw_only=True)
    _unlocked: UnlockedKey | None = field(default=None, init=False, repr=False)
    _asking: Lock = field(factory=Lock, init=False, repr=False)

    @property
    def key(self) -> Key:
        """The public half. Nobody is asked for it."""
        return self.stored.key

    def sign(self, payload: bytes) -> Signature:
        """Return the signature of *payload*.

        Raises:
            WrongPassphraseError: all that the source offered was wrong.
            SigningError: the source knows nothing, or cannot be asked; or as
                :meth:`.StoredKey.unlock`.
        """
        with self._asking:  # one human is asked once
            if self._unlocked is None:
                self._unlocked = opened(self.stored, self.source, self._question)
        return self._unlocked.sign(payload)

    @property
    def _question(self) -> Question:
        label = self.stored.label
        return Question(
            name=self.stored.id,
            where=f"key {self.stored.id[:8]} of {label.collection or label.owner}",
            role=label.role,
            why=self.why,
        )

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a key that may be open is not pickled or copied; share the object itself")
