"""What a client would refuse is found, each role on its own."""

import json

import attrs
import pytest
from core.worlds import DAY, NOW, SECOND, bogus, grant, only_version, signers, targets_role
from publish.examined import EXPIRES, accepted, anchor_of, findings, kinds, only, sound

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    Anchor,
    ExpiredError,
    FrozenMap,
    LimitError,
    Limits,
    MalformedError,
    MemoryStorage,
    MismatchError,
    NotFoundError,
    NoTrustDataError,
    ThresholdError,
    TooLongError,
    WrongCollectionError,
)
from trustlib.publish import (
    Dangling,
    Expired,
    Expiring,
    LongChain,
    LongLived,
    NoSpareKey,
    Refused,
    Severity,
    StrangeSignature,
    Unexamined,
    Unlisted,
    Unsatisfiable,
    Work,
    fsck,
)
from trustlib.roles import SuccinctRoles
from trustlib.wire import TUF_JSON


def test_about_a_sound_repository_there_is_nothing_to_remark():
    world = sound()

    assert () == findings(world)
    examination = fsck(MemoryStorage(world.files()), anchor=anchor_of(world.files()), now=NOW)
    assert examination.sound
    assert NOW + EXPIRES[TIMESTAMP] == examination.valid_until
    assert "sound at 2030-01-01 12:00Z, valid until 2030-01-08 12:00Z: nothing to remark" == str(
        examination
    )


# -- signatures, one role at a time -----------------------------------------------------


@pytest.mark.parametrize("name", [TIMESTAMP, SNAPSHOT, TARGETS, "team"])
def test_a_role_that_the_wrong_people_signed_is_refused(name):
    world = sound(listing=only_version)
    found = findings(world.signed_by(name, "a stranger").sealed())

    assert [Refused, StrangeSignature] == kinds(found)
    assert name == found[0].role
    assert isinstance(found[0].error, ThresholdError)
    assert Severity.REFUSED == found[0].severity


def test_one_bad_role_does_not_hide_the_others():
    world = sound(listing=only_version)
    for name in (TIMESTAMP, SNAPSHOT, TARGETS, "team"):
        world = world.signed_by(name, "a stranger")
    world = world.edited("team", expires=NOW).sealed()
    found = findings(world)

    refused = [finding for finding in found if isinstance(finding, Refused)]
    assert [TIMESTAMP, SNAPSHOT, TARGETS, "team"] == [finding.role for finding in refused]
    assert [ROOT, ROOT, ROOT, TARGETS] == [finding.by for finding in refused]


def test_a_next_root_that_clients_refuse_is_told_and_the_rest_is_judged_by_the_last_good_one():
    world = sound()
    bad = world.signed_by(ROOT, "root").rotated()
    found = findings({**world.files(), "2.root.json": bad.raw(ROOT)})

    refused = next(finding for finding in found if isinstance(finding, Refused))
    assert (ROOT, "§5.3.4") == (refused.role, refused.error.step)
    assert 1 == sum(finding.severity == Severity.REFUSED for finding in found)


@pytest.mark.parametrize("raw", [b"", b"{}", b"[" * 10_000])
@pytest.mark.parametrize("path", ["timestamp.json", "2.root.json"])
def test_what_is_no_role_is_refused(path, raw):
    found = findings({**sound().files(), path: raw})

    assert any(isinstance(f, Refused) and isinstance(f.error, MalformedError) for f in found)


@pytest.mark.parametrize("path", ["1.snapshot.json", "1.targets.json", "1.team.json"])
def test_what_is_no_role_does_not_match_what_is_listed_or_is_malformed(path):
    described, versioned = sound(), sound(listing=only_version)

    refused = only(Refused, findings({**described.files(), path: b"{}"})[:1])
    assert isinstance(refused.error, MismatchError)
    refused = findings({**versioned.files(), path: b"{}"})[0]
    assert isinstance(refused.error, MalformedError)


def test_an_anchor_that_is_none_is_all_that_is_told():
    files = sound().files()

    refused = only(Refused, findings(files, anchor=Anchor.root(b"{}")))
    assert (ROOT, MalformedError) == (refused.role, type(refused.error))
    refused = only(Refused, findings(files, anchor=Anchor.pinned(sha256="0" * 64)))
    assert isinstance(refused.error, MismatchError)
    refused = only(Refused, findings(files, anchor=Anchor.pinned(sha256="0" * 64, version=7)))
    assert isinstance(refused.error, NoTrustDataError)


# -- listed otherwise -------------------------------------------------------------------


@pytest.mark.parametrize("name", [TARGETS, "team"])
@pytest.mark.parametrize(
    "entry",
    [
        {"length": 7},
        {"hashes": FrozenMap({"sha256": "0" * 64})},
        {"hashes": FrozenMap({"md5": "0"})},
    ],
)
def test_a_file_with_another_length_or_hash_than_listed_is_refused(name, entry):
    world = sound()
    listed = attrs.evolve(world.snapshot.meta[name], **entry)
    world = world.edited(SNAPSHOT, meta=world.snapshot.meta.including({name: listed})).stamped()

    refused = only(Refused, findings(world))
    assert (name, MismatchError) == (refused.role, type(refused.error))


def test_a_snapshot_with_another_hash_than_listed_is_refused():
    world = sound()
    world = world.edited(TIMESTAMP, snapshot=attrs.evolve(world.timestamp.snapshot, length=7))

    refused = only(Refused, findings(world))
    assert (SNAPSHOT, "length") == (refused.role, refused.error.what)


@pytest.mark.parametrize("name", [SNAPSHOT, TARGETS, "team"])
def test_a_file_with_another_version_than_its_name_is_refused(name):
    world = sound(listing=only_version)
    path = f"1.{name}.json"

    refused = findings({**world.files(), path: world.edited(name, version=2).raw(name)})[0]
    assert (name, "version") == (refused.role, refused.error.what)


def test_metadata_of_another_collection_is_refused():
    world = sound()
    world = world.edited(ROOT, collection="docker.io/acme")
    for name in (TARGETS, "team", SNAPSHOT, TIMESTAMP):
        world = world.edited(name, collection="docker.io/acme").sealed()
    other = world.edited("team", collection="docker.io/evil").sealed()

    assert () == findings(world)
    assert WrongCollectionError is type(only(Refused, findings(other)).error)


def test_a_file_that_calls_itself_otherwise_is_refused():
    world = sound().edited("team", called="other").sealed()

    refused = only(Refused, findings(world))
    assert ("team", "the role called") == (refused.role, refused.error.what)


# -- missing ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [SNAPSHOT, TARGETS, "team"])
def test_a_listed_file_that_is_missing_is_told(name):
    found = findings(sound(), without=[f"1.{name}.json"])

    assert (name, f"1.{name}.json") == (found[0].role, found[0].path)
    assert isinstance(found[0], Dangling)
    assert isinstance(found[0].error, NotFoundError)


def test_a_missing_timestamp_is_a_refusal():
    found = findings(sound(), without=["timestamp.json"])

    assert isinstance(found[0].error, NoTrustDataError)


def test_delegations_to_roles_that_the_snapshot_does_not_list_are_told():
    world = sound()
    delegations = attrs.evolve(
        world.targets.delegations,
        roles=(*world.targets.delegations.roles, grant("new", "new/*", by=("team",))),
    )
    world = world.edited(TARGETS, delegations=delegations).sealed()

    unlisted = only(Unlisted, findings(world))
    assert (TARGETS, ("new",)) == (unlisted.by, unlisted.roles)
    assert isinstance(unlisted.error, MismatchError)


def test_a_role_is_judged_on_the_word_of_everybody_who_delegates_to_it():
    """Good for targets, and not for the second who delegates to it."""
    world = sound()
    below = attrs.evolve(
        world.delegated["team"],
        delegations=attrs.evolve(
            world.targets.delegations,
            keys=world.targets.delegations.keys,
            roles=(grant("shared", "team/*", by=("team",)),),
        ),
    )
    both = attrs.evolve(
        world.targets.delegations,
        keys=world.targets.delegations.keys.including(
            {one.key.id: one.key for one in signers("shared")}
        ),
        roles=(*world.targets.delegations.roles, grant("shared", "team/*")),
    )
    world = world.edited(TARGETS, delegations=both)
    shared = targets_role(expires=NOW + EXPIRES[TARGETS])
    world = world.with_roles({"team": below, "shared": shared})

    refused = only(Refused, findings(world))
    assert ("shared", "team") == (refused.role, refused.by)
    assert () == findings(world.signed_by("shared", "shared", "team").sealed())


def test_what_is_missing_is_told_once_whoever_delegates_there():
    world = sound()
    delegations = attrs.evolve(
        world.targets.delegations, roles=(grant("shared", "team/*", by=("team",)),)
    )
    below = attrs.evolve(world.delegated["team"], delegations=delegations)
    both = attrs.evolve(
        world.targets.delegations,
        roles=(*world.targets.delegations.roles, grant("shared", "team/*", by=("team",))),
    )
    shared = targets_role(expires=NOW + EXPIRES[TARGETS])
    world = world.edited(TARGETS, delegations=both).signed_by("shared", "team")
    world = world.with_roles({"team": below, "shared": shared})

    assert () == findings(world)
    assert "shared" == only(Dangling, findings(world, without=["1.shared.json"])).role


def test_a_ring_of_delegations_is_gone_round_once():
    world = sound()
    back = attrs.evolve(world.targets.delegations, roles=(grant("team", "team/*", by=("team",)),))
    ring = attrs.evolve(world.delegated["team"], delegations=back)

    assert () == findings(world.with_roles({"team": ring}))


def test_signatures_are_counted_in_what_is_allowed():
    """Who fills a file with signatures makes it cost what it costs."""
    world = sound().signed_by(TARGETS, TARGETS, *(f"stranger {n}" for n in range(50))).sealed()
    files = world.files()

    def looked_at(signatures):
        work = Work(signatures=signatures)
        return fsck(MemoryStorage(files), anchor=anchor_of(files), now=NOW, work=work).findings

    assert [Unexamined, StrangeSignature] == kinds(looked_at(50))
    assert [StrangeSignature] == kinds(looked_at(60))


# -- the limits of clients --------------------------------------------------------------


@pytest.mark.parametrize("name", [TIMESTAMP, SNAPSHOT, TARGETS])
def test_a_file_that_is_too_long_for_clients_is_refused(name):
    limits = Limits(**{name: 300})
    files = sound().files()
    found = fsck(MemoryStorage(files), anchor=anchor_of(files), now=NOW, limits=limits).findings

    assert all(isinstance(finding.error, TooLongError) for finding in found)
    assert name == found[0].role


def test_a_root_that_is_too_long_for_clients_is_refused():
    files = sound().rotated().files()
    found = fsck(
        MemoryStorage(files), anchor=anchor_of(files), now=NOW, limits=Limits(root=300)
    ).findings

    assert isinstance(found[0].error, TooLongError)


def test_more_roots_than_clients_walk_are_told_and_all_are_walked():
    world = sound().rotated().rotated().rotated()
    limits = Limits(root_rotations=2)
    files = world.files()
    found = fsck(MemoryStorage(files), anchor=anchor_of(files), now=NOW, limits=limits).findings

    long = only(LongChain, found)
    assert (1, 4, 2) == (long.first, long.last, long.error.limit)
    assert isinstance(long.error, LimitError)
    assert (
        ()
        == fsck(
            MemoryStorage(files), anchor=anchor_of(files), now=NOW, limits=Limits(root_rotations=3)
        ).findings
    )


def test_who_delegates_to_billions_costs_no_more_than_is_allowed():
    world = sound()
    bins = SuccinctRoles(
        keyids=world.targets.delegations.roles[0].keyids,
        threshold=1,
        bit_length=32,
        name_prefix="bin",
    )
    delegations = attrs.evolve(world.targets.delegations, roles=bins)
    world = world.edited(TARGETS, delegations=delegations).sealed()
    files = world.files()

    found = fsck(
        MemoryStorage(files), anchor=anchor_of(files), now=NOW, work=Work(signatures=50)
    ).findings

    assert [Unlisted, Unexamined] == kinds(found)
    assert 40 < len(found[0].roles) < 50
    assert "not all delegations were looked at" in str(found[1])


# -- lifetimes --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [ROOT, TIMESTAMP, SNAPSHOT, TARGETS, "team"])
def test_an_expired_role_is_told_with_who_must_sign(name):
    world = sound().edited(name, expires=NOW)
    world = world if name in (ROOT, TIMESTAMP) else world.sealed()

    expired = only(Expired, findings(world))
    assert (name, NOW) == (expired.role, expired.expired)
    assert isinstance(expired.error, ExpiredError)
    world = world.edited(name, expires=NOW + SECOND)
    world = world if name in (ROOT, TIMESTAMP) else world.sealed()
    assert [Expiring] == kinds(findings(world))


def test_expired_roles_do_not_hide_what_else_is_refused():
    world = sound(listing=only_version).signed_by("team", "a stranger").sealed()
    found = findings(world, now=NOW + 1000 * DAY)

    refused = [finding.role for finding in found if isinstance(finding, Refused)]
    expired = [finding.role for finding in found if isinstance(finding, Expired)]
    assert ["team"] == refused
    assert [ROOT, TIMESTAMP, SNAPSHOT, TARGETS] == expired


def test_the_root_that_expired_names_its_people():
    expired = only(Expired, findings(sound().edited(ROOT, expires=NOW)))

    ids = [one.key.id[:16] for one in signers("root", "root2", "root3")]
    assert (
        "root expired 2030-01-01 12:00Z: have it signed by 2 of the keys"
        f" {', '.join(ids)}, and publish it"
    ) == str(expired)


@pytest.mark.parametrize(
    ("name", "life"), [(ROOT, 59 * DAY), (TARGETS, 29 * DAY), (SNAPSHOT, DAY), (TIMESTAMP, DAY / 4)]
)
def test_what_expires_soon_is_told_before(name, life):
    world = sound().edited(name, expires=NOW + life)
    world = world if name in (ROOT, TIMESTAMP) else world.sealed()

    soon = only(Expiring, findings(world))
    assert (name, NOW + life, Severity.MEND) == (soon.role, soon.expires, soon.severity)


@pytest.mark.parametrize(
    ("name", "life"),
    [(ROOT, 1200 * DAY), (TARGETS, 800 * DAY), (SNAPSHOT, 101 * DAY), (TIMESTAMP, 33 * DAY)],
)
def test_what_lives_for_too_long_is_told(name, life):
    world = sound().edited(name, expires=NOW + life)
    world = world if name in (ROOT, TIMESTAMP) else world.sealed()

    assert name == only(LongLived, findings(world)).role


def test_an_expiry_that_nobody_signed_is_not_told():
    world = sound().signed_by(TIMESTAMP, "a stranger").edited(TIMESTAMP, expires=NOW)

    assert [Refused, StrangeSignature] == kinds(findings(world))


def test_a_role_that_nobody_can_sign_is_told():
    world = sound()
    entry = attrs.evolve(world.root.roles[TARGETS], threshold=2)
    world = world.edited(ROOT, roles=world.root.roles.including({TARGETS: entry}))
    found = findings(world)

    assert [Refused, Unsatisfiable] == kinds(found)
    assert (TARGETS, ROOT, 2, 1) == attrs.astuple(found[1])


def test_a_root_that_needs_every_one_of_its_keys_is_told():
    world = sound()
    entry = attrs.evolve(world.root.roles[ROOT], threshold=3)
    world = world.edited(ROOT, roles=world.root.roles.including({ROOT: entry}))
    world = world.signed_by(ROOT, "root", "root2", "root3")

    assert 3 == only(NoSpareKey, findings(world)).threshold


def test_hostile_names_are_not_the_storages_failure(tmp_path):
    """A file system may not even be asked for some of them."""
    from trustlib import FileStorage

    names = ["../x", "C:x", "a//b", "/etc/passwd", "..", "\0", "é" * 300, ".trustlib/lock", "a\\b"]
    world = sound()
    delegations = attrs.evolve(
        world.targets.delegations,
        roles=tuple(grant(name, "x/*", by=("team",)) for name in names),
    )
    world = world.edited(TARGETS, delegations=delegations).sealed()
    meta = {name: only_version(b"", 1) for name in names}
    world = world.edited(SNAPSHOT, meta=world.snapshot.meta.including(meta)).stamped()
    storage = FileStorage.public(tmp_path)
    for path, raw in world.files().items():
        if path != "1.team.json":
            storage.write(path, raw, replacing=None)

    examination = fsck(storage, anchor=anchor_of(world.files()), now=NOW)

    dangling = [finding for finding in examination.findings if isinstance(finding, Dangling)]
    assert set(names) == {finding.role for finding in dangling}
    assert all(line.isprintable() for line in str(examination).splitlines())


@pytest.mark.parametrize("path", sorted(sound().files()))
def test_a_damaged_file_is_sound_for_nobody(path):
    """Whatever fsck calls sound, a client accepts, and the other way round."""
    for world in (sound(), sound(listing=only_version), sound(consistent=False)):
        files = world.files()
        path = path if path in files else path.partition(".")[2]
        raw = files[path]
        value = json.loads(raw)
        damages = [
            raw[:-1],
            raw + b" ",
            raw.replace(b'"version":1', b'"version":2'),
            raw.replace(b"sha256", b"sha512"),
            files["timestamp.json"],
            json.dumps({**value, "signatures": []}).encode(),
            json.dumps({**value, "signatures": value["signatures"] * 2}).encode(),
            json.dumps(value, indent=3).encode(),
        ]
        anchor = anchor_of(files)
        for damage in damages:
            damaged = {**files, path: damage}
            examination = fsck(MemoryStorage(damaged), anchor=anchor, now=NOW)
            assert accepted(damaged, anchor) == examination.sound


def test_signatures_that_nobody_made_do_not_count():
    world = sound(listing=only_version)
    (alice,) = signers(TARGETS)
    raw = TUF_JSON.render(world.targets, (bogus(alice.key.id),))

    found = findings({**world.files(), "1.targets.json": raw})
    assert Refused is type(found[0])
