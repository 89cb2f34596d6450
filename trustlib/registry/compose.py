"""Compose files whose every image is named by what was vouched for.

A service may get its image from a merge key, from another service or another
file, and a build may take one as a context, a frontend or a cache. All of them
are pinned where they stand; comments and layout stay. Reading is pure: other
files and the environment are passed in, and what is missing is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib.content import ImageReference, TagBinding
from trustlib.content.dockerfile import Build, Dockerfile, ImageUse, Pin, Resolver
from trustlib.content.dockerfile.answers import answers_of, pinned_name, pins_of
from trustlib.errors import MalformedError, UndecidedError
from trustlib.registry.building.reading import File
from trustlib.registry.building.rewriting import Change, rewritten
from trustlib.registry.building.services import Built, Loose, Project, Wanted

COMPOSE: Final = "compose.yaml"

_NOTHING: Final = FrozenMap[str, str]()
_INLINE_ADVICE: Final = (
    "Compose replaces it before the Dockerfile is read: write $$ for the Dockerfile's own variables"
)


@frozen(kw_only=True)
class ComposeBuild:
    """A Dockerfile that a service is built from, and that has to be pinned, too.

    Attributes:
        service: which service.
        context: the folder or URL it is built in, as the file says.
        dockerfile: the Dockerfile in that context.
        build: what it is built with: hand it to ``pin_dockerfile``.
    """

    service: str
    context: str
    dockerfile: str
    build: Build


@frozen(kw_only=True)
class PinnedCompose:
    """A Compose file that names no image by a tag alone; ``str()`` is its text.

    Attributes:
        text: the file.
        others: the other files it was given and that it reads, by their paths.
        pins: every image that they name.
        builds: the Dockerfiles that have to be pinned as well.
        loose: what no digest can name here: caches that are no images, contexts
            from afar, models.
    """

    text: str = field(repr=False)
    others: FrozenMap[str, str] = field(repr=False)
    pins: tuple[Pin, ...]
    builds: tuple[ComposeBuild, ...]
    loose: tuple[Loose, ...]

    def __str__(self) -> str:
        return self.text


@frozen
class _Inline:
    """A Dockerfile inside a Compose file."""

    built: Built
    read: Dockerfile


@frozen(kw_only=True)
class ComposeFile:
    """A Compose file and what it reads.

    Attributes:
        file: what errors call it.
        uses: every place that names an image, Dockerfiles inside included.
        builds: the Dockerfiles outside.
        loose: what no digest can name here.
    """

    file: str
    uses: tuple[ImageUse, ...]
    builds: tuple[ComposeBuild, ...]
    loose: tuple[Loose, ...]
    _files: tuple[File, ...] = field(repr=False, alias="files")
    _wanted: tuple[Wanted, ...] = field(repr=False, alias="wanted")
    _inlines: tuple[_Inline, ...] = field(repr=False, alias="inlines")

    @classmethod
    def parse(
        cls,
        text: str | bytes,
        *,
        file: str = COMPOSE,
        environment: Mapping[str, str] = _NOTHING,
        others: Mapping[str, str] = _NOTHING,
    ) -> ComposeFile:
        """Read *text*.

        Args:
            text: the file. Read it as bytes, or with ``newline=""``.
            file: what errors call it; the paths of *others* are relative to
                the same folder as this one.
            environment: what ``${NAME}`` stands for, ``.env`` included.
            others: the text of each file that is extended or included, by its path.

        Raises:
            MalformedError: it is no Compose file, or can be read in two ways.
            UndecidedError: something hangs on a variable or on a file that was
                not given; or a service with ``image:`` and ``build:`` would be
                pulled before it is built.
            LimitError: it is too long, too deep, or has too many services.
            ImportError: PyYAML is not installed; the extra ``compose`` brings it.
        """
        project = Project(file, _decoded(text, file), environment, others)
        wanted = tuple(project.wanted.values())
        inlines = tuple(
            _Inline(built, _inline(built)) for built in project.built if built.inline is not None
        )
        uses = [_use(each) for each in wanted]
        for inline in inlines:
            uses += inline.read.uses
        builds = tuple(
            ComposeBuild(
                service=built.service,
                context=built.context,
                dockerfile=built.dockerfile,
                build=built.build,
            )
            for built in project.built
            if built.inline is None
        )
        return cls(
            file=file,
            uses=tuple(uses),
            builds=builds,
            loose=tuple(dict.fromkeys(project.loose)),
            files=tuple(project.read_so_far.values()),
            wanted=wanted,
            inlines=inlines,
        )

    @property
    def asked(self) -> tuple[ImageReference, ...]:
        """What somebody has to vouch for before this can be pinned: each image once."""
        return tuple(dict.fromkeys(use.reference for use in self.uses if use.asks))

    def pinned(self, bindings: Mapping[ImageReference, TagBinding]) -> PinnedCompose:
        """Return the files with each image named by the digest that *bindings* has for it.

        Raises:
            UnsignedImageError: *bindings* has none for an image.
            MismatchError: a tag stands for another digest than the one written.
            MalformedError: a file cannot be rewritten without changing more.
        """
        pins = pins_of(self.uses, bindings)
        changes: dict[int, Change] = {}
        for pin, wanted in zip(pins, self._wanted, strict=False):
            if pin.use.reference.digest is None:
                new = f"{wanted.before}{pinned_name(wanted.name, pin)}{wanted.after}"
                familiar = pin.use.reference.familiar
                changes[id(wanted.scalar)] = Change(wanted.scalar, _dollars(new), (familiar,))
        for inline in self._inlines:
            self._add(changes, inline, bindings)
        texts = {each.path: _changed(each, changes) for each in self._files}
        text = texts.pop(self.file)
        return PinnedCompose(
            text=text, others=FrozenMap(texts), pins=pins, builds=self.builds, loose=self.loose
        )

    def _add(
        self,
        changes: dict[int, Change],
        inline: _Inline,
        bindings: Mapping[ImageReference, TagBinding],
    ) -> None:
        scalar = inline.built.inline
        pinned = inline.read.pinned(bindings).text
        if scalar is None or pinned == inline.read.text:
            return
        change = Change(scalar, _dollars(pinned), ())
        if changes.setdefault(id(scalar), change) != change:
            line = f"line {scalar.line}"
            expected = "a Dockerfile that means the same to all its services"
            raise MalformedError(inline.built.file.path, line, expected, inline.built.service)

    def pinned_by(self, resolver: Resolver) -> PinnedCompose:
        """Return the files with each image named by the digest that *resolver* answers.

        Raises:
            UnsignedImageError: *resolver* knows no trust data for an image.
            TrustError: whatever else *resolver* or :meth:`pinned` raises.
        """
        return self.pinned(answers_of(self.uses, resolver))


def pin_compose(
    text: str | bytes,
    resolver: Resolver,
    *,
    file: str = COMPOSE,
    environment: Mapping[str, str] = _NOTHING,
    others: Mapping[str, str] = _NOTHING,
) -> PinnedCompose:
    """Return the Compose file *text* with every image named by its digest.

    That is the image of every service, whatever its profiles, and each image
    that a build is given: as a context, as a frontend, in a Dockerfile inside
    the file, or as a cache. The Dockerfiles outside are listed in ``builds``,
    and pinned with ``pin_dockerfile``. The tag stays as a comment.

    Args:
        text: the file. Read it as bytes, or with ``newline=""``.
        resolver: says what a tag stands for, such as ``Updater.resolve``.
        file: what errors call it; the paths of *others* are relative to the
            same folder as this one.
        environment: what ``${NAME}`` stands for, ``.env`` included.
        others: the text of each file that is extended or included, by its path.

    Raises:
        UnsignedImageError: nobody vouches for an image.
        MismatchError: a tag stands for another digest than the one beside it.
        MalformedError: it is no Compose file, or can be read in two ways.
        UndecidedError: what is meant hangs on something that was not given.
        LimitError: it is too long, too deep, or has too many services.
        TrustError: whatever else *resolver* raises.
        ImportError: PyYAML is not installed; the extra ``compose`` brings it.
    """
    read = ComposeFile.parse(text, file=file, environment=environment, others=others)
    return read.pinned_by(resolver)


def _decoded(text: str | bytes, file: str) -> str:
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        decoded.encode()
    except UnicodeError as error:
        raise MalformedError(file, "line 1", "UTF-8", str(error)) from None
    return decoded


def _use(wanted: Wanted) -> ImageUse:
    path, line = wanted.file.path, wanted.scalar.line
    try:
        reference = ImageReference.parse(wanted.name)
    except ValueError as error:
        raise MalformedError(path, f"line {line}", wanted.where, str(error)) from None
    return ImageUse(reference=reference.tagged(), line=line, where=wanted.where, file=path)


def _inline(built: Built) -> Dockerfile:
    text = "" if built.inline is None else built.inline.text
    line = 0 if built.inline is None else built.inline.line
    if "$" in text.replace("$$", ""):
        raise UndecidedError(
            built.file.path,
            line,
            f"the Dockerfile of service {built.service}",
            ("a variable of Compose",),
            advice=_INLINE_ADVICE,
        )
    file = f"{built.file.path}: dockerfile_inline of {built.service}"
    return Dockerfile.parse(text.replace("$$", "$"), file=file, build=built.build)


def _dollars(text: str) -> str:
    """Return *text* as it has to be written for Compose to read it so."""
    return text.replace("$", "$$")


def _changed(file: File, changes: Mapping[int, Change]) -> str:
    own = {id(scalar): changes[id(scalar)] for scalar in file.tree.scalars if id(scalar) in changes}
    return rewritten(file.path, file.text, file.tree, own) if own else file.text
