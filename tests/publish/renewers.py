"""Robots that renew, the collections that they look after, and whoever tampers with those."""

from datetime import timedelta

from core.worlds import NOW, as_json, signed_json, signer
from publish.desks import Served, anchor_of, authority, created, planned, signed, tagged

from trustlib import RENEWED, TUF_JSON, Freshness, MemoryStorage, Timestamp, Updater
from trustlib.publish import Renewer

HOUR = timedelta(hours=1)
RENEWER = Renewer(signers=(signer("online"),))
NARROW = Renewer(signers=(signer("stamp"),))
SPLIT = {"timestamp": authority("stamp")}


def put(storage, expiry=RENEWED, signers=(), **roles):
    before = created(**roles)
    plan = planned(before, tagged(before), now=NOW, expiry=expiry)
    plan = plan.signed_by(*map(signer, signers)) if signers else signed(plan)
    return plan.publication().apply(storage).repository


def renew(storage, memory, now, renewer=RENEWER, anchor=None):
    return renewer.renewed(storage, anchor=anchor or anchor_of(storage), memory=memory, now=now)


def role(storage, kind=Timestamp):
    """The role that clients would take: the timestamp, or the snapshot that it names."""
    timestamp = TUF_JSON.parse(Timestamp, storage.files["timestamp.json"]).unverified
    if kind is Timestamp:
        return timestamp
    return TUF_JSON.parse(
        kind, storage.files[f"{timestamp.snapshot.version}.snapshot.json"]
    ).unverified


def versions(storage):
    return role(storage).version, role(storage).snapshot.version


def seen(storage, now, memory=None):
    """What a client believes that acme/app:1.4 is."""
    client = Updater(
        anchor=anchor_of(storage),
        transport=Served(storage),
        storage=MemoryStorage() if memory is None else memory,
        policy=Freshness(max_age=timedelta(0)),
        clock=lambda: now,
    )
    return client.resolve("acme/app:1.4").digest.hex[0]


def replayed(storage, old):
    """Somebody puts the timestamp of *old* back."""
    there = storage.read("timestamp.json")
    storage.write("timestamp.json", old.files["timestamp.json"], replacing=there.revision)


def forged(storage, snapshot, timestamp, by=("online",)):
    """Put a snapshot and a timestamp there that our publisher would not have written."""
    for path, one in (
        (f"{snapshot.version}.snapshot.json", snapshot),
        ("timestamp.json", timestamp),
    ):
        raw = signed_json(as_json(one), map(signer, by))
        there = storage.read(path)
        storage.write(path, raw, replacing=None if there is None else there.revision)
