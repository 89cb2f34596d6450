"""A tag is signed for what whoever pushed it knows that they pushed.

What a registry says afterwards must be the same, and is never what is signed:
between a push and a look at the tag, anybody with its credentials can move it.
Who wants to sign what a tag says today is shown the digest, and asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import frozen

from trustlib._types import TARGETS, RoleName
from trustlib.content import Digest, ImageReference, TagBinding
from trustlib.errors import MismatchError, NotFoundError, SigningError
from trustlib.keys import Key
from trustlib.ports import RepositoryStorage
from trustlib.publish import Publisher, Receipt, Repository
from trustlib.publish.bins import responsible
from trustlib.publish.meaning import meaning
from trustlib.publish.reach import Answering, speaking_for
from trustlib.registry._artifact import TAG
from trustlib.registry.client import Registry
from trustlib.registry.enforcing import at_home
from trustlib.registry.manifests import Descriptor
from trustlib.roles import Authority


@frozen(kw_only=True)
class Pushed:
    """A tag that was signed just now.

    Attributes:
        binding: what clients are told from now on.
        roles: the roles that say so.
        receipt: what was published.
    """

    binding: TagBinding
    roles: tuple[RoleName, ...]
    receipt: Receipt


@frozen(kw_only=True)
class Revoked:
    """A tag that our keys do not vouch for any more.

    Attributes:
        reference: the tag.
        roles: the roles that no longer list it.
        means: what it stands for from now on; None: nobody vouches for it.
        receipt: what was published.
    """

    reference: ImageReference
    roles: tuple[RoleName, ...]
    means: TagBinding | None
    receipt: Receipt

    def __str__(self) -> str:
        by = ", ".join(self.roles)
        if self.means is None:
            return f"{self.reference.familiar}: no longer vouched for ({by}), by anybody"
        other = f"{self.means.digest}, says {self.means.via[-1]}, whose keys are not ours"
        return f"{self.reference.familiar}: no longer vouched for by {by}; it now is {other}"


def described(
    registry: Registry, reference: str | ImageReference, digest: str | Digest
) -> Descriptor:
    """Return what names the manifest *digest*, for a pusher who knows nothing but that.

    Its size and media type are read off the bytes that have this digest.

    Raises:
        NotFoundError: the registry does not have it.
        TrustError: as :meth:`trustlib.registry.Registry.manifest`.
    """
    image = at_home(_parsed(reference), registry)
    wanted = digest if isinstance(digest, Digest) else Digest.parse(digest)
    manifest = registry.manifest(image.path, wanted)
    if manifest is None:
        raise NotFoundError(
            f"{image.familiar_name}@{wanted}", "the registry does not have it; push it first"
        )
    return manifest.descriptor


def trusted_push(
    reference: str | ImageReference,
    content: Descriptor,
    *,
    registry: Registry,
    publisher: Publisher,
    storage: RepositoryStorage,
) -> Pushed:
    """Sign that the tag of *reference* stands for *content*, which was pushed there.

    It is signed as every role that lists the tag already and that the
    publisher's signers can sign for; else as the delegated roles that may speak
    for it and are theirs; else as ``targets``.

    Args:
        reference: the image and its tag.
        content: what was pushed, as the pusher knows it: what
            :func:`trustlib.registry.pushed_from` returned, what docker said, or
            :func:`described` for a digest.
        registry: where it was pushed to.
        publisher: who signs.
        storage: where the collection is published.

    Raises:
        MismatchError: the registry says that the tag is something else. Or a role
            that is not the publisher's says so, and is asked first: it was
            published all the same, and a note says what can be done.
        NotFoundError: the registry does not know the tag.
        ValueError: *reference* has no tag, or a digest, or the tag of the collection;
            or it is in another registry. Or the collection is called as the image
            is, and the publisher does not say what images are called in it.
        TrustError: as :meth:`trustlib.publish.Publisher.retrying`.
    """
    tagged = at_home(_pushable(reference), registry)
    seen = registry.manifest(tagged.path, str(tagged.tag))
    if seen is None:
        raise NotFoundError(tagged.familiar, "the registry does not have that tag; push it first")
    for what, expected, got in (
        ("digest", content.digest, _by(content.digest.algorithm, seen.raw)),
        ("size", content.size, len(seen.raw)),
        ("media type", content.media_type, seen.media_type),
    ):
        if expected != got:
            name = RoleName(tagged.familiar)
            error = MismatchError(name, f"the {what} of what was pushed,", expected, got)
            error.add_note(
                "Nothing was signed. The registry says that the tag is something else: find out who"
                " moved it, then push again."
            )
            raise error
    return _vouched(tagged, content, publisher, storage)


def sign_remote(
    reference: str | ImageReference,
    agreed: Callable[[ImageReference, Descriptor], bool],
    *,
    registry: Registry,
    publisher: Publisher,
    storage: RepositoryStorage,
) -> Pushed:
    """Sign what the registry says that the tag stands for today, if somebody agrees.

    Args:
        reference: the image and its tag.
        agreed: is shown what the registry says, and returns whether it is right.
            Whoever answers should know that from elsewhere.
        registry: where the image is.
        publisher: who signs.
        storage: where the collection is published.

    Raises:
        SigningError: nobody agreed; nothing was signed.
        NotFoundError: the registry does not know the tag.
        TrustError: as :func:`trusted_push`.
    """
    tagged = at_home(_pushable(reference), registry)
    seen = registry.manifest(tagged.path, str(tagged.tag))
    if seen is None:
        raise NotFoundError(tagged.familiar, "the registry does not have that tag; push it first")
    if not agreed(tagged, seen.descriptor):
        raise SigningError(
            tagged.familiar, f"nobody agreed that it is {seen.digest}; nothing was signed"
        )
    return _vouched(tagged, seen.descriptor, publisher, storage)


def revoke(
    reference: str | ImageReference, *, publisher: Publisher, storage: RepositoryStorage
) -> Revoked:
    """Remove every signature of the tag that the publisher's keys can make.

    The image stays in the registry. What somebody else's role says of the tag
    stays as well, and may be what it stands for from then on: the result says so.

    Raises:
        NotFoundError: none of the publisher's roles lists the tag.
        ValueError: as :func:`trusted_push`.
        TrustError: as :meth:`trustlib.publish.Publisher.retrying`.
    """
    tagged = _pushable(reference)
    removed: list[RoleName] = []

    def edit(before: Repository) -> Repository:
        _require_names(before, tagged, publisher)
        removed[:] = listing(before, tagged) & signable(before, _keys(publisher))
        after = before
        for role in removed:
            after = after.without_tag(tagged, role=role)
        if not removed:
            others = ", ".join(sorted(listing(before, tagged))) or "nobody"
            raise NotFoundError(
                tagged.familiar, f"none of these keys signed it (who did: {others})"
            )
        return after

    receipt = publisher.retrying(edit, storage)
    try:
        means = meaning(receipt.repository, tagged, limits=publisher.limits)
    except NotFoundError:
        means = None
    return Revoked(reference=tagged, roles=tuple(sorted(removed)), means=means, receipt=receipt)


def listing(repository: Repository, reference: ImageReference) -> set[RoleName]:
    """Return the roles that say what the tag of *reference* stands for."""
    path = repository.names.target_path(reference)
    return {name for name, role in repository.targets.items() if path in role.targets}


def signable(repository: Repository, keys: Iterable[Key]) -> set[RoleName]:
    """Return the targets roles for which *keys* are enough."""
    ours = {key.material for key in keys}
    answering = Answering.to(repository.root, repository.targets)
    asked = {name: answering.asked(name) for name in repository.targets}
    return {name for name, all_of in asked.items() if all(_met(by, ours) for by in all_of)}


def _met(authority: Authority, ours: set[bytes | None]) -> bool:
    distinct = {key.material for key in authority.keys.values()} - {None}
    return len(distinct & ours) >= authority.threshold


def _vouched(
    tagged: ImageReference, content: Descriptor, publisher: Publisher, storage: RepositoryStorage
) -> Pushed:
    roles: list[RoleName] = []

    def edit(before: Repository) -> Repository:
        _require_names(before, tagged, publisher)
        roles[:] = sorted(_speakers(before, tagged, signable(before, _keys(publisher))))
        after = before
        for role in roles:
            after = after.with_tag(
                tagged,
                digest=content.digest,
                size=content.size,
                media_type=content.media_type,
                role=role,
            )
        return after

    receipt = publisher.retrying(edit, storage)
    try:
        binding = meaning(receipt.repository, tagged, limits=publisher.limits)
        binding = binding.agreeing_with(content.digest)
    except (NotFoundError, MismatchError) as error:
        error.add_note(
            f"It was signed and published as {' and '.join(roles)} all the same. Have whoever is"
            " asked first sign it as well, or revoke it."
        )
        raise
    return Pushed(binding=binding, roles=tuple(roles), receipt=receipt)


def _require_names(repository: Repository, tagged: ImageReference, publisher: Publisher) -> None:
    """Find that somebody said what images are called, where it is not clear.

    A collection that is called as the image is may be that image's own, and list
    tags alone. Whoever signs under another path than clients ask for is not told
    so by anybody.

    Raises:
        ValueError: nobody did.
    """
    if publisher.names is None and repository.collection == tagged.repository:
        raise ValueError(
            f"{tagged.familiar}: the collection is called as the image is; say what images are"
            f" called in it: Publisher(names=PerRepository({tagged.repository!r})) if it is that"
            f" image's own, PerOrganisation({tagged.domain!r}) if it has others too"
        )


def _speakers(repository: Repository, tagged: ImageReference, ours: set[RoleName]) -> set[RoleName]:
    targets, path = repository.targets, repository.names.target_path(tagged)
    # What a role lists that nobody lets speak for it (any more), no client looks at.
    heard = {
        role for role in speaking_for(targets, path) if role == responsible(targets, role, path)
    }
    may = heard & ours
    return may & listing(repository, tagged) or may - {TARGETS} or {TARGETS}


def _keys(publisher: Publisher) -> tuple[Key, ...]:
    return tuple(signer.key for signer in publisher.signers)


def _by(algorithm: str, raw: bytes) -> Digest:
    return Digest.of(raw, algorithm)


def _pushable(reference: str | ImageReference) -> ImageReference:
    tagged = _parsed(reference)
    if tagged.tag is None or tagged.digest is not None:
        raise ValueError(f"{tagged}: expected a tag and no digest; a tag is what is signed")
    if tagged.tag == TAG:
        raise ValueError(f"{tagged}: the tag {TAG} is the collection's own; choose another")
    return tagged


def _parsed(reference: str | ImageReference) -> ImageReference:
    return ImageReference.parse(reference) if isinstance(reference, str) else reference
