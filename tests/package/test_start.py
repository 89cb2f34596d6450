"""What a program does not use, it does not wait for: heavy modules are imported when needed."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from trustlib import BY_HAND, Authority, FileStorage, Repository, SigningPlan
from trustlib.signing import MemorySigner

# What takes long to import, or has no business in a client: trustlib's own parts, and others'.
PARTS = {"consensus", "inspect", "notary", "registry", "signing", "testing"}
HEAVY = {
    "asyncio", "bcrypt", "cryptography", "docker", "email", "filelock", "http", "hypothesis", "keyring",
    "multiprocessing", "obstore", "pytest", "securesystemslib", "sqlite3", "ssl", "tempfile", "unittest",
    "urllib3", "xml", "yaml",
} | {f"trustlib.{part}" for part in PARTS}  # fmt: skip

IMPORTED = "import sys; print(*sys.modules)"
CLIENT = """
from pathlib import Path
from trustlib import Anchor, DirectoryTransport, MemoryStorage, Updater
anchor = Anchor.root(Path("1.root.json").read_bytes())
Updater(anchor=anchor, transport=DirectoryTransport("."), storage=MemoryStorage()).resolve("acme/app:1")
"""


@pytest.fixture
def site(tmp_path):
    signer = MemorySigner.generate()
    by = Authority.of(signer.key)
    before = Repository.create("docker.io/acme", root=by, targets=by, snapshot=by, timestamp=by)
    after = before.with_tag("acme/app:1", digest=f"sha256:{'a' * 64}", size=3)
    plan = SigningPlan.between(before, after, now=datetime.now(UTC), expiry=BY_HAND)
    plan.signed_by(signer).publication().apply(FileStorage.public(tmp_path))
    return tmp_path


def imported_by(code, folder):
    command = [sys.executable, "-c", f"{code}\n{IMPORTED}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


# What a program names, and what it must not wait for: parts of trustlib, with all that is in them.
DOWNLOADS = {"downloads._drafts", "downloads.steps", "downloads.many", "storage._folders"}
PUBLISHERS = {"publish", "storage.objects", "storage.prefixed"}
ASKING = {
    "workflow",
    "updater",
    "downloads",
    "drive",
    "fetching",
    "ports",
    "transport",
    "storage",
    "content",
}
PROGRAMS = {
    "the client": (
        "from trustlib import Updater",
        {*PUBLISHERS, *DOWNLOADS, "updater.awaited", "transport.http", "storage.file"},
    ),
    "the client, a server, a folder": (
        "from trustlib import Anchor, FileStorage, HttpTransport, Updater",
        {
            *PUBLISHERS,
            "updater.awaited",
            "transport.threads",
            "transport.mirrors",
            "storage.threads",
        },
    ),
    "the client to await": (
        "from trustlib import AsyncUpdater",
        {*PUBLISHERS, *DOWNLOADS, "updater.blocking", "transport.http", "storage.file"},
    ),
    "the role classes": (
        "from trustlib import TUF_JSON, Root, Targets",
        {*PUBLISHERS, *ASKING, "trust", "events"},
    ),
    "errors": (
        "from trustlib import TrustError",
        {*PUBLISHERS, *ASKING, "trust", "events", "roles", "keys"},
    ),
    "a publisher": (
        "from trustlib import BY_HAND, Repository, SigningPlan",
        {
            "updater",
            "downloads",
            "transport",
            "storage.file",
            "storage.objects",
            "publish.examining",
            "publish.passes",
        },
    ),
    "a renewer": (
        "from trustlib.publish import Renewer",
        {
            "updater",
            "downloads",
            "transport",
            "publish.examining",
            "publish.plan",
            "publish.pruning",
        },
    ),
    "a registry": (
        "from trustlib.registry import Registry",
        {*PUBLISHERS, "updater", "content.dockerfile"},
    ),
    "a private key": (
        "from trustlib.signing import KeyFile",
        {*PUBLISHERS, *ASKING, "roles", "signing.ssh_agent"},
    ),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_a_program_does_not_use_is_not_imported(program, tmp_path):
    code, unused = PROGRAMS[program]
    loaded = imported_by(code, tmp_path)

    waited_for = {
        f"{part}: {module}"
        for part in unused
        for module in loaded
        if f"{module}.".startswith(f"trustlib.{part}.")
    }

    assert set() == waited_for


@pytest.mark.parametrize("program", sorted(PROGRAMS.keys() - {"a registry", "a private key"}))
def test_importing_imports_nothing_heavy(program, tmp_path):
    code, _ = PROGRAMS[program]

    assert set() == (HEAVY | {"logging", "random", "secrets"}) & imported_by(code, tmp_path)


def test_importing_what_publishers_need_imports_nothing_heavy(tmp_path):
    assert set() == HEAVY & imported_by("import trustlib.publish", tmp_path)


def test_a_client_that_reads_a_directory_imports_what_verifies_and_nothing_else_heavy(site):
    loaded = imported_by(CLIENT, site)

    assert {"cryptography"} == HEAVY & loaded


def test_verifying_imports_what_its_kind_of_key_needs(site):
    """Most repositories have keys of one kind."""
    loaded = imported_by(CLIENT, site)
    others = {
        "asymmetric.ec",
        "asymmetric.rsa",
        "asymmetric.padding",
        "serialization",
        "serialization.ssh",
    }

    assert "cryptography.hazmat.primitives.asymmetric.ed25519" in loaded
    assert set() == loaded & {f"cryptography.hazmat.primitives.{part}" for part in others}
