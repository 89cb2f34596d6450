"""Pull with Docker's package for Python what the tag was signed to be.

    python docker_py_trusted_pull.py registry.example/acme/app:1.4

``client.images.pull()`` takes whatever the registry says that a tag is today.
``trusted_pull()`` here asks the signed metadata, pulls that digest, calls it by
the plain name, and returns the image. Needs the extra ``trustlib-tuf[docker]``.
"""

from __future__ import annotations

import sys

import _updater
import docker
from docker.models.images import Image

from trustlib import TrustError, Updater
from trustlib.registry.runtimes import DockerSdk


def trusted_pull(client: docker.DockerClient, updater: Updater, reference: str) -> Image:
    """Return the image that *reference* was signed to be; a TrustError says why there is none."""
    binding = updater.resolve(reference)
    DockerSdk(client).pull(binding)
    return client.images.get(binding.pinned)


if __name__ == "__main__":
    try:
        image = trusted_pull(docker.from_env(), _updater.configured(), sys.argv[1])
    except TrustError as error:
        sys.exit(f"refused  {error}")
    print(f"pulled   {sys.argv[1]}, which is here as {image.id}")
