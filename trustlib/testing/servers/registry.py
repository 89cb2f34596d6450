"""A registry that lies as it is told to, and remembers to whom credentials were shown.

It serves images to whoever pulls them. Beside it listens a stranger at an
origin of its own: whatever a client says to the stranger, credentials above all,
is in :attr:`HostileRegistry.leaked`.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Self

from attrs import define, field, frozen

from trustlib.testing.behaviours import BEHAVIOURS, Behaviour
from trustlib.testing.scripted import NOT_FOUND, Asked, Part, Server, answer

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(data: bytes) -> str:
    """Return the digest of *data*: ``sha256:…``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@frozen
class Held:
    """A manifest or a blob."""

    data: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """What it is called by those who do not believe names."""
        return digest_of(self.data)


Lie = Callable[["HostileRegistry", Held], Iterator[Part]]
"""What a registry says to whoever asks for something that it has."""


def truth(_: "HostileRegistry", held: Held) -> Iterator[bytes]:
    """Say what is so."""
    yield _served(held)


def another_manifest(registry: "HostileRegistry", held: Held) -> Iterator[bytes]:
    """Say that another image is the one asked for, its digest included (CVE-2023-33959)."""
    yield _served(registry.evil, digest=held.digest)


def lying_digest(_: "HostileRegistry", held: Held) -> Iterator[bytes]:
    """Send what was asked for, and say that its digest is another."""
    yield _served(held, digest=digest_of(b"evil"))


def two_faced(_: "HostileRegistry", held: Held) -> Iterator[bytes]:
    """Say that a manifest is an index (CVE-2021-41190)."""
    yield _served(Held(held.data, OCI_INDEX), digest=held.digest)


def foreign_realm(registry: "HostileRegistry", _: Held) -> Iterator[bytes]:
    """Ask who that is, to be told to a stranger (CVE-2020-15157)."""
    challenge = f'Bearer realm="{registry.stranger.url}token",service="registry"'
    yield answer(b"", status="401 Unauthorized", WWW_Authenticate=challenge)


def redirected_to_a_stranger(registry: "HostileRegistry", _: Held) -> Iterator[bytes]:
    """Send the client to a stranger's server."""
    yield answer(b"", status="307 Temporary Redirect", Location=f"{registry.stranger.url}v2/")


def denied(_: "HostileRegistry", held: Held) -> Iterator[bytes]:
    """Say no to everybody."""
    del held
    yield answer(b"", status="403 Forbidden")


def answering(behaviour: Behaviour) -> Lie:
    """Return the lie that sends what was asked for as a hostile server does: slowly, or half."""

    def lie(_: "HostileRegistry", held: Held) -> Iterator[Part]:
        said = f"Content-Type: {held.media_type}\r\nDocker-Content-Digest: {held.digest}\r\n"
        for part in behaviour(held.data):
            if isinstance(part, bytes) and part.startswith(b"HTTP/1.1 "):
                status, end, rest = part.partition(b"\r\n")
                yield status + end + said.encode() + rest
            else:
                yield part

    lie.__name__ = behaviour.__name__
    return lie


LIES: tuple[Lie, ...] = (
    another_manifest,
    lying_digest,
    two_faced,
    foreign_realm,
    redirected_to_a_stranger,
    denied,
    *map(answering, BEHAVIOURS.values()),
)
"""Every lie that is noticed at once; ``answering(dripping)`` and others take their time."""

_ROUTE = re.compile(r"/v2/(?P<name>.+)/(?:manifests|blobs)/(?P<reference>[^/]+)")


@define(eq=False)
class HostileRegistry:
    """A registry of images; everything is true until it is told to lie.

    Attributes:
        evil: the image that it shows in the place of others.
        lie: what it says of what it has.
        tags: what each name and tag stands for.
    """

    evil: Held = Held(b'{"schemaVersion":2,"mediaType":"%s"}' % OCI_MANIFEST.encode(), OCI_MANIFEST)
    lie: Lie = truth
    tags: dict[tuple[str, str], Held] = field(factory=dict)
    stranger: Server = field(init=False)
    _server: Server = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.stranger = Server(_welcome)
        self._server = Server(self._answered)

    @property
    def domain(self) -> str:
        """Host and port; there is no TLS."""
        return self._server.origin.partition("//")[2]

    @property
    def asked(self) -> list[Asked]:
        """What it was asked."""
        return self._server.asked

    @property
    def leaked(self) -> list[str]:
        """The credentials that were shown to the stranger."""
        return [each.authorization for each in self.stranger.asked if each.authorization]

    def holding(self, name: str, tag: str, data: bytes, media_type: str = OCI_MANIFEST) -> str:
        """Make *name*:*tag* stand for the manifest *data*; return its digest."""
        held = self.tags[(name, tag)] = Held(data, media_type)
        return held.digest

    def __enter__(self) -> Self:
        self.stranger.__enter__()
        self._server.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.__exit__(*raised)
        self.stranger.__exit__(*raised)

    def _answered(self, asked: Asked) -> Iterator[Part]:
        found = _ROUTE.fullmatch(asked.target)
        if found is None:
            yield answer(b"{}") if asked.target == "/v2/" else NOT_FOUND
            return
        name, reference = found["name"], found["reference"]
        held = self.tags.get((name, reference)) or next(
            (each for (of, _), each in self.tags.items() if (of, each.digest) == (name, reference)),
            None,
        )
        if held is None:
            yield NOT_FOUND
            return
        for part in self.lie(self, held):
            if asked.method == "HEAD" and isinstance(part, bytes):
                yield part.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                return
            yield part


def _served(held: Held, *, digest: str | None = None) -> bytes:
    said = digest or held.digest
    return answer(held.data, Content_Type=held.media_type, Docker_Content_Digest=said)


def _welcome(_: Asked) -> Iterator[bytes]:
    yield answer(json.dumps({"token": "from-a-stranger"}).encode())
