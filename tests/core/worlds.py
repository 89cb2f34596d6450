"""The worlds of :mod:`trustlib.testing`, and workflows carried out in them on two dictionaries."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trustlib._frozen import FrozenMap
from trustlib._types import SNAPSHOT, TIMESTAMP
from trustlib.effects import Ahead, Fetch, Load, Save, Tell
from trustlib.errors import TooLongError
from trustlib.keys import Signature
from trustlib.limits import Limits
from trustlib.roles import Target
from trustlib.testing.worlds import (
    DAY,
    LATER,
    MINUTE,
    NOW,
    SECOND,
    World,
    as_json,
    described,
    grant,
    grants,
    keyids,
    keys,
    keyset,
    only_version,
    p256_signer,
    paths_of,
    signature,
    signed,
    signed_json,
    signer,
    signers,
    target,
    targets_role,
)
from trustlib.trust import RootTrusted
from trustlib.wire import TUF_JSON
from trustlib.workflow import refresh

__all__ = [
    "DAY", "LATER", "MINUTE", "NOW", "SECOND", "CrashError", "World", "answer_to", "as_json", "bogus",
    "carried_out", "described", "grant", "grants", "keyids", "keys", "keyset", "listing", "only_version",
    "p256_signer", "paths_of", "recalling", "refreshed", "signature", "signed", "signed_json", "signer",
    "signers", "target", "targets_role",
]  # fmt: skip


def listing(data: str, *, custom: Any = None, hashes: tuple[str, ...] = ("sha256",)) -> Target:
    """What a role says of a target that holds *data*."""
    raw = data.encode()
    digests = {name: hashlib.new(name, raw).hexdigest() for name in hashes}
    frozen_custom = None if custom is None else FrozenMap(custom)
    return Target(length=len(raw), hashes=FrozenMap(digests), custom=frozen_custom)


def recalling(stage: RootTrusted, world: World) -> RootTrusted:
    """*stage*, remembering the timestamp and the snapshot of *world*."""
    return stage.recall(timestamp=world.raw(TIMESTAMP), snapshot=world.raw(SNAPSHOT))


# -- carrying workflows out on two dictionaries -----------------------------------------


class CrashError(Exception):
    """The power went out."""


def answer_to(effect: Any, files: Mapping[str, bytes], store: dict[str, bytes]) -> bytes | None:
    match effect:
        case Fetch(path, max_length):
            raw = files.get(path)
            if raw is not None and len(raw) > max_length:
                raise TooLongError(path, max_length)
            return raw
        case Load(name):
            return store.get(name)
        case Ahead() | Tell():
            return None
        case Save(name, data, replacing):
            if store.get(name) != replacing:
                return None
            store[name] = data
            return data
    raise AssertionError(effect)


def carried_out(
    workflow: Any,
    files: Mapping[str, bytes],
    store: dict[str, bytes],
    log: list | None = None,
    crash_at: int | None = None,
) -> Any:
    """What *workflow* returns; *crash_at* is the number of the effect that never happens."""
    answer, count = None, 0
    while True:
        try:
            effect = workflow.send(answer)
        except StopIteration as finished:
            return finished.value
        if isinstance(effect, Ahead | Tell):  # needs no answer, and changes nothing
            answer = None
            continue
        if log is not None:
            log.append(effect)
        if count == crash_at:
            workflow.close()
            raise CrashError
        answer = answer_to(effect, files, store)
        count += 1


def refreshed(
    anchor: Any,
    files: Mapping[str, bytes],
    store: dict[str, bytes],
    *,
    now: datetime = NOW,
    limits: Limits | None = None,
    log: list | None = None,
    crash_at: int | None = None,
    format: Any = TUF_JSON,
) -> Any:
    workflow = refresh(anchor, now=now, limits=limits or Limits(), format=format)
    return carried_out(workflow, files, store, log, crash_at)


def bogus(keyid: str, size: int = 64) -> Signature:
    return Signature(keyid, bytes(size))
