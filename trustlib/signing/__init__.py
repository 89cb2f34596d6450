"""Private keys: where they are kept, and how they come to sign.

A private key never leaves the object that holds it; what comes out is a
:class:`~trustlib.keys.Signature`.
"""

from __future__ import annotations

from trustlib.signing.keyfile import KeyFile
from trustlib.signing.memory import MemorySigner
from trustlib.signing.unlocked import Algorithm, UnlockedKey

__all__ = ["Algorithm", "KeyFile", "MemorySigner", "UnlockedKey"]
