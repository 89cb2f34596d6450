"""Attacks on what a tag means: another digest, another spelling, another role's word."""

from collections.abc import Mapping
from functools import partial

import attrs

from trustlib import (
    Digest,
    MalformedError,
    MismatchError,
    NotFoundError,
    TrustError,
    WrongCollectionError,
)
from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TargetPath
from trustlib.roles import Target
from trustlib.testing.attacks.confusion import named
from trustlib.testing.attacks.scenes import (
    COMPROMISE,
    ROLLBACK,
    TEAM,
    WRONG,
    Act,
    Attack,
    Question,
    Scene,
    resolve,
    scene,
    verify,
)
from trustlib.testing.worlds import World, grant, grants, target, targets_role

APP, DB = "acme/app:1.4", "acme/db:16"
OURS = Digest.of(APP.encode())
THEIRS = Digest.of(DB.encode())
EVIL = Digest.of(b"evil")
EVIL_512 = Digest.of(b"evil", algorithm="sha512")
ONLINE = (SNAPSHOT, TIMESTAMP)


def tagged(world: World, **more: Target) -> World:
    """The repository with two tags, and *more*; each stands for the hash of its own name."""
    tags = {
        TargetPath(name): listed
        for name, listed in {
            APP: target(APP.encode()),
            DB: target(DB.encode()),
            **more,
        }.items()
    }
    return world.edited(TARGETS, targets=world.targets.targets.including(tags)).sealed()


def asking(question: Question, world: World) -> Scene:
    """Metadata is honest; the registry has something else, and asks whether that will do."""
    before = tagged(world)
    return scene(before, seen=resolve(APP), asked=question)


def yesterdays_digest(world: World) -> Scene:
    """The tag moved on; the registry still has, and shows, what it stood for before."""
    before = tagged(world)
    shown = tagged(world.next(), **{APP: target(b"the new app")})
    asked = verify(APP, str(OURS))
    afterwards = shown.next(3)
    return scene(before, shown, honest=(shown,), seen=asked, asked=asked, afterwards=afterwards)


def spelled_otherwise(tag: str, asked: str, world: World) -> Scene:
    """Somebody lists a tag that looks like the one that is asked for."""
    shown = tagged(world.next(), **{tag: target(b"evil")})
    return scene(tagged(world), shown, seen=resolve(APP), asked=resolve(asked))


def listed_as(listed: Target, world: World) -> Scene:
    """What is listed for the tag cannot be what the tag means."""
    shown = tagged(world.next(), **{APP: listed})
    return scene(tagged(world), shown, seen=resolve(DB), asked=resolve(APP))


def by_another_role(patterns: tuple[str, ...], tag: str, world: World) -> Scene:
    """A delegated role lists a tag, with a digest of its own."""
    before = tagged(world)
    before = before.edited(TARGETS, delegations=grants(grant(TEAM, "team/*", *patterns))).sealed()
    listed = targets_role("team/app").targets.including({TargetPath(tag): target(b"evil")})
    shown = before.next().edited(TEAM, targets=listed).sealed()
    return scene(before, shown, seen=resolve(APP), asked=resolve(tag))


def of_another_registry(world: World) -> Scene:
    """The collection says that it is another registry's, and lists our tags."""
    return scene(named(tagged(world), "evil.example/acme"), asked=resolve(APP))


def _tag(
    name: str,
    ids: tuple[str, ...],
    act: Act,
    expect: type[TrustError],
    facts: Mapping[str, object],
    *holds: str,
) -> Attack:
    return Attack(
        name=name,
        ids=ids,
        goal=COMPROMISE if holds else WRONG,
        holds=holds,
        act=act,
        refused="",
        expect=expect,
        facts=facts,
    )


def _digest(name: str, ids: tuple[str, ...], question: Question, got: Digest) -> Attack:
    facts = {"role": TARGETS, "expected": OURS, "got": got}
    return _tag(name, ids, partial(asking, question), MismatchError, facts)


def _spelled(tag: str, asked: str) -> Attack:
    return _tag(
        f"{tag!a} is listed, and {asked} is asked for",
        ("T-103",),
        partial(spelled_otherwise, tag, asked),
        NotFoundError,
        {"name": asked},
        TARGETS,
        *ONLINE,
    )


TAGS = (
    _digest(
        "a reference has the tag, and another digest", ("T-49",), resolve(f"{APP}@{EVIL}"), EVIL
    ),
    _digest(
        "a reference has the tag, and the digest of another image",
        ("T-49",),
        resolve(f"{APP}@{THEIRS}"),
        THEIRS,
    ),
    _digest("the registry has another digest", ("T-49", "T-57"), verify(APP, str(EVIL)), EVIL),
    _digest("the registry has another image", ("T-57", "T-90"), verify(APP, str(THEIRS)), THEIRS),
    _digest(
        "the registry has another digest, by another hash",
        ("T-104",),
        verify(APP, str(EVIL_512)),
        EVIL_512,
    ),
    attrs.evolve(
        _tag(
            "the registry has the digest of yesterday",
            ("CVE-2024-23332", "T-62"),
            yesterdays_digest,
            MismatchError,
            {"role": TARGETS, "got": OURS},
        ),
        goal=ROLLBACK,
    ),
    _spelled("acme/app:Latest", "acme/app:latest"),
    _spelled("Acme/app:latest", "acme/app:latest"),
    _spelled("acme/app:lаtest", "acme/app:latest"),  # one letter is Cyrillic
    _spelled("acme/app:latest ", "acme/app:latest"),
    _spelled("acme/app", "acme/app:latest"),
    _spelled("docker.io/acme/app:latest", "acme/app:latest"),
    _tag(
        "a tag has a digest that nobody can check",
        ("T-26", "T-104", "P30"),
        partial(listed_as, Target(length=4, hashes=FrozenMap({"md5": "ab" * 16}))),
        MismatchError,
        {"role": TARGETS, "what": "a digest by"},
        TARGETS,
        *ONLINE,
    ),
    _tag(
        "a tag has a media type that is none",
        ("T-104",),
        partial(listed_as, Target.of(b"evil", custom=FrozenMap({"mediaType": 1}))),
        MalformedError,
        {"document": "targets.json"},
        TARGETS,
        *ONLINE,
    ),
    _tag(
        "a delegated role lists a tag that nobody let it speak for",
        ("T-48",),
        partial(by_another_role, (), "acme/new:1"),
        NotFoundError,
        {"name": "acme/new:1"},
        TEAM,
        *ONLINE,
    ),
    Attack(
        name="a delegated role lists a tag that targets lists as well",
        ids=("T-103",),
        goal=COMPROMISE,
        holds=(TEAM, *ONLINE),
        act=partial(by_another_role, ("acme/*",), APP),
        refused=None,
        expect=None,
        facts={"via": (TARGETS,), "digest": OURS, "size": len(APP)},
    ),
    _tag(
        "the collection is another registry's",
        ("T-49", "T-98"),
        of_another_registry,
        WrongCollectionError,
        {"role": ROOT, "got": "evil.example/acme"},
    ),
)
