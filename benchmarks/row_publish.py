"""Row 12: one tag changes; the files that say so are verified, edited, signed and written.

python-tuf's side does what its own examples of repositories do, and verifies
the file that it edits: it looks at those that change and at no other. Ours
reads what the edit looks at, and refuses what a client would refuse; or it
keeps the repository that it published last.
"""

from collections.abc import Iterator
from functools import partial

from measure import OURS, PEER, Faster, Result, interleaved
from repositories import (
    LATER,
    NOW,
    SIGNER,
    Repository,
    bin_names,
    home_of,
    images,
    patterns,
    published,
    succinct,
    target,
    targets,
)
from scale import Scale
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from trustlib import BY_HAND, Anchor, MemoryStorage, SigningPlan
from trustlib import Repository as Publisher
from trustlib.publish import Publisher as Robot

TAG = "acme/app-7:1.4"
DIGEST = f"sha256:{'a' * 64}"
_WRITTEN = JSONSerializer(compact=True)


def publishing(scale: Scale) -> Iterator[Result]:
    """From files to files, in a process that begins; and in one that kept what it published."""
    flat, bits, teams = scale.size(100_000, 2_000), scale.size(14, 6), scale.size(1_000, 50)
    bins = {str(name): targets([]) for name in bin_names(bits)}
    home = str(home_of(TAG, bits))
    delegated = {f"team-{n}": targets([]) for n in range(teams)}
    grants = patterns({"acme": "acme/*", **{name: f"{name}/*" for name in delegated}})
    for workload, repository, role, goal in (
        (f"flat {flat:,}", published(targets(images(flat))), "targets", 8.0),
        (
            f"{2**bits:,} bins",
            published(targets([], succinct(bits)), bins | {home: targets([TAG])}),
            home,
            12.0,
        ),
        (
            f"{teams:,} delegations",
            published(targets([], grants), {"acme": targets([TAG]), **delegated}),
            "acme",
            4.5,
        ),
    ):
        storage, anchor = MemoryStorage(repository.files), Anchor.root(repository.root)
        opened = partial(Publisher.open, storage, anchor=anchor)
        peer = partial(_edited_by_peer, repository, role)
        kept = opened()
        for how, ours in {
            "": lambda f=repository, a=anchor, r=role: _retried(f, a, r),
            ", all read": lambda o=opened, r=role: _edited(o(), r),
            ", kept": lambda k=kept, r=role: _edited(k, r),
        }.items():
            yield interleaved(
                f"publish a tag: {workload}{how}",
                {OURS: ours, PEER: peer},
                rounds=scale.size(3, 1),
                goals=(Faster(goal),),
            )


def _retried(repository: Repository, anchor: Anchor, role: str) -> object:
    publisher = Robot(anchor=anchor, signers=[SIGNER], expiry=BY_HAND, clock=lambda: NOW)
    return publisher.retrying(
        lambda before: before.with_tag(TAG, digest=DIGEST, size=1573, role=role),
        MemoryStorage(repository.files),
    ).written


def _edited(before: Publisher, role: str) -> object:
    after = before.with_tag(TAG, digest=DIGEST, size=1573, role=role)
    plan = SigningPlan.between(before, after, now=NOW, expiry=BY_HAND)
    return plan.signed_by(SIGNER).publication().writes


def _edited_by_peer(repository: Repository, role: str) -> object:
    files = repository.files
    root = Metadata.from_bytes(files["1.root.json"])
    top = Metadata[Targets].from_bytes(files["1.targets.json"])
    snapshot = Metadata[Snapshot].from_bytes(files["1.snapshot.json"])
    timestamp = Metadata[Timestamp].from_bytes(files["timestamp.json"])
    for name, held in (("timestamp", timestamp), ("snapshot", snapshot), ("targets", top)):
        root.signed.verify_delegate(name, held.signed_bytes, held.signatures)
    edited = top
    if role != "targets":
        edited = Metadata[Targets].from_bytes(files[f"1.{role}.json"])
        top.signed.verify_delegate(role, edited.signed_bytes, edited.signatures)
    edited.signed.targets[TAG] = TargetFile(1573, dict(target(0).hashes), TAG)
    snapshot.signed.meta[f"{role}.json"] = MetaFile(2)
    timestamp.signed.snapshot_meta = MetaFile(2)
    written = []
    for held in (edited, snapshot, timestamp):
        held.signed.version += 1
        held.signed.expires = LATER
        held.sign(_PEER_SIGNER)
        written.append(held.to_bytes(_WRITTEN))
    return written


_PEER_SIGNER = CryptoSigner.generate_ed25519()
