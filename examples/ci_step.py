"""Pin the images that a deployment names, or stop it.

    python ci_step.py images.txt >> "$GITHUB_OUTPUT"

Each line of the file has a name and an image, ``app registry.example/acme/app:1.4``,
and becomes ``app=registry.example/acme/app@sha256:…``: what later steps are to
deploy. If one of the images is not to be trusted, nothing is printed, and the
step fails. ``ci_step.yml`` is the workflow around it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import _updater

from trustlib import TrustError

if __name__ == "__main__":
    lines = (line.split() for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
    images = dict(filter(None, lines))
    try:
        bindings = _updater.configured().resolve_all(images.values())
    except (TrustError, ValueError) as error:
        sys.exit(f"::error::{error}")
    for name, binding in zip(images, bindings, strict=True):
        print(f"{name}={binding.pinned}")
