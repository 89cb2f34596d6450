"""Where passphrases come from: humans, robots, secret stores, and any mixture of them.

A source is a value that is passed in. Nothing here looks anywhere that it was
not pointed to, and nothing keeps a passphrase, except :class:`Remembered`, whose
name says so. Python cannot wipe every copy it makes; what can be overwritten is,
and the rest is dropped as soon as it was used.
"""

from __future__ import annotations

from trustlib.signing.passphrases.asking import Forgetful, PassphraseSource, Purpose, Question
from trustlib.signing.passphrases.combining import FirstOf, Remembered
from trustlib.signing.passphrases.command import FromCommand
from trustlib.signing.passphrases.given import (
    FromDescriptor,
    FromEnvironment,
    FromFile,
    FromKeyring,
    Keyring,
)
from trustlib.signing.passphrases.opening import chosen, generated, reencrypted, unlocked
from trustlib.signing.passphrases.prompt import Prompt
from trustlib.signing.passphrases.waiting import KeyOnDemand

__all__ = [
    "FirstOf",
    "Forgetful",
    "FromCommand",
    "FromDescriptor",
    "FromEnvironment",
    "FromFile",
    "FromKeyring",
    "KeyOnDemand",
    "Keyring",
    "PassphraseSource",
    "Prompt",
    "Purpose",
    "Question",
    "Remembered",
    "chosen",
    "generated",
    "reencrypted",
    "unlocked",
]
