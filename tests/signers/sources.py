"""Every place a key can be that runs here: each opens one, and gives a signer whose key is there.

A source is a context manager: what it started ends with it. Nothing is asked of
the machine but the programs, and nothing is kept that it had before.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from functools import cache
from pathlib import Path

import boto3
import pkcs11
from pkcs11.util.ec import encode_named_curve_parameters
from securesystemslib.signer import AWSSigner, HSMSigner

from trustlib.signing import Algorithm, RemoteKey, SshAgent, proven
from trustlib.signing.foreign import from_securesystemslib
from trustlib.signing.passphrases import FromEnvironment, generated, unlocked

PIN = "123456"
PASSPHRASE = "correct horse battery"
_SOFTHSM = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


def _run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **more)
    assert 0 == done.returncode, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def short_folder():
    """A folder whose name leaves room for a socket's: those have some hundred characters."""
    folder = tempfile.mkdtemp(prefix="tl-")
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_until(ready, seconds=60):
    """Wait until *ready* returns something; returns that."""
    end = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < end, "it did not start"
        time.sleep(0.02)
    return found


# -- files --------------------------------------------------------------------------------


@contextlib.contextmanager
def key_file(require, algorithm=Algorithm.ED25519):
    """An encrypted file, made and opened with a passphrase from a source."""
    robot = FromEnvironment({"alice.key": "ALICE"}, {"ALICE": PASSPHRASE})
    with short_folder() as folder:
        yield unlocked(generated(folder / "alice.key", robot, algorithm=algorithm), robot)


# -- agents -------------------------------------------------------------------------------


@contextlib.contextmanager
def ssh_agent(require):
    """The socket of OpenSSH's own agent, without keys."""
    [agent, _, _] = require("ssh-agent", "ssh-add", "ssh-keygen")
    with short_folder() as folder:
        path = folder / "agent"
        process = subprocess.Popen([agent, "-D", "-a", path], stdout=subprocess.DEVNULL)
        try:
            wait_until(path.exists)
            yield path
        finally:
            process.terminate()
            process.wait()


def add_ssh_key(path, *options):
    """Make a key as ``ssh-keygen`` does with *options*, and add it to the agent at *path*."""
    with short_folder() as folder:
        _run("ssh-keygen", "-q", "-N", "", "-C", "test", "-f", str(folder / "key"), *options)
        _run("ssh-add", "-q", str(folder / "key"), env={**os.environ, "SSH_AUTH_SOCK": str(path)})


@contextlib.contextmanager
def agent_key(require, *options):
    """A key in OpenSSH's agent, and nowhere else."""
    with ssh_agent(require) as path:
        add_ssh_key(path, *options)
        [key] = SshAgent(path).keys
        yield key


@contextlib.contextmanager
def gnupg(require):
    """A GnuPG home with an agent that speaks ssh; gives the folder and the ssh socket."""
    require("gpg", "gpg-agent", "gpgconf")
    with short_folder() as folder:
        environment = {**os.environ, "GNUPGHOME": str(folder)}
        folder.chmod(0o700)
        process = subprocess.Popen(
            ["gpg-agent", "--homedir", folder, "--enable-ssh-support", "--daemon", "sleep", "600"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            socket = Path(
                _run("gpgconf", "--list-dirs", "agent-ssh-socket", env=environment).strip()
            )
            wait_until(socket.exists)
            yield folder, socket
        finally:
            _run("gpgconf", "--kill", "gpg-agent", env=environment)
            process.terminate()
            process.wait()


def gpg(folder, *arguments):
    """Run ``gpg`` in the home *folder*."""
    return _run("gpg", "--homedir", str(folder), "--batch", "--quiet", "--yes", *arguments)


def make_gpg_key(folder):
    """Make an OpenPGP key that certifies and signs, with a subkey to authenticate; returns its fingerprint."""
    gpg(
        folder,
        "--passphrase",
        "",
        "--quick-gen-key",
        "alice@acme.example",
        "ed25519",
        "sign",
        "never",
    )
    fingerprint = _listed(folder, "fpr")[0]
    gpg(folder, "--passphrase", "", "--quick-add-key", fingerprint, "ed25519", "auth", "never")
    return fingerprint


def _listed(folder, kind):
    lines = gpg(folder, "--list-keys", "--with-colons", "--with-keygrip").splitlines()
    return [line.split(":")[9] for line in lines if line.startswith(f"{kind}:")]


def keygrips(folder):
    """What gpg-agent calls the keys: the one that certifies first, then the subkeys."""
    return _listed(folder, "grp")


@contextlib.contextmanager
def gpg_agent_key(require):
    """The authentication subkey of an OpenPGP key, which gpg-agent serves to ssh."""
    with gnupg(require) as (folder, socket):
        make_gpg_key(folder)
        (folder / "sshcontrol").write_text(f"{keygrips(folder)[1]}\n")
        [key] = SshAgent(socket).keys
        yield key


# -- a token ------------------------------------------------------------------------------


@cache
def _token_driver(library):
    """Load SoftHSM once: a process has one such driver, and it reads its settings once."""
    folder = Path(tempfile.mkdtemp(prefix="trustlib-token-"))
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    os.environ["PYKCS11LIB"] = library
    _run(
        "softhsm2-util", "--init-token", "--free", "--label", "trust", "--so-pin", PIN, "--pin", PIN
    )


@contextlib.contextmanager
def token(require, curve="secp256r1"):
    """A new key in a SoftHSM token; gives its address and its public half."""
    library = next(filter(os.path.exists, _SOFTHSM), None)
    require("softhsm2-util", *(() if library else ("libsofthsm2.so",)))
    _token_driver(library)
    number = int.from_bytes(os.urandom(4)) | 1 << 31
    name = number.to_bytes(4)
    with pkcs11.lib(library).get_token(token_label="trust").open(user_pin=PIN, rw=True) as session:
        session.create_domain_parameters(
            pkcs11.KeyType.EC,
            {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)},
            local=True,
        ).generate_keypair(store=True, id=name, label="trust")
    uri, key = HSMSigner.import_(number, "trust")
    yield uri, from_securesystemslib(key)


@contextlib.contextmanager
def token_key(require, curve="secp256r1"):
    """A key in a SoftHSM token, which wants its PIN."""
    with token(require, curve) as (uri, key):
        yield RemoteKey.at(
            uri, key, pins=FromEnvironment({"root": "PIN"}, {"PIN": PIN}), role="root"
        )


# -- a cloud ------------------------------------------------------------------------------

# moto 5 hashes a digest once more (its pull request 10202), and real services do not: what
# its keys get is always a digest here, so they sign it as one.
_MOTO = """
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.kms import models
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

class Digests:
    def __init__(self, private):
        self.private = private
    def __getattr__(self, name):
        return getattr(self.private, name)
    def sign(self, digest, *how):
        *padding, last = how
        curve = isinstance(last, ECDSA)
        algorithm = last.algorithm if curve else last
        if not isinstance(algorithm, Prehashed):
            algorithm = Prehashed(algorithm)
        return self.private.sign(digest, *padding, ECDSA(algorithm) if curve else algorithm)

def generate(spec, make=models.generate_private_key):
    key = make(spec)
    key.private_key = Digests(key.private_key)
    return key

models.generate_private_key = generate
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""

_AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@contextlib.contextmanager
def aws(require):
    """A key service that speaks as AWS KMS does; the environment leads to it."""
    process = subprocess.Popen(
        [sys.executable, "-c", _MOTO], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    before = dict(os.environ)
    try:
        address = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        os.environ.update({**_AWS, "AWS_ENDPOINT_URL": address})
        urllib.request.urlopen(f"{address}/moto-api/", timeout=60).close()
        yield address
    finally:
        os.environ.clear()
        os.environ.update(before)
        process.terminate()
        process.communicate()


def make_aws_key(spec):
    """Make a key in the service; returns its address there and its public half."""
    made = boto3.client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec=spec)
    uri, key = AWSSigner.import_(made["KeyMetadata"]["KeyId"])
    return uri, from_securesystemslib(key)


@contextlib.contextmanager
def aws_key(require, spec="ECC_NIST_P256"):
    """A key in AWS KMS, as far as moto's server is that."""
    with aws(require):
        yield RemoteKey.at(*make_aws_key(spec))


SOURCES = {
    "a key file": key_file,
    "ssh-agent, ed25519": lambda require: agent_key(require, "-t", "ed25519"),
    "ssh-agent, P-256": lambda require: agent_key(require, "-t", "ecdsa", "-b", "256"),
    "ssh-agent, P-384": lambda require: agent_key(require, "-t", "ecdsa", "-b", "384"),
    "ssh-agent, RSA": lambda require: agent_key(require, "-t", "rsa", "-b", "2048"),
    "gpg-agent": gpg_agent_key,
    "SoftHSM, P-256": token_key,
    "SoftHSM, P-384": lambda require: token_key(require, "secp384r1"),
    "AWS KMS, P-256": aws_key,
    "AWS KMS, P-384": lambda require: aws_key(require, "ECC_NIST_P384"),
    "AWS KMS, RSA": lambda require: aws_key(require, "RSA_3072"),
}
"""By name, what opens each of them."""


@contextlib.contextmanager
def opened(name, require):
    """A signer of the source *name*, after it proved that it has its key."""
    with SOURCES[name](require) as signer:
        yield proven(signer)
