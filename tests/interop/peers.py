"""Two clients, asked the same questions of the same files.

The judge is python-tuf's ``ngclient``. Both clients keep a store of their own from
one question to the next, and both say what they say in the same few words.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.ngclient import FetcherInterface, UpdaterConfig
from tuf.ngclient import Updater as TheirUpdater

from trustlib import Anchor, Limits, MemoryStorage, NotFoundError, Request, TrustError, Updater

BASE = "http://repository.test/"

ACCEPTS, REFUSES, NONE, CRASHES = "accepts", "refuses", "finds nothing", "crashes"
"""What a client does; *crashes* is a refusal with an error that its documentation does not name."""

OTHERWISE = "accepts another state"
"""What python-tuf does where both accept, and not the same."""

LIMITS = Limits(root_rotations=12, delegations=6, snapshot=100_000)


@frozen
class Shown:
    """A transport of ours: files by their percent-encoded path."""

    files: Mapping[str, bytes]

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        raw = self.files.get(request.path)
        return None if raw is None else iter((raw,))


class ShownToThem(FetcherInterface):
    """The same for python-tuf."""

    def __init__(self, files: Mapping[str, bytes]):
        self.files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        raw = self.files.get(url.removeprefix(BASE))
        if raw is None:
            raise DownloadHTTPError(f"{url}: absent", 404)
        return iter((raw,))


@define
class Ours:
    """trustlib, and what it remembers."""

    anchor: bytes
    storage: MemoryStorage = field(factory=MemoryStorage)

    def ask(self, files: Mapping[str, bytes], paths: Iterable[str]) -> dict[str, Any]:
        updater = Updater(
            anchor=Anchor.root(self.anchor),
            transport=Shown(files),
            storage=self.storage,
            limits=LIMITS,
        )
        try:
            trusted = updater.refresh()
        except TrustError as error:
            return {"refresh": REFUSES, "why": error}
        answers: dict[str, Any] = {"refresh": [proof.role.version for proof in trusted.roles]}
        for path in paths:
            try:
                target = updater.find(path).target
            except NotFoundError as error:
                answers[path] = NONE if error.step == "§5.7.2" else REFUSES
            except TrustError:
                answers[path] = REFUSES
            else:
                answers[path] = (target.length, dict(target.hashes))
        return answers


@define
class Theirs:
    """python-tuf, and what it remembers."""

    anchor: bytes
    directory: Path

    def ask(self, files: Mapping[str, bytes], paths: Iterable[str]) -> dict[str, Any]:
        config = UpdaterConfig(
            max_root_rotations=LIMITS.root_rotations,
            # Theirs is a number of roles besides "targets".
            max_delegations=LIMITS.delegations - 1,
            snapshot_max_length=LIMITS.snapshot,
            targets_max_length=LIMITS.targets,
        )
        try:
            updater = TheirUpdater(
                str(self.directory),
                BASE,
                fetcher=ShownToThem(files),
                config=config,
                bootstrap=self.anchor,
            )
            updater.refresh()
        except (RepositoryError, DownloadError) as error:
            return {"refresh": REFUSES, "why": error}
        except Exception as error:
            return {"refresh": CRASHES, "why": error}
        known = updater._trusted_set
        roles = (known.root, known.timestamp, known.snapshot, known.targets)
        answers: dict[str, Any] = {"refresh": [role.version for role in roles]}
        for path in paths:
            try:
                found = updater.get_targetinfo(path)
            except (RepositoryError, DownloadError):
                answers[path] = REFUSES
            except Exception:
                answers[path] = CRASHES
            else:
                answers[path] = NONE if found is None else (found.length, found.hashes)
        return answers


def said(answers: Mapping[str, Any]) -> dict[str, Any]:
    """What is compared: the answers, without the reasons for a refusal."""
    return {question: answer for question, answer in answers.items() if question != "why"}


def disagreement(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> tuple[str, str] | None:
    """What the two do at the first question that they answer differently, in a word each."""
    for question in said(ours) | said(theirs):
        one, other = ours.get(question), theirs.get(question)
        if one != other:
            words = tuple(answer if isinstance(answer, str) else ACCEPTS for answer in (one, other))
            return (ACCEPTS, OTHERWISE) if words == (ACCEPTS, ACCEPTS) else words
    return None
