"""Row 8: how many round trips follow one another, and what they come to at 50 ms each."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from clients import folder, ours, peer
from latency import Distant, distant
from measure import OURS, PEER, WALL, AtMost, Figures, Result, counted
from repositories import Repository, patterns, published, targets
from scale import Scale

from trustlib import FileStorage, HttpTransport

IMAGE = "acme/app:1.4"
DELAY = 0.05
Client = Callable[[Repository, Path, str], object]


def rounds(scale: Scale) -> Iterator[Result]:
    """One image that a delegated role speaks for: first time, nothing new, all of it new."""
    first, newer = _repository(1), _repository(2)
    rotations = scale.size(100, 10)
    for workload, before, now, most in (
        ("first time", None, first, 4),
        ("nothing new", first, first, 1),
        ("everything one newer", first, newer, 2),
        (f"first time, {rotations} rotations", None, _repository(1, rotations), 20),
    ):
        yield from _counted(workload, before, now, most, scale)


def _counted(
    workload: str, before: Repository | None, now: Repository, most: int, scale: Scale
) -> Iterator[Result]:
    figures: dict[str, dict[str, tuple[float, ...]]] = {"rounds": {}, "s": {}, "connections": {}}
    times = scale.size(3, 1)
    with distant(now.files, DELAY) as server:
        for side, client in ((OURS, _ours), (PEER, _peer)):
            seen = [_seen(server, client, before, now) for _ in range(times)]
            for unit, each in zip(figures, zip(*seen, strict=True), strict=True):
                figures[unit][side] = each
    goals = (AtMost(most, f"{most}"),)
    yield counted(f"{workload}: rounds", "rounds", figures["rounds"], goals=goals)
    one = (AtMost(1, "1"),)
    yield counted(f"{workload}: connections", "connections", figures["connections"], goals=one)
    yield Result(
        workload=f"{workload}: at 50 ms",
        figures={WALL: {side: Figures(each) for side, each in figures["s"].items()}},
        clock=WALL,
    )


def _seen(
    server: Distant, client: Client, before: Repository | None, now: Repository
) -> tuple[float, float, float]:
    place = folder()
    if before is not None:
        server.files, server.delay = before.files, 0.0
        client(before, place, server.url)
    server.files, server.delay = now.files, DELAY
    server.forget()
    began = time.perf_counter()
    client(before or now, place, server.url)
    return server.rounds, time.perf_counter() - began, server.connections


def _ours(repository: Repository, place: Path, url: str) -> object:
    with HttpTransport(url) as transport:
        return ours(repository, FileStorage(place), transport).find(IMAGE)


def _peer(repository: Repository, place: Path, url: str) -> object:
    return peer(repository, place, url=url).get_targetinfo(IMAGE)


def _repository(version: int, rotations: int = 0) -> Repository:
    top = targets([], patterns({"acme": "acme/*"}))
    return published(top, {"acme": targets([IMAGE])}, version=version, rotations=rotations)
