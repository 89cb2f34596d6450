"""One image of many: the first that was made for exactly this platform.

Who verified an index has verified what it says of platforms, its order
included: if it lists a platform twice, the first is meant (OCI image
specification 1.1, image index). Nothing near it is taken instead.
"""

from __future__ import annotations

from typing import Final

from attrs import define, field

from trustlib._json import read
from trustlib.errors import LimitError, NotFoundError, TooLongError, shortened
from trustlib.registry import _operations as say
from trustlib.registry._conversation import Speaking
from trustlib.registry._operations import Repository
from trustlib.registry._trees import CopyLimits, child
from trustlib.registry.manifests import INDEXES, Descriptor, Manifest, Platform

_USUAL: Final = {"amd64": "v1", "arm": "v7", "arm64": "v8"}
"""The variant that is meant where none is named."""


def is_for(offered: Platform | None, wanted: Platform) -> bool:
    """Return whether what is *offered* is exactly what is *wanted*."""
    return offered is not None and _whole(offered) == _whole(wanted)


def _whole(platform: Platform) -> tuple[str, str, str]:
    variant = platform.variant or _USUAL.get(platform.architecture, "")
    return platform.os, platform.architecture, variant


def image(
    repository: Repository, root: Manifest, wanted: Platform, limits: CopyLimits
) -> Speaking[Manifest]:
    """Return the image for a platform: one of those in the index *root*, or *root* itself.

    Raises:
        NotFoundError: there is none; the error names what there is.
        TrustError: as :func:`~trustlib.registry._trees.child`.
    """
    search = _Search(repository, wanted, limits)
    if root.media_type in INDEXES:
        found = yield from search.within(root, limits)
    else:
        found = yield from search.itself(root)
    if found is None:
        there = shortened(", ".join(search.offered) or "nothing that says so", str)
        where = f"{repository.path}@{root.digest}"
        raise NotFoundError(where, f"has nothing for {wanted}; there is {there}")
    return found


@define
class _Search:
    """A search for one platform.

    Attributes:
        offered: the platforms that were seen.
        read: how many manifests were.
    """

    repository: Repository
    wanted: Platform
    limits: CopyLimits
    offered: dict[str, None] = field(factory=dict[str, None])
    read: int = 0

    def within(self, index: Manifest, limits: CopyLimits) -> Speaking[Manifest | None]:
        for entry in index.manifests:
            if not self._may_be(entry):
                continue
            self.read += 1
            if self.read > self.limits.manifests:
                raise LimitError("manifests in one image", self.limits.manifests)
            found: Manifest | None = yield from child(self.repository, entry)
            if found is not None and found.media_type in INDEXES:
                found = yield from self.within(found, limits.deeper())
            if found is not None:
                return found
        return None

    def itself(self, manifest: Manifest) -> Speaking[Manifest | None]:
        own = yield from _own(self.repository, manifest)
        return manifest if self._fits(own) else None

    def _may_be(self, entry: Descriptor) -> bool:
        inner = entry.media_type in INDEXES and entry.platform is None
        return inner or self._fits(entry.platform)

    def _fits(self, platform: Platform | None) -> bool:
        if platform is not None:
            self.offered[str(platform)] = None
        return is_for(platform, self.wanted)


def _own(repository: Repository, manifest: Manifest) -> Speaking[Platform | None]:
    """Return what an image says itself that it runs on, if it does."""
    config = manifest.config
    if config is None:
        return None
    if config.size > repository.limits.manifest:
        raise TooLongError(str(config.digest), repository.limits.manifest)
    raw = yield from say.small_blob(repository, config)
    cursor = read(raw, f"{repository.path}@{config.digest}")
    given = {name: cursor.get(name) for name in ("os", "architecture", "variant")}
    texts = {name: value.text() for name, value in given.items() if value is not None}
    return Platform(**texts) if {"os", "architecture"} <= texts.keys() else None
