"""Those who serve what they like, and sign with what they stole.

A thief never holds enough root keys that count: such a client is lost, and TUF does
not promise otherwise. Everything else may be stolen, in any combination.
"""

from collections.abc import Mapping

import attrs
from attrs import define, field
from core.worlds import DAY, keys, keyset, target
from hypothesis import strategies as st
from machines.publisher import minted

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, TOP_LEVEL
from trustlib.roles import Timestamp
from trustlib.wire import TUF_JSON

MALLORY = "mallory"
RUBBISH = (b"", b"{}", b'{"signatures":[],"signed":{}}', b"[" * 3000, b"\xff")
FAR = 400 * DAY


@define
class Thief:
    """What was stolen, and what was forged with it.

    Attributes:
        held: names of the keys.
        editions: what the thief may serve, by path, beside the publisher's.
    """

    held: set = field(factory=set)
    editions: list = field(factory=list)

    def may_hold(self, name, publisher, client_root):
        """Whether this key leaves the thief below every root threshold that counts yet."""
        held = self.held | {name}
        return all(len(held & people) < n for people, n in publisher.quorums[client_root - 1 :])

    def sign(self, role, publisher, name):
        """The file of *role* signed with all there is, and junk in the name of everybody else."""
        others = tuple(sorted(set(publisher.holders.get(name, ())) - self.held))
        return minted(role, (MALLORY, *sorted(self.held)), others)

    def forge(self, name, publisher, client_root, now, *, number, meta, snapshot, alone):
        """Make new files from *name* up to timestamp, and an edition of the repository with them.

        *number* is added to the role's number (a root's: to that of the root
        that the client trusts), *meta* to the number under
        which a forged snapshot lists each role (None: it lists none), and
        *snapshot* is a file for a forged timestamp to list. *alone*: nothing
        is forged that would describe the first file.
        """
        edition, told = dict(publisher.editions[-1]), publisher.snapshot

        def put(role, name):
            raw = self.sign(role, publisher, name)
            for version in (role.version, None):
                path = TUF_JSON.published(name, version)
                publisher.archive.keep(name, path, raw)
                edition[path] = raw
            return raw

        if name == ROOT:
            put(self._own_root(publisher, client_root + number, now), ROOT)
        elif name in publisher.targets:
            old = publisher.targets[name]
            evil = {path: target(b"evil " + path.encode()) for path in old.targets}
            role = attrs.evolve(
                old,
                version=max(1, old.version + number),
                expires=now + FAR,
                targets=FrozenMap(evil),
            )
            listed = publisher.listed(put(role, name), role.version)
            told = attrs.evolve(told, meta=told.meta.including({name: listed}))
        if name not in (TIMESTAMP, SNAPSHOT) and alone:
            self.editions.append(edition)
            return edition
        if name != TIMESTAMP:
            told = attrs.evolve(
                told,
                version=max(1, told.version + number),
                expires=now + FAR,
                meta=_shifted(told.meta, meta) if name == SNAPSHOT else told.meta,
            )
            listed = publisher.listed(put(told, SNAPSHOT), told.version)
        else:
            listed = publisher.listed(*snapshot)
            for version in (snapshot[1], None):
                edition[TUF_JSON.published(SNAPSHOT, version)] = snapshot[0]
        stamp = publisher.timestamp
        put(
            Timestamp(version=max(1, stamp.version + number), expires=now + FAR, snapshot=listed),
            TIMESTAMP,
        )
        self.editions.append(edition)
        return edition

    def _own_root(self, publisher, version, now):
        """A root under which everything is the thief's."""
        names = (MALLORY, *sorted(self.held))
        return attrs.evolve(
            publisher.root,
            version=max(1, version),
            expires=now + FAR,
            keys=publisher.root.keys.including(keys(*names)),
            roles=FrozenMap({role: keyset(*names) for role in TOP_LEVEL}),
        )


def _shifted(meta, by):
    if by is None:
        return FrozenMap()
    return FrozenMap(
        {
            name: attrs.evolve(entry, version=max(1, entry.version + by))
            for name, entry in meta.items()
        }
    )


@define
class Hostile(Mapping):
    """A server that decides about each file when it is asked for it.

    Mostly it is the repository as of one edition, past or forged; now and then a
    file is any other one that there ever was for this path or this role, or is
    missing, or is no metadata at all.
    """

    data: object
    edition: dict
    archive: object
    faults: int
    answers: dict = field(factory=dict)

    def __getitem__(self, path):
        if path not in self.answers:
            self.answers[path] = self._answer(path)
        if self.answers[path] is None:
            raise KeyError(path)
        return self.answers[path]

    def __iter__(self):
        return iter(self.answers)

    def __len__(self):
        return len(self.answers)

    def _answer(self, path):
        draw = self.data.draw
        if not self.faults or draw(st.integers(0, 9), label=path) >= self.faults:
            return self.edition.get(path)
        others = [*self._others(path), None]
        return others[-1 - draw(st.integers(0, len(others) - 1), label=path)]

    def _others(self, path):
        role = path.removesuffix(".json").rpartition(".")[2]
        anything = (*self.archive.roles.get(role, ()), *self.archive.paths.get(path, ()))
        others = list(dict.fromkeys(anything))[-12:]
        cut = [raw[:-9] for raw in others[-1:]]
        return [*RUBBISH, *cut, *others]
