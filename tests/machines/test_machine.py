"""Whatever publisher, thieves, clock and crashes do: what a client accepts was signed for.

A machine plays them all against one client's store, step by step. After each run
the :mod:`judge <machines.judge>` looks at the store: nothing in it that too few
keys signed, no version that fell except after a timestamp or snapshot key was
removed (§5.3.11), no clock that went back. An honest repository that is up to date
is accepted, unless a thief left a higher number and the key is still in use.
"""

from datetime import timedelta

import pytest
from core.worlds import DAY, MINUTE, SECOND, CrashError
from core.worlds import NOW as BEGAN
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from machines.clients import Client, Ports
from machines.judge import TOLERANCE, Watch, version
from machines.publisher import GRANTS, PATHS, Publisher
from machines.thieves import Hostile, Thief

from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL
from trustlib.anchors import Anchor
from trustlib.errors import ClockError, NotFoundError, TrustError

AHEAD = [SECOND, 50 * SECOND, 60 * MINUTE, 25 * 60 * MINUTE, 11 * DAY, 27 * DAY, 32 * DAY]
WAYS = st.sampled_from(["workflow", "updater", "living", "awaiting"])
CRASHES = st.one_of(*[st.none()] * 3, st.integers(0, 9))  # writes that are done
ROLES = st.sampled_from([*TOP_LEVEL, *GRANTS])

ASKED = st.sampled_from([None, None, *PATHS])
FAULTS = st.sampled_from([0, 0, 1, 3])  # of ten files
NOTICED = st.sampled_from([1, 1, 2, 3])
FORGED = {
    "name": st.sampled_from([ROOT, ROOT, TIMESTAMP, SNAPSHOT, SNAPSHOT, TARGETS, *GRANTS]),
    "number": st.sampled_from([1, 2, 1000, 0, 0, -1]),
    "meta": st.sampled_from([0, 1000, -1, None]),
}
LOOT = [
    (ROOT,),
    (TIMESTAMP,),
    (SNAPSHOT,),
    (TARGETS,),
    ("a",),
    ("c",),
    (TIMESTAMP, SNAPSHOT),
    (SNAPSHOT, TARGETS),
    (TIMESTAMP, SNAPSHOT, TARGETS),
]


class Machine(RuleBasedStateMachine):
    """A publisher, a thief, a clock, and one client."""

    steps = 0

    @initialize(
        says=st.sampled_from([(), ("hashes",), ("hashes",), ("length", "hashes")]),
        twice=st.booleans(),
        quorum=st.sampled_from([(1, 1), (2, 1), (3, 1), (2, 2), (3, 2)]),
        grants=st.sets(st.sampled_from("abc")),
    )
    def begin(self, says, twice, quorum, grants):
        self.time, self.behind = BEGAN, timedelta(0)
        self.publisher, self.thief = Publisher(says, twice), Thief()
        self.publisher.begin(self.time, *quorum)
        for name in sorted(grants):
            self.delegate(name)
        self.ports = Ports()
        self.watch = Watch(self.publisher.roots[0])
        self.client = Client(Anchor.root(self.publisher.roots[0]), self.ports)

    def teardown(self):
        # What a machine may have made is remembered by nobody.
        self.publisher = self.thief = None

    # -- the publisher ------------------------------------------------------------------

    @rule(names=st.sets(st.sampled_from([TARGETS, *GRANTS])))
    def publish(self, names):
        self.publish_what_exists(names)

    def publish_what_exists(self, names):
        self.publisher.publish(self.time, *sorted(names & set(self.publisher.targets)))

    @rule(name=st.sampled_from(sorted(GRANTS)))
    def delegate(self, name):
        if GRANTS[name][0] in self.publisher.targets:
            self.publisher.delegate(self.time, name)

    @precondition(lambda self: self.publisher.granted)
    @rule(data=st.data())
    def revoke(self, data):
        granted = sorted(self.publisher.granted)
        self.publisher.revoke(self.time, data.draw(st.sampled_from(granted)))

    @rule(role=ROLES, keep=st.integers(0, 2), add=st.integers(0, 2), needed=st.integers(1, 3))
    def rotate(self, role, keep, add, needed):
        """Keep some of the keys, add some, or change the threshold."""
        kept = self.publisher.holders[role][:keep]
        if role == ROOT:  # not even an honest publisher may make a thief a root
            kept = tuple(name for name in kept if name not in self.thief.held)
        added = tuple(self.publisher.newcomer(role) for _ in range(add if kept else max(1, add)))
        names = (*kept, *added)
        self.publisher.rotate(self.time, role, names, min(needed, len(names)))

    def replace_stolen_keys(self, noticed):
        """Those that still count: of each role, as many as were *noticed*."""
        for role, names in tuple(self.publisher.holders.items()):
            stolen = [name for name in names if name in self.thief.held][:noticed]
            if stolen:
                kept = tuple(name for name in names if name not in stolen)
                new = tuple(self.publisher.newcomer(role) for _ in stolen)
                self.publisher.rotate(self.time, role, (*kept, *new), self.publisher.needed[role])

    @rule()
    def switch(self):
        self.publisher.switch(self.time)

    @rule()
    def renew(self):
        self.publisher.renew(self.time)

    @rule(by=st.sampled_from(["old", "new", "one"]))
    def lose_a_draft(self, by):
        self.publisher.draft(self.time, by)

    @rule(data=st.data())
    def stamp_what_is_there(self, data):
        """The timestamp service signs whatever lies where the snapshot should be."""
        raw, version = self._any_snapshot(data)
        self.publisher.stamp(self.time, raw, version)
        self.publisher.stamp(self.time, *self.publisher._current_snapshot())

    # -- thieves ------------------------------------------------------------------------

    @rule(roles=st.sampled_from(LOOT), count=st.integers(1, 3))
    def steal(self, roles, count):
        """Some keys of some roles; of root never as many as count."""
        self._take(name for role in roles for name in self.publisher.holders[role][-count:])

    @rule()
    def find_old_keys(self):
        """Every key that was taken out of use, once the client knows that it was."""
        self._take(sorted(self.publisher.retired))

    def _take(self, names):
        for name in names:
            if self.thief.may_hold(name, self.publisher, len(self.watch.roots)):
                self.thief.held.add(name)

    @rule(way=WAYS, path=ASKED, crash=CRASHES, data=st.data(), faults=FAULTS, **FORGED)
    def forge_with_what_was_stolen(self, data, faults, way, path, crash, **forged):
        self._run(self._hostile(self._forged(data, **forged), data, faults), way, path, crash)

    @rule(
        way=WAYS,
        path=ASKED,
        crash=CRASHES,
        data=st.data(),
        alone=st.booleans(),
        loot=st.sampled_from(["one", "enough", "all"]),
        **FORGED,
    )
    def steal_and_forge(self, data, way, path, crash, name, alone, loot, **forged):
        """Keys for one role, and for all that describe it or for none of those."""
        above = {ROOT: (), TIMESTAMP: (), SNAPSHOT: (TIMESTAMP,)}
        roles = (name, *(() if alone else above.get(name, (TIMESTAMP, SNAPSHOT))))
        for role in roles:
            signing = self.publisher.signing(role)
            everybody = self.publisher.holders[role]
            self._take({"one": signing[-1:], "enough": signing, "all": everybody}[loot])
        edition = self._forged(data, name=name, alone=alone, **forged)
        self._run(self._hostile(edition, data, 0), way, path, crash)

    @rule(way=WAYS, data=st.data(), name=st.sampled_from([TIMESTAMP, SNAPSHOT]))
    def fast_forward(self, data, way, name):
        """Every key that it takes, and numbers that nobody will reach (§5.3.11)."""
        for role in (TIMESTAMP, name):
            self._take(self.publisher.holders[role])
        edition = self._forged(data, name=name, number=1000, meta=0)
        self._run(self._hostile(edition, data, 0), way, None, None)

    def _forged(self, data, name, alone=False, **made):
        listed = self._any_snapshot(data) if name == TIMESTAMP else None
        made |= {"snapshot": listed, "alone": alone}
        return self.thief.forge(name, self.publisher, len(self.watch.roots), self.time, **made)

    @rule(way=WAYS, path=ASKED, crash=CRASHES, data=st.data(), faults=FAULTS)
    def serve_the_past(self, data, faults, **asked):
        past = self.publisher.editions[-12:]
        edition = past[-1 - data.draw(st.integers(0, len(past) - 1))]
        self._run(self._hostile(edition, data, faults), **asked)

    @precondition(lambda self: self.thief.editions)
    @rule(way=WAYS, path=ASKED, crash=CRASHES, data=st.data(), faults=FAULTS)
    def serve_it_again(self, data, faults, **asked):
        forged = self.thief.editions[-8:]
        edition = forged[-1 - data.draw(st.integers(0, len(forged) - 1))]
        self._run(self._hostile(edition, data, faults), **asked)

    @rule(way=WAYS, path=ASKED, crash=CRASHES, data=st.data())
    def serve_a_mixture(self, data, **asked):
        self._run(self._hostile(self.publisher.editions[-1], data, 4), **asked)

    def _hostile(self, edition, data, faults):
        return Hostile(data, edition, self.publisher.archive, faults)

    def _any_snapshot(self, data):
        snapshots = list(self.publisher.archive.roles[SNAPSHOT])[-20:]
        raw = snapshots[-1 - data.draw(st.integers(0, len(snapshots) - 1))]
        return raw, version(raw)

    # -- the clock ----------------------------------------------------------------------

    @rule(by=st.sampled_from(AHEAD))
    def time_goes_on(self, by):
        self.time += by

    @rule(
        behind=st.sampled_from(
            [0 * TOLERANCE] * 4 + [TOLERANCE / 3, TOLERANCE, TOLERANCE + SECOND, 90 * DAY]
        )
    )
    def the_clock_is_set(self, behind):
        self.behind = behind

    # -- the client ---------------------------------------------------------------------

    @rule(way=WAYS, path=ASKED, crash=CRASHES)
    def ask_the_repository(self, **asked):
        self.publisher.renew(self.time)
        self._served_honestly(**asked)

    @rule(way=WAYS, path=ASKED, crash=CRASHES, names=st.sets(st.sampled_from([TARGETS, *GRANTS])))
    def publish_and_ask(self, names, **asked):
        self.publisher.renew(self.time)
        self.publish_what_exists(names)
        self._served_honestly(**asked)

    @rule(way=WAYS, path=ASKED, crash=CRASHES, noticed=NOTICED)
    def recover_and_ask(self, noticed, **asked):
        self.replace_stolen_keys(noticed)
        self.publisher.renew(self.time)
        self._served_honestly(**asked)

    @rule(way=WAYS, path=ASKED, crash=CRASHES, noticed=NOTICED)
    def recover_and_show_the_root_only(self, noticed, **asked):
        """Whoever sits on the line lets nothing else through."""
        self.replace_stolen_keys(noticed)
        served = self.publisher.editions[-1].items()
        self._run({path: raw for path, raw in served if path.endswith("root.json")}, **asked)

    @rule(way=WAYS, path=ASKED, crash=CRASHES, by=st.sampled_from(AHEAD))
    def freeze(self, by, **asked):
        """Time goes on, and what is served does not."""
        self.time += by
        self._run(self.publisher.editions[-1], **asked)

    def _served_honestly(self, way, path, crash):
        """An honest repository that is up to date is accepted, unless a thief left a trace."""
        came, known = self._run(self.publisher.editions[-1], way, path, crash)
        if isinstance(came, (CrashError, ClockError)):
            return
        answer = None if path is None else self.publisher.answer(path)
        if isinstance(came, TrustError) and not (answer is None and _absent(came, path)):
            assert known, f"an honest repository was refused: {came!r}"
        elif path is not None and not known:
            assert answer == (None if isinstance(came, TrustError) else came.target)

    def _run(self, files, way, path, crash):
        """What came of it, and whether a thief's traces excuse a refusal."""
        now, watch, ports = self.time - self.behind, self.watch, self.ports
        honest = self.publisher.honest()
        excused = watch.excuses(honest, self.publisher.roots)
        floor = watch.clock()
        self.client.now, ports.files, ports.store.left = now, files, crash
        served = files.get("timestamp.json")
        try:
            came = self.client.run(way, path)
        except (TrustError, CrashError) as error:
            came = error
            self.client.living = None if isinstance(error, CrashError) else self.client.living
        watch.look(ports.store, now, served)
        assert watch.roots == self.publisher.roots[: len(watch.roots)]
        late = floor is not None and now + TOLERANCE < floor
        if not isinstance(came, CrashError):
            assert late == isinstance(came, ClockError)
        if isinstance(came, Exception):
            return came, excused
        if path is None:
            watch.complete(came, now)
        else:
            watch.refreshed(now)
            watch.found(came, now)
        return came, excused

    @invariant()
    def count(self):
        type(self).steps += 1


def _absent(error, path):
    return type(error) is NotFoundError and error.name == path


def _played(machines, steps):
    """The number of steps that were played against one client after another."""
    begun = Machine.steps
    profile = settings(
        max_examples=machines,
        stateful_step_count=steps,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=profile)
    return Machine.steps - begun


def test_whatever_they_all_do_a_client_accepts_only_what_was_signed_for():
    """P79 (one process), T-42, T-55, T-90, T-91, T-92, T-95, T-96, T-97, T-98, T-100."""
    assert _played(machines=12, steps=50) >= 500


@pytest.mark.slow
def test_ten_thousand_steps():
    assert _played(machines=500, steps=50) >= 10_000
