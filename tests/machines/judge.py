"""Who may sign what, decided a second time and in another way.

Nothing here uses trustlib: files are read with ``json``, signatures are verified
with ``cryptography`` alone, keys are counted by their public value. The judge
sees what is in a client's store before and after each run, and holds every change
against what the store's own chain of roots permits.
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from attrs import define, field, frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PRIVATE = ".trustlib/"
CLOCK = ".trustlib/clock"
TOLERANCE = timedelta(minutes=10)
STEP = timedelta(minutes=1)
VOLATILE = ("timestamp", "snapshot")  # whose keys, once removed, make versions fall (§5.3.11)


@lru_cache(maxsize=50_000)
def paper(raw):
    """The file as JSON, or None if it is none."""
    try:
        read = json.loads(raw)
        return read if isinstance(read["signed"], dict) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


@lru_cache(maxsize=50_000)
def payload(raw):
    text = json.dumps(
        paper(raw)["signed"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return text.encode()


@lru_cache(maxsize=100_000)
def signs(public, signature, signed):
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
            bytes.fromhex(signature), signed
        )
    except InvalidSignature:
        return False
    return True


def version(raw):
    return paper(raw)["signed"]["version"]


def expires(raw):
    return datetime.strptime(paper(raw)["signed"]["expires"], "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=UTC
    )


def publics(keys, entry):
    return {keyid: keys[keyid]["keyval"]["public"] for keyid in entry["keyids"] if keyid in keys}


@lru_cache(maxsize=50_000)
def root_entry(root, name):
    signed = paper(root)["signed"]
    return publics(signed["keys"], signed["roles"][name]), signed["roles"][name]["threshold"]


def grant_of(delegator, name):
    """Whom the targets file *delegator* names for *name*, and how many of them; or None."""
    delegations = paper(delegator)["signed"].get("delegations")
    for entry in (delegations or {}).get("roles", ()):
        if entry["name"] == name:
            return publics(delegations["keys"], entry), entry["threshold"]
    return None


def enough(raw, keys, threshold):
    """Whether as many different keys as must have signed *raw*."""
    offered = {one["keyid"]: one["sig"] for one in paper(raw)["signatures"]}
    good = {
        public
        for keyid, public in keys.items()
        if offered.get(keyid) and signs(public, offered[keyid], payload(raw))
    }
    return threshold >= 1 and len(good) >= threshold


def described(raw, entry):
    """Whether *raw* is the file that *entry* of a timestamp or snapshot describes."""
    hashes = entry.get("hashes", {})
    return (
        entry["version"] == version(raw)
        and entry.get("length", len(raw)) == len(raw)
        and all(hashlib.new(name, raw).hexdigest() == value for name, value in hashes.items())
    )


@frozen
class Accepted:
    """Under which roots a file was accepted: surely under *since*, perhaps under *until*."""

    since: int
    until: int


@define
class Watch:
    """One client's store, and what may have happened to it.

    Attributes:
        roots: the chain of roots that the store holds, the anchor first: version n is at n - 1.
        accepted: by role, which roots vouched for the stored file.
    """

    anchor: bytes
    store: dict = field(factory=dict)
    roots: list = field(init=False)
    accepted: dict = field(factory=dict)

    def __attrs_post_init__(self):
        self.roots = [self.anchor]

    # -- after each run -----------------------------------------------------------------

    def look(self, store, now, served):
        """Hold every change of the store against what its roots permit.

        *served* is what the client was given for ``timestamp.json``, or None.
        """
        before, self.store = self.store, dict(store)
        self._roots_grew(before)
        changed = [n for n, raw in store.items() if before.get(n) != raw and _is_role(n)]
        for file in changed:
            role = file.removesuffix(".json")
            self.authorised(role, now)
            self._no_older(role, before.get(file), store[file])
        if "timestamp.json" in changed and "snapshot.json" in before:
            self._no_older_listed(before["snapshot.json"], store["timestamp.json"])
        for file in changed:
            self.accepted[file.removesuffix(".json")] = Accepted(len(self.roots), len(self.roots))
        self._perhaps_accepted_again(changed, served)
        self._clock_advanced(before, now)
        assert set(before) <= set(store), "a file of the store vanished"

    def complete(self, trusted, now):
        """*trusted* is what the store holds, and all of it holds at *now*."""
        files = ("root", "timestamp", "snapshot", "targets")
        assert [self.store[f"{name}.json"] for name in files] == [p.raw for p in trusted.roles]
        self.refreshed(now)

    def refreshed(self, now):
        """All that the store holds of the top-level roles holds at *now*, and is recorded."""
        assert self.roots[-1] == self.store["root.json"]
        assert now < expires(self.roots[-1])
        for name in ("timestamp", "snapshot", "targets"):
            self.authorised(name, now)
            self.accepted[name] = Accepted(len(self.roots), len(self.roots))
        assert now - STEP < self.clock()

    def found(self, found, now):
        """Each role on the way to what was found vouches for the next one, at *now*."""
        for delegator, name in zip(found.via, found.via[1:], strict=False):
            self._listed_and_fresh(name, now)
            grant = grant_of(self.store[f"{delegator}.json"], name)
            assert grant is not None
            assert enough(self.store[f"{name}.json"], *grant)
        listed = paper(self.store[f"{found.via[-1]}.json"])["signed"]["targets"][found.path]
        assert listed["hashes"] == dict(found.target.hashes)
        assert listed["length"] == found.target.length
        assert now < found.valid_until
        assert found.valid_until <= min(expires(self.store[f"{name}.json"]) for name in found.via)

    def clock(self):
        raw = self.store.get(CLOCK)
        return None if raw is None else datetime.fromisoformat(raw.decode().strip())

    # -- what a role needs --------------------------------------------------------------

    def authorised(self, role, now):
        """The stored file of *role* is signed, described and fresh."""
        raw, root = self.store[f"{role}.json"], self.roots[-1]
        if role == "timestamp":
            assert now < expires(root), "a timestamp under an expired root"
            assert now < expires(raw), "an expired timestamp"
            assert enough(raw, *root_entry(root, role)), "a timestamp that too few keys signed"
        elif role == "snapshot":
            timestamp = paper(self.store["timestamp.json"])["signed"]
            assert described(raw, timestamp["meta"]["snapshot.json"]), "another snapshot"
            assert now < expires(raw), "an expired snapshot"
            assert enough(raw, *root_entry(root, role)), "a snapshot that too few keys signed"
        elif role == "targets":
            self._listed_and_fresh(role, now)
            assert enough(raw, *root_entry(root, role)), "targets that too few keys signed"
        else:
            self._listed_and_fresh(role, now)
            roles = filter(_is_targets, self.store)
            grants = filter(None, (grant_of(self.store[file], role) for file in roles))
            assert any(enough(raw, *grant) for grant in grants), "nobody delegates to that"

    def _listed_and_fresh(self, role, now):
        raw, snapshot = self.store[f"{role}.json"], paper(self.store["snapshot.json"])["signed"]
        assert f"{role}.json" in snapshot["meta"], "the snapshot does not list it"
        assert described(raw, snapshot["meta"][f"{role}.json"]), "another file than listed"
        assert now < expires(raw), "an expired targets role"

    # -- versions -----------------------------------------------------------------------

    def forgotten(self, since, until):
        """Whether a root in (*since*, *until*] lacks a timestamp or snapshot key of the one before."""
        return any(
            set(root_entry(before, name)[0].values()) - set(root_entry(after, name)[0].values())
            for before, after in zip(
                self.roots[since - 1 : until], self.roots[since:until], strict=False
            )
            for name in VOLATILE
        )

    def _roots_grew(self, before):
        known = len(self.roots)
        for number, root in enumerate(self.roots[1:], 2):
            assert root == self.store[f"{PRIVATE}{number}.root.json"], "a stored root changed"
        while (raw := self.store.get(f"{PRIVATE}{len(self.roots) + 1}.root.json")) is not None:
            assert version(raw) == len(self.roots) + 1
            assert enough(raw, *root_entry(self.roots[-1], "root")), "too few of the old keys"
            assert enough(raw, *root_entry(raw, "root")), "too few of the new keys"
            self.roots.append(raw)
        numbered = sum(name.endswith(".root.json") for name in self.store)
        assert numbered == len(self.roots) - 1, "roots beyond the chain"
        if "root.json" in self.store:
            assert self.store["root.json"] in self.roots
            assert version(self.store["root.json"]) >= version(before.get("root.json", self.anchor))
        assert known <= len(self.roots)

    def _no_older(self, role, before, after):
        if before is None or self.forgotten(self.accepted[role].since, len(self.roots)):
            return
        assert version(before) <= version(after), f"{role} went back"
        if role == "snapshot":
            old, new = (paper(raw)["signed"]["meta"] for raw in (before, after))
            for name, entry in old.items():
                assert name in new, f"{name} vanished"
                assert entry["version"] <= new[name]["version"], f"{name} went back"

    def _no_older_listed(self, snapshot, timestamp):
        """A timestamp that lists an older snapshot than ours would lock us out (§5.4.3.2)."""
        if not self.forgotten(self.accepted["snapshot"].since, len(self.roots)):
            listed = paper(timestamp)["signed"]["meta"]["snapshot.json"]
            assert version(snapshot) <= listed["version"], "the snapshot that is listed went back"

    def _perhaps_accepted_again(self, changed, served):
        """A run that was stopped may have recorded, and not shown, what it accepted."""
        held = self.store.get("timestamp.json")
        if held is None or served is None or paper(served) is None:
            return
        if "timestamp.json" not in changed and paper(served)["signed"].get("version") != version(
            held
        ):
            return
        for role in VOLATILE:
            if role in self.accepted:
                self.accepted[role] = Accepted(self.accepted[role].since, len(self.roots))

    def _clock_advanced(self, before, now):
        old, new = before.get(CLOCK), self.clock()
        if self.store.get(CLOCK) != old:
            assert now == new
            assert old is None or datetime.fromisoformat(old.decode().strip()) < new
            for role in ("timestamp", "snapshot", "targets"):
                self.authorised(role, now)

    # -- what an honest repository may be refused for ---------------------------------------

    def stands(self, role, roots):
        """Whether the stored file of *role* may be a floor still under the genuine *roots*."""
        if role not in self.accepted:
            return False
        self_roots, self.roots = self.roots, roots
        try:
            return not self.forgotten(self.accepted[role].until, len(roots))
        finally:
            self.roots = self_roots

    def excuses(self, honest, roots):
        """Whether a thief left something that an honest repository needs to recover from.

        That is: a version ahead of the honest one, by a key that was not
        removed since; or another file of the version that is the honest one's.
        """
        for role, raw in honest.items():
            held = self.store.get(f"{role}.json")
            if held is None or held == raw or version(held) != version(raw):
                continue
            if role == "timestamp" and self.stands(role, roots):
                return True
            if role != "timestamp" and "hashes" not in _entry(honest, role):
                return True
        if self.stands("timestamp", roots) and version(self.store["timestamp.json"]) > version(
            honest["timestamp"]
        ):
            return True
        if not self.stands("snapshot", roots):
            return False
        held, raw = self.store["snapshot.json"], honest["snapshot"]
        old, new = (paper(one)["signed"]["meta"] for one in (held, raw))
        return version(held) > version(raw) or any(
            name not in new or new[name]["version"] < entry["version"]
            for name, entry in old.items()
        )


def _entry(honest, role):
    referrer = "timestamp" if role == "snapshot" else "snapshot"
    return paper(honest[referrer])["signed"]["meta"][f"{role}.json"]


def _is_role(file):
    return not file.startswith(PRIVATE) and file != "root.json"


def _is_targets(file):
    return _is_role(file) and file not in ("timestamp.json", "snapshot.json")
