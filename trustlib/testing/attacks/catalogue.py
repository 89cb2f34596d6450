"""THE SECURITY CATALOGUE: every attack on a client that we know of, as data.

Each is an :class:`~security.attacks.Attack`. A combination in which there is
nothing to notice is named here as well, with the reason, and a test mounts it
all the same, to see that there is nothing to notice.
"""

from collections.abc import Mapping
from functools import cache

from attrs import frozen

from trustlib.testing.attacks.confusion import CONFUSION
from trustlib.testing.attacks.delegations import DELEGATIONS
from trustlib.testing.attacks.freezing import FREEZING
from trustlib.testing.attacks.malformed import MALFORMED
from trustlib.testing.attacks.mixing import MIXING
from trustlib.testing.attacks.replays import REPLAYS
from trustlib.testing.attacks.scenes import Attack, Scene, repository
from trustlib.testing.attacks.signatures import SIGNATURES
from trustlib.testing.attacks.tags import TAGS
from trustlib.testing.attacks.tampering import TAMPERING
from trustlib.testing.attacks.withholding import WITHHOLDING
from trustlib.testing.worlds import described, only_version

CATALOGUE: tuple[Attack, ...] = (
    *SIGNATURES,
    *TAMPERING,
    *REPLAYS,
    *FREEZING,
    *MIXING,
    *WITHHOLDING,
    *MALFORMED,
    *CONFUSION,
    *DELEGATIONS,
    *TAGS,
)
"""Every attack on a client that can be mounted on any transport."""

FIRST, WARM, KEPT = "first run", "warm store", "kept running"
"""What the client remembers: nothing; what its store holds; what its updater holds as well."""

MEMORIES = (FIRST, WARM)

LISTINGS = {"hashes and lengths": described, "versions only": only_version}
"""What snapshot and timestamp say of the files that they list."""


@frozen
class Outcome:
    """What comes of an attack; see :class:`~security.attacks.Attack`."""

    refused: str | None
    expect: type[Exception] | None
    facts: Mapping[str, object]


@frozen
class Combination:
    """One attack, on a client with some memory, of a repository that lists so much."""

    attack: Attack
    memory: str
    listing: str

    @property
    def needless(self) -> str:
        """Why there is nothing to notice here; empty where there is."""
        without_memory = self.attack.needs_memory if self.memory == FIRST else ""
        without_hashes = "" if self.listing == "hashes and lengths" else self.attack.needs_hashes
        return without_memory or without_hashes

    @property
    def outcome(self) -> Outcome:
        """Whose file is refused, with which error, and what it says."""
        attack = self.attack
        if self.memory == FIRST and attack.on_first_run:
            return Outcome(*attack.on_first_run)
        if self.listing == "hashes and lengths" and attack.where_described:
            return Outcome(attack.refused, *attack.where_described)
        return Outcome(attack.refused, attack.expect, attack.facts)

    @property
    def scene(self) -> Scene:
        """What the client is shown."""
        return scene_of(self.attack, self.listing)


@cache
def scene_of(attack: Attack, listing: str) -> Scene:
    """What *attack* makes of the honest repository; made once, for all clients."""
    return attack.act(repository(LISTINGS[listing]))


COMBINATIONS = tuple(
    Combination(attack, memory, listing)
    for attack in CATALOGUE
    for memory in MEMORIES
    for listing in LISTINGS
)
MOUNTED = tuple(each for each in COMBINATIONS if not each.needless)
NEEDLESS = tuple(each for each in COMBINATIONS if each.needless)

ON_KEPT = tuple(
    Combination(attack, KEPT, "hashes and lengths" if attack.needs_hashes else "versions only")
    for attack in CATALOGUE
)
"""Each attack once, on an updater that has answered before and is asked again."""
