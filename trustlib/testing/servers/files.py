"""A server of files, each of which may be answered in a hostile way.

What it serves is a mapping that can be replaced at any time: so a repository
moves on, goes back, or is withheld while a client looks at it.
"""

from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote, urlsplit

from trustlib.testing.attacks.scenes import Broken, Endless, Failing, File
from trustlib.testing.behaviours import Behaviour, endless, honest, truncated, unavailable
from trustlib.testing.scripted import NOT_FOUND, Asked, Part, Server

METADATA, ARTIFACTS = "metadata/", "targets/"


class FileServer(Server):
    """Serves metadata below ``metadata/`` and artifacts below ``targets/``.

    Attributes:
        files: the metadata, by path; what an attack puts there counts as well.
        artifacts: the artifacts, by path.
        behaviours: what is not answered honestly, by path: ``metadata/timestamp.json``, or
            ``targets/*`` for all that is there.
    """

    def __init__(self) -> None:
        super().__init__(self._answered)
        self.files: Mapping[str, File] = {}
        self.artifacts: Mapping[str, bytes] = {}
        self.behaviours: Mapping[str, Behaviour] = {}

    @property
    def metadata_url(self) -> str:
        """Where the metadata is; ends in a slash."""
        return self.url + METADATA

    @property
    def targets_url(self) -> str:
        """Where the artifacts are; ends in a slash."""
        return self.url + ARTIFACTS

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, without the folder."""
        return [_path(asked).partition("/")[2] for asked in self.asked]

    def _answered(self, asked: Asked) -> Iterator[Part]:
        whole = _path(asked)
        folder, _, path = whole.partition("/")
        held: Mapping[str, File] = self.files if f"{folder}/" == METADATA else self.artifacts
        told = self.behaviours.get(whole, self.behaviours.get(f"{folder}/*"))
        file = _found(held, path)
        if file is None:
            yield NOT_FOUND
            return
        behaviour = told or _behaviour_of(file)
        yield from behaviour(file if isinstance(file, bytes) else getattr(file, "start", b""))


def _found(held: Mapping[str, File], path: str) -> File | None:
    """Return the file at *path*, however that is spelled."""
    if path in held:
        return held[path]
    return next((file for each, file in held.items() if _same(each, path)), None)


def _path(asked: Asked) -> str:
    return urlsplit(asked.target).path.removeprefix("/")


def _same(one: str, other: str) -> bool:
    return quote(unquote(one), safe="") == quote(unquote(other), safe="")


def _behaviour_of(file: File) -> Behaviour:
    match file:
        case Endless():
            return endless
        case Broken():
            return truncated
        case Failing():
            return unavailable
        case _:
            return honest
