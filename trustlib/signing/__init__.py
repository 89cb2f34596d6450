"""Private keys: where they are kept, and how they come to sign.

A private key never leaves the object that holds it; what comes out is a
:class:`~trustlib.keys.Signature`.
"""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib.signing.algorithms import Algorithm
    from trustlib.signing.keyfile import KeyFile, UnencryptedKeyWarning
    from trustlib.signing.keystore import KeyStore
    from trustlib.signing.labels import Label
    from trustlib.signing.memory import MemorySigner
    from trustlib.signing.remote import RemoteKey, proven
    from trustlib.signing.ssh_agent import AgentKey, SshAgent
    from trustlib.signing.stored import Exposure, StoredKey
    from trustlib.signing.threads import InThread
    from trustlib.signing.unlocked import UnlockedKey

__all__ = [
    "AgentKey",
    "Algorithm",
    "Exposure",
    "InThread",
    "KeyFile",
    "KeyStore",
    "Label",
    "MemorySigner",
    "RemoteKey",
    "SshAgent",
    "StoredKey",
    "UnencryptedKeyWarning",
    "UnlockedKey",
    "proven",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib.signing.algorithms": "Algorithm",
            "trustlib.signing.keyfile": "KeyFile UnencryptedKeyWarning",
            "trustlib.signing.keystore": "KeyStore",
            "trustlib.signing.labels": "Label",
            "trustlib.signing.memory": "MemorySigner",
            "trustlib.signing.remote": "RemoteKey proven",
            "trustlib.signing.ssh_agent": "AgentKey SshAgent",
            "trustlib.signing.stored": "Exposure StoredKey",
            "trustlib.signing.threads": "InThread",
            "trustlib.signing.unlocked": "UnlockedKey",
        },
    )
