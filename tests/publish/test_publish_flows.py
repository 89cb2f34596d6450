"""The three flows from end to end: resolve a tag, sign offline, rotate root."""

import asyncio
import inspect
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import frozen
from core.worlds import DAY, MINUTE, NOW, SECOND, signer
from publish.desks import (
    MANIFEST,
    Served,
    anchor_of,
    authority,
    created,
    digest,
    key,
    opened,
    planned,
    publish,
    signed,
    tagged,
)
from signing.kinds import light_file
from tuf.ngclient import Updater as OtherUpdater
from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher

from trustlib import (
    BY_HAND,
    RENEWED,
    ROOT,
    TARGETS,
    TIMESTAMP,
    Anchor,
    AsyncUpdater,
    Authority,
    ClockError,
    DirectoryTransport,
    ExpiredError,
    Expiry,
    FileStorage,
    HttpTransport,
    MemoryStorage,
    MismatchError,
    NotFoundError,
    PathPatterns,
    Repository,
    RollbackError,
    Signature,
    SigningPlan,
    SigningRequest,
    ThresholdError,
    Updater,
    WrongCollectionError,
)
from trustlib.signing import KeyFile

RELEASES = "acme/releases"
DB = PathPatterns(("acme/db:*",))
PASSPHRASE = "correct horse"


@pytest.fixture(params=[Updater, AsyncUpdater])
def updater_type(request):
    return request.param


def ask(updater, question, *arguments):
    """Ask either updater; nothing else in a test knows which it is."""
    answer = getattr(updater, question)(*arguments)
    return asyncio.run(answer) if inspect.iscoroutine(answer) else answer


@pytest.fixture
def site(tmp_path):
    """A directory that a web server publishes."""
    return FileStorage.public(tmp_path / "site")


@pytest.fixture(params=["directory", "http"])
def transport(request, site, web):
    if request.param == "directory":
        yield DirectoryTransport(site.directory)
    else:
        with HttpTransport(web(site.directory)) as transport:
            yield transport


@pytest.fixture(params=["file", "memory"])
def memory(request, tmp_path):
    return FileStorage(tmp_path / "client") if request.param == "file" else MemoryStorage()


class Clock:
    """A clock that stands still until somebody sets it."""

    def __init__(self, now=NOW):
        self.now = now

    def __call__(self):
        return self.now


class Counting:
    """What a client asks a storage for, in order."""

    def __init__(self, storage):
        self.served, self.asked = Served(storage), []

    def fetch(self, request):
        self.asked.append(request.path)
        return self.served.fetch(request)


def site_anchor(site):
    return Anchor.root((site.directory / "1.root.json").read_bytes())


def with_releases(repository):
    return repository.with_delegation(RELEASES, keys=authority("team"), grant=DB).with_tag(
        "acme/db:16", digest=digest("d"), size=7, role=RELEASES
    )


# -- 1: what does this tag stand for? ---------------------------------------------------


def test_a_tag_is_resolved(site, transport, memory, updater_type):
    before = created()
    after = with_releases(tagged(before, media_type=MANIFEST))
    publish(site, before, after, now=NOW)
    updater = updater_type(
        anchor=site_anchor(site), transport=transport, storage=memory, clock=Clock()
    )

    binding = ask(updater, "resolve", "acme/app:1.4")

    assert f"acme/app@{digest()}" == binding.pinned
    assert (1573, MANIFEST, (TARGETS,)) == (binding.size, binding.media_type, binding.via)
    assert NOW + 14 * DAY == binding.valid_until
    assert "docker.io/acme" == binding.collection
    app, db = ask(updater, "resolve_all", ["docker.io/acme/app:1.4", "acme/db:16"])
    assert (binding.digest, (TARGETS, RELEASES)) == (app.digest, db.via)
    assert db == ask(updater, "verify", "acme/db:16", digest("d"))
    assert 7 == ask(updater, "find", "acme/db:16").target.length
    with pytest.raises(MismatchError):
        ask(updater, "verify", "acme/app:1.4", digest("b"))
    with pytest.raises(NotFoundError):
        ask(updater, "resolve", "acme/app:1.5")


def test_a_tag_that_moved_is_seen_and_cannot_move_back(site, transport, memory, updater_type):
    """T-20, T-62: by a client that remembers, whoever serves the files of yesterday."""
    clock = Clock()
    receipt = publish(site, created(), tagged(created()), now=NOW)
    yesterday = site.read("timestamp.json").data
    updater = updater_type(
        anchor=site_anchor(site), transport=transport, storage=memory, clock=clock
    )
    assert digest("a") == str(ask(updater, "resolve", "acme/app:1.4").digest)

    publish(site, receipt.repository, tagged(receipt.repository, "1.4", "b"), now=NOW)
    assert digest("a") == str(ask(updater, "resolve", "acme/app:1.4").digest)  # from memory
    clock.now += 5 * MINUTE
    assert digest("b") == str(ask(updater, "resolve", "acme/app:1.4").digest)

    (site.directory / "timestamp.json").write_bytes(yesterday)
    clock.now += 5 * MINUTE
    with pytest.raises(RollbackError) as error:
        ask(updater, "resolve", "acme/app:1.4")
    assert TIMESTAMP == error.value.role
    another = updater_type(
        anchor=site_anchor(site), transport=transport, storage=memory, clock=clock
    )
    with pytest.raises(RollbackError):
        ask(another, "resolve", "acme/app:1.4")


def test_an_updater_that_was_kept_for_eight_days_does_not_answer_from_memory(storage, updater_type):
    """T-91: nobody renewed what should have been renewed each day."""
    clock = Clock()
    publish(storage, created(), with_releases(tagged(created())), now=NOW, expiry=RENEWED)
    transport = Counting(storage)
    updater = updater_type(
        anchor=anchor_of(storage), transport=transport, storage=MemoryStorage(), clock=clock
    )
    ask(updater, "resolve_all", ["acme/app:1.4", "acme/db:16"])
    asked = len(transport.asked)

    clock.now = NOW + 5 * MINUTE - SECOND
    ask(updater, "resolve_all", ["acme/app:1.4", "acme/db:16"])
    assert asked == len(transport.asked)

    clock.now = NOW + 8 * DAY
    for question in ("acme/app:1.4", "acme/db:16", "acme/none:1"):
        with pytest.raises(ExpiredError) as error:
            ask(updater, "resolve", question)
        assert (TIMESTAMP, NOW + DAY) == (error.value.role, error.value.expired)

    publish(storage, opened(storage), opened(storage), now=clock.now, expiry=RENEWED)
    assert clock.now + DAY == ask(updater, "resolve", "acme/app:1.4").valid_until


def test_a_delegated_role_that_expires_first_ends_the_answer(storage, updater_type):
    """T-35: also in an updater that remembers it."""
    clock = Clock()
    first = publish(storage, created(), with_releases(created()), now=NOW).repository
    day = first.with_tag("acme/db:17", digest=digest("e"), size=7, role=RELEASES)
    short = Expiry(root=365 * DAY, targets=2 * MINUTE, snapshot=30 * DAY, timestamp=14 * DAY)
    publish(storage, first, day, now=NOW, expiry=short)
    updater = updater_type(
        anchor=anchor_of(storage), transport=Served(storage), storage=MemoryStorage(), clock=clock
    )
    assert NOW + 2 * MINUTE == ask(updater, "resolve", "acme/db:17").valid_until

    clock.now = NOW + 2 * MINUTE
    with pytest.raises(ExpiredError) as error:
        ask(updater, "resolve", "acme/db:17")
    assert RELEASES == error.value.role


def test_a_clock_that_is_set_back_is_noticed(storage, memory, updater_type):
    """P56: else whoever sets it makes expired metadata look fresh."""
    clock = Clock()
    publish(storage, created(), tagged(created()), now=NOW - DAY)
    updater = updater_type(
        anchor=anchor_of(storage), transport=Served(storage), storage=memory, clock=clock
    )
    ask(updater, "resolve", "acme/app:1.4")

    clock.now = NOW - 10 * MINUTE  # what every machine does now and then
    ask(updater, "resolve", "acme/app:1.4")
    clock.now = NOW - 10 * MINUTE - SECOND
    with pytest.raises(ClockError) as error:
        ask(updater, "resolve", "acme/app:1.4")

    assert (clock.now, NOW) == (error.value.now, error.value.floor)


@pytest.mark.parametrize("renewing", [(), (ROOT,)])
def test_another_collection_of_the_same_keys_is_not_this_one(updater_type, renewing):
    """Its next root is signed as ours would be, and so is everything below it."""
    ours, theirs = MemoryStorage(), MemoryStorage()
    for storage, name in ((ours, "docker.io/acme"), (theirs, "docker.io/other")):
        before = publish(storage, created(name), tagged(created(name)), now=NOW).repository
        publish(storage, before, tagged(before, "1.5"), now=NOW, renewing=renewing)
    updater = updater_type(
        anchor=anchor_of(ours), transport=Served(theirs), storage=MemoryStorage(), clock=Clock()
    )

    with pytest.raises(WrongCollectionError) as error:
        ask(updater, "resolve", "acme/app:1.4")

    assert ("docker.io/acme", "docker.io/other") == (error.value.expected, error.value.got)
    assert (ROOT if renewing else TIMESTAMP) == error.value.role


# -- 2: two people on machines that share nothing but files -----------------------------


@frozen
class Desk:
    """A person's machine: a directory, and a key file in it that never leaves."""

    directory: Path
    name: str

    @property
    def key_file(self):
        return KeyFile(self.directory / f"{self.name}.key")

    def sign(self, request):
        """Read what was carried here, look at it, sign it, and hand back one small file."""
        arrived = self.directory / "request.json"
        shutil.copy(request, arrived)
        read = SigningRequest.read(arrived)
        answer = self.directory / f"{self.name}.sig"
        read.sign(self.key_file.unlock(PASSPHRASE)).write(answer)
        return str(read), answer


@pytest.fixture(scope="module")
def desks(tmp_path_factory):
    """Three people with keys, whose derivation takes no time."""
    made = {}
    for name in ("alice", "bob", "carol"):
        desk = Desk(tmp_path_factory.mktemp(name), name)
        light_file(desk.key_file.path, PASSPHRASE)
        made[name] = desk
    return made


def of_desks(desks, *names, threshold=1):
    """What the publisher knows of *names*: their public halves."""
    return Authority.of(*(desks[name].key_file.key for name in names), threshold=threshold)


@pytest.mark.parametrize("order", [("alice", "bob"), ("bob", "alice")])
def test_two_people_sign_on_machines_of_their_own(
    tmp_path, desks, order, site, transport, updater_type
):
    before = created(targets=of_desks(desks, "alice", "bob", threshold=2))
    plan = SigningPlan.between(
        before, tagged(before, media_type=MANIFEST), now=NOW, expiry=BY_HAND
    ).signed_by(signer("root"), signer("online"))
    (request,) = plan.requests
    request.write(tmp_path / "request.json")

    for name in order:
        with pytest.raises(ThresholdError):
            plan.publication()
        told, answer = desks[name].sign(tmp_path / "request.json")
        assert f"acme/app:1.4 is {digest()}, 1573 bytes, {MANIFEST}" in told
        shutil.copy(answer, tmp_path)
        plan = plan.with_signature(Signature.read(tmp_path / answer.name))
    plan.publication().apply(site)

    updater = updater_type(
        anchor=site_anchor(site), transport=transport, storage=MemoryStorage(), clock=Clock()
    )
    assert f"acme/app@{digest()}" == ask(updater, "resolve", "acme/app:1.4").pinned


# -- 3: root changes hands --------------------------------------------------------------


def test_root_is_handed_over(tmp_path, desks, site, transport, memory, updater_type):
    """Old and new keys sign on their machines; clients of either root, and of none, follow."""
    anchor_desk, clock = desks["alice"], Clock()
    first = created(root=of_desks(desks, "alice"))
    plan = SigningPlan.between(first, tagged(first), now=NOW, expiry=BY_HAND)
    plan = plan.signed_by(anchor_desk.key_file.unlock(PASSPHRASE), signer("alice"))
    plan.signed_by(signer("online")).publication().apply(site)
    anchor = site_anchor(site)
    updater = updater_type(anchor=anchor, transport=transport, storage=memory, clock=clock)
    ask(updater, "resolve", "acme/app:1.4")

    before = Repository.open(site, anchor=anchor)
    new = of_desks(desks, "bob", "carol", threshold=2)
    after = (
        before.with_keys(ROOT, *new.keys.values(), threshold=2)
        .without_keys(ROOT, anchor_desk.key_file.key)
        .with_keys(TIMESTAMP, key("online2"))
        .without_keys(TIMESTAMP, key("online"))
    )
    plan = SigningPlan.between(before, after, now=NOW, expiry=BY_HAND).signed_by(
        signer("online2"), signer("online")
    )
    (request,) = plan.requests
    request.write(tmp_path / "root.json")
    signatures = {}
    for name, desk in desks.items():
        told, answer = desk.sign(tmp_path / "root.json")
        assert "root: 2 of 2 keys" in told
        signatures[name] = Signature.read(answer)
    for missing in signatures:
        some = [signature for name, signature in signatures.items() if name != missing]
        with pytest.raises(ThresholdError) as error:
            plan.with_signature(*some).publication()
        assert ROOT == error.value.role
    plan.with_signature(*signatures.values()).publication().apply(site)

    clock.now += 5 * MINUTE
    assert digest() == str(ask(updater, "resolve", "acme/app:1.4").digest)
    for shipped in (anchor, Anchor.root((site.directory / "2.root.json").read_bytes())):
        fresh = updater_type(
            anchor=shipped, transport=transport, storage=MemoryStorage(), clock=clock
        )
        assert 2 == ask(fresh, "refresh").snapshot.root.root.role.version
    assert of_desks(desks, "bob", "carol", threshold=2) == Repository.open(
        site, anchor=anchor
    ).root.authority(ROOT)


def test_a_root_that_the_old_keys_did_not_sign_is_refused_by_clients(storage, updater_type):
    """T-96, P93: somebody who only has the new keys puts the file there himself."""
    published = publish(storage, created(), tagged(created()), now=NOW).repository
    after = published.with_keys(ROOT, key("root2")).without_keys(ROOT, key("root"))
    plan = signed(planned(published, after, now=NOW), "root2")
    draft = plan.drafts[ROOT]
    raw = published.format.render(draft.document.unverified, tuple(draft.signatures.values()))
    storage.write("2.root.json", raw, replacing=None)

    updater = updater_type(
        anchor=anchor_of(storage), transport=Served(storage), storage=MemoryStorage(), clock=Clock()
    )
    with pytest.raises(ThresholdError):
        ask(updater, "resolve", "acme/app:1.4")


# -- others read what we publish --------------------------------------------------------


@pytest.fixture
def other_client(tmp_path, web):
    """python-tuf's client, which looks at the real clock."""
    directory = tmp_path / "other"
    fetchers = []

    def client(site, url):
        fetcher = Urllib3Fetcher()
        fetchers.append(fetcher)
        return OtherUpdater(
            str(directory),
            url,
            fetcher=fetcher,
            bootstrap=(site.directory / "1.root.json").read_bytes(),
        )

    directory.mkdir()
    yield client
    for fetcher in fetchers:
        fetcher._proxy_env.get_pool_manager("http", "127.0.0.1").clear()  # it has no way to close


def test_python_tuf_accepts_what_we_publish(site, web, other_client):
    """Delegations with slashes in their names, edits, and new keys for every role."""
    now = datetime.now(UTC)
    url = web(site.directory)
    before = created(targets=authority("alice", "bob", threshold=2))
    after = with_releases(tagged(before, media_type=MANIFEST))
    after = after.with_delegation("équipe 2/x%2F", keys=authority("team2"), grant=DB).with_tag(
        "acme/db:17", digest=digest("e"), size=8, role="équipe 2/x%2F"
    )
    first = publish(site, before, after, now=now).repository

    def told(path):
        found = other_client(site, url).get_targetinfo(path)
        return None if found is None else (found.length, found.hashes["sha256"][0])

    assert (1573, "a") == told("acme/app:1.4")
    assert (7, "d") == told("acme/db:16")
    assert (8, "e") == told("acme/db:17")
    assert told("acme/app:1.5") is None

    rotated = tagged(first, "1.4", "b")
    rotated = rotated.with_tag("acme/db:16", digest=digest("f"), size=9, role=RELEASES)
    for role, old, new in (
        (ROOT, "root", "root2"),
        (TARGETS, "bob", "carol"),
        ("snapshot", "online", "online2"),
        (TIMESTAMP, "online", "online2"),
        (RELEASES, "team", "root3"),
    ):
        rotated = rotated.with_keys(role, key(new)).without_keys(role, key(old))
    second = publish(site, first, rotated, now=now + timedelta(seconds=1)).repository

    assert (1573, "b") == told("acme/app:1.4")
    assert (9, "f") == told("acme/db:16")

    gone = second.without_delegation(RELEASES).without_tag("acme/app:1.4")
    publish(site, second, gone, now=now + timedelta(seconds=2))
    assert told("acme/db:16") is None
    assert told("acme/app:1.4") is None
    assert (8, "e") == told("acme/db:17")
