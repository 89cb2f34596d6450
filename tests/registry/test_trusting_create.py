"""A collection is created by name, once, and never because a registry shows none."""

import pytest
from core.worlds import NOW
from publish.desks import digest
from registry.trusting import updater

from trustlib import (
    BY_HAND,
    ConflictError,
    DirectoryTransport,
    FileStorage,
    MemoryStorage,
    NoTrustDataError,
    PerOrganisation,
    SigningError,
    StorageError,
)
from trustlib.anchors import Anchor
from trustlib.publish import Publisher
from trustlib.registry import Policy, SpokenFor, create_collection, refuse_known
from trustlib.signing import KeyStore, Label
from trustlib.signing.passphrases import FromEnvironment, Purpose

NAME = "registry.example/acme"
PASSPHRASES = FromEnvironment(
    {"root": "ROOT", "targets": "REPOSITORY"},
    environment={"ROOT": "correct horse", "REPOSITORY": "battery staple"},
)


def created(storage, keys, **more):
    settings = {"passphrases": PASSPHRASES, "owner": "alice", "now": NOW} | more
    return create_collection(NAME, storage=storage, keys=keys, **settings)


@pytest.fixture
def keys(tmp_path):
    return KeyStore(tmp_path / "keys")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def made(site, tmp_path_factory):
    """A collection, made once: deriving keys from passphrases takes long, on purpose."""
    return created(
        FileStorage.public(site),
        KeyStore(tmp_path_factory.mktemp("made") / "keys"),
        edit=lambda before: before.with_tag(f"{NAME}/app:1.4", digest=digest(), size=7),
    )


def client(made, site, **more):
    names = PerOrganisation("registry.example")
    return updater(made.anchor, DirectoryTransport(site), names, **more)


def test_two_keys_are_made_and_what_they_sign_is_published(made, site):
    assert digest() == str(client(made, site).resolve(f"{NAME}/app:1.4").digest)
    assert {("root", NAME, "alice"), ("targets", NAME, "alice")} == {
        (stored.label.role, stored.label.collection, stored.label.owner)
        for stored in made.keys.list()
    }
    assert made.root.unlock("correct horse").key == made.root.key
    assert made.repository.unlock("battery staple").key == made.repository.key
    root = made.receipt.repository.root
    assert {made.root.key.id} == set(root.authority("root").keys)
    assert [{made.repository.key.id}] * 3 == [
        set(root.authority(role).keys) for role in ("targets", "snapshot", "timestamp")
    ]


def test_it_says_in_plain_words_what_to_back_up_and_until_when(made):
    assert str(made.keys.directory) in made.backup
    assert f"The root key {made.root.id[:8]} can replace every other key" in made.backup
    assert f"The repository key {made.repository.id[:8]}" in made.backup
    assert "sign again before 2030-01-15 12:00Z" in made.backup
    assert "horse" not in made.backup


class Asked:
    """A source that knows nothing, and remembers what it was asked."""

    def __init__(self):
        self.questions = []

    def passphrases(self, question):
        self.questions.append((question.role, question.purpose))
        return iter(())


@pytest.mark.parametrize(("owner", "purpose"), [("alice", Purpose.UNLOCK), ("bob", Purpose.CREATE)])
def test_a_root_key_of_the_same_owner_for_whichever_collection_is_used_again(keys, owner, purpose):
    keys.generate("correct horse", Label(role="root", owner=owner))
    nobody = Asked()

    with pytest.raises(SigningError, match="no source had"):
        created(MemoryStorage(), keys, passphrases=nobody)
    assert [("root", purpose)] == nobody.questions


def test_a_root_key_that_was_made_for_another_collection_is_not(keys):
    label = Label(role="root", owner="alice", collection="registry.example/other")
    other = keys.generate("correct horse", label)

    assert other.id != created(MemoryStorage(), keys).root.id


def test_it_is_not_created_over_one_that_is_there(made, site, keys):
    with pytest.raises(ConflictError) as caught:
        created(FileStorage.public(site), keys)
    assert () == keys.list()
    assert "is created once" in caught.value.__notes__[0]


@pytest.mark.parametrize("left", ["1.root.json", "timestamp.json"])
def test_nor_over_what_is_left_of_one(keys, left):
    storage = MemoryStorage()
    storage.write(left, b"{}", replacing=None)

    with pytest.raises(ConflictError):
        created(storage, keys)
    assert () == keys.list()


def test_a_name_that_the_key_store_knows_is_withheld_and_not_created(made):
    with pytest.raises(NoTrustDataError, match=r"has keys for it.*withhold"):
        created(MemoryStorage(), made.keys)
    assert 2 == len(made.keys.list())


def test_a_name_that_was_seen_from_here_is_withheld(made, site, keys):
    memory = MemoryStorage()
    client(made, site, storage=memory).refresh()

    with pytest.raises(NoTrustDataError, match="seen from here before"):
        created(MemoryStorage(), keys, memory=memory)
    assert () == keys.list()


def test_a_name_that_the_policy_knows_is_withheld(keys):
    anchor = Anchor.pinned(sha256="a" * 64)
    policy = Policy([SpokenFor(NAME, anchor=anchor, repository="acme/trust")])

    with pytest.raises(NoTrustDataError, match="the policy has a rule"):
        created(MemoryStorage(), keys, policy=policy)


def test_a_name_that_nothing_knows_is_nobodys(keys):
    policy = Policy([SpokenFor("docker.io", anchor=Anchor.pinned(sha256="a" * 64))])

    refuse_known(NAME, keys=keys, policy=policy, memory=MemoryStorage())


@pytest.mark.parametrize("known", [{}, {"ROOT": "correct horse"}])
def test_without_a_passphrase_for_both_nothing_is_made(keys, known):
    one = FromEnvironment({"root": "ROOT"}, environment=known)

    with pytest.raises(SigningError, match="no source had a passphrase for the new key"):
        created(MemoryStorage(), keys, passphrases=one)
    assert () == keys.list()


class Full(MemoryStorage):
    """A disk without room."""

    def write(self, path, data, *, replacing):
        raise StorageError(path, "No space left on device")


def test_what_fails_says_which_keys_are_left(keys):
    with pytest.raises(StorageError) as caught:
        created(Full(), keys)

    (note,) = caught.value.__notes__
    assert "published all the same" in note
    assert all(stored.id in note for stored in keys.list())
    assert 2 == len(keys.list())


@pytest.mark.parametrize("name", ["", "acme", "registry.example/Acme", "registry.example/acme:1"])
def test_what_is_no_name_of_a_collection_costs_no_key(keys, name):
    with pytest.raises(ValueError, match=r"domain|repository"):
        create_collection(
            name,
            storage=MemoryStorage(),
            keys=keys,
            passphrases=PASSPHRASES,
            owner="alice",
            now=NOW,
        )
    assert () == keys.list()


def test_a_root_key_that_was_there_before_is_not_called_left(keys):
    root = keys.generate("correct horse", Label(role="root", owner="alice"))

    def mistaken(repository):
        raise ValueError("a slip")

    with pytest.raises(ValueError, match="a slip") as caught:
        created(MemoryStorage(), keys, edit=mistaken)

    (note,) = caught.value.__notes__
    (made,) = keys.find(role="targets")
    assert f"{made.id} (repository)" in note
    assert root.id not in note


def test_who_brings_a_root_key_is_told_that_one_was_made(keys):
    root = keys.generate("correct horse", Label(role="root", owner="alice"))

    made = created(MemoryStorage(), keys)

    assert root.id == made.root.id
    assert made.backup.startswith("A key was made in")


def test_who_created_goes_on_without_a_passphrase(made, site):
    publisher = Publisher(
        anchor=made.anchor, signers=made.signers, expiry=BY_HAND, clock=lambda: NOW
    )
    storage = MemoryStorage()
    for path in FileStorage.public(site).list():
        storage.write(path, FileStorage.public(site).read(path).data, replacing=None)

    after = publisher.retrying(
        lambda before: before.with_tag(f"{NAME}/app:1.5", digest=digest("b"), size=8), storage
    )

    assert (made.root.key, made.repository.key) == tuple(one.key for one in made.signers)
    assert f"{NAME.partition('/')[2]}/app:1.5" in after.repository.targets["targets"].targets
    assert "signers" not in repr(made)


def test_who_is_asked_is_told_which_of_the_two_keys_it_is_about(keys):
    class Telling:
        def __init__(self):
            self.told = []

        def passphrases(self, question):
            self.told.append(str(question))
            yield f"a passphrase for {question.role}"

    somebody = Telling()
    created(MemoryStorage(), keys, passphrases=somebody)

    assert [
        f"the root key of {NAME} (root)",
        f"the repository key of {NAME} (targets)",
    ] == somebody.told


def test_who_is_interrupted_between_two_questions_leaves_no_key_behind(keys):
    """A key of that name would have the next attempt refused."""

    class Interrupted:
        def passphrases(self, question):
            if question.role == "targets":
                raise KeyboardInterrupt
            yield "correct horse"

    with pytest.raises(KeyboardInterrupt):
        created(MemoryStorage(), keys, passphrases=Interrupted())
    assert () == keys.list()
