"""From files that are replaced in place to numbered ones that never change (§6.2.1).

Only root says which of the two it is, so only root is signed. The other files
are there under both names, and clients go from the ones to the others with the
root that they see: nobody sees half of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from attrs import frozen

from trustlib._paths import plain, published_target
from trustlib.publish.repository import Repository
from trustlib.trust.agreeing import HASHES


@frozen
class Renamed:
    """An artifact that clients will look for under another name.

    Attributes:
        before: its path below the folder of artifacts, without consistent snapshots.
        after: with them.
    """

    before: str
    after: str


def with_consistent_snapshots(repository: Repository) -> Repository:
    """Return *repository* with consistent snapshots.

    Publish it alone, without another edit: then no client refuses anything on
    the way. Root's keys sign; every other file is published again as it is,
    under its numbered name. Before that, stop whatever else publishes there,
    and copy the :func:`renamed_artifacts`.

    If a file of somebody else's has such a name already, publishing ends in a
    :class:`~trustlib.ConflictError` that says which; name its role in
    ``renewing=``, and it gets another number.

    Raises:
        ValueError: it has consistent snapshots.
    """
    if repository.root.consistent_snapshot:
        raise ValueError("the repository has consistent snapshots already")
    root = attrs.evolve(repository.root, consistent_snapshot=True)
    return attrs.evolve(repository, root=root)


def renamed_artifacts(repository: Repository) -> Iterator[Renamed]:
    """Return what artifacts must be called, too, before snapshots become consistent (§6.2).

    One for each hash that clients may look for it by. Tags of images have no
    artifact: a registry keeps what they stand for.
    """
    for role in repository.targets.values():
        for path, target in role.targets.items():
            for algorithm in HASHES:
                if algorithm in target.hashes:
                    digest = target.hashes[algorithm]
                    yield Renamed(
                        plain(published_target(path, None)), plain(published_target(path, digest))
                    )
