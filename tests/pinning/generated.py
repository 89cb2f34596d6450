"""Dockerfiles that are valid by construction, and the images they name by construction.

Every word is spelled in one of the ways that mean the same: another case, other
blanks, quotes, an escape, a variable, a line that goes on.
"""

from hypothesis import strategies as st

IMAGES = ("alpine:3.18", "busybox", "acme/app:1.4", "registry.example:5000/a/b:2", "0")
STAGES = ("base", "Build", "stage.2", "x-y_z")
BLANKS = st.sampled_from([" ", "  ", "\t", " \\\n", "\\\n ", " \\\n# FROM evil\n", " \\\n\n\t"])
NOISE = st.sampled_from(
    [
        "RUN true && \\\n FROM evil",
        "RUN <<EOF\nFROM evil\nCOPY --from=evil / /\nEOF",
        "RUN cat <<-'E F' > x\n\tFROM evil\n\tE F",
        "COPY <<A <<B /d/\nFROM evil\nA\nFROM evil\nB",
        'RUN ["sh", "-c", "<<EOF"]',
        "RUN echo it's <<EOF",
        "# FROM evil",
        "  # syntax=evil",
        "CMD FROM evil",
        "LABEL a=FROM b='COPY --from=evil'",
        "ENV A=1 B=2",
        "COPY a --from=evil /x",
        "ARG A=evil",
        "HEALTHCHECK --interval=5s CMD true",
        'SHELL ["/bin/sh", "-c"]',
        "",
    ]
)


def cased(word: str) -> st.SearchStrategy[str]:
    return st.sampled_from([word, word.lower(), word.capitalize()])


def spelled(image: str) -> st.SearchStrategy[str]:
    middle = len(image) // 2
    head, tail = image[:middle], image[middle:]
    return st.sampled_from(
        [
            *(image, f'"{image}"', f"{head}'{tail}'", f"{head}\\{tail}", f"{head}\\\n{tail}"),
            *(f"${{NONE:-{image}}}", f"{head}${{SET:+{tail}}}", f"{head}${{EMPTY}}{tail}"),
        ]
    )


def in_a_flag(image: str) -> st.SearchStrategy[str]:
    head, tail = image[: len(image) // 2], image[len(image) // 2 :]
    return st.sampled_from(
        [image, f'"{image}"', f"{head}'{tail}'", f"{head}\\{tail}", f"{head}\\\n{tail}"]
    )


@st.composite
def files(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]], list[str]]:
    """A Dockerfile, the images it names and where, and the names of its stages."""
    images: list[tuple[str, str]] = []
    stages: list[str] = []
    parts = []
    if draw(st.booleans()):
        image = draw(st.sampled_from(["docker/dockerfile:1", "acme/frontend"]))
        parts.append(f"# {draw(cased('syntax'))} = {image}")
        images.append(("# syntax", image))
        parts += draw(st.sampled_from([[], ["# check=skip=all"], ["", "# a comment"]]))
    parts.append("ARG SET=set EMPTY=")
    for index in range(draw(st.integers(1, 4))):
        blank, name = draw(BLANKS), draw(st.sampled_from(["", *STAGES]))
        as_name = f"{draw(BLANKS)}{draw(cased('AS'))}{draw(BLANKS)}{name}" if name else ""
        earlier = [stage for stage in stages if stage]
        if earlier and draw(st.booleans()):
            base = draw(st.sampled_from(earlier))
        elif draw(st.integers(0, 4)) == 0:
            base = "scratch"
        else:
            image = draw(st.sampled_from(IMAGES))
            base = draw(spelled(image))
            images.append(("FROM", image))
        parts.append(f"{draw(cased('FROM'))}{blank}{base}{as_name}")
        parts += draw(st.lists(st.one_of(NOISE), max_size=2))
        for _ in range(draw(st.integers(0, 2))):
            parts.append(draw(_user(index, images)))
        stages.append(name.lower())
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    end = draw(st.sampled_from(["", "\n", "\n\n"]))
    return ("\n".join(parts) + end).replace("\n", newline), images, stages


@st.composite
def _user(draw: st.DrawFn, index: int, images: list[tuple[str, str]]) -> str:
    trigger = draw(st.sampled_from(["", "", "ONBUILD "]))
    image, blank = draw(st.sampled_from(IMAGES[:4])), draw(BLANKS)
    if index and draw(st.integers(0, 3)) == 0:
        return f"COPY --from={draw(st.integers(0, index - 1))} /a /b"
    word = draw(in_a_flag(image))
    if draw(st.booleans()):
        images.append((f"{trigger}COPY --from", image))
        return f"{trigger}{draw(cased('COPY'))}{blank}--chown=1 --from={word}{blank}/a /b"
    images.append((f"{trigger}RUN --mount", image))
    key = draw(st.sampled_from(["from", "FROM", "From"]))
    return f"{trigger}RUN{blank}--mount=target=/x,{key}={word} --network=none{blank}true"
