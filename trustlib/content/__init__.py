"""What container people say, as values: digests, references, names, and bindings."""

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
