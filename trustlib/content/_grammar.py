"""What each part of an image reference may look like, in one place.

The productions are those of the OCI distribution specification and of
Docker's reference format. Two rules keep hostile text cheap: a length is
bounded before an expression sees the text, or by the expression itself; and
the character after a repetition can never belong to that repetition, so
matching is linear even without the bound.
"""

from __future__ import annotations

import re
from typing import Final

from trustlib.errors import shortened

DOCKER_HUB: Final = "docker.io"
"""The domain of names that were typed without one."""

OLD_DOCKER_HUB: Final = "index.docker.io"
"""What Docker Hub was called once; read, and never written."""

OFFICIAL: Final = "library"
"""Where Docker Hub keeps the images that were typed as one bare word."""

LONGEST_REPOSITORY: Final = 255
"""Characters in ``domain/path``; what clients and registries agree to carry."""

LONGEST_TAG: Final = 128
"""Characters in a tag."""

LONGEST_REFERENCE: Final = 1024
"""Characters beyond which a text is not looked at; no reference comes near it."""

# A single dot, one or two underscores, or any number of hyphens may join two
# runs of letters and digits: "a..b" and "a___b" are no names, "a---b" is one.
_COMPONENT = r"[a-z0-9]+(?:(?:__|[._]|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"

_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?")
_TAG = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{LONGEST_TAG - 1}}}")


def is_domain_like(text: str) -> bool:
    """Return whether *text*, before a first slash, names a registry to Docker.

    Everything else there is the first component of a path on Docker Hub:
    ``acme/app`` has no domain, ``acme.example/app`` and ``ACME/app`` have one.
    """
    return text == "localhost" or "." in text or ":" in text or text != text.lower()


def require_domain(text: str) -> None:
    """Refuse a *text* that no reference can have as its domain.

    Raises:
        ValueError: not a host name, IPv4 or bracketed IPv6 address with an
            optional port; or one that Docker would read as part of a path; or
            the old name of Docker Hub.
    """
    if text == OLD_DOCKER_HUB:
        raise ValueError(f"domain: expected {DOCKER_HUB}, got its old name {text!r}")
    fits = len(text) <= LONGEST_REPOSITORY and _DOMAIN.fullmatch(text) is not None
    if not (fits and is_domain_like(text)):
        raise ValueError(
            "domain: expected a host name with a dot or a port, localhost, or an address"
            f" (IPv6 in brackets), got {shortened(text)}"
        )


def require_path(text: str) -> None:
    """Refuse a *text* that cannot stand below a domain.

    Raises:
        ValueError: not path components of lower-case letters and digits,
            joined by one of ``.``, ``_``, ``__`` or hyphens.
    """
    if len(text) > LONGEST_REPOSITORY or _PATH.fullmatch(text) is None:
        raise ValueError(
            "repository name: expected lower-case components such as 'acme/app'"
            f" of at most {LONGEST_REPOSITORY} characters, got {shortened(text)}"
        )


def require_tag(text: str) -> None:
    """Refuse a *text* that is no tag.

    Raises:
        ValueError: not 1 to 128 ASCII letters, digits, ``_``, ``.`` and ``-``,
            or one of the last two comes first.
    """
    if _TAG.fullmatch(text) is None:
        raise ValueError(
            f"tag: expected 1 to {LONGEST_TAG} ASCII letters, digits, '_', '.' and '-',"
            f" not beginning with '.' or '-', got {shortened(text)}"
        )
