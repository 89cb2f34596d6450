"""Rows 1 and 2: what it takes before a program can ask, and until it has asked once.

Nobody's extras are found: securesystemslib imports the clients of all key
services that are installed, here for our tests, and a client of python-tuf's
would wait for them.
"""

from collections.abc import Callable, Iterator

from clients import folder
from measure import LIMIT, OURS, PEER, WALL, Faster, Result, interleaved, less, process
from repositories import small
from scale import Scale
from serving import served


def importing(scale: Scale) -> Iterator[Result]:
    """Processes that import, less a process that imports nothing."""
    for workload, ours, peer, goal in (
        (
            "import the client",
            "from trustlib import Updater",
            "from tuf.ngclient import Updater",
            2,
        ),
        (
            "import the role classes alone",
            "from trustlib.wire import TUF_JSON",
            "from tuf.api.metadata import Metadata",
            2.3,
        ),
    ):
        sides = {OURS: _started(ours), PEER: _started(peer), LIMIT: _started("")}
        rounds = scale.size(21, 1)
        measured = interleaved(workload, sides, rounds=rounds, goals=(Faster(goal),))
        yield less(measured, LIMIT)


def first_refresh(scale: Scale) -> Iterator[Result]:
    """A whole process that refreshes for the first time."""
    repository = small()
    site, root = folder(), folder() / "root.json"
    root.write_bytes(repository.root)
    for path, raw in repository.files.items():
        (site / path).write_bytes(raw)
    with served(site) as url:
        sides = {
            OURS: lambda: process(_OURS, url, folder(), root),
            PEER: lambda: process(_PEER, url, folder(), root),
            LIMIT: _started(""),
        }
        yield interleaved(
            "process, first refresh over HTTP",
            sides,
            rounds=scale.size(21, 1),
            clock=WALL,
            goals=(Faster(1.3),),
            limit="bare interpreter",
        )


_WITHOUT_EXTRAS = """
import sys
sys.modules.update(dict.fromkeys(("azure", "boto3", "botocore", "google", "hvac", "pkcs11")))
"""


def _started(code: str) -> Callable[[], object]:
    return lambda: process(f"{_WITHOUT_EXTRAS}{code}")


_OURS = f"""{_WITHOUT_EXTRAS}
from pathlib import Path
from trustlib import Anchor, FileStorage, HttpTransport, Updater
url, known, root = sys.argv[1:]
anchor = Anchor.root(Path(root).read_bytes())
Updater(anchor=anchor, transport=HttpTransport(url), storage=FileStorage(known)).refresh()
"""

_PEER = f"""{_WITHOUT_EXTRAS}
from pathlib import Path
from tuf.ngclient import Updater
url, known, root = sys.argv[1:]
Updater(known, url, bootstrap=Path(root).read_bytes()).refresh()
"""
