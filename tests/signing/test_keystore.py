"""Keys are found by what people wrote on them, and are not lost by accident."""

import os
import shutil
import stat
import warnings

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from signing import kinds
from signing.kinds import PASSPHRASE

from trustlib import Authority, PathPatterns, Repository
from trustlib._frozen import FrozenMap
from trustlib.errors import SigningError, WrongPassphraseError
from trustlib.signing import Algorithm, KeyFile, KeyStore, Label, MemorySigner

ROOT = Label(role="root", owner="alice")
RELEASES = Label(role="acme/releases", owner="bob", collection="docker.io/acme")


@pytest.fixture
def store(tmp_path):
    return KeyStore(tmp_path / "store")


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """A store with two keys. Shared: do not write to it."""
    store = KeyStore(tmp_path_factory.mktemp("filled") / "store")
    store.generate(PASSPHRASE, ROOT)
    store.generate(PASSPHRASE, RELEASES, algorithm=Algorithm.ECDSA_P256)
    return store


@pytest.fixture
def copied(filled, tmp_path):
    """The same two keys, to be spoiled."""
    shutil.copytree(filled.directory, tmp_path / "copied")
    return KeyStore(tmp_path / "copied")


def refusal(call):
    with pytest.raises(SigningError) as error:
        call()
    return str(error.value)


def tree(directory):
    return {
        str(path.relative_to(directory)): stat.S_IMODE(path.lstat().st_mode)
        for path in directory.rglob("*")
    }


# -- making and finding -------------------------------------------------------------------


def test_a_new_key_signs_and_is_found_by_what_it_is_for(filled):
    [root] = filled.find(role="root")
    signature = root.unlock(PASSPHRASE).sign(b"payload")

    assert ROOT == root.label
    assert root.key.id == root.id
    assert root.key.verifies(signature.value, b"payload")
    assert root == filled.get(root.id)
    assert {ROOT, RELEASES} == {stored.label for stored in filled.list()}
    assert sorted(stored.id for stored in filled.list()) == [s.id for s in filled.list()]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, 2),
        ({"role": "root"}, 1),
        ({"owner": "bob"}, 1),
        ({"role": "root", "owner": "bob"}, 0),
        ({"collection": "docker.io/acme"}, 2),
        ({"collection": "docker.io/other"}, 1),
        ({"role": "acme/releases", "collection": "docker.io/other"}, 0),
    ],
)
def test_a_key_for_whichever_collection_is_found_for_each(filled, asked, found):
    assert found == len(filled.find(**asked))


def test_a_store_is_a_value_and_reads_nothing(tmp_path):
    assert KeyStore(tmp_path / "nowhere") == KeyStore(str(tmp_path / "nowhere"))
    assert () == KeyStore(tmp_path / "nowhere").list()
    assert () == KeyStore(tmp_path / "nowhere").exposures()
    assert [] == os.listdir(tmp_path)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_what_is_made_is_its_owners_under_any_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        store = KeyStore(tmp_path / "above" / "store")
        [made] = [store.generate(PASSPHRASE, ROOT)]
    finally:
        os.umask(before)

    assert {
        "above": 0o700,
        "above/store": 0o700,
        "above/store/.lock": 0o600,
        f"above/store/{made.id}": 0o700,
        f"above/store/{made.id}/key": 0o600,
        f"above/store/{made.id}/key.pub": 0o644 & ~umask,
        f"above/store/{made.id}/label.json": 0o600,
    } == tree(tmp_path)
    assert () == store.exposures()


def test_a_key_of_the_store_is_an_ordinary_key_file(filled, openssl):
    [root] = filled.find(role="root")
    openssl("pkey", "-in", root.file.path, "-passin", f"pass:{PASSPHRASE}", "-noout")

    assert root.key == KeyFile(root.file.path).unlock(PASSPHRASE).key


@pytest.mark.parametrize("keyid", ["", "0" * 64, "../x", "/etc", "0" * 63 + "\n", ".lock"])
def test_a_key_that_is_not_there_is_named(filled, keyid):
    said = refusal(lambda: filled.get(keyid))

    assert f"is not in {filled.directory}" in said
    assert said.isprintable()


# -- labels -------------------------------------------------------------------------------

HOSTILE = [
    "../../etc",
    "/etc/passwd",
    "C:\\x",
    "CON",
    ".lock",
    "key",
    '"},{"',
    "%2e%2e",
    "Alice",
    "alice",
    "x" * 500,
    "grün",
    "gru\u0308n",
]


def test_no_label_changes_what_anything_is_called(store, tmp_path):
    for at in range(0, len(HOSTILE), 3):
        role, owner, collection = (*HOSTILE, *HOSTILE)[at : at + 3]
        label = Label(role=role, owner=owner, collection=collection)
        made = store.add_unencrypted(plain_file(tmp_path), PASSPHRASE, label)

        assert label == store.get(made.id).label
        assert [made] == list(store.find(role=role, owner=owner, collection=collection))
        assert {".lock", made.id} == set(os.listdir(store.directory))
        assert {"key", "key.pub", "label.json"} == set(os.listdir(made.file.path.parent))
        store.remove(made.id, needed_by=())


def plain_file(tmp_path):
    file = KeyFile(tmp_path / "plain")
    file.path.unlink(missing_ok=True)
    file.public_path.unlink(missing_ok=True)
    return KeyFile.generate_unencrypted(file.path)


@pytest.mark.parametrize("text", ["", "x" * 501, "a\nb", "\x1b[2J", "\u202egnp", "\ud800", "\0"])
@pytest.mark.parametrize("part", ["role", "owner", "collection"])
def test_a_label_that_cannot_be_read_aloud_is_a_mistake(part, text):
    with pytest.raises(ValueError, match=f"{part}: expected 1 to 500 printable characters"):
        Label(**{"role": "root", "owner": "alice", part: text})


def test_a_label_is_changed_in_one_step(copied):
    [root] = copied.find(role="root")
    changed = copied.relabel(root.id, RELEASES)

    assert evolve(root, label=RELEASES) == changed == copied.get(root.id)
    assert 0o600 == stat.S_IMODE((root.file.path.parent / "label.json").stat().st_mode)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"role":"root","owner":"alice"}',
        b'{"collection":null,"role":"root","owner":""}',
        b'{"collection":null,"role":"root","owner":"a\\nb"}',
        b'{"collection":1,"role":"root","owner":"a"}',
        b'{"collection":null,"role":"root","role":"root","owner":"a"}',
        b"[" * 10_000,
        b"\xff",
        b"x" * 70_000,
    ],
)
def test_a_damaged_label_is_an_error_that_names_the_file(copied, text):
    [root] = copied.find(role="root")
    (root.file.path.parent / "label.json").write_bytes(text)

    said = refusal(copied.list)
    assert str(root.file.path.parent / "label.json") in said
    assert len(said) < 600


# -- bringing keys in ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [kinds.light, kinds.pbkdf2, kinds.scrypt, kinds.cryptography],
    ids=["light", "pbkdf2", "scrypt", "cryptography"],
)
def test_a_key_file_is_brought_in_under_its_passphrase(store, placed, openssl, write):
    file = placed(write(Algorithm.ED25519))
    added = store.add(file, PASSPHRASE, ROOT)
    private = load_pem_private_key(added.file.path.read_bytes(), PASSPHRASE.encode())

    assert kinds.private(Algorithm.ED25519).private_bytes_raw() == private.private_bytes_raw()
    assert added.key == added.unlock(PASSPHRASE).key
    assert file.path.exists()


def test_an_unencrypted_key_is_brought_in_under_a_passphrase_without_a_warning(store, placed):
    """It is what the warning would have asked for."""
    file = placed(kinds.plain(Algorithm.ED25519))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        added = store.add_unencrypted(file, PASSPHRASE, ROOT)

    assert added.file.encrypted
    assert added.key == added.unlock(PASSPHRASE).key


def test_a_key_is_not_brought_in_twice(store, placed):
    file = placed(kinds.light(Algorithm.ED25519))
    added = store.add(file, PASSPHRASE, ROOT)
    before = added.file.path.read_bytes()

    assert "is in" in refusal(lambda: store.add(file, PASSPHRASE, RELEASES))
    assert before == added.file.path.read_bytes()
    assert [ROOT] == [stored.label for stored in store.list()]


def test_what_cannot_be_opened_is_not_brought_in(store, placed):
    file = placed(kinds.light(Algorithm.ED25519))

    with pytest.raises(WrongPassphraseError):
        store.add(file, "wrong", ROOT)
    assert "is encrypted" in refusal(lambda: store.add_unencrypted(file, "x", ROOT))
    for call in (store.add, store.add_unencrypted):
        with pytest.raises(ValueError, match="empty passphrase"):
            call(file, "", ROOT)
    with pytest.raises(ValueError, match="empty passphrase"):
        store.generate("", ROOT)
    assert not store.directory.exists()


# -- removing -----------------------------------------------------------------------------


def repository(root, releases):
    other = MemorySigner.generate().key
    created = Repository.create(
        "docker.io/acme",
        root=Authority.of(root, other, threshold=1),
        targets=Authority.of(other),
        snapshot=Authority.of(other),
        timestamp=Authority.of(root),
    )
    return created.with_delegation(
        "acme/releases", keys=Authority.of(releases), grant=PathPatterns(("acme/*",))
    )


def test_the_last_copy_of_a_key_that_is_needed_is_not_removed(copied):
    [root], [releases] = copied.find(role="root"), copied.find(role="acme/releases")
    known = repository(root.key, releases.key)

    said = refusal(lambda: copied.remove(root.id, needed_by=[known.root]))
    assert "is the last copy, and still needed" in said
    assert "root of docker.io/acme lists it (1 of 2 keys must sign, so 1 may be lost)" in said
    assert "timestamp of docker.io/acme lists it (1 of 1 keys must sign, so 0 may be lost)" in said
    assert "targets" not in said
    said = refusal(
        lambda: copied.remove(releases.id, needed_by=[known.root, *known.targets.values()])
    )
    assert "acme/releases of docker.io/acme lists it" in said
    assert 2 == len(copied.list())


def test_a_key_that_is_needed_is_removed_where_there_are_copies(copied):
    [root] = copied.find(role="root")
    known = repository(root.key, root.key)
    copied.remove(root.id, needed_by=[known.root, *known.targets.values()], copies_elsewhere=1)

    assert [RELEASES] == [stored.label for stored in copied.list()]
    assert "is not in" in refusal(lambda: copied.get(root.id))
    assert "is not in" in refusal(lambda: copied.remove(root.id, needed_by=()))


def test_a_key_that_nobody_needs_is_removed(copied):
    [root] = copied.find(role="root")
    other = MemorySigner.generate().key
    copied.remove(root.id, needed_by=[repository(other, other).root])

    assert [RELEASES] == [stored.label for stored in copied.list()]
    assert not root.file.path.parent.exists()


def test_a_key_under_another_id_is_the_same_key(copied):
    """A key is its material; ids are names that publishers chose."""
    [root] = copied.find(role="root")
    known = repository(root.key, root.key).root
    [theirs] = [keyset for name, keyset in known.roles.items() if name == "timestamp"]
    renamed = evolve(
        known,
        keys=FrozenMap({"x": root.key}),
        roles=FrozenMap({"timestamp": evolve(theirs, keyids=("x",))}),
    )

    assert "timestamp" in refusal(lambda: copied.remove(root.id, needed_by=[renamed]))


def test_a_negative_number_of_copies_is_a_mistake(filled):
    with pytest.raises(ValueError, match="expected 0 copies or more, got -1"):
        filled.remove("0" * 64, needed_by=(), copies_elsewhere=-1)


# -- others on the machine ----------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o770, 0o777, 0o711])
def test_a_store_that_others_can_enter_is_not_used(copied, mode, tmp_path):
    [root] = copied.find(role="root")
    copied.directory.chmod(mode)

    for call in (
        copied.list,
        copied.find,
        lambda: copied.get(root.id),
        lambda: copied.generate(PASSPHRASE, ROOT),
        lambda: copied.relabel(root.id, ROOT),
        lambda: copied.remove(root.id, needed_by=()),
        lambda: copied.export(tmp_path / "backup", "x"),
    ):
        said = refusal(call)
        assert f"(mode {mode:04o}); run: chmod 700 {copied.directory}" in said
    assert [f"chmod 700 {copied.directory}"] == [
        str(exposure).rpartition("run: ")[2] for exposure in copied.exposures()
    ]


def test_what_others_can_get_at_is_listed_with_what_to_do(copied):
    [root] = copied.find(role="root")
    folder = root.file.path.parent
    folder.chmod(0o755)
    (folder / "key").chmod(0o640)
    (folder / "key.pub").chmod(0o646)
    (folder / "label.json").chmod(0o604)

    assert [
        f"{folder}: others can get at it (mode 0755); run: chmod 700 {folder}",
        f"{folder}/key: others can get at it (mode 0640); run: chmod 600 {folder}/key",
        f"{folder}/key.pub: others can get at it (mode 0646); run: chmod 600 {folder}/key.pub",
        f"{folder}/label.json: others can get at it (mode 0604); run: chmod 600 {folder}/label.json",
    ] == [str(exposure) for exposure in copied.exposures()]
    assert "chmod 600" in refusal(lambda: root.unlock(PASSPHRASE))


def test_a_file_in_the_place_of_the_store_is_named(tmp_path):
    (tmp_path / "store").write_bytes(b"")
    store = KeyStore(tmp_path / "store")

    assert "is not a directory" in refusal(store.list)
    assert "is not a directory" in refusal(lambda: store.generate("x", ROOT))


# -- exchanged and damaged ----------------------------------------------------------------


def test_keys_that_were_exchanged_are_noticed(copied):
    one, other = (stored.file.path.parent for stored in copied.list())
    shutil.copy(one / "key", other / "key")
    [_, second] = copied.list()
    assert "holds another key than" in refusal(lambda: second.unlock(PASSPHRASE))

    second.file.public_path.unlink()
    assert "holds another key than" in refusal(lambda: second.unlock(PASSPHRASE))

    shutil.copy(one / "key.pub", other / "key.pub")
    said = refusal(copied.list)
    assert f"is key {one.name}, expected {other.name}" in said


def test_a_link_in_the_place_of_a_key_is_not_a_key(copied, tmp_path):
    [first, _] = copied.list()
    folder = first.file.path.parent
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")

    assert first.id not in [stored.id for stored in copied.list()]
    assert "is not in" in refusal(lambda: copied.get(first.id))


def test_what_is_not_a_key_is_left_alone(copied):
    (copied.directory / "notes.txt").write_text("mine")
    (copied.directory / "folder").mkdir()

    assert 2 == len(copied.list())
    copied.generate(PASSPHRASE, ROOT)
    assert "mine" == (copied.directory / "notes.txt").read_text()


def test_nothing_secret_is_printed(filled):
    [root] = filled.find(role="root")
    private = load_pem_private_key(root.file.path.read_bytes(), PASSPHRASE.encode())

    assert PASSPHRASE not in repr((filled, root))
    assert private.private_bytes_raw().hex() not in repr((filled, root))


def test_a_key_of_another_programs_file_is_kept_under_a_passphrase(store):
    private = kinds.private(Algorithm.ECDSA_P256)
    stored = store.add_private(private, PASSPHRASE, ROOT)

    assert stored == store.get(stored.id)
    assert stored.key == stored.unlock(PASSPHRASE).key
    assert "already" in refusal(lambda: store.add_private(private, PASSPHRASE, ROOT))


def test_a_key_that_no_scheme_is_for_is_not_kept(store):
    """P-521 is a fine curve, and nothing in TUF signs with it."""
    private = ec.generate_private_key(ec.SECP521R1())

    assert "not a public key to sign with" in refusal(
        lambda: store.add_private(private, PASSPHRASE, ROOT)
    )
    assert () == store.list()
