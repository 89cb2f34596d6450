"""A trust server in memory: it takes what follows what it has, and makes the roles that are its."""

from typing import Any

import attrs
from notary.collections_of import APP, DAY, NOW, described, served, signer

from trustlib import ConflictError
from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP
from trustlib.notary import ContentTrust, RefusedUpdateError
from trustlib.roles import MetaFile, Root, Snapshot, Targets, Timestamp

KINDS = {ROOT: Root, SNAPSHOT: Snapshot, TIMESTAMP: Timestamp}
NOTHING = MetaFile(version=None, length=0, hashes=FrozenMap({"sha256": "0" * 64}))


class TrustServer:
    """A :class:`~trustlib.notary.publishing.TrustServer` without a network.

    ``posts`` are what was sent; ``answers`` are errors that the next posts end with.
    """

    def __init__(self, format: ContentTrust = APP, now: Any = NOW):
        self.format, self.now = format, now
        self.files: dict[str, bytes] = {}
        self.newest: dict[str, bytes] = {}
        self.posts: list[dict] = []
        self.signers = {TIMESTAMP: signer("server's timestamp"), SNAPSHOT: signer("server's")}
        self.numbers: dict[str, int] = {}

    def key(self, role: str):
        return self.signers[role].key

    def new_key(self, role: str):
        self.signers[role] = signer(f"another {role} {len(self.posts)}")
        return self.key(role)

    def fetch(self, request: Any):
        found = self.files.get(request.path)
        return None if found is None else iter([found])

    def post(self, files: Any) -> None:
        self.posts.append(dict(files))
        parsed = {name: self._parsed(name, raw) for name, raw in files.items()}
        for name, role in parsed.items():
            if role.version <= self.numbers.get(name, 0):
                raise ConflictError("the server")
        for name, raw in files.items():
            self._take(name, parsed[name].version, raw)
        if SNAPSHOT not in files:
            self._sign(SNAPSHOT)
        self._sign(TIMESTAMP)

    def _parsed(self, name: str, raw: bytes):
        return self.format.parse(KINDS.get(name, Targets), raw, name=name).unverified

    def _take(self, name: str, version: int, raw: bytes) -> None:
        served(self.files, name, version, raw)
        self.files[f"{name}.json"] = self.newest[name] = raw
        self.numbers[name] = version

    def _sign(self, name: str) -> None:
        root = self._parsed(ROOT, self.newest[ROOT])
        by = self.signers[name]
        if by.key.id not in root.roles[name].keyids:
            raise RefusedUpdateError("the server", "INVALID_UPDATE", "ErrBadHierarchy", "no key")
        head = {"version": self.numbers.get(name, 0) + 1, "expires": self.now + 14 * DAY}
        if name == TIMESTAMP:
            role = Timestamp(snapshot=described(self.newest[SNAPSHOT]), **head)
        else:
            listed = {n: described(raw) for n, raw in self.newest.items() if n not in self.signers}
            role = Snapshot(meta=FrozenMap(listed), **head)
        raw = self.format.render(role, (by.sign(self.format.payload(role)),))
        self._take(name, role.version, raw)

    def forget(self, name: str, *, current: bool = True) -> None:
        """Have the snapshot list *name* no more, as servers do whose publishers removed it."""
        del self.newest[name]
        if current:
            del self.files[f"{name}.json"]
        self._sign(SNAPSHOT)
        self._sign(TIMESTAMP)

    def replaced(self, name: str, role: Any, *by: Any) -> None:
        """Have another publisher's file of *name*, and a snapshot that lists it."""
        role = attrs.evolve(role, version=self.numbers.get(name, 0) + 1)
        payload = self.format.payload(role)
        raw = self.format.render(role, tuple(one.sign(payload) for one in by))
        self._take(name, role.version, raw)
        self._sign(SNAPSHOT)
        self._sign(TIMESTAMP)
