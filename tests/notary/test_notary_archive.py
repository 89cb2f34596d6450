"""Everything that a server has is archived, verified, and answers when there is no server."""

import hashlib
import json

import pytest
from notary.collections_of import (
    DAY,
    LATER,
    NAME,
    NOW,
    REPOSITORIES,
    Collection,
    Delegations,
    Served,
    ec_private,
    fixture_files,
    fixture_state,
    grant,
    keys,
    pem_of,
    root_signer,
    signer,
    target,
    with_pem,
)
from notary.collections_of import certificate as certified
from notary.moving_home import at, gun, last, old_roots

from trustlib import (
    Anchor,
    ExpiredError,
    FileStorage,
    LimitError,
    Limits,
    MalformedError,
    MemoryStorage,
    NotFoundError,
    Offline,
    Request,
    RollbackError,
    StorageError,
    ThresholdError,
    TransportError,
    Updater,
    WrongCollectionError,
)
from trustlib._types import ROOT, TARGETS
from trustlib.notary import RELEASES, Archive, ContentTrust, Record, archive
from trustlib.notary.archives import RECORD

ALICE = "targets/alice"


def archived(source, storage=None, *, now=NOW, **more):
    files = source.files() if isinstance(source, Collection) else source
    transport = Served(files) if isinstance(files, dict) else files
    anchor = more.pop("anchor", None) or Collection.create().pin
    return archive(
        more.pop("name", NAME),
        anchor=anchor,
        transport=transport,
        storage=MemoryStorage() if storage is None else storage,
        now=now,
        **more,
    )


def then(collection, role, **changes):
    """The next publication, in which *role* says something else."""
    return collection.next(role).edited(role, **changes).sealed()


def tagged(collection, tag, data, role=TARGETS):
    listed = collection.role(role).targets.including({tag: target(data)})
    return then(collection, role, targets=listed)


def grown():
    """A collection with a past: three tags, and one role below."""
    alice = signer("alice")
    given = Delegations(keys=keys(alice), roles=(grant(ALICE, alice),))
    collection = then(tagged(Collection.create("v1"), "v2", "two"), TARGETS, delegations=given)
    collection = collection.with_role(ALICE, alice, v3="three")
    return tagged(tagged(collection, "v4", "four", ALICE), "v3", "three")


def versions(kept):
    return {(one.role, one.version) for one in kept.record.files}


# -- what real programs made ------------------------------------------------------------


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_every_file_of_a_real_collection_is_archived_and_answers_offline(repository, tmp_path):
    files, store = fixture_state(repository, last(repository)), FileStorage(tmp_path)
    anchor = Anchor.root(old_roots(repository)[0])

    made = archive(
        gun(repository), anchor=anchor, transport=Served(files), storage=store, now=at(repository)
    )

    newest = last(repository)["versions"]
    there = {
        hashlib.sha256(raw).hexdigest()
        for name, version, raw in fixture_files(repository)
        if version <= newest.get(name, 0)
    }
    assert there == {one.sha256 for one in made.record.files}
    assert () == made.record.left
    assert old_roots(repository) == made.roots
    updater = Archive.open(FileStorage(tmp_path), sha256=made.sha256).updater(anchor)
    trusted = updater.refresh()
    assert newest[TARGETS] == trusted.targets.role.version
    assert at(repository).replace(microsecond=0) == trusted.now


def test_the_directory_is_a_store_that_answers_with_nobody_asked(tmp_path):
    """Without the archive's own reader, as well: it is a client's memory."""
    collection, alice = Collection.create("v1"), signer("alice")
    given = Delegations(keys=keys(alice), roles=(grant(RELEASES, alice),))
    collection = then(collection, TARGETS, delegations=given).with_role(RELEASES, alice, v2="two")
    made = archived(collection, FileStorage(tmp_path))

    def updater(now):
        app = ContentTrust(NAME)
        said = {"names": app.names, "format": app, "clock": lambda: now}
        store = FileStorage(tmp_path)
        return Updater(anchor=collection.pin, transport=Offline(), storage=store, **said)

    assert target("two").hashes["sha256"] == updater(made.clock()).resolve(f"{NAME}:v2").digest.hex
    with pytest.raises(ExpiredError):
        updater(LATER + DAY).refresh()


def test_an_archive_answers_for_ever_and_moves_nobodys_clock():
    made = archived(grown())

    found = made.updater(Collection.create().pin).resolve(f"{NAME}:v2")

    assert target("two").hashes["sha256"] == found.digest.hex
    assert NOW == made.clock()
    with pytest.raises(ExpiredError):
        archived(made, now=LATER + DAY)


def test_an_archive_can_be_archived_and_is_the_same():
    made = archived(grown())

    again = archived(made)

    assert {one.sha256 for one in made.record.files} == {one.sha256 for one in again.record.files}


def test_an_archive_answers_by_name_by_number_and_by_hash_and_nothing_else():
    collection = grown()
    made, files = archived(collection), collection.files()

    for path, raw in files.items():
        (piece,) = made.fetch(_asking(path))
        assert raw == piece
    (rest,) = made.fetch(_asking("root.json", offset=5))
    assert files["root.json"][5:] == rest
    for path in ("9.root.json", "1.root.txt", f"root.{'0' * 64}.json", "targets/bob.json"):
        assert made.fetch(_asking(path)) is None


def _asking(path, offset=0):
    return Request(path=path, offset=offset)


# -- going on ---------------------------------------------------------------------------


def test_what_is_there_is_not_asked_for_again():
    served, store = Served(grown().files()), MemoryStorage()
    archived(served, store)
    asked = len(served.asked)

    archived(served, store)

    again = served.asked[asked:]
    assert not [path for path in again if "snapshot." in path and path != "timestamp.json"]
    assert len(again) < asked / 2


def test_an_archive_that_was_interrupted_anywhere_goes_on():
    files = grown().files()
    served = Served(files)
    whole = {one.sha256 for one in archived(served).record.files}
    for place in range(0, len(served.asked), 2):
        store = MemoryStorage()
        with pytest.raises(TransportError):
            archived(_Breaking(files, place), store)
        with pytest.raises(StorageError, match="archive"):
            Archive.open(store)

        made = archived(files, store)

        assert whole == {one.sha256 for one in made.record.files}


class _Breaking(Served):
    """A server that fails after some answers."""

    def __init__(self, files, answers):
        super().__init__(files)
        self.answers = answers

    def fetch(self, request):
        if len(self.asked) == self.answers:
            raise TransportError(request.path, "the connection broke")
        return super().fetch(request)


def test_so_much_is_asked_for_in_one_go_and_then_it_goes_on():
    files, store = grown().files(), MemoryStorage()
    runs = 0
    while runs < 40:
        runs += 1
        try:
            made = archived(files, store, most=3)
        except LimitError:
            continue
        break

    assert runs > 2
    assert {one.sha256 for one in archived(files).record.files} == {
        one.sha256 for one in made.record.files
    }


def test_what_is_complete_stays_so_while_it_is_done_again():
    collection, store = grown(), MemoryStorage()
    archived(collection, store)
    before, after = store.load(RECORD), tagged(tagged(collection, "v5", "five"), "v6", "six")
    newest = (TARGETS, after.targets.version)

    with pytest.raises(LimitError):
        archived(after, store, most=0)

    assert before == store.load(RECORD)
    assert newest not in versions(Archive.open(store))
    assert newest in versions(archived(after, store))


def test_a_file_that_was_damaged_on_the_disk_is_fetched_again():
    files, store = grown().files(), MemoryStorage()
    made = archived(files, store)
    former = next(one for one in made.record.files if (one.role, one.version) == ("targets", 1))
    assert store.save(former.file, b"damaged", replacing=store.load(former.file))

    archived(files, store)

    assert former.sha256 == hashlib.sha256(store.load(former.file)).hexdigest()


def test_progress_is_told():
    told = []

    made = archived(grown(), progress=told.append)

    assert NAME == told[-1].collection
    assert list(range(1, len(told) + 1)) == [one.asked for one in told]
    assert told[-1].kept <= len(made.record.files)


# -- a server that is not well ----------------------------------------------------------


def test_what_is_current_and_not_to_be_trusted_leaves_nothing():
    files, store = grown().files(), MemoryStorage()
    files["timestamp.json"] = files["timestamp.json"].replace(b'"version":6', b'"version":7')

    with pytest.raises(ThresholdError):
        archived(files, store)

    assert {} == dict(store.files)


def test_a_server_that_goes_back_is_refused():
    collection, store = grown(), MemoryStorage()
    archived(tagged(collection, "v4", "four"), store)

    with pytest.raises(RollbackError):
        archived(collection, store)


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
def test_a_former_file_that_nobody_signed_is_named_and_not_kept(role):
    mallory = with_pem(ec_private("mallory"), pem_of(certified(ec_private("mallory"))))
    collection = grown().rotated(ROOT, root_signer("next"))
    files = collection.files()
    forged = Collection.create("evil", root=mallory)
    for name in ("timestamp", "snapshot", "targets"):
        forged = forged.signed_by(name, signer("mallory"))
    number = {"root": 1, "timestamp": 2, "snapshot": 1, "targets": 1}[role]
    evil = forged.edited(role, version=number).raw(role)
    old, anchor = files[f"{number}.{role}.json"], Anchor.root(files["1.root.json"])
    files = {path: raw for path, raw in files.items() if raw != old}
    files[f"{number}.{role}.json"], store = evil, MemoryStorage()

    made = archived(files, store, anchor=anchor)

    assert evil not in set(store.files.values())
    assert role in {one.role for one in made.record.left}


def test_a_root_that_a_stranger_put_before_ours_is_not_kept():
    """Anybody can sign our root besides us; that does not make them who we were."""
    mallory = with_pem(ec_private("mallory"), pem_of(certified(ec_private("mallory"))))
    collection = Collection.create("v1").rotated(ROOT, root_signer("next"))
    collection = collection.signed_by(ROOT, *collection.by[ROOT], mallory).next()
    files, stranger = collection.files(), Collection.create("evil", root=mallory).raw(ROOT)
    files["1.root.json"] = stranger
    store = MemoryStorage()

    made = archived(files, store, anchor=collection.pin)

    assert ("root", 1) not in versions(made)
    assert stranger not in set(store.files.values())
    assert ("root", 1) in {(one.role, one.version) for one in made.record.left}


def test_a_file_that_is_under_another_number_is_not_kept_as_that():
    collection = grown()
    files = collection.files()
    files["2.timestamp.json"] = files["3.timestamp.json"]

    made = archived(files)

    assert ("timestamp", 2) not in versions(made)
    assert any(one.role == "timestamp" and one.version == 2 for one in made.record.left)


def test_a_former_file_that_has_no_end_is_named_and_not_read():
    files = grown().files()
    files["2.timestamp.json"] = b"x" * 20_000

    made = archived(files, limits=Limits(timestamp=16_384))

    assert any("bytes" in one.why for one in made.record.left)


def test_a_version_beyond_all_counting_ends():
    files = grown().at(timestamp=2**52).files()
    served = Served(files)

    made = archived(served)

    assert ("timestamp", 2**52) in versions(made)
    assert len(served.asked) < 300


def test_what_the_server_has_no_more_is_absent():
    files = {p: raw for p, raw in grown().files().items() if not p.startswith("2.timestamp")}

    made = archived(files)

    assert ("timestamp", 2) in made.record.absent
    assert ("targets", 1) in versions(made)  # by its number


def test_a_storage_of_another_collection_is_refused():
    store = MemoryStorage()
    archived(grown(), store)

    with pytest.raises(WrongCollectionError):
        archived(grown(), store, name="docker.io/acme/other")


# -- the record -------------------------------------------------------------------------


def test_an_archive_that_is_not_the_one_written_down_is_refused():
    store = MemoryStorage()
    made = archived(grown(), store)

    assert made.record == Archive.open(store, sha256=made.sha256).record
    with pytest.raises(StorageError, match="expected the hash"):
        Archive.open(store, sha256="0" * 64)
    with pytest.raises(StorageError, match="no archive"):
        Archive.open(MemoryStorage())


def test_a_file_that_is_missing_is_no_absence():
    store = MemoryStorage()
    made = archived(grown(), store)
    emptied = MemoryStorage({RECORD: store.load(RECORD)})

    with pytest.raises(TransportError):
        Archive.open(emptied).updater(Collection.create().pin).refresh()
    assert made.roots


def test_the_record_says_what_it_was_read_from():
    made = archived(grown())

    assert made.record == Record.parse(made.record.rendered())


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(kind="another"),
        lambda value: value.update(verified="yesterday"),
        lambda value: value["current"].update(root="0" * 64),
        lambda value: value["files"][0].update(role="../../etc"),
        lambda value: value["files"][0].update(version=0),
        lambda value: value["files"][0].update(sha256="zz"),
        lambda value: value["absent"].append({"role": "x", "version": 1}),
        lambda value: value["left"].append({"role": "root", "version": True, "why": ""}),
        lambda value: value.pop("complete"),
    ],
)
def test_a_damaged_record_says_where(change):
    value = json.loads(archived(grown()).record.rendered())
    change(value)

    with pytest.raises(MalformedError):
        Record.parse(json.dumps(value).encode())


def test_an_archive_of_what_is_no_image_answers_by_its_paths():
    app = ContentTrust("releases")
    collection = Collection.create(
        "tool.tgz", name="releases", root=root_signer("root", "releases")
    )

    made = archived(collection, name=app.name, anchor=collection.pin)

    assert "tool.tgz" == made.updater(collection.pin).find("tool.tgz").path
    with pytest.raises(NotFoundError):
        made.updater(collection.pin).find("other")
