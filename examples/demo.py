"""What trustlib is for, in ten seconds: sign a tag, resolve it, and be attacked.

Run it with ``make demo``. Everything happens in a temporary directory and on
loopback. Where docker-registry and skopeo are installed, the image is a real
one in a real registry.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import _registry
from attrs import define, field, frozen
from rich.console import Console
from rich.markup import escape

from trustlib import (
    BY_HAND,
    Anchor,
    Authority,
    Digest,
    ExpiredError,
    FileStorage,
    HttpTransport,
    MemoryStorage,
    MismatchError,
    NoTrustDataError,
    PerOrganisation,
    Repository,
    RollbackError,
    SigningPlan,
    ThresholdError,
    TooLongError,
    TrustError,
    Updater,
    WrongCollectionError,
)
from trustlib.signing import KeyFile, MemorySigner

PASSPHRASES: Final = {
    "root": "kept in a safe, on paper",
    "targets": "known to the release manager",
    "online": "known to the build server",
}
APP: Final = "acme/app"


@define
class Publisher:
    """Somebody who signs what the tags of one registry mean."""

    site: Path
    host: str
    keys: dict[str, KeyFile]
    published: Repository | None = None

    def publish(self, name: str, tag: str, image: _registry.Image, now: datetime) -> None:
        """Sign that *tag* stands for *image*, and publish that."""
        root, targets, online = (
            Authority.of(self.keys[role].key) for role in ("root", "targets", "online")
        )
        before = self.published or Repository.create(
            name, root=root, targets=targets, snapshot=online, timestamp=online
        )
        after = before.with_tag(
            f"{self.host}/{APP}:{tag}",
            digest=image.digest,
            size=image.size,
            media_type=image.media_type,
        )
        plan = SigningPlan.between(before, after, now=now, expiry=BY_HAND)
        for role, key in self.keys.items():
            if any(request.asks(key.key) for request in plan.requests):
                plan = plan.signed_by(key.unlock(PASSPHRASES[role]))
        receipt = plan.publication().apply(FileStorage.public(self.site))
        self.published = receipt.repository


class Quiet(SimpleHTTPRequestHandler):
    """A web server that says nothing, and that can be told to never stop sending."""

    def do_GET(self) -> None:
        """Send a file; or, once there is a file called ``endless``, anything, for ever."""
        if not Path(self.directory, "endless").exists():
            return super().do_GET()
        self.send_response(200)
        self.end_headers()
        while True:  # until the client hangs up
            self.wfile.write(b" " * 65_536)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A server to whom it is nothing new that clients hang up on it."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever refuses a file does not read the rest."""


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """Serve *directory* over HTTP on loopback; the value is the URL."""
    server = Server(("127.0.0.1", 0), partial(Quiet, directory=str(directory)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


@define
class Show:
    """What is printed, and whether every attack was refused."""

    console: Console = field(factory=partial(Console, highlight=False))
    succeeded: list[str] = field(factory=list[str])

    def step(self, said: str, *details: str) -> None:
        """Say that something worked."""
        self.console.print(f"[bold green]✓[/] {said}")
        for detail in details:
            self.console.print(f"  [cyan]{escape(detail)}[/]", soft_wrap=True)

    def attack(self, what: str, ask: Callable[[], object], expected: type[TrustError]) -> None:
        """Ask while somebody cheats, and show how that is refused."""
        self.console.print(f"\n[bold red]⚔[/] [bold]{what}[/]")
        try:
            answer = ask()
        except expected as error:
            self.console.print(f"  [yellow]{type(error).__name__}[/]")
            self.console.print(escape(self._indented(str(error))), soft_wrap=True)
        except TrustError as error:
            self.succeeded.append(f"{what}: {type(error).__name__}, not {expected.__name__}")
        else:
            self.succeeded.append(f"{what}: {answer}")

    def _indented(self, sentence: str) -> str:
        return textwrap.fill(
            sentence,
            width=self.console.width,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,  # a digest is for copying
            break_on_hyphens=False,
        )


def copied(site: Path) -> dict[str, bytes]:
    """Return the files of *site*, as anybody can who fetches them."""
    return {path.name: path.read_bytes() for path in site.glob("*.json")}


def served_instead(site: Path, files: dict[str, bytes]) -> None:
    """Replace what the server sends: the attacker owns it."""
    for path in site.glob("*.json"):
        path.unlink()
    for name, data in files.items():
        (site / name).write_bytes(data)


@frozen(kw_only=True)
class Scene:
    """A publisher, a client, and a server that still is honest."""

    folder: Path
    host: str
    real: bool
    publisher: Publisher
    old: _registry.Image
    new: _registry.Image
    updater: Updater
    clock: list[datetime]
    last_month: dict[str, bytes]
    today: dict[str, bytes]

    @property
    def site(self) -> Path:
        """The directory that the server serves."""
        return self.publisher.site

    @property
    def tag(self) -> str:
        """The tag that everything is about."""
        return f"{self.host}/{APP}:1.4"

    def newcomer(self) -> Updater:
        """Return a client that has seen nothing yet, and so must fetch everything."""
        return Updater(
            anchor=self.updater.anchor,
            transport=self.updater.transport,
            storage=MemoryStorage(),
            names=self.updater.names,
            clock=self.updater.clock,
        )


def prepared(folder: Path, show: Show, stack: ExitStack) -> Scene:
    """Sign what a tag means, publish it, and resolve it."""
    now = datetime.now(UTC)
    site = folder / "site"
    site.mkdir()
    real = _registry.is_installed()
    host = stack.enter_context(_registry.registry(folder)) if real else "registry.acme.example"
    tag = f"{host}/{APP}:1.4"

    keys = {
        name: KeyFile.generate(folder / f"{name}.key", passphrase)
        for name, passphrase in PASSPHRASES.items()
    }
    show.step("Three keys, each in a file of its own under a passphrase", ", ".join(keys))

    old = _registry.built(folder / "old", "last month's image, with the hole")
    new = _registry.built(folder / "new", "today's image")
    publisher = Publisher(site, host, keys)
    publisher.publish(f"{host}/acme", "1.4", old, now - timedelta(days=30))
    last_month = copied(site)
    if real:
        _registry.push(new, tag)
    publisher.publish(f"{host}/acme", "1.4", new, now)
    where = "in a real registry" if real else "in a registry that we only name"
    show.step(f"acme/app:1.4 is signed; the image is {where}", new.digest)

    clock = [now]
    updater = Updater(
        anchor=Anchor.root((site / "1.root.json").read_bytes()),
        transport=stack.enter_context(HttpTransport(stack.enter_context(served(site)))),
        storage=FileStorage(folder / "client"),
        names=PerOrganisation(host),
        clock=lambda: clock[0],
    )
    binding = updater.resolve(tag)
    show.step("A client that ships with the root resolves the tag", binding.pinned)
    show.step(f"It holds until {binding.valid_until:%Y-%m-%d %H:%M}Z, on the word of", *binding.via)
    return Scene(
        folder=folder,
        host=host,
        real=real,
        publisher=publisher,
        old=old,
        new=new,
        updater=updater,
        clock=clock,
        last_month=last_month,
        today=copied(site),
    )


def attacked(scene: Scene, show: Show) -> None:
    """Own the server and the registry, and get nowhere."""
    updater, today, now = scene.updater, scene.today, scene.clock[0]
    said = scene.old.digest
    if scene.real:
        _registry.push(scene.old, scene.tag)
        said = _registry.answer(scene.host, APP, "1.4")
    show.attack(
        "The registry says the tag is another image",
        lambda: updater.verify(scene.tag, digest=said),
        MismatchError,
    )
    if scene.real:
        binding = updater.resolve(scene.tag)
        manifest = _registry.pull(binding.pinned, scene.folder / "pulled")
        assert Digest.of(manifest) == binding.digest
        show.step("What is pulled by the resolved digest is today's image all the same")

    served_instead(scene.site, {**today, **forged(scene)})
    show.attack("The tag is signed again, with another key", updater.refresh, ThresholdError)

    targets = today["2.targets.json"]
    edited = targets.replace(scene.new.digest[7:].encode(), scene.old.digest[7:].encode())
    served_instead(scene.site, {**today, "2.targets.json": edited})
    show.attack("The digest is edited in the signed file", scene.newcomer().refresh, ThresholdError)

    served_instead(scene.site, scene.last_month)
    show.attack("Last month's metadata is served again", updater.refresh, RollbackError)

    served_instead(scene.site, {**today, "2.targets.json": scene.last_month["1.targets.json"]})
    show.attack("Files of two versions are mixed", scene.newcomer().refresh, MismatchError)

    other = Publisher(scene.folder / "other", scene.host, scene.publisher.keys)
    other.publish(f"{scene.host}/other", "1.4", scene.old, now)
    served_instead(scene.site, copied(other.site))
    show.attack(
        "Another collection, signed by the very same keys, is served",
        scene.newcomer().refresh,
        WrongCollectionError,
    )

    endless = scene.site / "endless"
    endless.touch()
    show.attack("The server sends without end", scene.newcomer().refresh, TooLongError)
    endless.unlink()

    served_instead(scene.site, {})
    show.attack(
        "The server says that nobody ever signed anything", updater.refresh, NoTrustDataError
    )

    served_instead(scene.site, today)
    scene.clock[0] = now + timedelta(days=15)
    show.attack(
        "Updates are withheld; it is fifteen days later",
        lambda: updater.resolve(scene.tag),
        ExpiredError,
    )


def forged(scene: Scene) -> dict[str, bytes]:
    """Return metadata that says what the attacker likes, signed with a key of theirs."""
    thief = MemorySigner.generate()
    keys = Authority.of(thief.key)
    before = Repository.create(
        f"{scene.host}/acme", root=keys, targets=keys, snapshot=keys, timestamp=keys
    )
    after = before.with_tag(scene.tag, digest=scene.old.digest, size=scene.old.size)
    storage = MemoryStorage()
    plan = SigningPlan.between(before, after, now=scene.clock[0], expiry=BY_HAND)
    plan.signed_by(thief).publication().apply(storage)
    return {name: data for name, data in storage.files.items() if name != "1.root.json"}


def main() -> None:
    """Play it once."""
    show = Show()
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        show.console.rule("[bold]Which bytes does acme/app:1.4 stand for?")
        scene = prepared(Path(directory), show, stack)
        show.console.print()
        show.console.rule("[bold]Now the server belongs to an attacker")
        attacked(scene, show)
    show.console.print()
    if show.succeeded:
        sys.exit("\n".join(["an attack succeeded:", *show.succeeded]))
    show.console.rule("[bold green]Every attack was refused, and each by name")


if __name__ == "__main__":
    main()
