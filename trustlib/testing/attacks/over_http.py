"""Attacks that need HTTP: how a file is answered, and other artifacts than were vouched for.

They are beside the :data:`~trustlib.testing.attacks.CATALOGUE`, whose attacks can be
mounted on any transport.
"""

from collections.abc import Iterator
from functools import partial

from trustlib import MismatchError, TooLongError, TransportError
from trustlib._types import TIMESTAMP
from trustlib.testing.attacks.scenes import (
    ARBITRARY,
    ENDLESS,
    MIRRORS,
    Attack,
    Scene,
    scene,
)
from trustlib.testing.behaviours import BEHAVIOURS, SLOW, Behaviour, endless, honest, stalled
from trustlib.testing.worlds import World

SLOW_RETRIEVAL = "slow retrieval"

IDS = {
    "never ends": ("T-60",),
    "comes behind five megabytes of headers": ("P78",),
    "is a compressed bomb": ("P70",),
    "is behind redirects in a circle": ("P73",),
    "is the first half, as 206": ("P75",),
    "is nothing, as 204": ("P75",),
    **dict.fromkeys(SLOW, ("T-93",)),
}


def answered(path: str, behaviour: Behaviour, world: World) -> Scene:
    """Everything is as it should be, but for how *path* is answered."""
    return scene(world, answers={path: behaviour})


def other_bytes(file: bytes) -> Iterator[bytes]:
    """Send another file of the same length."""
    return honest(bytes(byte ^ 1 for byte in file))


def another_file(_: bytes) -> Iterator[bytes]:
    """Send a shorter file."""
    return honest(b"evil")


def more(file: bytes) -> Iterator[bytes]:
    """Send the file, and something behind it."""
    return honest(file + b"\n: evil")


def nothing(_: bytes) -> Iterator[bytes]:
    """Send an empty file."""
    return honest(b"")


ARTIFACTS: dict[str, tuple[Behaviour, type[Exception], dict[str, object]]] = {
    "is another of the same length": (other_bytes, MismatchError, {"what": "sha256 of team/app"}),
    "is a shorter one": (another_file, MismatchError, {"what": "length of team/app"}),
    "is followed by something": (more, TooLongError, {}),
    "is empty": (nothing, MismatchError, {"what": "length of team/app"}),
}


BEYOND = {
    "comes behind five megabytes of headers": "it limits the bytes of files, not of headers",
    **dict.fromkeys(SLOW, "it names no slow retrieval"),
}


def _goal(how: str) -> str:
    return SLOW_RETRIEVAL if how in SLOW else MIRRORS


def _timestamp(how: str, behaviour: Behaviour) -> Attack:
    long = behaviour is endless
    return Attack(
        name=f"timestamp {how}",
        ids=IDS.get(how, ("T-08",)),
        goal=ENDLESS if long else _goal(how),
        holds=(),
        act=partial(answered, "metadata/timestamp.json", behaviour),
        refused=TIMESTAMP,
        expect=TooLongError if long else TransportError,
        beyond=BEYOND.get(how, ""),
    )


def _artifact(
    how: str, behaviour: Behaviour, expect: type[Exception], facts: dict[str, object]
) -> Attack:
    return Attack(
        name=f"the artifact {how}",
        ids=IDS.get(how, ("T-90",) if how in ARTIFACTS else ("T-08",)),
        goal=ARBITRARY if how in ARTIFACTS else ENDLESS if behaviour is endless else _goal(how),
        holds=(),
        act=partial(answered, "targets/*", behaviour),
        refused="",
        expect=expect,
        facts=facts,
        beyond=BEYOND.get(how, ""),
    )


OVER_HTTP: tuple[Attack, ...] = (
    *(_timestamp(how, behaviour) for how, behaviour in BEHAVIOURS.items()),
    *(_artifact(how, *rest) for how, rest in ARTIFACTS.items()),
    *(
        _artifact(how, behaviour, TooLongError if behaviour is endless else TransportError, {})
        for how, behaviour in BEHAVIOURS.items()
    ),
)
"""Attacks of whoever owns the network, which need HTTP and are noticed at once."""

PATIENT: tuple[Attack, ...] = (
    *(_timestamp(how, behaviour) for how, behaviour in SLOW.items()),
    _artifact("stops half way", stalled, TransportError, {}),
)
"""Attacks that are noticed by those who look at a clock, after a while."""
