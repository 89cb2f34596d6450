"""What images are called in a collection that is named after none."""

from __future__ import annotations

from attrs import frozen

from trustlib._types import CollectionName, TargetPath
from trustlib.content import ImageReference, Naming
from trustlib.errors import NotFoundError
from trustlib.notary.content_trust import ContentTrust


@frozen
class NoImages:
    """The names of images in a collection of other things: there are none."""

    collection: CollectionName

    def target_path(self, reference: ImageReference) -> TargetPath:
        """Refuse: see :meth:`trustlib.content.Naming.target_path`.

        Raises:
            NotFoundError: always.
        """
        raise NotFoundError(
            str(reference), f"{self.collection} is named after no image; say with_target()"
        )

    def reference(self, path: TargetPath) -> ImageReference:
        """Refuse: see :meth:`trustlib.content.Naming.reference`.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self.collection} is named after no image, and {path!r} is no tag")

    def speaks_for(self, collection: CollectionName) -> bool:
        """Return whether *collection* is this one."""
        return collection == self.collection


def names_of(collection: ContentTrust) -> Naming:
    """Return what the images of *collection* are called."""
    try:
        return collection.names
    except ValueError:
        return NoImages(collection.name)
