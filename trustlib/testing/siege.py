"""One attack against one client of whatever kind: what is served, and how it is judged.

A siege has three acts. The honest repository is served, so that a client with a
memory has something to remember; then what the attack shows; then the honest
repository again, for a client that was attacked must not be stuck. A client is
a function of :class:`Place` that returns the artifact, or raises.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from hashlib import sha256

from attrs import frozen

from trustlib.testing.attacks.scenes import Attack, Question, Scene, repository
from trustlib.testing.servers.files import FileServer
from trustlib.testing.worlds import NOW, described

FIND = "find"


class Verdict(Enum):
    """What became of an attack."""

    WITHSTOOD = "withstood"
    DECEIVED = "deceived: took what it was shown"
    LEFT = "left a file behind, though it failed"
    FELL = "failed, though there was nothing to refuse"
    STUCK = "stuck: fails with the honest repository since"
    SILENT = "said that it succeeded, and there is no file"
    CRASHED = "crashed: that is no refusal"
    HUNG = "hung: did not end in time"
    UNUSABLE = "failed with the honest repository, before any attack"
    NOT_MOUNTED = "not mounted"

    @property
    def good(self) -> bool:
        """Whether nobody needs to do anything."""
        return self in (Verdict.WITHSTOOD, Verdict.NOT_MOUNTED)


@frozen(kw_only=True)
class Judgement:
    """What became of one attack on one client.

    Attributes:
        detail: what is known besides; the last line that a program printed, say.
    """

    attack: Attack
    verdict: Verdict
    detail: str = ""

    def __str__(self) -> str:
        more = f" ({self.detail})" if self.detail else ""
        return f"{self.attack.name}: {self.verdict.value}{more}"


@frozen(kw_only=True)
class Place:
    """What a client is told.

    Attributes:
        root: the root that it trusts from the beginning.
        metadata_url, targets_url: where the repository is; both end in a slash.
        target: the path of the artifact that it wants.
        now: what its clock says, if that can be set.
    """

    root: bytes
    metadata_url: str
    targets_url: str
    target: str
    now: datetime


class ProgramError(Exception):
    """Raised by a client that is no library: it has not done what it is for."""


class RefusedError(ProgramError):
    """It failed, and left nothing behind."""


class LeftBehindError(ProgramError):
    """It failed, and a file is there all the same."""


class SilentError(ProgramError):
    """It said that it succeeded, and there is no file."""


class CrashedError(ProgramError):
    """It ended in a way that nobody had provided for."""


class HungError(ProgramError):
    """It had not ended in time."""


Client = Callable[[Place], bytes]
"""Returns the artifact, or raises whatever it raises when it cannot have it."""

Refusals = type[Exception] | tuple[type[Exception], ...]
"""What a client raises that refuses; with anything else, it crashes."""

_NO_REFUSAL: Mapping[type[Exception], Verdict] = {
    LeftBehindError: Verdict.LEFT,
    SilentError: Verdict.SILENT,
    CrashedError: Verdict.CRASHED,
    HungError: Verdict.HUNG,
}


@frozen(kw_only=True)
class Siege:
    """One attack, made ready at some time.

    Attributes:
        clocked: whether the client's clock can be set; else it is attacked now.
    """

    attack: Attack
    scene: Scene
    clocked: bool

    @classmethod
    def at(cls, attack: Attack, now: datetime) -> "Siege":
        """Return the siege in which *now* is the time of the attack itself."""
        now = now.astimezone(UTC).replace(microsecond=0)
        ahead = _scene(attack, NOW).now - NOW
        return cls(attack=attack, scene=_scene(attack, now - ahead), clocked=False)

    @classmethod
    def clocked_at(cls, attack: Attack, start: datetime = NOW) -> "Siege":
        """Return the siege of a client whose clock can be set."""
        return cls(attack=attack, scene=_scene(attack, start), clocked=True)

    @property
    def needless(self) -> str:
        """Why it is not mounted on this client; empty where it is."""
        if self.scene.asked.method != FIND:
            return "it is a question about images"
        if not self.remembered and self.attack.needs_memory:
            return "it needs a clock that can be set"
        return ""

    @property
    def remembered(self) -> bool:
        """Whether the client saw the honest repository before: its clock allows that."""
        return self.clocked or self.scene.now == self.scene.before.now

    @property
    def refused(self) -> bool:
        """Whether the client has to refuse; else it has to answer all the same."""
        return self.attack.expect is not None

    def before(self, server: FileServer) -> Place:
        """Serve the honest repository as it was."""
        server.files, server.behaviours = self.scene.files_before, {}
        return self._place(server, self.scene.seen, self.scene.before.now)

    def during(self, server: FileServer) -> Place:
        """Serve what the attack shows."""
        server.files, server.behaviours = self.scene.files, self.scene.answers
        return self._place(server, self.scene.asked, self.scene.now)

    def afterwards(self, server: FileServer) -> Place:
        """Serve the honest repository as it is once the attack is over."""
        server.files, server.behaviours = self.scene.files_afterwards, {}
        return self._place(server, self.scene.then, self.scene.later)

    def _place(self, server: FileServer, question: Question, now: datetime) -> Place:
        (target,) = question.arguments
        server.artifacts = artifacts((target,))
        return Place(
            root=self.scene.files_before["1.root.json"],
            metadata_url=server.metadata_url,
            targets_url=server.targets_url,
            target=target,
            now=now,
        )


@cache
def _scene(attack: Attack, now: datetime) -> Scene:
    return attack.act(repository(described, now))


def artifacts(paths: Iterable[str]) -> dict[str, bytes]:
    """Return the artifacts at *paths*, each of which holds its own name, under all their names."""
    files: dict[str, bytes] = {}
    for path in paths:
        data = path.encode()
        folder, slash, name = path.rpartition("/")
        files |= {path: data, f"{folder}{slash}{sha256(data).hexdigest()}.{name}": data}
    return files


def judged(
    siege: Siege, client: Client, server: FileServer, *, refusing: Refusals = Exception
) -> Judgement:
    """Return what becomes of *siege*; the *client* keeps its memory from one act to the next.

    It crashes, if it does not raise what is *refusing*.
    """
    if siege.needless:
        return not_mounted(siege)
    if siege.remembered and (failed := failing(client, siege.before(server))):
        return unusable(siege, failed)
    return attacked(siege, client, server, refusing=refusing)


def not_mounted(siege: Siege) -> Judgement:
    """Return that there is nothing to judge, and why."""
    return Judgement(attack=siege.attack, verdict=Verdict.NOT_MOUNTED, detail=siege.needless)


def unusable(siege: Siege, failed: str) -> Judgement:
    """Return that the client fails before it is attacked."""
    return Judgement(attack=siege.attack, verdict=Verdict.UNUSABLE, detail=failed)


def attacked(
    siege: Siege, client: Client, server: FileServer, *, refusing: Refusals = Exception
) -> Judgement:
    """Return what becomes of *siege* on a client that remembers what it is to remember."""
    verdict, detail = _attacked(siege, client, siege.during(server), refusing)
    if verdict is Verdict.WITHSTOOD and (failed := failing(client, siege.afterwards(server))):
        verdict, detail = Verdict.STUCK, failed
    return Judgement(attack=siege.attack, verdict=verdict, detail=detail)


def _attacked(
    siege: Siege, client: Client, place: Place, refusing: Refusals
) -> tuple[Verdict, str]:
    if not siege.refused:
        failed = failing(client, place)
        return (Verdict.FELL, failed) if failed else (Verdict.WITHSTOOD, "")
    try:
        client(place)
    except Exception as raised:  # whatever a client of somebody else's raises
        verdict = Verdict.WITHSTOOD if isinstance(raised, refusing) else Verdict.CRASHED
        return _NO_REFUSAL.get(type(raised), verdict), _said(raised)
    return Verdict.DECEIVED, ""


def failing(client: Client, place: Place) -> str:
    """Return why *client* has not got the right artifact; empty where it has."""
    try:
        got = client(place)
    except Exception as error:  # the same
        return _said(error)
    return "" if got == place.target.encode() else f"got {got[:40]!r}"


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, ProgramError) else f"{type(error).__name__}: {error}"
