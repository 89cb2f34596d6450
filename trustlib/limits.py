"""How much a repository may make us read, and how slowly."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Limits:
    """What is refused with a :class:`~trustlib.LimitError`, however well it is signed.

    A length that metadata claims may lower a limit, never raise it; where it
    claims none, the limit alone counts (§4.4).

    Attributes:
        root: bytes of one root file.
        timestamp: bytes of a timestamp file.
        snapshot: bytes of a snapshot file.
        targets: bytes of one targets file, delegated or not.
        root_rotations: new roots accepted in one update.
        delegations: roles visited in the search for one target.
        deadline: seconds that reading one of these files may take. Downloads
            have none: their length is known, and the rate is looked at.
        minimum_rate: bytes per second, on average over ``patience`` seconds.
        patience: after how many seconds the rate is looked at, again and again.
    """

    root: int = 512_000
    timestamp: int = 16_384
    snapshot: int = 8_000_000
    targets: int = 32_000_000
    root_rotations: int = 256
    delegations: int = 64
    deadline: float = 600.0
    minimum_rate: float = 1_000.0
    patience: float = 15.0
