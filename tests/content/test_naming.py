"""From image to target path and back, and never to a neighbour."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustlib._types import CollectionName, TargetPath
from trustlib.content import ImageReference, PerOrganisation, PerRepository
from trustlib.content.naming import Naming
from trustlib.errors import NotFoundError

SHA256 = "sha256:" + "a" * 64

_components = st.from_regex(r"[a-z0-9]{1,4}((__|[._]|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True)
_paths = st.lists(_components, min_size=2, max_size=4).map("/".join)
_tags = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,8}", fullmatch=True)
_domains = st.sampled_from(["docker.io", "localhost:5000", "registry.example", "[::1]:443"])
tagged = st.builds(
    lambda domain, path, tag: ImageReference(domain=domain, path=path, tag=tag),
    _domains,
    _paths,
    _tags,
)


def path_of(naming: Naming, text: str) -> str:
    return naming.target_path(ImageReference.parse(text))


def covers(pattern: str, path: str) -> bool:
    """Match as delegations do: component by component."""
    patterns, parts = pattern.split("/"), path.split("/")
    return len(patterns) == len(parts) and all(map(fnmatchcase, parts, patterns))


# -- there and back ---------------------------------------------------------------------


@given(tagged)
def test_a_reference_comes_back_from_its_path_in_both_namings(reference):
    organisation, repository = (
        PerOrganisation(reference.domain),
        PerRepository(reference.repository),
    )

    assert reference == organisation.reference(organisation.target_path(reference))
    assert reference == repository.reference(repository.target_path(reference))


@given(tagged, tagged)
def test_different_images_never_share_a_path(one, other):
    naming = PerOrganisation(one.domain)
    other = ImageReference(domain=one.domain, path=other.path, tag=other.tag)

    assert (one == other) == (naming.target_path(one) == naming.target_path(other))


@pytest.mark.parametrize("naming", [PerOrganisation(), PerRepository("docker.io/acme/app")])
@given(text=st.text() | st.text("aA0._-:/@", max_size=12))
def test_an_arbitrary_path_is_one_of_ours_or_a_value_error(naming, text):
    try:
        reference = naming.reference(TargetPath(text))
    except ValueError:
        return

    assert text == naming.target_path(reference)


@pytest.mark.parametrize(
    ("domain", "typed", "path"),
    [
        ("docker.io", "acme/app:1.4", "acme/app:1.4"),
        ("docker.io", "alpine:3", "library/alpine:3"),
        ("docker.io", "docker.io/library/alpine:3", "library/alpine:3"),
        ("docker.io", "index.docker.io/acme/team/app:1", "acme/team/app:1"),
        ("localhost:5000", "localhost:5000/app:1", "app:1"),
        ("ghcr.io", f"ghcr.io/acme/app:1@{SHA256}", "acme/app:1"),
    ],
)
def test_per_organisation_the_path_is_the_name_below_the_domain(domain, typed, path):
    assert path == path_of(PerOrganisation(domain), typed)


def test_per_repository_the_path_is_the_tag():
    naming = PerRepository("docker.io/acme/app")

    assert "1.4" == path_of(naming, "acme/app:1.4")
    assert "1.4" == path_of(naming, f"index.docker.io/acme/app:1.4@{SHA256}")


# -- refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "ghcr.io/acme/app:1",
        "docker.io.evil.example/acme/app:1",
        "docker.io:443/acme/app:1",
        "Docker.io/acme/app:1",
        "registry-1.docker.io/acme/app:1",
        "localhost/acme/app:1",
    ],
)
def test_another_domain_is_not_spoken_for(typed):
    with pytest.raises(NotFoundError, match=r"speaks for the domain docker\.io only") as error:
        path_of(PerOrganisation("docker.io"), typed)

    assert typed == error.value.name


@pytest.mark.parametrize(
    "typed", ["acme/other:1", "acme/app/x:1", "acme/ap:1", "ghcr.io/acme/app:1", "app:1"]
)
def test_another_repository_is_not_spoken_for(typed):
    with pytest.raises(
        NotFoundError, match=r"speaks for the repository docker\.io/acme/app only"
    ) as error:
        path_of(PerRepository("docker.io/acme/app"), typed)

    assert str(ImageReference.parse(typed)) == error.value.name


@pytest.mark.parametrize("naming", [PerOrganisation(), PerRepository("docker.io/acme/app")])
@pytest.mark.parametrize("typed", ["acme/app", f"acme/app@{SHA256}"])
def test_a_path_needs_a_tag_and_none_is_made_up(naming, typed):
    with pytest.raises(ValueError, match=r"expected a tag, got 'docker\.io/acme/app"):
        path_of(naming, typed)


@pytest.mark.parametrize(
    "path",
    [
        "",
        ":",
        "acme/app",
        "acme/app:",
        ":1.4",
        "alpine:3",
        "acme/App:1",
        "../../etc/passwd:1",
        "acme/../app:1",
        "acme//app:1",
        "/acme/app:1",
        "acme/app:1:2",
        "acme/app:1/2",
        "acme/app:-1",
        f"acme/app:{'a' * 129}",
        "acme/app:lаtest",  # a Cyrillic а
        f"acme/app:1@{SHA256}",
        "a" * 256 + "/app:1",
        "a/" * 50_000 + ":1",
    ],
)
def test_a_path_that_no_image_has_is_refused(path):
    """T-46, T-103: what a publisher signs as a path is held to the grammar of references."""
    with pytest.raises(ValueError, match="expected"):
        PerOrganisation("docker.io").reference(TargetPath(path))


@pytest.mark.parametrize("path", ["", "a/b", "a:b", "a@b", "-1", "..", "a" * 129, "lаtest"])
def test_a_path_that_is_no_tag_is_refused(path):
    """T-103: with one collection per repository, the path is a tag and nothing more."""
    with pytest.raises(ValueError, match="tag: expected"):
        PerRepository("docker.io/acme/app").reference(TargetPath(path))


@pytest.mark.parametrize(
    "domain", ["", "acme", "docker.io/acme", "docker.io/", "../..", "a b.c", "index.docker.io"]
)
def test_a_naming_for_an_impossible_domain_cannot_be_made(domain):
    """T-46: the name of a collection's domain is held to the grammar."""
    with pytest.raises(ValueError, match="domain: expected"):
        PerOrganisation(domain)


@pytest.mark.parametrize(
    "repository",
    [
        "",
        "../..",
        "docker.io/a//b",
        "docker.io/Acme/app",
        "acme/app",
        "docker.io/alpine",
        "index.docker.io/acme/app",
        "docker.io/acme/app:1",
        f"docker.io/acme/app@{SHA256}",
        "docker.io/acme/äpp",
    ],
)
def test_a_naming_for_an_impossible_repository_cannot_be_made(repository):
    """T-46: the name of a repository is held to the grammar, and fully qualified."""
    with pytest.raises(ValueError, match="expected"):
        PerRepository(repository)


def test_a_short_repository_name_is_answered_with_the_full_one():
    with pytest.raises(ValueError, match=r"fully qualified name 'docker\.io/library/alpine'"):
        PerRepository("alpine")


def test_a_domain_has_at_most_255_characters():
    longest = "a." * 127 + "a"

    assert longest == PerOrganisation(longest).domain
    with pytest.raises(ValueError, match="domain: expected"):
        PerOrganisation(longest + "a")


def test_a_path_without_a_tag_is_answered_with_the_shape_that_was_expected():
    with pytest.raises(ValueError) as error:
        PerOrganisation().reference(TargetPath("tools/installer.tgz"))

    assert (
        "target path: expected name:tag, such as 'acme/app:1.4', got 'tools/installer.tgz'"
    ) == str(error.value)


# -- collections ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("collection", "expected"),
    [
        ("docker.io", True),
        ("docker.io/acme", True),
        ("docker.io/acme/app", True),
        ("docker.io.evil.example", False),
        ("docker.io.evil.example/acme", False),
        ("docker.io:443/acme", False),
        ("docker.iota", False),
        ("Docker.io/acme", False),
        ("ghcr.io/docker.io/acme", False),
        ("docker", False),
        ("", False),
    ],
)
def test_per_organisation_a_collection_of_the_domain_is_spoken_for(collection, expected):
    assert expected is PerOrganisation("docker.io").speaks_for(CollectionName(collection))


@pytest.mark.parametrize(
    ("collection", "expected"),
    [
        ("docker.io/acme/app", True),
        ("docker.io/acme/app/x", False),
        ("docker.io/acme", False),
        ("docker.io", False),
        ("acme/app", False),
        ("docker.io/acme/App", False),
        ("", False),
    ],
)
def test_per_repository_only_the_collection_of_that_name_is_spoken_for(collection, expected):
    assert expected is PerRepository("docker.io/acme/app").speaks_for(CollectionName(collection))


# -- delegations ------------------------------------------------------------------------


def test_the_pattern_of_an_image_covers_its_tags_and_no_neighbour():
    naming = PerOrganisation()
    pattern = naming.tag_pattern(ImageReference.parse("acme/app"))

    assert "acme/app:*" == pattern
    assert covers(pattern, path_of(naming, "acme/app:1.4"))
    assert not covers(pattern, path_of(naming, "acme/app2:1.4"))
    assert not covers(pattern, path_of(naming, "acme/app/x:1.4"))
    assert "library/alpine:*" == naming.tag_pattern(ImageReference.parse("alpine"))


def test_the_pattern_of_an_organisation_covers_what_is_directly_below_it():
    naming = PerOrganisation()
    pattern = naming.organisation_pattern("acme")

    assert "acme/*" == pattern
    assert covers(pattern, path_of(naming, "acme/x:1"))
    assert not covers(pattern, path_of(naming, "acme/team/x:1"))
    assert not covers(pattern, path_of(naming, "acme2/x:1"))
    assert "acme/team/*" == naming.organisation_pattern("acme/team")


@pytest.mark.parametrize("typed", ["acme/app:1.4", f"acme/app@{SHA256}"])
def test_a_pattern_is_not_wider_than_what_was_named(typed):
    with pytest.raises(ValueError, match="the pattern covers every tag"):
        PerOrganisation().tag_pattern(ImageReference.parse(typed))


def test_there_is_no_pattern_for_another_domain():
    with pytest.raises(NotFoundError):
        PerOrganisation("docker.io").tag_pattern(ImageReference.parse("ghcr.io/acme/app"))


@pytest.mark.parametrize(
    "organisation",
    ["", "*", "acme/*", "acme/", "/acme", "Acme", "acme/..", "acme:*", "a" * 256, "acme?"],
)
def test_an_organisation_is_a_path_without_wildcards(organisation):
    with pytest.raises(ValueError, match="repository name: expected"):
        PerOrganisation().organisation_pattern(organisation)


@pytest.mark.parametrize("organisation", ["docker.io", "docker.io/acme"])
def test_an_organisation_is_named_without_the_domain(organisation):
    """``docker.io/acme/*`` is a legal pattern, and would match nothing."""
    with pytest.raises(ValueError, match=r"without the domain docker\.io"):
        PerOrganisation("docker.io").organisation_pattern(organisation)


def test_namings_are_values():
    assert PerOrganisation("docker.io") == PerOrganisation()
    assert PerOrganisation("ghcr.io") != PerOrganisation()
    assert {PerRepository("docker.io/acme/app")} == {PerRepository("docker.io/acme/app")}
    assert PerRepository("docker.io/acme/app") != PerRepository("docker.io/acme/db")
    assert "PerRepository(repository='docker.io/acme/app')" == repr(
        PerRepository("docker.io/acme/app")
    )
