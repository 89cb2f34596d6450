"""Rows 6 and 7: a snapshot of 16,384 bins, and one target in one of them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from clients import folder, ours, peer
from measure import LIMIT, OURS, PEER, Faster, Result, interleaved
from repositories import BY, NOW, Repository, bin_names, binned, published, succinct, targets
from row_load import check
from scale import Scale
from tuf.api.exceptions import BadVersionNumberError
from tuf.api.metadata import Metadata
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType

from trustlib import TUF_JSON, MemoryStorage, Snapshot
from trustlib.trust import RootTrusted
from trustlib.verify import verify

IMAGE = "acme/app-7:1.4"


def snapshots(scale: Scale) -> Iterator[Result]:
    """The file alone, and the step from one to the next, where no version may fall."""
    bits = scale.size(14, 9)
    old, new = (
        published(targets([], succinct(bits)), listed=bin_names(bits), version=version)
        for version in (1, 2)
    )
    raw = old.files["1.snapshot.json"]
    trusted = Metadata.from_bytes(old.root).signed

    def load_peer() -> object:
        metadata = Metadata.from_bytes(raw)
        return trusted.verify_delegate("snapshot", metadata.signed_bytes, metadata.signatures)

    yield interleaved(
        f"snapshot of {2**bits:,} bins: load, verify",
        {
            OURS: lambda: verify(TUF_JSON.parse(Snapshot, raw), BY),
            PEER: load_peer,
            LIMIT: lambda: check(raw),
        },
        rounds=scale.rounds,
        goals=(Faster(14),),
        limit="the signature",
    )
    yield interleaved(
        f"snapshot of {2**bits:,} bins: update, no version falls",
        {OURS: lambda: _stepped(old, new), PEER: lambda: _stepped_peer(old, new)},
        rounds=scale.rounds,
        goals=(Faster(10),),
    )


def _stepped(old: Repository, new: Repository) -> object:
    stage = RootTrusted.bootstrap(old.root, now=NOW, format=TUF_JSON)
    held, file = old.files["timestamp.json"], old.files["1.snapshot.json"]
    stage = stage.recall(timestamp=held, snapshot=file)
    after = stage.accept_timestamp(new.files["timestamp.json"])
    return after.accept_snapshot(new.files["2.snapshot.json"])


def _stepped_peer(old: Repository, new: Repository) -> object:
    trusted = TrustedMetadataSet(old.root, EnvelopeType.METADATA)
    trusted.update_timestamp(old.files["timestamp.json"])
    trusted.update_timestamp(new.files["timestamp.json"])
    with suppress(BadVersionNumberError):  # which its client takes for: not the newest
        trusted.update_snapshot(old.files["1.snapshot.json"], trusted=True)
    return trusted.update_snapshot(new.files["2.snapshot.json"])


def one_target(scale: Scale) -> Iterator[Result]:
    """As many bins as PyPI has, by number (TAP 15) and spelled out (PEP 458)."""
    bits = scale.size(14, 6)
    for kind, repository in (
        ("succinct", binned(bits)),
        ("classic", binned(bits, classic=True)),
    ):
        storage, known = MemoryStorage(), folder()
        ours(repository, storage).find(IMAGE)
        peer(repository, known).get_targetinfo(IMAGE)
        kept = storage.files
        yield interleaved(
            f"{2**bits:,} {kind} bins, one target, first time",
            {
                OURS: partial(_find, repository, MemoryStorage),
                PEER: lambda r=repository: peer(r).get_targetinfo(IMAGE),
            },
            rounds=scale.few,
            goals=(Faster(9),),
        )
        yield interleaved(
            f"{2**bits:,} {kind} bins, one target, known",
            {
                OURS: partial(_find, repository, partial(MemoryStorage, kept)),
                PEER: lambda r=repository, k=known: peer(r, k).get_targetinfo(IMAGE),
            },
            rounds=scale.few,
            goals=(Faster(11),),
        )


def _find(repository: Repository, storage: Callable[[], MemoryStorage]) -> object:
    return ours(repository, storage()).find(IMAGE)
