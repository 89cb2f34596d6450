"""The longest prefix counts, in whole components; and no rule is no answer."""

import pytest
from attrs import evolve

from trustlib import (
    Anchor,
    DirectoryTransport,
    ImageReference,
    MemoryStorage,
    NoTrustDataError,
    PerOrganisation,
    PerRepository,
)
from trustlib.registry import NobodySpeaksFor, Policy, SpokenFor, TrustOnFirstUse

ANCHOR = Anchor.pinned(sha256="a" * 64)


def image(text):
    return ImageReference.parse(text)


def policy(*prefixes):
    return Policy([SpokenFor(prefix, anchor=ANCHOR) for prefix in prefixes])


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("docker.io/acme/app:1", "docker.io/acme/app"),
        ("acme/app", "docker.io/acme/app"),
        ("acme/app/sub", "docker.io/acme/app"),
        ("acme/application", "docker.io/acme"),
        ("acme/other@sha256:" + "a" * 64, "docker.io/acme"),
        ("alpine", "docker.io"),
        ("registry.example:5000/x", "registry.example:5000"),
    ],
)
def test_the_longest_prefix_in_whole_components_counts(name, prefix):
    rules = policy("docker.io", "docker.io/acme", "docker.io/acme/app", "registry.example:5000")

    assert prefix == rules.rule(image(name)).prefix


@pytest.mark.parametrize(
    "name", ["acme-evil/app", "acmeapp", "registry.example/acme/app", "docker.io.evil/acme/app"]
)
def test_a_name_that_nobody_speaks_for_is_refused(name):
    with pytest.raises(NoTrustDataError, match="no rule of the policy"):
        policy("docker.io/acme").rule(image(name))


def test_a_policy_without_rules_refuses_everything():
    with pytest.raises(NoTrustDataError):
        Policy([]).rule(image("alpine"))


def test_two_rules_for_one_prefix_are_none():
    with pytest.raises(ValueError, match="two of them"):
        Policy([SpokenFor("docker.io", anchor=ANCHOR), NobodySpeaksFor("docker.io")])


@pytest.mark.parametrize(
    "prefix", ["", "acme", "docker.io/", "docker.io/Acme", "docker.io/a:1", "*"]
)
def test_a_prefix_is_the_beginning_of_a_name(prefix):
    with pytest.raises(ValueError, match=r"domain|repository"):
        SpokenFor(prefix, anchor=ANCHOR)
    with pytest.raises(ValueError, match=r"domain|repository"):
        NobodySpeaksFor(prefix)


def test_a_collection_is_read_in_one_place():
    with pytest.raises(ValueError, match="one place"):
        SpokenFor("docker.io", anchor=ANCHOR, repository="a/b", transport=DirectoryTransport("x"))


def test_at_least_one_key_must_sign():
    with pytest.raises(ValueError, match="at least 1"):
        SpokenFor("docker.io", anchor=ANCHOR, signers=0)


def test_images_have_collections_of_their_own_unless_a_rule_says_where_theirs_is():
    own = SpokenFor("docker.io/acme", anchor=ANCHOR)
    shared = evolve(own, repository="acme/trust")
    app = image("acme/app:1.4")

    assert ("docker.io/acme/app", PerRepository("docker.io/acme/app")) == (
        own.collection(app),
        own.naming(app),
    )
    assert ("docker.io/acme", PerOrganisation("docker.io")) == (
        shared.collection(app),
        shared.naming(app),
    )
    assert PerOrganisation("a.example") == evolve(own, names=PerOrganisation("a.example")).naming(
        app
    )


def test_a_policy_knows_the_collections_that_its_rules_are_about():
    rules = Policy(
        [
            SpokenFor("docker.io/acme", anchor=ANCHOR),
            SpokenFor("a.example/team", anchor=ANCHOR, repository="team/trust"),
            NobodySpeaksFor("b.example"),
        ]
    )

    known = ("docker.io/acme/app", "docker.io/acme", "a.example/team")
    unknown = (
        "docker.io/acme-evil/app",
        "docker.io",
        "a.example/team/app",
        "b.example",
        "b.example/x",
    )
    assert [True] * 3 == [rules.knows(name) for name in known]
    assert [False] * 5 == [rules.knows(name) for name in unknown]


def test_trust_on_first_use_is_nobodys_default():
    with pytest.raises(TypeError):
        SpokenFor("docker.io")
    assert TrustOnFirstUse(MemoryStorage()) == SpokenFor(
        "docker.io", anchor=TrustOnFirstUse(MemoryStorage())
    ).anchor or isinstance(
        SpokenFor("docker.io", anchor=TrustOnFirstUse(MemoryStorage())).anchor, TrustOnFirstUse
    )
