"""Every spelling of an image is one value, and nothing else is any."""

import pickle
import re

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import example, given
from hypothesis import strategies as st

from trustlib.content import Digest, ImageReference, _grammar

HEX = "0123456789abcdef" * 4
SHA256 = f"sha256:{HEX}"
SHA512 = f"sha512:{HEX * 2}"

# -- strategies -------------------------------------------------------------------------

_runs = st.text("abz019", min_size=1, max_size=4)
_separators = st.sampled_from([".", "_", "__", "-", "--", "-----"])
_components = st.one_of(
    st.sampled_from(["library", "localhost", "docker.io", "index.docker.io", HEX]),
    st.builds(
        lambda first, more: first + "".join(s + run for s, run in more),
        _runs,
        st.lists(st.tuples(_separators, _runs), max_size=3),
    ),
)
# Three of the longest components and the longest domain stay below 255 characters.
_paths = st.lists(_components, min_size=1, max_size=3).map("/".join)
_domains = st.sampled_from(
    [
        "docker.io",
        "localhost",
        "localhost:5000",
        "registry.example",
        "a--b.example:443",
        "UPPER",
        "Docker.io",
        "127.0.0.1:5000",
        "[::1]",
        "[2001:db8::1]:5000",
        "registry:80",
    ]
)
_tags = st.text("aZ09_.-", min_size=1, max_size=8).filter(lambda tag: tag[0] not in ".-")
_digests = st.sampled_from([SHA256, SHA512]).map(Digest.parse)
references = st.builds(
    lambda domain, path, tag, digest: ImageReference(
        domain=domain,
        path=f"library/{path}" if domain == "docker.io" and "/" not in path else path,
        tag=tag,
        digest=digest,
    ),
    _domains,
    _paths,
    st.none() | _tags,
    st.none() | _digests,
)

# -- properties -------------------------------------------------------------------------


@given(references)
def test_what_str_writes_parse_reads(reference):
    assert reference == ImageReference.parse(str(reference))


@given(references)
@example(ImageReference(domain="docker.io", path=f"library/{HEX}"))
@example(ImageReference(domain="docker.io", path="acme.example/app"))
@example(ImageReference(domain="docker.io", path="localhost/app"))
@example(ImageReference(domain="docker.io", path="library/a.b", tag="5000"))
@example(ImageReference(domain="docker.io", path="library/a/b"))
def test_the_familiar_form_reads_back_as_the_same_image(reference):
    assert reference == ImageReference.parse(reference.familiar)
    assert reference.repository == ImageReference.parse(reference.familiar_name).repository
    assert len(reference.familiar) <= len(str(reference))


@given(st.text())
def test_arbitrary_text_is_a_reference_or_a_value_error(text):
    try:
        reference = ImageReference.parse(text)
    except ValueError:
        return

    assert reference == ImageReference.parse(str(reference))


@given(st.text("aA0._-:/@[]%é\n", max_size=24))
def test_text_that_looks_like_a_reference_is_one_or_a_value_error(text):
    try:
        reference = ImageReference.parse(text)
    except ValueError:
        return

    assert reference == ImageReference.parse(reference.familiar)


# The grammar once more, as one expression and without a thought for cost: the oracle.
_PART = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*"
_ORACLE = re.compile(f"{_PART}(/{_PART})*(:[a-zA-Z0-9_][a-zA-Z0-9_.-]{{0,127}})?(@{SHA256})?")


@given(st.text("aA0._-:/", max_size=14), st.sampled_from(["", "@", f"@{SHA256}", f"@{SHA256}0"]))
def test_below_a_domain_exactly_the_grammar_is_accepted(name, digest):
    expected = _ORACLE.fullmatch(name + digest) is not None
    try:
        ImageReference.parse(f"registry.example/{name}{digest}")
    except ValueError:
        accepted = False
    else:
        accepted = True

    assert expected == accepted


# -- Docker's names ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "full", "familiar"),
    [
        ("alpine", "docker.io/library/alpine", "alpine"),
        ("alpine:3", "docker.io/library/alpine:3", "alpine:3"),
        ("library/alpine", "docker.io/library/alpine", "alpine"),
        ("docker.io/alpine", "docker.io/library/alpine", "alpine"),
        ("docker.io/library/alpine:3", "docker.io/library/alpine:3", "alpine:3"),
        ("index.docker.io/alpine", "docker.io/library/alpine", "alpine"),
        ("index.docker.io/acme/app", "docker.io/acme/app", "acme/app"),
        ("acme/app", "docker.io/acme/app", "acme/app"),
        ("acme/team/app:1", "docker.io/acme/team/app:1", "acme/team/app:1"),
        ("library/team/app", "docker.io/library/team/app", "library/team/app"),
        (f"acme/app@{SHA256}", f"docker.io/acme/app@{SHA256}", f"acme/app@{SHA256}"),
        (f"app:1@{SHA512}", f"docker.io/library/app:1@{SHA512}", f"app:1@{SHA512}"),
        ("localhost", "docker.io/library/localhost", "localhost"),
        ("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"),
        ("registry.example/app", "registry.example/app", "registry.example/app"),
        ("registry.example", "docker.io/library/registry.example", "registry.example"),
        ("registry:80/app", "registry:80/app", "registry:80/app"),
        ("UPPER/app", "UPPER/app", "UPPER/app"),
        ("127.0.0.1/app", "127.0.0.1/app", "127.0.0.1/app"),
        ("[::1]/app", "[::1]/app", "[::1]/app"),
        ("[2001:DB8::1]:5000/app:1", "[2001:DB8::1]:5000/app:1", "[2001:DB8::1]:5000/app:1"),
        ("docker.io/a.b/app", "docker.io/a.b/app", "docker.io/a.b/app"),
        (f"library/{HEX}", f"docker.io/library/{HEX}", f"library/{HEX}"),
        (SHA256, f"docker.io/library/{SHA256}", SHA256),
        (f"{HEX}:1", f"docker.io/library/{HEX}:1", f"library/{HEX}:1"),
        (f"acme/{HEX}", f"docker.io/acme/{HEX}", f"acme/{HEX}"),
        (HEX[1:], f"docker.io/library/{HEX[1:]}", HEX[1:]),
        ("a__b/c--d.e_f", "docker.io/a__b/c--d.e_f", "a__b/c--d.e_f"),
    ],
)
def test_a_name_is_read_as_docker_reads_it(typed, full, familiar):
    reference = ImageReference.parse(typed)

    assert full == str(reference)
    assert familiar == reference.familiar


def test_a_reference_is_read_into_its_parts():
    reference = ImageReference.parse(f"registry.example:5000/acme/app:1.4@{SHA256}")

    assert "registry.example:5000" == reference.domain
    assert "acme/app" == reference.path
    assert "1.4" == reference.tag
    assert Digest.parse(SHA256) == reference.digest
    assert "registry.example:5000/acme/app" == reference.repository


def test_a_missing_tag_stays_missing():
    assert ImageReference.parse("alpine").tag is None
    assert ImageReference.parse(f"alpine@{SHA256}").tag is None


def test_sixty_four_hex_digits_are_an_image_id_and_no_name():
    with pytest.raises(ValueError, match="expected a name, got the image id"):
        ImageReference.parse(HEX)


# -- refusals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "..",
        "/",
        "//",
        "../..",
        "../../etc/passwd",
        "acme/../app",
        "acme/./app",
        "registry.example/../app",
        "registry.example/../../app",
        "registry.example/",
        "registry.example//app",
        "a//b",
        "/acme/app",
        "acme/app/",
        "acme/",
        "acme/App",
        "Alpine",
        "ALPINE:3",
        "registry.example/Acme/app",
        "acme/äpp",
        "acme/аpp",  # a Cyrillic а
        "ａcme/app",
        "acme/app\n",
        "\nacme/app",
        "acme/app ",
        "acme/a\0pp",
        "acme\\app",
        "acme/%2e%2e",
        "acme/app?x",
        "acme/app#x",
        "acme/*",
        "https://registry.example/app",
        "user@registry.example/app",
        "a..b",
        "a___b",
        "a_-b",
        "a._b",
        "-a",
        "a-",
        "_a",
        "a_",
        ".a",
        "a.",
        "acme/-app",
        "-registry.example/app",
        "registry-.example/app",
        "registry..example/app",
        ".example/app",
        "registry.example./app",
        "registry_a.example/app",
        "régistry.example/app",
        "registry.example:/app",
        "registry.example:port/app",
        "registry.example:-1/app",
        "registry.example:١/app",
        "registry.example:80:80/app",
        ":5000/app",
        "::1/app",
        "[::1/app",
        "::1]/app",
        "[]/app",
        "[]:5000/app",
        "[::1]5000/app",
        "[fe80::1%eth0]/app",
        "[::ffff:127.0.0.1]/app",
        "[::1]",
        "__proto__",
        "acme/__class__",
        "@",
        f"@{SHA256}",
        f"acme/app@{HEX}",
        "acme/app@",
        "acme/app@sha256",
        f"acme/app@sha256:{HEX[1:]}",
        f"acme/app@sha256:{HEX.upper()}",
        f"acme/app@sha384:{HEX}{HEX[:32]}",
        f"acme/app@md5:{HEX[:32]}",
        f"acme/app@{SHA256}@{SHA256}",
        f"acme/app@{SHA256}:1.4",
        "\ud800",
    ],
)
def test_a_name_outside_the_grammar_is_refused(text):
    """T-46: path traversal, empty components, upper-case, ports, unicode, nothing at all."""
    with pytest.raises(ValueError) as error:
        ImageReference.parse(text)

    assert "expected" in str(error.value)
    assert "got" in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "tag",
    [
        "",
        " ",
        "-1",
        ".1",
        "..",
        "1.4 ",
        "1.4\n",
        "a" * 129,
        "a/b",
        "a:b",
        "a@b",
        "a+b",
        "a\\b",
        "a%2fb",
        "a*",
        "lаtest",  # a Cyrillic а
        "ｌatest",
        "1．4",
        "١",
        "la\u00adtest",
        "latest\u200b",
        "\ud800",
    ],
)
def test_a_tag_outside_the_grammar_is_refused(tag):
    """T-103: too long, with the marks of a path or a digest, or confusable with another."""
    reference = ImageReference.parse("registry.example/app")

    with pytest.raises(ValueError, match="tag: expected 1 to 128 ASCII"):
        reference.with_tag(tag)
    with pytest.raises(ValueError, match="tag: expected 1 to 128 ASCII"):
        ImageReference(domain="registry.example", path="app", tag=tag)
    with pytest.raises(ValueError):
        ImageReference.parse(f"registry.example/app:{tag}")


def test_tags_that_differ_in_case_are_different_tags():
    """T-103: ``Latest`` does not stand for ``latest``."""
    upper, lower = ImageReference.parse("acme/app:Latest"), ImageReference.parse("acme/app:latest")

    assert upper != lower
    assert "docker.io/acme/app:Latest" == str(upper)


def test_the_longest_tag_is_a_tag():
    tag = "_" + "a" * 127

    assert tag == ImageReference.parse(f"acme/app:{tag}").tag


def test_a_repository_name_has_at_most_255_characters_domain_included():
    fits = "registry.example/" + "a" * (255 - len("registry.example/"))

    assert fits == ImageReference.parse(fits).repository
    with pytest.raises(ValueError, match="at most 255 characters, domain included, got 256"):
        ImageReference.parse(fits + "a")


def test_the_name_that_was_not_typed_counts_as_well():
    """``docker.io/library/`` is part of the name that registries see."""
    longest = 255 - len("docker.io/library/")

    assert 255 == len(ImageReference.parse("a" * longest).repository)
    with pytest.raises(ValueError, match="got 256"):
        ImageReference.parse("a" * (longest + 1))


def test_the_longest_reference_of_all_is_read():
    name = "registry.example/" + "a" * (255 - len("registry.example/"))
    text = f"{name}:{'t' * 128}@{SHA512}"

    assert text == str(ImageReference.parse(text))


# -- hostile sizes ----------------------------------------------------------------------

_HOSTILE = [
    "a" * 100_000,
    "a" * 100_000 + "!",
    "a-" * 50_000,
    "a" + "-" * 100_000,
    "a" + "-" * 100_000 + "!",
    "a" + "_" * 100_000,
    "a__" * 33_000 + "!",
    "a." * 50_000 + "!",
    "a/" * 50_000,
    "a/" * 50_000 + "!",
    "a-b.c__d/" * 11_000 + "!",
    "." * 100_000,
    "/" * 100_000,
    ":" * 100_000,
    "@" * 100_000,
    "[" * 100_000,
    "[" + ":" * 100_000,
    "A" * 100_000 + "/a",
    "A-" * 50_000 + "/a",
    "a.a-" * 25_000 + "/a",
    "a.b:" + "1" * 100_000 + "x/a",
    "0" * 100_000 + "\n",
    "a:" + "t" * 100_000,
    "a@sha256:" + "0" * 100_000,
    "\ud800" * 100_000,
    "é" * 100_000,
]


@pytest.mark.parametrize("text", _HOSTILE, ids=range(len(_HOSTILE)))
def test_endless_text_is_refused_before_it_is_read(text):
    """The length is looked at first, and the sentence does not repeat the text."""
    with pytest.raises(ValueError, match="expected at most 1024 characters") as error:
        ImageReference.parse(text)

    assert len(str(error.value)) < 400


@pytest.mark.parametrize("text", _HOSTILE, ids=range(len(_HOSTILE)))
def test_an_endless_part_is_refused(text):
    """A part is bounded also when it does not come through the parser."""
    with pytest.raises(ValueError) as path:
        ImageReference(domain="registry.example", path=text)
    with pytest.raises(ValueError) as domain:
        ImageReference(domain=text, path="app")
    with pytest.raises(ValueError) as tag:
        ImageReference(domain="registry.example", path="app", tag=text)

    assert all(len(str(error.value)) < 400 for error in (path, domain, tag))


@pytest.mark.parametrize("text", _HOSTILE, ids=range(len(_HOSTILE)))
@pytest.mark.parametrize("pattern", ["_PATH", "_DOMAIN", "_TAG"])
def test_the_expressions_are_linear_even_without_a_bound(pattern, text):
    """With an expression that backtracks into its repetitions this would not end in our lifetime."""
    assert getattr(_grammar, pattern).fullmatch(text + "!") is None


# -- the constructor --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "path", "says"),
    [
        ("acme", "app", "expected a host name with a dot or a port"),
        ("", "app", "expected a host name"),
        ("[ab]", "app", "expected a host name"),
        ("a.b/c", "app", "expected a host name"),
        ("index.docker.io", "acme/app", "expected docker.io, got its old name"),
        ("docker.io", "alpine", "such as 'library/alpine'"),
        ("registry.example", "", "lower-case components"),
        ("registry.example", "app:1", "lower-case components"),
    ],
)
def test_a_value_that_would_read_back_as_another_cannot_be_made(domain, path, says):
    with pytest.raises(ValueError, match=says):
        ImageReference(domain=domain, path=path)


def test_a_digest_is_a_value_and_not_its_text():
    with pytest.raises(TypeError):
        ImageReference(domain="registry.example", path="app", digest=SHA256)


def test_the_sentence_names_what_was_typed_and_what_is_wrong_with_it():
    with pytest.raises(ValueError) as error:
        ImageReference.parse("acme/App:1.4")

    assert (
        "image reference 'acme/App:1.4': repository name: expected lower-case components"
        " such as 'acme/app' of at most 255 characters, got 'acme/App'"
    ) == str(error.value)


# -- edits ------------------------------------------------------------------------------


def test_latest_is_taken_only_when_asked_for_and_only_when_nothing_else_was_said():
    assert "acme/app:latest" == ImageReference.parse("acme/app").tagged().familiar
    assert "acme/app:1.4" == ImageReference.parse("acme/app:1.4").tagged().familiar
    assert f"acme/app@{SHA256}" == ImageReference.parse(f"acme/app@{SHA256}").tagged().familiar


def test_an_edit_changes_one_part_and_is_a_new_value():
    before = ImageReference.parse(f"acme/app:1.4@{SHA256}")

    assert f"acme/app:1.5@{SHA256}" == before.with_tag("1.5").familiar
    assert f"acme/app:1.4@{SHA512}" == before.with_digest(Digest.parse(SHA512)).familiar
    assert f"acme/app@{SHA256}" == before.without_tag().familiar
    assert "acme/app:1.4" == before.without_digest().familiar
    assert ImageReference.parse(f"acme/app:1.4@{SHA256}") == before


def test_a_reference_is_a_value():
    reference = ImageReference.parse("acme/app:1.4")

    assert {reference} == {ImageReference.parse("docker.io/acme/app:1.4")}
    assert reference == pickle.loads(pickle.dumps(reference))
    with pytest.raises(FrozenInstanceError):
        reference.tag = "1.5"
