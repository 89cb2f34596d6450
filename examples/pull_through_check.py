"""Let a registry proxy ask before it serves: may this tag be this digest?

One question a line, ``repository tag digest``; one answer a line, ``allow`` or
``refuse`` and why. It keeps running, so most questions are answered from
memory. Whoever asks must take anything but ``allow`` for a refusal.

    $ echo acme/app 1.4 sha256:9f86… | python pull_through_check.py
    allow
"""

from __future__ import annotations

import os
import sys

import _updater

from trustlib import Digest, ImageReference, TrustError, Updater


def may_be_served(updater: Updater, domain: str, question: str) -> str:
    """Return ``allow`` if the tag stands for the digest, and otherwise ``refuse`` and why not."""
    try:
        repository, tag, digest = question.split()
        reference = ImageReference(domain=domain, path=repository, tag=tag)
        updater.verify(reference, digest=Digest.parse(digest))
    except (TrustError, ValueError) as error:
        return f"refuse {error}"
    return "allow"


if __name__ == "__main__":
    proxy = _updater.configured()
    for line in sys.stdin:
        print(may_be_served(proxy, os.environ["TRUST_DOMAIN"], line), flush=True)
