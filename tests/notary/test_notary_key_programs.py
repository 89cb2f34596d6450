"""The real notary and docker use what is written here, and what they write signs here.

A notary-server runs on the loopback network for all of this file. What trustlib
signs is posted to it: it checks signatures, and refuses what does not verify.
"""

import base64
import hashlib
import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest
from attrs import frozen
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from notary import real_keys
from notary.real_keys import ROUNDS, put

from trustlib._canonical import canonical
from trustlib._json import read
from trustlib.notary import NOTARY_PASSPHRASES, docker_passphrases, notary_passphrases
from trustlib.notary.keys import NotaryKeyStore, NotaryPublicKey, NotarySigner, pub_role
from trustlib.signing import Algorithm
from trustlib.signing.passphrases import FromEnvironment

pytestmark = pytest.mark.servers

GUN = "example.com/acme/app"
PASSPHRASES = {
    "NOTARY_ROOT_PASSPHRASE": "root passphrase",
    "NOTARY_TARGETS_PASSPHRASE": "targets passphrase",
    "NOTARY_SNAPSHOT_PASSPHRASE": "snapshot passphrase",
    "NOTARY_DELEGATION_PASSPHRASE": "signer passphrase",
}
SIGNER = PASSPHRASES["NOTARY_DELEGATION_PASSPHRASE"]
PATIENCE = 60.0  # seconds, before a server that does not answer counts as broken


@pytest.fixture(scope="module")
def server(require_servers, tmp_path_factory):
    """The address of a notary-server that remembers nothing."""
    [program] = require_servers("notary-server")
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = {
        "server": {"http_addr": f"127.0.0.1:{port}"},
        "logging": {"level": "error"},
        "storage": {"backend": "memory"},
        "trust_service": {"type": "local", "hostname": "", "port": "", "key_algorithm": "ed25519"},
    }
    (folder / "server.json").write_text(json.dumps(configuration))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-config", folder / "server.json"], stdout=log, stderr=subprocess.STDOUT
        )
    address = f"http://127.0.0.1:{port}"
    try:
        give_up = time.monotonic() + PATIENCE
        while not answers(f"{address}/_notary_server/health"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < give_up, (folder / "log").read_text()
            time.sleep(0.02)
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE)


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@frozen
class Notary:
    """The real program, with a directory of its own."""

    program: object
    directory: object
    server: str

    def __call__(self, *arguments):
        done = subprocess.run(
            [self.program, "-d", self.directory, "-s", self.server, *arguments],
            env={**os.environ, **PASSPHRASES},
            capture_output=True,
            check=False,
            text=True,
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout

    @property
    def keys(self):
        return NotaryKeyStore(self.directory, rounds=ROUNDS)


@pytest.fixture
def notary(require_servers, server, tmp_path):
    [program] = require_servers("notary")
    return Notary(program, tmp_path / "trust", server)


def listed(notary):
    """What ``notary key list`` says: roles by key."""
    lines = [line.split() for line in notary("key", "list").splitlines()]
    return {line[-2]: line[0] for line in lines if len(line) >= 3 and len(line[-2]) == 64}


def published(server, gun, role):
    with urllib.request.urlopen(f"{server}/v2/{gun}/_trust/tuf/{role}.json") as answer:
        return json.load(answer)


def posted(server, gun, files):
    """Send role files as the Go client does; the server checks what signed them."""
    border = secrets.token_hex(16)
    parts = "".join(
        f'--{border}\r\nContent-Disposition: form-data; name="files"; filename="{role}"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n{text}\r\n"
        for role, text in files.items()
    )
    request = urllib.request.Request(
        f"{server}/v2/{gun}/_trust/tuf/",
        data=f"{parts}--{border}--\r\n".encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={border}"},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from None


def file_of(signed, signer):
    payload = canonical(read(json.dumps(signed).encode(), "k").value)
    signature = signer.sign(payload)
    signatures = [
        {
            "keyid": signature.keyid,
            "method": signer.method,
            "sig": base64.b64encode(signature.value).decode(),
        }
    ]
    return f'{{"signed":{payload.decode()},"signatures":{json.dumps(signatures, separators=(",", ":"))}}}'


def test_the_real_notary_publishes_with_keys_that_were_made_here(notary):
    """Including the number of rounds that it does not make itself."""
    slow = NotaryKeyStore(notary.directory)
    root = slow.generate(PASSPHRASES["NOTARY_ROOT_PASSPHRASE"], role="root")

    assert {root.id: "root"} == listed(notary)
    assert f"Root key found, using: {root.id}" in notary("init", GUN)
    notary("publish", GUN)

    signers = FromEnvironment(NOTARY_PASSPHRASES, PASSPHRASES)
    signer = root.unlock_from(signers)
    [(keyid, listing)] = [
        (keyid, key)
        for keyid, key in published(notary.server, GUN, "root")["signed"]["keys"].items()
        if key["keytype"] == "ecdsa-x509"
    ]
    rooted = signer.under(base64.b64decode(listing["keyval"]["public"]))

    assert keyid == rooted.id
    assert listing["keyval"]["public"] == rooted.public.public


def test_the_real_notary_signs_with_every_kind_of_signers_key_made_here(notary, tmp_path):
    gun = f"{GUN}/signers"
    notary("init", gun)
    p521 = tmp_path / "p521.pem"
    private = ec.generate_private_key(ec.SECP521R1())
    p521.write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    p521.chmod(0o600)
    made = {
        algorithm.name.lower(): notary.keys.generate(
            SIGNER, role=algorithm.name.lower(), algorithm=algorithm
        )
        for algorithm in (Algorithm.ECDSA_P256, Algorithm.ECDSA_P384, Algorithm.RSA_3072)
    }
    made["p521"] = notary.keys.add_unencrypted(p521, SIGNER, role="p521")
    for name, file in made.items():
        pub = tmp_path / f"{name}.pub"
        pub.write_bytes(file.unlock(SIGNER).public.pub(name))
        notary("delegation", "add", gun, f"targets/{name}", "--all-paths", pub)
        digest = hashlib.sha256(name.encode()).hexdigest()
        notary("addhash", gun, name, "5", "--sha256", digest, "-r", f"targets/{name}")
    notary("publish", gun)

    for name in made:
        assert name in notary("list", gun, "-r", f"targets/{name}")


def test_the_real_server_takes_what_is_signed_here_with_keys_that_the_real_notary_made(
    notary, tmp_path
):
    gun = f"{GUN}/signed"
    notary("init", gun)
    notary("key", "generate", "-r", "alice")
    [alice] = notary.keys.find(role="alice")
    made = {
        "alice": alice,
        "p384": notary.keys.generate(SIGNER, role="p384", algorithm=Algorithm.ECDSA_P384),
        "rsa": notary.keys.generate(SIGNER, role="rsa", algorithm=Algorithm.RSA_3072),
    }
    source = FromEnvironment(notary_passphrases(*made), PASSPHRASES)
    signers = {name: file.unlock_from(source) for name, file in made.items()}
    for name, signer in signers.items():
        pub = tmp_path / f"{name}.pub"
        pub.write_bytes(signer.public.pub(name))
        notary("delegation", "add", gun, f"targets/{name}", "--all-paths", pub)
    notary("publish", gun)
    notary("key", "rotate", gun, "snapshot", "-r")
    others = {
        "ed25519": NotarySigner.of(Ed25519PrivateKey.generate()),
        "p224": NotarySigner.of(ec.generate_private_key(ec.SECP224R1())),
        "p521": NotarySigner.of(ec.generate_private_key(ec.SECP521R1())),
    }
    digest = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    files = {
        f"targets/{name}": file_of(
            {
                "_type": "Targets",
                "delegations": {"keys": {}, "roles": []},
                "expires": "2099-01-01T00:00:00Z",
                "targets": {f"from-{name}": {"hashes": {"sha256": digest}, "length": 1}},
                "version": 1,
            },
            signer,
        )
        for name, signer in {**signers, **others}.items()
    }
    [targets] = notary.keys.find(role="targets", gun=gun)
    own = published(notary.server, gun, "targets")["signed"]
    own["version"] += 1
    for name, signer in others.items():  # which the program does not add itself
        own["delegations"]["keys"][signer.id] = {
            "keytype": signer.key.keytype,
            "keyval": dict(signer.key.keyval),
        }
        own["delegations"]["roles"].append(
            {"keyids": [signer.id], "name": f"targets/{name}", "paths": [""], "threshold": 1}
        )
    own["targets"] = {"from-us": {"hashes": {"sha256": digest}, "length": 1}}
    files["targets"] = file_of(own, targets.unlock_from(source))
    posted(notary.server, gun, files)

    for name in ("from-us", *(f"from-{name}" for name in {**signers, **others})):
        assert name in notary("list", gun)


def test_a_root_that_was_made_here_is_one_for_the_real_notary(notary, tmp_path):
    """With a certificate made here: ``init`` takes both, and publishes them."""
    gun = "127.0.0.1:5000/acme_inc/" + "a" * 80  # longer than a common name may be
    root = notary.keys.generate(PASSPHRASES["NOTARY_ROOT_PASSPHRASE"], role="root")
    signer = root.unlock(PASSPHRASES["NOTARY_ROOT_PASSPHRASE"])
    certificate = tmp_path / "root.crt"
    certificate.write_bytes(signer.certificate(gun, now=datetime.now(UTC)))
    key = tmp_path / "root.key"
    key.write_bytes(root.path.read_bytes())
    key.chmod(0o600)
    elsewhere = Notary(notary.program, tmp_path / "elsewhere", notary.server)
    elsewhere("init", gun, "--rootkey", key, "--rootcert", certificate)
    elsewhere("publish", gun)
    names = published(notary.server, gun, "root")["signed"]["roles"]["root"]["keyids"]

    assert [signer.under(certificate.read_bytes()).id] == names
    assert {root.id: "root"}.items() <= listed(elsewhere).items()


def test_notary_puts_keys_of_every_kind_under_a_new_passphrase(notary):
    """It opens each of them, and writes it again in its own way."""
    for algorithm in (Algorithm.ED25519, Algorithm.ECDSA_P384, Algorithm.RSA_3072):
        file = notary.keys.generate(SIGNER, role="someone", algorithm=algorithm)
        before = file.path.read_bytes()
        notary("key", "passwd", file.id)
        after = file.path.read_bytes()

        assert before != after
        assert len(before) == len(after)
        assert file.id == notary.keys.get(file.id).unlock(SIGNER).id


def test_bundles_go_both_ways(notary, tmp_path):
    for real in real_keys.BUNDLED:
        put(notary.directory, real.path.name, real.path.read_bytes())
    theirs, ours = tmp_path / "theirs.pem", tmp_path / "ours.pem"
    notary("key", "export", "-o", theirs)
    notary.keys.export(ours)
    other = Notary(notary.program, tmp_path / "other", notary.server)
    other("key", "import", ours)

    assert theirs.read_bytes() == ours.read_bytes()
    for real in real_keys.BUNDLED:
        assert real.path.read_bytes() == other.keys.get(real.id).path.read_bytes()
    assert other.keys.list() == other.keys.restore(theirs)


def test_the_old_layout_is_read_as_notary_moves_it(notary):
    """What a key was found to be for before, it is for afterwards."""
    root, snapshot = real_keys.ROOTS[0], real_keys.SNAPSHOT
    put(notary.directory, f"root_keys/{root.id}_root.key", root.path.read_bytes())
    put(
        notary.directory,
        f"tuf_keys/example.com/a/b/{snapshot.id}_snapshot.key",
        snapshot.path.read_bytes(),
    )
    put(
        notary.directory,
        f"root_keys/{real_keys.LEGACY_ID}_root.key",
        real_keys.LEGACY.read_bytes(),
    )
    before = {(file.id, file.role, file.gun) for file in notary.keys.list()}
    roles = listed(notary)
    after = {(file.id, file.role, file.gun) for file in notary.keys.list()}

    assert before == after
    assert {file.id: file.role for file in notary.keys.list()} == roles
    assert "example.com/a/b" == notary.keys.get(snapshot.id).gun
    assert all(file.path.parent.name == "private" for file in notary.keys.list())


# -- docker -------------------------------------------------------------------------------


@pytest.fixture
def docker(require_servers, tmp_path):
    """The real client; what is asked of it needs no daemon."""
    [program] = require_servers("docker")

    def run(*arguments):
        done = subprocess.run(
            [program, "--config", tmp_path / "docker", "trust", *arguments],
            cwd=tmp_path,
            env={**os.environ, "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": SIGNER},
            capture_output=True,
            check=False,
            text=True,
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout

    return run


def test_what_docker_generates_signs_here_and_its_pub_file_is_ours(docker, tmp_path):
    docker("key", "generate", "alice")
    store = NotaryKeyStore(tmp_path / "docker" / "trust")
    [file] = store.find(role="alice")
    robot = FromEnvironment(
        docker_passphrases(*store.signers()),
        {"DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": SIGNER},
    )
    signer = file.unlock_from(robot)
    pub = (tmp_path / "alice.pub").read_bytes()

    assert pub == signer.public.pub("alice")
    assert "alice" == pub_role(pub, what="alice.pub")
    assert signer.public == NotaryPublicKey.parse(pub, what="alice.pub")


def test_docker_loads_a_key_where_the_same_is_found_afterwards(docker, tmp_path):
    private = ec.generate_private_key(ec.SECP256R1())
    plain = tmp_path / "plain.pem"
    plain.write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    plain.chmod(0o600)
    docker("key", "load", plain, "--name", "bob")
    store = NotaryKeyStore(tmp_path / "docker" / "trust")
    [file] = store.find(role="bob")
    ours = NotaryKeyStore(tmp_path / "ours", rounds=ROUNDS).add_unencrypted(
        plain, SIGNER, role="bob"
    )

    assert (ours.id, ours.role, ours.gun) == (file.id, file.role, file.gun)
    assert ours.id == file.unlock(SIGNER).id
    assert len(file.path.read_bytes()) == len(ours.path.read_bytes())
