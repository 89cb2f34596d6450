"""A publisher who does everything publishers do, and an archive that forgets nothing.

The publisher is honest: numbers go up, each role is signed by exactly as many
people as must sign it, a snapshot goes on listing roles that nobody delegates to
any more (§5.5.5). Every file ever made stays in the archive, drafts that were never
published included, for whoever wants to serve it.
"""

from functools import lru_cache

import attrs
from attrs import define, field
from core.worlds import DAY, keyset, signer, target

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL
from trustlib.keys import Signature
from trustlib.roles import (
    Delegation,
    Delegations,
    MetaFile,
    PathPatterns,
    Root,
    Snapshot,
    Targets,
    Timestamp,
)
from trustlib.wire import TUF_JSON

LIFE = {ROOT: 25 * DAY, TIMESTAMP: 2 * DAY, SNAPSHOT: 10 * DAY, TARGETS: 30 * DAY}
"""How long a role holds; a delegated role, as long as targets."""

GRANTS = {"a": (TARGETS, "a-*"), "b": (TARGETS, "b-*"), "c": ("a", "a-c-*")}
"""Who delegates which paths to each delegated role."""

PATHS = ("app", "a-1", "b-1", "a-c-1", "b-c-1")


def second_id(name):
    """Another id of somebody's key: an id is a name that a publisher chose."""
    return f"also-{name}"


@lru_cache(maxsize=20_000)
def minted(role, names, junk=()):
    """The file of *role* signed by *names*, with signatures that are none of all in *junk*."""
    text = TUF_JSON.payload(role)
    made = {}
    for name in junk:
        value = signer("nobody").sign(text).value
        made |= dict.fromkeys((signer(name).key.id, second_id(name)), value)
    for name in names:
        value = signer(name).sign(text).value
        made |= dict.fromkeys((signer(name).key.id, second_id(name)), value)
    return TUF_JSON.render(role, tuple(Signature(*one) for one in made.items()))


@define
class Archive:
    """Every file ever made, by the path it is served at and by its role; the latest last."""

    paths: dict = field(factory=dict)
    roles: dict = field(factory=dict)

    def keep(self, name, path, raw):
        self.paths.setdefault(path, {})[raw] = None
        self.roles.setdefault(name, {})[raw] = None


@define
class Publisher:
    """A repository and the people behind it.

    Attributes:
        says: which of ``length`` and ``hashes`` timestamp and snapshot list.
        twice: whether delegations and root list one key of each role under two ids.
        holders: who may sign each role; needed, how many of them must.
        granted: the delegated roles that are delegated to at present.
        quorums: for each root, who holds its keys, and how many of them must sign.
        editions: what was served, by path, at each moment so far.
    """

    says: tuple
    twice: bool
    holders: dict = field(factory=dict)
    needed: dict = field(factory=dict)
    granted: set = field(factory=set)
    targets: dict = field(factory=dict)
    archive: Archive = field(factory=Archive)
    roots: list = field(factory=list)
    quorums: list = field(factory=list)
    editions: list = field(factory=list)
    retired: set = field(factory=set)
    people: int = 0
    root: Root = None
    snapshot: Snapshot = None
    timestamp: Timestamp = None

    def begin(self, now, people, needed):
        """Publish everything at version 1; *people* hold keys of each role, *needed* must sign."""
        for role in (*TOP_LEVEL, *GRANTS):
            self.holders[role] = tuple(self.newcomer(role) for _ in range(people))
            self.needed[role] = needed
        self.root = Root(version=1, expires=now + LIFE[ROOT], keys=FrozenMap(), roles=FrozenMap())
        self.root = attrs.evolve(self.root, **self._people())
        self._serve_root(self.signing(ROOT))
        self.targets[TARGETS] = self._speech(TARGETS, 1, now)
        self.snapshot = Snapshot(version=0, expires=now, meta=FrozenMap())
        self.timestamp = Timestamp(version=0, expires=now, snapshot=MetaFile(version=1))
        self.publish(now)

    # -- edits --------------------------------------------------------------------------

    def publish(self, now, *names):
        """Sign new versions of the targets roles *names*, and what describes them."""
        for name in names:
            self.targets[name] = self._speech(name, self.targets[name].version + 1, now)
        meta = {
            name: self.listed(minted(role, self.signing(name)), role.version)
            for name, role in self.targets.items()
        }
        self.snapshot = attrs.evolve(
            self.snapshot,
            version=self.snapshot.version + 1,
            expires=now + LIFE[SNAPSHOT],
            meta=FrozenMap(meta),
        )
        self.stamp(now, minted(self.snapshot, self.signing(SNAPSHOT)), self.snapshot.version)

    def stamp(self, now, snapshot, version):
        """Sign a timestamp that lists the file *snapshot*, and serve what there is."""
        self.timestamp = Timestamp(
            version=self.timestamp.version + 1,
            expires=now + LIFE[TIMESTAMP],
            snapshot=self.listed(snapshot, version),
        )
        edition = dict(self.editions[-1]) if self.editions else {}
        for name, raw in self.honest().items():
            self.archive.keep(name, path := self.path(name, raw), raw)
            edition[path] = raw
        numbered = version if self.root.consistent_snapshot else None
        edition[TUF_JSON.published(SNAPSHOT, numbered)] = snapshot
        for number, raw in enumerate(self.roots, 1):
            self.archive.keep(ROOT, path := f"{number}.root.json", raw)
            edition[path] = raw
        self.editions.append(edition)

    def delegate(self, now, name):
        """Delegate to *name*, with the keys it has now; a role that is new says something."""
        by = GRANTS[name][0]
        self.granted.add(name)
        if name not in self.targets:
            self.targets[name] = self._speech(name, 1, now)
        self.publish(now, by)

    def revoke(self, now, name):
        self.granted.discard(name)
        self.publish(now, GRANTS[name][0])

    def rotate(self, now, role, names, needed):
        """Let *names* sign *role* from now on, *needed* of them, and sign again what they sign."""
        old = self.signing(ROOT)
        self.retired |= set(self.holders[role]) - set(names)
        self.holders[role], self.needed[role] = names, needed
        if role in GRANTS:
            if role in self.targets:
                self.publish(now, GRANTS[role][0], role)
            return
        self._new_root(now, old, **self._people())
        if role == TIMESTAMP:
            self.stamp(now, *self._current_snapshot())
        else:
            self.publish(now, *((TARGETS,) if role == TARGETS else ()))

    def switch(self, now):
        """Serve files under numbered names from now on, or no longer."""
        switched = not self.root.consistent_snapshot
        self._new_root(now, self.signing(ROOT), consistent_snapshot=switched)
        self.stamp(now, *self._current_snapshot())

    def renew(self, now):
        """Sign again whatever has expired by *now*."""
        if self.root.expires <= now:
            self._new_root(now, self.signing(ROOT))
        stale = tuple(name for name, role in self.targets.items() if role.expires <= now)
        if stale or self.snapshot.expires <= now:
            self.publish(now, *stale)
        elif self.timestamp.expires <= now or self.roots[-1] not in self.editions[-1].values():
            self.stamp(now, *self._current_snapshot())

    def draft(self, now, by):
        """Prepare the next root, for new people, and lose the draft that *by* signed, or they.

        Half of the signatures is missing: those of today's people, or of tomorrow's.
        """
        new = tuple(self.newcomer(ROOT) for _ in range(2))
        root = attrs.evolve(
            self.root,
            version=self.root.version + 1,
            expires=now + LIFE[ROOT],
            **self._people({**self.holders, ROOT: new}, {**self.needed, ROOT: 2}),
        )
        names = {"old": self.signing(ROOT), "new": new, "one": (*self.signing(ROOT), new[0])}[by]
        self.archive.keep(ROOT, f"{root.version}.root.json", minted(root, names))

    def newcomer(self, role):
        self.people += 1
        return f"{role}-{self.people}"

    # -- what there is ------------------------------------------------------------------

    def signing(self, role):
        """As many holders as must sign, and no more."""
        return self.holders[role][-self.needed[role] :]

    def honest(self):
        """The current file of each role but root."""
        targets = {n: minted(role, self.signing(n)) for n, role in self.targets.items()}
        return {
            TIMESTAMP: minted(self.timestamp, self.signing(TIMESTAMP)),
            SNAPSHOT: minted(self.snapshot, self.signing(SNAPSHOT)),
            **targets,
        }

    def path(self, name, raw):
        role = {TIMESTAMP: self.timestamp, SNAPSHOT: self.snapshot, **self.targets}[name]
        numbered = self.root.consistent_snapshot and name != TIMESTAMP
        return TUF_JSON.published(name, role.version if numbered else None)

    def listed(self, raw, version):
        entry = target(raw)
        return MetaFile(version=version, **{name: getattr(entry, name) for name in self.says})

    def answer(self, path):
        """The target that the repository vouches for as *path*, or None."""
        reached = [TARGETS]
        for name in reached:
            if path in self.targets[name].targets:
                return self.targets[name].targets[path]
            reached += [
                grant.name
                for grant in (self.targets[name].delegations or _NONE).roles
                if grant.covers(path)
            ]
        return None

    # -- parts --------------------------------------------------------------------------

    def _current_snapshot(self):
        return minted(self.snapshot, self.signing(SNAPSHOT)), self.snapshot.version

    def _new_root(self, now, old, **changes):
        version, expires = self.root.version + 1, now + LIFE[ROOT]
        self.root = attrs.evolve(self.root, **{"version": version, "expires": expires, **changes})
        self._serve_root(tuple(dict.fromkeys((*old, *self.signing(ROOT)))))

    def _serve_root(self, by):
        self.roots.append(minted(self.root, by))
        self.quorums.append((frozenset(self.holders[ROOT]), self.needed[ROOT]))

    def _keys(self, names):
        ids = {signer(name).key.id: signer(name).key for name in names}
        if self.twice:
            ids[second_id(names[-1])] = signer(names[-1]).key
        return ids

    def _people(self, holders=None, needed=None):
        holders, needed = holders or self.holders, needed or self.needed
        keys = {name: self._keys(holders[name]) for name in TOP_LEVEL}
        entries = {
            name: attrs.evolve(keyset(threshold=needed[name]), keyids=tuple(keys[name]))
            for name in TOP_LEVEL
        }
        known = dict(one for ids in keys.values() for one in ids.items())
        return {"keys": FrozenMap(known), "roles": FrozenMap(entries)}

    def _speech(self, name, version, now):
        """What a targets role says: something new with each version."""
        own = {TARGETS: ("app",), "a": ("a-1",), "b": ("b-1",), "c": ("a-c-1", "b-c-1")}[name]
        below = sorted(n for n, (by, _) in GRANTS.items() if by == name and n in self.granted)
        return Targets(
            version=version,
            expires=now + LIFE[TARGETS],
            targets=FrozenMap({path: target(f"{path} {version}".encode()) for path in own}),
            delegations=self._grants(below) if below else None,
        )

    def _grants(self, names):
        keys = {name: self._keys(self.holders[name]) for name in names}
        grants = tuple(
            Delegation(
                name=name,
                keyids=tuple(keys[name]),
                threshold=self.needed[name],
                grant=PathPatterns((GRANTS[name][1],)),
            )
            for name in names
        )
        known = dict(one for ids in keys.values() for one in ids.items())
        return Delegations(keys=FrozenMap(known), roles=grants)


_NONE = Delegations(keys=FrozenMap(), roles=())
