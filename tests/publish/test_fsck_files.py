"""What lies beside the current state is told by its name, and what names do elsewhere."""

import attrs
import pytest
from core.worlds import NOW, grant, signer, targets_role
from publish.desks import authority, created, key, opened, planned, publish, signed, tagged
from publish.examined import EXPIRES, anchor_of, findings, kinds, only, sound

from trustlib import ROOT, TARGETS, TIMESTAMP, FrozenMap, MemoryStorage
from trustlib.publish import (
    AlikeNames,
    FragileNames,
    InPlace,
    Interchangeable,
    LeftOver,
    OtherRoot,
    Severity,
    StrangeSignature,
    Superseded,
    UnknownFiles,
    WaitingRoot,
    fsck,
)


def test_earlier_versions_are_one_finding():
    world = sound()
    after = world.next().next()
    old = {path: raw for path, raw in world.files().items() if path != "timestamp.json"}

    superseded = only(Superseded, findings({**old, **after.files()}))
    assert ("1.snapshot.json", "1.targets.json", "1.team.json") == superseded.paths
    assert Severity.KNOW == superseded.severity


def test_a_file_of_an_old_number_that_is_still_listed_is_current():
    world = sound()

    assert () == findings(world.edited("snapshot", version=5).stamped())
    assert () == findings(world.edited(TARGETS, version=7).sealed())


def test_older_roots_are_never_superseded():
    assert () == findings(sound().rotated().rotated())


@pytest.mark.parametrize(
    "path", ["2.targets.json", "9.team.json", "2.snapshot.json", "3.root.json"]
)
def test_numbers_above_what_is_published_are_left_over(path):
    assert (path,) == only(LeftOver, findings(sound(), with_files={path: b"{}"})).paths


@pytest.mark.parametrize(
    "path",
    [
        "index.html",
        "targets.json",
        "1.other.json",
        "1.timestamp.json",
        "0.team.json",
        "01.team.json",
        "deep/1.team.json",
        "targets/other",
        "coming/x.root.json",
    ],
)
def test_files_that_nothing_refers_to_are_unknown(path):
    assert (path,) == only(UnknownFiles, findings(sound(), with_files={path: b""})).paths


@pytest.mark.parametrize("folder", ["", "targets/", "a/b/"])
def test_artifacts_are_known_by_their_names(folder):
    world = sound()
    sha256 = world.targets.targets["app"].hashes["sha256"]
    team = world.delegated["team"].targets["team/app"].hashes["sha256"]
    names = ["app", f"{sha256}.app", "team/app", f"team/{team}.app"]

    assert () == findings(world, with_files={folder + name: b"anything" for name in names})


def test_a_copy_of_the_newest_root_is_known_and_of_another_is_told():
    world = sound().rotated()

    assert () == findings(world, with_files={"root.json": world.raw(ROOT)})
    older = world.files()["1.root.json"]
    other = only(OtherRoot, findings(world, with_files={"root.json": older}))
    assert ("root.json", 2) == (other.path, other.newest)


def test_where_a_role_cannot_be_read_files_are_not_called_unknown():
    found = findings(sound(), without=["1.team.json"], with_files={"an artifact?": b""})

    assert UnknownFiles not in map(type, found)
    assert Superseded not in map(
        type, findings({**sound().next().files(), "1.team.json": b""}, without=["2.snapshot.json"])
    )


def test_files_that_are_replaced_in_place_are_told():
    world = sound(consistent=False)

    assert Severity.MEND == only(InPlace, findings(world)).severity


def delegating_to(*names):
    world = sound()
    before = world.targets.delegations
    delegations = attrs.evolve(
        before,
        keys=before.keys.including({signer(n).key.id: signer(n).key for n in names}),
        roles=(*before.roles, *(grant(name, f"{n}/*") for n, name in enumerate(names))),
    )
    world = world.edited(TARGETS, delegations=delegations)
    return world.with_roles({n: targets_role(expires=NOW + EXPIRES[TARGETS]) for n in names})


def test_names_that_differ_only_by_case_are_told():
    assert ("TEAM", "team") == only(AlikeNames, findings(delegating_to("TEAM"))).names
    world, names = sound(), ("x/App", "x/app")
    digests = dict.fromkeys(names, world.targets.targets["app"])
    world = world.edited(TARGETS, targets=FrozenMap(digests)).sealed()

    assert names == only(AlikeNames, findings(world, with_files=dict.fromkeys(names, b""))).names


def test_names_that_differ_only_by_how_an_accent_is_written_are_told():
    found = findings(delegating_to("caf\u00e9", "cafe\u0301"))

    assert {AlikeNames, FragileNames} == set(map(type, found))


@pytest.mark.parametrize(
    "name", ["a/b", "a b", "é", "a?b", "100%", "a+b", ".hidden", "aux", "NUL", "a:b", "r" * 240]
)
def test_names_that_servers_or_file_systems_mangle_are_told(name):
    assert (name,) == only(FragileNames, findings(delegating_to(name))).roles


@pytest.mark.parametrize("name", ["Team", "a.b", "a-b_c", "auxiliary", "1.root", "r" * 200])
def test_plain_names_are_not(name):
    found = [
        f for f in findings(delegating_to(name)) if not isinstance(f, Interchangeable | AlikeNames)
    ]

    assert [] == found


# -- what a publisher who was killed leaves behind --------------------------------------


def people():
    return {"root": authority("root", "root2", "root3", threshold=2)}


class KilledError(Exception):
    """The machine is gone."""


class Mortal(MemoryStorage):
    """A storage that takes so many writes."""

    __slots__ = ("left",)

    def write(self, path, data, *, replacing):
        if self.left == 0:
            raise KilledError
        self.left -= 1
        return super().write(path, data, replacing=replacing)


def killed(after_writes, edit, **more):
    """What is found after a publisher of *edit* was killed."""
    storage = Mortal()
    storage.left = -1
    before = created(**people())
    before = publish(storage, before, tagged(before), now=NOW).repository
    anchor = anchor_of(storage.files)
    plan = signed(planned(before, edit(before), now=NOW, **more))
    storage.left = after_writes
    with pytest.raises(KilledError):
        plan.publication().apply(storage)
    return fsck(storage, anchor=anchor, now=NOW), storage, anchor


@pytest.mark.parametrize(
    ("writes", "left"), [(1, ("2.targets.json",)), (2, ("2.snapshot.json", "2.targets.json"))]
)
def test_a_publication_that_was_cut_short_is_sound_and_told(writes, left):
    examination, storage, anchor = killed(writes, lambda r: tagged(r, "2"))

    assert examination.sound
    assert left == only(LeftOver, examination.findings).paths
    before = opened(storage, anchor)
    storage.left = -1
    publish(storage, before, tagged(before, "2"), now=NOW)
    (superseded,) = fsck(storage, anchor=anchor, now=NOW).findings
    assert {"1.snapshot.json", "1.targets.json", *left} == set(superseded.paths)


def rotating(before):
    return before.with_keys(TIMESTAMP, key("online2")).without_keys(TIMESTAMP, key("online"))


def test_a_root_that_still_waits_is_told():
    plan = signed(planned(created(**people()), created(**people()), now=NOW))
    storage = MemoryStorage()
    before = plan.publication().apply(storage).repository
    publication = signed(planned(before, rotating(before), now=NOW)).publication()
    count = [write.path for write in publication.writes].index("timestamp.json")

    early, storage, _ = killed(count, rotating)
    assert early.sound
    assert any(path.startswith("coming/") for path in only(LeftOver, early.findings).paths)

    late, storage, anchor = killed(count + 1, rotating)
    assert [WaitingRoot, StrangeSignature] == kinds(late.findings)  # the old key signed, too
    assert late.findings[0].path.startswith("coming/")
    storage.left = -1
    again = opened(storage, anchor)
    publish(storage, again, again, now=NOW)
    assert not any(
        isinstance(f, WaitingRoot | LeftOver)
        for f in fsck(storage, anchor=anchor, now=NOW).findings
    )
