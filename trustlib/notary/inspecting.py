"""Who signed which tag: what ``docker trust inspect`` shows, from verified roles.

A tag counts if ``targets`` or ``targets/releases`` says it. Whoever else says
the same of it, digest and all, is one of its signers; what only others say is
no tag. Keys are shown as people know them: signers by the ids of their key
files, the root by the id of its certificate.
"""

from __future__ import annotations

from attrs import frozen

from trustlib._frozen import FrozenMap, JsonLike
from trustlib._types import ROOT, TARGETS, CollectionName, KeyId, RoleName, TargetPath
from trustlib.content import Digest
from trustlib.drive import arun, run
from trustlib.effects import Workflow
from trustlib.errors import TrustError
from trustlib.keys import Key
from trustlib.limits import Limits
from trustlib.notary.public_keys import PublicKey
from trustlib.notary.searching import RELEASES, Heard, Listed, heard, said_by
from trustlib.roles import Authority
from trustlib.trust import Trusted
from trustlib.updater import AsyncUpdater, Updater
from trustlib.updater.awaited import awaited_storage, awaited_transport

REPO_ADMIN = "Repo Admin"
"""What Docker shows as the signer of a tag that only ``targets`` or ``targets/releases`` says."""


@frozen(kw_only=True)
class SignedTag:
    """One tag as one digest, and who signed that.

    Attributes:
        digest: None where the tag is listed without a SHA-256.
        signers: names of delegated roles without ``targets/``, in order; none
            where only the repository's own keys signed.
        roles: which of ``targets`` and ``targets/releases`` say it.
    """

    tag: TargetPath
    digest: Digest | None
    signers: tuple[str, ...]
    roles: tuple[RoleName, ...]


@frozen(kw_only=True)
class Overview:
    """What a collection says of its tags, and whose keys say it.

    Attributes:
        collection: its name.
        tags: sorted by tag and digest; a tag is there twice if ``targets`` and
            ``targets/releases`` say different things of it.
        signers: the canonical ids of each signer's keys, by the signer's name.
        root_keys: scoped ids of the root's keys.
        repository_keys: ids of the keys of ``targets``.
        refused: roles that cannot be had or are not to be trusted, and why.
    """

    collection: CollectionName
    tags: tuple[SignedTag, ...]
    signers: FrozenMap[str, tuple[KeyId, ...]]
    root_keys: tuple[KeyId, ...]
    repository_keys: tuple[KeyId, ...]
    refused: tuple[tuple[RoleName, TrustError], ...] = ()

    def as_docker(self) -> dict[str, JsonLike]:
        """Return the object that ``docker trust inspect`` prints, signers sorted by name."""
        return {
            "Name": self.collection,
            "SignedTags": [
                {
                    "SignedTag": one.tag,
                    "Digest": "" if one.digest is None else one.digest.hex,
                    "Signers": one.signers or (REPO_ADMIN,),
                }
                for one in self.tags
            ],
            "Signers": [_named(name, ids) for name, ids in sorted(self.signers.items())],
            "AdministrativeKeys": [
                _named("Root", self.root_keys),
                _named("Repository", self.repository_keys),
            ],
        }


def inspect(updater: Updater) -> Overview:
    """Return what the collection of *updater* says now, and who says it.

    Raises:
        TrustError: as :meth:`trustlib.Updater.refresh`; or ``targets/releases``
            is not to be trusted. What is wrong with another role is in ``refused``.
        LimitError: there are more roles than may be visited.
    """
    trusted, limits = updater.refresh(), updater.limits
    return run(overview(trusted, limits), updater.transport, updater.storage, limits)


async def ainspect(updater: AsyncUpdater) -> Overview:
    """:func:`inspect`, to await."""
    trusted, limits = await updater.refresh(), updater.limits
    transport = awaited_transport(updater.transport)
    storage = awaited_storage(updater.storage)
    return await arun(overview(trusted, limits), transport, storage, limits)


def hear(updater: Updater) -> Heard:
    """Return every role of the collection of *updater*, as it is now: for :func:`listing`.

    ``listing(hear(updater), "targets/alice")`` is what that role says;
    ``listing(hear(updater))`` what all of them do, the first that says it.

    Raises:
        TrustError: as :func:`inspect`.
        LimitError: there are more roles than may be visited.
    """
    trusted, limits = updater.refresh(), updater.limits
    everyone = heard(trusted, limits=limits, known={})
    return run(everyone, updater.transport, updater.storage, limits)


async def ahear(updater: AsyncUpdater) -> Heard:
    """:func:`hear`, to await."""
    trusted, limits = await updater.refresh(), updater.limits
    transport = awaited_transport(updater.transport)
    storage = awaited_storage(updater.storage)
    return await arun(heard(trusted, limits=limits, known={}), transport, storage, limits)


def overview(trusted: Trusted, limits: Limits) -> Workflow[Overview]:
    """Return what a collection says, as of the time of *trusted*."""
    all_roles = yield from heard(trusted, limits=limits, known={})
    root = trusted.snapshot.root.root.role
    return Overview(
        collection=root.collection or CollectionName(""),
        tags=_tags(all_roles),
        signers=_signers(all_roles),
        root_keys=_scoped(root.authority(ROOT)),
        repository_keys=_scoped(root.authority(TARGETS)),
        refused=all_roles.refused,
    )


def _tags(all_roles: Heard) -> tuple[SignedTag, ...]:
    by_name = {proof.name: proof for proof in all_roles.roles}
    said: dict[tuple[str, str], list[Listed]] = {}
    for proof in all_roles.roles:
        for one in said_by(proof, by_name):
            said.setdefault((one.tag, one.target.hashes.get("sha256", "")), []).append(one)
    return tuple(
        SignedTag(
            tag=TargetPath(tag),
            digest=Digest("sha256", digest) if digest else None,
            signers=tuple(sorted(_signer(one.role) for one in by if one.role not in _OWN)),
            roles=tuple(one.role for one in by if one.role in _OWN),
        )
        for (tag, digest), by in sorted(said.items())
        if any(one.role in _OWN for one in by)
    )


def _signers(all_roles: Heard) -> FrozenMap[str, tuple[KeyId, ...]]:
    found: dict[str, tuple[KeyId, ...]] = {}
    for proof in all_roles.roles:
        for name, authority in proof.role.granted():
            if name not in _OWN:
                keys = authority.keys.values()
                found[_signer(name)] = tuple(sorted(map(canonical_id, keys)))
    return FrozenMap(found)


def canonical_id(key: Key) -> KeyId:
    """Return the id under which people know *key*: that of the bare key, whatever wraps it."""
    return key.canonical_id if isinstance(key, PublicKey) else key.id


def _scoped(authority: Authority) -> tuple[KeyId, ...]:
    return tuple(sorted(authority.keys))


def _signer(role: RoleName) -> str:
    return role.removeprefix(f"{TARGETS}/")


def _named(name: str, keyids: tuple[KeyId, ...]) -> dict[str, JsonLike]:
    return {"Name": name, "Keys": [{"ID": keyid} for keyid in keyids]}


_OWN = (TARGETS, RELEASES)
