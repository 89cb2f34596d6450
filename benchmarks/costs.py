"""What it costs at scale, computed from what was measured and from nothing else.

Bytes and requests are counted here, since they are the same on every machine;
times are those of results.json.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import records
import table
from attrs import fields, frozen
from clients import Counting, ours
from measure import OURS
from repositories import (
    Repository,
    bin_names,
    home_of,
    published,
    succinct,
    targets,
    targets_file,
)

from trustlib import RENEWED, MemoryStorage
from trustlib.publish import Renewer

BITS, TAGS = 14, 1_000_000
COLLECTIONS, CLIENTS = 10_000, 10_000
EVERY = timedelta(minutes=5)
DAY = timedelta(days=1)

_SAMPLE = 10_000
_IMAGE = "acme/app-7:1.4"


@frozen
class Traffic:
    """What one question made a client ask for."""

    requests: int
    bytes: int


def costs(results: Path) -> Iterator[str]:
    """Return the lines of the page."""
    taken = {each.workload: each for _, _, row in records.kept(results) for each in row}
    refresh = taken["refresh, nothing new"].judged[OURS].median
    renewal = taken["renew a timestamp in a folder"].judged[OURS].median
    first, unchanged, changed = _traffic()
    flat = len(targets_file(_SAMPLE)) * TAGS // _SAMPLE
    yield f"- **A million tags, in one file.** {_size(flat)} for whoever sees a change."
    yield (
        f"- **A million tags, in {2**BITS:,} bins** of {TAGS // 2**BITS} each. The first answer"
        f" takes {first.requests} requests and {_size(first.bytes)}; after a change,"
        f" {changed.requests} requests and {_size(changed.bytes)}; where nothing changed,"
        f" {unchanged.requests} requests and {_size(unchanged.bytes)}."
    )
    refreshes = CLIENTS * (DAY // EVERY)
    asked, carried = refreshes * unchanged.requests, refreshes * unchanged.bytes
    yield (
        f"- **{CLIENTS:,} clients that refresh every {EVERY.seconds // 60} minutes.** {refreshes:,}"
        f" refreshes a day, {asked:,} requests ({asked / DAY.total_seconds():.0f} a second, all for"
        f" small files that any web server or cache has at hand), {_size(carried)} of metadata"
        f" without the headers of HTTP; {refreshes // CLIENTS * refresh:.1f} s of CPU time a day"
        " for each client, start-up not counted. No signature is made for a client, however many"
        " there are. When something changed in the bins above, each client reads"
        f" {_size(changed.bytes)} once: {_size(changed.bytes * CLIENTS)} for all of them."
    )
    ahead = fields(Renewer).ahead.default
    timestamps = COLLECTIONS * DAY / (RENEWED.timestamp * (1 - ahead))
    snapshots = COLLECTIONS * DAY / (RENEWED.snapshot * (1 - ahead))
    yield (
        f"- **{COLLECTIONS:,} collections that renew themselves** with `RENEWED`: {timestamps:,.0f}"
        f" signatures of timestamps a day and {snapshots:,.0f} of snapshots, each with a timestamp"
        f" of its own at most: {(timestamps + 2 * snapshots):,.0f} in all. At"
        f" {table.spelled(renewal, 's')} for one in a folder, verified before it is signed and on"
        f" the disk afterwards, that is {(timestamps + 2 * snapshots) * renewal / 60:,.0f} minutes"
        " a day for one process."
    )


def _traffic() -> tuple[Traffic, Traffic, Traffic]:
    """Return what the first question costs, one where nothing changed, and one where it did."""
    storage, old, new = MemoryStorage(), _bins(1), _bins(2)
    seen = []
    for repository in (old, old, new):
        counting = Counting(repository.files)
        ours(repository, storage, counting).find(_IMAGE)
        seen.append(Traffic(len(counting.given), sum(counting.given)))
    first, unchanged, changed = seen
    return first, unchanged, changed


def _bins(version: int) -> Repository:
    home = home_of(_IMAGE, BITS)
    others = (f"acme/other-{number}:1.4" for number in range(TAGS // 2**BITS - 1))
    below = {home: targets([_IMAGE, *others])}
    top = targets([], succinct(BITS))
    return published(top, below, listed=bin_names(BITS), version=version)


def _size(amount: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if amount >= size:
            return f"{amount / size:.3g} {unit}"
    return f"{amount} B"
