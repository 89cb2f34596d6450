"""People who push and pull images, and sign what their tags stand for."""

from datetime import timedelta

from core.worlds import NOW, signer
from publish.desks import authority
from registry.contents import CONFIG, CONFIG_TYPE, LAYER_TYPE, OCI_MANIFEST, manifest, raw

from trustlib import (
    BY_HAND,
    Anchor,
    FileStorage,
    ImageReference,
    MemoryStorage,
    PerOrganisation,
    Repository,
    SigningPlan,
    Updater,
)
from trustlib.publish import Publisher
from trustlib.registry import Descriptor, Registry, RegistryStorage, RegistryTransport


def registry_at(place):
    return Registry(place.domain, **place.settings)


def pushed(registry, path, tag, content=b"the release", **members) -> Descriptor:
    """Push an image with one layer, and return what names it, as whoever pushed it knows it."""
    registry.upload_blob(path, CONFIG, CONFIG_TYPE)
    registry.upload_blob(path, content, LAYER_TYPE)
    return registry.push_manifest(path, tag, raw(manifest(content, **members)), OCI_MANIFEST)


def publisher(anchor, *names, now=NOW, **more):
    """A publisher who has the keys of *names*."""
    return Publisher(
        anchor=anchor,
        signers=[signer(name) for name in names or ("root", "alice", "online")],
        expiry=BY_HAND,
        clock=lambda: now,
        **more,
    )


def collection(storage, name, *, names=None, edit=lambda repository: repository, by=None) -> Anchor:
    """Publish a collection: alice's key for targets, one for what is online; or all are *by*'s."""
    root, targets, online = (by, by, by) if by else ("root", "alice", "online")
    before = Repository.create(
        name,
        root=authority(root),
        targets=authority(targets),
        snapshot=authority(online),
        timestamp=authority(online),
        names=names,
    )
    plan = SigningPlan.between(before, edit(before), now=NOW, expiry=BY_HAND)
    signers = [signer(name) for name in dict.fromkeys((root, targets, online))]
    receipt = plan.signed_by(*signers).publication().apply(storage)
    return Anchor.root(receipt.repository.published.files["root"])


def updater(anchor, transport, names, *, now=NOW, **more):
    return Updater(
        anchor=anchor,
        transport=transport,
        storage=more.pop("storage", MemoryStorage()),
        names=names,
        clock=lambda: now,
        **more,
    )


__all__ = [
    "NOW",
    "FileStorage",
    "ImageReference",
    "PerOrganisation",
    "RegistryStorage",
    "RegistryTransport",
    "timedelta",
]
