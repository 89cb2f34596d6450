"""The program that takes collections out of a service before it closes, against servers."""

import contextlib
import hashlib
import os
import subprocess
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat
from examples.test_examples import EXAMPLES, PLAIN
from interop.peers import Theirs
from notary.collections_of import PEM, REPOSITORIES, SPKI, ec_private, fixture_state
from notary.database import database, require_postgres
from notary.lab import PASSPHRASES, running
from notary.moving_home import at, first_pin, gun, last, old_roots
from notary.real_keys import KEYS, put

from trustlib import Anchor, DirectoryTransport, FileStorage, MemoryStorage, Updater
from trustlib._clock import utcnow
from trustlib._types import ROOT, TARGETS
from trustlib.content import PerRepository
from trustlib.notary import (
    RELEASES,
    Archive,
    ContentTrust,
    bridge,
    find_bridge,
    pinned_certificate,
)
from trustlib.roles import Root

PROGRAM = EXAMPLES / "rescue_docker_content_trust.py"
NEW = "a passphrase for what comes next"


class Handler(BaseHTTPRequestHandler):
    """What the service would answer, until it does not."""

    def do_GET(self):
        self.server.asked += 1
        if self.server.asked == self.server.kills_at:
            self.server.process.kill()
        raw = self.server.files.get(self.path)
        self.send_response(404 if raw is None else 200)
        self.send_header("Content-Length", str(len(raw or b"")))
        self.end_headers()
        self.wfile.write(raw or b"")

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def service():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.kills_at, server.process = 0, None, None
        server.files = {
            f"/v2/{gun(repository)}/_trust/tuf/{path}": raw
            for repository in REPOSITORIES
            for path, raw in fixture_state(repository, last(repository)).items()
        }
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def docker(tmp_path):
    """The old keys of one fixture; only one, since each had its own passphrase."""
    home = tmp_path / "docker"
    (home / "trust").mkdir(parents=True, mode=0o700)
    for path in (KEYS / "rotate").glob("*.key"):
        put(home / "trust", path.name, path.read_bytes())
    return home


def begun(*arguments, passphrase="fixture-root-pass", **more):
    paths = [str(PLAIN), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONWARNINGS": "error",
        "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE": passphrase,
        "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": "fixture-targets-pass",
        "RESCUE_PASSPHRASE": NEW,
        **more,
    }
    return subprocess.Popen(
        [sys.executable, PROGRAM, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def done(process):
    with process:
        printed, complaints = process.communicate(timeout=120)
    return process.returncode, printed, complaints


def reading(site, name, anchor, now):
    return Updater(
        anchor=anchor,
        transport=DirectoryTransport(site),
        storage=MemoryStorage(),
        names=PerRepository(name),
        clock=lambda: now,
    )


def test_a_collection_is_rescued_though_the_program_was_killed(service, docker, tmp_path):
    name, rescue = gun("rotate"), tmp_path / "rescue"
    url = f"http://127.0.0.1:{service.server_port}"
    asked = ["--server", url, "--docker", docker, "--as-of", at("rotate").isoformat()]
    service.kills_at = 20
    service.process = begun(rescue, name, *asked, "--sign")
    code, _, _ = done(service.process)
    assert code < 0

    code, printed, complaints = done(begun(rescue, name, *asked, "--sign"))

    assert (0, True) == (code, "1 of 1 done" in printed), printed + complaints
    assert f"{name} moves to {name}" in printed
    made = Archive.open(FileStorage(rescue / name / "archive"))
    assert old_roots("rotate") == made.roots
    new = (rescue / name / "site" / "1.root.json").read_bytes()
    anchor = bridge(
        new,
        anchor=first_pin("rotate"),
        collection=name,
        roots=made.roots,
        successor=name,
        now=at("rotate"),
    )
    updater = reading(rescue / name / "site", name, anchor, at("rotate") + timedelta(days=1))
    assert {"v1.1", "v2.0"} == {one.reference.tag for one in updater.tags()}
    for left in (["1.root.json"], ["1.root.json", "1.targets.json", "1.snapshot.json"]):
        half_way(rescue / name, *left)  # as if it had been killed while it wrote these
        code, printed, complaints = done(begun(rescue, name, *asked, "--sign"))
        assert (0, True) == (code, "signed: publish" in printed), printed + complaints
        assert {"site", "archive", "migration.json"} == {
            path.name for path in (rescue / name).iterdir()
        }
        assert (rescue / name / "site" / "timestamp.json").exists()
    answered = service.asked
    service.files = {}  # it closes
    code, printed, complaints = done(begun(rescue, name, *asked, "--sign"))
    assert answered < service.asked
    assert (0, True) == (code, "moved already" in printed), printed + complaints


def test_a_dry_run_signs_nothing_and_one_that_fails_keeps_no_other(service, docker, tmp_path):
    rescue = tmp_path / "rescue"
    names = ["docker.io/acme/nothing", gun("ed25519")]
    url = f"http://127.0.0.1:{service.server_port}"
    asked = ["--server", url, "--docker", docker, "--as-of", at("ed25519").isoformat()]

    code, printed, complaints = done(begun(rescue, *names, *asked))

    assert (1, True) == (code, "1 of 2 done" in printed), printed + complaints
    assert "the repository has no trust data" in printed
    assert "who signs" in printed
    assert not list(rescue.rglob("*.key"))
    assert not (rescue / gun("ed25519") / "site").exists()
    assert (rescue / gun("ed25519") / "archive" / "archive.json").exists()


def half_way(place, *left):
    (place / "site").rename(place / "site.half")
    (place / "migration.json").unlink()
    for path in (place / "site.half").glob("*.json"):
        if path.name not in left:
            path.unlink()


@pytest.mark.servers
@pytest.mark.parametrize(
    "kept", ["in memory", pytest.param("in a database", marks=pytest.mark.slow)]
)
def test_a_live_collection_is_rescued_from_the_real_server(require_servers, tmp_path, kept):
    """Rotated and delegated from, and gone when all of it is read again."""
    server, notary = require_servers("notary-server", "notary")
    name, digest = "registry.example/lab/leaving", hashlib.sha256(b"x").hexdigest()
    with contextlib.ExitStack() as stack:
        address = None
        if kept == "in a database":
            address = stack.enter_context(database(require_postgres()))
        told = {"database": address, "tokens": True}
        lab = stack.enter_context(running(tmp_path, server, notary, **told))
        lived(lab, name, digest, tmp_path)
        docker = tmp_path / "docker"
        (docker / "trust").mkdir(parents=True, mode=0o700)
        for path in (lab.folder / "home" / "private").glob("*.key"):
            put(docker / "trust", path.name, path.read_bytes())
        lab.as_docker(docker)
        secrets = {"DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": DELEGATION}
        asked = [tmp_path / "rescue", name, "--server", lab.url, "--realm", lab.realm]
        asked += ["--docker", docker, "--sign"]
        process = begun(*asked, passphrase=PASSPHRASES["NOTARY_ROOT_PASSPHRASE"], **secrets)
        code, printed, complaints = done(process)
        assert code == 0, printed + complaints

    made = Archive.open(FileStorage(tmp_path / "rescue" / name / "archive"))
    pin = pinned_certificate(name, root_id(name, made.roots[0]))
    assert 3 == len(made.roots)
    assert () == made.record.left
    assert {2, 3, 4, 5, 6} == {one.version for one in made.record.files if one.role == TARGETS}
    bound = made.updater(Anchor.root(made.roots[0])).resolve(f"{name}:v3")
    assert (digest, ("targets", RELEASES)) == (bound.digest.hex, bound.via)
    site = tmp_path / "rescue" / name / "site"
    anchor = find_bridge(
        DirectoryTransport(site),
        anchor=pin,  # the certificate of the very first root, and nothing else
        collection=name,
        roots=made.roots,
        successor=name,
        now=utcnow(),
    )
    updater = reading(site, name, anchor, utcnow())
    expected = {"v1": digest, "v2": digest, "v3": digest}
    assert expected == {one.reference.tag: one.digest.hex for one in updater.tags()}
    files = {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*.json")}
    theirs = Theirs(files["1.root.json"], tmp_path).ask(files, expected)
    assert expected == {tag: theirs[tag][1]["sha256"] for tag in expected}


DELEGATION = PASSPHRASES["NOTARY_DELEGATION_PASSPHRASE"]


def lived(lab, name, digest, folder):
    """A collection with a past: keys were replaced, and somebody else may sign tags."""
    private = ec_private("releases")
    (folder / "r.key").write_bytes(
        private.private_bytes(PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    (folder / "r.pem").write_bytes(private.public_key().public_bytes(PEM, SPKI))
    lab.notary("init", "-p", name)
    lab.notary("addhash", "-p", name, "v1", "7", "--sha256", digest)
    lab.notary("key", "rotate", name, "targets")
    lab.notary("addhash", "-p", name, "v2", "7", "--sha256", digest)
    lab.notary("key", "rotate", name, "root")
    lab.notary("key", "import", str(folder / "r.key"), "--role", "releases")
    lab.notary("delegation", "add", "-p", name, RELEASES, str(folder / "r.pem"), "--all-paths")
    lab.notary("addhash", "-p", name, "v3", "7", "--sha256", digest, "-r", RELEASES)


def root_id(name, raw):
    return ContentTrust(name).parse(Root, raw).unverified.roles[ROOT].keyids[0]
