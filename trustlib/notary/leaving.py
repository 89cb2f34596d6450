"""A collection that is to be left: all of it, verified at one moment, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from trustlib._types import TARGETS, CollectionName, RoleName
from trustlib.content import Digest
from trustlib.drive import run
from trustlib.errors import MalformedError, MismatchError
from trustlib.notary.content_trust import ContentTrust
from trustlib.notary.searching import RELEASES, Heard, Listed, heard, listing, said_by
from trustlib.registry import Registry
from trustlib.roles import Root
from trustlib.trust import Trusted, Verified
from trustlib.updater import Updater


@frozen
class Departing:
    """What a collection says, and who says it, at one reference time.

    Made by :func:`departing`.

    Attributes:
        trusted: the top-level roles.
        heard: every targets role.
    """

    trusted: Trusted
    heard: Heard

    @property
    def collection(self) -> CollectionName:
        """Its name."""
        return self.root.role.collection or CollectionName("")

    @property
    def root(self) -> Verified[Root]:
        """Its last root."""
        return self.trusted.snapshot.root.root

    @property
    def verified(self) -> datetime:
        """The reference time (UTC) at which all of it was verified."""
        return self.trusted.now

    @property
    def answers(self) -> tuple[Listed, ...]:
        """What a pull goes by: each tag, as the role says that has the first say about it."""
        return listing(self.heard, RELEASES, TARGETS)

    @property
    def said(self) -> Mapping[RoleName, tuple[Listed, ...]]:
        """What each role says of the tags that it was granted; what it was not does not count."""
        by_name = {proof.name: proof for proof in self.heard.roles}
        return {proof.name: said_by(proof, by_name) for proof in self.heard.roles}


def departing(updater: Updater) -> Departing:
    """Return the collection of *updater*, brought up to date and read completely.

    It may be a server's, an archive's or a disk's:
    :meth:`~trustlib.notary.Archive.updater` makes one for an archive.

    Raises:
        TrustError: as :meth:`trustlib.Updater.refresh`; or ``targets/releases``
            is not to be trusted.
        LimitError: there are more roles than may be visited.
        TypeError: *updater* is not one of this format.
    """
    if not isinstance(updater.format, ContentTrust):
        raise TypeError(f"expected an updater whose format is a ContentTrust, got {updater.format}")
    trusted, limits = updater.refresh(), updater.limits
    everyone = run(
        heard(trusted, limits=limits, known={}), updater.transport, updater.storage, limits
    )
    return Departing(trusted, everyone)


def media_types(
    registry: Registry, *collections: Departing
) -> tuple[Mapping[Digest, str], tuple[str, ...]]:
    """Return what a registry has under the digests of all tags: media types, by digest.

    What it sends is hashed first, so it cannot lie about the bytes; and is
    measured, so that it is what was signed.

    Returns:
        The media types, and a sentence for each image that has none, because
        the registry does not have it, or has something else.

    Raises:
        TransportError: the registry cannot be asked.
    """
    found: dict[Digest, str] = {}
    missing: list[str] = []
    for departing_ in collections:
        domain, _, repository = departing_.collection.partition("/")
        if domain != registry.domain:
            continue
        for one in departing_.answers:
            sha256 = one.target.hashes.get("sha256")
            if sha256 is None or (digest := Digest("sha256", sha256)) in found:
                continue
            image = f"{departing_.collection}:{one.tag}"
            try:
                manifest = registry.manifest(repository, digest)
            except (MismatchError, MalformedError) as error:
                missing.append(f"{image}: {error}")
                continue
            if manifest is None:
                missing.append(f"{image}: the registry no longer has {digest}")
            elif len(manifest.raw) != one.target.length:
                missing.append(
                    f"{image}: {len(manifest.raw)} bytes have its digest, and"
                    f" {one.target.length} were signed"
                )
            else:
                found[digest] = manifest.media_type
    return found, tuple(missing)
