"""Key files, made once: a key derivation that deserves the name takes its time."""

import os
import subprocess

import pytest

from trustlib.signing import KeyFile

PASSPHRASE = "correct horse"


@pytest.fixture(scope="session")
def openssl(require_servers):
    """Run ``openssl`` with arguments and input; returns its output."""
    [program] = require_servers("openssl")

    def run(*arguments, data=b""):
        done = subprocess.run([program, *arguments], input=data, capture_output=True, check=False)
        assert 0 == done.returncode, done.stderr.decode()
        return done.stdout

    return run


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A key file as we make it. Shared: do not write to it."""
    return KeyFile.generate(tmp_path_factory.mktemp("made") / "alice.key", PASSPHRASE)


@pytest.fixture(scope="session")
def quick(openssl):
    """Bytes of a key file whose derivation takes no time, and of its public half."""
    plain = openssl("genpkey", "-algorithm", "ed25519")
    encrypted = openssl("pkcs8", "-topk8", "-passout", f"pass:{PASSPHRASE}", data=plain)
    return encrypted, openssl("pkey", "-pubout", data=plain)


@pytest.fixture
def placed(tmp_path):
    """Put bytes where a key file belongs, and its public half beside it."""

    def place(private, public=None, *, name="alice.key", mode=0o600):
        path = tmp_path / name
        path.write_bytes(private)
        path.chmod(mode)
        file = KeyFile(path)
        if public is not None:
            file.public_path.write_bytes(public)
        return file

    return place


@pytest.fixture
def careless():
    """The umask that protects nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


_AGAIN = ("passphrase", "flipped_bit", "ssh_keygen")
"""What is done to keys of every kind and form; with RSA it takes as long as with all others."""


def pytest_collection_modifyitems(items):
    """RSA is slow: its largest keys, and what the smaller ones show as well, are for test-all."""
    for item in items:
        again = "rsa" in item.name and any(words in item.name for words in _AGAIN)
        if item.path.name == "test_key_formats.py" and (again or "4096" in item.name):
            item.add_marker(pytest.mark.slow)
