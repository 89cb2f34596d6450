"""A Dockerfile whose every image is named by what was vouched for.

Reading is pure and answers are a mapping, so who asks may be synchronous, may
await, or may have asked yesterday. What is written is read again before it is
returned: a result that would not build the same stages, or would still name an
image by its tag, is an error and never a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from trustlib.content.binding import TagBinding
from trustlib.content.dockerfile import _images
from trustlib.content.dockerfile._head import Head, head, physical_lines
from trustlib.content.dockerfile._images import Named, Read, Stage
from trustlib.content.dockerfile._lines import BadLineError, Span, earlier, instructions
from trustlib.content.dockerfile._reading import (
    LONGEST_DOCKERFILE,
    MOST_IMAGES,
    WIDER,
    UnreadableError,
)
from trustlib.content.dockerfile.answers import (
    ImageUse,
    Pin,
    Resolver,
    answers_of,
    pinned_name,
    pins_of,
)
from trustlib.content.dockerfile.build import Build
from trustlib.content.reference import ImageReference
from trustlib.errors import (
    LimitError,
    MalformedError,
    TooLongError,
    UndecidedError,
)

DOCKERFILE: Final = "Dockerfile"
ANY_BUILD: Final = Build()

_SYNTAX = "# syntax"
_ADVICE: Final = (
    "give it a default or a build argument, or name the platform; a guess could be another image"
)


@frozen(kw_only=True)
class PinnedDockerfile:
    """A Dockerfile that names no image by a tag alone; ``str()`` is its text.

    Attributes:
        text: the file.
        pins: every image that it names, in the order of the file; those that
            had a digest already are among them.
        stages: its stages, which are those it had.
    """

    text: str = field(repr=False)
    pins: tuple[Pin, ...]
    stages: tuple[Stage, ...]

    def __str__(self) -> str:
        return self.text


@frozen(kw_only=True)
class Dockerfile:
    """A Dockerfile that was read as BuildKit would read it.

    Attributes:
        text: the file.
        file: what errors call it.
        build: what it is built with.
        stages: its stages.
        uses: every place that names an image of somebody else's.
        places: how each of them is written, for whoever rewrites it.
    """

    text: str = field(repr=False)
    file: str = DOCKERFILE
    build: Build = ANY_BUILD
    stages: tuple[Stage, ...]
    uses: tuple[ImageUse, ...]
    places: tuple[Named, ...] = field(repr=False)

    @classmethod
    def parse(
        cls, text: str | bytes, *, file: str = DOCKERFILE, build: Build = ANY_BUILD
    ) -> Dockerfile:
        """Read *text*.

        Args:
            text: the file. Read it as bytes, or with ``newline=""``: line ends
                are kept as they are.
            file: what errors call it.
            build: what it will be built with.

        Raises:
            MalformedError: BuildKit would refuse it, or some of its versions
                would read it in another way than others.
            UndecidedError: an image hangs on a variable that has no value.
            LimitError: it is too long, or names too many images.
        """
        text = _decoded(text, file)
        lines = physical_lines(text)
        try:
            try:
                top = head(lines)
            except UnreadableError as why:
                raise BadLineError(1, why) from None
            read = _images.read(tuple(instructions(lines, top)), build)
        except BadLineError as bad:
            raise MalformedError(file, f"line {bad.line}", bad.why.expected, bad.why.got) from None
        _require_one_meaning(read, text, top, build, file)
        found = [(_use(named, file), named) for named in (*_syntax(top), *read.named)]
        kept = [
            (use, named)
            for use, named in found
            if use.where == _SYNTAX or use.reference not in build.contexts
        ]
        if len(kept) > MOST_IMAGES:
            raise LimitError(f"images in {file}", MOST_IMAGES, advice=WIDER)
        return cls(
            text=text,
            file=file,
            build=build,
            stages=read.stages,
            uses=tuple(use for use, _ in kept),
            places=tuple(named for _, named in kept),
        )

    @property
    def asked(self) -> tuple[ImageReference, ...]:
        """What somebody has to vouch for before this can be pinned: each image once."""
        return tuple(dict.fromkeys(use.reference for use in self.uses if use.asks))

    def pinned(self, bindings: Mapping[ImageReference, TagBinding]) -> PinnedDockerfile:
        """Return the file with each image named by the digest that *bindings* has for it.

        What had a digest keeps its spelling; where it has a tag as well, the
        two must agree. Everything else stays as it is, byte for byte, except
        that a comment above the instruction keeps the tag.

        Args:
            bindings: an answer for each reference in :attr:`asked`.

        Raises:
            UnsignedImageError: *bindings* has none for an image.
            MismatchError: a tag stands for another digest than the one written.
        """
        pins = pins_of(self.uses, bindings)
        edits = []
        for pin, place in zip(pins, self.places, strict=True):
            edits += _edits(pin, place)
        text = _spliced(self.text, edits)
        again = Dockerfile.parse(text, file=self.file, build=self.build) if edits else self
        self._require_the_same(again, pins)
        return PinnedDockerfile(text=text, pins=pins, stages=again.stages)

    def pinned_by(self, resolver: Resolver) -> PinnedDockerfile:
        """Return the file with each image named by the digest that *resolver* answers.

        Raises:
            UnsignedImageError: *resolver* knows no trust data for an image.
            TrustError: whatever else *resolver* raises, with a note of where
                the image is named.
        """
        return self.pinned(answers_of(self.uses, resolver))

    def _require_the_same(self, again: Dockerfile, pins: tuple[Pin, ...]) -> None:
        """Refuse a result that would be read as something else than was meant."""
        names = [stage.name for stage in self.stages]
        expected = [(pin.use.where, pin.use.reference.repository) for pin in pins]
        got = [(use.where, use.reference.repository) for use in again.uses]
        named = all(use.reference.digest is not None for use in again.uses)
        if names != [stage.name for stage in again.stages] or expected != got or not named:
            raise MalformedError(self.file, "line 1", "a file that can be rewritten", "quotes")


def _edits(pin: Pin, named: Named) -> list[tuple[Span, str]]:
    if pin.use.reference.digest is not None:
        return []
    *gone, kept = named.spans
    at = named.comment_at
    comment = f"# pinned: {pin.use.reference.familiar}{named.newline}"
    new = f"{named.before}{pinned_name(named.name, pin)}{named.after}"
    return [(Span(at, at), comment), *((span, "") for span in gone), (kept, new)]


def pin_dockerfile(
    text: str | bytes, resolver: Resolver, *, file: str = DOCKERFILE, build: Build = ANY_BUILD
) -> PinnedDockerfile:
    """Return the Dockerfile *text* with every image of somebody else's named by its digest.

    That is every image in ``FROM``, ``COPY --from``, ``RUN --mount`` and
    ``# syntax``. The tag stays as a comment above. What *text* has no image
    in is returned as it is; so is what was pinned before.

    Args:
        text: the file. Read it as bytes, or with ``newline=""``.
        resolver: says what a tag stands for, such as ``Updater.resolve``. It is
            asked once for each image.
        file: what errors call it.
        build: what it will be built with: build arguments, platforms, contexts.

    Raises:
        UnsignedImageError: nobody vouches for an image.
        MismatchError: a tag stands for another digest than the one beside it.
        MalformedError: BuildKit would refuse the file, or its versions differ.
        UndecidedError: an image hangs on a variable that has no value.
        LimitError: the file is too long, or names too many images.
        TrustError: whatever else *resolver* raises.
    """
    return Dockerfile.parse(text, file=file, build=build).pinned_by(resolver)


def images_of(
    text: str | bytes, *, file: str = DOCKERFILE, build: Build = ANY_BUILD
) -> tuple[ImageReference, ...]:
    """Return what somebody has to vouch for before the Dockerfile *text* can be pinned.

    Raises:
        MalformedError: BuildKit would refuse the file, or its versions differ.
        UndecidedError: an image hangs on a variable that has no value.
        LimitError: the file is too long, or names too many images.
    """
    return Dockerfile.parse(text, file=file, build=build).asked


def _require_one_meaning(read: Read, text: str, top: Head, build: Build, file: str) -> None:
    """Refuse what an earlier version would build, too, and from other images.

    A frontend may be of any age. What is a heredoc today was a list of
    instructions once, and an image in it would be left by its tag.
    """
    lines = physical_lines(text)
    pinned = {(named.where, named.name, named.spans) for named in read.named}
    for rules in earlier(text, top.escape):
        try:
            other = _images.read(tuple(instructions(lines, top, rules)), build)
        except BadLineError:
            continue  # such a version refuses it
        for named in other.named:
            if (named.where, named.name, named.spans) not in pinned:
                raise MalformedError(
                    file,
                    f"line {named.line}",
                    "lines that are no instructions to earlier versions of BuildKit either",
                    f"{named.where} {named.name}",
                )


def _decoded(text: str | bytes, file: str) -> str:
    if len(text) > LONGEST_DOCKERFILE:
        raise TooLongError(file, LONGEST_DOCKERFILE, advice=WIDER)
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        decoded.encode()  # half a surrogate pair has no bytes that BuildKit could read
    except UnicodeError as error:
        raise MalformedError(file, "line 1", "UTF-8", str(error)) from None
    if "\0" in decoded:
        line = decoded.count("\n", 0, decoded.index("\0")) + 1
        raise MalformedError(file, f"line {line}", "text", "\0")
    return decoded


def _syntax(top: Head) -> tuple[Named, ...]:
    if top.syntax is None:
        return ()
    word = top.syntax
    return (
        Named(
            name=word.text,
            where=_SYNTAX,
            line=top.line,
            comment_at=top.end,
            newline=top.newline,
            spans=(Span(word.start, word.end),),
        ),
    )


def _use(named: Named, file: str) -> ImageUse:
    if named.doubts:
        what = f"the image in {named.where}"
        raise UndecidedError(file, named.line, what, named.doubts, advice=_ADVICE)
    try:
        reference = ImageReference.parse(named.name)
    except ValueError as error:
        raise MalformedError(
            file, f"line {named.line}", f"an image in {named.where}", str(error)
        ) from None
    return ImageUse(reference=reference.tagged(), line=named.line, where=named.where, file=file)


def _spliced(text: str, edits: list[tuple[Span, str]]) -> str:
    """Return *text* with the spans of *edits* replaced; the same edit counts once."""
    pieces, at = list[str](), 0
    for span, new in sorted(dict.fromkeys(edits), key=lambda edit: edit[0]):
        pieces += (text[at : span.start], new)
        at = span.end
    return "".join([*pieces, text[at:]])
