"""What was backed up comes back byte by byte, or not at all, and nothing else comes with it."""

import io
import os
import re
import shutil
import stat
import subprocess
import tarfile

import pytest
from signing import kinds
from signing.ages import written
from signing.kinds import PASSPHRASE

from trustlib.errors import SigningError, WrongPassphraseError
from trustlib.signing import Algorithm, KeyStore, Label, _age, _backup, _tar
from trustlib.signing._private import public_pem

SECRET = "of the backup"
ROOT = Label(role="root", owner="alice")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A store with two keys. Shared: do not write to it."""
    store = KeyStore(tmp_path_factory.mktemp("filled") / "store")
    store.generate(PASSPHRASE, ROOT)
    store.generate("another", Label(role="targets", owner="bob", collection="docker.io/acme"))
    return store


@pytest.fixture(scope="module")
def backup(filled, tmp_path_factory):
    """A backup of it."""
    path = tmp_path_factory.mktemp("backup") / "keys.age"
    filled.export(path, SECRET)
    return path


@pytest.fixture(scope="module")
def light(backup, tmp_path_factory):
    """The same backup, but for a derivation that takes no time."""
    path = tmp_path_factory.mktemp("light") / "keys.age"
    archive = _age.decrypted(backup.read_bytes(), SECRET.encode(), what="b")
    path.write_bytes(written(archive, passphrase=SECRET.encode()))
    return path


@pytest.fixture
def elsewhere(tmp_path):
    """A store on another machine."""
    return KeyStore(tmp_path / "elsewhere")


def files(store):
    """Every file of every key, with its mode."""
    return {
        str(path.relative_to(store.directory)): (
            stat.S_IMODE(path.stat().st_mode),
            path.read_bytes() if path.is_file() else None,
        )
        for path in store.directory.rglob("*")
        if path.name != ".lock"
    }


def refusal(call):
    with pytest.raises(SigningError) as error:
        call()
    return str(error.value)


# -- there and back -----------------------------------------------------------------------


def test_a_restored_store_is_the_same_byte_by_byte_and_signs(filled, backup, elsewhere):
    restored = elsewhere.restore(backup, SECRET)

    assert files(filled) == files(elsewhere)
    assert restored == elsewhere.list()
    assert [(s.key, s.label) for s in filled.list()] == [(s.key, s.label) for s in restored]
    [root] = elsewhere.find(role="root")
    assert root.key.verifies(root.unlock(PASSPHRASE).sign(b"payload").value, b"payload")


def test_a_backup_is_private_and_tells_nothing(filled, backup):
    data = backup.read_bytes()

    assert 0o600 == stat.S_IMODE(backup.stat().st_mode)
    for told in (b"root", b"alice", b"acme", b"PRIVATE", filled.list()[0].id.encode()):
        assert told not in data


def test_exporting_returns_what_was_exported(filled, tmp_path):
    assert filled.list() == filled.export(tmp_path / "keys.age", SECRET)


def test_a_backup_is_never_written_over_something(filled, backup):
    before = backup.read_bytes()

    assert "exists already" in refusal(lambda: filled.export(backup, SECRET))
    assert before == backup.read_bytes()


def test_restoring_again_changes_nothing(filled, light, elsewhere):
    first = elsewhere.restore(light, SECRET)

    assert first == elsewhere.restore(light, SECRET)
    assert files(filled) == files(elsewhere)


def test_what_is_missing_is_restored_beside_what_is_there(filled, light, elsewhere):
    elsewhere.restore(light, SECRET)
    [root] = elsewhere.find(role="root")
    elsewhere.remove(root.id, needed_by=())
    mine = elsewhere.generate(PASSPHRASE, ROOT)
    elsewhere.restore(light, SECRET)

    assert files(filled).items() <= files(elsewhere).items()
    assert 3 == len(elsewhere.list())
    assert mine == elsewhere.get(mine.id)


def test_a_key_that_changed_since_is_not_replaced_and_nothing_else_is_restored(light, elsewhere):
    elsewhere.restore(light, SECRET)
    [root], [targets] = elsewhere.find(role="root"), elsewhere.find(role="targets")
    root.file.change_passphrase(old=PASSPHRASE, new="newer")
    elsewhere.remove(targets.id, needed_by=())
    before = files(elsewhere)

    said = refusal(lambda: elsewhere.restore(light, SECRET))
    assert f"key {root.id}: is in {elsewhere.directory} already" in said
    assert before == files(elsewhere)


def test_an_empty_store_has_nothing_to_back_up(elsewhere, tmp_path):
    assert "has no key in it" in refusal(lambda: elsewhere.export(tmp_path / "b", SECRET))
    assert not (tmp_path / "b").exists()


def test_a_damaged_or_exposed_key_is_not_backed_up(filled, tmp_path):
    shutil.copytree(filled.directory, tmp_path / "copied")
    store = KeyStore(tmp_path / "copied")
    [first, _] = store.list()
    first.file.path.chmod(0o644)
    assert "chmod 600" in refusal(lambda: store.export(tmp_path / "b", SECRET))

    first.file.path.chmod(0o600)
    first.file.path.write_bytes(first.file.path.read_bytes()[:-30])
    assert "is cut short" in refusal(lambda: store.export(tmp_path / "b", SECRET))
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("call", ["export", "restore"])
def test_an_empty_passphrase_is_a_mistake(filled, backup, tmp_path, call):
    with pytest.raises(ValueError, match="empty passphrase"):
        getattr(filled, call)(tmp_path / "new" if call == "export" else backup, "")


# -- what goes wrong ----------------------------------------------------------------------


def flipped(data):
    return data[:-40] + bytes([data[-40] ^ 1]) + data[-39:]


@pytest.mark.parametrize(
    ("spoil", "passphrase", "kind", "said"),
    [
        (lambda data: data, "wrong", WrongPassphraseError, "does not open this file"),
        (flipped, SECRET, SigningError, "is damaged, or was changed"),
        (lambda data: data[:-1], SECRET, SigningError, "is damaged, or was changed"),
        (lambda data: data[:100], SECRET, SigningError, "its header is damaged"),
        (lambda data: b"", SECRET, SigningError, "its header is damaged"),
        (lambda data: data.replace(b" 1\n", b" 40\n"), SECRET, SigningError, "N=2**40"),
        (lambda data: data + bytes(17 * 2**20), SECRET, SigningError, "is longer than"),
    ],
    ids=["wrong passphrase", "flipped", "cut", "half", "empty", "hostile work", "endless"],
)
def test_what_goes_wrong_has_its_error_and_leaves_nothing(
    light, elsewhere, tmp_path, spoil, passphrase, kind, said
):
    path = tmp_path / "spoiled"
    path.write_bytes(spoil(light.read_bytes()))
    with pytest.raises(SigningError, match=re.escape(said)) as error:
        elsewhere.restore(path, passphrase)

    assert kind is type(error.value)
    assert str(path) == error.value.what
    assert not elsewhere.directory.exists()


def test_a_backup_that_is_not_there_is_named(elsewhere, tmp_path):
    assert "there is no such file" in refusal(lambda: elsewhere.restore(tmp_path / "b", SECRET))
    assert "there is no such file" in refusal(lambda: elsewhere.restore_tar(tmp_path / "b"))


def test_a_backup_on_a_disk_without_modes_is_read(light, elsewhere, tmp_path):
    """Everything on a USB stick can be read by everybody; a backup is encrypted."""
    shutil.copy(light, tmp_path / "b")
    (tmp_path / "b").chmod(0o755)

    assert 2 == len(elsewhere.restore(tmp_path / "b", SECRET))


# -- a tar archive of the directory -------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        ["-C", "{store}", "-cf", "{tar}", "."],
        ["-C", "{above}", "-cf", "{tar}", "store"],
        ["-C", "{above}", "-czf", "{tar}", "store"],
        ["-C", "{above}", "--format=pax", "-cf", "{tar}", "store"],
        ["-C", "{above}", "--format=ustar", "-cf", "{tar}", "store"],
        ["-P", "-C", "/", "-cf", "{tar}", "{relative}"],
    ],
    ids=["inside", "with its name", "packed", "pax", "ustar", "with its whole path"],
)
def test_a_plain_archive_of_the_directory_is_restored(filled, elsewhere, tmp_path, options):
    places = {
        "store": filled.directory,
        "above": filled.directory.parent,
        "tar": tmp_path / "t",
        "relative": str(filled.directory).lstrip("/"),
    }
    subprocess.run(["tar", *(option.format(**places) for option in options)], check=True)
    elsewhere.restore_tar(tmp_path / "t")

    assert files(filled) == files(elsewhere)


def test_what_comes_out_of_an_export_is_such_an_archive(backup, filled, elsewhere, tmp_path):
    archive = _age.decrypted(backup.read_bytes(), SECRET.encode(), what="b")
    (tmp_path / "t").write_bytes(archive)
    elsewhere.restore_tar(tmp_path / "t")

    assert files(filled) == files(elsewhere)


def packed(contents, *more):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, data in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info in more:
            tar.addfile(info)
    return file.getvalue()


def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.fixture(scope="module")
def one(filled):
    """The files of one key by their names in an archive."""
    first = filled.list()[0].file.path.parent
    return {f"{first.name}/{path.name}": path.read_bytes() for path in sorted(first.iterdir())}


def named(one, ending):
    [name] = [name for name in one if name.endswith(ending)]
    return name


HOSTILE = {
    "leads up": (lambda one: packed({f"../{n}": d for n, d in one.items()}), "leads elsewhere"),
    "absolute": (lambda one: packed({f"/{n}": d for n, d in one.items()}), "leads elsewhere"),
    "with a link": (lambda one: packed(one, link("x", "/etc")), "a symbolic link"),
    "key is a link": (
        lambda one: packed(
            {n: d for n, d in one.items() if not n.endswith("/key")},
            link(named(one, "/key"), "/etc/shadow"),
        ),
        "a symbolic link",
    ),
    "hard link": (lambda one: packed(one, link("x", "y", tarfile.LNKTYPE)), "a hard link"),
    "device": (lambda one: packed(one, link("x", "", tarfile.CHRTYPE)), "a device"),
    "twice": (lambda one: packed(one, tarfile.TarInfo(named(one, "/key"))), "twice"),
    "something else": (lambda one: packed({**one, "x.txt": b""}), "'x.txt' in it"),
    "another file of the key": (
        lambda one: packed({**one, named(one, "/key").replace("/key", "/authorized_keys"): b""}),
        "authorized_keys' in it",
    ),
    "another id": (
        lambda one: packed({n.replace(n[:64], n[:63] + "g"): d for n, d in one.items()}),
        "in it",
    ),
    "two stores": (
        lambda one: packed({**one, **{f"b/{n}": d for n, d in one.items()}}),
        "two key stores in it",
    ),
    "exchanged": (
        lambda one: packed({n.replace(n[:64], "0" * 64): d for n, d in one.items()}),
        "somebody exchanged them",
    ),
    "without a label": (
        lambda one: packed({n: d for n, d in one.items() if not n.endswith(".json")}),
        "label.json is missing",
    ),
    "without the key": (
        lambda one: packed({n: d for n, d in one.items() if not n.endswith("/key")}),
        "key is missing",
    ),
    "long": (
        lambda one: packed({**one, named(one, ".pub"): b"x" * 70_000}),
        "a file is longer than 65536 bytes",
    ),
    "label": (
        lambda one: packed({**one, named(one, ".json"): b'{"role":1}'}),
        "is no label of a key",
    ),
    "damaged": (lambda one: packed({**one, named(one, "/key"): b"x"}), "is not a PEM file"),
    "hostile key": (
        lambda one: packed(
            {
                **one,
                named(one, "/key"): one[named(one, "/key")].replace(
                    b"PRIVATE KEY-----\nMI", b"PRIVATE KEY-----\nMJ"
                ),
            }
        ),
        "is damaged",
    ),
    "unencrypted": (
        lambda one: packed({**one, named(one, "/key"): kinds.plain(Algorithm.ED25519)}),
        "it is not encrypted",
    ),
    "nothing": (lambda one: packed({}), "has no key in it"),
    "no archive": (lambda one: b"x" * 1024, "is not opened"),
    "endless": (lambda one: bytes(_tar.MAX_BYTES + 1), "is longer than"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(one, elsewhere, tmp_path, case):
    make, said = HOSTILE[case]
    (tmp_path / "t").write_bytes(make(one))
    before = set(os.listdir(tmp_path))

    assert said in refusal(lambda: elsewhere.restore_tar(tmp_path / "t"))
    assert before == set(os.listdir(tmp_path))


def test_encryption_makes_a_hostile_archive_no_better(one, elsewhere, tmp_path):
    make, said = HOSTILE["key is a link"]
    (tmp_path / "b").write_bytes(written(make(one), passphrase=b"x"))

    assert said in refusal(lambda: elsewhere.restore(tmp_path / "b", "x"))
    assert not elsewhere.directory.exists()


def test_what_a_store_and_file_systems_keep_for_themselves_is_left_out(one, elsewhere, tmp_path):
    key = named(one, "/key")
    folder = key.removesuffix("/key")
    more = {
        ".lock": b"",
        ".DS_Store": b"x",
        f"{folder}/._key": b"x",
        f"{folder}/.key.0123.new": b"x",
        f".new-0123/{key[65:]}": b"x",
    }
    (tmp_path / "t").write_bytes(packed({**more, **one}))
    elsewhere.restore_tar(tmp_path / "t")

    assert {*one, folder} == set(files(elsewhere))


def test_a_backup_of_keys_of_every_kind_comes_back(tmp_path, elsewhere):
    contents = {}
    for algorithm in kinds.EVERY:
        public = public_pem(kinds.private(algorithm))
        key = _backup._files.public_key(public, what="k")
        contents[key.id] = _backup.checked(
            key.id,
            {
                "key": kinds.light(algorithm),
                "key.pub": public,
                "label.json": Label(role=algorithm.value, owner="alice").rendered(),
            },
            what="k",
        )
    (tmp_path / "b").write_bytes(written(_backup.packed(contents), passphrase=b"x"))
    elsewhere.restore(tmp_path / "b", "x")

    for algorithm in kinds.EVERY:
        [stored] = elsewhere.find(role=algorithm.value)
        assert kinds.SCHEMES[algorithm] == stored.unlock(PASSPHRASE).key.scheme
