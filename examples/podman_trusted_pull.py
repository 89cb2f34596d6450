"""Pull with podman what the tag was signed to be.

    python podman_trusted_pull.py registry.example/acme/app:1.4 …

Every tag is looked up before anything is pulled, all at one moment: if one of
them is not to be trusted, none is pulled.
"""

from __future__ import annotations

import sys

import _updater

from trustlib import TrustError
from trustlib.registry.runtimes import Podman

if __name__ == "__main__":
    try:
        for binding in _updater.configured().resolve_all(sys.argv[1:]):
            Podman().pull(binding)
            print(f"pulled   {binding.reference} {binding.digest}")
    except TrustError as error:
        sys.exit(f"refused  {error}")
