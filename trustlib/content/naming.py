"""A collection says which images it speaks for, and what it calls them.

A target path is what a publisher signs and a client asks for, so the way from
reference to path must lose nothing that tells two images apart. Each naming
here goes both ways, and the two ways are inverse to each other. A naming is a
value that is passed in; a name that is not the collection's is refused, not
shortened until it fits.
"""

from __future__ import annotations

from typing import Protocol

from attrs import field, frozen

from trustlib._types import CollectionName, TargetPath
from trustlib.content._grammar import DOCKER_HUB, require_domain, require_path
from trustlib.content.reference import ImageReference
from trustlib.errors import NotFoundError, shortened


class Naming(Protocol):
    """Decides under which target path a collection keeps an image's tag."""

    def target_path(self, reference: ImageReference) -> TargetPath:
        """Return the path at which the binding of *reference*'s tag is found.

        A digest in *reference* has no part in this: it is what the binding is
        compared with.

        Raises:
            NotFoundError: the collection does not speak for that image.
            ValueError: *reference* has no tag. By digest alone an image needs
                no trust data; otherwise ``reference.tagged()`` takes ``latest``.
        """
        ...

    def reference(self, path: TargetPath) -> ImageReference:
        """Return the reference, with a tag and without a digest, kept at *path*.

        Raises:
            ValueError: :meth:`target_path` never gives that path.
        """
        ...

    def speaks_for(self, collection: CollectionName) -> bool:
        """Return whether a collection of that name may use these names."""
        ...


@frozen
class PerOrganisation:
    """One collection for many images: the path is the name below the domain.

    ``docker.io/acme/app:1.4`` is kept at ``acme/app:1.4``, and
    ``docker.io/library/alpine:3`` at ``library/alpine:3``.

    Attributes:
        domain: the registry whose images these are, port included, compared as
            it is spelled.

    Raises:
        ValueError: *domain* cannot be the domain of a reference.
    """

    domain: str = DOCKER_HUB

    def __attrs_post_init__(self) -> None:
        require_domain(self.domain)

    def target_path(self, reference: ImageReference) -> TargetPath:
        """See :meth:`Naming.target_path`."""
        return TargetPath(f"{self._path(reference)}:{_tag(reference)}")

    def reference(self, path: TargetPath) -> ImageReference:
        """See :meth:`Naming.reference`."""
        name, colon, tag = path.partition(":")
        if not colon:
            raise ValueError(
                f"target path: expected name:tag, such as 'acme/app:1.4', got {shortened(path)}"
            )
        return ImageReference(domain=self.domain, path=name, tag=tag)

    def speaks_for(self, collection: CollectionName) -> bool:
        """Return whether *collection* is named for the domain, or for a name below it."""
        return collection == self.domain or collection.startswith(f"{self.domain}/")

    def tag_pattern(self, image: ImageReference) -> str:
        """Return the delegation path that covers every tag of *image*: ``acme/app:*``.

        Raises:
            NotFoundError: the collection does not speak for that image.
            ValueError: *image* has a tag or a digest, and the pattern would
                grant more than was named.
        """
        if image.tag is not None or image.digest is not None:
            raise ValueError(
                f"image: expected a name without tag and digest, got {image.familiar!r};"
                " the pattern covers every tag"
            )
        return f"{self._path(image)}:*"

    def organisation_pattern(self, organisation: str) -> str:
        """Return the delegation path for every image directly below *organisation*.

        For ``acme`` that is ``acme/*``. It covers every tag of every
        ``acme/app``, and nothing of ``acme/team/app``: in a delegation path,
        ``*`` stays within one component.

        Args:
            organisation: one or more path components, without the domain.

        Raises:
            ValueError: *organisation* is no path, or begins with the domain
                and would match nothing.
        """
        require_path(organisation)
        if f"{organisation}/".startswith(f"{self.domain}/"):
            raise ValueError(
                f"organisation: expected a name without the domain {self.domain},"
                f" got {organisation!r}"
            )
        return f"{organisation}/*"

    def _path(self, reference: ImageReference) -> str:
        if reference.domain != self.domain:
            raise NotFoundError(
                str(reference),
                f"the collection speaks for the domain {self.domain} only; ask another collection",
            )
        return reference.path


@frozen
class PerRepository:
    """One collection for one image, as Docker did it: the path is the tag.

    Attributes:
        repository: the fully qualified name, such as ``docker.io/acme/app``.

    Raises:
        ValueError: *repository* is no name, has a tag or a digest, or is not
            fully qualified.
    """

    repository: str
    _image: ImageReference = field(init=False, repr=False, eq=False)

    @_image.default
    def _read(self) -> ImageReference:
        image = ImageReference.parse(self.repository)
        if image.repository != self.repository:
            raise ValueError(
                f"repository: expected the fully qualified name {image.repository!r},"
                f" got {self.repository!r}"
            )
        return image

    def target_path(self, reference: ImageReference) -> TargetPath:
        """See :meth:`Naming.target_path`."""
        if reference.repository != self.repository:
            raise NotFoundError(
                str(reference),
                f"the collection speaks for the repository {self.repository} only;"
                " ask another collection",
            )
        return TargetPath(_tag(reference))

    def reference(self, path: TargetPath) -> ImageReference:
        """See :meth:`Naming.reference`."""
        return self._image.with_tag(path)

    def speaks_for(self, collection: CollectionName) -> bool:
        """Return whether *collection* is named exactly as the repository is."""
        return collection == self.repository


def _tag(reference: ImageReference) -> str:
    if reference.tag is None:
        raise ValueError(
            f"image reference: expected a tag, got {str(reference)!r};"
            " a digest alone needs no trust data, and .tagged() takes 'latest'"
        )
    return reference.tag
