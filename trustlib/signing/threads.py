"""A signer that blocks, for those who await."""

from __future__ import annotations

import asyncio

from attrs import frozen

from trustlib.keys import Key, Signature, Signer


@frozen
class InThread:
    """An :class:`~trustlib.keys.AsyncSigner` that runs another signer in a thread of its own.

    A thread cannot be stopped: whoever gives up waiting leaves it behind until
    its device or service answers.
    """

    signer: Signer

    @property
    def key(self) -> Key:
        """The public half."""
        return self.signer.key

    async def sign(self, payload: bytes) -> Signature:
        """Return the signature over *payload*.

        Raises:
            SigningError: the key cannot be used.
        """
        return await asyncio.to_thread(self.signer.sign, payload)
