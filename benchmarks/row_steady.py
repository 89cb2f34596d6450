"""Rows 14 and 15: what a service does all day, as a client and as a renewer."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from clients import ours, peer
from measure import LIMIT, OURS, PEER, WALL, AtMost, Faster, Result, interleaved
from repositories import LATER, NOW, SIGNER, small
from scale import Scale

from trustlib import Anchor, Authority, Expiry, FileStorage, Repository, SigningPlan
from trustlib.publish import Renewer
from trustlib.signing import MemorySigner

IMAGE = "acme/app:1.4"


def resolving(scale: Scale) -> Iterator[Result]:
    """The same question again, without the network; the limit is a dictionary."""
    mine, theirs = ours(small()), peer(small())
    known = {IMAGE: mine.resolve(IMAGE)}
    theirs.refresh()
    yield interleaved(
        "resolve again",
        {
            OURS: lambda: mine.resolve(IMAGE),
            PEER: lambda: theirs.get_targetinfo(IMAGE),
            LIMIT: lambda: known[IMAGE],
        },
        rounds=scale.rounds,
        repeat=scale.size(10_000, 1_000),
        goals=(AtMost(1e-5, "10 µs"),),
        limit="a dictionary",
    )


def renewing(scale: Scale) -> Iterator[Result]:
    """A timestamp is verified, signed again and stored; the limit signs and syncs twice."""
    online = MemorySigner.generate()
    by, key = Authority.of(SIGNER.key), Authority.of(online.key)
    before = Repository.create("docker.io/acme", root=by, targets=by, snapshot=by, timestamp=key)
    after = before.with_tag(IMAGE, digest=f"sha256:{'a' * 64}", size=1573)
    life = LATER - NOW
    expiry = Expiry(root=life, targets=life, snapshot=life, timestamp=timedelta(days=1))
    plan = SigningPlan.between(before, after, now=NOW, expiry=expiry).signed_by(SIGNER, online)
    with TemporaryDirectory() as place:
        storage = FileStorage.public(Path(place, "site"))
        memory = FileStorage(Path(place, "memory"))
        plan.publication().apply(storage)
        anchor = Anchor.root(_content(storage, "1.root.json"))
        renewer = Renewer(signers=[online], expiry=expiry, ahead=0.999)
        times = map(_later, count(1))
        bare = Path(place, "bare.json")
        raw = _content(storage, "timestamp.json")
        yield interleaved(
            "renew a timestamp in a folder",
            {
                OURS: lambda: renewer.renewed(
                    storage, anchor=anchor, memory=memory, now=next(times)
                ),
                LIMIT: lambda: _signed_and_synced(raw, bare),
            },
            rounds=scale.size(11, 3),
            repeat=20,
            clock=WALL,
            goals=(Faster(0.5, than=LIMIT),),
            limit="sign, two fsyncs",
        )


def _later(number: int) -> datetime:
    return NOW + timedelta(minutes=10 * number)


def _signed_and_synced(raw: bytes, place: Path) -> None:
    SIGNER.sign(raw)
    draft = place.with_suffix(".draft")
    with draft.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _content(storage: FileStorage, path: str) -> bytes:
    revised = storage.read(path)
    assert revised is not None
    return revised.data
