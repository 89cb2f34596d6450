"""Rows 10 and 11: whom a path is delegated to, and the walk through those who are asked."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

from clients import folder, ours, peer
from measure import LIMIT, OURS, PEER, Faster, Result, interleaved
from repositories import Repository, hash_bins, patterns, published, signed, targets
from row_load import check
from scale import Scale
from tuf.api.metadata import Delegations as PeerDelegations
from tuf.api.metadata import Metadata

from trustlib import Delegations, FileStorage, TargetPath, Targets
from trustlib.workflow.search import covering


def matching(scale: Scale) -> Iterator[Result]:
    """Whom one path is delegated to, asked again and again; the limit is a dictionary."""
    for roles, *goals in scale.size(((100,), (1_000, 300), (10_000, 300)), ((100,), (1_000, 300))):
        grants = patterns({f"team-{n}": f"team-{n}/*/*" for n in range(roles)})
        path = f"team-{roles // 2}/app/app:1.4"
        yield _matched(
            f"match: {roles:,} pattern roles", grants, path, scale, tuple(map(Faster, goals))
        )
    bits = scale.size(10, 8)
    grants = hash_bins(bits)
    workload = f"match: {2**bits:,} hash-prefix roles"
    yield _matched(workload, grants, "team-7/app:1.4", scale, (Faster(300),))


def _matched(
    workload: str, grants: Delegations, path: str, scale: Scale, goals: tuple[Faster, ...]
) -> Result:
    role = targets([], grants)
    theirs = Metadata.from_bytes(signed(role)).signed.delegations
    assert isinstance(theirs, PeerDelegations)
    known = {path: covering(role, TargetPath(path))}
    return interleaved(
        workload,
        {
            OURS: lambda: covering(role, TargetPath(path)),
            PEER: lambda: list(theirs.get_roles_for_target(path)),
            LIMIT: lambda: known[path],
        },
        rounds=scale.size(11, 3),
        repeat=scale.size(100, 5),
        goals=goals,
        limit="a dictionary",
    )


# -- 11 ---------------------------------------------------------------------------------


def walking(scale: Scale) -> Iterator[Result]:
    """A chain of roles, and a tree of which every role is asked; both stores are folders."""
    length, width = scale.size(1_000, 50), scale.size(10, 3)
    chained, tree = chain(length), _tree(width)
    shape = f"{width}×{width}×{width}"
    yield from _walked(f"chain of {length:,}", chained, "acme/app:1.4", scale, (2, 2))
    asked = _tree_path(0)
    yield from _walked(f"tree {shape}", tree, asked, scale, (1.8, 2.2))
    mine, theirs = ours(tree), peer(tree)
    mine.find(asked)
    theirs.get_targetinfo(asked)
    next_path = map(_tree_path, count(1))
    yield interleaved(
        f"tree {shape}, another question",
        {
            OURS: lambda: mine.find(next(next_path)),
            PEER: lambda: theirs.get_targetinfo(next(next_path)),
        },
        rounds=scale.rounds,
        goals=(Faster(5),),
    )


def chain(length: int) -> Repository:
    """Each role delegates everything to the next, and the last one lists the image."""
    names = [f"role-{n}" for n in range(length)]
    following: list[Delegations | None] = [patterns({name: "acme/*"}) for name in names]
    top, *rest = [*following, None]
    listed: list[tuple[str, ...]] = [()] * (length - 1) + [("acme/app:1.4",)]
    below = {n: targets(paths, to) for n, paths, to in zip(names, listed, rest, strict=True)}
    return published(targets([], top), below)


def _tree(width: int) -> Repository:
    """Three levels of *width* roles each, all of which may speak for everything."""
    below: dict[str, Targets] = {}

    def under(name: str, levels: int) -> Delegations | None:
        if not levels:
            return None
        names = [f"{name}{n}" for n in range(width)]
        for each in names:
            below[each] = targets([], under(f"{each}-", levels - 1))
        return patterns(dict.fromkeys(names, "acme/*"))

    top = under("role-", 3)
    last = "role-" + "-".join([str(width - 1)] * 3)
    below[last] = targets(map(_tree_path, range(2_000)))
    return published(targets([], top), below)


def _tree_path(number: int) -> str:
    return f"acme/app-{number}:1.4"


def _walked(
    name: str, repository: Repository, path: str, scale: Scale, goals: tuple[float, float]
) -> Iterator[Result]:
    mine, theirs = folder(), folder()

    def find(place: Callable[[], Path]) -> object:
        return ours(repository, FileStorage(place())).find(path)

    def find_peer(place: Callable[[], Path]) -> object:
        return peer(repository, place()).get_targetinfo(path)

    bare = {LIMIT: partial(_signatures, repository)}
    measured = partial(interleaved, rounds=scale.few, limit="the signatures")
    first = {OURS: partial(find, folder), PEER: partial(find_peer, folder)}
    yield measured(f"{name}, first time", first | bare, goals=(Faster(goals[0]),))
    known = {OURS: partial(find, lambda: mine), PEER: partial(find_peer, lambda: theirs)}
    yield measured(f"{name}, from disk", known | bare, goals=(Faster(goals[1]),))


def _signatures(repository: Repository) -> None:
    for raw in repository.files.values():
        check(raw)
