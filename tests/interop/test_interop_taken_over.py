"""What other programs published, trustlib goes on with: nothing is lost, and all clients follow."""

import json

import pytest
from core.worlds import signer
from interop.peers import Shown, Theirs
from interop.taken import DATA, MAKERS, NOW, ROLES

from trustlib import (
    RENEWED,
    TARGETS,
    Authority,
    MemoryStorage,
    PathPatterns,
    SigningPlan,
    Target,
    Updater,
)
from trustlib.publish import MisnamedKey, Severity, fsck
from trustlib.roles import SuccinctRoles

NEW = signer("a newcomer")
BINS = {"RSTUF with bins"}
WITHOUT_BINS = pytest.mark.parametrize("maker", [name for name in MAKERS if name not in BINS])


@pytest.fixture(params=MAKERS)
def maker(request):
    return request.param


@pytest.fixture
def taken(maker):
    return MAKERS[maker]()


@pytest.fixture
def storage(taken):
    return MemoryStorage(taken.files)


@pytest.fixture
def theirs(taken, tmp_path):
    """python-tuf's client, which has seen the repository as it was."""
    return Theirs(taken.files["1.root.json"], tmp_path)


@pytest.fixture
def follow(taken, storage, theirs, maker):
    """A function that asks a client of each kind for *paths*; both remember what they saw."""
    memory = MemoryStorage()

    def asked(*paths):
        ours = Updater(
            anchor=taken.anchor,
            transport=Shown(storage.files),
            storage=memory,
            format=taken.format,
        )
        versions = [proof.role.version for proof in ours.refresh().roles]
        found = {path: ours.find(path).target for path in paths}
        said = {path: (one.length, dict(one.hashes)) for path, one in found.items()}
        if "fractions" not in maker:  # which python-tuf does not read
            assert {"refresh": versions, **said} == theirs.ask(storage.files, paths)
        return versions

    return asked


def publish(storage, before, after, *signers, **more):
    plan = SigningPlan.between(before, after, now=NOW, expiry=RENEWED, **more)
    plan = plan.signed_by(*(one for one in (*signers, NEW) if plan.asks(one.key)))
    return plan.publication(now=NOW).apply(storage)


def unknown(value, at=""):
    """Every member that TUF does not define, and what it says."""
    found = {}
    if isinstance(value, list):
        value = {str(i): item for i, item in enumerate(value)}
    if isinstance(value, dict):
        for name, below in value.items():
            if name.startswith("x-") and not name.startswith("x-trustlib"):
                found[f"{at}/{name}"] = below
            else:
                found |= unknown(below, f"{at}/{name}")
    return found


def members(files):
    """The unknown members of the newest version of every role."""
    newest = {}
    for path, raw in files.items():
        first, _, rest = path.partition(".")
        number, name = (int(first), rest) if first.isdigit() else (0, path)
        if name.endswith(".json") and number >= newest.get(name, (0,))[0]:
            newest[name] = number, unknown(json.loads(raw)["signed"])
    return {
        f"{name}{at}": said for name, (_, found) in newest.items() for at, said in found.items()
    }


def everybody(repository):
    return [*ROLES, *(name for name in repository.targets if name != TARGETS)]


def test_it_is_opened(taken, storage, follow):
    repository = taken.opened(storage)

    assert repository.collection is None
    assert follow("app") == [
        repository.root.version,
        repository.timestamp.version,
        repository.snapshot.version,
        repository.targets[TARGETS].version,
    ]


def test_signing_everything_anew_loses_nothing(taken, storage, follow):
    before = members(storage.files)
    follow("app")
    repository = taken.opened(storage)
    receipt = publish(
        storage, repository, repository, *taken.signers, renewing=everybody(repository)
    )

    assert len(everybody(repository)) == len(receipt.written)
    assert before
    assert before == members(storage.files)
    follow("app")


def test_an_edit_loses_nothing(taken, storage, follow):
    before = members(storage.files)
    follow("app")
    repository = taken.opened(storage)
    after = repository.with_target("app/2", Target.of(DATA), role=TARGETS)
    publish(storage, repository, after, *taken.signers)

    assert before == members(storage.files)
    follow("app", "app/2")


def test_a_tag_may_stand_beside_what_there_is(taken, storage, follow):
    before = members(storage.files)
    repository = taken.opened(storage)
    tagged = repository.with_tag("docker.io/acme/app:1.4", digest="sha256:" + 64 * "a", size=7)
    publish(storage, repository, tagged, *taken.signers)

    assert before == members(storage.files)
    follow("app", next(path for path in listed(tagged) if path.endswith(":1.4")))


def listed(repository):
    return {path for role in repository.targets.values() for path in role.targets}


@pytest.mark.parametrize("role", ROLES)
def test_a_new_key_loses_nothing(taken, storage, follow, role):
    before = members(storage.files)
    follow("app")
    repository = taken.opened(storage)
    publish(storage, repository, repository.with_keys(role, NEW.key), *taken.signers)

    assert before == members(storage.files)
    follow("app")


@pytest.mark.parametrize("role", ROLES)
def test_a_key_is_replaced_and_what_was_said_of_others_stays(taken, storage, follow, role):
    before = members(storage.files)
    follow("app")
    repository = taken.opened(storage)
    old = repository.root.authority(role).keys.values()
    after = repository.with_keys(role, NEW.key).without_keys(role, *old)
    publish(storage, repository, after, *taken.signers)

    gone = before.keys() - members(storage.files).keys()
    assert all(at.startswith("root.json/keys/") for at in gone)
    follow("app")


def test_a_delegated_roles_keys_are_replaced(taken, storage, follow):
    before = members(storage.files)
    follow("app")
    repository = taken.opened(storage)
    name = next(name for name in repository.targets if name != TARGETS)
    (authority,) = repository.authorities(name)
    after = repository.with_keys(name, NEW.key).without_keys(name, *authority.keys.values())
    publish(storage, repository, after, *taken.signers)

    gone = before.keys() - members(storage.files).keys()
    assert all(at.startswith("targets.json/delegations/keys/") for at in gone)
    follow("app")


@WITHOUT_BINS  # a role that has bins delegates to nobody else
def test_one_more_delegation_loses_nothing(taken, storage, follow):
    before = members(storage.files)
    repository = taken.opened(storage)
    after = repository.with_delegation(
        "more", keys=Authority.of(NEW.key), grant=PathPatterns(("more/*",))
    ).with_target("more/app", Target.of(DATA), role="more")
    publish(storage, repository, after, *taken.signers)

    assert before == members(storage.files)
    follow("app", "more/app")


@WITHOUT_BINS  # they are taken back otherwise
def test_a_delegation_that_ends_takes_only_its_own_with_it(taken, storage, follow):
    before = members(storage.files)
    repository = taken.opened(storage)
    (name,) = (name for name in repository.targets if name != TARGETS)
    after = repository.without_delegation(name)
    if "app" not in after.targets[TARGETS].targets:
        after = after.with_target("app", Target.of(DATA))
    publish(storage, repository, after, *taken.signers)

    gone = before.keys() - members(storage.files).keys()
    assert all(
        at.startswith(("targets.json/delegations/keys/", "targets.json/delegations/roles/"))
        for at in gone
    )
    follow("app")


def test_bins_are_rebalanced_and_keep_what_was_said_of_targets(tmp_path):
    taken = MAKERS["RSTUF with bins"]()
    storage = MemoryStorage(taken.files)
    repository = taken.opened(storage)
    bins = repository.targets[TARGETS].delegations.roles
    assert isinstance(bins, SuccinctRoles)
    (authority, *_) = {repository.authorities(name)[0] for name in bins.names()}
    after = repository.with_bins(keys=authority, bits=3, prefix="bins8")
    publish(storage, repository, after, *taken.signers)

    again = taken.opened(storage)
    (home,) = (role for role in again.targets.values() if "app" in role.targets)
    assert {"x-custom": 1} == dict(home.targets["app"].custom)
    assert 9 == len(again.targets)
    client = Theirs(taken.files["1.root.json"], tmp_path)
    assert len(DATA) == client.ask(storage.files, ["app"])["app"][0]


def test_what_was_said_of_all_bins_stays_while_they_are_signed_anew(tmp_path):
    taken = MAKERS["RSTUF with bins"]()
    storage = MemoryStorage(taken.files)
    repository = taken.opened(storage)
    publish(storage, repository, repository.with_keys("bins-0", NEW.key), *taken.signers)

    bins = taken.opened(storage).targets[TARGETS].delegations.roles
    assert 1 == bins.extra["x-rstuf-expire-policy"]
    assert 2 == len(bins.keyids)


def test_fsck_finds_nothing_that_clients_refuse_and_no_key_under_a_wrong_name(
    taken, storage, maker
):
    examination = fsck(storage, anchor=taken.anchor, now=NOW, format=taken.format)

    assert examination.sound
    assert not [f for f in examination.findings if isinstance(f, MisnamedKey)]
    repository = taken.opened(storage)
    publish(storage, repository, repository, *taken.signers, renewing=everybody(repository))
    after = fsck(storage, anchor=taken.anchor, now=NOW, format=taken.format)
    assert after.sound
    assert Severity.REFUSED not in {finding.severity for finding in after.findings}
