"""The environment variables from which robots have given passphrases since 2015.

Ready mappings from a role to the variable's name, for
:class:`~trustlib.signing.passphrases.FromEnvironment`: a robot that is set up for
``docker push`` or for the ``notary`` program needs no other setting. Nothing is
read from the environment unless one of these is handed to it.
"""

from __future__ import annotations

from typing import Final

from trustlib._frozen import FrozenMap

_REPOSITORY: Final = "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE"
_DELEGATION: Final = "NOTARY_DELEGATION_PASSPHRASE"
_RELEASES: Final = "targets/releases"

DOCKER_PASSPHRASES: Final[FrozenMap[str, str]] = FrozenMap(
    {
        "root": "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE",
        "targets": _REPOSITORY,
        "snapshot": _REPOSITORY,
        _RELEASES: _REPOSITORY,
    }
)
"""What docker reads from version 1.9 on: one variable for root, one for all others."""

DOCKER_1_8_PASSPHRASES: Final[FrozenMap[str, str]] = FrozenMap(
    {
        "root": "DOCKER_CONTENT_TRUST_OFFLINE_PASSPHRASE",
        "targets": "DOCKER_CONTENT_TRUST_TAGGING_PASSPHRASE",
        "snapshot": "DOCKER_CONTENT_TRUST_TAGGING_PASSPHRASE",
    }
)
"""What docker 1.8 read, and 1.9 to 1.11 still did, when keys were *offline* and *tagging*."""

NOTARY_PASSPHRASES: Final[FrozenMap[str, str]] = FrozenMap(
    {
        "root": "NOTARY_ROOT_PASSPHRASE",
        "targets": "NOTARY_TARGETS_PASSPHRASE",
        "snapshot": "NOTARY_SNAPSHOT_PASSPHRASE",
        _RELEASES: _DELEGATION,
    }
)
"""What the ``notary`` program reads."""


def docker_passphrases(*delegations: str) -> FrozenMap[str, str]:
    """Return :data:`DOCKER_PASSPHRASES` with these delegated roles, too.

    Docker has one variable for all of them: ``targets/releases``, ``targets/alice``.
    """
    return DOCKER_PASSPHRASES.including(dict.fromkeys(delegations, _REPOSITORY))


def notary_passphrases(*delegations: str) -> FrozenMap[str, str]:
    """Return :data:`NOTARY_PASSPHRASES` with these delegated roles, too."""
    return NOTARY_PASSPHRASES.including(dict.fromkeys(delegations, _DELEGATION))
