"""The directory of docker and notary: every layout is found, and nobody's file leads astray."""

import os
import shutil
import stat
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from notary import real_keys
from notary.real_keys import GUN, ROOTS, ROUNDS, SNAPSHOT, TARGETS, put

from trustlib._frozen import FrozenMap
from trustlib.errors import SigningError, WrongPassphraseError
from trustlib.notary.keys import NotaryKeyStore, _blocks, _bundle, _places, _sealing
from trustlib.notary.keys._blocks import Block
from trustlib.signing import Algorithm
from trustlib.signing.passphrases import FromEnvironment

PASSPHRASE = "correct horse"
ROOT = ROOTS[0]


@pytest.fixture
def store(tmp_path):
    return NotaryKeyStore(tmp_path / "trust", rounds=ROUNDS)


@pytest.fixture
def filled(store):
    """A store with the five keys of a real repository."""
    for real in real_keys.BUNDLED:
        put(store.directory, real.path.name, real.path.read_bytes())
    return store


@pytest.fixture
def plain(tmp_path):
    """A file that openssl made, without a passphrase."""
    private = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "plain.pem"
    path.write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    path.chmod(0o600)
    return path


def refusal(call):
    with pytest.raises(SigningError) as error:
        call()
    return str(error.value)


def headers(data, **changed):
    """The same block with other headers; None takes one away."""
    block = _blocks.block(data, _blocks.PRIVATE, what="k")
    said = {**block.headers, **changed}
    kept = FrozenMap({name: value for name, value in said.items() if value is not None})
    return Block(block.label, block.content, kept).rendered()


def tree(directory):
    return {
        str(path.relative_to(directory)): stat.S_IMODE(path.lstat().st_mode)
        for path in sorted(directory.rglob("*"))
    }


# -- finding ------------------------------------------------------------------------------


def test_looking_makes_nothing(store):
    assert () == store.list() == store.unreadable() == store.signers()
    assert "is not in" in refusal(lambda: store.get(ROOT.id))
    assert not store.directory.exists()


def test_keys_are_found_by_what_they_are_for(filled):
    def found(**asked):
        return {file.id for file in filled.find(**asked)}

    assert {real.id for real in real_keys.BUNDLED} == found()
    assert {real.id for real in ROOTS} == found(role="root") == found(role="root", gun=GUN)
    assert {TARGETS.id} == found(role="targets", gun=GUN)
    assert {real.id for real in ROOTS} == found(gun="example.com/other")
    assert () == filled.signers()


BARE = real_keys.SNAPSHOT.path.read_bytes()
PLAIN = real_keys.PLAIN.read_bytes()
LAYOUTS = {
    "today": ("{id}.key", {}, ("snapshot", GUN)),
    "2016": ("tuf_keys/example.com/a/b/{id}.key", {"gun": None}, ("snapshot", "example.com/a/b")),
    "2015": (
        "tuf_keys/example.com/a/b/{id}_targets.key",
        {"gun": None, "role": None},
        ("targets", "example.com/a/b"),
    ),
    "2015, root": ("root_keys/{id}_root.key", {"gun": None, "role": None}, ("root", None)),
    "2016, root": ("root_keys/{id}.key", {"gun": None, "role": "root"}, ("root", None)),
    "2016, a signer": ("tuf_keys/{id}.key", {"gun": None, "role": "user"}, ("user", None)),
    "by collection": ("example.com/a/{id}.key", {"gun": None}, ("snapshot", "example.com/a")),
    "a place that says otherwise": (
        "tuf_keys/example.com/b/{id}_targets.key",
        {},
        ("targets", "example.com/b"),
    ),
    "nothing said": ("{id}.key", {"gun": None, "role": None}, (None, None)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_read(store, layout):
    place, changed, expected = LAYOUTS[layout]
    put(store.directory, place.format(id=SNAPSHOT.id), headers(BARE, **changed))
    [file] = store.list()

    assert expected == (file.role, file.gun)
    assert SNAPSHOT.id == file.id == file.unlock(SNAPSHOT.passphrase).id
    assert file == store.get(SNAPSHOT.id)
    assert () == store.unreadable()


def test_the_legacy_layout_holds_legacy_files(store):
    name = f"root_keys/{real_keys.LEGACY_ID}_root.key"
    put(store.directory, name, real_keys.LEGACY.read_bytes())
    [file] = store.find(role="root")

    assert real_keys.LEGACY_ID == file.unlock(real_keys.LEGACY_PASSPHRASE).id


def test_of_a_key_in_two_places_todays_is_taken(filled):
    put(filled.directory, f"tuf_keys/a/{SNAPSHOT.id}_snapshot.key", BARE)

    assert 6 == len(filled.list())
    assert f"{SNAPSHOT.id}.key" == filled.get(SNAPSHOT.id).path.name


def test_a_damaged_file_does_not_hide_a_good_copy(filled):
    put(filled.directory, f"{SNAPSHOT.id}.key", b"damaged")
    copy = put(filled.directory, f"tuf_keys/a/{SNAPSHOT.id}.key", BARE)

    assert copy == filled.get(SNAPSHOT.id).path
    assert 1 == len(filled.unreadable())


def test_what_is_no_key_file_is_not_looked_at(filled):
    for name in ("README", ".lock", f".{ROOT.id}.key.00.new", "key", "x.key.bak"):
        put(filled.directory, name, b"")

    assert 5 == len(filled.list())
    assert () == filled.unreadable()


# -- somebody puts files there ------------------------------------------------------------


def test_links_are_not_followed(filled, tmp_path):
    """As the Go programs do not: neither to files nor to directories, nor in circles."""
    away = tmp_path / "away"
    put(away, TARGETS.path.name, TARGETS.path.read_bytes())
    private = filled.directory / "private"
    (private / TARGETS.path.name).unlink()
    (private / TARGETS.path.name).symlink_to(away / "private" / TARGETS.path.name)
    (private / "tuf_keys").symlink_to(away / "private")
    (private / "circle").symlink_to(private)

    assert TARGETS.id not in {file.id for file in filled.list()}
    assert () == filled.unreadable()


def test_the_directory_itself_may_be_a_link(filled, tmp_path):
    """To a stick, for example."""
    stick = tmp_path / "stick"
    (filled.directory / "private").rename(stick)
    (filled.directory / "private").symlink_to(stick)

    assert 5 == len(filled.list())


def test_a_new_key_is_not_written_through_a_link(store, tmp_path, plain):
    copy = NotaryKeyStore(tmp_path / "copy", rounds=ROUNDS)
    keyid = copy.add_unencrypted(plain, PASSPHRASE, role="root").id
    put(store.directory, "README", b"")
    victim = tmp_path / "victim"
    (store.directory / "private" / f"{keyid}.key").symlink_to(victim)

    assert "already" in refusal(lambda: store.add_unencrypted(plain, PASSPHRASE, role="root"))
    assert not victim.exists()

    victim.write_bytes(b"precious")
    victim.chmod(0o600)
    bundle = tmp_path / "bundle"
    copy.export(bundle)
    assert "already" in refusal(lambda: store.restore(bundle))
    assert b"precious" == victim.read_bytes()


def test_a_planted_key_is_not_used_for_the_one_it_claims_to_be(filled, tmp_path):
    """It may say that it is root's, and come first: it does not open."""
    other = NotaryKeyStore(tmp_path / "other", rounds=ROUNDS)
    planted = other.generate("the thief's", role="root")
    put(filled.directory, planted.path.name, planted.path.read_bytes())
    put(filled.directory, f"{real_keys.LEGACY_ID}.key", headers(PLAIN, role="root"))
    robot = FromEnvironment({"root": "ROOT"}, {"ROOT": ROOT.passphrase})
    opened = set()
    for file in filled.find(role="root"):
        with suppress(SigningError):
            opened.add(file.unlock_from(robot).id)

    assert {planted.id, real_keys.LEGACY_ID} < {file.id for file in filled.find(role="root")}
    assert {real.id for real in ROOTS} == opened


@pytest.mark.parametrize(
    "name",
    [
        "x.key",
        f"{ROOT.id[:-1]}.key",
        f"{ROOT.id.upper()}.key",
        f"{ROOT.id}0.key",
        f"{ROOT.id}_.key",
        f"{ROOT.id}_a\nb.key",
        f"\x1b[2J/{ROOT.id}.key",
        f"a\nb/{ROOT.id}.key",
        b"\xff".decode("utf-8", "surrogateescape") + f"/{ROOT.id}.key",
        f"{'a' * 250}/{'b' * 252}/{ROOT.id}.key",
    ],
)
def test_names_that_nobody_gives_are_told_in_one_printable_line(filled, name):
    put(filled.directory, name, ROOT.path.read_bytes())

    assert 5 == len(filled.list()) - (name.startswith("aaa"))
    for error in filled.unreadable():
        assert str(error).isprintable()
        assert name.startswith("aaa") or "its name is" in error.reason
    assert filled.unreadable() or name.startswith("aaa")


def test_a_directory_in_the_place_of_a_key_is_none(filled):
    (filled.directory / "private" / f"{real_keys.LEGACY_ID}.key").mkdir(mode=0o700)

    assert 5 == len(filled.list())


def test_a_pipe_in_the_place_of_a_key_keeps_nobody_waiting(filled):
    os.mkfifo(filled.directory / "private" / f"{real_keys.LEGACY_ID}.key", 0o600)

    assert 5 == len(filled.list())


def test_others_must_not_enter_the_directory(filled):
    private = filled.directory / "private"
    private.chmod(0o755)

    for call in (filled.list, filled.unreadable, lambda: filled.generate("x", role="root")):
        assert f"run: chmod 700 {private}" in refusal(call)


def test_a_directory_below_that_others_can_enter_is_told_and_not_read(filled):
    path = put(
        filled.directory, f"tuf_keys/a/{real_keys.LEGACY_ID}.key", real_keys.LEGACY.read_bytes()
    )
    path.parent.chmod(0o770)

    assert 5 == len(filled.list())
    assert [f"run: chmod 700 {path.parent}"] == [
        str(error).split("; ")[1] for error in filled.unreadable()
    ]


def test_a_file_that_others_can_read_is_told(filled):
    filled.get(ROOT.id).path.chmod(0o640)
    [error] = filled.unreadable()

    assert f"run: chmod 600 {filled.directory / 'private' / ROOT.id}.key" in error.reason
    assert 4 == len(filled.list())


def test_a_directory_with_too_much_in_it_is_given_up(store):
    private = put(store.directory, "README", b"").parent
    for folder in ("a", "b"):
        (private / folder).mkdir(mode=0o700)
        for number in range(_places.MOST // 2):
            os.mknod(private / folder / str(number), 0o600)

    assert f"has more than {_places.MOST} files" in refusal(store.list)


def test_a_place_that_is_no_directory_is_an_error(store):
    store.directory.mkdir(mode=0o700)
    (store.directory / "private").write_bytes(b"")

    assert "is not a directory" in refusal(store.list)


# -- adding -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "gun", "algorithm"),
    [
        ("root", None, Algorithm.ECDSA_P256),
        ("targets", GUN, Algorithm.ECDSA_P384),
        ("alice", None, Algorithm.ED25519),
        ("targets/releases", None, Algorithm.ECDSA_P256),
    ],
)
def test_a_new_key_is_made(store, role, gun, algorithm):
    file = store.generate(PASSPHRASE, role=role, gun=gun, algorithm=algorithm)

    assert (role, gun) == (file.role, file.gun)
    assert file.id == file.unlock(PASSPHRASE).id
    assert [file] == [*store.list()]
    assert {
        "private": 0o700,
        "private/.lock": 0o600,
        f"private/{file.id}.key": 0o600,
    } == tree(store.directory)


@pytest.mark.parametrize(
    ("role", "gun", "said"),
    [
        ("targets", None, "names the collection it is for"),
        ("snapshot", None, "names the collection it is for"),
        ("root", GUN, "names no collection"),
        ("alice", GUN, "names no collection"),
        ("", None, "printable characters on one line"),
        ("a\nrole: root", None, "printable characters on one line"),
        (" alice", None, "printable characters on one line"),
        ("targets", "a\nb", "printable characters on one line"),
        ("x" * 501, None, "printable characters on one line"),
    ],
)
def test_what_a_header_cannot_say_is_a_mistake(store, plain, role, gun, said):
    for call in (
        lambda: store.generate(PASSPHRASE, role=role, gun=gun),
        lambda: store.add_unencrypted(plain, PASSPHRASE, role=role, gun=gun),
    ):
        with pytest.raises(ValueError, match=said):
            call()
    assert not store.directory.exists()


def test_an_unencrypted_key_is_brought_in_under_a_passphrase(store, plain):
    file = store.add_unencrypted(plain, PASSPHRASE, role="alice")

    assert file.encrypted
    assert file.id == file.unlock(PASSPHRASE).id
    assert plain.exists()
    assert "already" in refusal(lambda: store.add_unencrypted(plain, PASSPHRASE, role="bob"))
    assert "is not encrypted" in refusal(lambda: store.add(plain, PASSPHRASE, role="alice"))


def test_an_encrypted_key_is_brought_in_and_says_itself_what_it_is_for(store, tmp_path):
    """What docker trust key load says it does, and does not."""
    source = tmp_path / "some.pem"
    shutil.copy(real_keys.LEGACY, source)
    source.chmod(0o600)
    file = store.add(source, real_keys.LEGACY_PASSPHRASE)

    assert ("root", None) == (file.role, file.gun)
    assert real_keys.LEGACY_ID == file.id == file.unlock(real_keys.LEGACY_PASSPHRASE).id
    assert b"DEK-Info" not in file.path.read_bytes()


def test_what_a_key_is_for_can_be_said_anew(store, tmp_path):
    source = put(tmp_path / "source", TARGETS.path.name, TARGETS.path.read_bytes())
    file = store.add(source, TARGETS.passphrase, role="alice")

    assert ("alice", None) == (file.role, file.gun)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"role": None}, "say role="),
        ({"gun": None}, "say gun="),
    ],
)
def test_somebody_must_say_what_a_key_is_for(store, tmp_path, changed, said):
    source = put(tmp_path, TARGETS.path.name, headers(TARGETS.path.read_bytes(), **changed))

    assert said in refusal(lambda: store.add(source, TARGETS.passphrase))
    assert GUN == store.add(source, TARGETS.passphrase, role="targets", gun=GUN).gun


def test_a_wrong_passphrase_brings_nothing_in(store, tmp_path):
    source = put(tmp_path, TARGETS.path.name, TARGETS.path.read_bytes())
    with pytest.raises(WrongPassphraseError):
        store.add(source, "hunter2")

    assert not store.directory.exists()


def test_a_key_in_an_old_layout_is_not_added_again(store, tmp_path):
    put(store.directory, f"root_keys/{ROOT.id}_root.key", ROOT.path.read_bytes())
    source = put(tmp_path / "source", ROOT.path.name, ROOT.path.read_bytes())

    assert "already" in refusal(lambda: store.add(source, ROOT.passphrase))


def test_what_cannot_be_written_is_an_error(store, plain):
    store.directory.write_bytes(b"")

    assert "cannot be" in refusal(lambda: store.add_unencrypted(plain, PASSPHRASE, role="root"))


# -- copying away, and back ---------------------------------------------------------------


def test_a_bundle_is_what_notary_writes_byte_by_byte(filled, tmp_path):
    written = filled.export(tmp_path / "bundle.pem")

    assert [real.id for real in real_keys.BUNDLED] == [file.id for file in written]
    assert real_keys.BUNDLE.read_bytes() == (tmp_path / "bundle.pem").read_bytes()
    assert 0o600 == stat.S_IMODE((tmp_path / "bundle.pem").stat().st_mode)
    assert "exists already" in refusal(lambda: filled.export(tmp_path / "bundle.pem"))


def test_a_bundle_comes_back_byte_by_byte(filled, tmp_path):
    store = NotaryKeyStore(tmp_path / "other")
    restored = store.restore(real_keys.BUNDLE)

    assert {real.id for real in real_keys.BUNDLED} == {file.id for file in restored}
    for file in restored:
        assert filled.get(file.id).path.read_bytes() == file.path.read_bytes()
        assert 0o600 == stat.S_IMODE(file.path.stat().st_mode)
    before = [file.path.stat() for file in restored]
    assert restored == store.restore(real_keys.BUNDLE)
    assert before == [file.path.stat() for file in restored]  # not even written again


def test_some_keys_are_exported_and_what_an_old_place_says_goes_with_them(store, tmp_path):
    put(
        store.directory,
        f"tuf_keys/example.com/a/{SNAPSHOT.id}_snapshot.key",
        headers(BARE, gun=None, role=None),
    )
    put(store.directory, ROOT.path.name, ROOT.path.read_bytes())
    store.export(tmp_path / "bundle.pem", *store.find(role="snapshot"))
    [file] = NotaryKeyStore(tmp_path / "other").restore(tmp_path / "bundle.pem")

    assert (SNAPSHOT.id, "snapshot", "example.com/a") == (file.id, file.role, file.gun)
    assert SNAPSHOT.id == file.unlock(SNAPSHOT.passphrase).id


def test_a_bundle_of_notary_0_3_is_read(store, tmp_path):
    old = tmp_path / "old.pem"
    old.write_bytes(
        headers(BARE, gun=None, role=None, path=f"tuf_keys/example.com/a/{SNAPSHOT.id}_snapshot")
        + headers(ROOT.path.read_bytes(), role=None, path=f"root_keys/{ROOT.id}_root")
    )
    snapshot, root = store.restore(old)

    assert ("snapshot", "example.com/a") == (snapshot.role, snapshot.gun)
    assert ("root", None) == (root.role, root.gun)


def test_a_key_of_a_bundle_in_two_places_is_there_once(filled, tmp_path):
    put(filled.directory, f"tuf_keys/a/{SNAPSHOT.id}_snapshot.key", BARE)
    filled.export(tmp_path / "bundle.pem")

    assert real_keys.BUNDLE.read_bytes() == (tmp_path / "bundle.pem").read_bytes()


def test_a_store_with_another_passphrase_is_not_overwritten(store):
    before = put(store.directory, ROOT.path.name, ROOT.path.read_bytes())
    store.get(ROOT.id).change_passphrase(old=ROOT.passphrase, new="new", rounds=ROUNDS)
    changed = before.read_bytes()

    assert "nothing was restored" in refusal(lambda: store.restore(real_keys.BUNDLE))
    assert changed == before.read_bytes()
    assert 1 == len(store.list())


SEALED = ROOT.path.read_bytes()
BUNDLES = {
    "no name": (SEALED, "does not say which key it is"),
    "a path out of here": (headers(SEALED, path=f"../../{ROOT.id}"), "its name is not one"),
    "an absolute path": (headers(SEALED, path=f"/etc/{ROOT.id}"), "its name is not one"),
    "a name that is none": (headers(SEALED, path="../../.bashrc"), "its name is"),
    "a name that is empty": (headers(SEALED, path=".key"), "its name is"),
    "a name that ends too late": (headers(SEALED, path=f"{ROOT.id}/"), "its name is"),
    "twice": (2 * headers(SEALED, path=ROOT.id), "is in the bundle already"),
    "not encrypted": (
        headers(real_keys.PLAIN.read_bytes(), path=real_keys.LEGACY_ID),
        "is not encrypted",
    ),
    "a certificate": (
        headers(SEALED, path=ROOT.id).replace(b"ENCRYPTED PRIVATE KEY", b"CERTIFICATE"),
        "labelled",
    ),
    "nothing": (b"", "is not a PEM file"),
    "text": (b"# keys\n" + headers(SEALED, path=ROOT.id), "is not a PEM file"),
    "too long": (b"\n" * (_bundle.MAX_BYTES + 1), "is longer than"),
}


@pytest.mark.parametrize("case", BUNDLES)
def test_a_bundle_that_is_none_restores_nothing(store, tmp_path, case):
    data, said = BUNDLES[case]
    bundle = tmp_path / "bundle.pem"
    good = b"" if case in {"nothing", "text", "too long"} else headers(BARE, path=SNAPSHOT.id)
    bundle.write_bytes(good + data)

    assert said in refusal(lambda: store.restore(bundle))
    assert not store.directory.exists()


def test_a_damaged_key_is_not_left_out_of_a_bundle_without_a_word(filled, tmp_path):
    path = put(filled.directory, f"{real_keys.LEGACY_ID}.key", b"damaged")
    said = refusal(lambda: filled.export(tmp_path / "bundle.pem"))

    assert said.startswith(f"{path}: is not a PEM file")
    assert "*store.list()" in said
    assert 5 == len(filled.export(tmp_path / "bundle.pem", *filled.list()))


def test_what_is_not_encrypted_or_not_there_is_not_exported(store, tmp_path):
    assert "no key in it" in refusal(lambda: store.export(tmp_path / "bundle.pem"))
    put(store.directory, f"{real_keys.LEGACY_ID}.key", real_keys.PLAIN.read_bytes())

    assert "encrypt() it first" in refusal(lambda: store.export(tmp_path / "bundle.pem"))
    assert not (tmp_path / "bundle.pem").exists()


def test_a_store_writes_no_fewer_rounds_than_notary(tmp_path):
    with pytest.raises(ValueError, match="expected 2048 or more"):
        NotaryKeyStore(tmp_path / "trust", rounds=_sealing.LEAST_ROUNDS - 1).generate(
            PASSPHRASE, role="root"
        )
    assert not (tmp_path / "trust").exists()
