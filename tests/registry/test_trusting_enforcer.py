"""Each name is answered by whoever speaks for it; everything else is refused, or loud."""

from datetime import timedelta

import pytest
from attrs import evolve
from core.worlds import World, listing, signer
from publish.desks import authority
from registry.contents import OCI_MANIFEST
from registry.trusting import (
    NOW,
    RegistryStorage,
    RegistryTransport,
    collection,
    pushed,
    registry_at,
)

from trustlib import (
    BY_HAND,
    Anchor,
    Authority,
    ExpiredError,
    Limits,
    MemoryStorage,
    NotFoundError,
    NoTrustDataError,
    PathPatterns,
    Repository,
    SigningPlan,
    StorageError,
    ThresholdError,
    TooLongError,
    WrongCollectionError,
)
from trustlib._frozen import FrozenMap
from trustlib.content import PerRepository
from trustlib.events import TrustedOnFirstUse, Untrusted
from trustlib.registry import Enforcer, NobodySpeaksFor, Policy, SpokenFor, TrustOnFirstUse
from trustlib.updater import Freshness

DIGEST = "sha256:" + "a" * 64

pytestmark = pytest.mark.servers
_count = iter(range(10**6))


@pytest.fixture
def organisation():
    """A name that no other test uses."""
    return f"org{next(_count)}"


def enforcer(place, *rules, stores=None, now=NOW, events=None, **more):
    stores = {} if stores is None else stores
    return Enforcer(
        policy=Policy(rules),
        registry=lambda domain: registry_at(place),
        store=lambda name: stores.setdefault(name, MemoryStorage()),
        clock=lambda: now,
        on_event=(lambda event: None) if events is None else events.append,
        **more,
    )


def tag(place, path, tag="1.4", digest=DIGEST, role="targets"):
    reference = f"{place.domain}/{path}:{tag}"
    return lambda repository: repository.with_tag(
        reference, digest=digest, size=7, media_type=OCI_MANIFEST, role=role
    )


def of_organisation(place, organisation, **more):
    """A collection for all images of an organisation, and the rule for it."""
    storage = RegistryStorage(registry_at(place), f"{organisation}/trust")
    name = f"{place.domain}/{organisation}"
    anchor = collection(storage, name, edit=more.pop("edit", tag(place, f"{organisation}/app")))
    return SpokenFor(name, anchor=anchor, repository=f"{organisation}/trust", **more)


def of_image(place, path, *, name=None, **more):
    """Publish a collection in an image's own repository; returns its anchor."""
    storage = RegistryStorage(registry_at(place), path)
    name = name or f"{place.domain}/{path}"
    edit = tag(place, name.partition("/")[2])
    return collection(storage, name, names=PerRepository(name), edit=edit, **more)


def test_one_collection_answers_for_all_images_of_an_organisation(plain, organisation):
    rule = of_organisation(plain, organisation)

    binding = enforcer(plain, rule).resolve(f"{plain.domain}/{organisation}/app:1.4")

    assert f"{plain.domain}/{organisation}/app@{DIGEST}" == binding.pinned


def test_an_image_may_have_a_collection_of_its_own(plain, organisation):
    path = f"{organisation}/app"
    rule = SpokenFor(f"{plain.domain}/{organisation}", anchor=of_image(plain, path))

    assert DIGEST == str(enforcer(plain, rule).resolve(f"{plain.domain}/{path}:1.4").digest)


def test_a_name_without_a_rule_is_refused_before_anybody_is_asked(plain, organisation):
    asked = []
    guard = Enforcer(policy=Policy([]), registry=asked.append, store=asked.append)

    with pytest.raises(NoTrustDataError, match="no rule of the policy"):
        guard.resolve(f"{plain.domain}/{organisation}/app")
    assert [] == asked


def test_a_digest_alone_needs_nobodys_word():
    guard = Enforcer(policy=Policy([]), store=lambda _: MemoryStorage())

    assert DIGEST == str(guard.resolve(f"acme/app@{DIGEST}").digest)


def test_a_tag_that_the_collection_does_not_list_is_not_found(plain, organisation):
    rule = of_organisation(plain, organisation)

    with pytest.raises(NotFoundError, match=r"app:2\.0"):
        enforcer(plain, rule).resolve(f"{plain.domain}/{organisation}/app:2.0")


def test_a_collection_that_is_not_there_is_withheld(plain, organisation):
    rule = of_organisation(plain, organisation)
    elsewhere = SpokenFor(rule.prefix, anchor=rule.anchor, repository=f"{organisation}/none")

    with pytest.raises(NoTrustDataError, match="withholds"):
        enforcer(plain, elsewhere).resolve(f"{plain.domain}/{organisation}/app:1.4")


def test_a_collection_of_another_name_is_refused(plain, organisation):
    path = f"{organisation}/app"
    anchor = of_image(plain, path, name=f"{plain.domain}/{organisation}/other")
    rule = SpokenFor(f"{plain.domain}/{organisation}", anchor=anchor)

    with pytest.raises(WrongCollectionError):
        enforcer(plain, rule).resolve(f"{plain.domain}/{path}:1.4")


def nameless(place, path):
    """Publish what other tools publish: a collection that does not say whose it is."""
    world = World.create()
    listed = FrozenMap({"1.4": listing("the release")})
    files = world.edited("targets", targets=listed).sealed().files()
    storage = RegistryStorage(registry_at(place), path)
    storage.write_all(files, dropping=(), path="timestamp.json", replacing=None)
    return Anchor.root(files["1.root.json"])


def test_what_does_not_say_whose_it_is_speaks_for_one_image_and_no_other(plain, organisation):
    app, db = (f"{plain.domain}/{organisation}/{name}" for name in ("app", "db"))
    anchor = nameless(plain, f"{organisation}/app")
    nameless(plain, f"{organisation}/db")  # the registry serves it once more

    assert "targets" == enforcer(plain, SpokenFor(app, anchor=anchor)).resolve(f"{app}:1.4").via[0]
    guard = enforcer(plain, SpokenFor(f"{plain.domain}/{organisation}", anchor=anchor))
    for image in (app, db):
        with pytest.raises(WrongCollectionError, match="metadata of none"):
            guard.resolve(f"{image}:1.4")


def test_where_paths_or_first_roots_tell_images_apart_a_name_may_be_missing(plain, organisation):
    anchor, prefix = nameless(plain, f"{organisation}/app"), f"{plain.domain}/{organisation}"
    names = PerRepository(f"{prefix}/app")

    for rule in (
        SpokenFor(prefix, anchor=TrustOnFirstUse(MemoryStorage())),
        SpokenFor(prefix, anchor=anchor, names=names),
        SpokenFor(prefix, anchor=anchor, repository=f"{organisation}/app", names=names),
    ):
        assert enforcer(plain, rule).resolve(f"{prefix}/app:1.4").collection is None


def test_all_are_answered_in_their_order_or_none(plain, organisation):
    rule = of_organisation(plain, organisation)
    guard = enforcer(plain, rule, NobodySpeaksFor("docker.io"))
    known, unknown = (f"{plain.domain}/{organisation}/app:{tag}" for tag in ("1.4", "9"))

    assert [known, f"docker.io/acme/app@{DIGEST}"] == [
        str(binding.reference) for binding in guard.resolve_all([known, f"acme/app@{DIGEST}"])
    ]
    with pytest.raises(NotFoundError):
        guard.resolve_all([known, unknown])


class Counting:
    """A transport that remembers what it was asked."""

    def __init__(self, transport):
        self.transport, self.asked = transport, []

    def fetch(self, request):
        self.asked.append(request.path)
        return self.transport.fetch(request)


def test_a_collection_is_asked_once_for_all_that_it_speaks_for(plain, organisation):
    rule = of_organisation(plain, organisation)
    counting = Counting(RegistryTransport(registry_at(plain), rule.repository))
    always = Freshness(max_age=timedelta(0))
    rule = SpokenFor(rule.prefix, anchor=rule.anchor, transport=counting, freshness=always)
    app = f"{plain.domain}/{organisation}/app"

    found = enforcer(plain, rule).resolve_all([f"{app}:1.4", f"{app}@{DIGEST}", f"{app}:1.4"])

    assert [DIGEST] * 3 == [str(binding.digest) for binding in found]
    assert 1 == counting.asked.count("timestamp.json")


def test_an_answer_is_no_older_than_the_rule_allows(plain, organisation):
    rule = of_organisation(plain, organisation, freshness=Freshness(max_age=timedelta(0)))
    stores = {}
    enforcer(plain, rule, stores=stores).resolve(f"{plain.domain}/{organisation}/app:1.4")

    with pytest.raises(ExpiredError):
        later = enforcer(plain, rule, stores=stores, now=NOW + timedelta(days=400))
        later.resolve(f"{plain.domain}/{organisation}/app:1.4")


def test_what_was_seen_is_remembered_where_the_caller_says(plain, organisation):
    rule = of_organisation(plain, organisation)
    stores = {}

    enforcer(plain, rule, stores=stores).resolve(f"{plain.domain}/{organisation}/app:1.4")

    assert [f"{plain.domain}/{organisation}"] == list(stores)
    assert stores[f"{plain.domain}/{organisation}"].load("timestamp.json") is not None


# -- how many must sign --------------------------------------------------------------------


def test_every_role_that_vouches_needs_as_many_keys_as_the_policy_wants(plain, organisation):
    one = of_organisation(plain, organisation)
    two = SpokenFor(one.prefix, anchor=one.anchor, repository=one.repository, signers=2)
    reference = f"{plain.domain}/{organisation}/app:1.4"

    assert DIGEST == str(enforcer(plain, one).resolve(reference).digest)
    with pytest.raises(ThresholdError) as caught:
        enforcer(plain, two).resolve(reference)
    assert ("targets", 2) == (caught.value.role, caught.value.threshold)


@pytest.mark.parametrize(
    ("above", "below", "lacking"),
    [
        (["alice"], ["team", "bob"], "targets"),
        (["alice", "carol"], ["team"], "releases"),
        (["alice", "carol"], ["team", "bob"], None),
    ],
)
def test_so_does_whoever_let_it_speak(plain, organisation, above, below, lacking):
    name, app = f"{plain.domain}/{organisation}", f"{organisation}/app"
    targets, releases = (Authority.of(*(signer(k).key for k in keys)) for keys in (above, below))
    empty = Repository.create(
        name,
        root=authority("root"),
        targets=evolve(targets, threshold=len(above)),
        snapshot=authority("online"),
        timestamp=authority("online"),
    )
    after = empty.with_delegation(
        "releases",
        keys=evolve(releases, threshold=len(below)),
        grant=PathPatterns((f"{app}:*",)),
    )
    plan = SigningPlan.between(
        empty, tag(plain, app, role="releases")(after), now=NOW, expiry=BY_HAND
    )
    signers = map(signer, ("root", "online", *above, *below))
    storage = RegistryStorage(registry_at(plain), f"{organisation}/trust")
    receipt = plan.signed_by(*signers).publication().apply(storage)
    anchor = Anchor.root(receipt.repository.published.files["root"])
    rule = SpokenFor(name, anchor=anchor, repository=f"{organisation}/trust", signers=2)

    if lacking is None:
        binding = enforcer(plain, rule).resolve(f"{name}/app:1.4")
        assert ("targets", "releases") == binding.via
        return
    with pytest.raises(ThresholdError) as caught:
        enforcer(plain, rule).resolve(f"{name}/app:1.4")
    assert (lacking, 2) == (caught.value.role, caught.value.threshold)


# -- trust on first use --------------------------------------------------------------------


def test_the_first_root_is_believed_loudly_and_kept(plain, organisation):
    path, first, events = f"{organisation}/app", MemoryStorage(), []
    anchor = of_image(plain, path)
    rule = SpokenFor(f"{plain.domain}/{organisation}", anchor=TrustOnFirstUse(first))
    reference = f"{plain.domain}/{path}:1.4"

    enforcer(plain, rule, events=events).resolve(reference)
    again = []
    enforcer(plain, rule, events=again).resolve(reference)

    assert [
        TrustedOnFirstUse(collection=f"{plain.domain}/{path}", sha256=anchor.sha256, version=1)
    ] == [event for event in events if isinstance(event, TrustedOnFirstUse)]
    assert [] == [event for event in again if isinstance(event, TrustedOnFirstUse)]
    assert anchor.raw in first.files.values()


def test_who_was_met_is_believed_and_nobody_else_afterwards(plain, organisation):
    path, first = f"{organisation}/app", MemoryStorage()
    of_image(plain, path)
    rule = SpokenFor(f"{plain.domain}/{organisation}", anchor=TrustOnFirstUse(first))
    enforcer(plain, rule).resolve(f"{plain.domain}/{path}:1.4")
    registry = registry_at(plain)
    registry.delete(path, registry.manifest(path, "_trust").digest)

    with pytest.raises(NoTrustDataError, match="withholds"):
        enforcer(plain, rule).resolve(f"{plain.domain}/{path}:1.4")
    of_image(plain, path, by="carol")
    with pytest.raises(ThresholdError):
        enforcer(plain, rule).resolve(f"{plain.domain}/{path}:1.4")


def test_who_was_seen_before_is_not_met_for_the_first_time(plain, organisation):
    path, prefix, stores = f"{organisation}/app", f"{plain.domain}/{organisation}", {}
    anchored = SpokenFor(prefix, anchor=of_image(plain, path))
    enforcer(plain, anchored, stores=stores).resolve(f"{prefix}/app:1.4")
    registry = registry_at(plain)
    registry.delete(path, registry.manifest(path, "_trust").digest)
    of_image(plain, path, by="carol")

    with pytest.raises(StorageError, match="restore that root, or give an anchor"):
        met = SpokenFor(prefix, anchor=TrustOnFirstUse(MemoryStorage()))
        enforcer(plain, met, stores=stores).resolve(f"{prefix}/app:1.4")


def test_nothing_is_kept_of_a_first_root_that_cannot_be_used(plain, organisation):
    path, first, stores = f"{organisation}/app", MemoryStorage(), {}
    of_image(plain, path)
    rule = SpokenFor(f"{plain.domain}/{organisation}", anchor=TrustOnFirstUse(first))

    with pytest.raises(ExpiredError):
        late = enforcer(plain, rule, stores=stores, now=NOW + timedelta(days=400))
        late.resolve(f"{plain.domain}/{path}:1.4")
    assert [{}, {}] == [dict(first.files), dict(stores[f"{plain.domain}/{path}"].files)]
    enforcer(plain, rule, stores=stores).resolve(f"{plain.domain}/{path}:1.4")


def test_a_first_root_of_another_collection_is_refused(plain, organisation):
    path, first = f"{organisation}/app", MemoryStorage()
    of_image(plain, path, name=f"{plain.domain}/{organisation}/other")
    rule = SpokenFor(f"{plain.domain}/{organisation}", anchor=TrustOnFirstUse(first))

    with pytest.raises(WrongCollectionError):
        enforcer(plain, rule).resolve(f"{plain.domain}/{path}:1.4")
    assert {} == dict(first.files)


def test_a_collection_that_was_never_there_cannot_be_met(plain, organisation):
    rule = SpokenFor(f"{plain.domain}/{organisation}", anchor=TrustOnFirstUse(MemoryStorage()))

    with pytest.raises(NoTrustDataError):
        enforcer(plain, rule).resolve(f"{plain.domain}/{organisation}/app:1.4")


class Endless:
    """A transport of a file that has no end, until somebody has had enough."""

    def __init__(self):
        self.sent, self.closed = 0, False

    def fetch(self, request):
        def pieces():
            try:
                while True:
                    self.sent += 1_000
                    yield bytes(1_000)
            finally:
                self.closed = True

        return pieces()


def test_an_endless_first_root_is_left_where_it_is_too_long():
    endless = Endless()
    rule = SpokenFor("a.example", anchor=TrustOnFirstUse(MemoryStorage()), transport=endless)
    guard = Enforcer(
        policy=Policy([rule]), store=lambda _: MemoryStorage(), limits=Limits(root=10_000)
    )

    with pytest.raises(TooLongError):
        guard.resolve("a.example/app:1")
    assert (True, True) == (endless.sent <= 12_000, endless.closed)


def test_a_collection_makes_nobody_read_more_than_the_caller_allows(plain, organisation):
    rule = of_organisation(plain, organisation)

    with pytest.raises(TooLongError, match="timestamp"):
        guard = enforcer(plain, rule, limits=Limits(timestamp=10))
        guard.resolve(f"{plain.domain}/{organisation}/app:1.4")


class Overtaken(MemoryStorage):
    """A store into which another process has put something a moment earlier."""

    earlier = b""

    def save(self, name, data, *, replacing):
        self.earlier, earlier = b"", self.earlier
        if earlier:
            super().save(name, earlier, replacing=None)
        return super().save(name, data, replacing=replacing)


def test_of_two_processes_that_meet_a_collection_the_first_is_right(plain, organisation):
    prefix, events = f"{plain.domain}/{organisation}", []
    theirs = of_image(plain, f"{organisation}/other", name=f"{prefix}/app", by="carol").raw
    of_image(plain, f"{organisation}/app")
    first = Overtaken()
    first.earlier = theirs

    with pytest.raises(ThresholdError):
        rule = SpokenFor(prefix, anchor=TrustOnFirstUse(first))
        enforcer(plain, rule, events=events).resolve(f"{prefix}/app:1.4")
    assert [theirs] == list(first.files.values())
    assert [] == [event for event in events if isinstance(event, TrustedOnFirstUse)]


# -- nobody speaks -------------------------------------------------------------------------


def test_where_nobody_speaks_the_registry_does_and_that_is_told(plain, organisation):
    events = []
    content = pushed(registry_at(plain), f"{organisation}/app", "1.4")
    guard = enforcer(plain, NobodySpeaksFor(plain.domain), events=events)

    binding = guard.resolve(f"{plain.domain}/{organisation}/app:1.4")

    assert (content.digest, content.size, content.media_type, ()) == (
        binding.digest,
        binding.size,
        binding.media_type,
        binding.via,
    )
    (event,) = events
    assert isinstance(event, Untrusted)
    assert f"nobody speaks for {plain.domain}" in event.why


def test_where_nobody_speaks_there_is_no_collection_to_look_into(plain, organisation):
    guard = enforcer(plain, NobodySpeaksFor(plain.domain))

    with pytest.raises(NoTrustDataError, match="nobody speaks"):
        guard.updater(f"{plain.domain}/{organisation}/app")
    with pytest.raises(NotFoundError, match="check the name"):
        guard.resolve(f"{plain.domain}/{organisation}/app:none")
