"""What runs containers is told a digest, never a tag, and asked afterwards what it has.

It pulls ``name@sha256:…`` with its own credentials, over its own connections,
and calls that by the plain name, so that people and scripts find it. Nothing
that it has is believed to be the image before it says so itself.

These calls wait; in a program that awaits, give them to ``asyncio.to_thread``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

from attrs import field, frozen

from trustlib._json import read
from trustlib._types import RoleName
from trustlib.content import Digest, ImageReference, TagBinding
from trustlib.errors import MismatchError, TransportError
from trustlib.registry import pushes
from trustlib.registry._programs import Program, last_words
from trustlib.registry.pushes import PushResult

__all__ = ["DockerCli", "DockerClient", "DockerSdk", "Podman", "PushResult", "Runtime", "Skopeo"]

HOUR: Final = 3600.0


class Runtime(Protocol):
    """Something that has images."""

    def pull(self, binding: TagBinding) -> None:
        """Have the image that *binding* names, under its plain name if that has a tag.

        Raises:
            MismatchError: what the runtime has by that name is something else.
            MalformedError: what it says cannot be understood.
            TransportError: it could not pull; what it says is in the error.
            StorageError: it cannot be run.
            LimitError: it says too much.
        """


def pinned(binding: TagBinding) -> str:
    """Return what to pull. The domain is named: a runtime must not look for one."""
    return f"{binding.reference.repository}@{binding.digest}"


def plain(binding: TagBinding) -> str | None:
    """Return what people call it, or None for a reference by digest alone."""
    reference = binding.reference.without_digest()
    return None if reference.tag is None else str(reference)


def _held(binding: TagBinding, runtime: str, repo_digests: Iterable[str]) -> None:
    """Find the digest of *binding* among those that *runtime* has for the image.

    Raises:
        MismatchError: it is not there.
    """
    there = tuple(repo_digests)
    if not any(_is(binding, one) for one in there):
        what = f"{plain(binding) or pinned(binding)} to have the digest"
        raise MismatchError(RoleName(runtime), what, binding.digest, ", ".join(there) or "none")


def _is(binding: TagBinding, repo_digest: str) -> bool:
    try:
        reference = ImageReference.parse(repo_digest)
    except ValueError:
        return False  # "<none>@<none>", and what there may be besides
    same = reference.repository == binding.reference.repository
    return same and reference.digest == binding.digest


def _texts(given: Iterable[str]) -> tuple[str, ...]:
    # Not ``tuple`` itself: type checkers take its argument for the field's type.
    return tuple(given)


@frozen(kw_only=True)
class _Engine:
    """A program that is called as Docker's is.

    Attributes:
        program: what to run.
        options: what every call of it has, before the command.
        pull_options: what ``pull`` has.
        seconds: how long a call may take.
    """

    program: str
    options: Sequence[str] = field(default=(), converter=_texts)
    pull_options: Sequence[str] = field(default=(), converter=_texts)
    seconds: float = HOUR

    def pull(self, binding: TagBinding) -> None:
        """See :meth:`Runtime.pull`."""
        source, name = pinned(binding), plain(binding)
        self._run("pull", "--quiet", *self.pull_options, source)
        if name is not None:
            self._run("tag", source, name)
        asked = ("image", "inspect", "--format", "{{json .RepoDigests}}", name or source)
        there = read(self._run(*asked), f"{self.program} image inspect")
        texts = () if there.value is None else there.elements()
        _held(binding, self.program, [one.text() for one in texts])

    def _run(self, *arguments: str) -> bytes:
        return Program((self.program, *self.options), self.seconds).printed(*arguments)


@frozen(kw_only=True)
class Podman(_Engine):
    """Podman: ``Podman()`` is the one that is found first."""

    program: str = "podman"


@frozen(kw_only=True)
class DockerCli(_Engine):
    """Docker's own client: ``DockerCli()`` is the one that is found first."""

    program: str = "docker"

    def push(self, reference: ImageReference) -> PushResult:
        """Push what *reference*, with a tag, stands for here; return what that is.

        Raises:
            MalformedError: Docker does not say what it pushed, or not clearly.
            TrustError: as :meth:`Runtime.pull`.
            ValueError: *reference* has no tag.
        """
        name, tag = _tagged(reference)
        return pushes.printed(self._run("push", f"{name}:{tag}"), tag, f"docker push {name}:{tag}")


_TRANSPORT: Final = re.compile("[a-z][a-z-]*:.")


@frozen
class Skopeo:
    """Skopeo copies the image, with all its platforms, to a place that it knows.

    Attributes:
        destination: says where, as skopeo spells it: for
            ``lambda reference: f"oci:/srv/images:{reference.tag}"`` say. It must
            be able to hold an index, if that is what tags stand for; container
            storage and Docker's daemon are not: use :class:`Podman` or
            :class:`DockerCli` for them.
        program: what to run.
        options: what every call of it has, before the command.
        copy_options: what ``copy`` has.
        inspect_options: what ``inspect``, of the destination, has.
        seconds: how long a call may take.
    """

    destination: Callable[[ImageReference], str]
    program: str = field(default="skopeo", kw_only=True)
    options: Sequence[str] = field(default=(), converter=_texts, kw_only=True)
    copy_options: Sequence[str] = field(default=(), converter=_texts, kw_only=True)
    inspect_options: Sequence[str] = field(default=(), converter=_texts, kw_only=True)
    seconds: float = field(default=HOUR, kw_only=True)

    def pull(self, binding: TagBinding) -> None:
        """See :meth:`Runtime.pull`.

        Raises:
            ValueError: *destination* says nothing that skopeo could understand.
        """
        to = self.destination(binding.reference)
        if not _TRANSPORT.match(to):
            raise ValueError(f"a destination of skopeo: expected transport:place, got {to!r}")
        run = Program((self.program, *self.options), self.seconds)
        # Whatever would change a byte of the manifest fails instead.
        same = ("copy", "--quiet", "--all", "--preserve-digests")
        run.printed(*same, *self.copy_options, f"docker://{pinned(binding)}", to)
        raw = run.printed("inspect", "--raw", *self.inspect_options, to)
        got = Digest.of(raw, binding.digest.algorithm)
        if got != binding.digest:
            raise MismatchError(RoleName("skopeo"), f"{to} to have", binding.digest, got)


# -- Docker's SDK for Python ----------------------------------------------------------------


class DockerImage(Protocol):
    """An image, as the ``docker`` package has it."""

    attrs: Mapping[str, Any]

    def tag(self, repository: str, tag: str) -> bool:
        """Call the image so."""


class DockerImages(Protocol):
    """The images of a daemon, as the ``docker`` package has them."""

    def get(self, name: str) -> DockerImage:
        """Return an image that is there."""

    def push(self, repository: str, tag: str, *, stream: bool, decode: bool) -> Iterable[object]:
        """Push an image."""


class DockerApi(Protocol):
    """What a daemon is asked, as the ``docker`` package spells it."""

    def pull(self, repository: str, tag: str, *, stream: bool, decode: bool) -> Iterable[object]:
        """Pull an image."""


class DockerClient(Protocol):
    """``docker.DockerClient``, as far as it is needed."""

    @property
    def api(self) -> DockerApi:
        """What the daemon can be asked."""

    @property
    def images(self) -> DockerImages:
        """The images of the daemon."""


@frozen
class DockerSdk:
    """Docker's daemon, through the ``docker`` package (docker-py).

    Attributes:
        client: ``docker.from_env()``, for example; whoever made it closes it.
    """

    client: DockerClient

    def pull(self, binding: TagBinding) -> None:
        """See :meth:`Runtime.pull`."""
        images, source, name = self.client.images, pinned(binding), plain(binding)
        with _reported(source):
            # ``images.pull`` of the package would not look at what the daemon says meanwhile.
            repository, digest = binding.reference.repository, str(binding.digest)
            records = self.client.api.pull(repository, tag=digest, stream=True, decode=True)
            for _ in pushes.heard(records, source, "pulled"):
                pass
            if name is not None and binding.reference.tag is not None:
                images.get(source).tag(repository, tag=binding.reference.tag)
            there = images.get(name or source).attrs.get("RepoDigests") or ()
        _held(binding, "docker", map(str, there))

    def push(self, reference: ImageReference) -> PushResult:
        """See :meth:`DockerCli.push`."""
        name, tag = _tagged(reference)
        with _reported(where := f"{name}:{tag}"):
            records = self.client.images.push(name, tag=tag, stream=True, decode=True)
            return pushes.told(records, tag, where)


def _tagged(reference: ImageReference) -> tuple[str, str]:
    if reference.tag is None:
        raise ValueError(f"{reference}: expected a tag, to push it")
    return reference.repository, reference.tag


@contextmanager
def _reported(where: str) -> Iterator[None]:
    """Say what Docker's package raises: its errors are those of the HTTP clients below it."""
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (OSError, RuntimeError, HTTPError) as error:
        # The daemon's own words, where there are any: the package puts a long address before them.
        said = last_words(str(getattr(error, "explanation", None) or error))
        raise TransportError(where, f"Docker says: {said}") from error
