"""Who is asked for which image, and what becomes of an image that nobody vouches for.

Each image is asked for once, however often it is named. An answer is compared
with a digest that is written beside the tag, whether or not whoever answered
did so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from attrs import frozen

from trustlib.content.binding import TagBinding, by_digest
from trustlib.content.reference import ImageReference
from trustlib.errors import NotFoundError, TrustError, UnsignedImageError

Resolver: TypeAlias = Callable[[ImageReference], TagBinding]
"""Says what a reference stands for, or raises; ``Updater.resolve`` is one."""


@frozen(kw_only=True)
class ImageUse:
    """One place in a file that names an image of somebody else's.

    Attributes:
        reference: the image, with the tag that is meant where none was written.
        line: the line of the instruction, from 1.
        where: the instruction: ``"FROM"``, ``"COPY --from"``, ``"RUN --mount"``,
            the same after ``"ONBUILD"``, or ``"# syntax"``; in a Compose file,
            which service wants it and for what.
        file: the file, as errors call it.
    """

    reference: ImageReference
    line: int
    where: str
    file: str

    @property
    def asks(self) -> bool:
        """Whether somebody has to vouch for it: a digest alone says itself what it is."""
        return self.reference.tag is not None


@frozen(kw_only=True)
class Pin:
    """One place in a file where an image is named by digest now.

    Attributes:
        use: what was written there.
        binding: what it stands for, and who said so.
    """

    use: ImageUse
    binding: TagBinding


def answers_of(uses: Iterable[ImageUse], resolver: Resolver) -> dict[ImageReference, TagBinding]:
    """Return what *resolver* answers for the images of *uses*, asked once for each.

    Raises:
        UnsignedImageError: it knows no trust data for an image.
        TrustError: whatever else it raises, with a note of the place.
    """
    answers: dict[ImageReference, TagBinding] = {}
    for use in uses:
        if not use.asks or use.reference in answers:
            continue
        try:
            answers[use.reference] = resolver(use.reference)
        except NotFoundError as error:
            raise _unsigned(use) from error
        except TrustError as error:
            _place(error, use)
            raise
    return answers


def pins_of(
    uses: Iterable[ImageUse], bindings: Mapping[ImageReference, TagBinding]
) -> tuple[Pin, ...]:
    """Return what *bindings* say of each of *uses*.

    Raises:
        UnsignedImageError: they say nothing of an image.
        MismatchError: they say another digest than the one that is written.
    """
    return tuple(Pin(use=use, binding=_answer(use, bindings)) for use in uses)


def _answer(use: ImageUse, bindings: Mapping[ImageReference, TagBinding]) -> TagBinding:
    reference = use.reference
    if not use.asks:
        return by_digest(reference)
    binding = bindings.get(reference)
    if binding is None:
        raise _unsigned(use)
    try:
        return binding if reference.digest is None else binding.agreeing_with(reference.digest)
    except TrustError as error:
        _place(error, use)
        raise


def _unsigned(use: ImageUse) -> UnsignedImageError:
    return UnsignedImageError(use.file, use.line, use.reference.familiar)


def _place(error: TrustError, use: ImageUse) -> None:
    error.add_note(f"{use.file}, line {use.line}: {use.where} {use.reference.familiar}")


def pinned_name(written: str, pin: Pin) -> str:
    """Return the image *written* with the digest of *pin* where its tag was."""
    return f"{written.removesuffix(f':{pin.use.reference.tag}')}@{pin.binding.digest}"
