"""What an attacker holds, by name."""

from enum import Enum

from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from trustlib.testing.attacks.catalogue import CATALOGUE
from trustlib.testing.attacks.scenes import Attack


class Possession(Enum):
    """Something that an attacker has, and the honest do not know that he has."""

    NETWORK = "the network: he answers in the place of the repository"
    REGISTRY_CREDENTIALS = "credentials of the registry: he moves tags, and signs nothing"
    TIMESTAMP_KEY = "a key of timestamp"
    SNAPSHOT_KEY = "a key of snapshot"
    ONE_TARGETS_KEY = "one key of targets"
    ALL_TARGETS_KEYS = "as many keys of targets as must sign it"
    ONE_ROOT_KEY = "one key of root"
    DELEGATED_KEY = "a key of a delegated role"

    def __str__(self) -> str:
        return self.name.replace("_", " ").lower()


_KEYS: dict[str, Possession] = {
    ROOT: Possession.ONE_ROOT_KEY,
    TIMESTAMP: Possession.TIMESTAMP_KEY,
    SNAPSHOT: Possession.SNAPSHOT_KEY,
    TARGETS: Possession.ONE_TARGETS_KEY,
}


def possessions_of(attack: Attack) -> frozenset[Possession]:
    """Return what whoever mounts *attack* holds: the network, and keys."""
    keys = {_KEYS.get(name, Possession.DELEGATED_KEY) for name in attack.holds}
    return frozenset({Possession.NETWORK, *keys})


def mountable_with(*held: Possession) -> tuple[Attack, ...]:
    """Return the attacks of the catalogue that need nothing but what is *held*."""
    return tuple(attack for attack in CATALOGUE if possessions_of(attack) <= {*held})
