"""Docker Content Trust as people knew it in 2015, for any registry and without a trust server.

``pull``, ``push``, ``build``, ``create`` and ``run`` take a tag for what was signed
for it, and for nothing else. Who signs, and what was signed, lies in the registry,
beside the image. Every command is a few calls of the library: read it as a tour,
with ``docs/how-to/docker-trust.md`` for a map. The other half is in ``_keys.py``.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import _keys
from _home import Home
from _terminal import agreed, command, progress, sentence, told, warn
from attrs import frozen

from trustlib import ImageReference, StorageError, TagBinding, TrustError
from trustlib.registry import (
    TAG,
    Build,
    ContentTrust,
    Descriptor,
    Dockerfile,
    IntoLayout,
    Layout,
    Puller,
    Registry,
    content_trust,
    described,
    inspected,
    pushed_from,
    revoke,
    sign_remote,
    trusted_pull,
    trusted_push,
    untrusted_pull,
)
from trustlib.registry.layout import NAME
from trustlib.registry.runtimes import DockerCli, Podman

# -- what docker did ----------------------------------------------------------------------


def pull(asked: argparse.Namespace, home: Home) -> None:
    """Fetch what was signed for a tag, and call it so."""
    image = ImageReference.parse(asked.image)
    trust = home.trusting(image)
    registry = trust.registry_of(image)
    into = _engine(asked).puller if asked.to is None else Watched(Layout(asked.to), registry)
    if not asked.all_tags:
        wanted = [_named(image)]
    elif asked.untrusted:
        tags = (tag for tag in registry.tags(image.path) if tag != TAG)
        wanted = [image.with_tag(tag) for tag in tags]
    else:
        wanted = [binding.reference for binding in trust.updater(image).tags(image)]
    for number, one in enumerate(wanted, 1):
        if asked.untrusted:
            untrusted_pull(one, registry, into, told=told)
        else:
            shown = Shown(into, f"Pull ({number} of {len(wanted)}):")
            trusted_pull(one, trust.resolve, shown)


@frozen
class Shown:
    """Says what is pulled, and what it is called afterwards."""

    into: Puller
    pulling: str

    def pull(self, binding: TagBinding) -> None:
        """See :class:`~trustlib.registry.Puller`."""
        image = binding.reference.with_digest(binding.digest)
        print(self.pulling, image.familiar, flush=True)
        self.into.pull(binding)
        if image.tag is not None:
            print(f"Tagging {binding.pinned} as {image.without_digest().familiar}")


@frozen
class Watched:
    """Pulls into a directory, an OCI image layout, and shows how far it has come."""

    layout: Layout
    registry: Registry

    def pull(self, binding: TagBinding) -> None:
        """See :class:`~trustlib.registry.Puller`."""
        with progress(f"Pulling {binding.reference.familiar}") as so_far:
            IntoLayout(self.layout, self.registry, progress=so_far).pull(binding)


def push(asked: argparse.Namespace, home: Home) -> None:
    """Send an image, and sign that its tag stands for what was sent."""
    image = _named(ImageReference.parse(asked.image))
    if image.digest is not None:
        raise ValueError("cannot push a digest reference")
    if image.tag == TAG:
        raise ValueError(f"{image.familiar}: that tag is for trust data; choose another")
    registry = home.registry(image.domain)
    new = not asked.untrusted and home.shows_nothing(image)  # what is withheld stops us here
    print(f"The push refers to a repository [{image.repository}]")
    content = _pushed(asked, registry, image)
    print(f"{image.tag}: digest: {content.digest} size: {content.size}")
    if asked.untrusted:
        warn(f"nobody has signed that {image.familiar} is what was pushed")
        return
    print("Signing and pushing trust metadata", flush=True)
    created = home.created(image) if new else None
    trusted_push(
        image,
        content,
        registry=registry,
        publisher=home.publisher(image, why=f"to sign {image.familiar}", created=created),
        storage=home.storage(image),
    )


def _pushed(asked: argparse.Namespace, registry: Registry, image: ImageReference) -> Descriptor:
    """Return what is in the registry now, as whoever pushed it knows it."""
    if asked.source is None:
        return described(registry, image, DockerCli().push(image).digest)
    layout = Layout(asked.source)
    called = {entry.annotations.get(NAME) for entry in layout.entries()}
    name = image.tag if image.tag in called else None
    with progress(f"Pushing {image.familiar}") as so_far:
        return pushed_from(layout, registry, image.path, name, image.tag, progress=so_far)


def build(asked: argparse.Namespace, home: Home) -> int:
    """Build from images that were signed, and from nothing else."""
    context = Path(asked.context)
    file = Path(asked.file or context / "Dockerfile")
    try:
        text = file.read_bytes()
    except OSError as error:
        raise StorageError(str(file), error.strerror or str(error)) from error
    if asked.untrusted:
        warn(f"{file.name} is built from whatever its tags stand for today")
    else:
        given = Build(args=dict(one.split("=", 1) for one in asked.build_arg if "=" in one))
        read = Dockerfile.parse(text, file=file.name, build=given)
        text = read.pinned_by(home.trusting(*read.asked).resolve).text.encode()
    if asked.printed:
        print(text.decode(), end="")
        return 0
    options = [
        *(f"--tag={one}" for one in asked.tag),
        *(f"--build-arg={a}" for a in asked.build_arg),
    ]
    line = _engine(asked).line("build", *options, "--file=-", str(context))
    return subprocess.run(line, input=text, check=False).returncode


def run(asked: argparse.Namespace, home: Home) -> int:
    """Have docker or podman create or run what was signed: it is told the digest."""
    image = _named(ImageReference.parse(asked.image))
    if asked.untrusted:
        warn(f"{image.familiar} is whatever the registry says today")
        name = str(image)
    else:
        name = f"{image.repository}@{home.trusting(image).resolve(image).digest}"
    options = shlex.split(asked.options)
    line = _engine(asked).line(asked.command, *options, name, *asked.arguments)
    if asked.printed:
        print(shlex.join(line))
        return 0
    sys.stdout.flush()
    return subprocess.run(line, check=False).returncode


@frozen
class Engine:
    """Docker, or podman, which takes the same words."""

    program: str
    options: tuple[str, ...]

    def line(self, command: str, *arguments: str) -> list[str]:
        """Return the command as a list, which no shell takes apart."""
        return [self.program, command, *self.options, *arguments]

    @property
    def puller(self) -> Puller:
        """The same, for a pull."""
        kind = Podman if self.program == "podman" else DockerCli
        return kind(pull_options=self.options)


def _engine(asked: argparse.Namespace) -> Engine:
    """Return the one that was asked for, or the first that is here."""
    known = ("docker", "podman") if asked.engine is None else (asked.engine,)
    found = next(filter(shutil.which, known), known[0] if asked.printed else None)
    if found is None:
        raise StorageError(" and ".join(known), "cannot be found; say --to DIR, or --print")
    # Docker's daemon has a list of registries without TLS; podman is told each time.
    told_so = found == "podman" and asked.insecure_registry
    return Engine(found, ("--tls-verify=false",) if told_so else ())


def _named(image: ImageReference) -> ImageReference:
    """Return *image* with a tag or a digest; say so if it is docker's usual tag."""
    if image != image.tagged():
        print(f"Using default tag: {image.tagged().tag}")
    return image.tagged()


# -- what docker trust did ----------------------------------------------------------------


def sign(asked: argparse.Namespace, home: Home) -> None:
    """Sign what a tag stands for in the registry, if a person says that this is right."""
    image = ImageReference.parse(asked.image)

    def right(reference: ImageReference, content: Descriptor) -> bool:
        print(f"{reference.familiar}: digest: {content.digest} size: {content.size}")
        return agreed("Is that the image that you mean?")

    created = home.created(image) if home.shows_nothing(image) else None
    signed = sign_remote(
        image,
        right,
        registry=home.registry(image.domain),
        publisher=home.publisher(image, why=f"to sign {image.familiar}", created=created),
        storage=home.storage(image),
    )
    print(f"Successfully signed {image.familiar}, as {' and '.join(signed.roles)}")


def revoked(asked: argparse.Namespace, home: Home) -> None:
    """Take back what our keys signed of a tag, and say what it stands for now."""
    image = ImageReference.parse(asked.image)
    publisher = home.publisher(image, why=f"to revoke {image.familiar}")
    print(revoke(image, publisher=publisher, storage=home.storage(image)))


def inspect(asked: argparse.Namespace, home: Home) -> None:
    """Say who signed what, and whose word counts."""
    image = ImageReference.parse(asked.image)
    print(inspected(image, home.trusting(image).updater(image)))


# -- the command line ---------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    whole = argparse.ArgumentParser(prog="docker_trust", description=str(__doc__).split("\n")[0])
    whole.add_argument("--home", type=Path, default=Path("~/.docker/trustlib").expanduser())
    whole.add_argument("--insecure-registry", action="append", default=[], metavar="HOST:PORT")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    for name, does, positional in (
        ("pull", pull, "image"),
        ("push", push, "image"),
        ("build", build, "context"),
        ("create", run, "image"),
        ("run", run, "image"),
    ):
        one = command(commands, name, does, positional)
        # As docker has it: the variable says what is usual, the option what is wanted now.
        one.add_argument(
            "--disable-content-trust",
            dest="untrusted",
            action=argparse.BooleanOptionalAction,
            default=content_trust(os.environ) is ContentTrust.SWITCHED_OFF,
            help="believe the registry, for this once",
        )
        one.add_argument("--engine", choices=("docker", "podman"), help="the first that is there")
        match name:
            case "pull":
                one.add_argument("--all-tags", "-a", action="store_true")
                one.add_argument("--to", metavar="DIR", help="an OCI image layout")
            case "push":
                one.add_argument("--from", dest="source", metavar="DIR", help="an OCI image layout")
            case "build":
                one.add_argument("--file", "-f")
                one.add_argument("--tag", "-t", action="append", default=[])
                one.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
            case _:
                one.add_argument("arguments", nargs=argparse.REMAINDER)
                one.add_argument("--options", default="", help="of docker's: --options='--rm -it'")
        if name in ("build", "create", "run"):
            one.add_argument("--print", dest="printed", action="store_true", help="do not do it")
    command(commands, "sign", sign, "image")
    command(commands, "revoke", revoked, "image")
    command(commands, "inspect", inspect, "image")
    _keys.add_commands(commands)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit status."""
    asked = parser().parse_args(arguments)
    # It was read. Docker, where we run it, is not to look for a trust server as well.
    os.environ.pop("DOCKER_CONTENT_TRUST", None)
    home = Home(asked.home, frozenset(asked.insecure_registry), told)
    try:
        return asked.does(asked, home) or 0
    except (TrustError, ValueError) as error:  # what others did, and what was typed
        print(sentence(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing more was done", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
