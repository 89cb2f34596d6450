"""What container people say, as values: digests, references, names, and bindings."""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib.content.binding import TagBinding, resolve
    from trustlib.content.digest import Digest
    from trustlib.content.naming import Naming, PerOrganisation, PerRepository
    from trustlib.content.reference import ImageReference
    from trustlib.roles import MEDIA_TYPE

__all__ = [
    "MEDIA_TYPE",
    "Digest",
    "ImageReference",
    "Naming",
    "PerOrganisation",
    "PerRepository",
    "TagBinding",
    "resolve",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib.content.binding": "TagBinding resolve",
            "trustlib.content.digest": "Digest",
            "trustlib.content.naming": "Naming PerOrganisation PerRepository",
            "trustlib.content.reference": "ImageReference",
            "trustlib.roles": "MEDIA_TYPE",
        },
    )
