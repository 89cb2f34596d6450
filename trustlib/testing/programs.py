"""Programs of others, in any language: run as a user would run them, judged by what is left.

A command is a template. It is split into words first, and each word is filled in
after that, so no name of a target can add a word; there is no shell.
"""

import shlex
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from attrs import define, field, frozen

from trustlib.testing.attacks.catalogue import CATALOGUE
from trustlib.testing.attacks.scenes import Attack
from trustlib.testing.running import Ended, run
from trustlib.testing.servers.files import FileServer
from trustlib.testing.siege import (
    CrashedError,
    HungError,
    Judgement,
    LeftBehindError,
    Place,
    RefusedError,
    Siege,
    SilentError,
    attacked,
    failing,
    not_mounted,
    unusable,
)

PLACEHOLDERS = ("root", "metadata", "metadata_url", "targets_url", "target", "downloads", "now")


@frozen(kw_only=True)
class Program:
    """A client that is a program.

    Attributes:
        name: what a report calls it.
        download: the command that fetches an artifact, with placeholders in braces:
            ``{root}`` (a file with the root that it trusts), ``{metadata}`` (an empty
            directory for what it remembers), ``{metadata_url}``, ``{targets_url}``,
            ``{target}``, ``{downloads}`` (the directory for the artifact) and ``{now}``
            (``2030-01-01 12:00:00``, in UTC: for ``faketime {now} …``). It succeeds with
            exit code 0 and the file, and fails with another and without one. Files do not
            count whose names, or folders, begin with a dot. Whoever is killed by a
            signal, or panics, has not refused anything.
        init: the command that is run once before, if there is one.
        patience: seconds that each run may take.
    """

    name: str
    download: str
    init: str = ""
    patience: float = 60.0

    def __attrs_post_init__(self) -> None:
        for template in (self.download, self.init):
            _filled(template, dict.fromkeys(PLACEHOLDERS, ""))

    @classmethod
    def conforming(cls, name: str, command: str, *, patience: float = 60.0) -> "Program":
        """Return the program *command*, which understands what the TUF conformance suite says."""
        options = (
            " --metadata-dir {metadata} --metadata-url {metadata_url}"
            " --target-base-url {targets_url} --target-dir {downloads}"
            " --target-name {target} download"
        )
        return cls(
            name=name,
            download=command + options,
            init=f"{command} --metadata-dir {{metadata}} init {{root}}",
            patience=patience,
        )

    @property
    def clocked(self) -> bool:
        """Whether its clock can be set."""
        return "{now}" in self.download


def _filled(template: str, values: dict[str, str]) -> list[str]:
    try:
        return [word.format_map(values) for word in shlex.split(template)]
    except (KeyError, IndexError, ValueError) as error:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"{template}: {error}; known are {known}") from error


@define(kw_only=True)
class _Installed:
    """A program in a directory of its own, and what it remembers there."""

    program: Program
    directory: Path
    runs: int = 0
    command: str = ""
    initialised: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.initialised = (self.directory / "metadata").exists()

    def fetch(self, place: Place) -> bytes:
        """Return the artifact that it fetched.

        Raises:
            RefusedError: it failed, and there is no file.
            LeftBehindError: it failed, and there is one; or there are several.
            SilentError: it did not fail, and there is none.
            CrashedError, HungError: it did not end by itself.
        """
        self.runs += 1
        downloads = self.directory / f"downloads-{self.runs}"
        downloads.mkdir()
        (self.directory / "root.json").write_bytes(place.root)
        values = {
            "root": str(self.directory / "root.json"),
            "metadata": str(self.directory / "metadata"),
            "metadata_url": place.metadata_url,
            "targets_url": place.targets_url,
            "target": place.target,
            "downloads": str(downloads),
            "now": place.now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        }
        if not self.initialised:
            (self.directory / "metadata").mkdir()
            self.initialised = True
            if self.program.init and (failed := self._run(self.program.init, values).failed):
                raise RefusedError(f"init: {failed}")
        ended = self._run(self.program.download, values)
        # A hidden file is a draft that a later run continues; nobody takes it for the artifact.
        files = [path for path in downloads.rglob("*") if path.is_file() and _seen(path, downloads)]
        if ended.failed and files:
            raise LeftBehindError(f"{ended.failed}; {files[0].name}")
        if ended.failed:
            raise RefusedError(ended.failed)
        if not files:
            raise SilentError("exit code 0, and no file")
        if len(files) > 1:
            raise LeftBehindError(f"exit code 0, and {len(files)} files")
        return files[0].read_bytes()

    def _run(self, template: str, values: dict[str, str]) -> Ended:
        """Return how the command ended by itself."""
        words = _filled(template, values)
        self.command = shlex.join(words)
        ended = run(words, seconds=self.program.patience)
        if ended.code is None:
            raise HungError(f"not done after {self.program.patience:g} seconds")
        if ended.crashed:
            raise CrashedError(ended.failed)
        return ended


def _seen(path: Path, directory: Path) -> bool:
    return not any(part.startswith(".") for part in path.relative_to(directory).parts)


def failing_honestly(program: Program) -> str:
    """Return how *program* fails where nobody attacks it; empty where it has the artifact.

    Raises:
        FileNotFoundError: there is no such program.
    """
    _found(program)
    with TemporaryDirectory() as name, FileServer() as server:
        installed = _Installed(program=program, directory=Path(name))
        siege = _siege(program, CATALOGUE[0], datetime.now(UTC))
        failed = failing(installed.fetch, siege.before(server))
        asked = [each.line for each in server.asked[-10:]] or ["nothing"]
    if not failed:
        return ""
    return "\n  ".join(
        (
            f"{program.name} fails with the honest repository, before any attack: {failed}",
            f"it was run as {installed.command}",
            f"the last that it asked for: {', '.join(asked)}",
        )
    )


def judgements(program: Program, attacks: Iterable[Attack]) -> Iterator[Judgement]:
    """Mount *attacks* on *program*, one after the other.

    What it remembers of the honest repository is made once and copied, for most
    attacks begin there.

    Raises:
        FileNotFoundError: there is no such program.
    """
    _found(program)
    now = datetime.now(UTC)
    with TemporaryDirectory() as name, FileServer() as server:
        memories = _Memories(program=program, directory=Path(name), server=server)
        for attack in attacks:
            siege = _siege(program, attack, now)
            if siege.needless:
                yield not_mounted(siege)
                continue
            installed, failed = memories.of(siege)
            yield (
                unusable(siege, failed)
                if failed
                else attacked(siege, installed.fetch, server, refusing=RefusedError)
            )
            shutil.rmtree(installed.directory)


def _found(program: Program) -> None:
    for template in filter(None, (program.init, program.download)):
        words = shlex.split(template)
        if not words or shutil.which(words[0]) is None:
            raise FileNotFoundError(f"{' '.join(words[:1])}: there is no such program")


def _siege(program: Program, attack: Attack, now: datetime) -> Siege:
    return Siege.clocked_at(attack) if program.clocked else Siege.at(attack, now)


@define(kw_only=True)
class _Memories:
    """What a program remembers of honest repositories, each of which it has looked at once."""

    program: Program
    directory: Path
    server: FileServer
    _made: dict[object, tuple[_Installed, str]] = field(factory=dict)

    def of(self, siege: Siege) -> tuple[_Installed, str]:
        """Return a copy of the program as it is before the attack, and how it failed already."""
        here = Path(mkdtemp(dir=self.directory))
        if not siege.remembered:
            return _Installed(program=self.program, directory=here), ""
        key = (frozenset(siege.scene.files_before.items()), siege.scene.seen)
        if key not in self._made:
            first = _Installed(program=self.program, directory=Path(mkdtemp(dir=self.directory)))
            self._made[key] = (first, failing(first.fetch, siege.before(self.server)))
        first, failed = self._made[key]
        shutil.copytree(first.directory / "metadata", here / "metadata", symlinks=True)
        return _Installed(program=self.program, directory=here), failed
