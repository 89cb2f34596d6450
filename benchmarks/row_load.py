"""Rows 3, 4 and 5: one large targets file is read, verified, and asked for one target.

The limit is ``json.loads`` of the file and the one signature, and for row 4 the
signature alone.
"""

import json
from collections.abc import Callable, Iterator

from clients import folder
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from measure import LIMIT, OURS, PEER, AtMost, Faster, Goal, Result, counted, interleaved, peak
from repositories import BY, SIGNER, signed_bytes, small, targets_file
from scale import Scale
from tuf.api.metadata import Metadata
from tuf.api.metadata import Targets as PeerTargets

from trustlib import TARGETS, TUF_JSON, Targets
from trustlib.verify import verify

_ONE_SECOND = 10_000
"""Targets that all sides together load in about that time, which is asked for in full rounds."""

PUBLIC = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(SIGNER.key.keyval["public"])))


def loading(scale: Scale) -> Iterator[Result]:
    """Canonical files, as publishers of ours write them."""
    for size, goal in scale.size(((10_000, 10.0), (100_000, 12.0)), ((2_000, 10.0),)):
        yield _loaded(f"{size:,} targets", size, scale, Faster(goal), Faster(1, than=LIMIT))


def a_million(scale: Scale) -> Iterator[Result]:
    """A file of 140 MB, and how much memory that takes beside the file itself."""
    size = scale.size(1_000_000, 3_000)
    yield _loaded(f"{size:,} targets", size, scale, Faster(14), alone=True)
    yield _remembered(size, AtMost(8 << 20, "8 MiB") if scale.full else None)


def pretty_printed(scale: Scale) -> Iterator[Result]:
    """A file with indentation, as python-tuf writes it unless told otherwise."""
    size = scale.size(100_000, 2_000)
    raw = pretty(size)
    yield _timed(f"{size:,} targets, pretty-printed", raw, size, scale, Faster(5))


def pretty(size: int) -> bytes:
    return json.dumps(json.loads(targets_file(size)), indent=1).encode()


def _loaded(workload: str, size: int, scale: Scale, *goals: Goal, alone: bool = False) -> Result:
    raw = targets_file(size)
    return _timed(workload, raw, size, scale, *goals, limit=_signature if alone else _json)


def _timed(
    workload: str,
    raw: bytes,
    size: int,
    scale: Scale,
    *goals: Goal,
    limit: Callable[[bytes, str], object] | None = None,
) -> Result:
    wanted = f"acme/app-{size // 2}:1.4"
    trusted = Metadata.from_bytes(small().root).signed

    def ours() -> object:
        return verify(TUF_JSON.parse(Targets, raw), BY).role.targets[wanted]

    def peer() -> object:
        metadata = Metadata[PeerTargets].from_bytes(raw)
        trusted.verify_delegate(TARGETS, metadata.signed_bytes, metadata.signatures)
        return metadata.signed.targets[wanted]

    bare = limit or (lambda raw, wanted: json.loads(raw)["signed"]["targets"][wanted])
    return interleaved(
        f"load, verify, look up one: {workload}",
        {OURS: ours, PEER: peer, LIMIT: lambda: bare(raw, wanted)},
        rounds=max(3, scale.rounds * _ONE_SECOND // size) if scale.full else 1,
        goals=goals,
        limit="the signature" if limit is _signature else "json.loads",
    )


def _json(raw: bytes, wanted: str) -> object:
    value = json.loads(raw)
    check(raw)
    return value["signed"]["targets"][wanted]


def _signature(raw: bytes, wanted: str) -> object:
    del wanted
    check(raw)
    return raw


def check(raw: bytes) -> None:
    """Verify the signature of a canonical file, and do nothing else."""
    begins = raw.index(b'"sig":"') + len(b'"sig":"')
    PUBLIC.verify(bytes.fromhex(raw[begins : begins + 128].decode()), signed_bytes(raw))


# -- memory -----------------------------------------------------------------------------


def _remembered(size: int, goal: AtMost | None) -> Result:
    files = folder()
    (files / "targets.json").write_bytes(targets_file(size))
    (files / "root.json").write_bytes(small().root)
    wanted = f"acme/app-{size // 2}:1.4"
    grown = {
        OURS: peak(_OURS_READY, _OURS, files, wanted),
        PEER: peak(_PEER_READY, _PEER, files, wanted),
        LIMIT: peak(_OURS_READY, "json.loads(raw)", files, wanted),
    }
    return counted(
        f"peak memory beside the file: {size:,} targets",
        "B",
        {side: (bytes_,) for side, bytes_ in grown.items()},
        goals=(goal,) if goal else (),
        limit="json.loads",
    )


_OURS_READY = """
import json, sys
from pathlib import Path
from trustlib import ROOT, TARGETS, TUF_JSON, Root, Targets
from trustlib.verify import verify
raw = Path(sys.argv[1], "targets.json").read_bytes()
by = TUF_JSON.parse(Root, Path(sys.argv[1], "root.json").read_bytes()).unverified.authority(TARGETS)
by.keys[next(iter(by.keys))].verifies(bytes(64), b"")
"""
_OURS = "verify(TUF_JSON.parse(Targets, raw), by).role.targets[sys.argv[2]]"

_PEER_READY = """
import sys
from pathlib import Path
from tuf.api.metadata import Metadata
raw = Path(sys.argv[1], "targets.json").read_bytes()
root = Metadata.from_bytes(Path(sys.argv[1], "root.json").read_bytes())
root.verify_delegate("root", root)
"""
_PEER = """
metadata = Metadata.from_bytes(raw)
root.signed.verify_delegate("targets", metadata.signed_bytes, metadata.signatures)
metadata.signed.targets[sys.argv[2]]
"""
