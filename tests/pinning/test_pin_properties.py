"""Whatever the spelling, the images are found; whatever the bytes, nothing else happens."""

import sys
from pathlib import Path

from generated import files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from templates import vouching

from trustlib import ImageReference
from trustlib.registry import Dockerfile, pin_dockerfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

from building import dockerfiles, faults_of

SLOW = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@SLOW
@given(files())
def test_the_images_of_a_file_are_found_however_they_are_spelled(made):
    text, images, stages = made

    read = Dockerfile.parse(text)

    expected = [(where, ImageReference.parse(image).tagged()) for where, image in images]
    assert expected == [(use.where, use.reference) for use in read.uses]
    assert stages == [stage.name for stage in read.stages]


@SLOW
@given(files())
def test_what_is_pinned_has_the_same_stages_and_digests_everywhere(made):
    read = Dockerfile.parse(made[0])

    assert [] == faults_of(read, read.pinned_by(vouching))


@SLOW
@given(files())
def test_no_line_comes_or_goes_but_the_comments(made):
    pinned = pin_dockerfile(made[0], vouching)

    lines = [line for line in pinned.text.split("\n") if not line.startswith("# pinned: ")]
    assert len(made[0].split("\n")) == len(lines)


_PIECES = st.sampled_from(
    [
        *("FROM ", "from ", "ARG ", "COPY ", "RUN ", "ONBUILD ", "ADD ", " AS ", "ENV ", "x"),
        *(
            "alpine",
            "alpine:3.18",
            "scratch",
            "a",
            "b",
            "--from=",
            "--mount=",
            "from=",
            "type=bind",
        ),
        *("<<EOF", "EOF", "<<-", "\\\n", "`\n", "\n", "\n", "\n", " ", "\t", '"', "'", "\\", "`"),
        *("$A", "${A", "}", ":-", "#", "# syntax=", "# escape=`", ",", "=", "[", "]", "\r", "\x85"),
    ]
)


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_any_text_is_pinned_or_refused_as_documented(text):
    dockerfiles(text.encode())


@given(st.binary(max_size=60))
def test_bytes_that_are_no_dockerfile_at_all_are_refused_as_documented(raw):
    dockerfiles(raw)
