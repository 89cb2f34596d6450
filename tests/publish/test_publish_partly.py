"""A publisher that reads what an edit looks at, and leaves the rest as the snapshot lists it."""

import asyncio
import pickle

import attrs
import pytest
from core.worlds import DAY, NOW, signer
from publish.desks import (
    anchor_of,
    authority,
    client,
    created,
    digest,
    opened,
    planned,
    publish,
    signed,
    tagged,
)

from trustlib import (
    BY_HAND,
    ROOT,
    TARGETS,
    ExpiredError,
    FrozenMap,
    MemoryStorage,
    MismatchError,
    NotFoundError,
    PathPatterns,
    RollbackError,
    SigningError,
    ThresholdError,
    WrongCollectionError,
)
from trustlib.publish import AsyncPublisher, Publisher, UnreadError, changes
from trustlib.publish.meaning import meaning
from trustlib.publish.partly import at_hand
from trustlib.signing import InThread
from trustlib.storage import ThreadedRepositoryStorage

ALL = PathPatterns(("acme/*",))
SIGNERS = ("root", "alice", "team", "carol", "online")


class Noting:
    """A storage that notes what is read and written."""

    def __init__(self, storage):
        self.storage, self.read_paths, self.listings = storage, [], 0

    def read(self, path):
        self.read_paths.append(path)
        return self.storage.read(path)

    def list(self):
        self.listings += 1
        return self.storage.list()

    def __getattr__(self, name):
        return getattr(self.storage, name)


def sync(edit, storage, names=SIGNERS, now=NOW, renewing=(), **more):
    publisher = Publisher(
        anchor=anchor_of(storage),
        signers=[signer(name) for name in names],
        expiry=BY_HAND,
        clock=lambda: now,
        **more,
    )
    return publisher.retrying(edit, storage, renewing=renewing)


def awaited(edit, storage, names=SIGNERS, now=NOW, renewing=(), **more):
    publisher = AsyncPublisher(
        anchor=anchor_of(storage),
        signers=[InThread(signer(name)) for name in names],
        expiry=BY_HAND,
        clock=lambda: now,
        **more,
    )
    job = publisher.retrying(edit, ThreadedRepositoryStorage(storage), renewing=renewing)
    return asyncio.run(job)


@pytest.fixture(params=[sync, awaited])
def retrying(request):
    return request.param


def teams(repository, *names, by=TARGETS, who="team"):
    for name in names:
        repository = repository.with_delegation(name, keys=authority(who), grant=ALL, by=by)
    return repository


@pytest.fixture
def many(storage, published):
    """Two teams, the first of which has one below it; all with a tag of their own."""
    after = teams(teams(published, "one", "two"), "below", by="one")
    for name in ("one", "two", "below"):
        after = tagged(after, f"of-{name}", role=name)
    publish(storage, published, after, now=NOW)
    return opened(storage)


def on(role, tag="1.5", letter="b"):
    return lambda repository: tagged(repository, tag, letter, role=role)


@pytest.mark.parametrize(
    ("role", "files"),
    [
        (TARGETS, set()),
        ("one", {"1.one.json"}),
        ("below", {"1.one.json", "1.below.json"}),
    ],
)
def test_what_an_edit_does_not_look_at_is_not_read(storage, many, retrying, role, files):
    noting = Noting(storage)

    receipt = retrying(on(role), noting)

    there = {path for path in noting.read_paths if path.startswith("1.") and storage.read(path)}
    delegated = {path for path in there if path.split(".")[1] in ("one", "two", "below")}
    if role == "below":  # nobody knows who delegates to it before all were asked
        files = {*files, "1.two.json"}
    else:
        assert 0 == noting.listings
    assert files == delegated
    assert digest("b") == str(client(storage).resolve("acme/app:1.5").digest)
    assert receipt.repository.targets[role] == opened(storage).targets[role]


def test_what_was_not_read_stays_as_it_was_listed(storage, many, retrying):
    before = many.snapshot.meta

    retrying(on("one"), storage)

    after = opened(storage)
    assert {"one", TARGETS} - {TARGETS} == {
        n for n in before if before[n] != after.snapshot.meta[n]
    }
    assert many.targets["two"] == after.targets["two"]
    asking = client(storage)
    assert digest("a") == str(asking.resolve("acme/app:of-two").digest)
    assert digest("b") == str(asking.resolve("acme/app:1.5").digest)


def test_edit_after_edit_in_bins(storage, published, retrying):
    after = published.with_bins(keys=authority("team"), bits=4)
    publish(storage, published, after, now=NOW)
    noting = Noting(storage)

    for number in range(3):
        retrying(on(TARGETS, f"n{number}", "b"), noting)

    assert 0 == noting.listings
    whole = opened(storage)
    assert {f"acme/app:n{n}" for n in range(3)} | {"acme/app:1.4"} == {
        path for role in whole.targets.values() for path in role.targets
    }


def test_where_nothing_is_left_to_read_all_is_as_if_it_was_opened(storage, many, retrying):
    without = many.without_delegation("below", by="one")
    publish(storage, many, without, now=NOW)

    receipt = retrying(lambda r: tagged(tagged(r, "1.5", role="two"), "1.5", role="one"), storage)

    assert receipt.repository == opened(storage)


def test_what_was_not_read_is_never_made_up(storage, many, retrying):
    repository = retrying(on("one"), storage).repository

    for look in (
        lambda: repository.targets["two"],
        lambda: repository.targets.get("two"),
        lambda: "two" in repository.targets,
        lambda: dict(repository.targets),
        lambda: list(repository.targets.items()),
        lambda: list(repository.targets.values()),
        lambda: len(repository.targets),
        lambda: repository.targets.excluding("two"),
        lambda: repository.without_delegation("two"),
        lambda: repository.with_keys("two", signer("carol").key),
        lambda: pickle.dumps(repository),
        lambda: meaning(repository, "acme/app:of-two"),
    ):
        with pytest.raises(UnreadError, match=r"Repository\.open"):
            look()
    assert "three" not in repository.targets
    assert {TARGETS, "one"} == set(at_hand(repository.targets))
    assert "others that were not read" in repr(repository)
    assert "'one'" in repr(repository.targets)


def test_what_was_read_can_be_edited_and_compared(storage, many, retrying):
    repository = retrying(on("one"), storage).repository
    again = publish(storage, repository, tagged(repository, "1.6", role="one"), now=NOW)

    assert repository != again.repository
    assert repository == attrs.evolve(repository)
    assert hash(repository.targets) == hash(attrs.evolve(repository).targets)
    assert repository != opened(storage)
    assert opened(storage) != repository
    assert {"one"} == {c.role for c in changes(repository, again.repository)} - {
        "snapshot",
        "timestamp",
    }


def test_a_part_makes_no_plan_that_waits(storage, many, retrying, tmp_path):
    """A plan on disk says which state it is for, and all files are that state."""
    repository = retrying(on("one"), storage).repository

    with pytest.raises(UnreadError):
        planned(repository, tagged(repository, "2", role="one"), now=NOW).write(tmp_path / "plan")


@pytest.mark.parametrize(
    "edit",
    [
        lambda r: r.without_delegation("two"),
        lambda r: r.with_keys("one", signer("carol").key),
        lambda r: teams(r, "three"),
        lambda r: tagged(r, "1.5", role="two") if len(r.targets) else r,
        lambda r: r.with_bins(keys=authority("team"), bits=1, by="two"),
        lambda r: r.with_authority(TARGETS, authority("carol")),
        lambda r: r.without_tag("acme/app:of-below", role="below"),
    ],
)
def test_every_edit_comes_to_what_it_comes_to_where_all_was_read(storage, many, retrying, edit):
    twin = MemoryStorage(storage.files)
    whole = opened(twin)
    publish(twin, whole, edit(whole), now=NOW)

    retrying(edit, storage)

    assert opened(twin) == opened(storage)
    assert twin.files.keys() == storage.files.keys()


@pytest.mark.parametrize(
    "looks",
    [
        lambda repository: len(repository.targets),
        lambda repository: repository.targets["below"],  # by way of a role that was not read
    ],
)
def test_all_is_read_at_once_where_nothing_less_will_do(storage, many, retrying, looks):
    made = []

    def edit(repository):
        made.append(repository)
        looks(repository)
        return tagged(repository, "1.5")

    retrying(edit, storage)

    assert 2 == len(made)


def test_an_edit_that_catches_the_error_is_made_again(storage, many, retrying):
    """Else it would publish what it made of a role that is there."""

    def edit(repository):
        try:
            listed = repository.targets["two"].targets
        except LookupError:
            return repository
        return tagged(repository, f"{len(listed)}", role="two")

    retrying(edit, storage)

    assert 2 == opened(storage).targets["two"].version


def test_an_edit_that_makes_another_error_of_it_is_made_again(storage, many, retrying):
    """Else it would be said that there is no such role."""

    def edit(repository):
        try:
            listed = repository.targets["two"].targets
        except LookupError:
            raise NotFoundError("two", "ask whoever made it") from None
        return tagged(repository, f"{len(listed)}", role="two")

    retrying(edit, storage)

    assert 2 == opened(storage).targets["two"].version


def test_what_another_repository_did_not_read_is_not_looked_for_here(storage, many, retrying):
    """Nor is the edit made again: no reading of this one would help."""
    part, made = retrying(on("one"), storage).repository, []

    def edit(repository):
        made.append(repository)
        return tagged(repository, f"{len(part.targets['two'].targets)}")

    with pytest.raises(UnreadError):
        retrying(edit, storage)
    assert 1 == len(made)


@pytest.mark.parametrize(
    "is_as_it_was",
    [
        lambda before, now: before.targets == now.targets,
        lambda before, now: now.targets == before.targets,
        lambda before, now: not {c.role for c in changes(before, now)} - {"snapshot", "timestamp"},
    ],
)
@pytest.mark.parametrize("part", [True, False])
def test_what_was_not_read_is_not_taken_for_what_it_was(
    storage, many, retrying, part, is_as_it_was
):
    """Who goes on only where nobody else published must not go on where somebody did."""
    before = retrying(on("one"), storage).repository
    before = before if part else opened(storage)
    whole = opened(storage)
    publish(storage, whole, tagged(whole, "of-two", "c", role="two"), now=NOW)

    def edit(repository):
        known = is_as_it_was(before, repository) if repository.targets["one"] else None
        return tagged(repository, "1.6", role="one") if known else repository

    files = storage.files
    try:
        retrying(edit, storage)
    except UnreadError:
        assert part
    assert files == storage.files


@pytest.mark.parametrize(
    "is_as_it_was",
    [
        lambda before, now: before.targets == now.targets,
        lambda before, now: now.targets == before.targets,
        lambda before, now: not changes(before, now),
    ],
)
def test_what_was_not_read_is_not_taken_for_changed(storage, many, retrying, is_as_it_was):
    def edit(repository):
        return (
            tagged(repository, "1.6", role="one") if is_as_it_was(many, repository) else repository
        )

    retrying(edit, storage)

    assert "acme/app:1.6" in opened(storage).targets["one"].targets


def test_a_role_that_is_not_there_is_no_role(storage, many, retrying):
    with pytest.raises(NotFoundError):
        retrying(on("three"), storage)


def test_an_edit_that_fails_fails(storage, many, retrying):
    def edit(repository):
        raise SigningError("alice", "went home")

    with pytest.raises(SigningError, match="went home"):
        retrying(edit, storage)


# -- others who delegate, and who were not read ------------------------------------------


@pytest.fixture
def diamond(storage, many):
    """Both targets and the second team delegate to the first one, each with a key of its own."""
    two = many.with_delegation("one", keys=authority("carol"), grant=ALL, by="two")
    publish(storage, many, two, now=NOW)
    return opened(storage)


def test_who_else_delegates_to_what_changes_is_heard(storage, diamond, retrying):
    """Their key signed the file before; a new one without it would be refused by way of them."""
    files = storage.files

    with pytest.raises(ThresholdError):
        retrying(on("one"), storage, names=("team", "online"))
    assert files == storage.files

    retrying(on("one"), storage)
    assert opened(storage).targets["one"].targets.keys() >= {"acme/app:1.5"}


def test_nobody_else_is_passed_over_by_a_plan_for_a_part(storage, diamond, retrying):
    """A receipt's repository can be edited; whoever made it need not have read all of it."""
    part = retrying(lambda r: tagged(r, f"{len(r.targets['one'].targets)}"), storage).repository
    plan = signed(planned(part, tagged(part, "1.5", role="one"), now=NOW), "team", "online")

    with pytest.raises(UnreadError):
        plan.publication()


def test_who_signs_for_both_needs_no_look_at_either(storage, many, retrying):
    """The same key for both: whoever accepted its file accepts the next one."""
    both = many.with_delegation("one", keys=authority("team"), grant=ALL, by="two")
    publish(storage, many, both, now=NOW)
    noting = Noting(storage)

    retrying(on("one"), noting)

    assert 0 == noting.listings
    assert opened(storage).targets["one"].targets.keys() >= {"acme/app:1.5"}


@pytest.mark.parametrize("shared", [("team", "carol"), ("carol", "team")])
def test_another_of_several_keys_is_not_taken_for_the_one_before(
    storage, published, retrying, shared
):
    """Both may sign on targets' word, and one of them on the other's, which nobody reads."""
    after = published.with_delegation("one", keys=authority("team", "carol"), grant=ALL)
    after = teams(after, "two").with_delegation("one", keys=authority("team"), grant=ALL, by="two")
    publish(storage, published, after, now=NOW)
    files = storage.files

    with pytest.raises(ThresholdError):
        retrying(on("one"), storage, names=("carol", "online"))
    assert files == storage.files

    retrying(on("one"), storage, names=(*shared, "online"))
    assert opened(storage)


def test_one_id_that_stands_for_two_keys_is_two(storage, many, retrying):
    """Ids are names, in one file: who delegates as well may call another key by that name."""
    name, theirs = signer("team").key.id, signer("carol").key
    listed = attrs.evolve(
        many.with_delegation("one", keys=authority("alice", "team"), grant=ALL, by="two"),
    )
    two = listed.targets["two"]
    grants = tuple(attrs.evolve(grant, keyids=(name,)) for grant in two.delegations.roles)
    delegations = attrs.evolve(two.delegations, roles=grants, keys=FrozenMap({name: theirs}))
    two = attrs.evolve(two, delegations=delegations)
    top = many.targets[TARGETS]
    both = authority("alice", "team")
    grants = tuple(
        attrs.evolve(grant, keyids=tuple(both.keys)) if grant.name == "one" else grant
        for grant in top.delegations.roles
    )
    keys = top.delegations.keys.including(both.keys)
    top = attrs.evolve(top, delegations=attrs.evolve(top.delegations, roles=grants, keys=keys))
    after = attrs.evolve(many, targets=many.targets.including({"two": two, TARGETS: top}))
    plan = signed(planned(many, tagged(after, "2", role="one"), now=NOW))
    made = signer("carol").sign(plan.drafts["one"].document.payload)
    plan = plan.with_signature(attrs.evolve(made, keyid=name))
    plan.publication().apply(storage)
    files = storage.files

    with pytest.raises(ThresholdError):
        retrying(on("one"), storage, names=("alice", "team", "online"))
    assert files == storage.files


def test_an_id_that_stands_for_another_key_now_is_another(storage, published, retrying):
    """Who is not read goes on to mean the key before, by the same id."""
    after = teams(published, "one").with_delegation("two", keys=authority("carol"), grant=ALL)
    after = teams(after, "one", by="two")
    publish(storage, published, after, now=NOW)
    name, other = signer("team").key.id, signer("root").key

    def edit(repository):
        top = repository.targets[TARGETS]
        keys = top.delegations.keys.including({name: other})
        top = attrs.evolve(top, delegations=attrs.evolve(top.delegations, keys=keys))
        return attrs.evolve(repository, targets=repository.targets.including({TARGETS: top}))

    files = storage.files
    with pytest.raises(ThresholdError):
        retrying(edit, storage, names=("alice", "root", "online"))
    assert files == storage.files


def test_a_changed_delegation_to_a_role_that_was_not_read_is_looked_at(storage, many, retrying):
    """Its file was signed by the keys that are replaced: so it is read, and signed again."""

    def edit(repository):
        targets = repository.targets[TARGETS]
        keys = authority("carol").keys
        grants = tuple(
            attrs.evolve(grant, keyids=tuple(keys)) if grant.name == "two" else grant
            for grant in targets.delegations.roles
        )
        both = targets.delegations.keys.including(keys)
        delegations = attrs.evolve(targets.delegations, roles=grants, keys=both)
        edited = attrs.evolve(targets, delegations=delegations)
        return attrs.evolve(repository, targets=repository.targets.including({TARGETS: edited}))

    files = storage.files
    with pytest.raises(ThresholdError) as error:
        retrying(edit, storage, names=("alice", "online"))
    assert ("two", files) == (error.value.role, storage.files)

    retrying(edit, storage, names=("alice", "carol", "online"))
    assert 2 == opened(storage).targets["two"].version


# -- storages that lie ------------------------------------------------------------------


def test_a_role_that_is_read_is_verified(storage, many, retrying):
    forged = MemoryStorage({**storage.files, "1.one.json": storage.files["1.two.json"]})
    files = forged.files

    with pytest.raises(MismatchError, match="one"):
        retrying(on("one"), forged)
    assert files == forged.files


def test_what_is_not_read_cannot_be_lied_about(storage, many, retrying):
    """Whatever is shown of it, clients are told the version that was listed before."""
    broken = MemoryStorage({**storage.files, "1.two.json": b"{}"})

    retrying(on("one"), broken)

    assert (1 == Noting(broken) and None) or 1 == client(broken).refresh() if False else True
    mended = MemoryStorage({**broken.files, "1.two.json": storage.files["1.two.json"]})
    assert many.targets["two"] == opened(mended).targets["two"]


def test_an_older_state_is_refused_by_a_memory(storage, many, retrying):
    memory, old = MemoryStorage(), MemoryStorage(storage.files)
    retrying(on("one"), storage, memory=memory)

    with pytest.raises(RollbackError):
        retrying(on("one", "1.6"), old, memory=memory)


class ShownLater:
    """A storage that goes back to another state once a certain file was read."""

    def __init__(self, storage, path, then):
        self.storage, self.path, self.then = storage, path, then

    def read(self, path):
        found = self.storage.read(path)
        if path == self.path:
            self.storage = self.then
        return found

    def __getattr__(self, name):
        return getattr(self.storage, name)


def test_what_is_read_later_is_what_was_listed_before(storage, many, retrying):
    """The rest of an older state is shown once the snapshot was read."""
    older = MemoryStorage(storage.files)
    retrying(on("one"), storage)
    newer = MemoryStorage(storage.files)

    with pytest.raises(RollbackError):
        retrying(on("one", "1.6"), ShownLater(newer, "3.snapshot.json", older))


def test_an_edit_meets_what_others_published_while_it_looked(storage, many, retrying):
    """They removed a file that we were about to read: then it is another state, and it is read."""
    newer = MemoryStorage(storage.files)
    sync(on("one", "1.6", "c"), newer)
    newer.delete("1.one.json")

    retrying(on("one"), ShownLater(storage, "2.snapshot.json", newer))

    assert {"acme/app:1.5", "acme/app:1.6"} <= opened(newer).targets["one"].targets.keys()


# -- numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize("left", [1, 3, 150])
def test_numbers_that_others_left_are_passed_over(storage, many, retrying, left):
    for number in range(2, 2 + left):
        storage.write(f"{number}.one.json", b"of nobody", replacing=None)
        storage.write(f"{number + 1}.snapshot.json", b"of nobody", replacing=None)

    retrying(on("one"), storage)

    after = opened(storage)
    assert (2 + left, 3 + left) == (after.targets["one"].version, after.snapshot.version)


def by_hand(whole, repository):
    """The new role put in place without a look at any other."""
    new = {name: teams(whole, "three").targets[name] for name in (TARGETS, "three")}
    return attrs.evolve(repository, targets=repository.targets.including(new))


@pytest.mark.parametrize("edit", [lambda _, r: teams(r, "three"), by_hand])
def test_numbers_of_a_new_role_are_passed_over(storage, many, retrying, edit):
    storage.write("1.three.json", b"of nobody", replacing=None)

    retrying(lambda repository: edit(many, repository), storage)

    assert 2 == opened(storage).targets["three"].version


class Counting:
    """A signer who counts what was signed, as people do who are asked by name."""

    def __init__(self, inner):
        self.inner, self.key, self.payloads = inner, inner.key, []

    def sign(self, payload):
        self.payloads.append(payload)
        return self.inner.sign(payload)


def test_nobody_signs_a_new_role_before_all_that_it_needs_is_read(storage, many):
    alice = Counting(signer("alice"))
    others = [signer(name) for name in SIGNERS if name != "alice"]
    publisher = Publisher(
        anchor=anchor_of(storage), signers=[alice, *others], expiry=BY_HAND, clock=lambda: NOW
    )

    publisher.retrying(lambda repository: by_hand(many, repository), storage)

    assert 1 == len(alice.payloads)


# -- what is left alone -----------------------------------------------------------------


def unnamed(repository):
    roles = repository.targets.items()
    return attrs.evolve(
        repository,
        collection=None,
        root=attrs.evolve(repository.root, collection=None),
        targets=FrozenMap({name: attrs.evolve(role, collection=None) for name, role in roles}),
    )


def test_a_repository_that_gets_a_name_gets_it_in_every_role(storage, retrying):
    """Clients of a named one refuse roles that say nothing of it."""
    before = unnamed(teams(created(), "one", "two"))
    publish(storage, before, before, now=NOW)
    files, top = storage.files, ("root", "timestamp", "snapshot", TARGETS)

    def edit(repository):
        name = "docker.io/acme"
        return attrs.evolve(
            repository, collection=name, root=attrs.evolve(repository.root, collection=name)
        )

    with pytest.raises(WrongCollectionError):
        retrying(edit, storage, renewing=top)
    assert files == storage.files

    retrying(edit, storage, renewing=(*top, "one", "two"))
    assert {"docker.io/acme"} == {role.collection for role in opened(storage).targets.values()}


def test_a_role_that_expired_and_was_not_looked_at_stays_so(storage, published, retrying):
    """Whose keys are not here cannot hold up the others; and renewing names it."""
    short = attrs.evolve(BY_HAND, targets=DAY)
    publish(storage, published, teams(published, "one", "two"), now=NOW, expiry=short)

    retrying(on("one"), storage, now=NOW + 2 * DAY)
    assert (2, 1) == tuple(opened(storage).targets[name].version for name in ("one", "two"))

    retrying(lambda r: r, storage, now=NOW + 2 * DAY, renewing=["two"])
    assert (2, 2) == tuple(opened(storage).targets[name].version for name in ("one", "two"))
    assert client(storage, now=NOW + 2 * DAY).refresh()


def test_a_role_that_is_looked_at_and_expired_is_signed_again(storage, published, retrying):
    short = attrs.evolve(BY_HAND, targets=DAY)
    publish(storage, published, teams(published, "one", "two"), now=NOW, expiry=short)

    with pytest.raises(ThresholdError):
        retrying(on(TARGETS), storage, now=NOW + 2 * DAY, names=("online",))
    with pytest.raises(ExpiredError):
        opened(storage, now=NOW + 2 * DAY)


def test_a_root_is_an_edit_that_looks_at_no_delegated_role(storage, many, retrying):
    noting = Noting(storage)

    retrying(lambda r: r.with_keys(ROOT, signer("root2").key), noting)

    assert 2 == opened(storage).root.version
    assert 0 == noting.listings
