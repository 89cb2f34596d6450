"""Looking at a storage: nothing in it is raised, and nobody is told what never was."""

import asyncio
import json

import attrs
import pytest
from core.worlds import DAY, NOW, grant, only_version, signed_json, signers
from hypothesis import given, settings
from hypothesis import strategies as st
from publish.desks import FailingAfter
from publish.examined import EXPIRES, accepted, anchor_of, kinds, sound

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TUF_JSON,
    ConflictError,
    FileStorage,
    MalformedError,
    MemoryStorage,
    StorageError,
)
from trustlib.publish import (
    Expired,
    Finding,
    Severity,
    afsck,
    fsck,
)
from trustlib.storage import ThreadedRepositoryStorage

SOUND = sound()
FILES = SOUND.files()
ANCHOR = anchor_of(FILES)


class Publishing(MemoryStorage):
    """A storage where somebody publishes whenever somebody else reads a certain file."""

    __slots__ = ("on", "states")

    def read(self, path):
        found = super().read(path)
        if path == self.on and self.states:
            for there in tuple(self.list()):
                self.delete(there)
            for name, raw in self.states.pop(0).items():
                self.write(name, raw, replacing=None)
        return found


def publishing(on, *states):
    storage = Publishing(FILES)
    storage.on, storage.states = on, list(states)
    return storage


@pytest.mark.parametrize("on", ["timestamp.json", "1.snapshot.json", "1.targets.json"])
def test_what_somebody_publishes_meanwhile_is_looked_at_again(on):
    """Half of the old state and half of the new one is what nobody published."""
    after = SOUND.next().edited(TIMESTAMP, expires=NOW)

    found = fsck(publishing(on, after.files()), anchor=ANCHOR, now=NOW).findings
    assert [Expired] == kinds(found)


def test_who_publishes_all_the_time_is_a_conflict():
    states = []
    world = SOUND
    for _ in range(500):
        world = world.edited(TIMESTAMP, version=world.timestamp.version + 1)
        states.append(world.files())
    with pytest.raises(ConflictError):
        fsck(publishing("1.targets.json", *states), anchor=ANCHOR, now=NOW)


def test_the_storages_own_failure_is_raised():
    class Broken(FailingAfter):
        def read(self, path):
            if path == "1.team.json":
                raise StorageError(path, "input/output error")
            return super().read(path)

    with pytest.raises(StorageError, match="input/output error"):
        fsck(Broken(MemoryStorage(FILES), 0), anchor=ANCHOR, now=NOW)


def test_nothing_is_written_or_removed(tmp_path):
    storage = FailingAfter(MemoryStorage(FILES), 0)
    before = storage.storage.files
    fsck(storage, anchor=ANCHOR, now=NOW)

    assert before == storage.storage.files


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        fsck(MemoryStorage(FILES), anchor=ANCHOR, now=NOW.replace(tzinfo=None))


def test_an_empty_storage_is_not_sound():
    examination = fsck(MemoryStorage(), anchor=ANCHOR, now=NOW)

    assert not examination.sound
    assert NOW + EXPIRES[ROOT] == examination.valid_until


def test_it_can_be_awaited():
    storage = MemoryStorage(FILES)
    awaited = asyncio.run(afsck(ThreadedRepositoryStorage(storage), anchor=ANCHOR, now=NOW))

    assert fsck(storage, anchor=ANCHOR, now=NOW) == awaited


def test_a_directory_is_as_good_as_memory(tmp_path):
    storage = FileStorage.public(tmp_path)
    for path, raw in FILES.items():
        storage.write(path, raw, replacing=None)

    assert fsck(MemoryStorage(FILES), anchor=ANCHOR, now=NOW) == fsck(
        storage, anchor=ANCHOR, now=NOW
    )


class Commented:
    """Files that begin with a line which is not JSON."""

    published = staticmethod(TUF_JSON.published)
    stored = staticmethod(TUF_JSON.stored)
    listed = staticmethod(TUF_JSON.listed)
    payload = staticmethod(TUF_JSON.payload)

    def parse(self, kind, raw, *, name=None):
        if not raw.startswith(b"#\n"):
            raise MalformedError(name or kind.NAME, "$", "a comment", raw)
        parsed = TUF_JSON.parse(kind, raw.removeprefix(b"#\n"), name=name)
        return attrs.evolve(parsed, raw=raw)

    def render(self, role, signatures=()):
        return b"#\n" + TUF_JSON.render(role, signatures)


def test_other_formats_are_looked_at_as_well():
    files = {path: b"#\n" + raw for path, raw in sound(listing=only_version).files().items()}
    asked = {"anchor": anchor_of(files), "now": NOW, "format": Commented()}

    assert () == fsck(MemoryStorage(files), **asked).findings
    assert not fsck(MemoryStorage({**files, "1.team.json": FILES["1.team.json"]}), **asked).sound


def test_the_text_counts_and_does_not_flood():
    roles = {
        name: attrs.evolve(SOUND.delegated["team"], expires=NOW - DAY)
        for name in (f"r{n:02}" for n in range(20))
    }
    world = SOUND.delegating(*(grant(name, f"{name}/*") for name in roles), **roles)
    world = world.but(delegated=type(world.delegated)(roles)).sealed()
    examination = fsck(MemoryStorage(world.files()), anchor=ANCHOR, now=NOW)
    lines = str(examination).splitlines()

    assert 20 == kinds(examination.findings).count(Expired)
    assert lines[0].startswith("not sound at 2030-01-01 12:00Z, valid until")
    assert "20 refused" in lines[0]
    assert 8 == sum(line.startswith("- refused: r") for line in lines)
    assert "- refused: and 12 more of that kind" in lines


def test_the_headline_says_how_bad_it_is():
    world = SOUND.edited(TIMESTAMP, expires=NOW).signed_by(TIMESTAMP, TIMESTAMP, "stranger")
    world = world.edited(SNAPSHOT, expires=NOW + DAY).stamped()
    examination = fsck(MemoryStorage(world.files()), anchor=ANCHOR, now=NOW)

    assert str(examination).splitlines()[0].endswith(": 1 refused, 1 to mend, 1 to know")
    assert [Severity.REFUSED, Severity.MEND, Severity.KNOW] == [
        finding.severity for finding in examination.findings
    ]


def every_kind():
    found = [Finding]
    for kind in found:
        found += kind.__subclasses__()
    return found[1:]


def test_every_kind_of_finding_is_public_and_says_how_bad_it_is():
    from trustlib import publish

    for kind in every_kind():
        assert kind.__name__ in publish.__all__
        assert kind.severity in Severity
        assert kind.__doc__


# -- whatever somebody wrote there ------------------------------------------------------

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 2**60)
    | st.sampled_from(["", "..", "a/b", "é", "\0", "x" * 300, "1.root", "2030-01-01T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["keyids", "threshold", "name", "paths", "x", "../y", "Z.json"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
WHO = {
    ROOT: ("root", "root2"),
    TIMESTAMP: ("timestamp",),
    SNAPSHOT: ("snapshot",),
    TARGETS: ("targets",),
    "team": ("team",),
}


def places(value, at=()):
    yield at
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, inner in items:
        yield from places(inner, (*at, name))


def replaced(value, at, by):
    if not at:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(value[at[0]], at[1:], by)
    return copy


@settings(max_examples=150)
@given(data=st.data(), listing=st.sampled_from(["hashes", "versions"]))
def test_whatever_is_signed_is_judged_as_a_client_judges_it(data, listing):
    """One value in one role is another, and the right people signed it."""
    world = sound() if listing == "hashes" else sound(listing=only_version)
    name = data.draw(st.sampled_from([TIMESTAMP, SNAPSHOT, TARGETS, "team"]))
    files = world.files()
    path = "timestamp.json" if name == TIMESTAMP else f"1.{name}.json"
    value = json.loads(files[path])["signed"]
    at = data.draw(st.sampled_from(list(places(value))))
    edited = replaced(value, at, data.draw(VALUES))
    files[path] = signed_json(edited, signers(*WHO[name]))
    if name == SNAPSHOT:
        listed = world.listing(files[path], 1)
        files["timestamp.json"] = world.edited(TIMESTAMP, snapshot=listed).raw(TIMESTAMP)

    anchor = anchor_of(files)
    examination = fsck(MemoryStorage(files), anchor=anchor, now=NOW)

    assert accepted(files, anchor) == examination.sound
    assert all(line.isprintable() for line in str(examination).splitlines())
