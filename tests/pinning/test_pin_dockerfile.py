"""What a Dockerfile pins to, what is refused, and what errors say."""

import pytest
from dockerfiles import GIVEN, PINNED, REFUSED, UNDECIDED
from templates import after, before, digest_of, images, vouching, vouching_for

from trustlib import (
    Digest,
    ImageReference,
    LimitError,
    MalformedError,
    MismatchError,
    NoTrustDataError,
    TagBinding,
    TooLongError,
    TransportError,
    UndecidedError,
    UnsignedImageError,
)
from trustlib.registry import Build, Dockerfile, images_of, pin_dockerfile

ANY = Build()
CASES = [
    pytest.param(*(case if isinstance(case, tuple) else (case, ANY)), id=name)
    for name, case in PINNED.items()
]


def test_there_are_enough_cases():
    assert len(PINNED) >= 60


@pytest.mark.parametrize(("template", "build"), CASES)
def test_every_image_is_pinned_and_nothing_else_changes(template, build):
    text = before(template)

    pinned = pin_dockerfile(text, vouching_for(images(template)), build=build)

    assert after(template) == pinned.text == str(pinned)
    assert all(pin.use.reference.digest or pin.binding.digest for pin in pinned.pins)


@pytest.mark.parametrize(("template", "build"), CASES)
def test_pinning_twice_changes_nothing_and_asks_nobody(template, build):
    once = pin_dockerfile(before(template), vouching, build=build)

    again = pin_dockerfile(once.text, vouching_for([f"alpine:3.18@{GIVEN}"]), build=build)

    assert once.text == again.text
    assert [stage.name for stage in once.stages] == [stage.name for stage in again.stages]


@pytest.mark.parametrize(("template", "build"), CASES)
def test_what_must_be_resolved_is_told_before_it_is(template, build):
    text = before(template)
    asked = images_of(text, build=build)

    answers = {reference: vouching(reference) for reference in asked}

    assert after(template) == Dockerfile.parse(text, build=build).pinned(answers).text


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED)
def test_what_buildkit_would_refuse_is_malformed(text, says):
    with pytest.raises(MalformedError, match=r"^web/Dockerfile: at line ") as error:
        pin_dockerfile(text, vouching, file="web/Dockerfile")

    assert says in str(error.value)


@pytest.mark.parametrize(("text", "needs"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_cannot_be_told_is_no_guess(text, needs):
    with pytest.raises(UndecidedError) as error:
        pin_dockerfile(text, vouching)

    assert needs == error.value.needs
    assert text.count("\n") == error.value.line


def test_an_unsigned_image_is_named_with_its_place():
    text = "FROM docker/trusttest:latest\nRUN true\nFROM docker/trusttest:notrust\n"

    with pytest.raises(NoTrustDataError, match="No trust data for notrust") as error:
        pin_dockerfile(text, vouching_for(["docker/trusttest"]), file="web/Dockerfile")

    assert isinstance(error.value, UnsignedImageError)
    assert ("web/Dockerfile", 3) == (error.value.file, error.value.line)
    assert "docker/trusttest:notrust" == error.value.image == error.value.name


def test_an_image_without_an_answer_is_unsigned():
    with pytest.raises(UnsignedImageError, match="line 2: No trust data for latest"):
        Dockerfile.parse("\nFROM alpine\n").pinned({})


def test_a_tag_that_stands_for_another_digest_is_a_mismatch():
    other = Digest.of(b"other")

    with pytest.raises(MismatchError) as error:
        pin_dockerfile(f"FROM scratch\nFROM alpine:3.18@{other}\n", vouching)

    assert (digest_of("alpine:3.18"), other) == (error.value.expected, error.value.got)


def test_a_resolver_need_not_compare_digests():
    other = Digest.of(b"other")

    def careless(reference: ImageReference) -> TagBinding:
        return TagBinding(reference=reference, digest=digest_of("alpine:3.18"))

    with pytest.raises(MismatchError) as error:
        pin_dockerfile(f"FROM alpine:3.18@{other}\n", careless)

    assert [f"Dockerfile, line 1: FROM alpine:3.18@{other}"] == error.value.__notes__


def test_other_errors_of_the_resolver_tell_the_place():
    def offline(reference):
        raise TransportError("https://trust.example/", "no route")

    with pytest.raises(TransportError) as error:
        pin_dockerfile("FROM alpine:3.18\n", offline)

    assert ["Dockerfile, line 1: FROM alpine:3.18"] == error.value.__notes__


def test_each_image_is_asked_for_once():
    asked = []

    def resolver(reference):
        asked.append(reference.familiar)
        return vouching(reference)

    pin_dockerfile("FROM alpine\nFROM alpine:latest\nFROM docker.io/library/alpine\n", resolver)

    assert ["alpine:latest"] == asked


def test_bytes_are_read_as_they_are():
    pinned = pin_dockerfile(b"\xef\xbb\xbfFROM alpine:3.18\r\n", vouching)

    assert pinned.text.encode().startswith(b"\xef\xbb\xbf# pinned: alpine:3.18\r\nFROM alpine@")


def test_uses_say_where_an_image_is_named():
    text = "# syntax=docker/dockerfile:1\nFROM alpine AS a\nCOPY --from=nginx / /\nONBUILD RUN --mount=from=b/b true\n"

    found = [(use.where, use.line, use.reference.familiar) for use in Dockerfile.parse(text).uses]

    assert [
        ("# syntax", 1, "docker/dockerfile:1"),
        ("FROM", 2, "alpine:latest"),
        ("COPY --from", 3, "nginx:latest"),
        ("ONBUILD RUN --mount", 4, "b/b:latest"),
    ] == found


def test_a_file_that_is_too_long_is_refused():
    with pytest.raises(TooLongError, match="Dockerfile"):
        pin_dockerfile("#" * 262_145, vouching)


def test_a_file_of_too_many_images_is_refused():
    with pytest.raises(LimitError, match="images in Dockerfile"):
        pin_dockerfile("FROM alpine\n" * 1_001, vouching)


@pytest.mark.parametrize(
    "text",
    [
        "ARG A=" + "a" * 100 + "\n" + "ARG A=$A$A\n" * 30 + "FROM $A\n",
        "FROM " + "${a:-" * 100 + "x" + "}" * 100 + "\n",
        "ARG A=" + "a" * 2_000 + "\nFROM ${A#*a*a*a*a*b}\n",
        "ARG A=" + "a" * 1_000 + "\nFROM ${A#" + "*a" * 600 + "b}\n",
    ],
    ids=["growing", "nested", "a long value", "a long pattern"],
)
def test_what_would_take_forever_is_refused(text):
    with pytest.raises(LimitError):
        pin_dockerfile(text, vouching)


def test_a_pattern_is_no_regular_expression_that_backtracks():
    text = f"ARG A={'a' * 100}\nFROM x${{A#{'*a' * 100}b}}\n"

    assert f"x{'a' * 100}" == Dockerfile.parse(text).stages[0].base


def test_a_frontend_cannot_come_by_a_build_argument():
    with pytest.raises(ValueError, match="BUILDKIT_SYNTAX names an image that is run"):
        Build(args={"BUILDKIT_SYNTAX": "evil/frontend"})


@pytest.mark.parametrize("platform", ["", "linux", "linux/", "linux/arm/v7/x", "a b/c"])
def test_a_platform_that_is_none_is_a_mistake_of_the_caller(platform):
    with pytest.raises(ValueError, match="platform: expected"):
        Build(platform=platform)


@pytest.mark.parametrize(
    ("platform", "spelled"),
    [
        ("linux/amd64", "linux amd64 "),
        ("linux/x86_64", "linux amd64 "),
        ("linux/amd64/v1", "linux amd64 "),
        ("linux/amd64/v3", "linux amd64 v3"),
        ("linux/arm64", "linux arm64 "),
        ("linux/aarch64/v8", "linux arm64 "),
        ("linux/arm", "linux arm v7"),
        ("linux/armhf", "linux arm v7"),
        ("linux/arm/6", "linux arm v6"),
        ("linux/armel", "linux arm v6"),
        ("Linux/i386", "linux 386 "),
        ("windows/amd64", "windows amd64 "),
    ],
)
def test_platforms_are_spelled_as_buildkit_does(platform, spelled):
    found = Build(platform=platform).variables("")

    assert spelled == f"{found['TARGETOS']} {found['TARGETARCH']} {found['TARGETVARIANT']}"
