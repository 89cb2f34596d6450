"""An image reference has one value, however it was typed.

``alpine``, ``library/alpine`` and ``index.docker.io/alpine`` are the same
image, and trust that is looked up under one spelling must be found, or missed,
under all of them. So the value is always fully qualified, ``str()`` writes it
out, and ``parse`` of either spelling gives the same value back.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import evolve, field, frozen, validators

from trustlib.content._grammar import (
    DOCKER_HUB,
    LONGEST_REFERENCE,
    LONGEST_REPOSITORY,
    OFFICIAL,
    OLD_DOCKER_HUB,
    is_domain_like,
    require_domain,
    require_path,
    require_tag,
)
from trustlib.content.digest import Digest
from trustlib.errors import shortened

DEFAULT_TAG: Final = "latest"
"""The tag that Docker takes where none was typed."""

_IMAGE_ID = re.compile("[0-9a-f]{64}")


@frozen(kw_only=True)
class ImageReference:
    """A repository of a registry, and optionally a tag, a digest, or both.

    Attributes:
        domain: the registry, with its port if one was given; spelled as it was
            typed, so two spellings of one host are two domains.
        path: the repository's name below the domain. On Docker Hub it has at
            least two components.
        tag: the mutable name, or None where none was given: :meth:`tagged`
            takes Docker's default, and nothing else does.
        digest: the bytes that are meant, or None.

    Raises:
        ValueError: a part breaks the grammar, ``domain/path`` is longer than
            255 characters, or the value is one that :meth:`parse` would give
            a different name.
        TypeError: *digest* is something other than a :class:`Digest`.
    """

    domain: str
    path: str
    tag: str | None = None
    digest: Digest | None = field(
        default=None, validator=validators.optional(validators.instance_of(Digest))
    )

    def __attrs_post_init__(self) -> None:
        require_domain(self.domain)
        require_path(self.path)
        if self.tag is not None:
            require_tag(self.tag)
        if len(self.repository) > LONGEST_REPOSITORY:
            raise ValueError(
                f"repository name: expected at most {LONGEST_REPOSITORY} characters,"
                f" domain included, got {len(self.repository)}"
            )
        if self.domain == DOCKER_HUB and "/" not in self.path:
            raise ValueError(
                f"repository name: expected two components on {DOCKER_HUB},"
                f" such as '{OFFICIAL}/{self.path}', got {self.path!r}"
            )

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Read a reference as Docker does, familiar or fully qualified.

        A first component is a domain if it has a dot, a colon or an upper-case
        letter, or is ``localhost``; otherwise the name is one of Docker Hub's.

        Raises:
            ValueError: *text* is no reference; or it is 64 hex digits, which
                Docker takes for the id of an image and never for a name.
        """
        if len(text) > LONGEST_REFERENCE:
            raise ValueError(
                f"image reference: expected at most {LONGEST_REFERENCE} characters,"
                f" got {shortened(text)}"
            )
        if _IMAGE_ID.fullmatch(text):
            raise ValueError(f"image reference: expected a name, got the image id {text!r}")
        try:
            return cls._read(text)
        except ValueError as error:
            raise ValueError(f"image reference {shortened(text)}: {error}") from error

    @classmethod
    def _read(cls, text: str) -> ImageReference:
        domain, rest = _split_domain(text)
        # Neither a path nor a tag can hold "@", and a path cannot hold ":".
        name, at, digest = rest.partition("@")
        path, colon, tag = name.partition(":")
        return cls(
            domain=domain,
            path=path,
            # An empty tag or digest after its mark is a mistake, not an absence.
            tag=tag if colon else None,
            digest=Digest.parse(digest) if at else None,
        )

    @property
    def repository(self) -> str:
        """The fully qualified name without tag and digest: ``docker.io/acme/app``."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """The shortest name without tag and digest that :meth:`parse` reads back.

        Docker itself also shortens ``docker.io/acme.example/app``, and then
        reads its own output as an image of the registry ``acme.example``. Here
        such a name keeps its domain.
        """
        if self.domain != DOCKER_HUB:
            return self.repository
        first, _, rest = self.path.partition("/")
        if first == OFFICIAL and "/" not in rest and not _IMAGE_ID.fullmatch(rest):
            return rest
        return self.repository if is_domain_like(first) else self.path

    @property
    def familiar(self) -> str:
        """The shortest text that :meth:`parse` reads back as this value."""
        return self.familiar_name + self._suffix

    def __repr__(self) -> str:
        return f"ImageReference({str(self)!r})"

    def __str__(self) -> str:
        return self.repository + self._suffix

    @property
    def _suffix(self) -> str:
        tag = "" if self.tag is None else f":{self.tag}"
        digest = "" if self.digest is None else f"@{self.digest}"
        return tag + digest

    def tagged(self) -> ImageReference:
        """Return this reference with the tag ``latest``, if it says nothing else.

        A reference with a tag or a digest says which image is meant, and is
        returned as it is.
        """
        if self.tag is None and self.digest is None:
            return self.with_tag(DEFAULT_TAG)
        return self

    def with_tag(self, tag: str) -> ImageReference:
        """Return this reference with *tag*; a digest stays.

        Raises:
            ValueError: *tag* is no tag.
        """
        return evolve(self, tag=tag)

    def with_digest(self, digest: Digest) -> ImageReference:
        """Return this reference with *digest*; a tag stays."""
        return evolve(self, digest=digest)

    def without_tag(self) -> ImageReference:
        """Return this reference without its tag; having none is fine."""
        return evolve(self, tag=None)

    def without_digest(self) -> ImageReference:
        """Return this reference without its digest; having none is fine."""
        return evolve(self, digest=None)


def _split_domain(text: str) -> tuple[str, str]:
    """Return the domain that *text* means, and the rest as it is called there."""
    first, slash, rest = text.partition("/")
    if not slash:
        # "localhost:5000" alone is the image "localhost" with the tag "5000".
        return DOCKER_HUB, f"{OFFICIAL}/{text}"
    if not is_domain_like(first):
        return DOCKER_HUB, text
    domain = DOCKER_HUB if first == OLD_DOCKER_HUB else first
    if domain == DOCKER_HUB and "/" not in rest:
        return domain, f"{OFFICIAL}/{rest}"
    return domain, rest
