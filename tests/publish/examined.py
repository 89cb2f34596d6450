"""A repository about which there is nothing to remark, and what is found once something is."""

import re

import attrs
from core.worlds import DAY, NOW, World, grant, keys, keyset, targets_role

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    Anchor,
    MemoryStorage,
    PerOrganisation,
    Repository,
    TrustError,
)
from trustlib._paths import plain
from trustlib.publish import fsck

_NUMBERED = re.compile(r"[0-9]+\.root\.json").fullmatch

EXPIRES = {ROOT: 365 * DAY, TARGETS: 180 * DAY, SNAPSHOT: 30 * DAY, TIMESTAMP: 7 * DAY}


def sound(**more):
    """Two of three for root, a team under targets, and lives as they should be."""
    world = World.create(**more)
    root = attrs.evolve(
        world.root,
        keys=world.root.keys.including(keys("root2", "root3")),
        roles=world.root.roles.including({ROOT: keyset("root", "root2", "root3", threshold=2)}),
    )
    world = world.but(root=root).signed_by(ROOT, "root", "root2")
    for name, life in EXPIRES.items():
        world = world.edited(name, expires=NOW + life)
    team = targets_role("team/app", expires=NOW + EXPIRES[TARGETS])
    return world.delegating(grant("team", "team/*"), team=team)


def anchor_of(files):
    roots = {int(path.split(".")[0]): raw for path, raw in files.items() if _NUMBERED(path)}
    return Anchor.root(roots[min(roots)])


def _files(given):
    """By what a web server would call them, not by what clients ask for."""
    return given if isinstance(given, dict) else {plain(p): raw for p, raw in given.files().items()}


def findings(world, *, anchor=None, now=NOW, with_files=None, without=(), **more):
    """What is found about a world, or about files, with some added and some taken away."""
    files = {**_files(world), **(with_files or {})}
    anchor = anchor or anchor_of(files)
    files = {path: raw for path, raw in files.items() if path not in without}
    examination = fsck(MemoryStorage(files), anchor=anchor, now=now, **more)
    for finding in examination.findings:
        assert str(finding).isprintable()
    assert examination.sound == accepted(files, anchor, now)
    return examination.findings


def accepted(files, anchor, now=NOW):
    """Whether a client accepts every role there is."""
    try:
        Repository.open(MemoryStorage(files), anchor=anchor, now=now, names=PerOrganisation())
    except TrustError:
        return False
    return True


def kinds(found):
    return [type(finding) for finding in found]


def only(kind, found):
    """The one finding there is, which is of *kind*."""
    assert [kind] == kinds(found)
    return found[0]
