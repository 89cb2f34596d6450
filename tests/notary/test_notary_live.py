"""The real client publishes to the real server, and trustlib reads it there and on its disk."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat
from notary.collections_of import (
    PEM,
    SPKI,
    certificate,
    ec_private,
    pem_of,
)
from notary.lab import running

from trustlib import MemoryStorage, NotFoundError, TrustError, Updater
from trustlib._clock import utcnow
from trustlib._types import ROOT
from trustlib.notary import (
    RELEASES,
    ContentTrust,
    DockerCache,
    NotaryServer,
    PinError,
    TrustOnFirstUse,
    TrustPinning,
    hear,
    listing,
    pinned_certificate,
)
from trustlib.transport import Tls

pytestmark = pytest.mark.servers

NAME = "registry.example/lab/app"
DIGEST = {tag: f"{number:064x}" for number, tag in enumerate(("v1", "v2", "v3"), start=1)}


@pytest.fixture(scope="module")
def lab(require_servers, tmp_path_factory):
    server, client = require_servers("notary-server", "notary")
    with running(tmp_path_factory.mktemp("lab"), server, client) as lab:
        yield lab


@pytest.fixture(scope="module")
def published(lab):
    """A collection with a tag, that nobody rotates."""
    lab.notary("init", "-p", NAME)
    add(lab, NAME, "v1")
    return lab


def add(lab, name, tag, *more):
    lab.notary("addhash", "-p", name, tag, "7", "--sha256", DIGEST[tag], *more)


def reading(lab, name=NAME, *, anchor=None, storage=None, transport=None):
    app = ContentTrust(name)
    return Updater(
        anchor=anchor or TrustOnFirstUse(),
        transport=transport or NotaryServer(lab.url, name, tls=Tls(ca_file=lab.ca_file)),
        storage=MemoryStorage() if storage is None else storage,
        format=app,
        names=app.names,
    )


def found(updater, tag):
    return updater.find(tag).target.hashes["sha256"]


def test_what_the_real_client_published_is_read(published):
    updater = reading(published)

    assert DIGEST["v1"] == found(updater, "v1")
    assert f"{NAME}@sha256:{DIGEST['v1']}" == updater.resolve(f"{NAME}:v1").pinned
    with pytest.raises(NotFoundError):
        updater.find("v9")


def test_what_the_real_client_left_on_its_disk_is_read(published):
    published.notary("list", NAME)
    cache = DockerCache(published.folder / "home", NAME)

    assert DIGEST["v1"] == found(reading(published, transport=cache), "v1")
    with pytest.raises(TrustError):
        found(reading(published, transport=DockerCache(published.folder, NAME)), "v1")


def test_a_client_goes_with_every_rotation(lab):
    name, store = "registry.example/lab/rotated", MemoryStorage()
    lab.notary("init", "-p", name)
    add(lab, name, "v1")
    seen = [reading(lab, name, storage=store).refresh().snapshot.root.root.role.version]
    pin = None
    for arguments in (
        ["snapshot", "-r"],
        ["targets"],
        ["timestamp", "-r"],
        ["root"],
        ["snapshot"],
        ["root"],
    ):
        lab.notary("key", "rotate", name, *arguments)
        add(lab, name, "v2")
        trusted = reading(lab, name, storage=store).refresh()
        seen.append(trusted.snapshot.root.root.role.version)
        pin = trusted.snapshot.root.root.role.roles[ROOT].keyids[0]
    late = reading(lab, name, storage=MemoryStorage(), anchor=pinned_certificate(name, pin))

    assert list(range(1, 8)) == seen
    assert DIGEST["v2"] == found(late, "v2")
    assert 7 == late.refresh().snapshot.root.root.role.version


def test_delegations_of_the_real_client_are_read(lab, tmp_path):
    name = "registry.example/lab/delegated"
    lab.notary("init", "-p", name)
    add(lab, name, "v1")
    private = ec_private("alice")
    plain = private.private_bytes(PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (tmp_path / "alice.key").write_bytes(plain)
    (tmp_path / "alice.pem").write_bytes(private.public_key().public_bytes(PEM, SPKI))
    lab.notary("key", "import", str(tmp_path / "alice.key"), "--role", "alice")
    public = str(tmp_path / "alice.pem")
    lab.notary("delegation", "add", "-p", name, RELEASES, public, "--all-paths")
    lab.notary("delegation", "add", "-p", name, "targets/alice", public, "--paths", "v2")
    add(lab, name, "v2", "-r", RELEASES, "-r", "targets/alice")
    updater = reading(lab, name)
    everything = hear(updater)

    assert ("targets", RELEASES) == updater.find("v2").via
    assert ("targets",) == updater.find("v1").via
    assert {"targets", RELEASES, "targets/alice"} == {proof.name for proof in everything.roles}
    assert rows(lab.notary("list", name)) == {
        (one.tag, one.target.hashes["sha256"], one.role) for one in listing(everything)
    }
    cached = reading(lab, name, transport=DockerCache(lab.folder / "home", name))
    assert ("targets", RELEASES) == cached.find("v2").via


def rows(printed):
    lines = [line.split() for line in printed.splitlines() if line.strip()][2:]
    return {(name, digest, role) for name, digest, _, role in lines}


def test_the_same_pins_decide_alike(lab, tmp_path):
    """A root certificate that an authority issued, and one that the client made itself."""
    name = "registry.example/lab/pinned"
    ca_key, key = ec_private("lab authority"), ec_private("lab root")
    now = utcnow()
    times = {"begins": now - timedelta(hours=2), "ends": now + timedelta(days=9)}
    ca = certificate(ca_key, "lab authority", ca=True, **times)
    (tmp_path / "ca.pem").write_text(pem_of(ca))
    (tmp_path / "root.pem").write_text(pem_of(certificate(key, name, issuer=(ca, ca_key), **times)))
    encrypted(key, tmp_path / "root.key")
    lab.notary(
        "init", "-p", name, "--rootkey", str(tmp_path / "root.key"),
        "--rootcert", str(tmp_path / "root.pem"), home="pinned",
    )  # fmt: skip
    root = reading(lab, name).refresh().snapshot.root.root.role
    own, other = root.roles[ROOT].keyids[0], "0" * 64
    authority, file = pem_of(ca), str(tmp_path / "ca.pem")
    stranger = pem_of(certificate(ec_private("stranger"), "stranger", ca=True, **times))
    (tmp_path / "stranger.pem").write_text(stranger)
    cases = [
        ({"certs": {name: [own]}}, {"certificates": {name: own}}),
        ({"certs": {name: [other]}}, {"certificates": {name: other}}),
        ({"certs": {"registry.example/*": [own]}}, {"certificates": {"registry.example/*": own}}),
        (
            {"certs": {"registry.example/*": [other]}},
            {"certificates": {"registry.example/*": other}},
        ),
        ({"ca": {"registry.example/": file}}, {"authorities": {"registry.example/": authority}}),
        (
            {"ca": {"registry.example/": str(tmp_path / "stranger.pem")}},
            {"authorities": {"registry.example/": stranger}},
        ),
        (
            {"certs": {name: [other]}, "ca": {"registry.example/": file}},
            {"certificates": {name: other}, "authorities": {"registry.example/": authority}},
        ),
        ({"disable_tofu": True}, {}),
    ]
    theirs, ours = [], []
    for number, (said, pinned) in enumerate(cases):
        home = f"pin{number}"
        printed = listed(lab, name, home, said)
        theirs.append("trust_pinning" not in printed and "trust pinning" not in printed)
        ours.append(believed(lab, name, TrustPinning(**pinned)))

    assert [True, False, True, False, True, False, False, False] == theirs
    assert theirs == ours


def listed(lab, name, home, pins):
    try:
        return lab.notary("list", name, home=home, pins=pins)
    except AssertionError as refused:
        return str(refused)


def believed(lab, name, anchor):
    try:
        reading(lab, name, anchor=anchor).refresh()
    except TrustError:
        return False
    return True


def encrypted(key, place: Path):
    """An encrypted key as the real client takes it: PBES2 with HMAC-SHA1."""
    plain = key.private_bytes(PEM, PrivateFormat.PKCS8, NoEncryption())
    made = subprocess.run(
        [
            "openssl",
            "pkcs8",
            "-topk8",
            "-v2",
            "aes-256-cbc",
            "-v2prf",
            "hmacWithSHA1",
            "-passout",
            "pass:root-passphrase",
        ],
        input=plain,
        capture_output=True,
        check=True,
    ).stdout.decode()
    first, rest = made.split("\n", 1)
    place.write_text(f"{first}\nrole: root\n\n{rest}")


def test_pins_are_errors_of_their_own(published):
    with pytest.raises(PinError):
        reading(published, anchor=pinned_certificate(NAME, "0" * 64)).refresh()
