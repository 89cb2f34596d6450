"""Attacks with files that are not what they claim to be, signed by whoever may sign them.

What is wrong is wrong under good signatures, and whoever lists the file
describes it as it is: nothing but the reader stands in the way.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import cycle
from typing import Any

from trustlib import MalformedError
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from trustlib.testing.attacks.scenes import (
    ARBITRARY,
    ENDLESS,
    FREEZE,
    ROLES,
    TEAM,
    Attack,
    Scene,
    envelope,
    following,
    online,
    showing,
    value_of,
    whoever_signs,
)
from trustlib.testing.worlds import World, signer

Edit = Callable[[dict[str, Any]], None]

# -- under the signatures ---------------------------------------------------------------


def edited(name: str, edit: Edit, world: World) -> Scene:
    """One thing is wrong under the signatures."""
    shown = following(world, name)
    value = value_of(shown, name)
    edit(value)
    return showing(world, shown, name, envelope(value, *whoever_signs(shown, name, value)))


def put(*path: str | int, as_: object) -> Edit:
    """Put a value where *path* leads."""

    def edit(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = as_

    return edit


def without(*path: str | int) -> Edit:
    """Remove what *path* leads to."""

    def edit(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        del value[path[-1]]

    return edit


def twice(*path: str | int) -> Edit:
    """Repeat the first element of the list that *path* leads to."""

    def edit(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = [*value[path[-1]], value[path[-1]][0]]

    return edit


# -- around them ------------------------------------------------------------------------


def spelled(name: str, spell: Callable[[bytes], bytes], world: World) -> Scene:
    """The right file, spelled in a way that no file is."""
    shown = following(world, name)
    return showing(world, shown, name, spell(shown.raw(name)))


def nested(name: str, depth: int, world: World) -> Scene:
    """A member that nobody knows, *depth* levels deep: written by hand, signed as it is."""
    shown = following(world, name)
    deep: Any = 0
    for _ in range(depth):
        deep = [deep]
    value = {**value_of(shown, name), "x-deep": deep}
    return showing(world, shown, name, envelope(value, *whoever_signs(shown, name, value)))


def a_member_twice(raw: bytes) -> bytes:
    """Return *raw* with one member there twice."""
    return raw.replace(b'"signed":{', b'"signed":{"version":99,', 1)


def around(more: bytes) -> Callable[[bytes], bytes]:
    """Return what adds *more* beside what is signed."""
    return lambda raw: raw[:-1] + b',"x-around":' + more + b"}"


SPELLINGS: Mapping[str, tuple[Callable[[bytes], bytes], tuple[str, ...]]] = {
    "is empty": (lambda _: b"", ("T-23",)),
    "is cut short": (lambda raw: raw[:-1], ("T-23",)),
    "is a web page": (lambda _: b"<html>404</html>", ("T-23",)),
    "is a list": (lambda raw: b"[" + raw + b"]", ("CVE-2026-23991", "T-23")),
    "is null": (lambda _: b"null", ("CVE-2026-23991", "T-23")),
    "has no signatures": (lambda _: b'{"signed":{}}', ("T-23",)),
    "has signatures that are none": (
        lambda raw: b'{"signatures":null,' + raw[raw.index(b'"signed"') :],
        ("CVE-2026-23991", "T-23"),
    ),
    "has something behind it": (lambda raw: raw + b"{}", ("P22",)),
    "begins with a byte order mark": (lambda raw: b"\xef\xbb\xbf" + raw, ("P23",)),
    "is UTF-16": (lambda raw: raw.decode().encode("utf-16"), ("P23",)),
    "says its version twice": (a_member_twice, ("P21",)),
    "holds half a surrogate pair": (around(b'"\\ud800"'), ("P26",)),
    "holds a fraction": (around(b"1.0"), ("P25",)),
    "holds an exponent": (around(b"1e3"), ("P25",)),
    "holds what is no number": (around(b"NaN"), ("P25",)),
    "is nested 5,000 deep": (around(b"[" * 5_000 + b"]" * 5_000), ("P27",)),
    "holds a number of 5,000 digits": (around(b"9" * 5_000), ("T-10",)),
}

# -- what every role says of itself -----------------------------------------------------

HEAD: Mapping[str, tuple[Edit, tuple[str, ...]]] = {
    "has the type of nothing": (put("_type", as_="mirrors"), ("T-98",)),
    "has its type in capitals": (put("_type", as_="Targets"), ("T-98",)),
    "is written to version 2 of the specification": (put("spec_version", as_="2.0.0"), ("P15",)),
    "is written to no version of the specification": (put("spec_version", as_="1.٠"), ("P17",)),
    "has version 0": (put("version", as_=0), ("P05",)),
    "has a negative version": (put("version", as_=-1), ("P05",)),
    "has version true": (put("version", as_=True), ("P03",)),
    "has its version in quotes": (put("version", as_="6"), ("P05",)),
    "never expires": (put("expires", as_="never"), ("P18",)),
    "says nothing of its expiry": (without("expires"), ("P18",)),
    "expires in a year that does not count": (
        put("expires", as_="+12030-01-01T00:00:00Z"), ("P18",)
    ),
    "expires on 30 February": (put("expires", as_="2030-02-30T00:00:00Z"), ("P18",)),
    "expires somewhere else": (put("expires", as_="2039-01-01T00:00:00+14:00"), ("P18",)),
    "expires in digits that are none": (put("expires", as_="２０３９-01-01T00:00:00Z"), ("P18",)),
}  # fmt: skip

# -- what single roles say --------------------------------------------------------------

_META = ("meta", "snapshot.json")
_TEAM = ("meta", "team.json")
_APP = ("targets", "app")
_GRANT = ("delegations", "roles", 0)
_THRESHOLD = ("CVE-2026-23992", "T-24")

SINGLE: Mapping[str, Mapping[str, tuple[Edit, tuple[str, ...]]]] = {
    ROOT: {
        f"has a threshold of {threshold!r} for {role}": (
            put("roles", role, "threshold", as_=threshold),
            _THRESHOLD,
        )
        for role, threshold in (
            (ROOT, 0), (TIMESTAMP, 0), (SNAPSHOT, -1), (TARGETS, True), (ROOT, "1"), (ROOT, 2**63),
            (TARGETS, None),
        )
    }
    | {
        "knows no timestamp": (without("roles", TIMESTAMP), ("T-23",)),
        "names a key twice": (twice("roles", TARGETS, "keyids"), ("T-02", "T-21")),
        "says that names have versions in words": (
            put("consistent_snapshot", as_="no"), ("P11",)
        ),
        "has keys that are a list": (put("keys", as_=[]), ("T-23",)),
    },
    TIMESTAMP: {
        "names no snapshot": (put("meta", as_={}), ("T-23",)),
        "names a snapshot of length 0": (put(*_META, "length", as_=0), ("P51",)),
        "names a snapshot of no hash": (put(*_META, "hashes", as_={}), ("T-26",)),
        "names a snapshot of a hash that leads away": (
            put(*_META, "hashes", as_={"sha256": "../../evil?"}), ("P66",)
        ),
        "names a snapshot of no version": (put(*_META, as_={}), ("T-23",)),
    },
    SNAPSHOT: {
        "lists a file that is none": (put("meta", "team", as_={"version": 1}), ("T-23",)),
        "lists version true": (put(*_TEAM, "version", as_=True), ("P03",)),
        "lists version 0": (put(*_TEAM, "version", as_=0), ("P05",)),
    },
    TARGETS: {
        "lists a target without hashes": (put(*_APP, "hashes", as_={}), ("T-26",)),
        "lists a target with no hashes at all": (without(*_APP, "hashes"), ("T-26",)),
        "lists a target with a short hash": (
            put(*_APP, "hashes", as_={"sha256": "ab"}), ("P30", "P66")
        ),
        "lists a target with a hash in capitals": (
            put(*_APP, "hashes", as_={"sha256": "AB" * 32}), ("P30", "P66")
        ),
        "lists a target with a hash that leads away": (
            put(*_APP, "hashes", as_={"sha256": "../../evil?"}), ("P66",)
        ),
        "lists a target of length true": (put(*_APP, "length", as_=True), ("P64",)),
        "lists a target of length 10**30": (put(*_APP, "length", as_=10**30), ("P64",)),
        "lists a target of length -1": (put(*_APP, "length", as_=-1), ("P64",)),
        "delegates with a threshold of 0": (put(*_GRANT, "threshold", as_=0), _THRESHOLD),
        "delegates with a threshold of true": (put(*_GRANT, "threshold", as_=True), _THRESHOLD),
        "delegates with a threshold of -1": (put(*_GRANT, "threshold", as_=-1), _THRESHOLD),
        "delegates twice to one name": (twice("delegations", "roles"), ("T-99",)),
        "delegates to root": (put(*_GRANT, "name", as_=ROOT), ("T-99",)),
        "delegates to itself": (put(*_GRANT, "name", as_=TARGETS), ("T-99",)),
        "delegates to timestamp": (put(*_GRANT, "name", as_=TIMESTAMP), ("T-04", "T-99")),
        "delegates to nobody": (put(*_GRANT, "name", as_=""), ("T-04",)),
        "delegates for paths and for hashes": (
            put(*_GRANT, "path_hash_prefixes", as_=[""]), ("T-23",)
        ),
        "delegates with an end in words": (put(*_GRANT, "terminating", as_="no"), ("P11",)),
        "names a key of a delegation twice": (twice(*_GRANT, "keyids"), ("T-02", "T-21")),
    },
    TEAM: {
        "lists a target without hashes": (put("targets", "team/app", "hashes", as_={}), ("T-26",)),
    },
}  # fmt: skip


def bins(bits: int, threshold: int) -> Edit:
    """Delegate to so many bins."""
    delegations = {
        "keys": {},
        "succinct_roles": {
            "keyids": [signer("bins").key.id],
            "threshold": threshold,
            "bit_length": bits,
            "name_prefix": "bin",
        },
    }
    return put("delegations", as_=delegations)


# -- the attacks ------------------------------------------------------------------------


def _attack(role: str, what: str, ids: tuple[str, ...], act: Any, goal: str = ARBITRARY) -> Attack:
    return Attack(
        name=f"{role} {what}",
        ids=ids,
        goal=goal,
        holds=(role, *online(role)),
        act=act,
        refused=role,
        expect=MalformedError,
        facts={"document": f"{role}.json"},
    )


# One reader reads them all, so each fault is tried on one role, and these on all of them.
_ON_ALL = ("has something behind it", "says its version twice")
_SPELLED_BY = dict(zip(SPELLINGS, cycle(ROLES), strict=False))
_SAID_BY = dict(zip(HEAD, cycle(ROLES), strict=False))

MALFORMED = (
    *(
        _attack(role, what, ids, partial(spelled, role, spell))
        for what, (spell, ids) in SPELLINGS.items()
        for role in ROLES
        if what in _ON_ALL or _SPELLED_BY[what] == role
    ),
    *(
        _attack(role, what, ids, partial(edited, role, edit), FREEZE if "P18" in ids else ARBITRARY)
        for what, (edit, ids) in HEAD.items()
        for role in ROLES
        if _SAID_BY[what] == role
    ),
    *(
        _attack(role, what, ids, partial(edited, role, edit))
        for role, edits in SINGLE.items()
        for what, (edit, ids) in edits.items()
    ),
    *(
        _attack(role, "is nested one level too deep", ("P27",), partial(nested, role, 63), ENDLESS)
        for role in (TIMESTAMP, TEAM)
    ),
    _attack(
        TARGETS, "delegates to 2**33 bins", ("T-05", "T-99"), partial(edited, TARGETS, bins(33, 1))
    ),
    _attack(
        TARGETS, "delegates to bins with a threshold of 0", _THRESHOLD,
        partial(edited, TARGETS, bins(4, 0)),
    ),
)  # fmt: skip
