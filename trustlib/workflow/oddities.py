"""What is accepted and should not be written: somebody will want to know.

Nothing here decides anything. What matters for trust is decided without it: a
key counts once, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Iterator

from trustlib._types import KeyId
from trustlib.effects import Tell, Workflow
from trustlib.events import Odd
from trustlib.roles import Role, Root
from trustlib.trust import Verified


def remarked(proof: Verified[Role]) -> Workflow[None]:
    """Tell what is odd about a role whose new version was stored."""
    for what in _oddities(proof.role):
        yield Tell(Odd(role=proof.name, version=proof.role.version, what=what))


def _oddities(role: Role) -> Iterator[str]:
    if role.spec_version.split(".")[1] != "0":
        yield "is written to a later version of the specification, which may mean more by it"
    if isinstance(role, Root):
        named: dict[bytes, list[KeyId]] = {}
        for keyid, key in role.keys.items():
            if key.material is not None:
                named.setdefault(key.material, []).append(keyid)
        for keyids in named.values():
            if len(keyids) > 1:
                yield f"lists one key under {len(keyids)} ids, which counts once"
