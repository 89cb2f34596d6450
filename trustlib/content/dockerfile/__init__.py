"""Dockerfiles, read as BuildKit reads them, and pinned to what was vouched for."""

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
