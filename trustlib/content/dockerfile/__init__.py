"""Dockerfiles, read as BuildKit reads them, and pinned to what was vouched for."""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib.content.dockerfile._images import Stage
    from trustlib.content.dockerfile.answers import ImageUse, Pin, Resolver
    from trustlib.content.dockerfile.build import Build
    from trustlib.content.dockerfile.pinning import (
        Dockerfile,
        PinnedDockerfile,
        images_of,
        pin_dockerfile,
    )

__all__ = [
    "Build",
    "Dockerfile",
    "ImageUse",
    "Pin",
    "PinnedDockerfile",
    "Resolver",
    "Stage",
    "images_of",
    "pin_dockerfile",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib.content.dockerfile._images": "Stage",
            "trustlib.content.dockerfile.answers": "ImageUse Pin Resolver",
            "trustlib.content.dockerfile.build": "Build",
            "trustlib.content.dockerfile.pinning": (
                "Dockerfile PinnedDockerfile images_of pin_dockerfile"
            ),
        },
    )
