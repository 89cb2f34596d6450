"""What a Compose file pins to, what is refused, and what it reports."""

import sys
from pathlib import Path

import pytest
from compose_files import PINNED, REFUSED, UNDECIDED
from hypothesis import given
from hypothesis import strategies as st
from templates import after, before, images, vouching, vouching_for

from trustlib import (
    ImageReference,
    LimitError,
    MalformedError,
    NoTrustDataError,
    TooLongError,
    UndecidedError,
)
from trustlib.registry import Build, ComposeFile, pin_compose, pin_dockerfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

from building import compose_files

NOTHING: dict[str, str] = {}
CASES = [
    pytest.param(*(case if isinstance(case, tuple) else (case, NOTHING)), id=name)
    for name, case in PINNED.items()
]
WEB = "services:\n  web:\n    image: nginx:1.27\n"


def test_there_are_enough_cases():
    assert len(PINNED) >= 20


@pytest.mark.parametrize(("template", "environment"), CASES)
def test_every_image_is_pinned_and_nothing_else_changes(template, environment):
    pinned = pin_compose(before(template), vouching_for(images(template)), environment=environment)

    assert after(template) == pinned.text == str(pinned)


@pytest.mark.parametrize(("template", "environment"), CASES)
def test_pinning_twice_changes_nothing_and_asks_nobody(template, environment):
    once = pin_compose(before(template), vouching, environment=environment)

    again = pin_compose(once.text, vouching_for([]), environment=environment)

    assert once.text == again.text


@pytest.mark.parametrize(("template", "environment"), CASES)
def test_what_must_be_resolved_is_told_before_it_is(template, environment):
    read = ComposeFile.parse(before(template), environment=environment)

    pinned = read.pinned({reference: vouching(reference) for reference in read.asked})

    assert after(template) == pinned.text


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_compose_file_is_malformed(text, says):
    with pytest.raises(MalformedError, match=r"^compose\.yaml") as error:
        pin_compose(text, vouching)

    assert says in str(error.value)


@pytest.mark.parametrize(("text", "needs"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_cannot_be_told_is_no_guess(text, needs):
    with pytest.raises(UndecidedError) as error:
        pin_compose(text, vouching)

    assert needs == error.value.needs


def test_an_unsigned_image_is_named_with_its_place():
    with pytest.raises(NoTrustDataError, match=r"^stack\.yaml: at line 3: No trust data for 1\.27"):
        pin_compose(WEB, vouching_for([]), file="stack.yaml")


def test_an_unsigned_image_of_a_dockerfile_inside_is_named_with_its_place():
    text = "services:\n  web:\n    build:\n      dockerfile_inline: FROM evil\n"

    with pytest.raises(NoTrustDataError, match="dockerfile_inline of web: at line 1: No trust"):
        pin_compose(text, vouching_for([]))


def test_files_that_are_extended_and_included_are_pinned_with_it():
    main = (
        "include:\n  - sub/more.yaml\n  - path: [last.yaml]\nservices:\n  web:\n"
        "    extends: {file: sub/base.yaml, service: base}\n"
    )
    others = {
        "sub/more.yaml": "include: ./deep.yaml\nservices:\n  a:\n    image: a/a:1\n",
        "sub/deep.yaml": "services:\n  b:\n    extends: {file: ../last.yaml, service: c}\n",
        "./last.yaml": "services:\n  c:\n    image: c/c:1\n",
        "sub/base.yaml": (
            "services:\n  base:\n    image: nginx:1.27\n    volumes: [{type: image, source: v/v:1}]\n"
            "  other:\n    image: not/asked:1\n"
        ),
    }

    pinned = pin_compose(main, vouching, others=others)

    assert main == pinned.text
    assert {"a/a:1", "c/c:1", "nginx:1.27", "v/v:1"} == {
        pin.use.reference.familiar for pin in pinned.pins
    }
    assert {"sub/more.yaml", "sub/deep.yaml", "last.yaml", "sub/base.yaml"} == set(pinned.others)
    assert "nginx@sha256:" in pinned.others["sub/base.yaml"]
    assert others["sub/deep.yaml"] == pinned.others["sub/deep.yaml"]


def test_files_that_include_each_other_are_refused():
    with pytest.raises(MalformedError, match="include each other"):
        pin_compose("include: [a.yaml]\n", vouching, others={"a.yaml": "include: [a.yaml]\n"})


def test_files_that_include_many_times_many_take_a_moment():
    others = {f"{n}.yaml": f"include: [{', '.join([f'{n + 1}.yaml'] * 9)}]\n" for n in range(60)}
    others["60.yaml"] = WEB

    assert 1 == len(pin_compose("include: [0.yaml]\n", vouching, others=others).pins)


def test_a_project_of_too_many_files_is_refused():
    others = {f"{n}.yaml": "" for n in range(100)}

    with pytest.raises(LimitError, match="files"):
        pin_compose(f"include: [{', '.join(others)}]\n", vouching, others=others)


def test_builds_are_told_with_what_they_are_given():
    text = (
        "services:\n  web:\n    platform: linux/arm64\n    build:\n      context: ./web\n"
        "      dockerfile: Dockerfile.prod\n      target: run\n      args: {TAG: '3.18', HOME: , N: 1}\n"
        "      additional_contexts: {src: ../src}\n  base:\n    build: .\n"
    )

    pinned = pin_compose(text, vouching, environment={"HOME": "/root"})

    web, base = pinned.builds
    assert ("web", "./web", "Dockerfile.prod") == (web.service, web.context, web.dockerfile)
    assert (
        Build(
            args={"TAG": "3.18", "HOME": "/root", "N": "1"},
            platform="linux/arm64",
            target="run",
            contexts=["src"],
        )
        == web.build
    )
    assert (".", "Dockerfile", Build()) == (base.context, base.dockerfile, base.build)
    dockerfile = pin_dockerfile(
        "ARG TAG\nFROM alpine:$TAG\nCOPY --from=src / /\n", vouching, build=web.build
    )
    assert ["alpine:3.18"] == [pin.use.reference.familiar for pin in dockerfile.pins]


def test_several_platforms_are_none_that_an_image_may_hang_on():
    text = "services:\n  a:\n    build: {platforms: [linux/amd64, linux/arm64]}\n"

    assert [Build()] == [built.build for built in pin_compose(text, vouching).builds]


def test_what_no_digest_can_name_is_told():
    text = (
        "services:\n  a:\n    models: [ai/small]\n    build:\n      context: https://example.com/x.git\n"
        "      cache_from: ['type=gha']\n      additional_contexts:\n        - src=git@example.com:x.git\n"
        "        - here=./here\n"
    )

    assert {
        (3, "ai/small"),
        (5, "https://example.com/x.git"),
        (6, "type=gha"),
        (8, "src=git@example.com:x.git"),
    } == {(loose.line, loose.what) for loose in pin_compose(text, vouching).loose}


def test_what_extends_a_build_adds_to_it():
    text = (
        "services:\n  base:\n    build:\n      context: base\n      args: {A: a, B: b}\n"
        "  web:\n    extends: base\n    build:\n      args: {B: c}\n      cache_from: [x/x:1]\n"
        "  api:\n    extends: web\n    build: !override\n      context: api\n"
    )

    base, web, api = pin_compose(text, vouching).builds
    assert ("base", {"A": "a", "B": "b"}) == (base.context, dict(base.build.args))
    assert ("base", {"A": "a", "B": "c"}) == (web.context, dict(web.build.args))
    assert ("api", {}) == (api.context, dict(api.build.args))


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\n"
        + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)),
        "x-a: &a {image: alpine}\n"
        + "".join(
            f"x-{n}: &b{n} {{<<: [{', '.join(['*a' if n == 0 else f'*b{n - 1}'] * 9)}]}}\n"
            for n in range(40)
        )
        + "services:\n  web: {<<: *b39}\n",
    ],
    ids=["lists", "merges"],
)
def test_aliases_of_aliases_take_a_moment(text):
    assert pin_compose(text, vouching).text


@pytest.mark.parametrize(
    "text",
    ["[" * 1_000 + "]" * 1_000, "a: [" + "x, " * 60_000 + "]"],
    ids=["deep", "wide"],
)
def test_what_would_take_forever_is_refused(text):
    with pytest.raises(LimitError):
        pin_compose(text, vouching)


def test_a_file_that_is_too_long_is_refused():
    with pytest.raises(TooLongError):
        pin_compose("#" * 600_000, vouching)


def test_bytes_are_read_as_they_are():
    assert "nginx@sha256:" in pin_compose(WEB.encode(), vouching).text
    with pytest.raises(MalformedError, match="UTF-8"):
        pin_compose(b"\xff", vouching)


_PIECES = st.sampled_from(
    [
        *("services:\n", "  web:\n", "    image: ", "    build:\n", "alpine:3.18\n", "&a ", "*a\n"),
        *(
            "<<: ",
            "{",
            "}",
            "[",
            "]",
            ", ",
            ": ",
            "'",
            '"',
            "- ",
            "|\n",
            ">-\n",
            "\n",
            "  ",
            "# x\n",
        ),
        *("      dockerfile_inline: ", "FROM alpine\n", "${A:-b}", "$$", "!reset ", "image", "x: "),
        *(
            "    extends: ",
            "web\n",
            "      args: ",
            "BUILDKIT_SYNTAX",
            "=",
            "---\n",
            "? ",
            "\t",
            "\r\n",
        ),
    ]
)


@given(st.lists(_PIECES, max_size=25).map("".join))
def test_any_text_is_pinned_or_refused_as_documented(text):
    compose_files(text.encode())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["alpine", "nginx:1.27", "acme/app:1.4", "localhost:5000/a:1"]),
            st.sampled_from(
                ["{}", "'{}'", '"{}"', "!!str {}", "&x{n} {}", ">-\n      {}", "${{N:-{}}}"]
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_the_images_of_services_are_found_however_they_are_spelled(services):
    text = "services:\n" + "".join(
        f"  s{n}:\n    image: {style.format(image, n=n)}\n    restart: always\n"
        for n, (image, style) in enumerate(services)
    )

    pinned = pin_compose(text, vouching)

    assert [ImageReference.parse(image).tagged() for image, _ in services] == [
        pin.use.reference for pin in pinned.pins
    ]
    assert () == ComposeFile.parse(pinned.text).asked
