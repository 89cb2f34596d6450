"""One text that says both what goes into pinning and what comes out.

``«alpine:3»`` is an image to pin, ``«$X|alpine:3»`` one that is spelled as the
first and means the second, ``«a|alpine:3|b@»`` one whose spelling becomes the
third with the digest at ``@``. A line that begins with ``+`` is only in the
output. The digest of an image is the hash of its name, so nobody needs a table.
"""

import re
from collections.abc import Iterable

from trustlib import Digest, ImageReference, NotFoundError, TagBinding

_MARK = re.compile("«([^|»]*)(?:\\|([^|»]*))?(?:\\|([^»]*))?»")
_LINE = re.compile("^(\ufeff?)\\+([^\n]*\n)", re.MULTILINE)


def digest_of(image: str) -> Digest:
    return Digest.of(str(ImageReference.parse(image).tagged()).encode())


def before(template: str) -> str:
    return _MARK.sub(lambda mark: mark[1], _LINE.sub(r"\1", template))


def after(template: str) -> str:
    return _MARK.sub(_pinned, _LINE.sub(r"\1\2", template))


def images(template: str) -> tuple[str, ...]:
    """The images that *template* marks, each once, in order."""
    return tuple(dict.fromkeys(mark[2] or mark[1] for mark in _MARK.finditer(template)))


def _pinned(mark: re.Match[str]) -> str:
    image = mark[2] or mark[1]
    reference = ImageReference.parse(image).tagged()
    pinned = f"{image.removesuffix(f':{reference.tag}')}@{digest_of(image)}"
    return (mark[3] or "@").replace("@", pinned, 1)


def vouching(reference: ImageReference) -> TagBinding:
    """A resolver for which every tag is signed."""
    digest = digest_of(str(reference.without_digest()))
    binding = TagBinding(reference=reference, digest=digest)
    return binding if reference.digest is None else binding.agreeing_with(reference.digest)


def vouching_for(images: Iterable[str]):
    """A resolver for which *images* are signed and nothing else is."""
    known = {ImageReference.parse(image).tagged() for image in images}

    def resolve(reference: ImageReference) -> TagBinding:
        if reference not in known and reference.digest is None:
            raise NotFoundError(reference.familiar, "no role vouches for it; check the name")
        return vouching(reference)

    return resolve
