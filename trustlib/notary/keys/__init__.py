"""Keys of docker and ``notary``: found, used, made, copied away and brought over.

``~/.docker/trust`` and ``~/.notary`` have the same layout, and their programs
use what is written here.
"""

from __future__ import annotations

from trustlib.notary.keys.file import NotaryKeyFile
from trustlib.notary.keys.public import METHODS, NotaryPublicKey, key_id, pub_role
from trustlib.notary.keys.signer import NotarySignature, NotarySigner, signed_as_notary
from trustlib.notary.keys.store import NotaryKeyStore

__all__ = [
    "METHODS",
    "NotaryKeyFile",
    "NotaryKeyStore",
    "NotaryPublicKey",
    "NotarySignature",
    "NotarySigner",
    "key_id",
    "pub_role",
    "signed_as_notary",
]
