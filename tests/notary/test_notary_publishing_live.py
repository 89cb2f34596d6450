"""trustlib and the real client write one collection in turns, and read what the other wrote."""

import contextlib
import itertools
import json
from base64 import b64encode
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from notary import lab as labs
from notary.database import database, require_postgres
from notary.lab import PASSPHRASES, running

from trustlib import ConflictError, DeniedError, MemoryStorage, NotFoundError, Updater
from trustlib._clock import utcnow
from trustlib._frozen import FrozenMap, freeze
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from trustlib.drive import run
from trustlib.limits import Limits
from trustlib.notary import (
    RELEASES,
    ContentTrust,
    NotaryPlan,
    NotaryRepository,
    NotaryServer,
    RefusedUpdateError,
    TrustOnFirstUse,
    docker_server,
    docker_tls,
    heard,
    inspect,
    listing,
    pinned_certificate,
)
from trustlib.notary.keys import NotaryKeyStore, NotarySigner
from trustlib.registry import Always, DockerConfig, Password
from trustlib.roles import Authority, Target
from trustlib.transport import Tls

pytestmark = pytest.mark.servers

SECRET = {
    "root": PASSPHRASES["NOTARY_ROOT_PASSPHRASE"],
    "targets": PASSPHRASES["NOTARY_TARGETS_PASSPHRASE"],
    "snapshot": PASSPHRASES["NOTARY_SNAPSHOT_PASSPHRASE"],
}
DELEGATION = PASSPHRASES["NOTARY_DELEGATION_PASSPHRASE"]
DOMAIN = "registry.example"
SLOW = "all in a database"  # as those servers have it that many people share
KINDS = {
    "keys in the server": {},
    "keys in the signer, and tokens": {"signer": True, "tokens": True},
    SLOW: {"signer": True, "database": True},
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(kind, marks=[pytest.mark.slow] * (kind == SLOW), id=kind) for kind in KINDS
    ],
)
def lab(request, require_servers, tmp_path_factory):
    server, client, signer = require_servers("notary-server", "notary", "notary-signer")
    said = dict(KINDS[request.param])
    if said.pop("signer", False):
        said["signer"] = signer
    with contextlib.ExitStack() as stack:
        if said.pop("database", False):
            said["database"] = stack.enter_context(database(require_postgres()))
        yield stack.enter_context(running(tmp_path_factory.mktemp("lab"), server, client, **said))


@pytest.fixture(scope="module")
def docker(require_servers):
    return require_servers("docker")


_numbers = itertools.count(1)


@pytest.fixture
def name():
    return f"{DOMAIN}/lab/app{next(_numbers)}"


def server_of(lab, name, **more):
    realms = [lab.realm] if lab.realm else []
    credentials = Always(DOMAIN, Password(*labs.LOGIN))
    said = {"credentials": credentials, **more}
    return NotaryServer(lab.url, name, tls=Tls(ca_file=lab.ca_file), realms=realms, **said)


def signer():
    return NotarySigner.of(ec.generate_private_key(ec.SECP256R1()))


def rooted(name, bare=None):
    bare = bare or signer()
    return bare.under(bare.certificate(name, now=utcnow()))


def digest(number):
    return f"{number:064x}"


class Ours:
    """trustlib as a publisher: keys in the real client's directory, nothing else kept."""

    def __init__(self, lab, name, home="home"):
        self.lab, self.name = lab, name
        self.server = server_of(lab, name)
        self.keys = NotaryKeyStore(lab.folder / home, rounds=2048)
        self.memory = MemoryStorage()

    def signer(self, keyid, role):
        return self.keys.get(keyid).unlock(SECRET.get(role, DELEGATION))

    def new(self, role):
        gun = self.name if role in (TARGETS, SNAPSHOT) else None
        return self.keys.generate(SECRET.get(role, DELEGATION), role=role, gun=gun).unlock(
            SECRET.get(role, DELEGATION)
        )

    def open(self):
        return NotaryRepository.open(
            self.server, anchor=TrustOnFirstUse(), name=self.name, memory=self.memory
        )

    def held(self, *collections):
        """Every key of these that is in the directory, unlocked."""
        there = {file.id for file in self.keys.list()}
        listed = {}
        for collection in collections:
            names = (ROOT, SNAPSHOT, *collection.targets)
            for role in names:
                for authority in collection.authorities(role):
                    for key in authority.keys.values():
                        if key.canonical_id in there:
                            listed.setdefault(key.canonical_id, role)
        return [self.signer(keyid, role) for keyid, role in listed.items()]

    def publish(self, edit, **terms):
        before = self.open()
        after = edit(before)
        plan = NotaryPlan.between(before, after, now=utcnow(), **terms)
        able = [one for one in self.held(before, after) if plan.asks(one.key)]
        return plan.signed_by(*able).publication().apply(self.server)


class Reading:
    """trustlib as a client that remembers, and the real one beside it."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        app = ContentTrust(name)
        self.updater = Updater(
            anchor=TrustOnFirstUse(),
            transport=server_of(lab, name),
            storage=MemoryStorage(),
            format=app,
            names=app.names,
        )

    def ours(self):
        trusted, updater = self.updater.refresh(), self.updater
        found = run(
            heard(trusted, limits=Limits(), known={}), updater.transport, updater.storage, Limits()
        )
        assert () == found.refused
        return {(one.tag, one.target.hashes["sha256"], one.role) for one in listing(found)}

    def theirs(self, home):
        printed = self.lab.notary("list", self.name, home=home)
        lines = [line.split() for line in printed.splitlines() if line.strip()][2:]
        return {
            (tag, digest, role)
            for tag, digest, _, role in (line for line in lines if len(line) == 4)
        }

    def alike(self, fresh):
        """Make sure that all three see the same, and return it."""
        ours = self.ours()
        assert ours == self.theirs("reader")
        assert ours == self.theirs(fresh)
        return ours


def created(lab, name, *, snapshot):
    """A collection that trustlib made, with one tag; *snapshot* says whose key that is."""
    ours, root, targets = Ours(lab, name), signer(), signer()
    server = ours.server
    own = signer()
    root = rooted(name, root)
    before = NotaryRepository.create(
        name,
        root=Authority.of(root.key),
        targets=Authority.of(targets.key),
        snapshot=Authority.of(server.key(SNAPSHOT) if snapshot == "server" else own.key),
        timestamp=Authority.of(server.key(TIMESTAMP)),
    )
    after = before.with_tag(f"{name}:v1", digest=f"sha256:{digest(1)}", size=7)
    plan = NotaryPlan.between(before, after, now=utcnow()).signed_by(root, targets)
    if snapshot != "server":
        plan = plan.signed_by(own)
    receipt = plan.publication().apply(server)
    return SimpleNamespace(
        server=server, root=root, targets=targets, snapshot=own, receipt=receipt, plan=plan
    )


def inspected(lab, name, reading):
    """What docker prints, which is what we print."""
    status, out, err = lab.docker("trust", "inspect", name)
    assert 0 == status, err
    (theirs,) = json.loads(out)
    theirs["SignedTags"].sort(key=lambda tag: (tag["SignedTag"], tag["Digest"]))
    assert json.loads(json.dumps(inspect(reading.updater).as_docker())) == theirs
    return theirs


@pytest.mark.parametrize("snapshot", ["server", "ours"])
def test_what_trustlib_creates_the_real_programs_read(lab, docker, name, snapshot):
    made = created(lab, name, snapshot=snapshot)
    reading = Reading(lab, name)

    assert {("v1", digest(1), TARGETS)} == reading.alike(f"{snapshot}-fresh")
    assert f"sha256:{digest(1)}" in lab.notary("lookup", name, "v1", home="reader")
    inspected(lab, name, reading)
    # What the receipt says is what the next edit begins with.
    after = made.receipt.repository.with_signer("alice", (alice := signer()).key)
    after = after.with_tag(f"{name}:v2", digest=f"sha256:{digest(2)}", size=7, role=RELEASES)
    after = after.with_tag(f"{name}:v2", digest=f"sha256:{digest(2)}", size=7, role="targets/alice")
    plan = NotaryPlan.between(made.receipt.repository, after, now=utcnow())
    signers = (made.targets, alice, *((made.snapshot,) if snapshot == "ours" else ()))
    plan.signed_by(*signers).publication().apply(made.server)

    assert {"v1", "v2"} == {tag for tag, _, _ in reading.alike(f"{snapshot}-again")}
    inspected(lab, name, reading)
    assert [("v1", ["Repo Admin"]), ("v2", ["alice"])] == [
        (tag["SignedTag"], tag["Signers"]) for tag in inspected(lab, name, reading)["SignedTags"]
    ]


def test_what_was_published_is_verified_by_the_real_program(lab, name, tmp_path):
    made = created(lab, name, snapshot="server")
    before = made.receipt.repository
    after = before.with_target("notes.txt", Target.of(b"some notes\n"))
    NotaryPlan.between(before, after, now=utcnow()).signed_by(made.targets).publication().apply(
        made.server
    )
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(b"some notes\n")
    bad.write_bytes(b"other notes\n")

    assert 0 == lab.tried("verify", name, "notes.txt", "-i", str(good), "-q", home="reader")[0]
    assert 0 != lab.tried("verify", name, "notes.txt", "-i", str(bad), "-q", home="reader")[0]


# -- in turns -----------------------------------------------------------------------------


def tagged(tag, number, role=TARGETS):
    return lambda before: before.with_tag(
        f"{before.collection}:{tag}", digest=f"sha256:{digest(number)}", size=number, role=role
    )


class Turns:
    """Two writers of one collection, and the readers of both."""

    def __init__(self, lab, name, public):
        self.lab, self.name, self.ours, self.public = lab, name, Ours(lab, name), public
        self.reading = Reading(lab, name)
        self.number = 0

    def next(self):
        self.number += 1
        return self.number

    def theirs(self, *arguments):
        self.lab.notary(*arguments)

    def adding(self, role=TARGETS):
        number = self.next()
        more = () if role == TARGETS else ("-r", role)
        self.theirs(
            "addhash", "-p", self.name, f"t{number}", str(number), "--sha256", digest(number), *more
        )

    def rotating(self, *arguments):
        self.theirs("key", "rotate", self.name, *arguments)

    def witnessing(self):
        self.theirs("witness", "-p", self.name, TARGETS)

    def delegating(self):
        self.theirs("delegation", "add", "-p", self.name, RELEASES, self.public, "--all-paths")

    def undelegating(self):
        self.theirs("delegation", "remove", "-p", "-y", self.name, RELEASES)

    # -- ours

    def tag(self, role=TARGETS):
        number = self.next()
        self.ours.publish(tagged(f"t{number}", number, role))

    def rotate(self, role):
        key = self.ours.new(role)
        if role == ROOT:
            key = rooted(self.name, key)
        self.ours.publish(lambda before: before.with_authority(role, Authority.of(key.key)))

    def rotate_to_server(self, role):
        key = self.ours.server.new_key(role)
        self.ours.publish(lambda before: before.with_authority(role, Authority.of(key)))

    def delegate(self):
        key = self.ours.new("releases")
        self.ours.publish(
            lambda before: before.with_delegation(RELEASES, keys=Authority.of(key.key))
        )

    def undelegate(self):
        self.ours.publish(lambda before: before.without_delegation(RELEASES))

    def renew(self):
        self.ours.publish(lambda before: before, renewing=[TARGETS])


STEPS = [
    (lambda t: t.tag(), lambda t: t.adding()),
    (lambda t: t.rotate(TARGETS), lambda t: t.rotating(TARGETS)),
    (lambda t: t.rotate(ROOT), lambda t: t.rotating(ROOT)),
    (lambda t: t.rotate_to_server(SNAPSHOT), lambda t: t.adding()),
    (lambda t: t.tag(), lambda t: t.rotating(SNAPSHOT)),
    (lambda t: t.delegate(), lambda t: t.adding(RELEASES)),
    (lambda t: t.tag(RELEASES), lambda t: t.witnessing()),
    (lambda t: t.rotate_to_server(TIMESTAMP), lambda t: t.rotating(SNAPSHOT, "-r")),
    (lambda t: t.rotate(SNAPSHOT), lambda t: t.rotating(TIMESTAMP, "-r")),
    (lambda t: t.undelegate(), lambda t: t.adding()),
    (lambda t: t.delegate(), lambda t: t.adding()),
    (lambda t: t.tag(RELEASES), lambda t: t.undelegating()),
    (lambda t: t.delegate(), lambda t: t.adding()),
    (lambda t: t.tag(RELEASES), lambda t: t.adding(RELEASES)),
    (lambda t: t.rotate(ROOT), lambda t: t.rotating(TARGETS)),
    (lambda t: t.rotate(TARGETS), lambda t: t.rotating(SNAPSHOT, "-r")),
    (lambda t: t.rotate_to_server(TIMESTAMP), lambda t: t.rotating(ROOT)),
    (lambda t: t.renew(), lambda t: t.adding()),
    (lambda t: t.rotate(ROOT), lambda t: t.rotating(SNAPSHOT)),
    (lambda t: t.tag(), lambda t: t.adding()),
]


def turns(lab, name, tmp_path):
    lab.notary("init", "-p", name)
    public = tmp_path / "releases.pem"
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    public.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return Turns(lab, name, str(public))


def in_turns(lab, name, tmp_path, steps):
    writers = turns(lab, name, tmp_path)
    for number, (ours, theirs) in enumerate(steps):
        ours(writers)
        seen = writers.reading.alike(f"fresh{number}a")
        theirs(writers)
        after = writers.reading.alike(f"fresh{number}b")
        assert {one[0] for one in seen if one[2] == TARGETS} <= {one[0] for one in after}
    return writers.reading


def test_two_writers_take_turns(lab, name, tmp_path):
    in_turns(lab, name, tmp_path, [STEPS[at] for at in (0, 2, 3, 5)])


@pytest.mark.slow
def test_two_writers_take_many_turns(lab, docker, name, tmp_path):
    inspected(lab, name, in_turns(lab, name, tmp_path, STEPS))


HARMLESS = {"a": 'quo"te \\ \x7f é 🐋', "b": [True, False, None, -1, 2**53, {}], "z": {"": ""}}


def test_the_real_client_goes_on_with_whatever_was_said(lab, name, tmp_path):
    """It writes again what it read, and the server hashes what it would write."""
    writers = turns(lab, name, tmp_path)
    odd = ("a<b", "a&b", 'a"b', "é", "🐋")
    digests = {tag: FrozenMap({"sha256": digest(number)}) for number, tag in enumerate(odd)}
    said = freeze(HARMLESS)
    writers.ours.publish(
        lambda before: before.with_targets(
            {tag: Target(length=1, hashes=digests[tag], custom=said) for tag in odd}
        )
    )
    writers.witnessing()
    writers.rotating(TARGETS)
    writers.rotating(TIMESTAMP, "-r")
    writers.rotating(SNAPSHOT, "-r")
    writers.adding()

    assert {*odd, "t1"} == {tag for tag, _, _ in writers.reading.alike("odd")}
    listed = writers.ours.open().targets[TARGETS].targets
    assert {said} == {listed[tag].custom for tag in odd}


# -- what the server says -----------------------------------------------------------------


def test_of_two_publishers_one_wins(lab, name):
    made = created(lab, name, snapshot="server")
    before = made.receipt.repository
    plans = [
        NotaryPlan.between(before, tagged("v2", number)(before), now=utcnow()).signed_by(
            made.targets
        )
        for number in (2, 3)
    ]
    first, second = (plan.publication() for plan in plans)
    first.apply(made.server)

    with pytest.raises(ConflictError):
        second.apply(made.server)
    assert ("v2", digest(2), TARGETS) in Reading(lab, name).ours()
    # Whoever did not hear the answer asks again, and hears that it is there.
    assert (TARGETS,) == first.apply(made.server).written


def test_without_the_snapshots_key_nothing_is_published(lab, name):
    made = created(lab, name, snapshot="ours")
    before = made.receipt.repository
    plan = NotaryPlan.between(before, tagged("v2", 2)(before), now=utcnow()).signed_by(made.targets)

    with pytest.raises(RefusedUpdateError, match="snapshot's key") as refused:
        plan.publication().apply(made.server)
    assert "INVALID_UPDATE" == refused.value.code
    assert {("v1", digest(1), TARGETS)} == Reading(lab, name).ours()


def test_a_signature_by_nobody_is_refused_and_said_so(lab, name):
    made = created(lab, name, snapshot="server")
    raw = made.plan.drafts[TARGETS].raw
    with pytest.raises(RefusedUpdateError) as refused:
        made.server.post({TARGETS: raw.replace(b'"version":1', b'"version":2')})

    assert "ErrBadTargets" == refused.value.kind
    assert "valid signatures did not meet threshold for targets" == refused.value.reason
    for files, code in (
        ({"no such role": raw}, "INVALID_ROLE"),
        ({"targets": b"<html>"}, "MALFORMED_JSON"),
    ):
        with pytest.raises(RefusedUpdateError) as refused:
            made.server.post(files)
        assert code == refused.value.code


def test_the_server_signs_its_own_roles_again_when_asked(lab, name):
    made = created(lab, name, snapshot="server")
    before = Reading(lab, name).updater.refresh().snapshot.snapshot.role.version
    plan = NotaryPlan.between(
        made.receipt.repository, made.receipt.repository, now=utcnow(), renewing=[SNAPSHOT]
    )
    plan.publication().apply(made.server)

    assert before + 1 == Reading(lab, name).updater.refresh().snapshot.snapshot.role.version


def test_a_role_that_others_removed_comes_back_under_a_number_of_its_own(lab, name, tmp_path):
    """The real client begins at 1 again, and is refused for ever."""
    writers = turns(lab, name, tmp_path)
    writers.delegate()
    writers.tag(RELEASES)
    writers.adding(RELEASES)
    writers.undelegating()
    opened = writers.ours.open()

    assert 2 == opened.numbers[RELEASES]
    writers.delegate()
    assert 3 == writers.ours.open().targets[RELEASES].version
    writers.tag(RELEASES)
    writers.reading.alike("came-back")


def test_another_role_is_asked_for_by_name(lab, name):
    made = created(lab, name, snapshot="ours")
    alice, role = signer(), "targets/alice"
    before = made.receipt.repository
    after = tagged("v2", 2, role)(before.with_delegation(role, keys=Authority.of(alice.key)))
    by = (made.targets, alice, made.snapshot)
    NotaryPlan.between(before, after, now=utcnow()).signed_by(*by).publication().apply(made.server)
    opened = NotaryRepository.open(
        made.server, anchor=pinned_certificate(name, made.root.id), name=name
    )

    assert 1 == opened.targets[role].version
    known = opened.knowing(made.server, role, "targets/bob").numbers
    assert (1, 0) == (known[role], known["targets/bob"])


def test_who_may_not_write_is_told(lab, name):
    made = created(lab, name, snapshot="server")
    nobody = server_of(lab, name, credentials=lambda domain: None)
    if lab.auth is None:  # this server asks nobody
        assert nobody.key(TIMESTAMP).id in made.receipt.repository.root.roles[TIMESTAMP].keyids
        return
    wrong = server_of(lab, name, credentials=Always(DOMAIN, Password("alice", "wrong")))

    assert {("v1", digest(1), TARGETS)} == Reading(lab, name).ours()
    for server in (nobody, wrong):
        for change in (
            lambda server: server.key(TIMESTAMP),
            lambda server: server.new_key(SNAPSHOT),
            lambda server: server.post({}),
            lambda server: server.delete(),
        ):
            with pytest.raises(DeniedError):
                change(server)
    opened = NotaryRepository.open(nobody, anchor=TrustOnFirstUse(), name=name)
    assert opened.targets == made.receipt.repository.targets


def test_dockers_settings_are_enough(lab, name):
    """Its certificates of servers, its login, and its variable that says where the server is."""
    made = created(lab, name, snapshot="server")
    settings, host = lab.folder / "dockers", lab.url.removeprefix("https://")
    (settings / "tls" / host).mkdir(parents=True, exist_ok=True)
    (settings / "tls" / host / "ca.crt").write_bytes(lab.ca_file.read_bytes())
    login = b64encode(":".join(labs.LOGIN).encode()).decode()
    (settings / "config.json").write_text(json.dumps({"auths": {DOMAIN: {"auth": login}}}))
    url = docker_server(name, {"DOCKER_CONTENT_TRUST_SERVER": lab.url})
    server = NotaryServer(
        url,
        name,
        tls=docker_tls(settings, url),
        credentials=DockerConfig(settings / "config.json"),
        realms=server_of(lab, name).realms,
    )
    before = NotaryRepository.open(server, anchor=TrustOnFirstUse(), name=name)
    plan = NotaryPlan.between(before, tagged("v2", 2)(before), now=utcnow())
    plan.signed_by(made.targets).publication().apply(server)

    assert ("v2", digest(2), TARGETS) in Reading(lab, name).ours()


def test_what_is_deleted_is_gone(lab, name):
    made = created(lab, name, snapshot="server")
    made.server.delete()
    made.server.delete()

    with pytest.raises(NotFoundError):
        NotaryRepository.open(made.server, anchor=TrustOnFirstUse(), name=name)


def test_a_role_without_a_key_of_the_servers_is_said_to_have_none(lab, name):
    kind, said = (NotFoundError, "signs no targets") if lab.auth is None else (DeniedError, "401")
    with pytest.raises(kind, match=said):
        server_of(lab, name).key(TARGETS)
