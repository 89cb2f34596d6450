"""Row 9: a small repository, where what is done around the signatures shows.

The limit is the signatures that must be verified, one for each file.
"""

from collections.abc import Iterator

from clients import folder, ours, peer
from measure import LIMIT, OURS, PEER, Faster, Result, interleaved
from repositories import Repository, small
from row_load import check
from scale import Scale

from trustlib import MemoryStorage


def refreshing(scale: Scale) -> Iterator[Result]:
    """The first refresh, one that finds nothing new, and one that finds many roots."""
    repository, storage, known = small(), MemoryStorage(), folder()
    yield _first("first refresh", repository, scale.rounds, 10, Faster(2))
    ours(repository, storage).refresh()
    peer(repository, known).refresh()
    yield interleaved(
        "refresh, nothing new",
        {
            OURS: lambda: ours(repository, storage).refresh(),
            PEER: lambda: peer(repository, known).refresh(),
            LIMIT: lambda: _signatures(repository),
        },
        rounds=scale.rounds,
        repeat=10,
        goals=(Faster(2.7),),
        limit="the signatures",
    )
    rotated = small(rotations=100)
    yield _first("first refresh after 100 rotations", rotated, scale.rounds, 1, Faster(3))


def _first(workload: str, repository: Repository, rounds: int, repeat: int, goal: Faster) -> Result:
    sides = {
        OURS: lambda: ours(repository).refresh(),
        PEER: lambda: peer(repository).refresh(),
        LIMIT: lambda: _signatures(repository),
    }
    return interleaved(
        workload, sides, rounds=rounds, repeat=repeat, goals=(goal,), limit="the signatures"
    )


def _signatures(repository: Repository) -> None:
    for raw in repository.files.values():
        check(raw)
