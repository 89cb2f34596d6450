"""An attack is a value: who does it, what the client is shown, and what must come of it.

Nothing here knows about tests. An attack's ``act`` is a plain function from an
honest repository to a :class:`Scene`, the files that a client is shown; whoever
has a client of whatever kind can mount it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache, cached_property
from typing import Any

import attrs
from attrs import frozen

from trustlib import TUF_JSON, Limits, TransportError
from trustlib._canonical import canonical, compact
from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL, KeyId, RoleName
from trustlib.keys import Key
from trustlib.roles import Delegation
from trustlib.testing.behaviours import Behaviour
from trustlib.testing.worlds import (
    NOW,
    Listing,
    World,
    as_json,
    grant,
    grants,
    keys,
    keyset,
    signer,
    targets_role,
)

# What TUF promises to withstand, in the words of its specification (§1.5.2).
ARBITRARY = "arbitrary software"
ENDLESS = "endless data"
FAST_FORWARD = "fast-forward"
FREEZE = "indefinite freeze"
COMPROMISE = "key compromise"
MIRRORS = "malicious mirrors"
MIX_AND_MATCH = "mix-and-match"
ROLLBACK = "rollback"
WRONG = "wrong software"

TEAM = "team"
ROLES = (ROOT, TIMESTAMP, SNAPSHOT, TARGETS, TEAM)
NAMES_OTHERS: dict[str, tuple[str, ...]] = {ROOT: (), TIMESTAMP: (), SNAPSHOT: (TIMESTAMP,)}
STRANGER = "mallory"

LIMITS = Limits(snapshot=262_144, targets=262_144, root_rotations=8, delegations=8)
"""What the clients allow that are attacked."""


def online(name: str) -> tuple[str, ...]:
    """The keys of the roles that describe the role *name*."""
    return NAMES_OTHERS.get(name, (SNAPSHOT, TIMESTAMP))


# -- what is asked, and what a server may answer ----------------------------------------


@frozen
class Question:
    """A method of an updater, and its arguments."""

    method: str
    arguments: tuple[str, ...]


def find(path: str) -> Question:
    """Ask for the target *path*."""
    return Question("find", (path,))


def resolve(reference: str) -> Question:
    """Ask what the tag *reference* stands for."""
    return Question("resolve", (reference,))


def verify(reference: str, digest: str) -> Question:
    """Ask whether the tag *reference* stands for *digest*."""
    return Question("verify", (reference, digest))


TEAM_APP = find("team/app")
"""What every honest repository answers."""


@frozen
class Endless:
    """A file that begins with *start* and never ends; *patience* pieces are enough to see that."""

    start: bytes = b""
    patience: int = 1_000

    def pieces(self) -> Iterator[bytes]:
        """Return it piece by piece, as it arrives."""
        yield self.start
        for _ in range(self.patience):
            yield b" " * 1_024
        raise AssertionError("the client reads on and on")


@frozen
class Broken:
    """A file of which *start* arrives, and then the connection breaks."""

    start: bytes = b""

    def pieces(self) -> Iterator[bytes]:
        """Return it piece by piece, as it arrives."""
        yield self.start
        raise TransportError("the server", "the connection broke")


@frozen
class Failing:
    """Not a file and not an absence: the server answers that it cannot answer."""

    def pieces(self) -> Iterator[bytes]:
        """Return it piece by piece, as it arrives."""
        raise TransportError("the server", "503 Service Unavailable")


File = bytes | Endless | Broken | Failing
"""What a client is shown in the place of a file."""


@frozen(kw_only=True, eq=False)
class Scene:
    """What happens to a client, from its first look at the repository to the last.

    Attributes:
        before: what the repository publishes while a client that has a memory
            looks at it.
        shown: what it would publish if everything that the client is shown were true.
        instead: files that the client is shown in the place of those of
            *shown*, by path; None is withheld.
        answers: how a server answers that does not just send a file, by path:
            ``metadata/timestamp.json``, or ``targets/*``. They need HTTP.
        afterwards: what the honest repository publishes once the attack is over.
        honest: other states of it that were public, which anybody may replay.
        root: version of the root that the client trusts when the attack is noticed.
        visited: delegated roles that are accepted before it is.
        seen: what a client with a memory asked before.
        asked: what the client asks while it is attacked.
        then: and what afterwards, of the honest repository.
        now: the client's clock while it is attacked.
        later: and afterwards.
    """

    before: World
    shown: World
    instead: Mapping[str, File | None] = FrozenMap()
    answers: Mapping[str, Behaviour] = FrozenMap()
    afterwards: World
    honest: tuple[World, ...] = ()
    root: int
    visited: tuple[str, ...] = ()
    seen: Question = TEAM_APP
    asked: Question = TEAM_APP
    then: Question = TEAM_APP
    now: datetime
    later: datetime

    @cached_property
    def files(self) -> dict[str, File]:
        """Everything that the client is shown, by path."""
        files: dict[str, File | None] = {**self.shown.files(), **self.instead}
        return {path: file for path, file in files.items() if file is not None}

    @cached_property
    def files_before(self) -> dict[str, bytes]:
        """What the honest repository serves before the attack."""
        return self.before.files()

    @cached_property
    def files_afterwards(self) -> dict[str, bytes]:
        """What the honest repository serves after it."""
        return self.afterwards.files()


def scene(before: World, shown: World | None = None, **more: Any) -> Scene:
    """The honest repository at *before*, and what a client is shown of it; by default the next."""
    shown = before.next() if shown is None else shown
    defaults = {"afterwards": before.rotated().next(4), "root": shown.root.version}
    clock = {"now": before.now, "later": before.now}
    return Scene(before=before, shown=shown, **{**defaults, **clock, **more})


Act = Callable[[World], Scene]
"""Makes a scene out of an honest repository."""


@frozen(kw_only=True, eq=False)
class Attack:
    """One attack on a client, as data.

    Attributes:
        ids: the flaws of others, or the kinds of attacks, that it stands for.
        goal: what TUF calls it.
        holds: whose keys the attacker has; besides, he owns the network.
        act: makes the scene out of an honest repository.
        refused: the role whose file is refused; None: no file is, but the
            attack comes to nothing all the same.
        expect: the error, of exactly this type; None: the honest answer.
        facts: attributes of that error, or of that answer.
        where_described: the same two, where snapshot and timestamp list hashes
            and lengths and something else is noticed first.
        on_first_run: ``refused``, ``expect`` and ``facts`` where the client has
            no memory, and something else is noticed.
        needs_memory: why the client must have seen the repository before, or
            there is nothing to notice; empty where that makes no difference.
        needs_hashes: why there is nothing to notice where snapshot and
            timestamp do not list hashes and lengths.
        beyond: why the specification does not ask that it be refused; empty
            where it does.
    """

    name: str
    ids: tuple[str, ...]
    goal: str
    holds: tuple[str, ...]
    act: Act
    refused: str | None
    expect: type[Exception] | None
    facts: Mapping[str, object] = FrozenMap()
    where_described: tuple[type[Exception], Mapping[str, object]] | None = None
    on_first_run: tuple[str, type[Exception], Mapping[str, object]] | None = None
    needs_memory: str = ""
    needs_hashes: str = ""
    beyond: str = ""


# -- an honest repository ---------------------------------------------------------------


def repository(listing: Listing, now: datetime = NOW) -> World:
    """Return every role at version 5 and root at 1; targets lets team speak for ``team/*``."""
    return _repository(listing, now)


@cache
def _repository(listing: Listing, now: datetime) -> World:
    world = World.create(listing=listing, now=now)
    team = targets_role("team/app", expires=world.later)
    return world.delegating(grant(TEAM, "team/*"), team=team).next(4)


def needing(world: World, name: str, *people: str, threshold: int) -> World:
    """The repository where *threshold* of *people* must sign the role *name*, and all do."""
    if name in TOP_LEVEL:
        return world.with_keys(name, *people, threshold=threshold).sealed()
    given = grant(name, "team/*", by=people, threshold=threshold)
    delegations = attrs.evolve(grants(given), keys=keys(*people))
    return world.edited(TARGETS, delegations=delegations).signed_by(name, *people).sealed()


def following(world: World, name: str, **changes: Any) -> World:
    """The next state of *world*, root included if that is the role it is about."""
    after = world.rotated() if name == ROOT else world.next()
    return after.edited(name, **changes).sealed() if changes else after


def path_of(world: World, name: str) -> str:
    """Where a client that believes *world* asks for the role *name*."""
    if name == TIMESTAMP:
        return "timestamp.json"
    consistent = world.root.consistent_snapshot or name == ROOT
    return TUF_JSON.published(RoleName(name), world.role(name).version if consistent else None)


def described_as(world: World, name: str, raw: bytes) -> World:
    """*world*, where whoever lists the role *name* describes the file *raw*."""
    version = world.role(name).version
    match name:
        case "root" | "timestamp":
            return world
        case "snapshot":
            return world.edited(TIMESTAMP, snapshot=world.listing(raw, version))
        case _:
            meta = world.snapshot.meta.including({RoleName(name): world.listing(raw, version)})
            return world.edited(SNAPSHOT, meta=meta).stamped()


def showing(before: World, shown: World, name: str, raw: bytes, **more: Any) -> Scene:
    """The scene in which *raw* is the file of the role *name*, and is described as it is."""
    claimed = described_as(shown, name, raw)
    instead = {path_of(shown, name): raw}
    honest = before.root.version if name == ROOT else shown.root.version
    return scene(before, claimed, **{"instead": instead, "root": honest, **more})


def replacing(before: World, name: str, raw: File | None, **more: Any) -> Scene:
    """The scene in which the next file of the role *name* is replaced on its way."""
    shown = following(before, name)
    honest = before.root.version if name == ROOT else shown.root.version
    instead = {path_of(shown, name): raw}
    return scene(before, shown, **{"instead": instead, "root": honest, **more})


# -- files that no renderer would write -------------------------------------------------


def envelope(value: Mapping[str, Any], *signatures: Mapping[str, Any], **more: Any) -> bytes:
    """A file that holds *value* and any *signatures*, be they right or not."""
    return compact({"signatures": list(signatures), "signed": value, **more}).encode()


def by(
    name: str, value: Mapping[str, Any], keyid: str | None = None, **more: Any
) -> dict[str, Any]:
    """The signature of *name* over *value*, under its own key id unless told otherwise."""
    made = signer(name).sign(canonical(value))
    return {"keyid": keyid or made.keyid, "sig": made.value.hex(), **more}


def value_of(world: World, name: str) -> dict[str, Any]:
    """What is under the signatures of the role *name*, to be changed at will."""
    return as_json(world.role(name))


def whoever_signs(world: World, name: str, value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The signatures over *value* of everybody who signs the role *name*."""
    return [
        {"keyid": made.keyid, "sig": made.value.hex()}
        for made in (one.sign(canonical(value)) for one in world.by[name])
    ]


def among(names: Iterable[str], make: Callable[[str], Attack]) -> tuple[Attack, ...]:
    """One attack for each of *names*."""
    return tuple(map(make, names))


def renamed_keys(world: World, name: str, listed: Mapping[KeyId, Key], threshold: int) -> World:
    """The next root of *world*, which lists the keys *listed* for the role *name*."""
    entry = attrs.evolve(keyset(), keyids=tuple(listed), threshold=threshold)
    return world.rotated(
        keys=world.root.keys.including(listed),
        roles=world.root.roles.including({RoleName(name): entry}),
    )


def first_grant(world: World) -> Delegation:
    """Return the first delegation from targets."""
    given = world.targets.delegations
    if given is None or not isinstance(given.roles, tuple):
        raise ValueError("targets delegates to no role by its name")
    return given.roles[0]
