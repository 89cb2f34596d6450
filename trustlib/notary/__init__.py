"""Docker Content Trust, version 1: what people have today, and how to leave it.

Nothing else in the package knows of it: without this folder, everything else is
whole.
"""

from trustlib.notary.passphrases import (
    DOCKER_1_8_PASSPHRASES,
    DOCKER_PASSPHRASES,
    NOTARY_PASSPHRASES,
    docker_passphrases,
    notary_passphrases,
)

__all__ = [
    "DOCKER_1_8_PASSPHRASES",
    "DOCKER_PASSPHRASES",
    "NOTARY_PASSPHRASES",
    "docker_passphrases",
    "notary_passphrases",
]
