"""What trustlib publishes, a client in another language accepts, and refuses once tampered with.

The judge is tuf-js, on loopback HTTP. It comes from the ``node_modules`` named by
TRUSTLIB_TUFJS; where that is not set, npm installs it for the time of the test run.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from attrs import evolve, field, frozen
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from transport.servers import Server, answer

from trustlib import BY_HAND, Authority, Key, MemoryStorage, Repository, SigningPlan
from trustlib._frozen import FrozenMap
from trustlib._paths import plain, published_target
from trustlib.keys import Signature
from trustlib.roles import PathPatterns, Target
from trustlib.signing import Algorithm, MemorySigner

pytestmark = [pytest.mark.servers, pytest.mark.slow]

CLIENT = Path(__file__).with_name("tufjs_client.mjs")
PACKAGES = ("tuf-js@5.0.1", "@tufjs/models@4.1.1")
PATIENCE = 120  # seconds for npm or node; whoever needs more hangs


@pytest.fixture(scope="session")
def modules(tmp_path_factory):
    """The ``node_modules`` in which tuf-js is."""
    program("node")
    if named := os.environ.get("TRUSTLIB_TUFJS"):
        there = Path(named).absolute()
        if not (there / "tuf-js").is_dir():
            absent(f"TRUSTLIB_TUFJS={named}: no tuf-js in there")
        return there
    npm = program("npm")
    here = tmp_path_factory.mktemp("npm")
    quiet = ("--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--fetch-retries=0")
    try:
        done = subprocess.run(
            [npm, "install", *quiet, "--prefix", here, *PACKAGES],
            cwd=here, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        failed = f"status {done.returncode}" if done.returncode else None
    except subprocess.TimeoutExpired:
        failed = "it hangs"
    if failed:
        absent(f"npm cannot install tuf-js ({failed}); name its node_modules in TRUSTLIB_TUFJS")
    return here / "node_modules"


def absent(reason):
    """Skip, also where servers are required: this judge is a guest from another registry."""
    pytest.skip(reason)


def program(name):
    """The path of *name*, or a skip."""
    found = shutil.which(name)
    if found is None:
        absent(f"not installed: {name}")
    return found


@pytest.fixture
def tufjs(modules, tmp_path):
    """A client that remembers: visit(files, *paths) → what it found, or {"refused": why}."""
    node = program("node")

    def visit(files, *paths, client="client"):
        directory = tmp_path / client
        if not directory.exists():
            directory.mkdir()
            (directory / "root.json").write_bytes(files["1.root.json"])

        def script(asked):
            data = files.get(unquote(asked.target.removeprefix("/")))
            yield answer(b"", status="404 Not Found") if data is None else answer(data)

        with Server(script) as server:
            task = {
                "modules": str(modules),
                "url": server.url,
                "directory": str(directory),
                "paths": paths,
            }
            done = subprocess.run(
                [node, CLIENT, json.dumps(task)],
                capture_output=True, text=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)

    return visit


# -- who publishes ----------------------------------------------------------------------


class RsaSigner:
    """Somebody whose key is RSA, which trustlib verifies and does not make."""

    def __init__(self):
        self._private = rsa.generate_private_key(65537, 2048)
        public = self._private.public_key()
        spki = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.key = Key.from_pem(spki.decode())

    def sign(self, payload):
        used = hashes.SHA256()
        salted = padding.PSS(padding.MGF1(used), used.digest_size)
        return Signature(self.key.id, self._private.sign(payload, salted, used))


MAKERS = {
    "ed25519": MemorySigner.generate,
    "ecdsa-sha2-nistp256": lambda: MemorySigner.generate(Algorithm.ECDSA_P256),
    "rsassa-pss-sha256": RsaSigner,
}


def made(count):
    """So many signers with ed25519 keys."""
    return tuple(MemorySigner.generate() for _ in range(count))


def of(*signers, threshold=1):
    return Authority.of(*(signer.key for signer in signers), threshold=threshold)


def content(path):
    return f"this is {path}".encode()


def target(path):
    return Target(
        length=len(content(path)),
        hashes=FrozenMap({"sha256": hashlib.sha256(content(path)).hexdigest()}),
    )


@frozen(kw_only=True)
class Desk:
    """A repository as it is published, and everybody who may sign for it."""

    repository: Repository
    people: tuple
    storage: MemoryStorage = field(factory=MemoryStorage)

    def publish(self, after, *more):
        """Publish *after*, signed by everybody who is asked, *more* people included."""
        people = (*self.people, *more)
        # tuf-js looks at the clock, so what it shall accept is signed today.
        plan = SigningPlan.between(self.repository, after, now=datetime.now(UTC), expiry=BY_HAND)
        asked = [
            signer
            for signer in people
            if any(draft.request.asks(signer.key) for draft in plan.drafts.values())
        ]
        receipt = plan.signed_by(*asked).publication().apply(self.storage)
        return evolve(self, repository=receipt.repository, people=people)

    @property
    def files(self) -> Mapping[str, bytes]:
        """What a web server would serve: metadata, and the targets that it names."""
        served = dict(self.storage.files)
        for role in self.repository.targets.values():
            for path, listed in role.targets.items():
                file = plain(published_target(path, listed.hashes["sha256"]))
                served[f"targets/{file}"] = content(path)
        return served


def created(*signers, threshold=1, extra=()):
    """A desk whose four top-level roles are all signed by *signers*."""
    every = of(*signers, threshold=threshold)
    repository = Repository.create(
        "docker.io/acme", root=every, targets=every, snapshot=every, timestamp=every
    )
    return Desk(repository=repository, people=(*signers, *extra))


def with_targets(repository, *paths, role="targets"):
    for path in paths:
        repository = repository.with_target(path, target(path), role=role)
    return repository


def found(*paths, absent=()):
    """What a client says that found *paths*, bytes included, and nothing at *absent*."""
    contents = {path: content(path).decode() for path in paths}
    return {"found": {**contents, **dict.fromkeys(absent)}}


def bent(data):
    """*data* with the last of its digits changed: still JSON, and as long."""
    at = max(data.rfind(b"%d" % digit) for digit in range(10))
    return data[:at] + (b"1" if data[at : at + 1] != b"1" else b"2") + data[at + 1 :]


# -- what it accepts --------------------------------------------------------------------


@pytest.mark.parametrize("scheme", MAKERS)
def test_tufjs_accepts_what_each_scheme_signs(tufjs, scheme):
    desk = created(MAKERS[scheme]())
    assert scheme == desk.people[0].key.scheme
    desk = desk.publish(with_targets(desk.repository, "tools/installer.tgz", "acme/app:1.4"))

    expected = found("tools/installer.tgz", "acme/app:1.4", absent=["acme/app:1.5"])
    assert expected == tufjs(desk.files, "tools/installer.tgz", "acme/app:1.4", "acme/app:1.5")


def test_tufjs_accepts_a_threshold_of_two_with_keys_of_three_kinds(tufjs):
    desk = created(*(make() for make in MAKERS.values()), threshold=2)
    desk = desk.publish(with_targets(desk.repository, "acme/app:1.4"))

    assert found("acme/app:1.4") == tufjs(desk.files, "acme/app:1.4")


def delegating():
    """targets → acme/releases → acme/releases/db (terminating), then acme/others."""
    everything, releases, db, others = made(4)
    desk = created(everything, extra=(releases, db, others))
    paths = PathPatterns(("acme/*",))
    after = (
        desk.repository.with_delegation("acme/releases", keys=of(releases), grant=paths)
        .with_delegation(
            "acme/releases/db", keys=of(db), grant=PathPatterns(("acme/db:*",)),
            terminating=True, by="acme/releases",
        )
        .with_delegation("acme/others", keys=of(others), grant=paths)
    )  # fmt: skip
    after = with_targets(after, "acme/app:1", role="acme/releases")
    after = with_targets(after, "acme/db:16", role="acme/releases/db")
    after = with_targets(after, "acme/db:17", "acme/web:1", role="acme/others")
    return desk.publish(after)


def test_tufjs_walks_delegations_as_they_are_meant(tufjs):
    """Role names with a slash, nested roles, and one that ends the search (§5.6.7)."""
    desk = delegating()

    expected = found("acme/app:1", "acme/db:16", "acme/web:1", absent=["acme/db:17"])
    assert expected == tufjs(desk.files, "acme/app:1", "acme/db:16", "acme/web:1", "acme/db:17")


def rotated():
    """Root's keys replaced twice; the second time everybody's."""
    first, second, third = made(3)
    desk = created(first)
    desk = desk.publish(with_targets(desk.repository, "acme/app:1"))
    before = desk.files
    after = desk.repository.with_keys("root", second.key).without_keys("root", first.key)
    desk = desk.publish(after, second)
    after = desk.repository
    for role, old in (
        ("root", second),
        ("targets", first),
        ("snapshot", first),
        ("timestamp", first),
    ):
        after = after.with_keys(role, third.key).without_keys(role, old.key)
    desk = desk.publish(with_targets(after, "acme/app:2"), third)
    return before, desk


def test_tufjs_follows_root_rotations_from_the_first_root_and_from_its_memory(tufjs):
    before, desk = rotated()
    assert {"1.root.json", "2.root.json", "3.root.json"} <= desk.files.keys()

    assert found("acme/app:1") == tufjs(before, "acme/app:1", client="old")
    for client in ("new", "old", "old"):
        expected = found("acme/app:1", "acme/app:2")
        assert expected == tufjs(desk.files, "acme/app:1", "acme/app:2", client=client)


def test_tufjs_updates_what_it_remembers(tufjs):
    desk = delegating()
    assert found("acme/app:1") == tufjs(desk.files, "acme/app:1")
    after = with_targets(desk.repository, "acme/app:2", role="acme/releases")
    desk = desk.publish(after.without_target("acme/app:1", role="acme/releases"))

    assert found("acme/app:2", absent=["acme/app:1"]) == tufjs(
        desk.files, "acme/app:2", "acme/app:1"
    )


# -- what it refuses --------------------------------------------------------------------


@pytest.mark.parametrize(
    "file",
    ["timestamp.json", "1.snapshot.json", "1.targets.json", "1.acme/releases.json", "1.acme/releases/db.json"],
)  # fmt: skip
def test_tufjs_refuses_metadata_that_was_tampered_with(tufjs, file):
    """The control: untouched, the same files are accepted."""
    files = delegating().files
    assert found("acme/db:16") == tufjs(files, "acme/db:16", client="before")

    answered = tufjs({**files, file: bent(files[file])}, "acme/db:16", client="after")
    assert ["refused"] == list(answered)


def test_tufjs_refuses_a_target_that_was_tampered_with(tufjs):
    files = delegating().files
    (path,) = (path for path in files if path.startswith("targets/") and path.endswith(".db:16"))

    answered = tufjs({**files, path: b"T" + files[path][1:]}, "acme/db:16")
    assert "hash" in answered["refused"]


def test_tufjs_refuses_one_signature_of_two(tufjs):
    desk = created(*made(2), threshold=2)
    files = desk.publish(with_targets(desk.repository, "acme/app:1")).files
    read = json.loads(files["timestamp.json"])
    for kept in (read["signatures"][:1], read["signatures"][:1] * 2):
        short = json.dumps({**read, "signatures": kept}).encode()
        answered = tufjs({**files, "timestamp.json": short}, "acme/app:1")
        assert ["refused"] == list(answered)
    assert found("acme/app:1") == tufjs(files, "acme/app:1")


@pytest.mark.parametrize("missing", [0, 1])
def test_tufjs_refuses_a_new_root_that_the_old_or_the_new_key_did_not_sign(tufjs, missing):
    files = rotated()[1].files
    read = json.loads(files["2.root.json"])
    assert 2 == len(read["signatures"])
    del read["signatures"][missing]

    answered = tufjs({**files, "2.root.json": json.dumps(read).encode()}, "acme/app:1")
    assert ["refused"] == list(answered)


def test_tufjs_refuses_to_go_back(tufjs):
    desk = delegating()
    before = desk.files
    desk = desk.publish(with_targets(desk.repository, "acme/web:2", role="acme/others"))
    assert found("acme/web:2") == tufjs(desk.files, "acme/web:2")

    answered = tufjs(before, "acme/web:1")
    assert "less than current version" in answered["refused"]
