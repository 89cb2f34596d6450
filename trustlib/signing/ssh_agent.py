"""Keys in an ssh-agent: the agent signs, and everything it says is read as from a stranger.

An agent's signature with an Ed25519, ECDSA or RSA key is one over the payload
itself, so it is TUF's signature, too. Ed25519 is as it should be; ECDSA is two
numbers that become DER; RSA is PKCS #1 v1.5, never PSS.

What an ssh client has signed begins with four bytes of a length, the first of
them zero, and TUF's payload with a brace: neither is ever taken for the other.
But an agent signs for whoever reaches its socket. Do not forward one that holds
a key of a root, and add such keys with ``ssh-add -c``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import field, frozen, validators

from trustlib.errors import SigningError, shortened
from trustlib.keys import Key, Signature
from trustlib.signing import _ssh_wire
from trustlib.signing._ssh_socket import answer
from trustlib.signing._ssh_wire import SshError

if TYPE_CHECKING:
    import os

_FAILURES: Final = (5, 30, 102)  # SSH_AGENT_FAILURE, and what ancient agents say instead
_REQUEST_IDENTITIES: Final = 11
_IDENTITIES_ANSWER: Final = 12
_SIGN_REQUEST: Final = 13
_SIGN_RESPONSE: Final = 14

_RSA_SHA2_256: Final = 2  # SSH_AGENT_RSA_SHA2_256


def _expanded(path: str | os.PathLike[str]) -> Path:
    return Path(path).expanduser()


@frozen
class SshAgent:
    """An agent of OpenSSH, GnuPG or a password manager, at a Unix socket.

    Attributes:
        path: the socket, often ``os.environ["SSH_AUTH_SOCK"]``; nothing is
            looked up by itself.
        seconds: how long an answer may take, a human's touch included.
    """

    path: Path = field(converter=_expanded)
    seconds: float = field(default=60.0, kw_only=True, validator=validators.gt(0))

    @property
    def keys(self) -> tuple[AgentKey, ...]:
        """The keys that the agent offers, as far as TUF knows their kind.

        Certificates and keys on security keys (``sk-…``) are left out: what
        those sign is not the payload.

        Raises:
            SigningError: the agent cannot be reached, or does not speak as one.
        """
        kind, body = answer(self.path, bytes((_REQUEST_IDENTITIES,)), seconds=self.seconds)
        if kind != _IDENTITIES_ANSWER:
            raise SigningError(
                str(self.path), f"answers {kind} when it is asked for its keys; it is no ssh-agent"
            )
        try:
            return tuple(self._listed(body))
        except SshError as error:
            problem = str(error)
        raise SigningError(str(self.path), f"does not speak as an ssh-agent: {problem}")

    def key(self, key: Key) -> AgentKey:
        """Return the agent's key whose public half is *key*.

        Raises:
            SigningError: the agent does not have it, or cannot be reached.
        """
        found = self.keys
        for one in found:
            if key.material == one.key.material:
                return one
        raise SigningError(
            str(self.path),
            f"does not have key {key.id[:8]}, but {len(found)} others;"
            " add it with ssh-add, or wake the token that holds it",
        )

    def _listed(self, body: bytes) -> Iterator[AgentKey]:
        reader = _ssh_wire.Reader(body)
        for _ in range(reader.uint32()):
            blob, _comment = reader.string(), reader.string()
            known = _ssh_wire.public_key(blob)
            if known is not None:
                yield AgentKey(known, self, blob)
        reader.finish()


@frozen(repr=False)
class AgentKey:
    """A :class:`~trustlib.keys.Signer` whose private key an agent keeps.

    Attributes:
        key: the public half. An RSA key is listed for ``rsa-pkcs1v15-sha256``,
            which is what agents sign with.
        agent: who keeps it.
    """

    key: Key
    agent: SshAgent
    _blob: bytes

    def sign(self, payload: bytes) -> Signature:
        """Return the signature of *payload*, verified.

        Raises:
            SigningError: the agent cannot be reached, refuses, or answers with
                something that is no signature of this key.
        """
        try:
            value = _ssh_wire.signature_value(self._made(payload), self.key.scheme)
        except SshError as error:
            problem = f"its agent answers with something else: {error}"
        else:
            if self.key.verifies(value, payload):
                return Signature(self.key.id, value)
            problem = "its agent made a signature that it does not verify; it was thrown away"
        raise SigningError(f"key {self.key.id[:8]}", problem)

    def _made(self, payload: bytes) -> bytes:
        # gpg-agent refuses a flag that does not fit the key.
        flags = _RSA_SHA2_256 if self.key.keytype == "rsa" else 0
        request = (
            bytes((_SIGN_REQUEST,))
            + _ssh_wire.string(self._blob)
            + _ssh_wire.string(payload)
            + flags.to_bytes(4)
        )
        what = str(self.agent.path)
        kind, body = answer(self.agent.path, request, seconds=self.agent.seconds)
        if kind in _FAILURES:
            raise SigningError(
                what,
                "refused to sign: the human said no, the key is locked, or it is gone; try again",
            )
        if kind != _SIGN_RESPONSE:
            raise SigningError(what, f"answers {kind} when it is asked to sign; use another agent")
        reader = _ssh_wire.Reader(body)
        signature = reader.string()
        reader.finish()
        return signature

    def __repr__(self) -> str:
        return f"AgentKey({self.key.id}, {shortened(str(self.agent.path))})"
