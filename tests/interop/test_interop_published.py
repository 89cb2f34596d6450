"""What trustlib publishes, the reference client accepts, over HTTP."""

import hashlib
from datetime import UTC, datetime

import pytest
from core.worlds import signer
from interop.kinds import KINDS, our_signer
from tuf.api.exceptions import RepositoryError

from trustlib import (
    RENEWED,
    Anchor,
    Authority,
    FileStorage,
    FrozenMap,
    HashPrefixes,
    PathPatterns,
    Repository,
    SigningPlan,
    Target,
)

NOW = datetime.now(UTC)
"""The judge looks at the clock of this machine."""

DATA = b"what was published"


def of(*signers, threshold=1):
    return Authority.of(*(one.key for one in signers), threshold=threshold)


def created(**roles):
    given = {name: of(signer(name)) for name in ("root", "targets", "snapshot", "timestamp")}
    return Repository.create("docker.io/acme", **{**given, **roles})


def publish(site, before, after, *signers):
    """Publish the edit; returns the repository to edit next. Whoever of *signers* is asked, signs."""
    plan = SigningPlan.between(before, after, now=NOW, expiry=RENEWED)
    known = (*signers, *(signer(name) for name in ("root", "targets", "snapshot", "timestamp")))
    asked = {
        one.key.id: one
        for one in known
        if any(draft.request.asks(one.key) for draft in plan.drafts.values())
    }
    receipt = plan.signed_by(*asked.values()).publication().apply(FileStorage.public(site))
    return receipt.repository


def upload(site, path, data=DATA):
    """Put a target's file where clients look for it."""
    folder, slash, name = path.rpartition("/")
    prefixed = f"{folder}{slash}{hashlib.sha256(data).hexdigest()}.{name}"
    place = site / "targets" / prefixed
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def listing(repository, *paths, role="targets", **more):
    for path in paths:
        repository = repository.with_target(path, Target.of(DATA, **more), role=role)
    return repository


@pytest.fixture
def site(tmp_path):
    return tmp_path / "site"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key_can_sign_every_role(judge, site, kind):
    key = our_signer(kind)
    roles = {name: of(key) for name in ("root", "targets", "snapshot", "timestamp")}
    before = created(**roles)
    after = before.with_delegation("team", keys=of(key), grant=PathPatterns(("team/*",)))
    publish(site, before, listing(after, "team/app", role="team"), key)

    found = judge(site).get_targetinfo("team/app")

    assert hashlib.sha256(DATA).hexdigest() == found.hashes["sha256"]


def test_kinds_of_keys_can_be_mixed(judge, site):
    keys = [our_signer(kind) for kind in KINDS]
    before = created(root=of(*keys, threshold=len(keys)), targets=of(*keys, threshold=2))
    publish(site, before, listing(before, "app"), *keys)

    assert len(DATA) == judge(site).get_targetinfo("app").length


def test_a_target_is_downloaded(judge, site):
    before = created()
    publish(site, before, listing(before, "a/b/app.tgz"))
    upload(site, "a/b/app.tgz")
    client = judge(site)

    with open(client.download_target(client.get_targetinfo("a/b/app.tgz")), "rb") as file:
        assert file.read() == DATA


def test_tags_and_custom_data_arrive_as_they_were_given(judge, site):
    before = created()
    after = before.with_tag(
        "acme/app:1.4",
        digest="sha256:" + "ab" * 32,
        size=1573,
        media_type="application/vnd.oci.image.index.v1+json",
        custom={"é": [1, {"b": None}], "A": True, "a": '日本\n"\\\x7f'},
    )
    publish(site, before, after)

    found = judge(site).get_targetinfo("acme/app:1.4")

    assert (1573, {"sha256": "ab" * 32}) == (found.length, found.hashes)
    assert {"é": [1, {"b": None}], "A": True, "a": '日本\n"\\\x7f'}.items() <= found.custom.items()


def test_a_target_may_have_both_hashes(judge, site):
    hashes = FrozenMap({name: hashlib.new(name, DATA).hexdigest() for name in ("sha512", "sha256")})
    before = created()
    publish(site, before, before.with_target("app", Target(length=len(DATA), hashes=hashes)))

    assert dict(hashes) == judge(site).get_targetinfo("app").hashes


def test_delegations_are_followed_in_their_order(judge, site):
    """Nested, by hash, and terminating: what the first one says counts."""
    before = created()
    after = (
        before.with_delegation("a", keys=of(signer("a")), grant=PathPatterns(("a/*", "*")))
        .with_delegation("a/deep", keys=of(signer("b")), grant=PathPatterns(("a/?",)), by="a")
        .with_delegation(
            "end", keys=of(signer("end")), grant=PathPatterns(("end/*",)), terminating=True
        )
        .with_delegation(
            "all", keys=of(signer("all")), grant=HashPrefixes(tuple("0123456789abcdef"))
        )
    )
    after = listing(after, "a/1", role="a/deep")
    after = after.with_target("a/1", Target.of(b"too late"), role="all")
    after = listing(after, "end/1", role="end")
    after = listing(after, "else/where", role="all")
    publish(site, before, after, *map(signer, ("a", "b", "end", "all")))
    client = judge(site)

    assert len(DATA) == client.get_targetinfo("a/1").length
    assert len(DATA) == client.get_targetinfo("end/1").length
    assert client.get_targetinfo("end/2") is None
    assert len(DATA) == client.get_targetinfo("else/where").length
    assert client.get_targetinfo("no/where") is None


def test_a_threshold_of_a_delegated_role_is_met(judge, site):
    people = [signer(name) for name in ("ann", "bob", "cleo")]
    before = created(targets=of(*people[:2], threshold=2))
    after = before.with_delegation(
        "team", keys=of(*people, threshold=3), grant=PathPatterns(("team/*",))
    )
    publish(site, before, listing(after, "team/app", role="team"), *people)

    assert len(DATA) == judge(site).get_targetinfo("team/app").length


@pytest.mark.parametrize(
    "name",
    ["Team", "TIMESTAMP", "a/b", "a b", "é日本", "?", "#", "%2e%2e", "%", "+", "1.root", "r" * 180, "a.json"],
)  # fmt: skip
def test_unusual_role_names_are_found(judge, site, name):
    before = created()
    after = before.with_delegation(name, keys=of(signer("odd")), grant=PathPatterns(("*",)))
    publish(site, before, listing(after, "app", role=name), signer("odd"))

    assert len(DATA) == judge(site).get_targetinfo("app").length


@pytest.mark.parametrize(
    "path",
    ["acme/app:1.4", "a b", "é/日本", "100%", "%41", "a?b", "a#b", "a&b=c+d", "~", "-", "A/B/c.D", '"'],
)  # fmt: skip
def test_unusual_target_names_are_found(judge, site, path):
    before = created()
    publish(site, before, listing(before, path))

    assert len(DATA) == judge(site).get_targetinfo(path).length


def test_every_role_may_get_new_keys(judge, site):
    """A client that has seen the beginning follows, one rotation after the other."""
    repository = created()
    repository = publish(site, repository, listing(repository, "app"))
    judge(site, known="old").refresh()
    for role in ("timestamp", "snapshot", "targets", "root"):
        old, new = signer(role), signer(f"new {role}")
        after = repository.with_keys(role, new.key).without_keys(role, old.key)
        signers = [signer(f"new {name}") for name in ("timestamp", "snapshot", "targets", "root")]
        repository = publish(site, repository, after, *signers)
        judge(site, known="old").refresh()

    assert len(DATA) == judge(site, known="old").get_targetinfo("app").length
    assert len(DATA) == judge(site, known="new").get_targetinfo("app").length


def test_a_client_follows_many_editions(judge, site):
    repository = created()
    for number in range(1, 6):
        path = f"app/{number}"
        repository = publish(site, repository, listing(repository, path))
        client = judge(site, known="everybody")

        assert len(DATA) == client.get_targetinfo(path).length


def test_a_repository_is_opened_and_edited_by_somebody_else(judge, site):
    before = created()
    publish(site, before, listing(before, "app"))
    anchor = Anchor.root((site / "1.root.json").read_bytes())
    opened = Repository.open(FileStorage.public(site), anchor=anchor)
    publish(site, opened, opened.without_target("app"))

    assert judge(site).get_targetinfo("app") is None


def test_a_delegation_may_end(judge, site):
    repository = created()
    after = repository.with_delegation("team", keys=of(signer("t")), grant=PathPatterns(("*",)))
    after = listing(after, "app", role="team")
    repository = publish(site, repository, after, signer("t"))
    judge(site, known="old").get_targetinfo("app")
    publish(site, repository, repository.without_delegation("team"))

    assert judge(site, known="old").get_targetinfo("app") is None


def test_the_judge_is_awake(judge, site):
    """It refuses the same repository with one byte of a signature changed."""
    before = created()
    publish(site, before, listing(before, "app"))
    file = site / "timestamp.json"
    file.write_bytes(file.read_bytes().replace(b'"sig":"', b'"sig":"00'))

    with pytest.raises(RepositoryError):
        judge(site).refresh()
