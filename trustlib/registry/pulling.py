"""A pull asks who vouches first, and then for those bytes and no others.

Whoever pulls is handed a digest. The tag is looked up once, by whoever speaks
for it; the registry is never asked what it means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import field, frozen

from trustlib.content import Digest, ImageReference, TagBinding
from trustlib.downloads.telling import Progress, nobody
from trustlib.events import Event
from trustlib.registry.client import Registry
from trustlib.registry.copying import fetched_into
from trustlib.registry.enforcing import Resolver, at_home, unvouched
from trustlib.registry.layout import Layout
from trustlib.registry.manifests import Descriptor, Manifest, Platform


class Puller(Protocol):
    """What can fetch an image by its digest: a layout, or something that runs containers."""

    def pull(self, binding: TagBinding) -> object:
        """Fetch what *binding* names, and call it by its plain name.

        Raises:
            TrustError: it could not be had, or something else came.
        """
        ...


@frozen
class IntoLayout:
    """Pulls into a directory, an OCI image layout; what is there is hashed, whoever sent it.

    Attributes:
        layout: the directory.
        registry: where images come from.
        platform: which image of an index; None: the whole index.
        name: what the image is called in *layout*; None: its tag.
        progress: called with how many bytes are there, and how many there will be.
    """

    layout: Layout
    registry: Registry
    platform: Platform | None = field(default=None, kw_only=True)
    name: str | None = field(default=None, kw_only=True)
    progress: Progress = field(default=nobody, kw_only=True)

    def pull(self, binding: TagBinding) -> Manifest:
        """Fetch what *binding* names, and return its manifest, or that for the platform.

        Raises:
            ValueError: it is in another registry.
            TrustError: as :func:`trustlib.registry.fetched_into`.
        """
        image = at_home(binding.reference, self.registry)
        return fetched_into(
            self.layout,
            self.registry,
            image.path,
            _named(binding),
            platform=self.platform,
            name=self.name or image.tag,
            progress=self.progress,
        )


def _named(binding: TagBinding) -> Descriptor | Digest:
    if binding.size is None or binding.media_type is None:
        return binding.digest
    return Descriptor(media_type=binding.media_type, digest=binding.digest, size=binding.size)


@frozen(kw_only=True)
class Pulled:
    """An image that is here now.

    Attributes:
        binding: what its tag stands for, and who says so.
        place: where it is, as whoever pulled it says.
    """

    binding: TagBinding
    place: object


def trusted_pull(reference: str | ImageReference, resolver: Resolver, into: Puller) -> Pulled:
    """Fetch the image that the tag of *reference* stands for; no tag means ``latest``.

    Args:
        reference: what to pull. By digest alone it needs nobody's word.
        resolver: who says what tags stand for.
        into: who fetches it, and keeps it.

    Raises:
        NoTrustDataError: nobody speaks for that name.
        TrustError: as *resolver* and *into*.
        ValueError: *reference* is no image reference.
    """
    binding = resolver(_tagged(reference))
    return Pulled(binding=binding, place=into.pull(binding))


def untrusted_pull(
    reference: str | ImageReference,
    registry: Registry,
    into: Puller,
    *,
    told: Callable[[Event], None],
) -> Pulled:
    """Fetch the image that the registry says the tag stands for. Nobody vouches for it.

    Args:
        reference: what to pull.
        registry: who is believed.
        into: who fetches it, and keeps it.
        told: is told that this was done (:class:`trustlib.events.Untrusted`), so
            that it is not done silently.

    Raises:
        NotFoundError: the registry does not know the tag.
        TrustError: as *into*.
        ValueError: *reference* is no image reference, or one of another registry.
    """
    binding = unvouched(registry, _tagged(reference), "somebody asked for it untrusted", told)
    return Pulled(binding=binding, place=into.pull(binding))


def _tagged(reference: str | ImageReference) -> ImageReference:
    parsed = ImageReference.parse(reference) if isinstance(reference, str) else reference
    return parsed.tagged()
